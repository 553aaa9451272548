/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hosts' reports say about where VMs are and what their users want.
 *
 * Only a fresh report of a trusted or returning boot is believed.  A host
 * that is silent says nothing: its VMs stay as they were recorded.
 */
#include <string.h>

#include "scheduler/policy/draft.h"
#include "scheduler/policy/proof.h"

#define ABSENCES_BELIEVED 2 /* complete reports without the VM */

struct sight {
	size_t active_on;  /* a host other than the owner, or NO_HOST */
	size_t off_on;     /* a host that has it defined and off */
	size_t wished_off; /* the same, and its user wanted that */
	const struct snap_sighting *at_owner; /* NULL: not seen, or not fresh */
	bool owner_fresh; /* believed, and read after the last command */
};

/* One that answers is believed in any state but DEAD: what is on its way out
 * may still say what its users want. */
static bool
is_believed(const struct draft *draft, size_t host)
{
	return host_vms_are_fresh(&draft->snap->hosts[host]) &&
	       draft->snap->hosts[host].state != HOST_DEAD;
}

/* Answers with another boot than the trusted one. */
static bool
is_returning(const struct snap_host *host)
{
	return host->state == HOST_REJOINING ||
	       (host->state != HOST_NEW &&
		strcmp(host->boot, host->trusted_boot) != 0);
}

/* It left its owner alive, by a migration. */
static bool
has_left(const struct snap_sighting *at_owner)
{
	return at_owner == NULL || (!vm_state_is_active(at_owner->state) &&
				    at_owner->reason == VM_REASON_MIGRATED);
}

/*
 * Is this sight, at another host than the owner, the VM itself?  An incoming
 * migration is paused at its target: no copy of its own as long as the source
 * may run it, and gone again if it failed since.  What runs on a host that is
 * just back may be stale, unless the owner says that it does not run it, or is
 * dead.  A cleaning under way may be about to end it.
 */
static bool
is_a_copy(const struct draft *draft, size_t vm,
	  const struct snap_sighting *seen, bool owner_fresh)
{
	const struct snapshot *snap = draft->snap;
	const struct snap_host *host = &snap->hosts[seen->host];
	size_t owner = draft->vms[vm].owner;

	if (!vm_state_is_active(seen->state) || host->cleaning ||
	    host->vms_age_ms >= host->clean_age_ms)
		return false;
	if (seen->state == VM_STATE_PAUSED)
		return owner_fresh &&
		       host->vms_age_ms <= snap->hosts[owner].vms_age_ms;
	return owner == NO_HOST || owner_fresh || !is_returning(host) ||
	       snap->hosts[owner].state == HOST_DEAD;
}

/* Made after the VM's last command ended, and none is under way: what it shows
 * off or absent is not just the time before that command. */
static bool
is_news(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	return !v->starting &&
	       draft->snap->hosts[draft->vms[vm].owner].vms_age_ms <
		       v->command_age_ms;
}

static bool
is_wish(enum report_vm_reason reason)
{
	return reason == VM_REASON_SHUTDOWN || reason == VM_REASON_DESTROYED;
}

static struct sight
look_for(const struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	size_t owner = draft->vms[vm].owner;
	struct sight sight = {
		.active_on = NO_HOST,
		.off_on = NO_HOST,
		.wished_off = NO_HOST,
		.owner_fresh = owner != NO_HOST && is_believed(draft, owner) &&
			       is_news(draft, vm),
	};

	for (size_t h = 0; h < snap->n_hosts; h++) {
		const struct snap_sighting *seen =
			snapshot_sighting(snap, vm, h);

		if (seen == NULL || !is_believed(draft, h))
			continue;
		if (h == owner)
			sight.at_owner = seen;
		else if (is_a_copy(draft, vm, seen, sight.owner_fresh) &&
			 sight.active_on == NO_HOST)
			sight.active_on = h;
		if (vm_state_is_active(seen->state))
			continue;
		if (is_wish(seen->reason))
			sight.wished_off = sight.off_on = h;
		else if (sight.off_on == NO_HOST &&
			 seen->reason != VM_REASON_MIGRATED)
			sight.off_on = h;
	}
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

/* Off, and at another host than the record says. */
static void
observe_off_at(struct draft *draft, size_t vm, size_t host)
{
	const struct draft_vm want = { .owner = host,
				       .intent = INTENT_OFF,
				       .phase = VM_SETTLED };

	if (draft->vms[vm].intent == INTENT_OFF)
		return;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s is defined on %s and off",
		   draft->snap->vms[vm].name, host_name(draft, host));
}

/* A VM that was moved away unseen and that no host runs: where it came to has
 * failed, or the migration was undone.  It is lost at a host that knows it. */
static void
observe_nowhere(struct draft *draft, size_t vm, size_t host)
{
	struct draft_vm want = draft->vms[vm];
	char why[REASON_LEN];

	if (may_be_elsewhere(draft, vm, why))
		return;
	want.owner = host;
	want.phase = VM_LOST;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(
		change->reason,
		"%s is lost: it was moved away by somebody else, and no host "
		"runs it",
		draft->snap->vms[vm].name);
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
	if (draft->vms[vm].intent == INTENT_RUN &&
	    sight->wished_off == NO_HOST) {
		observe_nowhere(draft, vm, sight->off_on);
		return;
	}

	observe_off_at(draft, vm, sight->off_on);
}

static void
observe_active(struct draft *draft, size_t vm, const struct sight *sight)
{
	struct draft_vm want = draft->vms[vm];

	if (want.phase == VM_STARTING && draft->snap->vms[vm].starting)
		return; /* the command itself will tell */
	if (draft->snap->vms[vm].order == INTENT_OFF)
		return; /* it runs on against an order: no wish of anybody */
	if (want.phase == VM_STOPPING)
		return; /* that is what the stop is about */
	if (want.phase == VM_LOST && !sight->owner_fresh)
		return; /* read before it was ended there */
	if (want.phase == VM_SETTLED && want.intent == INTENT_RUN)
		return;
	if (want.phase != VM_SETTLED &&
	    sight->at_owner->state == VM_STATE_PAUSED)
		return; /* a migration on its way in: it may fail yet */

	const char *what = want.phase == VM_SETTLED ? "was started"
			   : want.phase == VM_LOST  ? "runs there again"
						    : "runs, as wanted";
	want.phase = VM_SETTLED;
	want.intent = INTENT_RUN;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s %s on %s", draft->snap->vms[vm].name,
		   what, host_name(draft, want.owner));
}

/* Off at its owner: a user's wish, unless its host is going down.  One that
 * was lost or being started ran in between: nobody saw it, but its end says so.
 */
static void
observe_off(struct draft *draft, size_t vm, enum report_vm_reason reason)
{
	struct draft_vm want = draft->vms[vm];

	if (want.intent == INTENT_OFF || want.phase == VM_STOPPING ||
	    draft->snap->vms[vm].order == INTENT_RUN ||
	    (want.phase == VM_LOST &&
	     draft->snap->vms[vm].failed_on == want.owner))
		return;
	if ((want.intent == INTENT_RUN || want.phase == VM_STARTING) &&
	    (!is_wish(reason) || draft->snap->hosts[want.owner].stopping))
		return;
	want.intent = INTENT_OFF;
	want.phase = VM_SETTLED;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "%s was %s on %s: it stays off",
		   draft->snap->vms[vm].name,
		   reason == VM_REASON_DESTROYED ? "powered off" : "shut down",
		   host_name(draft, want.owner));
}

/* Gone from its owner by a migration, and nobody shows it yet.  It has no
 * owner until somebody does: the old one's death would prove nothing. */
static void
observe_left(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];

	if (want.phase != VM_SETTLED || want.intent != INTENT_RUN)
		return;
	want.owner = NO_HOST;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason,
		   "%s was moved away from %s by somebody else; no other host "
		   "shows it yet",
		   draft->snap->vms[vm].name,
		   host_name(draft, draft->snap->vms[vm].owner));
}

static void
observe_absent(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];

	if (want.phase != VM_SETTLED || want.intent == INTENT_OFF ||
	    (is_returning(&draft->snap->hosts[want.owner]) &&
	     !came_after_boot(draft, vm)) ||
	    draft->snap->vms[vm].absences < ABSENCES_BELIEVED)
		return;
	want.intent = INTENT_OFF;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason,
		   "%s is no longer defined on %s: taken for removed",
		   draft->snap->vms[vm].name, host_name(draft, want.owner));
}

/* Not active at its owner, whose report is fresh. */
static void
observe_inactive(struct draft *draft, size_t vm, const struct sight *sight)
{
	if (sight->active_on != NO_HOST)
		return; /* the next report tells */
	if (has_left(sight->at_owner) && sight->wished_off != NO_HOST &&
	    draft->vms[vm].phase == VM_SETTLED)
		observe_off_at(draft, vm, sight->wished_off);
	else if (sight->at_owner == NULL)
		observe_absent(draft, vm);
	else if (has_left(sight->at_owner))
		observe_left(draft, vm);
	else
		observe_off(draft, vm, sight->at_owner->reason);
}

/* Two reports that contradict each other: the younger one is believed, or one
 * that was made after the record, which had its own reasons. */
static bool
is_younger(const struct draft *draft, size_t vm, const struct sight *sight)
{
	const struct snap_host *recorded =
		&draft->snap->hosts[draft->vms[vm].owner];
	int64_t age_ms = draft->snap->hosts[sight->active_on].vms_age_ms;

	return age_ms < draft->snap->vms[vm].record_age_ms ||
	       age_ms <= (sight->owner_fresh ? recorded->vms_age_ms
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
		observe_active(draft, vm, &sight);
	else if (sight.active_on != NO_HOST &&
		 (now->phase != VM_STARTING ||
		  proof_of_absence(draft, vm) != NULL) &&
		 is_younger(draft, vm, &sight))
		adopt(draft, vm, sight.active_on,
		      sight.owner_fresh ? "moved there by somebody else"
					: "its recorded host does not answer");
	else if (sight.owner_fresh)
		observe_inactive(draft, vm, &sight);
}

void
observe_vms(struct draft *draft)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++)
		observe_vm(draft, vm);
}
