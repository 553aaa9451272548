/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller against agents that refuse, answer nonsense or late, and ports
 * where nobody is.
 */
#include "tests/unit/snmp-mib/poller_world.h"

#include "common/clock.h"

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

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
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
	};

	fake_agent_main(argc, argv);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
