# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Guests that fail by themselves, while their hosts are well.

# One that its VM's host has.
guest_of() {
	guests_on "$1" | head -n 1
}

case_a_qemu_that_is_killed_is_started_again_on_its_host() {
	local vm id
	vm=$(guest_of h1)
	id=$(last_event)
	lab crash-guest "$vm" >/dev/null
	within 30 happened_since "$id" vm-started || return 1
	runs_on "$vm" h1 || fail "$vm does not run on h1"
	! happened_since "$id" vm-off || fail "taken for its user's wish"
}

case_a_guest_that_panics_is_started_again_by_policy() {
	local vm id
	vm=$(guest_of h2)
	id=$(last_event)
	lab panic-guest "$vm" >/dev/null
	within 30 happened_since "$id" vm-started || return 1
	runs_on "$vm" h2 || fail "$vm does not run on h2"
}

# What is left of it holds the disk until it is ended.
case_a_guest_that_panics_and_stays_is_ended_first() {
	local vm id xml=/tmp/preserve.xml
	vm=$(guest_of h3)
	lab virsh h3 destroy "$vm" >/dev/null
	within 30 vm_is "$vm" .intent off || return 1
	lab exec h3 -- sh -c "virsh dumpxml --inactive $vm |
		sed 's,<on_crash>.*</on_crash>,<on_crash>preserve</on_crash>,' \
		>$xml && virsh -q define $xml && virsh -q start $vm"
	within 30 all_known || return 1
	id=$(last_event)
	lab panic-guest "$vm" >/dev/null
	within 30 happened_since "$id" vm-started || return 1
	[ "$(events_since "$id" .kind | grep -E '^vm-(stop|stopped|start|started)$' |
		xargs)" = "vm-stop vm-stopped vm-start vm-started" ] ||
		fail "not in that order: $(events_since "$id" .kind | xargs)"
}

case_a_guest_that_shuts_itself_down_stays_off() {
	local vm
	vm=$(guest_of h1)
	lab poweroff-guest "$vm" >/dev/null
	within 30 vm_is "$vm" .intent off || return 1
	sleep 3
	runs_nowhere "$vm" || fail "$vm was started again"
	lab virsh h1 start "$vm" >/dev/null
	within 30 vm_is "$vm" .intent run
}
