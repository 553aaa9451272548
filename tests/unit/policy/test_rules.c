/* SPDX-License-Identifier: Apache-2.0 */
/* What rules say about places: must forbids, should weighs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/decide.h"
#include "scheduler/policy/placement.h"
#include "tests/support/policy_scene.h"

enum { N_HOSTS = 4, N_RULES = 4, N_MEMBERS = 8 };

static struct scene scene;
static struct snap_rule rules[N_RULES];
static size_t members[N_RULES][N_MEMBERS], places[N_RULES][N_HOSTS];
static size_t a, b, c; /* were on h0, which is dead */
static char why[REASON_LEN];

static void
lose(size_t vm)
{
	scene.vms[vm].phase = VM_LOST;
}

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, N_HOSTS);
	a = scene_add_vm(&scene, 0);
	b = scene_add_vm(&scene, 0);
	c = scene_add_vm(&scene, 0);
	lose(a);
	lose(b);
	lose(c);
	scene.hosts[0].state = HOST_DEAD;
	scene_power_off(&scene, 0);
	scene.snap.rules = rules;
	scene.snap.n_rules = 0;
	return 0;
}

/* VMs and hosts as digits: "013". */
static struct snap_rule *
rule(enum rule_kind kind, enum rule_force force, const char *vms,
     const char *hosts)
{
	size_t i = scene.snap.n_rules++;

	assert_true(i < N_RULES);
	rules[i] = (struct snap_rule){ .kind = kind,
				       .force = force,
				       .vms = members[i],
				       .hosts = places[i] };
	snprintf(rules[i].name, sizeof(rules[i].name), "r%zu", i);
	for (; *vms != '\0'; vms++)
		members[i][rules[i].n_vms++] = (size_t)(*vms - '0');
	for (; *hosts != '\0'; hosts++)
		places[i][rules[i].n_hosts++] = (size_t)(*hosts - '0');
	return &rules[i];
}

static const char *
refused(size_t vm, size_t host)
{
	static char text[REASON_LEN];
	struct draft draft;

	draft_init(&draft, &scene.snap);
	const char *refusal = place_refusal(&draft, vm, host);
	snprintf(text, sizeof(text), "%s", refusal != NULL ? refusal : "");
	plan_free(draft.plan);
	draft_done(&draft);
	return refusal != NULL ? text : NULL;
}

static size_t
placed(size_t vm)
{
	struct draft draft;

	draft_init(&draft, &scene.snap);
	size_t host = place_vm(&draft, vm, why);
	plan_free(draft.plan);
	draft_done(&draft);
	return host;
}

/* Where all of a decision's starts go, by VM. */
static void
decided(size_t on[SCENE_VMS])
{
	struct plan *plan = decide(&scene.snap);

	for (size_t i = 0; i < SCENE_VMS; i++)
		on[i] = NO_HOST;
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START)
			on[plan->steps[i].vm] = plan->steps[i].host;
	plan_free(plan);
}

/* --- VMs and hosts -------------------------------------------------------- */

static void
a_vm_is_started_on_the_hosts_of_its_rule_only(void **state)
{
	(void)state;
	rule(RULE_HOSTS, RULE_MUST, "0", "03");
	assert_string_equal(refused(a, 1), "is no host of rule r0");
	assert_null(refused(a, 3));
	assert_null(refused(b, 1));
	assert_int_equal(placed(a), 3);
	assert_non_null(strstr(why, "h1 is no host of rule r0"));
}

static void
it_waits_rather_than_go_where_it_must_not(void **state)
{
	(void)state;
	rule(RULE_HOSTS, RULE_MUST, "0", "0");
	assert_int_equal(placed(a), NO_HOST);
	assert_non_null(
		strstr(why, "h0 dead; is no host of rule r0: h1, h2, h3"));
}

static void
a_vm_is_kept_off_the_hosts_it_must_not_be_on(void **state)
{
	(void)state;
	rule(RULE_HOSTS, RULE_MUST_NOT, "0", "12");
	assert_string_equal(refused(a, 2), "is kept free of it by rule r0");
	assert_int_equal(placed(a), 3);
}

static void
a_preference_comes_before_room(void **state)
{
	(void)state;
	rule(RULE_HOSTS, RULE_SHOULD, "0", "3");
	(void)scene_add_vm(&scene, 3);
	assert_int_equal(placed(a), 3);
	assert_non_null(strstr(why, "h1 would bend rule r0"));
	rules[0].force = RULE_SHOULD_NOT;
	assert_int_equal(placed(a), 1);
}

static void
a_preference_keeps_no_vm_down(void **state)
{
	(void)state;
	rule(RULE_HOSTS, RULE_SHOULD, "0", "0");
	assert_int_equal(placed(a), 1);
	assert_non_null(strstr(why, "though that bends rule r0"));
}

/* --- apart ---------------------------------------------------------------- */

static void
vms_are_kept_apart_from_what_runs(void **state)
{
	(void)state;
	size_t other = scene_add_vm(&scene, 1);
	rule(RULE_APART, RULE_MUST, "03", "");
	assert_string_equal(refused(a, 1), "has one that rule r0 keeps apart");
	assert_null(refused(b, 1));
	assert_int_equal(placed(a), 2);
	/* Off by its user's will it is in nobody's way. */
	scene.vms[other].intent = INTENT_OFF;
	scene_see(&scene, other, 1, VM_STATE_SHUT_OFF, VM_REASON_SHUTDOWN);
	assert_null(refused(a, 1));
}

static void
vms_are_kept_apart_from_each_other_in_one_plan(void **state)
{
	size_t on[SCENE_VMS];

	(void)state;
	rule(RULE_APART, RULE_MUST, "012", "");
	decided(on);
	assert_true(on[a] != NO_HOST && on[b] != NO_HOST && on[c] != NO_HOST);
	assert_true(on[a] != on[b] && on[b] != on[c] && on[a] != on[c]);
}

static void
the_one_too_many_waits_and_its_neighbours_do_not(void **state)
{
	size_t on[SCENE_VMS];

	(void)state;
	scene.snap.n_hosts = 3;
	rule(RULE_APART, RULE_MUST, "034", "");
	(void)scene_add_vm(&scene, 1);
	(void)scene_add_vm(&scene, 2);
	decided(on);
	assert_int_equal(on[a], NO_HOST);
	assert_true(on[b] != NO_HOST && on[c] != NO_HOST);
}

static void
a_migration_on_its_way_counts_at_both_ends(void **state)
{
	(void)state;
	size_t other = scene_add_vm(&scene, 1);
	scene_see(&scene, other, 2, VM_STATE_PAUSED, VM_REASON_NONE);
	rule(RULE_APART, RULE_MUST, "03", "");
	assert_non_null(refused(a, 1));
	assert_non_null(refused(a, 2));
	assert_int_equal(placed(a), 3);
	/* Its memory is taken at both ends, too. */
	scene.hosts[2].memory_kib = (2 << 20) - 1;
	assert_string_equal(refused(b, 2), "has too little free memory");
}

static void
apart_may_be_a_preference(void **state)
{
	(void)state;
	rule(RULE_APART, RULE_SHOULD, "034", "");
	scene.snap.n_hosts = 3;
	(void)scene_add_vm(&scene, 1);
	size_t other = scene_add_vm(&scene, 2);
	assert_int_equal(placed(a), 1);
	scene.vms[other].memory_kib = 2 << 20;
	scene.vms[other].intent = INTENT_OFF;
	scene_unsee(&scene, other, 2);
	assert_int_equal(placed(a), 2);
}

/* --- together ------------------------------------------------------------- */

static void
a_group_goes_where_one_of_it_runs(void **state)
{
	(void)state;
	(void)scene_add_vm(&scene, 3);
	rule(RULE_TOGETHER, RULE_MUST, "03", "");
	assert_string_equal(refused(a, 1),
			    "is not where the others of rule r0 are");
	assert_int_equal(placed(a), 3);
}

static void
a_group_that_waits_goes_to_one_host(void **state)
{
	size_t on[SCENE_VMS];

	(void)state;
	rule(RULE_TOGETHER, RULE_MUST, "012", "");
	decided(on);
	assert_true(on[a] != NO_HOST);
	assert_true(on[a] == on[b] && on[b] == on[c]);
}

static void
a_group_goes_where_there_is_room_for_all_of_it(void **state)
{
	(void)state;
	rule(RULE_TOGETHER, RULE_MUST, "012", "");
	scene.hosts[1].memory_kib = (3 << 20) - 1;
	scene.hosts[2].memory_kib = 3 << 20;
	scene.hosts[2].cpu_used_milli = 7500;
	scene.hosts[3].memory_kib = 2 << 20;
	assert_string_equal(refused(a, 1),
			    "cannot take all of rule r0 together");
	assert_int_equal(placed(a), 2);
}

static void
a_group_goes_where_each_of_it_may_be(void **state)
{
	(void)state;
	rule(RULE_TOGETHER, RULE_MUST, "012", "");
	rule(RULE_HOSTS, RULE_MUST, "2", "3");
	assert_string_equal(refused(a, 1),
			    "cannot take all of rule r0 together");
	assert_int_equal(placed(a), 3);
}

static void
groups_that_share_a_vm_are_one(void **state)
{
	size_t on[SCENE_VMS];

	(void)state;
	size_t d = scene_add_vm(&scene, 0);
	lose(d);
	rule(RULE_TOGETHER, RULE_MUST, "01", "");
	rule(RULE_TOGETHER, RULE_MUST, "23", "");
	rule(RULE_TOGETHER, RULE_MUST, "12", "");
	decided(on);
	assert_true(on[a] != NO_HOST);
	assert_true(on[a] == on[b] && on[b] == on[c] && on[c] == on[d]);
}

static void
what_a_dead_host_had_holds_no_group_back(void **state)
{
	(void)state;
	scene.vms[b].phase = VM_SETTLED; /* not HA's: never lost */
	rule(RULE_TOGETHER, RULE_MUST, "01", "");
	assert_int_equal(placed(a), 1);
}

static void
together_may_be_a_preference(void **state)
{
	(void)state;
	(void)scene_add_vm(&scene, 3);
	rule(RULE_TOGETHER, RULE_SHOULD, "03", "");
	assert_int_equal(placed(a), 3);
	scene.hosts[3].state = HOST_SUSPECT;
	assert_int_equal(placed(a), 1);
}

static void
a_rule_of_another_cluster_says_nothing(void **state)
{
	(void)state;
	(void)scene_add_vm(&scene, 1);
	rule(RULE_APART, RULE_MUST, "03", "")->cluster = 1;
	assert_null(refused(a, 1));
}

/* --- against a naive look ------------------------------------------------- */

static uint64_t luck;

static size_t
draw(size_t n)
{
	luck = luck * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (size_t)((luck >> 33) % n);
}

static bool
is_shown(size_t vm, size_t host)
{
	for (size_t i = 0; i < scene.snap.n_sightings; i++)
		if (scene.sightings[i].vm == vm &&
		    scene.sightings[i].host == host)
			return vm_state_is_active(scene.sightings[i].state);
	return false;
}

static bool
is_on(const struct draft *draft, size_t vm, size_t host)
{
	const struct draft_vm *d = &draft->vms[vm];
	const struct snap_host *h = &scene.hosts[host];

	if (d->owner == host && d->phase != VM_LOST &&
	    (d->intent == INTENT_RUN || is_shown(vm, host)))
		return true;
	return is_shown(vm, host) && h->state != HOST_DEAD &&
	       h->link == LINK_OK;
}

/* Over all rules that join VMs one after another. */
static void
find_group(size_t vm, bool in[SCENE_VMS])
{
	memset(in, 0, SCENE_VMS * sizeof(*in));
	in[vm] = true;
	for (size_t round = 0; round < N_RULES; round++)
		for (size_t r = 0; r < scene.snap.n_rules; r++) {
			bool joins = false;

			if (rules[r].kind != RULE_TOGETHER)
				continue;
			for (size_t i = 0; i < rules[r].n_vms; i++)
				joins |= in[rules[r].vms[i]];
			for (size_t i = 0; joins && i < rules[r].n_vms; i++)
				in[rules[r].vms[i]] = true;
		}
}

static bool
others_are_elsewhere(const struct draft *draft, const bool in[SCENE_VMS],
		     size_t vm, size_t host)
{
	bool elsewhere = false;

	for (size_t other = 0; other < scene.snap.n_vms; other++)
		for (size_t h = 0; h < N_HOSTS; h++) {
			if (other == vm || !in[other] ||
			    !is_on(draft, other, h))
				continue;
			if (h == host)
				return false;
			elsewhere |= draft->states[h] != HOST_DEAD;
		}
	return elsewhere;
}

static bool
is_legal(const struct draft *draft, size_t vm, size_t host)
{
	bool in[SCENE_VMS];

	for (size_t r = 0; r < scene.snap.n_rules; r++) {
		bool member = false, named = false, with = false;

		for (size_t i = 0; i < rules[r].n_vms; i++) {
			member |= rules[r].vms[i] == vm;
			with |= rules[r].vms[i] != vm &&
				is_on(draft, rules[r].vms[i], host);
		}
		for (size_t i = 0; i < rules[r].n_hosts; i++)
			named |= rules[r].hosts[i] == host;
		if (!member)
			continue;
		if ((rules[r].kind == RULE_APART && with) ||
		    (rules[r].kind == RULE_HOSTS &&
		     named != (rules[r].force == RULE_MUST)))
			return false;
		find_group(vm, in);
		if (rules[r].kind == RULE_TOGETHER &&
		    others_are_elsewhere(draft, in, vm, host))
			return false;
	}
	return true;
}

static void
draw_scene(void)
{
	scene_init(&scene, N_HOSTS);
	scene.snap.rules = rules;
	scene.snap.n_rules = 0;
	for (size_t h = 0; h < N_HOSTS; h++)
		if (draw(4) == 0) {
			scene.hosts[h].state = HOST_DEAD;
			scene_power_off(&scene, h);
		}
	for (size_t vm = 0; vm < 6; vm++) {
		(void)scene_add_vm(&scene, draw(N_HOSTS));
		scene.vms[vm].phase = (enum vm_phase)draw(VM_PHASES);
		scene.vms[vm].intent = (enum vm_intent)draw(3);
		if (draw(3) == 0)
			scene_unsee(&scene, vm, scene.vms[vm].owner);
		if (draw(3) == 0)
			scene_see(&scene, vm, draw(N_HOSTS), VM_STATE_PAUSED,
				  VM_REASON_NONE);
	}
	for (size_t r = 0; r < 1 + draw(N_RULES); r++) {
		static const char *const sets[] = { "01", "123", "25", "0345",
						    "4" };
		static const char *const hosts[] = { "0", "13", "023" };
		enum rule_kind kind = (enum rule_kind)draw(RULE_AFTER);

		rule(kind,
		     kind == RULE_HOSTS && draw(2) ? RULE_MUST_NOT : RULE_MUST,
		     sets[draw(5)], kind == RULE_HOSTS ? hosts[draw(3)] : "");
	}
}

static void
counting_comes_to_the_same_as_a_naive_look(void **state)
{
	size_t legal = 0, illegal = 0;

	(void)state;
	for (luck = 1; luck <= 2000; luck++) {
		uint64_t seed = luck;
		struct draft draft;

		draw_scene();
		draft_init(&draft, &scene.snap);
		for (int i = 0; i < 20; i++) {
			struct draft_vm want = {
				.owner = draw(N_HOSTS + 1),
				.intent = (enum vm_intent)draw(3),
				.phase = (enum vm_phase)draw(VM_PHASES)
			};
			size_t vm = draw(6), host = draw(N_HOSTS);

			if (want.owner == N_HOSTS)
				want.owner = NO_HOST;
			draft_set(&draft, vm, &want);
			vm = draw(6);
			bool is = rule_refusal(&draft, vm, host) == NULL;
			if (is != is_legal(&draft, vm, host))
				fail_msg("seed %llu: vm%zu on h%zu: %s",
					 (unsigned long long)seed, vm, host,
					 is ? "taken for legal" : "refused");
			legal += is;
			illegal += !is;
		}
		plan_free(draft.plan);
		draft_done(&draft);
		luck = seed;
	}
	assert_true(legal > 50 && illegal > 50);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_vm_is_started_on_the_hosts_of_its_rule_only),
		TEST(it_waits_rather_than_go_where_it_must_not),
		TEST(a_vm_is_kept_off_the_hosts_it_must_not_be_on),
		TEST(a_preference_comes_before_room),
		TEST(a_preference_keeps_no_vm_down),
		TEST(vms_are_kept_apart_from_what_runs),
		TEST(vms_are_kept_apart_from_each_other_in_one_plan),
		TEST(the_one_too_many_waits_and_its_neighbours_do_not),
		TEST(a_migration_on_its_way_counts_at_both_ends),
		TEST(apart_may_be_a_preference),
		TEST(a_group_goes_where_one_of_it_runs),
		TEST(a_group_that_waits_goes_to_one_host),
		TEST(a_group_goes_where_there_is_room_for_all_of_it),
		TEST(a_group_goes_where_each_of_it_may_be),
		TEST(groups_that_share_a_vm_are_one),
		TEST(what_a_dead_host_had_holds_no_group_back),
		TEST(together_may_be_a_preference),
		TEST(a_rule_of_another_cluster_says_nothing),
		TEST(counting_comes_to_the_same_as_a_naive_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
