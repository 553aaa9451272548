/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The levels of a host, over BMCs of the farm and the outlets of a real snmpd:
 * what is turned off, what is proved, and what is never called proved.
 */
#include "tests/unit/coordinator/fence_site.h"

static void
assert_in_doubt(const char *text)
{
	const struct reg_host *h = &world.co.reg.hosts[0];

	json_decref(told("fence-failed", text));
	assert_int_not_equal(h->off_reads, 2);
	assert_int_not_equal(h->power, POWER_OFF);
}

static void
a_bmc_that_works_leaves_the_outlets_alone(void **state)
{
	(void)state;
	open_site();
	unsigned before = pdu_sim_switches(&world.pdu, LEFT);
	fence();
	assert_proved("BMC: off, read twice");
	assert_int_equal(pdu_sim_switches(&world.pdu, LEFT), before);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "on"));
}

static void
where_the_bmc_is_silent_both_outlets_are_turned_off(void **state)
{
	(void)state;
	tell("0 silent 1");
	open_site();
	fence();
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "off"));
	assert_proved("supplies/right: off, read twice");

	json_t *detail = told("fence-done", "BMC: ");
	json_t *levels = json_object_get(detail, "levels");
	/* Its BMC; two outlets; and all three once more. */
	assert_int_equal(json_array_size(levels), 6);
	assert_true(json_is_null(json_object_get(detail, "bmc")));
	json_decref(detail);
}

static void
a_stuck_chassis_loses_its_outlets_and_its_bmc_with_them(void **state)
{
	(void)state;
	tell("0 stuck 1");
	world.bmc_needs_outlets = true;
	open_site();
	run_for(300);
	fence();
	assert_proved("supplies/left: off, read twice");
	assert_int_equal(number_of("0 state", "offs ") > 0, 1);
}

/* Somebody counted the outlets wrong. */
static void
outlets_of_another_host_prove_nothing_while_the_bmc_says_on(void **state)
{
	(void)state;
	tell("0 stuck 1");
	open_site();
	run_for(300);
	fence();
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_in_doubt("BMC: says on after that");
	assert_int_equal(world.co.reg.hosts[0].power, POWER_ON);
}

static void
one_supply_of_two_is_not_enough(void **state)
{
	(void)state;
	tell("0 silent 1");
	pdu_sim_spoil(&world.pdu, "stuck.2", true);
	open_site();
	fence();
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_in_doubt("supplies/right: still on after");
	/* And it may be turned off there yet. */
	assert_true(world.co.reg.hosts[0].fed);
}

static void
a_bmc_of_another_host_is_not_touched_and_the_outlets_are(void **state)
{
	(void)state;
	tell("0 guid 00112233445566778899aabbccddeeff");
	world.host.bmc.guid = "00112233445566778899aabbccddee00";
	open_site();
	run_for(300);
	unsigned offs = number_of("0 state", "offs ");
	fence();
	assert_proved("BMC: this BMC is another host's");
	assert_int_equal(number_of("0 state", "offs "), offs);
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "off"));
}

static void
a_second_bmc_is_a_level_like_others(void **state)
{
	(void)state;
	tell("0 silent 1");
	world.levels[0] = chassis();
	world.levels[1] = supplies();
	world.host.n_levels = 2;
	open_site();
	unsigned before = pdu_sim_switches(&world.pdu, LEFT);
	fence();
	assert_proved("chassis: off, read twice");
	assert_int_equal(pdu_sim_switches(&world.pdu, LEFT), before);
	json_t *detail = told("fence-done", "chassis");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(detail, "bmc"), "address")),
			    world.second);
	json_decref(detail);
}

static void
a_host_without_a_bmc_is_fenced_by_its_outlets(void **state)
{
	(void)state;
	world.host.has_bmc = false;
	open_site();
	fence();
	assert_proved("supplies/left: off, read twice");
	assert_null(power_bmc(&world.co, 0));
	assert_null(power_readiness(&world.co, 0));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_bmc_that_works_leaves_the_outlets_alone),
		CASE(where_the_bmc_is_silent_both_outlets_are_turned_off),
		CASE(a_stuck_chassis_loses_its_outlets_and_its_bmc_with_them),
		CASE(outlets_of_another_host_prove_nothing_while_the_bmc_says_on),
		CASE(one_supply_of_two_is_not_enough),
		CASE(a_bmc_of_another_host_is_not_touched_and_the_outlets_are),
		CASE(a_second_bmc_is_a_level_like_others),
		CASE(a_host_without_a_bmc_is_fenced_by_its_outlets),
	};

	return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
