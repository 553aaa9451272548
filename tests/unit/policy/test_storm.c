/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storms over the mind: random faults, users and kills, checked against the
 * truth.  STORM_SEEDS=N runs more of them, STORM_SEED=N shows one of them step
 * by step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/decide.h"
#include "tests/support/policy_world.h"

enum {
	SETTLE_MS = 20000, /* longer than a quiet period */
	STORM_MS = 90000,
	HEAL_MS = 300000,
	DEFAULT_SEEDS = 1000,
};

static const struct mind honest = { decide, plan_free };

static void
run_storm(struct world *w, uint64_t seed, struct mind mind, unsigned sabotage)
{
	world_init(w, seed, mind);
	w->sabotage = sabotage;
	w->verbose = getenv("STORM_SEED") != NULL;
	world_run(w, SETTLE_MS);
	w->storm = true;
	world_run(w, STORM_MS);
	if (w->violation[0] == '\0')
		world_heal(w, HEAL_MS);
}

static uint64_t
number_from(const char *name, uint64_t preset)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : preset;
}

static void
no_storm_breaks_an_invariant(void **state)
{
	uint64_t first = number_from("STORM_SEED", 0), failed = 0;
	uint64_t n = getenv("STORM_SEED")
			     ? 1
			     : number_from("STORM_SEEDS", DEFAULT_SEEDS);
	struct world w;
	unsigned faults = 0, starts = 0, fences = 0, moves = 0, kills = 0;
	unsigned lost = 0, cleans = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + n; seed++) {
		run_storm(&w, seed, honest, 0);
		faults += w.count.faults;
		starts += w.count.starts;
		fences += w.count.fences;
		cleans += w.count.cleans;
		moves += w.count.moves;
		kills += w.count.kills;
		lost += w.count.lost;
		if (w.violation[0] == '\0')
			continue;
		failed++;
		print_message("STORM_SEED=%llu: %s\n",
			      (unsigned long long)seed, w.violation);
	}
	print_message("%llu storms, %u faults, %u VMs lost, %u starts, %u "
		      "fences, %u cleanings, %u migrations, %u kills\n",
		      (unsigned long long)n, faults, lost, starts, fences,
		      cleans, moves, kills);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_storm_breaks_an_invariant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
