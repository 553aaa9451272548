/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the voice behind a real snmpd: late, killed, stopped, and after we
 * were stopped ourselves. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "tests/unit/agent/speaker.h"

static struct tree tree;
static pid_t speaker, master;
static int port;
static char socket_path[128];

static pid_t
start_snmpd(void)
{
	return snmpd_start(&tree, port, socket_path);
}

static int
setup(void **state)
{
	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	port = free_port(SOCK_DGRAM);
	snprintf(socket_path, sizeof(socket_path), "%s",
		 tree_path(&tree, "master"));
	struct voice_options options = { .agentx_socket = socket_path };
	speaker = speaker_start(&options);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	speaker_end(speaker);
	if (master > 0)
		speaker_end(master);
	tree_remove(&tree);
	return 0;
}

static void
it_starts_without_snmpd_and_is_there_soon_after_it(void **state)
{
	(void)state;
	usleep(VOICE_PING_S * 1000000 + 200000);
	assert_int_equal(kill(speaker, 0), 0);
	master = start_snmpd();
	/* Before the next ping: it was looked for. */
	int64_t there_ms = wait_for_answer(port, 8000);
	print_message("there after %lld ms\n", (long long)there_ms);
	assert_in_range(there_ms, 0, VOICE_PING_S * 1000 - 400);
}

static void
it_is_back_soon_after_snmpd_was_killed(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		speaker_end(master);
		usleep(300000);
		master = start_snmpd();
		int64_t back_ms = wait_for_answer(port, 8000);
		print_message("back after %lld ms\n", (long long)back_ms);
		assert_in_range(back_ms, 0, 5000);
	}
}

static void
a_walk_through_snmpd_is_the_same_tree(void **state)
{
	char args[300];

	(void)state;
	snprintf(args, sizeof(args), "%s", root_oid());
	const char *walk = ask("bulkwalk -Cr20", port, args);
	size_t n = 0;
	for (const char *at = walk; (at = strstr(at, "\"vm")) != NULL; at++)
		n++;
	assert_int_equal(n, 20);
	assert_null(strstr(walk, "No "));
	assert_null(strstr(walk, "Error"));
}

static void
after_a_pause_that_made_snmpd_drop_us_it_lives_and_is_back(void **state)
{
	int status;

	(void)state;
	kill(speaker, SIGSTOP);
	for (int i = 0; i < 8 && strstr(ask("get", port, name_oid()),
					"No Such Object") == NULL;
	     i++)
		usleep(200000);
	kill(speaker, SIGCONT);
	assert_in_range(wait_for_answer(port, 8000), 0, 5000);
	assert_int_equal(waitpid(speaker, &status, WNOHANG), 0); /* lives */
}

static void
a_stopped_snmpd_is_outlived(void **state)
{
	int status;

	(void)state;
	kill(master, SIGSTOP);
	usleep(4000000); /* two pings go unanswered */
	kill(master, SIGCONT);
	assert_in_range(wait_for_answer(port, 15000), 0, 12000);
	assert_int_equal(waitpid(speaker, &status, WNOHANG), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			it_starts_without_snmpd_and_is_there_soon_after_it),
		cmocka_unit_test(it_is_back_soon_after_snmpd_was_killed),
		cmocka_unit_test(a_walk_through_snmpd_is_the_same_tree),
		cmocka_unit_test(
			after_a_pause_that_made_snmpd_drop_us_it_lives_and_is_back),
		cmocka_unit_test(a_stopped_snmpd_is_outlived),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
