/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/scenario.h - a scenario of JSON, made into a world and played.
 *
 * The format is that of the acceptance scenarios: hosts, VMs, rules, a timeline
 * of what happens, an end.  What must be true afterwards is for a judge, who
 * reads the trace.
 */
#ifndef SCHEDULER_SIM_SCENARIO_H
#define SCHEDULER_SIM_SCENARIO_H

#include <jansson.h>
#include <stdbool.h>

#include "common/err.h"
#include "scheduler/sim/site.h"

/* A step of the timeline. */
struct moment {
	const json_t *what;
	struct scenario *scenario;
	int number;
	bool due;    /* it happened, or is on its way */
	size_t host; /* where it will end */
};

struct scenario {
	const json_t *json; /* the caller's */
	const char *id;
	struct world world;
	struct trace trace;
	struct site *site;
	struct moment *moments;
	size_t n_moments;
	const char *start_host; /* of the start that was waited for */
	bool over;
};

/* NULL, or the feature that it needs and we do not have. */
const char *scenario_missing(const json_t *json);

/* Play it; the trace goes to `to` (NULL: nowhere), state into `folder`. */
int scenario_play(const json_t *json, const char *folder, FILE *to,
		  struct err *err);

/* scenario_world.c: hosts, VMs and configuration from the JSON. */
int scenario_build(struct scenario *scenario, struct err *err);
void scenario_begin(struct scenario *scenario);
char *scenario_config(const struct scenario *scenario); /* to be freed */

/* verbs.c: what happens at a moment.  False: there is no such verb. */
bool verb_do(struct moment *moment);
bool verb_is_known(const json_t *what);

#endif
