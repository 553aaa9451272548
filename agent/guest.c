/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest.h"

#include <string.h>

/* --- what changed --------------------------------------------------------- */

static void
begin(struct guest_watch *watch, const struct guest_sample *sample)
{
	memset(watch, 0, sizeof(*watch));
	watch->begun = true;
	watch->last = *sample;
	watch->stats_ms = watch->worked_ms = watch->odd_ms = -1;
	watch->still_ms = sample->at_ms;
	watch->stamp = sample->stats_stamp;
	watch->agent_seen = sample->agent == GUEST_AGENT_CONNECTED;
}

static void
note_stats(struct guest_watch *watch, const struct guest_sample *sample)
{
	if (sample->stats_stamp == 0 || sample->stats_stamp == watch->stamp)
		return;
	watch->stamp = sample->stats_stamp;
	watch->stats_ms = sample->at_ms;
}

static void
note_work(struct guest_watch *watch, const struct guest_sample *sample)
{
	bool known = sample->has_counters && watch->last.has_counters;

	if (known && sample->io != watch->last.io)
		watch->worked_ms = sample->at_ms;
	if (!known || sample->io != watch->last.io)
		watch->still_ms = sample->at_ms;
}

static uint64_t
per_mille(uint64_t ns, int64_t ms)
{
	return ns / 1000 / (uint64_t)ms;
}

/* All stand still, or one spins and the others stand. */
static bool
is_odd(const struct guest_watch *watch, const struct guest_sample *sample)
{
	int64_t ms = sample->at_ms - watch->last.at_ms;

	if (!sample->has_vcpus || !watch->last.has_vcpus || ms <= 0 ||
	    sample->cpu_ns < watch->last.cpu_ns)
		return false;
	uint64_t all = sample->cpu_ns - watch->last.cpu_ns;
	uint64_t top = sample->busiest_ns < all ? sample->busiest_ns : all;

	if (per_mille(all + sample->waited_ns, ms) <= GUEST_STAND_PM)
		return true;
	/* On a host that is full one that spins waits most of the time. */
	return per_mille(top, ms) >= GUEST_RAN_PM &&
	       per_mille(top + sample->waited_ns, ms) >= GUEST_SPIN_PM &&
	       per_mille(all - top, ms) <=
		       (uint64_t)GUEST_STAND_PM * sample->n_vcpus;
}

static void
note_vcpus(struct guest_watch *watch, const struct guest_sample *sample)
{
	if (!is_odd(watch, sample))
		watch->odd_ms = -1;
	else if (watch->odd_ms < 0)
		watch->odd_ms = watch->last.at_ms;
}

static void
note_agent(struct guest_watch *watch, const struct guest_sample *sample)
{
	if (sample->agent == GUEST_AGENT_CONNECTED) {
		watch->agent_seen = true;
		watch->agent_lost = false;
	} else if (sample->agent == GUEST_AGENT_DISCONNECTED) {
		watch->agent_lost = watch->agent_seen;
	}
}

/* --- what it means -------------------------------------------------------- */

enum verdict { AGAINST = -1, NOTHING, FOR };

static enum verdict
ask_balloon(const struct guest_watch *watch)
{
	const struct guest_sample *now = &watch->last;
	int64_t patience =
		INT64_C(1000) * GUEST_STATS_MISSED * now->stats_period_s;

	if (now->stats_period_s == 0 || watch->stats_ms < 0)
		return NOTHING;
	if (patience < GUEST_STATS_LEAST_MS)
		patience = GUEST_STATS_LEAST_MS;
	return now->at_ms - watch->stats_ms <= patience ? FOR : AGAINST;
}

static enum verdict
ask_work(const struct guest_watch *watch)
{
	int64_t now_ms = watch->last.at_ms;

	if (watch->worked_ms >= 0 &&
	    now_ms - watch->worked_ms <= GUEST_WORKED_MS)
		return FOR;
	return now_ms - watch->still_ms >= GUEST_STILL_MS &&
			       watch->odd_ms >= 0 &&
			       now_ms - watch->odd_ms >= GUEST_STILL_MS
		       ? AGAINST
		       : NOTHING;
}

static enum report_liveness
weigh(const struct guest_watch *watch)
{
	const enum verdict verdicts[] = {
		ask_balloon(watch),
		ask_work(watch),
		watch->agent_lost ? AGAINST : NOTHING,
		watch->last.panicked ? AGAINST : NOTHING,
	};
	unsigned against = 0, in_favour = 0;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		against += verdicts[i] == AGAINST;
		in_favour += verdicts[i] == FOR;
	}
	if (in_favour > 0)
		return LIVENESS_ALIVE;
	return against == 0   ? LIVENESS_UNKNOWN
	       : against == 1 ? LIVENESS_SUSPECT
			      : LIVENESS_DEAD;
}

/* Nothing that was seen before a pause, a start or a reboot counts after it:
 * a guest that boots has no driver and no agent yet. */
enum report_liveness
guest_judge(struct guest_watch *watch, const struct guest_sample *sample)
{
	if (!sample->running) {
		watch->begun = false;
		return LIVENESS_UNKNOWN;
	}
	if (!watch->begun || sample->boot != watch->last.boot) {
		begin(watch, sample);
	} else if (sample->at_ms >= watch->last.at_ms) {
		note_stats(watch, sample);
		note_work(watch, sample);
		note_vcpus(watch, sample);
		note_agent(watch, sample);
		watch->last = *sample;
	}
	return weigh(watch);
}

uint32_t
guest_stats_age(const struct guest_watch *watch, int64_t now_ms)
{
	if (!watch->begun || watch->stats_ms < 0)
		return REPORT_AGE_NEVER;
	int64_t age = now_ms - watch->stats_ms;
	return age < 0                  ? 0
	       : age < REPORT_AGE_NEVER ? (uint32_t)age
					: REPORT_AGE_NEVER;
}
