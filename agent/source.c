/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/source.h"

#include <string.h>
#include <time.h>

#include "agent/text.h"
#include "common/log.h"

void
source_init(struct source *source, enum source_index index, const char *name,
	    int64_t fresh_ms)
{
	memset(source, 0, sizeof(*source));
	source->index = index;
	source->name = name;
	source->fresh_ms = fresh_ms;
	source->good_ms = -1;
}

void
source_succeed(struct source *source, int64_t now_ms, uint64_t read_us)
{
	if (source->failing)
		log_info(source->name, "back");
	source->failing = false;
	source->good_ms = now_ms;
	source->read_us = read_us < UINT32_MAX ? (uint32_t)read_us : UINT32_MAX;
}

/* The same failure again and again is logged once. */
void
source_fail(struct source *source, const char *text)
{
	char error[REPORT_TEXT_LEN];

	text_copy(error, sizeof(error), text);
	if (!source->failing || strcmp(error, source->last_error) != 0)
		log_warn(source->name, "%s", error);
	source->failing = true;
	source->failures++;
	memcpy(source->last_error, error, sizeof(error));
}

uint32_t
source_age(int64_t then_ms, int64_t now_ms)
{
	if (then_ms < 0)
		return REPORT_AGE_NEVER;
	if (now_ms <= then_ms)
		return 0;
	return now_ms - then_ms < REPORT_AGE_NEVER
		       ? (uint32_t)(now_ms - then_ms)
		       : REPORT_AGE_NEVER;
}

enum report_health
source_health(const struct source *source, int64_t now_ms)
{
	if (source->good_ms < 0)
		return source->failing ? HEALTH_FAILED : HEALTH_UNKNOWN;

	int64_t age_ms = now_ms - source->good_ms;
	if (age_ms > SOURCE_LATE * source->fresh_ms)
		return HEALTH_FAILED;
	if (source->failing || age_ms > source->fresh_ms)
		return HEALTH_DEGRADED;
	return HEALTH_OK;
}

void
source_describe(const struct source *source, int64_t now_ms,
		struct report_source *ret_row)
{
	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->index = source->index;
	text_copy(ret_row->name, sizeof(ret_row->name), source->name);
	ret_row->status = source_health(source, now_ms);
	ret_row->age_ms = source_age(source->good_ms, now_ms);
	ret_row->read_us = source->read_us;
	ret_row->failures = source->failures;
	memcpy(ret_row->last_error, source->last_error,
	       sizeof(ret_row->last_error));
}

int64_t
source_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
