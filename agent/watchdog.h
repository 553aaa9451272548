/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/watchdog.h - the lease (agent/lease.h) with the device that enforces
 * it: the BMC's watchdog or one of the kernel's, held by a worker.
 *
 * The agent stops in good order: where VMs run, or nobody knows whether any
 * does, the watchdog stays armed, and the next agent has what is left of its
 * time to take it over.  Where none runs it is disarmed.
 */
#ifndef AGENT_WATCHDOG_H
#define AGENT_WATCHDOG_H

#include "agent/lease.h"
#include "agent/settings.h"
#include "agent/source.h"
#include "common/loop.h"

enum { WATCHDOG_END_MS = 3500, WATCHDOG_LOOK_MS = 10000 };

struct watchdog;

struct watchdog_options {
	const struct settings *settings; /* kept */
	void (*changed)(void *arg);      /* the state */
	/* The device was looked at, and says whether it had fired. */
	void (*looked)(void *arg, bool fired);
	void *arg;
};

struct watchdog *watchdog_new(struct loop *loop,
			      const struct watchdog_options *options);
void watchdog_free(struct watchdog *watchdog);

/* Nothing is started before it is turned on. */
void watchdog_control(struct watchdog *watchdog, bool on, int64_t lease_ms);
/* at_ms is CLOCK_BOOTTIME. */
void watchdog_contact(struct watchdog *watchdog, enum lease_contact from,
		      int64_t at_ms);

/* Call back when it may be left alone. */
void watchdog_end(struct watchdog *watchdog, bool vms_run, loop_fn fn,
		  void *arg);

/* All but times_fired. */
void watchdog_fill(const struct watchdog *watchdog,
		   struct detail_lease *ret_lease);
/* NULL while it is off. */
const struct source *watchdog_source(const struct watchdog *watchdog);

#endif
