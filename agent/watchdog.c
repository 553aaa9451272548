/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/watchdog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/watchdog_own.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

struct watchdog {
	struct loop *loop;
	struct watchdog_options options;
	struct worker *worker; /* NULL: it is off */
	struct loop_timer *timer;
	struct lease lease;
	struct lease_order order; /* under way, if the lease is busy */
	int64_t asked_us;
	bool looking;
	int64_t look_ms; /* not before */
	struct source source;
	enum detail_lease_state told;
	char name[REPORT_NAME_LEN];
	char text[REPORT_TEXT_LEN];

	struct loop_timer *end_timer;
	loop_fn end_fn;
	void *end_arg;
};

static const char *const words[] = {
	[LEASE_STATE_OFF] = "off",
	[LEASE_STATE_WAITING] = "waits for a first contact",
	[LEASE_STATE_HELD] = "held",
	[LEASE_STATE_LOST] = "lost",
	[LEASE_STATE_NO_DEVICE] = "no device",
	[LEASE_STATE_FAILED] = "failed",
};

static void step(void *arg);

static void
tell_state(struct watchdog *w)
{
	int64_t now_ms = watchdog_now_ms();
	enum detail_lease_state state = lease_state(&w->lease, now_ms);

	if (state == w->told)
		return;
	if (state == LEASE_STATE_LOST)
		log_error("lease",
			  "lost: no contact with a datastore or the "
			  "coordinator for %lld ms; the watchdog fires in "
			  "%lld ms",
			  (long long)w->lease.lease_ms,
			  (long long)lease_left_ms(&w->lease, now_ms));
	else
		log_info("lease", "%s", words[state]);
	w->told = state;
	w->options.changed(w->options.arg);
}

static void
end_if_idle(struct watchdog *w)
{
	if (w->end_fn == NULL || w->lease.armed || w->lease.busy)
		return;
	loop_timer_start(w->end_timer, 0);
}

/* --- the worker's answers --------------------------------------------------
 */

static void
take_answer(const json_t *reply, struct watchdog_answer *ret_answer)
{
	*ret_answer = (struct watchdog_answer){
		.result = (enum lease_result)message_number(reply, "result",
							    LEASE_FAILED),
		.missing = message_bool(reply, "missing"),
		.fired = message_bool(reply, "fired"),
		.fires_ms = (int64_t)message_number(reply, "fires", INT64_MAX),
	};
	text_copy(ret_answer->name, sizeof(ret_answer->name),
		  message_text(reply, "name"));
	text_copy(ret_answer->text, sizeof(ret_answer->text),
		  message_text(reply, "text"));
}

/* Killed or gone: whether it was done nobody knows. */
static void
unsure(struct watchdog_answer *answer, const struct err *err)
{
	*answer = (struct watchdog_answer){ .result = LEASE_UNSURE };
	text_copy(answer->text, sizeof(answer->text), err->text);
}

static void
note(struct watchdog *w, const struct watchdog_answer *answer)
{
	int64_t now_us = source_clock_us();

	memcpy(w->text, answer->text, sizeof(w->text));
	if (answer->result == LEASE_FAILED || answer->result == LEASE_UNSURE)
		source_fail(&w->source, answer->text);
	else
		source_succeed(&w->source, now_us / 1000,
			       (uint64_t)(now_us - w->asked_us));
}

static void
look_ended(struct watchdog *w, const struct watchdog_answer *answer)
{
	w->looking = false;
	if (answer->result != LEASE_DONE) {
		w->look_ms = watchdog_now_ms() + WATCHDOG_LOOK_MS;
		w->lease.device = answer->missing ? LEASE_DEVICE_NONE
						  : LEASE_DEVICE_UNKNOWN;
		w->lease.failing = !answer->missing;
		return;
	}
	w->lease.failing = false;
	memcpy(w->name, answer->name, sizeof(w->name));
	log_info("lease", "the watchdog is the %s", w->name);
	w->lease.device = w->options.settings->watchdog_is_bmc
				  ? LEASE_DEVICE_BMC
				  : LEASE_DEVICE_FILE;
	w->options.looked(w->options.arg, answer->fired);
}

static void
answered(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct watchdog *w = arg;
	struct watchdog_answer answer;

	if (rc < 0)
		unsure(&answer, err);
	else
		take_answer(reply, &answer);
	note(w, &answer);
	if (w->looking)
		look_ended(w, &answer);
	else
		lease_ended(&w->lease, &w->order, answer.result,
			    answer.fires_ms, watchdog_now_ms());
	step(w);
}

/* --- asking ----------------------------------------------------------------
 */

static int
ask(struct watchdog *w, enum watchdog_op op)
{
	const struct settings *settings = w->options.settings;
	json_t *request =
		json_pack("{s:i, s:I, s:I, s:I, s:i, s:s, s:b, s:s}", "op",
			  (int)op, "until", (json_int_t)w->order.until_ms,
			  "sent_by", (json_int_t)w->order.sent_by_ms, "step",
			  (json_int_t)LEASE_STEP_MS(w->lease.lease_ms),
			  "action", (int)settings->watchdog_action, "device",
			  settings->watchdog_device, "bmc",
			  settings->watchdog_is_bmc, "root",
			  settings->system_root);

	w->asked_us = source_clock_us();
	int rc = worker_ask(w->worker, request,
			    op == WATCHDOG_LOOK ? WATCHDOG_START_MS
						: WATCHDOG_ASK_MS,
			    answered, w);
	json_decref(request);
	return rc;
}

/* Waits for the next step: what is asked too early is asked again then. */
static void
look(struct watchdog *w)
{
	w->looking = true;
	if (ask(w, WATCHDOG_LOOK) == 0)
		return;
	w->looking = false;
	w->look_ms = watchdog_now_ms() + WATCHDOG_LOOK_MS;
}

static void
carry_out(struct watchdog *w)
{
	const struct watchdog_answer no = { .result = LEASE_FAILED,
					    .text = "no worker can be "
						    "started" };

	if (w->order.what == LEASE_NOTHING ||
	    ask(w, w->order.what == LEASE_SET ? WATCHDOG_SET
					      : WATCHDOG_CLEAR) == 0)
		return;
	note(w, &no);
	lease_ended(&w->lease, &w->order, no.result, 0, watchdog_now_ms());
	w->order.wake_ms = LEASE_RETRY_MS;
}

static bool
wants_look(const struct watchdog *w)
{
	return w->lease.on && w->lease.device < LEASE_DEVICE_BMC;
}

static void
step(void *arg)
{
	struct watchdog *w = arg;
	int64_t now_ms = watchdog_now_ms();

	tell_state(w);
	end_if_idle(w);
	if (w->worker == NULL || worker_is_busy(w->worker))
		return;
	if (!w->lease.on && !w->lease.armed) {
		worker_free(w->worker);
		w->worker = NULL;
		w->lease.device = LEASE_DEVICE_UNKNOWN;
		return;
	}
	if (wants_look(w)) {
		if (now_ms >= w->look_ms)
			look(w);
		else
			loop_timer_start(w->timer, w->look_ms - now_ms);
		return;
	}
	w->order = lease_next(&w->lease, now_ms);
	carry_out(w);
	if (!w->lease.busy && w->order.wake_ms >= 0)
		loop_timer_start(w->timer, w->order.wake_ms);
}

void
watchdog_control(struct watchdog *w, bool on, int64_t lease_ms)
{
	lease_control(&w->lease, on, lease_ms);
	if (on && w->worker == NULL)
		w->worker = worker_new(w->loop, WATCHDOG_ROLE, NULL, NULL);
	step(w);
}

void
watchdog_contact(struct watchdog *w, enum lease_contact from, int64_t at_ms)
{
	lease_contact(&w->lease, from, at_ms, watchdog_now_ms());
	step(w);
}

/* --- the end ---------------------------------------------------------------
 */

static void
end(void *arg)
{
	struct watchdog *w = arg;
	loop_fn fn = w->end_fn;

	w->end_fn = NULL;
	if (fn == NULL)
		return;
	if (w->lease.armed)
		log_warn("lease",
			 "the watchdog stays armed: the next agent has %lld "
			 "ms to take it over",
			 (long long)lease_left_ms(&w->lease,
						  watchdog_now_ms()));
	fn(w->end_arg);
}

void
watchdog_end(struct watchdog *w, bool vms_run, loop_fn fn, void *arg)
{
	w->end_fn = fn;
	w->end_arg = arg;
	if (vms_run) {
		loop_timer_start(w->end_timer, 0);
		return;
	}
	loop_timer_start(w->end_timer, WATCHDOG_END_MS);
	watchdog_control(w, false, w->lease.lease_ms);
}

/* -------------------------------------------------------------------------- */

struct watchdog *
watchdog_new(struct loop *loop, const struct watchdog_options *options)
{
	struct watchdog *w = xcalloc(1, sizeof(*w));

	w->loop = loop;
	w->options = *options;
	w->told = LEASE_STATE_OFF;
	w->timer = loop_timer_new(loop, step, w);
	w->end_timer = loop_timer_new(loop, end, w);
	lease_init(&w->lease);
	text_copy(w->name, sizeof(w->name), options->settings->watchdog_device);
	source_init(&w->source, SOURCE_LEASE, "lease",
		    2 * LEASE_FIRE_MS((int64_t)LEASE_MS_MAX));
	return w;
}

void
watchdog_free(struct watchdog *w)
{
	if (w == NULL)
		return;
	worker_free(w->worker);
	loop_timer_free(w->timer);
	loop_timer_free(w->end_timer);
	free(w);
}

void
watchdog_fill(const struct watchdog *w, struct detail_lease *ret_lease)
{
	const struct lease *lease = &w->lease;
	int64_t now_ms = watchdog_now_ms();

	ret_lease->mode = lease->on ? SWITCH_ON : SWITCH_OFF;
	ret_lease->state = lease_state(lease, now_ms);
	memcpy(ret_lease->device, w->name, sizeof(ret_lease->device));
	memcpy(ret_lease->text, w->text, sizeof(ret_lease->text));
	ret_lease->timeout_ms = (uint32_t)lease->lease_ms;
	ret_lease->bound_ms = (uint32_t)lease_bound_ms(lease);
	ret_lease->left_ms = (uint32_t)lease_left_ms(lease, now_ms);
	ret_lease->datastore_age_ms =
		source_age(lease->contact_ms[LEASE_BY_DATASTORE], now_ms);
	ret_lease->coordinator_age_ms =
		source_age(lease->contact_ms[LEASE_BY_COORDINATOR], now_ms);
	ret_lease->times_armed = lease->times_armed;
}

const struct source *
watchdog_source(const struct watchdog *w)
{
	return w->lease.on ? &w->source : NULL;
}
