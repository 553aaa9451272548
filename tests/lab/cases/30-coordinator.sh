# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The coordinator is killed at each step of a failover and started again.

# kill_at KIND: waits for an event of that kind, then kill -9.
kill_at() {
	local id=$1 kind=$2 end=$((SECONDS + 30))
	until happened_since "$id" "$kind"; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
	lab kill-coordinator >/dev/null
}

failover_killed_at() {
	local kind=$1 host=$2 vms vm id
	vms=$(guests_on "$host")
	id=$(last_event)
	lab power-cut "$host" >/dev/null
	kill_at "$id" "$kind" || fail "no event $kind" || return 1
	lab start-coordinator >/dev/null
	for vm in $vms; do
		within 60 runs_once "$vm" || return 1
	done
	bring_back "$host"
}

case_killed_when_the_host_is_suspect() {
	failover_killed_at host-suspect h1
}

case_killed_when_the_host_is_proved_dead() {
	failover_killed_at host-dead h2
}

case_killed_when_a_start_is_recorded() {
	failover_killed_at vm-start h3
}

case_killed_when_a_start_has_ended() {
	failover_killed_at vm-started h1
}

case_killed_while_it_fences() {
	local vms vm id
	vms=$(guests_on h2)
	id=$(last_event)
	lab hang h2 >/dev/null
	kill_at "$id" host-fencing || fail "was not fenced" || return 1
	lab start-coordinator >/dev/null
	for vm in $vms; do
		within 90 runs_once "$vm" || return 1
	done
	bring_back h2
}

case_killed_when_its_host_returns() {
	local id
	id=$(last_event)
	lab power-cut h3 >/dev/null
	within 30 host_is h3 dead || return 1
	lab power-on h3 >/dev/null
	kill_at "$id" host-rejoining || fail "no rejoin" || return 1
	lab start-coordinator >/dev/null
	within 60 host_is h3 up
}
