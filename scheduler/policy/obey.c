/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator's order to stop or start a VM.
 *
 * It counts more than what is seen, and stands until a reading that is younger
 * than the VM's last command shows that it is carried out.  So a stop that was
 * ordered while the VM's host was dead or silent still holds when the host is
 * back; who starts the VM by libvirt after that is obeyed again.
 */
#include "scheduler/policy/draft.h"
#include "scheduler/policy/timeouts.h"

static bool
is_under_way(const struct snap_vm *v)
{
	return v->starting || v->stopping;
}

/* Its owner was read after the last command, and none is under way. */
static bool
is_read(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	size_t owner = draft->vms[vm].owner;

	return !is_under_way(v) && draft->states[owner] != HOST_DEAD &&
	       host_vms_are_fresh(&draft->snap->hosts[owner]) &&
	       draft->snap->hosts[owner].vms_age_ms < v->command_age_ms;
}

static void
end_order(struct draft *draft, size_t vm, const char *what)
{
	const struct draft_vm same = draft->vms[vm];
	struct plan_vm_change *change = draft_vm(draft, vm, &same);

	change->order_done = true;
	change->silent = true;
	reason_set(change->reason, "%s %s, as ordered",
		   draft->snap->vms[vm].name, what);
}

/* A start of an earlier life of the coordinator may arrive still. */
static bool
may_start_yet(const struct snapshot *snap, size_t vm)
{
	return snap->vms[vm].phase == VM_STARTING &&
	       snap->vms[vm].command_age_ms == AGE_NEVER &&
	       snap->uptime_ms < START_DEADLINE_MS;
}

/* A command under way ends first. */
static void
obey_stop(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];

	if (is_under_way(&draft->snap->vms[vm]) ||
	    (may_start_yet(draft->snap, vm) &&
	     draft->states[want.owner] != HOST_DEAD))
		return;
	if (want.intent != INTENT_OFF || want.phase != VM_SETTLED) {
		want.intent = INTENT_OFF;
		want.phase = VM_SETTLED;
		struct plan_vm_change *change = draft_vm(draft, vm, &want);
		reason_set(change->reason, "%s stays off: its stop was ordered",
			   draft->snap->vms[vm].name);
	}
	if (want.owner != NO_HOST && is_read(draft, vm) &&
	    !snapshot_shows_active(draft->snap, vm, want.owner))
		end_order(draft, vm, "is off");
}

static bool
runs(const struct draft *draft, size_t vm)
{
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, draft->vms[vm].owner);

	return seen != NULL && vm_state_is_active(seen->state) &&
	       seen->state != VM_STATE_PAUSED &&
	       seen->state != VM_STATE_CRASHED;
}

/* Off at an owner that was read, it is started like one that was lost; of a
 * silent owner nobody can say, and its end says the rest. */
static void
obey_start(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];
	bool read = want.owner != NO_HOST && is_read(draft, vm);

	if (is_under_way(&draft->snap->vms[vm]))
		return;
	if (read && runs(draft, vm)) {
		end_order(draft, vm, "runs");
		return;
	}
	if (read && want.phase == VM_SETTLED &&
	    !snapshot_shows_active(draft->snap, vm, want.owner))
		want.phase = VM_LOST;
	if (want.intent == INTENT_RUN && want.phase == draft->vms[vm].phase)
		return;
	want.intent = INTENT_RUN;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s is to run: its start was ordered",
		   draft->snap->vms[vm].name);
}

void
obey_orders(struct draft *draft)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++) {
		if (draft->snap->vms[vm].order == INTENT_OFF)
			obey_stop(draft, vm);
		else if (draft->snap->vms[vm].order == INTENT_RUN)
			obey_start(draft, vm);
	}
}
