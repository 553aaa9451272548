/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/alarms.h - the conditions of this node that are not as they should
 * be, and what has to be told of them.  Pure: times are arguments.
 *
 *	over --true for raise_ms--> raised --over for clear_ms--> over
 *
 * What is told hangs on states, not on changes: each condition knows what was
 * told of it last, and as long as that is not how it stands, it waits for its
 * turn.  So however many changes the limits swallow, the last one is told,
 * and one that came and went unheard is not told at all.
 *
 *	a condition	two at once, then one each min_interval_ms
 *	all of them	100 at once, then 50 in a second
 *	swallowed	counted, and told once a minute by one "storm" notice
 */
#ifndef AGENT_ALARMS_H
#define AGENT_ALARMS_H

#include "agent/alarm_rules.h"
#include "snmp-mib/detail_alarm.h"

enum {
	ALARMS_INTERVAL_MS = 10000, /* preset of min_interval_ms */
	ALARMS_BURST = 2,
	ALARMS_ALL_EVERY_MS = 20,
	ALARMS_ALL_BURST = 100,
	ALARMS_STORM_MS = 60000,
	ALARMS_STORM_GATHER_MS = 2000 /* from the first swallowed one on */
};

struct alarms;

struct alarms *alarms_new(int64_t min_interval_ms);
void alarms_free(struct alarms *alarms);

/* Judge a report. */
void alarms_look(struct alarms *alarms, const struct node_report *report,
		 int64_t now_ms, uint64_t wall_s);

/* Something that has no end happened to an object: to be told under the same
 * limits.  A later one replaces one of the same object that waits. */
void alarms_add_event(struct alarms *alarms, enum alarm_kind kind,
		      uint32_t object, const struct node_notice *notice,
		      int64_t now_ms);

/* The next notice that may go now, if there is one; it counts as told.
 * Host, boot id and sequence are left open. */
bool alarms_take_notice(struct alarms *alarms, int64_t now_ms,
			struct node_notice *ret_notice);

/* Until alarms_take_notice() will have one without further news; -1: not. */
int64_t alarms_wait_ms(const struct alarms *alarms, int64_t now_ms);

/* Those that are raised, sorted by condition; at most `room` are listed.
 * Returns how many. */
size_t alarms_count(const struct alarms *alarms);
size_t alarms_list(const struct alarms *alarms, struct detail_alarm *ret_rows,
		   size_t room);

uint64_t alarms_suppressed(const struct alarms *alarms);

#endif
