/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator's side of the watchdog lease against two real snmpd that
 * have the objects of an agent, as plain values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "scheduler/coordinator/lease.h"
#include "snmp-mib/detail_lease.h"
#include "snmp-mib/engine.h"

enum { HOSTS = 2, LEASE_MS = 9000, BOUND_MS = 13000 };

static const struct snmp_account account = {
	.name = "write",
	.user = "writer",
	.auth_password = "authauth",
	.priv_password = "privpriv",
	.auth = "SHA-256",
	.priv = "AES",
};

static char folder[] = "/tmp/test_lease.XXXXXX";

static struct world {
	struct loop *loop;
	struct loop_timer *timer;
	struct poller *poller;
	struct leases *leases;
	struct settings settings;
	struct cluster_settings cluster;
	struct host_settings hosts[HOSTS];
	char addresses[HOSTS][32];
	pid_t agents[HOSTS];
	bool unreached[HOSTS];
	int64_t heard_ms;
	unsigned strikes[HOSTS];
	bool store_fails;
	/* As it was told. */
	bool out[HOSTS];
	int64_t contact_ms[HOSTS], bound_ms[HOSTS];
	unsigned troubles, ends;       /* told */
	enum detail_lease_state state; /* of the agents */
	/* Reading as an onlooker. */
	struct poller_host *look;
	int64_t seen;
	int code;
} world;

/* --- agents ----------------------------------------------------------------
 */

static unsigned
free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static void
put_object(FILE *file, const char *name, const char *type, int64_t value)
{
	struct codec_oid oid;
	char text[256];

	codec_scalar_oid(name, &oid);
	fprintf(file, "override -rw .%s %s %lld\n",
		codec_oid_print(&oid, text, sizeof(text)), type,
		(long long)value);
}

static void
agent_start(size_t i, enum detail_switch lease)
{
	char conf[96], listen[48];

	snprintf(conf, sizeof(conf), "%s/snmpd%zu.conf", folder, i);
	FILE *file = fopen(conf, "w");
	assert_non_null(file);
	fprintf(file, "createUser writer SHA-256 authauth AES privpriv\n"
		      "rwuser writer priv\n");
	put_object(file, "ihControlLease", "integer", lease);
	put_object(file, "ihControlLeaseMs", "uinteger", LEASE_MS_PRESET);
	put_object(file, "ihLeaseRenew", "uinteger", 41);
	put_object(file, "ihLeaseState", "integer", world.state);
	put_object(file, "ihLeaseBound", "uinteger", BOUND_MS);
	fclose(file);
	snprintf(listen, sizeof(listen), "udp:%s", world.addresses[i]);
	world.agents[i] = fork();
	assert_true(world.agents[i] >= 0);
	if (world.agents[i] > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("SNMP_PERSISTENT_DIR", folder, 1);
	setenv("MIBS", "", 1);
	execlp("snmpd", "snmpd", "-f", "-Ln", "-C", "-c", conf, "-I", "-smux",
	       listen, (char *)NULL);
	_exit(127);
}

static void
agents_end(void)
{
	for (size_t i = 0; i < HOSTS; i++) {
		if (world.agents[i] <= 0)
			continue;
		kill(world.agents[i], SIGKILL);
		waitpid(world.agents[i], NULL, 0);
		world.agents[i] = 0;
	}
}

/* --- the coordinator -------------------------------------------------------
 */

static int64_t
heard(void *arg, size_t host)
{
	(void)arg;
	return world.unreached[host] ? -1 : world.heard_ms;
}

static bool
strike(void *arg, size_t host)
{
	(void)arg;
	world.strikes[host]++;
	return !world.store_fails;
}

static void
sent(void *arg, size_t host)
{
	(void)arg;
	world.out[host] = true;
}

static void
answered(void *arg, size_t host, int64_t at_ms)
{
	(void)arg;
	world.out[host] = false;
	world.contact_ms[host] = at_ms;
}

static void
told(void *arg, size_t host, int64_t bound_ms)
{
	(void)arg;
	world.bound_ms[host] = bound_ms;
}

static void
trouble(void *arg, size_t host, const char *text)
{
	(void)arg;
	(void)host;
	if (text[0] != '\0')
		world.troubles++;
	else
		world.ends++;
}

static void
start(bool lease, enum detail_switch at_agents)
{
	const struct leases_options options = { .settings = &world.settings,
						.poller = world.poller,
						.heard_ms = heard,
						.strike = strike,
						.sent = sent,
						.answered = answered,
						.told = told,
						.trouble = trouble };

	world.cluster = (struct cluster_settings){ .name = "c",
						   .lease = lease,
						   .lease_ms = LEASE_MS };
	world.settings = (struct settings){ .clusters = &world.cluster,
					    .n_clusters = 1,
					    .hosts = world.hosts,
					    .n_hosts = HOSTS };
	world.troubles = world.ends = 0;
	world.state = LEASE_STATE_HELD;
	world.heard_ms = 0;
	world.store_fails = false;
	for (size_t i = 0; i < HOSTS; i++) {
		snprintf(world.addresses[i], sizeof(world.addresses[i]),
			 "127.0.0.1:%u", free_port());
		world.unreached[i] = false;
		world.strikes[i] = 0;
		world.out[i] = false;
		world.contact_ms[i] = 0;
		world.bound_ms[i] = -1;
		world.hosts[i] =
			(struct host_settings){ .name = i == 0 ? "h1" : "h2",
						.agent = world.addresses[i],
						.write_snmp = &account };
		agent_start(i, at_agents);
	}
	usleep(500000); /* else the first question meets no one */
	assert_int_equal(leases_new(world.loop, &options, &world.leases, NULL),
			 0);
}

static void
stop(void)
{
	leases_free(world.leases);
	world.leases = NULL;
	agents_end();
}

static void
stop_loop(void *arg)
{
	loop_stop(arg);
}

static void
pass(int64_t ms)
{
	loop_timer_start(world.timer, ms);
	loop_run(world.loop);
}

static void
seen(void *arg, const struct poller_answer *answer, int64_t number)
{
	(void)arg;
	world.code = answer->code;
	world.seen = number;
	loop_stop(world.loop);
}

static int64_t
read_at(size_t i, const char *name)
{
	struct codec_oid oid;
	const struct poller_ask ask = { .name = &oid };

	codec_scalar_oid(name, &oid);
	assert_int_equal(poller_host_new(world.poller, world.addresses[i],
					 account.name, &world.look, NULL),
			 0);
	assert_int_equal(poller_number(world.look, &ask, 3000, seen, NULL), 0);
	loop_run(world.loop);
	poller_host_free(world.look);
	assert_int_equal(world.code, 0);
	return world.seen;
}

/* --- tests -----------------------------------------------------------------
 */

static void
a_lease_is_turned_on_and_renewed_three_times_as_often(void **state)
{
	(void)state;
	start(true, SWITCH_OFF);
	/* The second host begins half a period later. */
	pass(2800);
	for (size_t i = 0; i < HOSTS; i++) {
		assert_int_equal(read_at(i, "ihControlLease"), SWITCH_ON);
		assert_int_equal(read_at(i, "ihControlLeaseMs"), LEASE_MS);
		assert_int_equal(read_at(i, "ihLeaseRenew"), 42);
	}
	pass(LEASE_MS);
	for (size_t i = 0; i < HOSTS; i++)
		assert_in_range(read_at(i, "ihLeaseRenew"), 44, 46);
	assert_int_equal(world.troubles, 0);
	stop();
}

static void
it_is_turned_off_once_where_the_cluster_has_it_off(void **state)
{
	(void)state;
	start(false, SWITCH_ON);
	pass(LEASE_OFF_PERIOD_MS / 2 + 1500);
	for (size_t i = 0; i < HOSTS; i++) {
		assert_int_equal(read_at(i, "ihControlLease"), SWITCH_OFF);
		assert_int_equal(read_at(i, "ihControlLeaseMs"),
				 LEASE_MS_PRESET);
		assert_int_equal(read_at(i, "ihLeaseRenew"), 41);
	}
	stop();
}

static void
who_is_not_reached_is_not_asked(void **state)
{
	(void)state;
	start(true, SWITCH_OFF);
	world.unreached[0] = true;
	pass(2800);
	assert_int_equal(read_at(0, "ihControlLease"), SWITCH_OFF);
	assert_int_equal(read_at(1, "ihControlLease"), SWITCH_ON);
	world.unreached[0] = false;
	pass(LEASE_MS / 3 + 500);
	assert_int_equal(read_at(0, "ihControlLease"), SWITCH_ON);
	stop();
}

static void
trouble_is_told_once_and_so_is_its_end(void **state)
{
	(void)state;
	start(true, SWITCH_OFF);
	world.unreached[1] = true;
	pass(1500);
	kill(world.agents[0], SIGSTOP);
	pass(8500);
	assert_int_equal(world.troubles, 1);
	assert_int_equal(world.ends, 0);
	kill(world.agents[0], SIGCONT);
	pass(4000);
	assert_int_equal(world.troubles, 1);
	assert_int_equal(world.ends, 1);
	stop();
}

static void
what_it_promises_is_told_and_struck_out_before_it_is_changed(void **state)
{
	int64_t now_ms;

	(void)state;
	start(true, SWITCH_OFF);
	pass(2800);
	now_ms = clock_mono_ms();
	for (size_t i = 0; i < HOSTS; i++) {
		assert_int_equal(world.bound_ms[i], BOUND_MS);
		assert_int_equal(world.strikes[i], 2); /* its time, its mode */
		assert_false(world.out[i]);
		assert_in_range(world.contact_ms[i], now_ms - 2800, now_ms);
	}
	stop();
}

static void
what_cannot_be_struck_out_is_not_changed(void **state)
{
	(void)state;
	start(true, SWITCH_OFF);
	world.store_fails = true;
	pass(2800);
	assert_int_equal(read_at(0, "ihControlLeaseMs"), LEASE_MS_PRESET);
	assert_int_equal(read_at(0, "ihControlLease"), SWITCH_OFF);
	assert_int_equal(read_at(0, "ihLeaseRenew"), 41);
	assert_int_equal(world.bound_ms[0], -1);
	stop();
}

static void
one_that_was_not_answered_is_out_and_no_higher_one_is_sent(void **state)
{
	(void)state;
	start(true, SWITCH_ON);
	pass(2800);
	assert_int_equal(read_at(0, "ihLeaseRenew"), 42);
	kill(world.agents[0], SIGSTOP);
	pass(4000); /* into the next one */
	assert_true(world.out[0]);
	pass(8000); /* tried again */
	assert_true(world.out[0]);
	kill(world.agents[0], SIGCONT);
	pass(3500);
	assert_false(world.out[0]);
	assert_in_range(read_at(0, "ihLeaseRenew"), 43, 44);
	stop();
}

static void
a_renewal_waits_for_a_heartbeat(void **state)
{
	(void)state;
	start(true, SWITCH_ON);
	world.heard_ms = LEASE_NEAR_MS + 1;
	pass(2800 + LEASE_MS / 3);
	assert_int_equal(read_at(0, "ihLeaseRenew"), 41);
	world.heard_ms = LEASE_NEAR_MS;
	pass(1500);
	assert_int_equal(read_at(0, "ihLeaseRenew"), 42);
	stop();
}

static void
one_that_is_not_held_promises_nothing(void **state)
{
	(void)state;
	start(true, SWITCH_ON);
	agents_end();
	world.state = LEASE_STATE_WAITING;
	for (size_t i = 0; i < HOSTS; i++)
		agent_start(i, SWITCH_ON);
	pass(5500);
	assert_int_equal(world.bound_ms[0], 0);
	assert_int_equal(world.bound_ms[1], 0);
	stop();
}

/* ------------------------------------------------------------------------- */

static int
setup(void **state)
{
	char engine[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(engine, sizeof(engine), "%s/engine", folder);
	assert_int_equal(snmp_engine_start("test", engine, NULL), 0);
	world.loop = loop_new();
	world.timer = loop_timer_new(world.loop, stop_loop, world.loop);
	world.poller = poller_new(world.loop, NULL);
	return poller_add_account(world.poller, &account, NULL);
}

static int
drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	leases_free(world.leases);
	agents_end();
	poller_free(world.poller);
	loop_timer_free(world.timer);
	loop_free(world.loop);
	return nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_lease_is_turned_on_and_renewed_three_times_as_often),
		cmocka_unit_test(
			it_is_turned_off_once_where_the_cluster_has_it_off),
		cmocka_unit_test(who_is_not_reached_is_not_asked),
		cmocka_unit_test(trouble_is_told_once_and_so_is_its_end),
		cmocka_unit_test(
			what_it_promises_is_told_and_struck_out_before_it_is_changed),
		cmocka_unit_test(what_cannot_be_struck_out_is_not_changed),
		cmocka_unit_test(
			one_that_was_not_answered_is_out_and_no_higher_one_is_sent),
		cmocka_unit_test(a_renewal_waits_for_a_heartbeat),
		cmocka_unit_test(one_that_is_not_held_promises_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
