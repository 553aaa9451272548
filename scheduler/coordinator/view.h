/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/view.h - registry, store and fence devices as the
 * cluster view that monitoring reads.
 *
 * Clusters and hosts have numbers that the store keeps for ever, alarms have
 * theirs until the next start.  What the coordinator does not do (admission
 * control, DRS, DPM, IMC, maintenance) is said to be not configured.
 */
#ifndef SCHEDULER_COORDINATOR_VIEW_H
#define SCHEDULER_COORDINATOR_VIEW_H

#include "scheduler/coordinator/coordinator.h"
#include "snmp-mib/cluster_view.h"

struct view_maker;

/* Numbers what has no number yet. */
int view_maker_new(const struct coordinator *co, struct view_maker **ret_maker,
		   struct err *err);
void view_maker_free(struct view_maker *maker);

/* As things are at now_ms; the view is the caller's. */
struct cluster_view *view_make(struct view_maker *maker, int64_t now_ms);

#endif
