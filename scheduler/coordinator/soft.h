/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/soft.h - a system that is asked to shut itself down,
 * and waited for.
 *
 * A BMC does one thing at a time, and a shutdown takes minutes: so the BMC is
 * not kept busy with waiting.  In between, probes of HA, readiness and orders
 * find it free.  Timeline:
 *	0	the power button, once; its effect is watched for SOFT_ASK_MS
 *	3 s	on: each SOFT_LOOK_MS two reads, until it is off or the time is
 *		over: IPMI_STUCK, or how the last look failed
 */
#ifndef SCHEDULER_COORDINATOR_SOFT_H
#define SCHEDULER_COORDINATOR_SOFT_H

#include "ipmi/power.h"
#include "scheduler/coordinator/coordinator.h"

enum {
	SOFT_ASK_MS = 3000,
	SOFT_LOOK_MS = 2000,
	SOFT_LOOK_DEADLINE_MS = 5000 /* slow BMCs need it */
};

/* wait_ms 0: POWER_SOFT_DEADLINE_MS.  Calls back once, as power_shut_down();
 * one that runs already for this host ends.  False: its BMC has too much to
 * do, and fn is not called. */
bool soft_start(struct coordinator *co, size_t host, int64_t wait_ms,
		power_fn fn, void *arg);

/* Another order came: one that is waited for ends with IPMI_CANCELLED. */
void soft_cancel(struct coordinator *co, size_t host);

/* The same for all of them; before their BMCs go. */
void soft_close(struct coordinator *co);

#endif
