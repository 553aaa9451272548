/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guests.h"

#include <stdlib.h>

#include "agent/guest_dirty.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

struct guests {
	const struct settings *settings;
	struct index *index;
	loop_fn changed;
	void *arg;

	struct worker *worker;
	struct loop *loop;
	struct loop_timer *timer;
	struct worker *starter; /* of measurements, while one lives */
	uint32_t starting[GUEST_DIRTY_AT_ONCE];
	size_t n_starting;
	struct source source;
	int64_t asked_us;
	struct guest_table table;
};

/* --- measurements on demand ----------------------------------------------- */

/* Soon, if nothing is under way. */
static void
read_soon(struct guests *guests)
{
	if (!worker_is_busy(guests->worker))
		loop_timer_start(guests->timer, GUEST_DIRTY_STEP_MS);
}

static void
take_errors(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct guests *guests = arg;
	const json_t *errors = json_object_get(reply, "errors");
	const char *all = rc < 0 ? err->text : message_text(reply, "error");

	for (size_t i = 0; i < guests->n_starting; i++) {
		const char *one = json_string_value(json_array_get(errors, i));
		const char *why = all[0] != '\0' ? all
				  : one != NULL  ? one
						 : "the worker says nothing";

		if (why[0] == '\0')
			continue;
		log_warn("guests", "measuring VM number %u: %s",
			 (unsigned)guests->starting[i], why);
		guest_dirty_fail(&guests->table, guests->starting[i], why);
	}
	worker_free(guests->starter);
	guests->starter = NULL;
	read_soon(guests);
	guests->changed(guests->arg);
}

static json_t *
list_starting(struct guests *guests)
{
	struct guest *some[GUEST_DIRTY_AT_ONCE];
	size_t n = guest_dirty_start(&guests->table, clock_mono_ms(), some);
	json_t *uuids = json_array();

	for (size_t i = 0; i < n; i++) {
		guests->starting[i] = some[i]->index;
		json_array_append_new(uuids, json_string(some[i]->uuid));
	}
	guests->n_starting = n;
	return uuids;
}

static void
start_measuring(struct guests *guests)
{
	struct err err = { "cannot start a worker" };

	if (guests->starter != NULL)
		return;
	json_t *uuids = list_starting(guests);
	if (guests->n_starting == 0) {
		json_decref(uuids);
		return;
	}
	json_t *request = json_pack("{s:s, s:s, s:o, s:i}", "ask", "measure",
				    "uri", guests->settings->virt_uri, "vms",
				    uuids, "seconds", GUEST_DIRTY_S);
	guests->starter = worker_new(guests->loop, "virt", NULL, NULL);
	int rc = worker_ask(guests->starter, request, GUESTS_START_MS,
			    take_errors, guests);
	json_decref(request);
	if (rc < 0)
		take_errors(guests, rc, NULL, &err);
}

void
guests_measure(struct guests *guests, uint32_t index)
{
	if (!guest_dirty_ask(&guests->table, index, clock_mono_ms())) {
		log_info("guests",
			 "there is no VM number %u that runs, to "
			 "measure how fast its memory changes",
			 (unsigned)index);
		return;
	}
	start_measuring(guests);
	guests->changed(guests->arg);
}

/* --- reading -------------------------------------------------------------- */

static void
take_reply(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct guests *guests = arg;
	const char *why = rc < 0 ? err->text : message_text(reply, "error");
	int64_t now_us = source_clock_us();

	if (why[0] == '\0' &&
	    guest_table_measure(&guests->table, reply, guests->index,
				now_us / 1000) < 0)
		why = "the worker's answer makes no sense";
	if (why[0] != '\0') {
		source_fail(&guests->source, why);
		loop_timer_start(guests->timer, GUESTS_RETRY_MS);
		guest_dirty_look(&guests->table, now_us / 1000);
		return;
	}
	source_succeed(&guests->source, guests->asked_us / 1000,
		       (uint64_t)(now_us - guests->asked_us));
	bool more = guest_dirty_look(&guests->table, now_us / 1000);
	loop_timer_start(guests->timer,
			 more ? GUEST_DIRTY_STEP_MS
			      : guests->settings->guests_period_ms);
	start_measuring(guests);
	guests->changed(guests->arg);
}

static void
read_guests(void *arg)
{
	struct guests *guests = arg;
	const struct settings *settings = guests->settings;
	json_t *request =
		json_pack("{s:s, s:s, s:s}", "ask", "guests", "uri",
			  settings->virt_uri, "root", settings->system_root);

	guests->asked_us = source_clock_us();
	int rc = worker_ask(guests->worker, request, settings->virt_deadline_ms,
			    take_reply, guests);
	json_decref(request);
	if (rc < 0) {
		source_fail(&guests->source, "cannot start a worker");
		loop_timer_start(guests->timer, GUESTS_RETRY_MS);
	}
}

struct guests *
guests_new(struct loop *loop, const struct settings *settings,
	   struct index *index, loop_fn changed, void *arg)
{
	struct guests *guests = xcalloc(1, sizeof(*guests));

	guests->loop = loop;
	guests->settings = settings;
	guests->index = index;
	guests->changed = changed;
	guests->arg = arg;
	guest_table_init(&guests->table);
	source_init(&guests->source, SOURCE_GUESTS, "guests",
		    2 * settings->guests_period_ms);
	guests->worker = worker_new(loop, "virt", NULL, NULL);
	guests->timer = loop_timer_new(loop, read_guests, guests);
	/* The list comes first. */
	loop_timer_start(guests->timer, GUESTS_FIRST_MS);
	return guests;
}

void
guests_free(struct guests *guests)
{
	if (guests == NULL)
		return;
	worker_free(guests->starter);
	worker_free(guests->worker);
	loop_timer_free(guests->timer);
	guest_table_done(&guests->table);
	free(guests);
}

void
guests_take_list(struct guests *guests, const json_t *reply,
		 const struct virt_reading *reading)
{
	guest_table_list(&guests->table, reply, guests->index, reading,
			 clock_mono_ms());
}

void
guests_take_event(struct guests *guests, uint32_t index,
		  enum report_vm_event kind)
{
	guest_table_event(&guests->table, index, kind, clock_mono_ms());
}

void
guests_fill(const struct guests *guests, int64_t now_ms,
	    struct node_report *report)
{
	guest_table_fill(&guests->table, now_ms, report);
}

const struct guest_table *
guests_table(const struct guests *guests)
{
	return &guests->table;
}

const struct source *
guests_source(const struct guests *guests)
{
	return &guests->source;
}
