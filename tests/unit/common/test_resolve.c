/* SPDX-License-Identifier: Apache-2.0 */
/* Names, asked of a DNS server of our own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/resolve.h"
#include "tests/support/dns_fake.h"

enum { PATIENCE_MS = 30000 };

static struct world {
	struct loop *loop;
	struct resolver *resolver;
	struct dns_fake dns;
	unsigned ended;
	char address[INET6_ADDRSTRLEN];
	char why[128];
} world;

static int
set_up(void **state)
{
	(void)state;
	world = (struct world){ .loop = loop_new() };
	dns_fake_start(&world.dns);
	dns_fake_set(&world.dns, "bmc1.example", "10.91.0.7");
	world.resolver = resolver_new(world.loop, world.dns.address);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	resolver_free(world.resolver);
	loop_free(world.loop);
	dns_fake_stop(&world.dns);
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
	dns_fake_silence(&world.dns, true);
	assert_non_null(
		resolve_start(world.resolver, "bmc1.example", take, NULL));
	int64_t from_ms = clock_mono_ms();
	run_for(100); /* the loop goes on */
	assert_in_range(clock_mono_ms() - from_ms, 100, 5000);
	assert_int_equal(world.ended, 0);
	assert_true(dns_fake_asked(&world.dns) > 0);
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
	dns_fake_silence(&world.dns, true);
	resolve = resolve_start(world.resolver, "bmc1.example", take, NULL);
	run_for(50);
	resolve_cancel(resolve);
	dns_fake_silence(&world.dns, false);
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
