/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked and how answers are read: the pulse in one GET, the report in
 * steps.  Scalars come first (they say how many rows there are), then the
 * tables (poller_rows.c).
 */
#include "snmp-mib/poller_own.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"

enum { RESTARTS_MAX = 3 };

netsnmp_pdu *
report_pdu(int command)
{
	netsnmp_pdu *pdu = snmp_pdu_create(command);

	if (pdu == NULL)
		log_fatal("snmp", "out of memory");
	return pdu;
}

netsnmp_variable_list **
report_pdu_add(netsnmp_variable_list **tail, const struct codec_oid *from)
{
	oid name[MAX_OID_LEN];
	size_t len = wire_from_oid(from, name);
	netsnmp_variable_list *var =
		snmp_varlist_add_variable(tail, name, len, ASN_NULL, NULL, 0);

	if (var == NULL)
		log_fatal("snmp", "out of memory");
	return &var->next_variable;
}

void
report_end_with(struct poller_job *job, int code)
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
bool
report_is_named(const netsnmp_variable_list *var, const struct codec_oid *name)
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
	netsnmp_pdu *pdu = report_pdu(SNMP_MSG_GET);
	netsnmp_variable_list **tail = &pdu->variables;

	(void)job;
	(void)small;
	for (size_t i = 0; i < n; i++)
		tail = report_pdu_add(tail, &oids[i]);
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
		if (i == n || !report_is_named(var, &oids[i]))
			break;
		wire_to_value(var, &space, &values[i]);
	}
	report_end_with(job,
			i == n ? codec_pulse_decode(values, n, &pulse->pulse,
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
	report->in_tables = false;
	report->scalars = 0;
	memset(report->tables, 0, sizeof(report->tables));
}

void
report_begin(struct report_job *report, const struct node_report *previous)
{
	report->previous = previous;
	report->restarts = 0;
	report->bind_max = POLLER_BINDS_MAX;
	begin_again(report);
}

void
report_restart(struct report_job *report)
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

static void
keep(struct report_job *report, enum codec_table table)
{
	codec_reading_keep(report->reading, table, report->previous);
	report->tables[table].rows = table_size(report->previous, table);
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
			keep(report, tables[i]);
}

void
report_finish(struct report_job *report)
{
	report_end_with(&report->job,
			codec_reading_finish(report->reading, &report->report,
					     &report->job.err));
}

/* --- report: scalars ----------------------------------------------------- */

static netsnmp_pdu *
scalars_build(const struct report_job *report, bool small)
{
	struct codec_oid oids[CODEC_WIDTH_MAX];
	size_t n = codec_list_columns(CODEC_SCALARS, oids, CODEC_WIDTH_MAX);
	size_t most = small && report->bind_max > POLLER_BINDS_SMALL
			      ? POLLER_BINDS_SMALL
			      : report->bind_max;
	netsnmp_pdu *pdu = report_pdu(SNMP_MSG_GET);
	netsnmp_variable_list **tail = &pdu->variables;

	for (size_t i = report->scalars; i < n && i < report->scalars + most;
	     i++)
		tail = report_pdu_add(tail, &oids[i]);
	return pdu;
}

/* Put one variable; absent ones are left for the check at the end. */
int
report_put(struct report_job *report, const netsnmp_variable_list *var)
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
begin_tables(struct report_job *report)
{
	report->in_tables = true;
	keep_unchanged(report);
	rows_next(report);
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
	size_t at = report->scalars;
	for (const netsnmp_variable_list *var = answer->variables;
	     var != NULL && rc == 0; var = var->next_variable, at++) {
		if (at == n || !report_is_named(var, &oids[at]))
			rc = err_set(&report->job.err, -EPROTO,
				     "not the values that were asked for");
		else
			rc = report_put(report, var);
	}
	if (rc == 0 && at == report->scalars)
		rc = err_set(&report->job.err, -EPROTO, "an empty answer");
	if (rc < 0) {
		report_end_with(&report->job, rc);
		return;
	}
	report->scalars = at;
	if (at < n)
		job_send(&report->job);
	else
		begin_tables(report);
}

/* --- report: the kind ---------------------------------------------------- */

static netsnmp_pdu *
report_build(struct poller_job *job, bool small)
{
	const struct report_job *report = (struct report_job *)job;

	return report->in_tables ? rows_build(report, small)
				 : scalars_build(report, small);
}

static void
report_answered(struct poller_job *job, netsnmp_pdu *answer)
{
	struct report_job *report = (struct report_job *)job;

	if (report->in_tables)
		rows_answered(report, answer);
	else
		scalars_answered(report, answer);
}

static bool
report_shrink(struct poller_job *job)
{
	return rows_shrink((struct report_job *)job);
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
