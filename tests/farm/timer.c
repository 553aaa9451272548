/* SPDX-License-Identifier: Apache-2.0 */
/* What is due when: a heap; those of one time in the order they were started.
 */
#include <stdlib.h>

#include "tests/farm/farm.h"

static struct timer **heap; /* from 1 */
static size_t n, room;
static uint64_t started;

static bool
earlier(const struct timer *a, const struct timer *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void
put(struct timer *timer, size_t place)
{
	heap[place] = timer;
	timer->place = place;
}

static void
rise(struct timer *timer, size_t place)
{
	for (; place > 1 && earlier(timer, heap[place / 2]); place /= 2)
		put(heap[place / 2], place);
	put(timer, place);
}

static void
sink(struct timer *timer, size_t place)
{
	for (size_t child; (child = 2 * place) <= n; place = child) {
		if (child < n && earlier(heap[child + 1], heap[child]))
			child++;
		if (!earlier(heap[child], timer))
			break;
		put(heap[child], place);
	}
	put(timer, place);
}

void
timer_stop(struct timer *timer)
{
	size_t place = timer->place;

	if (place == 0)
		return;
	timer->place = 0;
	struct timer *last = heap[n--];
	if (last == timer)
		return;
	if (place > 1 && earlier(last, heap[place / 2]))
		rise(last, place);
	else
		sink(last, place);
}

void
timer_start(struct timer *timer, int64_t at_ms, void (*fn)(void *arg),
	    void *arg)
{
	timer_stop(timer);
	if (n + 1 >= room) {
		room = room == 0 ? FARM_MAX : 2 * room;
		heap = realloc(heap, room * sizeof(struct timer *));
		if (heap == NULL)
			abort();
	}
	timer->at_ms = at_ms;
	timer->order = started++;
	timer->fn = fn;
	timer->arg = arg;
	rise(timer, ++n);
}

void
timers_run(void)
{
	while (n > 0 && heap[1]->at_ms <= farm.now_ms) {
		struct timer *timer = heap[1];

		timer_stop(timer);
		timer->fn(timer->arg);
	}
}

int
timers_wait_ms(void)
{
	if (n == 0)
		return -1;
	int64_t wait_ms = heap[1]->at_ms - farm.now_ms;
	return wait_ms < 0 ? 0 : wait_ms < INT32_MAX ? (int)wait_ms : INT32_MAX;
}
