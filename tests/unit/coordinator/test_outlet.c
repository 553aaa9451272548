/* SPDX-License-Identifier: Apache-2.0 */
/* Outlets of a PDU, which is a real snmpd: each fault and what is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/outlet.h"
#include "tests/support/pdu_sim.h"

enum { FIRST = 1, SECOND = 2, PATIENCE_MS = 60000 };

static struct world {
	struct pdu_sim sim;
	struct loop *loop;
	struct poller *poller;
	struct pdu *pdu;
	struct outlet *first, *second, *third;
	unsigned ended;
	struct power_result result;
} world;

/* --- the PDU ------------------------------------------------------------- */

static void
add_account(const char *name, const char *auth)
{
	struct snmp_account account = { .user = PDU_SIM_USER,
					.priv_password = PDU_SIM_PRIV,
					.auth = "SHA-256",
					.priv = "AES" };
	struct err err = { "" };

	snprintf(account.name, sizeof(account.name), "%s", name);
	snprintf(account.auth_password, sizeof(account.auth_password), "%s",
		 auth);
	if (poller_add_account(world.poller, &account, &err) < 0)
		fail_msg("%s", err.text);
}

static int
start_server(void **state)
{
	struct err err = { "" };

	(void)state;
	log_start("test_outlet", LOG_LEVEL_ERROR);
	if (!pdu_sim_start(&world.sim, 2)) {
		print_message("no snmpd here\n");
		return -1;
	}
	return snmp_engine_start("test_outlet", NULL, &err);
}

static int
stop_server(void **state)
{
	(void)state;
	pdu_sim_stop(&world.sim);
	return 0;
}

static int
set_up_as(const char *account, const struct pdu_kind *kind)
{
	struct world *w = &world;
	struct err err = { "" };

	w->loop = loop_new();
	w->poller = poller_new(w->loop, NULL);
	add_account("pdus", PDU_SIM_AUTH);
	add_account("wrong", "another password");
	w->pdu = pdu_new(w->loop, w->poller, w->sim.address, account, kind,
			 &err);
	if (w->pdu == NULL)
		fail_msg("%s", err.text);
	w->first = outlet_new(w->loop, w->pdu, "1");
	w->second = outlet_new(w->loop, w->pdu, "2");
	w->third = outlet_new(w->loop, w->pdu, "3"); /* there is none */
	w->ended = 0;
	pdu_sim_set(&w->sim, FIRST, "on");
	pdu_sim_set(&w->sim, SECOND, "on");
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	return set_up_as("pdus", &pdu_kinds[1]);
}

static int
set_up_refused(void **state)
{
	(void)state;
	return set_up_as("wrong", &pdu_kinds[1]);
}

static int
tear_down(void **state)
{
	struct world *w = &world;

	(void)state;
	pdu_sim_freeze(&w->sim, false);
	pdu_sim_spoil(&w->sim, "stuck.1", false);
	pdu_sim_spoil(&w->sim, "foolish", false);
	outlet_free(w->first);
	outlet_free(w->second);
	outlet_free(w->third);
	pdu_free(w->pdu);
	poller_free(w->poller);
	loop_free(w->loop);
	return 0;
}

static void
took(void *arg, const struct power_result *result)
{
	(void)arg;
	world.ended++;
	world.result = *result;
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

static const struct power_result *
wait_for(unsigned ended)
{
	int64_t from_ms = clock_mono_ms();

	while (world.ended < ended) {
		if (clock_mono_ms() - from_ms > PATIENCE_MS)
			fail_msg("it does not end");
		run_for(10);
	}
	assert_int_equal(world.ended, ended);
	return &world.result;
}

static void
assert_says(const struct power_result *result, enum ipmi_rc rc,
	    enum ipmi_power power, const char *text)
{
	if (result->rc != rc || result->power != power ||
	    strstr(result->text, text) == NULL)
		fail_msg("%s, %s: %s", ipmi_rc_name(result->rc),
			 ipmi_power_name(result->power), result->text);
	if (power != IPMI_POWER_OFF || rc != IPMI_OK)
		assert_false(result->verified &&
			     result->power == IPMI_POWER_OFF);
}

/* --- cases --------------------------------------------------------------- */

static void
turned_off_and_read_twice(void **state)
{
	const struct power_result *r;

	(void)state;
	assert_true(outlet_turn_off(world.first, 8000, took, NULL));
	r = wait_for(1);
	assert_says(r, IPMI_OK, IPMI_POWER_OFF, "off, read twice");
	assert_true(r->verified);
	assert_int_equal(r->commands_sent, 1);
	assert_true(r->last_read_ms - r->first_read_ms >= POWER_VERIFY_GAP_MS);
	assert_true(pdu_sim_is(&world.sim, FIRST, "off"));
	assert_true(pdu_sim_is(&world.sim, SECOND, "on"));
}

static void
off_already_is_proved_without_a_command(void **state)
{
	unsigned before = pdu_sim_switches(&world.sim, FIRST);

	(void)state;
	pdu_sim_set(&world.sim, FIRST, "off");
	assert_true(outlet_turn_off(world.first, 8000, took, NULL));
	assert_says(wait_for(1), IPMI_OK, IPMI_POWER_OFF, "off, read twice");
	assert_int_equal(world.result.commands_sent, 0);
	assert_int_equal(pdu_sim_switches(&world.sim, FIRST), before);
}

static void
a_proof_switches_nothing(void **state)
{
	unsigned before = pdu_sim_switches(&world.sim, FIRST);

	(void)state;
	assert_true(outlet_prove_off(world.first, 5000, took, NULL));
	assert_says(wait_for(1), IPMI_OK, IPMI_POWER_ON, "on");
	assert_false(world.result.verified);
	pdu_sim_set(&world.sim, FIRST, "off");
	assert_true(outlet_prove_off(world.first, 5000, took, NULL));
	assert_says(wait_for(2), IPMI_OK, IPMI_POWER_OFF, "off, read twice");
	assert_int_equal(pdu_sim_switches(&world.sim, FIRST), before);
}

static void
one_that_does_not_obey_is_stuck(void **state)
{
	unsigned before = pdu_sim_switches(&world.sim, FIRST);

	(void)state;
	pdu_sim_spoil(&world.sim, "stuck.1", true);
	assert_true(outlet_turn_off(world.first, 6000, took, NULL));
	assert_says(wait_for(1), IPMI_STUCK, IPMI_POWER_ON, "still on after");
	assert_int_equal(world.result.commands_sent, 2);
	assert_int_equal(pdu_sim_switches(&world.sim, FIRST), before + 2);
}

static void
a_pdu_that_is_silent_tells_nothing(void **state)
{
	(void)state;
	pdu_sim_freeze(&world.sim, true);
	assert_true(outlet_turn_off(world.first, 2500, took, NULL));
	assert_says(wait_for(1), IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, "no answer");
	/* Off was sent all the same, and comes true when it wakes up. */
	assert_true(world.result.commands_sent > 0);
}

/* Kinds are easily mixed up. */
static void
a_number_that_means_nothing_is_not_off(void **state)
{
	(void)state;
	pdu_sim_spoil(&world.sim, "foolish", true);
	assert_true(outlet_turn_off(world.first, 2000, took, NULL));
	assert_says(wait_for(1), IPMI_BAD_REPLY, IPMI_POWER_UNKNOWN,
		    "neither on nor off");
}

static void
an_outlet_that_is_not_there_is_not_off(void **state)
{
	(void)state;
	assert_true(outlet_turn_off(world.third, 2000, took, NULL));
	assert_says(wait_for(1), IPMI_BAD_REPLY, IPMI_POWER_UNKNOWN,
		    "no such object");
}

static void
a_wrong_password_is_told(void **state)
{
	(void)state;
	assert_true(outlet_prove_off(world.first, 2000, took, NULL));
	assert_says(wait_for(1), IPMI_AUTH, IPMI_POWER_UNKNOWN,
		    "SNMP account wrong was refused");
}

static void
turning_off_ends_what_runs_and_a_proof_gives_way(void **state)
{
	(void)state;
	pdu_sim_freeze(&world.sim, true);
	assert_true(outlet_turn_on(world.first, 5000, took, NULL));
	assert_false(outlet_prove_off(world.first, 5000, took, NULL));
	assert_true(outlet_turn_off(world.first, 5000, took, NULL));
	assert_int_equal(world.ended, 1);
	assert_int_equal(world.result.rc, IPMI_CANCELLED);
	assert_false(outlet_turn_on(world.first, 5000, took, NULL));
	assert_true(outlet_prove_off(world.second, 5000, took, NULL));
	assert_true(outlet_turn_on(world.second, 5000, took, NULL));
	assert_int_equal(world.ended, 2);
	assert_int_equal(world.result.rc, IPMI_CANCELLED);
	pdu_sim_freeze(&world.sim, false);
	wait_for(4);
	assert_true(pdu_sim_is(&world.sim, FIRST, "off"));
	assert_true(pdu_sim_is(&world.sim, SECOND, "on"));
}

/* A switch that is on its way may yet undo what is read. */
static void
no_off_counts_soon_after_an_on_was_sent(void **state)
{
	int64_t from_ms = clock_mono_ms();

	(void)state;
	pdu_sim_set(&world.sim, FIRST, "off");
	pdu_sim_spoil(&world.sim, "stuck.1", true);
	assert_true(outlet_turn_on(world.first, 1000, took, NULL));
	assert_says(wait_for(1), IPMI_STUCK, IPMI_POWER_UNKNOWN, "still off");
	assert_true(outlet_turn_off(world.first, 20000, took, NULL));
	assert_says(wait_for(2), IPMI_OK, IPMI_POWER_OFF, "off, read twice");
	assert_true(world.result.first_read_ms - from_ms >= OUTLET_SETTLE_MS);
}

static void
many_outlets_of_one_pdu_wait_for_each_other(void **state)
{
	(void)state;
	assert_true(outlet_turn_off(world.first, 8000, took, NULL));
	assert_true(outlet_turn_off(world.second, 8000, took, NULL));
	wait_for(2);
	assert_true(pdu_sim_is(&world.sim, FIRST, "off"));
	assert_true(pdu_sim_is(&world.sim, SECOND, "off"));
}

static void
the_end_in_the_midst_calls_back(void **state)
{
	(void)state;
	pdu_sim_freeze(&world.sim, true);
	assert_true(outlet_turn_off(world.first, 8000, took, NULL));
	run_for(100);
	outlet_free(world.first);
	world.first = NULL;
	assert_int_equal(world.ended, 1);
	assert_says(&world.result, IPMI_CANCELLED, IPMI_POWER_UNKNOWN,
		    "cancelled");
}

static void
oids_and_numbers_are_checked(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(pdu_check_oid("1.3.6.1.4.1.318", &err), 0);
	assert_int_equal(pdu_check_oid(".1.3.6", &err), -EINVAL);
	assert_int_equal(pdu_check_oid("1.3.6.", &err), -EINVAL);
	assert_int_equal(pdu_check_oid("1..3.6", &err), -EINVAL);
	assert_int_equal(pdu_check_oid("1.3.4294967296", &err), -EINVAL);
	assert_int_equal(pdu_check_oid("iso.org.dod", &err), -EINVAL);
	assert_int_equal(pdu_check_oid("", &err), -EINVAL);
	assert_int_equal(pdu_check_outlet("7", &err), 0);
	assert_int_equal(pdu_check_outlet("1.7", &err), 0);
	assert_int_equal(pdu_check_outlet("-7", &err), -EINVAL);
	assert_int_equal(pdu_check_outlet("7a", &err), -EINVAL);
	assert_int_equal(pdu_check_outlet("1.2.3.4.5", &err), -EINVAL);
	assert_int_equal(pdu_check_outlet("", &err), -EINVAL);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(turned_off_and_read_twice),
		CASE(off_already_is_proved_without_a_command),
		CASE(a_proof_switches_nothing),
		CASE(one_that_does_not_obey_is_stuck),
		CASE(a_pdu_that_is_silent_tells_nothing),
		CASE(a_number_that_means_nothing_is_not_off),
		CASE(an_outlet_that_is_not_there_is_not_off),
		cmocka_unit_test_setup_teardown(a_wrong_password_is_told,
						set_up_refused, tear_down),
		CASE(turning_off_ends_what_runs_and_a_proof_gives_way),
		CASE(no_off_counts_soon_after_an_on_was_sent),
		CASE(many_outlets_of_one_pdu_wait_for_each_other),
		CASE(the_end_in_the_midst_calls_back),
		cmocka_unit_test(oids_and_numbers_are_checked),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
