/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked and how answers are read: the pulse in one GET, the report in
 * steps.  Scalars come first (they say how many rows there are), then each
 * table row by row: all columns of a row are variables of one GETBULK, which
 * costs snmpd one message to its subagent per row instead of one per value.
 * The layout revision rides along in every answer, so rows that come or go
 * between two answers are noticed, and reading starts again.
 */
#include "snmp-mib/poller_own.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"

enum {
	SCALARS_AT_ONCE = 24, /* fits into one datagram without fragments */
	BINDS_AT_ONCE = 100,  /* snmpd's own bound on a GETBULK */
	BINDS_SMALL = 24,     /* after a loss: without fragments */
	RESTARTS_MAX = 3
};

static netsnmp_pdu *
pdu_new(int command)
{
	netsnmp_pdu *pdu = snmp_pdu_create(command);

	if (pdu == NULL)
		log_fatal("snmp", "out of memory");
	return pdu;
}

static void
pdu_add(netsnmp_pdu *pdu, const struct codec_oid *from)
{
	oid name[MAX_OID_LEN];
	size_t len = wire_from_oid(from, name);

	if (snmp_add_null_var(pdu, name, len) == NULL)
		log_fatal("snmp", "out of memory");
}

static void
end_with(struct poller_job *job, int code)
{
	job_end(job, code == -E2BIG ? -EPROTO : code);
}

static void
end_absent(struct poller_job *job)
{
	err_set(&job->err, 0,
		"the SNMP agent at %s answers, but has no Ironherd objects: "
		"the node agent does not run, or the account's view hides "
		"them",
		job->host->address);
	job_end(job, -ENOENT);
}

static bool
all_absent(const netsnmp_pdu *answer)
{
	const netsnmp_variable_list *var = answer->variables;

	if (var == NULL)
		return false;
	for (; var != NULL; var = var->next_variable)
		if (!wire_is_absent(var))
			return false;
	return true;
}

/* The variable is the one that was asked for. */
static bool
is_named(const netsnmp_variable_list *var, const struct codec_oid *name)
{
	struct codec_oid is;

	return wire_to_oid(var->name, var->name_length, &is) == 0 &&
	       codec_oid_compare(&is, name) == 0;
}

/* --- pulse --------------------------------------------------------------- */

static netsnmp_pdu *
pulse_build(struct poller_job *job, bool small)
{
	struct codec_oid oids[CODEC_PULSE_MAX];
	size_t n = codec_pulse_oids(oids);
	netsnmp_pdu *pdu = pdu_new(SNMP_MSG_GET);

	(void)job;
	(void)small;
	for (size_t i = 0; i < n; i++)
		pdu_add(pdu, &oids[i]);
	return pdu;
}

static void
pulse_answered(struct poller_job *job, netsnmp_pdu *answer)
{
	struct pulse_job *pulse = (struct pulse_job *)job;
	struct codec_oid oids[CODEC_PULSE_MAX], space;
	struct codec_value values[CODEC_PULSE_MAX];
	size_t n = codec_pulse_oids(oids), i = 0;

	if (all_absent(answer)) {
		end_absent(job);
		return;
	}
	for (const netsnmp_variable_list *var = answer->variables; var != NULL;
	     var = var->next_variable, i++) {
		if (i == n || !is_named(var, &oids[i]))
			break;
		wire_to_value(var, &space, &values[i]);
	}
	end_with(job, i == n ? codec_pulse_decode(values, n, &pulse->pulse,
						  &job->err)
			     : err_set(&job->err, -EPROTO,
				       "not the values that were asked for"));
}

static bool
pulse_shrink(struct poller_job *job)
{
	(void)job;
	return false;
}

static void
pulse_deliver(struct poller_job *job, const struct poller_answer *answer)
{
	struct pulse_job *pulse = (struct pulse_job *)job;
	struct node_pulse copy = pulse->pulse; /* the host may be freed */

	pulse->fn(pulse->arg, answer, answer->code == 0 ? &copy : NULL);
}

const struct job_kind pulse_kind = { pulse_build, pulse_answered, pulse_shrink,
				     pulse_deliver };

/* --- report: steps ------------------------------------------------------- */

static void
begin_again(struct report_job *report)
{
	codec_reading_free(report->reading);
	report->reading = codec_reading_new();
	report->table = CODEC_SCALARS;
	report->rows = 0;
	report->cursor.len = 0;
}

void
report_begin(struct report_job *report, const struct node_report *previous)
{
	report->previous = previous;
	report->restarts = 0;
	report->bind_max = BINDS_AT_ONCE;
	begin_again(report);
}

/* Rows came or went while we read. */
static void
restart(struct report_job *report)
{
	if (++report->restarts > RESTARTS_MAX) {
		err_set(&report->job.err, 0,
			"rows came and went %d times while they were read",
			RESTARTS_MAX);
		job_end(&report->job, -EAGAIN);
		return;
	}
	begin_again(report);
	job_send(&report->job);
}

static size_t
table_size(const struct node_report *report, enum codec_table table)
{
	return table == CODEC_NUMA        ? report->n_numa
	       : table == CODEC_DISTANCES ? report->n_distances
					  : report->n_features;
}

/* What only changes with the layout is not read again. */
static void
keep_unchanged(struct report_job *report)
{
	static const enum codec_table tables[] = { CODEC_NUMA, CODEC_DISTANCES,
						   CODEC_FEATURES };
	const struct node_report *now = codec_reading_so_far(report->reading);
	const struct node_report *before = report->previous;

	if (before == NULL ||
	    before->host.layout_revision != now->host.layout_revision ||
	    before->host.agent_start_s != now->host.agent_start_s ||
	    strcmp(before->host.boot_id, now->host.boot_id) != 0)
		return;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (table_size(before, tables[i]) ==
		    codec_reading_expected(report->reading, tables[i]))
			codec_reading_keep(report->reading, tables[i], before);
}

static bool
is_kept(const struct report_job *report, enum codec_table table)
{
	return (table == CODEC_NUMA || table == CODEC_DISTANCES ||
		table == CODEC_FEATURES) &&
	       table_size(codec_reading_so_far(report->reading), table) > 0;
}

static void
next_table(struct report_job *report)
{
	if (report->table == CODEC_SCALARS)
		keep_unchanged(report);
	do
		report->table++;
	while (report->table < CODEC_TABLES &&
	       (codec_reading_expected(report->reading, report->table) == 0 ||
		is_kept(report, report->table)));
	report->rows = 0;
	report->cursor.len = 0;
	if (report->table < CODEC_TABLES) {
		job_send(&report->job);
		return;
	}
	end_with(&report->job,
		 codec_reading_finish(report->reading, &report->report,
				      &report->job.err));
}

/* --- report: scalars ----------------------------------------------------- */

static netsnmp_pdu *
scalars_build(const struct report_job *report)
{
	struct codec_oid oids[CODEC_WIDTH_MAX];
	size_t n = codec_list_columns(CODEC_SCALARS, oids, CODEC_WIDTH_MAX);
	netsnmp_pdu *pdu = pdu_new(SNMP_MSG_GET);

	for (size_t i = report->rows;
	     i < n && i < report->rows + SCALARS_AT_ONCE; i++)
		pdu_add(pdu, &oids[i]);
	return pdu;
}

/* Put one variable; absent ones are left for the check at the end. */
static int
put(struct report_job *report, const netsnmp_variable_list *var)
{
	struct codec_oid name, space;
	struct codec_value value;

	if (wire_is_absent(var))
		return 0;
	if (wire_to_oid(var->name, var->name_length, &name) < 0)
		return err_set(&report->job.err, -EPROTO, "an endless name");
	wire_to_value(var, &space, &value);

	int rc = codec_reading_put(report->reading, &name, &value,
				   &report->job.err);
	return rc < 0 ? rc : 0;
}

static void
scalars_answered(struct report_job *report, netsnmp_pdu *answer)
{
	struct codec_oid oids[CODEC_WIDTH_MAX];
	size_t n = codec_list_columns(CODEC_SCALARS, oids, CODEC_WIDTH_MAX);
	int rc = 0;

	if (all_absent(answer)) {
		end_absent(&report->job);
		return;
	}
	size_t at = report->rows;
	for (const netsnmp_variable_list *var = answer->variables;
	     var != NULL && rc == 0; var = var->next_variable, at++) {
		if (at == n || !is_named(var, &oids[at]))
			rc = err_set(&report->job.err, -EPROTO,
				     "not the values that were asked for");
		else
			rc = put(report, var);
	}
	if (rc == 0 && at == report->rows)
		rc = err_set(&report->job.err, -EPROTO, "an empty answer");
	if (rc < 0) {
		end_with(&report->job, rc);
		return;
	}
	report->rows = at;
	if (at < n)
		job_send(&report->job);
	else
		next_table(report);
}

/* --- report: rows -------------------------------------------------------- */

static size_t
columns_of(const struct report_job *report,
	   struct codec_oid columns[CODEC_WIDTH_MAX])
{
	return codec_list_columns(report->table, columns, CODEC_WIDTH_MAX);
}

static netsnmp_pdu *
rows_build(const struct report_job *report, bool small)
{
	struct codec_oid columns[CODEC_WIDTH_MAX], layout;
	size_t n = columns_of(report, columns);
	size_t binds = small && report->bind_max > BINDS_SMALL
			       ? BINDS_SMALL
			       : report->bind_max;
	size_t left = codec_reading_expected(report->reading, report->table) -
		      report->rows;
	size_t rows = (binds - 1) / n > 0 ? (binds - 1) / n : 1;
	netsnmp_pdu *pdu = pdu_new(SNMP_MSG_GETBULK);

	pdu->non_repeaters = 1;
	pdu->max_repetitions = (long)(rows < left ? rows : left);
	codec_layout_oid(&layout);
	layout.len--; /* GETBULK gives what is next: its instance */
	pdu_add(pdu, &layout);
	for (size_t i = 0; i < n; i++) {
		memcpy(columns[i].ids + columns[i].len, report->cursor.ids,
		       report->cursor.len * sizeof(columns[i].ids[0]));
		columns[i].len += report->cursor.len;
		pdu_add(pdu, &columns[i]);
	}
	return pdu;
}

/* The layout revision still stands.  1: it does; 0: it changed. */
static int
check_layout(struct report_job *report, const netsnmp_variable_list *var)
{
	const struct node_report *so_far =
		codec_reading_so_far(report->reading);
	struct codec_oid layout, space;
	struct codec_value value;

	codec_layout_oid(&layout);
	if (!is_named(var, &layout))
		return err_set(&report->job.err, -EPROTO,
			       "no layout revision in the answer");
	wire_to_value(var, &space, &value);
	return value.type == CODEC_UNSIGNED &&
	       value.number == so_far->host.layout_revision;
}

/* Which row a variable belongs to; false when it is none of this column. */
static bool
row_in(const netsnmp_variable_list *var, const struct codec_oid *column,
       struct codec_oid *ret_row)
{
	struct codec_oid name;

	if (wire_is_absent(var) ||
	    wire_to_oid(var->name, var->name_length, &name) < 0 ||
	    !codec_oid_starts_with(&name, column))
		return false;
	ret_row->len = name.len - column->len;
	memcpy(ret_row->ids, name.ids + column->len,
	       ret_row->len * sizeof(name.ids[0]));
	return true;
}

/*
 * Take one row, all its columns or none of it.  1: taken; 0: the agent's rows
 * are not what they were (begin again); -ENODATA: the answer was cut inside
 * the row; -EPROTO.
 */
static int
take_row(struct report_job *report, const struct codec_oid *columns, size_t n,
	 const netsnmp_variable_list **var)
{
	const netsnmp_variable_list *at = *var;
	struct codec_oid row, other;

	for (size_t i = 0; i < n; i++, at = at->next_variable) {
		if (at == NULL)
			return -ENODATA;
		if (!row_in(at, &columns[i], i == 0 ? &row : &other))
			return 0;
		if (i > 0 && codec_oid_compare(&row, &other) != 0)
			return 0;
	}
	if (report->cursor.len > 0 &&
	    codec_oid_compare(&row, &report->cursor) <= 0)
		return err_set(&report->job.err, -EPROTO,
			       "%s: rows out of order",
			       codec_table_name(report->table));
	for (; *var != at; *var = (*var)->next_variable) {
		int rc = put(report, *var);

		if (rc < 0)
			return rc;
	}
	report->cursor = row;
	report->rows++;
	return 1;
}

static bool
report_shrink(struct poller_job *job)
{
	struct report_job *report = (struct report_job *)job;

	if (report->bind_max <= CODEC_PULSE_MAX)
		return false;
	report->bind_max /= 2;
	return true;
}

static void
rows_answered(struct report_job *report, netsnmp_pdu *answer)
{
	struct codec_oid columns[CODEC_WIDTH_MAX];
	size_t n = columns_of(report, columns), before = report->rows;
	size_t expected =
		codec_reading_expected(report->reading, report->table);
	const netsnmp_variable_list *var = answer->variables;
	int rc;

	if (var == NULL) {
		err_set(&report->job.err, 0, "an empty answer");
		job_end(&report->job, -EPROTO);
		return;
	}
	rc = check_layout(report, var);
	var = var->next_variable;
	while (rc == 1 && var != NULL && report->rows < expected)
		rc = take_row(report, columns, n, &var);
	/* An answer may be cut at any place to fit, but not before a row. */
	if (rc == -ENODATA)
		rc = 1;
	if (rc < 0)
		end_with(&report->job, rc);
	else if (rc == 0)
		restart(report);
	else if (report->rows == expected)
		next_table(report);
	else if (report->rows == before && !report_shrink(&report->job))
		end_with(&report->job,
			 err_set(&report->job.err, -EMSGSIZE,
				 "%s: one row does not fit into a message",
				 codec_table_name(report->table)));
	else
		job_send(&report->job);
}

/* --- report: the kind ---------------------------------------------------- */

static netsnmp_pdu *
report_build(struct poller_job *job, bool small)
{
	const struct report_job *report = (struct report_job *)job;

	return report->table == CODEC_SCALARS ? scalars_build(report)
					      : rows_build(report, small);
}

static void
report_answered(struct poller_job *job, netsnmp_pdu *answer)
{
	struct report_job *report = (struct report_job *)job;

	if (report->table == CODEC_SCALARS)
		scalars_answered(report, answer);
	else
		rows_answered(report, answer);
}

static void
report_deliver(struct poller_job *job, const struct poller_answer *answer)
{
	struct report_job *report = (struct report_job *)job;
	struct node_report *result = report->report;

	codec_reading_free(report->reading);
	report->reading = NULL;
	report->report = NULL;
	report->previous = NULL;
	report->fn(report->arg, answer, result);
}

const struct job_kind report_kind = { report_build, report_answered,
				      report_shrink, report_deliver };
