/* SPDX-License-Identifier: Apache-2.0 */
/* The BMC's watchdog as a lease, byte by byte, over a fake BMC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipmi/watchdog.h"
#include "tests/support/ipmi_fake.h"

enum { SEEN_MAX = 16 };

struct site {
	struct fake fake; /* first */
	struct bmc *bmc;
	uint8_t commands[SEEN_MAX]; /* that came, of the watchdog's */
	unsigned n;
	uint8_t set[8];
	size_t set_len;
	uint8_t set_code, reset_code;
	unsigned lose_sets, lose_resets;
	const uint8_t *state; /* answer to Get, with its code */
	size_t state_len;
	unsigned calls;
	struct watchdog_state told;
};

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct site *site = (struct site *)fake;

	if (request->netfn != 0x06 || request->command < 0x22 ||
	    request->command > 0x25)
		return 17;
	assert_true(site->n < SEEN_MAX);
	site->commands[site->n++] = request->command;
	ret_reply[0] = 0;
	if (request->command == 0x24) {
		memcpy(site->set, request->bytes, request->len);
		site->set_len = request->len;
		ret_reply[0] = site->set_code;
		return site->lose_sets > 0 && site->lose_sets-- > 0 ? 0 : 1;
	}
	if (request->command == 0x22) {
		assert_int_equal(request->len, 0);
		ret_reply[0] = site->reset_code;
		return site->lose_resets > 0 && site->lose_resets-- > 0 ? 0 : 1;
	}
	memcpy(ret_reply, site->state, site->state_len);
	return site->state_len;
}

static struct site *
site_open(void)
{
	static struct site site;

	site = (struct site){ 0 };
	fake_init(&site.fake);
	site.fake.serve = serve;
	site.bmc = bmc_new(&site.fake.transport, "fake");
	fake_run(&site.fake, 1000);
	return &site;
}

static void
took(void *arg, const struct watchdog_state *state)
{
	struct site *site = arg;

	site->calls++;
	site->told = *state;
}

static void
arming_sets_the_timer_and_starts_it(void **state)
{
	struct site *site = site_open();

	(void)state;
	assert_true(watchdog_arm(site->bmc, 30000, WATCHDOG_OFF, 0, took,
				 site) != 0);
	fake_run(&site->fake, 100);
	assert_int_equal(site->calls, 1);
	assert_int_equal(site->told.rc, IPMI_OK);
	assert_int_equal(site->n, 2);
	assert_memory_equal(site->commands, "\x24\x22", 2);
	/* SMS/OS, don't stop; off; no pre-timeout; clear the flag of SMS/OS;
	 * 300 * 100 ms
	 */
	assert_int_equal(site->set_len, 6);
	assert_memory_equal(site->set, "\x44\x02\x00\x10\x2c\x01", 6);
	bmc_free(site->bmc);
}

static void
each_action_and_the_bounds_of_the_time_are_sent_as_they_are(void **state)
{
	static const struct {
		int64_t ms;
		enum watchdog_action action;
		const char *bytes;
	} cases[] = {
		{ 1000, WATCHDOG_RESET, "\x44\x01\x00\x10\x0a\x00" },
		{ 1001, WATCHDOG_CYCLE, "\x44\x03\x00\x10\x0b\x00" },
		{ 6553500, WATCHDOG_NOTHING, "\x44\x00\x00\x10\xff\xff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site *site = site_open();

		watchdog_arm(site->bmc, cases[i].ms, cases[i].action, 0, took,
			     site);
		fake_run(&site->fake, 100);
		assert_memory_equal(site->set, cases[i].bytes, 6);
		bmc_free(site->bmc);
	}
}

static void
a_time_out_of_bounds_is_refused(void **state)
{
	static const int64_t bad[] = {
		INT64_MIN, -1, 0, 999, 6553501, INT64_MAX
	};
	struct site *site = site_open();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(watchdog_arm(site->bmc, bad[i], WATCHDOG_OFF,
					      0, took, site),
				 0);
	fake_run(&site->fake, 100);
	assert_int_equal(site->n, 0);
	assert_int_equal(site->calls, 0);
	bmc_free(site->bmc);
}

static void
a_refused_timer_is_not_started(void **state)
{
	struct site *site = site_open();

	(void)state;
	site->set_code = 0xd4;
	watchdog_arm(site->bmc, 30000, WATCHDOG_OFF, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->calls, 1);
	assert_int_equal(site->told.rc, IPMI_CC);
	assert_false(site->told.lost);
	assert_int_equal(site->n, 1);
	bmc_free(site->bmc);
}

/* It would stop the timer that was started meanwhile. */
static void
setting_is_not_sent_twice_in_one_session(void **state)
{
	struct site *site = site_open();

	(void)state;
	site->lose_sets = 1;
	watchdog_arm(site->bmc, 30000, WATCHDOG_OFF, 3000, took, site);
	fake_run(&site->fake, 900);
	assert_int_equal(site->n, 1);
	fake_run(&site->fake, 2200);
	assert_int_equal(site->told.rc, IPMI_OK);
	assert_memory_equal(site->commands, "\x24\x24\x22", 3);
	assert_int_equal(site->fake.session, 2);
	bmc_free(site->bmc);
}

static void
a_kick_of_a_timer_that_is_not_set_tells_that_the_lease_is_lost(void **state)
{
	struct site *site = site_open();

	(void)state;
	watchdog_kick(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->told.rc, IPMI_OK);
	assert_false(site->told.lost);
	site->reset_code = 0x80;
	watchdog_kick(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->told.rc, IPMI_CC);
	assert_true(site->told.lost);
	assert_string_equal(site->told.text, "the BMC's watchdog is not set");
	/* The BMC forgot it between the two. */
	watchdog_arm(site->bmc, 30000, WATCHDOG_OFF, 0, took, site);
	fake_run(&site->fake, 100);
	assert_true(site->told.lost);
	/* Another refusal is none. */
	site->reset_code = 0xd4;
	watchdog_kick(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->told.rc, IPMI_CC);
	assert_false(site->told.lost);
	bmc_free(site->bmc);
}

static void
a_lost_kick_is_sent_again(void **state)
{
	struct site *site = site_open();

	(void)state;
	site->lose_resets = 2;
	watchdog_kick(site->bmc, 0, took, site);
	fake_run(&site->fake, 1000);
	assert_int_equal(site->told.rc, IPMI_OK);
	assert_int_equal(site->n, 3);
	bmc_free(site->bmc);
}

static void
disarming_stops_the_timer_and_takes_its_teeth(void **state)
{
	struct site *site = site_open();

	(void)state;
	watchdog_disarm(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->told.rc, IPMI_OK);
	assert_int_equal(site->n, 1);
	assert_memory_equal(site->set, "\x04\x00\x00\x10\xff\xff", 6);
	bmc_free(site->bmc);
}

static void
the_state_is_read(void **state)
{
	static const uint8_t runs[] = { 0,    0x44, 0x02, 0, 0x10,
					0x2c, 0x01, 0x64, 0 };
	static const uint8_t stands[] = { 0,    0x04, 0x13, 0, 0x10,
					  0x2c, 0x01, 0x2c, 1 };
	static const uint8_t none[] = { 0,    0x44, 0x04, 0, 0x10,
					0x2c, 0x01, 0x64, 0 };
	struct site *site = site_open();

	(void)state;
	site->state = runs;
	site->state_len = sizeof(runs);
	watchdog_read(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->told.rc, IPMI_OK);
	assert_true(site->told.running);
	assert_true(site->told.expired);
	assert_int_equal(site->told.action, WATCHDOG_OFF);
	assert_int_equal(site->told.timeout_ms, 30000);
	assert_int_equal(site->told.left_ms, 10000);
	site->state = stands;
	watchdog_read(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_false(site->told.running);
	assert_int_equal(site->told.action, WATCHDOG_CYCLE);
	assert_int_equal(site->told.left_ms, 30000);
	site->state = none; /* an action that there is not */
	watchdog_read(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->told.rc, IPMI_BAD_REPLY);
	assert_false(site->told.running);
	site->state = runs;
	site->state_len = sizeof(runs) - 1;
	watchdog_read(site->bmc, 0, took, site);
	fake_run(&site->fake, 100);
	assert_int_equal(site->told.rc, IPMI_BAD_REPLY);
	bmc_free(site->bmc);
}

static void
freeing_the_bmc_ends_it_once_at_either_request(void **state)
{
	(void)state;
	for (int ms = 1; ms <= 4; ms++) {
		struct site *site = site_open();

		watchdog_arm(site->bmc, 30000, WATCHDOG_OFF, 0, took, site);
		fake_run(&site->fake, ms);
		bmc_free(site->bmc);
		assert_int_equal(site->calls, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arming_sets_the_timer_and_starts_it),
		cmocka_unit_test(
			each_action_and_the_bounds_of_the_time_are_sent_as_they_are),
		cmocka_unit_test(a_time_out_of_bounds_is_refused),
		cmocka_unit_test(a_refused_timer_is_not_started),
		cmocka_unit_test(setting_is_not_sent_twice_in_one_session),
		cmocka_unit_test(
			a_kick_of_a_timer_that_is_not_set_tells_that_the_lease_is_lost),
		cmocka_unit_test(a_lost_kick_is_sent_again),
		cmocka_unit_test(disarming_stops_the_timer_and_takes_its_teeth),
		cmocka_unit_test(the_state_is_read),
		cmocka_unit_test(
			freeing_the_bmc_ends_it_once_at_either_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
