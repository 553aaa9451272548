/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/store_internal.h - what the files of the store share;
 * the only ones that know SQLite.
 */
#ifndef SCHEDULER_COORDINATOR_STORE_INTERNAL_H
#define SCHEDULER_COORDINATOR_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "scheduler/coordinator/store.h"

struct store {
	char *folder;
	char *path; /* of the database */
	int lock_fd;
	sqlite3 *db;

	bool begun;
	int64_t changes;        /* rows ever written, when it began */
	int failure;            /* first one of this transaction, or 0 */
	struct err failure_err; /* what it was */

	bool ok;
	struct err trouble; /* while not ok */

	/* How much is kept; constants but in tests. */
	int64_t events_kept, snapshots_kept, commands_kept, fences_kept;
	int64_t failures_kept, restarts_kept;
};

/* --- statements ---------------------------------------------------------- */

/* A value for a "?" of a statement. */
struct cell {
	bool is_text;
	const char *text; /* NULL is SQL's NULL */
	int64_t number;
};

/* clang-format off */
#define TEXT(value) { .is_text = true, .text = (value) }
#define OPT(value) /* "" is stored as NULL */ \
	{ .is_text = true, .text = (value)[0] != '\0' ? (value) : NULL }
#define NUM(value) { .number = (int64_t)(value) }
/* clang-format on */

#define CELLS(...)                                             \
	(const struct cell[]){ __VA_ARGS__ },                  \
		sizeof((const struct cell[]){ __VA_ARGS__ }) / \
			sizeof(struct cell)
#define NO_CELLS NULL, 0

/* All return 0 or a negative errno with err set. */

int store_prepare(struct store *store, const char *sql,
		  const struct cell *cells, size_t n, sqlite3_stmt **ret_stmt,
		  struct err *err);

/* Run a statement that gives no rows, or whose rows do not matter. */
int store_exec(struct store *store, const char *sql, const struct cell *cells,
	       size_t n, struct err *err);

/* A write of a transaction: its failure is kept for the commit. */
void store_run(struct store *store, const char *sql, const struct cell *cells,
	       size_t n);

/* The first column of the first row, a number. */
int store_ask_number(struct store *store, const char *sql, int64_t *ret_number,
		     struct err *err);

/* What SQLite's last result code means, with what to do about it. */
int store_explain(const struct store *store, int code, struct err *err);

static inline void
store_finalize(sqlite3_stmt **stmt)
{
	sqlite3_finalize(*stmt);
}

#define cleanup_stmt cleanup(store_finalize)

/* --- words --------------------------------------------------------------- */

/* An enum's words, in the order of its values. */
struct store_words {
	const char *(*name)(unsigned value);
	unsigned n;
};

extern const struct store_words store_state_words, store_intent_words,
	store_phase_words, store_kind_words, store_outcome_words,
	store_severity_words, store_mass_words;

/* --- schema -------------------------------------------------------------- */

/* Read only: is the file whole, ours, and not newer than we are? */
int store_check(struct store *store, struct err *err);

/* Journal, durability, and the way from its version to ours. */
int store_migrate(struct store *store, struct err *err);

/* Copy what HA needs to PATH.bak; the one before becomes PATH.bak.1. */
int store_backup(struct store *store, struct err *err);

#endif
