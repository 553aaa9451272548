/* SPDX-License-Identifier: Apache-2.0 */
/* DCMI byte by byte, over a fake BMC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipmi/dcmi.h"
#include "tests/support/ipmi_fake.h"

struct site {
	struct fake fake; /* first */
	struct bmc *bmc;
	uint8_t asked[32], command;
	size_t asked_len;
	unsigned came, lost;
	const uint8_t *answer; /* with its completion code */
	size_t answer_len;
	unsigned calls;
	struct dcmi_capabilities can;
	struct dcmi_power power;
	struct dcmi_limit limit;
};

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct site *site = (struct site *)fake;

	if (request->netfn != 0x2c)
		return 17;
	site->came++;
	if (site->lost > 0 && site->lost-- > 0)
		return 0;
	site->command = request->command;
	site->asked_len = request->len;
	memcpy(site->asked, request->bytes, request->len);
	memcpy(ret_reply, site->answer, site->answer_len);
	return site->answer_len;
}

static struct site *
site_open(const void *answer, size_t len)
{
	static struct site site;

	site = (struct site){ .answer = answer, .answer_len = len };
	fake_init(&site.fake);
	site.fake.serve = serve;
	site.bmc = bmc_new(&site.fake.transport, "fake");
	fake_run(&site.fake, 1000);
	return &site;
}

static void
took_capabilities(void *arg, const struct dcmi_capabilities *can)
{
	struct site *site = arg;

	site->calls++;
	site->can = *can;
}

static void
took_power(void *arg, const struct dcmi_power *power)
{
	struct site *site = arg;

	site->calls++;
	site->power = *power;
}

static void
took_limit(void *arg, const struct dcmi_limit *limit)
{
	struct site *site = arg;

	site->calls++;
	site->limit = *limit;
}

#define ASKED(site, code, bytes)                                              \
	do {                                                                  \
		assert_int_equal((site)->command, code);                      \
		assert_int_equal((site)->asked_len, sizeof(bytes) - 1);       \
		assert_memory_equal((site)->asked, bytes, sizeof(bytes) - 1); \
	} while (0)

static void
what_a_bmc_can_is_told(void **state)
{
	static const uint8_t all[] = { 0, 0xdc, 1, 5, 2, 0, 1, 7 };
	static const uint8_t no_power[] = { 0, 0xdc, 1, 1, 1, 0, 0xfe, 7 };
	struct site *site = site_open(all, sizeof(all));

	(void)state;
	dcmi_get_capabilities(site->bmc, 0, took_capabilities, site);
	fake_run(&site->fake, 100);
	ASKED(site, 0x01, "\xdc\x01");
	assert_int_equal(site->can.rc, IPMI_OK);
	assert_int_equal(site->can.major, 1);
	assert_int_equal(site->can.minor, 5);
	assert_true(site->can.power);
	site->answer = no_power;
	dcmi_get_capabilities(site->bmc, 0, took_capabilities, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->can.rc, IPMI_OK);
	assert_false(site->can.power);
	bmc_free(site->bmc);
}

static void
a_bmc_without_dcmi_says_so(void **state)
{
	static const uint8_t unknown[] = { 0xc1 };
	struct site *site = site_open(unknown, sizeof(unknown));

	(void)state;
	dcmi_get_capabilities(site->bmc, 0, took_capabilities, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->can.rc, IPMI_CC);
	assert_false(site->can.power);
	assert_int_not_equal(site->can.text[0], '\0');
	bmc_free(site->bmc);
}

static void
a_reading_that_is_not_active_is_of_the_past(void **state)
{
	static const uint8_t reading[] = { 0,    0xdc, 0x2c, 1,    10,  0, 0x90,
					   1,    0xf4, 0,    0x01, 2,   3, 4,
					   0x60, 0xea, 0,    0,    0x00 };
	uint8_t active[sizeof(reading)];
	struct site *site = site_open(reading, sizeof(reading));

	(void)state;
	dcmi_read_power(site->bmc, 0, took_power, site);
	fake_run(&site->fake, 100);
	ASKED(site, 0x02, "\xdc\x01\x00\x00");
	assert_int_equal(site->power.rc, IPMI_OK);
	assert_false(site->power.active);
	assert_int_equal(site->power.now_w, 300);
	assert_int_equal(site->power.min_w, 10);
	assert_int_equal(site->power.max_w, 400);
	assert_int_equal(site->power.average_w, 244);
	assert_int_equal(site->power.time_s, 0x04030201);
	assert_int_equal(site->power.period_ms, 60000);
	memcpy(active, reading, sizeof(reading));
	active[18] = 0x40;
	site->answer = active;
	dcmi_read_power(site->bmc, 0, took_power, site);
	fake_run(&site->fake, 100);
	assert_true(site->power.active);
	bmc_free(site->bmc);
}

static void
an_answer_of_another_group_is_refused(void **state)
{
	static const uint8_t picmg[20] = { 0, 0x00, 1, 5, 2, 0, 1, 7 };
	struct site *site = site_open(picmg, sizeof(picmg));

	(void)state;
	dcmi_get_capabilities(site->bmc, 0, took_capabilities, site);
	dcmi_read_power(site->bmc, 0, took_power, site);
	dcmi_get_limit(site->bmc, 0, took_limit, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->calls, 3);
	assert_int_equal(site->can.rc, IPMI_BAD_REPLY);
	assert_int_equal(site->power.rc, IPMI_BAD_REPLY);
	assert_int_equal(site->limit.rc, IPMI_BAD_REPLY);
	dcmi_activate_limit(site->bmc, true, 0, took_limit, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->limit.rc, IPMI_BAD_REPLY);
	bmc_free(site->bmc);
}

static void
no_limit_is_an_answer_too(void **state)
{
	static const uint8_t none[] = { 0x80, 0xdc, 0, 0, 0, 0, 0, 0,
					0,    0,    0, 0, 0, 0, 0 };
	static const uint8_t some[] = { 0, 0xdc, 0, 0, 0x11, 0x2c, 1, 0xe8,
					3, 0,    0, 0, 0,    5,    0 };
	struct site *site = site_open(none, sizeof(none));

	(void)state;
	dcmi_get_limit(site->bmc, 0, took_limit, site);
	fake_run(&site->fake, 100);
	ASKED(site, 0x03, "\xdc\x00\x00");
	assert_int_equal(site->limit.rc, IPMI_OK);
	assert_false(site->limit.active);
	assert_string_equal(site->limit.text, "");
	site->answer = some;
	dcmi_get_limit(site->bmc, 0, took_limit, site);
	fake_run(&site->fake, 100);
	assert_true(site->limit.active);
	assert_int_equal(site->limit.action, DCMI_LOG);
	assert_int_equal(site->limit.watts, 300);
	assert_int_equal(site->limit.correction_ms, 1000);
	assert_int_equal(site->limit.sampling_s, 5);
	bmc_free(site->bmc);
}

static const struct dcmi_limit half = { .action = DCMI_POWER_OFF,
					.watts = 0x0123,
					.correction_ms = 0x04050607,
					.sampling_s = 0x0809 };

static void
a_limit_is_set_and_activated(void **state)
{
	static const uint8_t done[] = { 0, 0xdc };
	struct site *site = site_open(done, sizeof(done));

	(void)state;
	dcmi_set_limit(site->bmc, &half, 0, took_limit, site);
	fake_run(&site->fake, 100);
	ASKED(site, 0x04, "\xdc\0\0\0\x01\x23\x01\x07\x06\x05\x04\0\0\x09\x08");
	assert_int_equal(site->limit.rc, IPMI_OK);
	dcmi_activate_limit(site->bmc, true, 0, took_limit, site);
	fake_run(&site->fake, 100);
	ASKED(site, 0x05, "\xdc\x01\0\0");
	dcmi_activate_limit(site->bmc, false, 0, took_limit, site);
	fake_run(&site->fake, 100);
	ASKED(site, 0x05, "\xdc\0\0\0");
	assert_int_equal(site->limit.rc, IPMI_OK);
	bmc_free(site->bmc);
}

static void
a_limit_that_cannot_be_is_refused_with_the_reason(void **state)
{
	static const struct {
		uint8_t code;
		const char *word;
	} cases[] = { { 0x84, "watts" },
		      { 0x85, "correct" },
		      { 0x89, "sample" },
		      { 0xd4, "privilege" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site *site = site_open(&cases[i].code, 1);

		dcmi_set_limit(site->bmc, &half, 0, took_limit, site);
		fake_run(&site->fake, 100);
		assert_int_equal(site->limit.rc, IPMI_CC);
		assert_non_null(strstr(site->limit.text, cases[i].word));
		bmc_free(site->bmc);
	}
}

/* A late copy must not undo the next command. */
static void
a_limit_is_not_sent_twice_in_one_session(void **state)
{
	static const uint8_t done[] = { 0, 0xdc };
	struct site *site = site_open(done, sizeof(done));

	(void)state;
	site->lost = 1;
	dcmi_set_limit(site->bmc, &half, 3000, took_limit, site);
	fake_run(&site->fake, 900);
	assert_int_equal(site->came, 1);
	assert_int_equal(site->fake.session, 1);
	fake_run(&site->fake, 2200);
	assert_int_equal(site->limit.rc, IPMI_OK);
	assert_int_equal(site->came, 2);
	assert_int_equal(site->fake.session, 2);
	bmc_free(site->bmc);
}

static void
answers_of_each_length_are_taken_or_refused_whole(void **state)
{
	uint8_t data[32];
	struct dcmi_capabilities can;

	(void)state;
	memset(data, 0xff, sizeof(data));
	assert_false(dcmi_parse_capabilities(data, sizeof(data), &can));
	data[0] = 0xdc;
	for (size_t len = 0; len <= sizeof(data); len++)
		assert_int_equal(dcmi_parse_capabilities(data, len, &can),
				 len >= 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_bmc_can_is_told),
		cmocka_unit_test(a_bmc_without_dcmi_says_so),
		cmocka_unit_test(a_reading_that_is_not_active_is_of_the_past),
		cmocka_unit_test(an_answer_of_another_group_is_refused),
		cmocka_unit_test(no_limit_is_an_answer_too),
		cmocka_unit_test(a_limit_is_set_and_activated),
		cmocka_unit_test(
			a_limit_that_cannot_be_is_refused_with_the_reason),
		cmocka_unit_test(a_limit_is_not_sent_twice_in_one_session),
		cmocka_unit_test(
			answers_of_each_length_are_taken_or_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
