/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller's hands in net-snmp: one session per host.
 *
 * net-snmp's own probing for an engine blocks (it would stop the loop for a
 * dead host's whole time-out), so the flag against it stays set and nothing
 * but our own probe is sent while the engine is unknown.  Retries are ours,
 * too: the library would send to the dead long after a job has ended.
 *
 * Users and engine clocks are global in the library, by engine id.  The list
 * of users is searched from its head, several times for each message: with a
 * thousand of them that would be a third of all our work.  So a host keeps its
 * user, and only that of the host being served is in the library's list.
 */
#include "snmp-mib/poller_own.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"
#include "common/log.h"

/* --- answers ------------------------------------------------------------- */

/* The number of an exchange travels as the callback's pointer, so that
 * nothing can dangle. */
static int
packet_came(int op, netsnmp_session *session, int reqid, netsnmp_pdu *pdu,
	    void *magic)
{
	struct poller_host *host = session->callback_magic;
	uint64_t exchange = (uint64_t)(uintptr_t)magic;

	(void)reqid;
	if (op != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
		return 1; /* time is kept by the job */
	if (pdu->command == SNMP_MSG_REPORT)
		host_reported(host, exchange, pdu);
	else if (pdu->command == SNMP_MSG_RESPONSE)
		host_answered(host, exchange, pdu);
	return 1;
}

/* --- whose turn it is ---------------------------------------------------- */

static struct poller_host *served; /* its user is in the library's list */

static void
take_user_out(void)
{
	if (served != NULL)
		usm_remove_user(served->user);
	served = NULL;
}

static void
serve(struct poller_host *host)
{
	if (served == host)
		return;
	take_user_out();
	if (host->user == NULL)
		return;
	usm_add_user(host->user);
	served = host;
}

static void
drop_user(struct poller_host *host)
{
	if (served == host)
		take_user_out();
	if (host->user != NULL)
		usm_free_user(host->user); /* wipes its keys */
	host->user = NULL;
}

/* --- packets ------------------------------------------------------------- */

static void
socket_ready(void *arg, int fd, unsigned what)
{
	struct poller_host *host = arg;

	(void)fd;
	(void)what;
	serve(host);
	wire_read_one(host->session, &host->poller->fds);
	host_settle(host);
}

void
session_send(struct poller_host *host, uint64_t exchange, netsnmp_pdu *pdu,
	     int64_t life_ms)
{
	netsnmp_session *session = snmp_sess_session(host->session);

	serve(host);
	session->timeout = (long)(life_ms > 0 ? life_ms : 1) * 1000;
	session->s_errno = 0;
	if (snmp_sess_async_send(host->session, pdu, packet_came,
				 (void *)(uintptr_t)exchange) != 0)
		return;
	snmp_free_pdu(pdu);
	host_cannot_send(host, exchange,
			 session->s_errno != 0 ? -session->s_errno : -EIO);
}

/* RFC 3414, 4: without user and engine; the agent's REPORT names its own. */
netsnmp_pdu *
session_probe(void)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	if (pdu == NULL)
		log_fatal("snmp", "out of memory");
	pdu->version = SNMP_VERSION_3;
	pdu->securityName = xstrdup("");
	pdu->securityNameLen = 0;
	pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	pdu->securityModel = SNMP_SEC_MODEL_USM;
	return pdu;
}

void
session_expire(struct poller_host *host)
{
	snmp_sess_timeout(host->session);
}

/* --- opening ------------------------------------------------------------- */

static void
fill(netsnmp_session *session, struct poller_host *host, char *peer)
{
	const struct account *account = host->account;

	snmp_sess_init(session);
	session->version = SNMP_VERSION_3;
	session->peername = peer;
	session->retries = 0;
	session->isAuthoritative = SNMP_SESS_NONAUTHORITATIVE;
	session->flags |= SNMP_FLAGS_DONT_PROBE;
	session->callback = packet_came;
	session->callback_magic = host;
	session->securityModel = SNMP_SEC_MODEL_USM;
	session->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	session->securityName = account->user;
	session->securityNameLen = strlen(account->user);
	session->securityAuthProto = (oid *)account->auth;
	session->securityAuthProtoLen = account->auth_len;
	session->securityPrivProto = (oid *)account->priv;
	session->securityPrivProtoLen = account->priv_len;
	memcpy(session->securityAuthKey, account->auth_ku,
	       account->auth_ku_len);
	session->securityAuthKeyLen = account->auth_ku_len;
	memcpy(session->securityPrivKey, account->priv_ku,
	       account->priv_ku_len);
	session->securityPrivKeyLen = account->priv_ku_len;
	session->contextName = (char *)"";
}

/* The library's own ways ask the kernel for both addresses each time; a
 * connected socket knows them. */
static int
receive(netsnmp_transport *transport, void *buffer, int size, void **ret_opaque,
	int *ret_opaque_len)
{
	*ret_opaque = NULL;
	*ret_opaque_len = 0;
	return (int)recv(transport->sock, buffer, (size_t)size, 0);
}

static int
transmit(netsnmp_transport *transport, const void *buffer, int size,
	 void **opaque, int *opaque_len)
{
	(void)opaque;
	(void)opaque_len;
	return (int)send(transport->sock, buffer, (size_t)size, 0);
}

/* Strangers' packets end in the kernel: each could leave an engine record in
 * the library for ever. */
static int
connect_socket(netsnmp_transport *transport)
{
	const struct sockaddr *peer = transport->remote;

	if (peer == NULL ||
	    (peer->sa_family != AF_INET && peer->sa_family != AF_INET6))
		return -EAFNOSUPPORT;
	if (connect(transport->sock, peer,
		    (socklen_t)transport->remote_length) < 0)
		return -errno;
	transport->f_recv = receive;
	transport->f_send = transmit;
	return 0;
}

int
session_open(struct poller_host *host, struct err *err)
{
	netsnmp_session session;
	char peer[ENGINE_ADDRESS_MAX + 8];

	snprintf(peer, sizeof(peer), "%s:%s",
		 host->address[0] == '[' ? "udp6" : "udp", host->address);
	fill(&session, host, peer);
	host->session = snmp_sess_open(&session);
	int code = session.s_errno != 0 ? -session.s_errno : -EIO;
	explicit_bzero(&session, sizeof(session));
	if (host->session == NULL)
		return err_errno(err, code, "no SNMP session to %s",
				 host->address);
	/* The library clears it at the end of opening. */
	snmp_sess_session(host->session)->flags |= SNMP_FLAGS_DONT_PROBE;

	netsnmp_transport *transport = snmp_sess_transport(host->session);
	wire_set_nonblocking(transport->sock);
	int rc = connect_socket(transport);
	if (rc < 0)
		log_debug("snmp", "%s: not connected: %s", host->address,
			  strerror(-rc));
	host->watch = loop_watch_new(host->poller->loop, transport->sock,
				     LOOP_READ, socket_ready, host);
	return 0;
}

/* --- engine and user ----------------------------------------------------- */

static bool
same_engine(const struct poller_host *host, const uint8_t *id, size_t len)
{
	return host->engine_len == len && memcmp(host->engine, id, len) == 0;
}

/* Cloned machines often have one engine id: then users and clocks collide in
 * the library, as they would in any manager.  One agent that is asked with two
 * accounts is no clone. */
static void
find_twin(struct poller_host *host)
{
	host->engine_shared = false;
	for (struct poller_host *other = host->poller->hosts; other != NULL;
	     other = other->next) {
		if (other == host ||
		    strcmp(other->address, host->address) == 0 ||
		    !same_engine(other, host->engine, host->engine_len))
			continue;
		host->engine_shared = other->engine_shared = true;
		log_warn("snmp",
			 "%s and %s have the same SNMP engine id, as clones "
			 "do; remove oldEngineID from the persistent file of "
			 "one agent and restart it",
			 host->address, other->address);
		return;
	}
}

static void
forget_engine(struct poller_host *host)
{
	drop_user(host);
	if (host->engine_len > 0 && !host->engine_shared)
		free_enginetime(host->engine, host->engine_len);
	host->engine_len = 0;
}

static void
replace_id(u_char **id, size_t *id_len, const uint8_t *from, size_t len)
{
	free(*id);
	*id = xcalloc(1, len);
	memcpy(*id, from, len);
	*id_len = len;
}

bool
session_set_engine(struct poller_host *host, const uint8_t *id, size_t len)
{
	netsnmp_session *session = snmp_sess_session(host->session);

	if (len < ENGINE_ID_MIN || len > ENGINE_ID_MAX)
		return false;
	if (same_engine(host, id, len))
		return true;
	forget_engine(host);
	memcpy(host->engine, id, len);
	host->engine_len = len;
	replace_id(&session->securityEngineID, &session->securityEngineIDLen,
		   id, len);
	replace_id(&session->contextEngineID, &session->contextEngineIDLen, id,
		   len);
	find_twin(host);
	engine_cache_put(host->poller->cache, host->address, id, len);
	return true;
}

/* Localise the account's keys for this engine: microseconds. */
static int
make_user(struct poller_host *host)
{
	netsnmp_session *session = snmp_sess_session(host->session);

	take_user_out(); /* a twin's may have the same name and engine */
	session->flags &= ~(u_long)SNMP_FLAGS_USER_CREATED;
	if (usm_create_user_from_session(session) != SNMPERR_SUCCESS)
		return -EINVAL;
	host->user = usm_get_user(host->engine, host->engine_len,
				  host->account->user);
	if (host->user == NULL)
		return -EINVAL;
	served = host;
	return 0;
}

int
session_prepare(struct poller_host *host)
{
	/* An agent that lost its count of boots looks like a replay for ever,
	 * so the clock of a silent engine is not held against it.  What that
	 * gives up is small: answers must match our random message id. */
	if (host->doubt || host->engine_shared)
		free_enginetime(host->engine, host->engine_len);
	return host->user != NULL ? 0 : make_user(host);
}

void
session_close(struct poller_host *host)
{
	forget_engine(host);
	loop_watch_free(host->watch);
	host->watch = NULL;
	(void)snmp_sess_close(host->session); /* its callbacks say: timed out */
	host->session = NULL;
}
