/* SPDX-License-Identifier: Apache-2.0 */
/* One number of an agent that need not be ours: read, or set. */
#include "snmp-mib/poller_own.h"

#include <errno.h>

#include "common/log.h"

static netsnmp_pdu *
build(struct poller_job *job, bool small)
{
	const struct poller_ask *ask = &((struct number_job *)job)->ask;
	netsnmp_pdu *pdu =
		snmp_pdu_create(ask->set ? SNMP_MSG_SET : SNMP_MSG_GET);
	oid name[MAX_OID_LEN];
	size_t len = wire_from_oid(ask->name, name);
	long value = (long)ask->value;

	(void)small;
	if (pdu == NULL ||
	    (ask->set ? snmp_pdu_add_variable(pdu, name, len,
					      ask->is_unsigned ? ASN_UNSIGNED
							       : ASN_INTEGER,
					      &value, sizeof(value))
		      : snmp_add_null_var(pdu, name, len)) == NULL)
		log_fatal("snmp", "out of memory");
	return pdu;
}

static bool
is_asked_for(const struct number_job *number, const netsnmp_variable_list *var)
{
	struct codec_oid name;

	return var != NULL && var->next_variable == NULL &&
	       wire_to_oid(var->name, var->name_length, &name) == 0 &&
	       codec_oid_compare(&name, number->ask.name) == 0;
}

static void
answered(struct poller_job *job, netsnmp_pdu *answer)
{
	struct number_job *number = (struct number_job *)job;
	const netsnmp_variable_list *var = answer->variables;
	struct codec_oid space;
	struct codec_value value = { .type = CODEC_OTHER };
	int code = 0;

	if (!is_asked_for(number, var)) {
		code = err_set(&job->err, -EPROTO,
			       "not the object that was asked for");
	} else if (wire_is_absent(var)) {
		code = err_set(&job->err, -ENOENT,
			       "the SNMP agent at %s has no such object, or "
			       "the account's view hides it",
			       job->host->address);
	} else {
		wire_to_value(var, &space, &value);
		if (value.type != CODEC_INTEGER && value.type != CODEC_UNSIGNED)
			code = err_set(&job->err, -EPROTO,
				       "the object is no number");
	}
	number->number = value.type == CODEC_INTEGER ? value.integer
						     : (int64_t)value.number;
	job_end(job, code);
}

static bool
shrink(struct poller_job *job)
{
	(void)job;
	return false;
}

static void
deliver(struct poller_job *job, const struct poller_answer *answer)
{
	struct number_job *number = (struct number_job *)job;

	number->fn(number->arg, answer, answer->code == 0 ? number->number : 0);
}

const struct job_kind number_kind = { build, answered, shrink, deliver };
