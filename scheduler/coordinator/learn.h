/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/learn.h - keeps the definition (XML) of every VM, so
 * that those of a dead host can be started elsewhere.
 */
#ifndef SCHEDULER_COORDINATOR_LEARN_H
#define SCHEDULER_COORDINATOR_LEARN_H

#include "scheduler/coordinator/coordinator.h"

/* What the stored definitions say of the VMs' disks; once, after the load. */
void learn_stored(struct coordinator *co);

/* Read the definitions that the host's last report shows to have changed. */
void learn_from_report(struct coordinator *co, size_t host);

#endif
