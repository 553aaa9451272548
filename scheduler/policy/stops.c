/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/stops.h"

#include "scheduler/policy/paths.h"
#include "scheduler/policy/proof.h"
#include "scheduler/policy/timeouts.h"

static const struct snap_host *
owner_of(const struct draft *draft, size_t vm)
{
	return &draft->snap->hosts[draft->vms[vm].owner];
}

static void
send_stop(struct draft *draft, size_t vm, bool ends_running, const char *why)
{
	struct plan_step *step =
		draft_step(draft, STEP_STOP, draft->vms[vm].owner, vm);

	step->ends_running = ends_running;
	reason_set(step->reason, "%s", why);
}

void
stop_vm(struct draft *draft, size_t vm, const struct stop_order *order,
	const char *why)
{
	struct draft_vm want = draft->vms[vm];

	want.phase = VM_STOPPING;
	want.intent = order->intent;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	change->restart = order->restart;
	reason_set(change->reason, "%s", why);
	send_stop(draft, vm, order->ends_running, why);
}

bool
is_tended(const struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	const struct snap_vm *v = &snap->vms[vm];
	const struct draft_vm *d = &draft->vms[vm];
	char why[REASON_LEN];

	if (d->owner == NO_HOST || d->intent != INTENT_RUN ||
	    d->phase != VM_SETTLED || v->phase != VM_SETTLED ||
	    v->owner != d->owner || v->order == INTENT_OFF || !v->policy.ha ||
	    v->starting || v->stopping)
		return false;
	const struct snap_host *owner = &snap->hosts[d->owner];
	return snap->clusters[owner->cluster].ha &&
	       !snap->clusters[owner->cluster].disarmed &&
	       owner->state == HOST_UP && draft->states[d->owner] == HOST_UP &&
	       !owner->stopping && host_vms_are_fresh(owner) &&
	       owner->vms_age_ms < v->command_age_ms &&
	       !is_shown_elsewhere(draft, vm, why);
}

/*
 * Where a start failed, others are tried first.  `failed_on` of a VM that we
 * ended there says only that we did: it returns there unless its policy wants
 * another host.
 */
size_t
last_choice(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (v->start_failures == 0 && v->failed_on == draft->vms[vm].owner &&
	    v->policy.vm_fail != VM_FAIL_ELSEWHERE)
		return NO_HOST;
	return v->failed_on;
}

/* --- is it off? ---------------------------------------------------------- */

static void
end_stop(struct draft *draft, size_t vm, const char *proof)
{
	struct draft_vm want = draft->vms[vm];
	const char *host = owner_of(draft, vm)->name;

	want.phase = want.intent == INTENT_RUN ? VM_LOST : VM_SETTLED;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s was stopped on %s, which %s",
		   draft->snap->vms[vm].name, host, proof);
}

static void
raise_stuck(struct draft *draft, size_t vm)
{
	const char *name = draft->snap->vms[vm].name;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "vm-stop-failed",
			       name);

	alarm->hold_ms = STOP_RETRY_MS;
	reason_set(alarm->text,
		   "%s is not proved to be off on %s: it is started nowhere "
		   "until it is; end its QEMU there, or power the host off",
		   name, owner_of(draft, vm)->name);
}

/* Does the guest work here, as far as anybody can tell? */
static bool
is_healthy(const struct draft *draft, const struct snap_sighting *seen)
{
	const struct draft_vm *d = &draft->vms[seen->vm];

	if (!vm_state_is_active(seen->state) || seen->state == VM_STATE_CRASHED)
		return false;
	if (d->owner == seen->host && d->phase == VM_STOPPING)
		return false;
	return !paths_are_lost(draft, seen->vm, seen->host);
}

static bool
has_healthy_vm(const struct draft *draft, size_t host)
{
	const struct snapshot *snap = draft->snap;

	for (size_t i = 0; i < snap->n_sightings; i++)
		if (snap->sightings[i].host == host &&
		    is_healthy(draft, &snap->sightings[i]))
			return true;
	return false;
}

/*
 * NULL when the host may be powered off to be rid of a copy that its libvirt
 * cannot end.  Never with a guest on it that works: one VM is not worth the
 * others, and whoever wants that can power the host off by hand.  Guests whose
 * disks nobody knows count as working.
 */
static const char *
fence_refusal(const struct draft *draft, size_t index)
{
	const struct snap_host *host = &draft->snap->hosts[index];

	if (!draft->snap->clusters[host->cluster].policy.fence_stuck)
		return "its cluster does not fence for that";
	if (!host->can_fence)
		return "it has neither BMC nor outlets configured";
	if (draft->snap->uptime_ms < QUIET_MS)
		return "the coordinator has just started";
	if (host->fences_last_hour >= FENCES_PER_HOUR)
		return "it was fenced too often in the last hour";
	if (has_healthy_vm(draft, index))
		return "other VMs work there";
	return NULL;
}

static void
fence_stuck(struct draft *draft, size_t vm)
{
	size_t host = draft->vms[vm].owner;

	if (draft->snap->vms[vm].record_age_ms < STOP_STUCK_MS ||
	    draft->snap->hosts[host].fencing || fence_refusal(draft, host))
		return;
	struct plan_host_change *change = draft_host(draft, host, HOST_FENCING);
	reason_set(
		change->reason,
		"%s is powered off: %s cannot be ended there by its libvirt, "
		"and no other VM works there",
		draft->snap->hosts[host].name, draft->snap->vms[vm].name);
	struct plan_step *step = draft_step(draft, STEP_FENCE, host, vm);
	reason_set(step->reason, "%s", change->reason);
}

/* Not by us: whoever starts it now knows better than what we saw before. */
static bool
was_started_since(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, draft->vms[vm].owner);

	return seen != NULL && !v->stopping &&
	       seen->state == VM_STATE_RUNNING &&
	       seen->event == VM_EVENT_STARTED &&
	       seen->event_age_ms < v->record_age_ms &&
	       host_vms_are_fresh(owner_of(draft, vm));
}

static void
give_up_stop(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];

	want.phase = VM_SETTLED;
	want.intent = INTENT_RUN;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason,
		   "%s was started on %s while it was being stopped: it is "
		   "left alone",
		   draft->snap->vms[vm].name, owner_of(draft, vm)->name);
}

/* The same stop to the same host once more.  What a coordinator that was
 * killed had sent may or may not have been done; to do it again is harmless. */
static void
stop_again(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const struct snap_host *owner = owner_of(draft, vm);
	char why[REASON_LEN];

	if (owner->link != LINK_OK || owner->state != HOST_UP ||
	    draft->states[draft->vms[vm].owner] != HOST_UP ||
	    v->command_age_ms < STOP_RETRY_MS)
		return;
	reason_set(why, "stop %s on %s again: it is not proved to be off",
		   v->name, owner->name);
	send_stop(draft, vm, true, why);
}

static void
settle_stop(struct draft *draft, size_t vm)
{
	const struct draft_vm *d = &draft->vms[vm];
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (d->phase != VM_STOPPING || v->phase != VM_STOPPING ||
	    d->owner == NO_HOST)
		return;
	if (draft->states[d->owner] == HOST_DEAD && d->intent == INTENT_RUN)
		return; /* lost with its host: recover.c */
	const char *proof = v->stopping ? NULL : proof_of_absence(draft, vm);
	if (proof != NULL) {
		end_stop(draft, vm, proof);
		return;
	}
	if (was_started_since(draft, vm)) {
		give_up_stop(draft, vm);
		return;
	}
	if (v->record_age_ms >= STOP_RETRY_MS)
		raise_stuck(draft, vm);
	if (!v->stopping)
		stop_again(draft, vm);
	if (owner_of(draft, vm)->state == HOST_UP &&
	    draft->states[d->owner] == HOST_UP)
		fence_stuck(draft, vm);
}

void
settle_stops(struct draft *draft)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++)
		settle_stop(draft, vm);
}
