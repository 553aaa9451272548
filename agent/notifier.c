/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/notifier.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

struct notifier {
	struct loop *loop;
	const struct settings *settings;
	const struct report_host *self;
	struct worker *worker; /* NULL: nothing to do for a while */
	struct loop_timer *timer, *last_timer;
	struct source source;
	struct node_notice queue[NOTIFIER_QUEUE_MAX]; /* oldest first */
	size_t n;
	uint32_t sequence;
	uint32_t asked;    /* sequence of the one under way, 0: none */
	unsigned failures; /* in a row */
	int64_t asked_us;

	loop_fn last; /* set: we are ending */
	void *last_arg;
	uint32_t last_sequence;
};

static const int64_t pauses_ms[] = { 1000, 2000, 5000, 10000, 30000 };

int64_t
notifier_pause_ms(unsigned failures)
{
	const unsigned n = sizeof(pauses_ms) / sizeof(*pauses_ms);

	return pauses_ms[failures == 0  ? 0
			 : failures < n ? failures - 1
					: n - 1];
}

static void
remove_notice(struct notifier *notifier, uint32_t sequence)
{
	for (size_t i = 0; i < notifier->n; i++) {
		if (notifier->queue[i].sequence != sequence)
			continue;
		notifier->n--;
		memmove(&notifier->queue[i], &notifier->queue[i + 1],
			(notifier->n - i) * sizeof(*notifier->queue));
		return;
	}
}

static void
finish_last(void *arg)
{
	struct notifier *notifier = arg;
	loop_fn fn = notifier->last;

	if (fn == NULL)
		return;
	notifier->last = NULL;
	loop_timer_stop(notifier->last_timer);
	fn(notifier->last_arg); /* may free us */
}

static void
take_reply(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct notifier *notifier = arg;
	const char *why = rc < 0 ? err->text : message_text(reply, "error");
	int64_t now_us = source_clock_us();
	bool ends = notifier->last != NULL &&
		    notifier->asked == notifier->last_sequence;

	if (why[0] == '\0') {
		source_succeed(&notifier->source, now_us / 1000,
			       (uint64_t)(now_us - notifier->asked_us));
		notifier->failures = 0;
		remove_notice(notifier, notifier->asked);
		loop_timer_start(notifier->timer,
				 notifier->n > 0 ? 0 : NOTIFIER_REST_MS);
	} else {
		source_fail(&notifier->source, why);
		notifier->failures++;
		loop_timer_start(notifier->timer,
				 notifier_pause_ms(notifier->failures));
	}
	notifier->asked = 0;
	if (ends)
		finish_last(notifier);
}

static void
send_first(struct notifier *notifier)
{
	const struct settings *settings = notifier->settings;
	json_t *request = json_pack("{s:s, s:s, s:s, s:o}", "target",
				    settings->inform_target, "account",
				    settings->inform_account, "credentials",
				    settings->credentials, "notice",
				    notice_to_message(&notifier->queue[0]));

	if (notifier->worker == NULL)
		notifier->worker =
			worker_new(notifier->loop, "notify", NULL, NULL);
	notifier->asked_us = source_clock_us();
	notifier->asked = notifier->queue[0].sequence;
	if (worker_ask(notifier->worker, request, NOTIFIER_DEADLINE_MS,
		       take_reply, notifier) < 0) {
		struct err err = { "cannot start a worker" };

		take_reply(notifier, -1, NULL, &err);
	}
	json_decref(request);
}

static void
go_on(void *arg)
{
	struct notifier *notifier = arg;

	if (notifier->asked != 0)
		return;
	if (notifier->n > 0) {
		send_first(notifier);
		return;
	}
	worker_free(notifier->worker); /* 10 s without work */
	notifier->worker = NULL;
}

struct notifier *
notifier_new(struct loop *loop, const struct settings *settings,
	     const struct report_host *self)
{
	struct notifier *notifier = xcalloc(1, sizeof(*notifier));

	notifier->loop = loop;
	notifier->settings = settings;
	notifier->self = self;
	notifier->timer = loop_timer_new(loop, go_on, notifier);
	notifier->last_timer = loop_timer_new(loop, finish_last, notifier);
	/* From the time, so that numbers grow over restarts of the agent within
	 * one boot: a receiver knows repeated notices by boot and number. */
	notifier->sequence = (uint32_t)(clock_wall_ms() / 1000);
	/* Silence is no fault: only attempts say how it stands. */
	source_init(&notifier->source, SOURCE_INFORM, "inform",
		    INT64_MAX / 100);
	return notifier;
}

void
notifier_free(struct notifier *notifier)
{
	if (notifier == NULL)
		return;
	worker_free(notifier->worker);
	loop_timer_free(notifier->timer);
	loop_timer_free(notifier->last_timer);
	free(notifier);
}

static void
complete(struct notifier *notifier, struct node_notice *notice)
{
	text_copy(notice->host_name, sizeof(notice->host_name),
		  notifier->self->name);
	text_copy(notice->host_uuid, sizeof(notice->host_uuid),
		  notifier->self->uuid);
	text_copy(notice->boot_id, sizeof(notice->boot_id),
		  notifier->self->boot_id);
	notice->sequence = ++notifier->sequence;
}

/* The one under way may be the oldest: it is not dropped, its worker has it
 * already. */
static void
make_room(struct notifier *notifier)
{
	if (notifier->n < NOTIFIER_QUEUE_MAX)
		return;
	const struct node_notice *oldest =
		&notifier->queue[notifier->asked ==
				 notifier->queue[0].sequence];
	log_warn("inform", "too many wait: dropping %s of %s",
		 notice_kind_name(oldest->kind), oldest->subject);
	remove_notice(notifier, oldest->sequence);
}

void
notifier_send(struct notifier *notifier, const struct node_notice *notice)
{
	if (notifier->settings->inform_target == NULL)
		return;
	make_room(notifier);
	notifier->queue[notifier->n] = *notice;
	complete(notifier, &notifier->queue[notifier->n++]);
	if (notifier->asked == 0 && notifier->failures == 0)
		loop_timer_start(notifier->timer, 0);
}

void
notifier_send_last(struct notifier *notifier, const struct node_notice *notice,
		   int64_t wait_ms, loop_fn fn, void *arg)
{
	notifier->last = fn;
	notifier->last_arg = arg;
	if (notifier->settings->inform_target == NULL) {
		loop_timer_start(notifier->last_timer, 0);
		return;
	}
	/* Whatever is under way has had its chance: its receiver may be
	 * away, and this one shall not wait behind it. */
	worker_free(notifier->worker);
	notifier->worker = NULL;
	notifier->asked = 0;
	make_room(notifier);
	memmove(&notifier->queue[1], &notifier->queue[0],
		notifier->n * sizeof(*notifier->queue));
	notifier->queue[0] = *notice;
	complete(notifier, &notifier->queue[0]);
	notifier->n++;
	notifier->last_sequence = notifier->queue[0].sequence;
	loop_timer_start(notifier->last_timer, wait_ms);
	send_first(notifier);
}

size_t
notifier_waiting(const struct notifier *notifier)
{
	return notifier->n;
}

bool
notifier_describe(const struct notifier *notifier, int64_t now_ms,
		  struct report_source *ret_row)
{
	if (notifier->settings->inform_target == NULL)
		return false;
	source_describe(&notifier->source, now_ms, ret_row);
	return true;
}
