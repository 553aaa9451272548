/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest_dirty.h"

#include <stdlib.h>
#include <string.h>

#include "agent/source.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "snmp-mib/node_detail.h"

static struct guest *
find(struct guest_table *table, uint32_t index)
{
	return (struct guest *)guest_table_find(table, index);
}

static bool
is_under_way(const struct guest *guest)
{
	return guest->dirty.state == DIRTY_WAITING ||
	       guest->dirty.state == DIRTY_MEASURING;
}

bool
guest_dirty_ask(struct guest_table *table, uint32_t index, int64_t now_ms)
{
	struct guest *guest = find(table, index);

	if (guest == NULL || !guest->running)
		return false;
	if (is_under_way(guest))
		return true;
	guest->dirty = (struct guest_dirty){ .state = DIRTY_WAITING,
					     .since_ms = now_ms };
	return true;
}

static struct guest *
longest_waiting(struct guest_table *table)
{
	struct guest *next = NULL;

	for (size_t i = 0; i < table->n; i++) {
		struct guest *guest = &table->guests[i];

		if (guest->dirty.state == DIRTY_WAITING &&
		    (next == NULL ||
		     guest->dirty.since_ms < next->dirty.since_ms))
			next = guest;
	}
	return next;
}

size_t
guest_dirty_start(struct guest_table *table, int64_t now_ms,
		  struct guest *ret_guests[GUEST_DIRTY_AT_ONCE])
{
	size_t busy = 0, n = 0;
	struct guest *guest;

	for (size_t i = 0; i < table->n; i++)
		busy += table->guests[i].dirty.state == DIRTY_MEASURING;
	while (busy + n < GUEST_DIRTY_AT_ONCE &&
	       (guest = longest_waiting(table)) != NULL) {
		guest->dirty.state = DIRTY_MEASURING;
		guest->dirty.since_ms = now_ms;
		ret_guests[n++] = guest;
	}
	return n;
}

static void
fail(struct guest *guest, const char *why)
{
	guest->dirty.state = DIRTY_FAILED;
	text_copy(guest->dirty.why, sizeof(guest->dirty.why), why);
}

void
guest_dirty_fail(struct guest_table *table, uint32_t index, const char *why)
{
	struct guest *guest = find(table, index);

	if (guest != NULL && guest->dirty.state == DIRTY_MEASURING)
		fail(guest, why);
}

/* QEMU tells whole seconds. */
static bool
is_measured_since(const struct guest *guest)
{
	return guest->stats.dirty_at_ms >= guest->dirty.since_ms;
}

static void
look(struct guest *guest, int64_t now_ms)
{
	struct guest_dirty *dirty = &guest->dirty;

	if (!guest->active)
		*dirty = (struct guest_dirty){ .state = 0 };
	else if (dirty->state == DIRTY_MEASURING && is_measured_since(guest))
		*dirty = (struct guest_dirty){ .state = 0 };
	else if (is_under_way(guest) && !guest->running)
		fail(guest, "it does not run any more");
	else if (dirty->state == DIRTY_MEASURING &&
		 now_ms - dirty->since_ms >= GUEST_DIRTY_MAX_MS)
		fail(guest, "nothing came of it in time");
}

bool
guest_dirty_look(struct guest_table *table, int64_t now_ms)
{
	bool some = false;

	for (size_t i = 0; i < table->n; i++) {
		look(&table->guests[i], now_ms);
		some = some || is_under_way(&table->guests[i]);
	}
	return some;
}

static bool
fill_row(const struct guest *guest, int64_t now_ms, struct detail_vm_dirty *row)
{
	const struct guest_stats *stats = &guest->stats;
	const bool measured = guest->measured && stats->dirty_at_ms >= 0;

	if (guest->dirty.state == 0 && !measured)
		return false;
	row->vm = guest->index;
	row->state =
		guest->dirty.state == 0 ? DIRTY_MEASURED : guest->dirty.state;
	row->age_ms = measured ? source_age(stats->dirty_at_ms, now_ms)
			       : REPORT_AGE_NEVER;
	row->period_s = measured ? stats->dirty_period_s : 0;
	memcpy(row->text, guest->dirty.why, sizeof(row->text));
	return true;
}

void
guest_dirty_fill(const struct guest_table *table, int64_t now_ms,
		 struct node_detail *detail)
{
	detail->vm_dirties = xcalloc(table->n + 1, sizeof(*detail->vm_dirties));
	for (size_t i = 0; i < table->n; i++)
		if (table->guests[i].listed)
			detail->n_vm_dirties += fill_row(
				&table->guests[i], now_ms,
				&detail->vm_dirties[detail->n_vm_dirties]);
}
