/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/trace.h"

#include <jansson.h>
#include <stdlib.h>

#include "scheduler/sim/sim_time.h"

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

void
trace_init(struct trace *trace, FILE *to)
{
	*trace = (struct trace){ .to = to, .hash = FNV_BASIS };
}

static void
add_text(json_t *line, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(line, key, json_string(value));
}

/* Seconds, in the format's own unit; three places say it exactly. */
static json_t *
time_now(const struct trace *trace)
{
	return json_real((double)(sim_now_ms() - trace->base_ms) / 1000);
}

static json_t *
to_json(const struct trace *trace, const struct trace_event *e)
{
	json_t *line =
		json_pack("{s:o, s:s}", "t", time_now(trace), "ev", e->event);

	add_text(line, "vm", e->vm);
	add_text(line, "host", e->host);
	add_text(line, "from", e->from);
	add_text(line, "to", e->to);
	add_text(line, "why", e->why);
	add_text(line, "how", e->how);
	add_text(line, "state", e->state);
	add_text(line, "about", e->about);
	add_text(line, "do", e->what);
	if (e->flag != NULL)
		json_object_set_new(line, e->flag, json_boolean(e->is_set));
	if (e->flag != NULL && e->flag[0] == 'o' && e->flag[1] == 'k')
		json_object_set_new(line, "n", json_integer(e->number));
	return line;
}

void
trace_put(struct trace *trace, const struct trace_event *event)
{
	if (trace->off)
		return;
	json_t *line = to_json(trace, event);
	char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(12));

	for (const char *c = text; *c != '\0'; c++)
		trace->hash = (trace->hash ^ (unsigned char)*c) * FNV_PRIME;
	trace->lines++;
	if (trace->to != NULL)
		fprintf(trace->to, "%s\n", text);
	free(text);
	json_decref(line);
	if (trace->fn != NULL)
		trace->fn(trace->arg, event);
}
