# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Hosts that live in part: nobody may be fenced, nothing started.

stays_untouched() {
	local id=$1
	! events_since "$id" .kind | grep -qE '^(fence-|vm-lost|vm-start)' ||
		fail "acted: $(events_since "$id" '.kind' | tr '\n' ' ')"
}

case_an_agent_that_dies_on_a_living_host_is_not_a_dead_host() {
	local id
	id=$(last_event)
	lab kill-agent h1 >/dev/null
	within 15 host_is h1 no-agent || return 1
	sleep 12
	host_is h1 no-agent || fail "is $(host_says h1 .state)" || return 1
	stays_untouched "$id" || return 1
	lab start-agent h1 >/dev/null
	within 20 host_is h1 up
}

case_a_host_cut_off_from_management_lives_by_its_datastore() {
	local id
	id=$(last_event)
	lab cut h2 management >/dev/null
	within 20 host_is h2 isolated || return 1
	sleep 15
	host_is h2 isolated || fail "is $(host_says h2 .state)" || return 1
	stays_untouched "$id" || return 1
	alarm_stands host-isolated h2 || fail "no alarm" || return 1
	lab mend h2 management >/dev/null
	within 20 host_is h2 up
}

case_nothing_is_started_while_a_silent_bmc_gives_no_proof() {
	local vms vm
	vms=$(guests_on h3)
	lab bmc-silence h3 >/dev/null
	lab power-cut h3 >/dev/null
	within 30 alarm_stands host-unproved h3 || return 1
	for vm in $vms; do
		runs_nowhere "$vm" || fail "$vm was started without proof" ||
			return 1
	done
	lab bmc-speak h3 >/dev/null
	for vm in $vms; do
		within 60 runs_once "$vm" || return 1
	done
	bring_back h3
}

# The BMC is as dead as its host: somebody has to go there.
case_a_host_that_cannot_be_proved_off_dies_on_an_operators_word() {
	local vms vm said
	vms=$(guests_on h2)
	! said=$(ih confirm-off h2 --yes 2>&1) || fail "a living host: $said" ||
		return 1
	grep -q "it answers" <<<"$said" || fail "said: $said" || return 1
	lab bmc-silence h2 >/dev/null
	lab power-cut h2 >/dev/null
	within 40 alarm_stands host-unproved h2 || return 1
	for vm in $vms; do
		runs_nowhere "$vm" || fail "$vm was started without proof" ||
			return 1
	done
	within 20 ih confirm-off h2 --yes || return 1
	# shellcheck disable=SC2086 # a list
	recovered_from h2 $vms || return 1
	lab bmc-speak h2 >/dev/null
	bring_back h2
}

SOURCE_AGE=$ROOT_OID.1.40.1.4 # ihSourceAge, ms

case_a_hung_libvirtd_stalls_no_snmp_answer() {
	local age values
	lab stop-libvirtd h1 >/dev/null
	sleep 7
	values=$(lab snmp h1 bulkwalk -t 1 -r 0 -On "$ROOT_OID" | wc -l)
	[ "$values" -gt 50 ] || fail "only $values values" || return 1
	age=$(lab snmp h1 walk -t 1 -r 0 -Oqv "$SOURCE_AGE" | sort -n |
		tail -n 1)
	[ "${age:-0}" -ge 5000 ] || fail "the stale source shows $age ms" ||
		return 1
	host_is h1 up || fail "h1 is $(host_says h1 .state)" || return 1
	lab cont-libvirtd h1 >/dev/null
}
