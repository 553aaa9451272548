# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all parts share: the lab's name and state, pids, locks, the chronicle.
#
# State of a lab, below $LAB_DIR:
#   env hosts events up.pid credentials   ctl/ h1/ ... (one folder per node)
#   storage/{disks,*.log}  bmc1/ ...  guests/
# shellcheck disable=SC2034  # variables are used by the other parts

LAB=${LAB:-ih}
LAB_DIR=${LAB_DIR:-/run/ironherd-lab/$LAB}
LAB_ROOT=$(cd "$LAB_SRC/../.." && pwd)
PLANES="management bmc storage migration"

die() {
	echo "lab: $*" >&2
	exit 1
}

skip() {
	echo "lab: $*" >&2
	exit 77
}

# Paths of the binaries: environment, else what `up` was given, else build/.
lab_init() {
	[[ $LAB =~ ^[a-z0-9]{1,16}$ ]] ||
		die "LAB='$LAB': use 1 to 16 of a-z and 0-9"
	[[ $LAB_DIR = /* ]] || die "LAB_DIR='$LAB_DIR': give a full path"
	local bin=${BIN:-} lab_bin=${LAB_BIN:-}
	if [ -f "$LAB_DIR/env" ]; then
		# shellcheck source=/dev/null  # written by `up`
		. "$LAB_DIR/env"
	fi
	BIN=$(realpath -m "${bin:-${BIN:-$LAB_ROOT/build/bin}}")
	LAB_BIN=$(realpath -m "${lab_bin:-${LAB_BIN:-$LAB_ROOT/build/lab}}")
	case $1 in
	up | down) ;;
	*) [ -f "$LAB_DIR/env" ] || die "no lab '$LAB' here: 'lab up' first" ;;
	esac
}

epoch_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# event WORD...: one line in the lab's chronicle.
event() {
	echo "$(epoch_ms) $*" >>"$LAB_DIR/events"
}

verb_events() {
	cat "$LAB_DIR/events"
}

# --- nodes -----------------------------------------------------------------

hosts() {
	local n i
	n=$(<"$LAB_DIR/hosts")
	for ((i = 1; i <= n; i++)); do echo "h$i"; done
}

# host_check H: dies unless H is a host of this lab.
host_check() {
	[[ " $(hosts | tr '\n' ' ')" == *" $1 "* ]] ||
		die "no host '$1': this lab has $(hosts | tr '\n' ' ')"
}

node_check() {
	[ "$1" = ctl ] || host_check "$1"
}

# uuid_of WORD: always the same UUID for the same word.
uuid_of() {
	local h
	h=$(printf %s "$LAB-$1" | sha1sum)
	echo "${h:0:8}-${h:8:4}-4${h:13:3}-8${h:17:3}-${h:20:12}"
}

# --- processes: a pid counts only with the start time it was recorded with --

# proc_stat PID: prints "STATE START-TIME"; fails if there is no such process.
proc_stat() {
	local line
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	# shellcheck disable=SC2086  # split on purpose
	set -- ${line##*) }
	echo "$1 ${20}"
}

pid_record() {
	local stat
	stat=$(proc_stat "$2") || return 0
	echo "$2 ${stat#* }" >"$1"
}

# pid_of FILE: prints the recorded pid if that very process still lives.
pid_of() {
	local pid start stat
	{ read -r pid start <"$1"; } 2>/dev/null || return 1
	stat=$(proc_stat "$pid") || return 1
	[ "${stat#* }" = "$start" ] && [ "${stat% *}" != Z ] || return 1
	echo "$pid"
}

pid_kill() {
	local pid
	pid=$(pid_of "$1") || return 1
	kill -s "$2" "$pid"
}

# wait_until TENTHS COMMAND...: tries it every 50 ms.
wait_until() {
	local tries=$(($1 * 2))
	shift
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.05
	done
}

# background FILE LOG COMMAND...: starts it detached and records its pid.
background() {
	local file=$1 log=$2
	shift 2
	setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
	pid_record "$file" $!
}

# --- the whole -------------------------------------------------------------

need() {
	local program missing=""
	[ "$(id -u)" = 0 ] || skip "needs root to make namespaces"
	[ -c /dev/fuse ] || skip "no /dev/fuse: the heartbeat datastore needs it"
	for program in ip unshare nsenter setsid flock libvirtd virsh snmpd \
		qemu-system-x86_64 nbdkit nbdfuse ipmi_sim; do
		command -v "$program" >/dev/null || missing+=" $program"
	done
	[ -z "$missing" ] || skip "missing programs:$missing (see packaging/deps)"
	for program in init oracle guest.bin; do
		[ -e "$LAB_BIN/$program" ] ||
			skip "$LAB_BIN/$program is not built: 'make lab-up' builds it"
	done
	[ "$CGROUP_BASE" != /ironherd-lab ] ||
		skip "no control group file system is mounted"
	unshare -m -u -i -p -n -f true 2>/dev/null ||
		skip "this machine lets root make no namespaces"
}

verb_up() {
	local n=${1:-3} host
	[[ $n =~ ^[1-9][0-9]?$ ]] || die "up $n: between 1 and 99 hosts"
	need
	[ ! -e "$LAB_DIR" ] || die "lab '$LAB' is up already: 'lab down' first"
	mkdir -p "$LAB_DIR"
	pid_record "$LAB_DIR/up.pid" $$
	printf 'BIN=%q\nLAB_BIN=%q\n' "$BIN" "$LAB_BIN" >"$LAB_DIR/env"
	echo "$n" >"$LAB_DIR/hosts"
	mkdir "$LAB_DIR/guests"
	# Whatever `up` starts is in a control group of ours from birth, so
	# that `down` finds it however far a killed `up` had come.
	cgroup_new up
	echo $$ >"$(cgroup_of up)/cgroup.procs"
	event up "$n"
	net_up
	credentials_write
	storage_up
	ctl_new
	node_start ctl
	for host in $(hosts); do
		host_new "$host"
		bmc_start "$host"
	done
	hosts_first_start
	event ready
}

# The first host alone if QEMU was never probed here: the others copy.
hosts_first_start() {
	local host
	for host in $(hosts); do
		host_power_on "$host"
		[ -d "$LAB_BIN/qemu-caps" ] || verb_wait "$host"
	done
	verb_wait
}

# Everything of ours sits in one of our network namespaces or control groups:
# that finds also what a killed `up` had no time to record.
lab_pids() {
	local spaces inode path
	spaces=$(stat -L -c ' %i ' /run/netns/"$LAB"-* 2>/dev/null) || true
	stat -L -c '%i %n' /proc/[0-9]*/ns/net 2>/dev/null |
		while read -r inode path; do
			[[ $spaces == *" $inode "* ]] || continue
			path=${path#/proc/}
			echo "${path%%/*}"
		done
	cgroup_pids
}

lab_kill() {
	local pids
	pids=$(lab_pids)
	[ -n "$pids" ] || return 0
	# shellcheck disable=SC2086  # a list
	kill -9 $pids 2>/dev/null || true
	cgroups_thaw
	return 1
}

verb_down() {
	local space
	[ "$(id -u)" = 0 ] || skip "needs root"
	pid_kill "$LAB_DIR/up.pid" KILL 2>/dev/null || true
	wait_until 100 lab_kill || die "some processes do not die: $(lab_pids)"
	for space in /run/netns/"$LAB"-*; do
		[ -e "$space" ] || continue
		ip netns del "${space##*/}"
	done
	cgroups_remove
	[ -e "$LAB_DIR" ] || return 0
	[ -f "$LAB_DIR/up.pid" ] || [ -f "$LAB_DIR/env" ] ||
		[ -z "$(ls -A "$LAB_DIR")" ] ||
		die "$LAB_DIR is no lab of ours: remove it by hand"
	# The mark goes last: an interrupted `down` can be repeated.
	find "$LAB_DIR" -mindepth 1 -maxdepth 1 ! -name up.pid \
		-exec rm -rf --one-file-system {} +
	rm -rf --one-file-system "$LAB_DIR"
	rmdir "${LAB_DIR%/*}" 2>/dev/null || true
}

verb_status() {
	local host vm
	for host in $(hosts); do host_status "$host"; done
	if pid_in_node ctl coordinator >/dev/null; then
		echo "ctl   coordinator runs"
	else
		echo "ctl   coordinator does not run"
	fi
	for vm in "$LAB_DIR"/guests/*.xml; do
		[ -e "$vm" ] || continue
		vm=$(basename "$vm" .xml)
		printf '%-5s on: %s\n' "$vm" "$(guest_hosts "$vm" | tr '\n' ' ')"
	done
}
