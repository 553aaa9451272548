/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "notify": sends informs over an SNMPv3 session of its own, by
 * net-snmp's blocking calls (engine discovery blocks in any case).
 *
 * It reads the credentials file itself: no password passes through the agent.
 */
#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its config first */
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/account.h"
#include "agent/notifier.h"
#include "agent/roles.h"
#include "agent/text.h"
#include "common/clock.h"
#include "common/worker.h"
#include "snmp-mib/engine.h"
#include "snmp-mib/wire.h"

/* Two attempts and the discovery of the engine stay below
 * NOTIFIER_DEADLINE_MS. */
enum { TIMEOUT_US = 700000, RETRIES = 2 };

struct sender {
	netsnmp_session *session; /* NULL: none */
	int64_t start_ms;
};

static int
derive_key(netsnmp_session *session, const char *password, u_char *ret_key,
	   size_t *ret_len)
{
	*ret_len = USM_AUTH_KU_LEN;
	return generate_Ku(session->securityAuthProto,
			   (u_int)session->securityAuthProtoLen,
			   (const u_char *)password, strlen(password), ret_key,
			   ret_len) == SNMPERR_SUCCESS
		       ? 0
		       : -EINVAL;
}

static int
secure_session(netsnmp_session *session, struct snmp_account *account)
{
	size_t len;
	const oid *auth, *priv;

	auth = sc_get_auth_oid(usm_lookup_auth_type(account->auth), &len);
	session->securityAuthProto = (oid *)auth;
	session->securityAuthProtoLen = len;
	priv = sc_get_priv_oid(usm_lookup_priv_type(account->priv), &len);
	session->securityPrivProto = (oid *)priv;
	session->securityPrivProtoLen = len;
	if (auth == NULL || priv == NULL)
		return -EINVAL;
	session->securityName = account->user;
	session->securityNameLen = strlen(account->user);
	session->securityModel = SNMP_SEC_MODEL_USM;
	session->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	int rc = derive_key(session, account->auth_password,
			    session->securityAuthKey,
			    &session->securityAuthKeyLen);
	return rc < 0 ? rc
		      : derive_key(session, account->priv_password,
				   session->securityPrivKey,
				   &session->securityPrivKeyLen);
}

static int
open_session(struct sender *sender, const char *target,
	     struct snmp_account *account, struct err *err)
{
	netsnmp_session session;
	char peer[128];

	text_copy(peer, sizeof(peer), target);
	snmp_sess_init(&session);
	session.version = SNMP_VERSION_3;
	session.peername = peer;
	session.timeout = TIMEOUT_US;
	session.retries = RETRIES;
	int rc = secure_session(&session, account);
	if (rc == 0) {
		sender->session = snmp_open(&session);
		rc = sender->session != NULL ? 0 : -EIO;
	}
	explicit_bzero(session.securityAuthKey, USM_AUTH_KU_LEN);
	explicit_bzero(session.securityPrivKey, USM_PRIV_KU_LEN);
	return rc < 0 ? err_set(err, rc, "no session to %s", target) : 0;
}

static int
open_by_account(struct sender *sender, const json_t *request, struct err *err)
{
	struct snmp_account *account;
	int rc = account_load(message_text(request, "credentials"),
			      message_text(request, "account"), &account, err);

	if (rc < 0)
		return rc;
	rc = open_session(sender, message_text(request, "target"), account,
			  err);
	account_free(account);
	return rc;
}

static netsnmp_pdu *
make_pdu(const struct sender *sender, const struct node_notice *notice)
{
	static const oid uptime[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
	struct notice_bind binds[NOTICE_BINDS_MAX];
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_INFORM);
	long ticks =
		(long)((clock_mono_ms() - sender->start_ms) / 10 & UINT32_MAX);

	if (pdu == NULL)
		return NULL;
	snmp_pdu_add_variable(pdu, uptime, OID_LENGTH(uptime), ASN_TIMETICKS,
			      &ticks, sizeof(ticks));
	size_t n = notice_encode(notice, binds);
	for (size_t i = 0; i < n; i++) {
		oid name[MAX_OID_LEN];
		union wire_space space;
		const void *data;
		size_t len, name_len = wire_from_oid(&binds[i].oid, name);
		u_char type =
			wire_from_value(&binds[i].value, &space, &data, &len);

		snmp_pdu_add_variable(pdu, name, name_len, type, data, len);
	}
	return pdu;
}

/* STAT_SUCCESS and an answer that takes the inform, or why not. */
static int
judge(netsnmp_session *session, int status, const netsnmp_pdu *answer,
      const char *target, struct err *err)
{
	if (status == STAT_TIMEOUT)
		return err_set(err, -ETIMEDOUT, "%s does not acknowledge",
			       target);
	if (status != STAT_SUCCESS || answer == NULL)
		return err_set(err, -EIO, "%s: %s", target,
			       snmp_api_errstring(session->s_snmp_errno));
	if (answer->errstat != SNMP_ERR_NOERROR)
		return err_set(err, -EPROTO, "%s answers: %s", target,
			       snmp_errstring((int)answer->errstat));
	return 0;
}

static int
deliver(netsnmp_session *session, netsnmp_pdu *pdu, const char *target,
	struct err *err)
{
	netsnmp_pdu *answer = NULL;

	if (session == NULL || pdu == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	int status = snmp_synch_response(session, pdu, &answer);
	int rc = judge(session, status, answer, target, err);
	snmp_free_pdu(answer);
	return rc;
}

static void
close_session(struct sender *sender)
{
	if (sender->session != NULL)
		snmp_close(sender->session);
	sender->session = NULL;
}

static json_t *
send_notice(void *state, const json_t *request)
{
	struct sender *sender = state;
	struct node_notice notice;
	struct err err = { "" };
	int rc = 0;

	notice_from_message(json_object_get(request, "notice"), &notice);
	if (sender->session == NULL)
		rc = open_by_account(sender, request, &err);
	if (rc == 0)
		rc = deliver(sender->session, make_pdu(sender, &notice),
			     message_text(request, "target"), &err);
	if (rc == 0)
		return json_object();
	/* A new session discovers a new engine of the receiver. */
	close_session(sender);
	return json_pack("{s:o}", "error", message_string(err.text));
}

int
notify_worker_serve(int fd)
{
	struct sender sender = { .start_ms = clock_mono_ms() };
	struct err err;

	prctl(PR_SET_DUMPABLE, 0); /* passwords pass through this process */
	if (snmp_engine_start("ironherd-agent", NULL, &err) < 0)
		return EXIT_FAILURE;
	int rc = worker_serve_requests(fd, send_notice, &sender);
	close_session(&sender);
	return rc;
}
