/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thousand SNMPv3 agents in a process, each with an engine of its own, for
 * the benches of the poller and its peers.
 *
 *	snmp_farm COUNT BASE PORT VMS
 *
 * Agent n is at BASE + n, on the loopback device only; addresses behind the
 * last one are silent, as dead hosts are.  One account: bench, SHA-256
 * "bench-auth-password", AES "bench-priv-password".  Says "ready" when it is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "tests/bench/snmp_farm.h"

enum {
	DATAGRAM_MAX = 65507,
	QUEUE_OCTETS = 16 * 1024 * 1024,
	BOOTS = 3,
	WINDOW_S = 150,
	FLAG_AUTH = 1,
	FLAG_PRIV = 2,
	SECURITY_USM = 3,
	UNKNOWN_ENGINES = 4, /* of usmStats */
	UNKNOWN_USERS = 3,
	WRONG_DIGESTS = 5,
	NOT_IN_WINDOW = 2
};

#define USER "bench"

struct question {
	int64_t msg_id, max_size, model;
	uint8_t flags;
	struct ber_in engine, user, digest, salt;
	uint32_t boots, time;
	struct ber_in scoped; /* deciphered, from its sequence on */
	/* the scoped PDU's */
	struct ber_in context;
	uint8_t command;
	int64_t request_id, fixed, repetitions;
	struct ber_in variables;
};

static struct farm_agent *agents;
static uint32_t n_agents, base;
static time_t started;
static uint64_t salts;
static int sock;

static uint32_t
engine_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec - started) + 1;
}

/* --- reading ------------------------------------------------------------- */

static bool
read_head(struct ber_in message, struct question *q)
{
	struct ber_in whole = ber_take(&message, BER_SEQUENCE);
	int64_t version = ber_take_integer(&whole);
	struct ber_in global = ber_take(&whole, BER_SEQUENCE);
	struct ber_in security = ber_take(&whole, BER_OCTETS);

	q->msg_id = ber_take_integer(&global);
	q->max_size = ber_take_integer(&global);
	struct ber_in flags = ber_take(&global, BER_OCTETS);
	q->model = ber_take_integer(&global);
	struct ber_in usm = ber_take(&security, BER_SEQUENCE);
	q->engine = ber_take(&usm, BER_OCTETS);
	q->boots = (uint32_t)ber_take_integer(&usm);
	q->time = (uint32_t)ber_take_integer(&usm);
	q->user = ber_take(&usm, BER_OCTETS);
	q->digest = ber_take(&usm, BER_OCTETS);
	q->salt = ber_take(&usm, BER_OCTETS);
	if (whole.bad || global.bad || usm.bad || version != 3 ||
	    q->model != SECURITY_USM || flags.end - flags.at != 1)
		return false;
	q->flags = *flags.at;
	q->scoped = (q->flags & FLAG_PRIV) != 0 ? ber_take(&whole, BER_OCTETS)
						: whole;
	return !whole.bad;
}

static bool
read_pdu(struct question *q)
{
	struct ber_in from = q->scoped;
	struct ber_in scoped = ber_take(&from, BER_SEQUENCE);

	q->context = ber_take(&scoped, BER_OCTETS);
	(void)ber_take(&scoped, BER_OCTETS);
	q->command = ber_peek(&scoped);
	struct ber_in pdu = ber_take(&scoped, q->command);
	q->request_id = ber_take_integer(&pdu);
	q->fixed = ber_take_integer(&pdu);
	q->repetitions = ber_take_integer(&pdu);
	q->variables = ber_take(&pdu, BER_SEQUENCE);
	return !scoped.bad && !pdu.bad;
}

static bool
is_authentic(const struct farm_agent *agent, const struct question *q,
	     uint8_t *message, size_t len)
{
	uint8_t theirs[USM_DIGEST_LEN], ours[USM_DIGEST_LEN];

	if (q->digest.end - q->digest.at != USM_DIGEST_LEN)
		return false;
	memcpy(theirs, q->digest.at, sizeof(theirs));
	memset(message + (q->digest.at - message), 0, sizeof(theirs));
	usm_digest(agent, message, len, ours);
	return memcmp(theirs, ours, sizeof(ours)) == 0;
}

/* --- writing ------------------------------------------------------------- */

static void
put_scoped(struct ber_out *out, const struct farm_agent *agent, uint8_t command,
	   int64_t request_id, const uint8_t *variables, size_t len)
{
	const uint8_t *end = out->at;

	ber_put_bytes(out, BER_SEQUENCE, variables, len);
	ber_put_integer(out, BER_INTEGER, 0);
	ber_put_integer(out, BER_INTEGER, 0);
	ber_put_integer(out, BER_INTEGER, request_id);
	ber_put_head(out, command, (size_t)(end - out->at));
	ber_put_bytes(out, BER_OCTETS, "", 0);
	ber_put_bytes(out, BER_OCTETS, agent->engine, FARM_ENGINE_LEN);
	ber_put_head(out, BER_SEQUENCE, (size_t)(end - out->at));
}

/* Returns where the digest belongs, or NULL without one. */
static uint8_t *
put_security(struct ber_out *out, const struct farm_agent *agent, uint8_t flags,
	     uint32_t time, const uint8_t salt[USM_SALT_LEN])
{
	static const uint8_t zeros[USM_DIGEST_LEN];
	bool auth = (flags & FLAG_AUTH) != 0;
	const uint8_t *end = out->at;

	ber_put_bytes(out, BER_OCTETS, salt,
		      (flags & FLAG_PRIV) != 0 ? USM_SALT_LEN : 0);
	ber_put_raw(out, zeros, auth ? USM_DIGEST_LEN : 0);
	uint8_t *digest = out->at;
	ber_put_head(out, BER_OCTETS, auth ? USM_DIGEST_LEN : 0);
	ber_put_bytes(out, BER_OCTETS, USER, auth ? strlen(USER) : 0);
	ber_put_integer(out, BER_INTEGER, time);
	ber_put_integer(out, BER_INTEGER, BOOTS);
	ber_put_bytes(out, BER_OCTETS, agent->engine, FARM_ENGINE_LEN);
	ber_put_head(out, BER_SEQUENCE, (size_t)(end - out->at));
	ber_put_head(out, BER_OCTETS, (size_t)(end - out->at));
	return auth ? digest : NULL;
}

static void
put_global(struct ber_out *out, int64_t msg_id, uint8_t flags)
{
	const uint8_t *end = out->at;

	ber_put_integer(out, BER_INTEGER, SECURITY_USM);
	ber_put_bytes(out, BER_OCTETS, &flags, 1);
	ber_put_integer(out, BER_INTEGER, DATAGRAM_MAX);
	ber_put_integer(out, BER_INTEGER, msg_id);
	ber_put_head(out, BER_SEQUENCE, (size_t)(end - out->at));
}

static void
seal(struct ber_out *out, const struct farm_agent *agent, uint32_t time,
     uint8_t salt[USM_SALT_LEN], size_t len)
{
	salts++;
	memcpy(salt, &salts, USM_SALT_LEN);
	usm_crypt(agent, true, BOOTS, time, salt, out->at, len);
	ber_put_head(out, BER_OCTETS, len);
}

/* The whole message; the scoped PDU is there already. */
static void
put_message(struct ber_out *out, const struct farm_agent *agent,
	    const struct question *q, uint8_t flags, const uint8_t *end)
{
	uint8_t salt[USM_SALT_LEN] = { 0 };
	uint32_t time = engine_time();

	if ((flags & FLAG_PRIV) != 0)
		seal(out, agent, time, salt, (size_t)(end - out->at));
	uint8_t *digest = put_security(out, agent, flags, time, salt);
	put_global(out, q->msg_id, flags);
	ber_put_integer(out, BER_INTEGER, 3);
	ber_put_head(out, BER_SEQUENCE, (size_t)(end - out->at));
	if (digest != NULL)
		usm_digest(agent, out->at, (size_t)(end - out->at), digest);
}

static void
put_report(struct ber_out *out, const struct farm_agent *agent,
	   const struct question *q, uint32_t which)
{
	struct codec_oid name = {
		.len = 11, .ids = { 1, 3, 6, 1, 6, 3, 15, 1, 1, which, 0 }
	};
	uint8_t space[64];
	struct ber_out bind = { space, space + sizeof(space) };
	const uint8_t *end = out->at;

	ber_put_unsigned(&bind, BER_COUNTER32, 1);
	ber_put_oid(&bind, &name);
	size_t len = (size_t)(space + sizeof(space) - bind.at);
	ber_put_head(&bind, BER_SEQUENCE, len);
	len = (size_t)(space + sizeof(space) - bind.at);
	put_scoped(out, agent, PDU_REPORT, q->request_id, bind.at, len);
	put_message(out, agent, q, which == NOT_IN_WINDOW ? FLAG_AUTH : 0, end);
}

/* --- one message --------------------------------------------------------- */

static bool
is(const struct ber_in *field, const void *what, size_t len)
{
	return (size_t)(field->end - field->at) == len &&
	       memcmp(field->at, what, len) == 0;
}

static bool
in_window(const struct question *q)
{
	int64_t apart = (int64_t)q->time - (int64_t)engine_time();

	return q->boots == BOOTS && apart > -WINDOW_S && apart < WINDOW_S;
}

/* Nothing is written when there is nothing to say. */
static void
answer(struct ber_out *out, const struct farm_agent *agent, uint8_t *message,
       size_t len)
{
	struct question q = { 0 };
	const uint8_t *end = out->at, *variables;
	size_t n;

	if (!read_head((struct ber_in){ message, message + len, false }, &q))
		return;
	if ((q.flags & FLAG_PRIV) == 0)
		(void)read_pdu(&q);
	if (!is(&q.engine, agent->engine, FARM_ENGINE_LEN)) {
		put_report(out, agent, &q, UNKNOWN_ENGINES);
		return;
	}
	if (!is(&q.user, USER, strlen(USER)) ||
	    (q.flags & 3) != (FLAG_AUTH | FLAG_PRIV)) {
		put_report(out, agent, &q, UNKNOWN_USERS);
		return;
	}
	if (!is_authentic(agent, &q, message, len)) {
		put_report(out, agent, &q, WRONG_DIGESTS);
		return;
	}
	if (!in_window(&q)) {
		put_report(out, agent, &q, NOT_IN_WINDOW);
		return;
	}
	if (q.salt.end - q.salt.at != USM_SALT_LEN)
		return;
	usm_crypt(agent, false, q.boots, q.time, q.salt.at,
		  message + (q.scoped.at - message),
		  (size_t)(q.scoped.end - q.scoped.at));
	if (!read_pdu(&q))
		return;
	variables =
		answer_to(q.command, q.fixed, q.repetitions, q.variables, &n);
	if (variables == NULL)
		return;
	put_scoped(out, agent, PDU_RESPONSE, q.request_id, variables, n);
	put_message(out, agent, &q, q.flags & 3, end);
}

/* --- the socket ---------------------------------------------------------- */

static struct in_pktinfo *
where_to(struct msghdr *head)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c != NULL;
	     c = CMSG_NXTHDR(head, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			return (struct in_pktinfo *)CMSG_DATA(c);
	return NULL;
}

static void
serve_one(void)
{
	static uint8_t in[DATAGRAM_MAX], space[2 * DATAGRAM_MAX];
	_Alignas(struct cmsghdr) char control[128];
	struct sockaddr_in peer;
	struct iovec vector = { in, sizeof(in) };
	struct msghdr head = { .msg_name = &peer,
			       .msg_namelen = sizeof(peer),
			       .msg_iov = &vector,
			       .msg_iovlen = 1,
			       .msg_control = control,
			       .msg_controllen = sizeof(control) };
	struct ber_out out = { space, space + sizeof(space) };
	ssize_t len = recvmsg(sock, &head, 0);

	if (len <= 0)
		return;
	struct in_pktinfo *info = where_to(&head);
	if (info == NULL)
		return;
	uint32_t number = ntohl(info->ipi_addr.s_addr) - base;
	if (number >= n_agents)
		return;
	answer(&out, &agents[number], in, (size_t)len);

	/* Back the way it came. */
	info->ipi_spec_dst = info->ipi_addr;
	info->ipi_ifindex = 0;
	vector.iov_base = out.at;
	vector.iov_len = (size_t)(space + sizeof(space) - out.at);
	if (vector.iov_len > 0)
		(void)sendmsg(sock, &head, 0);
}

static void
listen_at(uint16_t port)
{
	static const int on = 1, octets = QUEUE_OCTETS;
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(port) };

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &octets,
		       sizeof(octets)) < 0 ||
	    setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    bind(sock, (struct sockaddr *)&any, sizeof(any)) < 0) {
		perror("snmp_farm");
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	struct in_addr first;
	struct timespec now;

	if (argc != 5 || inet_aton(argv[2], &first) == 0)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	n_agents = (uint32_t)strtoul(argv[1], NULL, 10);
	base = ntohl(first.s_addr);
	clock_gettime(CLOCK_MONOTONIC, &now);
	started = now.tv_sec;
	usm_start("bench-auth-password", "bench-priv-password");
	answer_start(strtoul(argv[4], NULL, 10));
	agents = xcalloc(n_agents, sizeof(*agents));
	for (uint32_t i = 0; i < n_agents; i++)
		usm_make_agent(&agents[i], i);
	listen_at((uint16_t)strtoul(argv[3], NULL, 10));
	puts("ready");
	fflush(stdout);
	for (;;)
		serve_one();
}
