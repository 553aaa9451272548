/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a report, row by row: all columns of a row are variables of
 * one GETBULK, which costs snmpd one message to its subagent per row instead of
 * one per value.  Tables that fit beside each other are read in one message.
 * The layout revision rides along in every answer, so rows that come or go
 * between two answers are noticed, and reading starts again.
 */
#include "snmp-mib/poller_own.h"

#include <errno.h>
#include <string.h>

/* --- which rows are next ------------------------------------------------- */

struct columns {
	size_t n; /* 0: not listed yet */
	struct codec_oid oids[CODEC_WIDTH_MAX];
};

/* Listed once: they are asked for with every row. */
static const struct columns *
columns_of(unsigned table)
{
	static struct columns all[CODEC_TABLES];
	struct columns *columns = &all[table];

	if (columns->n == 0)
		columns->n = codec_list_columns((enum codec_table)table,
						columns->oids, CODEC_WIDTH_MAX);
	return columns;
}

static size_t
width_of(unsigned table)
{
	return columns_of(table)->n;
}

static size_t
rows_left(const struct report_job *report, unsigned table)
{
	return codec_reading_expected(report->reading,
				      (enum codec_table)table) -
	       report->tables[table].rows;
}

/* How many rows of that width fit; one of the binds is the revision. */
static size_t
rows_in(size_t width, size_t binds)
{
	size_t rows = (binds - 1) / width;

	return rows > 0 ? rows : 1;
}

/* The table with most rows left that is not asked for yet and at most so
 * wide; CODEC_TABLES: none. */
static unsigned
longest(const struct report_job *report, size_t width_max)
{
	unsigned best = CODEC_TABLES;
	size_t most = 0;

	for (unsigned i = CODEC_SCALARS + 1; i < CODEC_TABLES; i++)
		if (!report->tables[i].asked && rows_left(report, i) > most &&
		    width_of(i) <= width_max) {
			best = i;
			most = rows_left(report, i);
		}
	return best;
}

/*
 * The longest table, and beside it those that need no further message.  After
 * a loss one row of each must go into a message without fragments.  False when
 * all rows have come.
 */
static bool
choose(struct report_job *report)
{
	size_t width, room;

	for (unsigned i = 0; i < CODEC_TABLES; i++)
		report->tables[i].asked = false;
	unsigned table = longest(report, CODEC_WIDTH_MAX);
	if (table == CODEC_TABLES)
		return false;
	width = width_of(table);
	report->repetitions = rows_in(width, report->bind_max);
	if (report->repetitions > rows_left(report, table))
		report->repetitions = rows_left(report, table);
	room = (report->bind_max - 1) / report->repetitions;
	if (room > POLLER_BINDS_SMALL - 1)
		room = POLLER_BINDS_SMALL - 1;
	report->tables[table].asked = true;
	while (width < room &&
	       (table = longest(report, room - width)) != CODEC_TABLES) {
		report->tables[table].asked = true;
		width += width_of(table);
	}
	report->width = width;
	return true;
}

void
rows_next(struct report_job *report)
{
	if (choose(report))
		job_send(&report->job);
	else
		report_finish(report);
}

bool
rows_shrink(struct report_job *report)
{
	if (report->bind_max <= CODEC_PULSE_MAX)
		return false;
	report->bind_max /= 2;
	if (report->in_tables)
		(void)choose(report);
	return true;
}

/* --- asking -------------------------------------------------------------- */

static netsnmp_variable_list **
add_columns(netsnmp_variable_list **tail, const struct report_table *from,
	    unsigned table)
{
	const struct columns *columns = columns_of(table);

	for (size_t i = 0; i < columns->n; i++) {
		struct codec_oid name = columns->oids[i];

		memcpy(name.ids + name.len, from->row,
		       from->row_len * sizeof(from->row[0]));
		name.len += from->row_len;
		tail = report_pdu_add(tail, &name);
	}
	return tail;
}

netsnmp_pdu *
rows_build(const struct report_job *report, bool small)
{
	size_t most = small ? rows_in(report->width, POLLER_BINDS_SMALL)
			    : report->repetitions;
	netsnmp_pdu *pdu = report_pdu(SNMP_MSG_GETBULK);
	netsnmp_variable_list **tail = &pdu->variables;
	struct codec_oid layout;

	pdu->non_repeaters = 1;
	pdu->max_repetitions =
		(long)(most < report->repetitions ? most : report->repetitions);
	codec_layout_oid(&layout);
	layout.len--; /* GETBULK gives what is next: its instance */
	tail = report_pdu_add(tail, &layout);
	for (unsigned i = 0; i < CODEC_TABLES; i++)
		if (report->tables[i].asked)
			tail = add_columns(tail, &report->tables[i], i);
	return pdu;
}

/* --- reading ------------------------------------------------------------- */

/* The layout revision still stands.  1: it does; 0: it changed. */
static int
check_layout(struct report_job *report, const netsnmp_variable_list *var)
{
	const struct node_report *so_far =
		codec_reading_so_far(report->reading);
	struct codec_oid layout, space;
	struct codec_value value;

	codec_layout_oid(&layout);
	if (!report_is_named(var, &layout))
		return err_set(&report->job.err, -EPROTO,
			       "no layout revision in the answer");
	wire_to_value(var, &space, &value);
	return value.type == CODEC_UNSIGNED &&
	       value.number == so_far->host.layout_revision;
}

struct row {
	size_t len;
	uint32_t ids[POLLER_ROW_MAX];
};

/* Which row a variable belongs to; false when it is none of this column. */
static bool
row_in(const netsnmp_variable_list *var, const struct codec_oid *column,
       struct row *ret_row)
{
	const oid *name = var->name;

	if (wire_is_absent(var) || var->name_length < column->len ||
	    var->name_length - column->len > POLLER_ROW_MAX)
		return false;
	for (size_t i = 0; i < column->len; i++)
		if (name[i] != column->ids[i])
			return false;
	ret_row->len = var->name_length - column->len;
	for (size_t i = 0; i < ret_row->len; i++)
		ret_row->ids[i] = (uint32_t)name[column->len + i];
	return true;
}

static bool
same_row(const struct row *a, const struct row *b)
{
	return a->len == b->len &&
	       memcmp(a->ids, b->ids, a->len * sizeof(a->ids[0])) == 0;
}

static bool
is_behind(const struct row *row, const struct report_table *table)
{
	for (size_t i = 0; i < row->len && i < table->row_len; i++)
		if (row->ids[i] != table->row[i])
			return row->ids[i] > table->row[i];
	return row->len > table->row_len;
}

static int
put_row(struct report_job *report, const netsnmp_variable_list *from,
	const netsnmp_variable_list *to)
{
	int rc = 0;

	for (; from != to && rc == 0; from = from->next_variable)
		rc = report_put(report, from);
	return rc;
}

/*
 * Take one row, all its columns or none of it.  1: taken; 0: the agent's rows
 * are not what they were (begin again); -ENODATA: the answer was cut inside
 * the row; -EPROTO.
 */
static int
take_row(struct report_job *report, unsigned which,
	 const netsnmp_variable_list **var)
{
	struct report_table *table = &report->tables[which];
	const struct columns *columns = columns_of(which);
	const netsnmp_variable_list *at = *var;
	struct row row = { .len = 0 }, other;

	for (size_t i = 0; i < columns->n; i++, at = at->next_variable) {
		if (at == NULL)
			return -ENODATA;
		if (!row_in(at, &columns->oids[i], i == 0 ? &row : &other))
			return 0;
		if (i > 0 && !same_row(&row, &other))
			return 0;
	}
	if (table->row_len > 0 && !is_behind(&row, table))
		return err_set(&report->job.err, -EPROTO,
			       "%s: rows out of order",
			       codec_table_name((enum codec_table)which));
	int rc = put_row(report, *var, at);
	if (rc < 0)
		return rc;
	*var = at;
	table->row_len = row.len;
	memcpy(table->row, row.ids, row.len * sizeof(row.ids[0]));
	table->rows++;
	report->taken++;
	return 1;
}

/* What comes behind the last row of a table that is shorter than others. */
static int
skip(unsigned table, const netsnmp_variable_list **var)
{
	for (size_t n = width_of(table); n > 0; n--) {
		if (*var == NULL)
			return -ENODATA;
		*var = (*var)->next_variable;
	}
	return 1;
}

/* One row of each table that was asked for. */
static int
take_repetition(struct report_job *report, const netsnmp_variable_list **var)
{
	int rc = 1;

	for (unsigned i = 0; i < CODEC_TABLES && rc == 1; i++) {
		if (!report->tables[i].asked)
			continue;
		rc = rows_left(report, i) > 0 ? take_row(report, i, var)
					      : skip(i, var);
	}
	return rc;
}

static void
end_too_big(struct report_job *report)
{
	unsigned table = 0;

	while (!report->tables[table].asked)
		table++;
	report_end_with(&report->job,
			err_set(&report->job.err, -EMSGSIZE,
				"%s: one row does not fit into a message",
				codec_table_name((enum codec_table)table)));
}

void
rows_answered(struct report_job *report, netsnmp_pdu *answer)
{
	const netsnmp_variable_list *var = answer->variables;
	int rc;

	if (var == NULL) {
		err_set(&report->job.err, 0, "an empty answer");
		job_end(&report->job, -EPROTO);
		return;
	}
	report->taken = 0;
	rc = check_layout(report, var);
	var = var->next_variable;
	while (rc == 1 && var != NULL)
		rc = take_repetition(report, &var);
	/* An answer may be cut at any place to fit, but not before a row. */
	if (rc == -ENODATA)
		rc = 1;
	if (rc < 0)
		report_end_with(&report->job, rc);
	else if (rc == 0)
		report_restart(report);
	else if (report->taken > 0)
		rows_next(report);
	else if (rows_shrink(report))
		job_send(&report->job);
	else
		end_too_big(report);
}
