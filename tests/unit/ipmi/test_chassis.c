/* SPDX-License-Identifier: Apache-2.0 */
/* The lamp and the cause of the last start, over a fake BMC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipmi/chassis.h"
#include "tests/support/ipmi_fake.h"

struct site {
	struct fake fake; /* first */
	struct bmc *bmc;
	uint8_t code_two, code_one; /* of Identify with so many bytes */
	unsigned came;
	uint8_t asked[8];
	size_t asked_len;
	unsigned calls;
	struct chassis_lamp lamp;
	enum ipmi_rc rc;
	unsigned cause;
	bool has_cause;
};

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct site *site = (struct site *)fake;

	if (request->netfn != 0x00)
		return 17;
	site->came++;
	site->asked_len = request->len;
	memcpy(site->asked, request->bytes, request->len);
	ret_reply[0] = 0;
	ret_reply[1] = 0xf4; /* watchdog; the upper half is reserved */
	ret_reply[2] = 0x01;
	if (request->command == 0x07)
		return 3;
	ret_reply[0] = request->len == 2 ? site->code_two : site->code_one;
	return 1;
}

static struct site *
site_open(uint8_t code_two, uint8_t code_one)
{
	static struct site site;

	site = (struct site){ .code_two = code_two, .code_one = code_one };
	fake_init(&site.fake);
	site.fake.serve = serve;
	site.bmc = bmc_new(&site.fake.transport, "fake");
	fake_run(&site.fake, 1000);
	return &site;
}

static void
took_lamp(void *arg, const struct chassis_lamp *lamp)
{
	struct site *site = arg;

	site->calls++;
	site->lamp = *lamp;
}

static void
took_reply(void *arg, const struct ipmi_reply *reply)
{
	struct site *site = arg;

	site->rc = reply->rc;
	site->has_cause =
		chassis_parse_cause(reply->data, reply->len, &site->cause);
}

static void
the_lamp_burns_for_some_seconds(void **state)
{
	struct site *site = site_open(0, 0);

	(void)state;
	chassis_identify(site->bmc, 60, 0, took_reply, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->rc, IPMI_OK);
	assert_int_equal(site->asked_len, 1);
	assert_int_equal(site->asked[0], 60);
	bmc_free(site->bmc);
}

static void
the_lamp_burns_until_it_is_put_out(void **state)
{
	struct site *site = site_open(0, 0);

	(void)state;
	chassis_identify_forever(site->bmc, 0, took_lamp, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->calls, 1);
	assert_int_equal(site->lamp.rc, IPMI_OK);
	assert_true(site->lamp.forever);
	assert_int_equal(site->came, 1);
	assert_int_equal(site->asked_len, 2);
	assert_int_equal(site->asked[1], 1);
	bmc_free(site->bmc);
}

static void
a_bmc_that_knows_no_forever_is_asked_for_as_long_as_it_can(void **state)
{
	static const uint8_t codes[] = { 0xc7, 0xc6, 0xc9, 0xcc };

	(void)state;
	for (size_t i = 0; i < sizeof(codes); i++) {
		struct site *site = site_open(codes[i], 0);

		chassis_identify_forever(site->bmc, 0, took_lamp, site);
		fake_run(&site->fake, 100);
		assert_int_equal(site->calls, 1);
		assert_int_equal(site->lamp.rc, IPMI_OK);
		assert_false(site->lamp.forever);
		assert_int_equal(site->lamp.seconds, 255);
		assert_int_equal(site->asked_len, 1);
		assert_int_equal(site->asked[0], 255);
		bmc_free(site->bmc);
	}
}

static void
another_refusal_is_told_as_it_is(void **state)
{
	struct site *site = site_open(0xd4, 0);

	(void)state;
	chassis_identify_forever(site->bmc, 0, took_lamp, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->lamp.rc, IPMI_CC);
	assert_int_equal(site->came, 1);
	assert_non_null(strstr(site->lamp.text, "privilege"));
	bmc_free(site->bmc);
	site = site_open(0xc7, 0xc1);
	chassis_identify_forever(site->bmc, 0, took_lamp, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->calls, 1);
	assert_int_equal(site->lamp.rc, IPMI_CC);
	assert_false(site->lamp.forever);
	assert_int_equal(site->lamp.seconds, 0);
	bmc_free(site->bmc);
}

static void
the_second_attempt_ends_with_the_bmc(void **state)
{
	struct site *site = site_open(0xc7, 0);

	(void)state;
	chassis_identify_forever(site->bmc, 0, took_lamp, site);
	fake_run(&site->fake, 3);
	bmc_free(site->bmc);
	assert_int_equal(site->calls, 1);
	assert_int_equal(site->lamp.rc, IPMI_CANCELLED);
}

static void
the_cause_of_the_last_start_has_a_name(void **state)
{
	struct site *site = site_open(0, 0);
	unsigned cause = 77;

	(void)state;
	chassis_restart_cause(site->bmc, 0, took_reply, site);
	fake_run(&site->fake, 100);
	assert_true(site->has_cause);
	assert_string_equal(chassis_cause_name(site->cause), "watchdog");
	assert_string_equal(chassis_cause_name(0xb), "real-time clock");
	assert_string_equal(chassis_cause_name(0xc), "unknown");
	assert_false(chassis_parse_cause(NULL, 0, &cause));
	assert_int_equal(cause, 77);
	bmc_free(site->bmc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lamp_burns_for_some_seconds),
		cmocka_unit_test(the_lamp_burns_until_it_is_put_out),
		cmocka_unit_test(
			a_bmc_that_knows_no_forever_is_asked_for_as_long_as_it_can),
		cmocka_unit_test(another_refusal_is_told_as_it_is),
		cmocka_unit_test(the_second_attempt_ends_with_the_bmc),
		cmocka_unit_test(the_cause_of_the_last_start_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
