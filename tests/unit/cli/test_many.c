/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many hosts at once: how they are written, what is sent, what is told.
 */
#include <errno.h>

#include "scheduler/cli/hosts_arg.h"
#include "tests/unit/cli/fake_api.h"

#define SITE                                                                \
	"{'clusters': [{'name': 'c1', 'hosts': [{'name': 'h1', 'vms': 0}, " \
	"{'name': 'h2', 'vms': 3}]}, {'name': 'c2', 'hosts': [{'name': "    \
	"'h3', 'vms': 0, 'bmc_state': 'silent', 'restore_policy': "         \
	"'previous', 'last_power_event': 'AC failed'}, "                    \
	"{'name': 'h4', 'vms': 0, 'bmc_state': 'none'}]}], 'alarms': []}"

#define OFF "'power': 'off', 'rc': 'ok', 'text': 'off', 'verified': true}"

static const struct fake_route routes[] = {
	{ "GET /v1/status", 200, SITE, 0, 0 },
	{ "GET /v1/hosts/h1/power", 200,
	  "{'host': 'h1', 'power': 'on', 'rc': 'ok', 'text': '', 'rtt_ms': 7, "
	  "'last_event': 'on by IPMI', 'restore_policy': 'off', 'bmc_state': "
	  "'slow'}",
	  0, 0 },
	{ "GET /v1/hosts/h2/power", 200,
	  "{'host': 'h2', 'power': 'off', 'rc': 'ok', 'text': '', 'rtt_ms': "
	  "9}",
	  0, 0 },
	{ "GET /v1/hosts/h3/power", 200,
	  "{'host': 'h3', 'power': 'unknown', 'rc': 'timeout', 'text': 'no "
	  "answer in 1400 ms', 'restore_policy': 'unknown', 'last_event': "
	  "'unknown'}",
	  0, 0 },
	{ "GET /v1/hosts/h4/power", 409,
	  "{'error': 'the host has no BMC configured', 'hint': 'add one'}", 0,
	  0 },
	{ "POST /v1/hosts/h1/power", 200, "{'host': 'h1', " OFF, 0, 0 },
	{ "POST /v1/hosts/h2/power", 409, "{'error': 'VMs run', 'hint': ''}", 0,
	  0 },
	{ "POST /v1/hosts/h3/power", 200,
	  "{'host': 'h3', 'power': 'on', 'rc': 'stuck', 'text': 'stuck\\u001b"
	  "[2J', 'verified': false}",
	  0, 0 },
	{ "POST /v1/hosts/h4/power", 200,
	  "{'host': 'h4', 'power': 'on', 'rc': 'stuck', 'text': 'stuck\\u001b"
	  "[2J', 'verified': false}",
	  0, 0 },
	{ "GET /v1/hosts/h1/watts", 200,
	  "{'host': 'h1', 'rc': 'ok', 'active': true, 'watts': 181, "
	  "'average_watts': 170, 'max_watts': 240}",
	  0, 0 },
	{ "GET /v1/hosts/h2/watts", 200,
	  "{'host': 'h2', 'rc': 'completion-code', 'text': 'unknown "
	  "command'}",
	  0, 0 },
	{ "POST /v1/hosts/h1/identify", 200, "{'host': 'h1', 'rc': 'ok'}", 0,
	  0 },
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
	run_io.can_ask = false;
	run_input = "";
	fake_stop(&fake);
	return 0;
}

/* --- lists --------------------------------------------------------------- */

static void
assert_list(const char *arg, const char *want)
{
	struct hosts_arg hosts = { NULL, 0 };
	struct err err = { "" };
	char got[512] = "";

	assert_int_equal(hosts_arg_add(&hosts, arg, &err), 0);
	for (size_t i = 0; i < hosts.n; i++) {
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%s%s", i > 0 ? " " : "",
			 hosts.names[i]);
	}
	assert_string_equal(got, want);
	hosts_arg_done(&hosts);
}

static void
lists_are_read_as_people_write_them(void **state)
{
	(void)state;
	assert_list("h1", "h1");
	assert_list("h1,h7", "h1 h7");
	assert_list("n[8-11]", "n8 n9 n10 n11");
	assert_list("n[08-11,20]x", "n08x n09x n10x n11x n20x");
}

static void
numbers_keep_their_width_and_names_come_once(void **state)
{
	(void)state;
	assert_list("r2-[01-03,3]", "r2-01 r2-02 r2-03 r2-3");
	assert_list("a[1-2],b,a1", "a1 a2 b");
	assert_list("@all", "@all");
}

static void
what_is_no_list_is_refused_with_the_place(void **state)
{
	static const char *const bad[] = {
		"",        ",",     "h1,,h2", "h[1-",
		"h1-3]",   "h[]",   "h[a-b]", "h[3-1]",
		"h[1-2",   "h[1]]", "h[[1]]", "h[1-5000]",
		"h[1][2]", "h[-1]", "h[1-]",  "h[99999999999]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hosts_arg hosts = { NULL, 0 };
		struct err err = { "" };

		if (hosts_arg_add(&hosts, bad[i], &err) >= 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_not_equal(err.text[0], '\0');
		hosts_arg_done(&hosts);
	}
}

/* --- status -------------------------------------------------------------- */

static void
many_are_shown_in_a_table_and_failures_apart(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power status h[1-3],h4");
	assert_int_equal(run.status, CLI_FAILED);
	assert_non_null(strstr(run.out, "h1"));
	assert_non_null(strstr(run.out, "on by IPMI"));
	assert_non_null(strstr(run.out, "2 of 4 told their power; 2 failed:"));
	assert_non_null(strstr(run.out, "  h3: no answer in 1400 ms\n"));
	assert_non_null(strstr(run.out, "  h4: the host has no BMC"));
	run_done(&run);
	run_command(&run, &fake, "power status @c1");
	assert_int_equal(run.status, CLI_OK);
	assert_non_null(strstr(run.out, "2 of 2 told their power\n"));
	run_done(&run);
}

static void
the_table_tells_how_the_bmcs_are_and_unknown_as_unknown(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power status @all");
	cleanup_free char *h1 = line_of(run.out, "h1");
	cleanup_free char *h2 = line_of(run.out, "h2");
	cleanup_free char *h3 = line_of(run.out, "h3");
	cleanup_free char *h4 = line_of(run.out, "h4");
	assert_has(h1, "slow");
	assert_has(h1, "off"); /* stays off after a power cut */
	assert_has(h2, "?");
	/* What the BMC does not say is not made up; what was known is told. */
	assert_has(h3, "unknown");
	assert_has(h3, "SILENT");
	assert_has(h3, "previous");
	assert_lacks(h3, "AC failed");
	assert_has(h3, "?");
	assert_has(h4, "none");
	assert_has(h4, "unknown");
	assert_lacks(h4, "off");
	run_done(&run);
}

static void
json_is_a_list_in_the_order_asked(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power status h4,h2 --json");
	assert_int_equal(run.status, CLI_FAILED);
	json_t *list = json_loads(run.out, 0, NULL);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(list, 0),
						    "host")),
			    "h4");
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(list, 0),
						    "power")),
			    "unknown");
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(list, 1),
						    "power")),
			    "off");
	json_decref(list);
	run_done(&run);
}

static void
unknown_hosts_are_all_told_before_anything_is_sent(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power off h1,h8,h9 --yes");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	assert_non_null(strstr(run.err, "h8, h9"));
	run_done(&run);
	cleanup_free char *asked = fake_requests(&fake);
	assert_null(strstr(asked, "POST"));
}

static void
a_mistyped_host_is_guessed_but_never_by_another_number(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power status g1,h01,h9");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	cleanup_free char *said = unwrap(run.err);
	assert_has(said, "g1 (did you mean h1?), h01 (did you mean h1?), h9 ");
	run_done(&run);
	run_command(&run, &fake, "power status j2");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	assert_has(run.err, "did you mean h2?\n");
	run_done(&run);
	run_command(&run, &fake, "power on h9");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	assert_lacks(run.err, "did you mean");
	run_done(&run);
	run_command(&run, &fake, "power status @d2");
	assert_int_equal(run.status, CLI_USAGE);
	assert_has(run.err, "did you mean @c2?");
	run_done(&run);
	run_command(&run, &fake, "power sattus h1,h2");
	assert_int_equal(run.status, CLI_USAGE);
	assert_has(run.err, "did you mean status?");
	run_done(&run);
}

static void
watts_are_shown_where_they_are_measured(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power watts @c1");
	assert_int_equal(run.status, CLI_FAILED);
	assert_non_null(strstr(run.out, "181"));
	assert_non_null(
		strstr(run.out, "1 of 2 told what they draw; 1 failed:"));
	assert_non_null(strstr(run.out, "  h2: unknown command\n"));
	run_done(&run);
	run_command(&run, &fake, "power identify h1");
	assert_run(&run, CLI_OK, "1 of 1 blink for 60 s\n", "");
}

/* --- switching ----------------------------------------------------------- */

static void
only_all_verified_is_a_success_and_reasons_are_grouped(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power off @all --yes");
	assert_int_equal(run.status, CLI_FAILED);
	assert_string_equal(run.out, "1 of 4 are off, verified; 3 failed:\n"
				     "  h2: VMs run\n"
				     "  h3, h4: stuck?[2J\n");
	run_done(&run);
}

static void
a_person_is_asked_once_for_all(void **state)
{
	struct run run;

	(void)state;
	run_io.can_ask = true;
	run_input = "n\n";
	run_command(&run, &fake, "power soft @all");
	assert_int_equal(run.status, CLI_FAILED);
	assert_non_null(
		strstr(run.err,
		       "Power soft for 4 hosts: h1, h2, h3, h4 (VMs run "
		       "there)? [y/N]"));
	run_done(&run);
	cleanup_free char *asked = fake_requests(&fake);
	assert_null(strstr(asked, "POST"));
}

static void
without_a_terminal_yes_must_be_given(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power off h1 h3");
	assert_int_equal(run.status, CLI_USAGE);
	assert_non_null(strstr(run.err, "add --yes"));
	run_done(&run);
}

/* --- progress ------------------------------------------------------------ */

static void
progress_counts_the_failed(void **state)
{
	struct run run;

	(void)state;
	run_io.can_ask = true;
	run_command(&run, &fake, "power off h1,h3 --yes");
	assert_has(run.err, "2 of 2 done, 1 failed\r\033[K");
	run_done(&run);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read_as_people_write_them),
		cmocka_unit_test(numbers_keep_their_width_and_names_come_once),
		cmocka_unit_test(what_is_no_list_is_refused_with_the_place),
		TEST(many_are_shown_in_a_table_and_failures_apart),
		TEST(the_table_tells_how_the_bmcs_are_and_unknown_as_unknown),
		TEST(a_mistyped_host_is_guessed_but_never_by_another_number),
		TEST(progress_counts_the_failed),
		TEST(json_is_a_list_in_the_order_asked),
		TEST(watts_are_shown_where_they_are_measured),
		TEST(unknown_hosts_are_all_told_before_anything_is_sent),
		TEST(only_all_verified_is_a_success_and_reasons_are_grouped),
		TEST(a_person_is_asked_once_for_all),
		TEST(without_a_terminal_yes_must_be_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
