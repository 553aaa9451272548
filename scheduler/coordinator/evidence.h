/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/evidence.h - what an auditor wants to see of a fence,
 * as JSON for the record: both reads with their times, why power went last,
 * why the system started last, the newest entry of the BMC's log, who the BMC
 * is and how it was spoken to, who asked.
 */
#ifndef SCHEDULER_COORDINATOR_EVIDENCE_H
#define SCHEDULER_COORDINATOR_EVIDENCE_H

#include <jansson.h>

#include "ipmi/power.h"
#include "ipmi/sel.h"

/* So long the questions that prove nothing may take, after the proof. */
enum { EVIDENCE_EXTRA_MS = 300 };

/* What is asked besides; -1: not told. */
struct evidence_extra {
	int restart_cause; /* Get System Restart Cause, IPMI 2.0 28.11 */
	int sel_entries;   /* of the BMC's event log; the others of its last */
	int sel_last_id;
	int64_t sel_last_s; /* by the BMC's clock */
	char sel_last_text[IPMI_EVENT_TEXT_MAX];
};

typedef void (*evidence_fn)(void *arg, const struct evidence_extra *extra);

/* Asks; calls back once, within EVIDENCE_EXTRA_MS or when the BMC is freed.
 * False: nothing could be asked, and fn is not called. */
bool evidence_ask(struct bmc *bmc, evidence_fn fn, void *arg);

/* As of ipmi/power.h; "unknown" when the state was not read. */
const char *evidence_policy(const struct power_result *result);
const char *evidence_event(const struct power_result *result);

/* The caller's to free.  Any of `bmc` (no BMC proved it), `extra` and `levels`
 * (what was tried, an array that stays the caller's) may be NULL. */
char *evidence_text(const struct bmc *bmc, const struct power_result *result,
		    const struct evidence_extra *extra, const char *asked_by,
		    json_t *levels);

#endif
