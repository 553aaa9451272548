/* SPDX-License-Identifier: Apache-2.0 */
#include "common/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/log.h"

#define SIGNALS_MAX 8

struct signal_hook {
	struct event *event;
	loop_fn fn;
	void *arg;
};

struct loop {
	struct event_base *base;
	struct signal_hook signals[SIGNALS_MAX];
	size_t n_signals;
};

struct loop_timer {
	struct event *event;
	loop_fn fn;
	void *arg;
};

struct loop_watch {
	struct event *event;
	loop_fd_fn fn;
	void *arg;
};

struct loop *
loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	struct event_config *config = event_config_new();

	/* Precise: heartbeats are judged by these clocks.  Without the cache
	 * a deadline set in a long callback counts from now, not from the
	 * start of that callback. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER |
					      EVENT_BASE_FLAG_NO_CACHE_TIME);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (loop->base == NULL)
		log_fatal("loop", "cannot create an event loop");
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	for (size_t i = 0; i < loop->n_signals; i++)
		event_free(loop->signals[i].event);
	event_base_free(loop->base);
	free(loop);
}

void
loop_run(struct loop *loop)
{
	event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void
loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

static void
signal_came(evutil_socket_t signo, short what, void *arg)
{
	const struct signal_hook *hook = arg;

	(void)signo;
	(void)what;
	hook->fn(hook->arg);
}

void
loop_on_signal(struct loop *loop, int signo, loop_fn fn, void *arg)
{
	if (loop->n_signals == SIGNALS_MAX)
		log_fatal("loop", "too many signals");

	struct signal_hook *hook = &loop->signals[loop->n_signals++];
	hook->fn = fn;
	hook->arg = arg;
	hook->event = evsignal_new(loop->base, signo, signal_came, hook);
	if (hook->event == NULL || event_add(hook->event, NULL) < 0)
		log_fatal("loop", "cannot watch signal %d", signo);
}

static void
timer_fired(evutil_socket_t fd, short what, void *arg)
{
	const struct loop_timer *timer = arg;

	(void)fd;
	(void)what;
	timer->fn(timer->arg); /* may free the timer */
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn fn, void *arg)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));

	timer->fn = fn;
	timer->arg = arg;
	timer->event = evtimer_new(loop->base, timer_fired, timer);
	if (timer->event == NULL)
		log_fatal("loop", "cannot create a timer");
	return timer;
}

void
loop_timer_start(struct loop_timer *timer, int64_t delay_ms)
{
	if (delay_ms < 0)
		delay_ms = 0;

	const struct timeval delay = { .tv_sec = delay_ms / 1000,
				       .tv_usec = delay_ms % 1000 * 1000 };
	if (event_add(timer->event, &delay) < 0)
		log_fatal("loop", "cannot start a timer");
}

void
loop_timer_stop(struct loop_timer *timer)
{
	event_del(timer->event);
}

void
loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	event_free(timer->event);
	free(timer);
}

static void
watch_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct loop_watch *watch = arg;
	unsigned ready = (what & EV_READ ? LOOP_READ : 0u) |
			 (what & EV_WRITE ? LOOP_WRITE : 0u);

	watch->fn(watch->arg, fd, ready); /* may free the watch */
}

struct loop_watch *
loop_watch_new(struct loop *loop, int fd, unsigned what, loop_fd_fn fn,
	       void *arg)
{
	struct loop_watch *watch = xcalloc(1, sizeof(*watch));
	short wanted = (short)(EV_PERSIST | (what & LOOP_READ ? EV_READ : 0) |
			       (what & LOOP_WRITE ? EV_WRITE : 0));

	watch->fn = fn;
	watch->arg = arg;
	watch->event = event_new(loop->base, fd, wanted, watch_ready, watch);
	if (watch->event == NULL || event_add(watch->event, NULL) < 0)
		log_fatal("loop", "cannot watch descriptor %d", fd);
	return watch;
}

void
loop_watch_free(struct loop_watch *watch)
{
	if (watch == NULL)
		return;
	event_free(watch->event);
	free(watch);
}
