/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver of informs: an authoritative session on one UDP socket.
 */
#include "snmp-mib/wire.h"

#include "snmp-mib/inform.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"

enum {
	PACKETS_AT_ONCE = 64,     /* then the loop has its turn */
	RECEIVE_BUFFER = 4 << 20, /* thousands of informs in one burst */
	RECEIVE_BUFFER_GOOD = 1 << 20,
	BINDS_READ_MAX = 2 * NOTICE_BINDS_MAX
};

struct inform {
	void *session;
	struct loop_watch *watch;
	netsnmp_large_fd_set fds;
	inform_fn fn;
	inform_pet_fn pet;
	void *arg;
	struct inform_counts counts;
	int64_t pet_second; /* in which pets_in_second came */
	unsigned pets_in_second;
};

/* Platform event traps; the binding of octets hangs below. */
static const oid pet_enterprise[] = { 1, 3, 6, 1, 4, 1, 3183, 1, 1 };
#define PET_ENTERPRISE_LEN (sizeof(pet_enterprise) / sizeof(pet_enterprise[0]))

/* --- a notice ------------------------------------------------------------ */

/* "UDP: [10.0.0.1]:40000->[10.0.0.2]:162" is what net-snmp prints: what lies
 * before the first of `end`, from the first bracket on. */
static void
print_source(const struct inform *inform, const netsnmp_pdu *pdu,
	     const char *end, char *ret_text, size_t room)
{
	netsnmp_transport *transport = snmp_sess_transport(inform->session);
	cleanup_free char *text =
		netsnmp_transport_peer_string(transport, pdu->transport_data,
					      pdu->transport_data_length);
	const char *open = text != NULL ? strchr(text, '[') : NULL;

	if (open != NULL)
		snprintf(ret_text, room, "%.*s", (int)strcspn(open, end), open);
}

static int
read_notice(const netsnmp_pdu *pdu, struct node_notice *ret_notice,
	    struct err *err)
{
	struct notice_bind binds[BINDS_READ_MAX];
	struct codec_oid spaces[BINDS_READ_MAX];
	size_t n = 0;

	for (const netsnmp_variable_list *var = pdu->variables;
	     var != NULL && n < BINDS_READ_MAX; var = var->next_variable) {
		if (wire_to_oid(var->name, var->name_length, &binds[n].oid) < 0)
			continue;
		wire_to_value(var, &spaces[n], &binds[n].value);
		n++;
	}
	return notice_decode(binds, n, ret_notice, err);
}

static void
take(struct inform *inform, const netsnmp_pdu *pdu)
{
	struct node_notice notice;
	struct err err = { "" };
	int rc = read_notice(pdu, &notice, &err);

	if (rc == -ENOENT) {
		inform->counts.foreign++;
	} else if (rc < 0) {
		inform->counts.malformed++;
		log_debug("snmp", "notification refused: %s", err.text);
	} else {
		inform->counts.accepted++;
		print_source(inform, pdu, "-", notice.source,
			     sizeof(notice.source));
		inform->fn(inform->arg, &notice);
	}
}

/* --- a trap of a BMC ----------------------------------------------------- */

static bool
is_pet(const struct inform *inform, const netsnmp_pdu *pdu)
{
	return inform->pet != NULL && pdu->version == SNMP_VERSION_1 &&
	       pdu->command == SNMP_MSG_TRAP &&
	       pdu->trap_type == SNMP_TRAP_ENTERPRISESPECIFIC &&
	       snmp_oid_compare(pdu->enterprise, pdu->enterprise_length,
				pet_enterprise, PET_ENTERPRISE_LEN) == 0;
}

/* NULL: there is none. */
static const netsnmp_variable_list *
find_octets(const netsnmp_pdu *pdu)
{
	for (const netsnmp_variable_list *var = pdu->variables; var != NULL;
	     var = var->next_variable)
		if (var->type == ASN_OCTET_STR &&
		    var->name_length > PET_ENTERPRISE_LEN &&
		    snmp_oid_compare(var->name, PET_ENTERPRISE_LEN,
				     pet_enterprise, PET_ENTERPRISE_LEN) == 0)
			return var;
	return NULL;
}

static bool
too_many_pets(struct inform *inform)
{
	int64_t second = clock_mono_ms() / 1000;

	if (second != inform->pet_second)
		inform->pets_in_second = 0;
	inform->pet_second = second;
	if (inform->pets_in_second >= INFORM_PETS_PER_S)
		return true;
	inform->pets_in_second++;
	return false;
}

static void
take_pet(struct inform *inform, const netsnmp_pdu *pdu)
{
	const netsnmp_variable_list *var = find_octets(pdu);
	char from[64] = "";

	if (too_many_pets(inform)) {
		inform->counts.pets_dropped++;
		return;
	}
	/* Four bytes on the wire; net-snmp has room for more. */
	if (var == NULL || pdu->specific_type < INT32_MIN ||
	    pdu->specific_type > INT32_MAX) {
		inform->counts.malformed++;
		return;
	}
	inform->counts.pets++;
	print_source(inform, pdu, "]", from, sizeof(from));
	inform->pet(inform->arg, from[0] == '[' ? from + 1 : from,
		    (int32_t)pdu->specific_type, var->val.string, var->val_len);
}

/* --- what came ----------------------------------------------------------- */

/* The sender asks again until it hears this. */
static void
acknowledge(struct inform *inform, netsnmp_pdu *pdu)
{
	netsnmp_pdu *reply = snmp_clone_pdu(pdu);

	if (reply == NULL)
		return;
	reply->command = SNMP_MSG_RESPONSE;
	reply->errstat = SNMP_ERR_NOERROR;
	reply->errindex = 0;
	if (snmp_sess_send(inform->session, reply) == 0)
		snmp_free_pdu(reply);
}

static int
packet_came(int op, netsnmp_session *session, int reqid, netsnmp_pdu *pdu,
	    void *magic)
{
	struct inform *inform = magic;

	(void)session;
	(void)reqid;
	if (op != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || pdu == NULL)
		return 1;
	if (is_pet(inform, pdu)) {
		take_pet(inform, pdu);
		return 1;
	}
	if (pdu->version != SNMP_VERSION_3 ||
	    pdu->securityModel != SNMP_SEC_MODEL_USM ||
	    pdu->securityLevel != SNMP_SEC_LEVEL_AUTHPRIV) {
		inform->counts.insecure++;
		return 1;
	}
	if (pdu->command != SNMP_MSG_INFORM)
		return 1;
	/* First: what we do with it is not the sender's business. */
	acknowledge(inform, pdu);
	take(inform, pdu);
	return 1;
}

static void
socket_ready(void *arg, int fd, unsigned what)
{
	struct inform *inform = arg;

	(void)fd;
	(void)what;
	wire_read(inform->session, &inform->fds, PACKETS_AT_ONCE);
}

/* --- accounts ------------------------------------------------------------ */

static int
localise(const struct usmUser *user, const char *password, u_char **ret_key,
	 size_t *ret_len)
{
	u_char ku[USM_AUTH_KU_LEN];
	size_t ku_len = sizeof(ku);

	*ret_key = calloc(1, USM_LENGTH_KU_HASHBLOCK);
	*ret_len = USM_LENGTH_KU_HASHBLOCK;
	if (*ret_key == NULL)
		log_fatal("snmp", "out of memory");
	int rc = generate_Ku(user->authProtocol, (u_int)user->authProtocolLen,
			     (const u_char *)password, strlen(password), ku,
			     &ku_len);
	if (rc == SNMPERR_SUCCESS)
		rc = generate_kul(user->authProtocol,
				  (u_int)user->authProtocolLen, user->engineID,
				  user->engineIDLen, ku, ku_len, *ret_key,
				  ret_len);
	explicit_bzero(ku, sizeof(ku));
	return rc == SNMPERR_SUCCESS ? 0 : -EINVAL;
}

static int
user_fill(struct usmUser *user, const struct snmp_account *account)
{
	u_char id[SNMP_MAX_ENG_SIZE];
	size_t id_len = snmpv3_get_engineID(id, sizeof(id));
	int auth = usm_lookup_auth_type(account->auth);
	int priv = usm_lookup_priv_type(account->priv);
	size_t len;

	if (auth <= NETSNMP_USMAUTH_NOAUTH || priv <= USM_CREATE_USER_PRIV_NONE)
		return -EINVAL;
	/* usm_create_user() fills in "no authentication, no privacy". */
	free(user->authProtocol);
	free(user->privProtocol);
	const oid *name = sc_get_auth_oid(auth, &len);
	user->authProtocol = snmp_duplicate_objid(name, len);
	user->authProtocolLen = len;
	name = sc_get_priv_oid(priv, &len);
	user->privProtocol = snmp_duplicate_objid(name, len);
	user->privProtocolLen = len;
	user->name = xstrdup(account->user);
	user->secName = xstrdup(account->user);
	user->engineID = xcalloc(1, id_len);
	memcpy(user->engineID, id, id_len);
	user->engineIDLen = id_len;
	user->userStatus = RS_ACTIVE;
	user->userStorageType = ST_READONLY;
	int rc = localise(user, account->auth_password, &user->authKey,
			  &user->authKeyLen);
	if (rc == 0)
		rc = localise(user, account->priv_password, &user->privKey,
			      &user->privKeyLen);
	if (rc == 0 && usm_extend_user_kul(user, USM_LENGTH_KU_HASHBLOCK) !=
			       SNMPERR_SUCCESS)
		rc = -EINVAL;
	return rc;
}

static struct usmUser *
local_user(const char *name)
{
	u_char id[SNMP_MAX_ENG_SIZE];
	size_t len = snmpv3_get_engineID(id, sizeof(id));

	return usm_get_user(id, len, name);
}

/* Users are global in net-snmp: the newest account of a name counts. */
static int
add_user(const struct snmp_account *account, struct err *err)
{
	struct usmUser *old = local_user(account->user);
	struct usmUser *user = usm_create_user();

	if (user == NULL)
		log_fatal("snmp", "out of memory");
	if (user_fill(user, account) < 0) {
		usm_free_user(user);
		return err_set(err, -EINVAL,
			       "SNMP account %s: no key for protocols %s, %s",
			       account->name, account->auth, account->priv);
	}
	if (old != NULL) {
		usm_remove_user(old);
		usm_free_user(old);
	}
	usm_add_user(user);
	return 0;
}

static int
add_users(const struct inform_options *options, struct err *err)
{
	for (size_t i = 0; i < options->n_accounts; i++) {
		const struct snmp_account *account = &options->accounts[i];

		for (size_t j = 0; j < i; j++)
			if (strcmp(account->user, options->accounts[j].user) ==
			    0)
				return err_set(err, -EEXIST,
					       "SNMP accounts %s and %s have "
					       "the same user %s",
					       options->accounts[j].name,
					       account->name, account->user);
		int rc = add_user(account, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- the socket ---------------------------------------------------------- */

static int
resolve(const char *listen, struct addrinfo **ret_found)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	char host[64];
	const char *colon = strrchr(listen, ':');
	size_t len = colon != NULL ? (size_t)(colon - listen) : 0;

	if (len == 0 || len >= sizeof(host))
		return -EINVAL;
	if (listen[0] == '[' && listen[len - 1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int)len - 2, listen + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)len, listen);
	return getaddrinfo(host, colon + 1, &hints, ret_found) == 0 ? 0
								    : -EINVAL;
}

/* net-snmp gives no reason and would share the port of another: so try to
 * have it alone first. */
static int
try_address(const char *listen, struct err *err)
{
	struct addrinfo *found = NULL;

	if (resolve(listen, &found) < 0)
		return err_set(err, -EINVAL,
			       "%s: not a numeric address with a port, as in "
			       "udp:10.0.0.1:162",
			       listen);
	cleanup_close int fd =
		socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0
			 ? -errno
			 : 0;
	freeaddrinfo(found);
	return rc < 0 ? err_errno(err, rc, "cannot receive informs at %s",
				  listen)
		      : 0;
}

/* What was got; the kernel doubles what is asked for, to have room for its own
 * bookkeeping. */
static int
widen(int fd)
{
	int size = RECEIVE_BUFFER, got = 0;
	socklen_t len = sizeof(got);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
				 sizeof(size));
	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len);
	if (got < RECEIVE_BUFFER_GOOD)
		log_warn("snmp",
			 "a receive buffer of only %d KiB for informs: raise "
			 "net.core.rmem_max",
			 got / 1024);
	return got;
}

static int
listen_at(struct inform *inform, const char *listen, struct err *err)
{
	netsnmp_session session;
	char address[80];

	snprintf(address, sizeof(address), "%s:%s",
		 listen[0] == '[' ? "udp6" : "udp", listen);
	netsnmp_transport *transport =
		netsnmp_transport_open_server("snmptrap", address);
	if (transport == NULL)
		return err_set(err, -EIO, "cannot receive informs at %s",
			       listen);
	inform->counts.buffer = widen(transport->sock);
	wire_set_nonblocking(transport->sock);
	snmp_sess_init(&session);
	session.version = SNMP_DEFAULT_VERSION;
	session.isAuthoritative = SNMP_SESS_AUTHORITATIVE;
	session.callback = packet_came;
	session.callback_magic = inform;
	inform->session = snmp_sess_add(&session, transport, NULL, NULL);
	return inform->session != NULL
		       ? 0
		       : err_set(err, -EIO, "no SNMP session at %s", listen);
}

/* --- the door ------------------------------------------------------------ */

int
inform_open(struct loop *loop, const struct inform_options *options,
	    struct inform **ret_inform, struct err *err)
{
	const char *listen = options->listen;
	struct inform *inform;

	if (strncmp(listen, "udp:", 4) == 0)
		listen += 4;
	int rc = try_address(listen, err);
	if (rc == 0)
		rc = add_users(options, err);
	if (rc < 0)
		return rc;
	inform = xcalloc(1, sizeof(*inform));
	inform->fn = options->fn;
	inform->pet = options->pet;
	inform->arg = options->arg;
	rc = listen_at(inform, listen, err);
	if (rc < 0) {
		free(inform);
		return rc;
	}
	netsnmp_large_fd_set_init(&inform->fds, FD_SETSIZE);
	inform->watch =
		loop_watch_new(loop, snmp_sess_transport(inform->session)->sock,
			       LOOP_READ, socket_ready, inform);
	*ret_inform = inform;
	return 0;
}

void
inform_close(struct inform *inform)
{
	if (inform == NULL)
		return;
	loop_watch_free(inform->watch);
	(void)snmp_sess_close(inform->session);
	netsnmp_large_fd_set_cleanup(&inform->fds);
	free(inform);
}

void
inform_counts(const struct inform *inform, struct inform_counts *ret_counts)
{
	*ret_counts = inform->counts;
}
