/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd power sensors` and `sel`: what is told of many hosts, and that
 * what is not known is never ok.
 */
#include "scheduler/cli/text.h"
#include "tests/unit/cli/fake_api.h"

#define SITE                                                                \
	"{'clusters': [{'name': 'c1', 'hosts': [{'name': 'h1', 'vms': 0}, " \
	"{'name': 'h2', 'vms': 3}, {'name': 'h3', 'vms': 0}, {'name': "     \
	"'h4', 'vms': 0}, {'name': 'h5', 'vms': 0}]}], 'alarms': []}"

#define CPU                                                                   \
	"{'name': 'CPU Temp', 'number': 3, 'type': 'temperature', "           \
	"'discrete': false, 'state': 'upper critical', 'grade': 'critical', " \
	"'value_micro': 92500000, 'raw': 92, 'unit': 'degrees C', "           \
	"'thresholds_micro': {'upper_non_critical': 80000000, "               \
	"'upper_critical': 90000000, 'lower_critical': -500000}, 'states': "  \
	"'', 'reason': ''}"

static const struct fake_route routes[] = {
	{ "GET /v1/status", 200, SITE, 0, 0 },
	{ "GET /v1/hosts/h1/sensors", 200,
	  "{'host': 'h1', 'rc': 'ok', 'text': '', 'skipped': 0, 'cut': false, "
	  "'sensors': [" CPU
	  ", {'name': 'P12V', 'discrete': false, 'state': 'ok', 'grade': "
	  "'info', 'value_micro': 12345000, 'raw': 196, 'unit': 'V', "
	  "'thresholds_micro': {}, 'states': '', 'reason': ''}, "
	  "{'name': 'Fan 1', 'discrete': false, 'state': 'unavailable', "
	  "'grade': 'unknown', 'value_micro': null, 'raw': null, 'unit': "
	  "'RPM', 'thresholds_micro': {}, 'states': '', 'reason': 'it is "
	  "switched off'}, "
	  "{'name': 'PSU 1', 'discrete': true, 'state': 'ok', 'grade': "
	  "'info', 'value_micro': null, 'raw': null, 'unit': '', "
	  "'thresholds_micro': {}, 'states': 'present', 'reason': ''}, "
	  "{'name': 'PSU 2', 'discrete': true, 'state': 'ok', 'grade': "
	  "'critical', 'value_micro': null, 'raw': null, 'unit': '', "
	  "'thresholds_micro': {}, 'states': 'present, failed', 'reason': "
	  "''}, "
	  "{'name': 'Odd', 'discrete': true, 'state': 'ok', 'grade': "
	  "'unknown', 'states': 'state 3', 'reason': ''}, "
	  "{'name': 'VRM', 'discrete': false, 'state': 'unknown', 'grade': "
	  "'unknown', 'value_micro': null, 'raw': null, 'unit': 'V', "
	  "'thresholds_micro': {}, 'states': '', 'reason': 'not reached: "
	  "timeout'}, "
	  "{'name': 'Log', 'discrete': false, 'state': 'ok', 'grade': 'info', "
	  "'value_micro': null, 'raw': 7, 'unit': 'A', 'reason': 'no formula "
	  "for its value'}]}",
	  0, 0 },
	{ "GET /v1/hosts/h2/sensors", 200,
	  "{'host': 'h2', 'rc': 'timeout', 'text': 'the BMC fell silent', "
	  "'skipped': 2, 'cut': true, 'sensors': [" CPU "]}",
	  0, 0 },
	{ "GET /v1/hosts/h3/sensors", 409,
	  "{'error': 'the host has no BMC configured', 'hint': 'add one'}", 0,
	  0 },
	/* Hostile, or of another version. */
	{ "GET /v1/hosts/h4/sensors", 200,
	  "{'rc': 'ok', 'skipped': 'x', 'cut': 1, 'sensors': [7, null, [], {}, "
	  "{'name': 'a\\u001b[2Jb\\nc', 'state': 'o\\u202ek', 'grade': 7, "
	  "'value_micro': '5', 'unit': '\\u0007', 'thresholds_micro': [1]}, "
	  "{'name': 5, 'state': 'ok', 'value_micro': 1.5, 'raw': -3}, "
	  "{'name': 'huge', 'state': 'ok', 'grade': 'info', 'value_micro': "
	  "-9223372036854775808, 'unit': 'kilo-electron-volts per furlong', "
	  "'thresholds_micro': {'upper_critical': '9', 'lower_critical': "
	  "9223372036854775807}}]}",
	  0, 0 },
	{ "GET /v1/hosts/h5/sensors", 200,
	  "{'rc': 'ok', 'sensors': {'name': 'no list'}}", 0, 0 },
	{ "GET /v1/hosts/h1/sel?n=20", 200,
	  "{'host': 'h1', 'rc': 'ok', 'text': '', 'total': 512, 'overflow': "
	  "true, 'entries': [{'id': 491, 'time_s': 1772593900, 'grade': "
	  "'critical', 'text': 'processor 0x01: internal error (IERR)', "
	  "'record': 'eb01'}, {'id': 492, 'time_s': null, 'grade': 'info', "
	  "'text': 'watchdog 0x03: timer expired', 'record': ''}]}",
	  0, 0 },
	{ "GET /v1/hosts/h1/sel?n=5", 200,
	  "{'host': 'h1', 'rc': 'ok', 'text': '', 'total': 0, 'overflow': "
	  "false, 'entries': []}",
	  0, 0 },
	{ "GET /v1/hosts/h2/sel", 200,
	  "{'host': 'h2', 'rc': 'no-session', 'text': 'no session', 'total': "
	  "null, 'overflow': null, 'entries': []}",
	  0, 0 },
	{ "GET /v1/hosts/h4/sel", 200,
	  "{'rc': 'ok', 'total': 'x', 'overflow': 1, 'entries': [7, {}, {'id': "
	  "-1, 'time_s': 9223372036854775807, 'grade': 'w\\u001bx', 'text': "
	  "'\\u001b[2J\\u0007'}]}",
	  0, 0 },
	{ NULL, 0, NULL, 0, 0 },
};

static struct fake fake;

static int
start(void **state)
{
	(void)state;
	fake_init(&fake);
	fake_start(&fake, routes);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	run_io.color = false;
	run_io.width = 80;
	fake_stop(&fake);
	return 0;
}

/* --- numbers ------------------------------------------------------------- */

static void
millionths_are_written_as_people_write_numbers(void **state)
{
	static const struct {
		int64_t micro;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1, "0.000001" },
		{ -1, "-0.000001" },
		{ 500000, "0.5" },
		{ -500000, "-0.5" },
		{ 999999, "0.999999" },
		{ 1000000, "1" },
		{ 12345000, "12.345" },
		{ -12345600, "-12.346" },
		{ 12300000, "12.3" },
		{ 1000499, "1" },
		{ 1000500, "1.001" },
		{ 1999999, "2" },
		{ 5400000000, "5400" },
		{ INT64_MAX, "9223372036854.776" },
		{ INT64_MIN, "-9223372036854.776" },
	};
	char buf[TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(text_micro(buf, cases[i].micro),
				    cases[i].text);
}

/* --- sensors ------------------------------------------------------------- */

static void
sensors_of_one_host_come_in_the_order_of_its_bmc(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sensors h1");
	assert_run(&run, CLI_OK,
		   "SENSOR            VALUE STATE\n"
		   "CPU Temp 92.5 degrees C UPPER CRITICAL\n"
		   "P12V           12.345 V ok\n"
		   "Fan 1                 - unavailable: it is switched off\n"
		   "PSU 1                   present\n"
		   "PSU 2                   CRITICAL: present, failed\n"
		   "Odd                     unknown: state 3\n"
		   "VRM                   ? unknown: not reached: timeout\n"
		   "Log               raw 7 ok\n"
		   "8 sensors, 5 of them not ok\n"
		   "1 of 1 told their sensors\n",
		   "");
}

static void
only_what_is_not_ok_is_shown_with_bad(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sensors h1 --bad");
	assert_has(run.out, "CPU Temp");
	assert_has(run.out, "Fan 1");
	assert_has(run.out, "PSU 2");
	assert_has(run.out, "Odd");
	assert_has(run.out, "VRM");
	assert_lacks(run.out, "P12V");
	assert_lacks(run.out, "PSU 1");
	assert_has(run.out, "8 sensors, 5 of them not ok\n");
	run_done(&run);
}

static void
thresholds_are_shown_on_demand(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sensors h1 --thresholds");
	cleanup_free char *cpu = line_of(run.out, "CPU Temp");
	cleanup_free char *psu = line_of(run.out, "PSU 1");
	assert_has(cpu, " -/-0.5/- ");
	assert_has(cpu, " 80/90/- ");
	assert_lacks(psu, "/");
	run_done(&run);
}

static void
hosts_have_a_column_and_failures_their_reasons(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sensors h[1-3]");
	assert_int_equal(run.status, CLI_FAILED);
	cleanup_free char *h1 = line_of(run.out, "h1");
	cleanup_free char *h2 = line_of(run.out, "h2");
	assert_has(run.out, "HOST SENSOR");
	assert_has(h1, "CPU Temp");
	/* What was read before the BMC fell silent is told, and no success. */
	assert_has(h2, "CPU Temp");
	assert_has(run.out, "h2: its BMC has more sensors than are read\n"
			    "h2: 2 records of sensors make no sense\n"
			    "9 sensors, 6 of them not ok\n"
			    "1 of 3 told their sensors; 2 failed:\n"
			    "  h2: the BMC fell silent\n"
			    "  h3: the host has no BMC");
	run_done(&run);
}

static void
grades_have_their_colours(void **state)
{
	struct run run;

	(void)state;
	run_io.color = true;
	run_command(&run, &fake, "power sensors h1");
	assert_has(run.out, "\033[1;31mUPPER CRITICAL");
	assert_has(run.out, "\033[1;31mCRITICAL: present, failed");
	assert_has(run.out, "\033[33munknown: not reached");
	assert_has(run.out, "\033[2munavailable");
	run_done(&run);
	run_command(&run, &fake, "power sel h1");
	assert_has(run.out, "\033[1;31mCRITICAL");
	run_done(&run);
}

static void
json_is_what_the_coordinator_says(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sensors h1,h3 --json --bad");
	assert_int_equal(run.status, CLI_FAILED);
	json_t *list = json_loads(run.out, 0, NULL);
	json_t *one = json_array_get(list, 0), *two = json_array_get(list, 1);
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_array_size(json_object_get(one, "sensors")), 8);
	assert_string_equal(json_string_value(json_object_get(two, "host")),
			    "h3");
	assert_has(json_string_value(json_object_get(two, "error")),
		   "the host has no BMC configured");
	json_decref(list);
	run_done(&run);
}

/* --- log ----------------------------------------------------------------- */

static void
the_log_is_shown_newest_last(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sel h1");
	assert_run(&run, CLI_OK,
		   "ENTRY TIME     GRADE    WHAT\n"
		   "0x1eb 03:11:40 CRITICAL processor 0x01: internal error "
		   "(IERR)\n"
		   "0x1ec ?        info     watchdog 0x03: timer expired\n"
		   "h1: the last 2 of 512 entries\n"
		   "h1: its log is FULL and loses events\n"
		   "1 of 1 told their event log\n",
		   "");
}

static void
an_empty_log_is_no_failure_and_a_silent_bmc_is(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sel h1 -n 5");
	assert_run(&run, CLI_OK,
		   "h1: its log is empty\n1 of 1 told their event log\n", "");
	run_command(&run, &fake, "power sel h1,h2");
	assert_int_equal(run.status, CLI_FAILED);
	assert_has(run.out, "HOST ENTRY");
	assert_lacks(run.out, "h2: its log is empty");
	assert_has(run.out, "1 of 2 told their event log; 1 failed:\n"
			    "  h2: no session\n");
	run_done(&run);
}

/* --- what is wrong ------------------------------------------------------- */

static void
assert_harmless(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' && *c != '\n')
			fail_msg("byte %#x", (unsigned)*c);
	assert_lacks(text, "\xe2\x80\xae");
}

static void
hostile_answers_do_no_harm_and_nothing_of_them_is_ok(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power sensors h4");
	assert_int_equal(run.status, CLI_OK);
	assert_harmless(run.out);
	assert_has(run.out, "a?[2Jb c");
	assert_has(run.out, "o?k");
	assert_has(run.out, "-9223372036854.776 kilo-electron-volts pe..");
	/* All but the last, which says so itself. */
	assert_has(run.out, "7 sensors, 6 of them not ok\n");
	run_done(&run);
	run_command(&run, &fake, "power sensors h4 --thresholds --bad");
	assert_harmless(run.out);
	assert_lacks(run.out, "huge");
	run_done(&run);
	run_command(&run, &fake, "power sensors h4,h5");
	assert_int_equal(run.status, CLI_FAILED);
	assert_has(run.out, "1 of 2 told their sensors; 1 failed:\n"
			    "  h5: no reason was told\n");
	run_done(&run);
	run_command(&run, &fake, "power sel h4");
	assert_int_equal(run.status, CLI_OK);
	assert_harmless(run.out);
	assert_has(run.out, "w?x");
	assert_lacks(run.out, "FULL");
	assert_lacks(run.out, "empty");
	run_done(&run);
}

static void
options_of_other_verbs_and_bad_numbers_send_nothing(void **state)
{
	static const struct {
		const char *line, *complaint;
	} cases[] = {
		{ "power sel h1 --bad",
		  "--bad goes with `ironherd power sensors` only" },
		{ "power watts h1 --thresholds",
		  "--thresholds goes with `ironherd power sensors` only" },
		{ "power sensors h1 -n 5",
		  "--number goes with `ironherd power sel` only" },
		{ "power sel h1 -n 0",
		  "--number: \"0\" is not a whole number from 1 to 256" },
		{ "power sel h1 -n 257", "from 1 to 256" },
		{ "power sel h1 -n x", "from 1 to 256" },
		{ "power sensor h1", "did you mean sensors?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run;

		run_command(&run, &fake, cases[i].line);
		if (run.status != CLI_USAGE)
			fail_msg("%s: %d", cases[i].line, run.status);
		cleanup_free char *one_line = unwrap(run.err);
		assert_has(one_line, cases[i].complaint);
		run_done(&run);
	}
	cleanup_free char *asked = fake_requests(&fake);
	assert_lacks(asked, "/v1/hosts/");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			millionths_are_written_as_people_write_numbers),
		TEST(sensors_of_one_host_come_in_the_order_of_its_bmc),
		TEST(only_what_is_not_ok_is_shown_with_bad),
		TEST(thresholds_are_shown_on_demand),
		TEST(hosts_have_a_column_and_failures_their_reasons),
		TEST(grades_have_their_colours),
		TEST(json_is_what_the_coordinator_says),
		TEST(the_log_is_shown_newest_last),
		TEST(an_empty_log_is_no_failure_and_a_silent_bmc_is),
		TEST(hostile_answers_do_no_harm_and_nothing_of_them_is_ok),
		TEST(options_of_other_verbs_and_bad_numbers_send_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
