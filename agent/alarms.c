/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/alarms_own.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"

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
		entry->told = alarm_stands(entry);
	else if (alarm_stands(entry) == entry->told)
		swallow(alarms, now_ms);
	if (alarm_stands(entry) == entry->told)
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
