/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/machine.h - what changes rarely: NUMA nodes, distances, processors,
 * and what else is built in.
 * Read by the worker "machine" at the start, once an hour, and when the kernel
 * tells that hardware came or went (agent/uevents.h); a change of the CPUs is
 * logged.
 */
#ifndef AGENT_MACHINE_H
#define AGENT_MACHINE_H

#include <jansson.h>

#include "agent/source.h"
#include "common/loop.h"

enum {
	MACHINE_PERIOD_MS = 3600000,
	MACHINE_RETRY_MS = 30000,
	MACHINE_DEADLINE_MS = 20000
};

struct machine;

/* `changed` is called after each reading.  `root` is kept. */
struct machine *machine_new(struct loop *loop, const char *root,
			    loop_fn changed, void *arg);
void machine_free(struct machine *machine);

/* Read it again now, or as soon as the reading under way has ended. */
void machine_look(struct machine *machine);

/* CPUs, NUMA nodes (mem_free_kib is the host collector's) and distances. */
void machine_fill(const struct machine *machine, struct node_report *report);
/* Names of features, NULL before the first reading. */
const json_t *machine_features(const struct machine *machine);
/* CPU packages (agent/packages.h) and things that are built in (agent/dmi.h);
 * NULL before the first reading. */
const json_t *machine_packages(const struct machine *machine);
const json_t *machine_things(const struct machine *machine);
const struct source *machine_source(const struct machine *machine);

/* The worker's message as rows of a report; hostile numbers are dropped. */
void machine_put_reply(const json_t *reply, struct node_report *report);

#endif
