/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog: counts down, warns, and acts on the chassis. */
#include <string.h>

#include "tests/farm/farm.h"

enum {
	TICK_MS = 100,
	SENSOR_TYPE = 0x23,
	DISCRETE = 0x6f,
	WARNED = 8, /* offset of the event before the end */
	HAS_DETAILS = 0xc0,
	DONT_LOG = 0x80,
	DONT_STOP = 0x40,
	RUNS = 0x40
};

enum { ACT_NOTHING, ACT_RESET, ACT_OFF, ACT_CYCLE };

static void expire(void *arg);

static void
log_event(struct bmc *bmc, uint8_t offset)
{
	const struct watchdog *w = &bmc->watchdog;
	const uint8_t data[3] = { HAS_DETAILS | offset,
				  (w->action & 0x70) | (w->use & 7), 0xff };

	if (!(w->use & DONT_LOG))
		sel_log(bmc, SENSOR_TYPE, SENSOR_WATCHDOG, DISCRETE, data);
}

static void
act(struct bmc *bmc)
{
	static const uint8_t steps[] = { [ACT_RESET] = STEP_RESET,
					 [ACT_OFF] = STEP_OFF,
					 [ACT_CYCLE] = STEP_CYCLE };
	uint8_t action = bmc->watchdog.action & 7;

	if (action != ACT_NOTHING && !bmc->faults.stuck)
		chassis_plan(bmc, steps[action], CAUSE_WATCHDOG,
			     bmc->faults.hw_delay_ms);
}

/* At the pre-timeout, if there is one, and at the end. */
static void
start(struct bmc *bmc)
{
	struct watchdog *w = &bmc->watchdog;
	int64_t at_ms = w->end_ms;

	if (!w->warned && (w->action & 0x70) != 0)
		at_ms -= (int64_t)w->interval_s * 1000;
	timer_start(&w->timer, at_ms, expire, bmc);
}

static void
expire(void *arg)
{
	struct bmc *bmc = arg;
	struct watchdog *w = &bmc->watchdog;

	if (farm.now_ms < w->end_ms) {
		w->warned = true;
		log_event(bmc, WARNED);
		start(bmc);
		return;
	}
	w->runs = false;
	w->left_ms = 0;
	w->expired |= (uint8_t)(1u << (w->use & 7));
	w->states = (uint8_t)(1u << (w->action & 7));
	log_event(bmc, w->action & 7);
	act(bmc);
}

void
watchdog_stop(struct bmc *bmc)
{
	struct watchdog *w = &bmc->watchdog;

	if (w->runs)
		w->left_ms = w->end_ms - farm.now_ms;
	w->runs = false;
	timer_stop(&w->timer);
}

/* --- commands ------------------------------------------------------------ */

static void
count_down(struct bmc *bmc)
{
	struct watchdog *w = &bmc->watchdog;

	w->warned = false;
	w->runs = true;
	w->end_ms = farm.now_ms + (int64_t)w->count * TICK_MS;
	start(bmc);
}

size_t
watchdog_set(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const uint8_t *d = request->data;
	struct watchdog *w = &bmc->watchdog;
	bool goes_on = w->runs && (d[0] & DONT_STOP);

	if ((d[0] & 7) == 0 || (d[0] & 7) > 5 || (d[1] & 7) > ACT_CYCLE ||
	    (d[1] >> 4 & 7) > 3)
		return refuse(r, 0xcc);
	watchdog_stop(bmc);
	w->use = d[0];
	w->action = d[1];
	w->interval_s = d[2];
	w->expired &= (uint8_t)~d[3];
	w->count = (uint16_t)get_le(d + 4, 2);
	w->left_ms = (int64_t)w->count * TICK_MS;
	w->is_set = true;
	w->states = 0;
	if (goes_on)
		count_down(bmc);
	return 0;
}

size_t
watchdog_reset(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	if (!bmc->watchdog.is_set)
		return refuse(r, 0x80);
	count_down(bmc);
	return 0;
}

size_t
watchdog_get(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const struct watchdog *w = &bmc->watchdog;
	int64_t left_ms = w->runs ? w->end_ms - farm.now_ms : w->left_ms;

	(void)request;
	r[0] = (uint8_t)((w->use & (DONT_LOG | 7)) | (w->runs ? RUNS : 0));
	r[1] = w->action;
	r[2] = w->interval_s;
	r[3] = w->expired;
	put_le(r + 4, w->count, 2);
	put_le(r + 6, left_ms > 0 ? (uint32_t)(left_ms / TICK_MS) : 0, 2);
	return 8;
}
