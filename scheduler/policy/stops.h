/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/stops.h - VMs that we end ourselves.
 *
 * A stop is recorded before it is sent (VM_STOPPING) and is over only when the
 * copy is proved not to run: by the answer of its libvirt after the attempt, by
 * a later reading of its host, or by the death of that host.  Until then the VM
 * is started nowhere.  With INTENT_RUN it is lost then, and so started again;
 * with INTENT_OFF it stays off.
 */
#ifndef SCHEDULER_POLICY_STOPS_H
#define SCHEDULER_POLICY_STOPS_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

struct stop_order {
	enum vm_intent intent; /* after it */
	bool ends_running;     /* also when its guest runs; else spared */
	bool restart;          /* counts as a restart of a failed guest */
};

/* Stop the VM at its owner; `why` is a sentence. */
void stop_vm(struct draft *draft, size_t vm, const struct stop_order *order,
	     const char *why);

/* HA may act on the VM at its owner just now: it is meant to run and settled
 * there, the owner is trusted, does not go down, and was read after the last
 * command; nothing is under way, and no other host shows a copy. */
bool is_tended(const struct draft *draft, size_t vm);

/* The host where the VM is started last of all, or NO_HOST. */
size_t last_choice(const struct draft *draft, size_t vm);

#endif
