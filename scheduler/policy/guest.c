/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests that failed: panic, watchdog, hang, the end of their QEMU.
 *
 * What became of a VM is told by its end: shut down by its guest or destroyed
 * by its user is a wish (observe.c); crashed is a failure.  By policy a failure
 * is an alarm only, or the VM is started again, here or elsewhere, or what is
 * left of it is powered off.  What is left is ended first, proved (stops.h).
 *
 * The end of a QEMU that nobody wanted is not the guest's doing: like the
 * failure of a host it is always followed by a start, unless the policy is to
 * power off.
 *
 * A guest is started again three times in an hour at most, six in a day, twelve
 * in a week: one that fails at once would else fail for ever.
 */
#include "scheduler/policy/paths.h"
#include "scheduler/policy/proof.h"
#include "scheduler/policy/stops.h"
#include "scheduler/policy/timeouts.h"

enum failure {
	FAILURE_NONE,
	FAILURE_END,
	FAILURE_PANIC,
	FAILURE_WATCHDOG,
	FAILURE_HANG,
	FAILURES
};

static const struct {
	const char *kind; /* of the alarm; NULL: alarms.c has one */
	const char *text;
} words[FAILURES] = {
	[FAILURE_END] = { NULL, "its QEMU ended" },
	[FAILURE_PANIC] = { NULL, "its guest crashed" },
	[FAILURE_WATCHDOG] = { "vm-watchdog", "its guest's watchdog ran out" },
	[FAILURE_HANG] = { "vm-hung", "its guest hangs" },
};

static const struct snap_sighting *
seen_at_owner(const struct draft *draft, size_t vm)
{
	return snapshot_sighting(draft->snap, vm, draft->vms[vm].owner);
}

static bool
is_running(const struct snap_sighting *seen)
{
	return seen->state == VM_STATE_RUNNING ||
	       seen->state == VM_STATE_BLOCKED;
}

/* --- what failed --------------------------------------------------------- */

static enum failure
judge_off(const struct snap_sighting *seen)
{
	if (seen->reason != VM_REASON_CRASHED &&
	    seen->reason != VM_REASON_FAILED)
		return FAILURE_NONE;
	return seen->event == VM_EVENT_PANICKED   ? FAILURE_PANIC
	       : seen->event == VM_EVENT_WATCHDOG ? FAILURE_WATCHDOG
						  : FAILURE_END;
}

/* It ran out, and QEMU did not reset the guest upon it, which would be the
 * later event.  One that works all the same is left alone. */
static bool
is_bitten(const struct draft *draft, size_t vm,
	  const struct snap_sighting *seen)
{
	return seen->event == VM_EVENT_WATCHDOG &&
	       seen->event_age_ms >= WATCHDOG_SETTLE_MS &&
	       seen->event_age_ms < draft->snap->vms[vm].command_age_ms &&
	       (seen->state == VM_STATE_PAUSED ||
		(is_running(seen) && seen->liveness != LIVENESS_ALIVE));
}

/* When more than half of the guests of a host seem to hang it is the host that
 * starves them. */
static bool
hang_together(const struct snapshot *snap, size_t host)
{
	size_t all = 0, dead = 0;

	for (size_t i = 0; i < snap->n_sightings; i++) {
		const struct snap_sighting *seen = &snap->sightings[i];

		if (seen->host != host || !is_running(seen))
			continue;
		all++;
		dead += seen->liveness == LIVENESS_DEAD ||
			seen->liveness == LIVENESS_SUSPECT;
	}
	return dead > 1 && 2 * dead > all;
}

/* Two signals at least and none for it, by the agent; and no trouble around it
 * that would look the same. */
static bool
is_hung(const struct draft *draft, size_t vm, const struct snap_sighting *seen)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	return is_running(seen) && seen->liveness == LIVENESS_DEAD &&
	       v->policy.hang_ms > 0 &&
	       seen->liveness_age_ms >= v->policy.hang_ms &&
	       paths_refuse(draft, vm, seen->host) == NULL &&
	       !hang_together(draft->snap, seen->host);
}

static enum failure
judge(const struct draft *draft, size_t vm)
{
	const struct snap_sighting *seen = seen_at_owner(draft, vm);

	if (seen == NULL)
		return FAILURE_NONE;
	if (seen->state == VM_STATE_CRASHED)
		return FAILURE_PANIC;
	if (seen->state == VM_STATE_SHUT_OFF)
		return judge_off(seen);
	if (is_bitten(draft, vm, seen))
		return FAILURE_WATCHDOG;
	return is_hung(draft, vm, seen) ? FAILURE_HANG : FAILURE_NONE;
}

/* --- what is done -------------------------------------------------------- */

static void
raise(struct draft *draft, size_t vm, enum severity severity, const char *kind,
      enum failure failure, const char *what)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, severity, kind, v->name);

	reason_set(alarm->text, "%s on %s: %s; %s", v->name,
		   draft->snap->hosts[draft->vms[vm].owner].name,
		   words[failure].text, what);
}

/* NULL when it may be started again after its guest failed. */
static const char *
restart_refusal(const struct snap_vm *v)
{
	if (!v->has_definition)
		return "its definition was never read: it is not started again";
	if (v->restarts_1h >= RESTARTS_1H)
		return "it was started again three times in an hour: it is "
		       "left as it is";
	if (v->restarts_24h >= RESTARTS_24H)
		return "it was started again six times in a day: it is left as "
		       "it is";
	if (v->restarts_7d >= RESTARTS_7D)
		return "it was started again twelve times in a week: it is "
		       "left as it is";
	return NULL;
}

static void
say(const struct draft *draft, size_t vm, enum failure failure,
    const char *what, char why[REASON_LEN])
{
	reason_set(why, "%s on %s: %s; %s", draft->snap->vms[vm].name,
		   draft->snap->hosts[draft->vms[vm].owner].name,
		   words[failure].text, what);
}

/* Nothing is left of it: it is lost at once, and its own host starts it. */
static void
lose(struct draft *draft, size_t vm, const char *why)
{
	struct draft_vm want = draft->vms[vm];

	want.phase = VM_LOST;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	change->restart = true;
	reason_set(change->reason, "%s", why);
}

static void
restart(struct draft *draft, size_t vm, enum failure failure, bool elsewhere)
{
	const struct snap_sighting *seen = seen_at_owner(draft, vm);
	bool active = vm_state_is_active(seen->state);
	const struct stop_order order = { .intent = INTENT_RUN,
					  .ends_running = active,
					  .restart = true };
	char why[REASON_LEN];

	say(draft, vm, failure,
	    elsewhere ? "it is started again, elsewhere if it can"
		      : "it is started again",
	    why);
	/* To start it on another host takes a younger proof than a reading. */
	if (active || elsewhere)
		stop_vm(draft, vm, &order, why);
	else if (proof_of_absence(draft, vm) != NULL)
		lose(draft, vm, why);
}

static void
put_off(struct draft *draft, size_t vm, enum failure failure)
{
	const struct stop_order order = {
		.intent = INTENT_OFF,
		.ends_running =
			vm_state_is_active(seen_at_owner(draft, vm)->state),
	};
	char why[REASON_LEN];

	say(draft, vm, failure, "it is powered off, as its policy says", why);
	stop_vm(draft, vm, &order, why);
}

static void
act(struct draft *draft, size_t vm, enum failure failure)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	enum vm_fail policy = v->policy.vm_fail;

	if (policy == VM_FAIL_OFF) {
		put_off(draft, vm, failure);
		return;
	}
	if (policy == VM_FAIL_NONE && failure != FAILURE_END) {
		if (words[failure].kind != NULL)
			raise(draft, vm, SEVERITY_WARNING, words[failure].kind,
			      failure, "nothing is done about it, by policy");
		return;
	}
	const char *refusal = restart_refusal(v);
	if (refusal != NULL)
		raise(draft, vm, SEVERITY_CRITICAL, "vm-restarts", failure,
		      refusal);
	else
		restart(draft, vm, failure, policy == VM_FAIL_ELSEWHERE);
}

/* --- what only a person can mend ------------------------------------------ */

/* No space is the storage's to give: a start would fail the same way. */
static void
raise_io_error(struct draft *draft, size_t vm)
{
	const struct snap_sighting *seen = seen_at_owner(draft, vm);
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (seen == NULL || seen->state != VM_STATE_PAUSED ||
	    (seen->event != VM_EVENT_NO_SPACE &&
	     seen->event != VM_EVENT_IO_ERROR))
		return;
	bool full = seen->event == VM_EVENT_NO_SPACE;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL,
			       full ? "vm-no-space" : "vm-io-error", v->name);
	alarm->hold_ms = PROBE_PERIOD_MS;
	reason_set(alarm->text,
		   full ? "%s is paused on %s: no space is left under its "
			  "disk; make room, then resume it"
			: "%s is paused on %s: its disk gives I/O errors; mend "
			  "the storage, then resume it",
		   v->name, draft->snap->hosts[seen->host].name);
}

/* Ended by its policy: until somebody starts it, or removes it. */
static void
raise_put_off(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const struct draft_vm *d = &draft->vms[vm];

	if (d->intent != INTENT_OFF || d->phase != VM_SETTLED ||
	    v->failed_on != d->owner || v->phase != VM_SETTLED)
		return;
	struct plan_alarm *alarm = plan_add_alarm(draft->plan, SEVERITY_WARNING,
						  "vm-put-off", v->name);
	reason_set(alarm->text,
		   "%s failed on %s and was powered off, as its policy says; "
		   "start it there when it is mended",
		   v->name, draft->snap->hosts[d->owner].name);
}

/* Most guests are well: what is cheap is asked first. */
static bool
needs_a_look(const struct snap_sighting *seen, enum failure failure)
{
	return failure != FAILURE_NONE ||
	       (seen != NULL && seen->state == VM_STATE_PAUSED);
}

void
tend_guests(struct draft *draft)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++) {
		if (draft->vms[vm].owner == NO_HOST)
			continue;
		raise_put_off(draft, vm);
		enum failure failure = judge(draft, vm);
		if (!needs_a_look(seen_at_owner(draft, vm), failure) ||
		    !is_tended(draft, vm))
			continue;
		raise_io_error(draft, vm);
		if (failure != FAILURE_NONE)
			act(draft, vm, failure);
	}
}
