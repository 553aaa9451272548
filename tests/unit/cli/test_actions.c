/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power, HA and check: what is sent, what is asked, what counts as success.
 */
#include "tests/unit/cli/fake_api.h"

#define SITE                                                              \
	"{'clusters': [{'name': 'c1', 'hosts': [{'name': 'h2', 'state': " \
	"'up', 'vms': 3}]}], 'alarms': []}"

static const struct fake_route routes[] = {
	{ "GET /v1/status", 200, SITE, 0, 0 },
	{ "GET /v1/hosts/h2/power", 200,
	  "{'host': 'h2', 'power': 'off', 'rc': 'ok', 'text': '', 'rtt_ms': "
	  "23, "
	  "'age_ms': 0}",
	  0, 0 },
	{ "GET /v1/hosts/h3/power", 200,
	  "{'host': 'h3', 'power': 'unknown', 'rc': 'timeout', 'text': 'no "
	  "answer "
	  "in 1.5 s', 'rtt_ms': 1500}",
	  0, 0 },
	{ "GET /v1/hosts/h4/power", 200,
	  "{'host': 'h4', 'power': 'off', 'rc': 'timeout', 'text': 'stale'}", 0,
	  0 },
	{ "POST /v1/hosts/h2/power", 200,
	  "{'host': 'h2', 'power': 'off', 'rc': 'ok', 'text': 'off', 'rtt_ms': "
	  "2310, 'verified': true}",
	  0, 0 },
	{ "POST /v1/hosts/h3/power", 200,
	  "{'host': 'h3', 'power': 'on', 'rc': 'stuck', 'text': 'still on "
	  "after "
	  "15 s', 'rtt_ms': 15000, 'verified': false}",
	  0, 0 },
	{ "POST /v1/hosts/h4/power", 200,
	  "{'host': 'h4', 'power': 'off', 'rc': 'ok', 'verified': false}", 0,
	  0 },
	{ "POST /v1/hosts/h5/power", 409,
	  "{'error': 'h5 runs 3 VMs', 'hint': 'move them away, or --force'}", 0,
	  0 },
	{ "POST /v1/hosts/h6/power", 200, "{}", 0, 3000 },
	{ "POST /v1/hosts/..%2Fx%20y/power", 200, "{}", 0, 0 },
	{ "POST /v1/hosts/h2/confirm-off", 200,
	  "{'host': 'h2', 'confirmed_off': true, 'by': 'alice'}", 0, 0 },
	{ "POST /v1/hosts/h3/confirm-off", 409,
	  "{'error': 'h3 cannot be called off: it answers', 'hint': 'pull its "
	  "plug'}",
	  0, 0 },
	{ "POST /v1/clusters/c1/armed", 200,
	  "{'cluster': 'c1', 'armed': false}", 0, 0 },
	{ "POST /v1/clusters/c2/armed", 200,
	  "{'cluster': 'c2', 'armed': false}", 0, 0 },
	{ "POST /v1/hosts/h2/maintenance", 200,
	  "{'host': 'h2', 'maintenance': true}", 0, 0 },
	{ "POST /v1/hosts/h2/set-aside", 409,
	  "{'error': 'the host is not set aside', 'hint': 'so'}", 0, 0 },
	{ "POST /v1/vms/v%201/order", 200, "{'vm': 'v 1', 'order': 'off'}", 0,
	  0 },
	{ "POST /v1/clusters/c1/ha", 200, "{'cluster': 'c1', 'ha': true}", 0,
	  0 },
	{ "POST /v1/clusters/c2/ha", 200, "{'cluster': 'c2', 'ha': false}", 0,
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

static void
power_status_reads_the_bmc(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power status h2");
	assert_run(&run, CLI_OK, "h2: off (its BMC answered in 23 ms)\n", "");
}

static void
power_that_was_not_read_is_unknown_and_a_failure(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power status h3");
	assert_run(&run, CLI_FAILED, "h3: power unknown: no answer in 1.5 s\n",
		   "");
	/* An old "off" beside an error is not off. */
	run_command(&run, &fake, "power status h4");
	assert_run(&run, CLI_FAILED, "h4: power unknown: stale\n", "");
	run_command(&run, &fake, "power status h4 --json");
	assert_int_equal(run.status, CLI_FAILED);
	run_done(&run);
}

static void
an_unknown_host_is_not_found(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power status h9");
	assert_run(&run, CLI_NOT_FOUND, "",
		   "ironherd: no such thing\n          look again\n");
}

static void
power_off_without_a_terminal_needs_yes(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power off h2");
	assert_run(&run, CLI_USAGE, "",
		   "ironherd: power off asks first, and there is no terminal "
		   "to ask at\n          add --yes\n");
	cleanup_free char *asked = fake_requests(&fake);
	assert_string_equal(asked, "");
	run_command(&run, &fake, "power off h2 --yes");
	assert_run(&run, CLI_OK, "h2: off, verified after 2.31 s\n", "");
}

static void
power_off_at_a_terminal_asks_and_takes_no_for_no(void **state)
{
	static const char *const noes[] = { "\n", "n\n", "", "yesterday\n" };
	struct run run;

	(void)state;
	run_io.can_ask = true;
	for (size_t i = 0; i < sizeof(noes) / sizeof(*noes); i++) {
		run_input = noes[i];
		run_command(&run, &fake, "power off h2");
		assert_has(run.err, "Cut the power of h2 (up, 3 VMs)? [y/N] ");
		assert_has(run.err, "ironherd: nothing was done\n");
		assert_string_equal(run.out, "");
		assert_int_equal(run.status, CLI_FAILED);
		run_done(&run);
	}
	cleanup_free char *asked = fake_requests(&fake);
	assert_lacks(asked, "POST");
}

static void
a_persons_word_is_asked_for_by_name(void **state)
{
	static const char *const noes[] = { "\n", "y\n", "yes\n", "", "h3\n" };
	struct run run;

	(void)state;
	run_command(&run, &fake, "confirm-off h2");
	assert_run(&run, CLI_USAGE, "",
		   "ironherd: confirm-off asks first, and there is no terminal "
		   "to ask at\n          add --yes\n");
	run_io.can_ask = true;
	for (size_t i = 0; i < sizeof(noes) / sizeof(*noes); i++) {
		run_input = noes[i];
		run_command(&run, &fake, "confirm-off h2");
		assert_has(run.err, "its VMs will run twice");
		assert_has(run.err, "nothing was done");
		assert_int_equal(run.status, CLI_FAILED);
		run_done(&run);
	}
	cleanup_free char *asked = fake_requests(&fake);
	assert_string_equal(asked, "");
	run_input = "h2\n";
	run_command(&run, &fake, "confirm-off h2");
	assert_int_equal(run.status, CLI_OK);
	assert_string_equal(run.out, "h2: taken for off, on the word of alice, "
				     "until it shows life\n");
	run_done(&run);
}

static void
a_word_that_is_not_taken_says_why(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "confirm-off h3 --yes");
	assert_int_equal(run.status, CLI_FAILED);
	assert_string_equal(run.out, "");
	assert_has(run.err, "h3 cannot be called off: it answers");
	run_done(&run);
}

static void
power_off_at_a_terminal_does_it_after_yes(void **state)
{
	struct run run;

	(void)state;
	run_io.can_ask = true;
	run_input = "y\n";
	run_command(&run, &fake, "power off h2");
	assert_string_equal(run.out, "h2: off, verified after 2.31 s\n");
	assert_int_equal(run.status, CLI_OK);
	run_done(&run);
}

static void
only_a_verified_switch_is_a_success(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power off h3 -y");
	assert_run(&run, CLI_FAILED,
		   "h3: NOT verified off, power on: still on after 15 s\n", "");
	run_command(&run, &fake, "power off h4 -y");
	assert_run(&run, CLI_FAILED, "h4: NOT verified off, power off\n", "");
	/* It says off and verified, but on was wanted. */
	run_command(&run, &fake, "power on h2");
	assert_int_equal(run.status, CLI_FAILED);
	run_done(&run);
	run_command(&run, &fake, "power on h2 --json");
	assert_int_equal(run.status, CLI_FAILED);
	run_done(&run);
}

static void
the_request_says_what_is_wanted_and_by_whom(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power off h5 --yes --force");
	assert_run(&run, CLI_FAILED, "",
		   "ironherd: h5 runs 3 VMs\n"
		   "          move them away, or --force\n");
	run_command(&run, &fake, "ha disable c2");
	run_done(&run);
	cleanup_free char *asked = fake_requests(&fake);
	assert_has(asked, "POST /v1/hosts/h5/power "
			  "{\"want\":\"off\",\"force\":true,\"by\":\"");
	assert_has(asked, "POST /v1/clusters/c2/ha {\"enabled\":false,\"by\":");
}

static void
a_name_cannot_leave_its_place_in_the_path(void **state)
{
	struct run run;
	char *const argv[] = { (char *)"ironherd", (char *)"power",
			       (char *)"off",      (char *)"../x y",
			       (char *)"--yes",    NULL };
	struct cli_io io = run_io;
	char *out = NULL, *err = NULL;
	size_t out_len, err_len;

	(void)state;
	run_command(&run, &fake, "power on ../../status");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	run_done(&run);
	run_command(&run, &fake, "power on ..");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	run_done(&run);
	io.in = stdin;
	io.out = open_memstream(&out, &out_len);
	io.err = open_memstream(&err, &err_len);
	cli_run(&io, 5, argv);
	fclose(io.out);
	fclose(io.err);
	free(out);
	free(err);
	cleanup_free char *asked = fake_requests(&fake);
	assert_has(asked, "POST /v1/hosts/..%2F..%2Fstatus/power ");
	assert_has(asked, "POST /v1/hosts/../power ");
	assert_has(asked, "POST /v1/hosts/..%2Fx%20y/power ");
}

static void
no_answer_to_a_switch_is_said_to_be_unknown(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "power off h6 --yes --timeout 0.2");
	assert_has(run.err, "did not answer in 0.2 s");
	assert_has(run.err, "WHETHER IT WAS DONE IS NOT KNOWN");
	assert_int_equal(run.status, CLI_UNANSWERED);
	run_done(&run);
}

static void
ha_says_what_is_now(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "ha enable c1");
	assert_run(&run, CLI_OK, "c1: HA on\n", "");
	run_command(&run, &fake, "ha disable c2");
	assert_run(&run, CLI_OK, "c2: HA OFF: a lost host's VMs stay down\n",
		   "");
	/* It stayed on. */
	run_command(&run, &fake, "ha disable c1");
	assert_int_equal(run.status, CLI_FAILED);
	run_done(&run);
	run_command(&run, &fake, "ha enable c9");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	run_done(&run);
}

static void
orders_say_what_is_done_now(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "maintenance enter h2");
	assert_run(&run, CLI_OK,
		   "h2: in maintenance: it takes no VM; those that run there "
		   "stay\n",
		   "");
	run_command(&run, &fake, "vm stop v1");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	run_done(&run);
	run_command(&run, &fake, "host release h2");
	assert_int_equal(run.status, CLI_FAILED);
	assert_non_null(strstr(run.err, "not set aside"));
	run_done(&run);
	run_command(&run, &fake, "vm stopp v1");
	assert_int_equal(run.status, CLI_USAGE);
	assert_non_null(strstr(run.err, "did you mean st"));
	run_done(&run);
}

static void
ha_is_disarmed_in_one_cluster_or_in_all(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "ha disarm c2");
	assert_run(&run, CLI_OK,
		   "c2: HA DISARMED: no host is fenced and no VM started\n",
		   "");
	run_command(&run, &fake, "ha disarm");
	assert_run(&run, CLI_OK,
		   "c1: HA DISARMED: no host is fenced and no VM started\n",
		   "");
	run_command(&run, &fake, "ha enable");
	assert_int_equal(run.status, CLI_USAGE);
	run_done(&run);
}

/* --- check: a stand-in daemon in PATH --------------------------------- */

static void
write_script(const char *folder, const char *name, const char *text)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	chmod(path, 0755);
}

/* `check` becomes another program: run it in a child. */
static int
check_in_child(const char *path, const char *line)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct run run;
		setenv("PATH", path, 1);
		run_command(&run, NULL, line);
		_exit(run.status + 100); /* it did not become one */
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
check_passes_the_daemons_verdict_through(void **state)
{
	char a[64], c[64], path[64];

	snprintf(a, sizeof(a), "%s/ironherd-agent", fake.folder);
	snprintf(c, sizeof(c), "%s/ironherd-coordinator", fake.folder);
	snprintf(path, sizeof(path), "%s:/bin", fake.folder);
	(void)state;
	write_script(fake.folder, "ironherd-coordinator",
		     "[ \"$*\" = '--check -c x.conf' ] && exit 2\n"
		     "[ \"$*\" = '--check -c /etc/ironherd/coordinator.conf' ] "
		     "&& exit 0\nexit 9");
	write_script(fake.folder, "ironherd-agent",
		     "[ \"$*\" = '--check -c /a/agent.conf' ] && exit 7\n"
		     "[ \"$*\" = '--check -c x.conf' ] && exit 8\nexit 9");
	assert_int_equal(check_in_child(path, "check x.conf"), 2);
	assert_int_equal(check_in_child(path, "check"), 0);
	assert_int_equal(check_in_child(path, "check /a/agent.conf"), 7);
	assert_int_equal(check_in_child(path, "check --agent x.conf"), 8);
	unlink(a);
	unlink(c);
	assert_int_equal(check_in_child("/nonexistent", "check x.conf"),
			 100 + CLI_FAILED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(power_status_reads_the_bmc),
		TEST(power_that_was_not_read_is_unknown_and_a_failure),
		TEST(an_unknown_host_is_not_found),
		TEST(power_off_without_a_terminal_needs_yes),
		TEST(power_off_at_a_terminal_asks_and_takes_no_for_no),
		TEST(a_persons_word_is_asked_for_by_name),
		TEST(a_word_that_is_not_taken_says_why),
		TEST(power_off_at_a_terminal_does_it_after_yes),
		TEST(only_a_verified_switch_is_a_success),
		TEST(the_request_says_what_is_wanted_and_by_whom),
		TEST(a_name_cannot_leave_its_place_in_the_path),
		TEST(no_answer_to_a_switch_is_said_to_be_unknown),
		TEST(ha_says_what_is_now),
		TEST(orders_say_what_is_done_now),
		TEST(ha_is_disarmed_in_one_cluster_or_in_all),
		TEST(check_passes_the_daemons_verdict_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
