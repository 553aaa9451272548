/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inform_bench [N] - a burst of N informs (5000) on the receiver of the
 * coordinator, SNMPv3 with authentication and privacy, over loopback.
 *
 * A child builds them once, by net-snmp and as agents do, then sends all of
 * them as fast as the wire takes it from many sockets, and again each
 * RESEND_MS those that are not acknowledged.  Prints one line of JSON:
 *
 *	inform_burst_lost	not received in RESENDS_MAX rounds
 *	inform_resent		how many were sent again
 *	inform_per_s		received, from the first to the last
 *	inform_cpu_us		of the receiver, for each: verified, decrypted,
 *				read, acknowledged
 *	inform_buffer_kib	of its socket
 */
#include "snmp-mib/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/num.h"
#include "snmp-mib/engine.h"
#include "snmp-mib/inform.h"

enum {
	BURST = 5000,
	BURST_MAX = 1000000,
	SOCKETS = 64,
	PACKET_MAX = 1024,
	RESEND_MS = 700, /* as agents do */
	RESENDS_MAX = 8
};

static const struct snmp_account account = { .name = "agents",
					     .user = "ironherd",
					     .auth_password = "auth-password",
					     .priv_password = "priv-password",
					     .auth = "SHA-256",
					     .priv = "AES" };

static size_t n_informs = BURST;

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "inform_bench: %s\n", what);
	exit(1);
}

static _Noreturn void
fail_with(void *session)
{
	char *text;

	snmp_sess_error(session, NULL, NULL, &text);
	fail(text);
}

/* --- the sender ----------------------------------------------------------- */

struct packet {
	uint8_t bytes[PACKET_MAX];
	size_t len;
	bool acknowledged;
};

static struct packet *packets;
static size_t n_packets;
static long first_id; /* of the messages: they are numbered in a row */

static int
capture(netsnmp_transport *transport, const void *buf, int size, void **opaque,
	int *opaque_len)
{
	struct packet *packet = &packets[n_packets++];

	(void)transport;
	(void)opaque;
	(void)opaque_len;
	if (size > PACKET_MAX)
		fail("a packet is too long");
	memcpy(packet->bytes, buf, (size_t)size);
	packet->len = (size_t)size;
	return size;
}

/* The message's number is not encrypted: 30 LL 02 01 03 30 LL 02 LL id.  -1
 * when it is none. */
static long
message_id(const uint8_t *bytes, size_t len)
{
	size_t at = 1;
	long id = 0;

	for (int sequences = 0; sequences < 2; sequences++) {
		if (at >= len)
			return -1;
		at += (bytes[at] & 0x80) != 0 ? 1u + (bytes[at] & 0x7f) : 1u;
		if (sequences == 0)
			at += 4; /* version, and the tag of the next */
	}
	if (at + 2 > len || bytes[at] != 0x02 || bytes[at + 1] > 4 ||
	    at + 2 + bytes[at + 1] > len)
		return -1;
	for (unsigned i = 0; i < bytes[at + 1]; i++)
		id = id << 8 | bytes[at + 2 + i];
	return id;
}

static void
derive(const netsnmp_session *session, const char *password, u_char *ret_key,
       size_t *ret_len)
{
	*ret_len = USM_AUTH_KU_LEN;
	if (generate_Ku(session->securityAuthProto,
			(u_int)session->securityAuthProtoLen,
			(const u_char *)password, strlen(password), ret_key,
			ret_len) != SNMPERR_SUCCESS)
		fail("no key");
}

static void *
open_session(const char *peer)
{
	netsnmp_session session;
	size_t len;

	snmp_sess_init(&session);
	session.version = SNMP_VERSION_3;
	session.peername = (char *)peer; /* only read */
	session.timeout = 3000000;
	session.securityName = (char *)account.user;
	session.securityNameLen = strlen(account.user);
	session.securityModel = SNMP_SEC_MODEL_USM;
	session.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	session.securityAuthProto =
		(oid *)sc_get_auth_oid(usm_lookup_auth_type(account.auth),
				       &len);
	session.securityAuthProtoLen = len;
	session.securityPrivProto =
		(oid *)sc_get_priv_oid(usm_lookup_priv_type(account.priv),
				       &len);
	session.securityPrivProtoLen = len;
	derive(&session, account.auth_password, session.securityAuthKey,
	       &session.securityAuthKeyLen);
	derive(&session, account.priv_password, session.securityPrivKey,
	       &session.securityPrivKeyLen);
	void *opened = snmp_sess_open(&session);
	if (opened == NULL)
		fail("the receiver's engine does not answer");
	return opened;
}

static void
add_bindings(netsnmp_pdu *pdu, const struct node_notice *notice)
{
	static const oid uptime[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
	struct notice_bind binds[NOTICE_BINDS_MAX];
	size_t n = notice_encode(notice, binds);
	long ticks = 4711;

	snmp_pdu_add_variable(pdu, uptime, OID_LENGTH(uptime), ASN_TIMETICKS,
			      &ticks, sizeof(ticks));
	for (size_t i = 0; i < n; i++) {
		oid name[MAX_OID_LEN];
		union wire_space space;
		const void *data;
		size_t len, name_len = wire_from_oid(&binds[i].oid, name);
		u_char type =
			wire_from_value(&binds[i].value, &space, &data, &len);

		snmp_pdu_add_variable(pdu, name, name_len, type, data, len);
	}
}

static netsnmp_pdu *
make_pdu(uint32_t sequence)
{
	struct node_notice notice = {
		.kind = NOTICE_DATASTORE_LOST,
		.host_uuid = "00112233-4455-6677-8899-aabbccddeeff",
		.boot_id = "ffeeddcc-bbaa-9988-7766-554433221100",
		.condition = 0x0100000c,
		.sequence = sequence,
		.severity = NOTICE_CRITICAL,
		.subject = "ds1",
		.text = "datastore ds1 does not answer any more",
		.datastore_index = 12,
		.datastore_name = "ds1",
	};
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_INFORM);

	snprintf(notice.host_name, sizeof(notice.host_name), "host%u",
		 sequence);
	add_bindings(pdu, &notice);
	return pdu;
}

/* The first one finds the receiver's engine, and is not counted. */
static void
build_all(void *session)
{
	netsnmp_pdu *answer = NULL;

	if (snmp_sess_synch_response(session, make_pdu(UINT32_MAX), &answer) !=
	    STAT_SUCCESS)
		fail_with(session);
	snmp_free_pdu(answer);
	packets = xcalloc(n_informs, sizeof(*packets));
	snmp_sess_transport(session)->f_send = capture;
	for (size_t i = 0; i < n_informs; i++)
		if (snmp_sess_send(session, make_pdu((uint32_t)i)) == 0)
			fail_with(session);
	first_id = message_id(packets[0].bytes, packets[0].len);
	for (size_t i = 0; i < n_informs; i++)
		if (message_id(packets[i].bytes, packets[i].len) !=
		    first_id + (long)i)
			fail("messages are not numbered in a row");
}

static void
open_sockets(uint16_t port, struct pollfd sockets[SOCKETS])
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr =
						htonl(INADDR_LOOPBACK) };

	for (size_t i = 0; i < SOCKETS; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0 ||
		    connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
			fail("no socket");
		sockets[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
}

/* How many acknowledgements were new. */
static size_t
take_acknowledgements(const struct pollfd *socket)
{
	uint8_t bytes[2 * PACKET_MAX];
	size_t n = 0;
	ssize_t len;

	while ((len = recv(socket->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >
	       0) {
		long i = message_id(bytes, (size_t)len) - first_id;

		if (i < 0 || (size_t)i >= n_informs || packets[i].acknowledged)
			continue;
		packets[i].acknowledged = true;
		n++;
	}
	return n;
}

static size_t
wait_for_acknowledgements(struct pollfd sockets[SOCKETS], size_t missing)
{
	int64_t end_ms = clock_mono_ms() + RESEND_MS;
	size_t n = 0;

	while (n < missing && clock_mono_ms() < end_ms)
		if (poll(sockets, SOCKETS, 20) > 0)
			for (size_t i = 0; i < SOCKETS; i++)
				n += take_acknowledgements(&sockets[i]);
	return n;
}

/* Exits with 0; prints how many were sent again. */
static _Noreturn void
send_all(uint16_t port, int go, int to)
{
	struct pollfd sockets[SOCKETS];
	char peer[40], byte;
	size_t missing = n_informs, resent = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (snmp_engine_start("inform_bench", NULL, NULL) < 0 ||
	    read(go, &byte, 1) != 1)
		fail("no start");
	snprintf(peer, sizeof(peer), "udp:127.0.0.1:%u", port);
	build_all(open_session(peer));
	open_sockets(port, sockets);
	if (write(to, "g", 1) != 1)
		fail("nobody listens");
	for (unsigned round = 0; missing > 0 && round <= RESENDS_MAX; round++) {
		resent += round == 0 ? 0 : missing;
		for (size_t i = 0; i < n_informs; i++)
			if (!packets[i].acknowledged)
				(void)send(sockets[i % SOCKETS].fd,
					   packets[i].bytes, packets[i].len, 0);
		missing -= wait_for_acknowledgements(sockets, missing);
	}
	if (write(to, &resent, sizeof(resent)) < 0)
		fail("nobody listens");
	_exit(0);
}

/* --- the receiver --------------------------------------------------------- */

struct receiver {
	struct loop *loop;
	int from; /* what the sender says */
	bool begun;
	uint8_t *came; /* by sequence */
	size_t n, again;
	int64_t first_ms, last_ms;
	int64_t cpu_us; /* before */
	size_t resent;
};

static int64_t
own_cpu_us(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (int64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 +
	       use.ru_utime.tv_usec + use.ru_stime.tv_usec;
}

static void
take_notice(void *arg, const struct node_notice *notice)
{
	struct receiver *receiver = arg;

	if (notice->sequence >= n_informs)
		return;
	if (receiver->came[notice->sequence]++ > 0) {
		receiver->again++;
		return;
	}
	receiver->last_ms = clock_mono_ms();
	if (receiver->n++ == 0)
		receiver->first_ms = receiver->last_ms;
}

static void
sender_says(void *arg, int fd, unsigned what)
{
	struct receiver *receiver = arg;
	char byte;

	(void)what;
	if (!receiver->begun) {
		receiver->begun = true;
		receiver->cpu_us = own_cpu_us();
		if (read(fd, &byte, 1) != 1)
			fail("the sender is gone");
		return;
	}
	if (read(fd, &receiver->resent, sizeof(receiver->resent)) !=
	    sizeof(receiver->resent))
		fail("the sender is gone");
	loop_stop(receiver->loop);
}

static uint16_t
free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		fail("no port");
	close(fd);
	return ntohs(in.sin_port);
}

static struct inform *
open_receiver(struct receiver *receiver, uint16_t port, const char *state)
{
	char listen[40];
	const struct inform_options options = { .listen = listen,
						.accounts = &account,
						.n_accounts = 1,
						.fn = take_notice,
						.arg = receiver };
	struct inform *inform;
	struct err err;

	snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
	if (snmp_engine_start("inform_bench", state, &err) < 0 ||
	    inform_open(receiver->loop, &options, &inform, &err) < 0)
		fail(err.text);
	return inform;
}

static void
print(const struct receiver *receiver, const struct inform *inform)
{
	struct inform_counts counts;
	int64_t took_ms = receiver->last_ms - receiver->first_ms;
	size_t heard = receiver->n + receiver->again;

	inform_counts(inform, &counts);
	printf("{\"inform_burst_lost\": %zu, \"inform_resent\": %zu, "
	       "\"inform_per_s\": %lld, \"inform_cpu_us\": %lld, "
	       "\"inform_buffer_kib\": %d}\n",
	       n_informs - receiver->n, receiver->resent,
	       (long long)receiver->n * 1000 / (took_ms > 0 ? took_ms : 1),
	       (long long)(own_cpu_us() - receiver->cpu_us) /
		       (long long)(heard > 0 ? heard : 1),
	       counts.buffer / 1024);
}

static void
measure(uint16_t port, int go, int from, const char *folder)
{
	struct receiver receiver = { .loop = loop_new(), .from = from };
	char state[128];

	snprintf(state, sizeof(state), "%s/engine", folder);
	receiver.came = xcalloc(n_informs, 1);
	struct inform *inform = open_receiver(&receiver, port, state);
	struct loop_watch *watch =
		loop_watch_new(receiver.loop, from, LOOP_READ, sender_says,
			       &receiver);

	if (write(go, "g", 1) != 1)
		fail("the sender is gone");
	loop_run(receiver.loop);
	print(&receiver, inform);
	loop_watch_free(watch);
	inform_close(inform);
	loop_free(receiver.loop);
	free(receiver.came);
	unlink(state);
}

int
main(int argc, char **argv)
{
	char folder[] = "/tmp/inform_bench.XXXXXX";
	int go[2], says[2];
	uint64_t n;

	if (argc > 1 && (num_parse_u64(argv[1], BURST_MAX, &n) < 0 || n == 0))
		fail("usage: inform_bench [N]");
	if (argc > 1)
		n_informs = (size_t)n;
	log_start("inform_bench", LOG_LEVEL_WARN);
	if (mkdtemp(folder) == NULL || pipe(go) < 0 || pipe(says) < 0)
		fail("no folder, no pipe");
	uint16_t port = free_port();
	pid_t sender = fork(); /* before net-snmp has any state */
	if (sender == 0) {
		close(go[1]);
		send_all(port, go[0], says[1]);
	}
	close(says[1]); /* its end tells us */
	measure(port, go[1], says[0], folder);
	waitpid(sender, NULL, 0);
	rmdir(folder);
	return 0;
}
