/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/alarm_rules.h - what counts as an alarm, as a table.
 *
 * A rule watches one field: of every row of a table, or of the report itself.
 * To add one: a number at the end of enum alarm_kind (kept for ever, it is in
 * the condition's number) and an entry in alarm_rules.c, which says
 *
 *	where	WHOLE(field), or ROWS(table, type, index, subject): a table of
 *		node_report, its struct, the number of a row that lasts, and its
 *		name; DETAIL_WHOLE, DETAIL_ROWS: the same of node_detail
 *	what	.value = a field, and one of
 *			IN_SET(set, back)	enums and booleans
 *			ABOVE(limit, back)	numbers
 *			BELOW(limit, back)
 *			GROWS(by, within_ms)	totals; one that fell back
 *						is taken as a new start
 *		it ends when the value is in `back`, or at or beyond it;
 *		between the two it stays as it is
 *	when	.only_if = a field that must not be 0, else it has ended
 *	damping	.raise_ms: true for so long without a break before it is
 *		raised; .clear_ms: over for so long before it is cleared
 *	words	"BEFORE subject RAISED|CLEARED", then " (value UNIT)" and
 *		": DETAIL" if they are given
 *
 *	{ ALARM_FAN, "fan", NOTICE_MAJOR,
 *	  DETAIL_ROWS(fans, detail_fan, index, name),
 *	  .value = FIELD(detail_fan, rpm), BELOW(300, 500), .raise_ms = 5000,
 *	  .clear_ms = 5000, .before = "fan ", .raised = " is too slow",
 *	  .cleared = " is fast enough", .unit = "rpm" },
 *
 * A row that vanishes counts as over.
 */
#ifndef AGENT_ALARM_RULES_H
#define AGENT_ALARM_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snmp-mib/node_report.h"
#include "snmp-mib/notice.h"

enum alarm_kind {
	ALARM_DATASTORE_LOST = 1,
	ALARM_DATASTORE_READ_ONLY,
	ALARM_DATASTORE_STALE,
	ALARM_SOURCE,
	ALARM_CPUS_DIFFER,
	ALARM_HEALTH,
	ALARM_VM_CRASH, /* events only: no rule watches it */
	ALARM_BMC,
	ALARM_MEMORY_PRESSURE,
	ALARM_IO_PRESSURE,
	ALARM_SWAPPING,
	ALARM_STOPPING,
	ALARM_SENSOR,
	ALARM_UPLINK,
	ALARM_MEMORY_ERROR,
	ALARM_MEMORY_ERRORS,
	ALARM_THROTTLED,
	ALARM_LEASE,
	ALARM_GUEST
};

/* A member of a struct; size 0: none. */
struct alarm_field {
	size_t offset, size;
};

enum alarm_test {
	TEST_IN_SET,
	TEST_ABOVE,
	TEST_BELOW,
	TEST_GROWS /* needs memory: alarms.c keeps it */
};

struct alarm_rule {
	enum alarm_kind kind;
	const char *name;
	enum notice_severity severity;
	/* By value, instead; entries that are 0 have `severity`. */
	const enum notice_severity *severities;
	size_t n_severities;

	bool of_detail; /* of the report, if not */
	/* Rows: offsets of the pointer and the count; row_size 0: WHOLE. */
	size_t rows, n_rows, row_size;
	struct alarm_field index, subject;

	struct alarm_field value, only_if, detail;
	enum alarm_test test;
	int64_t limit, back; /* numbers; sets have bits */
	int64_t within_ms;

	int64_t raise_ms, clear_ms;
	const char *before, *raised, *cleared, *unit;

	bool quiet; /* in the table only: another notice tells of it */
	/* 0: ihAlarmRaised and ihAlarmCleared. */
	enum notice_kind tell_raised, tell_cleared;
};

extern const struct alarm_rule alarm_rules[];
extern const size_t n_alarm_rules;

/* One row (or the whole) under a rule. */
struct alarm_sight {
	const struct alarm_rule *rule;
	const char *base;    /* where the fields are */
	const char *subject; /* name of the row, else of the host */
	uint32_t object;     /* number of the row, or 0 */
	int64_t value;
	bool applies; /* only_if */
};

/* A kind and its object in one number, the same after each restart. */
uint32_t alarm_condition(enum alarm_kind kind, uint32_t object);

size_t alarm_rule_rows(const struct alarm_rule *rule,
		       const struct node_report *report);
void alarm_rule_look(const struct alarm_rule *rule,
		     const struct node_report *report, size_t row,
		     struct alarm_sight *ret_sight);

/* 1: it is so; -1: it is over; 0: between.  Not for TEST_GROWS. */
int alarm_rule_judge(const struct alarm_sight *sight);
enum notice_severity alarm_rule_severity(const struct alarm_sight *sight);

/* The sentence, REPORT_TEXT_LEN. */
void alarm_rule_print(const struct alarm_sight *sight, bool raised,
		      char *ret_text);
/* The same without a row to look at, when it has ended or gone. */
void alarm_rule_print_over(const struct alarm_rule *rule, const char *subject,
			   char *ret_text);

#endif
