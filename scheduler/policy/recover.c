/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs whose only copy is proved dead are started again.
 *
 * The owner of a VM is the one host where a copy may exist.  It changes in the
 * same record that starts the VM elsewhere, and only once the old owner is
 * proved without that copy: then there is never a second host to ask about.
 */
#include "scheduler/policy/draft.h"
#include "scheduler/policy/placement.h"
#include "scheduler/policy/timeouts.h"

static bool
has_ha(const struct draft *draft, size_t vm)
{
	size_t owner = draft->vms[vm].owner;

	return owner != NO_HOST &&
	       draft->snap->clusters[draft->snap->hosts[owner].cluster].ha;
}

static bool
is_active_at_owner(const struct draft *draft, size_t vm)
{
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, draft->vms[vm].owner);

	return seen != NULL && vm_state_is_active(seen->state);
}

/* NULL, or the proof that no copy of the VM is left at its owner. */
static const char *
proof_of_death(const struct draft *draft, size_t vm)
{
	size_t owner = draft->vms[vm].owner;
	const struct snap_host *host = &draft->snap->hosts[owner];

	if (draft->states[owner] == HOST_DEAD)
		return "is proved off";
	if (host->state == HOST_REJOINING && host_vms_are_fresh(host) &&
	    !is_active_at_owner(draft, vm))
		return "was restarted and does not run it";
	return NULL;
}

static void
mark_lost(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	struct draft_vm want = draft->vms[vm];

	if (want.owner == NO_HOST || want.intent != INTENT_RUN ||
	    want.phase == VM_LOST || !has_ha(draft, vm))
		return;
	/* A command to a host without power cannot arrive any more. */
	if (v->starting && draft->states[want.owner] != HOST_DEAD)
		return;
	const char *proof = proof_of_death(draft, vm);
	if (proof == NULL)
		return;
	want.phase = VM_LOST;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s is lost: its host %s %s", v->name,
		   draft->snap->hosts[want.owner].name, proof);
}

static bool
must_wait(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const struct snap_host *owner =
		&draft->snap->hosts[draft->vms[vm].owner];
	int64_t pause_ms = START_RETRY_MS;

	for (unsigned i = 1; i < v->start_failures; i++)
		if (pause_ms < START_RETRY_MAX_MS)
			pause_ms *= 2;
	if (v->start_failures > 0 && v->command_age_ms < pause_ms)
		return true;
	/* Its own host is coming back: seconds, and nothing has to move. */
	return owner->state == HOST_REJOINING &&
	       draft->states[draft->vms[vm].owner] == HOST_REJOINING &&
	       owner->state_age_ms < REJOIN_PATIENCE_MS;
}

static void
raise_stuck(struct draft *draft, size_t vm, const char *why)
{
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "vm-lost",
			       draft->snap->vms[vm].name);

	reason_set(alarm->text, "%s cannot be started: %s",
		   draft->snap->vms[vm].name, why);
}

static void
start(struct draft *draft, size_t vm, size_t host, const char *why)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	struct draft_vm want = draft->vms[vm];
	size_t old = want.owner;

	want.phase = VM_STARTING;
	want.recovered = want.recovered || host != old;
	want.owner = host;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "start %s on %s: %s %s; %s", v->name,
		   draft->snap->hosts[host].name, draft->snap->hosts[old].name,
		   draft->states[old] == HOST_DEAD ? "is proved off"
						   : "lost it",
		   why);
	draft->starts[host]++;
	struct plan_step *step = draft_step(draft, STEP_START, host, vm);
	reason_set(step->reason, "%s", change->reason);
}

static void
recover(struct draft *draft, size_t vm)
{
	char why[REASON_LEN];

	if (draft->vms[vm].phase != VM_LOST || !has_ha(draft, vm) ||
	    must_wait(draft, vm))
		return;
	if (!draft->snap->vms[vm].has_definition) {
		raise_stuck(draft, vm, "its definition was never read");
		return;
	}
	size_t host = place_vm(draft, vm, why);
	if (host == NO_HOST)
		raise_stuck(draft, vm, why);
	else
		start(draft, vm, host, why);
}

/*
 * A start was recorded, but nobody knows how it ended: the coordinator was
 * killed, or the host's libvirt did not answer.  The VM may run at its owner
 * and nowhere else, so the same start is given to the same host again, once
 * its libvirt was read after the command and does not show the VM.
 */
static void
repeat_start(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	size_t owner = draft->vms[vm].owner;
	const struct snap_host *host = &draft->snap->hosts[owner];

	if (draft->vms[vm].phase != VM_STARTING || v->phase != VM_STARTING ||
	    v->starting || draft->states[owner] != HOST_UP ||
	    !host_vms_are_fresh(host) ||
	    host->vms_age_ms >= v->command_age_ms ||
	    is_active_at_owner(draft, vm) ||
	    draft->starts[owner] >= STARTS_PER_HOST)
		return;
	draft->starts[owner]++;
	struct plan_step *step = draft_step(draft, STEP_START, owner, vm);
	reason_set(step->reason,
		   "start %s on %s again: the outcome of the last start is "
		   "not known and it does not run there",
		   v->name, host->name);
}

void
recover_vms(struct draft *draft)
{
	size_t n = draft->snap->n_vms;

	for (size_t vm = 0; vm < n; vm++)
		mark_lost(draft, vm);
	for (size_t vm = 0; vm < n; vm++)
		repeat_start(draft, vm);
	for (size_t vm = 0; vm < n; vm++)
		recover(draft, vm);
}
