/* SPDX-License-Identifier: Apache-2.0 */
/* snmp-mib/poller.h over a world: requests to agents and their answers. */
#include "snmp-mib/poller.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "scheduler/sim/driver.h"
#include "scheduler/sim/node.h"
#include "snmp-mib/engine.h"

enum { ROUND_TRIP_MS = 2 };

/* One question to one agent. */
struct question {
	struct poller_host *host;
	struct loop_timer *timer;
	int64_t asked_ms, deadline_ms; /* 0: none is asked */
	bool lost;
	union {
		poller_pulse_fn pulse;
		poller_report_fn report;
	} fn;
	void *arg;
};

struct poller {
	struct loop *loop;
};

struct poller_host {
	size_t host;
	struct question pulse, report;
};

int
snmp_engine_start(const char *program, const char *state, struct err *err)
{
	(void)program, (void)state, (void)err;
	return 0;
}

struct poller *
poller_new(struct loop *loop, const char *cache)
{
	struct poller *poller = xcalloc(1, sizeof(*poller));

	(void)cache;
	poller->loop = loop;
	return poller;
}

void
poller_free(struct poller *poller)
{
	free(poller);
}

int
poller_add_account(struct poller *poller, const struct snmp_account *account,
		   struct err *err)
{
	(void)poller, (void)account, (void)err;
	return 0;
}

/* --- what becomes of a question ------------------------------------------- */

/* 0: it is answered; -ETIMEDOUT: nothing comes back. */
static int
outcome(const struct question *q)
{
	struct world *world = driver_world();
	const struct host *host = &world->hosts[q->host->host];

	if (q->lost || !world_is_up(world, q->host->host) ||
	    !world_reaches(world, q->host->host, PLANE_MGMT, BOTH_WAYS) ||
	    host->agent_hung)
		return -ETIMEDOUT;
	return host->agent_dead ? -ENOENT : 0;
}

/* True: the answer is not there yet, or never will be, and is waited for. */
static bool
waits(struct question *q, int code)
{
	int64_t now_ms = clock_mono_ms(), end_ms = q->asked_ms + q->deadline_ms;

	if (code != -ETIMEDOUT || now_ms >= end_ms)
		return false;
	loop_timer_start(q->timer, end_ms - now_ms);
	q->lost = true;
	return true;
}

static struct poller_answer
close_question(struct question *q, int code)
{
	int64_t now_ms = clock_mono_ms();
	struct poller_answer answer = {
		.code = code,
		.text = code == 0         ? ""
			: code == -ENOENT ? "the agent is gone"
					  : "no answer",
		.took_us = (uint32_t)(now_ms - q->asked_ms) * 1000,
		.at_ms = now_ms,
	};

	q->deadline_ms = 0;
	return answer;
}

static void
pulse_ends(void *arg)
{
	struct question *q = arg;
	struct node_pulse pulse = { .health = HEALTH_UNKNOWN };
	int code = outcome(q);

	if (waits(q, code))
		return;
	if (code == 0)
		node_pulse(driver_world(), q->host->host, &pulse);
	const struct poller_answer answer = close_question(q, code);
	q->fn.pulse(q->arg, &answer, code == 0 ? &pulse : NULL);
}

static void
report_ends(void *arg)
{
	struct question *q = arg;
	int code = outcome(q);

	if (waits(q, code))
		return;
	const struct poller_answer answer = close_question(q, code);
	q->fn.report(q->arg, &answer,
		     code == 0 ? node_say(driver_world(), q->host->host)
			       : NULL);
}

static int
ask(struct question *q, int64_t deadline_ms, int64_t delay_ms, void *arg)
{
	struct world *world = driver_world();
	const struct host *host = &world->hosts[q->host->host];

	if (q->deadline_ms != 0)
		return -EBUSY;
	q->asked_ms = clock_mono_ms();
	q->deadline_ms = deadline_ms;
	q->arg = arg;
	q->lost =
		driver_is_cut() || delay_ms >= deadline_ms ||
		(host->loss_pm > 0 && world_draw(world, 1000) < host->loss_pm);
	loop_timer_start(q->timer, delay_ms + ROUND_TRIP_MS);
	return 0;
}

/* --- the door ------------------------------------------------------------- */

int
poller_host_new(struct poller *poller, const char *address, const char *account,
		struct poller_host **ret_host, struct err *err)
{
	size_t index = driver_find_agent(address);

	(void)account;
	if (index == WORLD_NONE)
		return err_set(err, -EINVAL, "%s: no such agent in this world",
			       address);
	struct poller_host *host = xcalloc(1, sizeof(*host));
	host->host = index;
	host->pulse.host = host->report.host = host;
	host->pulse.timer =
		loop_timer_new(poller->loop, pulse_ends, &host->pulse);
	host->report.timer =
		loop_timer_new(poller->loop, report_ends, &host->report);
	*ret_host = host;
	return 0;
}

void
poller_host_free(struct poller_host *host)
{
	loop_timer_free(host->pulse.timer);
	loop_timer_free(host->report.timer);
	free(host);
}

int
poller_pulse(struct poller_host *host, int64_t deadline_ms, poller_pulse_fn fn,
	     void *arg)
{
	int64_t delay_ms = driver_world()->hosts[host->host].reply_delay_ms;

	if (host->pulse.deadline_ms == 0)
		host->pulse.fn.pulse = fn;
	return ask(&host->pulse,
		   deadline_ms > 0 ? deadline_ms : POLLER_PULSE_MS, delay_ms,
		   arg);
}

int
poller_report(struct poller_host *host, const struct node_report *previous,
	      int64_t deadline_ms, poller_report_fn fn, void *arg)
{
	(void)previous;
	if (host->report.deadline_ms == 0)
		host->report.fn.report = fn;
	return ask(&host->report,
		   deadline_ms > 0 ? deadline_ms : POLLER_REPORT_MS, 3, arg);
}

/* No outlets and no leases in this world. */
int
poller_number(struct poller_host *host, const struct poller_ask *what,
	      int64_t deadline_ms, poller_number_fn fn, void *arg)
{
	(void)host, (void)what, (void)deadline_ms, (void)fn, (void)arg;
	return -EBUSY;
}

void
poller_host_state(const struct poller_host *host,
		  struct poller_state *ret_state)
{
	(void)host;
	*ret_state = (struct poller_state){ .engine_known = true };
}
