/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a job may begin: not while its account is refused, and a report only
 * when there is a place for it, so that a round of a thousand hosts neither
 * floods the sockets nor delays a pulse.
 */
#include "snmp-mib/poller_own.h"

#include <errno.h>

#include "common/clock.h"

/* While the account is refused, one try in a while; the answer to all others
 * is known. */
static bool
must_wait(struct poller_host *host)
{
	int64_t now = clock_mono_ms();

	if (host->denied < POLLER_DENIED_MAX)
		return false;
	if (now < host->denied_until_ms)
		return true;
	host->denied_until_ms = now + POLLER_DENIED_WAIT_MS;
	return false;
}

void
job_ask(struct poller_job *job, int64_t deadline_ms)
{
	struct poller_host *host = job->host;

	job_start(job, deadline_ms);
	if (must_wait(host)) {
		err_set(&job->err, 0,
			"SNMP account %s was refused %u times; asking once a "
			"minute until its user, passwords and protocols agree "
			"with the agent's",
			host->account->name, host->denied);
		job_end(job, -EACCES);
	} else {
		job_send(job);
	}
	/* Whatever has ended already is told from the loop. */
	loop_timer_start(host->timer, job->ended ? 0 : 1);
}

/* --- turns --------------------------------------------------------------- */

static void
push(struct poller_host *host)
{
	struct poller *poller = host->poller;

	host->report.job.active = host->report.job.waiting = true;
	host->report.job.ended = false;
	host->report.before = poller->last;
	host->report.after = NULL;
	if (poller->last != NULL)
		poller->last->report.after = host;
	else
		poller->first = host;
	poller->last = host;
}

static void
pull(struct poller_host *host)
{
	struct poller *poller = host->poller;
	struct poller_host *after = host->report.after,
			   *before = host->report.before;

	host->report.job.waiting = false;
	if (before != NULL)
		before->report.after = after;
	else
		poller->first = after;
	if (after != NULL)
		after->report.before = before;
	else
		poller->last = before;
}

static void
fill_places(struct poller *poller)
{
	while (poller->first != NULL && poller->reports < POLLER_REPORTS_MAX) {
		struct poller_host *host = poller->first;

		pull(host);
		host->report.placed = true;
		poller->reports++;
		job_ask(&host->report.job, host->report.deadline_ms);
	}
}

static void
leave_place(struct poller_host *host)
{
	if (!host->report.placed)
		return;
	host->report.placed = false;
	host->poller->reports--;
}

void
queue_report(struct poller_host *host, int64_t deadline_ms)
{
	host->report.deadline_ms = deadline_ms;
	push(host);
	fill_places(host->poller);
}

/* Who had to be asked twice may be dead: the living do not wait for that. */
void
queue_settle(struct poller_host *host)
{
	const struct poller_job *job = &host->report.job;

	if (job->active && !job->ended && !job->resent)
		return;
	leave_place(host);
	fill_places(host->poller);
}

void
queue_forget(struct poller_host *host)
{
	if (host->report.job.waiting)
		pull(host);
	leave_place(host);
	fill_places(host->poller);
}
