/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that need a person, derived anew from the state of things.
 */
#include "scheduler/policy/draft.h"
#include "scheduler/policy/judge.h"
#include "scheduler/policy/timeouts.h"

static void
raise_host_state(struct draft *draft, size_t index)
{
	static const struct {
		const char *kind;
		enum severity severity;
		const char *text;
	} alarms[HOST_STATES] = {
		[HOST_NEW] = { "host-new", SEVERITY_WARNING,
			       "never answered since it was configured" },
		[HOST_SUSPECT] = { "host-unproved", SEVERITY_CRITICAL,
				   "is silent and not proved off; its VMs are "
				   "not started elsewhere" },
		[HOST_NO_AGENT] = { "agent-silent", SEVERITY_WARNING,
				    "lives, but its agent does not answer" },
		[HOST_ISOLATED] = { "host-isolated", SEVERITY_WARNING,
				    "is cut off from the management network; "
				    "its VMs are left running" },
		[HOST_FENCING] = { "fence-failed", SEVERITY_CRITICAL,
				   "could not be powered off yet; its VMs are "
				   "not started elsewhere" },
		[HOST_DEAD] = { "host-dead", SEVERITY_WARNING,
				"is off after a failure" },
	};
	const struct snap_host *host = &draft->snap->hosts[index];
	enum host_state state = draft->states[index];
	char why[REASON_LEN];

	if (alarms[state].kind == NULL ||
	    (state == HOST_NEW && draft->snap->uptime_ms < QUIET_MS) ||
	    (state == HOST_SUSPECT &&
	     host->silent_ms < CANNOT_PROVE_AFTER_MS) ||
	    (state == HOST_FENCING &&
	     (host->fencing || host->fence_age_ms == AGE_NEVER)))
		return;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, alarms[state].severity,
			       alarms[state].kind, host->name);
	judge_host(draft->snap, index, why);
	reason_set(alarm->text, "%s %s%s%s", host->name, alarms[state].text,
		   why[0] != '\0' ? ": " : "", why);
}

static void
raise_host_trouble(struct draft *draft, const struct snap_host *host)
{
	struct plan_alarm *alarm;

	if (host->bmc_trouble[0] != '\0') {
		alarm = plan_add_alarm(draft->plan, SEVERITY_WARNING,
				       "bmc-trouble", host->name);
		reason_set(alarm->text, "%s could not be fenced now: %s",
			   host->name, host->bmc_trouble);
	}
	if (host->storage_trouble[0] != '\0') {
		alarm = plan_add_alarm(draft->plan, SEVERITY_CRITICAL,
				       "datastore", host->name);
		reason_set(alarm->text, "%s: %s", host->name,
			   host->storage_trouble);
	}
}

static void
raise_two_copies(struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	size_t owner = draft->vms[vm].owner;

	for (size_t h = 0; h < snap->n_hosts; h++) {
		const struct snap_sighting *seen =
			snapshot_sighting(snap, vm, h);

		if (h == owner || seen == NULL ||
		    seen->state != VM_STATE_RUNNING ||
		    !host_vms_are_fresh(&snap->hosts[h]) ||
		    !host_vms_are_fresh(&snap->hosts[owner]))
			continue;
		seen = snapshot_sighting(snap, vm, owner);
		if (seen == NULL || seen->state != VM_STATE_RUNNING)
			continue;
		struct plan_alarm *alarm =
			plan_add_alarm(draft->plan, SEVERITY_CRITICAL,
				       "two-copies", snap->vms[vm].name);
		reason_set(alarm->text,
			   "%s runs on %s and on %s: its disk is being "
			   "destroyed; power one copy off now",
			   snap->vms[vm].name, snap->hosts[owner].name,
			   snap->hosts[h].name);
	}
}

/* Meant to run, its host is well, and yet it is off. */
static void
raise_not_running(struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	const struct draft_vm *d = &draft->vms[vm];
	const struct snap_sighting *seen =
		snapshot_sighting(snap, vm, d->owner);

	if (d->intent != INTENT_RUN || d->phase != VM_SETTLED ||
	    draft->states[d->owner] != HOST_UP || seen == NULL ||
	    !host_vms_are_fresh(&snap->hosts[d->owner]))
		return;
	if (vm_state_is_active(seen->state) && seen->state != VM_STATE_CRASHED)
		return;
	bool crashed = seen->reason == VM_REASON_CRASHED ||
		       seen->state == VM_STATE_CRASHED;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_WARNING,
			       crashed ? "vm-crashed" : "vm-off",
			       snap->vms[vm].name);
	reason_set(alarm->text,
		   "%s %s on %s; start it, or shut it down by "
		   "libvirt to say that it shall stay off",
		   snap->vms[vm].name,
		   crashed ? "crashed" : "is off and nobody stopped it",
		   snap->hosts[d->owner].name);
}

void
raise_alarms(struct draft *draft)
{
	for (size_t i = 0; i < draft->snap->n_hosts; i++) {
		raise_host_state(draft, i);
		raise_host_trouble(draft, &draft->snap->hosts[i]);
	}
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++) {
		if (draft->vms[vm].owner == NO_HOST)
			continue;
		raise_two_copies(draft, vm);
		raise_not_running(draft, vm);
	}
}
