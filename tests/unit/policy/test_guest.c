/* SPDX-License-Identifier: Apache-2.0 */
/* Guests that fail: what is ended, what is started again, what is left. */
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
	scene.vms[vm].policy.vm_fail = VM_FAIL_RESTART;
	return 0;
}

/* "step host, ... | owner intent phase" of what is wanted for the VM. */
static const char *
wanted(void)
{
	static char text[256];
	struct plan *plan = decide(&scene.snap);

	text[0] = '\0';
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *s = &plan->steps[i];

		if (s->kind == STEP_PROBE)
			continue;
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s %s ", step_kind_name(s->kind),
			 s->kind == STEP_STOP && !s->ends_running ? "-dead"
								  : "",
			 scene.hosts[s->host].name);
	}
	for (size_t i = 0; i < plan->n_vm_changes; i++) {
		const struct plan_vm_change *c = &plan->vm_changes[i];

		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "| %s %s %s%s ", scene.hosts[c->owner].name,
			 vm_intent_name(c->intent), vm_phase_name(c->phase),
			 c->restart ? "!" : "");
	}
	plan_free(plan);
	if (text[0] != '\0')
		text[strlen(text) - 1] = '\0';
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

static struct snap_sighting *
see(enum report_vm_state state, enum report_vm_reason reason,
    enum report_vm_event event)
{
	scene_see(&scene, vm, 0, state, reason);
	scene.sightings[0].event = event;
	scene.sightings[0].event_age_ms = 3000;
	return &scene.sightings[0];
}

static void
panic(void)
{
	see(VM_STATE_CRASHED, VM_REASON_CRASHED, VM_EVENT_PANICKED);
}

static void
hang(void)
{
	struct snap_sighting *seen =
		see(VM_STATE_RUNNING, VM_REASON_NONE, VM_EVENT_NONE);

	seen->liveness = LIVENESS_DEAD;
	seen->liveness_age_ms = 60000;
	scene.vms[vm].policy.hang_ms = 60000;
}

#define STOP_H0 "stop h0 | h0 run stopping!"

/* --- what failed -------------------------------------------------------------
 */

static void
a_panicked_guest_is_ended_before_it_is_started_again(void **state)
{
	(void)state;
	panic();
	assert_string_equal(wanted(), STOP_H0);
}

static void
a_panic_that_left_nothing_is_started_at_once(void **state)
{
	(void)state;
	see(VM_STATE_SHUT_OFF, VM_REASON_CRASHED, VM_EVENT_PANICKED);
	assert_string_equal(wanted(),
			    "start h0 | h0 run lost! | h0 run starting");
}

static void
the_end_of_a_qemu_needs_no_policy(void **state)
{
	(void)state;
	scene.vms[vm].policy.vm_fail = VM_FAIL_NONE;
	see(VM_STATE_SHUT_OFF, VM_REASON_CRASHED, VM_EVENT_CRASHED);
	assert_string_equal(wanted(),
			    "start h0 | h0 run lost! | h0 run starting");
}

static void
without_a_policy_a_failed_guest_is_an_alarm(void **state)
{
	(void)state;
	scene.vms[vm].policy.vm_fail = VM_FAIL_NONE;
	panic();
	assert_string_equal(wanted(), "");
	assert_true(raises("vm-crashed"));
	hang();
	assert_string_equal(wanted(), "");
	assert_true(raises("vm-hung"));
	see(VM_STATE_PAUSED, VM_REASON_NONE, VM_EVENT_WATCHDOG);
	assert_string_equal(wanted(), "");
	assert_true(raises("vm-watchdog"));
}

static void
what_its_user_ended_is_no_failure(void **state)
{
	(void)state;
	see(VM_STATE_SHUT_OFF, VM_REASON_SHUTDOWN, VM_EVENT_STOPPED);
	assert_string_equal(wanted(), "| h0 off settled");
	see(VM_STATE_SHUT_OFF, VM_REASON_DESTROYED, VM_EVENT_STOPPED);
	assert_string_equal(wanted(), "| h0 off settled");
}

static void
a_watchdog_that_ran_out_is_a_failure_unless_the_guest_was_reset(void **state)
{
	struct snap_sighting *seen;

	(void)state;
	seen = see(VM_STATE_RUNNING, VM_REASON_NONE, VM_EVENT_WATCHDOG);
	assert_string_equal(wanted(), STOP_H0);
	seen->event_age_ms = WATCHDOG_SETTLE_MS - 1;
	assert_string_equal(wanted(), "");
	seen->event_age_ms = 5000;
	seen->liveness = LIVENESS_ALIVE;
	assert_string_equal(wanted(), "");
	see(VM_STATE_RUNNING, VM_REASON_NONE, VM_EVENT_REBOOTED);
	assert_string_equal(wanted(), "");
	/* An event of before the last command is of another life. */
	see(VM_STATE_PAUSED, VM_REASON_NONE, VM_EVENT_WATCHDOG);
	scene.vms[vm].command_age_ms = 2500;
	assert_string_equal(wanted(), "");
}

static void
a_hang_counts_after_its_time_and_never_by_one_signal(void **state)
{
	(void)state;
	hang();
	assert_string_equal(wanted(), STOP_H0);
	scene.sightings[0].liveness_age_ms--;
	assert_string_equal(wanted(), "");
	hang();
	scene.sightings[0].liveness = LIVENESS_SUSPECT;
	assert_string_equal(wanted(), "");
	hang();
	scene.vms[vm].policy.hang_ms = 0;
	assert_string_equal(wanted(), "");
}

static void
guests_that_hang_together_or_without_storage_are_their_hosts_trouble(
	void **state)
{
	(void)state;
	hang();
	snprintf(scene.hosts[0].storage_trouble, REPORT_TEXT_LEN, "ds1 stale");
	assert_string_equal(wanted(), "");
	scene.hosts[0].storage_trouble[0] = '\0';
	assert_string_equal(wanted(), STOP_H0);
	size_t other = scene_add_vm(&scene, 0);
	scene.sightings[1].liveness = LIVENESS_SUSPECT;
	assert_int_equal(scene.sightings[1].vm, other);
	assert_string_equal(wanted(), "");
}

/* --- where nothing is done ---------------------------------------------------
 */

static void
nothing_is_done_to_what_ha_does_not_look_after(void **state)
{
	(void)state;
	panic();
	scene.vms[vm].policy.ha = false;
	assert_string_equal(wanted(), "");
	scene.vms[vm].policy.ha = true;
	scene.clusters[0].ha = false;
	assert_string_equal(wanted(), "");
	scene.clusters[0].ha = true;
	scene.clusters[0].disarmed = true;
	assert_string_equal(wanted(), "");
	scene.clusters[0].disarmed = false;
	scene.vms[vm].order = INTENT_OFF;
	assert_string_equal(wanted(), "| h0 off settled");
	scene.vms[vm].order = INTENT_UNKNOWN;
	scene.vms[vm].starting = true;
	assert_string_equal(wanted(), "");
	scene.vms[vm].starting = false;
	scene.hosts[0].stopping = true;
	assert_string_equal(wanted(), "");
	scene.hosts[0].stopping = false;
	scene.hosts[0].vms_age_ms = VMS_FRESH_MS;
	assert_string_equal(wanted(), "");
	scene.hosts[0].vms_age_ms = 1000;
	assert_string_equal(wanted(), STOP_H0);
}

static void
a_guest_that_fails_in_a_migration_is_judged_where_it_ends(void **state)
{
	(void)state;
	panic();
	scene_see(&scene, vm, 1, VM_STATE_PAUSED, VM_REASON_NONE);
	assert_string_equal(wanted(), "");
}

static void
it_is_started_again_so_many_times_and_then_a_person_is_called(void **state)
{
	(void)state;
	panic();
	scene.vms[vm].restarts_1h = RESTARTS_1H - 1;
	assert_string_equal(wanted(), STOP_H0);
	scene.vms[vm].restarts_1h = RESTARTS_1H;
	assert_string_equal(wanted(), "");
	assert_true(raises("vm-restarts"));
	scene.vms[vm].restarts_1h = 0;
	scene.vms[vm].restarts_24h = RESTARTS_24H;
	assert_string_equal(wanted(), "");
	scene.vms[vm].restarts_24h = 0;
	scene.vms[vm].restarts_7d = RESTARTS_7D;
	assert_string_equal(wanted(), "");
	see(VM_STATE_SHUT_OFF, VM_REASON_CRASHED, VM_EVENT_CRASHED);
	assert_string_equal(wanted(), "");
	scene.vms[vm].restarts_7d = 0;
	scene.vms[vm].has_definition = false;
	assert_string_equal(wanted(), "");
}

/* --- here, elsewhere, off ----------------------------------------------------
 */

/* The stop has ended, and was recorded: off by our own hand. */
static void
stopped(void)
{
	see(VM_STATE_SHUT_OFF, VM_REASON_DESTROYED, VM_EVENT_STOPPED);
	scene.vms[vm].phase = VM_LOST;
	scene.vms[vm].failed_on = 0;
	scene.vms[vm].command_age_ms = 2000;
	scene.vms[vm].record_age_ms = 2000;
}

static void
what_we_ended_is_not_its_users_wish_and_returns_to_its_host(void **state)
{
	(void)state;
	stopped();
	assert_string_equal(wanted(), "start h0 | h0 run starting");
}

static void
a_reading_of_before_the_stop_holds_nothing_up(void **state)
{
	(void)state;
	panic();
	scene.vms[vm].phase = VM_LOST;
	scene.vms[vm].failed_on = 0;
	scene.vms[vm].command_age_ms = 5; /* the reading is a second old */
	assert_string_equal(wanted(), "start h0 | h0 run starting");
}

static void
by_policy_it_is_started_elsewhere_if_that_is_possible(void **state)
{
	(void)state;
	scene.vms[vm].policy.vm_fail = VM_FAIL_ELSEWHERE;
	panic();
	assert_string_equal(wanted(), STOP_H0);
	stopped();
	assert_string_equal(wanted(), "start h1 | h1 run starting");
	scene.hosts[1].stopping = scene.hosts[2].stopping = true;
	assert_string_equal(wanted(), "start h0 | h0 run starting");
}

static void
elsewhere_takes_a_stop_even_of_what_is_off_and_spares_what_runs(void **state)
{
	(void)state;
	scene.vms[vm].policy.vm_fail = VM_FAIL_ELSEWHERE;
	see(VM_STATE_SHUT_OFF, VM_REASON_CRASHED, VM_EVENT_CRASHED);
	assert_string_equal(wanted(), "stop-dead h0 | h0 run stopping!");
}

static void
by_policy_what_is_left_is_powered_off_and_said(void **state)
{
	(void)state;
	scene.vms[vm].policy.vm_fail = VM_FAIL_OFF;
	panic();
	assert_string_equal(wanted(), "stop h0 | h0 off stopping");
	see(VM_STATE_SHUT_OFF, VM_REASON_DESTROYED, VM_EVENT_STOPPED);
	scene.vms[vm].intent = INTENT_OFF;
	scene.vms[vm].failed_on = 0;
	assert_string_equal(wanted(), "");
	assert_true(raises("vm-put-off"));
	see(VM_STATE_RUNNING, VM_REASON_NONE, VM_EVENT_STARTED);
	assert_string_equal(wanted(), "| h0 run settled");
	assert_false(raises("vm-put-off"));
}

/* --- stops -------------------------------------------------------------------
 */

static void
stopping(int64_t for_ms)
{
	panic();
	scene.vms[vm].phase = VM_STOPPING;
	scene.vms[vm].failed_on = 0;
	scene.vms[vm].record_age_ms = for_ms;
	scene.vms[vm].command_age_ms = for_ms;
}

static void
a_stop_under_way_is_waited_for(void **state)
{
	(void)state;
	stopping(2000);
	scene.vms[vm].stopping = true;
	assert_string_equal(wanted(), "");
	scene.vms[vm].command_age_ms = scene.vms[vm].record_age_ms = 20000;
	assert_string_equal(wanted(), "");
}

static void
a_stop_in_doubt_is_repeated_there_and_nothing_starts(void **state)
{
	(void)state;
	stopping(STOP_RETRY_MS);
	assert_string_equal(wanted(), "stop h0");
	assert_true(raises("vm-stop-failed"));
	scene.vms[vm].command_age_ms = STOP_RETRY_MS - 1;
	assert_string_equal(wanted(), "");
	scene.vms[vm].command_age_ms = AGE_NEVER; /* another life's */
	assert_string_equal(wanted(), "stop h0");
	scene_silence(&scene, 0, 60000);
	assert_string_equal(wanted(), "");
}

static void
a_later_reading_without_it_ends_a_stop(void **state)
{
	(void)state;
	stopping(5000);
	see(VM_STATE_SHUT_OFF, VM_REASON_DESTROYED, VM_EVENT_STOPPED);
	assert_string_equal(wanted(),
			    "start h0 | h0 run lost | h0 run starting");
	scene.vms[vm].command_age_ms = 500; /* the reading is older */
	assert_string_equal(wanted(), "");
	scene.vms[vm].command_age_ms = 5000;
	scene.vms[vm].intent = INTENT_OFF;
	assert_string_equal(wanted(), "| h0 off settled");
}

static void
the_death_of_its_host_ends_a_stop(void **state)
{
	(void)state;
	stopping(5000);
	scene.vms[vm].stopping = true;
	scene.hosts[0].state = HOST_DEAD;
	scene.hosts[0].state_age_ms = 1000;
	scene_power_off(&scene, 0);
	assert_string_equal(wanted(),
			    "start h1 | h0 run lost | h1 run starting");
}

static void
who_starts_it_while_it_is_being_stopped_keeps_it(void **state)
{
	(void)state;
	stopping(20000);
	see(VM_STATE_RUNNING, VM_REASON_NONE, VM_EVENT_STARTED);
	assert_string_equal(wanted(), "| h0 run settled");
	scene.sightings[0].event_age_ms = 30000;
	assert_string_equal(wanted(), "stop h0");
}

static void
a_host_is_fenced_for_a_copy_that_will_not_end_only_when_nothing_works_there(
	void **state)
{
	(void)state;
	stopping(STOP_STUCK_MS);
	assert_string_equal(wanted(), "stop h0");
	scene.clusters[0].policy.fence_stuck = true;
	assert_string_equal(wanted(), "stop h0 fence h0");
	scene.vms[vm].record_age_ms--;
	assert_string_equal(wanted(), "stop h0");
	scene.vms[vm].record_age_ms++;
	scene.hosts[0].fences_last_hour = FENCES_PER_HOUR;
	assert_string_equal(wanted(), "stop h0");
	scene.hosts[0].fences_last_hour = 0;
	scene.snap.uptime_ms = QUIET_MS - 1;
	assert_string_equal(wanted(), "stop h0");
	scene.snap.uptime_ms = QUIET_MS;
	scene_add_vm(&scene, 0); /* a neighbour that works */
	assert_string_equal(wanted(), "stop h0");
}

/* --- a VM that takes hosts down ----------------------------------------------
 */

static bool
took_down(void)
{
	struct plan *plan = decide(&scene.snap);
	bool found = false;

	for (size_t i = 0; i < plan->n_vm_changes; i++)
		found |= plan->vm_changes[i].phase == VM_LOST &&
			 plan->vm_changes[i].took_down;
	plan_free(plan);
	return found;
}

static void
a_host_that_dies_soon_after_a_start_is_counted_for_the_vm(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_SUSPECT;
	scene_power_off(&scene, 0);
	assert_false(took_down()); /* it ran there for long, by its user */
	scene.vms[vm].recovered = true;
	assert_false(took_down());
	scene.vms[vm].record_age_ms = POISON_YOUNG_MS - 1;
	assert_true(took_down());
	scene.vms[vm].recovered = false;
	assert_false(took_down());
	scene.vms[vm].phase = VM_STARTING;
	assert_true(took_down());
}

static void
a_vm_that_took_three_hosts_down_is_set_aside(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_DEAD;
	scene.hosts[0].state_age_ms = CANNOT_PROVE_AFTER_MS;
	scene_power_off(&scene, 0);
	scene.vms[vm].phase = VM_LOST;
	scene.vms[vm].hosts_lost_1h = POISON_HOSTS - 1;
	assert_string_equal(wanted(), "start h1 | h1 run starting");
	scene.vms[vm].hosts_lost_1h = POISON_HOSTS;
	assert_string_equal(wanted(), "");
	assert_true(raises("vm-poison"));
	scene.clusters[0].policy.set_aside_vms = false;
	assert_string_equal(wanted(), "start h1 | h1 run starting");
	scene.clusters[0].policy.set_aside_vms = true;
	scene.vms[vm].order = INTENT_RUN; /* somebody takes it upon himself */
	assert_false(raises("vm-poison"));
}

/* --- I/O errors --------------------------------------------------------------
 */

static void
no_space_and_an_io_error_are_told_apart_and_nothing_is_restarted(void **state)
{
	(void)state;
	see(VM_STATE_PAUSED, VM_REASON_NONE, VM_EVENT_NO_SPACE);
	assert_true(raises("vm-no-space"));
	assert_false(raises("vm-io-error"));
	assert_string_equal(wanted(), "");
	see(VM_STATE_PAUSED, VM_REASON_NONE, VM_EVENT_IO_ERROR);
	assert_true(raises("vm-io-error"));
	assert_false(raises("vm-no-space"));
	assert_string_equal(wanted(), "");
	see(VM_STATE_PAUSED, VM_REASON_NONE, VM_EVENT_PAUSED);
	assert_false(raises("vm-io-error"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(a_panicked_guest_is_ended_before_it_is_started_again),
		TEST(a_panic_that_left_nothing_is_started_at_once),
		TEST(the_end_of_a_qemu_needs_no_policy),
		TEST(without_a_policy_a_failed_guest_is_an_alarm),
		TEST(what_its_user_ended_is_no_failure),
		TEST(a_watchdog_that_ran_out_is_a_failure_unless_the_guest_was_reset),
		TEST(a_hang_counts_after_its_time_and_never_by_one_signal),
		TEST(guests_that_hang_together_or_without_storage_are_their_hosts_trouble),
		TEST(nothing_is_done_to_what_ha_does_not_look_after),
		TEST(a_guest_that_fails_in_a_migration_is_judged_where_it_ends),
		TEST(it_is_started_again_so_many_times_and_then_a_person_is_called),
		TEST(what_we_ended_is_not_its_users_wish_and_returns_to_its_host),
		TEST(a_reading_of_before_the_stop_holds_nothing_up),
		TEST(by_policy_it_is_started_elsewhere_if_that_is_possible),
		TEST(elsewhere_takes_a_stop_even_of_what_is_off_and_spares_what_runs),
		TEST(by_policy_what_is_left_is_powered_off_and_said),
		TEST(a_stop_under_way_is_waited_for),
		TEST(a_stop_in_doubt_is_repeated_there_and_nothing_starts),
		TEST(a_later_reading_without_it_ends_a_stop),
		TEST(the_death_of_its_host_ends_a_stop),
		TEST(who_starts_it_while_it_is_being_stopped_keeps_it),
		TEST(a_host_is_fenced_for_a_copy_that_will_not_end_only_when_nothing_works_there),
		TEST(a_host_that_dies_soon_after_a_start_is_counted_for_the_vm),
		TEST(a_vm_that_took_three_hosts_down_is_set_aside),
		TEST(no_space_and_an_io_error_are_told_apart_and_nothing_is_restarted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
