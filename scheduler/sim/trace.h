/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/trace.h - what happened, as it happened: the world's truth and
 * the product's claims, in one stream for whoever judges them.
 */
#ifndef SCHEDULER_SIM_TRACE_H
#define SCHEDULER_SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A text that is NULL is not written; `event` and `flag` name their field. */
struct trace_event {
	const char *event; /* "vm_run", "fence_req", ... */
	const char *vm, *host, *from, *to, *why, *how, *state, *about, *what;
	const char *flag; /* "on", "ok", "moved"; NULL: none */
	bool is_set;
	int number; /* of a command; only with the flag "ok" */
};

/* Called after each line. */
typedef void (*trace_fn)(void *arg, const struct trace_event *event);

struct trace {
	FILE *to;        /* NULL: nothing is written */
	int64_t base_ms; /* its time 0 */
	bool off;        /* nothing is said at all */
	trace_fn fn;
	void *arg;
	uint64_t hash; /* FNV-1a of all lines */
	uint64_t lines;
};

void trace_init(struct trace *trace, FILE *to);
void trace_put(struct trace *trace, const struct trace_event *event);

#endif
