/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of alarms, and what is published. */
#include "agent/alarms_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct limit_rate all_rate = { ALARMS_ALL_EVERY_MS,
					    ALARMS_ALL_BURST };

/* --- what is told --------------------------------------------------------- */

static int64_t
storm_wait_ms(const struct alarms *alarms, int64_t now_ms)
{
	int64_t due_ms;

	if (alarms->swallow_ms == NEVER)
		return NEVER;
	due_ms = alarms->swallow_ms + ALARMS_STORM_GATHER_MS;
	if (alarms->storm_ms != NEVER &&
	    alarms->storm_ms + ALARMS_STORM_MS > due_ms)
		due_ms = alarms->storm_ms + ALARMS_STORM_MS;
	return due_ms > now_ms ? due_ms - now_ms : 0;
}

static void
tell_storm(struct alarms *alarms, int64_t now_ms, struct node_notice *notice)
{
	uint64_t n = alarms->suppressed - alarms->storm_told;

	*notice = (struct node_notice){ .kind = NOTICE_STORM,
					.severity = NOTICE_WARNING };
	notice->suppressed = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	snprintf(notice->text, sizeof(notice->text),
		 "%lu changes were not told one by one: read the table of "
		 "alarms",
		 (unsigned long)n);
	alarms->storm_told = alarms->suppressed;
	alarms->storm_ms = now_ms;
	alarms->swallow_ms = NEVER;
}

static void
tell_event(struct entry *entry, struct node_notice *notice)
{
	*notice = *entry->event;
	free(entry->event);
	entry->event = NULL;
}

static void
tell_state(struct entry *entry, struct node_notice *notice)
{
	const struct alarm_rule *rule = entry->rule;

	*notice = (struct node_notice){
		.kind = entry->raised ? NOTICE_ALARM_RAISED
				      : NOTICE_ALARM_CLEARED,
		.severity = alarm_stands(entry),
		.condition = entry->condition,
	};
	if (rule->tell_raised != 0)
		notice->kind =
			entry->raised ? rule->tell_raised : rule->tell_cleared;
	snprintf(notice->alarm, sizeof(notice->alarm), "%s", rule->name);
	memcpy(notice->subject, entry->subject, sizeof(notice->subject));
	memcpy(notice->text, entry->text, sizeof(notice->text));
	if (notice->kind == NOTICE_DATASTORE_LOST ||
	    notice->kind == NOTICE_DATASTORE_BACK) {
		notice->datastore_index = entry->object;
		memcpy(notice->datastore_name, entry->subject,
		       sizeof(notice->datastore_name));
	}
	entry->told = alarm_stands(entry);
}

/* The one that may go first, and when. */
static struct entry *
find_next(const struct alarms *alarms, int64_t now_ms, int64_t *ret_wait_ms)
{
	struct entry *best = NULL;
	int64_t best_ms = 0;

	for (size_t i = 0; i < alarms->n; i++) {
		struct entry *entry = alarms->entries[i];

		if (entry->untold_ms == NEVER)
			continue;
		int64_t wait_ms =
			limit_wait_ms(&entry->limit, alarms->rate, now_ms);
		if (best == NULL || wait_ms < best_ms ||
		    (wait_ms == best_ms &&
		     entry->untold_ms < best->untold_ms)) {
			best = entry;
			best_ms = wait_ms;
		}
	}
	int64_t all_ms = limit_wait_ms(&alarms->all, all_rate, now_ms);
	*ret_wait_ms = best_ms > all_ms ? best_ms : all_ms;
	return best;
}

bool
alarms_take_notice(struct alarms *alarms, int64_t now_ms,
		   struct node_notice *ret_notice)
{
	int64_t wait_ms;
	struct entry *entry = find_next(alarms, now_ms, &wait_ms);

	if (entry != NULL && wait_ms == 0) {
		entry->untold_ms = NEVER;
		limit_take(&entry->limit, alarms->rate, now_ms);
		limit_take(&alarms->all, all_rate, now_ms);
		if (entry->event != NULL)
			tell_event(entry, ret_notice);
		else
			tell_state(entry, ret_notice);
		return true;
	}
	if (storm_wait_ms(alarms, now_ms) != 0)
		return false;
	tell_storm(alarms, now_ms, ret_notice);
	return true;
}

int64_t
alarms_wait_ms(const struct alarms *alarms, int64_t now_ms)
{
	int64_t wait_ms, storm_ms = storm_wait_ms(alarms, now_ms);

	if (find_next(alarms, now_ms, &wait_ms) == NULL)
		return storm_ms;
	return storm_ms != NEVER && storm_ms < wait_ms ? storm_ms : wait_ms;
}

/* --- what is published ---------------------------------------------------- */

size_t
alarms_count(const struct alarms *alarms)
{
	size_t n = 0;

	for (size_t i = 0; i < alarms->n; i++)
		n += alarms->entries[i]->raised;
	return n;
}

size_t
alarms_list(const struct alarms *alarms, struct detail_alarm *ret_rows,
	    size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < alarms->n && n < room; i++) {
		const struct entry *entry = alarms->entries[i];
		struct detail_alarm *row = &ret_rows[n];

		if (!entry->raised)
			continue;
		*row = (struct detail_alarm){ .condition = entry->condition,
					      .severity = entry->severity,
					      .since_s = entry->since_s,
					      .count = entry->count };
		snprintf(row->kind, sizeof(row->kind), "%s", entry->rule->name);
		memcpy(row->subject, entry->subject, sizeof(row->subject));
		memcpy(row->text, entry->text, sizeof(row->text));
		n++;
	}
	return n;
}

uint64_t
alarms_suppressed(const struct alarms *alarms)
{
	return alarms->suppressed;
}
