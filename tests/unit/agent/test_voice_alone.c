/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the agent that stands alone, asked by net-snmp's commands: who may
 * read, what, and in which order it comes. */
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
static pid_t speaker;
static int port;
static char listen_at[64], engine[128];

static struct voice_options
options(void)
{
	return (struct voice_options){ .listen = listen_at,
				       .account = &speaker_account,
				       .engine_file = engine,
				       .host_mibs = true };
}

static int
setup(void **state)
{
	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	port = free_port(SOCK_DGRAM);
	snprintf(listen_at, sizeof(listen_at), "udp:127.0.0.1:%d", port);
	snprintf(engine, sizeof(engine), "%s", tree_path(&tree, "engine"));
	struct voice_options o = options();
	speaker = speaker_start(&o);
	return wait_for_answer(port, 8000) < 0;
}

static int
teardown(void **state)
{
	(void)state;
	speaker_end(speaker);
	tree_remove(&tree);
	return 0;
}

/* Instances of ours; the last line of a walk says that there are no more. */
static size_t
count_values(const char *text)
{
	const size_t len = strlen(root_oid());
	size_t n = 0;

	for (; text != NULL && *text != '\0';
	     text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
		const char *end = text + strcspn(text, "\n");
		const char *no_more = strstr(text, "No more variables");

		n += text[0] == '.' &&
		     strncmp(text + 1, root_oid(), len) == 0 &&
		     (no_more == NULL || no_more > end);
	}
	return n;
}

static size_t
count_objects(void)
{
	struct node_report *report = speaker_report(1);
	struct codec_oid oid = *codec_root();
	struct codec_value value;
	size_t n = 0;

	while (codec_next(report, 0, &oid, &oid, &value) == 0)
		n++;
	node_report_free(report);
	return n;
}

static void
a_walk_gives_every_object_once_by_either_command(void **state)
{
	(void)state;
	assert_int_equal(count_values(ask("walk", port, root_oid())),
			 count_objects());
	assert_int_equal(count_values(ask("bulkwalk -Cr50", port, root_oid())),
			 count_objects());
	assert_int_equal(count_values(ask("bulkwalk -Cr3", port, root_oid())),
			 count_objects());
	assert_null(strstr(ask("walk", port, root_oid()), "No Such"));
}

static void
what_is_not_there_is_said_in_the_right_words(void **state)
{
	char oid[300];

	(void)state;
	snprintf(oid, sizeof(oid), "%s.1", name_oid());
	assert_non_null(strstr(ask("get", port, oid), "No Such Instance"));
	snprintf(oid, sizeof(oid), "%s.77.1.0", root_oid());
	assert_non_null(strstr(ask("get", port, oid), "No Such Object"));
}

static uint32_t
read_sequence(void)
{
	struct codec_oid pulse[CODEC_PULSE_MAX];
	char oid[256];

	/* uuid, boot id, sequence: the third of the heartbeat. */
	assert_true(codec_pulse_oids(pulse) > 2);
	codec_oid_print(&pulse[2], oid, sizeof(oid));
	const char *colon = strstr(ask("get", port, oid), ": ");
	assert_non_null(colon);
	return (uint32_t)strtoul(colon + 2, NULL, 10);
}

static void
later_reports_are_seen(void **state)
{
	uint32_t first = read_sequence();

	(void)state;
	usleep(400000);
	assert_true(read_sequence() > first);
}

static const char *
ask_as(const char *who)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "snmpget -m '' -t 1 -r 0 %s "
		 "udp:127.0.0.1:%d %s 2>&1",
		 who, port, name_oid());
	return run(command);
}

static void
only_the_account_with_privacy_may_read(void **state)
{
	static const char *const strangers[] = {
		"-v2c -c public",
		"-v1 -c public",
		"-v3 -u nobody -l noAuthNoPriv",
		"-v3 -u " USER " -l noAuthNoPriv",
		"-v3 -u " USER " -l authNoPriv -a SHA-256 -A 'pass \"word'",
		"-v3 -u " USER " -l authPriv -a SHA-256 -A wrongwrong "
		"-x AES -X 'pass \"word'",
		"-v3 -u " USER " -l authPriv -a SHA-256 -A 'pass \"word' "
		"-x AES -X wrongwrong",
		"-v3 -u " USER " -l authPriv -a SHA -A 'pass \"word' "
		"-x AES -X 'pass \"word'",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++)
		assert_null(strstr(ask_as(strangers[i]), "by-hand"));
	assert_true(answers(port));
}

static void
nothing_but_our_trees_and_groups_of_counters_is_shown(void **state)
{
	(void)state;
	assert_non_null(
		strstr(ask("get", port, "1.3.6.1.2.1.1.3.0"), "Timeticks"));
	/* Users, views, the engine's own tables. */
	assert_null(strstr(ask("walk", port, "1.3.6.1.6.3"), USER));
	/* But how often they were refused: usmStats, the last of all. */
	assert_non_null(strstr(ask("getnext", port, "1.3.6.1.6.3"),
			       ".1.3.6.1.6.3.15.1.1.1.0 = Counter32"));
	assert_non_null(strstr(ask("getnext", port, "1.3.6.1.6.3.15.1.1.6.0"),
			       "No more variables"));
}

/* Lines of a walk that are values below it. */
static size_t
count_below(const char *oid)
{
	const char *text = ask("bulkwalk -t 5 -Cr25", port, oid);
	size_t n = 0;
	char start[128];

	snprintf(start, sizeof(start), ".%s.", oid);
	for (; text != NULL && *text != '\0';
	     text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		n += strncmp(text, start, strlen(start)) == 0 &&
		     strstr(text, "No more variables") != text;
	return n;
}

static void
what_monitoring_wants_of_any_host_is_there(void **state)
{
	static const char *const subtrees[] = {
		"1.3.6.1.2.1.2.2",        /* ifTable */
		"1.3.6.1.2.1.31.1.1",     /* ifXTable */
		"1.3.6.1.2.1.25.1",       /* hrSystem */
		"1.3.6.1.2.1.25.2.3",     /* hrStorageTable */
		"1.3.6.1.2.1.25.3.2",     /* hrDeviceTable */
		"1.3.6.1.2.1.25.3.3",     /* hrProcessorTable */
		"1.3.6.1.4.1.2021.4",     /* memory */
		"1.3.6.1.4.1.2021.9",     /* dskTable */
		"1.3.6.1.4.1.2021.10",    /* load */
		"1.3.6.1.4.1.2021.11",    /* CPU */
		"1.3.6.1.4.1.2021.13.15", /* disks */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(subtrees) / sizeof(*subtrees); i++)
		if (count_below(subtrees[i]) < 2)
			fail_msg("%s is empty", subtrees[i]);
	assert_non_null(strstr(ask("get", port, "1.3.6.1.2.1.25.2.2.0"),
			       "INTEGER: 4096"));
	assert_non_null(strstr(ask("get", port, "1.3.6.1.2.1.25.2.3.1.2.32"),
			       "OID: .1.3.6.1.2.1.25.2.1.4"));
	assert_non_null(strstr(ask("get", port, "1.3.6.1.2.1.25.2.3.1.3.32"),
			       "\"/var\""));
	assert_non_null(strstr(ask("get", port, "1.3.6.1.4.1.2021.9.1.2.1"),
			       "\"/var\""));
	/* ssCpuRawIdle, from the first answer on. */
	assert_null(strstr(ask("get", port, "1.3.6.1.4.1.2021.11.53.0"),
			   "Counter32: 0\n"));
}

static void
what_can_hang_or_betrays_is_not_there(void **state)
{
	static const char *const subtrees[] = {
		"1.3.6.1.2.1.25.4",   /* hrSWRun */
		"1.3.6.1.2.1.25.5",   /* hrSWRunPerf */
		"1.3.6.1.2.1.25.6",   /* hrSWInstalled */
		"1.3.6.1.2.1.25.3.6", /* hrDiskStorageTable */
		"1.3.6.1.2.1.25.3.8", /* hrFSTable */
		"1.3.6.1.2.1.4",      /* IP-MIB */
		"1.3.6.1.4.1.2021.8", /* programs */
		"1.3.6.1.4.1.8072.1", /* net-snmp's own */
		"1.3.6.1.6.3.15.1.2", /* usmUserTable */
		"1.3.6.1.6.3.16",     /* VACM */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(subtrees) / sizeof(*subtrees); i++)
		if (count_below(subtrees[i]) > 0)
			fail_msg("%s is shown", subtrees[i]);
	assert_non_null(
		strstr(ask("get", port, "1.3.6.1.2.1.25.1.6.0"), "No Such"));
}

static void
without_host_mibs_only_the_system_group_is_there(void **state)
{
	struct voice_options o = options();
	char other[128], at[64];
	int all = port;

	(void)state;
	snprintf(other, sizeof(other), "%s", tree_path(&tree, "engine3"));
	port = free_port(SOCK_DGRAM);
	snprintf(at, sizeof(at), "udp:127.0.0.1:%d", port);
	o.engine_file = other;
	o.listen = at;
	o.host_mibs = false;
	pid_t pid = speaker_start(&o);
	assert_true(wait_for_answer(port, 8000) >= 0);
	assert_true(count_below("1.3.6.1.2.1.1") > 0);
	assert_int_equal(count_below("1.3.6.1.2.1.2"), 0);
	assert_int_equal(count_below("1.3.6.1.2.1.25"), 0);
	assert_int_equal(count_below("1.3.6.1.4.1.2021"), 0);
	speaker_end(pid);
	port = all;
}

static void
nothing_can_be_set(void **state)
{
	char args[300];

	(void)state;
	snprintf(args, sizeof(args), "%s s hacked", name_oid());
	assert_null(strstr(ask("set", port, args), "= STRING: \"hacked\""));
	assert_true(answers(port));
}

/* The same garbage each time. */
static uint32_t
roll(uint32_t *luck)
{
	*luck ^= *luck << 13;
	*luck ^= *luck >> 17;
	*luck ^= *luck << 5;
	return *luck >> 8;
}

static void
garbage_does_not_end_it(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned char packet[512] = { 0 };
	uint32_t luck = 4711;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)port);
	for (int i = 0; i < 2000; i++) {
		size_t len = roll(&luck) % sizeof(packet);

		for (size_t j = 0; j < len; j++)
			packet[j] = (unsigned char)roll(&luck);
		packet[0] = i % 2 ? 0x30 : packet[0];
		sendto(fd, packet, len, 0, (struct sockaddr *)&to, sizeof(to));
	}
	close(fd);
	assert_true(wait_for_answer(port, 5000) >= 0);
}

static void
a_port_in_use_is_told(void **state)
{
	struct voice_options o = options();
	char other[128];
	int status;

	(void)state;
	snprintf(other, sizeof(other), "%s", tree_path(&tree, "engine2"));
	o.engine_file = other;
	pid_t pid = speaker_start(&o);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_true(answers(port));
}

static void
it_opens_no_port_but_its_own(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "ss -Hltunxp | grep -c pid=%d,",
		 (int)speaker);
	assert_int_equal(strtol(run(command), NULL, 10), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_walk_gives_every_object_once_by_either_command),
		cmocka_unit_test(what_is_not_there_is_said_in_the_right_words),
		cmocka_unit_test(later_reports_are_seen),
		cmocka_unit_test(only_the_account_with_privacy_may_read),
		cmocka_unit_test(
			nothing_but_our_trees_and_groups_of_counters_is_shown),
		cmocka_unit_test(what_monitoring_wants_of_any_host_is_there),
		cmocka_unit_test(what_can_hang_or_betrays_is_not_there),
		cmocka_unit_test(
			without_host_mibs_only_the_system_group_is_there),
		cmocka_unit_test(nothing_can_be_set),
		cmocka_unit_test(garbage_does_not_end_it),
		cmocka_unit_test(a_port_in_use_is_told),
		cmocka_unit_test(it_opens_no_port_but_its_own),
	};

	log_start("test", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
