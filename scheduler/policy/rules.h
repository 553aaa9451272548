/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/rules.h - what the rules say about a VM on a host.
 *
 * Of each set of VMs that is to be together or apart it is counted how many
 * are on each host, so that one question costs no walk over all members.  Sets
 * that must be together and share a VM are one group.
 */
#ifndef SCHEDULER_POLICY_RULES_H
#define SCHEDULER_POLICY_RULES_H

#include <stdbool.h>

#include "scheduler/policy/snapshot.h"

struct draft;
struct rulebook;

/* Of the snapshot, which must live as long; nothing is counted yet. */
struct rulebook *rulebook_new(const struct snapshot *snap);
/* With counts of its own; the book it came from must live as long. */
struct rulebook *rulebook_clone(const struct rulebook *book);
void rulebook_free(struct rulebook *book);

/* The VM came to the host, or left it (-1). */
void rulebook_count(struct rulebook *book, size_t vm, size_t host, int sign);

/* NULL, or the first rule of kind must that keeps the VM from the host. */
const char *rule_refusal(const struct draft *draft, size_t vm, size_t host);

/* The same, but for the memory of a group that waits as a whole: NULL, or
 * the rule for which that host has too little. */
const char *group_refusal(const struct draft *draft, size_t vm, size_t host);

/* The group that must be together which the VM is of, SIZE_MAX: none. */
size_t rule_group(const struct draft *draft, size_t vm);

/* One of its group is somewhere already: the others have to follow. */
bool rule_group_has_begun(const struct draft *draft, size_t vm);

/* How many rules of kind should it would bend there. */
unsigned rules_bent(const struct draft *draft, size_t vm, size_t host);

/* The name of the first of them, NULL when there is none. */
const char *rule_bent(const struct draft *draft, size_t vm, size_t host);

#endif
