/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/beats.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"

void
beats_done(struct beats *beats)
{
	free(beats->rows);
	memset(beats, 0, sizeof(*beats));
}

/* Where `slot` is, or where it would have to go. */
static size_t
place_of(const struct beats *beats, uint32_t slot)
{
	size_t low = 0, high = beats->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (beats->rows[middle].slot.number < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct beat *
beats_find(const struct beats *beats, uint32_t slot)
{
	size_t place = place_of(beats, slot);

	return place < beats->n && beats->rows[place].slot.number == slot
		       ? &beats->rows[place]
		       : NULL;
}

static void
insert(struct beats *beats, size_t place, const struct slot *slot)
{
	if (beats->n == REPORT_HEARTBEATS_MAX)
		return;
	beats->rows = xrealloc(beats->rows, beats->n + 1, sizeof(*beats->rows));
	memmove(&beats->rows[place + 1], &beats->rows[place],
		(beats->n - place) * sizeof(*beats->rows));
	beats->rows[place] =
		(struct beat){ .slot = *slot, .changed_ms = -1, .seen = true };
	beats->n++;
}

static bool
same_host(const struct slot *a, const struct slot *b)
{
	return strcmp(a->host_uuid, b->host_uuid) == 0;
}

static bool
same_beat(const struct slot *a, const struct slot *b)
{
	return same_host(a, b) && strcmp(a->boot_id, b->boot_id) == 0 &&
	       a->sequence == b->sequence;
}

void
beats_put(struct beats *beats, const struct slot *slot, int64_t now_ms)
{
	size_t place = place_of(beats, slot->number);

	if (place == beats->n ||
	    beats->rows[place].slot.number != slot->number) {
		insert(beats, place, slot);
		return;
	}
	struct beat *beat = &beats->rows[place];
	if (!same_beat(&beat->slot, slot))
		beat->changed_ms = now_ms;
	beat->slot = *slot;
	beat->seen = true;
}

void
beats_begin(struct beats *beats)
{
	for (size_t i = 0; i < beats->n; i++)
		beats->rows[i].seen = false;
}

void
beats_end(struct beats *beats)
{
	size_t kept = 0;

	for (size_t i = 0; i < beats->n; i++)
		if (beats->rows[i].seen)
			beats->rows[kept++] = beats->rows[i];
	beats->n = kept;
}

static void
start_watch(struct claim *claim, const struct slot *other, int64_t now_ms)
{
	claim->state = CLAIM_WATCH;
	claim->other = *other;
	claim->since_ms = now_ms;
}

/* The same for one host at all times, different for most pairs of hosts. */
static int64_t
claim_delay(const struct slot *self)
{
	uint32_t hash = 2166136261u;

	for (const char *c = self->host_uuid; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return BEATS_CLAIM_MS + hash % BEATS_CLAIM_SPREAD_MS;
}

static void
take(struct claim *claim, const struct slot *found)
{
	claim->state = CLAIM_OURS;
	memset(&claim->other, 0, sizeof(claim->other));
	if (found != NULL)
		claim->other = *found; /* stays until we have written */
	/* Sequences go on over restarts of the agent and from one holder to
	 * the next: any step counts as a change, but people would wonder. */
	if (found != NULL && found->sequence > claim->sequence)
		claim->sequence = found->sequence;
}

static void
watch_other(struct claim *claim, const struct slot *self,
	    const struct slot *found, int64_t now_ms)
{
	if (!same_beat(&claim->other, found)) {
		claim->other = *found;
		claim->since_ms = now_ms;
		claim->state = CLAIM_FOREIGN;
	} else if (now_ms - claim->since_ms >= claim_delay(self)) {
		take(claim, found);
	}
}

void
claim_judge(struct claim *claim, const struct slot *self,
	    const struct slot *found, int64_t now_ms)
{
	const bool writing = claim->state == CLAIM_OURS;

	if (found == NULL ||
	    (claim->state == CLAIM_UNKNOWN && same_host(self, found))) {
		take(claim, found);
	} else if (writing) {
		/* What was there before, as long as no write has arrived, or
		 * one of ours. */
		if (!same_beat(&claim->other, found) &&
		    (!same_host(self, found) ||
		     strcmp(self->boot_id, found->boot_id) != 0))
			start_watch(claim, found, now_ms);
	} else if (claim->state == CLAIM_UNKNOWN) {
		start_watch(claim, found, now_ms);
	} else {
		watch_other(claim, self, found, now_ms);
	}
}
