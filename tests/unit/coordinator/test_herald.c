/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator's voice, asked by net-snmp's commands: alone, beside a node
 * behind one snmpd, and what becomes of it when the coordinator is stopped or
 * sends nonsense.  This program is also the worker.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/worker.h"
#include "scheduler/coordinator/herald.h"
#include "scheduler/coordinator/view.h"
#include "snmp-mib/cluster_message.h"
#include "snmp-mib/codec_own.h"
#include "tests/unit/agent/speaker.h"

enum { N_HOSTS = 40, PATIENCE_MS = 30000 };

static struct tree tree;
static struct loop *loop;
static struct coordinator co;
static struct settings settings;
static struct cluster_settings cluster = { .name = "c1", .ha = true };
static struct host_settings hosts[N_HOSTS];
static char names[N_HOSTS][8];
static char listen_at[64], credentials[128], master_socket[128];
static int port;

static const char secrets[] = "snmp \"test\" { user = \"" USER "\" "
			      "auth-password = \"pass \\\"word\" "
			      "priv-password = \"pass \\\"word\" }\n";

/* --- a coordinator of many silent hosts ----------------------------------- */

static int
set_up(void **state)
{
	struct err err = { "" };

	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	port = free_port(SOCK_DGRAM);
	SET(master_socket, tree_path(&tree, "master"));
	snprintf(listen_at, sizeof(listen_at), "udp:127.0.0.1:%d", port);
	SET(credentials, tree_path(&tree, "credentials"));
	assert_int_equal(file_write_atomic(credentials, 0600, secrets,
					   strlen(secrets), NULL),
			 0);
	for (size_t i = 0; i < N_HOSTS; i++) {
		snprintf(names[i], sizeof(names[i]), "h%02zu", i);
		hosts[i] = (struct host_settings){ .name = names[i],
						   .agent = "192.0.2.1:161" };
	}
	settings = (struct settings){
		.site = "berlin",
		.state_dir = tree.root,
		.credentials = credentials,
		.clusters = &cluster,
		.n_clusters = 1,
		.hosts = hosts,
		.n_hosts = N_HOSTS,
		.serve = { SERVE_STANDALONE, master_socket, listen_at, "test" },
	};
	loop = loop_new();
	co = (struct coordinator){ .settings = &settings,
				   .loop = loop,
				   .ops = &ops_real };
	registry_init(&co.reg, &settings, clock_mono_ms(), clock_wall_ms());
	if (store_open(tree.root, &co.store, &err) < 0)
		fail_msg("%s", err.text);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	herald_close(&co);
	store_close(co.store);
	registry_done(&co.reg);
	loop_free(loop);
	tree_remove(&tree);
	return 0;
}

static void
start_herald(void)
{
	struct err err = { "" };

	if (herald_open(&co, &err) < 0)
		fail_msg("%s", err.text);
}

/* "1.3...": of a site's scalar or of a table's column. */
static const char *
site_oid(uint32_t section, uint32_t column, bool table)
{
	static char text[4][256];
	static unsigned next;
	struct codec_oid oid = codec_site_objects;
	char *to = text[next++ % 4];

	oid.ids[oid.len++] = section;
	if (table)
		oid.ids[oid.len++] = 1;
	oid.ids[oid.len++] = column;
	if (!table)
		oid.ids[oid.len++] = 0;
	return codec_oid_print(&oid, to, sizeof(text[0]));
}

static const char *
site_root(void)
{
	static char text[256];

	return codec_oid_print(&codec_site_objects, text, sizeof(text));
}

static bool
site_answers(void *arg)
{
	(void)arg;
	return strstr(ask("get -t 0.2", port, site_oid(1, 1, false)),
		      "\"berlin\"") != NULL;
}

static size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

/* The number behind "Gauge32: " or "Counter64: ". */
static unsigned long
number_at(const char *oid)
{
	const char *said = ask("get", port, oid);
	const char *colon = strstr(said, ": ");

	if (colon == NULL)
		fail_msg("%s", said);
	return colon != NULL ? strtoul(colon + 2, NULL, 10) : 0;
}

/* --- alone ---------------------------------------------------------------- */

static void
a_client_walks_the_whole_view(void **state)
{
	const struct codec_tree *walked = codec_site_trees[0];
	size_t n = walked->sections[0]->n_columns +
		   walked->sections[1]->n_columns +
		   N_HOSTS * walked->sections[2]->n_columns;

	(void)state;
	start_herald();
	assert_true(run_until(loop, site_answers, NULL, PATIENCE_MS));
	const char *walk = ask("bulkwalk -Cr50", port, site_root());
	assert_int_equal(count(walk, site_root()) -
				 count(walk, "No more variables"),
			 n);
	assert_null(strstr(walk, "No Such"));
	assert_int_equal(count(ask("walk", port, site_oid(3, 2, true)),
			       "STRING: \"h"),
			 N_HOSTS);
	assert_int_equal(number_at(site_oid(1, 10, false)), N_HOSTS);
	/* The system group is all else that there is. */
	assert_null(strstr(ask("walk", port, "1.3.6.1.6.3"), USER));
}

static void
only_the_account_with_privacy_may_read(void **state)
{
	char command[512];

	(void)state;
	start_herald();
	assert_true(run_until(loop, site_answers, NULL, PATIENCE_MS));
	snprintf(command, sizeof(command),
		 "snmpget -m '' -t 1 -r 0 -v3 -u " USER " -l authNoPriv "
		 "-a SHA-256 -A 'pass \"word' udp:127.0.0.1:%d %s 2>&1",
		 port, site_oid(1, 1, false));
	assert_null(strstr(run(command), "berlin"));
	snprintf(command, sizeof(command),
		 "snmpget -m '' -t 1 -r 0 -v2c -c public udp:127.0.0.1:%d "
		 "%s 2>&1",
		 port, site_oid(1, 1, false));
	assert_null(strstr(run(command), "berlin"));
}

static bool
host_is_up(void *arg)
{
	(void)arg;
	return number_at(site_oid(1, 11, false)) == 1;
}

static void
what_changes_is_seen_and_ages_grow_between(void **state)
{
	(void)state;
	start_herald();
	assert_true(run_until(loop, site_answers, NULL, PATIENCE_MS));
	co.reg.hosts[7].state = HOST_UP;
	co.reg.hosts[7].heard_ms = clock_mono_ms();
	assert_true(run_until(loop, host_is_up, NULL, PATIENCE_MS));
	/* Nobody makes views now: the coordinator does not run. */
	unsigned long before = number_at(site_oid(1, 6, false));
	usleep(400000);
	assert_in_range(number_at(site_oid(1, 6, false)), before + 400,
			before + 5000);
}

static int
pid_of_worker(void)
{
	char command[128];

	snprintf(command, sizeof(command), "pgrep -P %d -f -- '--worker voice'",
		 (int)getpid());
	return (int)strtol(run(command), NULL, 10);
}

static void
a_killed_worker_is_replaced(void **state)
{
	(void)state;
	start_herald();
	assert_true(run_until(loop, site_answers, NULL, PATIENCE_MS));
	int pid = pid_of_worker();
	assert_true(pid > 0);
	kill(pid, SIGKILL);
	usleep(100000);
	assert_false(site_answers(NULL));
	assert_true(run_until(loop, site_answers, NULL, PATIENCE_MS));
	assert_int_not_equal(pid_of_worker(), pid);
}

static void
nothing_is_served_unless_it_is_configured(void **state)
{
	(void)state;
	settings.serve.how = SERVE_OFF;
	start_herald();
	assert_null(co.herald);
}

/* --- the worker and what it is sent --------------------------------------- */

static struct {
	bool came;
	int rc;
	char error[ERR_MAX];
} reply;

static void
take_reply(void *arg, int rc, const json_t *message, const struct err *err)
{
	const char *error =
		rc < 0 ? err->text
		       : json_string_value(json_object_get(message, "error"));

	(void)arg;
	reply.came = true;
	reply.rc = rc;
	snprintf(reply.error, sizeof(reply.error), "%s", error ? error : "");
}

static bool
reply_came(void *arg)
{
	(void)arg;
	return reply.came;
}

/* The message is used up. */
static void
send_to(struct worker *worker, json_t *message)
{
	reply.came = false;
	assert_int_equal(worker_ask(worker, message, PATIENCE_MS, take_reply,
				    NULL),
			 0);
	json_decref(message);
	assert_true(run_until(loop, reply_came, NULL, PATIENCE_MS));
}

static bool
has_ended(void *arg)
{
	return worker_pid(arg) == 0;
}

static void
await_end(struct worker *worker)
{
	assert_true(run_until(loop, has_ended, worker, PATIENCE_MS));
}

static json_t *
good_message(int silence_s)
{
	struct view_maker *maker = NULL;

	assert_int_equal(view_maker_new(&co, &maker, NULL), 0);
	struct cluster_view *view = view_make(maker, clock_mono_ms());
	json_t *message = json_pack("{s:I, s:i, s:o, s:o}", "made_ms",
				    (json_int_t)clock_mono_ms(), "silence_s",
				    silence_s, "how", herald_how(&settings),
				    "view", cluster_message_pack(view));

	cluster_view_free(view);
	view_maker_free(maker);
	return message;
}

static json_t *
without(const char *part, const char *name)
{
	json_t *message = good_message(60);

	json_object_del(part ? json_object_get(message, part) : message, name);
	return message;
}

static void
a_message_without_sense_is_refused_and_a_good_one_taken(void **state)
{
	struct worker *worker = worker_new(loop, HERALD_ROLE, NULL, NULL);
	static const struct {
		const char *part, *name, *error;
	} gaps[] = {
		{ NULL, "made_ms", "\"made_ms\" is missing" },
		{ NULL, "silence_s", "\"silence_s\" is out of range" },
		{ NULL, "view", "ihSite: not there" },
		{ "view", "ihMemberTable", "ihMemberTable: not there" },
		{ NULL, "how", "\"listen\" is missing" },
		{ "how", "account", "\"account\" is missing" },
		{ "how", "engine", "\"engine\" is missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(gaps) / sizeof(*gaps); i++) {
		send_to(worker, without(gaps[i].part, gaps[i].name));
		assert_int_equal(reply.rc, 0);
		if (strstr(reply.error, gaps[i].error) == NULL)
			fail_msg("\"%s\", not \"%s\"", reply.error,
				 gaps[i].error);
		await_end(worker);
	}
	send_to(worker, good_message(60));
	assert_string_equal(reply.error, "");
	/* Now that it speaks, nonsense does not end it. */
	int pid = worker_pid(worker);
	send_to(worker, without(NULL, "view"));
	assert_string_not_equal(reply.error, "");
	send_to(worker, good_message(60));
	assert_string_equal(reply.error, "");
	assert_int_equal(worker_pid(worker), pid);
	assert_true(site_answers(NULL));
	worker_free(worker);
}

static void
a_wrong_account_and_a_port_in_use_are_told(void **state)
{
	struct worker *worker = worker_new(loop, HERALD_ROLE, NULL, NULL);
	struct worker *other = worker_new(loop, HERALD_ROLE, NULL, NULL);
	json_t *message = good_message(60);

	(void)state;
	json_object_set_new(json_object_get(message, "how"), "account",
			    json_string("nobody"));
	send_to(worker, message);
	assert_non_null(strstr(reply.error, "there is no snmp \"nobody\""));
	await_end(worker);
	send_to(worker, good_message(60));
	assert_string_equal(reply.error, "");
	send_to(other, good_message(60));
	assert_non_null(strstr(reply.error, "cannot listen"));
	worker_free(other);
	worker_free(worker);
}

/* As when the coordinator is stopped or stuck. */
static void
a_worker_that_hears_nothing_for_long_ends(void **state)
{
	struct worker *worker = worker_new(loop, HERALD_ROLE, NULL, NULL);

	(void)state;
	send_to(worker, good_message(4));
	assert_string_equal(reply.error, "");
	assert_true(site_answers(NULL));
	usleep(4500000);
	assert_false(site_answers(NULL));
	worker_free(worker);
}

/* --- a node and a coordinator behind one snmpd ---------------------------- */

static pid_t
start_snmpd(void)
{
	char conf[1024];

	snprintf(conf, sizeof(conf),
		 "agentaddress udp:127.0.0.1:%d\n"
		 "createUser " USER " SHA-256 \"pass \\\"word\" AES "
		 "\"pass \\\"word\"\n"
		 "rouser " USER " priv .1\n"
		 "master agentx\nagentXSocket %s\n",
		 port, master_socket);
	tree_write(&tree, "snmpd.conf", conf);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("snmpd", "snmpd", "-f", "-Ln", "-C", "-c",
	       tree_path(&tree, "snmpd.conf"), "-I", "-smux", (char *)NULL);
	_exit(127);
}

static bool
both_answer(void *arg)
{
	return answers(port) && site_answers(arg);
}

static size_t
count_node_objects(void)
{
	struct node_report *report = speaker_report(1);
	struct codec_oid oid = *codec_root();
	struct codec_value value;
	size_t n = 0;

	while (codec_next(report, 0, &oid, &oid, &value) == 0 &&
	       codec_oid_starts_with(&oid, codec_root()))
		n++;
	node_report_free(report);
	return n;
}

/* Names in the order in which they came. */
static void
check_order(char *walk)
{
	struct codec_oid last = { .len = 0 };
	char *rest = NULL;

	for (char *line = strtok_r(walk, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		struct codec_oid oid = { .len = 0 };

		if (line[0] != '.')
			continue;
		for (char *at = line; *at == '.';)
			oid.ids[oid.len++] = (uint32_t)strtoul(at + 1, &at, 10);
		assert_true(codec_oid_compare(&last, &oid) < 0);
		last = oid;
	}
}

static void
check_both(void)
{
	const struct codec_tree *walked = codec_site_trees[0];
	size_t site = walked->sections[0]->n_columns +
		      walked->sections[1]->n_columns +
		      N_HOSTS * walked->sections[2]->n_columns;
	char *walk = strdup(ask("bulkwalk -t 5 -Cr20", port, root_oid()));
	size_t all = count(walk, root_oid());

	assert_int_equal(count(walk, site_root()), site);
	assert_int_equal(all, site + count_node_objects());
	assert_null(strstr(walk, "No "));
	check_order(walk);
	free(walk);
}

/* The coordinator's root lies below the node's: the longer one wins. */
static void
a_node_and_a_coordinator_can_be_behind_one_snmpd(void **state)
{
	struct voice_options node = { .agentx_socket = master_socket };

	(void)state;
	settings.serve.how = SERVE_AGENTX;
	for (int node_first = 0; node_first < 2; node_first++) {
		pid_t master = start_snmpd(), speaker = 0;

		if (node_first) {
			speaker = speaker_start(&node);
			assert_in_range(wait_for_answer(port, PATIENCE_MS), 0,
					PATIENCE_MS);
		}
		start_herald();
		assert_true(run_until(loop, site_answers, NULL, PATIENCE_MS));
		if (!node_first)
			speaker = speaker_start(&node);
		assert_true(run_until(loop, both_answer, NULL, PATIENCE_MS));
		check_both();

		/* Each goes, and leaves the other whole. */
		speaker_end(speaker);
		usleep(300000);
		assert_true(site_answers(NULL));
		assert_false(answers(port));
		speaker = speaker_start(&node);
		assert_true(run_until(loop, both_answer, NULL, PATIENCE_MS));
		check_both();
		herald_close(&co);
		usleep(300000);
		assert_true(answers(port));
		assert_false(site_answers(NULL));
		speaker_end(speaker);
		speaker_end(master);
	}
}

int
main(int argc, char *argv[])
{
	static const struct worker_role roles[] = { { HERALD_ROLE,
						      herald_serve } };
	int status = worker_main(argc, argv, roles, 1);

	if (status >= 0)
		return status;
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_client_walks_the_whole_view),
		CASE(only_the_account_with_privacy_may_read),
		CASE(what_changes_is_seen_and_ages_grow_between),
		CASE(a_killed_worker_is_replaced),
		CASE(nothing_is_served_unless_it_is_configured),
		CASE(a_message_without_sense_is_refused_and_a_good_one_taken),
		CASE(a_wrong_account_and_a_port_in_use_are_told),
		CASE(a_worker_that_hears_nothing_for_long_ends),
		CASE(a_node_and_a_coordinator_can_be_behind_one_snmpd),
	};

	log_start("test_herald", LOG_LEVEL_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
