/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/beats.h - the heartbeats of other hosts on one datastore, and who
 * holds our own slot.  Pure: time is an argument.
 *
 * The age of a heartbeat counts on our monotonic clock from the moment we saw
 * it change.  A slot found at the first look says nothing about when it was
 * written: its age is "never" until it changes.  When we cannot read, ages go
 * on growing; the datastore's state tells that the blindness is ours.
 */
#ifndef AGENT_BEATS_H
#define AGENT_BEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/slot.h"

struct beat {
	struct slot slot;
	int64_t changed_ms; /* -1: never seen to change */
	bool seen;          /* in the last complete reading */
};

struct beats {
	struct beat *rows; /* sorted by slot */
	size_t n;
};

void beats_done(struct beats *beats);

/* One slot as it was read. */
void beats_put(struct beats *beats, const struct slot *slot, int64_t now_ms);

/* What a complete reading gave: forget those that are gone. */
void beats_begin(struct beats *beats);
void beats_end(struct beats *beats);

const struct beat *beats_find(const struct beats *beats, uint32_t slot);

/*
 * May we write our own slot?
 *
 *	free, ours, or ours from an earlier boot	yes
 *	another host's: watch it for BEATS_CLAIM_MS and a little more that
 *	differs by host (two that start together must not agree twice);
 *	if it stands still it is taken over, if it moves: never
 *
 * The same watch starts anew when our slot holds something that we did not
 * write after we have begun to write.
 */
enum { BEATS_CLAIM_MS = 6000, BEATS_CLAIM_SPREAD_MS = 3000 };

enum claim_state { CLAIM_UNKNOWN, CLAIM_WATCH, CLAIM_FOREIGN, CLAIM_OURS };

struct claim {
	enum claim_state state;
	struct slot other; /* who has it, or had it before us */
	int64_t since_ms;  /* when `other` last changed, as we saw it */
	uint64_t sequence; /* CLAIM_OURS: the one written last */
};

/* The own slot was read; found NULL: empty or damaged.  CLAIM_OURS: write
 * sequence + 1 and set it. */
void claim_judge(struct claim *claim, const struct slot *self,
		 const struct slot *found, int64_t now_ms);

#endif
