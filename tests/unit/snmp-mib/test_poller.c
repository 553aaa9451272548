/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller against agents in processes of their own, a real snmpd, and
 * ports where nobody is.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "snmp-mib/poller.h"

#include "tests/unit/snmp-mib/fake_agent.h"
#include "tests/unit/snmp-mib/temp_folder.h"

#define ENGINE_A "80001f888000112233445566778899aabb"
#define ENGINE_B "80001f8880ffeeddccbbaa998877665544"

static const struct random_sizes usual = { 4, 200, 30, 2, 5, 4 };

static char folder[] = "/tmp/test_poller.XXXXXX";
static char engine_file[64], cache_file[64];
static struct loop *loop;

struct fixture {
	struct poller *poller;
	struct fake_agent agent;
	struct poller_host *host;
};

struct outcome {
	bool done;
	int code;
	char text[512];
	uint32_t took_us;
	bool engine_answered;
	struct node_pulse pulse;
	struct node_report *report;
};

/* --- helpers ------------------------------------------------------------- */

static void
add_account(struct poller *poller, const char *name, const char *auth,
	    const char *priv)
{
	struct snmp_account account = { .auth = "SHA-256", .priv = "AES" };
	struct err err = { "" };

	snprintf(account.name, sizeof(account.name), "%s", name);
	snprintf(account.user, sizeof(account.user), FAKE_USER);
	snprintf(account.auth_password, sizeof(account.auth_password), "%s",
		 auth);
	snprintf(account.priv_password, sizeof(account.priv_password), "%s",
		 priv);
	if (poller_add_account(poller, &account, &err) < 0)
		fail_msg("%s", err.text);
}

static struct poller *
make_poller(const char *cache)
{
	struct poller *poller = poller_new(loop, cache);

	add_account(poller, "right", FAKE_AUTH, FAKE_PRIV);
	add_account(poller, "wrong-auth", "wrong-auth-password", FAKE_PRIV);
	add_account(poller, "wrong-priv", FAKE_AUTH, "wrong-priv-password");
	return poller;
}

static struct poller_host *
make_host(struct poller *poller, uint16_t port, const char *account)
{
	struct poller_host *host;
	struct err err = { "" };
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	if (poller_host_new(poller, address, account, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

static struct fake_agent
make_agent(const char *mode, uint16_t port, struct random_sizes sizes)
{
	struct fake_options options = { .engine = engine_file,
					.seed = 1,
					.sizes = sizes,
					.mode = mode,
					.port = port };
	struct fake_agent agent = fake_agent_start(&options);

	if (agent.port == 0)
		fail_msg("no agent on port %u", port);
	return agent;
}

static struct fixture
make_fixture(const char *mode, const char *account)
{
	struct fixture f = { .agent = make_agent(mode, 0, usual),
			     .poller = make_poller(NULL) };

	f.host = make_host(f.poller, f.agent.port, account);
	return f;
}

static void
drop_fixture(struct fixture *f)
{
	poller_host_free(f->host);
	poller_free(f->poller);
	fake_agent_stop(&f->agent);
}

static void
note(struct outcome *outcome, const struct poller_answer *answer)
{
	outcome->done = true;
	outcome->code = answer->code;
	outcome->took_us = answer->took_us;
	outcome->engine_answered = answer->engine_answered;
	snprintf(outcome->text, sizeof(outcome->text), "%s", answer->text);
	loop_stop(loop);
}

static void
pulse_done(void *arg, const struct poller_answer *answer,
	   const struct node_pulse *pulse)
{
	struct outcome *outcome = arg;

	if (pulse != NULL)
		outcome->pulse = *pulse;
	assert_true((answer->code == 0) == (pulse != NULL));
	assert_true((answer->code == 0) == (answer->text[0] == '\0'));
	note(outcome, answer);
}

static void
report_done(void *arg, const struct poller_answer *answer,
	    struct node_report *report)
{
	struct outcome *outcome = arg;

	outcome->report = report;
	assert_true((answer->code == 0) == (report != NULL));
	note(outcome, answer);
}

static struct outcome
pulse(struct poller_host *host)
{
	struct outcome outcome = { 0 };

	assert_int_equal(poller_pulse(host, 0, pulse_done, &outcome), 0);
	assert_false(outcome.done); /* never from inside */
	while (!outcome.done)
		loop_run(loop);
	return outcome;
}

static struct outcome
report_of(struct poller_host *host, const struct node_report *previous)
{
	struct outcome outcome = { 0 };

	assert_int_equal(poller_report(host, previous, 0, report_done,
				       &outcome),
			 0);
	assert_false(outcome.done);
	while (!outcome.done)
		loop_run(loop);
	return outcome;
}

static uint64_t
sent_by(const struct poller_host *host)
{
	struct poller_state state;

	poller_host_state(host, &state);
	return state.sent;
}

static void
assert_serves(const struct node_report *got, struct random_sizes sizes)
{
	struct node_report *served = random_report(1, &sizes);

	assert_string_equal(report_difference(served, got), "");
	node_report_free(served);
}

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

/* --- refusals and silence ------------------------------------------------ */

static void
a_wrong_password_is_refused_and_then_tried_once_a_minute(void **state)
{
	struct fixture f = make_fixture("normal", "wrong-auth");
	struct poller_state is;

	(void)state;
	for (unsigned i = 0; i < POLLER_DENIED_MAX; i++) {
		struct outcome got = pulse(f.host);

		assert_int_equal(got.code, -EACCES);
		assert_non_null(strstr(got.text,
				       "wrong SNMP user, password or protocol "
				       "for account wrong-auth"));
		assert_true(got.took_us < 500000);
	}
	uint64_t sent = sent_by(f.host);
	struct outcome got = pulse(f.host);
	assert_int_equal(got.code, -EACCES);
	got = report_of(f.host, NULL);
	assert_int_equal(got.code, -EACCES);
	assert_int_equal(sent_by(f.host), sent); /* nothing went out */
	poller_host_state(f.host, &is);
	assert_int_equal(is.denied, POLLER_DENIED_MAX);
	assert_true(is.denied_until_ms > clock_mono_ms() + 50000);
	drop_fixture(&f);
}

/* net-snmp keeps users by engine and name, for all sessions. */
static void
two_accounts_with_one_user_name_do_not_mix(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct poller_host *wrong =
		make_host(f.poller, f.agent.port, "wrong-auth");

	(void)state;
	assert_int_equal(pulse(f.host).code, 0);
	assert_int_equal(pulse(wrong).code, -EACCES);
	assert_int_equal(pulse(f.host).code, 0);
	assert_int_equal(pulse(wrong).code, -EACCES);
	poller_host_free(wrong);
	assert_int_equal(pulse(f.host).code, 0);
	drop_fixture(&f);
}

static void
a_wrong_privacy_password_looks_like_silence(void **state)
{
	struct fixture f = make_fixture("normal", "wrong-priv");
	struct outcome got = pulse(f.host);

	(void)state;
	assert_int_equal(got.code, -ETIMEDOUT);
	assert_true(got.engine_answered);
	assert_non_null(strstr(got.text, "privacy password"));
	drop_fixture(&f);
}

static void
a_dead_port_times_out_at_the_deadline(void **state)
{
	struct fake_agent agent = make_agent("normal", 0, usual);
	struct poller *poller = make_poller(NULL);
	struct poller_host *host = make_host(poller, agent.port, "right");

	(void)state;
	fake_agent_stop(&agent); /* its port is free now */
	struct outcome got = pulse(host);
	assert_int_equal(got.code, -ETIMEDOUT);
	assert_true(got.took_us >= (POLLER_PULSE_MS - 2) * 1000);
	assert_true(got.took_us < (POLLER_PULSE_MS + 400) * 1000);
	assert_false(got.engine_answered);
	assert_non_null(strstr(got.text, "no answer from 127.0.0.1"));
	poller_host_free(host);
	poller_free(poller);
}

static void
the_dead_do_not_slow_the_living(void **state)
{
	enum { DEAD = 20 };
	struct fixture f = make_fixture("normal", "right");
	struct poller_host *dead[DEAD];
	struct outcome lost[DEAD], alone[3], among[3];

	(void)state;
	/* Silent ports: bound, never read. */
	int sockets[DEAD];
	for (unsigned i = 0; i < DEAD; i++) {
		struct sockaddr_in in = { .sin_family = AF_INET,
					  .sin_addr.s_addr =
						  htonl(INADDR_LOOPBACK) };

		sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(sockets[i], (struct sockaddr *)&in,
				      sizeof(in)),
				 0);
		dead[i] =
			make_host(f.poller, fake_port_of(sockets[i]), "right");
		lost[i] = (struct outcome){ 0 };
	}
	(void)pulse(f.host); /* the engine is known after it */
	for (unsigned i = 0; i < 3; i++)
		alone[i] = pulse(f.host);
	for (unsigned i = 0; i < DEAD; i++)
		assert_int_equal(poller_pulse(dead[i], 0, pulse_done, &lost[i]),
				 0);
	for (unsigned i = 0; i < 3; i++)
		among[i] = pulse(f.host);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(alone[i].code, 0);
		assert_int_equal(among[i].code, 0);
		/* A single blocking probe would cost a second. */
		assert_true(among[i].took_us < 100000);
	}
	print_message("alone %u us, among 20 dead %u us\n", alone[1].took_us,
		      among[1].took_us);
	for (unsigned i = 0; i < DEAD; i++)
		while (!lost[i].done)
			loop_run(loop);
	for (unsigned i = 0; i < DEAD; i++) {
		assert_int_equal(lost[i].code, -ETIMEDOUT);
		assert_true(lost[i].took_us < 1300000);
		poller_host_free(dead[i]);
		close(sockets[i]);
	}
	drop_fixture(&f);
}

static void
an_answer_that_comes_after_the_resend_still_counts(void **state)
{
	struct fixture f = make_fixture("slow", "right");
	struct outcome got = pulse(f.host);

	(void)state;
	assert_string_equal(got.text, "");
	assert_int_equal(got.code, 0);
	assert_true(got.took_us >= 598000);
	drop_fixture(&f);
}

static void
an_agent_without_our_objects_is_told_from_a_dead_host(void **state)
{
	struct fixture f = make_fixture("empty", "right");

	(void)state;
	struct outcome got = pulse(f.host);
	assert_int_equal(got.code, -ENOENT);
	got = report_of(f.host, NULL);
	assert_int_equal(got.code, -ENOENT);
	drop_fixture(&f);
}

static void
a_master_whose_subagent_hangs_is_told_from_a_dead_host(void **state)
{
	struct fixture f = make_fixture("generr", "right");
	struct outcome got = pulse(f.host);

	(void)state;
	assert_int_equal(got.code, -ENOENT);
	drop_fixture(&f);
}

static void
nonsense_is_refused(void **state)
{
	struct fixture f = make_fixture("foolish", "right");

	(void)state;
	struct outcome got = pulse(f.host);
	assert_int_equal(got.code, -EPROTO);
	got = report_of(f.host, NULL);
	assert_int_equal(got.code, -EPROTO);
	drop_fixture(&f);
}

static void
rows_that_never_advance_are_refused(void **state)
{
	struct fixture f = make_fixture("backward", "right");
	struct outcome got = report_of(f.host, NULL);

	(void)state;
	assert_int_equal(got.code, -EPROTO);
	assert_non_null(strstr(got.text, "out of order"));
	drop_fixture(&f);
}

static void
rows_that_change_all_the_time_are_given_up(void **state)
{
	struct fixture f = make_fixture("churn", "right");
	struct outcome got = report_of(f.host, NULL);

	(void)state;
	assert_int_equal(got.code, -EAGAIN);
	drop_fixture(&f);
}

/* --- engines ------------------------------------------------------------- */

static void
restart_agent(struct fixture *f, const char *id, unsigned boots)
{
	uint16_t port = f->agent.port;

	fake_agent_stop(&f->agent);
	fake_engine_write(engine_file, id, boots);
	f->agent = make_agent("normal", port, usual);
}

static void
an_agent_that_restarts_with_more_boots_is_followed(void **state)
{
	struct fixture f = make_fixture("normal", "right");

	(void)state;
	assert_int_equal(pulse(f.host).code, 0);
	restart_agent(&f, ENGINE_A, 100);
	assert_int_equal(pulse(f.host).code, 0);
	drop_fixture(&f);
}

static void
an_agent_that_lost_its_boots_is_followed(void **state)
{
	struct fixture f = make_fixture("normal", "right");

	(void)state;
	restart_agent(&f, ENGINE_A, 100);
	assert_int_equal(pulse(f.host).code, 0);
	restart_agent(&f, ENGINE_A, 1);
	assert_int_equal(pulse(f.host).code, 0);
	assert_int_equal(pulse(f.host).code, 0);
	drop_fixture(&f);
}

static void
a_changed_engine_id_is_followed(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct poller_state is;

	(void)state;
	assert_int_equal(pulse(f.host).code, 0);
	restart_agent(&f, ENGINE_B, 1);
	assert_int_equal(pulse(f.host).code, 0);
	poller_host_state(f.host, &is);
	assert_string_equal(is.engine_id, ENGINE_B);
	drop_fixture(&f);
	fake_engine_write(engine_file, ENGINE_A, 1);
}

static void
hosts_with_one_engine_id_both_answer(void **state)
{
	struct fixture f = make_fixture("normal", "right");

	(void)state;
	fake_engine_write(engine_file, ENGINE_A, 500);
	struct fake_agent twin = make_agent("normal", 0, usual);
	struct poller_host *other = make_host(f.poller, twin.port, "right");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pulse(f.host).code, 0);
		assert_int_equal(pulse(other).code, 0);
	}
	poller_host_free(other);
	assert_int_equal(pulse(f.host).code, 0);
	fake_agent_stop(&twin);
	drop_fixture(&f);
	fake_engine_write(engine_file, ENGINE_A, 1);
}

static void
a_restarted_poller_knows_the_engines_from_its_file(void **state)
{
	struct fake_agent agent = make_agent("normal", 0, usual);
	struct poller *poller = make_poller(cache_file);
	struct poller_host *host = make_host(poller, agent.port, "right");

	(void)state;
	assert_int_equal(pulse(host).code, 0);
	assert_int_equal(sent_by(host), 2); /* probe and pulse */
	poller_host_free(host);
	poller_free(poller);

	poller = make_poller(cache_file);
	host = make_host(poller, agent.port, "right");
	assert_int_equal(pulse(host).code, 0);
	assert_int_equal(sent_by(host), 1);
	poller_host_free(host);
	poller_free(poller);

	struct stat st;
	assert_int_equal(stat(cache_file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fake_agent_stop(&agent);
}

static void
a_damaged_cache_is_ignored(void **state)
{
	static const char *const bad[] = {
		"",
		"nonsense",
		"ironherd-engines 1\n127.0.0.1:161 xyz\n",
		"ironherd-engines 1\n127.0.0.1:161 80\n",
		"ironherd-engines 1\n127.0.0.1:161 8000000\n",
		"ironherd-engines 1\n127.0.0.1:161 80001f8880 more\n",
		"ironherd-engines 2\n127.0.0.1:161 80001f8880\n",
	};
	struct fake_agent agent = make_agent("normal", 0, usual);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(file_write_atomic(cache_file, 0600, bad[i],
						   strlen(bad[i]), NULL),
				 0);
		struct poller *poller = make_poller(cache_file);
		struct poller_host *host =
			make_host(poller, agent.port, "right");
		assert_int_equal(pulse(host).code, 0);
		poller_host_free(host);
		poller_free(poller);
	}
	fake_agent_stop(&agent);
}

static void
descriptors_above_1024_work(void **state)
{
	enum { MANY = 1100 };
	struct rlimit limit;
	int fds[MANY];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < MANY + 50) {
		print_message("skipped: too few descriptors allowed\n");
		skip();
	}
	for (unsigned i = 0; i < MANY; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fds[MANY - 1] > 1024);
	struct fixture f = make_fixture("normal", "right");
	assert_int_equal(pulse(f.host).code, 0);
	struct outcome got = report_of(f.host, NULL);
	assert_serves(got.report, usual);
	node_report_free(got.report);
	drop_fixture(&f);
	for (unsigned i = 0; i < MANY; i++)
		close(fds[i]);
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

/* ------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	struct err err = { "" };

	(void)state;
	log_start("test_poller", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(folder));
	snprintf(engine_file, sizeof(engine_file), "%s/engine", folder);
	snprintf(cache_file, sizeof(cache_file), "%s/cache", folder);
	fake_engine_write(engine_file, ENGINE_A, 1);
	loop = loop_new();
	return snmp_engine_start("test_poller", NULL, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return temp_folder_remove(folder);
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
			a_wrong_password_is_refused_and_then_tried_once_a_minute),
		cmocka_unit_test(two_accounts_with_one_user_name_do_not_mix),
		cmocka_unit_test(a_wrong_privacy_password_looks_like_silence),
		cmocka_unit_test(a_dead_port_times_out_at_the_deadline),
		cmocka_unit_test(the_dead_do_not_slow_the_living),
		cmocka_unit_test(
			an_answer_that_comes_after_the_resend_still_counts),
		cmocka_unit_test(
			an_agent_without_our_objects_is_told_from_a_dead_host),
		cmocka_unit_test(
			a_master_whose_subagent_hangs_is_told_from_a_dead_host),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(rows_that_never_advance_are_refused),
		cmocka_unit_test(rows_that_change_all_the_time_are_given_up),
		cmocka_unit_test(
			an_agent_that_restarts_with_more_boots_is_followed),
		cmocka_unit_test(an_agent_that_lost_its_boots_is_followed),
		cmocka_unit_test(a_changed_engine_id_is_followed),
		cmocka_unit_test(hosts_with_one_engine_id_both_answer),
		cmocka_unit_test(
			a_restarted_poller_knows_the_engines_from_its_file),
		cmocka_unit_test(a_damaged_cache_is_ignored),
		cmocka_unit_test(
			a_host_may_be_freed_by_its_own_callback_or_in_flight),
		cmocka_unit_test(descriptors_above_1024_work),
		cmocka_unit_test(
			reports_have_turns_and_neither_pulses_nor_the_silent_hold_them),
		cmocka_unit_test(addresses_and_accounts_are_checked),
		cmocka_unit_test(a_real_snmpd_without_the_node_agent_says_so),
	};

	fake_agent_main(argc, argv);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
