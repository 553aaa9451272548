/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/lease.h"

#include <string.h>

enum { NEVER = -1 };

void
lease_init(struct lease *lease)
{
	memset(lease, 0, sizeof(*lease));
	lease->lease_ms = LEASE_MS_PRESET;
	for (unsigned i = 0; i < LEASE_CONTACTS; i++)
		lease->contact_ms[i] = NEVER;
}

void
lease_control(struct lease *lease, bool on, int64_t lease_ms)
{
	lease->on = on;
	lease->lease_ms = lease_ms;
}

void
lease_contact(struct lease *lease, enum lease_contact from, int64_t at_ms,
	      int64_t now_ms)
{
	if (at_ms > now_ms)
		at_ms = now_ms;
	if (at_ms > lease->contact_ms[from])
		lease->contact_ms[from] = at_ms;
}

static int64_t
last_contact(const struct lease *lease)
{
	int64_t last_ms = NEVER;

	for (unsigned i = 0; i < LEASE_CONTACTS; i++)
		if (lease->contact_ms[i] > last_ms)
			last_ms = lease->contact_ms[i];
	return last_ms;
}

bool
lease_is_fresh(const struct lease *lease, int64_t now_ms)
{
	int64_t last_ms = last_contact(lease);

	return last_ms != NEVER && now_ms - last_ms < lease->lease_ms;
}

static int64_t
fire_at(const struct lease *lease)
{
	return last_contact(lease) + LEASE_FIRE_MS(lease->lease_ms);
}

/* Is the watchdog armed, and would an order make it better?  Each of these
 * keeps or lowers the time that is left, but for the first. */
static bool
wants_set(const struct lease *lease, int64_t now_ms)
{
	int64_t until_ms = fire_at(lease);
	int64_t step_ms = LEASE_STEP_MS(lease->lease_ms);

	if (lease_is_fresh(lease, now_ms) &&
	    until_ms >= lease->until_ms + step_ms)
		return true;
	if (until_ms < lease->until_ms) /* a shorter lease */
		return true;
	return lease->fires_ms > until_ms + LEASE_LATE_MS;
}

/* All else comes with contacts and answers. */
static struct lease_order
until_lost(const struct lease *lease, int64_t now_ms)
{
	int64_t lost_ms = last_contact(lease) + lease->lease_ms - now_ms;

	return (struct lease_order){ .wake_ms = lost_ms > 0 ? lost_ms : -1 };
}

/* With next to nothing left the watchdog fires anyway; but one that was set
 * for longer, before the lease was made shorter, is hastened. */
static int64_t
until_at_least(const struct lease *lease, int64_t until_ms, int64_t now_ms)
{
	int64_t least_ms = now_ms + LEASE_LEFT_MIN_MS;

	if (until_ms >= least_ms)
		return until_ms;
	return lease->armed && lease->fires_ms > least_ms + LEASE_LATE_MS
		       ? least_ms
		       : -1;
}

static struct lease_order
order_set(struct lease *lease, int64_t now_ms)
{
	int64_t until_ms = until_at_least(lease, fire_at(lease), now_ms);

	if (until_ms < 0)
		return (struct lease_order){ .wake_ms = -1 };
	lease->busy = true;
	return (struct lease_order){
		.what = LEASE_SET,
		.until_ms = until_ms,
		.sent_by_ms = lease->armed
				      ? until_ms
				      : last_contact(lease) + lease->lease_ms,
	};
}

struct lease_order
lease_next(struct lease *lease, int64_t now_ms)
{
	const struct lease_order nothing = { .wake_ms = -1 };

	if (lease->busy || lease->device < LEASE_DEVICE_BMC)
		return nothing;
	if (now_ms < lease->retry_ms)
		return (struct lease_order){ .wake_ms =
						     lease->retry_ms - now_ms };
	if (!lease->on) {
		lease->busy = lease->armed;
		return (struct lease_order){ .what = lease->armed
							     ? LEASE_CLEAR
							     : LEASE_NOTHING,
					     .wake_ms = -1 };
	}
	if (last_contact(lease) == NEVER)
		return nothing;
	if (lease->armed ? wants_set(lease, now_ms)
			 : lease_is_fresh(lease, now_ms))
		return order_set(lease, now_ms);
	return until_lost(lease, now_ms);
}

static void
was_set(struct lease *lease, const struct lease_order *order, int64_t fires_ms)
{
	if (!lease->armed)
		lease->times_armed++;
	lease->armed = true;
	lease->until_ms = order->until_ms;
	lease->fires_ms = fires_ms;
}

void
lease_ended(struct lease *lease, const struct lease_order *order,
	    enum lease_result result, int64_t fires_ms, int64_t now_ms)
{
	lease->busy = false;
	lease->failing = result == LEASE_FAILED || result == LEASE_UNSURE;
	if (result != LEASE_DONE)
		lease->retry_ms = now_ms + LEASE_RETRY_MS;
	if (result == LEASE_UNSURE && order->what == LEASE_SET)
		was_set(lease, order, order->until_ms + LEASE_UNSURE_MS);
	if (result != LEASE_DONE)
		return;
	if (order->what == LEASE_SET)
		was_set(lease, order, fires_ms);
	else
		lease->armed = false;
}

enum detail_lease_state
lease_state(const struct lease *lease, int64_t now_ms)
{
	if (!lease->on && !lease->armed)
		return LEASE_STATE_OFF;
	if (lease->device == LEASE_DEVICE_NONE)
		return LEASE_STATE_NO_DEVICE;
	if (lease->failing)
		return LEASE_STATE_FAILED;
	if (!lease->armed)
		return LEASE_STATE_WAITING;
	return lease_is_fresh(lease, now_ms) ? LEASE_STATE_HELD
					     : LEASE_STATE_LOST;
}

int64_t
lease_bound_ms(const struct lease *lease)
{
	int64_t bound_ms = LEASE_FIRE_MS(lease->lease_ms);

	if (lease->device < LEASE_DEVICE_BMC)
		return 0;
	if (lease->device == LEASE_DEVICE_FILE)
		bound_ms += LEASE_STEP_MS(lease->lease_ms) +
			    2 * (int64_t)LEASE_LATE_MS;
	else
		bound_ms += LEASE_UNSURE_MS;
	return bound_ms +
	       LEASE_FIRE_MS(lease->lease_ms) * LEASE_DRIFT_PERCENT / 100;
}

int64_t
lease_left_ms(const struct lease *lease, int64_t now_ms)
{
	return lease->armed && lease->fires_ms > now_ms
		       ? lease->fires_ms - now_ms
		       : 0;
}
