/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guests.h"

#include <stdlib.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/worker.h"

struct guests {
	const struct settings *settings;
	struct index *index;
	loop_fn changed;
	void *arg;

	struct worker *worker;
	struct loop_timer *timer;
	struct source source;
	int64_t asked_us;
	struct guest_table table;
};

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
		return;
	}
	source_succeed(&guests->source, guests->asked_us / 1000,
		       (uint64_t)(now_us - guests->asked_us));
	loop_timer_start(guests->timer, guests->settings->guests_period_ms);
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
