/* SPDX-License-Identifier: Apache-2.0 */
/* Notices of agents: what comes twice, what is missing, that the host is read
 * anew, and that a thousand at once are one transaction. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/heard.h"
#include "scheduler/coordinator/notices.h"
#include "scheduler/coordinator/poll.h"
#include "tests/unit/snmp-mib/temp_folder.h"

#define BOOT  "ffeeddcc-bbaa-9988-7766-554433221100"
#define BOOT2 "ffeeddcc-bbaa-9988-7766-554433221101"

/* --- numbers ------------------------------------------------------------- */

static enum heard_as
hear(struct heard *heard, const char *boot, uint32_t sequence)
{
	struct node_notice notice = { .kind = NOTICE_VM_CRASH,
				      .sequence = sequence };
	uint32_t missing;

	snprintf(notice.boot_id, sizeof(notice.boot_id), "%s", boot);
	enum heard_as as = heard_take(heard, &notice, &missing);
	assert_true((missing > 0) == (as == HEARD_GAP));
	return as;
}

static void
what_comes_twice_is_known(void **state)
{
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(hear(&heard, BOOT, 100), HEARD_FIRST);
	assert_int_equal(hear(&heard, BOOT, 100), HEARD_AGAIN);
	for (uint32_t i = 101; i < 300; i++) {
		assert_int_equal(hear(&heard, BOOT, i), HEARD_NEXT);
		assert_int_equal(hear(&heard, BOOT, i), HEARD_AGAIN);
		assert_int_equal(hear(&heard, BOOT, i - 1), HEARD_AGAIN);
	}
}

static void
a_gap_is_seen_once_and_may_be_filled(void **state)
{
	struct heard heard = { 0 };

	(void)state;
	hear(&heard, BOOT, 7);
	assert_int_equal(hear(&heard, BOOT, 9), HEARD_GAP);
	assert_int_equal(hear(&heard, BOOT, 10), HEARD_NEXT);
	assert_int_equal(hear(&heard, BOOT, 8), HEARD_NEXT);
	assert_int_equal(hear(&heard, BOOT, 8), HEARD_AGAIN);
	assert_int_equal(hear(&heard, BOOT, 9), HEARD_AGAIN);
	assert_int_equal(hear(&heard, BOOT, 1000), HEARD_GAP);
	assert_int_equal(hear(&heard, BOOT, 1000), HEARD_AGAIN);
}

static void
numbers_run_over_their_end(void **state)
{
	struct heard heard = { 0 };

	(void)state;
	hear(&heard, BOOT, UINT32_MAX - 1);
	assert_int_equal(hear(&heard, BOOT, UINT32_MAX), HEARD_NEXT);
	assert_int_equal(hear(&heard, BOOT, 0), HEARD_NEXT);
	assert_int_equal(hear(&heard, BOOT, UINT32_MAX), HEARD_AGAIN);
	assert_int_equal(hear(&heard, BOOT, 2), HEARD_GAP);
}

static void
restarts_are_no_gaps(void **state)
{
	struct heard heard = { 0 };
	struct node_notice start = { .kind = NOTICE_AGENT_START,
				     .boot_id = BOOT2,
				     .sequence = 9000 };
	uint32_t missing;

	(void)state;
	hear(&heard, BOOT, 7);
	assert_int_equal(hear(&heard, BOOT2, 100), HEARD_RESTART);
	assert_int_equal(heard_take(&heard, &start, &missing), HEARD_RESTART);
	assert_int_equal(missing, 0);
	assert_int_equal(heard_take(&heard, &start, &missing), HEARD_AGAIN);
	/* The clock that it begins with was set back. */
	assert_int_equal(hear(&heard, BOOT2, 5), HEARD_RESTART);
	assert_int_equal(hear(&heard, BOOT2, 6), HEARD_NEXT);
}

/* --- a coordinator ------------------------------------------------------- */

static struct world {
	struct settings settings;
	struct host_settings hosts[2];
	struct cluster_settings cluster;
	struct snmp_account snmp;
	char dir[64], agent[40], listen[40];
	int fd; /* where the agent of h1 would be */
	struct coordinator co;
} world;

static uint16_t
own_port(int fd)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	return ntohs(in.sin_port);
}

static void
fill_settings(struct world *w)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	w->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(w->agent, sizeof(w->agent), "127.0.0.1:%u", own_port(w->fd));
	snprintf(w->listen, sizeof(w->listen), "127.0.0.1:%u", own_port(fd));
	close(fd);
	w->cluster.name = "c1";
	w->snmp = (struct snmp_account){ "agents",        "ironherd",
					 "auth-password", "priv-password",
					 "SHA-256",       "AES" };
	for (size_t i = 0; i < 2; i++)
		w->hosts[i] =
			(struct host_settings){ .name = i == 0 ? "h1" : "h2",
						.agent = w->agent,
						.snmp = &w->snmp };
	w->settings = (struct settings){ .clusters = &w->cluster,
					 .n_clusters = 1,
					 .hosts = w->hosts,
					 .n_hosts = 2,
					 .snmp = &w->snmp,
					 .n_snmp = 1,
					 .inform_listen = w->listen,
					 .state_dir = w->dir };
}

static int
set_up(void **state)
{
	struct world *w = &world;
	struct err err = { "" };

	(void)state;
	*w = (struct world){ .dir = "/tmp/test_notices.XXXXXX" };
	assert_non_null(mkdtemp(w->dir));
	fill_settings(w);
	w->co = (struct coordinator){ .settings = &w->settings,
				      .loop = loop_new(),
				      .ops = &ops_real };
	registry_init(&w->co.reg, &w->settings, 1000, 1000);
	assert_int_equal(store_open(w->dir, &w->co.store, &err), 0);
	if (poll_open(&w->co, &err) < 0 || notices_open(&w->co, &err) < 0)
		fail_msg("%s", err.text);
	w->co.reg.hosts[0].link = LINK_OK;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = &world;

	(void)state;
	notices_close(&w->co);
	poll_close(&w->co);
	store_close(w->co.store);
	registry_done(&w->co.reg);
	loop_free(w->co.loop);
	close(w->fd);
	return temp_folder_remove(w->dir);
}

static void
run_for(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(world.co.loop, (loop_fn)loop_stop,
			       world.co.loop);

	loop_timer_start(timer, ms);
	loop_run(world.co.loop);
	loop_timer_free(timer);
}

static void
take(const char *host, enum notice_kind kind, uint32_t sequence)
{
	struct node_notice notice = { .kind = kind,
				      .boot_id = BOOT,
				      .severity = NOTICE_MAJOR,
				      .sequence = sequence,
				      .text = "something" };

	snprintf(notice.host_name, sizeof(notice.host_name), "%s", host);
	notices_take(&world.co, &notice);
}

static json_int_t
count(const char *what)
{
	json_t *counts = notices_to_json(&world.co);
	json_t *number = json_object_get(counts, what);

	assert_non_null(number);
	json_int_t n = json_integer_value(number);
	json_decref(counts);
	return n;
}

static bool
agent_is_asked(void)
{
	char packet[2048];
	bool asked = false;

	while (recv(world.fd, packet, sizeof(packet), MSG_DONTWAIT) > 0)
		asked = true;
	return asked;
}

/* The kinds of all events, each with a blank behind. */
static const char *
kinds(void)
{
	static char text[1024];
	struct store_event *events;
	struct err err;
	size_t n;

	text[0] = '\0';
	assert_int_equal(store_load_events(world.co.store, 0, 20, &events, &n,
					   &err),
			 0);
	for (size_t i = 0, len = 0; i < n && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
					events[i].kind);
	free(events);
	return text;
}

static void
a_gap_is_recorded_and_the_host_read_at_once(void **state)
{
	(void)state;
	take("h1", NOTICE_ALARM_RAISED, 5);
	assert_true(agent_is_asked());
	take("h1", NOTICE_ALARM_RAISED, 5);
	take("h1", NOTICE_ALARM_CLEARED, 9);
	run_for(100);
	assert_string_equal(kinds(), "notice-alarm-raised notice-gap "
				     "notice-alarm-cleared ");
	assert_int_equal(count("gaps"), 1);
	assert_int_equal(count("missing"), 3);
	assert_int_equal(count("repeated"), 1);
	assert_int_equal(count("restarts"), 0);
}

static void
hosts_have_numbers_of_their_own(void **state)
{
	(void)state;
	take("h1", NOTICE_AGENT_START, 5);
	take("h2", NOTICE_AGENT_START, 77);
	take("h1", NOTICE_STORM, 6);
	take("h2", NOTICE_VM_CRASH, 78);
	take("h3", NOTICE_VM_CRASH, 1); /* nobody knows it */
	run_for(100);
	assert_int_equal(count("gaps"), 0);
	assert_int_equal(count("storms"), 1);
	assert_int_equal(count("unknown_hosts"), 1);
	assert_string_equal(kinds(), "notice-agent-start notice-agent-start "
				     "notice-storm notice-VM-crash "
				     "notice-VM-crash ");
}

static void
thousands_at_once_are_few_transactions(void **state)
{
	struct store_event *last;
	struct err err;
	size_t n;
	int64_t start_ms = clock_mono_ms();

	(void)state;
	for (uint32_t i = 1; i <= 5000; i++)
		take("h1", NOTICE_VM_CRASH, i);
	run_for(50);
	print_message("5,000 notices recorded in %lld ms\n",
		      (long long)(clock_mono_ms() - start_ms - 50));
	assert_int_equal(store_load_events(world.co.store, -1, 10, &last, &n,
					   &err),
			 0);
	assert_int_equal(n, 1);
	assert_true(last[0].id >= 5000);
	free(last);
}

static void
without_an_address_none_are_received(void **state)
{
	(void)state;
	notices_close(&world.co);
	world.settings.inform_listen = NULL;
	assert_int_equal(notices_open(&world.co, NULL), 0);
	json_t *none = notices_to_json(&world.co);
	assert_true(json_is_null(none));
	json_decref(none);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_twice_is_known),
		cmocka_unit_test(a_gap_is_seen_once_and_may_be_filled),
		cmocka_unit_test(numbers_run_over_their_end),
		cmocka_unit_test(restarts_are_no_gaps),
		TEST(a_gap_is_recorded_and_the_host_read_at_once),
		TEST(hosts_have_numbers_of_their_own),
		TEST(thousands_at_once_are_few_transactions),
		TEST(without_an_address_none_are_received),
	};
#undef TEST

	log_start("test_notices", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
