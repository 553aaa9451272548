/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/readiness.h - would a fence work now?  Asked every two
 * minutes, before it is needed, and without touching the power:
 *
 *	a session is there or can be opened
 *	it may have the privilege that power needs (Set Session Privilege
 *	Level, IPMI 2.0 22.18)
 *	the chassis tells its state, and no control fault stands
 *
 * An outlet has to tell its state; whether it may be switched shows only when
 * it is.
 */
#ifndef SCHEDULER_COORDINATOR_READINESS_H
#define SCHEDULER_COORDINATOR_READINESS_H

#include "common/loop.h"
#include "ipmi/power.h"
#include "scheduler/coordinator/outlet.h"

enum {
	READINESS_FIRST_MS = 5000,
	READINESS_PERIOD_MS = 120000,
	READINESS_RETRY_MS = 6000,  /* after a failure, and until */
	READINESS_SURE = 3,         /* so many passed in a row */
	READINESS_DEADLINE_MS = 5000
};

struct readiness;

/* `number` spreads many of them over the period. */
struct readiness *readiness_new(struct loop *loop, struct bmc *bmc,
				size_t number);
struct readiness *readiness_new_outlet(struct loop *loop, struct outlet *outlet,
				       size_t number);

/* Before its BMC; after its outlet, whose end calls back. */
void readiness_free(struct readiness *readiness);

struct readiness_state {
	bool known;              /* it was asked to the end at least once */
	bool ready;              /* at the last time */
	int64_t checked_ms;      /* monotonic */
	enum ipmi_power power;   /* as it was read then */
	char text[BMC_TEXT_MAX]; /* why not; "" when ready */
};

const struct readiness_state *readiness_get(const struct readiness *readiness);

#endif
