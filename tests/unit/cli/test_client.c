/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the coordinator is not there, slow, broken or somebody else: said
 * clearly, with what to do, in time, and with the exit status promised.
 */
#include "tests/unit/cli/fake_api.h"

#include "common/clock.h"

/* A server with one answer to everything, and one run of `status`. */
static void
ask(struct run *run, const struct fake_route *route, const char *line)
{
	struct fake_route routes[2] = { *route, { NULL, 0, NULL, 0, 0 } };
	struct fake fake;

	fake_init(&fake);
	fake_start(&fake, routes);
	run_command(run, &fake, line);
	fake_stop(&fake);
}

static void
an_absent_socket_says_how_to_start_the_coordinator(void **state)
{
	struct run run;

	(void)state;
	setenv(CLI_SOCKET_ENV, "/nonexistent/api.sock", 1);
	run_command(&run, NULL, "status");
	assert_run(&run, CLI_UNREACHABLE, "",
		   "ironherd: the coordinator does not run here (no "
		   "/nonexistent/api.sock)\n"
		   "          start it with `systemctl start "
		   "ironherd-coordinator`, or say where its\n"
		   "          socket is with --socket\n");
	run_command(&run, NULL, "status --socket /nonexistent/other");
	assert_has(run.err, "(no /nonexistent/other)");
	run_done(&run);
	unsetenv(CLI_SOCKET_ENV);
	run_command(&run, NULL, "hosts --socket=/nonexistent/other");
	assert_int_equal(run.status, CLI_UNREACHABLE);
	run_done(&run);
}

static void
a_socket_nobody_listens_on_says_that_the_coordinator_has_ended(void **state)
{
	static const struct fake_route none = { NULL, 0, NULL, 0, 0 };
	struct fake fake;
	struct run run;

	(void)state;
	fake_init(&fake);
	fake_start(&fake, &none);
	fake_kill(&fake);
	run_command(&run, &fake, "status");
	assert_has(run.err, "nobody listens on ");
	assert_int_equal(run.status, CLI_UNREACHABLE);
	run_done(&run);
	fake_stop(&fake);
}

static void
a_socket_of_somebody_else_says_permission_denied(void **state)
{
	static const struct fake_route none = { NULL, 0, NULL, 0, 0 };
	struct fake fake;
	struct run run;

	(void)state;
	fake_init(&fake);
	fake_start(&fake, &none);
	chmod(fake.socket, 0);
	/* Root may do everything: become nobody for the call. */
	bool is_root = geteuid() == 0;
	if (is_root)
		assert_int_equal(chmod(fake.folder, 0755) | seteuid(65534), 0);
	run_command(&run, &fake, "status");
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_has(run.err, "permission denied");
	assert_int_equal(run.status, CLI_UNREACHABLE);
	run_done(&run);
	fake_stop(&fake);
}

static void
a_path_too_long_for_a_socket_is_said_to_be(void **state)
{
	char line[256] = "status --socket /";
	struct run run;

	(void)state;
	memset(line + strlen(line), 'x', 150);
	run_command(&run, NULL, line);
	assert_has(run.err, "the socket's path is too long");
	assert_int_equal(run.status, CLI_UNREACHABLE);
	run_done(&run);
}

static void
a_slow_coordinator_is_given_up_at_the_timeout(void **state)
{
	static const struct fake_route slow = { "GET", 200, "{}", 0, 5000 };
	int64_t start_ms = clock_mono_ms();
	struct run run;

	(void)state;
	ask(&run, &slow, "status --timeout 0.2");
	assert_in_range(clock_mono_ms() - start_ms, 150, 3000);
	assert_has(run.err, "did not answer in 0.2 s");
	assert_int_equal(run.status, CLI_UNANSWERED);
	run_done(&run);
}

static void
what_is_not_our_json_is_refused(void **state)
{
	static const struct {
		int code;
		const char *body, *complaint;
	} cases[] = {
		{ 200, "", "is not JSON" },
		{ 200, "{'clusters': [", "is not JSON (line 1" },
		{ 200, "<html>\033[31m", "is not JSON" },
		{ 200, "[]", "is not a JSON object" },
		{ 200, "{'a': 1, 'a': 2}", "is not JSON" },
		{ 200, "{'a': '\\u0000'}", "is not JSON" },
		{ 200, "{}", "lacks clusters or alarms" },
		{ 200, "{'clusters': 3, 'alarms': []}", "lacks clusters" },
		{ FAKE_RAW, "SSH-2.0-OpenSSH\r\n", "not understood" },
		{ FAKE_RAW, "", "ended before it had answered" },
		{ FAKE_RAW, "HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{",
		  "ended before it had answered" },
	};
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_route route = { "GET", cases[i].code, cases[i].body,
					    0, 0 };
		ask(&run, &route, "status");
		assert_has(run.err, cases[i].complaint);
		assert_lacks(run.err, "\033");
		assert_string_equal(run.out, "");
		assert_int_not_equal(run.status, CLI_OK);
		run_done(&run);
	}
}

static void
an_endless_answer_is_cut_off(void **state)
{
	static const struct fake_route endless = { "GET", 200, "{}",
						   (size_t)65 << 20, 0 };
	struct run run;

	(void)state;
	ask(&run, &endless, "status");
	assert_has(run.err, "larger than 64 MiB");
	assert_int_equal(run.status, CLI_FAILED);
	run_done(&run);
}

static void
deep_nesting_is_refused_without_a_crash(void **state)
{
	char *body = xcalloc(1, 100001);
	struct fake_route route = { "GET", 200, body, 0, 0 };
	struct run run;

	(void)state;
	memset(body, '[', 100000);
	ask(&run, &route, "status");
	assert_has(run.err, "is not JSON");
	run_done(&run);
	free(body);
}

static void
refusals_show_the_reason_the_hint_and_their_status(void **state)
{
	static const struct {
		int code, status;
	} cases[] = {
		{ 400, CLI_FAILED },    { 403, CLI_FAILED },
		{ 404, CLI_NOT_FOUND }, { 409, CLI_FAILED },
		{ 500, CLI_FAILED },    { 503, CLI_FAILED },
	};
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_route route = {
			"GET", cases[i].code,
			"{'error': 'not\\u001b[31m so', 'hint': 'do\\nthis'}",
			0, 0
		};
		ask(&run, &route, "status");
		assert_run(&run, cases[i].status, "",
			   "ironherd: not?[31m so\n          do this\n");
	}
}

static void
a_refusal_without_a_reason_shows_the_http_status(void **state)
{
	static const struct fake_route route = { "GET", 500, "oops", 0, 0 };
	struct run run;

	(void)state;
	ask(&run, &route, "status");
	assert_has(run.err, "HTTP status 500 and no reason");
	run_done(&run);
}

static void
output_that_cannot_be_written_is_a_failure(void **state)
{
	static const struct fake_route route = {
		"GET /v1/status", 200, "{'clusters': [], 'alarms': []}", 0, 0
	};
	struct fake_route routes[2] = { route, { NULL, 0, NULL, 0, 0 } };
	char *const argv[] = { (char *)"ironherd", (char *)"status", NULL };
	struct cli_io io = run_io;
	struct fake fake;
	char *text = NULL;
	size_t len;

	(void)state;
	fake_init(&fake);
	fake_start(&fake, routes);
	setenv(CLI_SOCKET_ENV, fake.socket, 1);
	io.out = fopen("/dev/full", "w");
	io.err = open_memstream(&text, &len);
	assert_int_equal(cli_run(&io, 2, argv), CLI_FAILED);
	fclose(io.out);
	fclose(io.err);
	assert_has(text, "could not be written");
	free(text);
	fake_stop(&fake);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_absent_socket_says_how_to_start_the_coordinator),
		cmocka_unit_test(
			a_socket_nobody_listens_on_says_that_the_coordinator_has_ended),
		cmocka_unit_test(
			a_socket_of_somebody_else_says_permission_denied),
		cmocka_unit_test(a_path_too_long_for_a_socket_is_said_to_be),
		cmocka_unit_test(a_slow_coordinator_is_given_up_at_the_timeout),
		cmocka_unit_test(what_is_not_our_json_is_refused),
		cmocka_unit_test(an_endless_answer_is_cut_off),
		cmocka_unit_test(deep_nesting_is_refused_without_a_crash),
		cmocka_unit_test(
			refusals_show_the_reason_the_hint_and_their_status),
		cmocka_unit_test(
			a_refusal_without_a_reason_shows_the_http_status),
		cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
