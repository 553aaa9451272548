/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/decide.h - the mind: snapshot in, plan out, nothing else.
 */
#ifndef SCHEDULER_POLICY_DECIDE_H
#define SCHEDULER_POLICY_DECIDE_H

#include "scheduler/policy/plan.h"
#include "scheduler/policy/snapshot.h"

/*
 * Decide on everything at once.  Pure: the same snapshot gives the same plan.
 * The order of precedence is the order of work: sightings are believed first,
 * then hosts are judged, then VMs without a living copy are placed.
 * plan_free() the result.
 */
struct plan *decide(const struct snapshot *snap);

#endif
