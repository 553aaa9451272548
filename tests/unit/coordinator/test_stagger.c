/* SPDX-License-Identifier: Apache-2.0 */
/* Power-on of many: by feed and rack, a few at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scheduler/coordinator/stagger.h"

/* How many may go at that moment. */
static unsigned
drain(struct stagger *s, const char *feed, const char *rack, int64_t now_ms)
{
	unsigned n = 0;

	while (n < 1000 && stagger_take(s, feed, rack, now_ms) == 0)
		n++;
	return n;
}

static void
a_burst_goes_at_once_and_then_so_many_a_second(void **state)
{
	struct stagger *s = stagger_new(4, 8);

	(void)state;
	assert_int_equal(drain(s, "A", "r1", 1000), 8);
	assert_int_equal(stagger_take(s, "A", "r1", 1000), 250);
	assert_int_equal(stagger_take(s, "A", "r1", 1100), 150);
	assert_int_equal(drain(s, "A", "r1", 1250), 1);
	assert_int_equal(drain(s, "A", "r1", 2250), 4);
	assert_int_equal(drain(s, "A", "r1", 1000000), 8); /* never more */
	stagger_free(s);
}

static void
feeds_and_racks_count_apart_and_both_must_have_room(void **state)
{
	struct stagger *s = stagger_new(4, 8);

	(void)state;
	assert_int_equal(drain(s, "A", "r1", 0), 8);
	assert_int_equal(drain(s, "A", "r2", 0), 0); /* the feed has none */
	assert_int_equal(drain(s, "B", "r1", 0), 0); /* the rack has none */
	/* Refusals took nothing from the other. */
	assert_int_equal(drain(s, "B", "r2", 0), 8);
	/* A rack named like a feed is another bucket. */
	assert_int_equal(drain(s, "r9", "A", 0), 8);
	stagger_free(s);
}

static void
who_has_neither_waits_for_nobody(void **state)
{
	struct stagger *s = stagger_new(1, 1);

	(void)state;
	assert_int_equal(drain(s, NULL, NULL, 0), 1000);
	assert_int_equal(drain(s, "A", NULL, 0), 1);
	assert_int_equal(drain(s, NULL, "r", 0), 1);
	stagger_free(s);
}

static void
a_clock_that_stands_or_leaps_makes_no_tokens_and_no_debts(void **state)
{
	struct stagger *s = stagger_new(4, 8);

	(void)state;
	assert_int_equal(drain(s, "A", NULL, 5000), 8);
	assert_int_equal(drain(s, "A", NULL, 5000), 0);
	assert_int_equal(drain(s, "A", NULL, 4000), 0);
	assert_int_equal(drain(s, "A", NULL, INT64_MAX), 8);
	stagger_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_burst_goes_at_once_and_then_so_many_a_second),
		cmocka_unit_test(
			feeds_and_racks_count_apart_and_both_must_have_room),
		cmocka_unit_test(who_has_neither_waits_for_nobody),
		cmocka_unit_test(
			a_clock_that_stands_or_leaps_makes_no_tokens_and_no_debts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
