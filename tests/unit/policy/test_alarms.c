/* SPDX-License-Identifier: Apache-2.0 */
/* What needs a person is said, and nothing else. */
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
	scene_init(&scene, 4);
	vm = scene_add_vm(&scene, 0);
	return 0;
}

/* All alarms in their order: "host-dead h0, vm-lost vm0", or "". */
static const char *
alarms(void)
{
	static char text[512];
	struct plan *plan = decide(&scene.snap);

	text[0] = '\0';
	for (size_t i = 0; i < plan->n_alarms; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s %s", i > 0 ? ", " : "", plan->alarms[i].kind,
			 plan->alarms[i].subject);
	plan_free(plan);
	return text;
}

static void
when_all_is_well_there_is_none(void **state)
{
	(void)state;
	assert_string_equal(alarms(), "");
}

static void
a_new_host_may_take_a_moment(void **state)
{
	(void)state;
	scene.hosts[1].state = HOST_NEW;
	scene_silence(&scene, 1, 5000);
	scene.snap.uptime_ms = QUIET_MS - 1;
	assert_string_equal(alarms(), "");
	scene.snap.uptime_ms = QUIET_MS;
	assert_string_equal(alarms(), "host-new h1");
}

static void
silence_without_proof_is_said_after_twelve_seconds(void **state)
{
	(void)state;
	scene.hosts[1].state = HOST_SUSPECT;
	scene_silence(&scene, 1, CANNOT_PROVE_AFTER_MS - 1);
	assert_string_equal(alarms(), "");
	scene_silence(&scene, 1, CANNOT_PROVE_AFTER_MS);
	assert_string_equal(alarms(), "host-unproved h1");
}

static void
every_way_to_be_away_has_its_name(void **state)
{
	(void)state;
	scene_kill_agent(&scene, 1);
	assert_string_equal(alarms(), "agent-silent h1");
	scene_init(&scene, 4);
	scene_isolate(&scene, 1);
	assert_string_equal(alarms(), "host-isolated h1");
	scene_init(&scene, 4);
	scene_power_off(&scene, 1);
	assert_string_equal(alarms(), "host-dead h1");
	scene_init(&scene, 4);
	scene.hosts[1].state = HOST_REJOINING;
	scene.hosts[1].vms_age_ms = AGE_NEVER;
	assert_string_equal(alarms(), "host-returning h1");
	scene.hosts[1].state_age_ms = RETURN_PATIENCE_MS - 1;
	assert_string_equal(alarms(), "");
}

static void
a_fence_is_failed_only_after_it_ended(void **state)
{
	(void)state;
	scene.hosts[1].state = HOST_FENCING;
	scene_hang(&scene, 1);
	assert_string_equal(alarms(), "");
	scene.hosts[1].fence_age_ms = 1000;
	assert_string_equal(alarms(), "fence-failed h1");
	scene.hosts[1].fencing = true;
	assert_string_equal(alarms(), "");
}

static void
a_bmc_in_trouble_is_said_before_it_is_needed(void **state)
{
	(void)state;
	strcpy(scene.hosts[1].bmc_trouble, "its BMC does not answer");
	assert_string_equal(alarms(), "bmc-trouble h1");
	scene.hosts[1].bmc_is_foreign = true;
	assert_string_equal(alarms(), "bmc-wrong-host h1");
}

static void
a_lost_datastore_is_said(void **state)
{
	(void)state;
	strcpy(scene.hosts[1].storage_trouble, "datastore ds1 is lost");
	assert_string_equal(alarms(), "datastore h1");
}

static void
two_copies_are_said(void **state)
{
	(void)state;
	scene_see(&scene, vm, 2, VM_STATE_RUNNING, VM_REASON_NONE);
	assert_string_equal(alarms(), "two-copies vm0");
	scene_see(&scene, vm, 2, VM_STATE_PAUSED, VM_REASON_NONE);
	assert_string_equal(alarms(), "");
	scene_see(&scene, vm, 2, VM_STATE_RUNNING, VM_REASON_NONE);
	scene.hosts[2].vms_age_ms = VMS_FRESH_MS;
	assert_string_equal(alarms(), "");
}

static void
a_crashed_vm_is_told_from_one_that_is_off(void **state)
{
	(void)state;
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_CRASHED);
	assert_string_equal(alarms(), ""); /* started again at once */
	scene.sightings[0].event = VM_EVENT_PANICKED;
	assert_string_equal(alarms(), "vm-crashed vm0");
	scene_see(&scene, vm, 0, VM_STATE_CRASHED, VM_REASON_CRASHED);
	assert_string_equal(alarms(), "vm-crashed vm0");
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_UNKNOWN);
	assert_string_equal(alarms(), "vm-off vm0");
	scene.vms[vm].command_age_ms = 500; /* started since it was read */
	assert_string_equal(alarms(), "");
	scene.vms[vm].command_age_ms = AGE_NEVER;
	scene.vms[vm].intent = INTENT_OFF;
	assert_string_equal(alarms(), "");
}

static void
a_vm_that_nobody_can_find_is_said(void **state)
{
	(void)state;
	scene_unsee(&scene, vm, 0);
	scene.vms[vm].owner = NO_HOST;
	assert_string_equal(alarms(), "vm-missing vm0");
	scene.vms[vm].intent = INTENT_OFF;
	assert_string_equal(alarms(), "");
}

static void
a_start_that_nobody_can_confirm_is_said(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_STARTING;
	scene_silence(&scene, 0, 5000);
	scene.hosts[0].state = HOST_SUSPECT;
	scene.vms[vm].command_age_ms = QUIET_MS - 1;
	assert_string_equal(alarms(), "");
	scene.vms[vm].command_age_ms = QUIET_MS;
	assert_string_equal(alarms(), "vm-in-doubt vm0");
}

static void
a_lost_vm_without_room_is_said(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_LOST;
	scene.hosts[0].state = HOST_DEAD;
	scene_power_off(&scene, 0);
	for (size_t h = 1; h < 4; h++)
		scene.hosts[h].memory_kib = 1024;
	assert_string_equal(alarms(), "vm-lost vm0, host-dead h0");
	/* Not in the first seconds: that is the ordinary course. */
	scene.hosts[0].state_age_ms = CANNOT_PROVE_AFTER_MS - 1;
	assert_string_equal(alarms(), "host-dead h0");
}

static void
a_vm_that_does_not_start_is_said_though_it_is_tried_on(void **state)
{
	(void)state;
	scene.vms[vm].phase = VM_LOST;
	scene.vms[vm].failed_on = 1;
	scene.vms[vm].command_age_ms = 1000;
	scene.hosts[0].state = HOST_DEAD;
	scene_power_off(&scene, 0);
	scene.vms[vm].start_failures = START_FAILURES_ALARM - 1;
	assert_string_equal(alarms(), "host-dead h0");
	scene.vms[vm].start_failures = START_FAILURES_ALARM;
	assert_string_equal(alarms(), "host-dead h0, start-fails vm0");
	scene.vms[vm].intent = INTENT_OFF;
	assert_string_equal(alarms(), "host-dead h0");
}

static void
a_reason_longer_than_its_room_is_cut_and_ends(void **state)
{
	(void)state;
	scene.hosts[1].state = HOST_SUSPECT;
	scene_silence(&scene, 1, 60000);
	memset(scene.hosts[1].power_text, 'x', REPORT_TEXT_LEN - 1);
	memset(scene.hosts[1].datastore_witness, 'y', REPORT_NAME_LEN - 1);
	memset(scene.hosts[1].name, 'n', REPORT_NAME_LEN - 1);
	scene.hosts[1].datastore = WITNESS_SILENT;
	struct plan *plan = decide(&scene.snap);
	assert_int_equal(plan->n_alarms, 1);
	assert_true(strlen(plan->alarms[0].text) < REASON_LEN);
	plan_free(plan);
}

static void
a_host_that_is_set_aside_is_told(void **state)
{
	(void)state;
	scene.hosts[2].set_aside = true;
	assert_string_equal(alarms(), "host-set-aside h2");
}

static void
ha_that_stays_disarmed_is_told(void **state)
{
	(void)state;
	scene.clusters[0].disarmed = true;
	scene.clusters[0].switch_age_ms = DISARMED_LONG_MS - 1;
	assert_string_equal(alarms(), "");
	scene.clusters[0].switch_age_ms = DISARMED_LONG_MS;
	assert_string_equal(alarms(), "ha-disarmed c1");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(when_all_is_well_there_is_none),
		TEST(a_new_host_may_take_a_moment),
		TEST(silence_without_proof_is_said_after_twelve_seconds),
		TEST(every_way_to_be_away_has_its_name),
		TEST(a_fence_is_failed_only_after_it_ended),
		TEST(a_bmc_in_trouble_is_said_before_it_is_needed),
		TEST(a_lost_datastore_is_said),
		TEST(two_copies_are_said),
		TEST(a_crashed_vm_is_told_from_one_that_is_off),
		TEST(a_vm_that_nobody_can_find_is_said),
		TEST(a_start_that_nobody_can_confirm_is_said),
		TEST(a_lost_vm_without_room_is_said),
		TEST(a_vm_that_does_not_start_is_said_though_it_is_tried_on),
		TEST(a_reason_longer_than_its_room_is_cut_and_ends),
		TEST(a_host_that_is_set_aside_is_told),
		TEST(ha_that_stays_disarmed_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
