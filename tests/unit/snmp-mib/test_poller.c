/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller against agents in processes of their own and a real snmpd.
 */
#include "tests/unit/snmp-mib/poller_world.h"

/* --- answers ------------------------------------------------------------- */

static void
a_pulse_comes_from_an_agent_met_for_the_first_time(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct outcome got = pulse(f.host);
	struct node_report *served = random_report(1, &usual);
	struct poller_state is;

	(void)state;
	assert_string_equal(got.text, "");
	assert_int_equal(got.code, 0);
	assert_string_equal(got.pulse.uuid, served->host.uuid);
	assert_int_equal(got.pulse.vm_revision, served->host.vm_revision);
	poller_host_state(f.host, &is);
	assert_true(is.engine_known);
	assert_string_equal(is.engine_id, ENGINE_A);
	node_report_free(served);
	drop_fixture(&f);
}

static void
a_report_equals_what_the_agent_serves(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct outcome got = report_of(f.host, NULL);

	(void)state;
	assert_string_equal(got.text, "");
	assert_serves(got.report, usual);
	node_report_free(got.report);
	drop_fixture(&f);
}

static void
features_and_numa_are_read_once_per_layout(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct outcome first = report_of(f.host, NULL);
	uint64_t before = sent_by(f.host);
	struct outcome second = report_of(f.host, first.report);
	uint64_t kept = sent_by(f.host) - before;

	(void)state;
	assert_serves(second.report, usual);
	/* Scalars, 30 VMs at 3, 10 slots, datastores beside sources. */
	assert_int_equal(kept, 1 + 10 + 1 + 1);
	assert_true(before > kept + 5);

	first.report->host.layout_revision++;
	before = sent_by(f.host);
	struct outcome third = report_of(f.host, first.report);
	assert_true(sent_by(f.host) - before > kept);
	assert_serves(third.report, usual);
	node_report_free(first.report);
	node_report_free(second.report);
	node_report_free(third.report);
	drop_fixture(&f);
}

static void
pulse_and_report_run_together_but_not_two_of_a_kind(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct outcome a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(poller_report(f.host, NULL, 0, report_done, &a), 0);
	assert_int_equal(poller_pulse(f.host, 0, pulse_done, &b), 0);
	assert_int_equal(poller_report(f.host, NULL, 0, report_done, &a),
			 -EBUSY);
	assert_int_equal(poller_pulse(f.host, 0, pulse_done, &b), -EBUSY);
	while (!a.done || !b.done)
		loop_run(loop);
	assert_int_equal(a.code, 0);
	assert_int_equal(b.code, 0);
	assert_true(b.took_us < a.took_us);
	assert_serves(a.report, usual);
	node_report_free(a.report);
	drop_fixture(&f);
}

static void
three_thousand_vms_are_read(void **state)
{
	const struct random_sizes many = { 8, 500, 3000, 4, 100, 6 };
	struct poller *poller = make_poller(NULL);
	struct fake_agent agent = make_agent("normal", 0, many);
	struct poller_host *host = make_host(poller, agent.port, "right");
	struct outcome got = { 0 };

	(void)state;
	assert_int_equal(poller_report(host, NULL, 60000, report_done, &got),
			 0);
	while (!got.done)
		loop_run(loop);
	assert_string_equal(got.text, "");
	assert_serves(got.report, many);
	print_message("3000 VMs in %u ms, %u messages\n", got.took_us / 1000,
		      (unsigned)sent_by(host));
	node_report_free(got.report);
	poller_host_free(host);
	poller_free(poller);
	fake_agent_stop(&agent);
}

static void
an_empty_node_is_read(void **state)
{
	const struct random_sizes none = { 0, 0, 0, 0, 0, 0 };
	struct poller *poller = make_poller(NULL);
	struct fake_agent agent = make_agent("normal", 0, none);
	struct poller_host *host = make_host(poller, agent.port, "right");
	struct outcome got = report_of(host, NULL);

	(void)state;
	assert_string_equal(got.text, "");
	assert_serves(got.report, none);
	node_report_free(got.report);
	poller_host_free(host);
	poller_free(poller);
	fake_agent_stop(&agent);
}

static void
answers_cut_in_the_middle_of_a_row_are_put_together(void **state)
{
	struct fixture f = make_fixture("cut", "right");
	struct outcome got = report_of(f.host, NULL);

	(void)state;
	assert_string_equal(got.text, "");
	assert_serves(got.report, usual);
	node_report_free(got.report);
	drop_fixture(&f);
}

/* --- turns --------------------------------------------------------------- */

static unsigned
datagrams_at(int fd)
{
	char buffer[2048];
	unsigned n = 0;

	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void
run_for(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(loop, (loop_fn)loop_stop, loop);

	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
}

static void
reports_have_turns_and_neither_pulses_nor_the_silent_hold_them(void **state)
{
	enum { MORE = 20, ALL = POLLER_REPORTS_MAX + MORE };
	struct fixture f = make_fixture("normal", "right");
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static struct poller_host *hosts[ALL];
	static struct outcome never[ALL];
	struct outcome late = { 0 };

	(void)state;
	assert_int_equal(bind(silent, (struct sockaddr *)&in, sizeof(in)), 0);
	(void)pulse(f.host); /* the engine is known after it */
	for (unsigned i = 0; i < ALL; i++) {
		hosts[i] = make_host(f.poller, fake_port_of(silent), "right");
		assert_int_equal(poller_report(hosts[i], NULL, 0, report_done,
					       &never[i]),
				 0);
		assert_int_equal(poller_report(hosts[i], NULL, 0, report_done,
					       &never[i]),
				 -EBUSY);
	}
	assert_int_equal(poller_report(f.host, NULL, 0, report_done, &late), 0);
	assert_int_equal(datagrams_at(silent), POLLER_REPORTS_MAX);
	struct outcome got = pulse(f.host);
	assert_int_equal(got.code, 0);
	assert_true(got.took_us < 100000);
	assert_false(late.done);
	assert_int_equal(datagrams_at(silent), 0);

	/* One that is given up makes room for the next. */
	poller_host_free(hosts[0]);
	poller_host_free(hosts[ALL - 1]);
	assert_int_equal(datagrams_at(silent), 1);

	while (!late.done)
		loop_run(loop);
	assert_int_equal(late.code, 0);
	assert_true(late.took_us < 100000); /* since its turn */
	node_report_free(late.report);
	run_for(200);
	assert_true(datagrams_at(silent) >= ALL - 2);
	for (unsigned i = 1; i < ALL - 1; i++) {
		assert_false(never[i].done);
		poller_host_free(hosts[i]);
	}
	close(silent);
	drop_fixture(&f);
}

/* --- the door ------------------------------------------------------------ */

static void
free_the_host(void *arg, const struct poller_answer *answer,
	      const struct node_pulse *got)
{
	struct fixture *f = arg;

	(void)answer;
	(void)got;
	poller_host_free(f->host);
	poller_free(f->poller);
	f->host = NULL;
	f->poller = NULL;
	loop_stop(loop);
}

static void
a_host_may_be_freed_by_its_own_callback_or_in_flight(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct outcome never = { 0 };

	(void)state;
	assert_int_equal(poller_report(f.host, NULL, 0, report_done, &never),
			 0);
	assert_int_equal(poller_pulse(f.host, 0, free_the_host, &f), 0);
	while (f.poller != NULL)
		loop_run(loop);
	assert_false(never.done);
	drop_fixture(&f);
}

static void
addresses_and_accounts_are_checked(void **state)
{
	static const char *const bad[] = { "",
					   "host:161",
					   "10.0.0:161",
					   "10.0.0.1:0",
					   "10.0.0.1:65536",
					   "10.0.0.1:",
					   "10.0.0.1:16x",
					   "[fd00::1",
					   "[fd00::1]161",
					   "fd00::1",
					   "udp:10.0.0.1:161" };
	struct poller *poller = make_poller(NULL);
	struct poller_host *host = NULL;
	struct snmp_account account = { .name = "right" };
	struct err err = { "" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(poller_host_new(poller, bad[i], "right", &host,
						 &err),
				 -EINVAL);
	assert_int_equal(poller_host_new(poller, "127.0.0.1", "nobody", &host,
					 &err),
			 -ENOKEY);
	assert_non_null(strstr(err.text, "nobody"));
	assert_null(host);
	assert_int_equal(poller_add_account(poller, &account, &err), -EEXIST);
	snprintf(account.name, sizeof(account.name), "new");
	account.auth = "ROT13";
	account.priv = "AES";
	assert_int_equal(poller_add_account(poller, &account, &err), -EINVAL);
	snprintf(account.user, sizeof(account.user), "me");
	assert_int_equal(poller_add_account(poller, &account, &err), -EINVAL);
	assert_non_null(strstr(err.text, "ROT13"));
	account.auth = "SHA";
	assert_int_equal(poller_add_account(poller, &account, &err), -EINVAL);
	poller_free(poller);
}

/* --- a real snmpd -------------------------------------------------------- */

static pid_t
start_snmpd(uint16_t port)
{
	char conf[80], listen[40], log[80];
	FILE *file;

	snprintf(conf, sizeof(conf), "%s/snmpd.conf", folder);
	snprintf(log, sizeof(log), "%s/snmpd.log", folder);
	snprintf(listen, sizeof(listen), "udp:127.0.0.1:%u", port);
	file = fopen(conf, "w");
	assert_non_null(file);
	fprintf(file, "createUser " FAKE_USER " SHA-256 " FAKE_AUTH
		      " AES " FAKE_PRIV "\nrouser " FAKE_USER " priv\n");
	fclose(file);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("SNMP_PERSISTENT_DIR", folder, 1);
		setenv("MIBS", "", 1);
		execlp("snmpd", "snmpd", "-f", "-Lf", log, "-C", "-c", conf,
		       "-I", "-smux", listen, (char *)NULL);
		execl("/usr/sbin/snmpd", "snmpd", "-f", "-Lf", log, "-C", "-c",
		      conf, "-I", "-smux", listen, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void
a_real_snmpd_without_the_node_agent_says_so(void **state)
{
	struct fake_agent unused = make_agent("normal", 0, usual);
	struct poller *poller = make_poller(NULL);
	struct outcome got = { .code = -ETIMEDOUT };

	(void)state;
	fake_agent_stop(&unused);
	pid_t pid = start_snmpd(unused.port);
	struct poller_host *host = make_host(poller, unused.port, "right");
	for (unsigned i = 0; i < 10 && got.code == -ETIMEDOUT; i++)
		got = pulse(host);
	int status = 0;
	pid_t ended = waitpid(pid, &status, WNOHANG);
	if (ended == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	poller_host_free(host);
	poller_free(poller);
	if (ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		print_message("skipped: no snmpd here\n");
		skip();
	}
	assert_int_equal(got.code, -ENOENT);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_pulse_comes_from_an_agent_met_for_the_first_time),
		cmocka_unit_test(a_report_equals_what_the_agent_serves),
		cmocka_unit_test(features_and_numa_are_read_once_per_layout),
		cmocka_unit_test(
			pulse_and_report_run_together_but_not_two_of_a_kind),
		cmocka_unit_test(three_thousand_vms_are_read),
		cmocka_unit_test(an_empty_node_is_read),
		cmocka_unit_test(
			answers_cut_in_the_middle_of_a_row_are_put_together),
		cmocka_unit_test(
			a_host_may_be_freed_by_its_own_callback_or_in_flight),
		cmocka_unit_test(
			reports_have_turns_and_neither_pulses_nor_the_silent_hold_them),
		cmocka_unit_test(addresses_and_accounts_are_checked),
		cmocka_unit_test(a_real_snmpd_without_the_node_agent_says_so),
	};

	fake_agent_main(argc, argv);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
