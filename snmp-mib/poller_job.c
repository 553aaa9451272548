/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs over time: sending, sending again, giving up, and telling the caller.
 */
#include "snmp-mib/poller_own.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"

enum { JOBS = 3, ENGINES_MAX = 2 };

static struct poller_job *
job_at(struct poller_host *host, unsigned which)
{
	return which == 0   ? &host->pulse.job
	       : which == 1 ? &host->report.job
			    : &host->number.job;
}

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool
runs(const struct poller_job *job)
{
	return job->active && !job->waiting && !job->ended;
}

/* --- sending ------------------------------------------------------------- */

void
job_start(struct poller_job *job, int64_t deadline_ms)
{
	job->active = true;
	job->ended = false;
	job->code = 0;
	job->err.text[0] = '\0';
	job->started_us = now_us();
	job->deadline_ms = clock_mono_ms() + deadline_ms;
	job->received_ms = 0;
	job->exchange = 0;
	job->engines = 0;
	job->resent = false;
	job->engine_answered = false;
}

static void
send_probe(struct poller_host *host, int64_t life_ms)
{
	if (host->probe == 0)
		host->probe = ++host->poller->exchanges;
	host->probe_resend_ms = clock_mono_ms() + POLLER_RESEND_MS;
	host->sent++;
	session_send(host, host->probe, session_probe(), life_ms);
}

void
job_send(struct poller_job *job)
{
	struct poller_host *host = job->host;
	int64_t now = clock_mono_ms();

	job->exchange = 0;
	if (host->engine_len == 0) {
		if (host->probe == 0)
			send_probe(host, job->deadline_ms - now);
		return; /* goes on in host_reported() */
	}
	if (session_prepare(host) < 0) {
		err_set(&job->err, 0, "no SNMP keys for engine of %s",
			host->address);
		job_end(job, -EPROTO);
		return;
	}
	job->exchange = ++host->poller->exchanges;
	job->resent = false;
	job->resend_after_ms = POLLER_RESEND_MS;
	job->resend_ms = now + job->resend_after_ms;
	host->sent++;
	session_send(host, job->exchange, job->kind->build(job, false),
		     job->deadline_ms - now);
}

static void
send_again(struct poller_job *job)
{
	struct poller_host *host = job->host;

	if (session_prepare(host) < 0)
		return;
	host->sent++;
	session_send(host, job->exchange, job->kind->build(job, true),
		     job->deadline_ms - clock_mono_ms());
}

/*
 * The same question once more; whichever answer comes first counts.  With it
 * goes the question for the engine: when it was exchanged, net-snmp drops the
 * agent's word about that, for it knows no user there.
 */
static void
job_resend(struct poller_job *job)
{
	struct poller_host *host = job->host;
	int64_t now = clock_mono_ms();

	send_probe(host, job->deadline_ms - now);
	job->resent = true;
	job->resend_after_ms *= 2;
	job->resend_ms = now + job->resend_after_ms;
	send_again(job);
}

void
job_end(struct poller_job *job, int code)
{
	job->ended = true;
	job->code = code;
	job->exchange = 0;
}

/* --- what the network says ----------------------------------------------- */

static struct poller_job *
job_of(struct poller_host *host, uint64_t exchange)
{
	for (unsigned i = 0; i < JOBS; i++) {
		struct poller_job *job = job_at(host, i);

		if (runs(job) && exchange != 0 && job->exchange == exchange)
			return job;
	}
	return NULL;
}

static void
deny(struct poller_job *job, const char *reason)
{
	struct poller_host *host = job->host;

	if (++host->denied >= POLLER_DENIED_MAX)
		host->denied_until_ms = clock_mono_ms() + POLLER_DENIED_WAIT_MS;
	err_set(&job->err, 0,
		"wrong SNMP user, password or protocol for account %s: the "
		"agent at %s says \"%s\"",
		host->account->name, host->address, reason);
	job_end(job, -EACCES);
}

/* An answer with an error status, from the agent itself. */
static void
answer_failed(struct poller_job *job, long status)
{
	switch (status) {
	case SNMP_ERR_TOOBIG:
		if (job->kind->shrink(job)) {
			job_send(job);
			return;
		}
		err_set(&job->err, 0, "one row does not fit into a message");
		job_end(job, -EMSGSIZE);
		return;
	case SNMP_ERR_NOACCESS:
	case SNMP_ERR_AUTHORIZATIONERROR:
	case SNMP_ERR_NOTWRITABLE:
		deny(job, "not allowed");
		return;
	case SNMP_ERR_GENERR:
		/* snmpd's word for a subagent that does not answer it. */
		err_set(&job->err, 0,
			"the SNMP agent at %s answers, the node agent behind "
			"it does not",
			job->host->address);
		job_end(job, -ENOENT);
		return;
	default:
		err_set(&job->err, 0, "the agent at %s answers with error %ld",
			job->host->address, status);
		job_end(job, -EPROTO);
	}
}

void
host_answered(struct poller_host *host, uint64_t exchange, netsnmp_pdu *answer)
{
	struct poller_job *job = job_of(host, exchange);

	if (job == NULL)
		return;
	host->received++;
	host->denied = 0;
	host->doubt = false;
	job->received_ms = clock_mono_ms();
	if (answer->errstat != SNMP_ERR_NOERROR)
		answer_failed(job, answer->errstat);
	else
		job->kind->answered(job, answer);
}

/*
 * The engine is there.  Whoever waited for it can go on; whoever was not
 * answered so far asks again, without the engine's old clock: an agent that
 * lost its count of boots looks like a replay to net-snmp.
 */
static void
engine_found(struct poller_host *host)
{
	host->probe = 0;
	host->doubt = true;
	for (unsigned i = 0; i < JOBS; i++) {
		struct poller_job *job = job_at(host, i);

		if (!runs(job))
			continue;
		if (job->exchange == 0)
			job_send(job);
		else if (job->resent && !job->engine_answered)
			send_again(job); /* an answer on its way still counts */
		job->engine_answered = true;
	}
}

/* The host was installed anew, or its agent exchanged: ask the new engine,
 * but not for ever. */
static void
engine_changed(struct poller_job *job, const netsnmp_pdu *report)
{
	if (++job->engines <= ENGINES_MAX &&
	    session_set_engine(job->host, report->securityEngineID,
			       report->securityEngineIDLen)) {
		job_send(job);
		return;
	}
	err_set(&job->err, 0, "the SNMP engine at %s keeps changing its id",
		job->host->address);
	job_end(job, -EPROTO);
}

void
host_reported(struct poller_host *host, uint64_t exchange, netsnmp_pdu *report)
{
	static const struct {
		int type;
		const char *reason;
	} refusals[] = {
		{ SNMPERR_UNKNOWN_USER_NAME, "unknown user" },
		{ SNMPERR_AUTHENTICATION_FAILURE, "wrong digest" },
		{ SNMPERR_UNSUPPORTED_SEC_LEVEL, "no such security level" },
		{ SNMPERR_DECRYPTION_ERR, "cannot be decrypted" },
	};
	struct poller_job *job = job_of(host, exchange);
	int type = snmpv3_get_report_type(report);

	if (exchange != 0 && exchange == host->probe) {
		if (session_set_engine(host, report->securityEngineID,
				       report->securityEngineIDLen))
			engine_found(host);
		return;
	}
	if (job == NULL)
		return;
	if (type == SNMPERR_UNKNOWN_ENG_ID) {
		engine_changed(job, report);
		return;
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].type != type)
			continue;
		deny(job, refusals[i].reason);
		return;
	}
	/* Not in the time window: net-snmp has set its clock by it and sends
	 * again.  All others: as if nothing came. */
}

void
host_cannot_send(struct poller_host *host, uint64_t exchange, int code)
{
	struct poller_job *job = job_of(host, exchange);

	/* May be an old ICMP message and pass: sent again in time. */
	if (job != NULL)
		err_set(&job->err, 0, "%s", strerror(-code));
}

/* --- time ---------------------------------------------------------------- */

static void
time_out(struct poller_job *job)
{
	struct poller_host *host = job->host;
	unsigned waited_ms = (unsigned)((now_us() - job->started_us) / 1000);

	/* What the system said about sending may be the reason. */
	if (job->err.text[0] != '\0')
		err_prefix(&job->err, 0, "no answer from %s in %u ms",
			   host->address, waited_ms);
	else if (job->engine_answered)
		err_set(&job->err, 0,
			"no answer from %s in %u ms, though an SNMP engine is "
			"there: wrong privacy password of account %s, or the "
			"agent hangs",
			host->address, waited_ms, host->account->name);
	else
		err_set(&job->err, 0, "no answer from %s in %u ms",
			host->address, waited_ms);
	host->timeouts++;
	host->doubt = true;
	host->probe = 0;
	job_end(job, -ETIMEDOUT);
}

static void
wait_for_engine(struct poller_job *job, int64_t now, int64_t *left)
{
	*left = job->deadline_ms - now;
	if (now >= job->host->probe_resend_ms)
		job->resent = true; /* by the probe that goes out next */
}

static void
check_times(struct poller_host *host)
{
	int64_t now = clock_mono_ms(), left = 0;

	for (unsigned i = 0; i < JOBS; i++) {
		struct poller_job *job = job_at(host, i);

		if (!runs(job))
			continue;
		if (now >= job->deadline_ms)
			time_out(job);
		else if (job->exchange == 0)
			wait_for_engine(job, now, &left);
		else if (now >= job->resend_ms)
			job_resend(job);
	}
	if (left > 0 && now >= host->probe_resend_ms)
		send_probe(host, left);
}

static void
set_timer(struct poller_host *host)
{
	int64_t now = clock_mono_ms(), next = INT64_MAX;

	for (unsigned i = 0; i < JOBS; i++) {
		const struct poller_job *job = job_at(host, i);
		if (!runs(job))
			continue;

		int64_t again = job->exchange == 0 ? host->probe_resend_ms
						   : job->resend_ms;
		if (job->deadline_ms < next)
			next = job->deadline_ms;
		if (again < next)
			next = again;
	}
	if (next == INT64_MAX)
		loop_timer_stop(host->timer);
	else
		loop_timer_start(host->timer, next > now ? next - now : 0);
}

static void
deliver(struct poller_job *job)
{
	struct poller_answer answer = {
		.code = job->code,
		.at_ms = job->received_ms,
		.engine_answered = job->engine_answered,
		.took_us = (uint32_t)(now_us() - job->started_us),
	};
	struct err err = job->err; /* the job may be freed or begun again */

	answer.text = job->code == 0 ? "" : err.text;
	job->active = false;
	job->kind->deliver(job, &answer);
}

void
host_settle(struct poller_host *host)
{
	session_expire(host);
	check_times(host);
	queue_settle(host);
	host->settling = true;
	for (unsigned i = 0; i < JOBS && !host->freed; i++) {
		struct poller_job *job = job_at(host, i);

		if (job->active && job->ended)
			deliver(job);
	}
	host->settling = false;
	if (host->freed)
		free(host);
	else
		set_timer(host);
}
