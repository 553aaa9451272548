/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/plant.h"

#include <string.h>

#include "scheduler/policy/decide.h"

enum { HOSTS_MAX = 64 };

/* The linker leads the coordinator's calls to __wrap_decide(). */
struct plan *__real_decide(const struct snapshot *snap);
struct plan *__wrap_decide(const struct snapshot *snap);

static bool was_off[HOSTS_MAX];

/* --- what is seen -------------------------------------------------------- */

static void
unknown_is_off(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_hosts; i++)
		snap->hosts[i].off_proved |=
			snap->hosts[i].silent_ms >= 5000 &&
			snap->hosts[i].power == POWER_UNKNOWN;
}

static void
off_for_ever(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_hosts && i < HOSTS_MAX; i++) {
		was_off[i] |= snap->hosts[i].off_proved;
		snap->hosts[i].off_proved |= was_off[i];
	}
}

static void
no_quiet(struct snapshot *snap)
{
	snap->uptime_ms = 3600000;
}

static void
no_guard(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_clusters; i++)
		snap->clusters[i].policy.guard_pct = 0;
}

static void
intent_ignored(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_vms; i++)
		snap->vms[i].intent = INTENT_RUN;
}

static void
start_in_flight_ignored(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_vms; i++)
		snap->vms[i].starting = false;
}

static void
doubt_is_failure(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_vms; i++)
		if (snap->vms[i].phase == VM_STARTING && !snap->vms[i].starting)
			snap->vms[i].phase = VM_LOST;
}

static void
moves_ignored(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_vms; i++)
		snap->vms[i].seen_there = true;
}

static void
stop_is_crash(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_sightings; i++)
		if (snap->sightings[i].reason == VM_REASON_SHUTDOWN)
			snap->sightings[i].reason = VM_REASON_CRASHED;
}

static void
old_reports_are_fresh(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_hosts; i++)
		if (snap->hosts[i].vms_age_ms != AGE_NEVER)
			snap->hosts[i].vms_age_ms = 0;
}

static void
restart_unnoticed(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_hosts; i++)
		memcpy(snap->hosts[i].trusted_boot, snap->hosts[i].boot,
		       REPORT_UUID_LEN);
}

static void
nothing_is_off(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_hosts; i++) {
		snap->hosts[i].off_proved = false;
		snap->hosts[i].power = POWER_UNKNOWN;
	}
}

static void
silence_is_hang(struct snapshot *snap)
{
	for (size_t i = 0; i < snap->n_hosts; i++) {
		struct snap_host *host = &snap->hosts[i];

		if (host->silent_ms < 1000 || host->link == LINK_OK)
			continue;
		host->libvirt = WITNESS_SILENT;
		host->datastore = WITNESS_SILENT;
		host->power = POWER_ON;
		host->silent_ms = 60000;
		host->state_age_ms = 60000;
	}
}

/* --- what is wanted ------------------------------------------------------ */

static void
drop_steps(struct plan *plan, enum step_kind kind,
	   bool (*is_meant)(const struct snapshot *, const struct plan_step *),
	   const struct snapshot *snap)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind != kind ||
		    !is_meant(snap, &plan->steps[i]))
			plan->steps[n++] = plan->steps[i];
	plan->n_steps = n;
}

static bool
failed_before(const struct snapshot *snap, const struct plan_step *step)
{
	return snap->vms[step->vm].start_failures > 0;
}

static void
no_retry(const struct snapshot *snap, struct plan *plan)
{
	drop_steps(plan, STEP_START, failed_before, snap);
}

static bool
any(const struct snapshot *snap, const struct plan_step *step)
{
	(void)snap, (void)step;
	return true;
}

static void
no_clean(const struct snapshot *snap, struct plan *plan)
{
	drop_steps(plan, STEP_CLEAN, any, snap);
}

/* The command goes elsewhere than the record says. */
static void
wrong_host(const struct snapshot *snap, struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START)
			plan->steps[i].host =
				(plan->steps[i].host + 1) % snap->n_hosts;
}

static void
start_twice(const struct snapshot *snap, struct plan *plan)
{
	size_t n = plan->n_steps;

	for (size_t i = 0; i < n; i++) {
		const struct plan_step was = plan->steps[i];

		if (was.kind != STEP_START)
			continue;
		struct plan_step *again = plan_add_step(plan, STEP_START);
		again->vm = was.vm;
		again->host = (was.host + 1) % snap->n_hosts;
	}
}

/* --- the table ----------------------------------------------------------- */

static const struct bug {
	const char *name, *what;
	void (*see)(struct snapshot *snap);
	void (*want)(const struct snapshot *snap, struct plan *plan);
} bugs[] = {
	{ "unknown-is-off", "no answer of the BMC is off", unknown_is_off,
	  NULL },
	{ "off-for-ever", "what was off once is off", off_for_ever, NULL },
	{ "no-quiet", "the coordinator's absence counts as silence", no_quiet,
	  NULL },
	{ "no-guard", "hosts are fenced however many are silent", no_guard,
	  NULL },
	{ "intent-ignored", "what its user stopped is started", intent_ignored,
	  NULL },
	{ "in-flight-ignored", "a second command while one is under way",
	  start_in_flight_ignored, NULL },
	{ "doubt-is-failure", "a start without an answer is one that failed",
	  doubt_is_failure, NULL },
	{ "moves-ignored", "a VM is where the record says, moved or not",
	  moves_ignored, NULL },
	{ "stop-is-crash", "a user's stop is taken for a crash", stop_is_crash,
	  NULL },
	{ "old-reports", "a report is believed however old",
	  old_reports_are_fresh, NULL },
	{ "restart-unnoticed", "a host that booted anew is the same host",
	  restart_unnoticed, NULL },
	{ "nothing-is-off", "the proof never comes", nothing_is_off, NULL },
	{ "silence-is-hang", "a late heartbeat is a host that hangs",
	  silence_is_hang, NULL },
	{ "no-retry", "a start that failed is not tried again", NULL,
	  no_retry },
	{ "no-clean", "what is left on a returning host stays there", NULL,
	  no_clean },
	{ "wrong-host", "a start goes elsewhere than its record says", NULL,
	  wrong_host },
	{ "start-twice", "a start goes to two hosts", NULL, start_twice },
};

static const struct bug *chosen;

bool
plant_choose(const char *name)
{
	for (size_t i = 0; i < sizeof(bugs) / sizeof(*bugs); i++)
		if (strcmp(bugs[i].name, name) == 0) {
			chosen = &bugs[i];
			return true;
		}
	return false;
}

void
plant_reset(void)
{
	memset(was_off, 0, sizeof(was_off));
}

void
plant_list(FILE *to)
{
	for (size_t i = 0; i < sizeof(bugs) / sizeof(*bugs); i++)
		fprintf(to, "%-20s %s\n", bugs[i].name, bugs[i].what);
}

/* The snapshot is frozen for the mind, not for who bends it. */
struct plan *
__wrap_decide(const struct snapshot *snap)
{
	if (chosen != NULL && chosen->see != NULL)
		chosen->see((struct snapshot *)snap);
	struct plan *plan = __real_decide(snap);
	if (chosen != NULL && chosen->want != NULL)
		chosen->want(snap, plan);
	return plan;
}
