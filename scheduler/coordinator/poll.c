/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/poll.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/learn.h"
#include "snmp-mib/poller.h"

#define WITNESSES_MAX   64
#define AGAIN_DELAY_MS  700 /* agents look at libvirt's events at once */
#define AGAIN_PERIOD_MS 2000
#define LATE_MS         200 /* a heartbeat that is sent later than that */

struct eye {
	struct coordinator *co;
	size_t host;
	struct poller_host *target;
	struct loop_timer *pulse_timer, *report_timer;
	int64_t due_ms;  /* of the next heartbeat; 0: the first */
	bool reading;    /* a report is under way */
	bool read_again; /* and another is wanted behind it */
};

struct poll {
	struct poller *poller;
	struct eye *eyes; /* by host */
	int64_t again_ms; /* when a contradiction was last followed up */
};

/* --- heartbeat ---------------------------------------------------------- */

static void
take_failure(struct reg_host *host, const struct poller_answer *answer)
{
	switch (answer->code) {
	case -EACCES:
		host->link = LINK_REFUSED;
		break;
	case -ENOENT:
	case -EPROTO: /* authentic, if useless: the host lives */
	case -EAGAIN:
		host->link = LINK_NO_AGENT;
		break;
	default:
		host->link = LINK_SILENT;
		break;
	}
	snprintf(host->link_text, sizeof(host->link_text), "%s", answer->text);
}

/* It lives, but without a boot id nobody can tell a restart from a pause. */
static void
take_nonsense(struct reg_host *host)
{
	host->link = LINK_NO_AGENT;
	snprintf(host->link_text, sizeof(host->link_text),
		 "its agent does not know its boot id");
}

static void
take_pulse(struct eye *eye, const struct poller_answer *answer,
	   const struct node_pulse *pulse)
{
	struct reg_host *host = &eye->co->reg.hosts[eye->host];
	bool changed = host->link != LINK_OK ||
		       host->pulse.vm_revision != pulse->vm_revision ||
		       host->pulse.layout_revision != pulse->layout_revision ||
		       host->pulse.stopping != pulse->stopping ||
		       strcmp(host->pulse.boot_id, pulse->boot_id) != 0;

	host->link = LINK_OK;
	host->link_text[0] = '\0';
	host->heard_ms = answer->at_ms;
	host->round_trip_us = answer->took_us;
	host->pulse = *pulse;
	if (changed)
		poll_report_soon(eye->co, eye->host);
}

static void
pulse_came(void *arg, const struct poller_answer *answer,
	   const struct node_pulse *pulse)
{
	struct eye *eye = arg;
	struct reg_host *host = &eye->co->reg.hosts[eye->host];
	enum link_state before = host->link;

	if (answer->code != 0)
		take_failure(host, answer);
	else if (pulse->boot_id[0] == '\0')
		take_nonsense(host);
	else
		take_pulse(eye, answer, pulse);
	if (host->link != before)
		coordinator_wake(eye->co);
}

static void
send_pulse(void *arg)
{
	struct eye *eye = arg;
	struct reg_host *host = &eye->co->reg.hosts[eye->host];
	int64_t now_ms = clock_mono_ms();

	loop_timer_start(eye->pulse_timer, HEARTBEAT_PERIOD_MS);
	if (host->asked_ms == 0)
		host->asked_ms = now_ms;
	/* -EBUSY: the last one is still being waited for. */
	int rc = poller_pulse(eye->target, HEARTBEAT_TIMEOUT_MS, pulse_came,
			      eye);
	if (rc < 0 || (eye->due_ms != 0 && now_ms - eye->due_ms > LATE_MS))
		eye->co->reg.polls_late++;
	eye->due_ms = now_ms + HEARTBEAT_PERIOD_MS;
}

/* Somebody moved a VM, and reports of different age tell different stories:
 * all hosts of the cluster are read again, a little later. */
static void
read_again_soon(struct coordinator *co, size_t cluster)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms - co->poll->again_ms < AGAIN_PERIOD_MS)
		return;
	co->poll->again_ms = now_ms;
	for (size_t i = 0; i < co->reg.n_hosts; i++)
		if (co->reg.hosts[i].conf->cluster == cluster)
			loop_timer_start(co->poll->eyes[i].report_timer,
					 AGAIN_DELAY_MS);
}

/* --- full report -------------------------------------------------------- */

static void send_report(void *arg);

static void
report_came(void *arg, const struct poller_answer *answer,
	    struct node_report *report)
{
	struct eye *eye = arg;
	struct coordinator *co = eye->co;

	eye->reading = false;
	if (answer->code == 0) {
		co->reg.hosts[eye->host].report_took_ms =
			answer->took_us / 1000 + 1;
		registry_take_report(&co->reg, eye->host, report,
				     answer->at_ms);
		learn_from_report(co, eye->host);
		if (registry_disagrees(&co->reg, eye->host))
			read_again_soon(co,
					co->reg.hosts[eye->host].conf->cluster);
		coordinator_wake(co);
	} else {
		log_debug("poll", "%s: report: %s",
			  co->reg.hosts[eye->host].conf->name, answer->text);
	}
	if (eye->read_again)
		send_report(eye);
}

static void
send_report(void *arg)
{
	struct eye *eye = arg;
	const struct reg_host *host = &eye->co->reg.hosts[eye->host];

	loop_timer_start(eye->report_timer, FULL_POLL_PERIOD_MS);
	eye->read_again = eye->reading;
	if (eye->reading || host->link != LINK_OK)
		return; /* the first heartbeat that comes brings the report */
	eye->reading =
		poller_report(eye->target, host->report, FULL_POLL_TIMEOUT_MS,
			      report_came, eye) == 0;
}

void
poll_report_soon(struct coordinator *co, size_t host)
{
	send_report(&co->poll->eyes[host]);
}

void
poll_witnesses(struct coordinator *co, size_t silent)
{
	const struct registry *reg = &co->reg;
	/* Of a host that comes back and of the owners of what it runs, the
	 * owners have to be read later. */
	bool rejoining = reg->hosts[silent].state == HOST_REJOINING;
	size_t asked = 0;

	/* Begin behind the silent one, so that not always the same are asked.
	 */
	for (size_t n = 1; n < reg->n_hosts && asked < WITNESSES_MAX; n++) {
		size_t i = (silent + n) % reg->n_hosts;

		if (reg->hosts[i].link != LINK_OK ||
		    (reg->hosts[i].state == HOST_REJOINING && rejoining) ||
		    reg->hosts[i].conf->cluster !=
			    reg->hosts[silent].conf->cluster)
			continue;
		asked++;
		if (!co->poll->eyes[i].reading)
			poll_report_soon(co, i);
	}
}

/* --- open and close ----------------------------------------------------- */

/* FNV-1a: any even spread does. */
static int64_t
phase_of(const char *name, int64_t period_ms)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return (int64_t)(hash % (uint32_t)period_ms);
}

static int
open_poller(struct coordinator *co, struct err *err)
{
	const struct settings *s = co->settings;
	cleanup_free char *cache = xasprintf("%s/engines", s->state_dir);
	cleanup_free char *engine = xasprintf("%s/engine", s->state_dir);
	int rc = snmp_engine_start("ironherd-coordinator", engine, err);

	if (rc < 0)
		return rc;
	co->poll->poller = poller_new(co->loop, cache);
	for (size_t i = 0; rc == 0 && i < s->n_snmp; i++)
		rc = poller_add_account(co->poll->poller, &s->snmp[i], err);
	return rc;
}

static int
open_eye(struct coordinator *co, size_t i, struct err *err)
{
	const struct host_settings *conf = co->reg.hosts[i].conf;
	struct eye *eye = &co->poll->eyes[i];
	int rc = poller_host_new(co->poll->poller, conf->agent,
				 conf->snmp->name, &eye->target, err);

	if (rc < 0)
		return err_prefix(err, rc, "host %s", conf->name);
	eye->co = co;
	eye->host = i;
	eye->pulse_timer = loop_timer_new(co->loop, send_pulse, eye);
	eye->report_timer = loop_timer_new(co->loop, send_report, eye);
	loop_timer_start(eye->pulse_timer,
			 phase_of(conf->name, HEARTBEAT_PERIOD_MS));
	loop_timer_start(eye->report_timer,
			 phase_of(conf->name, FULL_POLL_PERIOD_MS));
	return 0;
}

int
poll_open(struct coordinator *co, struct err *err)
{
	co->poll = xcalloc(1, sizeof(*co->poll));
	co->poll->eyes = xcalloc(co->reg.n_hosts, sizeof(struct eye));
	int rc = open_poller(co, err);

	for (size_t i = 0; rc == 0 && i < co->reg.n_hosts; i++)
		rc = open_eye(co, i, err);
	return rc;
}

struct poller *
poll_poller(const struct coordinator *co)
{
	return co->poll->poller;
}

void
poll_close(struct coordinator *co)
{
	struct poll *poll = co->poll;

	if (poll == NULL)
		return;
	for (size_t i = 0; i < co->reg.n_hosts; i++) {
		if (poll->eyes[i].target != NULL)
			poller_host_free(poll->eyes[i].target);
		loop_timer_free(poll->eyes[i].pulse_timer);
		loop_timer_free(poll->eyes[i].report_timer);
	}
	if (poll->poller != NULL)
		poller_free(poll->poller);
	free(poll->eyes);
	free(poll);
	co->poll = NULL;
}
