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
static int port, sink = -1;
static char socket_path[128], trap_sink[64];

static pid_t
start_snmpd(void)
{
	return snmpd_start(&tree, port, socket_path, trap_sink);
}

/* Receives what snmpd's trap sink is sent. */
static int
open_sink(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	const struct timeval limit = { .tv_sec = 3 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret_port = free_port(SOCK_DGRAM);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)*ret_port);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static int
setup(void **state)
{
	int sink_port;

	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	port = free_port(SOCK_DGRAM);
	sink = open_sink(&sink_port);
	snprintf(socket_path, sizeof(socket_path), "%s",
		 tree_path(&tree, "master"));
	snprintf(trap_sink, sizeof(trap_sink),
		 "trap2sink 127.0.0.1:%d public\n", sink_port);
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
		assert_in_range(back_ms, 0, 3000);
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

/* The next line of a walk that begins with this instance; NULL: there is none.
 */
static const char *
find_line(const char *walk, const struct codec_oid *oid)
{
	char text[600] = "\n.";
	size_t len;

	codec_oid_print(oid, text + 2, sizeof(text) - 8);
	len = strlen(text);
	memcpy(text + len, " = ", sizeof(" = "));
	return strncmp(walk, text + 1, len + 2) == 0 ? walk
						     : strstr(walk, text);
}

/* How many values were found before one was not, or all. */
static size_t
count_found(const struct codec_tree *subtree, const struct codec_parts *parts,
	    const char *walk, bool *ret_all)
{
	struct codec_oid at = *codec_tree_root(subtree);
	struct codec_value value;
	size_t n = 0;

	for (; codec_tree_next(subtree, parts, 0, &at, &at, &value) == 0; n++) {
		const char *line = find_line(walk, &at);

		*ret_all = line != NULL;
		if (line == NULL)
			return n;
		walk = line + 1;
	}
	*ret_all = true;
	return n;
}

static void
every_instance_of_every_tree_is_there_in_order(void **state)
{
	struct node_report *report = speaker_report(1);
	const struct codec_parts parts = codec_parts_of(report);
	char root[300];
	bool all;

	(void)state;
	for (size_t i = 0; codec_node_trees[i] != NULL; i++) {
		codec_oid_print(codec_tree_root(codec_node_trees[i]), root,
				sizeof(root));
		const char *walk = ask("bulkwalk -Cr20 -t 5", port, root);
		size_t n = count_found(codec_node_trees[i], &parts, walk, &all);
		if (!all)
			fail_msg("only %zu values of %s", n, root);
		assert_true(n > 0 || strstr(walk, "No ") != NULL);
	}
	node_report_free(report);
}

static void
what_is_not_there_is_told_apart(void **state)
{
	char many[300], oid[80];

	(void)state;
	snprintf(oid, sizeof(oid), "%s", name_oid());
	snprintf(many, sizeof(many), "%s.9 %.80s.99.0 %s", oid, root_oid(),
		 oid);
	const char *said = ask("get", port, many);
	assert_non_null(strstr(said, "No Such Instance"));
	assert_non_null(strstr(said, "No Such Object"));
	assert_non_null(strstr(said, "\"by-hand\"")); /* the others count */
	/* Behind our last tree it goes on with what is not ours. */
	codec_oid_print(codec_root(), oid, sizeof(oid));
	snprintf(many, sizeof(many), "%s.4294967295", oid);
	said = ask("getnext", port, many);
	assert_null(strstr(said, oid));
	assert_null(strstr(said, "Error"));
}

/* snmpd sends traps of its own, too. */
static bool
sink_hears_bytes(const char *text, size_t len)
{
	char packet[4096];

	while (recv(sink, packet, sizeof(packet), MSG_DONTWAIT) > 0)
		; /* of before */
	for (int i = 0; i < 20; i++) {
		ssize_t n = recv(sink, packet, sizeof(packet), 0);

		if (n > 0 && memmem(packet, (size_t)n, text, len) != NULL)
			return true;
	}
	return false;
}

#define sink_hears(text) sink_hears_bytes(text, sizeof(text) - 1)

static void
notices_go_to_the_trap_sinks_of_snmpd(void **state)
{
	(void)state;
	assert_true(sink_hears("a notice by hand"));
	assert_true(sink_hears("a vm by hand"));
	/* vmPaused, and vmOperState.4 = running(4), as BER. */
	assert_true(sink_hears("\x2b\x06\x01\x02\x01\x81\x6c\x00\x04"));
	assert_true(sink_hears("\x01\x04\x01\x06\x04\x02\x01\x04"));
	/* vmBulkCrashed, and vmAffectedVMs.0: the 8th and the 17th. */
	assert_true(sink_hears("\x2b\x06\x01\x02\x01\x81\x6c\x00\x13"));
	assert_true(sink_hears("\x01\x0b\x00\x04\x03\x01\x00\x80"));
	speaker_end(master);
	usleep(300000);
	master = start_snmpd();
	assert_in_range(wait_for_answer(port, 8000), 0, 5000);
	assert_true(sink_hears("a notice by hand"));
}

/* Several sessions of the library have something to read at one time, and
 * reading one may read the other: nobody waits for what is not there. */
static void
many_ask_at_once_and_it_answers_on(void **state)
{
	enum { ASKERS = 8, WALKS = 12 };
	pid_t askers[ASKERS];

	(void)state;
	for (int i = 0; i < ASKERS; i++) {
		askers[i] = fork();
		assert_true(askers[i] >= 0);
		if (askers[i] > 0)
			continue;
		for (int n = 0; n < WALKS; n++)
			ask("bulkwalk -t 5 -Cr20", port, root_oid());
		_exit(0);
	}
	for (int i = 0; i < ASKERS; i++)
		waitpid(askers[i], NULL, 0);
	assert_in_range(wait_for_answer(port, 8000), 0, 5000);
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

/* The packaged configuration, but for the socket; NULL where the tests do not
 * run in the project's folder. */
static FILE *
copy_packaged(FILE *to)
{
	FILE *from = fopen("packaging/snmpd/ironherd.conf", "r");
	char line[256];

	while (from != NULL && fgets(line, sizeof(line), from) != NULL)
		if (strncmp(line, "agentXSocket", 12) != 0)
			fputs(line, to);
	return from;
}

static void
start_packaged(void)
{
	FILE *to = fopen(tree_path(&tree, "packaged.conf"), "w");

	assert_non_null(to);
	FILE *from = copy_packaged(to);
	fprintf(to,
		"agentaddress udp:127.0.0.1:%d\n"
		"createUser " USER " SHA-256 \"pass \\\"word\" AES "
		"\"pass \\\"word\"\n"
		"rouser " USER " priv -V ironherd\nagentXSocket %s\n",
		port, socket_path);
	fclose(to);
	if (from == NULL)
		skip();
	fclose(from);
	master = snmpd_run(tree_path(&tree, "packaged.conf"));
}

static bool
shows(const char *oid)
{
	char start[64];

	snprintf(start, sizeof(start), ".%s.", oid);
	return strncmp(ask("getnext -t 5", port, oid), start, strlen(start)) ==
	       0;
}

static void
the_packaged_view_shows_what_it_should(void **state)
{
	static const char *const shown[] = {
		"1.3.6.1.2.1.1",      "1.3.6.1.2.1.2.2",
		"1.3.6.1.2.1.31",     "1.3.6.1.2.1.25.1",
		"1.3.6.1.2.1.25.2",   "1.3.6.1.2.1.25.3.2",
		"1.3.6.1.4.1.2021.4", "1.3.6.1.4.1.2021.11",
	};
	static const char *const hidden[] = {
		"1.3.6.1.2.1.25.1.6", "1.3.6.1.2.1.25.4", "1.3.6.1.2.1.25.6",
		"1.3.6.1.2.1.4",      "1.3.6.1.6.3.15",   "1.3.6.1.6.3.16",
	};

	(void)state;
	speaker_end(master);
	start_packaged();
	assert_in_range(wait_for_answer(port, 8000), 0, 5000);
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		if (!shows(shown[i]))
			fail_msg("%s is not shown", shown[i]);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (shows(hidden[i]))
			fail_msg("%s is shown", hidden[i]);
}

static void
the_packaged_view_has_every_subtree_of_ours(void **state)
{
	FILE *from = fopen("packaging/snmpd/ironherd.conf", "r");
	char text[8192], view[300], oid[256];

	(void)state;
	if (from == NULL)
		skip();
	text[fread(text, 1, sizeof(text) - 1, from)] = '\0';
	fclose(from);
	for (size_t i = 0; codec_node_trees[i] != NULL; i++) {
		codec_oid_print(codec_tree_root(codec_node_trees[i]), oid,
				sizeof(oid));
		snprintf(view, sizeof(view), "included .%s\n", oid);
		if (strstr(text, view) == NULL)
			fail_msg("no line \"view ironherd %s\"", view);
	}
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
			every_instance_of_every_tree_is_there_in_order),
		cmocka_unit_test(what_is_not_there_is_told_apart),
		cmocka_unit_test(notices_go_to_the_trap_sinks_of_snmpd),
		cmocka_unit_test(many_ask_at_once_and_it_answers_on),
		cmocka_unit_test(
			after_a_pause_that_made_snmpd_drop_us_it_lives_and_is_back),
		cmocka_unit_test(a_stopped_snmpd_is_outlived),
		cmocka_unit_test(the_packaged_view_has_every_subtree_of_ours),
		cmocka_unit_test(the_packaged_view_shows_what_it_should),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
