/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/power_states.h"

#include "common/alloc.h"
#include "common/clock.h"

enum { CLOCKS_APART_MS = 100 }; /* between two looks at one clock */

int64_t
power_states_clocks(void)
{
	int64_t before_ms = clock_mono_ms();
	int64_t boot_ms = clock_boot_ms();
	int64_t mono_ms = clock_mono_ms();

	/* Something came between: they do not belong together. */
	return mono_ms - before_ms > CLOCKS_APART_MS || boot_ms < mono_ms
		       ? -1
		       : boot_ms - mono_ms;
}

void
power_states_init(struct power_states *states, int64_t start_ms,
		  int64_t asleep_ms)
{
	*states = (struct power_states){ .start_ms = start_ms,
					 .asleep_ms = asleep_ms };
}

void
power_states_look(struct power_states *states, int64_t asleep_ms)
{
	if (asleep_ms < 0)
		return;
	if (states->asleep_ms >= 0 &&
	    asleep_ms - states->asleep_ms >= POWER_SLEEP_MS) {
		states->slept_ms += asleep_ms - states->asleep_ms;
		states->sleeps++;
		states->asleep_ms = asleep_ms;
	}
	if (states->asleep_ms < 0)
		states->asleep_ms = asleep_ms;
}

/* TimeTicks begin again from 0 after 497 days. */
static uint32_t
ticks_of(int64_t ms)
{
	return ms < 0 ? 0 : (uint32_t)(ms / 10);
}

void
power_states_fill(const struct power_states *states, int64_t now_ms,
		  struct node_detail *detail)
{
	const struct {
		uint32_t state, ticks, entered;
	} rows[] = {
		{ DETAIL_POWER_STATE_OFF, 0, 0 },
		{ DETAIL_POWER_STATE_SLEEP, ticks_of(states->slept_ms),
		  states->sleeps },
		/* It was on when we began. */
		{ DETAIL_POWER_STATE_ON, ticks_of(now_ms - states->start_ms),
		  states->sleeps + 1 },
	};
	enum { STATES = sizeof(rows) / sizeof(rows[0]) };

	detail->power_states = xcalloc(detail->n_powers * STATES + 1,
				       sizeof(*detail->power_states));
	for (size_t i = 0; i < detail->n_powers; i++)
		for (size_t j = 0; j < STATES; j++)
			detail->power_states[detail->n_power_states++] =
				(struct detail_power_state){
					.index = detail->powers[i].index,
					.state = rows[j].state,
					.max_power = -1,
					.multiplier =
						detail->powers[i].multiplier,
					.total_ticks = rows[j].ticks,
					.entered = rows[j].entered,
				};
}
