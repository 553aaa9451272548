/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sel.h - the BMC's event log (IPMI 2.0, 31): read on from where one was,
 * or the last entries of it.
 *
 * A log is erased by others, and its numbers are used anew afterwards.  So a
 * position is not a number only: it keeps the time of the last erasure and the
 * last record itself.  When either does not fit any more, the log is read from
 * its first record and `erased` is told: what lay between is lost.
 *
 * What a reader meets, and what becomes of it:
 *	nothing new		3 requests, n = 0
 *	a fence goes first	the request under way begins anew behind it
 *	record numbers in a loop, or an answer that makes no sense
 *				IPMI_BAD_REPLY, with the entries before it
 *	the deadline		IPMI_TIMEOUT, with the entries that came
 *
 * Whatever the result, `position` is behind the last entry told; reading on
 * from there loses nothing and tells nothing twice, unless the BMC numbers its
 * records in a loop longer than one reading.
 *
 * Callbacks follow the rules of ipmi/power.h.
 */
#ifndef IPMI_SEL_H
#define IPMI_SEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/bmc.h"
#include "ipmi/event.h"

enum {
	SEL_RECORD_LEN = 16,
	SEL_ENTRIES_MAX = 256,  /* of one reading */
	SEL_WALK_MAX = 4096,    /* records looked at for the last ones */
	SEL_DEADLINE_MS = 10000 /* default, for deadline_ms = 0 */
};

struct sel_entry {
	uint16_t id;
	uint8_t type;   /* 0x02: an event; 0xc0-0xff: the maker's own */
	int64_t time_s; /* Unix time by the BMC's clock; -1: it had none yet,
			   or the record has none */
	struct ipmi_event event; /* of type 0x02 */
	enum ipmi_grade grade;
	char text[IPMI_EVENT_TEXT_MAX];
	uint8_t record[SEL_RECORD_LEN]; /* as it came */
};

struct sel_position {
	bool known; /* false: from the first record */
	uint32_t erased_s;
	bool any;    /* there was a record */
	uint16_t id; /* by which it is asked for */
	uint8_t record[SEL_RECORD_LEN];
};

struct sel_result {
	enum ipmi_rc rc;
	uint8_t code;                    /* with IPMI_CC */
	const struct sel_entry *entries; /* oldest first; valid during the
					    callback */
	size_t n;
	bool erased;    /* since the position given */
	bool more;      /* there are newer ones than these */
	bool overflow;  /* the BMC dropped events for lack of room */
	uint16_t total; /* records in the log */
	struct sel_position position;
	char text[BMC_TEXT_MAX]; /* why it ended early; "" with IPMI_OK */
};

typedef void (*sel_fn)(void *arg, const struct sel_result *result);

struct sel_job; /* until it has called back */

/* At most `max` entries behind `from` (NULL: from the first).  NULL: refused,
 * as bmc_request() does, or max is 0 or above SEL_ENTRIES_MAX. */
struct sel_job *sel_read(struct bmc *bmc, const struct sel_position *from,
			 size_t max, int64_t deadline_ms, sel_fn fn, void *arg);

/* The last `max` entries: one request for each and one more, where records are
 * numbered one by one; else the log is read through. */
struct sel_job *sel_tail(struct bmc *bmc, size_t max, int64_t deadline_ms,
			 sel_fn fn, void *arg);

/* Calls back with IPMI_CANCELLED before it returns. */
void sel_cancel(struct sel_job *job);

/* --- pure (sel_entry.c) -------------------------------------------------- */

struct sel_info {
	uint16_t entries;
	uint32_t added_s, erased_s; /* of the last such; the BMC's clock */
	bool overflow;
};

/* Answers behind their completion code; false: they make no sense. */
bool sel_parse_info(const uint8_t *data, size_t len, struct sel_info *ret_info);
bool sel_parse_record(const uint8_t *data, size_t len, uint16_t *ret_next,
		      uint8_t ret_record[SEL_RECORD_LEN]);

void sel_decode(const uint8_t record[SEL_RECORD_LEN],
		struct sel_entry *ret_entry);

#endif
