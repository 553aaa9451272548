/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/power_states.h - how long this host has been on and asleep, for
 * eoPowerStateTable of ENERGY-OBJECT-MIB.  Pure: times are arguments.
 *
 * All things whose power is told sleep and wake with the host, and off is what
 * no agent sees of itself: its row says that they can be.  A sleep is known by
 * the two clocks of the kernel, of which one stands meanwhile.
 */
#ifndef AGENT_POWER_STATES_H
#define AGENT_POWER_STATES_H

#include <stdint.h>

#include "snmp-mib/node_detail.h"

enum { POWER_SLEEP_MS = 1000 }; /* less is no sleep, but scheduling */

struct power_states {
	int64_t start_ms;  /* CLOCK_MONOTONIC, which does not count sleep */
	int64_t asleep_ms; /* since the boot, when we looked last */
	int64_t slept_ms;  /* since the start */
	uint32_t sleeps;
};

/* How long the host has slept since its boot; -1: try again. */
int64_t power_states_clocks(void);

void power_states_init(struct power_states *states, int64_t start_ms,
		       int64_t asleep_ms);
/* asleep_ms: -1 changes nothing. */
void power_states_look(struct power_states *states, int64_t asleep_ms);
/* Rows for each row of eoPowerTable, which is there. */
void power_states_fill(const struct power_states *states, int64_t now_ms,
		       struct node_detail *detail);

#endif
