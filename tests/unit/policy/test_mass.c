/* SPDX-License-Identifier: Apache-2.0 */
/* Many hosts at once: which are recovered, and when none is fenced. */
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

/* A VM on each host; of failed hosts one is recovered in two hours. */
static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, 5);
	for (size_t i = 0; i < 5; i++)
		scene_add_vm(&scene, i);
	scene.clusters[0].policy.mass_hosts = 1;
	return 0;
}

static void
fail_host(size_t host)
{
	scene.hosts[host].state = HOST_SUSPECT;
	scene_power_off(&scene, host);
}

/* As the record has it after the host failed so long ago. */
static void
failed(size_t host, enum mass_verdict verdict, int64_t ago_ms)
{
	fail_host(host);
	scene.hosts[host].state = HOST_DEAD;
	scene.hosts[host].state_age_ms = ago_ms;
	scene.hosts[host].mass = verdict;
	scene.hosts[host].mass_age_ms = ago_ms;
}

static void
came_back(size_t host)
{
	struct snap_host *h = &scene.hosts[host];
	const struct snap_host well = scene.hosts[4];
	char name[REPORT_NAME_LEN];

	snprintf(name, sizeof(name), "%s", h->name);
	enum mass_verdict mass = h->mass;
	int64_t age_ms = h->mass_age_ms;
	*h = well;
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->mass = mass;
	h->mass_age_ms = age_ms;
}

static enum mass_verdict
verdict_on(size_t host)
{
	struct plan *plan = decide(&scene.snap);
	enum mass_verdict verdict = MASS_NONE;

	for (size_t i = 0; i < plan->n_host_changes; i++)
		if (plan->host_changes[i].host == host)
			verdict = plan->host_changes[i].mass;
	plan_free(plan);
	return verdict;
}

static size_t
started_on(size_t vm)
{
	struct plan *plan = decide(&scene.snap);
	size_t host = NO_HOST;

	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START &&
		    plan->steps[i].vm == vm)
			host = plan->steps[i].host;
	plan_free(plan);
	return host;
}

static bool
fences(size_t host)
{
	struct plan *plan = decide(&scene.snap);
	bool found = false;

	for (size_t i = 0; i < plan->n_steps; i++)
		found |= plan->steps[i].kind == STEP_FENCE &&
			 plan->steps[i].host == host;
	plan_free(plan);
	return found;
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

/* --- verdicts ------------------------------------------------------------- */

static void
the_first_is_recovered_and_the_next_waits(void **state)
{
	(void)state;
	fail_host(1);
	assert_int_equal(verdict_on(1), MASS_RECOVER);
	assert_int_not_equal(started_on(1), NO_HOST);
	failed(1, MASS_RECOVER, 60000);
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_WAIT);
	assert_int_equal(started_on(2), NO_HOST);
}

static void
of_two_in_one_decision_only_one_is_recovered(void **state)
{
	(void)state;
	fail_host(1);
	fail_host(2);
	assert_int_equal(verdict_on(1), MASS_RECOVER);
	assert_int_equal(verdict_on(2), MASS_WAIT);
}

static void
without_a_limit_all_are_recovered(void **state)
{
	(void)state;
	scene.clusters[0].policy.mass_hosts = 0;
	failed(1, MASS_RECOVER, 60000);
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_RECOVER);
	assert_int_not_equal(started_on(2), NO_HOST);
}

static void
a_failure_counts_until_the_window_is_over(void **state)
{
	(void)state;
	failed(1, MASS_RECOVER, MASS_WINDOW_MS - 1);
	came_back(1);
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_WAIT);
	scene.hosts[1].mass_age_ms = MASS_WINDOW_MS;
	assert_int_equal(verdict_on(2), MASS_RECOVER);
}

static void
a_host_whose_vms_wait_still_keeps_its_place(void **state)
{
	(void)state;
	failed(1, MASS_RECOVER, MASS_WINDOW_MS + 1);
	scene.vms[1].phase = VM_LOST;
	scene.vms[1].has_definition = false; /* so that it goes on waiting */
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_WAIT);
}

static void
a_host_that_fails_twice_counts_once(void **state)
{
	(void)state;
	scene.hosts[1].mass = MASS_RECOVER;
	scene.hosts[1].mass_age_ms = 60000;
	fail_host(1);
	assert_int_equal(verdict_on(1), MASS_RECOVER);
	scene.clusters[0].policy.mass_hosts = 2;
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_RECOVER);
}

static void
one_that_waits_takes_no_place(void **state)
{
	(void)state;
	scene.clusters[0].policy.mass_hosts = 2;
	failed(1, MASS_RECOVER, 60000);
	failed(2, MASS_WAIT, 50000);
	fail_host(3);
	assert_int_equal(verdict_on(3), MASS_RECOVER);
}

static void
a_host_without_vms_takes_no_place(void **state)
{
	(void)state;
	scene.vms[1].owner = 4;
	fail_host(1);
	assert_int_equal(verdict_on(1), MASS_NONE);
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_RECOVER);
}

static void
another_cluster_has_its_own_places(void **state)
{
	(void)state;
	failed(1, MASS_RECOVER, 60000);
	scene.hosts[1].cluster = 1;
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_RECOVER);
}

static void
a_host_that_booted_by_itself_counts_too(void **state)
{
	(void)state;
	scene_restart(&scene, 1);
	assert_int_equal(verdict_on(1), MASS_RECOVER);
	failed(2, MASS_RECOVER, 60000);
	assert_int_equal(verdict_on(1), MASS_WAIT);
}

static void
coming_back_and_going_again_is_one_failure(void **state)
{
	(void)state;
	failed(1, MASS_WAIT, 60000);
	scene.hosts[1].state = HOST_REJOINING;
	assert_int_equal(verdict_on(1), MASS_NONE); /* as recorded */
}

/* --- those that wait ------------------------------------------------------ */

static void
what_waits_starts_on_its_own_host_when_that_is_back(void **state)
{
	(void)state;
	failed(1, MASS_RECOVER, 60000);
	failed(2, MASS_WAIT, 50000);
	scene.vms[2].phase = VM_LOST;
	assert_int_equal(started_on(2), NO_HOST);
	came_back(2);
	scene.hosts[2].state_age_ms = 1000;
	scene_see(&scene, 2, 2, VM_STATE_SHUT_OFF, VM_REASON_CRASHED);
	assert_int_equal(started_on(2), 2);
	snprintf(scene.hosts[2].storage_trouble, REPORT_TEXT_LEN, "ds1 lost");
	assert_int_equal(started_on(2), NO_HOST);
	scene.hosts[2].state_age_ms = RETURN_HOME_MS;
	assert_int_not_equal(started_on(2), NO_HOST);
}

static void
that_vms_wait_is_an_alarm_of_their_host(void **state)
{
	(void)state;
	failed(1, MASS_RECOVER, 60000);
	failed(2, MASS_WAIT, 50000);
	scene.vms[2].phase = VM_LOST;
	assert_true(raises("mass-failure", "h2"));
	assert_true(raises("vm-waits", "vm2"));
	assert_false(raises("mass-failure", "h1"));
}

/* Powered off it could not return by itself, and nothing would be won. */
static void
a_host_beyond_the_limit_is_not_fenced(void **state)
{
	(void)state;
	scene.hosts[2].state = HOST_SUSPECT;
	scene.hosts[2].state_age_ms = 60000;
	scene_hang(&scene, 2);
	assert_true(fences(2));
	failed(1, MASS_RECOVER, 60000);
	assert_false(fences(2));
	assert_true(raises("fence-held", "h2"));
}

static void
one_that_is_being_fenced_counts_before_it_is_dead(void **state)
{
	(void)state;
	scene.hosts[1].state = HOST_FENCING;
	scene_hang(&scene, 1);
	scene.hosts[1].fencing = true;
	scene.hosts[2].state = HOST_SUSPECT;
	scene.hosts[2].state_age_ms = 60000;
	scene_hang(&scene, 2);
	assert_false(fences(2));
	fail_host(2);
	assert_int_equal(verdict_on(2), MASS_RECOVER);
}

static void
of_two_that_are_being_fenced_the_first_goes_on(void **state)
{
	(void)state;
	for (size_t i = 1; i < 3; i++) {
		scene.hosts[i].state = HOST_FENCING;
		scene_hang(&scene, i);
	}
	assert_true(fences(1));
	assert_false(fences(2));
}

/* --- the guard ------------------------------------------------------------ */

static void
hang(size_t host)
{
	scene.hosts[host].state = HOST_SUSPECT;
	scene.hosts[host].state_age_ms = 60000;
	scene_hang(&scene, host);
}

static void
the_guard_holds_from_its_share_of_hosts_on(void **state)
{
	(void)state;
	scene.clusters[0].policy.mass_hosts = 0;
	scene.clusters[0].policy.guard_pct = 40;
	hang(0);
	assert_true(fences(0));
	assert_false(raises("mass-silence", "c1"));
	hang(1); /* two of five */
	assert_false(fences(0));
	assert_true(raises("mass-silence", "c1"));
	scene.clusters[0].policy.guard_pct = 41;
	assert_true(fences(0));
	assert_false(raises("mass-silence", "c1"));
}

static void
the_last_host_of_a_network_that_thaws_is_not_fenced(void **state)
{
	(void)state;
	scene.clusters[0].policy.mass_hosts = 0;
	hang(0);
	for (size_t i = 1; i < 5; i++) /* back a moment ago */
		scene.hosts[i].state_age_ms = FENCE_AFTER_MS - 1;
	assert_false(fences(0));
	assert_true(raises("mass-silence", "c1"));
	for (size_t i = 1; i < 5; i++)
		scene.hosts[i].state_age_ms = FENCE_AFTER_MS;
	assert_true(fences(0));
	scene.hosts[0] = scene.hosts[1]; /* all answer */
	for (size_t i = 0; i < 5; i++)
		scene.hosts[i].state_age_ms = 0;
	assert_false(raises("mass-silence", "c1"));
}

static void
without_a_guard_hosts_are_fenced_however_many_are_silent(void **state)
{
	(void)state;
	scene.clusters[0].policy.mass_hosts = 0;
	scene.clusters[0].policy.guard_pct = 0;
	for (size_t i = 0; i < 5; i++)
		hang(i);
	assert_true(fences(0));
	assert_false(raises("mass-silence", "c1"));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_recovered_and_the_next_waits),
		TEST(of_two_in_one_decision_only_one_is_recovered),
		TEST(without_a_limit_all_are_recovered),
		TEST(a_failure_counts_until_the_window_is_over),
		TEST(a_host_whose_vms_wait_still_keeps_its_place),
		TEST(a_host_that_fails_twice_counts_once),
		TEST(one_that_waits_takes_no_place),
		TEST(a_host_without_vms_takes_no_place),
		TEST(another_cluster_has_its_own_places),
		TEST(a_host_that_booted_by_itself_counts_too),
		TEST(coming_back_and_going_again_is_one_failure),
		TEST(what_waits_starts_on_its_own_host_when_that_is_back),
		TEST(that_vms_wait_is_an_alarm_of_their_host),
		TEST(a_host_beyond_the_limit_is_not_fenced),
		TEST(one_that_is_being_fenced_counts_before_it_is_dead),
		TEST(of_two_that_are_being_fenced_the_first_goes_on),
		TEST(the_guard_holds_from_its_share_of_hosts_on),
		TEST(the_last_host_of_a_network_that_thaws_is_not_fenced),
		TEST(without_a_guard_hosts_are_fenced_however_many_are_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
