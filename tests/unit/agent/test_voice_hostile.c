/* SPDX-License-Identifier: Apache-2.0 */
/* The agent that stands alone under bad input: every kind is refused and
 * counted, the log gets a line at a time and not one for each, answers go on,
 * and memory does not grow. */
#define tree snmp_tree /* net-snmp has one, too */
#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its config first */
#include <net-snmp/net-snmp-includes.h>
#undef tree

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "snmp-mib/engine.h"
#include "tests/unit/agent/speaker.h"

enum { BAD_PACKETS = 50000, PACKET_MAX = 1500, LOG_EVERY_MS = 1000 };

#define SNMP_IN_PKTS     "1.3.6.1.2.1.11.1.0"
#define BAD_VERSIONS     "1.3.6.1.2.1.11.3.0"
#define BAD_COMMUNITIES  "1.3.6.1.2.1.11.4.0"
#define PARSE_ERRORS     "1.3.6.1.2.1.11.6.0"
#define USM_LEVELS       "1.3.6.1.6.3.15.1.1.1.0"
#define USM_TIME_WINDOWS "1.3.6.1.6.3.15.1.1.2.0"
#define USM_USERS        "1.3.6.1.6.3.15.1.1.3.0"
#define USM_DIGESTS      "1.3.6.1.6.3.15.1.1.5.0"
#define USM_DECRYPTION   "1.3.6.1.6.3.15.1.1.6.0"

struct packet {
	uint8_t bytes[PACKET_MAX];
	size_t len;
};

static struct tree tree;
static pid_t speaker;
static int port, fd, own_fd, log_fd;
static char listen_at[64], engine[128], log_path[128];

/* A right request, and those that are wrong in one thing each. */
static struct packet right, stranger, wrong_auth, wrong_priv, replay, writing,
	insecure;

/* --- building ------------------------------------------------------------- */

static struct packet *captured; /* where the next one goes */

static int
capture(netsnmp_transport *transport, const void *buf, int size, void **opaque,
	int *opaque_len)
{
	(void)transport;
	(void)opaque;
	(void)opaque_len;
	assert_in_range(size, 1, PACKET_MAX);
	memcpy(captured->bytes, buf, (size_t)size);
	captured->len = (size_t)size;
	return size;
}

struct who {
	const char *user, *auth_password, *priv_password;
	int level;
};

static void
derive(const netsnmp_session *session, const char *password, u_char *ret_key,
       size_t *ret_len)
{
	*ret_len = USM_AUTH_KU_LEN;
	assert_int_equal(generate_Ku(session->securityAuthProto,
				     (u_int)session->securityAuthProtoLen,
				     (const u_char *)password, strlen(password),
				     ret_key, ret_len),
			 SNMPERR_SUCCESS);
}

/* With the engine known, or found at the first request. */
static void *
open_as(const struct who *who, const u_char *id, size_t id_len)
{
	netsnmp_session session;
	char peer[64];
	size_t len;

	snprintf(peer, sizeof(peer), "udp:127.0.0.1:%d", port);
	snmp_sess_init(&session);
	session.version = SNMP_VERSION_3;
	session.peername = peer;
	session.retries = 3;
	session.securityName = (char *)who->user;
	session.securityNameLen = strlen(who->user);
	session.securityModel = SNMP_SEC_MODEL_USM;
	session.securityLevel = who->level;
	session.securityEngineID = (u_char *)id;
	session.securityEngineIDLen = id_len;
	session.contextEngineID = (u_char *)id;
	session.contextEngineIDLen = id_len;
	const oid *name =
		sc_get_auth_oid(usm_lookup_auth_type("SHA-256"), &len);
	session.securityAuthProto = snmp_duplicate_objid(name, len);
	session.securityAuthProtoLen = len;
	name = sc_get_priv_oid(usm_lookup_priv_type("AES"), &len);
	session.securityPrivProto = snmp_duplicate_objid(name, len);
	session.securityPrivProtoLen = len;
	derive(&session, who->auth_password, session.securityAuthKey,
	       &session.securityAuthKeyLen);
	derive(&session, who->priv_password, session.securityPrivKey,
	       &session.securityPrivKeyLen);
	void *opened = snmp_sess_open(&session);
	free(session.securityAuthProto);
	free(session.securityPrivProto);
	assert_non_null(opened);
	return opened;
}

static netsnmp_pdu *
make_pdu(int command)
{
	netsnmp_pdu *pdu = snmp_pdu_create(command);
	oid name[MAX_OID_LEN];
	size_t len = MAX_OID_LEN;

	assert_true(read_objid(name_oid(), name, &len));
	if (command == SNMP_MSG_SET)
		snmp_pdu_add_variable(pdu, name, len, ASN_OCTET_STR, "hacked",
				      6);
	else
		snmp_add_null_var(pdu, name, len);
	return pdu;
}

/* Users are global in net-snmp, keys belong to them: one at a time. */
static void
build(const struct who *who, const u_char *id, size_t id_len, int command,
      struct packet *to)
{
	void *session = open_as(who, id, id_len);

	captured = to;
	snmp_sess_transport(session)->f_send = capture;
	assert_int_not_equal(snmp_sess_send(session, make_pdu(command)), 0);
	snmp_sess_close(session);
	struct usmUser *user =
		usm_get_user((u_char *)id, id_len, (char *)who->user);
	if (user != NULL) {
		usm_remove_user(user);
		usm_free_user(user);
	}
}

static void
build_all(void)
{
	const struct who me = { USER, PASSWORD, PASSWORD,
				SNMP_SEC_LEVEL_AUTHPRIV };
	const struct who other = { "nobody", PASSWORD, PASSWORD,
				   SNMP_SEC_LEVEL_AUTHPRIV };
	const struct who guess = { USER, "wrongwrong", PASSWORD,
				   SNMP_SEC_LEVEL_AUTHPRIV };
	const struct who half = { USER, PASSWORD, "wrongwrong",
				  SNMP_SEC_LEVEL_AUTHPRIV };
	const struct who open = { USER, PASSWORD, PASSWORD,
				  SNMP_SEC_LEVEL_NOAUTH };
	u_char id[SNMP_MAX_ENG_SIZE];
	netsnmp_pdu *answer = NULL;
	void *session = open_as(&me, NULL, 0);
	u_int boots, seconds;

	assert_int_equal(snmp_sess_synch_response(session,
						  make_pdu(SNMP_MSG_GET),
						  &answer),
			 STAT_SUCCESS);
	snmp_free_pdu(answer);
	const netsnmp_session *inside = snmp_sess_session(session);
	size_t len = inside->securityEngineIDLen;
	memcpy(id, inside->securityEngineID, len);
	snmp_sess_close(session);

	build(&me, id, len, SNMP_MSG_GET, &right);
	build(&me, id, len, SNMP_MSG_SET, &writing);
	build(&other, id, len, SNMP_MSG_GET, &stranger);
	build(&guess, id, len, SNMP_MSG_GET, &wrong_auth);
	build(&half, id, len, SNMP_MSG_GET, &wrong_priv);
	build(&open, id, len, SNMP_MSG_GET, &insecure);
	/* As it was recorded ten minutes and a boot ago. */
	assert_int_equal(get_enginetime(id, (u_int)len, &boots, &seconds, TRUE),
			 SNMPERR_SUCCESS);
	set_enginetime(id, (u_int)len, boots, seconds + 600, TRUE);
	build(&me, id, len, SNMP_MSG_GET, &replay);
}

/* --- set up --------------------------------------------------------------- */

static void
start_speaker(void)
{
	struct voice_options options = { .listen = listen_at,
					 .account = &speaker_account,
					 .engine_file = engine,
					 .refusals_ms = LOG_EVERY_MS };
	int stderr_fd = dup(STDERR_FILENO);

	log_fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(log_fd >= 0);
	dup2(log_fd, STDERR_FILENO);
	speaker = speaker_start(&options);
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
}

static int
setup(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char own[128];

	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	port = free_port(SOCK_DGRAM);
	snprintf(listen_at, sizeof(listen_at), "udp:127.0.0.1:%d", port);
	snprintf(engine, sizeof(engine), "%s", tree_path(&tree, "engine"));
	snprintf(log_path, sizeof(log_path), "%s", tree_path(&tree, "log"));
	start_speaker();
	if (wait_for_answer(port, 8000) < 0)
		return -1;
	snprintf(own, sizeof(own), "%s", tree_path(&tree, "own"));
	assert_int_equal(snmp_engine_start("test", own, NULL), 0);
	build_all();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	own_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)port);
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) +
	       connect(own_fd, (struct sockaddr *)&to, sizeof(to));
}

static int
teardown(void **state)
{
	(void)state;
	speaker_end(speaker);
	close(fd);
	close(own_fd);
	close(log_fd);
	tree_remove(&tree);
	return 0;
}

/* --- sending -------------------------------------------------------------- */

static void
send_bytes(const void *bytes, size_t len)
{
	(void)send(fd, bytes, len, 0);
}

static size_t
drain(void)
{
	uint8_t bytes[4096];
	size_t n = 0;

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

static uint32_t
count(const char *oid)
{
	const char *colon = strstr(ask("get", port, oid), ": ");

	assert_non_null(colon);
	return (uint32_t)strtoul(colon + 2, NULL, 10);
}

/* Ten of them count as ten, and the agent goes on. */
static void
assert_counted(const struct packet *packet, const char *oid)
{
	uint32_t before = count(oid);

	for (int i = 0; i < 10; i++)
		send_bytes(packet->bytes, packet->len);
	assert_true(answers(port));
	assert_in_range(count(oid) - before, 10, 12);
	drain();
}

static const struct packet version_1 = {
	.bytes = { 0x30, 0x29, 0x02, 0x01, 0x00, 0x04, 0x06, 'p',  'u',
		   'b',  'l',  'i',  'c',  0xa0, 0x1c, 0x02, 0x04, 0x12,
		   0x34, 0x56, 0x78, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
		   0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01,
		   0x02, 0x01, 0x01, 0x03, 0x00, 0x05, 0x00 },
	.len = 43
};

static void
every_kind_of_wrong_request_is_refused_and_counted(void **state)
{
	struct packet packet = version_1;

	(void)state;
	assert_counted(&packet, BAD_COMMUNITIES);
	packet.bytes[4] = 1; /* version 2c */
	assert_counted(&packet, BAD_COMMUNITIES);
	packet.bytes[4] = 7;
	assert_counted(&packet, BAD_VERSIONS);
	packet = version_1;
	packet.len = 25;
	packet.bytes[1] = 23; /* the message is whole, its PDU is not */
	assert_counted(&packet, PARSE_ERRORS);
	assert_counted(&stranger, USM_USERS);
	assert_counted(&wrong_auth, USM_DIGESTS);
	assert_counted(&replay, USM_TIME_WINDOWS);
	assert_int_equal(drain(), 0);
}

static void
the_right_request_is_answered_and_a_write_is_not_done(void **state)
{
	(void)state;
	drain();
	send_bytes(right.bytes, right.len);
	usleep(200000);
	assert_int_equal(drain(), 1);
	send_bytes(writing.bytes, writing.len);
	assert_true(answers(port)); /* the name is the old one */
	send_bytes(insecure.bytes, insecure.len);
	send_bytes(wrong_priv.bytes, wrong_priv.len);
	assert_true(answers(port));
}

/* --- a flood -------------------------------------------------------------- */

static uint32_t
roll(uint32_t *luck)
{
	*luck ^= *luck << 13;
	*luck ^= *luck >> 17;
	*luck ^= *luck << 5;
	return *luck >> 8;
}

/* Garbage; a true one cut short; a true one with wrong bits; all the others. */
static void
make_bad(uint32_t *luck, struct packet *packet)
{
	const struct packet *const wrong[] = { &version_1,  &stranger,
					       &wrong_auth, &wrong_priv,
					       &replay,     &writing,
					       &insecure };
	uint32_t kind = roll(luck) % 4;

	*packet = right;
	if (kind == 0) {
		packet->len = roll(luck) % 600;
		for (size_t i = 0; i < packet->len; i++)
			packet->bytes[i] = (uint8_t)roll(luck);
		packet->bytes[0] = 0x30;
	} else if (kind == 1) {
		packet->len = roll(luck) % right.len;
	} else if (kind == 2) {
		for (uint32_t n = 1 + roll(luck) % 4; n > 0; n--)
			packet->bytes[roll(luck) % right.len] ^=
				(uint8_t)(1u << roll(luck) % 8);
	} else {
		*packet = *wrong[roll(luck) % 7];
	}
}

static long
resident_kib(void)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "awk '/^VmRSS/ {print $2}' /proc/%d/status", (int)speaker);
	return strtol(run(command), NULL, 10);
}

static size_t
lines_of_log(void)
{
	char command[256];

	snprintf(command, sizeof(command), "grep -c 'refused' %s", log_path);
	return strtoul(run(command), NULL, 10);
}

/* The agent reads in order: this answer comes when all before are read. */
static bool
wait_until_read(void)
{
	struct pollfd answer = { .fd = own_fd, .events = POLLIN };
	uint8_t bytes[4096];

	while (recv(own_fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
		; /* of before */
	(void)send(own_fd, right.bytes, right.len, 0);
	return poll(&answer, 1, 2000) == 1;
}

/* No faster than it is read: what the socket drops tests nothing. */
static void
flood(uint32_t *luck, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct packet packet;

		make_bad(luck, &packet);
		send_bytes(packet.bytes, packet.len);
		if (i % 50 == 49) {
			assert_true(wait_until_read());
			drain();
		}
	}
}

static void
a_flood_of_bad_packets_costs_no_memory_and_few_lines(void **state)
{
	int64_t start_ms = clock_mono_ms();
	uint32_t luck = 4711;
	size_t lines = lines_of_log();

	(void)state;
	flood(&luck, 5000);
	assert_true(wait_for_answer(port, 3000) >= 0);
	long before_kib = resident_kib();
	uint32_t packets = count(SNMP_IN_PKTS);
	for (int i = 0; i < 10; i++) {
		flood(&luck, BAD_PACKETS / 10);
		assert_in_range(wait_for_answer(port, 3000), 0, 2000);
	}
	packets = count(SNMP_IN_PKTS) - packets;
	long grown_kib = resident_kib() - before_kib;
	int64_t took_ms = clock_mono_ms() - start_ms;
	print_message("%d bad packets (%u counted as SNMP) in %lld ms, %ld KiB "
		      "more\n",
		      BAD_PACKETS, packets, (long long)took_ms, grown_kib);
	assert_true(packets > BAD_PACKETS / 4);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed */
	assert_in_range(grown_kib + 1024, 0, 1024 + 512);
#endif
	lines = lines_of_log() - lines;
	assert_in_range(lines, 1, took_ms / LOG_EVERY_MS + 2);
}

static void
the_log_says_what_was_refused(void **state)
{
	static const char *const words[] = {
		"of unknown users", "with a wrong key", "with a community",
		"not SNMP at all", "to write what may not be"
	};
	char text[1 << 16];

	(void)state;
	usleep(1200000);
	ssize_t len = pread(log_fd, text, sizeof(text) - 1, 0);
	assert_true(len > 0);
	text[len] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(text, words[i]) == NULL)
			fail_msg("\"%s\" is not in the log", words[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_kind_of_wrong_request_is_refused_and_counted),
		cmocka_unit_test(
			the_right_request_is_answered_and_a_write_is_not_done),
		cmocka_unit_test(
			a_flood_of_bad_packets_costs_no_memory_and_few_lines),
		cmocka_unit_test(the_log_says_what_was_refused),
	};

	log_start("test", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
