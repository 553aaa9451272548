/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks one agent as any monitoring would, in lexical order; prints one JSON
 * object.  The account is the one of snmp_farm.c.
 *
 *	snmp_walk ADDRESS:PORT walk TIMES OID...   walks below the OIDs
 *	snmp_walk ADDRESS:PORT wait MS OID         until OID is there
 *	snmp_walk ADDRESS:PORT watch MS OID        OID again and again, that
 *long
 */
#include "snmp-mib/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "snmp-mib/engine.h"

enum {
	REPETITIONS = 50,
	AGAIN_US = 10000,
	RUSH_US = 100000,
	LONG_US = 5000000
};

static u_char auth_ku[USM_AUTH_KU_LEN], priv_ku[USM_PRIV_KU_LEN];
static size_t auth_ku_len = sizeof(auth_ku), priv_ku_len = sizeof(priv_ku);
static char peer[128];

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void
make_keys(void)
{
	static const char auth[] = "bench-auth-password",
			  priv[] = "bench-priv-password";

	if (generate_Ku(usmHMAC192SHA256AuthProtocol,
			OID_LENGTH(usmHMAC192SHA256AuthProtocol),
			(const u_char *)auth, strlen(auth), auth_ku,
			&auth_ku_len) != SNMPERR_SUCCESS ||
	    generate_Ku(usmHMAC192SHA256AuthProtocol,
			OID_LENGTH(usmHMAC192SHA256AuthProtocol),
			(const u_char *)priv, strlen(priv), priv_ku,
			&priv_ku_len) != SNMPERR_SUCCESS)
		exit(1);
}

/* NULL when nobody is there. */
static void *
open_session(long timeout_us)
{
	netsnmp_session session;

	snmp_sess_init(&session);
	session.version = SNMP_VERSION_3;
	session.peername = peer;
	session.retries = 0;
	session.timeout = timeout_us;
	session.securityModel = SNMP_SEC_MODEL_USM;
	session.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	session.securityName = (char *)"bench";
	session.securityNameLen = strlen("bench");
	session.securityAuthProto = usmHMAC192SHA256AuthProtocol;
	session.securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
	session.securityPrivProto = usmAESPrivProtocol;
	session.securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
	memcpy(session.securityAuthKey, auth_ku, auth_ku_len);
	session.securityAuthKeyLen = auth_ku_len;
	memcpy(session.securityPrivKey, priv_ku, priv_ku_len);
	session.securityPrivKeyLen = priv_ku_len;
	return snmp_sess_open(&session);
}

static netsnmp_pdu *
ask(void *session, int command, const oid *name, size_t len)
{
	netsnmp_pdu *pdu = snmp_pdu_create(command), *answer = NULL;

	if (command == SNMP_MSG_GETBULK) {
		pdu->non_repeaters = 0;
		pdu->max_repetitions = REPETITIONS;
	}
	snmp_add_null_var(pdu, name, len);
	if (snmp_sess_synch_response(session, pdu, &answer) == STAT_SUCCESS &&
	    answer != NULL && answer->errstat == SNMP_ERR_NOERROR &&
	    answer->command == SNMP_MSG_RESPONSE)
		return answer;
	if (answer != NULL)
		snmp_free_pdu(answer);
	return NULL;
}

static void
parse_oid(const char *text, oid *ret_name, size_t *ret_len)
{
	*ret_len = MAX_OID_LEN;
	if (read_objid(text, ret_name, ret_len) == 0)
		exit(2);
}

/* --- walk ---------------------------------------------------------------- */

/* Returns how many values there are; -1: no answer. */
static long
walk_below(void *session, const oid *root, size_t root_len)
{
	oid at[MAX_OID_LEN];
	size_t len = root_len;
	long values = 0;

	memcpy(at, root, root_len * sizeof(*root));
	for (;;) {
		netsnmp_pdu *answer = ask(session, SNMP_MSG_GETBULK, at, len);
		bool more = false;

		if (answer == NULL)
			return -1;
		for (const netsnmp_variable_list *var = answer->variables;
		     var != NULL; var = var->next_variable) {
			more = !wire_is_absent(var) &&
			       var->name_length >= root_len &&
			       snmp_oid_compare(var->name, root_len, root,
						root_len) == 0;
			if (!more)
				break;
			values++;
			len = var->name_length;
			memcpy(at, var->name, len * sizeof(*at));
		}
		snmp_free_pdu(answer);
		if (!more)
			return values;
	}
}

static int
walk(size_t times, char **oids)
{
	double *took = xcalloc(times, sizeof(*took));
	void *session = open_session(LONG_US);
	long values = 0;

	if (session == NULL)
		return 1;
	for (size_t i = 0; i < times; i++) {
		double begin = now_ms();

		values = 0;
		for (char **text = oids; *text != NULL; text++) {
			oid root[MAX_OID_LEN];
			size_t len;

			parse_oid(*text, root, &len);
			long n = walk_below(session, root, len);
			if (n < 0)
				return 1;
			values += n;
		}
		took[i] = now_ms() - begin;
	}
	qsort(took, times, sizeof(*took), compare);
	printf("{\"values\": %ld, \"median_ms\": %.2f, \"best_ms\": %.2f}\n",
	       values, took[times / 2], took[0]);
	snmp_sess_close(session);
	free(took);
	return 0;
}

/* --- wait and watch ------------------------------------------------------ */

static bool
is_there(void *session, const char *text)
{
	oid name[MAX_OID_LEN];
	size_t len;

	parse_oid(text, name, &len);
	netsnmp_pdu *answer = ask(session, SNMP_MSG_GET, name, len);
	bool there = answer != NULL && answer->variables != NULL &&
		     !wire_is_absent(answer->variables);
	if (answer != NULL)
		snmp_free_pdu(answer);
	return there;
}

static int
wait_for(double most_ms, const char *text)
{
	double begin = now_ms();

	while (now_ms() - begin < most_ms) {
		void *session = open_session(RUSH_US);
		bool there = session != NULL && is_there(session, text);

		if (session != NULL)
			snmp_sess_close(session);
		if (there) {
			printf("{\"ms\": %.1f}\n", now_ms() - begin);
			return 0;
		}
		usleep(AGAIN_US);
	}
	return 1;
}

static int
watch(double long_ms, const char *text)
{
	double begin = now_ms(), slowest = 0;
	void *session = open_session(LONG_US);
	unsigned asked = 0, lost = 0;

	if (session == NULL)
		return 1;
	for (; now_ms() - begin < long_ms; asked++) {
		double at = now_ms();

		if (!is_there(session, text))
			lost++;
		if (now_ms() - at > slowest)
			slowest = now_ms() - at;
		usleep(AGAIN_US);
	}
	printf("{\"asked\": %u, \"lost\": %u, \"slowest_ms\": %.2f}\n", asked,
	       lost, slowest);
	snmp_sess_close(session);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	log_start("snmp_walk", LOG_LEVEL_ERROR);
	if (snmp_engine_start("snmp_walk", NULL, NULL) < 0)
		return 1;
	snprintf(peer, sizeof(peer), "udp:%s", argv[1]);
	make_keys();
	if (strcmp(argv[2], "walk") == 0)
		return walk(strtoul(argv[3], NULL, 10), argv + 4);
	if (strcmp(argv[2], "wait") == 0)
		return wait_for(strtod(argv[3], NULL), argv[4]);
	if (strcmp(argv[2], "watch") == 0)
		return watch(strtod(argv[3], NULL), argv[4]);
	return 2;
}
