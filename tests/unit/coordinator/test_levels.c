/* SPDX-License-Identifier: Apache-2.0 */
/* What a host's BMCs and outlets say, taken together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/coordinator/levels.h"

/* Two BMCs, and a level of two outlets. */
enum { OWN, SECOND, LEFT, RIGHT, N };

static struct device_word words[N];
static const struct level_device devices[N] = {
	[OWN] = { "BMC", 0, true, &words[OWN] },
	[SECOND] = { "chassis", 1, true, &words[SECOND] },
	[LEFT] = { "supplies/left", 2, false, &words[LEFT] },
	[RIGHT] = { "supplies/right", 2, false, &words[RIGHT] },
};

static int
forget(void **state)
{
	(void)state;
	memset(words, 0, sizeof(words));
	return 0;
}

static void
off(unsigned device, int64_t from_ms, int64_t to_ms)
{
	const struct power_result result = { .rc = IPMI_OK,
					     .power = IPMI_POWER_OFF,
					     .verified = true,
					     .first_read_ms = from_ms,
					     .last_read_ms = to_ms,
					     .text = "off, read twice" };

	device_word_take(&words[device], &result);
}

static void
on(unsigned device, int64_t at_ms)
{
	const struct power_result result = { .rc = IPMI_OK,
					     .power = IPMI_POWER_ON,
					     .last_read_ms = at_ms,
					     .text = "on" };

	device_word_take(&words[device], &result);
}

static void
silent(unsigned device, int64_t at_ms)
{
	const struct power_result result = { .rc = IPMI_TIMEOUT,
					     .done_ms = at_ms,
					     .text = "no answer" };

	device_word_take(&words[device], &result);
}

static struct levels_word
combine(void)
{
	struct levels_word word;

	levels_combine(devices, N, &word);
	return word;
}

static bool
is_proved(const struct levels_word *word)
{
	return word->word.power == POWER_OFF && word->word.off_reads == 2;
}

static void
nothing_read_is_unknown(void **state)
{
	struct levels_word word = combine();

	(void)state;
	assert_int_equal(word.word.power, POWER_UNKNOWN);
	assert_int_equal(word.word.read_ms, 0);
	assert_false(word.fed);
}

static void
one_level_that_is_off_proves_it(void **state)
{
	(void)state;
	off(OWN, 1000, 1300);
	struct levels_word word = combine();
	assert_true(is_proved(&word));
	assert_int_equal(word.level, 0);
	assert_int_equal(word.word.off_since_ms, 1000);
	assert_int_equal(word.word.read_ms, 1300);

	/* A chassis that is off is fed all the same. */
	on(LEFT, 1200);
	on(RIGHT, 1200);
	word = combine();
	assert_true(is_proved(&word));
	assert_false(word.fed);
}

static void
of_two_supplies_both_must_be_off(void **state)
{
	(void)state;
	silent(OWN, 900);
	off(LEFT, 1000, 1300);
	struct levels_word word = combine();
	assert_int_equal(word.word.power, POWER_UNKNOWN);
	assert_int_equal(word.word.off_reads, 0);

	on(RIGHT, 1100);
	word = combine();
	assert_int_equal(word.word.power, POWER_UNKNOWN);
	assert_true(word.fed);

	off(RIGHT, 1200, 1500);
	word = combine();
	assert_true(is_proved(&word));
	assert_int_equal(word.level, 2);
	/* As young as the older, as long as the longer. */
	assert_int_equal(word.word.read_ms, 1300);
	assert_int_equal(word.word.off_since_ms, 1000);
	assert_false(word.fed);
}

static void
supplies_that_were_off_in_turn_prove_nothing(void **state)
{
	(void)state;
	off(LEFT, 1000, 1300);
	off(RIGHT, 1301, 1600);
	struct levels_word word = combine();
	assert_false(is_proved(&word));
	off(RIGHT, 1300, 1600);
	word = combine();
	assert_true(is_proved(&word));
}

static void
a_bmc_that_says_on_outweighs_all(void **state)
{
	(void)state;
	off(LEFT, 1000, 1300);
	off(RIGHT, 1000, 1300);
	off(OWN, 1000, 1300);
	on(SECOND, 500);
	struct levels_word word = combine();
	assert_int_equal(word.word.power, POWER_ON);
	assert_int_equal(word.word.off_reads, 0);
	assert_int_equal(word.word.read_ms, 500);

	/* Until it is asked again, and says nothing any more. */
	silent(SECOND, 1400);
	word = combine();
	assert_true(is_proved(&word));
}

static void
one_read_is_shown_and_proves_nothing(void **state)
{
	const struct power_result once = { .rc = IPMI_OK,
					   .power = IPMI_POWER_OFF,
					   .done_ms = 1000,
					   .last_read_ms = 1000 };

	(void)state;
	device_word_take(&words[OWN], &once);
	struct levels_word word = combine();
	assert_int_equal(word.word.power, POWER_OFF);
	assert_int_equal(word.word.off_reads, 1);

	/* The proof of another level goes first, though it is older. */
	off(SECOND, 100, 400);
	word = combine();
	assert_true(is_proved(&word));
	assert_int_equal(word.level, 1);
}

static void
what_was_cancelled_changes_nothing(void **state)
{
	const struct power_result cancelled = { .rc = IPMI_CANCELLED,
						.done_ms = 2000 };

	(void)state;
	off(OWN, 1000, 1300);
	device_word_take(&words[OWN], &cancelled);
	struct levels_word word = combine();
	assert_true(is_proved(&word));
}

static void
off_is_never_taken_from_a_failure(void **state)
{
	(void)state;
	for (enum ipmi_rc rc = IPMI_OK + 1; rc < IPMI_CANCELLED; rc++) {
		const struct power_result bad = { .rc = rc,
						  .power = IPMI_POWER_OFF,
						  .verified = true,
						  .first_read_ms = 1,
						  .last_read_ms = 300 };

		device_word_take(&words[OWN], &bad);
		struct levels_word word = combine();
		assert_int_equal(word.word.power, POWER_UNKNOWN);
		assert_int_equal(word.word.off_reads, 0);
	}
}

static void
a_word_that_is_not_believed_tells_why(void **state)
{
	(void)state;
	off(OWN, 1000, 1300);
	const struct power_result foreign = {
		.rc = IPMI_WRONG_HOST,
		.done_ms = 1500,
		.text = "this BMC is another host's",
	};
	device_word_take(&words[OWN], &foreign);
	struct levels_word word = combine();
	assert_int_equal(word.word.power, POWER_UNKNOWN);
	assert_non_null(strstr(word.word.text, "another host's"));
	/* And leaves the outlets to be found on. */
	on(LEFT, 1500);
	silent(SECOND, 1500);
	word = combine();
	assert_true(word.fed);
	assert_non_null(strstr(word.word.text, "supplies/left: on"));
}

static void
long_words_of_many_devices_fit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N; i++)
		memset(words[i].text, 'x', sizeof(words[i].text) - 1);
	struct levels_word word = combine();
	assert_int_equal(strlen(word.word.text), sizeof(word.word.text) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_read_is_unknown, forget),
		cmocka_unit_test_setup(one_level_that_is_off_proves_it, forget),
		cmocka_unit_test_setup(of_two_supplies_both_must_be_off,
				       forget),
		cmocka_unit_test_setup(
			supplies_that_were_off_in_turn_prove_nothing, forget),
		cmocka_unit_test_setup(a_bmc_that_says_on_outweighs_all,
				       forget),
		cmocka_unit_test_setup(one_read_is_shown_and_proves_nothing,
				       forget),
		cmocka_unit_test_setup(what_was_cancelled_changes_nothing,
				       forget),
		cmocka_unit_test_setup(off_is_never_taken_from_a_failure,
				       forget),
		cmocka_unit_test_setup(a_word_that_is_not_believed_tells_why,
				       forget),
		cmocka_unit_test_setup(long_words_of_many_devices_fit, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
