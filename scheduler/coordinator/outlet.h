/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/outlet.h - one outlet of a PDU: read, proved off,
 * turned off or on, as ipmi/power.h does it with a chassis and with the same
 * result.  Only the state that is read counts, twice, POWER_VERIFY_GAP_MS
 * apart.
 *
 * Timeline of outlet_turn_off, from the call:
 *	0	state is read; off already: read again after the gap, done
 *	0+	off is sent; also when nothing could be read
 *	0.1 s	state is read, each 0.1 s for 2 s, then each 0.4 s; the second
 *		"off" in a row, 250 ms or more after the first: OK
 *	4 s	still on: off is sent once more
 *	end	still on: STUCK; no answer lately: TIMEOUT, or the reason
 *
 * An outlet that is off proves its host off only together with the other
 * outlets that feed it, and only if it is the right one.
 */
#ifndef SCHEDULER_COORDINATOR_OUTLET_H
#define SCHEDULER_COORDINATOR_OUTLET_H

#include "ipmi/power.h"
#include "scheduler/coordinator/pdu.h"

enum {
	OUTLET_READ_MS = 1400, /* one question */
	OUTLET_ON_DEADLINE_MS = 10000,
	/* An "on" of ours may take effect so long after it was sent: until
	 * then no "off" that is read proves anything. */
	OUTLET_SETTLE_MS = 5000
};

struct outlet;

/* `number` is kept by the caller. */
struct outlet *outlet_new(struct loop *loop, struct pdu *pdu,
			  const char *number);

/* Before its PDU.  What runs is called back with IPMI_CANCELLED. */
void outlet_free(struct outlet *outlet);

/*
 * One operation at a time.  A proof gives way to whatever comes, and all give
 * way to turning off: they end with IPMI_CANCELLED.  False: refused, fn is not
 * called.  Else it is called once, never from inside.
 */
bool outlet_is_busy(const struct outlet *outlet);
bool outlet_prove_off(struct outlet *outlet, int64_t deadline_ms, power_fn fn,
		      void *arg);
bool outlet_turn_off(struct outlet *outlet, int64_t deadline_ms, power_fn fn,
		     void *arg);
bool outlet_turn_on(struct outlet *outlet, int64_t deadline_ms, power_fn fn,
		    void *arg);

#endif
