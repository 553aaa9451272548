/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/claims.h - what the product says of the world, for the trace:
 * commands as they are sent, states of hosts and VMs as they change, alarms.
 */
#ifndef SCHEDULER_SIM_CLAIMS_H
#define SCHEDULER_SIM_CLAIMS_H

#include "scheduler/coordinator/coordinator.h"
#include "scheduler/sim/world.h"

struct claims;

struct claims *claims_new(struct world *world);
void claims_free(struct claims *claims);

/* After each turn of the coordinator. */
void claims_look(struct claims *claims, const struct coordinator *co);

/* All that stands is to be said again. */
void claims_forget(struct claims *claims);

void claims_fence(struct claims *claims, const struct coordinator *co,
		  size_t host);
void claims_start(struct claims *claims, const struct coordinator *co,
		  size_t host, size_t vm);

#endif
