/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller's side of the codec: a report that grows from values in any
 * order, and is given out only when it is whole.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "snmp-mib/codec_own.h"

/* Which columns of which rows have come; bit i is columns[i]. */
struct seen {
	uint64_t *rows;
	size_t room;
};

struct codec_reading {
	struct node_report *report;
	struct seen seen[CODEC_SECTIONS];
	size_t expected[CODEC_TABLES]; /* rows by the agent's word */
	bool kept[CODEC_TABLES];
	/* Of the last value: good guesses. */
	const struct codec_section *last;
	size_t last_row;
};

static void **
array_of(const struct codec_section *section, struct node_report *report)
{
	return (void **)((char *)report + section->base);
}

static size_t *
count_of(const struct codec_section *section, struct node_report *report)
{
	return (size_t *)((char *)report + section->count);
}

static void
reading_init(struct codec_reading *reading)
{
	memset(reading, 0, sizeof(*reading));
	reading->report = node_report_new();
	for (size_t i = 0; i < CODEC_SECTIONS; i++) {
		if (codec_sections[i].n_index > 0)
			continue;
		reading->seen[i].rows = xcalloc(1, sizeof(uint64_t));
		reading->seen[i].room = 1;
	}
}

static void
reading_done(struct codec_reading *reading)
{
	for (size_t i = 0; i < CODEC_SECTIONS; i++)
		free(reading->seen[i].rows);
	node_report_free(reading->report);
}

struct codec_reading *
codec_reading_new(void)
{
	struct codec_reading *reading = xcalloc(1, sizeof(*reading));

	reading_init(reading);
	return reading;
}

void
codec_reading_free(struct codec_reading *reading)
{
	if (reading == NULL)
		return;
	reading_done(reading);
	free(reading);
}

const struct node_report *
codec_reading_so_far(const struct codec_reading *reading)
{
	return reading->report;
}

size_t
codec_reading_expected(const struct codec_reading *reading,
		       enum codec_table table)
{
	return reading->expected[table];
}

/* --- rows ---------------------------------------------------------------- */

static int
check_index(const struct codec_section *section, const uint32_t *ids, size_t n,
	    struct err *err)
{
	if (n != section->n_index)
		return err_set(err, -EPROTO, "%s: a row with %zu index numbers",
			       section->name, n);
	for (size_t i = 0; i < n; i++)
		if (ids[i] < section->index[i].min ||
		    ids[i] > section->index[i].max)
			return err_set(err, -EPROTO,
				       "%s: index %u out of range",
				       section->name, (unsigned)ids[i]);
	return 0;
}

static void
make_room(const struct codec_section *section, struct codec_reading *reading,
	  struct seen *seen)
{
	void **array = array_of(section, reading->report);

	if (*count_of(section, reading->report) < seen->room)
		return;
	seen->room = seen->room == 0 ? 16 : seen->room * 2;
	*array = xrealloc(*array, seen->room, section->row_size);
	seen->rows = xrealloc(seen->rows, seen->room, sizeof(*seen->rows));
}

static void
insert_row(const struct codec_section *section, struct codec_reading *reading,
	   size_t at, const uint32_t *ids)
{
	struct seen *seen = &reading->seen[section - codec_sections];

	make_room(section, reading, seen);

	size_t *count = count_of(section, reading->report);
	size_t behind = *count - at, size = section->row_size;
	char *row = (char *)*array_of(section, reading->report) + at * size;

	memmove(row + size, row, behind * size);
	memmove(&seen->rows[at + 1], &seen->rows[at],
		behind * sizeof(*seen->rows));
	memset(row, 0, size);
	seen->rows[at] = 0;
	for (size_t i = 0; i < section->n_index && !section->ordinal; i++)
		memcpy(row + section->index[i].offset, &ids[i], sizeof(ids[i]));
	++*count;
}

static bool
is_row(const struct codec_section *section, const struct node_report *report,
       size_t row, const uint32_t *ids)
{
	uint32_t found[CODEC_INDEX_MAX];

	if (row >= codec_row_count(section, report))
		return false;
	codec_row_index(section, report, row, found);
	return memcmp(found, ids, section->n_index * sizeof(*ids)) == 0;
}

/* Find or create the row of an index. */
static int
row_of(const struct codec_section *section, struct codec_reading *reading,
       const uint32_t *ids, size_t n, size_t *ret_row, struct err *err)
{
	int rc = check_index(section, ids, n, err);

	if (rc < 0)
		return rc;
	/* All columns of a row come one after the other. */
	if (is_row(section, reading->report, reading->last_row, ids)) {
		*ret_row = reading->last_row;
		return 0;
	}

	size_t count = codec_row_count(section, reading->report);
	size_t row = codec_row_search(section, reading->report, ids, n, false);

	if (is_row(section, reading->report, row, ids)) {
		*ret_row = row;
		return 0;
	}
	if (count >= section->rows_max)
		return err_set(err, -E2BIG, "%s: more than %zu rows",
			       section->name, section->rows_max);
	/* Without a field for the index there can be no gap before a row. */
	if (section->ordinal && ids[0] != count + 1)
		return err_set(err, -EPROTO,
			       "%s: row %u without the one before",
			       section->name, (unsigned)ids[0]);
	insert_row(section, reading, row, ids);
	*ret_row = row;
	return 0;
}

/* --- values -------------------------------------------------------------- */

/* The column of ihRows that counts a table's rows: their orders agree. */
static enum codec_table
table_counted(size_t column)
{
	return (enum codec_table)(CODEC_NUMA + column);
}

int
codec_reading_put(struct codec_reading *reading, const struct codec_oid *oid,
		  const struct codec_value *value, struct err *err)
{
	const struct codec_section *section = reading->last;
	const struct codec_column *column;
	size_t rest, row = 0;

	if ((section == NULL || !codec_is_in(section, oid, &column, &rest)) &&
	    codec_find(oid, &section, &column, &rest) < 0)
		return 1;
	reading->last = section;
	if (reading->kept[section->table])
		return 1;

	const uint32_t *ids = oid->ids + rest;
	size_t n = oid->len - rest, at = (size_t)(column - section->columns);

	if (section->n_index == 0 && (n != 1 || ids[0] != 0))
		return err_set(err, -EPROTO, "%s: a scalar with an index",
			       column->name);
	if (section->n_index > 0) {
		int rc = row_of(section, reading, ids, n, &row, err);

		if (rc < 0)
			return rc;
		reading->last_row = row;
	}

	void *cells = (void *)codec_row_at(section, reading->report, row);
	int rc = codec_cell_decode(column, value, cells, err);
	if (rc < 0)
		return rc;
	if (column->cell == CELL_ROWS)
		reading->expected[table_counted(at)] = (size_t)value->number;
	reading->seen[section - codec_sections].rows[row] |= UINT64_C(1) << at;
	return 0;
}

void
codec_reading_keep(struct codec_reading *reading, enum codec_table table,
		   const struct node_report *from)
{
	assert(table != CODEC_SCALARS);
	for (size_t i = 0; i < CODEC_SECTIONS; i++) {
		const struct codec_section *section = &codec_sections[i];
		if (section->table != table)
			continue;

		size_t n = codec_row_count(section, from);
		void **array = array_of(section, reading->report);

		assert(*count_of(section, reading->report) == 0);
		free(*array);
		*array = NULL;
		if (n > 0) {
			*array = xcalloc(n, section->row_size);
			memcpy(*array, codec_row_at(section, from, 0),
			       n * section->row_size);
		}
		*count_of(section, reading->report) = n;
		reading->kept[table] = true;
	}
}

/* --- the end ------------------------------------------------------------- */

static const char *
first_missing(const struct codec_section *section, uint64_t seen)
{
	for (size_t i = 0; i < section->n_columns; i++)
		if ((seen & UINT64_C(1) << i) == 0)
			return section->columns[i].name;
	return NULL;
}

static int
check_section(const struct codec_reading *reading, size_t which,
	      struct err *err)
{
	const struct codec_section *section = &codec_sections[which];
	size_t rows = codec_row_count(section, reading->report);

	if (section->n_index > 0 && rows != reading->expected[section->table])
		return err_set(err, -EPROTO, "%s: %zu rows of %zu came",
			       section->name, rows,
			       reading->expected[section->table]);
	if (reading->kept[section->table])
		return 0;
	for (size_t row = 0; row < rows; row++) {
		const char *name =
			first_missing(section, reading->seen[which].rows[row]);

		if (name == NULL)
			continue;
		if (section->n_index == 0)
			return err_set(err, -EPROTO, "%s is missing", name);

		uint32_t ids[CODEC_INDEX_MAX];
		codec_row_index(section, reading->report, row, ids);
		return err_set(err, -EPROTO, "%s is missing in row %u", name,
			       (unsigned)ids[section->n_index - 1]);
	}
	return 0;
}

int
codec_reading_finish(struct codec_reading *reading,
		     struct node_report **ret_report, struct err *err)
{
	/* Scalars first: they say how many rows there must be. */
	for (size_t i = 0; i < CODEC_SECTIONS; i++) {
		int rc = check_section(reading, i, err);

		if (rc < 0)
			return rc;
	}
	*ret_report = reading->report;
	reading->report = NULL;
	reading_done(reading);
	reading_init(reading);
	return 0;
}
