/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/alarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "scheduler/coordinator/record.h"

static bool
is_same(const struct plan_alarm *a, const struct plan_alarm *b)
{
	return strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->subject, b->subject) == 0;
}

static const struct reg_alarm *
find(const struct reg_alarm *alarms, size_t n, const struct plan_alarm *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (is_same(&alarms[i].alarm, wanted))
			return &alarms[i];
	return NULL;
}

static void
tell(struct coordinator *co, const struct plan_alarm *alarm, bool stands)
{
	char kind[STORE_KIND_LEN], text[REASON_LEN];

	snprintf(kind, sizeof(kind), "alarm-%s", stands ? "raised" : "cleared");
	reason_set(text, "%s: %s", alarm->kind, alarm->text);
	record_event(&co->reg, co->store,
		     stands ? alarm->severity : SEVERITY_INFO, kind,
		     registry_find_host(&co->reg, alarm->subject),
		     registry_find_host(&co->reg, alarm->subject) == NO_HOST
			     ? alarm->subject
			     : "",
		     text, clock_wall_ms());
	coordinator_tell(co);
}

static struct reg_alarm
keep_or_begin(const struct reg_alarm *old, const struct plan_alarm *alarm,
	      int64_t now_ms)
{
	struct reg_alarm next = { .since_ms = now_ms,
				  .since_wall_ms = clock_wall_ms() };

	if (old != NULL)
		next = *old;
	next.alarm = *alarm;
	next.gone_ms = 0;
	return next;
}

static bool
may_come_back(struct reg_alarm *alarm, int64_t now_ms)
{
	if (alarm->gone_ms == 0)
		alarm->gone_ms = now_ms;
	return now_ms - alarm->gone_ms < alarm->alarm.clear_ms;
}

/* Those that were told and are not listed any more: cleared, or kept. */
static size_t
look_after_old(struct coordinator *co, struct reg_alarm *next, size_t n_listed,
	       int64_t now_ms)
{
	struct registry *reg = &co->reg;
	size_t n = n_listed;

	for (size_t i = 0; i < reg->n_alarms; i++) {
		struct reg_alarm *old = &reg->alarms[i];

		if (!old->told || find(next, n_listed, &old->alarm) != NULL)
			continue;
		if (n < REGISTRY_ALARMS_MAX && may_come_back(old, now_ms))
			next[n++] = *old;
		else
			tell(co, &old->alarm, false);
	}
	return n;
}

void
alarm_update(struct coordinator *co, const struct plan_alarm *alarms, size_t n,
	     int64_t now_ms)
{
	struct registry *reg = &co->reg;

	if (n > REGISTRY_ALARMS_MAX)
		n = REGISTRY_ALARMS_MAX;
	struct reg_alarm *next = xcalloc(n + reg->n_alarms, sizeof(*next));
	for (size_t i = 0; i < n; i++) {
		next[i] = keep_or_begin(find(reg->alarms, reg->n_alarms,
					     &alarms[i]),
					&alarms[i], now_ms);
		if (next[i].told ||
		    now_ms - next[i].since_ms < alarms[i].hold_ms)
			continue;
		next[i].told = true;
		tell(co, &alarms[i], true);
	}
	n = look_after_old(co, next, n, now_ms);
	free(reg->alarms);
	reg->alarms = next;
	reg->n_alarms = n;
}
