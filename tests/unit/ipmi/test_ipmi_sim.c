/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real transport against a real ipmi_sim: real time, real RMCP+.  Upper
 * bounds are wide, for busy machines; what it took is printed.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"
#include "ipmi/power.h"
#include "ipmi/request.h"
#include "ipmi/sel.h"
#include "ipmi/sensors.h"
#include "ipmi/watchdog.h"
#include "tests/support/ipmi_sim.h"

enum { PATIENCE_MS = 60000, LOOK_MS = 2, SESSIONS_OF_THE_SIM = 63 };

static struct world {
	struct ipmi_sim sim;
	struct loop *loop;
	struct ipmi_env *env;
	struct bmc *bmc;
} world;

static struct ipmi_account good = { "lab", "admin", "secret" };
static struct ipmi_account bad = { "lab", "admin", "wrong" };
static struct ipmi_account nobody = { "lab", "nobody", "secret" };

/* --- waiting ------------------------------------------------------------- */

struct wait {
	bool (*done)(const void *arg);
	const void *arg;
	int64_t end_ms;
	bool ok;
	struct loop_timer *timer;
};

static void
look(void *arg)
{
	struct wait *wait = arg;

	wait->ok = wait->done(wait->arg);
	if (wait->ok || clock_mono_ms() >= wait->end_ms)
		loop_stop(world.loop);
	else
		loop_timer_start(wait->timer, LOOK_MS);
}

static bool
wait_for(bool (*done)(const void *arg), const void *arg, int64_t ms)
{
	struct wait wait = { done, arg, clock_mono_ms() + ms, false, NULL };

	wait.timer = loop_timer_new(world.loop, look, &wait);
	loop_timer_start(wait.timer, 0);
	loop_run(world.loop);
	loop_timer_free(wait.timer);
	return wait.ok;
}

static bool
never(const void *arg)
{
	(void)arg;
	return false;
}

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

typedef uint64_t (*ask_fn)(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
			   void *arg);

static bool
has_ended(const void *arg)
{
	return ((const struct outcome *)arg)->calls > 0;
}

static struct power_result
ask(ask_fn fn, int64_t deadline_ms)
{
	static struct outcome outcome;

	outcome = (struct outcome){ 0 };
	assert_true(fn(world.bmc, deadline_ms, take, &outcome) != 0);
	while (outcome.calls == 0 && wait_for(has_ended, &outcome, PATIENCE_MS))
		;
	assert_int_equal(outcome.calls, 1);
	return outcome.result;
}

static bool
is_state(const void *arg)
{
	struct bmc_health health;

	bmc_get_health(world.bmc, &health);
	return health.state == *(const enum bmc_state *)arg;
}

static bool
knows_guid(const void *arg)
{
	struct bmc_health health;

	(void)arg;
	bmc_get_health(world.bmc, &health);
	return health.has_guid;
}

static void
assert_becomes(enum bmc_state state)
{
	struct bmc_health health;

	if (!wait_for(is_state, &state, PATIENCE_MS)) {
		bmc_get_health(world.bmc, &health);
		fail_msg("is %s, not %s: %s", bmc_state_name(health.state),
			 bmc_state_name(state), health.error);
	}
}

/* --- fixture ------------------------------------------------------------- */

static int
set_up(void **state)
{
	struct err err = { "" };

	(void)state;
	ipmi_sim_init(&world.sim);
	ipmi_sim_start(&world.sim);
	world.loop = loop_new();
	world.env = ipmi_env_new(world.loop, &err);
	if (world.env == NULL)
		print_error("%s\n", err.text);
	return world.env == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	bmc_free(world.bmc);
	world.bmc = NULL;
	ipmi_env_free(world.env);
	loop_free(world.loop);
	ipmi_sim_done(&world.sim);
	return 0;
}

static void
connect_as(const struct ipmi_account *account)
{
	const struct bmc_target target = { .address = world.sim.address,
					   .cipher_suite = 3 };
	struct err err = { "" };

	world.bmc = bmc_new_lan(world.env, &target, account, &err);
	if (world.bmc == NULL)
		fail_msg("%s", err.text);
}

static void
assert_result(const struct power_result *result, enum ipmi_rc rc,
	      enum ipmi_power power)
{
	if (result->rc != rc || result->power != power)
		fail_msg("%s, %s: %s", ipmi_rc_name(result->rc),
			 ipmi_power_name(result->power), result->text);
}

/* --- tests --------------------------------------------------------------- */

static void
status_off_and_on_work_with_suite_3(void **state)
{
	(void)state;
	int64_t began_ms = clock_mono_ms();
	connect_as(&good);
	struct power_result result = ask(power_read, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_ON);
	int64_t cold_ms = clock_mono_ms() - began_ms;

	result = ask(power_read, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_ON);
	int64_t warm_ms = result.done_ms - result.asked_ms;

	result = ask(power_prove_off, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_ON);

	result = ask(power_turn_off, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_OFF);
	assert_true(result.verified);
	assert_false(ipmi_sim_is_on(&world.sim));
	int64_t fence_ms = result.done_ms - result.asked_ms;

	result = ask(power_prove_off, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_OFF);
	assert_true(result.verified);
	int64_t prove_ms = result.done_ms - result.asked_ms;

	result = ask(power_turn_off, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_OFF);
	assert_int_equal(result.commands_sent, 0);

	result = ask(power_turn_on, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_ON);
	assert_true(ipmi_sim_is_on(&world.sim));
	print_message("ms: cold connect and status %lld, warm status %lld, "
		      "prove off %lld, fence %lld\n",
		      (long long)cold_ms, (long long)warm_ms,
		      (long long)prove_ms, (long long)fence_ms);
}

static void
the_bmc_tells_who_it_is(void **state)
{
	struct bmc_health health;
	char guid[BMC_GUID_TEXT];

	(void)state;
	connect_as(&good);
	assert_true(wait_for(knows_guid, NULL, PATIENCE_MS));
	bmc_get_health(world.bmc, &health);
	bmc_format_guid(health.guid, guid);
	assert_string_equal(guid, "a123456789abcdefa123456789abcdef");
	assert_true(health.has_device);
	/* The manufacturer of the emulator's file, low byte first. */
	assert_int_equal(health.device[6], 0x91);
	assert_int_equal(health.device[7], 0x12);
}

static void
an_off_that_takes_its_time_is_waited_for(void **state)
{
	(void)state;
	connect_as(&good);
	ipmi_sim_set_delay(&world.sim, "0.8");
	struct power_result result = ask(power_turn_off, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_OFF);
	assert_true(result.done_ms - result.asked_ms >= 1050);
	print_message("ms: fence with 800 ms hardware %lld\n",
		      (long long)(result.done_ms - result.asked_ms));
}

static void
a_chassis_that_does_not_obey_is_stuck(void **state)
{
	(void)state;
	connect_as(&good);
	ipmi_sim_set_stuck(&world.sim, true);
	struct power_result result = ask(power_turn_off, 6000);
	assert_result(&result, IPMI_STUCK, IPMI_POWER_ON);
	assert_int_equal(result.commands_sent, 2);
}

static void
a_wrong_password_is_auth_three_times_and_then_quarantine(void **state)
{
	(void)state;
	connect_as(&bad);
	for (int i = 0; i < BMC_AUTH_FAILURES; i++) {
		struct power_result result = ask(power_read, 20000);
		assert_result(&result, IPMI_AUTH, IPMI_POWER_UNKNOWN);
		assert_non_null(strstr(result.text, "password"));
	}
	assert_becomes(BMC_QUARANTINED);
	struct power_result result = ask(power_turn_off, 20000);
	assert_result(&result, IPMI_QUARANTINED, IPMI_POWER_UNKNOWN);
}

static void
an_unknown_user_is_auth(void **state)
{
	(void)state;
	connect_as(&nobody);
	struct power_result result = ask(power_read, 20000);
	assert_result(&result, IPMI_AUTH, IPMI_POWER_UNKNOWN);
}

static void
a_stopped_bmc_times_out_at_the_deadline_and_comes_back(void **state)
{
	(void)state;
	connect_as(&good);
	struct power_result result = ask(power_read, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_ON);
	ipmi_sim_set(&world.sim, false);

	kill(world.sim.pid, SIGSTOP);
	result = ask(power_prove_off, 0);
	assert_result(&result, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN);
	assert_in_range(result.done_ms - result.asked_ms,
			POWER_PROVE_DEADLINE_MS, POWER_PROVE_DEADLINE_MS + 500);
	result = ask(power_turn_off, 3000);
	assert_result(&result, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN);
	assert_becomes(BMC_SILENT);

	kill(world.sim.pid, SIGCONT);
	int64_t began_ms = clock_mono_ms();
	assert_becomes(BMC_UP);
	print_message("ms: up again after %lld\n",
		      (long long)(clock_mono_ms() - began_ms));
	result = ask(power_prove_off, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_OFF);
	assert_true(result.verified);
}

static void
a_restarted_bmc_gets_a_new_session_within_the_question(void **state)
{
	struct bmc_health health;

	(void)state;
	connect_as(&good);
	struct power_result result = ask(power_read, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_ON);
	ipmi_sim_kill(&world.sim);
	ipmi_sim_start(&world.sim);
	result = ask(power_read, 20000);
	assert_result(&result, IPMI_OK, IPMI_POWER_ON);
	print_message("ms: status after a restart %lld\n",
		      (long long)(result.done_ms - result.asked_ms));
	bmc_get_health(world.bmc, &health);
	assert_int_equal(health.sessions, 2);
}

static void
a_bmc_that_is_not_there_times_out(void **state)
{
	(void)state;
	ipmi_sim_kill(&world.sim);
	connect_as(&good);
	struct power_result result = ask(power_prove_off, 0);
	assert_result(&result, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN);
	assert_becomes(BMC_SILENT);
}

static void
sessions_are_closed_so_that_the_bmc_does_not_run_out_of_them(void **state)
{
	(void)state;
	for (int i = 0; i < SESSIONS_OF_THE_SIM + 7; i++) {
		connect_as(&good);
		struct power_result result = ask(power_read, 20000);
		assert_result(&result, IPMI_OK, IPMI_POWER_ON);
		bmc_free(world.bmc);
		world.bmc = NULL;
	}
}

static void
freeing_in_the_middle_of_everything_leaves_nothing(void **state)
{
	static struct outcome outcome;

	(void)state;
	for (int ms = 0; ms < 12; ms++) {
		outcome = (struct outcome){ 0 };
		connect_as(&good);
		power_turn_on(world.bmc, 0, take, &outcome);
		wait_for(never, NULL, ms);
		bmc_free(world.bmc);
		world.bmc = NULL;
		assert_int_equal(outcome.calls, 1);
	}
}

static void
what_is_no_address_and_other_suites_are_refused(void **state)
{
	struct bmc_target target = { .address = "bmc_1.example.net:623",
				     .cipher_suite = 3 };
	struct err err = { "" };

	(void)state;
	assert_null(bmc_new_lan(world.env, &target, &good, &err));
	assert_non_null(strstr(err.text, "not an address"));
	target.address = "127.0.0.1:623";
	target.cipher_suite = 0;
	assert_null(bmc_new_lan(world.env, &target, &good, &err));
	assert_non_null(strstr(err.text, "cipher suite"));
	assert_null(ipmi_env_new(world.loop, &err));
	assert_non_null(strstr(err.text, "in use"));
}

static void
a_missing_local_bmc_is_a_clear_error(void **state)
{
	struct err err = { "" };

	(void)state;
	assert_null(bmc_new_local(world.env, 99, &err));
	assert_non_null(strstr(err.text, "/dev/ipmi99"));
	assert_null(bmc_new_local(world.env, 12345, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* --- another's event log ------------------------------------------------- */

struct log_seen {
	unsigned calls;
	struct sel_result result;
	uint16_t ids[16];
	char text[IPMI_EVENT_TEXT_MAX]; /* of the last */
};

static bool
has_read(const void *arg)
{
	return ((const struct log_seen *)arg)->calls > 0;
}

static void
took_log(void *arg, const struct sel_result *result)
{
	struct log_seen *seen = arg;

	seen->calls++;
	seen->result = *result;
	for (size_t i = 0; i < result->n; i++) {
		seen->ids[i] = result->entries[i].id;
		snprintf(seen->text, sizeof(seen->text), "%s",
			 result->entries[i].text);
	}
}

static const struct log_seen *
read_log(const struct sel_position *from, bool tail, size_t max)
{
	static struct log_seen seen;
	static struct sel_position position;

	if (from != NULL)
		position = *from;
	seen = (struct log_seen){ 0 };
	if (tail)
		assert_non_null(
			sel_tail(world.bmc, max, 20000, took_log, &seen));
	else
		assert_non_null(sel_read(world.bmc,
					 from != NULL ? &position : NULL, max,
					 20000, took_log, &seen));
	assert_true(wait_for(has_read, &seen, PATIENCE_MS));
	if (seen.result.rc != IPMI_OK)
		fail_msg("%s", seen.result.text);
	return &seen;
}

static void
took_any(void *arg, const struct ipmi_reply *reply)
{
	if (reply->rc != IPMI_OK)
		fail_msg("%s", reply->text);
	*(int *)arg = reply->len > 0 ? reply->data[0] : 0;
	loop_stop(world.loop);
}

static int
tell_bmc(uint8_t command, const void *data, size_t len)
{
	const struct ipmi_request request = { 0x0a, command, data, len, false };
	int first = -1;

	bmc_request(world.bmc, &request, 20000, took_any, &first);
	loop_run(world.loop);
	return first;
}

static void
the_event_log_of_another_bmc_is_read(void **state)
{
	static const uint8_t panic[16] = { 0,    0,    2, 0, 0,    0,
					   0,    0x20, 0, 4, 0x20, 0x00,
					   0x6f, 0x01, 0, 0 };
	uint8_t clear[6] = { 0, 0, 'C', 'L', 'R', 0xaa };

	(void)state;
	connect_as(&good);
	assert_int_equal(read_log(NULL, false, 9)->result.n, 0);
	for (int i = 0; i < 5; i++)
		tell_bmc(0x44, panic, sizeof(panic));
	const struct log_seen *seen = read_log(NULL, true, 2);
	assert_int_equal(seen->result.total, 5);
	assert_int_equal(seen->result.n, 2);
	assert_string_equal(seen->text,
			    "operating system 0x00: critical stop (panic)");
	uint16_t last = seen->ids[1];
	struct sel_position position = seen->result.position;
	tell_bmc(0x44, panic, sizeof(panic));
	seen = read_log(&position, false, 9);
	assert_false(seen->result.erased);
	assert_int_equal(seen->result.n, 1);
	assert_int_not_equal(seen->ids[0], last);
	position = seen->result.position;
	assert_int_equal(read_log(NULL, false, 9)->result.n, 6);
	clear[0] = (uint8_t)tell_bmc(0x42, NULL, 0);
	tell_bmc(0x47, clear, sizeof(clear));
	tell_bmc(0x44, panic, sizeof(panic));
	seen = read_log(&position, false, 9);
	assert_true(seen->result.erased);
	assert_int_equal(seen->result.n, 1);
}

struct sensors_seen {
	unsigned calls;
	struct sensors_result result;
	struct sensor first;
};

static bool
has_sensors(const void *arg)
{
	return ((const struct sensors_seen *)arg)->calls > 0;
}

static void
took_sensors(void *arg, const struct sensors_result *result)
{
	struct sensors_seen *seen = arg;

	seen->calls++;
	seen->result = *result;
	if (result->n > 0)
		seen->first = result->sensors[0];
}

static const struct sensors_seen *
read_sensors(struct sensors *sensors)
{
	static struct sensors_seen seen;

	seen = (struct sensors_seen){ 0 };
	assert_true(sensors_read(sensors, 20000, took_sensors, &seen));
	assert_true(wait_for(has_sensors, &seen, PATIENCE_MS));
	if (seen.result.rc != IPMI_OK)
		fail_msg("%s", seen.result.text);
	return &seen;
}

static void
the_sensors_of_another_bmc_are_read(void **state)
{
	(void)state;
	connect_as(&good);
	struct sensors *sensors = sensors_new(world.bmc, NULL);
	const struct sensors_seen *seen = read_sensors(sensors);
	assert_int_equal(seen->result.n, 1);
	assert_int_equal(seen->result.skipped, 0);
	assert_string_equal(seen->first.name, "Core");
	assert_int_equal(seen->first.state, SENSOR_OK);
	assert_int_equal(seen->first.value_micro, 42000000);
	assert_int_equal(seen->first.thresholds[SDR_UPPER_NON_CRITICAL].micro,
			 0x70 * 1000000);
	assert_true(read_sensors(sensors)->result.kept);
	sensors_free(sensors);
}

struct lease_seen {
	unsigned calls;
	struct watchdog_state state;
};

static bool
has_lease(const void *arg)
{
	return ((const struct lease_seen *)arg)->calls > 0;
}

static void
took_lease(void *arg, const struct watchdog_state *state)
{
	struct lease_seen *seen = arg;

	seen->calls++;
	seen->state = *state;
}

static struct watchdog_state
kick(void)
{
	struct lease_seen seen = { 0 };

	watchdog_kick(world.bmc, 20000, took_lease, &seen);
	assert_true(wait_for(has_lease, &seen, PATIENCE_MS));
	return seen.state;
}

/* Its state is not read: ipmi_sim 2.0.33 cuts that answer by two bytes. */
static void
the_watchdog_of_another_bmc_is_armed_and_disarmed(void **state)
{
	struct lease_seen seen = { 0 };

	(void)state;
	connect_as(&good);
	assert_true(kick().lost);
	watchdog_arm(world.bmc, 60000, WATCHDOG_NOTHING, 20000, took_lease,
		     &seen);
	assert_true(wait_for(has_lease, &seen, PATIENCE_MS));
	assert_int_equal(seen.state.rc, IPMI_OK);
	assert_int_equal(kick().rc, IPMI_OK);
	seen.calls = 0;
	watchdog_disarm(world.bmc, 20000, took_lease, &seen);
	assert_true(wait_for(has_lease, &seen, PATIENCE_MS));
	assert_int_equal(seen.state.rc, IPMI_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(status_off_and_on_work_with_suite_3),
		TEST(the_bmc_tells_who_it_is),
		TEST(an_off_that_takes_its_time_is_waited_for),
		TEST(a_chassis_that_does_not_obey_is_stuck),
		TEST(a_wrong_password_is_auth_three_times_and_then_quarantine),
		TEST(an_unknown_user_is_auth),
		TEST(a_stopped_bmc_times_out_at_the_deadline_and_comes_back),
		TEST(a_restarted_bmc_gets_a_new_session_within_the_question),
		TEST(a_bmc_that_is_not_there_times_out),
		TEST(sessions_are_closed_so_that_the_bmc_does_not_run_out_of_them),
		TEST(freeing_in_the_middle_of_everything_leaves_nothing),
		TEST(the_event_log_of_another_bmc_is_read),
		TEST(the_sensors_of_another_bmc_are_read),
		TEST(the_watchdog_of_another_bmc_is_armed_and_disarmed),
		TEST(what_is_no_address_and_other_suites_are_refused),
		TEST(a_missing_local_bmc_is_a_clear_error),
	};
	const char *missing = ipmi_sim_missing();

	log_start("test", getenv("IPMI_TEST_DEBUG") ? LOG_LEVEL_DEBUG
						    : LOG_LEVEL_ERROR);
	if (missing != NULL) {
		printf("SKIP: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
