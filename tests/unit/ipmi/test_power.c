/* SPDX-License-Identifier: Apache-2.0 */
/* Power operations over a fake BMC and a clock moved by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

/* A BMC with a warm session; the host is on. */
static struct bmc *
warm(struct fake *fake)
{
	fake_init(fake);
	struct bmc *bmc = bmc_new(&fake->transport, "fake");

	fake_run(fake, 1000);
	return bmc;
}

/* The same with a host that was off all along. */
static struct bmc *
warm_off(struct fake *fake)
{
	fake_init(fake);
	fake->on = false;
	struct bmc *bmc = bmc_new(&fake->transport, "fake");

	fake_run(fake, 1000);
	return bmc;
}

static void
assert_ended(const struct outcome *outcome, enum ipmi_rc rc,
	     enum ipmi_power power, bool verified)
{
	assert_int_equal(outcome->calls, 1);
	if (outcome->result.rc != rc)
		print_message("text: %s\n", outcome->result.text);
	assert_int_equal(outcome->result.rc, rc);
	assert_int_equal(outcome->result.power, power);
	assert_int_equal(outcome->result.verified, verified);
	assert_int_not_equal(outcome->result.text[0], '\0');
}

static void
a_read_tells_the_state_and_is_no_proof(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.on = false;
	assert_true(power_read(bmc, 0, take, &outcome) != 0);
	assert_int_equal(outcome.calls, 0); /* never before the call is over */
	fake_run(&fake, 10);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, false);
	assert_int_equal(outcome.result.reads, 1);
	assert_int_equal(outcome.result.rtt_ms, 2);
	assert_int_equal(outcome.result.last_event, POWER_EVENT_ON_BY_IPMI);
	bmc_free(bmc);
	assert_true(fake.freed);
}

static void
off_is_sent_once_and_verified_by_two_reads(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.obey_ms = 800;
	int64_t asked_ms = fake.now_ms;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 20000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(fake.offs, 1);
	assert_int_equal(fake.controls, 1);
	assert_int_equal(outcome.result.commands_sent, 1);
	assert_true(outcome.result.last_read_ms -
			    outcome.result.first_read_ms >=
		    POWER_VERIFY_GAP_MS);
	/* Hardware, one poll, the gap, little else. */
	assert_in_range(outcome.at_ms - asked_ms, 1050, 1500);
	bmc_free(bmc);
}

static void
a_host_that_is_off_needs_no_command(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.on = false;
	int64_t asked_ms = fake.now_ms;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 1000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(outcome.result.commands_sent, 0);
	assert_int_equal(fake.controls, 0);
	assert_in_range(outcome.at_ms - asked_ms, 250, 300);
	bmc_free(bmc);
}

static void
one_off_read_is_not_proof(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.on = false;
	power_prove_off(bmc, 1000, take, &outcome);
	fake_run(&fake, 100);
	assert_int_equal(outcome.calls, 0);
	fake.silent = true;
	fake_run(&fake, 5000);
	assert_ended(&outcome, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, false);
	assert_int_equal(outcome.result.reads, 1);
	bmc_free(bmc);
}

static void
two_off_reads_prove_off_without_a_command(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.on = false;
	int64_t asked_ms = fake.now_ms;
	power_prove_off(bmc, 0, take, &outcome);
	fake_run(&fake, 1000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_in_range(outcome.at_ms - asked_ms, 250, 300);
	assert_int_equal(fake.controls, 0);
	bmc_free(bmc);
}

static void
any_on_read_ends_the_proof_with_on(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.on = false;
	power_prove_off(bmc, 0, take, &outcome);
	fake_set_power(&fake, true, 100);
	fake_run(&fake, 1000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_ON, false);
	assert_int_equal(outcome.result.reads, 2);
	bmc_free(bmc);
}

static void
off_on_off_begins_the_count_anew(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.on = false;
	power_turn_off(bmc, 0, take, &outcome);
	fake_set_power(&fake, true, 100); /* seen by the second read */
	fake.obey_ms = 50;
	int64_t asked_ms = fake.now_ms;
	fake_run(&fake, 3000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(outcome.result.commands_sent, 1);
	assert_true(outcome.result.first_read_ms > asked_ms + 250);
	bmc_free(bmc);
}

static void
an_error_between_two_off_reads_begins_the_count_anew(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.on = false;
	int64_t asked_ms = fake.now_ms;
	power_prove_off(bmc, 5000, take, &outcome);
	fake_run(&fake, 100);
	fake.read_code = 0xc0;
	fake_run(&fake, 200);
	fake.read_code = 0;
	fake_run(&fake, 2000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_true(outcome.result.first_read_ms >= asked_ms + 300);
	bmc_free(bmc);
}

static void
a_lost_session_between_two_off_reads_begins_the_count_anew(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.on = false;
	int64_t asked_ms = fake.now_ms;
	power_prove_off(bmc, 5000, take, &outcome);
	fake_run(&fake, 100);
	fake_drop_session(&fake);
	fake_run(&fake, 2000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_true(outcome.result.first_read_ms >= asked_ms + 100);
	bmc_free(bmc);
}

static void
a_chassis_that_does_not_obey_is_stuck_at_the_deadline(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.obeys = false;
	int64_t asked_ms = fake.now_ms;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 20000);
	assert_ended(&outcome, IPMI_STUCK, IPMI_POWER_ON, false);
	assert_int_equal(outcome.at_ms - asked_ms, POWER_OFF_DEADLINE_MS);
	assert_int_equal(fake.offs, 2); /* the second after four seconds */
	assert_in_range(fake.last_control_ms - asked_ms, 4000, 4500);
	bmc_free(bmc);
}

static void
a_lost_answer_to_off_is_judged_by_the_state_and_not_sent_again(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.lose_control_answers = 1;
	fake.obey_ms = 500;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 3000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(fake.offs, 1);
	/* What the transport might repeat later is dead with its session. */
	assert_int_equal(fake.session, 2);
	bmc_free(bmc);
}

static void
a_lost_off_is_sent_again_after_the_state_was_read(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.lose_control_requests = 1;
	int64_t asked_ms = fake.now_ms;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 9000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(outcome.result.commands_sent, 2);
	assert_int_equal(fake.offs, 1);
	assert_in_range(outcome.at_ms - asked_ms, 2000, 3000);
	bmc_free(bmc);
}

static void
code_d5_counts_for_nothing_when_the_state_is_off(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.control_code = 0xd5;
	fake.act_despite_code = true;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 3000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(outcome.result.completion_code, 0xd5);
	bmc_free(bmc);
}

static void
code_d5_counts_for_nothing_when_the_state_is_on(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.control_code = 0xd5;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 20000);
	assert_ended(&outcome, IPMI_CC, IPMI_POWER_ON, false);
	assert_int_equal(outcome.result.completion_code, 0xd5);
	bmc_free(bmc);
}

static void
a_lack_of_privilege_is_told_long_before_the_deadline(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.control_code = 0xd4;
	int64_t asked_ms = fake.now_ms;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 20000);
	assert_ended(&outcome, IPMI_CC, IPMI_POWER_ON, false);
	assert_int_equal(outcome.result.completion_code, 0xd4);
	assert_true(outcome.at_ms - asked_ms < 1000);
	bmc_free(bmc);
}

static void
a_silent_bmc_times_out_at_the_deadline_and_never_says_off(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome read = { .fake = &fake }, prove = { .fake = &fake },
		       off = { .fake = &fake };

	(void)state;
	fake.silent = true;
	fake.on = false;
	int64_t asked_ms = fake.now_ms;
	power_read(bmc, 1500, take, &read);
	power_prove_off(bmc, 1500, take, &prove);
	power_turn_off(bmc, 10000, take, &off);
	fake_run(&fake, 30000);
	assert_ended(&read, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, false);
	assert_ended(&prove, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, false);
	assert_ended(&off, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, false);
	assert_int_equal(read.at_ms - asked_ms, 1500);
	assert_int_equal(prove.at_ms - asked_ms, 1500);
	assert_int_equal(off.at_ms - asked_ms, 10000);
	bmc_free(bmc);
}

static void
a_bmc_that_falls_silent_after_off_is_a_timeout_not_off(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.obey_ms = 500;
	power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 300);
	fake.silent = true;
	fake_run(&fake, 20000);
	assert_ended(&outcome, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, false);
	bmc_free(bmc);
}

static void
a_short_answer_is_unknown_and_never_off(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome read = { 0 }, prove = { 0 };

	(void)state;
	fake.on = false;
	for (size_t len = 1; len < 4; len++) {
		fake.read_len = len;
		read = prove = (struct outcome){ 0 };
		power_read(bmc, 500, take, &read);
		fake_run(&fake, 1000);
		assert_ended(&read, IPMI_BAD_REPLY, IPMI_POWER_UNKNOWN, false);
		power_prove_off(bmc, 500, take, &prove);
		fake_run(&fake, 1000);
		assert_ended(&prove, IPMI_BAD_REPLY, IPMI_POWER_UNKNOWN, false);
	}
	bmc_free(bmc);
}

static void
an_error_code_is_unknown_and_never_off(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.on = false;
	fake.read_code = 0xc0;
	power_prove_off(bmc, 0, take, &outcome);
	fake_run(&fake, 3000);
	assert_ended(&outcome, IPMI_CC, IPMI_POWER_UNKNOWN, false);
	assert_int_equal(outcome.result.completion_code, 0xc0);
	bmc_free(bmc);
}

static void
on_is_verified_by_two_reads(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm_off(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.obey_ms = 700;
	power_turn_on(bmc, 0, take, &outcome);
	fake_run(&fake, 5000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_ON, true);
	assert_int_equal(fake.ons, 1);
	bmc_free(bmc);
}

static void
on_waits_for_the_pause_after_off(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome off = { 0 }, on = { .fake = &fake };

	(void)state;
	power_turn_off(bmc, 0, take, &off);
	fake_run(&fake, 1000);
	assert_ended(&off, IPMI_OK, IPMI_POWER_OFF, true);
	power_turn_on(bmc, 0, take, &on);
	fake_run(&fake, POWER_OFF_ON_PAUSE_MS - 1200);
	assert_int_equal(fake.ons, 0);
	fake_run(&fake, 10000);
	assert_ended(&on, IPMI_OK, IPMI_POWER_ON, true);
	assert_int_equal(fake.ons, 1);
	bmc_free(bmc);
}

static void
soft_is_sent_once_and_verified(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.obey_ms = 30000;
	power_shut_down(bmc, 0, take, &outcome);
	fake_run(&fake, 60000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(fake.softs, 1);
	assert_int_equal(fake.controls, 1);
	bmc_free(bmc);
}

static void
a_system_that_does_not_shut_down_is_stuck_and_stays_on(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.obeys = false;
	power_shut_down(bmc, 20000, take, &outcome);
	fake_run(&fake, 60000);
	assert_ended(&outcome, IPMI_STUCK, IPMI_POWER_ON, false);
	assert_int_equal(fake.softs, 1);
	assert_int_equal(fake.offs, 0);
	bmc_free(bmc);
}

static void
the_ladder_goes_from_soft_to_off_to_off_again_to_stuck(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };
	int64_t asked_ms = fake.now_ms;

	(void)state;
	fake.obeys = false;
	power_shut_down_or_off(bmc, 20000, take, &outcome);
	fake_run(&fake, 19000);
	assert_int_equal(fake.offs, 0);
	fake_run(&fake, 3000);
	assert_int_equal(fake.offs, 1);
	fake_run(&fake, 30000);
	assert_int_equal(fake.softs, 1);
	assert_int_equal(fake.offs, 2);
	assert_ended(&outcome, IPMI_STUCK, IPMI_POWER_ON, false);
	assert_in_range(outcome.at_ms - asked_ms, 30000, 30100);
	bmc_free(bmc);
}

static void
a_soft_that_becomes_an_off_cancels_an_on_that_waits(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome off = { 0 }, on = { 0 };

	(void)state;
	fake.obeys = false;
	power_shut_down_or_off(bmc, 5000, take, &off);
	power_turn_on(bmc, 60000, take, &on);
	fake_run(&fake, 5100);
	fake.obeys = true;
	fake_run(&fake, 20000);
	assert_ended(&off, IPMI_OK, IPMI_POWER_OFF, true);
	assert_ended(&on, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	assert_false(fake.on);
	bmc_free(bmc);
}

static void
on_is_sent_again_once_and_then_stuck(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm_off(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	fake.obeys = false;
	power_turn_on(bmc, 0, take, &outcome);
	fake_run(&fake, 30000);
	/* Off is not told with another end than OK. */
	assert_ended(&outcome, IPMI_STUCK, IPMI_POWER_UNKNOWN, false);
	assert_int_equal(fake.ons, 2);
	bmc_free(bmc);
}

static void
an_on_that_waits_behind_a_fence_is_cancelled(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome before = { 0 }, off = { 0 }, after = { 0 };

	(void)state;
	fake.obey_ms = 500;
	power_read(bmc, 0, take, &(struct outcome){ 0 });
	power_turn_on(bmc, 0, take, &before);
	power_turn_off(bmc, 0, take, &off);
	power_turn_on(bmc, 0, take, &after);
	fake_run(&fake, 5000);
	assert_ended(&before, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	assert_ended(&after, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	assert_ended(&off, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(fake.ons, 0);
	assert_false(fake.on);
	bmc_free(bmc);
}

static void
a_fence_overtakes_an_on_that_has_not_taken_effect_yet(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm_off(&fake);
	struct outcome on = { 0 }, off = { .fake = &fake };
	int64_t asked_ms = fake.now_ms;

	(void)state;
	fake.obey_ms = 1000;
	power_turn_on(bmc, 0, take, &on);
	fake_run(&fake, 100); /* sent and accepted; still off */
	assert_int_equal(fake.ons, 1);
	assert_false(fake.on);
	fake.obey_ms = 0;
	power_turn_off(bmc, 0, take, &off);
	fake_run(&fake, 20000);
	assert_ended(&on, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	assert_ended(&off, IPMI_OK, IPMI_POWER_OFF, true);
	assert_int_equal(fake.offs, 2); /* at once, and when it came on */
	assert_true(off.at_ms - asked_ms < 2500);
	assert_false(fake.on);
	bmc_free(bmc);
}

static void
a_fence_ends_the_session_of_an_on_that_may_be_repeated(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm_off(&fake);
	struct outcome on = { 0 }, off = { 0 };

	(void)state;
	fake.lose_control_answers = 1;
	power_turn_on(bmc, 0, take, &on);
	fake_run(&fake, 100); /* unanswered: the transport may send again */
	assert_int_equal(fake.session, 1);
	power_turn_off(bmc, 0, take, &off);
	fake_run(&fake, 20000);
	assert_int_equal(fake.session, 2);
	assert_ended(&on, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	assert_ended(&off, IPMI_OK, IPMI_POWER_OFF, true);
	bmc_free(bmc);
}

static void
off_reads_prove_nothing_while_an_on_of_ours_is_pending(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm_off(&fake);
	struct outcome on = { 0 }, prove = { 0 };

	(void)state;
	fake.obey_ms = 2000;
	uint64_t id = power_turn_on(bmc, 0, take, &on);
	fake_run(&fake, 100);
	bmc_cancel(bmc, id);
	power_prove_off(bmc, 1500, take, &prove);
	fake_run(&fake, 3000);
	assert_true(fake.on);
	assert_ended(&prove, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, false);
	assert_non_null(strstr(prove.result.text, "power-on"));
	bmc_free(bmc);
}

static void
a_fence_goes_before_reads_that_wait(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome reads[3] = { { 0 } }, off = { .fake = &fake };

	(void)state;
	for (int i = 0; i < 3; i++) {
		reads[i].fake = &fake;
		power_read(bmc, 20000, take, &reads[i]);
	}
	power_turn_off(bmc, 0, take, &off);
	fake_run(&fake, 20000);
	assert_ended(&off, IPMI_OK, IPMI_POWER_OFF, true);
	for (int i = 0; i < 3; i++) {
		assert_ended(&reads[i], IPMI_OK, IPMI_POWER_OFF, false);
		assert_true(reads[i].at_ms >= off.at_ms);
	}
	bmc_free(bmc);
}

static void
a_cancel_calls_back_exactly_once(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 };

	(void)state;
	uint64_t id = power_turn_off(bmc, 0, take, &outcome);
	fake_run(&fake, 2);
	bmc_cancel(bmc, id);
	assert_ended(&outcome, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	bmc_cancel(bmc, id);
	bmc_cancel(bmc, 12345);
	fake_run(&fake, 20000);
	bmc_free(bmc);
	assert_int_equal(outcome.calls, 1);
}

static void
freeing_the_bmc_cancels_each_operation_once(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcomes[4] = { { 0 } };

	(void)state;
	power_read(bmc, 0, take, &outcomes[0]);
	power_turn_on(bmc, 0, take, &outcomes[1]);
	power_prove_off(bmc, 0, take, &outcomes[2]);
	power_turn_off(bmc, 0, take, &outcomes[3]);
	fake_run(&fake, 1);
	bmc_free(bmc);
	for (int i = 0; i < 4; i++)
		assert_ended(&outcomes[i], IPMI_CANCELLED, IPMI_POWER_UNKNOWN,
			     false);
	assert_true(fake.freed);
	assert_false(fake.open);
}

struct freeing {
	struct bmc *bmc;
	unsigned calls;
	uint64_t refused;
};

static void
free_in_callback(void *arg, const struct power_result *result)
{
	struct freeing *freeing = arg;

	assert_int_equal(result->rc, IPMI_OK);
	freeing->calls++;
	bmc_free(freeing->bmc);
	freeing->refused =
		power_read(freeing->bmc, 0, free_in_callback, freeing);
}

static void
a_callback_may_free_its_bmc(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct freeing freeing = { .bmc = bmc, .refused = 1 };
	struct outcome waiting = { 0 };

	(void)state;
	power_read(bmc, 0, free_in_callback, &freeing);
	power_read(bmc, 0, take, &waiting);
	fake_run(&fake, 100);
	assert_int_equal(freeing.calls, 1);
	assert_int_equal(freeing.refused, 0);
	assert_ended(&waiting, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	assert_true(fake.freed);
}

static void
a_late_answer_to_an_old_operation_is_ignored(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome old = { 0 }, new = { 0 };

	(void)state;
	fake.on = false; /* the old answer will say off */
	fake.latency_ms = 40;
	uint64_t id = power_read(bmc, 0, take, &old);
	fake_run(&fake, 50); /* the BMC has answered, it is on its way */
	bmc_cancel(bmc, id);
	fake.on = true;
	power_read(bmc, 0, take, &new);
	fake_run(&fake, 1000);
	assert_ended(&old, IPMI_CANCELLED, IPMI_POWER_UNKNOWN, false);
	assert_ended(&new, IPMI_OK, IPMI_POWER_ON, false);
	bmc_free(bmc);
}

static void
a_lost_read_is_repeated_within_the_operation(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { .fake = &fake };

	(void)state;
	fake.lose_reads = 1;
	int64_t asked_ms = fake.now_ms;
	power_read(bmc, 0, take, &outcome);
	fake_run(&fake, 2000);
	assert_ended(&outcome, IPMI_OK, IPMI_POWER_ON, false);
	assert_in_range(outcome.at_ms - asked_ms, 100, 150);
	assert_int_equal(fake.session, 1);
	bmc_free(bmc);
}

static void
the_queue_is_bounded_but_for_a_fence(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome outcome = { 0 }, off = { 0 };

	(void)state;
	for (int i = 0; i < BMC_QUEUE_MAX; i++)
		assert_true(power_read(bmc, 0, take, &outcome) != 0);
	assert_true(power_read(bmc, 0, take, &outcome) == 0);
	assert_true(power_turn_off(bmc, 0, take, &off) != 0);
	fake_run(&fake, 20000);
	assert_int_equal(outcome.calls, BMC_QUEUE_MAX);
	assert_int_equal(off.calls, 1);
	bmc_free(bmc);
}

static void
waiting_in_the_queue_counts_for_the_deadline(void **state)
{
	struct fake fake;
	struct bmc *bmc = warm(&fake);
	struct outcome off = { 0 }, read = { .fake = &fake };

	(void)state;
	fake.obeys = false;
	int64_t asked_ms = fake.now_ms;
	power_turn_off(bmc, 0, take, &off);
	power_read(bmc, 700, take, &read);
	fake_run(&fake, 1000);
	assert_ended(&read, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN, false);
	assert_int_equal(read.at_ms - asked_ms, 700);
	bmc_free(bmc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_tells_the_state_and_is_no_proof),
		cmocka_unit_test(off_is_sent_once_and_verified_by_two_reads),
		cmocka_unit_test(a_host_that_is_off_needs_no_command),
		cmocka_unit_test(one_off_read_is_not_proof),
		cmocka_unit_test(two_off_reads_prove_off_without_a_command),
		cmocka_unit_test(any_on_read_ends_the_proof_with_on),
		cmocka_unit_test(off_on_off_begins_the_count_anew),
		cmocka_unit_test(
			an_error_between_two_off_reads_begins_the_count_anew),
		cmocka_unit_test(
			a_lost_session_between_two_off_reads_begins_the_count_anew),
		cmocka_unit_test(
			a_chassis_that_does_not_obey_is_stuck_at_the_deadline),
		cmocka_unit_test(
			a_lost_answer_to_off_is_judged_by_the_state_and_not_sent_again),
		cmocka_unit_test(
			a_lost_off_is_sent_again_after_the_state_was_read),
		cmocka_unit_test(
			code_d5_counts_for_nothing_when_the_state_is_off),
		cmocka_unit_test(
			code_d5_counts_for_nothing_when_the_state_is_on),
		cmocka_unit_test(
			a_lack_of_privilege_is_told_long_before_the_deadline),
		cmocka_unit_test(
			a_silent_bmc_times_out_at_the_deadline_and_never_says_off),
		cmocka_unit_test(
			a_bmc_that_falls_silent_after_off_is_a_timeout_not_off),
		cmocka_unit_test(a_short_answer_is_unknown_and_never_off),
		cmocka_unit_test(an_error_code_is_unknown_and_never_off),
		cmocka_unit_test(on_is_verified_by_two_reads),
		cmocka_unit_test(on_waits_for_the_pause_after_off),
		cmocka_unit_test(soft_is_sent_once_and_verified),
		cmocka_unit_test(
			a_system_that_does_not_shut_down_is_stuck_and_stays_on),
		cmocka_unit_test(
			the_ladder_goes_from_soft_to_off_to_off_again_to_stuck),
		cmocka_unit_test(
			a_soft_that_becomes_an_off_cancels_an_on_that_waits),
		cmocka_unit_test(on_is_sent_again_once_and_then_stuck),
		cmocka_unit_test(an_on_that_waits_behind_a_fence_is_cancelled),
		cmocka_unit_test(
			a_fence_overtakes_an_on_that_has_not_taken_effect_yet),
		cmocka_unit_test(
			a_fence_ends_the_session_of_an_on_that_may_be_repeated),
		cmocka_unit_test(
			off_reads_prove_nothing_while_an_on_of_ours_is_pending),
		cmocka_unit_test(a_fence_goes_before_reads_that_wait),
		cmocka_unit_test(a_cancel_calls_back_exactly_once),
		cmocka_unit_test(freeing_the_bmc_cancels_each_operation_once),
		cmocka_unit_test(a_callback_may_free_its_bmc),
		cmocka_unit_test(a_late_answer_to_an_old_operation_is_ignored),
		cmocka_unit_test(a_lost_read_is_repeated_within_the_operation),
		cmocka_unit_test(the_queue_is_bounded_but_for_a_fence),
		cmocka_unit_test(waiting_in_the_queue_counts_for_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
