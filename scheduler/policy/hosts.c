/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a host: state x verdict -> state.  Decides on fencing.
 */
#include <string.h>

#include "scheduler/policy/draft.h"
#include "scheduler/policy/judge.h"
#include "scheduler/policy/mass.h"
#include "scheduler/policy/timeouts.h"

struct case_file {
	struct draft *draft;
	size_t index;
	const struct snap_host *host;
	enum verdict verdict;
	char why[REASON_LEN]; /* the evidence in words */
};

/* It left the states in which it is watched for the worse: off, or booted
 * anew by itself. */
static bool
is_failure(const struct snap_host *host, enum host_state to)
{
	return (to == HOST_DEAD || to == HOST_REJOINING) &&
	       host->state != HOST_NEW && host->state != HOST_DEAD &&
	       host->state != HOST_REJOINING;
}

/* A host without VMs takes no place among those that are recovered.  What
 * happens while somebody works on it, or on the network, is no failure. */
static void
count_failure(const struct case_file *file, struct plan_host_change *change)
{
	struct draft *draft = file->draft;
	const struct snap_host *host = file->host;
	const struct snap_cluster *cluster =
		&draft->snap->clusters[host->cluster];

	if (mass_has_vms(draft, file->index)) {
		change->mass = mass_judge(draft, file->index);
		draft->mass[file->index] = change->mass;
		draft->failed[file->index] = true;
	}
	change->failed = !host->maintenance && !cluster->disarmed;
	change->set_aside = change->failed && cluster->policy.set_aside_hosts &&
			    host->failures_last_hour + 1 >= FAILURES_PER_HOUR;
}

/* what NULL: the proof of its death. */
static void
move_to(const struct case_file *file, enum host_state to, const char *what)
{
	struct plan_host_change *change =
		draft_host(file->draft, file->index, to);

	if (is_failure(file->host, to))
		count_failure(file, change);
	if (what == NULL)
		what = host_proof(file->host);
	if (file->why[0] != '\0')
		reason_set(change->reason, "%s %s: %s", file->host->name, what,
			   file->why);
	else
		reason_set(change->reason, "%s %s", file->host->name, what);
}

static bool
was_restarted(const struct snap_host *host)
{
	return strcmp(host->boot, host->trusted_boot) != 0;
}

/* Its present boot becomes the trusted one. */
static void
trust(const struct case_file *file, const char *what)
{
	struct plan *plan = file->draft->plan;

	move_to(file, HOST_UP, what);
	plan->host_changes[plan->n_host_changes - 1].trust_boot = true;
}

/* NULL, or why nothing would be started elsewhere if the host were proved
 * dead.  An empty host that hangs is powered off all the same. */
static const char *
uselessness(const struct case_file *file)
{
	const struct draft *draft = file->draft;
	bool has_vms = false;

	for (size_t vm = 0; vm < draft->snap->n_vms; vm++) {
		const struct vm_policy *policy = &draft->snap->vms[vm].policy;

		if (draft->vms[vm].owner != file->index)
			continue;
		has_vms = true;
		if (policy->ha && policy->host_fail == HOST_FAIL_RECOVER)
			return mass_will_have_place(draft, file->index)
				       ? NULL
				       : "as many hosts as are recovered in "
					 "one window have failed already";
	}
	if (has_vms)
		return "none of its VMs is to be started elsewhere";
	return file->host->maintenance ? "it is in maintenance and empty"
				       : NULL;
}

/* NULL when the host may be fenced now, else the reason why not. */
static const char *
fence_refusal(const struct case_file *file)
{
	const struct snapshot *snap = file->draft->snap;
	const struct snap_host *host = file->host;

	const struct snap_cluster *cluster = &snap->clusters[host->cluster];

	if (!cluster->ha)
		return "HA is off in its cluster";
	if (cluster->disarmed)
		return "HA is disarmed in its cluster";
	if (!host->can_fence)
		return "it has neither BMC nor outlets configured";
	if (snap->uptime_ms < QUIET_MS)
		return "the coordinator has just started";
	if (cluster->switch_age_ms < QUIET_MS)
		return "HA of its cluster was armed a moment ago";
	if (mass_is_silent(snap, host->cluster, NULL))
		return "too many hosts of the cluster went silent together";
	const char *useless = uselessness(file);
	if (useless != NULL)
		return useless;
	if (host->fences_last_hour >= FENCES_PER_HOUR)
		return "it was fenced too often in the last hour";
	return NULL;
}

static void
raise_fence_refused(const struct case_file *file, const char *refusal)
{
	struct plan_alarm *alarm =
		plan_add_alarm(file->draft->plan, SEVERITY_CRITICAL,
			       "fence-held", file->host->name);

	reason_set(alarm->text, "%s is not fenced: %s (%s)", file->host->name,
		   refusal, file->why);
}

static void
probe(const struct case_file *file)
{
	struct plan_step *step =
		draft_step(file->draft, STEP_PROBE, file->index, 0);

	reason_set(step->reason, "%s: %s", file->host->name, file->why);
}

static void
fence(const struct case_file *file)
{
	struct plan_step *step =
		draft_step(file->draft, STEP_FENCE, file->index, 0);

	reason_set(step->reason, "power off %s: %s", file->host->name,
		   file->why);
}

/* A host that lived by a second channel until now has a long silence of its
 * heartbeat behind it: one probe without an answer must not be enough. */
static void
declare_hung(const struct case_file *file)
{
	const char *refusal = fence_refusal(file);

	if (file->host->state != HOST_SUSPECT) {
		move_to(file, HOST_SUSPECT, "is silent");
		probe(file);
		return;
	}
	if (file->host->state_age_ms < FENCE_AFTER_MS - SUSPECT_AFTER_MS) {
		probe(file);
		return;
	}
	if (refusal != NULL) {
		raise_fence_refused(file, refusal);
		probe(file);
		return;
	}
	move_to(file, HOST_FENCING, "hangs and is powered off");
	fence(file);
}

/* --- one function for each group of states ------------------------ */

static void
judge_new(const struct case_file *file)
{
	if (file->verdict == VERDICT_OFF) {
		move_to(file, HOST_DEAD, NULL);
	} else if (file->verdict != VERDICT_LIVES) {
		probe(file);
	} else if (file->host->link == LINK_OK && file->host->boot[0] != '\0') {
		trust(file, "answers for the first time");
	}
}

/* Its owner shows it running, in a reading later than ours.  Paused does not
 * count: that may be a migration from here. */
static bool
runs_at_owner(const struct case_file *file, size_t vm)
{
	const struct draft *draft = file->draft;
	size_t index = draft->vms[vm].owner;
	const struct snap_host *owner = &draft->snap->hosts[index];
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, index);

	return seen != NULL && vm_state_is_active(seen->state) &&
	       seen->state != VM_STATE_PAUSED && host_vms_are_fresh(owner) &&
	       owner->vms_age_ms <= file->host->vms_age_ms;
}

/*
 * What a host has of a VM is stale only while its owner runs it: else it may
 * be the only copy, just moved here, or the only definition.  On a returning
 * host a second copy is ended, too; on one that never left nothing but what is
 * left of VMs that we moved away ourselves is touched.
 */
static bool
is_stale(const struct case_file *file, size_t vm)
{
	const struct draft *draft = file->draft;
	const struct draft_vm *d = &draft->vms[vm];

	if (snapshot_sighting(draft->snap, vm, file->index) == NULL ||
	    d->owner == NO_HOST || d->owner == file->index ||
	    !runs_at_owner(file, vm))
		return false;
	return file->host->state == HOST_REJOINING ||
	       (d->recovered && d->phase == VM_SETTLED &&
		!snapshot_shows_active(draft->snap, vm, file->index));
}

/* Active here, belongs elsewhere, and nobody can say yet which one counts. */
static bool
is_unjudged(const struct case_file *file, size_t vm)
{
	const struct draft *draft = file->draft;
	size_t owner = draft->vms[vm].owner;

	return owner != NO_HOST && owner != file->index &&
	       snapshot_shows_active(draft->snap, vm, file->index);
}

/* It belongs elsewhere, but nobody has seen it run there yet: stale in a
 * moment, most likely.  Not worth waiting for ever: this host may be the room
 * that the VM waits for. */
static bool
is_stale_soon(const struct case_file *file, size_t vm)
{
	const struct draft *draft = file->draft;
	const struct draft_vm *d = &draft->vms[vm];

	return file->host->state == HOST_REJOINING &&
	       file->host->state_age_ms < REJOIN_PATIENCE_MS &&
	       d->owner != NO_HOST && d->owner != file->index &&
	       d->intent == INTENT_RUN && d->phase != VM_LOST &&
	       snapshot_sighting(draft->snap, vm, file->index) != NULL;
}

static void
remove_stale(const struct case_file *file, size_t vm)
{
	const struct snapshot *snap = file->draft->snap;
	struct plan_step *step =
		draft_step(file->draft, STEP_CLEAN, file->index, vm);

	step->ends_running = snapshot_shows_active(snap, vm, file->index);
	reason_set(step->reason, "remove %s from %s: it belongs to %s now",
		   snap->vms[vm].name, file->host->name,
		   snap->hosts[file->draft->vms[vm].owner].name);
}

/* Remove what is stale.  Returns whether the host is not clean yet: a copy that
 * nobody can judge is waited for, and what is paused may be a migration on its
 * way in. */
static bool
clean(const struct case_file *file)
{
	const struct snapshot *snap = file->draft->snap;
	bool dirty = false;

	if (!host_vms_are_fresh(file->host) || file->host->cleaning ||
	    file->host->vms_age_ms >= file->host->clean_age_ms)
		return true; /* not looked at since the last cleaning */
	for (size_t vm = 0; vm < snap->n_vms; vm++) {
		if (!is_stale(file, vm)) {
			dirty |= is_unjudged(file, vm) ||
				 is_stale_soon(file, vm);
			continue;
		}
		dirty = true;
		if (file->host->clean_age_ms >= CLEAN_RETRY_MS &&
		    snapshot_sighting(snap, vm, file->index)->state !=
			    VM_STATE_PAUSED)
			remove_stale(file, vm);
	}
	return dirty;
}

static void
judge_watched_alive(const struct case_file *file)
{
	if (file->host->link != LINK_OK)
		return; /* too early to say anything */
	if (was_restarted(file->host))
		move_to(file, HOST_REJOINING, "was restarted");
	else if (file->host->state != HOST_UP)
		move_to(file, HOST_UP, "answers again");
	else
		clean(file);
}

static void
judge_watched(const struct case_file *file)
{
	static const struct {
		enum host_state to;
		const char *what;
	} next[VERDICTS] = {
		[VERDICT_UNSURE] = { HOST_SUSPECT, "is silent" },
		[VERDICT_NO_AGENT] = { HOST_NO_AGENT,
				       "lives, but its agent does not answer" },
		[VERDICT_ISOLATED] = { HOST_ISOLATED, "is cut off, but lives" },
		[VERDICT_OFF] = { HOST_DEAD, NULL },
	};

	if (file->verdict == VERDICT_LIVES) {
		judge_watched_alive(file);
		return;
	}
	if (file->verdict == VERDICT_HUNG) {
		declare_hung(file);
		return;
	}
	if (file->host->state != next[file->verdict].to)
		move_to(file, next[file->verdict].to, next[file->verdict].what);
	if (file->verdict != VERDICT_OFF)
		probe(file);
}

static void
fence_again(const struct case_file *file)
{
	const char *refusal = fence_refusal(file);

	probe(file);
	if (refusal != NULL)
		raise_fence_refused(file, refusal);
	else if (file->host->libvirt == WITNESS_SILENT &&
		 file->host->fence_age_ms >= FENCE_RETRY_MS)
		fence(file);
}

static void
judge_fencing(const struct case_file *file)
{
	if (file->host->fencing)
		return; /* nothing changes under a running command */
	switch (file->verdict) {
	case VERDICT_OFF:
		move_to(file, HOST_DEAD, NULL);
		break;
	case VERDICT_LIVES:
		judge_watched_alive(file);
		break;
	case VERDICT_NO_AGENT:
		move_to(file, HOST_NO_AGENT, "lives after all");
		break;
	case VERDICT_ISOLATED:
		move_to(file, HOST_ISOLATED, "is cut off, but lives after all");
		break;
	default:
		fence_again(file);
		break;
	}
}

/* VMs of its own, or such that may have been moved to it. */
static bool
has_waiting_vms(const struct case_file *file)
{
	const struct draft *draft = file->draft;

	for (size_t vm = 0; vm < draft->snap->n_vms; vm++) {
		const struct draft_vm *d = &draft->vms[vm];

		if (d->intent == INTENT_RUN &&
		    (d->owner == file->index || d->owner == NO_HOST ||
		     d->phase != VM_SETTLED)) /* a start in doubt waits, too */
			return true;
	}
	return false;
}

/*
 * Dead is dead until it answers or gets power.  While VMs wait for room the
 * proof must be kept young: somebody may press its button.  One that answers
 * with the boot it was proved off with had a BMC that does not tell the truth:
 * a fence by that BMC is worth nothing, or hits another machine, so the second
 * copies are ended by its libvirt, like those of any host that returns.
 */
static void
judge_dead(const struct case_file *file)
{
	if (file->host->link == LINK_OK) {
		move_to(file, HOST_REJOINING,
			was_restarted(file->host)
				? "is back after a restart"
				: "was proved off, yet answers with the same "
				  "boot id: its BMC does not tell the truth");
		return;
	}
	if (!has_waiting_vms(file))
		return;
	probe(file);
	if (file->host->power == POWER_ON)
		move_to(file, HOST_REJOINING,
			"has power again before all its VMs were started "
			"elsewhere");
}

/* Got power again after it was off, and has not answered since. */
static bool
is_booting(const struct snap_host *host)
{
	return host->state == HOST_REJOINING && host->link != LINK_OK &&
	       host->silent_ms > host->state_age_ms;
}

static void
judge_rejoining(const struct case_file *file)
{
	if (file->verdict == VERDICT_OFF) {
		move_to(file, HOST_DEAD, NULL);
		return;
	}
	bool booting = is_booting(file->host) &&
		       file->host->state_age_ms < BOOT_PATIENCE_MS;
	if (!booting && file->verdict == VERDICT_LIVES && !clean(file)) {
		trust(file, "is clean and trusted again");
	} else {
		if (!booting && file->verdict != VERDICT_LIVES)
			move_to(file, HOST_SUSPECT, "is silent again");
		probe(file); /* also the owners of its VMs are asked */
	}
}

void
judge_hosts(struct draft *draft)
{
	static void (*const judges[HOST_STATES])(const struct case_file *) = {
		[HOST_NEW] = judge_new,
		[HOST_UP] = judge_watched,
		[HOST_SUSPECT] = judge_watched,
		[HOST_NO_AGENT] = judge_watched,
		[HOST_ISOLATED] = judge_watched,
		[HOST_FENCING] = judge_fencing,
		[HOST_DEAD] = judge_dead,
		[HOST_REJOINING] = judge_rejoining,
	};

	for (size_t i = 0; i < draft->snap->n_hosts; i++) {
		struct case_file file = { .draft = draft, .index = i };

		file.host = &draft->snap->hosts[i];
		file.verdict = judge_host(draft->snap, i, file.why);
		judges[file.host->state](&file);
	}
}
