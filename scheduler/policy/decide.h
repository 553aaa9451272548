/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/decide.h - the mind: snapshot in, plan out, nothing else.
 */
#ifndef SCHEDULER_POLICY_DECIDE_H
#define SCHEDULER_POLICY_DECIDE_H

#include "scheduler/policy/plan.h"
#include "scheduler/policy/snapshot.h"

/*
 * What the mind needs from who calls it.  Each of these was broken once in the
 * storm test, and a VM ran twice, was lost, or was started against its user's
 * will:
 *
 *  - Changes are durable before a step is carried out, and a step is carried
 *    out at most once; without a record nothing is done.
 *  - Ages are monotonic and count from the event itself: `vms_age_ms` from
 *    the agent's reading of libvirt, not from the poll that brought it.
 *  - Evidence older than the last good heartbeat is unknown.  `off_proved`
 *    takes two reads after it, and ends after OFF_PROOF_MS, or with the first
 *    read that says on.  `libvirt` and `datastore` are the latest answers.
 *  - A start under way is `starting` until its own end, told by the command's
 *    id: not by the late end of an older one.  The end of a start counts only
 *    for the owner and phase it was given for.
 *  - VIRT_START_ABSENT means "does not run there and will not"; whatever less
 *    is in doubt, and the phase stays VM_STARTING.
 *  - A stop under way is `stopping` until its own end.  VIRT_STOP_DONE and
 *    VIRT_STOP_ABSENT mean "does not run there": the record of that end makes
 *    the VM lost (or off, by its intent) and its host `failed_on`, so that an
 *    end by our own hand is never taken for its user's wish.
 *  - Workers die with their coordinator.  What they had given to a libvirt is
 *    done there in order, and dies with that host's boot.
 *  - `absences` and `seen_there` change by new readings of the owner only,
 *    made after the last command, while the phase is VM_SETTLED.  `seen_there`
 *    ends after SEEN_THERE_MS as long as the phase is VM_SETTLED, and with the
 *    owner; a reading under another boot does not change it.
 *  - `cleaning` lasts until the cleaning's end.  Without `ends_running` only
 *    what is off at that moment is removed.
 *  - Fences count when they are recorded, not when they end.
 *  - STEP_PROBE asks the BMC (two reads), libvirt, and every answering host of
 *    the cluster for its report; for a host in HOST_REJOINING not the others
 *    in that state.
 *  - `stopping` holds as soon as pulse or report say it; a pulse without boot
 *    id is no answer; `uptime_ms` begins anew after a gap in our own turns.
 */

/*
 * Decide on everything at once.  Pure: the same snapshot gives the same plan.
 * The order of precedence is the order of work: sightings are believed first,
 * then hosts are judged, then VMs without a living copy are placed.
 * plan_free() the result.
 */
struct plan *decide(const struct snapshot *snap);

#endif
