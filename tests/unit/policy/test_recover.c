/* SPDX-License-Identifier: Apache-2.0 */
/* When a VM may be started, and where nothing may be done. */
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
static size_t vm; /* ran on h0, which is dead */

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, 3);
	vm = scene_add_vm(&scene, 0);
	scene.hosts[0].state = HOST_DEAD;
	scene.hosts[0].state_age_ms = 1000;
	scene_power_off(&scene, 0);
	return 0;
}

static void
lose(void)
{
	scene.vms[vm].phase = VM_LOST;
}

/* Where the VM is started, or NO_HOST. */
static size_t
started_on(void)
{
	struct plan *plan = decide(&scene.snap);
	size_t host = NO_HOST, n = 0;

	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START &&
		    plan->steps[i].vm == vm) {
			host = plan->steps[i].host;
			n++;
		}
	plan_free(plan);
	assert_true(n <= 1);
	return host;
}

static bool
is_marked_lost(void)
{
	struct plan *plan = decide(&scene.snap);
	bool lost = false;

	for (size_t i = 0; i < plan->n_vm_changes; i++)
		lost |= plan->vm_changes[i].vm == vm &&
			plan->vm_changes[i].phase == VM_LOST;
	plan_free(plan);
	return lost;
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

/* --- entitled ----------------------------------------------------------------
 */

static void
a_host_proved_off_just_now_has_its_vms_started_in_the_same_breath(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_SUSPECT;
	assert_int_equal(started_on(), 1);
}

static void
the_owner_changes_in_the_record_of_the_start(void **state)
{
	(void)state;
	struct plan *plan = decide(&scene.snap);
	const struct plan_vm_change *last =
		&plan->vm_changes[plan->n_vm_changes - 1];

	assert_int_equal(last->owner, 1);
	assert_int_equal(last->phase, VM_STARTING);
	assert_true(last->recovered);
	assert_string_equal(last->reason,
			    plan->steps[plan->n_steps - 1].reason);
	plan_free(plan);
}

static void
a_suspect_host_keeps_its_vms(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_SUSPECT;
	scene_hang(&scene, 0);
	assert_false(is_marked_lost());
	assert_int_equal(started_on(), NO_HOST);
}

static void
a_dead_host_whose_proof_has_expired_keeps_its_vms(void **state)
{
	(void)state;
	lose();
	scene.hosts[0].off_proved = false;
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[0].power = POWER_ON;
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[0].state_age_ms = 60000;
	assert_true(raises("vm-lost"));
}

static void
a_dead_host_that_shows_life_keeps_its_vms(void **state)
{
	(void)state;
	lose();
	scene.hosts[0].libvirt = WITNESS_ALIVE;
	assert_int_equal(started_on(), NO_HOST);
}

static void
a_host_being_fenced_keeps_its_vms(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_FENCING;
	scene.hosts[0].fencing = true;
	assert_int_equal(started_on(), NO_HOST);
}

static void
what_its_user_shut_down_is_never_started(void **state)
{
	(void)state;
	scene.vms[vm].intent = INTENT_OFF;
	assert_int_equal(started_on(), NO_HOST);
	lose();
	assert_int_equal(started_on(), NO_HOST);
	scene.vms[vm].phase = VM_STARTING;
	scene.hosts[0] = scene.hosts[1];
	scene_unsee(&scene, vm, 0);
	assert_int_equal(started_on(), NO_HOST);
}

static void
where_ha_is_off_nothing_is_started(void **state)
{
	(void)state;
	scene.clusters[0].ha = false;
	assert_false(is_marked_lost());
	lose();
	assert_int_equal(started_on(), NO_HOST);
}

/* --- was it there?
 * ------------------------------------------------------------ */

static void
a_vm_that_another_host_shows_is_not_started(void **state)
{
	(void)state;
	lose();
	scene_see(&scene, vm, 2, VM_STATE_PAUSED, VM_REASON_NONE);
	assert_int_equal(started_on(), NO_HOST);
}

static void
without_a_confirmed_record_every_other_host_is_asked_first(void **state)
{
	(void)state;
	scene.vms[vm].seen_there = false;
	assert_int_equal(started_on(), 1);
	scene_kill_agent(&scene, 2);
	scene.hosts[2].state = HOST_NO_AGENT;
	assert_int_equal(started_on(), NO_HOST);
	/* A confirmed one does not wait for it. */
	scene.vms[vm].seen_there = true;
	assert_int_equal(started_on(), 1);
}

static void
a_host_that_was_never_heard_holds_nothing_up(void **state)
{
	(void)state;
	scene.vms[vm].seen_there = false;
	scene_silence(&scene, 2, 3600000);
	scene.hosts[2].state = HOST_NEW;
	scene.hosts[2].boot[0] = '\0';
	assert_int_equal(started_on(), 1);
}

static void
another_dead_host_counts_as_empty_only_under_a_proof(void **state)
{
	(void)state;
	scene.vms[vm].seen_there = false;
	scene_power_off(&scene, 2);
	scene.hosts[2].state = HOST_DEAD;
	assert_int_equal(started_on(), 1);
	scene.hosts[2].off_proved = false;
	assert_int_equal(started_on(), NO_HOST);
}

static void
other_hosts_are_read_after_the_silence_began(void **state)
{
	(void)state;
	scene.hosts[2].vms_age_ms = scene.hosts[0].silent_ms;
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[2].vms_age_ms =
		scene.hosts[0].silent_ms - HEARTBEAT_PERIOD_MS;
	assert_int_equal(started_on(), 1);
}

static void
one_slow_host_does_not_hold_the_others_up_for_ever(void **state)
{
	(void)state;
	scene.hosts[0].silent_ms = FENCE_AFTER_MS;
	scene.hosts[2].vms_age_ms = VMS_FRESH_MS - 1;
	assert_int_equal(started_on(), 1);
}

static void
a_vm_shut_down_on_another_host_while_nobody_looked_is_left_to_a_person(
	void **state)
{
	(void)state;
	scene.vms[vm].seen_there = false;
	scene_see(&scene, vm, 2, VM_STATE_SHUT_OFF, VM_REASON_SHUTDOWN);
	assert_int_equal(started_on(), NO_HOST);
}

/* --- back again
 * ---------------------------------------------------------------- */

static void
come_back(void)
{
	scene_restart(&scene, 0);
	scene.hosts[0].state = HOST_REJOINING;
	scene.hosts[0].state_age_ms = 2000;
	scene.hosts[0].power = POWER_UNKNOWN;
	scene.hosts[0].off_proved = false;
	scene_unsee(&scene, vm, 0);
}

static void
a_restart_is_proof_that_its_vms_ended(void **state)
{
	(void)state;
	come_back();
	assert_true(is_marked_lost());
	scene_see(&scene, vm, 0, VM_STATE_RUNNING, VM_REASON_NONE);
	assert_false(is_marked_lost());
}

static void
a_restart_explains_nothing_about_what_came_after_it(void **state)
{
	(void)state;
	come_back();
	scene.vms[vm].record_age_ms = 1500;
	assert_false(is_marked_lost());
}

static void
vms_wait_a_little_for_their_own_host(void **state)
{
	(void)state;
	come_back();
	lose();
	scene.hosts[0].state_age_ms = REJOIN_PATIENCE_MS - 1;
	scene.hosts[0].vms_age_ms = 500;
	scene.hosts[0].clean_age_ms = 400; /* not clean yet */
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[0].state_age_ms = REJOIN_PATIENCE_MS;
	assert_int_equal(started_on(), 1);
}

static void
then_they_are_started_where_they_were(void **state)
{
	(void)state;
	come_back();
	lose();
	assert_int_equal(started_on(), 0);
}

static void
a_host_that_boots_proves_nothing(void **state)
{
	(void)state;
	lose();
	scene_hang(&scene, 0);
	scene.hosts[0].state = HOST_REJOINING;
	scene.hosts[0].state_age_ms = REJOIN_PATIENCE_MS;
	assert_int_equal(started_on(), NO_HOST);
}

static void
a_lost_vm_is_not_started_elsewhere_while_its_host_cannot_be_read(void **state)
{
	(void)state;
	come_back();
	lose();
	scene.hosts[0].state_age_ms = 60000;
	scene.hosts[0].vms_age_ms = VMS_FRESH_MS; /* its libvirt hangs */
	assert_int_equal(started_on(), NO_HOST);
}

/* --- starting
 * ------------------------------------------------------------------- */

static void
begin_start_on_h1(void)
{
	scene.vms[vm].owner = 1;
	scene.vms[vm].phase = VM_STARTING;
	scene.vms[vm].seen_there = false;
	scene_unsee(&scene, vm, 0);
}

static void
one_command_at_a_time(void **state)
{
	(void)state;
	begin_start_on_h1();
	scene.vms[vm].starting = true;
	assert_int_equal(started_on(), NO_HOST);
}

static void
a_start_in_doubt_is_repeated_on_the_same_host_only(void **state)
{
	(void)state;
	begin_start_on_h1();
	scene.vms[vm].command_age_ms = 2000;
	assert_int_equal(started_on(), 1);
	scene.vms[vm].command_age_ms = 1000; /* not read since */
	assert_int_equal(started_on(), NO_HOST);
	scene_silence(&scene, 1, 60000);
	scene.hosts[1].state = HOST_SUSPECT;
	scene.vms[vm].command_age_ms = 90000;
	assert_int_equal(started_on(), NO_HOST);
	assert_true(raises("vm-in-doubt"));
}

static void
a_start_in_doubt_goes_elsewhere_when_its_host_is_proved_off(void **state)
{
	(void)state;
	begin_start_on_h1();
	scene.vms[vm].starting = true;
	scene_power_off(&scene, 1);
	scene.hosts[1].state = HOST_SUSPECT;
	scene.hosts[2].vms_age_ms = 500;
	assert_int_equal(started_on(), 2);
}

static void
a_command_of_an_earlier_life_may_still_arrive_until_its_deadline(void **state)
{
	(void)state;
	begin_start_on_h1();
	scene.hosts[1].state = HOST_REJOINING;
	scene.hosts[1].state_age_ms = 20000;
	scene_restart(&scene, 1);
	scene.snap.uptime_ms = START_DEADLINE_MS - 1;
	assert_false(is_marked_lost());
	scene.snap.uptime_ms = START_DEADLINE_MS;
	assert_true(is_marked_lost());
}

static void
a_failed_start_is_tried_on_another_host(void **state)
{
	(void)state;
	lose();
	scene.vms[vm].owner = 1;
	scene.vms[vm].failed_on = 1;
	scene.vms[vm].start_failures = 1;
	scene.vms[vm].command_age_ms = START_RETRY_MS;
	assert_int_equal(started_on(), 2);
	scene.vms[vm].command_age_ms = START_RETRY_MS - 1;
	assert_int_equal(started_on(), NO_HOST);
}

static void
the_pause_grows_but_never_over_a_minute(void **state)
{
	(void)state;
	lose();
	scene.vms[vm].owner = 1;
	scene.vms[vm].start_failures = 3;
	scene.vms[vm].command_age_ms = 4 * START_RETRY_MS - 1;
	assert_int_equal(started_on(), NO_HOST);
	scene.vms[vm].start_failures = 4000000000u;
	scene.vms[vm].command_age_ms = START_RETRY_MAX_MS - 1;
	assert_int_equal(started_on(), NO_HOST);
	scene.vms[vm].command_age_ms = START_RETRY_MAX_MS;
	assert_int_not_equal(started_on(), NO_HOST);
}

static void
without_a_definition_nothing_can_be_started_and_that_is_said(void **state)
{
	(void)state;
	lose();
	scene.vms[vm].has_definition = false;
	scene.hosts[0].state_age_ms = 60000;
	assert_int_equal(started_on(), NO_HOST);
	assert_true(raises("vm-lost"));
}

/* --- the watchdog lease ----------------------------------------------------
 */

/* Its BMC says nothing, and its lease ended a second ago. */
static struct snap_host *
die_by_lease(void)
{
	struct snap_host *host = &scene.hosts[0];

	scene_silence(&scene, 0, 32000);
	host->datastore = WITNESS_SILENT;
	host->lease_armed = true;
	host->lease_left_ms = -1000;
	scene.hosts[1].vms_age_ms = scene.hosts[2].vms_age_ms = 500;
	return host;
}

static void
a_lease_that_ended_has_its_vms_started_also_when_it_is_dead_already(
	void **state)
{
	(void)state;
	die_by_lease()->state = HOST_SUSPECT;
	assert_int_equal(started_on(), 1);
	scene.hosts[0].state = HOST_DEAD;
	lose();
	assert_int_equal(started_on(), 1);
	scene.hosts[0].lease_left_ms = AGE_NEVER; /* no witness any more */
	assert_int_equal(started_on(), NO_HOST);
}

static void
until_its_lease_ended_a_vm_may_have_left_it(void **state)
{
	(void)state;
	die_by_lease();
	scene.hosts[2].vms_age_ms = 1001;
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[2].vms_age_ms = 1000;
	assert_int_equal(started_on(), 1);
}

static void
a_start_under_way_to_a_host_that_may_have_been_reset_is_waited_for(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	scene.vms[vm].starting = true;
	assert_true(is_marked_lost());
	die_by_lease();
	assert_false(is_marked_lost());
	scene.vms[vm].starting = false;
	assert_true(is_marked_lost());
}

static void
what_its_bmc_says_to_be_on_after_its_lease_is_an_alarm(void **state)
{
	(void)state;
	die_by_lease();
	assert_false(raises("watchdog-lease"));
	scene.hosts[0].power = POWER_ON;
	assert_true(raises("watchdog-lease"));
	assert_int_equal(started_on(), NO_HOST);
}

/* --- what was chosen ------------------------------------------------------ */

static void
a_vm_without_ha_is_not_touched(void **state)
{
	(void)state;
	scene.vms[vm].policy.ha = false;
	assert_false(is_marked_lost());
	assert_int_equal(started_on(), NO_HOST);
	scene.vms[vm].phase = VM_LOST; /* it had HA a moment ago */
	assert_int_equal(started_on(), NO_HOST);
}

static void
while_ha_is_disarmed_nothing_is_started(void **state)
{
	(void)state;
	scene.clusters[0].disarmed = true;
	assert_false(is_marked_lost());
	lose();
	assert_int_equal(started_on(), NO_HOST);
	scene.clusters[0].disarmed = false;
	assert_int_equal(started_on(), 1);
}

static void
a_start_in_doubt_is_not_repeated_while_ha_is_disarmed(void **state)
{
	(void)state;
	scene_init(&scene, 3);
	vm = scene_add_vm(&scene, 0);
	scene.vms[vm].phase = VM_STARTING;
	scene.vms[vm].command_age_ms = 5000;
	scene_unsee(&scene, vm, 0);
	assert_int_equal(started_on(), 0);
	scene.clusters[0].disarmed = true;
	assert_int_equal(started_on(), NO_HOST);
}

static void
a_vm_that_waits_for_its_host_starts_there_only(void **state)
{
	(void)state;
	scene.vms[vm].policy.host_fail = HOST_FAIL_WAIT;
	scene.hosts[0].state_age_ms = 60000;
	assert_true(is_marked_lost());
	assert_int_equal(started_on(), NO_HOST);
	assert_true(raises("vm-waits"));
	assert_false(raises("vm-lost"));
	lose();
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[0] = scene.hosts[2];
	snprintf(scene.hosts[0].name, REPORT_NAME_LEN, "h0");
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_CRASHED);
	assert_int_equal(started_on(), 0);
	scene.hosts[0].memory_kib = 0;
	assert_int_equal(started_on(), NO_HOST);
}

static void
what_waits_for_its_host_may_leave_it_for_another_reason(void **state)
{
	(void)state;
	scene_init(&scene, 3);
	vm = scene_add_vm(&scene, 0);
	lose();
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_CRASHED);
	snprintf(scene.hosts[0].storage_trouble, REPORT_TEXT_LEN, "ds1 lost");
	scene.vms[vm].policy.host_fail = HOST_FAIL_WAIT;
	assert_int_equal(started_on(), NO_HOST);
	scene.vms[vm].policy.store_fail = STORE_FAIL_RECOVER;
	assert_int_equal(started_on(), 1);
	scene.hosts[0].state_age_ms = RETURN_HOME_MS - 1; /* back just now */
	assert_int_equal(started_on(), NO_HOST);
}

static void
a_host_in_maintenance_or_set_aside_takes_no_vm(void **state)
{
	(void)state;
	lose();
	scene.hosts[1].maintenance = true;
	assert_int_equal(started_on(), 2);
	scene.hosts[2].set_aside = true;
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[1].maintenance = false;
	assert_int_equal(started_on(), 1);
}

static void
a_start_in_doubt_leaves_a_host_that_takes_no_vm_any_more(void **state)
{
	(void)state;
	scene_init(&scene, 3);
	vm = scene_add_vm(&scene, 0);
	scene.vms[vm].phase = VM_STARTING;
	scene.vms[vm].command_age_ms = 5000;
	scene_unsee(&scene, vm, 0);
	scene.hosts[0].maintenance = true;
	assert_true(is_marked_lost());
	assert_int_equal(started_on(), 1);
	/* Of a command of an earlier life nobody knows that it has ended. */
	scene.vms[vm].command_age_ms = AGE_NEVER;
	scene.snap.uptime_ms = START_DEADLINE_MS - 1;
	assert_int_equal(started_on(), NO_HOST);
}

static void
it_is_tried_for_ever_and_at_once_where_room_appears(void **state)
{
	(void)state;
	lose();
	scene.vms[vm].start_failures = 1000000;
	scene.vms[vm].command_age_ms = START_RETRY_MAX_MS;
	assert_int_equal(started_on(), 1);
	scene.vms[vm].start_failures = 0;
	scene.vms[vm].command_age_ms = AGE_NEVER;
	scene.hosts[1].memory_kib = scene.hosts[2].memory_kib = 0;
	assert_int_equal(started_on(), NO_HOST);
	scene.hosts[2].memory_kib = 16 << 20;
	assert_int_equal(started_on(), 2);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_proved_off_just_now_has_its_vms_started_in_the_same_breath),
		TEST(the_owner_changes_in_the_record_of_the_start),
		TEST(a_suspect_host_keeps_its_vms),
		TEST(a_dead_host_whose_proof_has_expired_keeps_its_vms),
		TEST(a_dead_host_that_shows_life_keeps_its_vms),
		TEST(a_host_being_fenced_keeps_its_vms),
		TEST(what_its_user_shut_down_is_never_started),
		TEST(where_ha_is_off_nothing_is_started),
		TEST(a_vm_that_another_host_shows_is_not_started),
		TEST(without_a_confirmed_record_every_other_host_is_asked_first),
		TEST(a_host_that_was_never_heard_holds_nothing_up),
		TEST(another_dead_host_counts_as_empty_only_under_a_proof),
		TEST(other_hosts_are_read_after_the_silence_began),
		TEST(one_slow_host_does_not_hold_the_others_up_for_ever),
		TEST(a_vm_shut_down_on_another_host_while_nobody_looked_is_left_to_a_person),
		TEST(a_restart_is_proof_that_its_vms_ended),
		TEST(a_restart_explains_nothing_about_what_came_after_it),
		TEST(vms_wait_a_little_for_their_own_host),
		TEST(then_they_are_started_where_they_were),
		TEST(a_host_that_boots_proves_nothing),
		TEST(a_lost_vm_is_not_started_elsewhere_while_its_host_cannot_be_read),
		TEST(one_command_at_a_time),
		TEST(a_start_in_doubt_is_repeated_on_the_same_host_only),
		TEST(a_start_in_doubt_goes_elsewhere_when_its_host_is_proved_off),
		TEST(a_command_of_an_earlier_life_may_still_arrive_until_its_deadline),
		TEST(a_lease_that_ended_has_its_vms_started_also_when_it_is_dead_already),
		TEST(until_its_lease_ended_a_vm_may_have_left_it),
		TEST(a_start_under_way_to_a_host_that_may_have_been_reset_is_waited_for),
		TEST(what_its_bmc_says_to_be_on_after_its_lease_is_an_alarm),
		TEST(a_failed_start_is_tried_on_another_host),
		TEST(the_pause_grows_but_never_over_a_minute),
		TEST(without_a_definition_nothing_can_be_started_and_that_is_said),
		TEST(a_vm_without_ha_is_not_touched),
		TEST(while_ha_is_disarmed_nothing_is_started),
		TEST(a_start_in_doubt_is_not_repeated_while_ha_is_disarmed),
		TEST(a_vm_that_waits_for_its_host_starts_there_only),
		TEST(what_waits_for_its_host_may_leave_it_for_another_reason),
		TEST(a_host_in_maintenance_or_set_aside_takes_no_vm),
		TEST(a_start_in_doubt_leaves_a_host_that_takes_no_vm_any_more),
		TEST(it_is_tried_for_ever_and_at_once_where_room_appears),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
