# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the cases share: asking the product, asking the truth, waiting.
#
# A case is a function case_SENTENCE in cases/*.sh.  It starts with a healthy
# site (three hosts up, six guests running) and leaves one behind; it fails by
# a non-zero return, best through `fail`.  After each case the disks are
# searched for double writers.

passed=0
failed=0
GUESTS="vm1 vm2 vm3 vm4 vm5 vm6"

ROOT_OID=.1.3.6.1.4.1.${IRONHERD_ARC:-8072.9999.9999.7}

now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

lab() {
	"$SRC/lab" "$@"
}

ih() {
	"$BIN/ironherd" --socket "$LAB_DIR/ctl/api.sock" "$@"
}

fail() {
	echo "  $*" >&2
	return 1
}

# within SECONDS COMMAND...: tries it every 0.2 s.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "  not within the time given: $*" >&2
			return 1
		}
		sleep 0.2
	done
}

# --- what the product says --------------------------------------------------

host_says() {
	ih status --json 2>/dev/null | jq -r --arg h "$1" \
		".clusters[].hosts[] | select(.name == \$h) | $2"
}

host_is() {
	[ "$(host_says "$1" .state)" = "$2" ]
}

vm_says() {
	ih status --json 2>/dev/null | jq -r --arg v "$1" \
		".clusters[].vms[] | select(.name == \$v) | $2"
}

vm_is() {
	[ "$(vm_says "$1" "$2")" = "$3" ]
}

alarm_stands() {
	ih status --json 2>/dev/null | jq -e --arg k "$1" --arg s "$2" \
		'any(.alarms[]; .kind == $k and .subject == $s)' >/dev/null
}

no_alarms() {
	[ "$(ih status --json 2>/dev/null | jq '.alarms | length')" = 0 ]
}

last_event() {
	ih events --json -n 1 | jq -r '.last'
}

# events_since ID JQ: prints what JQ makes of each event after ID.
events_since() {
	ih events --json -n 1000 |
		jq -r --argjson id "$1" ".events[] | select(.id > \$id) | $2"
}

happened_since() {
	events_since "$1" .kind | grep -qx "$2"
}

# --- what is true -----------------------------------------------------------

# The guests whose QEMU lives on a host, without asking any product code.
guests_on() {
	# shellcheck disable=SC2016,SC2086  # the shell in there expands it
	lab exec "$1" -- sh -c 'for vm; do
		pid=$(cat "/run/libvirt/qemu/$vm.pid") && [ -d "/proc/$pid" ] &&
			echo "$vm"
	done' sh $GUESTS 2>/dev/null || true
}

# "GUEST HOST" for each QEMU.
site_truth() {
	local host
	for host in h1 h2 h3; do
		guests_on "$host" | sed "s/\$/ $host/"
	done
}

# Where one guest's QEMU lives.
truth() {
	site_truth | sed -n "s/^$1 //p"
}

runs_once() {
	[ "$(truth "$1" | wc -l)" = 1 ]
}

runs_nowhere() {
	[ -z "$(truth "$1")" ]
}

runs_on() {
	[ "$(truth "$1")" = "$2" ]
}

# --- the site ---------------------------------------------------------------

all_known() {
	ih status --json 2>/dev/null | jq -e --arg guests "$GUESTS" '
		([.clusters[].hosts[].state] | unique) == ["up"] and
		($guests | split(" ")) - [.clusters[].vms[] | select(
			.intent == "run" and .phase == "settled" and
			.has_definition and .state == "running").name] == []
		' >/dev/null || return 1
	[ "$(site_truth | cut -d " " -f 1 | sort | xargs)" = "$GUESTS" ]
}

begin_site() {
	local n=0 vm
	lab wait >/dev/null || return 1
	for vm in $GUESTS; do
		lab guest "$vm" "h$((n % 3 + 1))" >/dev/null || return 1
		n=$((n + 1))
	done
	lab start-coordinator || return 1
	within 60 all_known
}

no_double_writers() {
	local n
	n=$(lab oracle --json | jq .double_writers)
	[ "$n" = 0 ] || fail "$n double writers"
}

# Every case finds a guest on every host: live migration by hand, which is also
# what an operator does behind the product's back.
spread_guests() {
	local host from vm
	for host in h1 h2 h3; do
		[ -z "$(guests_on "$host")" ] || continue
		for from in h1 h2 h3; do
			[ "$(guests_on "$from" | wc -l)" -ge 2 ] && break
		done
		vm=$(guests_on "$from" | head -n 1)
		lab virsh "$from" migrate --live --p2p --persistent \
			--undefinesource "$vm" \
			"qemu+tcp://10.90.0.${host#h}/system" >/dev/null ||
			return 1
		within 30 vm_is "$vm" .host "$host" || return 1
	done
	within 30 all_known
}

run_case() {
	local begin=$SECONDS
	if spread_guests && "case_$1" && within 90 all_known && no_double_writers; then
		passed=$((passed + 1))
		echo "ok   $1 ($((SECONDS - begin)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL $1 ($((SECONDS - begin)) s)"
		ih events -n 30 | sed 's/^/     /'
		repair_site
	fi
}

# After a failure the next case deserves a healthy site, too.
repair_site() {
	local host vm
	for host in h1 h2 h3; do
		lab unhang "$host"
		lab mend "$host" all
		lab bmc-speak "$host"
		lab cont-libvirtd "$host"
		lab power-on "$host"
		lab start-agent "$host"
	done >/dev/null 2>&1
	lab wait >/dev/null 2>&1
	lab start-coordinator >/dev/null 2>&1
	within 30 host_is h1 up
	for vm in $GUESTS; do
		runs_once "$vm" || lab virsh h1 start "$vm" >/dev/null 2>&1
	done
	within 60 all_known
}

# A host goes and comes back, and is trusted again.
bring_back() {
	lab power-on "$1" >/dev/null || return 1
	within 60 host_is "$1" up || fail "$1 did not rejoin"
}
