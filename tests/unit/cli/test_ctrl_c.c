/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ctrl-C while many hosts are waited for.
 */
#include <errno.h>

#include "common/clock.h"
#include "scheduler/cli/client.h"
#include "scheduler/cli/interrupt.h"
#include "tests/unit/cli/fake_api.h"

#define SITE                                                                \
	"{'clusters': [{'name': 'c1', 'hosts': [{'name': 'h1', 'vms': 0}, " \
	"{'name': 'h2', 'vms': 3}]}, {'name': 'c2', 'hosts': [{'name': "    \
	"'h3', 'vms': 0}]}], 'alarms': []}"

#define OFF "'power': 'off', 'rc': 'ok', 'text': 'off', 'verified': true}"

static struct fake fake;

static const struct fake_route routes[] = {
	{ "GET /v1/status", 200, SITE, 0, 0 },
	{ "POST /v1/hosts/h1/power", 200, "{'host': 'h1', " OFF, 0, 0 },
	{ "POST /v1/hosts/h2/power", 200, "{'host': 'h2', " OFF, 0, 60000 },
	{ "GET /v1/hosts/h2/power", 200, "{}", 0, 60000 },
	{ "GET /v1/hosts/", 200,
	  "{'host': 'h1', 'power': 'on', 'rc': 'ok', 'text': ''}", 0, 0 },
	{ NULL, 0, NULL, 0, 0 },
};

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
	fake_stop(&fake);
	return 0;
}

/* A child presses Ctrl-C when the slow host has been asked. */
static pid_t
press_later(const char *request)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (int i = 0; i < 600; i++) {
		cleanup_free char *asked = fake_requests(&fake);

		if (strstr(asked, request) != NULL)
			break;
		fake_sleep_ms(50);
	}
	/* What was answered before it has come by then. */
	fake_sleep_ms(500);
	kill(getppid(), SIGINT);
	_exit(0);
}

static void
ctrl_c_tells_what_is_done_and_what_goes_on(void **state)
{
	int64_t began_ms = clock_mono_ms();
	struct run run;

	(void)state;
	pid_t pid = press_later("POST /v1/hosts/h2/");
	run_command(&run, &fake, "power off h1,h2 --yes --force");
	waitpid(pid, NULL, 0);
	assert_string_equal(
		run.out, "1 of 2 are off, verified; interrupted:\n"
			 "  h1: done\n"
			 "  h2: the order was given and goes on; HOW IT ENDS "
			 "IS NOT KNOWN\n");
	assert_int_equal(run.status, CLI_INTERRUPTED);
	assert_true(clock_mono_ms() - began_ms < 50000);
	run_done(&run);
}

static void
ctrl_c_leaves_a_table_of_what_was_told(void **state)
{
	struct run run;

	(void)state;
	pid_t pid = press_later("GET /v1/hosts/h2/");
	run_command(&run, &fake, "power status h1,h2");
	waitpid(pid, NULL, 0);
	assert_int_equal(run.status, CLI_INTERRUPTED);
	assert_has(run.out, "1 of 2 told their power; interrupted:\n"
			    "  h2: it had not answered yet\n");
	cleanup_free char *h2 = line_of(run.out, "h2");
	assert_has(h2, "unknown");
	run_done(&run);
}

static void
ctrl_c_and_json_tell_what_was_sent(void **state)
{
	struct run run;

	(void)state;
	pid_t pid = press_later("POST /v1/hosts/h2/");
	run_command(&run, &fake, "power off h1,h2 --yes --json");
	waitpid(pid, NULL, 0);
	assert_int_equal(run.status, CLI_INTERRUPTED);
	json_t *list = json_loads(run.out, 0, NULL);
	assert_int_equal(json_array_size(list), 2);
	const json_t *h2 = json_array_get(list, 1);
	assert_true(json_is_true(json_object_get(h2, "sent")));
	assert_string_equal(json_string_value(json_object_get(h2, "power")),
			    "unknown");
	json_decref(list);
	run_done(&run);
}

/* Those who wait for a place have not been asked. */
static void
ctrl_c_tells_apart_who_got_no_order(void **state)
{
	struct client_one calls[CLIENT_AT_ONCE + 1] = { { .path = NULL } };
	struct client_many many = { .calls = calls,
				    .n = CLIENT_AT_ONCE + 1,
				    .timeout_ms = 60000,
				    .is_over = interrupt_came };
	char path[] = "/v1/hosts/h2/power";
	struct interrupt interrupt;

	(void)state;
	for (size_t i = 0; i < many.n; i++)
		calls[i].path = path;
	interrupt_watch(&interrupt);
	pid_t pid = press_later("GET /v1/hosts/h2/");
	assert_false(client_call_many(fake.socket, &many));
	interrupt_unwatch(&interrupt);
	waitpid(pid, NULL, 0);
	assert_int_equal(calls[0].rc, -EINTR);
	assert_int_equal(calls[CLIENT_AT_ONCE].rc, -ECANCELED);
}

static void
a_second_ctrl_c_ends_it_at_once(void **state)
{
	int status = 0;

	(void)state;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		struct interrupt interrupt;

		interrupt_watch(&interrupt);
		raise(SIGINT);
		if (!interrupt_came())
			_exit(1);
		raise(SIGINT);
		_exit(2);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

static void
who_ignores_ctrl_c_goes_on(void **state)
{
	struct interrupt interrupt;

	(void)state;
	signal(SIGINT, SIG_IGN);
	interrupt_watch(&interrupt);
	raise(SIGINT);
	assert_false(interrupt_came());
	interrupt_unwatch(&interrupt);
	assert_ptr_equal(signal(SIGINT, SIG_DFL), SIG_IGN);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(ctrl_c_tells_what_is_done_and_what_goes_on),
		TEST(ctrl_c_leaves_a_table_of_what_was_told),
		TEST(ctrl_c_and_json_tell_what_was_sent),
		TEST(ctrl_c_tells_apart_who_got_no_order),
		cmocka_unit_test(a_second_ctrl_c_ends_it_at_once),
		cmocka_unit_test(who_ignores_ctrl_c_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
