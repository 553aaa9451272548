/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is built on requests: power reading, identify, watchdog, event log; over
 * the farm's BMCs, and with answers that make no sense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "ipmi/chassis.h"
#include "ipmi/dcmi.h"
#include "ipmi/power.h"
#include "ipmi/sel.h"
#include "ipmi/watchdog.h"
#include "tests/support/ipmi_farm.h"

static struct world {
	struct ipmi_farm farm;
	struct loop *loop;
	struct ipmi_env *env;
	struct bmc *bmc;
	struct dcmi_power power;
	struct dcmi_limit limit;
	struct watchdog_state watchdog;
	struct power_result result;
	enum ipmi_rc rc;
	uint8_t data[32];
	struct sel_result log;
	uint16_t ids[64];
	char text[IPMI_EVENT_TEXT_MAX]; /* of the last entry */
} world;

static int
set_up(void **state)
{
	static const struct ipmi_account account = { "farm", "admin",
						     "secret" };
	char address[BMC_ADDRESS_MAX];
	const struct bmc_target target = { address, 17, IPMI_OPERATOR };

	(void)state;
	world = (struct world){ .loop = loop_new() };
	ipmi_farm_start(&world.farm, 1);
	snprintf(address, sizeof(address), "127.0.92.1:%u", world.farm.port);
	world.env = ipmi_env_new(world.loop, NULL);
	world.bmc = bmc_new_lan(world.env, &target, &account, NULL);
	return world.bmc == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	bmc_free(world.bmc);
	ipmi_env_free(world.env);
	loop_free(world.loop);
	ipmi_farm_stop(&world.farm);
	return 0;
}

static void
took_power(void *arg, const struct dcmi_power *power)
{
	(void)arg;
	world.power = *power;
	loop_stop(world.loop);
}

static void
took_limit(void *arg, const struct dcmi_limit *limit)
{
	(void)arg;
	world.limit = *limit;
	loop_stop(world.loop);
}

static void
took_watchdog(void *arg, const struct watchdog_state *state)
{
	(void)arg;
	world.watchdog = *state;
	loop_stop(world.loop);
}

static void
took_reply(void *arg, const struct ipmi_reply *reply)
{
	(void)arg;
	world.rc = reply->rc;
	if (reply->len > 0)
		memcpy(world.data, reply->data, reply->len);
	loop_stop(world.loop);
}

static void
took_result(void *arg, const struct power_result *result)
{
	(void)arg;
	world.result = *result;
	loop_stop(world.loop);
}

static void
took_log(void *arg, const struct sel_result *result)
{
	(void)arg;
	world.log = *result;
	for (size_t i = 0; i < result->n; i++) {
		world.ids[i] = result->entries[i].id;
		snprintf(world.text, sizeof(world.text), "%s",
			 result->entries[i].text);
	}
	loop_stop(world.loop);
}

static void
the_power_drawn_is_read_in_watts(void **state)
{
	(void)state;
	assert_true(dcmi_read_power(world.bmc, 10000, took_power, NULL) != 0);
	loop_run(world.loop);
	assert_int_equal(world.power.rc, IPMI_OK);
	assert_true(world.power.active);
	assert_int_equal(world.power.now_w, 180);
	assert_int_equal(world.power.max_w, 200);
	assert_int_equal(world.power.period_ms, 1000);
	dcmi_get_limit(world.bmc, 0, took_limit, NULL);
	loop_run(world.loop);
	assert_int_equal(world.limit.rc, IPMI_OK); /* none is set */
	assert_false(world.limit.active);
	ipmi_farm_tell(&world.farm, "0 short 1");
	dcmi_read_power(world.bmc, 0, took_power, NULL);
	loop_run(world.loop);
	assert_int_equal(world.power.rc, IPMI_BAD_REPLY);
	assert_int_equal(world.power.now_w, 0);
	assert_int_not_equal(world.power.text[0], '\0');
}

static void
the_lamp_goes_on_and_the_restart_has_a_cause(void **state)
{
	(void)state;
	chassis_identify(world.bmc, 60, 10000, took_reply, NULL);
	loop_run(world.loop);
	assert_int_equal(world.rc, IPMI_OK);
	assert_non_null(
		strstr(ipmi_farm_tell(&world.farm, "0 state"), "identify 60"));
	chassis_restart_cause(world.bmc, 0, took_reply, NULL);
	loop_run(world.loop);
	assert_int_equal(world.rc, IPMI_OK);
	assert_string_equal(chassis_cause_name(world.data[0] & 0xf),
			    "chassis command");
	assert_string_equal(chassis_cause_name(200), "unknown");
}

static void
a_lease_that_is_not_renewed_ends_in_off(void **state)
{
	(void)state;
	watchdog_kick(world.bmc, 10000, took_watchdog, NULL);
	loop_run(world.loop);
	assert_int_equal(world.watchdog.rc, IPMI_CC); /* not set */
	assert_true(watchdog_arm(world.bmc, 1000, WATCHDOG_OFF, 0,
				 took_watchdog, NULL) != 0);
	loop_run(world.loop);
	assert_int_equal(world.watchdog.rc, IPMI_OK);
	watchdog_read(world.bmc, 0, took_watchdog, NULL);
	loop_run(world.loop);
	assert_true(world.watchdog.running);
	assert_int_equal(world.watchdog.action, WATCHDOG_OFF);
	assert_int_equal(world.watchdog.timeout_ms, 1000);
	assert_in_range(world.watchdog.left_ms, 0, 1000);
	for (int i = 0; i < 40 && world.result.power != IPMI_POWER_OFF; i++) {
		struct loop_timer *timer =
			loop_timer_new(world.loop, (loop_fn)loop_stop,
				       world.loop);
		loop_timer_start(timer, 100);
		loop_run(world.loop);
		loop_timer_free(timer);
		power_read(world.bmc, 0, took_result, NULL);
		loop_run(world.loop);
	}
	assert_int_equal(world.result.power, IPMI_POWER_OFF);
}

static void
a_lease_that_was_given_up_ends_nothing(void **state)
{
	(void)state;
	watchdog_arm(world.bmc, 1000, WATCHDOG_OFF, 10000, took_watchdog, NULL);
	loop_run(world.loop);
	watchdog_disarm(world.bmc, 0, took_watchdog, NULL);
	loop_run(world.loop);
	assert_int_equal(world.watchdog.rc, IPMI_OK);
	watchdog_read(world.bmc, 0, took_watchdog, NULL);
	loop_run(world.loop);
	assert_false(world.watchdog.running);
	assert_int_equal(watchdog_arm(world.bmc, 999, WATCHDOG_OFF, 0,
				      took_watchdog, NULL),
			 0);
	assert_int_equal(watchdog_arm(world.bmc, WATCHDOG_MAX_MS + 1,
				      WATCHDOG_OFF, 0, took_watchdog, NULL),
			 0);
	assert_int_equal(watchdog_arm(world.bmc, INT64_MAX, WATCHDOG_OFF, 0,
				      took_watchdog, NULL),
			 0);
}

static void
the_log_is_read_on_and_from_its_end(void **state)
{
	(void)state;
	/* It keeps 32, so the first ones are gone. */
	for (int i = 0; i < 40; i++)
		ipmi_farm_tell(&world.farm, "0 sel-add 12");
	sel_tail(world.bmc, 3, 10000, took_log, NULL);
	loop_run(world.loop);
	assert_int_equal(world.log.rc, IPMI_OK);
	assert_int_equal(world.log.total, 32);
	assert_int_equal(world.log.n, 3);
	assert_int_equal(world.ids[2], world.ids[0] + 2);
	struct sel_position position = world.log.position;
	ipmi_farm_tell(&world.farm, "0 sel-add 35"); /* watchdog */
	sel_read(world.bmc, &position, 64, 0, took_log, NULL);
	loop_run(world.loop);
	assert_int_equal(world.log.n, 1);
	assert_false(world.log.erased);
	assert_int_equal(strncmp(world.text, "watchdog 0x", 11), 0);
	sel_read(world.bmc, NULL, 64, 0, took_log, NULL);
	loop_run(world.loop);
	assert_int_equal(world.log.n, 32);
	position = world.log.position;
	ipmi_farm_tell(&world.farm, "0 sel-clear");
	sel_read(world.bmc, &position, 64, 0, took_log, NULL);
	loop_run(world.loop);
	assert_int_equal(world.log.rc, IPMI_OK);
	assert_true(world.log.erased);
	assert_int_equal(world.log.n, 0);
}

static void
a_limit_is_set_activated_and_read(void **state)
{
	const struct dcmi_limit limit = { .action = DCMI_LOG,
					  .watts = 150,
					  .correction_ms = 1000,
					  .sampling_s = 1 };

	(void)state;
	dcmi_set_limit(world.bmc, &limit, 10000, took_limit, NULL);
	loop_run(world.loop);
	assert_int_equal(world.limit.rc, IPMI_OK);
	dcmi_activate_limit(world.bmc, true, 0, took_limit, NULL);
	loop_run(world.loop);
	assert_int_equal(world.limit.rc, IPMI_OK);
	dcmi_get_limit(world.bmc, 0, took_limit, NULL);
	loop_run(world.loop);
	assert_true(world.limit.active);
	assert_int_equal(world.limit.watts, 150);
}

static void
answers_of_each_length_are_taken_or_refused_whole(void **state)
{
	uint8_t data[32];
	struct dcmi_power power;
	struct dcmi_limit limit;
	struct watchdog_state watchdog;

	(void)state;
	memset(data, 0xff, sizeof(data));
	assert_false(dcmi_parse_power(data, sizeof(data), &power));
	data[0] = 0xdc;
	for (size_t len = 0; len <= sizeof(data); len++) {
		assert_int_equal(dcmi_parse_power(data, len, &power),
				 len >= 18);
		assert_int_equal(dcmi_parse_limit(data, len, &limit),
				 len >= 14);
	}
	assert_int_equal(power.now_w, 65535);
	assert_false(watchdog_parse(data, 8, &watchdog));
	data[1] = 2;
	for (size_t len = 0; len <= sizeof(data); len++)
		assert_int_equal(watchdog_parse(data, len, &watchdog),
				 len >= 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_power_drawn_is_read_in_watts),
		TEST(the_lamp_goes_on_and_the_restart_has_a_cause),
		TEST(a_lease_that_is_not_renewed_ends_in_off),
		TEST(a_lease_that_was_given_up_ends_nothing),
		TEST(the_log_is_read_on_and_from_its_end),
		TEST(a_limit_is_set_activated_and_read),
		cmocka_unit_test(
			answers_of_each_length_are_taken_or_refused_whole),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
