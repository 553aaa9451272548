/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vm_tell.h"

#include <stdlib.h>
#include <string.h>

#include "agent/alarms.h"
#include "agent/limit.h"
#include "common/alloc.h"

static const struct limit_rate rate = { ALARMS_ALL_EVERY_MS, ALARMS_ALL_BURST };

struct waiting {
	struct vm_notice notice;
	int64_t since_ms;
};

struct vm_tell {
	struct waiting *list; /* oldest first; NULL while nothing waits */
	size_t n, room;
	struct limit limit;
	uint64_t dropped;
};

struct vm_tell *
vm_tell_new(void)
{
	return xcalloc(1, sizeof(struct vm_tell));
}

void
vm_tell_free(struct vm_tell *tell)
{
	if (tell == NULL)
		return;
	free(tell->list);
	free(tell);
}

static void
forget_all(struct vm_tell *tell)
{
	free(tell->list);
	tell->list = NULL;
	tell->n = tell->room = 0;
}

static void
take_out(struct vm_tell *tell, size_t at)
{
	tell->n--;
	memmove(&tell->list[at], &tell->list[at + 1],
		(tell->n - at) * sizeof(*tell->list));
	if (tell->n == 0)
		forget_all(tell);
}

void
vm_tell_add(struct vm_tell *tell, const struct vm_notice *notice,
	    int64_t now_ms)
{
	if (tell->n == VM_TELL_WAITING_MAX) {
		take_out(tell, 0);
		tell->dropped++;
	}
	if (tell->n == tell->room) {
		tell->room = tell->room * 2 + 16;
		tell->list =
			xrealloc(tell->list, tell->room, sizeof(*tell->list));
	}
	tell->list[tell->n++] = (struct waiting){ *notice, now_ms };
}

/* Something else has to be told of this VM before. */
static bool
is_behind(const struct vm_tell *tell, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (tell->list[i].notice.index == tell->list[at].notice.index)
			return true;
	return false;
}

/* Can it be told together with the oldest one? */
static bool
goes_along(const struct vm_tell *tell, size_t at)
{
	const struct vm_notice *notice = &tell->list[at].notice;

	return notice->change == tell->list[0].notice.change &&
	       notice->index <= VM_BULK_INDEX_MAX && !is_behind(tell, at);
}

static bool
is_many(const struct vm_tell *tell)
{
	size_t n = 0;

	for (size_t i = 0; i < tell->n && n <= VM_TELL_SINGLES; i++)
		n += goes_along(tell, i);
	return n > VM_TELL_SINGLES;
}

static void
take_many(struct vm_tell *tell, struct vm_bulk *ret_bulk)
{
	struct waiting *kept = xcalloc(tell->n, sizeof(*kept));
	size_t n = 0;

	memset(ret_bulk, 0, sizeof(*ret_bulk));
	ret_bulk->change = tell->list[0].notice.change;
	for (size_t i = 0; i < tell->n; i++)
		if (goes_along(tell, i))
			vm_bulk_add(ret_bulk, tell->list[i].notice.index);
		else
			kept[n++] = tell->list[i];
	forget_all(tell);
	if (n == 0) {
		free(kept);
		return;
	}
	tell->list = kept;
	tell->n = tell->room = n;
}

int64_t
vm_tell_wait_ms(const struct vm_tell *tell, struct vm_tell_modes modes,
		int64_t now_ms)
{
	if (tell->n == 0)
		return -1;
	int64_t gather_ms =
		modes.bulk ? tell->list[0].since_ms + VM_TELL_GATHER_MS - now_ms
			   : 0;
	int64_t limit_ms = limit_wait_ms(&tell->limit, rate, now_ms);
	return gather_ms > limit_ms ? gather_ms : limit_ms;
}

/* Those that are switched off, or have no bit, are not told. */
static void
drop_untellable(struct vm_tell *tell, struct vm_tell_modes modes)
{
	if (!modes.single && !modes.bulk)
		forget_all(tell);
	while (!modes.single && tell->n > 0 &&
	       tell->list[0].notice.index > VM_BULK_INDEX_MAX) {
		take_out(tell, 0);
		tell->dropped++;
	}
}

bool
vm_tell_take(struct vm_tell *tell, struct vm_tell_modes modes, int64_t now_ms,
	     struct vm_told *ret_told)
{
	drop_untellable(tell, modes);
	if (vm_tell_wait_ms(tell, modes, now_ms) != 0)
		return false;
	memset(ret_told, 0, sizeof(*ret_told));
	if (modes.bulk && goes_along(tell, 0) &&
	    (!modes.single || is_many(tell))) {
		take_many(tell, &ret_told->many);
	} else {
		ret_told->one = tell->list[0].notice;
		take_out(tell, 0);
	}
	limit_take(&tell->limit, rate, now_ms);
	return true;
}

uint64_t
vm_tell_dropped(const struct vm_tell *tell)
{
	return tell->dropped;
}
