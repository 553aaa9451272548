/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/alarms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/limit.h"
#include "agent/text.h"
#include "common/alloc.h"

enum { NEVER = -1 };

struct entry {
	uint32_t condition, object;
	const struct alarm_rule *rule; /* NULL: of events */
	unsigned round;                /* of the last look that saw its row */

	bool raised;
	enum notice_severity severity;
	int64_t hold_ms; /* since when the other state has been true; NEVER */
	uint64_t since_s, count;
	char subject[REPORT_NAME_LEN], text[REPORT_TEXT_LEN];

	int64_t base, base_ms; /* TEST_GROWS: counted from here */

	enum notice_severity told;
	int64_t untold_ms;         /* since when it waits; NEVER: it does not */
	struct node_notice *event; /* to be told, instead; or NULL */
	struct limit limit;
};

struct alarms {
	struct limit_rate rate;
	struct entry **entries; /* sorted by condition */
	size_t n, room;
	unsigned round;

	struct limit all;
	uint64_t suppressed, storm_told;
	int64_t storm_ms;   /* of the last one; NEVER */
	int64_t swallow_ms; /* first one after it; NEVER */
};

static const struct limit_rate all_rate = { ALARMS_ALL_EVERY_MS,
					    ALARMS_ALL_BURST };

struct alarms *
alarms_new(int64_t min_interval_ms)
{
	struct alarms *alarms = xcalloc(1, sizeof(*alarms));

	alarms->rate = (struct limit_rate){ min_interval_ms, ALARMS_BURST };
	alarms->storm_ms = NEVER;
	alarms->swallow_ms = NEVER;
	return alarms;
}

static void
entry_free(struct entry *entry)
{
	free(entry->event);
	free(entry);
}

void
alarms_free(struct alarms *alarms)
{
	if (alarms == NULL)
		return;
	for (size_t i = 0; i < alarms->n; i++)
		entry_free(alarms->entries[i]);
	free(alarms->entries);
	free(alarms);
}

/* --- the table ------------------------------------------------------------ */

/* Where it is or belongs. */
static size_t
find_place(const struct alarms *alarms, uint32_t condition)
{
	size_t low = 0, high = alarms->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (alarms->entries[middle]->condition < condition)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *
find(const struct alarms *alarms, uint32_t condition)
{
	size_t i = find_place(alarms, condition);

	return i < alarms->n && alarms->entries[i]->condition == condition
		       ? alarms->entries[i]
		       : NULL;
}

/* NULL when there are too many. */
static struct entry *
add(struct alarms *alarms, enum alarm_kind kind, uint32_t object)
{
	uint32_t condition = alarm_condition(kind, object);
	size_t i = find_place(alarms, condition);
	struct entry *entry;

	if (alarms->n == DETAIL_ALARMS_MAX)
		return NULL;
	if (alarms->n == alarms->room) {
		alarms->room = alarms->room * 2 + 16;
		alarms->entries = xrealloc(alarms->entries, alarms->room,
					   sizeof(*alarms->entries));
	}
	entry = xcalloc(1, sizeof(*entry));
	*entry = (struct entry){ .condition = condition,
				 .object = object,
				 .hold_ms = NEVER,
				 .base_ms = NEVER,
				 .told = NOTICE_CLEARED,
				 .untold_ms = NEVER };
	memmove(&alarms->entries[i + 1], &alarms->entries[i],
		(alarms->n++ - i) * sizeof(*alarms->entries));
	alarms->entries[i] = entry;
	return entry;
}

static bool
is_done_with(const struct alarms *alarms, const struct entry *entry,
	     int64_t now_ms)
{
	bool counts = entry->rule != NULL && entry->rule->test == TEST_GROWS &&
		      entry->round == alarms->round;

	return !entry->raised && entry->hold_ms == NEVER &&
	       entry->untold_ms == NEVER && !counts &&
	       entry->limit.even_ms <= now_ms;
}

static void
forget(struct alarms *alarms, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < alarms->n; i++) {
		struct entry *entry = alarms->entries[i];

		if (is_done_with(alarms, entry, now_ms))
			entry_free(entry);
		else
			alarms->entries[n++] = entry;
	}
	alarms->n = n;
}

/* --- states --------------------------------------------------------------- */

static enum notice_severity
stands(const struct entry *entry)
{
	return entry->raised ? entry->severity : NOTICE_CLEARED;
}

static void
swallow(struct alarms *alarms, int64_t now_ms)
{
	alarms->suppressed++;
	if (alarms->swallow_ms == NEVER)
		alarms->swallow_ms = now_ms;
}

static void
set_state(struct alarms *alarms, struct entry *entry, bool raised,
	  enum notice_severity severity, int64_t now_ms)
{
	if (entry->untold_ms != NEVER) /* what waited is not true any more */
		swallow(alarms, now_ms);
	entry->hold_ms = NEVER;
	entry->raised = raised;
	entry->severity = severity;
	if (entry->rule->quiet)
		entry->told = stands(entry);
	else if (stands(entry) == entry->told)
		swallow(alarms, now_ms);
	if (stands(entry) == entry->told)
		entry->untold_ms = NEVER;
	else if (entry->untold_ms == NEVER)
		entry->untold_ms = now_ms;
}

/* Has the other state been true for long enough? */
static bool
holds(struct entry *entry, int64_t wanted_ms, int64_t now_ms)
{
	if (entry->hold_ms == NEVER)
		entry->hold_ms = now_ms;
	return now_ms - entry->hold_ms >= wanted_ms;
}

static void
is_true(struct alarms *alarms, struct entry *entry,
	const struct alarm_sight *sight, int64_t now_ms, uint64_t wall_s)
{
	enum notice_severity severity = alarm_rule_severity(sight);

	if (entry->raised) {
		entry->hold_ms = NEVER;
		if (severity != entry->severity)
			set_state(alarms, entry, true, severity, now_ms);
	} else if (holds(entry, entry->rule->raise_ms, now_ms)) {
		entry->since_s = wall_s;
		entry->count++;
		set_state(alarms, entry, true, severity, now_ms);
	}
	if (entry->raised)
		alarm_rule_print(sight, true, entry->text);
}

static void
is_over(struct alarms *alarms, struct entry *entry, int64_t now_ms)
{
	if (!entry->raised) {
		entry->hold_ms = NEVER;
	} else if (holds(entry, entry->rule->clear_ms, now_ms)) {
		alarm_rule_print_over(entry->rule, entry->subject, entry->text);
		set_state(alarms, entry, false, NOTICE_CLEARED, now_ms);
	}
}

/* --- a report ------------------------------------------------------------- */

static int
judge_growth(struct entry *entry, const struct alarm_sight *sight,
	     int64_t now_ms)
{
	const struct alarm_rule *rule = sight->rule;
	bool grew = sight->applies && entry->base_ms != NEVER &&
		    sight->value >= entry->base &&
		    sight->value - entry->base > rule->limit;

	if (grew || entry->base_ms == NEVER || sight->value < entry->base ||
	    now_ms - entry->base_ms >= rule->within_ms) {
		entry->base = sight->value;
		entry->base_ms = now_ms;
	}
	return grew ? 1 : -1;
}

static void
look_at(struct alarms *alarms, const struct alarm_sight *sight, int64_t now_ms,
	uint64_t wall_s)
{
	const struct alarm_rule *rule = sight->rule;
	struct entry *entry =
		find(alarms, alarm_condition(rule->kind, sight->object));
	bool growth = rule->test == TEST_GROWS;
	int verdict = growth ? 0 : alarm_rule_judge(sight);

	if (entry == NULL && !growth && verdict <= 0)
		return;
	if (entry == NULL)
		entry = add(alarms, rule->kind, sight->object);
	if (entry == NULL)
		return;
	entry->rule = rule;
	entry->round = alarms->round;
	text_copy(entry->subject, sizeof(entry->subject), sight->subject);
	if (growth)
		verdict = judge_growth(entry, sight, now_ms);
	if (verdict > 0)
		is_true(alarms, entry, sight, now_ms, wall_s);
	else if (verdict < 0)
		is_over(alarms, entry, now_ms);
	else
		entry->hold_ms = NEVER;
}

void
alarms_look(struct alarms *alarms, const struct node_report *report,
	    int64_t now_ms, uint64_t wall_s)
{
	alarms->round++;
	for (size_t r = 0; r < n_alarm_rules; r++) {
		const struct alarm_rule *rule = &alarm_rules[r];
		size_t n = alarm_rule_rows(rule, report);

		for (size_t row = 0; row < n; row++) {
			struct alarm_sight sight;

			alarm_rule_look(rule, report, row, &sight);
			look_at(alarms, &sight, now_ms, wall_s);
		}
	}
	for (size_t i = 0; i < alarms->n; i++)
		if (alarms->entries[i]->rule != NULL &&
		    alarms->entries[i]->round != alarms->round)
			is_over(alarms, alarms->entries[i], now_ms);
	forget(alarms, now_ms);
}

void
alarms_add_event(struct alarms *alarms, enum alarm_kind kind, uint32_t object,
		 const struct node_notice *notice, int64_t now_ms)
{
	struct entry *entry = find(alarms, alarm_condition(kind, object));

	if (entry == NULL)
		entry = add(alarms, kind, object);
	if (entry == NULL || entry->event != NULL)
		swallow(alarms, now_ms);
	if (entry == NULL)
		return;
	if (entry->event == NULL)
		entry->event = xcalloc(1, sizeof(*entry->event));
	*entry->event = *notice;
	if (entry->untold_ms == NEVER)
		entry->untold_ms = now_ms;
}

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
		.severity = stands(entry),
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
	entry->told = stands(entry);
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
