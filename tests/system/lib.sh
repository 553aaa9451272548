# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The node of tests/system/node: its kernel, its initramfs, its BMC, and
# talking to it.  Everything is below $DIR and at $ADDRESS; every process is
# recorded and ended by its number.  The caller sets BIN, TOOLS, SRC, KERNEL
# and DIR.

# An address of its own for each run, so that ports need not be looked for.
ADDRESS=127.$((64 + RANDOM % 64)).$((RANDOM % 256)).$((1 + RANDOM % 254))
# shellcheck disable=SC2034  # bmc.sh and the caller have them
LAN_PORT=6230 VM_PORT=6231 CONSOLE_PORT=6232 SNMP_PORT=1610
# shellcheck disable=SC2034  # likewise
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
	for tool in mount ip stty sleep mkdir cat mkswap swapon dmidecode; do
		tree_add "$(command -v $tool)" "/bin/$tool"
	done
	tree_add "$BIN/ironherd-agent" /bin/ironherd-agent
	tree_add "$TOOLS/bmc_probe" /bin/bmc_probe
	tree_add "$TOOLS/memory_user" /bin/memory_user
	tree_add "$(library_path libnetsnmpmibs.so.40)"
	for module in ipmi_msghandler ipmi_devintf ipmi_si ipmi_watchdog \
		watchdog i6300esb e1000 brd; do
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

# bytes VALUE WIDTH: little-endian
bytes() {
	local i
	for ((i = 0; i < $2; i++)); do
		# shellcheck disable=SC2059  # octets are made of it
		printf "\\x$(printf %02x $(($1 >> 8 * i & 255)))"
	done
}

# dimm HANDLE PLACE SERIAL: a structure of type 17 (SMBIOS 3.2, 7.18): 16 GiB
# of DDR4 at 2933 MT/s, told apart from the node's 384 MB on purpose
dimm() {
	bytes 0x2811 2 && bytes "$1" 2 && bytes 0x1000 2 && bytes 0xfffe 2
	bytes 72 2 && bytes 64 2 && bytes 16384 2 && bytes 9 1 && bytes 0 1
	bytes 0x01 1 && bytes 0x02 1 && bytes 0x1a 1 && bytes 0x80 2
	bytes 2933 2 && bytes 0x06050403 4 && bytes 2 1 && bytes 0 4
	bytes 2666 2 && bytes 0 6
	printf '%s\0' "$2" "BANK 0" Ironworks "$3" "asset $3" IW-16G-2933 ''
}

# supply HANDLE NAME SERIAL: type 39 (7.40), 800 W, present, OK
supply() {
	bytes 0x1627 2 && bytes "$1" 2
	bytes 0x0706050403020101 8 && bytes 800 2
	bytes 0x11a2 2 && bytes 0xffffffffffff 6
	printf '%s\0' 'bay 1' "$2" Ironworks "$3" 'asset PS' IW-800 r3 ''
}

# What the BMC starts when power comes: two sockets, two NUMA nodes.
start_script() {
	local kernel
	kernel=$(find "$KERNEL/root/boot" -name 'vmlinuz-*')
	dimm 0x1101 'DIMM A1' S-0001 >"$DIR/dimm1"
	dimm 0x1102 'DIMM B1' S-0002 >"$DIR/dimm2"
	supply 0x2700 'PSU 1' S-0003 >"$DIR/psu1"
	cat <<-END
		#!/bin/sh
		exec qemu-system-x86_64 -accel tcg -M q35 -m 384 -display none \\
			-nodefaults -uuid $UUID -pidfile $DIR/qemu.pid \\
			-smp 4,sockets=2,cores=2 \\
			-object memory-backend-ram,id=m0,size=192M \\
			-object memory-backend-ram,id=m1,size=192M \\
			-numa node,nodeid=0,memdev=m0,cpus=0-1 \\
			-numa node,nodeid=1,memdev=m1,cpus=2-3 \\
			-numa dist,src=0,dst=1,val=21 \\
			-smbios type=1,manufacturer=Ironworks,product=IW2,serial=S-0000 \\
			-smbios type=2,manufacturer=Ironworks,product=IWB,serial=S-0004 \\
			-smbios file=$DIR/dimm1 -smbios file=$DIR/dimm2 \\
			-smbios file=$DIR/psu1 \\
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
	local command
	shift
	command=$*
	from=$(($(wc -l <"$DIR/answers") + 1))
	echo "$id ${command//$'\n'/ }" >&9
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
