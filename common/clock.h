/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/clock.h - the two clocks.
 *
 * Only the monotonic one decides; wall time is for people and records.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

static inline int64_t
clock_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t
clock_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

static inline int64_t
clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

#endif
