/* SPDX-License-Identifier: Apache-2.0 */
/* BMCs of the farm that are found by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"
#include "ipmi/power.h"
#include "tests/support/dns_fake.h"
#include "tests/support/ipmi_farm.h"

static struct world {
	struct ipmi_farm farm;
	struct dns_fake dns;
	struct loop *loop;
	struct ipmi_env *env;
	struct bmc *bmc, *other;
	char address[BMC_ADDRESS_MAX];
	struct power_result result;
	unsigned ended;
} world;

static const struct ipmi_account account = { "farm", "admin", "secret" };

static struct bmc *
open_bmc(const char *host)
{
	const struct bmc_target target = { .address = world.address,
					   .cipher_suite = 17,
					   .privilege = IPMI_OPERATOR };
	struct err err = { "" };

	snprintf(world.address, sizeof(world.address), "%s:%u", host,
		 world.farm.port);
	struct bmc *bmc = bmc_new_lan(world.env, &target, &account, &err);
	if (bmc == NULL)
		fail_msg("%s", err.text);
	return bmc;
}

static int
set_up(void **state)
{
	struct err err = { "" };

	(void)state;
	memset(&world, 0, sizeof(world));
	ipmi_farm_start(&world.farm, 2);
	dns_fake_start(&world.dns);
	dns_fake_set(&world.dns, "bmc1.example", "127.0.92.1");
	world.loop = loop_new();
	world.env = ipmi_env_new(world.loop, &err);
	ipmi_env_set_dns(world.env, world.dns.address);
	return world.env == NULL ? -1 : 0;
}

/* libevent frees a lookup that is given up when the loop runs again. */
static void
end_lookups(void)
{
	struct loop_timer *timer =
		loop_timer_new(world.loop, (loop_fn)loop_stop, world.loop);

	loop_timer_start(timer, 1);
	loop_run(world.loop);
	loop_timer_free(timer);
}

static int
tear_down(void **state)
{
	(void)state;
	bmc_free(world.bmc);
	bmc_free(world.other);
	end_lookups();
	ipmi_env_free(world.env);
	loop_free(world.loop);
	dns_fake_stop(&world.dns);
	ipmi_farm_stop(&world.farm);
	return 0;
}

static void
take(void *arg, const struct power_result *result)
{
	(void)arg;
	world.result = *result;
	world.ended++;
	loop_stop(world.loop);
}

static struct power_result
read_power(struct bmc *bmc, int64_t deadline_ms)
{
	assert_true(power_read(bmc, deadline_ms, take, NULL) != 0);
	loop_run(world.loop);
	return world.result;
}

static void
tell(const char *line)
{
	assert_string_equal(ipmi_farm_tell(&world.farm, line), "ok\n");
}

static void
a_bmc_is_found_by_its_name(void **state)
{
	(void)state;
	world.bmc = open_bmc("bmc1.example");
	assert_int_equal(read_power(world.bmc, 20000).rc, IPMI_OK);
	assert_int_equal(world.result.power, IPMI_POWER_ON);
	assert_string_equal(bmc_name(world.bmc), world.address);
}

static void
a_name_without_an_address_is_told_and_costs_others_nothing(void **state)
{
	struct bmc_health health;

	(void)state;
	dns_fake_set(&world.dns, NULL, NULL);
	world.bmc = open_bmc("bmc1.example");
	world.other = open_bmc("127.0.92.2");
	assert_int_equal(read_power(world.other, 20000).rc, IPMI_OK);
	assert_int_equal(read_power(world.bmc, 2000).rc, IPMI_NO_SESSION);
	assert_non_null(
		strstr(world.result.text, "\"bmc1.example\" has no address"));
	bmc_get_health(world.bmc, &health);
	assert_int_equal(health.state, BMC_REFUSED);
	/* And is found when it has one. */
	dns_fake_set(&world.dns, "bmc1.example", "127.0.92.1");
	assert_int_equal(read_power(world.bmc, 60000).rc, IPMI_OK);
}

static void
silent_servers_stall_nobody(void **state)
{
	(void)state;
	dns_fake_silence(&world.dns, true);
	world.bmc = open_bmc("bmc1.example");
	world.other = open_bmc("127.0.92.2");
	int64_t from_ms = clock_mono_ms();
	assert_int_equal(read_power(world.other, 20000).rc, IPMI_OK);
	assert_int_not_equal(read_power(world.bmc, 1000).rc, IPMI_OK);
	assert_in_range(clock_mono_ms() - from_ms, 1000, 10000);
}

/* It moved; and after that DNS fails. */
static void
one_that_moved_is_looked_up_again_and_found_without_dns(void **state)
{
	(void)state;
	world.bmc = open_bmc("bmc1.example");
	assert_int_equal(read_power(world.bmc, 20000).rc, IPMI_OK);
	unsigned asked = dns_fake_asked(&world.dns);
	dns_fake_set(&world.dns, "bmc1.example", "127.0.92.2");
	tell("1 power off");
	/* A session that is lost is opened anew at the same place. */
	tell("0 drop-sessions");
	assert_int_equal(read_power(world.bmc, 20000).power, IPMI_POWER_ON);
	assert_int_equal(dns_fake_asked(&world.dns), asked);
	tell("0 silent 1");
	assert_int_equal(read_power(world.bmc, 60000).power, IPMI_POWER_OFF);
	assert_true(dns_fake_asked(&world.dns) > asked);

	dns_fake_silence(&world.dns, true);
	tell("1 silent 1");
	assert_int_not_equal(read_power(world.bmc, 12000).rc, IPMI_OK);
	tell("1 silent 0");
	assert_int_equal(read_power(world.bmc, 60000).power, IPMI_POWER_OFF);
}

static bool
is_second(void *arg, const uint8_t *guid, struct err *err)
{
	(void)arg;
	if (guid != NULL && guid[15] == 2)
		return true;
	err_set(err, -1, "another one");
	return false;
}

static void
whoever_dns_leads_to_must_be_the_one_that_is_meant(void **state)
{
	(void)state;
	tell("0 guid 00000000000000000000000000000001");
	tell("1 guid 00000000000000000000000000000002");
	world.bmc = open_bmc("bmc1.example");
	bmc_set_guard(world.bmc, is_second, NULL);
	assert_true(power_turn_off(world.bmc, 20000, take, NULL) != 0);
	loop_run(world.loop);
	assert_int_equal(world.result.rc, IPMI_WRONG_HOST);
	assert_memory_equal(ipmi_farm_tell(&world.farm, "0 state"), "on", 2);
}

static void
it_may_go_while_its_name_is_looked_up(void **state)
{
	(void)state;
	dns_fake_silence(&world.dns, true);
	world.bmc = open_bmc("bmc1.example");
	assert_true(power_read(world.bmc, 50, take, NULL) != 0);
	loop_run(world.loop);
	bmc_free(world.bmc);
	world.bmc = NULL;
}

static void
names_and_addresses_are_told_apart(void **state)
{
	struct err err;

	(void)state;
	assert_true(bmc_is_named("bmc1.example:623"));
	assert_false(bmc_is_named("10.0.0.1:623"));
	assert_false(bmc_is_named("[fd00::1]:623"));
	assert_false(bmc_is_named("bmc1.example"));
	assert_false(bmc_is_named("bmc1.example:0"));
	assert_false(bmc_is_named("bmc_1:623"));
	assert_int_equal(bmc_check_address("bmc1.example:623", &err), 0);
	assert_int_not_equal(bmc_check_address("bmc1.example", &err), 0);
	assert_int_not_equal(bmc_check_address("10.0.0.1", &err), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_bmc_is_found_by_its_name),
		TEST(a_name_without_an_address_is_told_and_costs_others_nothing),
		TEST(silent_servers_stall_nobody),
		TEST(one_that_moved_is_looked_up_again_and_found_without_dns),
		TEST(whoever_dns_leads_to_must_be_the_one_that_is_meant),
		TEST(it_may_go_while_its_name_is_looked_up),
		cmocka_unit_test(names_and_addresses_are_told_apart),
	};

	log_start("test_named", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
