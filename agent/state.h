/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/state.h - small files of the state folder, written by a worker: fsync
 * on a dying disk must not hold the main loop.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include <stddef.h>

#include "common/loop.h"

enum { STATE_DEADLINE_MS = 10000, STATE_RETRY_MS = 10000 };

struct state;

/* One file; `path` is copied. */
struct state *state_new(struct loop *loop, const char *path);
void state_free(struct state *state);

/* Write the text soon; a later text replaces one that waits.  Failures are
 * logged and tried again. */
void state_put(struct state *state, const char *text, size_t len);

#endif
