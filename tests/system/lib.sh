# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The node of tests/system/node: its kernel, its initramfs, its BMC, and
# talking to it.  Everything is below $DIR and at $ADDRESS; every process is
# recorded and ended by its number.  The caller sets BIN, TOOLS, SRC, KERNEL
# and DIR.

# An address of its own for each run, so that ports need not be looked for.
ADDRESS=127.$((64 + RANDOM % 64)).$((RANDOM % 256)).$((1 + RANDOM % 254))
LAN_PORT=6230 VM_PORT=6231 SNMP_PORT=1610
GUID=a123456789abcdefa123456789abcdef
UUID=a1234567-89ab-cdef-a123-456789abcdef # of the firmware
SNMP_PASSWORD=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')

fail() {
	echo "  $*" >&2
	return 1
}

skip() {
	echo "check-node: skipped: $*"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

# within SECONDS COMMAND...: tries it every 0.1 s.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || {
			fail "not within the time given: $*"
			return
		}
		sleep 0.1
	done
}

# --- what it boots ----------------------------------------------------------

# Debian's kernel: fetched once, unpacked, never installed.  The cloud kernel
# has no IPMI.
kernel_fetch() {
	local package
	# shellcheck disable=SC2153  # the caller sets it
	[ ! -e "$KERNEL/done" ] || return 0
	for tool in apt-cache apt-get dpkg-deb; do
		command -v "$tool" >/dev/null ||
			skip "no $tool to fetch a Debian kernel with"
	done
	package=$(apt-cache depends linux-image-amd64 2>/dev/null |
		awk '/Depends: linux-image-/ { print $2; exit }')
	[ -n "$package" ] ||
		skip "apt knows no linux-image-amd64 (apt-get update?)"
	rm -rf "$KERNEL"
	mkdir -p "$KERNEL"
	echo "fetching $package (once, 70 MB)"
	(cd "$KERNEL" && apt-get -q download "$package") \
		>"$KERNEL/log" 2>&1 ||
		skip "$package cannot be fetched: $(tail -n 1 "$KERNEL/log")"
	dpkg-deb -x "$KERNEL"/linux-image-*.deb "$KERNEL/root"
	rm "$KERNEL"/linux-image-*.deb
	touch "$KERNEL/done"
}

# tree_add FILE [PATH]: into the initramfs, with the libraries it needs
tree_add() {
	local file=$1 path=${2-$1} library
	mkdir -p "$DIR/tree/${path%/*}"
	cp -L "$file" "$DIR/tree/$path"
	for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
		[ -e "$DIR/tree/$library" ] && continue
		mkdir -p "$DIR/tree/${library%/*}"
		cp -L "$library" "$DIR/tree/$library"
	done
}

# What the standalone agent loads by name.
library_path() {
	/sbin/ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }'
}

tree_make() {
	local tool module
	mkdir -p "$DIR"/tree/{bin,dev,proc,sys,run,tmp,modules,etc/ironherd}
	tree_add "$(command -v dash)" /bin/sh
	tree_add "$(command -v kmod)" /bin/insmod
	for tool in mount ip stty sleep mkdir cat; do
		tree_add "$(command -v $tool)" "/bin/$tool"
	done
	tree_add "$BIN/ironherd-agent" /bin/ironherd-agent
	tree_add "$TOOLS/bmc_probe" /bin/bmc_probe
	tree_add "$(library_path libnetsnmpmibs.so.40)"
	for module in ipmi_msghandler ipmi_devintf ipmi_si ipmi_watchdog \
		watchdog i6300esb e1000; do
		find "$KERNEL/root/lib/modules" -name "$module.ko*" \
			-exec cp {} "$DIR/tree/modules/" ';'
	done
	install -m 755 "$SRC/init" "$DIR/tree/init"
	agent_conf >"$DIR/tree/etc/ironherd/agent.conf"
	# ipmi_watchdog is the first of the kernel's.
	{ agent_conf && echo 'watchdog { device = "/dev/watchdog1" }'; } \
		>"$DIR/tree/etc/ironherd/file.conf"
	(umask 077 && agent_credentials >"$DIR/tree/etc/ironherd/credentials")
}

agent_conf() {
	cat <<-'END'
		state-dir = "/run/ironherd"
		node { name = "n1" }
		snmp {
			mode = standalone
			listen = "udp:0.0.0.0:161"
			write-account = "set"
		}
		bmc { }
	END
}

agent_credentials() {
	local account
	for account in agents:ironherd set:ironherd-set; do
		cat <<-END
			snmp "${account%:*}" {
				user = "${account#*:}"
				auth-password = "$SNMP_PASSWORD"
				priv-password = "$SNMP_PASSWORD"
				auth = "SHA-256"
				priv = "AES"
			}
		END
	done
}

# So that the password is in nobody's arguments.
snmp_conf() {
	cat <<-END
		defVersion 3
		defSecurityLevel authPriv
		defSecurityName ironherd
		defAuthType SHA-256
		defAuthPassphrase $SNMP_PASSWORD
		defPrivType AES
		defPrivPassphrase $SNMP_PASSWORD
	END
}

# pad BYTES: with NULs to a multiple of four
pad() {
	head -c $(((4 - $1 % 4) % 4)) /dev/zero
}

# cpio_entry PATH MODE SIZE: the header of the "newc" format, owner root
cpio_entry() {
	printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
		0 "$2" 0 0 1 0 "$3" 0 0 0 0 $((${#1} + 1)) 0
	printf '%s\0' "$1"
	pad $((110 + ${#1} + 1))
}

# cpio_tree FOLDER: an archive of it on standard output
cpio_tree() {
	local kind mode size path
	while read -r kind mode size path; do
		if [ "$kind" = d ]; then
			cpio_entry "$path" $((8#40000 + 8#$mode)) 0
		else
			cpio_entry "$path" $((8#100000 + 8#$mode)) "$size"
			cat "$1/$path"
			pad "$size"
		fi
	done < <(find "$1" -mindepth 1 -printf '%y %m %s %P\n')
	cpio_entry 'TRAILER!!!' 0 0
}

# --- its BMC ----------------------------------------------------------------

bmc_conf() {
	cat <<-END
		name "node"
		set_working_mc 0x20
		  startlan 1
		    addr $ADDRESS $LAN_PORT
		    priv_limit admin
		    allowed_auths_callback none
		    allowed_auths_user none
		    allowed_auths_operator none
		    allowed_auths_admin none
		    guid $GUID
		  endlan
		  serial 15 $ADDRESS $VM_PORT codec VM
		  startcmd "$DIR/start"
		  startnow true
		  poweroff_wait 2
		  kill_wait 3
		  user 1 false "" "" user 10 none
		  user 2 true "admin" "secret" admin 10 none
		loadlib "$TOOLS/sim_guid.so" "$GUID"
	END
}

# Sensor 0 is the watchdog, sensor 1 a temperature with a full record.
bmc_emu() {
	cat <<-'END'
		mc_setbmc 0x20
		mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
		sel_enable 0x20 1000 0x0a
		sensor_add 0x20 0 0 35 0x6f event-only
		sensor_set_event_support 0x20 0 0 enable scanning per-state 000000000001111 000000000000000 000000000001111 000000000000000
		sensor_add 0x20 0 1 0x01 0x01
		sensor_set_event_support 0x20 0 1 enable scanning per-state 000000000000000 000000000000000 000000000000000 000000000000000
		sensor_set_value 0x20 0 1 0x2a 0
		sensor_set_threshold 0x20 0 1 settable 111000 0xa0 0x90 0x70 00 00 00
		main_sdr_add 0x20 0x00 0x00 0x51 0x01 0x2f 0x20 0x00 0x01 0x03 0x01 0x7f 0x68 0x01 0x01 0x00 0x00 0x00 0x00 0x38 0x38 0x00 0x01 0x00 0x00 0x01 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0xc4 0x43 0x6f 0x72 0x65
		mc_enable 0x20
	END
}

# What the BMC starts when power comes.
start_script() {
	local kernel
	kernel=$(find "$KERNEL/root/boot" -name 'vmlinuz-*')
	cat <<-END
		#!/bin/sh
		exec qemu-system-x86_64 -accel tcg -M q35 -m 384 -display none \\
			-nodefaults -uuid $UUID -pidfile $DIR/qemu.pid \\
			-kernel $kernel -initrd $DIR/initrd \\
			-append 'console=ttyS0,115200 quiet panic=-1' \\
			-chardev socket,id=ipmi,host=$ADDRESS,port=$VM_PORT,reconnect=2 \\
			-device ipmi-bmc-extern,id=bmc,chardev=ipmi \\
			-device isa-ipmi-kcs,bmc=bmc,irq=5 \\
			-device i6300esb -action watchdog=poweroff \\
			-netdev user,id=net,ipv6=off,hostfwd=udp:$ADDRESS:$SNMP_PORT-:161 \\
			-device e1000,netdev=net \\
			-serial file:$DIR/console -serial pipe:$DIR/talk \\
			>>$DIR/qemu.log 2>&1
	END
}

bmc_start() {
	mkdir "$DIR/state"
	bmc_conf >"$DIR/conf"
	bmc_emu >"$DIR/emu"
	ipmi_sim -n -c "$DIR/conf" -f "$DIR/emu" -s "$DIR/state" \
		</dev/null >"$DIR/sim.log" 2>&1 8>&- 9>&- &
	sim=$!
}

# --- the node ---------------------------------------------------------------

qemu_pid() {
	cat "$DIR/qemu.pid" 2>/dev/null
}

# A process that has ended but was not waited for yet runs nothing.
qemu_runs() {
	local pid
	pid=$(qemu_pid) && [[ $(readlink "/proc/$pid/exe") == *qemu* ]] \
		2>/dev/null
}

qemu_is_gone() {
	! qemu_runs
}

node_make() {
	tree_make
	cpio_tree "$DIR/tree" >"$DIR/initrd"
	rm -rf "$DIR/tree"
	start_script >"$DIR/start"
	chmod 755 "$DIR/start"
	# Held open here, so that neither side ever sees an end.
	mkfifo "$DIR/talk.in" "$DIR/talk.out"
	exec 8<>"$DIR/talk.out" 9<>"$DIR/talk.in"
	cat <&8 >"$DIR/answers" &
	ear=$!
}

boots() {
	grep -ac '^ready$' "$DIR/answers"
}

has_booted() {
	[ "$(boots)" -ge "$1" ]
}

# inside SECONDS COMMAND...: in the node; what it prints, and its exit status
inside() {
	local end=$((SECONDS + $1)) from line id=${EPOCHREALTIME/[.,]/}
	shift
	from=$(($(wc -l <"$DIR/answers") + 1))
	echo "$id $*" >&9
	until line=$(grep -a "^== $id .* \.$" "$DIR/answers"); do
		[ "$SECONDS" -lt "$end" ] || {
			fail "the node does not answer: $*"
			return
		}
		sleep 0.1
	done
	tail -n "+$from" "$DIR/answers" | grep -av '^== '
	line=${line% .}
	return "${line##* }"
}

node_stop() {
	local pid
	[ -z "${sim-}" ] || { kill "$sim"; wait "$sim"; } 2>/dev/null
	if qemu_runs; then
		pid=$(qemu_pid)
		kill "$pid"
		within 5 qemu_is_gone || kill -KILL "$pid"
	fi
	[ -z "${ear-}" ] || { kill "$ear"; wait "$ear"; } 2>/dev/null
	return 0
}
