/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/node.h - what the agent of a host says, from the truth that it
 * can see.
 */
#ifndef SCHEDULER_SIM_NODE_H
#define SCHEDULER_SIM_NODE_H

#include "scheduler/sim/world.h"

/* Its agent looks at its libvirt, if that answers and there is a reason to. */
void node_look(struct world *world, size_t host);

void node_pulse(struct world *world, size_t host, struct node_pulse *ret_pulse);

/* The caller's to free. */
struct node_report *node_say(struct world *world, size_t host);

/* As the agent and libvirt name the definition of a VM. */
void node_definition_hash(const struct world *world, size_t vm,
			  char ret_hash[REPORT_HASH_LEN]);

#endif
