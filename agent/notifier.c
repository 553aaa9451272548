/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/notifier.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

/* The sequence number of a notice is 0 until it is sent for the first time:
 * one that is replaced before leaves no gap. */
struct waiting {
	uint64_t id;
	struct node_notice notice;
};

struct notifier {
	struct loop *loop;
	const struct settings *settings;
	const struct report_host *self;
	struct worker *worker; /* NULL: nothing to do for a while */
	struct loop_timer *timer, *last_timer;
	struct source source;
	struct waiting queue[NOTIFIER_QUEUE_MAX]; /* oldest first */
	size_t n;
	uint64_t ids;      /* given so far */
	uint64_t asked;    /* id of the one under way, 0: none */
	unsigned failures; /* in a row */
	unsigned spread_pm;
	int64_t asked_us;
	struct detail_notify counts;

	loop_fn last; /* set: we are ending */
	void *last_arg;
	uint64_t last_id;
};

static const int64_t pauses_ms[] = { 1000, 2000, 5000, 10000, 30000 };

int64_t
notifier_pause_ms(unsigned failures, unsigned spread_pm)
{
	const unsigned n = sizeof(pauses_ms) / sizeof(*pauses_ms);
	int64_t pause_ms = pauses_ms[failures == 0  ? 0
				     : failures < n ? failures - 1
						    : n - 1];

	return pause_ms + pause_ms * spread_pm / 1000;
}

/* FNV-1a, then its upper half: hosts have names that differ at the end. */
static unsigned
spread_of(const char *uuid)
{
	uint32_t hash = 2166136261u;

	for (; *uuid != '\0'; uuid++)
		hash = (hash ^ (unsigned char)*uuid) * 16777619u;
	return (hash >> 8) % 1000;
}

static void
remove_at(struct notifier *notifier, size_t i)
{
	notifier->n--;
	memmove(&notifier->queue[i], &notifier->queue[i + 1],
		(notifier->n - i) * sizeof(*notifier->queue));
}

static void
remove_asked(struct notifier *notifier)
{
	for (size_t i = 0; i < notifier->n; i++)
		if (notifier->queue[i].id == notifier->asked) {
			remove_at(notifier, i);
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
	bool ends =
		notifier->last != NULL && notifier->asked == notifier->last_id;

	if (why[0] == '\0') {
		source_succeed(&notifier->source, now_us / 1000,
			       (uint64_t)(now_us - notifier->asked_us));
		notifier->failures = 0;
		remove_asked(notifier);
		notifier->counts.sent++;
		loop_timer_start(notifier->timer,
				 notifier->n > 0 ? 0 : NOTIFIER_REST_MS);
	} else {
		source_fail(&notifier->source, why);
		notifier->failures++;
		loop_timer_start(notifier->timer,
				 notifier_pause_ms(notifier->failures,
						   notifier->spread_pm));
	}
	notifier->asked = 0;
	if (ends)
		finish_last(notifier);
}

static void
send_first(struct notifier *notifier)
{
	const struct settings *settings = notifier->settings;
	struct waiting *first = &notifier->queue[0];

	if (first->notice.sequence == 0)
		first->notice.sequence = ++notifier->counts.sequence;
	json_t *request = json_pack("{s:s, s:s, s:s, s:o}", "target",
				    settings->inform_target, "account",
				    settings->inform_account, "credentials",
				    settings->credentials, "notice",
				    notice_to_message(&first->notice));

	if (notifier->worker == NULL)
		notifier->worker =
			worker_new(notifier->loop, "notify", NULL, NULL);
	notifier->asked_us = source_clock_us();
	notifier->asked = first->id;
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
	notifier->counts.sequence = (uint32_t)(clock_wall_ms() / 1000);
	notifier->spread_pm = spread_of(self->uuid);
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

void
notice_sign(const struct report_host *self, struct node_notice *notice)
{
	text_copy(notice->host_name, sizeof(notice->host_name), self->name);
	text_copy(notice->host_uuid, sizeof(notice->host_uuid), self->uuid);
	text_copy(notice->boot_id, sizeof(notice->boot_id), self->boot_id);
}

/* The one under way may be the oldest: it is not dropped, its worker has it
 * already. */
static void
make_room(struct notifier *notifier)
{
	if (notifier->n < NOTIFIER_QUEUE_MAX)
		return;
	size_t i = notifier->asked == notifier->queue[0].id;
	const struct node_notice *oldest = &notifier->queue[i].notice;

	log_warn("inform", "too many wait: dropping %s of %s",
		 notice_kind_name(oldest->kind), oldest->subject);
	if (oldest->sequence == 0)
		notifier->counts.sequence++; /* the gap tells of it */
	notifier->counts.dropped++;
	remove_at(notifier, i);
}

/* NULL: none of that condition waits. */
static struct waiting *
find_same(struct notifier *notifier, uint32_t condition)
{
	for (size_t i = 0; condition != 0 && i < notifier->n; i++)
		if (notifier->queue[i].notice.condition == condition &&
		    notifier->queue[i].id != notifier->asked)
			return &notifier->queue[i];
	return NULL;
}

static void
put_at(struct notifier *notifier, struct waiting *place,
       const struct node_notice *notice)
{
	place->id = ++notifier->ids;
	place->notice = *notice;
	place->notice.sequence = 0;
	notice_sign(notifier->self, &place->notice);
}

void
notifier_send(struct notifier *notifier, const struct node_notice *notice)
{
	if (notifier->settings->inform_target == NULL)
		return;
	struct waiting *same = find_same(notifier, notice->condition);

	if (same != NULL) {
		notifier->counts.suppressed++;
		put_at(notifier, same, notice);
		return;
	}
	make_room(notifier);
	put_at(notifier, &notifier->queue[notifier->n++], notice);
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
		notifier->n++ * sizeof(*notifier->queue));
	put_at(notifier, &notifier->queue[0], notice);
	notifier->last_id = notifier->queue[0].id;
	loop_timer_start(notifier->last_timer, wait_ms);
	send_first(notifier);
}

size_t
notifier_waiting(const struct notifier *notifier)
{
	return notifier->n;
}

void
notifier_count(const struct notifier *notifier,
	       struct detail_notify *ret_counts)
{
	*ret_counts = notifier->counts;
	ret_counts->waiting = (uint32_t)notifier->n;
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
