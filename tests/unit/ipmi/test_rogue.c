/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real transport against BMCs that lie: one that answers the handshake as
 * the test says, and one in the middle that slips answers of its own in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "ipmi/power.h"
#include "tests/support/ipmi_sim.h"

enum { PACKET_MAX = 512, HEADER = 16 };

static struct world {
	struct loop *loop;
	struct ipmi_env *env;
	struct bmc *bmc;
	int fd; /* the rogue's, towards the client */
	struct sockaddr_in address, client;
	struct loop_watch *watch;
	/* What the rogue does. */
	uint8_t status, suite[3];
	size_t cut; /* of the Open Session Response */
	/* In the middle. */
	int sim_fd;
	struct loop_watch *sim_watch;
	uint32_t forged;
	struct ipmi_sim sim;
} world;

struct outcome {
	unsigned calls;
	struct power_result result;
};

static void
take(void *arg, const struct power_result *result)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->result = *result;
	loop_stop(world.loop);
}

static struct power_result
ask(uint64_t (*fn)(struct bmc *, int64_t, power_fn, void *),
    int64_t deadline_ms)
{
	struct outcome outcome = { 0 };

	assert_true(fn(world.bmc, deadline_ms, take, &outcome) != 0);
	while (outcome.calls == 0)
		loop_run(world.loop);
	assert_int_equal(outcome.calls, 1);
	return outcome.result;
}

static void
reply(const uint8_t *data, size_t len)
{
	(void)sendto(world.fd, data, len, 0, (struct sockaddr *)&world.client,
		     sizeof(world.client));
}

static uint8_t
checksum(const uint8_t *data, size_t len)
{
	uint8_t sum = 0;

	while (len-- > 0)
		sum = (uint8_t)(sum + *data++);
	return (uint8_t)-sum;
}

/* Get Channel Authentication Capabilities: 2.0 is spoken here. */
static void
tell_capabilities(const uint8_t *request)
{
	uint8_t r[] = { 6, 0, 0xff, 7,  0,    0,    0, 0,    0, 0,
			0, 0, 0,    16, 0x81, 0x1c, 0, 0x20, 0, 0,
			0, 1, 0x80, 0,  2,    0,    0, 0,    0, 0 };

	r[16] = checksum(r + 14, 2);
	r[18] = request[18]; /* sequence */
	r[19] = request[19]; /* command */
	r[29] = checksum(r + 17, 12);
	reply(r, sizeof(r));
}

static void
tell_open_session(const uint8_t *request)
{
	uint8_t r[HEADER + 36] = { 6, 0, 0xff, 7, 6, 0x11 };
	uint8_t *body = r + HEADER;

	r[14] = 36;
	body[0] = request[HEADER];
	body[1] = world.status;
	body[2] = 3;
	memcpy(body + 4, request + HEADER + 4, 4);
	body[8] = 0x77;
	for (unsigned i = 0; i < 3; i++) {
		body[12 + 8 * i] = (uint8_t)i;
		body[15 + 8 * i] = 8;
		body[16 + 8 * i] = world.suite[i];
	}
	r[14] = (uint8_t)(r[14] - world.cut);
	reply(r, sizeof(r) - world.cut);
}

static ssize_t
receive(int fd, uint8_t *data, struct sockaddr_in *from)
{
	socklen_t len = sizeof(*from);

	return recvfrom(fd, data, PACKET_MAX, MSG_DONTWAIT,
			(struct sockaddr *)from, &len);
}

static void
rogue_asked(void *arg, int fd, unsigned what)
{
	uint8_t data[PACKET_MAX] = { 0 };

	(void)arg;
	(void)what;
	if (receive(fd, data, &world.client) < HEADER)
		return;
	if (data[4] != 6)
		tell_capabilities(data);
	else if ((data[5] & 0x3f) == 0x10)
		tell_open_session(data);
}

static int
set_up(void **state)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(0x7f005b02) };
	socklen_t len = sizeof(any);
	struct err err = { "" };

	(void)state;
	world = (struct world){ .suite = { 1, 1, 1 } };
	world.loop = loop_new();
	world.env = ipmi_env_new(world.loop, &err);
	world.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(world.fd, (const struct sockaddr *)&any, len) < 0)
		return -1;
	return getsockname(world.fd, (struct sockaddr *)&world.address, &len);
}

static int
tear_down(void **state)
{
	(void)state;
	bmc_free(world.bmc);
	ipmi_env_free(world.env);
	loop_watch_free(world.watch);
	loop_watch_free(world.sim_watch);
	loop_free(world.loop);
	close(world.fd);
	if (world.sim_fd > 0)
		close(world.sim_fd);
	if (world.sim.dir[0] != '\0')
		ipmi_sim_done(&world.sim);
	return 0;
}

static void
connect_to_rogue(void)
{
	const struct ipmi_account account = { "lab", "admin", "secret" };
	char address[32];
	const struct bmc_target target = { .address = address,
					   .cipher_suite = 3 };

	snprintf(address, sizeof(address), "127.0.91.2:%u",
		 ntohs(world.address.sin_port));
	world.bmc = bmc_new_lan(world.env, &target, &account, NULL);
	assert_non_null(world.bmc);
}

static struct power_result
ask_rogue(int64_t deadline_ms)
{
	world.watch = loop_watch_new(world.loop, world.fd, LOOP_READ,
				     rogue_asked, NULL);
	connect_to_rogue();
	return ask(power_read, deadline_ms);
}

static void
no_algorithm_but_those_asked_for_is_accepted(void **state)
{
	static const uint8_t suites[][3] = { { 0, 0, 0 }, { 0, 1, 1 },
					     { 2, 1, 1 }, { 1, 1, 1 },
					     { 1, 0, 1 }, { 1, 2, 1 },
					     { 1, 1, 0 }, { 1, 0, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		memcpy(world.suite, suites[i], 3);
		struct power_result result = ask_rogue(20000);
		assert_int_equal(result.rc, IPMI_ALGORITHM);
		assert_int_equal(result.power, IPMI_POWER_UNKNOWN);
		bmc_free(world.bmc);
		world.bmc = NULL;
		loop_watch_free(world.watch);
		world.watch = NULL;
	}
}

static void
a_refusal_for_lack_of_sessions_is_told_as_such(void **state)
{
	(void)state;
	world.status = 1;
	struct power_result result = ask_rogue(1000);
	assert_int_equal(result.rc, IPMI_NO_SESSION);
	assert_non_null(strstr(result.text, "no session left"));
}

static void
an_unknown_user_told_early_is_auth(void **state)
{
	(void)state;
	world.status = 0x0d;
	struct power_result result = ask_rogue(20000);
	assert_int_equal(result.rc, IPMI_AUTH);
}

static void
a_cut_answer_is_no_answer(void **state)
{
	(void)state;
	world.cut = 10;
	struct power_result result = ask_rogue(700);
	assert_int_equal(result.rc, IPMI_TIMEOUT);
}

/* --- in the middle ------------------------------------------------------- */

/* "The power is off", for every sequence number, without any protection. */
static void
forge_off(const uint8_t session[4])
{
	for (uint8_t seq = 0; seq < 64; seq++) {
		uint8_t r[HEADER + 11] = { 6, 0, 0xff, 7, 6, 0 };
		uint8_t *body = r + HEADER;

		memcpy(r + 6, session, 4);
		world.forged++;
		memcpy(r + 10, &world.forged, 4);
		r[14] = 11;
		body[0] = 0x81;
		body[1] = 0x01 << 2; /* response of the chassis */
		body[2] = checksum(body, 2);
		body[3] = 0x20;
		body[4] = (uint8_t)(seq << 2);
		body[5] = 0x01;
		body[10] = checksum(body + 3, 7);
		reply(r, sizeof(r));
	}
}

static void
client_asked(void *arg, int fd, unsigned what)
{
	uint8_t data[PACKET_MAX];

	(void)arg;
	(void)what;
	ssize_t len = receive(fd, data, &world.client);
	if (len > 0)
		(void)send(world.sim_fd, data, (size_t)len, 0);
}

static void
sim_answered(void *arg, int fd, unsigned what)
{
	static const uint8_t none[4];
	uint8_t data[PACKET_MAX];
	ssize_t len = recv(fd, data, sizeof(data), MSG_DONTWAIT);

	(void)arg;
	(void)what;
	if (len < HEADER)
		return;
	if (data[4] == 6 && memcmp(data + 6, none, 4) != 0)
		forge_off(data + 6);
	reply(data, (size_t)len);
}

static void
an_unprotected_answer_slipped_in_is_not_believed(void **state)
{
	struct ipmi_sim *sim = &world.sim;
	const char *missing = ipmi_sim_missing();

	(void)state;
	if (missing != NULL) {
		print_message("SKIP: %s\n", missing);
		skip();
	}
	ipmi_sim_init(sim);
	ipmi_sim_start(sim);
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)sim->port),
					.sin_addr.s_addr = htonl(0x7f005b01) };
	world.sim_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(world.sim_fd, (const struct sockaddr *)&to,
				 sizeof(to)),
			 0);
	world.watch = loop_watch_new(world.loop, world.fd, LOOP_READ,
				     client_asked, NULL);
	world.sim_watch = loop_watch_new(world.loop, world.sim_fd, LOOP_READ,
					 sim_answered, NULL);
	connect_to_rogue();
	for (int i = 0; i < 20; i++) {
		struct power_result result = ask(power_read, 20000);
		assert_int_equal(result.rc, IPMI_OK);
		assert_int_equal(result.power, IPMI_POWER_ON);
	}
	assert_true(world.forged > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_algorithm_but_those_asked_for_is_accepted),
		TEST(a_refusal_for_lack_of_sessions_is_told_as_such),
		TEST(an_unknown_user_told_early_is_auth),
		TEST(a_cut_answer_is_no_answer),
		TEST(an_unprotected_answer_slipped_in_is_not_believed),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
