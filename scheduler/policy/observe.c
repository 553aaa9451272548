/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hosts' reports say about where VMs are and what their users want.
 *
 * Only a fresh report of a trusted or returning host is believed.  A host
 * that is silent says nothing: its VMs stay as they were recorded.
 */
#include <string.h>

#include "scheduler/policy/draft.h"

#define ABSENCES_BELIEVED 2 /* complete reports without the VM */

struct sight {
	size_t active_on; /* a host other than the owner, or NO_HOST */
	size_t off_on;    /* first host that has it defined and off */
	const struct snap_sighting *at_owner; /* NULL: not seen, or not fresh */
	bool owner_fresh;
};

static bool
is_believed(const struct draft *draft, size_t host)
{
	enum host_state state = draft->snap->hosts[host].state;

	return host_vms_are_fresh(&draft->snap->hosts[host]) &&
	       (state == HOST_UP || state == HOST_NEW ||
		state == HOST_REJOINING);
}

/* An incoming migration is paused at its target: no copy of its own yet. */
static bool
is_running_copy(const struct snap_sighting *seen)
{
	return vm_state_is_active(seen->state) &&
	       seen->state != VM_STATE_PAUSED;
}

static struct sight
look_for(const struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	size_t owner = draft->vms[vm].owner;
	struct sight sight = { .active_on = NO_HOST, .off_on = NO_HOST };

	for (size_t h = 0; h < snap->n_hosts; h++) {
		const struct snap_sighting *seen =
			snapshot_sighting(snap, vm, h);

		if (seen == NULL || !is_believed(draft, h))
			continue;
		if (h == owner)
			sight.at_owner = seen;
		else if (is_running_copy(seen) && sight.active_on == NO_HOST)
			sight.active_on = h;
		if (sight.off_on == NO_HOST && !vm_state_is_active(seen->state))
			sight.off_on = h;
	}
	sight.owner_fresh = owner != NO_HOST && is_believed(draft, owner);
	return sight;
}

static const char *
host_name(const struct draft *draft, size_t host)
{
	return draft->snap->hosts[host].name;
}

static void
adopt(struct draft *draft, size_t vm, size_t host, const char *why)
{
	const struct draft_vm want = { .owner = host,
				       .intent = INTENT_RUN,
				       .phase = VM_SETTLED };
	struct plan_vm_change *change = draft_vm(draft, vm, &want);

	reason_set(change->reason, "%s runs on %s: %s",
		   draft->snap->vms[vm].name, host_name(draft, host), why);
}

static void
observe_first(struct draft *draft, size_t vm, const struct sight *sight)
{
	if (sight->active_on != NO_HOST) {
		adopt(draft, vm, sight->active_on, "first seen");
		return;
	}
	if (sight->off_on == NO_HOST)
		return;

	const struct draft_vm want = { .owner = sight->off_on,
				       .intent = INTENT_OFF,
				       .phase = VM_SETTLED };
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s is defined on %s and off: first seen",
		   draft->snap->vms[vm].name, host_name(draft, want.owner));
}

static void
observe_active(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];

	if (want.phase == VM_STARTING && draft->snap->vms[vm].starting)
		return; /* the command itself will tell */
	if (want.phase == VM_SETTLED && want.intent == INTENT_RUN)
		return;

	const char *what = want.phase == VM_SETTLED ? "was started"
			   : want.phase == VM_LOST  ? "runs there again"
						    : "runs, as wanted";
	want.phase = VM_SETTLED;
	want.intent = INTENT_RUN;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s %s on %s", draft->snap->vms[vm].name,
		   what, host_name(draft, want.owner));
}

/* Off at its owner: a user's wish, unless its host is going down. */
static void
observe_off(struct draft *draft, size_t vm, enum report_vm_reason reason)
{
	struct draft_vm want = draft->vms[vm];
	bool wished =
		reason == VM_REASON_SHUTDOWN || reason == VM_REASON_DESTROYED;

	if (want.phase != VM_SETTLED || want.intent == INTENT_OFF)
		return;
	if (want.intent == INTENT_RUN &&
	    (!wished || draft->snap->hosts[want.owner].stopping))
		return;
	want.intent = INTENT_OFF;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s was %s on %s: it stays off",
		   draft->snap->vms[vm].name,
		   reason == VM_REASON_DESTROYED ? "powered off" : "shut down",
		   host_name(draft, want.owner));
}

static void
observe_absent(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];

	if (want.phase != VM_SETTLED || want.intent == INTENT_OFF ||
	    draft->snap->hosts[want.owner].state == HOST_REJOINING ||
	    draft->snap->vms[vm].absences < ABSENCES_BELIEVED)
		return;
	want.intent = INTENT_OFF;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason,
		   "%s is no longer defined on %s: taken for removed",
		   draft->snap->vms[vm].name, host_name(draft, want.owner));
}

/* Two reports that contradict each other: the younger one is believed. */
static bool
is_younger(const struct draft *draft, size_t host, const struct sight *sight,
	   size_t owner)
{
	const struct snap_host *recorded = &draft->snap->hosts[owner];

	return draft->snap->hosts[host].vms_age_ms <=
	       (sight->owner_fresh ? recorded->vms_age_ms
				   : recorded->report_age_ms);
}

static void
observe_vm(struct draft *draft, size_t vm)
{
	const struct draft_vm *now = &draft->vms[vm];
	const struct sight sight = look_for(draft, vm);
	bool active = sight.at_owner != NULL &&
		      vm_state_is_active(sight.at_owner->state);

	if (now->owner == NO_HOST)
		observe_first(draft, vm, &sight);
	else if (active)
		observe_active(draft, vm);
	else if (sight.active_on != NO_HOST && now->phase != VM_STARTING &&
		 is_younger(draft, sight.active_on, &sight, now->owner))
		adopt(draft, vm, sight.active_on,
		      sight.owner_fresh ? "moved there by somebody else"
					: "its recorded host does not answer");
	else if (sight.at_owner != NULL)
		observe_off(draft, vm, sight.at_owner->reason);
	else if (sight.owner_fresh)
		observe_absent(draft, vm);
}

void
observe_vms(struct draft *draft)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++)
		observe_vm(draft, vm);
}
