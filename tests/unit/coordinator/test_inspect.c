/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator reads of a BMC: its sensors and its log, through the API's
 * socket, over a BMC of the farm. */
#include "tests/unit/coordinator/farm_world.h"

#include "scheduler/coordinator/inspect.h"

#define SENSORS "/v1/hosts/h1/sensors"
#define SEL     "/v1/hosts/h1/sel"

enum { N_SENSORS = 11, OPERATORS = 40 };

static const json_t *
sensor(const char *name)
{
	json_t *list = json_object_get(world.body, "sensors"), *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (strcmp(json_string_value(json_object_get(item, "name")),
			   name) == 0)
			return item;
	fail_msg("there is no sensor %s", name);
	return NULL;
}

static const char *
text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "(no text)";
}

static const json_t *
entry(size_t i)
{
	return json_array_get(json_object_get(world.body, "entries"), i);
}

static size_t
count_in(const char *key)
{
	return json_array_size(json_object_get(world.body, key));
}

static void
fill_log(void)
{
	for (int i = 0; i < 25; i++)
		tell("0 sel-add 0x07");
}

/* --- sensors ------------------------------------------------------------- */

static void
all_sensors_are_told_in_whole_numbers_with_their_thresholds(void **state)
{
	(void)state;
	await_session();
	ask(SENSORS);
	assert_int_equal(world.code, 200);
	expect_said("rc", "ok");
	assert_string_equal(said("text"), "");
	assert_int_equal(count_in("sensors"), N_SENSORS);

	const json_t *cpu = sensor("CPU Temp");
	const json_t *limits = json_object_get(cpu, "thresholds_micro");
	assert_int_equal(json_integer_value(
				 json_object_get(cpu, "value_micro")),
			 42000000);
	assert_string_equal(text_in(cpu, "unit"), "degrees C");
	assert_string_equal(text_in(cpu, "state"), "ok");
	assert_string_equal(text_in(cpu, "grade"), "info");
	assert_int_equal(json_object_size(limits), 3);
	assert_int_equal(json_integer_value(
				 json_object_get(limits, "upper_critical")),
			 90000000);
	assert_int_equal(json_integer_value(json_object_get(sensor("N12V"),
							    "value_micro")),
			 -11968000);
}

static void
what_is_passed_or_dark_is_told_as_the_bmc_judges_it(void **state)
{
	(void)state;
	await_session();
	tell("0 sensor 3 0x5c"); /* CPU */
	ask(SENSORS);
	assert_string_equal(text_in(sensor("CPU Temp"), "state"),
			    "upper critical");
	assert_string_equal(text_in(sensor("CPU Temp"), "grade"), "critical");
	tell("0 power off");
	ask(SENSORS);
	/* Never 0, never ok. */
	assert_string_equal(text_in(sensor("Fan 1"), "state"), "unavailable");
	assert_string_equal(text_in(sensor("Fan 1"), "grade"), "unknown");
	assert_true(
		json_is_null(json_object_get(sensor("Fan 1"), "value_micro")));
	assert_true(json_is_null(json_object_get(sensor("Fan 1"), "raw")));
	assert_string_not_equal(text_in(sensor("Fan 1"), "reason"), "");
}

static void
descriptions_are_read_once_and_kept_over_restarts(void **state)
{
	cleanup_free char *folder = xasprintf("%s/sdr", world.dir);

	(void)state;
	await_session();
	ask(SENSORS);
	unsigned records = count_of("records");
	assert_true(records > 0);
	assert_int_equal(access(folder, F_OK), 0);
	ask(SENSORS);
	assert_int_equal(count_of("records"), records);
	world_close();
	world_open();
	await_session();
	ask(SENSORS);
	expect_said("rc", "ok");
	assert_int_equal(count_of("records"), records);
}

/* More of them than a BMC's queue has places. */
static void
many_operators_share_one_reading(void **state)
{
	int fds[OPERATORS];

	(void)state;
	await_session();
	ask(SENSORS);
	unsigned readings = count_of("readings");
	tell("0 slow 20");
	for (size_t i = 0; i < OPERATORS; i++)
		fds[i] = send_get(SENSORS);
	for (size_t i = 0; i < OPERATORS; i++) {
		await_answer(fds[i]);
		assert_int_equal(world.code, 200);
		expect_said("rc", "ok");
		assert_int_equal(count_in("sensors"), N_SENSORS);
	}
	/* One of them, and one more for those who came when it had ended. */
	assert_true(count_of("readings") <= readings + 2 * N_SENSORS);
}

static void
a_silent_bmc_is_told_in_seconds_and_nothing_is_ok(void **state)
{
	int64_t began_ms = clock_mono_ms();

	(void)state;
	tell("0 silent 1");
	ask(SENSORS);
	assert_int_equal(world.code, 200);
	if (strcmp(said("rc"), "ok") == 0)
		fail_msg("a silent BMC is ok");
	assert_string_not_equal(said("text"), "");
	assert_int_equal(count_in("sensors"), 0);
	ask(SEL);
	if (strcmp(said("rc"), "ok") == 0)
		fail_msg("a silent BMC is ok");
	assert_true(json_is_null(json_object_get(world.body, "total")));
	assert_true(json_is_null(json_object_get(world.body, "overflow")));
	assert_true(clock_mono_ms() - began_ms < INSPECT_DEADLINE_MS);
}

static void
a_fence_goes_before_a_reading(void **state)
{
	(void)state;
	await_session();
	tell("0 slow 100"); /* a first reading takes 4 s now */
	int fd = send_get(SENSORS);
	while (count_of("records") < 3)
		run_for(20);
	int64_t began_ms = clock_mono_ms();
	world.co.reg.hosts[0].fencing = true;
	power_fence(&world.co, 0, 1);
	while (world.co.reg.hosts[0].fencing &&
	       clock_mono_ms() - began_ms < PATIENCE_MS)
		run_for(10);
	assert_int_equal(world.co.reg.hosts[0].power, POWER_OFF);
	/* It was not answered before the fence had ended. */
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&readable, 1, 0), 0);
	await_answer(fd);
	expect_said("rc", "ok");
	assert_int_equal(count_in("sensors"), N_SENSORS);
}

/* --- log ----------------------------------------------------------------- */

static void
the_last_entries_are_told_oldest_first(void **state)
{
	(void)state;
	await_session();
	for (int i = 0; i < 25; i++)
		tell(i % 2 == 0 ? "0 sel-add 0x07" : "0 sel-add 0x08");
	ask(SEL);
	expect_said("rc", "ok");
	assert_int_equal(count_in("entries"), 20);
	assert_int_equal(json_integer_value(
				 json_object_get(world.body, "total")),
			 25);
	assert_int_equal(json_integer_value(json_object_get(entry(0), "id")),
			 6);
	assert_int_equal(json_integer_value(json_object_get(entry(19), "id")),
			 25);
	assert_string_equal(text_in(entry(19), "grade"), "critical");
	assert_string_equal(text_in(entry(18), "grade"), "info");
	assert_non_null(strstr(text_in(entry(19), "text"), "processor"));
	assert_true(json_integer_value(json_object_get(entry(19), "time_s")) >
		    1500000000);
	assert_int_equal(strlen(text_in(entry(19), "record")), 32);
	ask(SEL "?n=3");
	assert_int_equal(count_in("entries"), 3);
	assert_int_equal(json_integer_value(json_object_get(entry(0), "id")),
			 23);
}

static void
an_empty_log_is_told_as_empty(void **state)
{
	(void)state;
	await_session();
	ask(SEL "?n=256");
	expect_said("rc", "ok");
	assert_int_equal(count_in("entries"), 0);
	assert_true(json_is_integer(json_object_get(world.body, "total")));
}

/* Each gets as many as he asked for, whoever was first. */
static void
operators_who_want_more_or_less_are_all_served(void **state)
{
	static const unsigned wants[] = { 3, 20, 1, 25, 5, 20 };
	enum { N = sizeof(wants) / sizeof(wants[0]) };
	int fds[N];

	(void)state;
	await_session();
	fill_log();
	tell("0 slow 10");
	for (size_t i = 0; i < N; i++) {
		cleanup_free char *path = xasprintf(SEL "?n=%u", wants[i]);

		fds[i] = send_get(path);
		run_for(15);
	}
	for (size_t i = 0; i < N; i++) {
		await_answer(fds[i]);
		expect_said("rc", "ok");
		assert_int_equal(count_in("entries"), wants[i]);
		assert_int_equal(json_integer_value(
					 json_object_get(entry(wants[i] - 1),
							 "id")),
				 25);
	}
}

/* --- both ---------------------------------------------------------------- */

static void
another_hosts_bmc_tells_nothing(void **state)
{
	(void)state;
	await_session();
	become_anothers();
	ask(SENSORS);
	assert_int_equal(world.code, 409);
	expect_said("error", "another host's");
	ask(SEL);
	assert_int_equal(world.code, 409);
	assert_int_equal(count_of("readings"), 0);
}

static void
what_became_anothers_meanwhile_is_not_told(void **state)
{
	(void)state;
	await_session();
	fill_log();
	tell("0 slow 50");
	int one = send_get(SENSORS), two = send_get(SEL);
	while (count_of("records") < 2)
		run_for(20);
	become_anothers();
	await_answer(one);
	assert_int_equal(world.code, 409);
	await_answer(two);
	assert_int_equal(world.code, 409);
}

static void
unknown_hosts_are_told_as_unknown(void **state)
{
	(void)state;
	ask("/v1/hosts/h9/sensors");
	assert_int_equal(world.code, 404);
	ask("/v1/hosts/h9/sel");
	assert_int_equal(world.code, 404);
}

/* Clients and readings of both kinds, when all ends. */
static void
the_end_comes_while_sensors_and_log_are_read(void **state)
{
	(void)state;
	await_session();
	fill_log();
	tell("0 slow 100");
	int one = send_get(SENSORS), two = send_get(SEL);
	int three = send_get(SEL "?n=40");
	while (count_of("records") < 2)
		run_for(20);
	bmc_log_close(&world.co);
	power_close(&world.co);
	await_answer(one);
	assert_int_equal(world.code, 503);
	expect_said("error", "stopping");
	await_answer(two);
	assert_int_equal(world.code, 503);
	await_answer(three);
	assert_int_equal(world.code, 503);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_sensors_are_told_in_whole_numbers_with_their_thresholds),
		TEST(what_is_passed_or_dark_is_told_as_the_bmc_judges_it),
		TEST(descriptions_are_read_once_and_kept_over_restarts),
		TEST(many_operators_share_one_reading),
		TEST(a_silent_bmc_is_told_in_seconds_and_nothing_is_ok),
		TEST(a_fence_goes_before_a_reading),
		TEST(the_last_entries_are_told_oldest_first),
		TEST(an_empty_log_is_told_as_empty),
		TEST(operators_who_want_more_or_less_are_all_served),
		TEST(another_hosts_bmc_tells_nothing),
		TEST(what_became_anothers_meanwhile_is_not_told),
		TEST(unknown_hosts_are_told_as_unknown),
		TEST(the_end_comes_while_sensors_and_log_are_read),
	};

	log_start("test_inspect", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
