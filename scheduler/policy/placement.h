/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/placement.h - which host may take a VM, and which is best.
 */
#ifndef SCHEDULER_POLICY_PLACEMENT_H
#define SCHEDULER_POLICY_PLACEMENT_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

/*
 * The best legal host for a VM: the one where it bends fewest rules of kind
 * should; of those its own host where that is trusted again, else the one with
 * most room left (the scarcer of memory and CPU, per mille, after the VM has
 * come).  One that failed to start it comes last.  Ties go to the first in
 * order of name.  Returns NO_HOST when there is none.  `why` says what was
 * chosen and what each other host lacks; those that lack the same are counted
 * together.
 */
size_t place_vm(const struct draft *draft, size_t vm, char why[REASON_LEN]);

/*
 * NULL when the host may take the VM now, else the first thing in the way.
 * All that places a VM asks here, or the parts it is made of: whether the host
 * takes any VM at all, whether this one may be there and fits, and whether one
 * more may be started there just now.
 */
const char *place_refusal(const struct draft *draft, size_t vm, size_t host);
const char *host_refusal(const struct draft *draft, size_t host);
const char *fit_refusal(const struct draft *draft, size_t vm, size_t host);
const char *busy_refusal(const struct draft *draft, size_t host);

/* As place_vm, as if no host were busy, and without a word. */
size_t place_later(const struct draft *draft, size_t vm);

#endif
