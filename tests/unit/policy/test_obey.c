/* SPDX-License-Identifier: Apache-2.0 */
/* An operator's order to stop or start a VM counts more than what is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/decide.h"
#include "scheduler/policy/timeouts.h"
#include "tests/support/policy_scene.h"

static struct scene scene;
static size_t vm; /* runs on h0 */

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, 3);
	vm = scene_add_vm(&scene, 0);
	return 0;
}

static void
kill_owner(void)
{
	scene.hosts[0].state = HOST_DEAD;
	scene.hosts[0].state_age_ms = 20000;
	scene_power_off(&scene, 0);
	scene.vms[vm].phase = VM_LOST;
}

static void
shut_down(void)
{
	scene.vms[vm].intent = INTENT_OFF;
	scene.vms[vm].seen_there = false;
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_SHUTDOWN);
}

/* What the VM comes to: "run lost h0", with "done" when the order is, and
 * "start h1" when it is started. */
static const char *
outcome(void)
{
	static char text[128];
	struct plan *plan = decide(&scene.snap);
	const struct plan_vm_change *last = NULL;
	bool done = false;

	for (size_t i = 0; i < plan->n_vm_changes; i++) {
		last = &plan->vm_changes[i];
		done |= last->order_done;
	}
	text[0] = '\0';
	if (last != NULL)
		snprintf(text, sizeof(text), "%s %s %s%s",
			 vm_intent_name(last->intent),
			 vm_phase_name(last->phase),
			 scene.hosts[last->owner].name, done ? " done" : "");
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), ", start %s",
				 scene.hosts[plan->steps[i].host].name);
	plan_free(plan);
	return text;
}

static bool
raises(const char *kind)
{
	struct plan *plan = decide(&scene.snap);
	bool found = false;

	for (size_t i = 0; i < plan->n_alarms; i++)
		found |= strcmp(plan->alarms[i].kind, kind) == 0;
	plan_free(plan);
	return found;
}

/* --- stop ----------------------------------------------------------------- */

static void
a_stop_beats_a_queued_start(void **state)
{
	(void)state;
	kill_owner();
	assert_non_null(strstr(outcome(), "start"));
	scene.vms[vm].order = INTENT_OFF;
	assert_string_equal(outcome(), "off settled h0");
}

static void
a_stop_is_heard_before_the_host_is_found_dead(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_SUSPECT;
	scene_power_off(&scene, 0);
	scene.vms[vm].order = INTENT_OFF;
	assert_string_equal(outcome(), "off settled h0");
}

static void
a_start_under_way_ends_first(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	scene.vms[vm].starting = true;
	scene.vms[vm].order = INTENT_OFF;
	assert_string_equal(outcome(), "");
}

static void
a_start_of_an_earlier_life_is_waited_for(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	scene.vms[vm].order = INTENT_OFF;
	scene_unsee(&scene, vm, 0);
	scene.snap.uptime_ms = START_DEADLINE_MS - 1;
	assert_string_equal(outcome(), "");
	scene.snap.uptime_ms = START_DEADLINE_MS;
	assert_string_equal(outcome(), "off settled h0 done");
}

static void
the_order_stands_until_its_host_shows_the_vm_off(void **state)
{
	(void)state;
	kill_owner();
	scene.vms[vm].order = INTENT_OFF;
	scene.vms[vm].intent = INTENT_OFF;
	scene.vms[vm].phase = VM_SETTLED;
	assert_string_equal(outcome(), "");
	scene.hosts[0].state = HOST_REJOINING;
	scene_restart(&scene, 0);
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_UNKNOWN);
	assert_string_equal(outcome(), "off settled h0 done");
}

static void
a_copy_that_runs_against_the_order_is_no_wish_but_an_alarm(void **state)
{
	(void)state;
	scene.vms[vm].order = INTENT_OFF;
	scene.vms[vm].intent = INTENT_OFF;
	assert_string_equal(outcome(), "");
	assert_true(raises("vm-not-stopped"));
	scene.vms[vm].order = INTENT_UNKNOWN; /* without one it is a wish */
	assert_string_equal(outcome(), "run settled h0");
	assert_false(raises("vm-not-stopped"));
}

/* --- start ---------------------------------------------------------------- */

static void
a_vm_that_is_off_is_started_on_its_host(void **state)
{
	(void)state;
	shut_down();
	assert_string_equal(outcome(), "");
	scene.vms[vm].order = INTENT_RUN;
	assert_string_equal(outcome(), "run starting h0, start h0");
}

static void
it_waits_while_its_host_is_silent_and_moves_when_that_is_dead(void **state)
{
	(void)state;
	shut_down();
	scene_silence(&scene, 0, 5000);
	scene.hosts[0].state = HOST_SUSPECT;
	scene.vms[vm].order = INTENT_RUN;
	assert_string_equal(outcome(), "run settled h0");
	scene.vms[vm].intent = INTENT_RUN;
	assert_string_equal(outcome(), "");
	scene_power_off(&scene, 0);
	assert_string_equal(outcome(), "run starting h1, start h1");
}

static void
the_order_is_done_when_it_runs(void **state)
{
	(void)state;
	scene.vms[vm].order = INTENT_RUN;
	assert_string_equal(outcome(), "run settled h0 done");
}

static void
a_reading_older_than_the_start_ends_no_order(void **state)
{
	(void)state;
	scene.vms[vm].order = INTENT_RUN;
	scene.vms[vm].command_age_ms = 500;
	assert_string_equal(outcome(), "");
}

static void
that_it_was_shut_down_before_does_not_undo_the_order(void **state)
{
	(void)state;
	shut_down();
	scene.vms[vm].intent = INTENT_RUN;
	scene.vms[vm].phase = VM_LOST;
	scene.vms[vm].order = INTENT_RUN;
	scene.vms[vm].start_failures = 1;
	scene.vms[vm].command_age_ms = START_RETRY_MS - 1;
	scene.hosts[0].vms_age_ms = 100;
	assert_string_equal(outcome(), "");
	scene.vms[vm].command_age_ms = START_RETRY_MS;
	assert_string_equal(outcome(), "run starting h0, start h0");
}

static void
an_order_needs_no_ha_but_is_held_while_it_is_disarmed(void **state)
{
	(void)state;
	shut_down();
	scene.vms[vm].policy.ha = false;
	scene.vms[vm].order = INTENT_RUN;
	assert_string_equal(outcome(), "run starting h0, start h0");
	scene.clusters[0].disarmed = true;
	assert_string_equal(outcome(), "run lost h0");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stop_beats_a_queued_start),
		TEST(a_stop_is_heard_before_the_host_is_found_dead),
		TEST(a_start_under_way_ends_first),
		TEST(a_start_of_an_earlier_life_is_waited_for),
		TEST(the_order_stands_until_its_host_shows_the_vm_off),
		TEST(a_copy_that_runs_against_the_order_is_no_wish_but_an_alarm),
		TEST(a_vm_that_is_off_is_started_on_its_host),
		TEST(it_waits_while_its_host_is_silent_and_moves_when_that_is_dead),
		TEST(the_order_is_done_when_it_runs),
		TEST(a_reading_older_than_the_start_ends_no_order),
		TEST(that_it_was_shut_down_before_does_not_undo_the_order),
		TEST(an_order_needs_no_ha_but_is_held_while_it_is_disarmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
