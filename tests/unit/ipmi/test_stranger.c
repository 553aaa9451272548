/* SPDX-License-Identifier: Apache-2.0 */
/* A BMC that is not the one that is meant: nothing is believed of it, and
 * nothing of it is switched, whatever happens meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "ipmi/power.h"
#include "ipmi/request.h"
#include "tests/support/ipmi_fake.h"

enum { GUID_COMMAND = 0x37, OURS = 7, THEIRS = 9 };

/* A machine with a name, and what the guard wants it to be. */
static struct world {
	struct fake fake; /* first: meddle() gets it */
	struct bmc *bmc;
	uint8_t is;   /* the last byte of its GUID */
	uint8_t code; /* it answers the question with */
	bool mute;    /* or not at all */
	bool lenient; /* the guard lets pass who tells none */
	uint8_t want;
	unsigned guard_calls;
	unsigned unknown; /* messages before its GUID was known */
	unsigned guid_session;
	unsigned ended;
	struct power_result result;
	struct ipmi_reply reply;
} world;

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	memset(ret_reply, 0, 17);
	if (request->command != GUID_COMMAND)
		return 16;
	ret_reply[0] = world.code;
	ret_reply[16] = world.is;
	world.guid_session = fake->session;
	return world.mute ? 0 : 17;
}

/* What reaches the BMC in a session in which it was not asked who it is. */
static void
watch(struct fake *fake, struct fake_event *event, bool *ret_drop)
{
	bool guid = event->netfn == 0x06 && event->command == GUID_COMMAND;

	(void)ret_drop;
	if (event->kind == FAKE_REQUEST && !guid &&
	    world.guid_session != fake->session)
		world.unknown++;
}

static bool
guard(void *arg, const uint8_t *guid, struct err *err)
{
	assert_ptr_equal(arg, &world);
	world.guard_calls++;
	if (guid == NULL ? world.lenient : guid[15] == world.want)
		return true;
	err_set(err, -1, "it is machine %d", guid == NULL ? -1 : guid[15]);
	return false;
}

static int
set_up(void **state)
{
	(void)state;
	world = (struct world){ .is = OURS, .want = OURS };
	fake_init(&world.fake);
	world.fake.serve = serve;
	world.fake.meddle = watch;
	world.bmc = bmc_new(&world.fake.transport, "fake");
	bmc_set_guard(world.bmc, guard, &world);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	bmc_free(world.bmc);
	return 0;
}

static void
take(void *arg, const struct power_result *result)
{
	(void)arg;
	world.ended++;
	world.result = *result;
}

static void
took_reply(void *arg, const struct ipmi_reply *reply)
{
	(void)arg;
	world.ended++;
	world.reply = *reply;
}

static void
assert_stranger(void)
{
	assert_int_equal(world.ended, 1);
	assert_int_equal(world.result.rc, IPMI_WRONG_HOST);
	assert_int_equal(world.result.power, IPMI_POWER_UNKNOWN);
	assert_false(world.result.verified);
	assert_string_equal(world.result.text, "it is machine 9");
}

static void
the_right_one_is_asked_who_it_is_and_then_obeys(void **state)
{
	(void)state;
	power_turn_off(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 2000);
	assert_int_equal(world.ended, 1);
	assert_int_equal(world.result.rc, IPMI_OK);
	assert_true(world.result.verified);
	assert_int_equal(world.unknown, 0);
	assert_int_equal(world.fake.offs, 1);
	assert_true(world.guard_calls > 2);
}

static void
nothing_of_another_is_believed_or_switched(void **state)
{
	static uint64_t (*const ask[])(struct bmc * bmc, int64_t deadline_ms,
				       power_fn fn, void *arg) = {
		power_read,    power_prove_off, power_turn_off,
		power_turn_on, power_shut_down, power_shut_down_or_off,
	};

	(void)state;
	world.is = THEIRS;
	world.fake.on = false;
	for (size_t i = 0; i < sizeof(ask) / sizeof(ask[0]); i++) {
		world.ended = 0;
		assert_int_not_equal(ask[i](world.bmc, 0, take, NULL), 0);
		fake_run(&world.fake, 1000);
		assert_stranger();
	}
	assert_int_equal(world.fake.controls, 0);
}

static void
nor_any_other_request_sent_to_it(void **state)
{
	const struct ipmi_request request = { 0x2c, 1, NULL, 0, true };

	(void)state;
	world.is = THEIRS;
	bmc_request(world.bmc, &request, 0, took_reply, NULL);
	fake_run(&world.fake, 1000);
	assert_int_equal(world.ended, 1);
	assert_int_equal(world.reply.rc, IPMI_WRONG_HOST);
	assert_string_equal(world.reply.text, "it is machine 9");
}

/* The address was given to another machine in the midst of a fence. */
static void
one_that_takes_its_place_is_noticed_in_the_next_session(void **state)
{
	(void)state;
	fake_run(&world.fake, 1000);
	world.fake.obeys = false;
	power_turn_off(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 1000);
	assert_int_equal(world.fake.offs, 1);
	assert_int_equal(world.ended, 0);
	world.is = THEIRS;
	world.fake.on = false;
	fake_drop_session(&world.fake);
	fake_run(&world.fake, 10000);
	assert_stranger();
	assert_int_equal(world.fake.offs, 1);
	assert_int_equal(world.unknown, 0);
}

/* The host's agent has told which BMC is its own. */
static void
what_becomes_known_in_the_midst_counts_at_once(void **state)
{
	(void)state;
	fake_run(&world.fake, 1000);
	world.fake.obeys = false;
	power_turn_off(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 1000);
	world.want = THEIRS;
	fake_run(&world.fake, 1000);
	assert_int_equal(world.ended, 1);
	assert_int_equal(world.result.rc, IPMI_WRONG_HOST);
	assert_int_equal(world.fake.offs, 1);
}

static void
one_that_will_not_say_is_for_the_guard_to_judge(void **state)
{
	(void)state;
	world.code = 0xc1;
	power_read(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 1000);
	assert_int_equal(world.result.rc, IPMI_WRONG_HOST);
	assert_string_equal(world.result.text, "it is machine -1");
	world.lenient = true;
	power_read(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 1000);
	assert_int_equal(world.ended, 2);
	assert_int_equal(world.result.rc, IPMI_OK);
}

/* It answers all but this. */
static void
one_that_is_mute_about_it_tells_none(void **state)
{
	(void)state;
	world.mute = true;
	world.lenient = true;
	power_turn_off(world.bmc, 20000, take, NULL);
	fake_run(&world.fake, 20000);
	assert_int_equal(world.ended, 1);
	assert_int_equal(world.result.rc, IPMI_OK);
	assert_int_equal(world.fake.offs, 1);
	/* And is asked again once it speaks. */
	world.mute = false;
	world.lenient = false;
	world.is = THEIRS;
	fake_drop_session(&world.fake);
	fake_run(&world.fake, 5000); /* asked while idle */
	fake_drop_session(&world.fake);
	fake_run(&world.fake, 5000);
	world.ended = 0;
	power_read(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 2000);
	assert_stranger();
}

static void
a_guard_may_take_its_leave(void **state)
{
	(void)state;
	world.is = THEIRS;
	bmc_set_guard(world.bmc, NULL, NULL);
	power_read(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 1000);
	assert_int_equal(world.result.rc, IPMI_OK);
	assert_int_equal(world.guard_calls, 0);
}

/* --- a BMC that says yes too early --------------------------------------- */

static void
an_off_that_is_not_true_yet_needs_a_longer_gap(void **state)
{
	(void)state;
	fake_run(&world.fake, 1000);
	world.fake.early_yes = true;
	world.fake.obey_ms = 2000;
	bmc_set_verify_gap(world.bmc, 2500);
	power_turn_off(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 2400);
	assert_int_equal(world.ended, 0);
	fake_run(&world.fake, 400);
	assert_int_equal(world.ended, 1);
	assert_true(world.result.verified);
	assert_false(world.fake.on);
	assert_true(world.result.last_read_ms - world.result.first_read_ms >=
		    2500);
}

static void
a_gap_that_is_too_short_is_not_taken(void **state)
{
	(void)state;
	fake_run(&world.fake, 1000);
	bmc_set_verify_gap(world.bmc, 0);
	power_turn_off(world.bmc, 0, take, NULL);
	fake_run(&world.fake, 2000);
	assert_true(world.result.verified);
	assert_true(world.result.last_read_ms - world.result.first_read_ms >=
		    POWER_VERIFY_GAP_MS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_right_one_is_asked_who_it_is_and_then_obeys),
		TEST(nothing_of_another_is_believed_or_switched),
		TEST(nor_any_other_request_sent_to_it),
		TEST(one_that_takes_its_place_is_noticed_in_the_next_session),
		TEST(what_becomes_known_in_the_midst_counts_at_once),
		TEST(one_that_will_not_say_is_for_the_guard_to_judge),
		TEST(one_that_is_mute_about_it_tells_none),
		TEST(a_guard_may_take_its_leave),
		TEST(an_off_that_is_not_true_yet_needs_a_longer_gap),
		TEST(a_gap_that_is_too_short_is_not_taken),
	};

	log_start("test_stranger", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
