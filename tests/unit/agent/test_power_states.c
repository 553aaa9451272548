/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of how long a host was on and asleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/power_states.h"
#include "common/alloc.h"
#include "common/clock.h"

enum { START_MS = 500000 };

static struct power_states states;

static struct node_detail *
fill(int64_t now_ms, size_t n_powers)
{
	struct node_detail *detail = node_detail_new();

	detail->powers = xcalloc(n_powers + 1, sizeof(*detail->powers));
	detail->n_powers = n_powers;
	for (size_t i = 0; i < n_powers; i++) {
		detail->powers[i].index = (uint32_t)(7 + i);
		detail->powers[i].multiplier = i == 0 ? 0 : -3;
	}
	power_states_fill(&states, now_ms, detail);
	return detail;
}

static void
each_thing_has_off_sleep_and_on(void **state)
{
	(void)state;
	power_states_init(&states, START_MS, 1000);
	struct node_detail *detail = fill(START_MS + 60000, 2);

	assert_int_equal(detail->n_power_states, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct detail_power_state *row = &detail->power_states[i];

		assert_int_equal(row->index, i < 3 ? 7 : 8);
		assert_int_equal(row->state, 257 + i % 3);
		assert_int_equal(row->max_power, -1); /* nobody says */
		assert_int_equal(row->multiplier, i < 3 ? 0 : -3);
		assert_int_equal(row->total_ticks, i % 3 == 2 ? 6000 : 0);
		assert_int_equal(row->entered, i % 3 == 2);
	}
	node_detail_free(detail);
	detail = fill(START_MS, 0);
	assert_int_equal(detail->n_power_states, 0);
	node_detail_free(detail);
}

static void
a_sleep_is_counted_once_with_its_time(void **state)
{
	(void)state;
	power_states_init(&states, START_MS, 1000);
	power_states_look(&states, 1001); /* the clocks are never quite one */
	power_states_look(&states, 3601000);
	power_states_look(&states, 3601000);
	power_states_look(&states, -1);
	power_states_look(&states, 3603000);
	struct node_detail *detail = fill(START_MS + 1000, 1);
	assert_int_equal(detail->power_states[1].total_ticks, 360200);
	assert_int_equal(detail->power_states[1].entered, 2);
	assert_int_equal(detail->power_states[2].total_ticks, 100);
	assert_int_equal(detail->power_states[2].entered, 3);
	node_detail_free(detail);
}

/* What was before the start is not ours, though it was not known then. */
static void
sleep_before_the_start_does_not_count(void **state)
{
	(void)state;
	power_states_init(&states, START_MS, -1);
	power_states_look(&states, 9000000);
	assert_int_equal(states.sleeps, 0);
	assert_int_equal(states.slept_ms, 0);
	power_states_look(&states, 9005000);
	assert_int_equal(states.sleeps, 1);
	assert_int_equal(states.slept_ms, 5000);
}

static void
the_clocks_of_this_host_tell(void **state)
{
	int64_t first_ms = -1, then_ms = -1;

	(void)state;
	for (int i = 0; i < 100 && first_ms < 0; i++)
		first_ms = power_states_clocks();
	for (int i = 0; i < 100 && then_ms < 0; i++)
		then_ms = power_states_clocks();
	assert_true(first_ms >= 0);
	assert_in_range(then_ms, first_ms, first_ms + POWER_SLEEP_MS - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_thing_has_off_sleep_and_on),
		cmocka_unit_test(a_sleep_is_counted_once_with_its_time),
		cmocka_unit_test(sleep_before_the_start_does_not_count),
		cmocka_unit_test(the_clocks_of_this_host_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
