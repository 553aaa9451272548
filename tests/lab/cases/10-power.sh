# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Power cuts, hangs, returns.

recovered_from() {
	local host=$1 vm
	shift
	for vm in "$@"; do
		within 60 runs_once "$vm" || return 1
		! runs_on "$vm" "$host" || fail "$vm still on $host" || return 1
	done
}

case_vms_of_a_host_without_power_run_elsewhere_exactly_once() {
	local vms id
	vms=$(guests_on h1)
	id=$(last_event)
	lab power-cut h1 >/dev/null
	# shellcheck disable=SC2086
	recovered_from h1 $vms || return 1
	host_is h1 dead || fail "h1 is not dead" || return 1
	happened_since "$id" host-dead || fail "no certificate" || return 1
	! happened_since "$id" fence-done ||
		fail "fenced a host that was off" || return 1
	bring_back h1 || return 1
	# Its stale definitions are gone.
	for vm in $vms; do
		! lab virsh h1 domstate "$vm" >/dev/null 2>&1 ||
			fail "$vm is still defined on h1" || return 1
	done
}

case_a_vm_that_its_user_shut_down_stays_off() {
	local vm rest
	vm=$(guests_on h2 | head -n 1)
	rest=$(guests_on h2 | tail -n +2)
	lab destroy-guest "$vm" >/dev/null
	within 20 vm_is "$vm" .intent off || return 1
	lab power-cut h2 >/dev/null
	# shellcheck disable=SC2086
	recovered_from h2 $rest || return 1
	sleep 3
	runs_nowhere "$vm" || fail "$vm was started against its user" ||
		return 1
	bring_back h2 || return 1
	runs_nowhere "$vm" || fail "$vm was started at the return" || return 1
	lab virsh h2 start "$vm" >/dev/null
	within 20 vm_is "$vm" .intent run
}

case_a_host_that_hangs_is_powered_off_before_its_vms_run_elsewhere() {
	local vms id
	vms=$(guests_on h3)
	id=$(last_event)
	lab hang h3 >/dev/null
	# shellcheck disable=SC2086
	recovered_from h3 $vms || return 1
	happened_since "$id" fence-done || fail "was not fenced" || return 1
	bring_back h3
}

case_autostart_on_a_returning_host_starts_no_second_copy() {
	local vm
	vm=$(guests_on h1 | head -n 1)
	lab virsh h1 autostart "$vm" >/dev/null
	lab power-cut h1 >/dev/null
	recovered_from h1 "$vm" || return 1
	bring_back h1 || return 1
	runs_once "$vm" || fail "$vm runs on: $(truth "$vm")"
}

case_a_host_that_restarts_faster_than_it_is_missed_gets_its_vms_back() {
	local vms vm
	vms=$(guests_on h2)
	lab power-cut h2 >/dev/null
	lab power-on h2 >/dev/null
	for vm in $vms; do
		within 60 runs_once "$vm" || return 1
	done
	within 60 host_is h2 up
}

libvirtd_answers() {
	lab virsh "$1" list >/dev/null 2>&1
}

agent_answers() {
	lab snmp "$1" getnext -t 0.3 -r 0 -On "$ROOT_OID" 2>/dev/null |
		grep -q "^$ROOT_OID"
}

# snmpd, libvirtd and agent start at once; nobody may wait for a retry.
case_a_booting_host_answers_soon_after_its_libvirtd() {
	local vms begin
	vms=$(guests_on h2)
	lab power-cut h2 >/dev/null
	# shellcheck disable=SC2086
	recovered_from h2 $vms || return 1
	lab power-on h2 >/dev/null
	within 30 libvirtd_answers h2 || return 1
	begin=$(now_ms)
	within 10 agent_answers h2 || return 1
	echo "  first answer at most $(($(now_ms) - begin)) ms after libvirtd's"
	[ "$(($(now_ms) - begin))" -le 4000 ] || fail "too late" || return 1
	within 60 host_is h2 up
}
