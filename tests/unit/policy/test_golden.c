/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole failures, second by second, as tests/golden/ha/NAME/expected tells
 * them.  A change of a decision shows as a difference there;
 * GOLDEN_ACCEPT=1 takes the new one.
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

static const struct mind mind = { decide, plan_free };

static void
power_cut(struct world *w)
{
	world_power_off(w, 0);
	world_run(w, 15000);
}

static void
hang(struct world *w)
{
	world_say(w, "h0 hangs");
	w->hosts[0].hung = true;
	world_run(w, 30000);
}

static void
agent_killed(struct world *w)
{
	world_say(w, "the agent of h0 dies");
	w->hosts[0].agent_dead = true;
	world_run(w, 60000);
	world_say(w, "and is started again");
	w->hosts[0].agent_dead = false;
	world_run(w, 5000);
}

static void
management_cut(struct world *w)
{
	world_say(w, "h0 is cut off from the management network");
	w->hosts[0].mgmt_cut = true;
	world_run(w, 60000);
	world_say(w, "and is plugged in again");
	w->hosts[0].mgmt_cut = false;
	world_run(w, 5000);
}

static void
power_and_bmc_lost(struct world *w)
{
	world_say(w, "h0 and its BMC lose power");
	w->hosts[0].bmc_cut = true;
	world_power_off(w, 0);
	world_run(w, 60000);
	world_say(w, "the BMC of h0 answers again");
	w->hosts[0].bmc_cut = false;
	world_run(w, 10000);
}

static void
all_silent(struct world *w)
{
	world_say(w, "the management switch fails");
	for (size_t h = 0; h < w->n_hosts; h++)
		w->hosts[h].mgmt_cut = true;
	world_run(w, 60000);
	world_say(w, "and works again");
	for (size_t h = 0; h < w->n_hosts; h++)
		w->hosts[h].mgmt_cut = false;
	world_run(w, 5000);
}

static void
coordinator_killed(struct world *w)
{
	world_power_off(w, 0);
	while (w->count.starts == 0)
		world_run(w, WORLD_STEP_MS);
	coordinator_kill(w, 3000);
	world_run(w, 30000);
}

static void
host_returns(struct world *w)
{
	w->hosts[1].copies[1].state = COPY_OFF;
	w->hosts[1].copies[1].reason = VM_REASON_SHUTDOWN;
	w->hosts[1].revision++;
	w->vms[1].wants_run = false;
	world_say(w, "vm1 is shut down by its user on h1");
	world_run(w, 5000);
	world_power_off(w, 1);
	world_run(w, 15000);
	world_power_on(w, 1, 10000);
	world_run(w, 20000);
}

static void
restart_without_room(struct world *w)
{
	world_say(w, "h1 and h2 lose their datastore");
	w->hosts[1].storage_cut = w->hosts[2].storage_cut = true;
	world_run(w, 1000);
	world_power_off(w, 0);
	world_run(w, 20000);
	world_power_on(w, 0, 10000);
	world_run(w, 30000);
	world_say(w, "h1 and h2 have it again");
	w->hosts[1].storage_cut = w->hosts[2].storage_cut = false;
	world_run(w, 10000);
}

static const struct golden {
	const char *name;
	void (*play)(struct world *w);
} goldens[] = {
	{ "power-cut", power_cut },
	{ "hang", hang },
	{ "agent-killed", agent_killed },
	{ "management-cut", management_cut },
	{ "power-and-bmc-lost", power_and_bmc_lost },
	{ "all-silent", all_silent },
	{ "coordinator-killed", coordinator_killed },
	{ "host-returns", host_returns },
	{ "restart-without-room", restart_without_room },
};

/* The caller frees it. */
static char *
play(const struct golden *golden)
{
	struct world w;
	char *text = NULL;
	size_t size;

	world_init_plain(&w, mind);
	world_run(&w, 20000);
	w.begun_ms = w.now_ms;
	w.transcript = open_memstream(&text, &size);
	assert_non_null(w.transcript);
	golden->play(&w);
	fclose(w.transcript);
	assert_string_equal(w.violation, "");
	return text;
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (file == NULL)
		fail_msg("%s cannot be read: run from the root of the tree",
			 path);
	if (getdelim(&text, &size, '\0', file) < 0)
		fail_msg("%s is empty", path);
	fclose(file);
	return text;
}

static void
compare(const struct golden *golden)
{
	char path[128];
	char *got = play(golden);

	snprintf(path, sizeof(path), "tests/golden/ha/%s/expected",
		 golden->name);
	if (getenv("GOLDEN_ACCEPT") != NULL) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(got, file);
		fclose(file);
	}
	char *expected = read_file(path);
	if (strcmp(got, expected) != 0)
		print_message("--- %s, now:\n%s", path, got);
	assert_string_equal(got, expected);
	free(got);
	free(expected);
}

static void
every_failure_goes_as_its_golden_record_tells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++)
		compare(&goldens[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failure_goes_as_its_golden_record_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
