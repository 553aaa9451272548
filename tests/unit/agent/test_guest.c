/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the judgement whether a guest works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/guest.h"

enum { STEP_MS = 10000 };

#define MS INT64_C(1000000) /* in ns */

/* A guest of two vCPUs that does a little of everything. */
struct world {
	struct guest_watch watch;
	struct guest_sample now;
	bool stats, io, spins, stands;
	unsigned waits_pm; /* of its spinning */
};

static struct world
healthy(void)
{
	struct world world = {
		.now = { .running = true,
			 .boot = 1,
			 .stats_period_s = 10,
			 .stats_stamp = 1000,
			 .has_counters = true,
			 .io = 5,
			 .has_vcpus = true,
			 .n_vcpus = 2,
			 .agent = GUEST_AGENT_NONE },
		.stats = true,
		.io = true,
	};

	guest_judge(&world.watch, &world.now);
	return world;
}

/* What it is after so many seconds. */
static enum report_liveness
after(struct world *world, unsigned seconds)
{
	enum report_liveness is = LIVENESS_UNKNOWN;

	for (unsigned ms = 0; ms < seconds * 1000; ms += STEP_MS) {
		struct guest_sample *now = &world->now;
		uint64_t first =
			world->stands ? 0
			: world->spins
				? STEP_MS * MS / 1000 * (1000 - world->waits_pm)
				: STEP_MS * MS / 20;
		uint64_t second =
			world->stands || world->spins ? 0 : STEP_MS * MS / 50;

		now->at_ms += STEP_MS;
		now->stats_stamp += world->stats ? 10 : 0;
		now->io += world->io ? 3 : 0;
		now->cpu_ns += first + second;
		now->busiest_ns = first;
		now->waited_ns = STEP_MS * MS / 1000 * world->waits_pm;
		is = guest_judge(&world->watch, now);
	}
	return is;
}

static void
a_healthy_guest_is_alive(void **state)
{
	struct world world = healthy();

	(void)state;
	assert_int_equal(after(&world, 10), LIVENESS_ALIVE);
	assert_int_equal(after(&world, 3600), LIVENESS_ALIVE);
	assert_int_equal(guest_stats_age(&world.watch, world.now.at_ms + 5), 5);
}

static void
a_hung_kernel_is_suspect_then_dead(void **state)
{
	struct world world = healthy();

	(void)state;
	after(&world, 60);
	world.stats = world.io = false;
	world.spins = true;
	assert_int_equal(after(&world, 60), LIVENESS_ALIVE);
	assert_int_equal(after(&world, 10), LIVENESS_SUSPECT);
	assert_int_equal(after(&world, 40), LIVENESS_SUSPECT);
	assert_int_equal(after(&world, 20), LIVENESS_DEAD);
	world.stats = true;
	assert_int_equal(after(&world, 10), LIVENESS_ALIVE);
}

static void
one_that_spins_on_a_full_host_is_seen_to_spin(void **state)
{
	struct world world = healthy();

	(void)state;
	after(&world, 60);
	world.stats = world.io = false;
	world.spins = true;
	world.waits_pm = 800;
	assert_int_equal(after(&world, 200), LIVENESS_DEAD);
}

static void
a_guest_that_gets_no_cpu_is_not_dead(void **state)
{
	struct world world = healthy();

	(void)state;
	after(&world, 60);
	world.stats = world.io = false;
	world.spins = true;
	world.waits_pm = 950;
	assert_int_equal(after(&world, 3600), LIVENESS_SUSPECT);
	world.stands = true;
	assert_int_equal(after(&world, 3600), LIVENESS_SUSPECT);
}

static void
a_halted_kernel_is_dead_too(void **state)
{
	struct world world = healthy();

	(void)state;
	after(&world, 60);
	world.stats = world.io = false;
	world.stands = true;
	assert_int_equal(after(&world, 200), LIVENESS_DEAD);
}

static void
one_signal_never_makes_a_dead_one(void **state)
{
	(void)state;
	struct world stale = healthy(); /* the driver was unloaded */
	after(&stale, 60);
	stale.stats = stale.io = false;
	assert_int_equal(after(&stale, 36000), LIVENESS_SUSPECT);

	struct world computes = healthy();
	computes.now.stats_period_s = 0;
	computes.io = computes.stats = false;
	computes.spins = true;
	assert_int_equal(after(&computes, 36000), LIVENESS_SUSPECT);

	struct world idles = healthy();
	idles.now.stats_period_s = 0;
	idles.io = idles.stats = false;
	idles.stands = true;
	assert_int_equal(after(&idles, 36000), LIVENESS_SUSPECT);

	struct world lost = healthy();
	lost.now.agent = GUEST_AGENT_CONNECTED;
	after(&lost, 60);
	lost.now.agent = GUEST_AGENT_DISCONNECTED;
	lost.now.stats_period_s = 0;
	lost.io = lost.stats = false;
	assert_int_equal(after(&lost, 36000), LIVENESS_SUSPECT);

	struct world panicked = healthy();
	panicked.now.panicked = true;
	panicked.now.stats_period_s = 0;
	panicked.io = panicked.stats = false;
	assert_int_equal(after(&panicked, 36000), LIVENESS_SUSPECT);
}

static void
an_agent_that_went_and_a_stale_balloon_are_two(void **state)
{
	struct world world = healthy();

	(void)state;
	world.now.agent = GUEST_AGENT_CONNECTED;
	after(&world, 60);
	world.now.agent = GUEST_AGENT_DISCONNECTED;
	world.stats = world.io = false;
	assert_int_equal(after(&world, 70), LIVENESS_DEAD);
}

static void
an_open_channel_is_no_proof_of_life(void **state)
{
	struct world world = healthy();

	(void)state;
	world.now.agent = GUEST_AGENT_CONNECTED;
	after(&world, 60);
	world.stats = world.io = false;
	world.spins = true;
	assert_int_equal(after(&world, 200), LIVENESS_DEAD);
}

static void
a_living_line_outweighs_all_others(void **state)
{
	struct world world = healthy();

	(void)state;
	world.now.agent = GUEST_AGENT_CONNECTED;
	after(&world, 60);
	world.now.agent = GUEST_AGENT_DISCONNECTED;
	world.now.panicked = true;
	world.stats = false;
	assert_int_equal(after(&world, 600), LIVENESS_ALIVE);
}

static void
a_guest_without_a_driver_is_unknown_not_dead(void **state)
{
	struct world world = healthy();

	(void)state;
	memset(&world.watch, 0, sizeof(world.watch));
	world.now.stats_stamp = 0;
	world.stats = world.io = false;
	world.now.has_counters = world.now.has_vcpus = false;
	assert_int_equal(after(&world, 3600), LIVENESS_UNKNOWN);
	assert_int_equal(guest_stats_age(&world.watch, 5), REPORT_AGE_NEVER);
}

static void
a_reboot_and_a_pause_begin_anew(void **state)
{
	struct world world = healthy();

	(void)state;
	after(&world, 60);
	world.stats = world.io = false;
	world.spins = true;
	assert_int_equal(after(&world, 300), LIVENESS_DEAD);
	world.now.boot++;
	assert_int_equal(after(&world, 10), LIVENESS_UNKNOWN);
	world.now.running = false;
	assert_int_equal(after(&world, 600), LIVENESS_UNKNOWN);
	world.now.running = true;
	assert_int_equal(after(&world, 60), LIVENESS_UNKNOWN);
}

static void
counters_that_cannot_be_read_say_nothing(void **state)
{
	struct world world = healthy();

	(void)state;
	after(&world, 60);
	world.stats = world.io = false;
	world.spins = true;
	world.now.has_counters = false;
	assert_int_equal(after(&world, 3600), LIVENESS_SUSPECT);
}

static void
a_stamp_that_comes_again_is_no_news(void **state)
{
	struct world world = healthy();
	uint64_t stamp;

	(void)state;
	after(&world, 60);
	stamp = world.now.stats_stamp;
	world.stats = world.io = false;
	world.now.stats_stamp = 0; /* it could not be asked for */
	after(&world, 60);
	world.now.stats_stamp = stamp;
	assert_int_equal(after(&world, 60), LIVENESS_SUSPECT);
}

static void
a_clock_that_jumps_back_is_ignored(void **state)
{
	struct world world = healthy();
	struct guest_sample odd;

	(void)state;
	after(&world, 60);
	odd = world.now;
	odd.at_ms -= 50000;
	odd.cpu_ns = 0;
	assert_int_equal(guest_judge(&world.watch, &odd), LIVENESS_ALIVE);
	assert_int_equal(world.watch.last.at_ms, world.now.at_ms);
	assert_int_equal(after(&world, 10), LIVENESS_ALIVE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_guest_is_alive),
		cmocka_unit_test(a_hung_kernel_is_suspect_then_dead),
		cmocka_unit_test(one_that_spins_on_a_full_host_is_seen_to_spin),
		cmocka_unit_test(a_guest_that_gets_no_cpu_is_not_dead),
		cmocka_unit_test(a_halted_kernel_is_dead_too),
		cmocka_unit_test(one_signal_never_makes_a_dead_one),
		cmocka_unit_test(
			an_agent_that_went_and_a_stale_balloon_are_two),
		cmocka_unit_test(an_open_channel_is_no_proof_of_life),
		cmocka_unit_test(a_living_line_outweighs_all_others),
		cmocka_unit_test(a_guest_without_a_driver_is_unknown_not_dead),
		cmocka_unit_test(a_reboot_and_a_pause_begin_anew),
		cmocka_unit_test(counters_that_cannot_be_read_say_nothing),
		cmocka_unit_test(a_stamp_that_comes_again_is_no_news),
		cmocka_unit_test(a_clock_that_jumps_back_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
