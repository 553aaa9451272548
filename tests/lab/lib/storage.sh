# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared storage: 10.92.0.254, port 10809 serves every guest's disk by name,
# port 10810 the heartbeat datastore.
#
# The log of nbdkit does not say who a client is.  So each host has a storage
# namespace of its own with the same address and its own nbdkit over the same
# files: the log's name is the host.  Files are shared through the machine's
# page cache, so what one host writes the others read.

storage_up() {
	local host dir=$LAB_DIR/storage
	mkdir -p "$dir/disks" "$dir/datastore"
	truncate -s 1M "$dir/datastore/ds1"
	for host in $(hosts); do
		net_space "st${host#h}"
		ip -n "$LAB-st${host#h}" addr add 10.92.0.254/32 dev lo
		storage_serve "$host" disks 10809 --filter=log \
			file dir="$dir/disks" \
			logfile="$dir/$host.log" logappend=true
		storage_serve "$host" datastore 10810 \
			file dir="$dir/datastore"
	done
}

# storage_serve H NAME PORT NBDKIT-ARGS...: times in the log are UTC.  Not
# with -f: with the log filter it then dies with its parent, which is `up`.
storage_serve() {
	local host=$1 port=$3 base=$LAB_DIR/storage/$1.$2
	shift 3
	ip netns exec "$LAB-st${host#h}" env TZ=UTC0 \
		nbdkit -P "$base.nbdkit" -i 10.92.0.254 -p "$port" "$@" \
		</dev/null >"$base.err" 2>&1
	wait_until 50 test -s "$base.nbdkit" ||
		die "nbdkit does not start: $(<"$base.err")"
	pid_record "$base.pid" "$(<"$base.nbdkit")"
}

storage_signal() {
	local file
	for file in "$LAB_DIR"/storage/*.pid; do
		pid_kill "$file" "$1" || true
	done
}

verb_storage_stop() {
	event storage-stop
	storage_signal STOP
}

verb_storage_cont() {
	event storage-cont
	storage_signal CONT
}

verb_oracle() {
	"$LAB_BIN/oracle" "$@" "$LAB_DIR"/storage/h*.log
}
