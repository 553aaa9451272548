/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are long, hostile or nonsense: nothing breaks, nothing reaches
 * the terminal that should not.
 */
#include "tests/unit/cli/site_json.h"

#define LONG "x23456789-123456789-123456789-123456789-123456789-123456789-1234"

static void
long_names_are_cut_and_not_the_figures(void **state)
{
	static const char site[] =
		HEAD("ok") "{'name': '" LONG "', 'ha': true, 'hosts': [" HOST(
			LONG, "up", "1772575965000", "", "ok", "on", "123",
			"1300000",
			"1") "], 'vms': [" VM(LONG LONG, "'" LONG "'",
					      "running", "settled", "run",
					      "true",
					      LONG LONG) "]}], 'alarms': []}";
	struct run run;

	(void)state;
	show_io(&run, site, "status");
	assert_fits(run.out, 80);
	assert_has(run.out, "1.2/4.0 GiB");
	assert_has(run.out, "x234");
	run_done(&run);
	show_io(&run, site, "vms");
	assert_fits(run.out, 80);
	run_done(&run);
	run_io.width = 0; /* no terminal: nothing is cut */
	show_io(&run, site, "vms");
	assert_has(run.out, LONG LONG);
	run_done(&run);
}

static void
hostile_names_and_texts_cannot_reach_the_terminal(void **state)
{
#define EVIL "\\u001b]0;x\\u0007\\u009b2J\\u202e\\u007f\\n\\r"
	static const char site[] =
		"{'site': '" EVIL "', 'version': '" EVIL "', 'store': '" EVIL
		"', 'clusters': [{'name': '" EVIL
		"', 'ha': true, 'hosts': [" HOST(
			EVIL, EVIL, "1", EVIL, EVIL, EVIL, "1", "1",
			"1") "], 'vms': [" VM(EVIL, "'" EVIL "'", EVIL, EVIL,
					      EVIL, "true",
					      EVIL) "]}], 'alarms': [{'kind': "
						    "'" EVIL
						    "', 'subject': '" EVIL
						    "', 'severity': '" EVIL
						    "', 'text': '" EVIL "'}]}";
	static const char *const lines[] = { "status",        "hosts",
					     "vms",           "alarms",
					     "status --json", "vms --json" };
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		show_io(&run, site, lines[i]);
		assert_int_equal(run.status, CLI_OK);
		for (const char *c = run.out; *c != '\0'; c++)
			assert_true(*c == '\n' ||
				    ((unsigned char)*c >= 0x20 && *c != 0x7f));
		assert_lacks(run.out, "\xc2\x9b");
		assert_lacks(run.out, "\xe2\x80\xae");
		run_done(&run);
	}
}

static void
wrong_types_are_question_marks_and_no_crash(void **state)
{
	static const char *const sites[] = {
		"{'clusters': [1, null, 'x', [], {}], 'alarms': [1, {}, []]}",
		"{'clusters': [{'hosts': 1, 'vms': {}}], 'alarms': []}",
		"{'clusters': [{'hosts': [1, [], {}, {'name': 3, 'since_ms': "
		"-5, 'cpu_use_pm': 1e300, 'state': 'up', 'memory_kib': "
		"9223372036854775807, 'memory_used_kib': 9223372036854775807, "
		"'heartbeat_age_ms': 9223372036854775807}], 'vms': [1, {}, "
		"{'host': 7}, {'host': '', 'state': []}]}], 'alarms': []}",
		"{'clusters': [{'hosts': [{'name': ''}, {'name': 'a'}, "
		"{'name': "
		"'a'}], 'vms': [{'host': 'a', 'name': 'v'}]}], 'alarms': []}",
	};
	static const char *const lines[] = { "status", "hosts", "vms", "alarms",
					     "status --exit-code" };
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(sites) / sizeof(*sites); i++) {
		for (size_t k = 0; k < sizeof(lines) / sizeof(*lines); k++) {
			show_io(&run, sites[i], lines[k]);
			assert_true(run.status <= 2);
			run_done(&run);
		}
	}
	show_io(&run, sites[0], "status");
	assert_has(run.out, "alarms  3 ?");
	run_done(&run);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, site_reset)
	static const struct CMUnitTest tests[] = {
		TEST(long_names_are_cut_and_not_the_figures),
		TEST(hostile_names_and_texts_cannot_reach_the_terminal),
		TEST(wrong_types_are_question_marks_and_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
