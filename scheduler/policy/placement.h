/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/placement.h - which host may take a VM, and which is best.
 */
#ifndef SCHEDULER_POLICY_PLACEMENT_H
#define SCHEDULER_POLICY_PLACEMENT_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

/*
 * The best legal host for a VM: its own host where that is trusted again, else
 * the one with most room left (the scarcer of memory and CPU, per mille, after
 * the VM has come).  Ties go to the first in order of name.  Returns NO_HOST
 * when there is none.  `why` says what was chosen and what each other host
 * lacks.
 */
size_t place_vm(const struct draft *draft, size_t vm, char why[REASON_LEN]);

/* NULL when the host may take the VM now, else what it lacks. */
const char *place_refusal(const struct draft *draft, size_t vm, size_t host);

#endif
