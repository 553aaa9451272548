/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent that stands alone refuses: counted by net-snmp (and read as
 * usmStats and the group snmp), told in one line of the log a minute, however
 * much of it comes.
 */
#include "snmp-mib/voice_own.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/loop.h"

/* Asking for our engine and its time is how a manager begins: where these are
 * as many as those, nothing is wrong. */
static const struct {
	int statistic, excused; /* 0: nothing */
	const char *words;
} kinds[] = {
	{ STAT_SNMPINASNPARSEERRS, 0, "not SNMP at all" },
	{ STAT_SNMPINBADVERSIONS, 0, "of another version" },
	{ STAT_SNMPINBADCOMMUNITYNAMES, 0, "with a community" },
	{ STAT_SNMPUNKNOWNSECURITYMODELS, 0, "of unknown security" },
	{ STAT_SNMPINVALIDMSGS, 0, "invalid" },
	{ STAT_USMSTATSUNSUPPORTEDSECLEVELS, 0, "not secure enough" },
	{ STAT_USMSTATSUNKNOWNUSERNAMES, 0, "of unknown users" },
	{ STAT_USMSTATSWRONGDIGESTS, 0, "with a wrong key" },
	{ STAT_USMSTATSDECRYPTIONERRORS, 0, "not to be decrypted" },
	{ STAT_USMSTATSNOTINTIMEWINDOWS, STAT_USMSTATSUNKNOWNENGINEIDS,
	  "old or replayed" },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), TEXT_LEN = 512 };

struct voice_refusals {
	struct loop_timer *timer;
	int64_t every_ms;
	uint32_t told[KINDS];
	uint32_t writes_told;
};

/* SET where it is not allowed.  As global as what net-snmp counts; it frees
 * arguments of its callbacks when it ends. */
static uint32_t writes;

static uint32_t
count_of(size_t kind)
{
	uint32_t n = snmp_get_statistic(kinds[kind].statistic);
	uint32_t excused = kinds[kind].excused != 0
				   ? snmp_get_statistic(kinds[kind].excused)
				   : 0;

	return n > excused ? n - excused : 0;
}

static void
add_words(char text[TEXT_LEN], uint32_t n, const char *words)
{
	size_t len = strlen(text);

	if (n > 0)
		snprintf(text + len, TEXT_LEN - len, "%s%" PRIu32 " %s",
			 len > 0 ? ", " : "", n, words);
}

static void
tell(void *arg)
{
	struct voice_refusals *refusals = arg;
	char text[TEXT_LEN] = "";

	for (size_t i = 0; i < KINDS; i++) {
		uint32_t n = count_of(i);

		if (n > refusals->told[i])
			add_words(text, n - refusals->told[i], kinds[i].words);
		if (n > refusals->told[i])
			refusals->told[i] = n;
	}
	add_words(text, writes - refusals->writes_told,
		  "to write what may not be written");
	refusals->writes_told = writes;
	if (text[0] != '\0')
		log_warn("snmp", "requests were refused: %s", text);
	loop_timer_start(refusals->timer, refusals->every_ms);
}

/* Called behind the one that judges. */
static int
access_was_judged(int major, int minor, void *server, void *client)
{
	const struct view_parameters *view = server;

	(void)major;
	(void)minor;
	(void)client;
	if (view->pdu->command == SNMP_MSG_SET && view->errorcode != 0)
		writes++;
	return SNMPERR_SUCCESS;
}

struct voice_refusals *
voice_refusals_new(struct loop *loop, int64_t every_ms)
{
	struct voice_refusals *refusals = xcalloc(1, sizeof(*refusals));

	refusals->timer = loop_timer_new(loop, tell, refusals);
	refusals->every_ms = every_ms;
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
			       SNMPD_CALLBACK_ACM_CHECK, access_was_judged,
			       NULL);
	loop_timer_start(refusals->timer, every_ms);
	return refusals;
}

void
voice_refusals_free(struct voice_refusals *refusals)
{
	if (refusals == NULL)
		return;
	(void)snmp_unregister_callback(SNMP_CALLBACK_APPLICATION,
				       SNMPD_CALLBACK_ACM_CHECK,
				       access_was_judged, NULL, 0);
	loop_timer_free(refusals->timer);
	free(refusals);
}
