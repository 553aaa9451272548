/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/lease.h - when the watchdog is given time, and how much.  Pure: time
 * is an argument, by CLOCK_BOOTTIME, which goes on while the host sleeps.
 *
 * A host that is cut off from the datastores and from the coordinator must be
 * dead at a time that others can count to.  So the watchdog is set only upon
 * a contact: our heartbeat was written, or the coordinator's renewal came.  A
 * contact counts from where nobody can have seen it earlier: from before the
 * write began, from when the renewal arrived.  The watchdog is never "kicked";
 * it is told the one moment it has to fire at, in what is left until then.
 *
 * Timeline at lease-ms 20000, from the last contact:
 *	 0.0 s	contact: the moment to fire is 25.0 s, LEASE_FIRE_MS.  It is
 *		set when it lies LEASE_STEP_MS (2.5 s) behind that of the
 *		contact it was set for, so what is set is up to 2.5 s early
 *	20.0 s	lease-ms: the lease is lost.  A new contact saves it still
 *	21.5 s	the earliest that the watchdog fires (a step, and a second by
 *		which devices are coarse)
 *	25.0 s	LEASE_FIRE_MS: it fires, wherever the agent hangs
 *	26.5 s	the latest of all but bad luck: a second that the order may be
 *		under way, 2 % by which the device's clock may be slow
 *	30.0 s	lease_bound_ms() of a character device: when the process that
 *		holds it is killed, the kernel starts the time that was set last
 *		once more.  So that process sets what is left anew each step
 *	35.5 s	the same of a BMC: the last order it took may be one that
 *		nobody answered for, done LEASE_UNSURE_MS late, and the one
 *		that would correct it may find the BMC deaf
 *
 * Rules:
 *   - Armed only while the lease is held: a host that never had a contact is
 *     never cut off for want of one.
 *   - No order makes the watchdog fire later than the last contact allows.
 *     One that comes late, because the loop or the device was held up, finds
 *     less time left; one that was under way for too long is corrected by the
 *     next.  What was sent is reckoned with as if it came as late as it can.
 *   - Without a contact that is known to be fresh nothing but the same moment
 *     or an earlier one is set.
 *   - The agent ends or is killed: the watchdog goes on counting.  A new agent
 *     that has a contact in time takes it over; it keeps quiet until then.
 *   - Turned off by the operator: disarmed.
 *   - The host sleeps: a BMC counts on and fires; other devices mostly stand
 *     still, and the bound does not hold.
 *   - The device cannot be set while it should be: the state is failed, and
 *     what was set before still counts down.
 */
#ifndef AGENT_LEASE_H
#define AGENT_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "snmp-mib/detail_lease.h"

enum {
	LEASE_LATE_MS = 1000,    /* an order may be under way */
	LEASE_UNSURE_MS = 10000, /* one that nobody answered for, at most */
	LEASE_RETRY_MS = 1000,
	LEASE_LEFT_MIN_MS = 2000, /* less is not set: it fires anyway */
	LEASE_DRIFT_PERCENT = 2
};

#define LEASE_GRACE_MS(lease_ms) ((lease_ms) / 4)
#define LEASE_FIRE_MS(lease_ms)  ((lease_ms) + LEASE_GRACE_MS(lease_ms))
#define LEASE_STEP_MS(lease_ms)  ((lease_ms) / 8)

enum lease_device {
	LEASE_DEVICE_UNKNOWN, /* not looked yet */
	LEASE_DEVICE_NONE,
	LEASE_DEVICE_BMC,
	LEASE_DEVICE_FILE
};
enum lease_contact { LEASE_BY_DATASTORE, LEASE_BY_COORDINATOR, LEASE_CONTACTS };

enum lease_what { LEASE_NOTHING, LEASE_SET, LEASE_CLEAR };

/* Times are absolute, but for wake_ms. */
struct lease_order {
	enum lease_what what;
	int64_t until_ms;   /* SET: the watchdog has to fire then, or before */
	int64_t sent_by_ms; /* SET: later it is not to be done any more */
	int64_t wake_ms;    /* NOTHING: look again after this; -1: no need */
};

enum lease_result {
	LEASE_UNSURE, /* nobody knows: also what a damaged message says */
	LEASE_DONE,
	LEASE_TOO_LATE, /* not done: there was not enough time left */
	LEASE_FAILED    /* not done */
};

struct lease {
	bool on;
	int64_t lease_ms;
	enum lease_device device;
	int64_t contact_ms[LEASE_CONTACTS]; /* -1: never */

	bool busy; /* an order is under way */
	bool armed, failing;
	int64_t until_ms; /* what was asked for then */
	int64_t fires_ms; /* the latest that it fires, as it is set */
	int64_t retry_ms; /* nothing before this */
	uint32_t times_armed;
};

void lease_init(struct lease *lease);

void lease_control(struct lease *lease, bool on, int64_t lease_ms);
void lease_contact(struct lease *lease, enum lease_contact from, int64_t at_ms,
		   int64_t now_ms);

/* What to do now; an order that is not LEASE_NOTHING is under way until
 * lease_ended(). */
struct lease_order lease_next(struct lease *lease, int64_t now_ms);

/* `fires_ms`: with LEASE_DONE of SET, the latest that it fires. */
void lease_ended(struct lease *lease, const struct lease_order *order,
		 enum lease_result result, int64_t fires_ms, int64_t now_ms);

bool lease_is_fresh(const struct lease *lease, int64_t now_ms);
enum detail_lease_state lease_state(const struct lease *lease, int64_t now_ms);

/* From the last contact, as others may count; 0 without a device. */
int64_t lease_bound_ms(const struct lease *lease);

/* Until it fires; 0: not armed, or due. */
int64_t lease_left_ms(const struct lease *lease, int64_t now_ms);

#endif
