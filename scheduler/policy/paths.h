/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/paths.h - which host reaches the disks of which VM.
 */
#ifndef SCHEDULER_POLICY_PATHS_H
#define SCHEDULER_POLICY_PATHS_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

/* NULL when the host reaches every datastore that the VM is known to need,
 * else what it lacks.  Of a VM whose disks nobody knows all datastores of the
 * cluster are asked. */
const char *paths_refuse(const struct draft *draft, size_t vm, size_t host);

/* The host has lost the way to a disk of the VM, now and for certain. */
bool paths_are_lost(const struct draft *draft, size_t vm, size_t host);

/* What the host has lost, all hosts have: the storage failed, not the host. */
bool paths_show_fault(const struct draft *draft, size_t host);

#endif
