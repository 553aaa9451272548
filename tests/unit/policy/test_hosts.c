/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a host: every state with every verdict, and fencing. */
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

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, 4);
	return 0;
}

/* What is wanted of host 0: "suspect probe", "fencing* fence" where * says
 * that its boot becomes the trusted one, or "-". */
static const char *
wanted(void)
{
	static char text[128];
	struct plan *plan = decide(&scene.snap);

	text[0] = '\0';
	for (size_t i = 0; i < plan->n_host_changes; i++)
		if (plan->host_changes[i].host == 0)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s%s ",
				 host_state_name(plan->host_changes[i].to),
				 plan->host_changes[i].trust_boot ? "*" : "");
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].host == 0)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s ",
				 step_kind_name(plan->steps[i].kind));
	plan_free(plan);
	if (text[0] == '\0')
		return "-";
	text[strlen(text) - 1] = '\0';
	return text;
}

static bool
raises(const char *kind, const char *subject)
{
	struct plan *plan = decide(&scene.snap);
	bool found = false;

	for (size_t i = 0; i < plan->n_alarms; i++)
		found |= strcmp(plan->alarms[i].kind, kind) == 0 &&
			 strcmp(plan->alarms[i].subject, subject) == 0;
	plan_free(plan);
	return found;
}

/* --- the table of the README ---------------------------------------------- */

enum column {
	ANSWERS,
	RESTARTED,
	UNSURE,
	NO_AGENT,
	ISOLATED,
	HUNG,
	OFF,
	COLUMNS
};

static void
show_unsure(struct scene *s, size_t host)
{
	scene_silence(s, host, 5000);
}

static void
show_answer(struct scene *s, size_t host)
{
	(void)s;
	(void)host;
}

static void
every_state_answers_every_verdict_as_the_table_says(void **state)
{
	static void (*const show[COLUMNS])(struct scene *, size_t) = {
		show_answer,   scene_restart, show_unsure,     scene_kill_agent,
		scene_isolate, scene_hang,    scene_power_off,
	};
	static const char *const table[HOST_STATES][COLUMNS] = {
		[HOST_NEW] = { "up*", "up*", "probe", "probe", "probe", "probe",
			       "dead" },
		[HOST_UP] = { "-", "rejoining", "suspect probe",
			      "no-agent probe", "isolated probe",
			      "suspect probe", "dead" },
		[HOST_SUSPECT] = { "up", "rejoining", "probe", "no-agent probe",
				   "isolated probe", "fencing fence", "dead" },
		[HOST_NO_AGENT] = { "up", "rejoining", "suspect probe", "probe",
				    "isolated probe", "suspect probe", "dead" },
		[HOST_ISOLATED] = { "up", "rejoining", "suspect probe",
				    "no-agent probe", "probe", "suspect probe",
				    "dead" },
		[HOST_FENCING] = { "up", "rejoining", "probe fence", "no-agent",
				   "isolated", "probe fence", "dead" },
		[HOST_DEAD] = { "rejoining", "rejoining", "-", "-", "-", "-",
				"-" },
		[HOST_REJOINING] = { "up*", "up*", "suspect probe",
				     "suspect probe", "suspect probe",
				     "suspect probe", "dead" },
	};

	(void)state;
	for (int from = 0; from < HOST_STATES; from++) {
		for (int column = 0; column < COLUMNS; column++) {
			scene_init(&scene, 4);
			scene.hosts[0].state = (enum host_state)from;
			scene.hosts[0].state_age_ms = 30000;
			show[column](&scene, 0);
			print_message("%-9s column %d\n",
				      host_state_name((enum host_state)from),
				      column);
			assert_string_equal(wanted(), table[from][column]);
		}
	}
}

/* --- too early -------------------------------------------------------------
 */

static void
one_missed_beat_changes_nothing(void **state)
{
	(void)state;
	for (int from = HOST_NEW; from < HOST_REJOINING; from++) {
		scene.hosts[0].state = (enum host_state)from;
		scene_silence(&scene, 0, 1000);
		assert_string_equal(wanted(), "-");
	}
}

static void
nothing_changes_under_a_fence_that_is_under_way(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_FENCING;
	scene.hosts[0].fencing = true;
	assert_string_equal(wanted(), "-");
	scene_hang(&scene, 0);
	assert_string_equal(wanted(), "-");
	scene_power_off(&scene, 0);
	assert_string_equal(wanted(), "-");
}

static void
a_boot_without_a_name_is_never_trusted(void **state)
{
	(void)state;
	scene.hosts[0].boot[0] = scene.hosts[0].report_boot[0] = '\0';
	assert_string_equal(wanted(), "rejoining");
	scene.hosts[0].state = HOST_REJOINING;
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].state = HOST_NEW;
	assert_string_equal(wanted(), "-");
}

/* --- fencing ----------------------------------------------------------------
 */

static void
suspect_and_hung(void)
{
	scene_init(&scene, 4);
	scene.hosts[0].state = HOST_SUSPECT;
	scene.hosts[0].state_age_ms = 18000;
	scene_hang(&scene, 0);
}

static void
a_host_is_fenced_only_after_it_was_suspect_for_long_enough(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.hosts[0].state_age_ms = FENCE_AFTER_MS - SUSPECT_AFTER_MS - 1;
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].state_age_ms++;
	assert_string_equal(wanted(), "fencing fence");
}

static void
one_unanswered_probe_does_not_fence_a_host_without_agent(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_NO_AGENT;
	scene.hosts[0].state_age_ms = 86400000;
	scene_hang(&scene, 0);
	scene.hosts[0].silent_ms = 86400000;
	assert_string_equal(wanted(), "suspect probe");
}

static void
nobody_is_fenced_where_ha_is_off(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.clusters[0].ha = false;
	assert_string_equal(wanted(), "probe");
	assert_true(raises("fence-held", "h0"));
}

static void
nobody_is_fenced_without_a_bmc(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.hosts[0].can_fence = false;
	assert_string_equal(wanted(), "probe");
}

static void
nobody_is_fenced_right_after_the_coordinators_start(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.snap.uptime_ms = QUIET_MS - 1;
	assert_string_equal(wanted(), "probe");
}

static void
nobody_is_fenced_when_half_of_the_cluster_is_silent(void **state)
{
	(void)state;
	suspect_and_hung();
	scene_silence(&scene, 1, 3000);
	assert_string_equal(wanted(), "probe");
	assert_true(raises("fence-held", "h0"));
}

static void
less_than_half_silent_does_not_hold_a_fence(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.hosts[4] = scene.hosts[3];
	scene.snap.n_hosts = 5;
	scene_silence(&scene, 1, 3000);
	assert_string_equal(wanted(), "fencing fence");
}

static void
hosts_that_are_proved_off_are_no_silence(void **state)
{
	(void)state;
	suspect_and_hung();
	scene_power_off(&scene, 1);
	scene.hosts[2].state = HOST_DEAD;
	scene_silence(&scene, 2, 3600000);
	assert_string_equal(wanted(), "fencing fence");
}

static void
of_two_hosts_one_may_be_fenced_but_never_the_only_one(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.snap.n_hosts = 2;
	assert_string_equal(wanted(), "fencing fence");
	scene.snap.n_hosts = 1;
	assert_string_equal(wanted(), "probe");
}

static void
a_host_is_not_fenced_too_often(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.hosts[0].fences_last_hour = FENCES_PER_HOUR;
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].state = HOST_FENCING;
	assert_string_equal(wanted(), "probe");
}

static void
a_failed_fence_is_tried_again_after_a_pause(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.hosts[0].state = HOST_FENCING;
	scene.hosts[0].fence_age_ms = FENCE_RETRY_MS - 1;
	assert_string_equal(wanted(), "probe");
	assert_true(raises("fence-failed", "h0"));
	scene.hosts[0].fence_age_ms++;
	assert_string_equal(wanted(), "probe fence");
}

static void
a_fence_is_not_repeated_before_libvirt_was_asked_again(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.hosts[0].state = HOST_FENCING;
	scene.hosts[0].libvirt = WITNESS_UNKNOWN;
	assert_string_equal(wanted(), "probe");
}

/* --- dead, and back ----------------------------------------------------------
 */

static void
a_dead_host_is_watched_as_long_as_its_vms_wait(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 0);
	scene.vms[vm].phase = VM_LOST;
	scene.vms[vm].has_definition = false;
	scene.hosts[0].state = HOST_DEAD;
	scene_power_off(&scene, 0);
	assert_string_equal(wanted(), "probe");
	scene.vms[vm].intent = INTENT_OFF;
	assert_string_equal(wanted(), "-");
}

static void
a_dead_host_that_gets_power_is_waited_for(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 0);
	scene.vms[vm].phase = VM_LOST;
	scene.hosts[0].state = HOST_DEAD;
	scene_hang(&scene, 0);
	assert_string_equal(wanted(), "rejoining probe");

	scene.hosts[0].state = HOST_REJOINING;
	scene.hosts[0].state_age_ms = 15000; /* silent for longer: it boots */
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].state_age_ms = BOOT_PATIENCE_MS;
	scene.hosts[0].silent_ms = BOOT_PATIENCE_MS + 60000;
	assert_string_equal(wanted(), "suspect probe");
}

static void
a_dead_host_that_answers_is_never_up_at_once(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_DEAD;
	assert_string_equal(wanted(), "rejoining");
	scene_restart(&scene, 0);
	assert_string_equal(wanted(), "rejoining");
}

static void
a_returning_host_is_not_trusted_before_its_vms_were_read(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_REJOINING;
	scene_restart(&scene, 0);
	scene.hosts[0].vms_age_ms = AGE_NEVER;
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].vms_age_ms = 1000;
	strcpy(scene.hosts[0].report_boot, "boot-1");
	assert_string_equal(wanted(), "probe");
}

static void
a_second_copy_on_a_returning_host_is_ended(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 1);
	scene.hosts[0].state = HOST_REJOINING;
	scene_restart(&scene, 0);
	scene_see(&scene, vm, 0, VM_STATE_RUNNING, VM_REASON_NONE);

	struct plan *plan = decide(&scene.snap);
	assert_int_equal(plan->n_host_changes, 0);
	assert_int_equal(plan->steps[0].kind, STEP_CLEAN);
	assert_int_equal(plan->steps[0].host, 0);
	assert_true(plan->steps[0].ends_running);
	plan_free(plan);
}

static void
a_copy_on_a_returning_host_is_left_while_its_owner_cannot_be_asked(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 1);
	scene.hosts[0].state = HOST_REJOINING;
	scene_restart(&scene, 0);
	scene_see(&scene, vm, 0, VM_STATE_RUNNING, VM_REASON_NONE);
	scene.hosts[1].vms_age_ms = 60000;
	assert_string_equal(wanted(), "probe");
	/* Read, but before ours: it may have moved in between. */
	scene.hosts[1].vms_age_ms = 1500;
	assert_string_equal(wanted(), "probe");
}

static void
a_migration_on_its_way_in_is_not_cleaned_away(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 1);
	scene.hosts[0].state = HOST_REJOINING;
	scene_restart(&scene, 0);
	scene_see(&scene, vm, 0, VM_STATE_PAUSED, VM_REASON_NONE);
	assert_string_equal(wanted(), "probe");
}

static void
what_is_off_is_removed_only_as_long_as_it_is_off(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 1);
	scene.vms[vm].recovered = true;
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_UNKNOWN);

	struct plan *plan = decide(&scene.snap);
	assert_int_equal(plan->n_steps, 1);
	assert_int_equal(plan->steps[0].kind, STEP_CLEAN);
	assert_false(plan->steps[0].ends_running);
	plan_free(plan);
}

static void
on_a_host_that_never_left_only_our_own_remains_are_removed(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 1);
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_MIGRATED);
	assert_string_equal(wanted(), "-");
	scene.vms[vm].recovered = true;
	scene_see(&scene, vm, 0, VM_STATE_RUNNING, VM_REASON_NONE);
	assert_string_equal(wanted(), "-");
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_MIGRATED);
	scene_see(&scene, vm, 1, VM_STATE_SHUT_OFF, VM_REASON_CRASHED);
	assert_string_equal(wanted(), "-"); /* maybe the only definition */
}

static void
a_cleaning_that_failed_is_repeated_after_a_pause(void **state)
{
	(void)state;
	size_t vm = scene_add_vm(&scene, 1);
	scene.hosts[0].state = HOST_REJOINING;
	scene_restart(&scene, 0);
	scene_see(&scene, vm, 0, VM_STATE_RUNNING, VM_REASON_NONE);
	scene.hosts[0].cleaning = true;
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].cleaning = false;
	scene.hosts[0].clean_age_ms = 500; /* not read since */
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].clean_age_ms = CLEAN_RETRY_MS - 1;
	assert_string_equal(wanted(), "probe");
	scene.hosts[0].clean_age_ms = CLEAN_RETRY_MS;
	assert_string_equal(wanted(), "clean probe");
}

/* --- HA laid down, hosts worked on, hosts that fail too often ------------- */

static void
nobody_is_fenced_while_ha_is_disarmed_nor_right_after(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.clusters[0].disarmed = true;
	scene.clusters[0].switch_age_ms = 60000;
	assert_string_equal(wanted(), "probe");
	scene.clusters[0].disarmed = false;
	scene.clusters[0].switch_age_ms = QUIET_MS - 1;
	assert_string_equal(wanted(), "probe");
	scene.clusters[0].switch_age_ms = QUIET_MS;
	assert_string_equal(wanted(), "fencing fence");
}

static void
a_fence_under_way_ends_though_ha_is_disarmed(void **state)
{
	(void)state;
	scene.clusters[0].disarmed = true;
	scene.hosts[0].state = HOST_FENCING;
	scene.hosts[0].fencing = true;
	scene_hang(&scene, 0);
	assert_string_equal(wanted(), "-");
	scene.hosts[0].fencing = false;
	scene_power_off(&scene, 0);
	assert_string_equal(wanted(), "dead");
}

static void
a_host_is_not_fenced_when_none_of_its_vms_gains_by_it(void **state)
{
	(void)state;
	suspect_and_hung();
	size_t vm = scene_add_vm(&scene, 0);
	scene.vms[vm].policy.ha = false;
	assert_string_equal(wanted(), "probe");
	scene.vms[vm].policy.ha = true;
	scene.vms[vm].policy.host_fail = HOST_FAIL_WAIT;
	assert_string_equal(wanted(), "probe");
	scene_add_vm(&scene, 0);
	assert_string_equal(wanted(), "fencing fence");
}

static void
an_empty_host_in_maintenance_is_left_to_who_works_on_it(void **state)
{
	(void)state;
	suspect_and_hung();
	scene.hosts[0].maintenance = true;
	assert_string_equal(wanted(), "probe");
	assert_false(raises("host-unproved", "h0"));
	scene_add_vm(&scene, 0);
	assert_string_equal(wanted(), "fencing fence");
}

static const struct plan_host_change *
change_of(struct plan *plan, size_t host)
{
	for (size_t i = 0; i < plan->n_host_changes; i++)
		if (plan->host_changes[i].host == host)
			return &plan->host_changes[i];
	fail_msg("host %zu does not change", host);
	return NULL;
}

static void
the_third_failure_in_an_hour_sets_a_host_aside(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_SUSPECT;
	scene_power_off(&scene, 0);
	for (unsigned n = 0; n < FAILURES_PER_HOUR; n++) {
		scene.hosts[0].failures_last_hour = n;
		struct plan *plan = decide(&scene.snap);
		assert_true(change_of(plan, 0)->failed);
		assert_int_equal(change_of(plan, 0)->set_aside,
				 n + 1 == FAILURES_PER_HOUR);
		plan_free(plan);
	}
	scene.clusters[0].policy.set_aside_hosts = false;
	struct plan *plan = decide(&scene.snap);
	assert_true(change_of(plan, 0)->failed);
	assert_false(change_of(plan, 0)->set_aside);
	plan_free(plan);
}

static void
what_happens_in_maintenance_or_disarmed_is_no_failure(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_SUSPECT;
	scene.hosts[0].failures_last_hour = FAILURES_PER_HOUR;
	scene.hosts[0].maintenance = true;
	scene_power_off(&scene, 0);
	struct plan *plan = decide(&scene.snap);
	assert_false(change_of(plan, 0)->failed);
	assert_false(change_of(plan, 0)->set_aside);
	plan_free(plan);
	scene.hosts[0].maintenance = false;
	scene.clusters[0].disarmed = true;
	plan = decide(&scene.snap);
	assert_false(change_of(plan, 0)->failed);
	plan_free(plan);
}

static void
a_host_first_seen_off_has_not_failed(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_NEW;
	scene_power_off(&scene, 0);
	struct plan *plan = decide(&scene.snap);
	assert_false(change_of(plan, 0)->failed);
	assert_int_equal(change_of(plan, 0)->mass, MASS_NONE);
	plan_free(plan);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_state_answers_every_verdict_as_the_table_says),
		TEST(one_missed_beat_changes_nothing),
		TEST(nothing_changes_under_a_fence_that_is_under_way),
		TEST(a_boot_without_a_name_is_never_trusted),
		TEST(a_host_is_fenced_only_after_it_was_suspect_for_long_enough),
		TEST(one_unanswered_probe_does_not_fence_a_host_without_agent),
		TEST(nobody_is_fenced_where_ha_is_off),
		TEST(nobody_is_fenced_without_a_bmc),
		TEST(nobody_is_fenced_right_after_the_coordinators_start),
		TEST(nobody_is_fenced_when_half_of_the_cluster_is_silent),
		TEST(less_than_half_silent_does_not_hold_a_fence),
		TEST(hosts_that_are_proved_off_are_no_silence),
		TEST(of_two_hosts_one_may_be_fenced_but_never_the_only_one),
		TEST(a_host_is_not_fenced_too_often),
		TEST(a_failed_fence_is_tried_again_after_a_pause),
		TEST(a_fence_is_not_repeated_before_libvirt_was_asked_again),
		TEST(a_dead_host_is_watched_as_long_as_its_vms_wait),
		TEST(a_dead_host_that_gets_power_is_waited_for),
		TEST(a_dead_host_that_answers_is_never_up_at_once),
		TEST(a_returning_host_is_not_trusted_before_its_vms_were_read),
		TEST(a_second_copy_on_a_returning_host_is_ended),
		TEST(a_copy_on_a_returning_host_is_left_while_its_owner_cannot_be_asked),
		TEST(a_migration_on_its_way_in_is_not_cleaned_away),
		TEST(what_is_off_is_removed_only_as_long_as_it_is_off),
		TEST(on_a_host_that_never_left_only_our_own_remains_are_removed),
		TEST(a_cleaning_that_failed_is_repeated_after_a_pause),
		TEST(nobody_is_fenced_while_ha_is_disarmed_nor_right_after),
		TEST(a_fence_under_way_ends_though_ha_is_disarmed),
		TEST(a_host_is_not_fenced_when_none_of_its_vms_gains_by_it),
		TEST(an_empty_host_in_maintenance_is_left_to_who_works_on_it),
		TEST(the_third_failure_in_an_hour_sets_a_host_aside),
		TEST(what_happens_in_maintenance_or_disarmed_is_no_failure),
		TEST(a_host_first_seen_off_has_not_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
