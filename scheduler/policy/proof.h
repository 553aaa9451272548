/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/proof.h - what entitles to start a VM.
 *
 * Two questions, both to be answered before a VM may start on another host
 * than its owner: is no copy left at its owner, and was it really there?  The
 * second one matters because others migrate VMs, too, and not always while the
 * coordinator looks.
 */
#ifndef SCHEDULER_POLICY_PROOF_H
#define SCHEDULER_POLICY_PROOF_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

/* NULL, or what proves just now that no copy runs at its owner. */
const char *proof_of_absence(const struct draft *draft, size_t vm);

/* Its owner is a returning host, and it was recorded there after the return:
 * the restart explains nothing about it. */
bool came_after_boot(const struct draft *draft, size_t vm);

/* Some host other than the owner shows a copy of it, running or paused. */
bool is_shown_elsewhere(const struct draft *draft, size_t vm,
			char why[REASON_LEN]);

/* The VM may have left its owner before that died: somebody shows it, or
 * somebody who could have it cannot be asked. */
bool may_be_elsewhere(const struct draft *draft, size_t vm,
		      char why[REASON_LEN]);

#endif
