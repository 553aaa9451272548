/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that only some verbs of `ironherd power` have.
 */
#include "tests/unit/cli/fake_api.h"

#define SITE                                                                \
	"{'clusters': [{'name': 'c1', 'hosts': [{'name': 'h1', 'vms': 0}, " \
	"{'name': 'h2', 'vms': 3}]}, {'name': 'c2', 'hosts': [{'name': "    \
	"'h3', 'vms': 0}]}], 'alarms': []}"

#define OFF "'power': 'off', 'rc': 'ok', 'text': 'off', 'verified': true}"

static const struct fake_route routes[] = {
	{ "GET /v1/status", 200, SITE, 0, 0 },
	{ "POST /v1/hosts/h1/power", 200, "{'host': 'h1', " OFF, 0, 0 },
	{ "POST /v1/hosts/h3/power", 200, "{'host': 'h3', " OFF, 0, 0 },
	{ "POST /v1/hosts/h1/identify", 200, "{'host': 'h1', 'rc': 'ok'}", 0,
	  0 },
	{ "POST /v1/hosts/h2/identify", 200,
	  "{'host': 'h2', 'rc': 'ok', 'text': '', 'forever': true, 'seconds': "
	  "0}",
	  0, 0 },
	{ "POST /v1/hosts/h3/identify", 200,
	  "{'host': 'h3', 'rc': 'ok', 'text': '', 'forever': false, "
	  "'seconds': 255}",
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
	run_io.can_ask = false;
	run_input = "";
	fake_stop(&fake);
	return 0;
}

static void
soft_then_off_says_so_and_sends_it(void **state)
{
	struct run run;

	(void)state;
	run_io.can_ask = true;
	run_input = "y\n";
	run_command(&run, &fake, "power soft h1,h3 --then-off=45");
	assert_has(run.err, "Power soft, and off after 45 s, for 2 hosts");
	run_done(&run);
	run_command(&run, &fake, "power soft h1 --then-off");
	assert_has(run.err, "Shut down the system, and after 120 s cut the "
			    "power, of h1");
	assert_int_equal(run.status, CLI_OK);
	run_done(&run);
	run_command(&run, &fake, "power soft h1 -y");
	run_done(&run);
	cleanup_free char *asked = fake_requests(&fake);
	assert_has(asked, "POST /v1/hosts/h1/power {\"want\":\"soft\","
			  "\"force\":false,\"by\":\"root\","
			  "\"then_off_s\":45}\n");
	assert_has(asked, "POST /v1/hosts/h3/power {\"want\":\"soft\","
			  "\"force\":false,\"by\":\"root\","
			  "\"then_off_s\":45}\n");
	assert_has(asked, "\"then_off_s\":120}\n");
	/* And not unless it is said. */
	assert_has(asked, "POST /v1/hosts/h1/power {\"want\":\"soft\","
			  "\"force\":false,\"by\":\"root\"}\n");
}

static void
options_of_other_verbs_and_bad_times_send_nothing(void **state)
{
	static const struct {
		const char *line, *complaint;
	} cases[] = {
		{ "power status h1 --off",
		  "--off goes with `ironherd power identify` only" },
		{ "power soft h1 -y --off",
		  "--off goes with `ironherd power identify` only" },
		{ "power on h1 --then-off",
		  "--then-off goes with `ironherd power soft` only" },
		{ "power off h1,h3 -y --then-off=5",
		  "--then-off goes with `ironherd power soft` only" },
		{ "power soft h1 -y --then-off=0",
		  "--then-off: \"0\" is not a whole number of seconds from 1 "
		  "to 600" },
		{ "power soft h1 -y --then-off=601", "from 1 to 600" },
		{ "power soft h1 -y --then-off=", "from 1 to 600" },
		{ "power soft h1 -y --then-off=1m", "from 1 to 600" },
		{ "power identify h1 --seconds 256",
		  "--seconds: \"256\" is not a whole number" },
		{ "power identify h1 --seconds", "--seconds needs a value" },
		{ "power identify h1 --seconds 0", "from 1 to 255" },
		{ "power identify h1 --off --forever", "exclude each other" },
		{ "power identify h1 --seconds=5 --off", "exclude each other" },
		{ "power identify h1 --forever=5", "takes no value" },
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
	assert_string_equal(asked, "");
}

/* The seconds are no host: "--then-off 5" would be "soft h1 5". */
static void
the_seconds_of_then_off_are_joined_to_it(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power soft h1 --then-off 5 --yes");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	assert_has(run.err, "not configured: 5");
	run_done(&run);
	cleanup_free char *asked = fake_requests(&fake);
	assert_lacks(asked, "POST");
}

static void
a_lamp_is_lit_so_long_or_put_out(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power identify h1 --seconds 5");
	assert_run(&run, CLI_OK, "1 of 1 blink for 5 s\n", "");
	run_command(&run, &fake, "power identify h1 --off");
	assert_run(&run, CLI_OK, "1 of 1 blink no more\n", "");
	run_command(&run, &fake, "power identify h2 --forever");
	assert_run(&run, CLI_OK, "1 of 1 blink until put out\n", "");
	/* It was done for a time only: who is on the way there must know. */
	run_command(&run, &fake, "power identify h3 --forever");
	assert_run(&run, CLI_FAILED,
		   "0 of 1 blink until put out; 1 failed:\n"
		   "  h3: it blinks for 255 s, its BMC cannot do more\n",
		   "");
	cleanup_free char *asked = fake_requests(&fake);
	assert_has(asked, "/h1/identify {\"on\":true,\"seconds\":5}\n");
	assert_has(asked, "/h1/identify {\"on\":false}\n");
	assert_has(asked, "/h2/identify {\"on\":true,\"forever\":true}\n");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(soft_then_off_says_so_and_sends_it),
		TEST(options_of_other_verbs_and_bad_times_send_nothing),
		TEST(the_seconds_of_then_off_are_joined_to_it),
		TEST(a_lamp_is_lit_so_long_or_put_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
