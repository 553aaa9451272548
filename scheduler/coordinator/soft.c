/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/soft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "scheduler/coordinator/power.h"

struct soft {
	struct soft *next;
	struct coordinator *co;
	struct bmc *bmc;
	size_t host;
	power_fn fn;
	void *arg;
	int64_t asked_ms, until_ms;
	unsigned commands_sent;
	uint64_t operation; /* at the BMC; 0: waits for its timer */
	struct loop_timer *timer;
	struct power_result last; /* of what was looked at */
};

static bool ask(struct soft *soft);

/* What is told of all of it, not of the last look. */
static void
describe(const struct soft *soft, struct power_result *result)
{
	int64_t took_s = (clock_mono_ms() - soft->asked_ms + 500) / 1000;
	size_t size = sizeof(result->text);

	result->commands_sent = soft->commands_sent;
	result->asked_ms = soft->asked_ms;
	if (result->rc == IPMI_CANCELLED)
		snprintf(result->text, size,
			 "cancelled: a fence, another order or the end of the "
			 "coordinator came first");
	else if (result->rc == IPMI_STUCK)
		snprintf(result->text, size,
			 "the BMC answers, but the system did not go in "
			 "%" PRId64 " s",
			 took_s);
	else if (result->rc == IPMI_OK)
		snprintf(result->text, size,
			 "off, read twice %" PRId64
			 " ms apart, %u commands, after %" PRId64 " s",
			 result->last_read_ms - result->first_read_ms,
			 soft->commands_sent, took_s);
}

static void
soft_end(struct soft *soft, const struct power_result *result)
{
	struct power_result whole = *result;
	struct soft **at = &soft->co->softs;

	while (*at != soft)
		at = &(*at)->next;
	*at = soft->next;
	loop_timer_free(soft->timer);
	describe(soft, &whole);
	soft->fn(soft->arg, &whole);
	free(soft);
}

/* It is on, or does not say: the last look tells how it ends. */
static void
end_in_vain(struct soft *soft)
{
	struct power_result *last = &soft->last;

	last->verified = false;
	if (last->rc == IPMI_OK)
		last->rc = IPMI_STUCK;
	soft_end(soft, last);
}

static void
wait_on(struct soft *soft)
{
	int64_t left_ms = soft->until_ms - clock_mono_ms();

	soft->operation = 0;
	if (left_ms <= 0)
		end_in_vain(soft);
	else
		loop_timer_start(soft->timer, left_ms < SOFT_LOOK_MS
						      ? left_ms
						      : SOFT_LOOK_MS);
}

static void
looked(void *arg, const struct power_result *result)
{
	struct soft *soft = arg;
	bool off = result->rc == IPMI_OK && result->power == IPMI_POWER_OFF;

	soft->last = *result;
	if (off || result->rc == IPMI_CANCELLED) {
		soft_end(soft, result);
		return;
	}
	power_take(soft->co, soft->host, result);
	wait_on(soft);
}

static void
look(void *arg)
{
	struct soft *soft = arg;

	soft->operation =
		power_prove_off(soft->bmc, SOFT_LOOK_DEADLINE_MS, looked, soft);
	if (soft->operation == 0)
		wait_on(soft);
}

/* Was it asked, and can it still go? */
static bool
may_go(const struct soft *soft, const struct power_result *result)
{
	return soft->commands_sent > 0 &&
	       (result->rc == IPMI_STUCK || result->rc == IPMI_TIMEOUT ||
		result->rc == IPMI_NO_SESSION);
}

static void
asked(void *arg, const struct power_result *result)
{
	struct soft *soft = arg;
	bool silent =
		result->commands_sent == 0 &&
		(result->rc == IPMI_TIMEOUT || result->rc == IPMI_NO_SESSION);

	soft->commands_sent += result->commands_sent;
	soft->last = *result;
	if (may_go(soft, result))
		wait_on(soft);
	else if (!silent || clock_mono_ms() >= soft->until_ms || !ask(soft))
		soft_end(soft, result);
}

static bool
ask(struct soft *soft)
{
	int64_t left_ms = soft->until_ms - clock_mono_ms();

	if (left_ms > SOFT_ASK_MS)
		left_ms = SOFT_ASK_MS;
	/* 0 would stand for the default. */
	soft->operation = power_shut_down(soft->bmc, left_ms > 0 ? left_ms : 1,
					  asked, soft);
	return soft->operation != 0;
}

bool
soft_start(struct coordinator *co, size_t host, int64_t wait_ms, power_fn fn,
	   void *arg)
{
	struct soft *soft = xcalloc(1, sizeof(*soft));

	soft_cancel(co, host);
	*soft = (struct soft){
		.next = co->softs,
		.co = co,
		.bmc = power_bmc(co, host),
		.host = host,
		.fn = fn,
		.arg = arg,
		.asked_ms = clock_mono_ms(),
	};
	soft->until_ms = soft->asked_ms +
			 (wait_ms > 0 ? wait_ms : POWER_SOFT_DEADLINE_MS);
	if (!ask(soft)) {
		free(soft);
		return false;
	}
	soft->timer = loop_timer_new(co->loop, look, soft);
	co->softs = soft;
	return true;
}

static void
cancel_one(struct soft *soft)
{
	static const struct power_result cancelled = { .rc = IPMI_CANCELLED,
						       .rtt_ms = -1 };

	if (soft->operation != 0)
		bmc_cancel(soft->bmc, soft->operation); /* which ends it */
	else
		soft_end(soft, &cancelled);
}

void
soft_cancel(struct coordinator *co, size_t host)
{
	struct soft *soft = co->softs;

	while (soft != NULL && soft->host != host)
		soft = soft->next;
	if (soft != NULL)
		cancel_one(soft);
}

void
soft_close(struct coordinator *co)
{
	struct soft *next;

	for (struct soft *soft = co->softs; soft != NULL; soft = next) {
		next = soft->next;
		cancel_one(soft);
	}
}
