/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/alarms_own.h - between alarms.c, which judges, and alarms_tell.c,
 * which tells; nobody else includes it.
 */
#ifndef AGENT_ALARMS_OWN_H
#define AGENT_ALARMS_OWN_H

#include "agent/alarms.h"
#include "agent/limit.h"

enum { NEVER = -1 }; /* as a time */

/* A condition that stands, or of which something is remembered. */
struct entry {
	uint32_t condition, object;
	const struct alarm_rule *rule; /* NULL: of events */
	unsigned round;                /* of the last look that saw its row */

	bool raised;
	enum notice_severity severity;
	int64_t hold_ms; /* since when the other state has been true; NEVER */
	uint64_t since_s, count;
	char subject[REPORT_NAME_LEN], text[REPORT_TEXT_LEN];

	int64_t base, base_ms; /* TEST_GROWS: counted from here */

	enum notice_severity told;
	int64_t untold_ms;         /* since when it waits; NEVER: it does not */
	struct node_notice *event; /* to be told, instead; or NULL */
	struct limit limit;
};

struct alarms {
	struct limit_rate rate;
	struct entry **entries; /* sorted by condition */
	size_t n, room;
	unsigned round;

	struct limit all;
	uint64_t suppressed, storm_told;
	int64_t storm_ms;   /* of the last one; NEVER */
	int64_t swallow_ms; /* first one after it; NEVER */
};

/* As it stands, in a notice's words. */
static inline enum notice_severity
alarm_stands(const struct entry *entry)
{
	return entry->raised ? entry->severity : NOTICE_CLEARED;
}

#endif
