/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/freeze.h - the registry as one frozen snapshot.
 */
#ifndef SCHEDULER_COORDINATOR_FREEZE_H
#define SCHEDULER_COORDINATOR_FREEZE_H

#include <jansson.h>

#include "scheduler/coordinator/registry.h"

/* snapshot_free() the result.  Takes the next number. */
struct snapshot *freeze(struct registry *reg, int64_t now_ms);

/* One host of it. */
void freeze_host(const struct registry *reg, size_t index, int64_t now_ms,
		 struct snap_host *ret_host);

/* When hosts and VMs are frozen. */
void freeze_rules(const struct registry *reg, struct snapshot *snap);

/* For the record: everything decide() could see, and what it wanted. */
json_t *snapshot_to_json(const struct snapshot *snap);
json_t *rules_to_json(const struct snapshot *snap);
json_t *plan_to_json(const struct snapshot *snap, const struct plan *plan);

#endif
