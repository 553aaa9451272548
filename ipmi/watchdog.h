/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/watchdog.h - the BMC's watchdog timer (IPMI 2.0, 27) as a lease: who
 * does not renew it is powered off by its own BMC.
 *
 *	arm	the timer is set and started: from now on the host is off at
 *		the latest timeout_ms after the last kick that arrived
 *	kick	it starts anew
 *	expires	the BMC acts by itself, with the network or without
 *	disarm	it is stopped: no promise any more
 *
 * Who renews counts from when the last *answered* kick was sent: the timer may
 * run out that early.  Who waits for the expiry counts from the latest moment
 * at which a kick may have arrived, which for a kick without an answer is not
 * when it was sent.  The promise holds only as long as the BMC has power: one
 *that lost it has forgotten the timer, and so has its host.
 */
#ifndef IPMI_WATCHDOG_H
#define IPMI_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/bmc.h"

enum watchdog_action {
	WATCHDOG_NOTHING = 0,
	WATCHDOG_RESET = 1,
	WATCHDOG_OFF = 2,
	WATCHDOG_CYCLE = 3
};

enum { WATCHDOG_MIN_MS = 1000, WATCHDOG_MAX_MS = 6553500 }; /* 100 ms units */

struct watchdog_state {
	enum ipmi_rc rc;
	bool running;
	enum watchdog_action action;
	int64_t timeout_ms, left_ms;
	char text[BMC_TEXT_MAX];
};

/* With arm, kick and disarm only rc and text tell.  A kick of a timer that is
 * not set ends with IPMI_CC: the lease is lost. */
typedef void (*watchdog_fn)(void *arg, const struct watchdog_state *state);

/* 0: refused, also for a timeout out of bounds.  The rest as in power.h. */
uint64_t watchdog_arm(struct bmc *bmc, int64_t timeout_ms,
		      enum watchdog_action action, int64_t deadline_ms,
		      watchdog_fn fn, void *arg);
uint64_t watchdog_kick(struct bmc *bmc, int64_t deadline_ms, watchdog_fn fn,
		       void *arg);
uint64_t watchdog_disarm(struct bmc *bmc, int64_t deadline_ms, watchdog_fn fn,
			 void *arg);
uint64_t watchdog_read(struct bmc *bmc, int64_t deadline_ms, watchdog_fn fn,
		       void *arg);

/* Pure; false: it makes no sense. */
bool watchdog_parse(const uint8_t *data, size_t len,
		    struct watchdog_state *ret_state);

#endif
