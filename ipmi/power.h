/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/power.h - chassis power: read, prove off, turn off, turn on, shut down.
 *
 * Only "off" and "on" are ever sent, and "soft" (the power button) once when
 * the system is to be asked; never cycle or reset, since a message may be
 * repeated on its way and only these may be repeated without harm.  A command
 * counts for nothing: what counts is what the BMC says when it is asked,
 * twice, POWER_VERIFY_GAP_MS apart (bmc_set_verify_gap() makes it longer).
 *
 * Timeline of power_turn_off, from the call:
 *	0	state is read; already off: second read after the gap, done
 *		without a command (commands_sent 0)
 *	0+	off is sent once
 *	0.05 s	state is read, each 50 ms for 2 s, then each 0.4 s; the second
 *		"off" in a row at least 250 ms after the first ends it: OK
 *	4 s	still on: off is sent once more
 *	10 s	still on: STUCK (IPMI_CC when the BMC refused the command);
 *		no answer lately: TIMEOUT
 *
 * The ladder, from the gentle end: power_shut_down_or_off (soft, then as
 * above), off, off again, STUCK; what comes then (a second BMC, an outlet, a
 * person) is the caller's next fence level.
 *
 * power_turn_on waits until POWER_OFF_ON_PAUSE_MS have passed since the power
 * was seen to go.
 *
 * power_turn_off is a fence: it goes to the head of the queue, cancels a
 * power_turn_on that waits or runs, and as long as it lasts a new one is
 * refused.  No "on" of ours can follow it.
 *
 * Callbacks: each operation that was accepted calls back exactly once, never
 * before the call that started it has returned; for bmc_cancel() and
 * bmc_free() before those return.  The result is valid during the callback.
 * A callback may start and cancel operations and free the BMC.
 */
#ifndef IPMI_POWER_H
#define IPMI_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipmi/bmc.h"

enum {
	POWER_VERIFY_GAP_MS = 250,
	POWER_READ_DEADLINE_MS = 1400, /* defaults, for deadline_ms = 0 */
	POWER_PROVE_DEADLINE_MS = 1500,
	POWER_OFF_DEADLINE_MS = 10000,
	POWER_ON_DEADLINE_MS = 20000,
	POWER_SOFT_DEADLINE_MS = 120000,
	POWER_OFF_AGAIN_MS = 4000,
	POWER_ON_AGAIN_MS = 6000,
	POWER_OFF_ON_PAUSE_MS = 5000
};

/* Bits of `last_event`: why power went or came last (Get Chassis Status). */
enum {
	POWER_EVENT_AC_FAILED = 1,
	POWER_EVENT_OVERLOAD = 2,
	POWER_EVENT_INTERLOCK = 4,
	POWER_EVENT_FAULT = 8,
	POWER_EVENT_ON_BY_IPMI = 16
};

struct power_result {
	enum ipmi_rc rc;
	/* With IPMI_OK what was read; with IPMI_STUCK, IPMI_CC: on or unknown;
	 * else unknown.  Off is never said with another rc than IPMI_OK. */
	enum ipmi_power power;
	/* Two reads in a row, the second sent POWER_VERIFY_GAP_MS or more after
	 * the answer to the first, said `power`.  Only this is proof. */
	bool verified;
	uint8_t completion_code; /* last one that was not 0 */
	unsigned reads;          /* answers that told the state */
	unsigned commands_sent;
	int64_t asked_ms, done_ms;           /* monotonic */
	int64_t first_read_ms, last_read_ms; /* monotonic; of the two reads that
						agree; 0: none */
	int64_t last_read_wall_ms;           /* Unix time of the last */
	int64_t rtt_ms;                      /* of the last; -1: none */
	uint8_t status[3];  /* Get Chassis Status as last read: power state with
			       restore policy, last event, misc */
	uint8_t last_event; /* POWER_EVENT_*, = status[1] */
	char text[BMC_TEXT_MAX]; /* for a person: "off, read twice 251 ms apart"
				  */
};

typedef void (*power_fn)(void *arg, const struct power_result *result);

/*
 * All of them: deadline_ms counts from the call, waiting in the queue
 * included; 0 means the default.  The return value names the operation; 0
 * means refused (queue full, or the BMC is being freed) and that fn will not
 * be called.
 */

/* One read.  OK with on or off; not proof. */
uint64_t power_read(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
		    void *arg);

/* Two off reads without sending a command: OK, off, verified.  Any on read
 * ends it: OK, on. */
uint64_t power_prove_off(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
			 void *arg);

/* OK means off, verified. */
uint64_t power_turn_off(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
			void *arg);

/* OK means on, verified; sent again once at POWER_ON_AGAIN_MS. */
uint64_t power_turn_on(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
		       void *arg);

/* The system is asked to shut itself down.  OK means off, verified; STUCK that
 * it did not do so in time.  It is not turned off. */
uint64_t power_shut_down(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
			 void *arg);

/* The same for soft_ms (0: the default), then power_turn_off with a deadline
 * of its own, counted from then. */
uint64_t power_shut_down_or_off(struct bmc *bmc, int64_t soft_ms, power_fn fn,
				void *arg);

/* What the host does when mains power returns, from power_result.status[0]:
 * "off", "previous", "on", "unknown" (Get Chassis Status, restore policy). */
const char *power_restore_policy_name(uint8_t status);

/* Why power went or came last, from last_event: "on by IPMI", "AC failed". */
const char *power_event_name(uint8_t last_event);

#endif
