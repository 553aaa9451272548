/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/freeze_paths.h - the parts of a snapshot that come from
 * more than one report: where VMs were seen, who reaches which datastore.
 */
#ifndef SCHEDULER_COORDINATOR_FREEZE_PATHS_H
#define SCHEDULER_COORDINATOR_FREEZE_PATHS_H

#include "scheduler/coordinator/registry.h"

/* After hosts and VMs were frozen.  What is counted from report to report (how
 * long a guest hangs, a path is lost) is kept in the registry. */
void freeze_sightings(struct registry *reg, struct snapshot *snap,
		      int64_t now_ms);
void freeze_paths(struct registry *reg, struct snapshot *snap, int64_t now_ms);

#endif
