/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/turn.h"

#include <stdio.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/alarm.h"
#include "scheduler/coordinator/execute.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/learn.h"
#include "scheduler/coordinator/lease_book.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/policy/decide.h"

#define TURN_GAP_MS 3000

static void
note_store(struct coordinator *co, struct plan *plan)
{
	const char *health = store_health(co->store);
	char *trouble = co->reg.store_trouble;

	snprintf(trouble, sizeof(co->reg.store_trouble), "%s",
		 store_is_ok(co->store) ? "" : health);
	if (trouble[0] == '\0')
		return;
	struct plan_alarm *alarm = plan_add_alarm(plan, SEVERITY_CRITICAL,
						  "store", co->settings->site);
	reason_set(alarm->text,
		   "the store cannot be written; nothing is started or "
		   "powered off until it can: %s",
		   trouble);
}

static void
learn_new(struct coordinator *co, const struct plan *plan)
{
	if (plan->n_vm_changes == 0)
		return;
	for (size_t i = 0; i < co->reg.n_hosts; i++)
		learn_from_report(co, i);
}

/* A gap in our own turns (stopped, swapped out, a stuck disk) is our absence,
 * not the hosts' silence: the quiet period begins anew. */
static void
notice_gap(struct registry *reg, int64_t now_ms)
{
	if (reg->turn_ms != 0 && now_ms - reg->turn_ms > TURN_GAP_MS)
		reg->awake_ms = now_ms;
	reg->turn_ms = now_ms;
}

void
turn_take(struct coordinator *co, int64_t now_ms)
{
	struct err err;

	notice_gap(&co->reg, now_ms);
	lease_book_look(&co->reg, co->store, now_ms, clock_wall_ms());
	struct snapshot *snap = freeze(&co->reg, now_ms);
	struct plan *plan = decide(snap);
	cleanup_free int64_t *commands =
		xcalloc(plan->n_steps, sizeof(*commands));

	if (record_plan(&co->reg, co->store, snap, plan, clock_wall_ms(),
			commands, &err) < 0) {
		if (co->reg.store_trouble[0] == '\0') /* said once */
			log_error("store", "nothing is done: %s", err.text);
	} else {
		execute(co, plan, commands);
		learn_new(co, plan);
		if (plan->n_host_changes + plan->n_vm_changes > 0)
			coordinator_tell(co);
	}
	note_store(co, plan);
	alarm_update(co, plan->alarms, plan->n_alarms, now_ms);
	plan_free(plan);
	snapshot_free(snap);
}
