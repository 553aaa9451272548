/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/rules_own.h - the rulebook from inside; rulebook.c builds
 * it, rules.c asks it, nobody else includes this.
 */
#ifndef SCHEDULER_POLICY_RULES_OWN_H
#define SCHEDULER_POLICY_RULES_OWN_H

#include "scheduler/policy/rules.h"

enum { RULE_TEXT_LEN = REPORT_NAME_LEN + 64 };

#define NONE SIZE_MAX /* no tally, no rule */

/* For each of so many owners a run of a common list. */
struct runs {
	size_t *from; /* n + 1 of them */
	size_t *list;
};

/* VMs that are counted together, on each host of their cluster. */
struct tally {
	size_t cluster;
	size_t offset; /* into counts, which go by place in the cluster */
};

struct rulebook {
	const struct snapshot *snap;
	bool borrowed;       /* all but the counts is another book's */
	struct runs hosts;   /* by cluster */
	size_t *place;       /* by host: where it is in that run */
	struct runs rules;   /* by VM: those that say where it may be */
	struct runs counted; /* by VM: its tallies */
	struct tally *tallies;
	size_t n_tallies;
	size_t *tally_of;   /* by rule: NONE for most kinds */
	struct runs groups; /* by tally: VMs that must be together */
	size_t *group_of;   /* by VM: a tally, or NONE */
	size_t *group_rule; /* by VM: the first that makes it a member */
	char (*texts)[2][RULE_TEXT_LEN]; /* by rule: what its refusal says */
	unsigned *counts;
	size_t n_counts;
};

/* Counted as a group, with all that share a VM. */
static inline bool
rule_is_group(const struct snap_rule *rule)
{
	return rule->kind == RULE_TOGETHER && rule->force == RULE_MUST;
}

#endif
