/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/index.h - small numbers for rows that keep their thing for ever:
 * VMs by UUID, datastores and CPU models by name, things of the machine by
 * their key.  Kept in a file over restarts; a number is never given to another
 * thing.
 *
 *	ironherd-index 1
 *	next 17
 *	vm 3f2a... 4
 *	datastore ds1 5
 *	end
 */
#ifndef AGENT_INDEX_H
#define AGENT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum {
	INDEX_ENTRIES_MAX = 32768,
	/* Rows 1 and 2 of the table of models are no named ones. */
	INDEX_MODEL_FIRST = 3
};

enum index_kind {
	INDEX_VM,
	INDEX_DATASTORE,
	INDEX_ENTITY,
	INDEX_MODEL,
	INDEX_KINDS
};

struct index;

/* A missing file is a fresh start; a damaged one, too, with a warning and
 * numbers far from those that were given before.  `first` is where numbers
 * begin in that case: take the time, it has moved on. */
struct index *index_load(const char *path, uint32_t first);
void index_free(struct index *index);

/* The number of a thing, new if need be (then `index_is_dirty`). */
uint32_t index_of(struct index *index, enum index_kind kind, const char *key);

bool index_is_dirty(const struct index *index);
/* The text to save; the caller's.  Clears dirty. */
char *index_print(struct index *index, size_t *ret_len);

#endif
