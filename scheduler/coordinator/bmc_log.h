/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/bmc_log.h - the event log of each host's own BMC is
 * followed: entries of grade warning and critical become events of ours, of
 * kind "bmc-event".
 *
 * When it is looked at:
 *	a trap, a fence		BMC_LOG_HINT_MS later, but never twice within
 *				BMC_LOG_GAP_MS: traps are forged
 *	otherwise		each BMC_LOG_PERIOD_MS, the hosts spread over it
 *	no session, or another	BMC_LOG_RETRY_MS later again
 *	host's BMC
 *
 * How far a log was read is in the store, written together with the events of
 * it: nothing is told twice or lost by a kill -9.  Where it is not known - a
 * BMC that was never seen, another board, a row that makes no sense - the log
 * is followed from its end; what was in it before is nobody's news.
 *
 * One log that goes mad does not flood the ledger, which keeps 100000 events:
 * of each grade it gets BMC_LOG_BURST events and one more each
 * BMC_LOG_EVENT_MS; an event tells how many more there were, at most one each
 * BMC_LOG_MORE_MS.
 *
 * A dry run follows, too: reading changes nothing at a BMC, and the store of a
 * dry run is its own.
 */
#ifndef SCHEDULER_COORDINATOR_BMC_LOG_H
#define SCHEDULER_COORDINATOR_BMC_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/sel.h"
#include "scheduler/coordinator/record.h"

struct coordinator;
struct bmc_logs;

enum {
	BMC_LOG_FIRST_MS = 20000,
	BMC_LOG_PERIOD_MS = 300000,
	BMC_LOG_RETRY_MS = 60000,
	BMC_LOG_HINT_MS = 1000,
	BMC_LOG_GAP_MS = 10000,
	BMC_LOG_DEADLINE_MS = 30000, /* of one reading; a fence goes first */
	BMC_LOG_READINGS = 16 /* in a row, of SEL_ENTRIES_MAX entries each */
};

/* After power_open(), and closed before power_close(). */
void bmc_log_open(struct coordinator *co);
void bmc_log_close(struct coordinator *co);

/* Something happened there. */
void bmc_log_hint(struct coordinator *co, size_t host);

/* Now; false: it cannot be asked, or is being read already. */
bool bmc_log_look(struct coordinator *co, size_t host);

/* --- pure (bmc_log_news.c) ----------------------------------------------- */

enum {
	BMC_LOG_BURST = 10,
	BMC_LOG_EVENT_MS = 300000,
	BMC_LOG_MORE_MS = 60000,
	BMC_LOG_NEWS_MAX = 2 * BMC_LOG_BURST + 3 /* of one reading */
};

enum { BMC_LOG_WARNING, BMC_LOG_CRITICAL, BMC_LOG_GRADES };

/* What one log may still tell; zeros to begin with. */
struct bmc_log_budget {
	int64_t until_ms[BMC_LOG_GRADES]; /* its events reach so far */
	unsigned hidden[BMC_LOG_GRADES];  /* not told, since */
	int64_t more_ms;                  /* then that was told; 0: never */
};

/*
 * What a reading brings: the row to be stored, and what is to be told of it
 * (room for BMC_LOG_NEWS_MAX; returns how many).  `first`: this log was not
 * seen yet, and tells nothing.  `row` comes as it was before.
 */
size_t bmc_log_take(const struct sel_result *result, bool first,
		    struct bmc_log_budget *budget, int64_t now_ms,
		    struct store_bmc_log *row, struct record_news *ret_news);

/* Between a row and a position; false: the row makes no sense. */
bool bmc_log_to_position(const struct store_bmc_log *row,
			 struct sel_position *ret_position);
void bmc_log_from_position(const struct sel_position *position,
			   struct store_bmc_log *row);

#endif
