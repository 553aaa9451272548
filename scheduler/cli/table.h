/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/table.h - tables and trees that fit the terminal.
 *
 * A table that is too wide loses its least important columns first; what
 * remains is never cut but for names.  One column may be text: it gets the
 * room that is left and is wrapped between words.
 */
#ifndef SCHEDULER_CLI_TABLE_H
#define SCHEDULER_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "scheduler/cli/words.h"

enum table_flags {
	TABLE_RIGHT = 1,  /* numbers */
	TABLE_TREE = 2,   /* carries the branches */
	TABLE_TRUNC = 4,  /* cut when nothing else helps */
	TABLE_TEXT = 8,   /* wrapped; the last column, at most one */
	TABLE_LINE = 16,  /* with TABLE_TEXT: cut instead of wrapped */
	TABLE_HIDDEN = 32 /* never shown */
};

struct table_column {
	const char *name; /* NULL ends the list */
	unsigned flags;
	/* 0: always shown.  Else hidden when every cell is empty, and when
	 * room is short: the highest first. */
	unsigned rank;
};

struct table;
struct libscols_line; /* a row */
struct cli_io;

/* `columns` and `io` are kept, not copied. */
struct table *table_new(const struct table_column *columns,
			const struct cli_io *io);
void table_free(struct table *table);

/* A new row with empty cells; below `parent` in a tree, else NULL. */
struct libscols_line *table_add(struct table *table,
				struct libscols_line *parent);
void table_set(struct table *table, struct libscols_line *row, size_t column,
	       enum tone tone, const char *text);

size_t table_count_rows(const struct table *table);

/* Write to io->out. */
void table_print(struct table *table);

/* Forget the rows; keep widths and leave the headings away from now on, so
 * that what is printed later continues the same table. */
void table_continue(struct table *table);

#endif
