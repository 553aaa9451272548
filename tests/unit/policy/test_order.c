/* SPDX-License-Identifier: Apache-2.0 */
/* Who is started first, who gets the room, who waits for whom. */
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
static struct snap_rule rules[3];
static size_t firsts[3][2], thens[3][2];
static size_t a, b; /* were on h0, which is dead */
static struct plan *plan;

static void
lose(size_t vm)
{
	scene.vms[vm].phase = VM_LOST;
	scene.vms[vm].record_age_ms = 1000;
}

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, 3);
	a = scene_add_vm(&scene, 0);
	b = scene_add_vm(&scene, 0);
	lose(a);
	lose(b);
	scene.hosts[0].state = HOST_DEAD;
	scene.hosts[0].state_age_ms = 1000;
	scene_power_off(&scene, 0);
	scene.snap.rules = rules;
	scene.snap.n_rules = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	plan_free(plan);
	plan = NULL;
	return 0;
}

static struct snap_rule *
after(size_t first, size_t then)
{
	size_t i = scene.snap.n_rules++;

	firsts[i][0] = first;
	thens[i][0] = then;
	rules[i] = (struct snap_rule){ .kind = RULE_AFTER,
				       .first = firsts[i],
				       .n_first = 1,
				       .vms = thens[i],
				       .n_vms = 1 };
	snprintf(rules[i].name, sizeof(rules[i].name), "r%zu", i);
	return &rules[i];
}

static void
decide_anew(void)
{
	plan_free(plan);
	plan = decide(&scene.snap);
}

/* The place of its start among the steps, SIZE_MAX: it is not started. */
static size_t
turn_of(size_t vm)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START &&
		    plan->steps[i].vm == vm)
			return i;
	return SIZE_MAX;
}

static bool
is_started(size_t vm)
{
	decide_anew();
	return turn_of(vm) != SIZE_MAX;
}

static const char *
alarm_of(const char *kind, size_t vm)
{
	for (size_t i = 0; i < plan->n_alarms; i++)
		if (strcmp(plan->alarms[i].kind, kind) == 0 &&
		    strcmp(plan->alarms[i].subject, scene.vms[vm].name) == 0)
			return plan->alarms[i].text;
	return NULL;
}

/* The rest of the hosts has room for one of them. */
static void
leave_room_for_one(void)
{
	scene.snap.n_hosts = 2;
	scene.hosts[1].memory_kib = 1 << 20;
}

/* --- priority ------------------------------------------------------------- */

static void
higher_priority_is_started_first(void **state)
{
	(void)state;
	scene.vms[b].policy.priority = PRIORITY_PRESET + 1;
	decide_anew();
	assert_true(turn_of(b) < turn_of(a));
	assert_true(turn_of(a) != SIZE_MAX);
}

static void
scarce_room_goes_to_the_higher_priority(void **state)
{
	(void)state;
	leave_room_for_one();
	scene.vms[b].policy.priority = PRIORITY_PRESET + 1;
	assert_true(is_started(b));
	assert_true(turn_of(a) == SIZE_MAX);
}

static void
of_one_priority_the_bigger_comes_first(void **state)
{
	(void)state;
	scene.vms[b].memory_kib = 2 << 20;
	decide_anew();
	assert_true(turn_of(b) < turn_of(a));
}

static void
nobody_comes_between_the_vms_of_a_group(void **state)
{
	(void)state;
	size_t c = scene_add_vm(&scene, 0);
	lose(c);
	after(a, c)->kind = RULE_TOGETHER;
	thens[0][1] = a;
	rules[0].n_vms = 2;
	leave_room_for_one();
	scene.hosts[1].memory_kib = 2 << 20;
	scene.vms[b].memory_kib = 3 << 19;
	assert_true(is_started(a));
	assert_true(turn_of(c) != SIZE_MAX && turn_of(b) == SIZE_MAX);
	/* Also not when one of it runs already. */
	scene.vms[a].phase = VM_SETTLED;
	scene.vms[a].owner = 1;
	assert_true(is_started(c));
	assert_true(turn_of(b) == SIZE_MAX);
}

static void
room_is_kept_for_the_higher_one_between_two_tries(void **state)
{
	(void)state;
	leave_room_for_one();
	scene.vms[b].policy.priority = PRIORITY_PRESET + 1;
	scene.vms[b].start_failures = 1;
	scene.vms[b].command_age_ms = 1000;
	decide_anew();
	assert_true(turn_of(a) == SIZE_MAX && turn_of(b) == SIZE_MAX);
	scene.hosts[0].state_age_ms = CANNOT_PROVE_AFTER_MS;
	decide_anew();
	assert_non_null(strstr(alarm_of("vm-lost", a),
			       "h1 keeps its room for one that comes first"));
	scene.vms[b].command_age_ms = START_RETRY_MS;
	assert_true(is_started(b));
}

static void
but_not_for_ever(void **state)
{
	(void)state;
	leave_room_for_one();
	scene.vms[b].policy.priority = PRIORITY_PRESET + 1;
	scene.vms[b].start_failures = HOLD_FAILURES;
	scene.vms[b].command_age_ms = 1000;
	assert_true(is_started(a));
	scene.vms[b].start_failures = 1;
	assert_false(is_started(a));
	scene.vms[b].record_age_ms = HOLD_ROOM_MS;
	assert_true(is_started(a));
}

static void
one_that_fits_nowhere_blocks_nobody(void **state)
{
	(void)state;
	leave_room_for_one();
	scene.vms[b].policy.priority = PRIORITY_PRESET + 1;
	scene.vms[b].memory_kib = 2 << 20;
	assert_true(is_started(a));
}

static void
one_that_waits_for_its_own_host_keeps_no_room_elsewhere(void **state)
{
	(void)state;
	leave_room_for_one();
	scene.vms[b].policy.priority = PRIORITY_PRESET + 1;
	scene.vms[b].start_failures = 1;
	scene.vms[b].command_age_ms = 1000;
	scene.vms[b].policy.host_fail = HOST_FAIL_WAIT;
	assert_true(is_started(a));
}

static void
a_cluster_starts_so_many_at_a_time(void **state)
{
	(void)state;
	scene.clusters[0].policy.starts = 1;
	scene.vms[b].policy.priority = PRIORITY_PRESET + 1;
	assert_true(is_started(b));
	assert_true(turn_of(a) == SIZE_MAX);
	scene.vms[b].phase = VM_STARTING;
	scene.vms[b].starting = true;
	scene.vms[b].owner = 1;
	assert_false(is_started(a));
}

static void
who_only_waits_for_its_turn_is_no_alarm(void **state)
{
	(void)state;
	scene.clusters[0].policy.starts_per_host = 1;
	scene.hosts[0].state_age_ms = CANNOT_PROVE_AFTER_MS;
	leave_room_for_one();
	scene.hosts[1].memory_kib = 2 << 20;
	assert_true(is_started(a));
	assert_true(turn_of(b) == SIZE_MAX);
	assert_null(alarm_of("vm-lost", b));
}

/* --- one after another ---------------------------------------------------- */

static void
the_second_waits_until_the_first_runs(void **state)
{
	(void)state;
	after(b, a);
	assert_true(is_started(b));
	assert_true(turn_of(a) == SIZE_MAX);
	scene.vms[b].phase = VM_STARTING;
	scene.vms[b].starting = true;
	scene.vms[b].owner = 1;
	assert_false(is_started(a));
	scene.vms[b].phase = VM_SETTLED;
	scene.vms[b].starting = false;
	assert_false(is_started(a));
	scene_see(&scene, b, 1, VM_STATE_RUNNING, VM_REASON_NONE);
	assert_true(is_started(a));
}

static void
the_end_of_its_start_counts_until_its_host_is_read(void **state)
{
	(void)state;
	after(b, a);
	scene.vms[b].phase = VM_SETTLED;
	scene.vms[b].owner = 1;
	scene.vms[b].command_age_ms = 500;
	scene.hosts[1].vms_age_ms = 600;
	assert_true(is_started(a));
	scene.hosts[1].vms_age_ms = 400; /* and it does not run after all */
	assert_false(is_started(a));
}

static void
one_that_runs_elsewhere_holds_nobody_up(void **state)
{
	(void)state;
	size_t c = scene_add_vm(&scene, 1);
	after(c, a);
	assert_true(is_started(a));
}

static void
one_that_is_off_by_intent_holds_nobody_up(void **state)
{
	(void)state;
	after(b, a);
	scene.vms[b].intent = INTENT_OFF;
	assert_true(is_started(a));
	scene.vms[b].intent = INTENT_UNKNOWN; /* that is not off */
	assert_false(is_started(a));
	scene.vms[b].order = INTENT_OFF;
	assert_true(is_started(a));
}

static void
one_on_a_silent_host_is_not_taken_to_run(void **state)
{
	(void)state;
	size_t c = scene_add_vm(&scene, 1);
	after(c, a);
	scene_silence(&scene, 1, 5000);
	assert_false(is_started(a));
}

static void
after_the_limit_it_starts_all_the_same_and_says_so(void **state)
{
	(void)state;
	leave_room_for_one();
	scene.vms[b].memory_kib = 2 << 20;
	after(b, a)->limit_ms = 60000;
	scene.vms[a].record_age_ms = 59999;
	assert_false(is_started(a));
	assert_string_equal(alarm_of("start-order", a),
			    "vm0 waits: vm1, which rule r0 starts before it, "
			    "is lost");
	scene.vms[a].record_age_ms = 60000;
	assert_true(is_started(a));
	assert_non_null(strstr(alarm_of("start-order", a),
			       "vm0 waits no longer, though vm1, which"));
	assert_non_null(strstr(plan->steps[turn_of(a)].reason,
			       "rule r0 starts before it, is lost"));
}

static void
the_limit_counts_from_the_loss_not_from_before(void **state)
{
	(void)state;
	after(b, a)->limit_ms = 60000;
	scene.vms[a].phase = VM_SETTLED; /* lost in this very decision */
	scene.vms[a].record_age_ms = 3600000;
	assert_false(is_started(a));
}

static void
without_a_limit_it_waits_and_a_person_is_told(void **state)
{
	(void)state;
	leave_room_for_one();
	scene.vms[b].memory_kib = 2 << 20;
	after(b, a);
	scene.vms[a].record_age_ms = ORDER_PATIENCE_MS - 1;
	assert_false(is_started(a));
	assert_null(alarm_of("start-order", a));
	scene.vms[a].record_age_ms = AGE_NEVER; /* since before our start */
	assert_false(is_started(a));
	assert_non_null(alarm_of("start-order", a));
}

static void
the_delay_counts_from_when_the_first_runs(void **state)
{
	(void)state;
	size_t c = scene_add_vm(&scene, 1);
	after(c, a)->delay_ms = 20000;
	scene.vms[c].record_age_ms = 19999;
	assert_false(is_started(a));
	scene.vms[c].record_age_ms = 20000;
	assert_true(is_started(a));
}

static void
a_rule_may_ask_for_the_guest_agent(void **state)
{
	(void)state;
	size_t c = scene_add_vm(&scene, 1);
	after(c, a)->wait_agent = true;
	assert_false(is_started(a));
	struct snap_sighting *seen =
		&scene.sightings[scene.snap.n_sightings - 1];
	assert_int_equal(seen->vm, c);
	seen->guest_agent = GUEST_AGENT_DISCONNECTED;
	assert_false(is_started(a));
	seen->guest_agent = GUEST_AGENT_CONNECTED;
	assert_true(is_started(a));
}

static void
what_an_important_one_waits_for_is_important(void **state)
{
	(void)state;
	size_t c = scene_add_vm(&scene, 0);
	lose(c);
	leave_room_for_one();
	scene.vms[b].policy.priority = 500;
	scene.vms[c].policy.priority = 900;
	after(a, c);
	assert_true(is_started(a));
	assert_true(turn_of(b) == SIZE_MAX && turn_of(c) == SIZE_MAX);
}

static void
a_circle_starts_nobody_and_ends(void **state)
{
	(void)state;
	after(a, b);
	after(b, a);
	decide_anew();
	assert_true(turn_of(a) == SIZE_MAX && turn_of(b) == SIZE_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(higher_priority_is_started_first),
		TEST(scarce_room_goes_to_the_higher_priority),
		TEST(of_one_priority_the_bigger_comes_first),
		TEST(nobody_comes_between_the_vms_of_a_group),
		TEST(room_is_kept_for_the_higher_one_between_two_tries),
		TEST(but_not_for_ever),
		TEST(one_that_fits_nowhere_blocks_nobody),
		TEST(one_that_waits_for_its_own_host_keeps_no_room_elsewhere),
		TEST(a_cluster_starts_so_many_at_a_time),
		TEST(who_only_waits_for_its_turn_is_no_alarm),
		TEST(the_second_waits_until_the_first_runs),
		TEST(the_end_of_its_start_counts_until_its_host_is_read),
		TEST(one_that_runs_elsewhere_holds_nobody_up),
		TEST(one_that_is_off_by_intent_holds_nobody_up),
		TEST(one_on_a_silent_host_is_not_taken_to_run),
		TEST(after_the_limit_it_starts_all_the_same_and_says_so),
		TEST(the_limit_counts_from_the_loss_not_from_before),
		TEST(without_a_limit_it_waits_and_a_person_is_told),
		TEST(the_delay_counts_from_when_the_first_runs),
		TEST(a_rule_may_ask_for_the_guest_agent),
		TEST(what_an_important_one_waits_for_is_important),
		TEST(a_circle_starts_nobody_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
