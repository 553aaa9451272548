/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/session.c - opening, doubting and reopening a session; quarantine.
 */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "ipmi/bmc_own.h"

/* Until the next attempt, by failures in a row; the last stays. */
static const int redial_ms[] = { 2000, 5000, 15000, 60000 };

enum { REDIALS = sizeof(redial_ms) / sizeof(redial_ms[0]) };

/* A command that was under way is dead with its session. */
static void
lose_commands(struct bmc *bmc)
{
	for (struct operation *o = bmc->queue; o != NULL; o = o->next) {
		o->control_lost = o->control_lost || o->control_pending;
		o->control_pending = false;
	}
}

static void
session_enter(struct bmc *bmc, enum session_phase phase)
{
	bmc->session.phase = phase;
	bmc->session.since_ms = bmc_now(bmc);
	bmc->exchange.use = USE_NONE;
	if (phase != SESSION_OPEN)
		lose_commands(bmc);
}

/* Trying again with the same words cannot help those that wait. */
static bool
ends_waiting(enum ipmi_rc why)
{
	return why == IPMI_AUTH || why == IPMI_ALGORITHM;
}

static void
count_auth_failure(struct bmc *bmc)
{
	struct session *session = &bmc->session;

	session->auth_failures++;
	if (session->auth_failures < BMC_AUTH_FAILURES && !session->quarantined)
		return;
	if (!session->quarantined)
		log_warn("bmc",
			 "%s: %u wrong user or password in a row: no more "
			 "attempts for %d minutes, or until told",
			 bmc->name, session->auth_failures,
			 BMC_QUARANTINE_MS / 60000);
	session->quarantined = true;
	session->due_ms = bmc_now(bmc) + BMC_QUARANTINE_MS;
}

static void
session_failed(struct bmc *bmc, enum ipmi_rc why, const char *text)
{
	struct session *session = &bmc->session;
	unsigned step =
		session->failures < REDIALS ? session->failures : REDIALS - 1;

	/* Say it once, not at each attempt. */
	if (session->failure != why)
		log_warn("bmc", "%s: %s", bmc->name, text);
	session_enter(bmc, SESSION_CLOSED);
	session->failures++;
	session->failure = why;
	session->due_ms = session->since_ms + redial_ms[step];
	if (text != session->error)
		snprintf(session->error, sizeof(session->error), "%s", text);
	if (why == IPMI_AUTH)
		count_auth_failure(bmc);
	else
		session->auth_failures = 0;
	if (ends_waiting(why))
		bmc_queue_doom(bmc, why);
}

static void
session_open(struct bmc *bmc)
{
	struct err err = { "" };
	int rc = bmc->transport->ops->open(bmc->transport, &err);

	session_enter(bmc, SESSION_OPENING);
	if (rc < 0)
		session_failed(bmc, IPMI_NO_SESSION, err.text);
}

void
bmc_session_came_up(struct bmc *bmc)
{
	struct session *session = &bmc->session;

	if (session->phase != SESSION_OPENING)
		return;
	session_enter(bmc, SESSION_OPEN);
	session->epoch++;
	if (session->failure != IPMI_OK)
		log_info("bmc", "%s: answers again", bmc->name);
	session->failures = 0;
	session->auth_failures = 0;
	session->quarantined = false;
	session->failure = IPMI_OK;
	session->error[0] = '\0';
	bmc->ok_ms = session->since_ms;
	bmc->status_read = bmc->device_asked = bmc->guid_asked = false;
	bmc->has_guid = false; /* perhaps it is another one now */
	log_debug("bmc", "%s: session %u is open", bmc->name, session->epoch);
}

void
bmc_session_went_down(struct bmc *bmc, enum ipmi_rc why, const char *text)
{
	if (bmc->session.phase == SESSION_CLOSED)
		return;
	if (bmc->session.phase == SESSION_OPENING) {
		session_failed(bmc, why, text);
		return;
	}
	/* One that was up has earned an attempt at once. */
	session_enter(bmc, SESSION_CLOSED);
	bmc->session.due_ms = bmc->session.since_ms;
}

void
bmc_session_restart(struct bmc *bmc, const char *why)
{
	struct session *session = &bmc->session;

	log_debug("bmc", "%s: session %u is closed: %s", bmc->name,
		  session->epoch, why);
	bmc->transport->ops->close(bmc->transport);
	session_enter(bmc, SESSION_CLOSED);
	session->due_ms = session->since_ms;
}

void
bmc_session_doubt(struct bmc *bmc, const char *why)
{
	struct session *session = &bmc->session;

	if (bmc->exchange.use == USE_GUID)
		bmc->guid_doubts++;
	snprintf(session->error, sizeof(session->error), "%s", why);
	bmc_session_restart(bmc, why);
	/* A slow BMC would else be reopened for ever; an answer resets it. */
	if (session->patience_ms < BMC_PATIENCE_MAX_MS)
		session->patience_ms *= 2;
}

void
bmc_session_hurry(struct bmc *bmc)
{
	struct session *session = &bmc->session;
	int64_t soon_ms = session->since_ms + BMC_REDIAL_MS;

	if (session->phase == SESSION_CLOSED && !session->quarantined &&
	    soon_ms < session->due_ms)
		session->due_ms = soon_ms;
}

static bool
closed_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	if (bmc->queue != NULL)
		bmc_session_hurry(bmc);
	if (now_ms < bmc->session.due_ms) {
		if (bmc->session.due_ms < *due_ms)
			*due_ms = bmc->session.due_ms;
		return false;
	}
	session_open(bmc);
	return true;
}

/* For how long the BMC has been asked for a session: waiting for a place among
 * other handshakes is no silence of its. */
static int64_t
asked_for_ms(const struct bmc *bmc, int64_t now_ms)
{
	const struct transport *t = bmc->transport;
	int64_t begun_ms = t->ops->begun_ms != NULL ? t->ops->begun_ms(t)
						    : bmc->session.since_ms;

	return begun_ms == BEGUN_NEVER ? 0 : now_ms - begun_ms;
}

static bool
opening_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	/* One that still waits is looked at again when its time would be up
	 * if it began now. */
	int64_t end_ms = now_ms - asked_for_ms(bmc, now_ms) + BMC_CONNECT_MS;

	if (now_ms < end_ms) {
		if (end_ms < *due_ms)
			*due_ms = end_ms;
		return false;
	}
	bmc->transport->ops->close(bmc->transport);
	session_failed(bmc, IPMI_TIMEOUT, "no answer to the handshake");
	return true;
}

bool
bmc_session_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	if (bmc->session.phase == SESSION_CLOSED)
		return closed_step(bmc, now_ms, due_ms);
	if (bmc->session.phase == SESSION_OPENING)
		return opening_step(bmc, now_ms, due_ms);
	return false;
}

/* Without a session: by the last failure, or by how long there is silence. */
static enum bmc_state
state_without(const struct bmc *bmc)
{
	const struct session *session = &bmc->session;
	bool asked_long = session->phase == SESSION_OPENING &&
			  asked_for_ms(bmc, bmc_now(bmc)) >= BMC_SILENT_MS;

	switch (session->failure) {
	case IPMI_OK:
		if (asked_long)
			return BMC_SILENT;
		return session->epoch > 0 ? BMC_SLOW : BMC_UNKNOWN;
	case IPMI_AUTH:
		return BMC_AUTH_FAILED;
	case IPMI_TIMEOUT:
		return BMC_SILENT;
	default:
		return BMC_REFUSED;
	}
}

enum bmc_state
bmc_session_state(const struct bmc *bmc)
{
	const struct exchange *exchange = &bmc->exchange;

	if (bmc->session.quarantined)
		return BMC_QUARANTINED;
	if (bmc->session.phase != SESSION_OPEN)
		return state_without(bmc);
	if (bmc->rtt_ms >= BMC_SLOW_MS ||
	    (exchange->use != USE_NONE &&
	     bmc_now(bmc) - exchange->first_sent_ms >= BMC_SLOW_MS))
		return BMC_SLOW;
	return BMC_UP;
}
