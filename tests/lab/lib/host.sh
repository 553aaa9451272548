# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Hosts: a node's disk and services, power, hang, and commands inside.

# --- freezer: v1 where there is one, else cgroup2 ---------------------------

CGROUP_BASE=$(awk '$3 == "cgroup" && $4 ~ /(^|,)freezer(,|$)/ { v1 = $2 }
	$3 == "cgroup2" { v2 = $2 }
	END { print (v1 != "") ? v1 : v2 }' /proc/mounts)/ironherd-lab

cgroup_of() {
	echo "$CGROUP_BASE/$LAB/$1"
}

cgroup_new() {
	mkdir -p "$(cgroup_of "$1")" ||
		skip "no control group to freeze hosts with"
}

# cgroup_freeze NODE yes|no
cgroup_freeze() {
	local dir
	dir=$(cgroup_of "$1")
	if [ -e "$dir/freezer.state" ]; then
		[ "$2" = yes ] && echo FROZEN >"$dir/freezer.state" ||
			echo THAWED >"$dir/freezer.state"
	elif [ -e "$dir/cgroup.freeze" ]; then
		[ "$2" = yes ] && echo 1 >"$dir/cgroup.freeze" ||
			echo 0 >"$dir/cgroup.freeze"
	else
		skip "this machine has no freezer: hang is not possible"
	fi
}

cgroup_frozen() {
	local dir
	dir=$(cgroup_of "$1")
	grep -qsE '^(FROZEN|FREEZING)$' "$dir/freezer.state" ||
		grep -qs '^1$' "$dir/cgroup.freeze"
}

cgroup_pids() {
	cat "$CGROUP_BASE/$LAB"/*/cgroup.procs 2>/dev/null || true
}

cgroups_thaw() {
	local dir
	for dir in "$CGROUP_BASE/$LAB"/*/; do
		[ ! -d "$dir" ] || cgroup_freeze "$(basename "$dir")" no
	done
}

cgroups_remove() {
	local dir
	for dir in "$CGROUP_BASE/$LAB"/*/ "$CGROUP_BASE/$LAB"; do
		[ ! -d "$dir" ] || wait_until 20 rmdir "$dir" 2>/dev/null ||
			die "cannot remove $dir"
	done
	rmdir "$CGROUP_BASE" 2>/dev/null || true
}

# --- a node's disk ----------------------------------------------------------

# The few files of /etc that programs look for; nothing secret among them.
ETC_FILES="passwd group nsswitch.conf ld.so.cache ld.so.conf ld.so.conf.d
	alternatives protocols services host.conf localtime ssl/openssl.cnf
	fuse.conf gai.conf magic mime.types terminfo"

node_new() {
	local node=$1 disk=$LAB_DIR/$1/disk file
	mkdir -p "$LAB_DIR/$node"/{root,log,pid} "$disk"/etc/{libvirt,snmp} \
		"$disk"/var/{agentx,tmp} "$disk"/var/log/libvirt/qemu \
		"$disk"/var/cache/libvirt/qemu \
		"$disk"/var/lib/{libvirt,snmp,ironherd}
	install -d -m 700 "$disk/etc/ironherd" "$disk/var/lib/ironherd"
	for file in $ETC_FILES; do
		[ -e "/etc/$file" ] || continue
		mkdir -p "$(dirname "$disk/etc/$file")"
		cp -a "/etc/$file" "$disk/etc/$file"
	done
	ln -s /run "$disk/var/run"
	ln -s /run/lock "$disk/var/lock"
	ln -s /proc/self/mounts "$disk/etc/mtab"
	echo "$node" >"$disk/etc/hostname"
	uuid_of "machine-$node" | tr -d - >"$disk/etc/machine-id"
	hosts_file >"$disk/etc/hosts"
	install -m 600 "$LAB_DIR/credentials" "$disk/etc/ironherd/credentials"
	cgroup_new "$node"
}

hosts_file() {
	local host i
	echo "127.0.0.1 localhost"
	echo "10.90.0.254 ctl"
	echo "10.92.0.254 storage"
	for host in $(hosts); do
		i=${host#h}
		echo "10.90.0.$i $host"
		echo "10.91.0.$i bmc$i"
		echo "10.92.0.$i $host-storage"
		echo "10.93.0.$i $host-migration"
	done
}

host_new() {
	local host=$1
	node_new "$host"
	agent_conf "$host" >"$LAB_DIR/$host/disk/etc/ironherd/agent.conf"
	snmpd_conf "$host"
	libvirt_conf "$host"
}

ctl_new() {
	net_space ctl
	net_attach ctl management 254
	net_attach ctl bmc 254
	node_new ctl
	coordinator_conf >"$LAB_DIR/ctl/disk/etc/ironherd/coordinator.conf"
}

# --- power ------------------------------------------------------------------

# host_pid NODE: prints the pid of the node's PID 1 if it is on.
host_pid() {
	pid_of "$LAB_DIR/$1/init.pid"
}

# node_start NODE: PID 1 and with it all services.  Joins the control group
# first, so that every child is in it.
node_start() {
	local home=$LAB_DIR/$1
	rm -f "$home"/pid/* "$home/init.pid"
	[ ! -e "$home/log/init" ] || mv "$home/log/init" "$home/log/init.old"
	services_of "$1" >"$home/services"
	(
		echo "$BASHPID" >"$(cgroup_of "$1")/cgroup.procs"
		exec ip netns exec "$LAB-$1" env -i PATH="$PATH" HOME=/root \
			LANG=C.UTF-8 LAB="$LAB" MIBS="" \
			"$LAB_BIN/init" -p "$home/init.pid" -d "$home" \
			"$home/services"
	) </dev/null >>"$home/log/init" 2>&1
}

# Two may power a host at once (its BMC and a test), hence the lock.
host_power_on() {
	(
		exec 9>"$LAB_DIR/$1/power.lock"
		flock 9
		! host_pid "$1" >/dev/null || exit 0
		event power-on "$1"
		epoch_ms >"$LAB_DIR/$1/power-on.ms"
		net_host_new "$1"
		cgroup_freeze "$1" no
		caps_copy_in "$1"
		node_start "$1"
	)
}

host_dead() {
	! host_pid "$1" >/dev/null
}

# The cables first: see net_host_new.  A frozen host must die as well, and
# without running one more instruction: signals first, thaw after.
host_power_off() {
	(
		exec 9>"$LAB_DIR/$1/power.lock"
		flock 9
		host_pid "$1" >/dev/null || exit 0
		epoch_ms >"$LAB_DIR/$1/power-cut.ms"
		event "${2:-power-cut}" "$1"
		net_unplug "$1"
		pid_kill "$LAB_DIR/$1/init.pid" KILL || true
		xargs -r kill -9 <"$(cgroup_of "$1")/cgroup.procs" \
			2>/dev/null || true
		cgroup_freeze "$1" no
		wait_until 100 host_dead "$1" || die "$1 does not die"
	)
}

verb_power_cut() {
	host_check "$1"
	host_pid "$1" >/dev/null || die "$1 is off already"
	host_power_off "$1"
	cat "$LAB_DIR/$1/power-cut.ms"
}

verb_power_on() {
	host_check "$1"
	host_power_on "$1"
}

verb_hang() {
	host_check "$1"
	event hang "$1"
	cgroup_freeze "$1" yes
}

verb_unhang() {
	host_check "$1"
	event unhang "$1"
	cgroup_freeze "$1" no
}

# --- inside -----------------------------------------------------------------

# node_exec NODE COMMAND...: in its namespaces and its control group.
node_exec() {
	local node=$1 pid where=/
	shift
	pid=$(host_pid "$node") || die "$node is off"
	[ ! -d "/proc/$pid/root$PWD" ] || where=$PWD
	(
		echo "$BASHPID" >"$(cgroup_of "$node")/cgroup.procs"
		exec nsenter -t "$pid" -m -u -i -n -p -r --wdns="$where" -- \
			env PATH="$BIN:$PATH" "$@"
	)
}

verb_exec() {
	local node=$1
	shift
	[ "$1" != -- ] || shift
	node_check "$node"
	node_exec "$node" "$@"
}

# pid_in_node NODE SERVICE: its pid as the node sees it.
pid_in_node() {
	host_pid "$1" >/dev/null || return 1
	cat "$LAB_DIR/$1/pid/$2" 2>/dev/null
}

service_signal() {
	local pid
	node_check "$1"
	pid=$(pid_in_node "$1" "$2") || die "$1: $2 does not run"
	event "$3" "$1" "$2"
	node_exec "$1" kill -s "$3" "$pid"
}

service_start() {
	node_check "$1"
	host_pid "$1" >/dev/null || die "$1 is off"
	grep -q " $2 " "$LAB_DIR/$1/services" ||
		die "$1 has no service '$2' (is it built in $BIN?)"
	event start "$1" "$2"
	echo "start $2" >"$LAB_DIR/$1/init.fifo"
	wait_until 20 service_runs "$1" "$2" || die "$1: $2 did not start"
}

service_runs() {
	[ -s "$LAB_DIR/$1/pid/$2" ]
}

service_gone() {
	[ ! -e "$LAB_DIR/$1/pid/$2" ]
}

# --- libvirtd ---------------------------------------------------------------

host_answers() {
	local pid
	pid=$(host_pid "$1") || return 1
	[ -S "/proc/$pid/root/run/libvirt/libvirt-sock" ] &&
		node_exec "$1" timeout 5 virsh -q uri >/dev/null 2>&1
}

# Answers, or never will.
host_settled() {
	host_dead "$1" || grep -qs 'the rest is not started' \
		"$LAB_DIR/$1/log/init" || host_answers "$1"
}

# QEMU's capabilities take a second to probe: kept beside the programs.
# libvirtd checks for itself that they fit this QEMU and this machine.
caps_copy_in() {
	[ ! -d "$LAB_BIN/qemu-caps" ] ||
		cp -a "$LAB_BIN/qemu-caps/." \
			"$LAB_DIR/$1/disk/var/cache/libvirt/qemu/"
}

caps_copy_out() {
	local from=$LAB_DIR/$1/disk/var/cache/libvirt/qemu part
	[ ! -d "$LAB_BIN/qemu-caps" ] && [ -d "$from/capabilities" ] || return 0
	part=$(mktemp -d "$LAB_BIN/qemu-caps.XXXXXX")
	cp -a "$from/." "$part/"
	mv -T "$part" "$LAB_BIN/qemu-caps" 2>/dev/null || rm -rf "$part"
}

verb_wait() {
	local host
	# shellcheck disable=SC2046  # a list
	[ $# -gt 0 ] || set -- $(hosts)
	for host; do
		host_check "$host"
		wait_until 600 host_settled "$host"
		host_answers "$host" || {
			tail -n 5 "$LAB_DIR/$host"/log/{init,libvirtd} >&2
			die "$host: libvirtd does not answer"
		}
		caps_copy_out "$host"
	done
}

host_status() {
	local host=$1 power=off cuts="" plane service up=""
	! host_pid "$host" >/dev/null || power=on
	! cgroup_frozen "$host" || power=hung
	for plane in $PLANES; do
		[ ! -e "$LAB_DIR/$host/cut.$plane" ] || cuts+=" $plane"
	done
	for service in libvirtd snmpd agent datastore; do
		[ "$power" = off ] || ! service_runs "$host" "$service" ||
			up+=" $service"
	done
	printf '%-5s %-4s runs:%s%s%s\n' "$host" "$power" "${up:- nothing}" \
		"${cuts:+  cut:$cuts}" "$(bmc_status "$host")"
}
