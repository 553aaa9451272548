/* SPDX-License-Identifier: Apache-2.0 */
/* Power: what is asked, what is done, and what is only said. */
#include "tests/farm/farm.h"

enum {
	CYCLE_MS = 1000,          /* off, within a cycle */
	SENSOR_TYPE_POWER = 0x09, /* events: 0 off, 1 cycle */
	SENSOR_TYPE_BOOT = 0x1d,  /* 1: after a hard reset */
	DISCRETE = 0x6f,
	NO_LONGER = 0x80,
	ON_BY_IPMI = 0x10
};

static void
log_power(struct bmc *bmc, uint8_t type, uint8_t event, uint8_t offset)
{
	const uint8_t data[3] = { offset, 0xff, 0xff };

	sel_log(bmc, type, SENSOR_POWER_UNIT, event, data);
}

static void
turn_off(struct bmc *bmc, uint8_t offset)
{
	if (!bmc->chassis.on)
		return;
	bmc->chassis.on = false;
	watchdog_stop(bmc);
	log_power(bmc, SENSOR_TYPE_POWER, DISCRETE, offset);
}

static void
turn_on(struct bmc *bmc)
{
	struct chassis *c = &bmc->chassis;

	if (c->on)
		return;
	c->on = true;
	c->restart_cause = c->cause;
	c->last_event = c->cause == CAUSE_COMMAND ? ON_BY_IPMI : 0;
	log_power(bmc, SENSOR_TYPE_POWER, DISCRETE | NO_LONGER, 0);
}

static void
reset(struct bmc *bmc)
{
	if (!bmc->chassis.on)
		return;
	bmc->chassis.restart_cause = bmc->chassis.cause;
	watchdog_stop(bmc);
	log_power(bmc, SENSOR_TYPE_BOOT, DISCRETE, 1);
}

static void
step(void *arg)
{
	struct bmc *bmc = arg;
	struct chassis *c = &bmc->chassis;

	c->said_off = false;
	if (c->step == STEP_ON)
		turn_on(bmc);
	else if (c->step == STEP_RESET)
		reset(bmc);
	else
		turn_off(bmc, c->step == STEP_CYCLE ? 1 : 0);
	if (c->step == STEP_CYCLE)
		chassis_plan(bmc, STEP_ON, c->cause, CYCLE_MS);
}

void
chassis_plan(struct bmc *bmc, uint8_t what, uint8_t cause, int64_t in_ms)
{
	struct chassis *c = &bmc->chassis;

	timer_stop(&c->timer); /* the last word counts */
	c->step = what;
	c->cause = cause;
	if (in_ms == 0)
		step(bmc);
	else
		timer_start(&c->timer, farm.now_ms + in_ms, step, bmc);
}

void
chassis_init(struct bmc *bmc)
{
	bmc->chassis.on = true;
	bmc->chassis.policy = 1;
	bmc->chassis.last_event = ON_BY_IPMI;
	bmc->chassis.restart_cause = CAUSE_COMMAND;
}

/* --- commands ------------------------------------------------------------ */

static uint8_t
identify_state(const struct chassis *c)
{
	if (c->identify == 255)
		return 2;
	return c->identify != 0 && farm.now_ms < c->identify_end_ms;
}

size_t
chassis_status(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const struct chassis *c = &bmc->chassis;
	bool on = c->on && !(bmc->faults.early_yes && c->said_off);

	(void)request;
	bmc->counts.reads++;
	r[0] = (uint8_t)(on | c->policy << 5);
	r[1] = c->last_event;
	r[2] = (uint8_t)(0x40 | identify_state(c) << 4);
	return 3;
}

static const struct {
	size_t count; /* which one in struct counts */
	bool is_known, needs_on;
	uint8_t step;
} controls[] = {
	{ offsetof(struct counts, offs), true, false, STEP_OFF },
	{ offsetof(struct counts, ons), true, false, STEP_ON },
	{ offsetof(struct counts, cycles), true, true, STEP_CYCLE },
	{ offsetof(struct counts, resets), true, true, STEP_RESET },
	{ 0, false, false, 0 }, /* diagnostic interrupt */
	{ offsetof(struct counts, softs), true, false, STEP_OFF },
};

size_t
chassis_control(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	uint8_t what = request->data[0] & 0x0f;

	if (bmc->faults.control_code != 0)
		return refuse(r, (uint8_t)bmc->faults.control_code);
	if (what >= sizeof(controls) / sizeof(controls[0]) ||
	    !controls[what].is_known)
		return refuse(r, 0xcc);
	++*(unsigned *)((char *)&bmc->counts + controls[what].count);
	if (controls[what].needs_on && !bmc->chassis.on)
		return refuse(r, 0xd5);
	bmc->chassis.said_off = what == 0;
	if (!bmc->faults.stuck)
		chassis_plan(bmc, controls[what].step, CAUSE_COMMAND,
			     bmc->faults.hw_delay_ms);
	return 0;
}

size_t
chassis_identify(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	struct chassis *c = &bmc->chassis;

	(void)r;
	c->identify = request->len > 0 ? request->data[0] : 15;
	if (request->len > 1 && (request->data[1] & 1))
		c->identify = 255;
	c->identify_end_ms = farm.now_ms + (int64_t)c->identify * 1000;
	return 0;
}

size_t
restart_cause(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	r[0] = bmc->chassis.restart_cause;
	r[1] = 1;
	return 2;
}
