/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/judge.h - what the evidence about one host amounts to.
 */
#ifndef SCHEDULER_POLICY_JUDGE_H
#define SCHEDULER_POLICY_JUDGE_H

#include "scheduler/policy/plan.h"
#include "scheduler/policy/snapshot.h"

enum verdict {
	VERDICT_LIVES,    /* its agent answers, or it is too early to say */
	VERDICT_UNSURE,   /* silent; nothing proves either side yet */
	VERDICT_NO_AGENT, /* the host lives, its agent does not */
	VERDICT_ISOLATED, /* it writes to its datastore; nothing else answers */
	VERDICT_HUNG,     /* it has power and nothing else: fence it */
	VERDICT_OFF,      /* proved without power */
	VERDICTS
};

/* Weigh the evidence; `why` gets it in words. */
enum verdict judge_host(const struct snapshot *snap, size_t host,
			char why[REASON_LEN]);

/* Off was read twice just now, and no other channel shows a sign of life: with
 * one the BMC lies, or is that of another machine. */
bool host_is_proved_off(const struct snap_host *host);

#endif
