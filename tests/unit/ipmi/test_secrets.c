/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left in the memory of a process of a session that is over: a child
 * has one, with a relay of ours on its way to a BMC of the farm, so that we
 * know its keys; we read the child's memory.  The child never sees the password
 * but masked, and through the code that is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "ipmi/power.h"
#include "ipmi/rmcp_keys.h"
#include "tests/support/ipmi_farm.h"

enum {
	MASK = 0x5a,
	HEADER = 16,
	PACKET_MAX = 1024,
	SECRET_MAX = 32,
	PATIENCE_MS = 30000,
	CHUNK = 1 << 20,
	LARGEST = 1 << 30
};

/* "kEepMe-0ut!9xQz" under the mask. */
static const uint8_t masked[] = { 0x31, 0x1f, 0x3f, 0x2a, 0x17,
				  0x3f, 0x77, 0x6a, 0x2f, 0x2e,
				  0x7b, 0x63, 0x22, 0x0b, 0x20 };

static struct relay {
	struct ipmi_farm farm;
	int front, back; /* towards the client, towards the BMC */
	in_port_t port;
	struct sockaddr_in client;
	struct rmcp_exchange x;
	int to_child, from_child;
	pid_t child;
} relay;

static const struct secret {
	const char *name;
	size_t len;
} names[] = { { "password", sizeof(masked) },
	      { "SIK", 20 },
	      { "K1", 20 },
	      { "K2", 16 } };

enum { SECRETS = sizeof(names) / sizeof(names[0]) };

static uint8_t secrets[SECRETS][SECRET_MAX];

static void
unmask(char ret_password[sizeof(masked) + 1])
{
	for (size_t i = 0; i < sizeof(masked); i++)
		ret_password[i] = (char)(masked[i] ^ MASK);
	ret_password[sizeof(masked)] = '\0';
}

/* --- the child ----------------------------------------------------------- */

static struct loop *loop;

static void
pause_ms(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(loop, (loop_fn)loop_stop, loop);

	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
}

static void
take(void *arg, const struct power_result *result)
{
	*(enum ipmi_rc *)arg = result->rc;
	loop_stop(loop);
}

static struct bmc *
open_bmc(struct ipmi_env *env, int suite)
{
	struct ipmi_account account = { "farm", "admin", "" };
	char address[32];
	const struct bmc_target target = { .address = address,
					   .cipher_suite = suite };

	snprintf(address, sizeof(address), "127.0.92.250:%u",
		 ntohs(relay.port));
	unmask(account.password);
	struct bmc *bmc = bmc_new_lan(env, &target, &account, NULL);
	explicit_bzero(&account, sizeof(account));
	return bmc;
}

static void
meet(char sign, int in, int out)
{
	char go;

	if (write(out, &sign, 1) != 1 || read(in, &go, 1) != 1)
		_exit(2);
}

/* A session, a stop to be looked at, no session, another stop. */
static _Noreturn void
live(int suite, int in, int out)
{
	enum ipmi_rc rc = IPMI_RC_COUNT;
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(in, &go, 1) != 1)
		_exit(2);
	loop = loop_new();
	struct ipmi_env *env = ipmi_env_new(loop, NULL);
	struct bmc *bmc = open_bmc(env, suite);
	power_read(bmc, 20000, take, &rc);
	while (rc == IPMI_RC_COUNT)
		loop_run(loop);
	pause_ms(200);
	meet(rc == IPMI_OK ? 'u' : 'x', in, out);
	bmc_free(bmc);
	pause_ms(500);
	meet('f', in, out);
	ipmi_env_free(env);
	loop_free(loop);
	_exit(0);
}

/* --- the relay ----------------------------------------------------------- */

static int
bound_socket(uint32_t address, in_port_t *ret_port)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(address) };
	socklen_t len = sizeof(own);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&own, len), 0);
	getsockname(fd, (struct sockaddr *)&own, &len);
	if (ret_port != NULL)
		*ret_port = own.sin_port;
	return fd;
}

/* What passes in the clear is all that the keys are made of, but one. */
static void
listen_in(const uint8_t *packet, ssize_t len)
{
	const uint8_t *body = packet + HEADER;
	struct rmcp_exchange *x = &relay.x;

	if (len < HEADER + 28 || packet[4] != 6)
		return;
	if ((packet[5] & 0x3f) == 0x12 && len >= HEADER + 28 + body[27]) {
		memcpy(x->console_random, body + 8, 16);
		x->role = body[24];
		x->user_len = body[27];
		memcpy(x->user, body + 28, x->user_len);
	}
	if ((packet[5] & 0x3f) == 0x13 && body[1] == 0)
		memcpy(x->bmc_random, body + 8, 16);
}

static void
pass_on(int from, int to, struct sockaddr_in *ret_sender,
	const struct sockaddr_in *receiver)
{
	uint8_t packet[PACKET_MAX];
	socklen_t from_len = sizeof(*ret_sender);
	ssize_t len = recvfrom(from, packet, sizeof(packet), MSG_DONTWAIT,
			       (struct sockaddr *)ret_sender, &from_len);

	if (len <= 0)
		return;
	listen_in(packet, len);
	(void)sendto(to, packet, (size_t)len, 0,
		     (const struct sockaddr *)receiver, sizeof(*receiver));
}

/* Until the child gives a sign. */
static char
relay_until_sign(void)
{
	const struct sockaddr_in bmc = { .sin_family = AF_INET,
					 .sin_port = htons(
						 (uint16_t)relay.farm.port),
					 .sin_addr.s_addr = htonl(0x7f005c01) };
	struct pollfd fds[] = { { relay.front, POLLIN, 0 },
				{ relay.back, POLLIN, 0 },
				{ relay.from_child, POLLIN, 0 } };
	struct sockaddr_in other;
	char sign = '\0';

	while (poll(fds, 3, PATIENCE_MS) > 0) {
		if (fds[0].revents != 0)
			pass_on(relay.front, relay.back, &relay.client, &bmc);
		if (fds[1].revents != 0)
			pass_on(relay.back, relay.front, &other, &relay.client);
		if (fds[2].revents != 0) {
			assert_int_equal(read(relay.from_child, &sign, 1), 1);
			break;
		}
	}
	return sign;
}

static void
go_on(void)
{
	assert_int_equal(write(relay.to_child, "", 1), 1);
}

/* --- looking ------------------------------------------------------------- */

static void
make_secrets(int suite)
{
	uint8_t password[RMCP_SECRET_LEN] = { 0 };
	struct rmcp_keys keys;

	unmask((char *)password);
	relay.x.hash = suite == 17 ? RMCP_SHA256 : RMCP_SHA1;
	rmcp_make_keys(&relay.x, password, &keys);
	memcpy(secrets[0], password, sizeof(masked));
	memcpy(secrets[1], keys.sik, SECRET_MAX);
	memcpy(secrets[2], keys.k1, SECRET_MAX);
	memcpy(secrets[3], keys.k2, SECRET_MAX);
}

static void
look_at(int memory, off_t begin, off_t end, unsigned found[SECRETS])
{
	static uint8_t bytes[CHUNK + SECRET_MAX];

	for (off_t at = begin; at < end; at += CHUNK) {
		size_t want = (size_t)(end - at) < sizeof(bytes)
				      ? (size_t)(end - at)
				      : sizeof(bytes);
		ssize_t len = pread(memory, bytes, want, at);

		for (int i = 0; i < SECRETS && len > 0; i++)
			found[i] += memmem(bytes, (size_t)len, secrets[i],
					   names[i].len) != NULL;
	}
}

/* How many pieces of the child's memory each of them is in. */
static void
look(unsigned found[SECRETS])
{
	char path[64], line[512];

	memset(found, 0, SECRETS * sizeof(found[0]));
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)relay.child);
	int memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)relay.child);
	FILE *maps = fopen(path, "re");
	if (memory < 0 || maps == NULL)
		skip();
	while (fgets(line, sizeof(line), maps) != NULL) {
		char *end;
		off_t begin = (off_t)strtoull(line, &end, 16);
		off_t stop = (off_t)strtoull(end + 1, &end, 16);

		/* Terabytes are a sanitizer's own. */
		if (strncmp(end, " rw", 3) != 0 || stop - begin > LARGEST)
			continue;
		unsigned before = found[0] + found[1] + found[2] + found[3];
		look_at(memory, begin, stop, found);
		if (found[0] + found[1] + found[2] + found[3] != before)
			print_message("  %s", line);
	}
	(void)fclose(maps);
	close(memory);
}

/* --- tests --------------------------------------------------------------- */

static void
start_child(int suite)
{
	int down[2], up[2];

	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	relay.child = fork();
	if (relay.child == 0)
		live(suite, down[0], up[1]);
	close(down[0]);
	close(up[1]);
	relay.to_child = down[1];
	relay.from_child = up[0];
}

static void
change_password(void)
{
	char password[sizeof(masked) + 1], line[64];

	unmask(password);
	snprintf(line, sizeof(line), "0 password %s", password);
	assert_string_equal(ipmi_farm_tell(&relay.farm, line), "ok\n");
}

static void
nothing_is_left(int suite)
{
	unsigned found[SECRETS];
	int status;

	start_child(suite); /* before we know anything */
	change_password();
	go_on();
	assert_int_equal(relay_until_sign(), 'u');
	make_secrets(suite);
	look(found);
	for (int i = 0; i < SECRETS; i++) /* or we look in the wrong way */
		assert_int_not_equal(found[i], 0);
	go_on();
	assert_int_equal(relay_until_sign(), 'f');
	look(found);
	for (int i = 0; i < SECRETS; i++)
		print_message("suite %d: %s is left %u times\n", suite,
			      names[i].name, found[i]);
	go_on();
	assert_int_equal(waitpid(relay.child, &status, 0), relay.child);
	relay.child = 0;
	assert_int_equal(status, 0);
	for (int i = 0; i < SECRETS; i++)
		assert_int_equal(found[i], 0);
}

static void
a_session_of_suite_17_leaves_no_key_and_no_password(void **state)
{
	(void)state;
	nothing_is_left(17);
}

static void
a_session_of_suite_3_leaves_no_key_and_no_password(void **state)
{
	(void)state;
	assert_string_equal(ipmi_farm_tell(&relay.farm, "all refuse-suite 17"),
			    "ok\n");
	nothing_is_left(3);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&relay, 0, sizeof(relay));
	memset(secrets, 0, sizeof(secrets));
	ipmi_farm_start(&relay.farm, 1);
	relay.front = bound_socket(0x7f005cfa, &relay.port);
	relay.back = bound_socket(0x7f000001, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (relay.child > 0) {
		kill(relay.child, SIGKILL);
		waitpid(relay.child, NULL, 0);
	}
	close(relay.front);
	close(relay.back);
	close(relay.to_child);
	close(relay.from_child);
	ipmi_farm_stop(&relay.farm);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_of_suite_17_leaves_no_key_and_no_password),
		TEST(a_session_of_suite_3_leaves_no_key_and_no_password),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
