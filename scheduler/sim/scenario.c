/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scheduler/sim/driver.h"
#include "scheduler/sim/sim_log.h"
#include "scheduler/sim/sim_time.h"

enum { SETTLE_MS = 60000 }; /* before the first moment */

/* --- patterns ------------------------------------------------------------- */

static bool
is_part(const char *part, size_t len, const char *text)
{
	if (len == 0 || (len == 1 && part[0] == '*'))
		return true;
	return text != NULL && strlen(text) == len &&
	       strncmp(part, text, len) == 0;
}

static bool
has_kind(const char *name, size_t len, const struct trace_event *e)
{
	static const struct {
		const char *name, *event, *why;
	} kinds[] = {
		{ "start", "vm_run", "start" },
		{ "halt", "vm_halt", NULL },
		{ "start_cmd", "start_cmd", NULL },
		{ "migrate", "migrate_begin", NULL },
		{ "fence_req", "fence_req", NULL },
		{ "fence_ok", "fence_ok", NULL },
		{ "joined", "joined", NULL },
		{ "power_on_req", "power_on_req", NULL },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (is_part(name, len, kinds[i].name) && len > 0)
			return strcmp(e->event, kinds[i].event) == 0 &&
			       (kinds[i].why == NULL ||
				(e->why != NULL &&
				 strcmp(e->why, kinds[i].why) == 0));
	return strcmp(e->event, "fault") == 0 && is_part(name, len, e->what);
}

/* "NAME:SUBJECT@HOST" */
static bool
matches(const char *pattern, const struct trace_event *e)
{
	size_t name = strcspn(pattern, ":");
	const char *subject = pattern[name] != '\0' ? pattern + name + 1 : "";
	size_t len = strcspn(subject, "@");
	const char *host = subject[len] != '\0' ? subject + len + 1 : "";

	return has_kind(pattern, name, e) &&
	       is_part(subject, len, e->vm != NULL ? e->vm : e->host) &&
	       is_part(host, strlen(host), e->host);
}

/* --- the timeline --------------------------------------------------------- */

static void
run_moment(struct moment *moment)
{
	if (!moment->scenario->over && !verb_do(moment))
		log_error("sim", "%s: moment %d makes no sense",
			  moment->scenario->id, moment->number);
}

struct due {
	struct moment *moment;
};

static void
moment_comes(void *arg)
{
	struct due *due = arg;

	run_moment(due->moment);
	free(due);
}

static void
set_moment(struct moment *moment, double delay_s)
{
	struct due *due = xcalloc(1, sizeof(*due));

	moment->due = true;
	due->moment = moment;
	sim_after((int64_t)(delay_s * 1000), moment_comes, due);
}

/* Fits trace_fn: what waits for an event. */
static void
look_at(void *arg, const struct trace_event *event)
{
	struct scenario *scenario = arg;

	if (strcmp(event->event, "start_cmd") == 0)
		scenario->start_host = event->host;
	for (size_t i = 0; i < scenario->n_moments; i++) {
		struct moment *moment = &scenario->moments[i];
		const char *when = json_string_value(
			json_object_get(moment->what, "when"));

		if (when == NULL || moment->due || !matches(when, event))
			continue;
		set_moment(moment,
			   json_number_value(
				   json_object_get(moment->what, "delay")));
	}
}

static void
build_timeline(struct scenario *scenario)
{
	const json_t *list = json_object_get(scenario->json, "timeline");

	scenario->n_moments = json_array_size(list);
	scenario->moments = xcalloc(scenario->n_moments, sizeof(struct moment));
	for (size_t i = 0; i < scenario->n_moments; i++) {
		struct moment *moment = &scenario->moments[i];

		*moment = (struct moment){ .what = json_array_get(list, i),
					   .scenario = scenario,
					   .number = (int)i };
		if (json_object_get(moment->what, "t") != NULL)
			set_moment(moment,
				   json_number_value(
					   json_object_get(moment->what, "t")));
	}
	scenario->trace.fn = look_at;
	scenario->trace.arg = scenario;
}

/* --- what we do not have -------------------------------------------------- */

static const char *const offered[] = { "second-heartbeat", "capacity-hard",
				       "multi-agent", "ha-pause", "poison-vm" };

static bool
is_offered(const char *feature)
{
	for (size_t i = 0; i < sizeof(offered) / sizeof(*offered); i++)
		if (strcmp(offered[i], feature) == 0)
			return true;
	return false;
}

static const char *
text_or(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static const char *
missing_option(const json_t *json)
{
	static const struct {
		const char *option, *feature;
	} options[] = {
		{ "drs", "drs" },
		{ "dpm", "dpm" },
		{ "shutdown_policy", "shutdown-policy" },
		{ "place_on_start", "drs" },
		{ "coordinator_on", "coordinator-failover" },
	};
	const json_t *cluster = json_object_get(json, "cluster"), *item;
	const char *name;
	json_t *value;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (json_object_get(cluster, options[i].option) != NULL)
			return options[i].feature;
	json_object_foreach (json_object_get(json, "vms"), name, value)
		if (strcmp(text_or(value, "initially"), "error") == 0)
			return "a state of giving up";
	json_object_foreach (json_object_get(json, "hosts"), name, value)
		if (json_object_get(value, "cpu_gen") != NULL)
			return "imc";
	json_array_foreach (json_object_get(json, "timeline"), i, item) {
		const char *op = json_string_value(json_object_get(item, "op"));

		if (!verb_is_known(item))
			return json_string_value(json_object_get(item, "do"));
		if (op != NULL && strcmp(op, "start") != 0 &&
		    strcmp(op, "stop") != 0 && strcmp(op, "migrate") != 0)
			return op;
	}
	return NULL;
}

const char *
scenario_missing(const json_t *json)
{
	const json_t *need;
	size_t i;

	json_array_foreach (json_object_get(json, "needs"), i, need)
		if (!is_offered(json_string_value(need)))
			return json_string_value(need);
	return missing_option(json);
}

/* --- play ----------------------------------------------------------------- */

static int
play(struct scenario *scenario, const char *folder, struct err *err)
{
	cleanup_free char *config = scenario_config(scenario);
	int64_t end_ms =
		(int64_t)(json_number_value(
				  json_object_get(scenario->json, "end")) *
			  1000);

	driver_use(&scenario->world);
	scenario->site = site_new(&scenario->world, folder);
	site_configure(scenario->site, config);
	scenario->trace.off = true;
	int rc = site_start(scenario->site, err);
	while (rc == 0 && sim_step(SETTLE_MS))
		;
	if (rc < 0)
		return rc;
	scenario->trace.off = false;
	scenario->trace.base_ms = SETTLE_MS;
	sim_log_from(SETTLE_MS);
	site_repeat_claims(scenario->site);
	scenario_begin(scenario);
	build_timeline(scenario);
	while (sim_step(SETTLE_MS + end_ms))
		;
	return 0;
}

/* What is under way ends unseen. */
static void
close_down(struct scenario *scenario)
{
	scenario->over = true;
	scenario->trace.off = true;
	site_free(scenario->site);
	while (sim_step(INT64_MAX))
		;
	driver_use(NULL);
	free(scenario->moments);
	world_done(&scenario->world);
	sim_time_reset();
}

int
scenario_play(const json_t *json, const char *folder, FILE *to, struct err *err)
{
	struct scenario scenario = {
		.json = json,
		.id = json_string_value(json_object_get(json, "id")),
	};

	sim_time_reset();
	trace_init(&scenario.trace, to);
	int rc = scenario_build(&scenario, err);
	if (rc == 0)
		rc = play(&scenario, folder, err);
	close_down(&scenario);
	return rc;
}
