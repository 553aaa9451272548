/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and quarantine over a fake BMC and a clock moved by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "ipmi/power.h"
#include "tests/support/ipmi_fake.h"

struct outcome {
	unsigned calls;
	struct power_result result;
	int64_t at_ms;
	const struct fake *fake;
};

static void
take(void *arg, const struct power_result *result)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->result = *result;
	if (outcome->fake != NULL)
		outcome->at_ms = outcome->fake->now_ms;
}

static struct bmc *
start(struct fake *fake)
{
	return bmc_new(&fake->transport, "fake");
}

static struct bmc_health
health_of(const struct bmc *bmc)
{
	struct bmc_health health;

	bmc_get_health(bmc, &health);
	return health;
}

static enum bmc_state
state_of(const struct bmc *bmc)
{
	return health_of(bmc).state;
}

static void
a_session_opens_by_itself_and_learns_who_the_bmc_is(void **state)
{
	struct fake fake;
	char guid[BMC_GUID_TEXT];

	(void)state;
	fake_init(&fake);
	struct bmc *bmc = start(&fake);
	assert_int_equal(state_of(bmc), BMC_UNKNOWN);
	fake_run(&fake, 1000);

	struct bmc_health health = health_of(bmc);
	assert_int_equal(health.state, BMC_UP);
	assert_true(health.session);
	assert_int_equal(health.power, IPMI_POWER_ON);
	assert_in_range(health.power_age_ms, 900, 1000);
	assert_int_equal(health.rtt_ms, 2);
	assert_true(health.has_device && health.has_guid);
	bmc_format_guid(health.guid, guid);
	assert_string_equal(guid, "01020300000000000000000000000000");
	assert_string_equal(health.error, "");
	assert_string_equal(bmc_name(bmc), "fake");
	bmc_free(bmc);
}

static void
an_idle_session_is_kept_warm(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	struct bmc *bmc = start(&fake);
	fake_run(&fake, 1000);
	unsigned reads = fake.reads;
	fake_run(&fake, 100000);
	assert_int_equal(fake.reads - reads, 100000 / BMC_KEEPALIVE_MS);
	assert_int_equal(fake.opens, 1);
	assert_true(health_of(bmc).ok_age_ms <= BMC_KEEPALIVE_MS + 10);
	bmc_free(bmc);
}

static void
a_bmc_that_falls_silent_is_slow_then_silent_then_up_again(void **state)
{
	struct fake fake;

	(void)state;
	log_start("test", LOG_LEVEL_ERROR);
	fake_init(&fake);
	struct bmc *bmc = start(&fake);
	struct outcome outcome = { .fake = &fake };
	fake_run(&fake, 1000);

	fake.silent = true;
	power_read(bmc, 0, take, &outcome);
	fake_run(&fake, 500);
	assert_int_equal(state_of(bmc), BMC_UP);
	fake_run(&fake, 600);
	assert_int_equal(state_of(bmc), BMC_SLOW);
	fake_run(&fake, 1500);
	assert_int_equal(state_of(bmc), BMC_SILENT);
	assert_int_equal(outcome.result.rc, IPMI_TIMEOUT);
	assert_string_not_equal(health_of(bmc).error, "");
	fake_run(&fake, 60000);
	assert_int_equal(state_of(bmc), BMC_SILENT);

	fake.silent = false;
	fake_run(&fake, 100000);
	assert_int_equal(state_of(bmc), BMC_UP);
	assert_string_equal(health_of(bmc).error, "");
	bmc_free(bmc);
}

static void
a_bmc_that_waits_in_line_is_not_called_silent(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.line_ms = 20000;
	struct bmc *bmc = start(&fake);
	fake_run(&fake, 19999);
	assert_int_equal(state_of(bmc), BMC_UNKNOWN);
	fake_run(&fake, 1000);
	assert_int_equal(state_of(bmc), BMC_UP);
	assert_int_equal(fake.opens, 1);
	bmc_free(bmc);
}

static void
silence_counts_from_the_end_of_the_line(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.line_ms = 7000;
	fake.silent = true;
	struct bmc *bmc = start(&fake);
	fake_run(&fake, 7000 + BMC_SILENT_MS - 1);
	assert_int_equal(state_of(bmc), BMC_UNKNOWN);
	fake_run(&fake, 1);
	assert_int_equal(state_of(bmc), BMC_SILENT);
	fake_run(&fake, BMC_CONNECT_MS - BMC_SILENT_MS - 1);
	assert_int_equal(fake.closes, 0);
	fake_run(&fake, 1);
	assert_int_equal(fake.closes, 1);
	bmc_free(bmc);
}

static void
attempts_become_rarer_but_a_question_brings_one_at_once(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.refuse = IPMI_NO_SESSION;
	struct bmc *bmc = start(&fake);
	fake_run(&fake, 1000);
	assert_int_equal(fake.opens, 1);
	fake_run(&fake, 2000);
	assert_int_equal(fake.opens, 2);
	fake_run(&fake, 5000);
	assert_int_equal(fake.opens, 3);
	fake_run(&fake, 15000);
	assert_int_equal(fake.opens, 4);
	fake_run(&fake, 120000);
	assert_int_equal(fake.opens, 6);
	assert_int_equal(state_of(bmc), BMC_REFUSED);

	struct outcome outcome = { .fake = &fake };
	fake.refuse = IPMI_OK;
	int64_t asked_ms = fake.now_ms;
	power_read(bmc, 0, take, &outcome);
	fake_run(&fake, 1000);
	assert_int_equal(outcome.result.rc, IPMI_OK);
	assert_true(outcome.at_ms - asked_ms < 50);
	bmc_free(bmc);
}

static void
a_fence_waits_for_a_session_within_its_deadline(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.refuse = IPMI_NO_SESSION;
	struct bmc *bmc = start(&fake);
	struct outcome given = { 0 }, got = { 0 };

	fake_run(&fake, 1000);
	power_turn_off(bmc, 3000, take, &given);
	fake_run(&fake, 4000);
	assert_int_equal(given.calls, 1);
	assert_int_equal(given.result.rc, IPMI_NO_SESSION);
	assert_int_equal(given.result.power, IPMI_POWER_UNKNOWN);

	power_turn_off(bmc, 0, take, &got);
	fake_run(&fake, 4000);
	assert_int_equal(got.calls, 0);
	fake.refuse = IPMI_OK;
	fake_run(&fake, 2000);
	assert_int_equal(got.result.rc, IPMI_OK);
	assert_true(got.result.verified);
	bmc_free(bmc);
}

static void
three_wrong_passwords_quarantine_and_then_there_is_silence(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.refuse = IPMI_AUTH;
	fake.refuse_text = "wrong user name or password";
	struct bmc *bmc = start(&fake);

	fake_run(&fake, 100);
	assert_int_equal(state_of(bmc), BMC_AUTH_FAILED);
	assert_int_equal(health_of(bmc).auth_failures, 1);
	fake_run(&fake, 60000);
	assert_int_equal(state_of(bmc), BMC_QUARANTINED);
	assert_int_equal(fake.opens, BMC_AUTH_FAILURES);
	assert_string_equal(health_of(bmc).error,
			    "wrong user name or password");

	for (int i = 0; i < 10; i++) {
		struct outcome outcome = { 0 };
		power_turn_off(bmc, 0, take, &outcome);
		fake_run(&fake, 1000);
		assert_int_equal(outcome.calls, 1);
		assert_int_equal(outcome.result.rc, IPMI_QUARANTINED);
		assert_int_equal(outcome.result.power, IPMI_POWER_UNKNOWN);
	}
	assert_int_equal(fake.opens, BMC_AUTH_FAILURES);
	fake_run(&fake, BMC_QUARANTINE_MS);
	assert_int_equal(fake.opens, BMC_AUTH_FAILURES + 1);
	fake_run(&fake, BMC_QUARANTINE_MS / 2);
	assert_int_equal(fake.opens, BMC_AUTH_FAILURES + 1);
	assert_int_equal(state_of(bmc), BMC_QUARANTINED);
	bmc_free(bmc);
}

static void
a_wrong_password_is_told_at_once_not_at_the_deadline(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.refuse = IPMI_AUTH;
	struct bmc *bmc = start(&fake);
	struct outcome outcome = { .fake = &fake };

	int64_t asked_ms = fake.now_ms;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 20000);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.result.rc, IPMI_AUTH);
	assert_true(outcome.at_ms - asked_ms < 100);
	bmc_free(bmc);
}

static void
a_retry_leaves_quarantine(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.refuse = IPMI_AUTH;
	struct bmc *bmc = start(&fake);
	fake_run(&fake, 60000);
	assert_int_equal(state_of(bmc), BMC_QUARANTINED);

	fake.refuse = IPMI_OK;
	bmc_retry(bmc);
	fake_run(&fake, 100);
	assert_int_equal(state_of(bmc), BMC_UP);
	bmc_free(bmc);
}

static void
failures_of_other_kinds_are_no_step_to_quarantine(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	struct bmc *bmc = start(&fake);
	for (int i = 0; i < 12; i++) {
		fake.refuse = i % 3 == 2 ? IPMI_NO_SESSION : IPMI_AUTH;
		bmc_retry(bmc);
		fake_run(&fake, 100);
		assert_int_not_equal(state_of(bmc), BMC_QUARANTINED);
	}
	bmc_free(bmc);
}

static void
a_wrong_cipher_suite_is_told_as_such(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.refuse = IPMI_ALGORITHM;
	struct bmc *bmc = start(&fake);
	struct outcome outcome = { 0 };
	power_read(bmc, 0, take, &outcome);
	fake_run(&fake, 1000);
	assert_int_equal(outcome.result.rc, IPMI_ALGORITHM);
	assert_int_equal(state_of(bmc), BMC_REFUSED);
	bmc_free(bmc);
}

static void
a_bmc_that_forgot_the_session_gets_a_new_one_within_the_read(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	struct bmc *bmc = start(&fake);
	struct outcome outcome = { 0 };
	fake_run(&fake, 1000);
	fake.lose_reads = 100; /* it restarted: our session means nothing */
	power_read(bmc, 3000, take, &outcome);
	fake_run(&fake, 1005); /* doubted; the new one is answered */
	fake.lose_reads = 0;
	fake_run(&fake, 1000);
	assert_int_equal(outcome.result.rc, IPMI_OK);
	assert_int_equal(health_of(bmc).sessions, 2);
	bmc_free(bmc);
}

/* --- round trips --------------------------------------------------------- */

/* What happens to the next request, and to the answer after it. */
static struct {
	bool lose_request;
	int64_t delay_answer_ms;
} next;

static void
meddle(struct fake *fake, struct fake_event *event, bool *ret_drop)
{
	(void)fake;
	if (event->kind == FAKE_REQUEST && next.lose_request) {
		next.lose_request = false;
		*ret_drop = true;
	} else if (event->kind == FAKE_ANSWER) {
		event->at_ms += next.delay_answer_ms;
		next.delay_answer_ms = 0;
	}
}

static int64_t
read_takes_ms(struct fake *fake, struct bmc *bmc)
{
	struct outcome outcome = { .fake = fake };
	int64_t asked_ms = fake->now_ms;

	power_read(bmc, 20000, take, &outcome);
	fake_run(fake, 5000);
	assert_int_equal(outcome.result.rc, IPMI_OK);
	return outcome.at_ms - asked_ms;
}

static struct bmc *
start_and_read(struct fake *fake, int64_t latency_ms)
{
	memset(&next, 0, sizeof(next));
	fake_init(fake);
	fake->latency_ms = latency_ms;
	fake->meddle = meddle;
	struct bmc *bmc = start(fake);
	fake_run(fake, 1000);
	for (int i = 0; i < 20; i++)
		assert_int_equal(read_takes_ms(fake, bmc), 2 * latency_ms);
	return bmc;
}

static void
one_late_answer_does_not_put_the_next_repetition_off(void **state)
{
	struct fake fake;

	(void)state;
	struct bmc *bmc = start_and_read(&fake, 1);
	next.delay_answer_ms = 98;
	assert_int_equal(read_takes_ms(&fake, bmc), 100);
	next.lose_request = true;
	assert_in_range(read_takes_ms(&fake, bmc), 100, 200);
	assert_int_equal(health_of(bmc).sessions, 1);
	bmc_free(bmc);
}

static void
an_answer_is_timed_from_the_sending_it_belongs_to(void **state)
{
	struct fake fake;

	(void)state;
	struct bmc *bmc = start_and_read(&fake, 1);
	/* Sent at 0 and lost, at 100 and answered late, and at 200 ms. */
	next.lose_request = true;
	next.delay_answer_ms = 99;
	assert_int_equal(read_takes_ms(&fake, bmc), 201);
	assert_int_equal(health_of(bmc).rtt_ms, 101);
	bmc_free(bmc);
}

static void
who_answers_evenly_but_slowly_is_asked_again_after_two_round_trips(void **state)
{
	struct fake fake;

	(void)state;
	struct bmc *bmc = start_and_read(&fake, 100);
	next.lose_request = true;
	assert_in_range(read_takes_ms(&fake, bmc), 600, 800);
	bmc_free(bmc);
}

static void
a_slow_bmc_is_given_more_patience_each_time(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.latency_ms = 700; /* 1.4 s there and back */
	struct bmc *bmc = start(&fake);
	struct outcome outcome = { 0 };
	fake_run(&fake, 20000);
	assert_int_equal(state_of(bmc), BMC_SLOW);
	power_prove_off(bmc, 20000, take, &outcome);
	fake_run(&fake, 20000);
	assert_int_equal(outcome.result.rc, IPMI_OK);
	assert_int_equal(outcome.result.power, IPMI_POWER_ON);
	bmc_free(bmc);
}

static void
a_session_lost_is_reopened_at_once(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	struct bmc *bmc = start(&fake);
	fake_run(&fake, 1000);
	fake_drop_session(&fake);
	fake_run(&fake, 10);
	assert_int_equal(state_of(bmc), BMC_UP);
	assert_int_equal(fake.opens, 2);
	bmc_free(bmc);
}

static void
freeing_closes_the_session_and_allows_nothing(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	struct bmc *bmc = start(&fake);
	fake_run(&fake, 1000);
	bmc_free(bmc);
	assert_int_equal(fake.closes, 1);
	assert_true(fake.freed);
	bmc_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_session_opens_by_itself_and_learns_who_the_bmc_is),
		cmocka_unit_test(an_idle_session_is_kept_warm),
		cmocka_unit_test(
			a_bmc_that_falls_silent_is_slow_then_silent_then_up_again),
		cmocka_unit_test(a_bmc_that_waits_in_line_is_not_called_silent),
		cmocka_unit_test(silence_counts_from_the_end_of_the_line),
		cmocka_unit_test(
			attempts_become_rarer_but_a_question_brings_one_at_once),
		cmocka_unit_test(
			a_fence_waits_for_a_session_within_its_deadline),
		cmocka_unit_test(
			three_wrong_passwords_quarantine_and_then_there_is_silence),
		cmocka_unit_test(
			a_wrong_password_is_told_at_once_not_at_the_deadline),
		cmocka_unit_test(a_retry_leaves_quarantine),
		cmocka_unit_test(
			failures_of_other_kinds_are_no_step_to_quarantine),
		cmocka_unit_test(a_wrong_cipher_suite_is_told_as_such),
		cmocka_unit_test(
			a_bmc_that_forgot_the_session_gets_a_new_one_within_the_read),
		cmocka_unit_test(
			one_late_answer_does_not_put_the_next_repetition_off),
		cmocka_unit_test(
			an_answer_is_timed_from_the_sending_it_belongs_to),
		cmocka_unit_test(
			who_answers_evenly_but_slowly_is_asked_again_after_two_round_trips),
		cmocka_unit_test(a_slow_bmc_is_given_more_patience_each_time),
		cmocka_unit_test(a_session_lost_is_reopened_at_once),
		cmocka_unit_test(freeing_closes_the_session_and_allows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
