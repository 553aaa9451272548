/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The levels of a host beside its fence: probes, the way back on, what is told
 * of an outlet.
 */
#include "tests/unit/coordinator/fence_site.h"

static void
a_silent_bmc_and_outlets_that_are_on_mean_fed(void **state)
{
	struct reg_host *h;

	(void)state;
	tell("0 silent 1");
	open_site();
	h = &world.co.reg.hosts[0];
	power_probe(&world.co, 0);
	run_for(2500);
	assert_true(h->fed);
	assert_int_equal(h->power, POWER_UNKNOWN);
	/* A BMC that answers tells more. */
	tell("0 silent 0");
	for (int i = 0; i < 20 && h->fed; i++) {
		power_probe(&world.co, 0);
		run_for(500);
	}
	assert_false(h->fed);
	assert_int_equal(h->power, POWER_ON);
}

static void
the_proof_of_outlets_can_be_renewed(void **state)
{
	struct reg_host *h;

	(void)state;
	tell("0 silent 1");
	open_site();
	h = &world.co.reg.hosts[0];
	fence();
	int64_t read_ms = h->power_ms;
	power_probe(&world.co, 0);
	run_for(2500);
	assert_int_equal(h->off_reads, 2);
	assert_true(h->power_ms > read_ms);
	/* Somebody switches it on. */
	pdu_sim_set(&world.pdu, RIGHT, "on");
	power_probe(&world.co, 0);
	run_for(2500);
	assert_int_not_equal(h->power, POWER_OFF);
}

static void
took_on(void *arg, const struct power_result *result)
{
	(void)arg;
	world.ons++;
	world.on = *result;
}

static void
power_on_gives_the_outlets_back_first(void **state)
{
	(void)state;
	tell("0 silent 1");
	open_site();
	fence();
	assert_proved("supplies/left");
	/* The chassis lost its power with them, and its BMC. */
	tell("0 power off");
	world.bmc_needs_outlets = true;
	assert_true(power_order_on(&world.co, 0, took_on, NULL));
	for (int i = 0; i < 3000 && world.ons == 0; i++) {
		feed_bmc();
		run_for(20);
	}
	assert_int_equal(world.ons, 1);
	assert_int_equal(world.on.rc, IPMI_OK);
	assert_int_equal(world.on.power, IPMI_POWER_ON);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "on"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "on"));
}

/* Another coordinator finds them off. */
static void
power_on_gives_back_what_an_earlier_coordinator_took(void **state)
{
	(void)state;
	pdu_sim_set(&world.pdu, LEFT, "off");
	pdu_sim_set(&world.pdu, RIGHT, "off");
	tell("0 power off");
	tell("0 silent 1");
	world.bmc_needs_outlets = true;
	open_site();
	run_for(READINESS_FIRST_MS + 2000);
	assert_true(power_order_on(&world.co, 0, took_on, NULL));
	for (int i = 0; i < 3000 && world.ons == 0; i++) {
		feed_bmc();
		run_for(20);
	}
	assert_int_equal(world.on.rc, IPMI_OK);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "on"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "on"));
}

static void
a_fence_ends_a_power_on_that_waits_for_outlets(void **state)
{
	(void)state;
	world.host.has_bmc = true;
	tell("0 silent 1");
	open_site();
	fence();
	pdu_sim_freeze(&world.pdu, true);
	assert_true(power_order_on(&world.co, 0, took_on, NULL));
	run_for(300);
	assert_int_equal(world.ons, 0);
	start_fence();
	assert_int_equal(world.ons, 1);
	assert_int_equal(world.on.rc, IPMI_CANCELLED);
	pdu_sim_freeze(&world.pdu, false);
	wait_for_fence();
	run_for(500);
	assert_int_equal(world.ons, 1);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "off"));
}

static void
closing_in_the_midst_leaves_nothing_behind(void **state)
{
	(void)state;
	tell("0 silent 1");
	pdu_sim_freeze(&world.pdu, true);
	open_site();
	power_probe(&world.co, 0);
	run_for(50);
	start_fence();
	run_for(3500); /* the second level */
}

static void
an_outlet_that_says_off_while_its_host_lives_is_told(void **state)
{
	struct reg_host *h;

	(void)state;
	pdu_sim_set(&world.pdu, LEFT, "off");
	open_site();
	h = &world.co.reg.hosts[0];
	for (int i = 0; i < 40 && h->bmc_trouble[0] == '\0'; i++) {
		run_for(500);
		h->link = LINK_OK;
		h->heard_ms = clock_mono_ms();
		power_check_health(&world.co);
	}
	if (strstr(h->bmc_trouble, "supplies/left says off while") == NULL)
		fail_msg("told: %s", h->bmc_trouble);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_silent_bmc_and_outlets_that_are_on_mean_fed),
		CASE(the_proof_of_outlets_can_be_renewed),
		CASE(power_on_gives_the_outlets_back_first),
		CASE(power_on_gives_back_what_an_earlier_coordinator_took),
		CASE(a_fence_ends_a_power_on_that_waits_for_outlets),
		CASE(closing_in_the_midst_leaves_nothing_behind),
		CASE(an_outlet_that_says_off_while_its_host_lives_is_told),
	};

	return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
