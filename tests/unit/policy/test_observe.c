/* SPDX-License-Identifier: Apache-2.0 */
/* What reports say about where VMs are and what their users want. */
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

/* The last record wanted for the VM: "h1 run settled", or "-". */
static const char *
recorded(void)
{
	static char text[64];
	struct plan *plan = decide(&scene.snap);

	snprintf(text, sizeof(text), "-");
	for (size_t i = 0; i < plan->n_vm_changes; i++) {
		const struct plan_vm_change *change = &plan->vm_changes[i];

		snprintf(text, sizeof(text), "%s %s %s",
			 change->owner == NO_HOST
				 ? "nowhere"
				 : scene.hosts[change->owner].name,
			 vm_intent_name(change->intent),
			 vm_phase_name(change->phase));
	}
	plan_free(plan);
	return text;
}

static void
shut_off(enum report_vm_reason reason)
{
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, reason);
}

/* --- first sight -----------------------------------------------------------
 */

static void
a_vm_first_seen_running_is_meant_to_run(void **state)
{
	(void)state;
	scene.vms[vm] = (struct snap_vm){ .owner = NO_HOST };
	assert_string_equal(recorded(), "h0 run settled");
}

static void
a_vm_first_seen_off_is_meant_to_be_off(void **state)
{
	(void)state;
	scene.vms[vm] = (struct snap_vm){ .owner = NO_HOST };
	shut_off(VM_REASON_CRASHED);
	assert_string_equal(recorded(), "h0 off settled");
}

static void
a_definition_left_by_a_migration_is_no_first_sight(void **state)
{
	(void)state;
	scene.vms[vm] = (struct snap_vm){ .owner = NO_HOST };
	shut_off(VM_REASON_MIGRATED);
	assert_string_equal(recorded(), "-");
}

/* --- users ------------------------------------------------------------------
 */

static void
a_guest_that_was_shut_down_stays_off(void **state)
{
	(void)state;
	shut_off(VM_REASON_SHUTDOWN);
	assert_string_equal(recorded(), "h0 off settled");
	shut_off(VM_REASON_DESTROYED);
	assert_string_equal(recorded(), "h0 off settled");
}

static void
a_crash_is_nobodys_wish(void **state)
{
	(void)state;
	shut_off(VM_REASON_CRASHED);
	assert_string_equal(recorded(), "h0 run starting");
	scene.sightings[0].event = VM_EVENT_PANICKED; /* and no policy for it */
	assert_string_equal(recorded(), "-");
	shut_off(VM_REASON_UNKNOWN);
	assert_string_equal(recorded(), "-");
}

static void
a_guest_stopped_by_its_hosts_shutdown_is_still_wanted(void **state)
{
	(void)state;
	shut_off(VM_REASON_SHUTDOWN);
	scene.hosts[0].stopping = true;
	assert_string_equal(recorded(), "-");
}

static void
a_vm_that_its_user_starts_again_is_wanted_again(void **state)
{
	(void)state;
	scene.vms[vm].intent = INTENT_OFF;
	assert_string_equal(recorded(), "h0 run settled");
}

static void
a_wish_is_heard_from_a_host_that_is_being_fenced(void **state)
{
	(void)state;
	shut_off(VM_REASON_SHUTDOWN);
	scene.hosts[0].state = HOST_FENCING;
	scene.hosts[0].fencing = true;
	assert_string_equal(recorded(), "h0 off settled");
}

static void
a_silent_hosts_last_report_says_nothing_any_more(void **state)
{
	(void)state;
	shut_off(VM_REASON_SHUTDOWN);
	scene_silence(&scene, 0, 5000);
	assert_string_equal(recorded(), "-");
}

static void
a_reading_older_than_the_last_command_says_nothing(void **state)
{
	(void)state;
	shut_off(VM_REASON_SHUTDOWN);
	scene.vms[vm].command_age_ms = scene.hosts[0].vms_age_ms;
	assert_string_equal(recorded(), "-");
	scene.vms[vm].command_age_ms++;
	assert_string_equal(recorded(), "h0 off settled");
}

static void
a_libvirt_that_hangs_says_nothing(void **state)
{
	(void)state;
	shut_off(VM_REASON_SHUTDOWN);
	scene.hosts[0].vms_age_ms = VMS_FRESH_MS;
	assert_string_equal(recorded(), "-");
}

/* --- starting ----------------------------------------------------------------
 */

static void
a_start_whose_end_was_lost_is_settled_by_the_report(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	assert_string_equal(recorded(), "h0 run settled");
}

static void
a_start_under_way_is_left_to_its_own_answer(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	scene.vms[vm].starting = true;
	assert_string_equal(recorded(), "-");
	shut_off(VM_REASON_SHUTDOWN);
	assert_string_equal(recorded(), "-");
}

static void
a_vm_shut_down_before_its_start_was_confirmed_stays_off(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	shut_off(VM_REASON_SHUTDOWN);
	assert_string_equal(recorded(), "h0 off settled");
}

static void
paused_does_not_confirm_a_start(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	scene_see(&scene, vm, 0, VM_STATE_PAUSED, VM_REASON_NONE);
	assert_string_equal(recorded(), "-");
}

/* --- absent
 * ------------------------------------------------------------------- */

static void
one_report_without_it_is_not_its_removal(void **state)
{
	(void)state;
	scene_unsee(&scene, vm, 0);
	scene.vms[vm].absences = 1;
	assert_string_equal(recorded(), "-");
	scene.vms[vm].absences = 2;
	assert_string_equal(recorded(), "h0 off settled");
}

static void
absent_here_and_running_there_has_moved(void **state)
{
	(void)state;
	scene_unsee(&scene, vm, 0);
	scene.vms[vm].absences = 2;
	scene_see(&scene, vm, 1, VM_STATE_RUNNING, VM_REASON_NONE);
	assert_string_equal(recorded(), "h1 run settled");
}

/* --- moved by others
 * ------------------------------------------------------------ */

static void
a_migration_by_others_is_followed(void **state)
{
	(void)state;
	shut_off(VM_REASON_MIGRATED);
	scene_see(&scene, vm, 1, VM_STATE_RUNNING, VM_REASON_NONE);
	assert_string_equal(recorded(), "h1 run settled");
}

static void
an_incoming_migration_is_no_copy_yet(void **state)
{
	(void)state;
	scene_see(&scene, vm, 1, VM_STATE_PAUSED, VM_REASON_NONE);
	assert_string_equal(recorded(), "-");
	/* Nor when its source fell silent. */
	scene_silence(&scene, 0, 5000);
	assert_string_equal(recorded(), "-");
}

static void
a_vm_that_left_for_a_host_nobody_sees_has_no_owner(void **state)
{
	(void)state;
	shut_off(VM_REASON_MIGRATED);
	assert_string_equal(recorded(), "nowhere run settled");
}

static void
a_vm_without_owner_gets_one_where_it_is_seen(void **state)
{
	(void)state;
	shut_off(VM_REASON_MIGRATED);
	scene.vms[vm].owner = NO_HOST;
	scene.vms[vm].seen_there = false;
	assert_string_equal(recorded(), "-");
	scene_see(&scene, vm, 2, VM_STATE_RUNNING, VM_REASON_NONE);
	assert_string_equal(recorded(), "h2 run settled");
}

static void
a_vm_without_owner_is_lost_only_when_every_host_was_read_since(void **state)
{
	(void)state;
	shut_off(VM_REASON_MIGRATED);
	scene_see(&scene, vm, 2, VM_STATE_SHUT_OFF, VM_REASON_UNKNOWN);
	scene.vms[vm].owner = NO_HOST;
	scene.vms[vm].seen_there = false;
	scene.vms[vm].record_age_ms = 500;
	assert_string_equal(recorded(), "-");
	scene.vms[vm].record_age_ms = 5000;
	assert_string_equal(recorded(), "h2 run starting");
	scene_kill_agent(&scene, 1);
	assert_string_equal(recorded(), "-");
}

static void
the_younger_of_two_reports_is_believed(void **state)
{
	(void)state;
	shut_off(VM_REASON_SHUTDOWN);
	scene.vms[vm].record_age_ms = 500;
	scene_see(&scene, vm, 1, VM_STATE_RUNNING, VM_REASON_NONE);
	scene.hosts[1].vms_age_ms = scene.hosts[0].vms_age_ms + 1;
	assert_string_equal(recorded(), "-");
	scene.hosts[1].vms_age_ms = scene.hosts[0].vms_age_ms;
	assert_string_equal(recorded(), "h1 run settled");
}

static void
a_report_made_after_the_record_is_believed_too(void **state)
{
	(void)state;
	scene_unsee(&scene, vm, 0);
	scene.vms[vm].intent = INTENT_OFF;
	scene_see(&scene, vm, 1, VM_STATE_RUNNING, VM_REASON_NONE);
	scene.hosts[1].vms_age_ms = scene.hosts[0].vms_age_ms + 100;
	assert_string_equal(recorded(), "h1 run settled");
}

static void
what_runs_on_a_returning_host_is_not_taken_for_the_vm(void **state)
{
	(void)state;
	scene.hosts[1].state = HOST_REJOINING;
	scene_restart(&scene, 1);
	scene_see(&scene, vm, 1, VM_STATE_RUNNING, VM_REASON_NONE);
	scene_silence(&scene, 0, 3000);
	assert_string_equal(recorded(), "-");
	/* Unless its owner is dead: then it is the only copy. */
	scene.hosts[0].state = HOST_DEAD;
	scene.vms[vm].phase = VM_LOST;
	assert_string_equal(recorded(), "h1 run settled");
}

static void
what_a_cleaning_may_end_is_not_taken_for_the_vm(void **state)
{
	(void)state;
	shut_off(VM_REASON_MIGRATED);
	scene_see(&scene, vm, 1, VM_STATE_RUNNING, VM_REASON_NONE);
	scene.hosts[1].cleaning = true;
	assert_string_not_equal(recorded(), "h1 run settled");
	scene.hosts[1].cleaning = false;
	scene.hosts[1].clean_age_ms = scene.hosts[1].vms_age_ms;
	assert_string_not_equal(recorded(), "h1 run settled");
}

static void
a_vm_that_moved_and_was_shut_down_unseen_stays_off(void **state)
{
	(void)state;
	shut_off(VM_REASON_MIGRATED);
	scene_see(&scene, vm, 1, VM_STATE_SHUT_OFF, VM_REASON_SHUTDOWN);
	assert_string_equal(recorded(), "h1 off settled");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_vm_first_seen_running_is_meant_to_run),
		TEST(a_vm_first_seen_off_is_meant_to_be_off),
		TEST(a_definition_left_by_a_migration_is_no_first_sight),
		TEST(a_guest_that_was_shut_down_stays_off),
		TEST(a_crash_is_nobodys_wish),
		TEST(a_guest_stopped_by_its_hosts_shutdown_is_still_wanted),
		TEST(a_vm_that_its_user_starts_again_is_wanted_again),
		TEST(a_wish_is_heard_from_a_host_that_is_being_fenced),
		TEST(a_silent_hosts_last_report_says_nothing_any_more),
		TEST(a_reading_older_than_the_last_command_says_nothing),
		TEST(a_libvirt_that_hangs_says_nothing),
		TEST(a_start_whose_end_was_lost_is_settled_by_the_report),
		TEST(a_start_under_way_is_left_to_its_own_answer),
		TEST(a_vm_shut_down_before_its_start_was_confirmed_stays_off),
		TEST(paused_does_not_confirm_a_start),
		TEST(one_report_without_it_is_not_its_removal),
		TEST(absent_here_and_running_there_has_moved),
		TEST(a_migration_by_others_is_followed),
		TEST(an_incoming_migration_is_no_copy_yet),
		TEST(a_vm_that_left_for_a_host_nobody_sees_has_no_owner),
		TEST(a_vm_without_owner_gets_one_where_it_is_seen),
		TEST(a_vm_without_owner_is_lost_only_when_every_host_was_read_since),
		TEST(the_younger_of_two_reports_is_believed),
		TEST(a_report_made_after_the_record_is_believed_too),
		TEST(what_runs_on_a_returning_host_is_not_taken_for_the_vm),
		TEST(what_a_cleaning_may_end_is_not_taken_for_the_vm),
		TEST(a_vm_that_moved_and_was_shut_down_unseen_stays_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
