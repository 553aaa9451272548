/* SPDX-License-Identifier: Apache-2.0 */
/* Long polls: clients that wait for events that have not happened yet. */
#include <stdlib.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "scheduler/coordinator/api_internal.h"

struct wait {
	struct api_reply *reply; /* NULL: this place is free */
	int64_t after;
	unsigned limit;
	int64_t until_ms; /* monotonic */
};

struct api_waits {
	struct api *api;
	struct wait places[API_WAITERS_MAX];
	struct loop_timer *look; /* at once after a wake, else at the earliest
				  * end of a wait */
};

/* The answer when there is one now: new events, an error, or that time is
 * over.  NULL: wait on. */
static json_t *
ask(const struct api *api, const struct wait *wait, bool is_over,
    struct err *err)
{
	json_t *events =
		api->ops->events(api->arg, wait->after, wait->limit, err);

	if (events == NULL || is_over ||
	    json_array_size(json_object_get(events, "events")) > 0)
		return events;
	json_decref(events);
	return NULL;
}

/* Returns whether it was answered. */
static bool
answer(const struct api *api, struct wait *wait, bool is_over)
{
	struct err err = { "" };
	json_t *events = ask(api, wait, is_over, &err);

	if (events != NULL)
		api_reply_json(wait->reply, events);
	else if (is_over || err.text[0] != '\0')
		api_reply_error(wait->reply, 500,
				err.text[0] ? err.text : "no events came",
				"see the coordinator's log");
	else
		return false;
	wait->reply = NULL;
	return true;
}

static void
forget_gone(struct wait *wait)
{
	if (wait->reply == NULL || !api_reply_is_gone(wait->reply))
		return;
	api_reply_error(wait->reply, 503, "the client left", "come back");
	wait->reply = NULL;
}

static void
look_at_all(void *arg)
{
	struct api_waits *waits = arg;
	int64_t now = clock_mono_ms(), next = INT64_MAX;

	for (size_t i = 0; i < API_WAITERS_MAX; i++) {
		struct wait *wait = &waits->places[i];

		forget_gone(wait);
		if (wait->reply == NULL ||
		    answer(waits->api, wait, now >= wait->until_ms))
			continue;
		if (wait->until_ms < next)
			next = wait->until_ms;
	}
	if (next != INT64_MAX)
		loop_timer_start(waits->look, next - now);
}

static struct wait *
find_place(struct api_waits *waits)
{
	for (size_t i = 0; i < API_WAITERS_MAX; i++) {
		struct wait *wait = &waits->places[i];

		forget_gone(wait);
		if (wait->reply == NULL)
			return wait;
	}
	return NULL;
}

void
api_waits_add(struct api_waits *waits, struct api_reply *reply, int64_t after,
	      unsigned limit, int64_t wait_ms)
{
	struct wait wait = { reply, after, limit, clock_mono_ms() + wait_ms };

	if (answer(waits->api, &wait, wait_ms == 0))
		return;
	struct wait *place = find_place(waits);
	if (place == NULL) {
		api_reply_error(reply, 503, "too many clients wait for events",
				"try again later, or without wait_ms");
		return;
	}
	*place = wait;
	loop_timer_start(waits->look, 0); /* it finds the earliest end */
}

/* Not at once: the events may be part of what is being written just now. */
void
api_waits_wake(struct api_waits *waits)
{
	loop_timer_start(waits->look, 0);
}

struct api_waits *
api_waits_new(struct api *api)
{
	struct api_waits *waits = xcalloc(1, sizeof(*waits));

	waits->api = api;
	waits->look = loop_timer_new(api->loop, look_at_all, waits);
	return waits;
}

void
api_waits_free(struct api_waits *waits)
{
	if (waits == NULL)
		return;
	loop_timer_free(waits->look);
	for (size_t i = 0; i < API_WAITERS_MAX; i++)
		if (waits->places[i].reply != NULL)
			api_reply_error(waits->places[i].reply, 503,
					"the coordinator is stopping",
					"try again when it is back");
	free(waits);
}
