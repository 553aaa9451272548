/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/limit.h - a token bucket: `burst` at once, then one each `every_ms`.
 */
#ifndef AGENT_LIMIT_H
#define AGENT_LIMIT_H

#include <stdint.h>

/* Zeroed: full.  Times are monotonic and not negative. */
struct limit {
	int64_t even_ms; /* when it would be full again */
};

struct limit_rate {
	int64_t every_ms; /* 0: no limit */
	unsigned burst;   /* at least 1 */
};

/* Until the next may go; 0: now. */
int64_t limit_wait_ms(const struct limit *limit, struct limit_rate rate,
		      int64_t now_ms);
void limit_take(struct limit *limit, struct limit_rate rate, int64_t now_ms);

#endif
