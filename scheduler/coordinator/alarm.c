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
	return next;
}

void
alarm_update(struct coordinator *co, const struct plan_alarm *alarms, size_t n)
{
	struct registry *reg = &co->reg;
	int64_t now_ms = clock_mono_ms();

	if (n > REGISTRY_ALARMS_MAX)
		n = REGISTRY_ALARMS_MAX;
	struct reg_alarm *next = xcalloc(n, sizeof(*next));
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
	for (size_t i = 0; i < reg->n_alarms; i++)
		if (reg->alarms[i].told &&
		    find(next, n, &reg->alarms[i].alarm) == NULL)
			tell(co, &reg->alarms[i].alarm, false);
	free(reg->alarms);
	reg->alarms = next;
	reg->n_alarms = n;
}
