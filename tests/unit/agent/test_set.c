/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what can be set, by net-snmp's own client: who may, what is
 * refused and how, all or nothing, and what is left after a restart.  Alone
 * and behind a real snmpd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/control.h"
#include "agent/obey.h"
#include "agent/roles.h"
#include "common/log.h"
#include "tests/unit/agent/speaker.h"

#define WRITER "writer"
#define VM_MIB "1.3.6.1.2.1.236.1"

enum { MAINTENANCE = 1, OVERCOMMIT, LEASE, LEASE_MS, RENEW, MEASURE, BASELINE };

static const struct snmp_account write_account = {
	.name = "write",
	.user = WRITER,
	.auth_password = PASSWORD,
	.priv_password = PASSWORD,
	.auth = "SHA-256",
	.priv = "AES",
};

static struct tree tree;
static pid_t agent, master;
static int port;
static char listen_at[64], engine[128], socket_path[128];

/* --- the agent ------------------------------------------------------------ */

static void
changed(void *arg)
{
	(void)arg;
}

/* Kept where the test can see it. */
static void
measure(void *arg, uint32_t vm)
{
	FILE *file = fopen(tree_path(arg, "measured"), "a");

	fprintf(file, "%u\n", (unsigned)vm);
	fclose(file);
}

static _Noreturn void
agent_run(struct voice_options *options)
{
	struct settings settings = { .state_dir = tree_path(&tree, "state"),
				     .system_root = tree.root,
				     .watchdog_device = "/nonexistent/w",
				     .notify_snmpd = master > 0 };
	struct loop *loop = loop_new();
	const struct obey_options obeys = { .settings = &settings,
					    .boot_id = "",
					    .changed = changed,
					    .measure = measure,
					    .arg = &tree };
	struct obey *obey = obey_new(loop, &obeys);
	json_t *models =
		json_pack("[{s:s}, {s:s}]", "name", "EPYC-Rome", "name", "486");
	struct board *board = board_new(&board_of_reports);
	struct voice *voice;
	struct err err = { "" };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	options->source = board_source(board);
	options->source.writer = obey_writer(obey);
	obey_models(obey, models);
	board_post(board, speaker_report(1), clock_mono_ms());
	if (voice_start(options, &voice, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		_exit(3);
	}
	loop_run(loop);
	_exit(0);
}

static void
agent_start(void)
{
	struct voice_options alone = { .listen = listen_at,
				       .account = &speaker_account,
				       .write_account = &write_account,
				       .engine_file = engine };
	struct voice_options behind = { .agentx_socket = socket_path };

	agent = fork();
	assert_true(agent >= 0);
	if (agent == 0)
		agent_run(master > 0 ? &behind : &alone);
	assert_in_range(wait_for_answer(port, 8000), 0, 8000);
}

static int
setup_alone(void **state)
{
	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	assert_int_equal(file_mkdirs(tree_path(&tree, "state"), 0700, NULL), 0);
	port = free_port(SOCK_DGRAM);
	SET(engine, tree_path(&tree, "engine"));
	snprintf(listen_at, sizeof(listen_at), "udp:127.0.0.1:%d", port);
	agent_start();
	return 0;
}

static void
master_start(void)
{
	master = fork();
	assert_true(master >= 0);
	if (master > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("snmpd", "snmpd", "-f", "-Ln", "-C", "-c",
	       tree_path(&tree, "snmpd.conf"), "-I", "-smux", (char *)NULL);
	_exit(127);
}

static const char *
control_oid(int arc)
{
	static char texts[4][300];
	static unsigned next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), ".%s.1.45.%d.0", root_oid(), arc);
	return text;
}

/* As the example of the manual page has it. */
static int
setup_behind(void **state)
{
	char conf[2048];

	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	assert_int_equal(file_mkdirs(tree_path(&tree, "state"), 0700, NULL), 0);
	port = free_port(SOCK_DGRAM);
	SET(socket_path, tree_path(&tree, "master"));
	snprintf(conf, sizeof(conf),
		 "agentaddress udp:127.0.0.1:%d\n"
		 "createUser " USER " SHA-256 \"pass \\\"word\" AES "
		 "\"pass \\\"word\"\n"
		 "createUser " WRITER " SHA-256 \"pass \\\"word\" AES "
		 "\"pass \\\"word\"\n"
		 "rouser " USER " priv .1\n"
		 "view ironherd-set included .%s.1.45\n"
		 "view ironherd-set included ." VM_MIB ".9\n"
		 "view ironherd-set included ." VM_MIB ".10\n"
		 "rwuser " WRITER " priv -V ironherd-set\n"
		 "master agentx\nagentXSocket %s\n"
		 "agentXTimeout 1\nagentXRetries 0\n",
		 port, root_oid(), socket_path);
	tree_write(&tree, "snmpd.conf", conf);
	master_start();
	agent_start();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	speaker_end(agent);
	if (master > 0)
		speaker_end(master);
	master = 0;
	tree_remove(&tree);
	return 0;
}

/* --- asking --------------------------------------------------------------- */

#define PASSWORDS "-a SHA-256 -A 'pass \"word' -x AES -X 'pass \"word'"

static const char *
send_as(const char *who, const char *what, const char *args)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "snmp%s -m '' -On -Oe -t 1 -r 0 -v3 %s udp:127.0.0.1:%d %s "
		 "2>&1",
		 what, who, port, args);
	return run(command);
}

/* By the one who may: "45.ARC TYPE VALUE". */
static const char *
set(int arc, const char *value)
{
	char args[900];

	snprintf(args, sizeof(args), "%s %s", control_oid(arc), value);
	return send_as("-u " WRITER " -l authPriv " PASSWORDS, "set", args);
}

static long
get(int arc)
{
	const char *said = ask("get -Oe", port, control_oid(arc));
	const char *colon = strstr(said, ": ");

	if (colon == NULL || strstr(said, "No Such") != NULL)
		fail_msg("%s", said);
	return colon != NULL ? strtol(colon + 2, NULL, 10) : -1;
}

static void
is_refused(const char *said, const char *why)
{
	if (strstr(said, why) == NULL)
		fail_msg("not \"%s\" but \"%s\"", why, said);
}

static bool
is_taken(const char *said)
{
	return strstr(said, " = ") != NULL && strstr(said, "Error") == NULL;
}

/* --- tests ---------------------------------------------------------------- */

static void
what_is_set_is_read_at_once(void **state)
{
	(void)state;
	assert_int_equal(get(MAINTENANCE), SWITCH_OFF);
	assert_int_equal(get(LEASE_MS), LEASE_MS_PRESET);
	for (long i = 0; i < 4; i++) {
		assert_true(
			is_taken(set(MAINTENANCE, i % 2 == 0 ? "i 2" : "i 1")));
		assert_int_equal(get(MAINTENANCE), i % 2 == 0 ? 2 : 1);
	}
	assert_true(is_taken(set(LEASE_MS, "u 12000")));
	assert_int_equal(get(LEASE_MS), 12000);
}

static void
wrong_values_are_refused_in_the_right_words(void **state)
{
	(void)state;
	is_refused(set(LEASE, "u 2"), "wrongType");
	is_refused(set(LEASE, "s on"), "wrongType");
	is_refused(set(LEASE_MS, "i 12000"), "wrongType");
	is_refused(set(LEASE, "i 0"), "wrongValue");
	is_refused(set(LEASE, "i 3"), "wrongValue");
	is_refused(set(LEASE, "i -1"), "wrongValue");
	is_refused(set(LEASE_MS, "u 7999"), "wrongValue");
	is_refused(set(LEASE_MS, "u 600001"), "wrongValue");
	assert_int_equal(get(LEASE), SWITCH_OFF);
	assert_true(is_taken(set(LEASE_MS, "u 8000")));
	assert_true(is_taken(set(LEASE_MS, "u 600000")));
}

static void
renewals_do_not_go_back(void **state)
{
	(void)state;
	assert_true(is_taken(set(RENEW, "u 4294967290")));
	is_refused(set(RENEW, "u 4294967289"), "inconsistentValue");
	assert_true(is_taken(set(RENEW, "u 4294967290")));
	assert_true(is_taken(set(RENEW, "u 4294967291")));
	assert_int_equal(get(RENEW), 4294967291);
}

static void
several_in_one_message_are_set_wholly_or_not_at_all(void **state)
{
	char value[550];

	(void)state;
	assert_true(is_taken(set(OVERCOMMIT, "i 1")));
	snprintf(value, sizeof(value), "i 2 %s u 30000 %s i 9",
		 control_oid(LEASE_MS), control_oid(LEASE));
	is_refused(set(OVERCOMMIT, value), "wrongValue");
	assert_int_equal(get(OVERCOMMIT), 1);
	assert_int_not_equal(get(LEASE_MS), 30000);

	snprintf(value, sizeof(value), "i 2 %s u 30000 %s i 2",
		 control_oid(LEASE_MS), control_oid(LEASE));
	assert_true(is_taken(set(OVERCOMMIT, value)));
	assert_int_equal(get(OVERCOMMIT), 2);
	assert_int_equal(get(LEASE_MS), 30000);
	assert_int_equal(get(LEASE), 2);
	assert_true(is_taken(set(LEASE, "i 1")));
}

static void
who_may_only_read_may_not_set(void **state)
{
	static const char *const others[] = {
		"-u " USER " -l authPriv " PASSWORDS,
		"-u " WRITER " -l authNoPriv -a SHA-256 -A 'pass \"word'",
		"-u " WRITER " -l noAuthNoPriv",
		"-u nobody -l noAuthNoPriv",
		"-u " WRITER " -l authPriv -a SHA-256 -A wrongwrong -x AES "
		"-X 'pass \"word'",
	};
	const long before = get(MAINTENANCE);
	char args[300];

	(void)state;
	snprintf(args, sizeof(args), "%s i %ld", control_oid(MAINTENANCE),
		 3 - before);
	is_refused(send_as(others[0], "set", args), "noAccess");
	for (size_t i = 1; i < sizeof(others) / sizeof(*others); i++)
		if (is_taken(send_as(others[i], "set", args)))
			fail_msg("taken from %s", others[i]);
	is_refused(send_as("-v2c -c public", "set", args), "Timeout");
	assert_int_equal(get(MAINTENANCE), before);
}

static void
who_may_set_may_do_nothing_else(void **state)
{
	static const char writer[] = "-u " WRITER " -l authPriv " PASSWORDS;
	char args[300];

	(void)state;
	snprintf(args, sizeof(args), "%s s hacked", name_oid());
	is_refused(send_as(writer, "set", args), "noAccess");
	assert_null(strstr(send_as(writer, "get", name_oid()), "by-hand"));
	assert_non_null(
		strstr(send_as(writer, "get", control_oid(LEASE)), "INTEGER"));
}

static void
what_cannot_be_written_says_so(void **state)
{
	char oid[300];
	static const char writer[] = "-u " WRITER " -l authPriv " PASSWORDS;

	(void)state;
	snprintf(oid, sizeof(oid), ".%s.1.45.3.1 i 2", root_oid());
	is_refused(send_as(writer, "set", oid), "noCreation");
	snprintf(oid, sizeof(oid), ".%s.1.45.3.0.0 i 2", root_oid());
	is_refused(send_as(writer, "set", oid), "noCreation");
}

/* Each order is obeyed once, also when it is the same as before, and a request
 * that sets something else repeats none. */
static void
an_order_to_measure_is_no_value(void **state)
{
	char text[64] = "";

	(void)state;
	is_refused(set(MEASURE, "u 2147483648"), "wrongValue");
	is_refused(set(MEASURE, "i 7"), "wrongType");
	assert_true(is_taken(set(MEASURE, "u 7")));
	assert_int_equal(get(MEASURE), 0);
	assert_true(is_taken(set(MEASURE, "u 7")));
	assert_true(is_taken(set(OVERCOMMIT, "i 1")));
	assert_true(is_taken(set(MEASURE, "u 0")));
	assert_true(is_taken(set(MEASURE, "u 2147483647")));
	for (int i = 0; i < 100 && strlen(text) < 15; i++) {
		FILE *file = fopen(tree_path(&tree, "measured"), "r");

		usleep(50000);
		if (file == NULL)
			continue;
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	assert_string_equal(text, "7\n7\n2147483647\n");
}

static void
a_baseline_is_one_of_the_models_that_there_are(void **state)
{
	char text[512] = "";

	(void)state;
	assert_true(is_taken(set(BASELINE, "s EPYC-Rome")));
	is_refused(set(BASELINE, "s EPYC"), "inconsistentValue");
	is_refused(set(BASELINE, "s ROME"), "inconsistentValue");
	is_refused(set(BASELINE, "x 0a"), "inconsistentValue");
	is_refused(set(BASELINE, "x 45504a430a343836"), "inconsistentValue");
	is_refused(set(BASELINE, "i 4"), "wrongType");
	is_refused(set(BASELINE, "s 0123456789012345678901234567890123456789"
				 "012345678901234567890123"),
		   "wrongValue");
	/* Kept, like the others. */
	for (int i = 0; i < 100 && strstr(text, "EPYC-Rome") == NULL; i++) {
		FILE *file = fopen(tree_path(&tree, "state/control"), "r");

		usleep(50000);
		if (file == NULL)
			continue;
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	speaker_end(agent);
	agent_start();
	assert_non_null(strstr(ask("get", port, control_oid(BASELINE)),
			       "\"EPYC-Rome\""));
	assert_true(is_taken(set(BASELINE, "s 486")));
	assert_true(is_taken(set(BASELINE, "s ''")));
	assert_non_null(
		strstr(ask("get", port, control_oid(BASELINE)), "\"\""));
}

/* Even killed: a restart that nobody asked for. */
static void
it_is_kept_over_a_restart(void **state)
{
	char text[512];
	FILE *file = NULL;

	(void)state;
	assert_true(is_taken(set(LEASE_MS, "u 44000")));
	assert_true(is_taken(set(MAINTENANCE, "i 2")));
	for (int i = 0; i < 100; i++) {
		size_t n = 0;

		file = fopen(tree_path(&tree, "state/control"), "r");
		if (file != NULL) {
			n = fread(text, 1, sizeof(text) - 1, file);
			fclose(file);
		}
		text[n] = '\0';
		if (strstr(text, "maintenance on") != NULL)
			break;
		usleep(50000);
	}
	speaker_end(agent);
	agent_start();
	assert_int_equal(get(MAINTENANCE), 2);
	assert_int_equal(get(LEASE_MS), 44000);
	assert_true(is_taken(set(MAINTENANCE, "i 1")));
}

/* vmPerVMNotificationsEnabled (9) and its bulk brother (10), as RFC 7666 has
 * them: not kept.  Alone they have no way out. */
static void
notifications_of_vm_mib_are_switched_until_a_restart(void **state)
{
	static const char writer[] = "-u " WRITER " -l authPriv " PASSWORDS;
	const bool behind = master > 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *const object =
			i == 0 ? "." VM_MIB ".9.0" : "." VM_MIB ".10.0";
		char on[64], off[64];

		snprintf(on, sizeof(on), "%s i 1", object);
		snprintf(off, sizeof(off), "%s i 2", object);
		assert_non_null(strstr(ask("get", port, object),
				       behind ? "INTEGER: 1" : "INTEGER: 2"));
		assert_true(is_taken(send_as(writer, "set", off)));
		assert_non_null(strstr(ask("get", port, object), "INTEGER: 2"));
		if (behind)
			assert_true(is_taken(send_as(writer, "set", on)));
		else
			is_refused(send_as(writer, "set", on),
				   "inconsistentValue");
		assert_true(is_taken(send_as(writer, "set", off)));
	}
	speaker_end(agent);
	agent_start();
	assert_non_null(strstr(ask("get", port, "." VM_MIB ".9.0"),
			       behind ? "INTEGER: 1" : "INTEGER: 2"));
}

/* --- the file ------------------------------------------------------------- */

static void
a_control_survives_the_way_to_text_and_back(void **state)
{
	struct control control = {
		.set = { .maintenance = SWITCH_ON,
			 .overcommit = SWITCH_OFF,
			 .lease = SWITCH_ON,
			 .lease_ms = 8000,
			 .renew = UINT32_MAX,
			 .cpu_baseline = "z14.2-base" },
		.times_fired = 7,
		.looked_boot = "11111111-1111-4111-8111-111111111112"
	};
	struct control back;
	size_t len;
	char *text = control_print(&control, &len);

	(void)state;
	assert_int_equal(control_parse(text, &back), 0);
	assert_memory_equal(&back.set, &control.set, sizeof(back.set));
	assert_int_equal(back.times_fired, 7);
	assert_string_equal(back.looked_boot, control.looked_boot);
	/* Nothing less is believed, and nothing more. */
	for (size_t i = 0; i < len; i++) {
		char *part = strndup(text, i);

		assert_int_equal(control_parse(part, &back), -EINVAL);
		free(part);
	}
	char *more = malloc(len + 2);
	snprintf(more, len + 2, "%s\n", text);
	assert_int_equal(control_parse(more, &back), -EINVAL);
	free(more);
	free(text);
}

static void
a_damaged_file_leaves_all_off(void **state)
{
	static const char *const texts[] = {
		"",
		"ironherd-control 2\n",
		"ironherd-control 1\nmaintenance maybe\n",
		"ironherd-control 1\nmaintenance on\novercommit on\nlease on\n"
		"lease-ms 7999\nrenew 0\nfired 0\nlooked-boot \nend\n",
		"ironherd-control 1\nmaintenance on\novercommit on\nlease on\n"
		"lease-ms 9000\nrenew -1\nfired 0\nlooked-boot \nend\n",
		"ironherd-control 1\nmaintenance on\novercommit on\nlease on\n"
		"lease-ms 9000\nrenew 0\nfired 0\nlooked-boot x\nend\n",
		"ironherd-control 1\nmaintenance on\novercommit on\nlease on\n"
		"lease-ms 9000\nrenew 0\nfired 0\nlooked-boot \n"
		"cpu-baseline a b\nend\n",
		"ironherd-control 1\nlease on\nmaintenance on\novercommit on\n"
		"lease-ms 9000\nrenew 0\nfired 0\nlooked-boot \nend\n",
	};
	struct tree own = { "" };
	struct control control;

	(void)state;
	tree_make(&own);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		tree_write(&own, "control", texts[i]);
		control_load(tree_path(&own, "control"), &control);
		assert_int_equal(control.set.lease, SWITCH_OFF);
		assert_int_equal(control.set.maintenance, SWITCH_OFF);
		assert_int_equal(control.set.lease_ms, LEASE_MS_PRESET);
	}
	tree_remove(&own);
}

/* Written by an agent that knew no baseline. */
static void
a_file_of_before_is_read(void **state)
{
	struct control control;

	(void)state;
	assert_int_equal(
		control_parse("ironherd-control 1\nmaintenance on\n"
			      "overcommit off\nlease off\nlease-ms 9000\n"
			      "renew 7\nfired 0\nlooked-boot \nend\n",
			      &control),
		0);
	assert_int_equal(control.set.maintenance, SWITCH_ON);
	assert_string_equal(control.set.cpu_baseline, "");
}

int
main(int argc, char *argv[])
{
	int rc = roles_main(argc, argv);
#define TESTS                                                                  \
	cmocka_unit_test(what_is_set_is_read_at_once),                         \
		cmocka_unit_test(wrong_values_are_refused_in_the_right_words), \
		cmocka_unit_test(renewals_do_not_go_back),                     \
		cmocka_unit_test(                                              \
			several_in_one_message_are_set_wholly_or_not_at_all),  \
		cmocka_unit_test(who_may_only_read_may_not_set),               \
		cmocka_unit_test(who_may_set_may_do_nothing_else),             \
		cmocka_unit_test(what_cannot_be_written_says_so),              \
		cmocka_unit_test(an_order_to_measure_is_no_value),             \
		cmocka_unit_test(                                              \
			a_baseline_is_one_of_the_models_that_there_are),       \
		cmocka_unit_test(it_is_kept_over_a_restart),                   \
		cmocka_unit_test(                                              \
			notifications_of_vm_mib_are_switched_until_a_restart)
	const struct CMUnitTest alone[] = { TESTS };
	const struct CMUnitTest behind[] = { TESTS };
	const struct CMUnitTest file[] = {
		cmocka_unit_test(a_control_survives_the_way_to_text_and_back),
		cmocka_unit_test(a_damaged_file_leaves_all_off),
		cmocka_unit_test(a_file_of_before_is_read),
	};

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_ERROR);
	rc = cmocka_run_group_tests(alone, setup_alone, teardown);
	rc += cmocka_run_group_tests(behind, setup_behind, teardown);
	return rc + cmocka_run_group_tests(file, NULL, NULL);
}
