/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what the agent asks its BMC for, against a BMC of tests/farm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/bmc_more.h"
#include "ipmi/power.h"
#include "tests/support/ipmi_farm.h"
#include "tests/unit/agent/tree.h"

struct world {
	struct ipmi_farm farm;
	struct loop *loop;
	struct ipmi_env *env;
	struct bmc *bmc;
	struct bmc_more *more;
};

static struct world world;

static int
setup(void **state)
{
	static const struct ipmi_account account = { "farm", "admin",
						     "secret" };
	char address[BMC_ADDRESS_MAX];
	const struct bmc_target target = { .address = address,
					   .cipher_suite = 17,
					   .privilege = IPMI_OPERATOR };

	(void)state;
	ipmi_farm_start(&world.farm, 1);
	world.loop = loop_new();
	world.env = ipmi_env_new(world.loop, NULL);
	snprintf(address, sizeof(address), "127.0.92.1:%u", world.farm.port);
	world.bmc = bmc_new_lan(world.env, &target, &account, NULL);
	world.more = bmc_more_new(world.bmc);
	return world.bmc == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	bmc_free(world.bmc);
	bmc_more_free(world.more);
	ipmi_env_free(world.env);
	loop_free(world.loop);
	ipmi_farm_stop(&world.farm);
	return 0;
}

/* The last of the questions has been answered. */
static bool
is_done(void *arg)
{
	(void)arg;
	return bmc_more_row(world.more)->watchdog_present;
}

static void
sensors_watts_log_and_watchdog_are_asked_for(void **state)
{
	const struct sensor_list *list = bmc_more_sensors(world.more);
	const struct detail_bmc *row = bmc_more_row(world.more);
	unsigned read = 0;

	(void)state;
	assert_int_equal(list->n, 0);
	assert_false(row->power_present);
	bmc_more_ask(world.more, clock_mono_ms());
	assert_true(run_until(world.loop, is_done, NULL, 20000));
	assert_true(list->n > 5);
	for (size_t i = 0; i < list->n; i++) {
		assert_string_not_equal(list->raws[i].key, "");
		assert_int_equal(list->raws[i].source, DETAIL_SENSOR_IPMI);
		assert_true(list->raws[i].read_ms > 0);
		read += list->raws[i].status == DETAIL_SENSOR_OK;
	}
	assert_true(read > 3);
	assert_true(row->power_present);
	assert_true(row->now_w > 0);
	assert_true(row->sel_present);
	assert_in_range(row->sel_percent, 0, 100);
	assert_false(row->watchdog_running);
}

static void
it_is_not_asked_again_before_its_time(void **state)
{
	int64_t read_ms = bmc_more_sensors(world.more)->raws[0].read_ms;

	(void)state;
	bmc_more_ask(world.more, clock_mono_ms());
	run_until(world.loop, until_never, NULL, 300);
	assert_int_equal(bmc_more_sensors(world.more)->raws[0].read_ms,
			 read_ms);
}

static void
what_a_silent_bmc_said_does_not_hold(void **state)
{
	const struct sensor_list *list = bmc_more_sensors(world.more);

	(void)state;
	bmc_more_doubt(world.more, "no answer in 1.4 s");
	for (size_t i = 0; i < list->n; i++) {
		assert_int_equal(list->raws[i].status,
				 DETAIL_SENSOR_UNAVAILABLE);
		assert_int_equal(list->raws[i].health, HEALTH_UNKNOWN);
		assert_string_equal(list->raws[i].text, "no answer in 1.4 s");
	}
	assert_false(bmc_more_row(world.more)->power_present);
	assert_false(bmc_more_row(world.more)->sel_present);
}

static void
it_may_end_in_the_middle(void **state)
{
	(void)state;
	bmc_more_ask(world.more, clock_mono_ms() + BMC_MORE_PERIOD_MS);
	run_until(world.loop, until_never, NULL, 2);
	/* The teardown frees the BMC, which calls back. */
}

static void
an_event_log_is_told_with_how_full_it_is(void **state)
{
	/* 10 entries, 96 bytes free, overflow. */
	const uint8_t data[14] = { 0x51, 10, 0, 96, 0, 0, 0,
				   0,    0,  0, 0,  0, 0, 0x80 };
	struct detail_bmc row = { 0 };

	(void)state;
	bmc_more_take_log(data, sizeof(data), &row);
	assert_true(row.sel_present);
	assert_int_equal(row.sel_entries, 10);
	assert_int_equal(row.sel_percent, 62);
	assert_true(row.sel_overflow);
	bmc_more_take_log(data, sizeof(data) - 1, &row);
	assert_false(row.sel_present);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sensors_watts_log_and_watchdog_are_asked_for),
		cmocka_unit_test(it_is_not_asked_again_before_its_time),
		cmocka_unit_test(what_a_silent_bmc_said_does_not_hold),
		cmocka_unit_test(an_event_log_is_told_with_how_full_it_is),
		cmocka_unit_test(it_may_end_in_the_middle),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
