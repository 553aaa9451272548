/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/sim_time.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"

/* The product takes 0 for "never". */
#define MONO_BASE_MS INT64_C(1000000)
#define WALL_BASE_MS INT64_C(1750000000000)

struct loop {
	int unused;
};

struct loop_timer {
	loop_fn fn;
	void *arg;
	int64_t at_ms;
	uint64_t serial; /* of its start: the order of those of one time */
	size_t place;    /* in the heap, from 1; 0: it does not run */
	bool own;        /* of sim_after(): freed when it has run */
};

static struct {
	int64_t now_ms, wall_offset_ms;
	int64_t paused_until_ms; /* timers that are not the world's wait */
	uint64_t serial, steps;
	struct loop_timer **heap; /* from 1 */
	size_t n, room;
} queue;

/* --- the heap ------------------------------------------------------------- */

static bool
is_before(const struct loop_timer *a, const struct loop_timer *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms;
	return a->serial < b->serial;
}

static void
put(size_t place, struct loop_timer *timer)
{
	queue.heap[place] = timer;
	timer->place = place;
}

static void
rise(struct loop_timer *timer)
{
	size_t place = timer->place;

	while (place > 1 && is_before(timer, queue.heap[place / 2])) {
		put(place, queue.heap[place / 2]);
		place /= 2;
	}
	put(place, timer);
}

static void
sink(struct loop_timer *timer)
{
	size_t place = timer->place;

	for (;;) {
		size_t next = 2 * place;

		if (next > queue.n)
			break;
		if (next < queue.n &&
		    is_before(queue.heap[next + 1], queue.heap[next]))
			next++;
		if (is_before(timer, queue.heap[next]))
			break;
		put(place, queue.heap[next]);
		place = next;
	}
	put(place, timer);
}

static void
take_out(struct loop_timer *timer)
{
	struct loop_timer *last = queue.heap[queue.n--];
	size_t place = timer->place;

	timer->place = 0;
	if (last == timer)
		return;
	put(place, last);
	rise(last);
	sink(last);
}

static void
put_in(struct loop_timer *timer)
{
	if (queue.n + 1 >= queue.room) {
		queue.room = queue.room != 0 ? 2 * queue.room : 256;
		queue.heap = xrealloc(queue.heap, queue.room,
				      sizeof(struct loop_timer *));
	}
	queue.n++;
	put(queue.n, timer);
	rise(timer);
}

/* --- time ----------------------------------------------------------------- */

void
sim_time_reset(void)
{
	for (size_t i = 1; i <= queue.n; i++) {
		assert(queue.heap[i]->own);
		free(queue.heap[i]->arg);
		free(queue.heap[i]);
	}
	free(queue.heap);
	memset(&queue, 0, sizeof(queue));
}

int64_t
sim_now_ms(void)
{
	return queue.now_ms;
}

void
sim_wall_jump(int64_t by_ms)
{
	queue.wall_offset_ms += by_ms;
}

uint64_t
sim_steps(void)
{
	return queue.steps;
}

void
sim_pause(int64_t for_ms)
{
	queue.paused_until_ms = queue.now_ms + for_ms;
}

/* The product's timers keep their order when the pause is over. */
static void
put_off(void)
{
	while (queue.n > 0 && !queue.heap[1]->own &&
	       queue.heap[1]->at_ms < queue.paused_until_ms) {
		struct loop_timer *timer = queue.heap[1];

		take_out(timer);
		timer->at_ms = queue.paused_until_ms;
		put_in(timer);
	}
}

bool
sim_step(int64_t end_ms)
{
	put_off();
	struct loop_timer *timer = queue.n > 0 ? queue.heap[1] : NULL;

	if (timer == NULL || timer->at_ms > end_ms) {
		if (end_ms > queue.now_ms)
			queue.now_ms = end_ms;
		return false;
	}
	take_out(timer);
	if (timer->at_ms > queue.now_ms)
		queue.now_ms = timer->at_ms;
	queue.steps++;

	loop_fn fn = timer->fn;
	void *arg = timer->arg;
	if (timer->own)
		free(timer);
	fn(arg);
	return true;
}

int64_t
clock_mono_ms(void)
{
	return MONO_BASE_MS + queue.now_ms;
}

int64_t
clock_wall_ms(void)
{
	return WALL_BASE_MS + queue.now_ms + queue.wall_offset_ms;
}

int64_t
clock_boot_ms(void)
{
	return clock_mono_ms();
}

/* --- common/loop.h -------------------------------------------------------- */

struct loop *
loop_new(void)
{
	return xcalloc(1, sizeof(struct loop));
}

void
loop_free(struct loop *loop)
{
	free(loop);
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn fn, void *arg)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));

	(void)loop;
	timer->fn = fn;
	timer->arg = arg;
	return timer;
}

void
loop_timer_start(struct loop_timer *timer, int64_t delay_ms)
{
	loop_timer_stop(timer);
	timer->at_ms = queue.now_ms + (delay_ms > 0 ? delay_ms : 0);
	timer->serial = queue.serial++;
	put_in(timer);
}

void
loop_timer_stop(struct loop_timer *timer)
{
	if (timer->place != 0)
		take_out(timer);
}

void
loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	loop_timer_stop(timer);
	free(timer);
}

void
sim_after(int64_t delay_ms, loop_fn fn, void *arg)
{
	struct loop_timer *timer = loop_timer_new(NULL, fn, arg);

	timer->own = true;
	loop_timer_start(timer, delay_ms);
}

struct event_base *
loop_base(struct loop *loop)
{
	(void)loop;
	return NULL;
}

/* Nothing in a simulation has a descriptor or gets a signal. */
struct loop_watch *
loop_watch_new(struct loop *loop, int fd, unsigned what, loop_fd_fn fn,
	       void *arg)
{
	(void)loop, (void)fd, (void)what, (void)fn, (void)arg;
	abort();
}

void
loop_watch_free(struct loop_watch *watch)
{
	(void)watch;
	abort();
}
