/* SPDX-License-Identifier: Apache-2.0 */
/* Would the loss of hosts leave room for all? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/admission.h"
#include "scheduler/policy/decide.h"
#include "tests/support/policy_scene.h"

#define MIB(n) ((uint64_t)(n) << 10)

static struct scene scene;
static struct snap_rule rules[2];
static size_t members[2][4], places[2][4];
static char why[REASON_LEN];

/* Three hosts of 8 GiB that have to survive the loss of one. */
static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, SCENE_HOSTS);
	scene.snap.n_hosts = 3;
	for (size_t h = 0; h < SCENE_HOSTS; h++)
		scene.hosts[h].memory_kib = MIB(8192);
	scene.clusters[0].policy.survive_hosts = 1;
	scene.snap.rules = rules;
	scene.snap.n_rules = 0;
	return 0;
}

static size_t
add(size_t host, uint64_t mib)
{
	size_t vm = scene_add_vm(&scene, host);

	scene.vms[vm].memory_kib = MIB(mib);
	return vm;
}

/* Off by its user's will. */
static size_t
add_off(size_t host, uint64_t mib)
{
	size_t vm = add(host, mib);

	scene.vms[vm].intent = INTENT_OFF;
	scene_see(&scene, vm, host, VM_STATE_SHUT_OFF, VM_REASON_SHUTDOWN);
	return vm;
}

static struct snap_rule *
rule(enum rule_kind kind, enum rule_force force, size_t first, size_t second)
{
	size_t i = scene.snap.n_rules++;

	members[i][0] = first;
	members[i][1] = second;
	rules[i] = (struct snap_rule){ .kind = kind,
				       .force = force,
				       .vms = members[i],
				       .n_vms = second != SIZE_MAX ? 2 : 1,
				       .hosts = places[i] };
	snprintf(rules[i].name, sizeof(rules[i].name), "r%zu", i);
	return &rules[i];
}

static struct admission
tried(unsigned hosts)
{
	struct draft draft;

	draft_init(&draft, &scene.snap);
	struct admission result = admission_try(&draft, 0, hosts);
	plan_free(draft.plan);
	draft_done(&draft);
	return result;
}

static bool
refuses(size_t vm, size_t host)
{
	struct draft draft;

	draft_init(&draft, &scene.snap);
	bool refused = admission_refuses(&draft, vm, host, why);
	plan_free(draft.plan);
	draft_done(&draft);
	return refused;
}

/* The text of the alarm, or NULL. */
static const char *
alarm_text(void)
{
	static char text[REASON_LEN];
	struct plan *plan = decide(&scene.snap);
	bool found = false;

	for (size_t i = 0; i < plan->n_alarms; i++) {
		if (strcmp(plan->alarms[i].kind, "admission") != 0)
			continue;
		snprintf(text, sizeof(text), "%s", plan->alarms[i].text);
		found = true;
	}
	plan_free(plan);
	return found ? text : NULL;
}

static void
a_cluster_with_room_survives(void **state)
{
	(void)state;
	(void)add(0, 3500);
	(void)add(0, 3500);
	(void)add(1, 3500);
	(void)add(2, 3500);
	assert_true(tried(1).survives);
	assert_null(alarm_text());
}

static void
free_memory_in_pieces_is_no_room(void **state)
{
	(void)state;
	/* 7 GiB would be free, and none has the five in one. */
	size_t big = add(0, 5000);
	(void)add(1, 4500);
	(void)add(2, 4500);
	struct admission result = tried(1);
	assert_false(result.survives);
	assert_int_equal(result.n_lost, 1);
	assert_int_equal(result.lost[0], 0);
	assert_int_equal(result.vm, big);
	assert_string_equal(alarm_text(), "c1: the loss of h0 would leave no "
					  "place for vm0");
}

static void
the_biggest_is_placed_first(void **state)
{
	(void)state;
	(void)add(0, 2000);
	(void)add(0, 4000);
	scene.vms[add(1, 4100)].policy.ha = false;
	scene.vms[add(2, 6100)].policy.ha = false;
	/* The small one first would take the only room of the big one. */
	assert_true(tried(1).survives);
}

static void
a_start_that_would_take_the_reserve_is_refused(void **state)
{
	(void)state;
	(void)add(0, 3500);
	(void)add(0, 3500);
	(void)add(1, 3500);
	(void)add(2, 3500);
	size_t more = add_off(1, 3500);
	assert_true(refuses(more, 1));
	assert_string_equal(why, "the loss of h0 would leave no place for vm1");
	scene.vms[more].memory_kib = MIB(1000);
	assert_false(refuses(more, 1));
	scene.vms[more].memory_kib = MIB(3500);
	scene.clusters[0].policy.survive_hosts = 0;
	assert_false(refuses(more, 1));
}

static void
an_order_is_judged_wherever_it_would_be_carried_out(void **state)
{
	(void)state;
	(void)add(0, 3500);
	(void)add(0, 3500);
	(void)add(1, 3500);
	(void)add(2, 3500);
	size_t more = add_off(0, 3500);
	assert_true(admission_refuses_order(&scene.snap, more, why));
	assert_non_null(strstr(why, "would leave no place for"));
	scene.vms[more].memory_kib = MIB(9000);
	assert_true(admission_refuses_order(&scene.snap, more, why));
	assert_non_null(strstr(why, "has too little free memory: h0, h1, h2"));
	scene.vms[more].memory_kib = MIB(500);
	assert_false(admission_refuses_order(&scene.snap, more, why));
	/* What runs already cannot be refused. */
	scene.vms[1].memory_kib = MIB(8000);
	assert_false(admission_refuses_order(&scene.snap, 1, why));
	scene.vms[more].memory_kib = MIB(9000);
	scene.clusters[0].policy.survive_hosts = 0;
	assert_false(admission_refuses_order(&scene.snap, more, why));
}

static void
recovery_may_use_the_reserve(void **state)
{
	size_t starts = 0;

	(void)state;
	scene.vms[add(0, 3500)].phase = VM_LOST;
	scene.vms[add(0, 3500)].phase = VM_LOST;
	(void)add(1, 3500);
	(void)add(2, 3500);
	scene.hosts[0].state = HOST_DEAD;
	scene_power_off(&scene, 0);
	struct plan *plan = decide(&scene.snap);
	for (size_t i = 0; i < plan->n_steps; i++)
		starts += plan->steps[i].kind == STEP_START;
	plan_free(plan);
	assert_int_equal(starts, 2);
	/* And that it is used up is said. */
	assert_non_null(alarm_text());
}

static void
rules_count(void **state)
{
	(void)state;
	size_t a = add(0, 1000), b = add(1, 1000);
	assert_true(tried(1).survives);
	rule(RULE_HOSTS, RULE_MUST, a, SIZE_MAX)->n_hosts = 1; /* h0 */
	struct admission result = tried(1);
	assert_false(result.survives);
	assert_int_equal(result.vm, a);
	scene.snap.n_rules = 0;
	rule(RULE_APART, RULE_MUST, a, b);
	assert_true(tried(1).survives); /* on h2 */
	scene.snap.n_hosts = 2;
	assert_false(tried(1).survives);
}

static void
a_preference_does_not(void **state)
{
	(void)state;
	size_t a = add(0, 1000);
	rule(RULE_HOSTS, RULE_SHOULD, a, SIZE_MAX)->n_hosts = 1;
	assert_true(tried(1).survives);
}

static void
two_at_once_are_tried_in_every_pair(void **state)
{
	(void)state;
	scene.snap.n_hosts = 4;
	(void)add(0, 1000);
	size_t other = add(1, 3500);
	scene.vms[other].policy.ha = false;
	(void)add(2, 4000);
	size_t last = add(3, 4000);
	assert_true(tried(1).survives);
	assert_true(tried(2).survives);
	/* Now h2 and h3 are too much, and no other pair is. */
	scene.vms[other].memory_kib = MIB(4500);
	struct admission result = tried(2);
	assert_false(result.survives);
	assert_int_equal(result.n_lost, 2);
	assert_int_equal(result.lost[0], 2);
	assert_int_equal(result.lost[1], 3);
	assert_int_equal(result.vm, last);
}

static void
a_spare_host_may_be_one_of_the_two(void **state)
{
	(void)state;
	(void)add(0, 5000);
	(void)add(1, 5000);
	assert_true(tried(1).survives); /* to the empty h2 */
	struct admission result = tried(2);
	assert_false(result.survives);
}

static void
more_at_once_are_tried_among_the_worst(void **state)
{
	(void)state;
	scene.snap.n_hosts = 5;
	for (size_t h = 0; h < 5; h++)
		(void)add(h, 2000);
	assert_true(tried(3).survives);
	(void)add(3, 6000);
	(void)add(4, 6000);
	assert_false(tried(3).survives);
}

static void
nobody_survives_the_loss_of_all(void **state)
{
	(void)state;
	scene.snap.n_hosts = 1;
	(void)add(0, 100);
	assert_false(tried(1).survives);
}

static void
hosts_that_take_nothing_are_no_reserve(void **state)
{
	(void)state;
	(void)add(0, 5000);
	(void)add(1, 5000);
	assert_true(tried(1).survives);
	scene.hosts[2].maintenance = true;
	assert_false(tried(1).survives);
	scene.hosts[2].maintenance = false;
	scene.hosts[2].state = HOST_SUSPECT;
	assert_false(tried(1).survives);
}

static void
what_ha_would_not_start_elsewhere_needs_no_room(void **state)
{
	(void)state;
	scene.snap.n_hosts = 1;
	size_t vm = add(0, 1000);
	assert_false(tried(1).survives);
	scene.vms[vm].policy.ha = false;
	assert_true(tried(1).survives);
	scene.vms[vm].policy.ha = true;
	scene.vms[vm].policy.host_fail = HOST_FAIL_WAIT;
	assert_true(tried(1).survives);
	scene.vms[vm].policy.host_fail = HOST_FAIL_RECOVER;
	scene.vms[vm].shared_storage = false;
	assert_true(tried(1).survives);
	(void)add_off(0, 1000);
	assert_true(tried(1).survives);
}

static void
trying_changes_nothing(void **state)
{
	struct draft draft;

	(void)state;
	for (size_t h = 0; h < 3; h++)
		(void)add(h, 2000);
	rule(RULE_APART, RULE_MUST, 0, 1);
	draft_init(&draft, &scene.snap);
	for (int i = 0; i < 3; i++)
		assert_true(admission_try(&draft, 0, 1).survives);
	for (size_t h = 0; h < 3; h++) {
		assert_int_equal(draft.used_kib[h], MIB(2000));
		assert_int_equal(draft.states[h], HOST_UP);
		assert_int_equal(draft.vms[h].owner, h);
	}
	plan_free(draft.plan);
	draft_done(&draft);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cluster_with_room_survives),
		TEST(free_memory_in_pieces_is_no_room),
		TEST(the_biggest_is_placed_first),
		TEST(a_start_that_would_take_the_reserve_is_refused),
		TEST(an_order_is_judged_wherever_it_would_be_carried_out),
		TEST(recovery_may_use_the_reserve),
		TEST(rules_count),
		TEST(a_preference_does_not),
		TEST(two_at_once_are_tried_in_every_pair),
		TEST(a_spare_host_may_be_one_of_the_two),
		TEST(more_at_once_are_tried_among_the_worst),
		TEST(nobody_survives_the_loss_of_all),
		TEST(hosts_that_take_nothing_are_no_reserve),
		TEST(what_ha_would_not_start_elsewhere_needs_no_room),
		TEST(trying_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
