/* SPDX-License-Identifier: Apache-2.0 */
/* Any command to a BMC, over a fake one and a clock moved by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipmi/power.h"
#include "ipmi/request.h"
#include "tests/support/ipmi_fake.h"

struct outcome {
	unsigned calls;
	struct ipmi_reply reply;
	uint8_t data[FAKE_REPLY_MAX];
};

static void
take(void *arg, const struct ipmi_reply *reply)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->reply = *reply;
	if (reply->len > 0)
		memcpy(outcome->data, reply->data, reply->len);
}

static void
take_power(void *arg, const struct power_result *result)
{
	*(struct power_result *)arg = *result;
}

/* What the BMC does with our command; identity is asked for, too. */
struct script {
	unsigned came; /* of ours */
	unsigned busy, lost;
	uint8_t code;
};

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct script *script = fake->serve_arg;

	if (request->netfn != 0x2c)
		return 17;
	script->came++;
	if (script->lost > 0 && script->lost-- > 0)
		return 0;
	ret_reply[0] = script->code;
	if (script->busy > 0 && script->busy-- > 0)
		ret_reply[0] = 0xc0;
	memcpy(ret_reply + 1, request->bytes, request->len);
	return 1 + request->len;
}

static struct bmc *
warm(struct fake *fake, struct script *script)
{
	fake_init(fake);
	fake->serve = serve;
	fake->serve_arg = script;
	struct bmc *bmc = bmc_new(&fake->transport, "fake");

	fake_run(fake, 1000);
	return bmc;
}

static const uint8_t payload[] = { 0xdc, 1, 2, 3 };
static const struct ipmi_request echo = { 0x2c, 0x02, payload, sizeof(payload),
					  false };
static const struct ipmi_request echo_once = { 0x2c, 0x02, payload,
					       sizeof(payload), true };

static void
an_answer_comes_back_whole(void **state)
{
	struct script script = { 0 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome outcome = { 0 };

	(void)state;
	assert_true(bmc_request(bmc, &echo, 0, take, &outcome) != 0);
	assert_int_equal(outcome.calls, 0);
	fake_run(&fake, 100);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.reply.rc, IPMI_OK);
	assert_int_equal(outcome.reply.len, sizeof(payload));
	assert_memory_equal(outcome.data, payload, sizeof(payload));
	assert_int_equal(outcome.reply.rtt_ms, 2);
	bmc_free(bmc);
}

static void
an_error_code_is_told_with_its_name(void **state)
{
	struct script script = { .code = 0xd4 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome outcome = { 0 };

	(void)state;
	bmc_request(bmc, &echo, 0, take, &outcome);
	fake_run(&fake, 100);
	assert_int_equal(outcome.reply.rc, IPMI_CC);
	assert_int_equal(outcome.reply.code, 0xd4);
	assert_int_equal(outcome.reply.len, 0);
	assert_non_null(strstr(outcome.reply.text, "privilege"));
	bmc_free(bmc);
}

static void
a_busy_bmc_is_asked_again_until_the_deadline(void **state)
{
	struct script script = { .busy = 3 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome good = { 0 }, bad = { 0 };

	(void)state;
	bmc_request(bmc, &echo, 0, take, &good);
	fake_run(&fake, 1000);
	assert_int_equal(good.reply.rc, IPMI_OK);
	assert_int_equal(script.came, 4);
	script.busy = 1000;
	bmc_request(bmc, &echo, 1000, take, &bad);
	fake_run(&fake, 1100);
	assert_int_equal(bad.calls, 1);
	assert_int_equal(bad.reply.rc, IPMI_CC);
	assert_int_equal(bad.reply.code, 0xc0);
	bmc_free(bmc);
}

static void
a_lost_one_is_sent_again_in_the_same_session(void **state)
{
	struct script script = { .lost = 2 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome outcome = { 0 };

	(void)state;
	bmc_request(bmc, &echo, 0, take, &outcome);
	fake_run(&fake, 1000);
	assert_int_equal(outcome.reply.rc, IPMI_OK);
	assert_int_equal(script.came, 3);
	assert_int_equal(fake.session, 1);
	bmc_free(bmc);
}

static void
one_that_is_to_be_sent_once_is_repeated_in_a_new_session_only(void **state)
{
	struct script script = { .lost = 1 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome outcome = { 0 };

	(void)state;
	bmc_request(bmc, &echo_once, 0, take, &outcome);
	fake_run(&fake, 900);
	assert_int_equal(script.came, 1);
	fake_run(&fake, 2000);
	assert_int_equal(outcome.reply.rc, IPMI_OK);
	assert_int_equal(script.came, 2);
	assert_int_equal(fake.session, 2);
	bmc_free(bmc);
}

static void
silence_is_a_timeout_at_the_deadline(void **state)
{
	struct script script = { .lost = 1000 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome outcome = { 0 };

	(void)state;
	bmc_request(bmc, &echo, 2000, take, &outcome);
	fake_run(&fake, 1999);
	assert_int_equal(outcome.calls, 0);
	fake_run(&fake, 10);
	assert_int_equal(outcome.reply.rc, IPMI_TIMEOUT);
	assert_null(outcome.reply.data);
	bmc_free(bmc);
}

static void
a_fence_goes_first_and_the_request_begins_anew(void **state)
{
	struct script script = { .lost = 1 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome outcome = { 0 };
	struct power_result off = { 0 };

	(void)state;
	bmc_request(bmc, &echo, 20000, take, &outcome);
	fake_run(&fake, 10);
	power_turn_off(bmc, 0, take_power, &off);
	fake_run(&fake, 10);
	assert_int_equal(fake.offs, 1);
	fake_run(&fake, 2000);
	assert_true(off.verified);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.reply.rc, IPMI_OK);
	assert_int_equal(script.came, 2);
	bmc_free(bmc);
}

static void
what_is_too_long_is_refused(void **state)
{
	static const uint8_t much[REQUEST_DATA_MAX + 1];
	const struct ipmi_request request = { 0x2c, 2, much, sizeof(much),
					      false };
	struct script script = { 0 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);

	(void)state;
	assert_int_equal(bmc_request(bmc, &request, 0, take, NULL), 0);
	bmc_free(bmc);
}

static void
freeing_the_bmc_cancels_it_once(void **state)
{
	struct script script = { 0 };
	struct fake fake;
	struct bmc *bmc = warm(&fake, &script);
	struct outcome outcome = { 0 };

	(void)state;
	bmc_request(bmc, &echo, 0, take, &outcome);
	fake_run(&fake, 1);
	bmc_free(bmc);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.reply.rc, IPMI_CANCELLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_back_whole),
		cmocka_unit_test(an_error_code_is_told_with_its_name),
		cmocka_unit_test(a_busy_bmc_is_asked_again_until_the_deadline),
		cmocka_unit_test(a_lost_one_is_sent_again_in_the_same_session),
		cmocka_unit_test(
			one_that_is_to_be_sent_once_is_repeated_in_a_new_session_only),
		cmocka_unit_test(silence_is_a_timeout_at_the_deadline),
		cmocka_unit_test(
			a_fence_goes_first_and_the_request_begins_anew),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(freeing_the_bmc_cancels_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
