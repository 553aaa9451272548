/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/truth.h - what must hold at all times, checked on the trace.
 *
 *	S1	no VM runs on two hosts
 *	S2	nothing starts elsewhere without a proof about where it was lost
 *	S3	no fence is claimed done by a BMC while the host has power
 *	S7	what its user wants off is not started
 *	S10	none is fenced while half of the living or more are silent
 *	S11	no host is fenced more often than FENCES_PER_HOUR
 *	S12	one command in flight for each VM
 *	S15	in quiet times nothing is fenced, started or stopped
 *	S16	no host is fenced that had no fault
 *	L6	ten minutes after the last fault all is well
 *
 * The numbers are those of the literature on such tests; what the product
 * believes counts for nothing here, but for the claims that are to be true.
 */
#ifndef SCHEDULER_SIM_TRUTH_H
#define SCHEDULER_SIM_TRUTH_H

#include "scheduler/sim/world.h"

enum invariant { S1, S2, S3, S7, S10, S11, S12, S15, S16, L6, INVARIANTS };

const char *invariant_name(enum invariant invariant);

struct truth;

struct truth *truth_new(struct world *world);
void truth_free(struct truth *truth);

/* Fits trace_fn. */
void truth_hear(void *arg, const struct trace_event *event);

/* A fault of that host began or ended; WORLD_NONE: of all. */
void truth_note_fault(struct truth *truth, size_t host);

/* What the VM's user wants from now on. */
void truth_note_wish(struct truth *truth, size_t vm, bool on);

bool truth_is_wanted(const struct truth *truth, size_t vm);

/* The product is not at rest although all is well: L6. */
void truth_unrest(struct truth *truth);

/* From now on nothing happens, or something may again. */
void truth_set_quiet(struct truth *truth, bool quiet);

/* Everything that is wanted runs once, and nothing else; else L6. */
void truth_check_well(struct truth *truth);
bool truth_is_well(const struct truth *truth, char *ret_why, size_t size);

/* So many violations since it was made; the first in words, "" for none. */
unsigned truth_violations(const struct truth *truth,
			  unsigned ret_counts[INVARIANTS]);
const char *truth_first(const struct truth *truth);

/* Starts, fences and migrations that were seen. */
struct truth_counts {
	unsigned starts, fences, moves, losses;
};
struct truth_counts truth_counts(const struct truth *truth);

#endif
