/* SPDX-License-Identifier: Apache-2.0 */
/* One reading of the sensors and one of the log of each BMC at a time, and all
 * who wait for it. */
#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "scheduler/coordinator/inspect.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/serve.h"

struct waiter {
	struct waiter *next;
	struct api_reply *reply;
	unsigned n; /* of the log: so many entries */
	int64_t asked_ms;
};

/* Of one host; made when it is first asked for. */
struct look {
	struct look *next;
	struct coordinator *co;
	size_t host;
	struct sensors *sensors;    /* keeps the descriptions */
	struct waiter *for_sensors; /* any: a reading is under way */
	struct waiter *for_sel;
	struct sel_job *sel; /* under way */
	unsigned sel_n;      /* entries it reads */
};

static struct look *
find_look(struct coordinator *co, size_t host)
{
	struct look *look = co->looks;

	while (look != NULL && look->host != host)
		look = look->next;
	if (look != NULL)
		return look;
	look = xcalloc(1, sizeof(*look));
	look->co = co;
	look->host = host;
	look->next = co->looks;
	co->looks = look;
	return look;
}

static const char *
name_of(const struct look *look)
{
	return look->co->reg.hosts[look->host].conf->name;
}

/* A BMC without a session will hardly get one while an operator waits. */
static int64_t
deadline_of(const struct bmc *bmc)
{
	struct bmc_health health;

	bmc_get_health(bmc, &health);
	return health.session ? INSPECT_DEADLINE_MS : INSPECT_SILENT_MS;
}

/* --- who waits ----------------------------------------------------------- */

static void
wait_for(struct waiter **list, struct api_reply *reply, unsigned n)
{
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	*waiter = (struct waiter){ *list, reply, n, clock_mono_ms() };
	*list = waiter;
}

/* The first one, off the list; the reply is to be given. */
static struct api_reply *
pop(struct waiter **list)
{
	cleanup_free struct waiter *waiter = *list;

	*list = waiter->next;
	return waiter->reply;
}

static void
refuse_busy(struct api_reply *reply)
{
	api_reply_error(reply, 503, "too much is waiting for this BMC",
			"try again in some seconds");
}

/* Whose answer is it?  The guard knows more after a session than before.  True
 * when the reply was given. */
static bool
is_refused(const struct look *look, struct api_reply *reply)
{
	struct err err;

	if (look->co->power == NULL)
		api_reply_error(reply, 503, "the coordinator is stopping",
				"try again when it runs");
	else if (!power_guard(look->co, look->host, &err))
		api_reply_error(reply, 409, err.text, OPERATE_OWN_HINT);
	else
		return false;
	return true;
}

/* --- sensors ------------------------------------------------------------- */

static void
sensors_came(void *arg, const struct sensors_result *result)
{
	struct look *look = arg;
	struct waiter *list = look->for_sensors;
	json_t *json = inspect_sensors_json(name_of(look), result);

	look->for_sensors = NULL; /* who comes now begins anew */
	while (list != NULL) {
		struct api_reply *reply = pop(&list);

		if (!is_refused(look, reply))
			api_reply_json(reply, json_incref(json));
	}
	json_decref(json);
}

static void
open_sensors(struct look *look, struct bmc *bmc)
{
	cleanup_free char *dir =
		xasprintf("%s/sdr", look->co->settings->state_dir);

	if (look->sensors == NULL)
		look->sensors = sensors_new(bmc, dir);
}

void
inspect_sensors(void *arg, const char *host, struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index;
	struct bmc *bmc = operate_find_own_bmc(co, host, reply, &index);

	if (bmc == NULL)
		return;
	struct look *look = find_look(co, index);
	open_sensors(look, bmc);
	if (look->for_sensors == NULL &&
	    !sensors_read(look->sensors, deadline_of(bmc), sensors_came, look))
		refuse_busy(reply);
	else
		wait_for(&look->for_sensors, reply, 0);
}

/* --- log ----------------------------------------------------------------- */

static void sel_came(void *arg, const struct sel_result *result);

/* Who has waited for another's reading already has less time left. */
static int64_t
time_left(const struct look *look, const struct bmc *bmc)
{
	int64_t now_ms = clock_mono_ms(), left_ms = deadline_of(bmc);

	for (const struct waiter *w = look->for_sel; w != NULL; w = w->next)
		if (w->asked_ms + INSPECT_DEADLINE_MS - now_ms < left_ms)
			left_ms = w->asked_ms + INSPECT_DEADLINE_MS - now_ms;
	return left_ms > INSPECT_LEAST_MS ? left_ms : INSPECT_LEAST_MS;
}

/* As much as any of them wants. */
static bool
start_sel(struct look *look)
{
	struct bmc *bmc = power_bmc(look->co, look->host);

	look->sel_n = 0;
	for (const struct waiter *w = look->for_sel; w != NULL; w = w->next)
		if (w->n > look->sel_n)
			look->sel_n = w->n;
	look->sel = sel_tail(bmc, look->sel_n, time_left(look, bmc), sel_came,
			     look);
	return look->sel != NULL;
}

static void
answer_sel(const struct look *look, const struct sel_result *result,
	   struct api_reply *reply, unsigned n)
{
	if (!is_refused(look, reply))
		api_reply_json(reply,
			       inspect_sel_json(name_of(look), result, n));
}

/* Those who came later and want more of it wait on. */
static void
sel_came(void *arg, const struct sel_result *result)
{
	struct look *look = arg;
	struct waiter *list = look->for_sel;
	unsigned read = look->sel_n;

	look->sel = NULL;
	look->for_sel = NULL;
	while (list != NULL) {
		unsigned n = list->n;
		struct api_reply *reply = pop(&list);

		if (n > read && look->co->power != NULL)
			wait_for(&look->for_sel, reply, n);
		else
			answer_sel(look, result, reply, n);
	}
	if (look->for_sel == NULL || look->sel != NULL || start_sel(look))
		return;
	while (look->for_sel != NULL)
		refuse_busy(pop(&look->for_sel));
}

void
inspect_sel(void *arg, const char *host, unsigned n, struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index;

	if (operate_find_own_bmc(co, host, reply, &index) == NULL)
		return;
	struct look *look = find_look(co, index);
	wait_for(&look->for_sel, reply, n);
	if (look->sel == NULL && !start_sel(look))
		refuse_busy(pop(&look->for_sel));
}

/* --- the end ------------------------------------------------------------- */

void
inspect_close(struct coordinator *co)
{
	struct look *look;

	while ((look = co->looks) != NULL) {
		sensors_free(look->sensors);
		if (look->sel != NULL)
			sel_cancel(look->sel);
		co->looks = look->next;
		free(look);
	}
}
