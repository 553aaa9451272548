/* SPDX-License-Identifier: Apache-2.0 */
/* One number for a bucket: the time at which it has filled up again. */
#include "agent/limit.h"

int64_t
limit_wait_ms(const struct limit *limit, struct limit_rate rate, int64_t now_ms)
{
	int64_t wait_ms = limit->even_ms -
			  rate.every_ms * ((int64_t)rate.burst - 1) - now_ms;

	return wait_ms > 0 ? wait_ms : 0;
}

void
limit_take(struct limit *limit, struct limit_rate rate, int64_t now_ms)
{
	if (limit->even_ms < now_ms)
		limit->even_ms = now_ms;
	limit->even_ms += rate.every_ms;
}
