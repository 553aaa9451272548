/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/stagger.h - not all at once: machines that are powered
 * on together draw far more than when they run, and trip the breaker of their
 * feed.
 *
 * A token bucket for each feed and each rack.  Who is powered on takes a token
 * of both; a fence takes none, ever.  Pure: time is an argument.
 */
#ifndef SCHEDULER_COORDINATOR_STAGGER_H
#define SCHEDULER_COORDINATOR_STAGGER_H

#include <stddef.h>
#include <stdint.h>

struct stagger;

/* A bucket gets `per_second` tokens and holds `burst` at most; full at first.
 */
struct stagger *stagger_new(unsigned per_second, unsigned burst);
void stagger_free(struct stagger *stagger);

/* 0: go, the tokens are taken; else ms to wait and ask again, and nothing was
 * taken.  A NULL feed or rack is none: it has no limit. */
int64_t stagger_take(struct stagger *stagger, const char *feed,
		     const char *rack, int64_t now_ms);

#endif
