# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What is known of a BMC before it is needed.

is_ready() {
	[ "$(host_says "$1" .fence_ready)" = "$2" ]
}

case_a_fence_is_proved_possible_before_it_is_needed() {
	within 30 is_ready h1 true || return 1
	[ "$(host_says h1 .cipher_suite)" = 3 ] ||
		fail "suite $(host_says h1 .cipher_suite)" || return 1
}

wrong_host_is_told_and_not_touched() {
	local id text code=0
	within 40 alarm_stands bmc-wrong-host h1 || return 1
	id=$(last_event)
	text=$(ih power off h1 --yes --force 2>&1) || code=$?
	[ "$code" != 0 ] || fail "it was switched: $text" || return 1
	grep -q "another host" <<<"$text" || fail "said: $text" || return 1
	! happened_since "$id" power-done || fail "it was recorded" || return 1
	[ -n "$(guests_on h1)" ] || fail "h1 lost its guests"
}

# A cable in the wrong socket: the address of h1's BMC, the GUID of h2's.
case_a_bmc_of_another_host_is_told_and_not_touched() {
	local guid
	guid=$(lab exec h2 -- cat /etc/ironherd/agent.conf |
		sed -n 's/^\s*uuid = "\(.*\)"/\1/p')
	[ -n "$guid" ] || fail "no uuid of h2" || return 1
	with_edit coordinator.conf \
		"s/address = \"10.91.0.1:623\"/&\\n guid = \"$guid\"/" \
		wrong_host_is_told_and_not_touched
}

case_an_operator_powers_a_host_off_and_on_again() {
	local vms said
	said=$(ih power status @all) || fail "status: $said" || return 1
	grep -q "3 of 3 told" <<<"$said" || fail "status: $said" || return 1
	vms=$(guests_on h1)
	! ih power off h1 --yes >/dev/null 2>&1 ||
		fail "cut off with VMs and without --force" || return 1
	ih power off h1,h1 --yes --force >/dev/null ||
		fail "was not powered off" || return 1
	# shellcheck disable=SC2086
	recovered_from h1 $vms || return 1
	ih power on h1 >/dev/null || fail "was not powered on" || return 1
	within 60 host_is h1 up
}

# Add SEL Entry: an event of a processor, "internal error".
log_a_fault() {
	lab ipmi "$1" raw 0x0a 0x44 0x00 0x00 0x02 0x00 0x00 0x00 0x00 \
		0x20 0x00 0x04 0x07 0x01 0x6f 0x00 0xff 0xff >/dev/null
}

case_an_operator_reads_the_sensors_and_logs_of_all_hosts() {
	local said before
	said=$(ih power sensors @all --thresholds) ||
		fail "sensors: $said" || return 1
	grep -Eq "^h2 +Core +42 degrees C .*112/144/160 +ok" <<<"$said" &&
		grep -q "3 of 3 told their sensors" <<<"$said" ||
		fail "sensors: $said" || return 1
	said=$(ih power sensors h1 --bad) || fail "bad: $said" || return 1
	! grep -q Core <<<"$said" || fail "not bad: $said" || return 1
	before=$(ih power sel h1 --json | jq '.[0].total')
	log_a_fault h1 || fail "the simulator takes no entry" || return 1
	said=$(ih power sel h1 -n 1) || fail "sel: $said" || return 1
	grep -Eq "CRITICAL +processor 0x01: internal error" <<<"$said" ||
		fail "sel: $said" || return 1
	[ "$(ih power sel h1 --json | jq '.[0].total')" = $((before + 1)) ] ||
		fail "it was not added" || return 1
	ih power sel @all >/dev/null || fail "not all told"
}
