/* SPDX-License-Identifier: Apache-2.0 */
/* The line before the handshakes, over ways that lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipmi/openipmi_own.h"

enum { WIRES = WIRE_OPENING_MAX + 8 };

static struct world {
	struct ipmi_env env;
	struct wire wires[WIRES];
	/* In the order in which they came to a place from the line. */
	const struct wire *begun[WIRES];
	size_t n_begun;
	const struct wire *busy; /* its address is */
} world;

/* --- in place of wire.c and openipmi.c ----------------------------------- */

void
ipmi_wire_begin(struct wire *wire)
{
	world.begun[world.n_begun++] = wire;
}

bool
ipmi_env_is_busy_at(struct ipmi_env *env, const struct wire *wire)
{
	(void)env;
	return wire == world.busy;
}

/* ------------------------------------------------------------------------- */

static void
pause_ms(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(world.env.loop, (loop_fn)loop_stop,
			       world.env.loop);

	loop_timer_start(timer, ms);
	loop_run(world.env.loop);
	loop_timer_free(timer);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.env.loop = loop_new();
	ipmi_window_init(&world.env);
	for (size_t i = 0; i < WIRES; i++)
		world.wires[i].env = &world.env;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ipmi_window_done(&world.env);
	loop_free(world.env.loop);
	return 0;
}

static void
fill(void)
{
	for (size_t i = 0; i < WIRE_OPENING_MAX; i++)
		assert_true(ipmi_window_enter(&world.wires[i]));
}

static void
a_place_that_becomes_free_goes_to_the_first_in_line(void **state)
{
	struct wire *first = &world.wires[WIRE_OPENING_MAX];

	(void)state;
	fill();
	assert_false(ipmi_window_enter(first));
	assert_false(ipmi_window_enter(first + 1));
	assert_false(ipmi_window_enter(first + 2));
	ipmi_window_leave(first + 1);
	assert_int_equal(world.n_begun, 0);
	ipmi_window_leave(&world.wires[7]);
	pause_ms(50);
	assert_int_equal(world.n_begun, 1);
	assert_ptr_equal(world.begun[0], first);
	ipmi_window_leave(&world.wires[8]);
	ipmi_window_leave(&world.wires[9]);
	pause_ms(50);
	assert_int_equal(world.n_begun, 2);
	assert_ptr_equal(world.begun[1], first + 2);
}

/* Each newcomer once put the next look at the places off. */
static void
newcomers_do_not_hold_the_line_up(void **state)
{
	struct wire *first = &world.wires[WIRE_OPENING_MAX];

	(void)state;
	fill();
	assert_false(ipmi_window_enter(first));
	for (int i = 0; i < 2 * WIRE_PLACE_MS / 50; i++) {
		pause_ms(50);
		assert_false(world.n_begun == 0 &&
			     ipmi_window_enter(first + 1));
		ipmi_window_leave(first + 1);
	}
	assert_int_not_equal(world.n_begun, 0);
	assert_ptr_equal(world.begun[0], first);
}

static void
who_was_silent_stands_behind_the_others_next_time(void **state)
{
	struct wire *living = &world.wires[WIRE_OPENING_MAX];

	(void)state;
	fill();
	assert_false(ipmi_window_enter(living + 1)); /* starts the clock */
	pause_ms(WIRE_PLACE_MS + 500);
	assert_int_equal(world.n_begun, 1);
	for (size_t i = 0; i < WIRE_OPENING_MAX; i++)
		ipmi_window_leave(&world.wires[i]);
	for (size_t i = 0; i < WIRE_OPENING_MAX - 1; i++)
		assert_true(ipmi_window_enter(&world.wires[i]));
	/* One that was silent comes first, and is served last. */
	assert_false(ipmi_window_enter(&world.wires[WIRE_OPENING_MAX - 1]));
	assert_false(ipmi_window_enter(living));
	ipmi_window_leave(&world.wires[0]);
	pause_ms(50);
	assert_int_equal(world.n_begun, 2);
	assert_ptr_equal(world.begun[1], living);
	ipmi_window_leave(&world.wires[1]);
	pause_ms(50);
	assert_int_equal(world.n_begun, 3);
	assert_ptr_equal(world.begun[2], &world.wires[WIRE_OPENING_MAX - 1]);
}

static void
two_ways_to_one_address_go_one_after_the_other(void **state)
{
	(void)state;
	assert_true(ipmi_window_enter(&world.wires[0]));
	world.busy = &world.wires[1];
	assert_false(ipmi_window_enter(&world.wires[1]));
	/* Others do not wait for that. */
	assert_true(ipmi_window_enter(&world.wires[2]));
	pause_ms(400);
	assert_int_equal(world.n_begun, 0);
	world.busy = NULL;
	ipmi_window_leave(&world.wires[0]);
	pause_ms(50);
	assert_int_equal(world.n_begun, 1);
	assert_ptr_equal(world.begun[0], &world.wires[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_place_that_becomes_free_goes_to_the_first_in_line),
		TEST(newcomers_do_not_hold_the_line_up),
		TEST(who_was_silent_stands_behind_the_others_next_time),
		TEST(two_ways_to_one_address_go_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
