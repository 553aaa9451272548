/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that need a person, derived anew from the state of things.
 */
#include "scheduler/policy/draft.h"
#include "scheduler/policy/judge.h"
#include "scheduler/policy/mass.h"
#include "scheduler/policy/paths.h"
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
		[HOST_REJOINING] = { "host-returning", SEVERITY_WARNING,
				     "is back, but not trusted yet; no VM is "
				     "started there" },
	};
	const struct snap_host *host = &draft->snap->hosts[index];
	enum host_state state = draft->states[index];
	char why[REASON_LEN];

	if (alarms[state].kind == NULL ||
	    (host->maintenance && !mass_has_vms(draft, index)) ||
	    (state == HOST_NEW && draft->snap->uptime_ms < QUIET_MS) ||
	    (state == HOST_SUSPECT &&
	     host->silent_ms < CANNOT_PROVE_AFTER_MS) ||
	    (state == HOST_REJOINING &&
	     host->state_age_ms < RETURN_PATIENCE_MS) ||
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

	/* Who acts on a foreign BMC by hand hits a machine that is well. */
	if (host->bmc_trouble[0] != '\0') {
		alarm = plan_add_alarm(draft->plan,
				       host->bmc_is_foreign ? SEVERITY_CRITICAL
							    : SEVERITY_WARNING,
				       host->bmc_is_foreign ? "bmc-wrong-host"
							    : "bmc-trouble",
				       host->name);
		if (!host->bmc_is_foreign) {
			alarm->hold_ms = BMC_TROUBLE_HOLD_MS;
			alarm->clear_ms = BMC_TROUBLE_CLEAR_MS;
		}
		reason_set(alarm->text, "%s could not be fenced now: %s",
			   host->name, host->bmc_trouble);
	}
	if (host_outlived_its_lease(host)) {
		alarm = plan_add_alarm(draft->plan, SEVERITY_CRITICAL,
				       "watchdog-lease", host->name);
		reason_set(alarm->text,
			   "%s is silent and its watchdog lease has ended, yet "
			   "its BMC says on: it was reset, or its watchdog did "
			   "not fire; it is not taken for dead",
			   host->name);
	}
	/* What most hosts have lost is one alarm, the storage's. */
	if (host->storage_trouble[0] != '\0' &&
	    !paths_show_fault(draft, (size_t)(host - draft->snap->hosts))) {
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
		/* During a migration two reports disagree for a moment. */
		alarm->hold_ms = TWO_COPIES_HOLD_MS;
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
	    !host_vms_are_fresh(&snap->hosts[d->owner]) ||
	    snap->hosts[d->owner].vms_age_ms >= snap->vms[vm].command_age_ms)
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

/* The record says where it may run, but nobody could look for long. */
static void
raise_in_doubt(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	int64_t age_ms = v->command_age_ms != AGE_NEVER
				 ? v->command_age_ms
				 : draft->snap->uptime_ms;

	if (draft->vms[vm].phase != VM_STARTING || v->phase != VM_STARTING ||
	    v->starting || age_ms < QUIET_MS)
		return;
	struct plan_alarm *alarm = plan_add_alarm(draft->plan, SEVERITY_WARNING,
						  "vm-in-doubt", v->name);
	reason_set(alarm->text,
		   "nobody knows whether %s runs on %s, where its start was "
		   "ordered: look at its libvirt",
		   v->name, draft->snap->hosts[draft->vms[vm].owner].name);
}

/* It is tried for ever, but somebody should look why. */
static void
raise_start_fails(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (v->start_failures < START_FAILURES_ALARM ||
	    draft->vms[vm].intent != INTENT_RUN ||
	    draft->vms[vm].phase == VM_SETTLED)
		return;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "start-fails",
			       v->name);
	reason_set(alarm->text,
		   "%s did not start %u times in a row, the last time on %s; "
		   "it is tried on",
		   v->name, v->start_failures,
		   v->failed_on != NO_HOST
			   ? draft->snap->hosts[v->failed_on].name
			   : "a host that is gone");
}

static void
raise_missing(struct draft *draft, size_t vm)
{
	if (draft->vms[vm].intent != INTENT_RUN)
		return;
	const char *name = draft->snap->vms[vm].name;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "vm-missing",
			       name);
	reason_set(alarm->text,
		   "%s was moved away by somebody else and no host shows it: "
		   "find it; it is started nowhere until then",
		   name);
}

static void
raise_set_aside(struct draft *draft, size_t index)
{
	const struct snap_host *host = &draft->snap->hosts[index];

	if (!host->set_aside)
		return;
	struct plan_alarm *alarm = plan_add_alarm(draft->plan, SEVERITY_WARNING,
						  "host-set-aside", host->name);
	reason_set(alarm->text,
		   "%s failed %d times within an hour: it takes no VM for %d "
		   "minutes, or until 'ironherd host release %s'",
		   host->name, FAILURES_PER_HOUR, SET_ASIDE_MS / 60000,
		   host->name);
}

static void
raise_mass_wait(struct draft *draft, size_t index)
{
	const struct snapshot *snap = draft->snap;
	const struct snap_host *host = &snap->hosts[index];
	size_t waiting = 0;

	if (draft->mass[index] != MASS_WAIT || draft->states[index] == HOST_UP)
		return;
	for (size_t vm = 0; vm < snap->n_vms; vm++)
		waiting += draft->vms[vm].owner == index &&
			   draft->vms[vm].phase == VM_LOST;
	if (waiting == 0)
		return;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "mass-failure",
			       host->name);
	reason_set(
		alarm->text,
		"%u hosts had failed in %lld minutes when %s did: %zu VMs "
		"wait for it to return",
		snap->clusters[host->cluster].policy.mass_hosts,
		(long long)snap->clusters[host->cluster].policy.mass_window_ms /
			60000,
		host->name, waiting);
}

static void
raise_cluster(struct draft *draft, size_t index)
{
	const struct snap_cluster *cluster = &draft->snap->clusters[index];
	struct plan_alarm *alarm;
	struct mass_silence n;

	if (cluster->ha && mass_is_silent(draft->snap, index, &n)) {
		alarm = plan_add_alarm(draft->plan, SEVERITY_CRITICAL,
				       "mass-silence", cluster->name);
		alarm->hold_ms = GUARD_HOLD_MS;
		reason_set(alarm->text,
			   "%zu of %zu hosts of %s are silent together: more "
			   "likely it is the network of the coordinator; none "
			   "of them is fenced",
			   n.silent, n.silent + n.heard, cluster->name);
	}
	if (!cluster->disarmed || cluster->switch_age_ms < DISARMED_LONG_MS)
		return;
	alarm = plan_add_alarm(draft->plan, SEVERITY_WARNING, "ha-disarmed",
			       cluster->name);
	reason_set(alarm->text,
		   "HA of %s is disarmed for %lld minutes: no host is fenced "
		   "and no VM started; 'ironherd ha arm %s' ends that",
		   cluster->name, (long long)cluster->switch_age_ms / 60000,
		   cluster->name);
}

/* It was ordered to stop, and its host, which was silent then, runs it. */
static void
raise_disobeyed(struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	size_t owner = draft->vms[vm].owner;

	if (snap->vms[vm].order != INTENT_OFF || snap->vms[vm].starting ||
	    snap->vms[vm].stopping ||
	    !host_vms_are_fresh(&snap->hosts[owner]) ||
	    !snapshot_shows_active(snap, vm, owner))
		return;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_WARNING, "vm-not-stopped",
			       snap->vms[vm].name);
	reason_set(alarm->text,
		   "%s runs on %s, though it was ordered to stop while nobody "
		   "could reach it: shut it down by libvirt, or order its "
		   "start",
		   snap->vms[vm].name, snap->hosts[owner].name);
}

void
raise_alarms(struct draft *draft)
{
	for (size_t i = 0; i < draft->snap->n_clusters; i++)
		raise_cluster(draft, i);
	for (size_t i = 0; i < draft->snap->n_hosts; i++) {
		raise_host_state(draft, i);
		raise_host_trouble(draft, &draft->snap->hosts[i]);
		raise_set_aside(draft, i);
		raise_mass_wait(draft, i);
	}
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++) {
		if (draft->vms[vm].owner == NO_HOST) {
			raise_missing(draft, vm);
			continue;
		}
		raise_disobeyed(draft, vm);
		raise_in_doubt(draft, vm);
		raise_start_fails(draft, vm);
		raise_two_copies(draft, vm);
		raise_not_running(draft, vm);
	}
}
