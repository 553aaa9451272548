/* SPDX-License-Identifier: Apache-2.0 */
/* Names, asked of a DNS server of our own on the same loop. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/resolve.h"

enum { HEADER = 12, TYPE_A = 1, NAME_ERROR = 3, PATIENCE_MS = 30000 };

static struct world {
	struct loop *loop;
	struct resolver *resolver;
	int fd;
	struct loop_watch *watch;
	bool silent;
	unsigned asked, ended;
	char address[INET6_ADDRSTRLEN];
	char why[128];
} world;

/* --- a DNS server -------------------------------------------------------- */

/* Of a query with one name: where its type begins. */
static size_t
end_of_name(const uint8_t *packet, size_t len, char name[256])
{
	size_t at = HEADER, n = 0;

	while (at < len && packet[at] != 0) {
		size_t label = packet[at++];

		for (size_t i = 0; i < label && at < len && n < 254; i++)
			name[n++] = (char)packet[at++];
		name[n++] = '.';
	}
	name[n > 0 ? n - 1 : 0] = '\0';
	return at + 1;
}

/* bmc1.example has an IPv4 address, nothing else exists. */
static void
answer(void *arg, int fd, unsigned what)
{
	uint8_t packet[512];
	char name[256];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(fd, packet, sizeof(packet) - 16, 0,
			       (struct sockaddr *)&from, &from_len);
	static const uint8_t record[16] = { 0xc0, HEADER, 0, TYPE_A, 0, 1,
					    0,    0,      0, 60,     0, 4,
					    10,   91,     0, 7 };

	(void)arg;
	(void)what;
	if (len < HEADER)
		return;
	world.asked++;
	if (world.silent)
		return;
	size_t at = end_of_name(packet, (size_t)len, name);
	bool known = strcmp(name, "bmc1.example") == 0;
	bool a = packet[at + 1] == TYPE_A;
	packet[2] = 0x81;
	packet[3] = known ? 0x80 : 0x80 | NAME_ERROR;
	packet[7] = known && a;
	packet[9] = packet[11] = 0;
	size_t out = at + 4;
	if (known && a) {
		memcpy(packet + out, record, sizeof(record));
		out += sizeof(record);
	}
	(void)sendto(fd, packet, out, 0, (struct sockaddr *)&from, from_len);
}

static int
set_up(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	char server[32];

	(void)state;
	world = (struct world){ .loop = loop_new() };
	world.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(world.fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(world.fd, (struct sockaddr *)&in, &len),
			 0);
	world.watch =
		loop_watch_new(world.loop, world.fd, LOOP_READ, answer, NULL);
	snprintf(server, sizeof(server), "127.0.0.1:%u", ntohs(in.sin_port));
	world.resolver = resolver_new(world.loop, server);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	resolver_free(world.resolver);
	loop_watch_free(world.watch);
	close(world.fd);
	loop_free(world.loop);
	return 0;
}

static void
run_for(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(world.loop, (loop_fn)loop_stop, world.loop);

	loop_timer_start(timer, ms);
	loop_run(world.loop);
	loop_timer_free(timer);
}

static void
take(void *arg, const struct sockaddr *address, socklen_t len, const char *why)
{
	(void)arg;
	world.ended++;
	snprintf(world.why, sizeof(world.why), "%s", why);
	world.address[0] = '\0';
	if (address == NULL)
		return;
	assert_int_equal(address->sa_family, AF_INET);
	assert_int_equal(len, sizeof(struct sockaddr_in));
	inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr,
		  world.address, sizeof(world.address));
}

static void
wait_for(unsigned ended)
{
	int64_t from_ms = clock_mono_ms();

	while (world.ended < ended) {
		if (clock_mono_ms() - from_ms > PATIENCE_MS)
			fail_msg("no answer");
		run_for(10);
	}
	assert_int_equal(world.ended, ended);
}

static void
a_name_has_its_address(void **state)
{
	(void)state;
	assert_non_null(
		resolve_start(world.resolver, "bmc1.example", take, NULL));
	assert_int_equal(world.ended, 0); /* never from inside */
	wait_for(1);
	assert_string_equal(world.address, "10.91.0.7");
	assert_string_equal(world.why, "");
}

static void
a_name_that_is_not_there_says_so(void **state)
{
	(void)state;
	assert_non_null(
		resolve_start(world.resolver, "bmc9.example", take, NULL));
	wait_for(1);
	assert_string_equal(world.address, "");
	assert_string_not_equal(world.why, "");
	/* And the next question is asked anew. */
	assert_non_null(
		resolve_start(world.resolver, "bmc1.example", take, NULL));
	wait_for(2);
	assert_string_equal(world.address, "10.91.0.7");
}

static void
a_silent_server_costs_its_time_and_nobody_elses(void **state)
{
	(void)state;
	world.silent = true;
	assert_non_null(
		resolve_start(world.resolver, "bmc1.example", take, NULL));
	int64_t from_ms = clock_mono_ms();
	run_for(100); /* the loop goes on */
	assert_in_range(clock_mono_ms() - from_ms, 100, 5000);
	assert_int_equal(world.ended, 0);
	assert_true(world.asked > 0);
	wait_for(1);
	assert_string_equal(world.address, "");
	assert_in_range(clock_mono_ms() - from_ms, RESOLVE_TIMEOUT_S * 1000,
			PATIENCE_MS);
}

static void
a_question_that_is_cancelled_calls_nobody_back(void **state)
{
	struct resolve *resolve;

	(void)state;
	world.silent = true;
	resolve = resolve_start(world.resolver, "bmc1.example", take, NULL);
	run_for(50);
	resolve_cancel(resolve);
	world.silent = false;
	run_for(500);
	assert_int_equal(world.ended, 0);
	/* Also one that has its answer and has not told it. */
	resolve = resolve_start(world.resolver, "127.0.0.1", take, NULL);
	resolve_cancel(resolve);
	run_for(100);
	assert_int_equal(world.ended, 0);
}

static void
names_are_told_from_addresses(void **state)
{
	static const char *const good[] = { "bmc1", "bmc-1.rack2.example",
					    "1a.2b", "10.0.0.x", "a" };
	static const char *const bad[] = {
		"",   "10.0.0.1", "bmc_1", "-bmc", "bmc-",      "a..b",
		".a", "a.",       "a b",   "1234", "é.example", "fd00::1",
	};
	char endless[300];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(resolve_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (resolve_is_name(bad[i]))
			fail_msg("\"%s\" is a name", bad[i]);
	memset(endless, 'a', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_false(resolve_is_name(endless));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_name_has_its_address),
		TEST(a_name_that_is_not_there_says_so),
		TEST(a_silent_server_costs_its_time_and_nobody_elses),
		TEST(a_question_that_is_cancelled_calls_nobody_back),
		cmocka_unit_test(names_are_told_from_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
