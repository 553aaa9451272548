/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: the past, and following over a restart of the coordinator.
 */
#include "tests/unit/cli/fake_api.h"

#include <fcntl.h>

#include "common/clock.h"

#define EVENT(id, host, text)                                              \
	"{'id': " id ", 'time_ms': 1772593960000, 'severity': 'warning', " \
	"'kind': 'host-suspect', 'cluster': 'c1', 'host': " host           \
	", 'vm': null, 'text': '" text "'}"

#define SILENT             \
	EVENT("7", "'h1'", \
	      "h1 is silent: no heartbeat for 1.9 s; its BMC is asked")
#define WELL EVENT("8", "null", "all \\u001b[2Jis \\u202ewell")

static const struct fake_route past[] = {
	{ "GET /v1/events?after=-20&", 200,
	  "{'events': [" SILENT "," WELL "], 'last': 8}", 0, 0 },
	{ "GET /v1/events?after=-1&limit=1&", 200,
	  "{'events': [" EVENT("2008", "'h1'", "x") "], 'last': 2008}", 0, 0 },
	{ "GET /v1/events?after=508&limit=1000&", 200,
	  "{'events': [" EVENT("509", "'h1'", "first") "," EVENT(
		  "1508", "'h1'", "thousandth") "], 'last': 1508}",
	  0, 0 },
	{ "GET /v1/events?after=1508&limit=1000&", 200,
	  "{'events': [" EVENT("2008", "'h1'", "newest") "], 'last': 2008}", 0,
	  0 },
	{ "GET /v1/events?after=-5&", 200, "{'events': [], 'last': 0}", 0, 0 },
	{ "GET /v1/events?after=-2&", 200, "{'events': {}, 'last': 0}", 0, 0 },
	{ NULL, 0, NULL, 0, 0 },
};

static struct fake fake;

static int
start(void **state)
{
	(void)state;
	fake_init(&fake);
	fake_start(&fake, past);
	return 0;
}

static int
stop(void **state)
{
	cleanup_free char *out = xasprintf("%s/out", fake.folder);
	cleanup_free char *err = xasprintf("%s/err", fake.folder);

	(void)state;
	unlink(out); /* left by a test that failed */
	unlink(err);
	fake_stop(&fake);
	return 0;
}

static void
the_last_events_are_shown_oldest_first_and_harmless(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "events");
	assert_run(
		&run, CLI_OK,
		"EVENT TIME     SEVERITY WHERE WHAT\n"
		"    7 03:12:40 warning  h1    h1 is silent: no heartbeat for "
		"1.9 s; its BMC is\n"
		"                              asked\n"
		"    8 03:12:40 warning  c1    all ?[2Jis ?well\n",
		"");
}

static void
json_is_sorted_indented_and_escaped(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "events --json");
	assert_has(run.out,
		   "{\n  \"events\": [\n    {\n      \"cluster\": "
		   "\"c1\",\n      \"host\": \"h1\",\n      \"id\": 7");
	assert_has(run.out, "all \\u001B[2Jis \\u202Ewell");
	assert_has(run.out, "\"last\": 8\n}\n");
	assert_int_equal(run.status, CLI_OK);
	run_done(&run);
}

static void
more_events_than_one_answer_holds_are_asked_for_again(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "events -n 1500");
	assert_has(run.out, " first\n");
	assert_has(run.out, " thousandth\n");
	assert_has(run.out, " newest\n");
	assert_int_equal(run.status, CLI_OK);
	run_done(&run);
}

static void
no_events_are_said_to_be_none(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "events -n5");
	assert_run(&run, CLI_OK, "No events.\n", "");
}

static void
an_answer_without_a_list_is_refused(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "events -n2");
	assert_has(run.err, "has no events");
	assert_int_equal(run.status, CLI_FAILED);
	run_done(&run);
}

/* --- following -------------------------------------------------------- */

static const struct fake_route first_life[] = {
	{ "GET /v1/events?after=-10&", 200,
	  "{'events': [" EVENT("7", "'h1'", "seven") "], 'last': 7}", 0, 0 },
	{ "GET /v1/events?after=7&", 200,
	  "{'events': [" EVENT("8", "'h1'", "eight") "], 'last': 8}", 0, 50 },
	{ "GET /v1/events?after=8&", 200, "{'events': [], 'last': 8}", 0, 300 },
	{ NULL, 0, NULL, 0, 0 },
};

static const struct fake_route second_life[] = {
	{ "GET /v1/events?after=-1&", 200,
	  "{'events': [" EVENT("9", "'h1'", "nine") "], 'last': 9}", 0, 0 },
	{ "GET /v1/events?after=8&limit=1000&wait_ms=20000", 200,
	  "{'events': [" EVENT("9", "'h1'", "nine") "], 'last': 9}", 0, 0 },
	{ "GET /v1/events?after=9&limit=1000&wait_ms=20000", 200,
	  "{'events': [], 'last': 9}", 0, 300 },
	{ NULL, 0, NULL, 0, 0 },
};

/* The record was lost: numbers begin again. */
static const struct fake_route third_life[] = {
	{ "GET /v1/events?after=-1&", 200,
	  "{'events': [" EVENT("1", "'h1'", "one") "], 'last': 1}", 0, 0 },
	{ "GET /v1/events?after=0&", 200,
	  "{'events': [" EVENT("1", "'h1'", "one") "], 'last': 1}", 0, 0 },
	{ "GET /v1/events?after=1&", 503, "{'error': 'busy'}", 0, 100 },
	{ NULL, 0, NULL, 0, 0 },
};

/* Follow in a child that writes to files; returns its pid. */
static pid_t
follow(const char *out, const char *err)
{
	char *const argv[] = { (char *)"ironherd", (char *)"events",
			       (char *)"--follow", NULL };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct cli_io io = run_io;
	io.in = stdin;
	io.out = fopen(out, "w");
	io.err = fopen(err, "w");
	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	setenv(CLI_SOCKET_ENV, fake.socket, 1);
	_exit(cli_run(&io, 3, argv));
}

static void
read_whole(const char *path, char text[4096])
{
	FILE *file = fopen(path, "r");

	text[0] = '\0';
	if (file == NULL)
		return;
	text[fread(text, 1, 4095, file)] = '\0';
	fclose(file);
}

static void
wait_for(const char *path, const char *part)
{
	int64_t until_ms = clock_mono_ms() + 10000;
	char text[4096];

	do {
		read_whole(path, text);
		if (strstr(text, part) != NULL)
			return;
		fake_sleep_ms(20);
	} while (clock_mono_ms() < until_ms);
	fail_msg("waited in vain for \"%s\" in:\n%s", part, text);
}

static void
following_outlives_restarts_and_misses_nothing(void **state)
{
	struct fake *f = &fake;
	char text[4096];

	(void)state;
	fake_kill(f);
	cleanup_free char *out = xasprintf("%s/out", f->folder);
	cleanup_free char *err = xasprintf("%s/err", f->folder);
	fake_start(f, first_life);
	pid_t pid = follow(out, err);
	wait_for(out, "eight");
	fake_kill(f);
	wait_for(err,
		 "the coordinator does not answer; trying until it is back");
	fake_start(f, second_life);
	wait_for(out, "nine");
	wait_for(err, "the coordinator is back");
	fake_kill(f);
	fake_start(f, third_life);
	wait_for(out, "one");
	wait_for(err, "numbers begin again");

	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	read_whole(out, text);
	assert_string_equal(text, "EVENT TIME     SEVERITY WHERE WHAT\n"
				  "    7 03:12:40 warning  h1    seven\n"
				  "    8 03:12:40 warning  h1    eight\n"
				  "    9 03:12:40 warning  h1    nine\n"
				  "    1 03:12:40 warning  h1    one\n");
	unlink(out);
	unlink(err);
}

static void
following_without_a_coordinator_fails_at_once(void **state)
{
	struct run run;

	(void)state;
	fake_kill(&fake);
	run_command(&run, &fake, "events --follow");
	assert_int_equal(run.status, CLI_UNREACHABLE);
	run_done(&run);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(the_last_events_are_shown_oldest_first_and_harmless),
		TEST(json_is_sorted_indented_and_escaped),
		TEST(more_events_than_one_answer_holds_are_asked_for_again),
		TEST(no_events_are_said_to_be_none),
		TEST(an_answer_without_a_list_is_refused),
		TEST(following_outlives_restarts_and_misses_nothing),
		TEST(following_without_a_coordinator_fails_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
