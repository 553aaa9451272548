/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/watchdog.h - the BMC's watchdog timer (IPMI 2.0, 27) as a lease: who
 * does not renew it is powered off by its own BMC.
 *
 *	T	arm: the timer is set (it stands still), then started by a
 *		first kick.  A host that dies between the two is not cut off.
 *		One that runs goes on with the new time: arming is a kick, too.
 *	T + n	kick: it starts anew
 *	L	the last kick arrives.  Who sent it knows only: not before it
 *		was sent, and not after its callback; but behind a callback
 *		with IPMI_TIMEOUT copies of it may arrive for 8 s more.
 *	L + timeout_ms
 *		it expires: the BMC acts by itself, with the network or
 *		without.  Who must be done by then counts from when L was sent;
 *		who waits for it, from the latest that L can have arrived.  The
 *		BMC's clock is not ours: allow some per cent.
 *	any	disarm: it stands still; no promise any more.  A kick that
 *		comes late starts it, and its end does nothing.
 *
 * What a kick proves: that the BMC took it, and that the timer was set then.
 *
 * What L + timeout_ms proves without asking: that the host is off, if it was
 * armed with WATCHDOG_OFF, if the BMC had power all that time, if nobody else
 * set the one timer there is (the firmware at a boot, the system's own
 * ipmi_watchdog, another operator) and if the chassis obeyed.  Of these the
 * caller knows only the first; a read of the power that says off, twice,
 * proves what this only makes likely.  A BMC that lost power has forgotten the
 * timer; where its host has the same power, that is off as well.
 *
 * What it does not prove: that the host stays off.  Somebody may power it on
 * the moment after.
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
	bool expired; /* once, since it was set last */
	enum watchdog_action action;
	int64_t timeout_ms, left_ms;
	/* Arm and kick: the BMC has no timer that is set (IPMI_CC): the lease
	 * is lost, and has to be armed anew. */
	bool lost;
	char text[BMC_TEXT_MAX];
};

/* With arm, kick and disarm only rc, lost and text tell. */
typedef void (*watchdog_fn)(void *arg, const struct watchdog_state *state);

/* 0: refused, also for a timeout out of bounds.  The rest as in power.h.  The
 * deadline of arm counts for each of its two requests. */
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
