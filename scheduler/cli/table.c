/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that knows libsmartcols.  Which columns are shown is decided
 * here and not by the library: it would shorten all of them a little, and
 * half a word in each column helps nobody.
 */
#include "scheduler/cli/table.h"

#include <assert.h>
#include <libsmartcols.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/cli.h"
#include "scheduler/cli/text.h"

enum {
	COLUMNS_MAX = 24,
	TEXT_MIN = 38,   /* a column is hidden rather than text narrower */
	TEXT_LEAST = 16, /* it never is narrower */
	NAME_FAIR = 24,  /* a column is hidden rather than names cut below */
	NAME_MIN = 8,    /* they are never cut below */
	BRANCH_WIDTH = 2 /* of one level of a tree */
};

struct table {
	const struct table_column *columns;
	const struct cli_io *io;
	struct libscols_table *scols;
	size_t n;
	size_t width[COLUMNS_MAX]; /* widest cell or heading so far */
	size_t room[COLUMNS_MAX];  /* what the column gets of it */
	bool filled[COLUMNS_MAX];  /* some cell is not empty */
	bool hidden[COLUMNS_MAX];
};

/* The library fails for want of memory only. */
static void *
must(void *ptr)
{
	if (ptr == NULL)
		abort();
	return ptr;
}

struct table *
table_new(const struct table_column *columns, const struct cli_io *io)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->columns = columns;
	table->io = io;
	table->scols = must(scols_new_table());
	scols_table_enable_colors(table->scols, io->color);
	scols_table_enable_minout(table->scols, 1); /* no blanks at the end */
	scols_table_set_stream(table->scols, io->out);
	/* All fitting is done here. */
	scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_NEVER);

	for (size_t i = 0; columns[i].name != NULL; i++) {
		assert(i < COLUMNS_MAX);
		struct libscols_column *column =
			must(scols_table_new_column(table->scols,
						    columns[i].name, 0, 0));
		scols_cell_set_color(scols_column_get_header(column),
				     io->color ? tone_sequence(TONE_DIM)
					       : NULL);
		table->width[i] = text_width(columns[i].name);
		table->n++;
	}
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	scols_unref_table(table->scols);
	free(table);
}

static size_t
row_depth(const struct libscols_line *row)
{
	size_t depth = 0;

	while ((row = scols_line_get_parent(row)) != NULL)
		depth++;
	return depth;
}

struct libscols_line *
table_add(struct table *table, struct libscols_line *parent)
{
	return must(scols_table_new_line(table->scols, parent));
}

void
table_set(struct table *table, struct libscols_line *row, size_t column,
	  enum tone tone, const char *text)
{
	assert(column < table->n);
	size_t width = text_width(text);

	if (table->columns[column].flags & TABLE_TREE)
		width += BRANCH_WIDTH * row_depth(row);
	if (width > table->width[column])
		table->width[column] = width;
	if (text[0] != '\0')
		table->filled[column] = true;
	if (scols_line_set_data(row, column, text) != 0)
		abort();
	if (tone != TONE_PLAIN && table->io->color)
		scols_cell_set_color(scols_line_get_cell(row, column),
				     tone_sequence(tone));
}

size_t
table_count_rows(const struct table *table)
{
	return scols_table_get_nlines(table->scols);
}

/* The least a shown column takes, with the blank behind it. */
static size_t
column_least(const struct table *table, size_t i)
{
	unsigned flags = table->columns[i].flags;
	size_t least = table->width[i];

	if (flags & TABLE_TEXT)
		least = TEXT_MIN; /* whatever text may follow */
	else if (flags & TABLE_TRUNC && least > NAME_FAIR)
		least = NAME_FAIR;
	return least + 1;
}

static size_t
table_least(const struct table *table)
{
	size_t least = 0;

	for (size_t i = 0; i < table->n; i++)
		if (!table->hidden[i])
			least += column_least(table, i);
	return least > 0 ? least - 1 : 0;
}

/* The shown column to lose next; SIZE_MAX when all must stay. */
static size_t
least_important(const struct table *table)
{
	size_t worst = SIZE_MAX;
	unsigned rank = 0;

	for (size_t i = 0; i < table->n; i++) {
		if (table->hidden[i] || table->columns[i].rank <= rank)
			continue;
		rank = table->columns[i].rank;
		worst = i;
	}
	return worst;
}

static void
choose_columns(struct table *table)
{
	for (size_t i = 0; i < table->n; i++)
		table->hidden[i] =
			table->columns[i].flags & TABLE_HIDDEN ||
			(table->columns[i].rank > 0 && !table->filled[i]);
	while (table->io->width != 0 && table_least(table) > table->io->width) {
		size_t victim = least_important(table);
		if (victim == SIZE_MAX)
			break;
		table->hidden[victim] = true;
	}
}

/* Columns on the screen that are left when all are as wide as they want; less
 * than none when names have to be cut. */
static long
spare_room(const struct table *table, size_t except)
{
	long used = 0;

	for (size_t i = 0; i < table->n; i++)
		if (i != except && !table->hidden[i])
			used += (long)table->width[i] + 1;
	return (long)table->io->width - used + (except == SIZE_MAX);
}

/* Cut names, the longest first, until the rest has its room. */
static void
narrow_names(struct table *table, size_t text)
{
	long lack = -spare_room(table, text);

	if (text != SIZE_MAX)
		lack += (long)column_least(table, text) - 1;
	for (; lack > 0; lack--) {
		size_t longest = SIZE_MAX, most = NAME_MIN;
		for (size_t i = 0; i < table->n; i++) {
			if (!(table->columns[i].flags & TABLE_TRUNC) ||
			    table->hidden[i] || table->room[i] <= most)
				continue;
			longest = i;
			most = table->room[i];
		}
		if (longest == SIZE_MAX)
			return;
		table->room[longest]--;
	}
}

/* Cut or wrap a cell to the room of its column. */
static void
fit_cell(const struct table *table, struct libscols_line *row, size_t column,
	 size_t room)
{
	struct libscols_cell *cell = scols_line_get_cell(row, column);
	const char *text = scols_cell_get_data(cell);
	unsigned flags = table->columns[column].flags;

	if (text == NULL)
		return;
	if (flags & TABLE_TREE) {
		size_t branches = BRANCH_WIDTH * row_depth(row);
		room = room > branches + 2 ? room - branches : 2;
	}
	bool wrap = flags & TABLE_TEXT && !(flags & TABLE_LINE);
	cleanup_free char *fitted =
		wrap ? text_wrap(text, room) : text_cut(text, room);
	scols_cell_set_data(cell, fitted);
}

/* Share the terminal's columns out. */
static void
give_room(struct table *table)
{
	size_t text = SIZE_MAX;

	for (size_t i = 0; i < table->n; i++) {
		table->room[i] = table->width[i];
		if (table->columns[i].flags & TABLE_TEXT && !table->hidden[i])
			text = i;
	}
	if (table->io->width == 0)
		return;
	narrow_names(table, text);
	if (text == SIZE_MAX)
		return;
	long spare = spare_room(table, text);
	for (size_t i = 0; i < table->n; i++)
		if (i != text && !table->hidden[i])
			spare += (long)(table->width[i] - table->room[i]);
	table->room[text] = spare > TEXT_LEAST ? (size_t)spare : TEXT_LEAST;
}

static void
fit_cells(struct table *table)
{
	struct libscols_iter *iter = must(scols_new_iter(SCOLS_ITER_FORWARD));
	struct libscols_line *row;

	while (scols_table_next_line(table->scols, iter, &row) == 0)
		for (size_t i = 0; i < table->n; i++)
			if (table->columns[i].flags &
			    (TABLE_TRUNC | TABLE_TEXT))
				fit_cell(table, row, i, table->room[i]);
	scols_free_iter(iter);
}

static int
column_flags(const struct table *table, size_t i)
{
	unsigned flags = table->columns[i].flags;

	return (table->hidden[i] ? SCOLS_FL_HIDDEN : 0) |
	       (flags & TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) |
	       (flags & TABLE_TREE ? SCOLS_FL_TREE : 0) |
	       (flags & TABLE_TEXT ? SCOLS_FL_WRAP : 0);
}

void
table_print(struct table *table)
{
	if (table_count_rows(table) == 0)
		return;
	choose_columns(table);
	give_room(table);
	if (table->io->width != 0)
		fit_cells(table);
	for (size_t i = 0; i < table->n; i++) {
		struct libscols_column *column =
			scols_table_get_column(table->scols, i);
		scols_column_set_flags(column, column_flags(table, i));
		if (!(table->columns[i].flags & TABLE_TEXT)) {
			/* As wide as before when a table goes on. */
			scols_column_set_whint(column, (double)table->room[i]);
			continue;
		}
		/* The library must keep the line ends we put in. */
		scols_column_set_safechars(column, "\n");
		scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
					  scols_wrapnl_nextchunk, NULL);
	}
	scols_print_table(table->scols);
}

void
table_continue(struct table *table)
{
	scols_table_remove_lines(table->scols);
	scols_table_enable_noheadings(table->scols, 1);
}
