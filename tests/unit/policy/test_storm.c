/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storms over the mind: random faults, users and kills, checked against the
 * truth.  STORM_SEEDS=N runs more of them, STORM_SEED=N shows one of them step
 * by step.  Each bug planted below must be found: a storm that sees nothing
 * proves nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/decide.h"
#include "tests/support/policy_world.h"

enum {
	SETTLE_MS = 20000, /* longer than a quiet period */
	STORM_MS = 90000,
	HEAL_MS = 300000,
	DEFAULT_SEEDS = 2000,
	PLANTED_SEEDS = 6000,   /* at most so many until a bug must show */
	QUIET_RUN_MS = 1800000, /* half an hour */
};

static const struct mind honest = { decide, plan_free };

static void
run_storm(struct world *w, uint64_t seed, struct mind mind, unsigned sabotage)
{
	world_init(w, seed, mind);
	w->sabotage = sabotage;
	w->transcript = getenv("STORM_SEED") != NULL ? stderr : NULL;
	world_run(w, SETTLE_MS);
	w->storm = true;
	world_run(w, STORM_MS);
	if (w->violation[0] == '\0')
		world_heal(w, HEAL_MS);
}

static uint64_t
number_from(const char *name, uint64_t preset)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : preset;
}

/* --- the honest mind ------------------------------------------------------ */

static void
no_storm_breaks_an_invariant(void **state)
{
	uint64_t first = number_from("STORM_SEED", 0), failed = 0;
	uint64_t n = getenv("STORM_SEED")
			     ? 1
			     : number_from("STORM_SEEDS", DEFAULT_SEEDS);
	unsigned long faults = 0, starts = 0, fences = 0, moves = 0, kills = 0;
	unsigned long lost = 0, cleans = 0;
	struct world w;

	(void)state;
	for (uint64_t seed = first; seed < first + n; seed++) {
		run_storm(&w, seed, honest, SABOTAGE_NONE);
		faults += w.count.faults;
		starts += w.count.starts;
		fences += w.count.fences;
		cleans += w.count.cleans;
		moves += w.count.moves;
		kills += w.count.kills;
		lost += w.count.lost;
		if (w.violation[0] == '\0')
			continue;
		failed++;
		print_message("STORM_SEED=%llu: %s\n", (unsigned long long)seed,
			      w.violation);
	}
	print_message("%llu storms from seed %llu: %lu faults, %lu VMs lost, "
		      "%lu starts, %lu fences, %lu cleanings, %lu migrations, "
		      "%lu kills\n",
		      (unsigned long long)n, (unsigned long long)first, faults,
		      lost, starts, fences, cleans, moves, kills);
	assert_int_equal(failed, 0);
	/* A storm without wind would pass, too. */
	assert_true(n == 1 || (lost > n && starts > n && fences > n / 10));
}

static void
in_quiet_weather_nothing_is_ever_done(void **state)
{
	struct world w;

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		world_init(&w, seed, honest);
		world_run(&w, QUIET_RUN_MS);
		assert_string_equal(w.violation, "");
		assert_int_equal(w.count.starts, 0);
		assert_int_equal(w.count.fences, 0);
		assert_int_equal(w.count.cleans, 0);
	}
}

static void
the_same_seed_gives_the_same_storm(void **state)
{
	static struct world a, b;

	(void)state;
	for (uint64_t seed = 100; seed < 110; seed++) {
		run_storm(&a, seed, honest, SABOTAGE_NONE);
		run_storm(&b, seed, honest, SABOTAGE_NONE);
		assert_int_equal(a.luck, b.luck);
		assert_int_equal(a.now_ms, b.now_ms);
		assert_memory_equal(&a.count, &b.count, sizeof(a.count));
	}
}

/* --- planted bugs: a mind that sees or wants something else --------------- */

/* A snapshot that may be changed; one at a time. */
static struct snapshot *
copy_snapshot(const struct snapshot *snap)
{
	static struct snap_host hosts[WORLD_HOSTS_MAX];
	static struct snap_vm vms[WORLD_VMS_MAX];
	static struct snap_sighting sightings[WORLD_HOSTS_MAX * WORLD_VMS_MAX];
	static struct snapshot copy;

	copy = *snap;
	memcpy(hosts, snap->hosts, snap->n_hosts * sizeof(*hosts));
	memcpy(vms, snap->vms, snap->n_vms * sizeof(*vms));
	memcpy(sightings, snap->sightings,
	       snap->n_sightings * sizeof(*sightings));
	copy.hosts = hosts;
	copy.vms = vms;
	copy.sightings = sightings;
	return &copy;
}

static struct plan *
takes_unknown_power_for_off(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_hosts; i++)
		if (s->hosts[i].link == LINK_SILENT &&
		    s->hosts[i].power == POWER_UNKNOWN)
			s->hosts[i].off_proved = true;
	return decide(s);
}

static struct plan *
takes_one_off_read_for_proof(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_hosts; i++)
		s->hosts[i].off_proved |= s->hosts[i].power == POWER_OFF;
	return decide(s);
}

static struct plan *
starts_while_the_host_is_only_suspect(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_hosts; i++)
		s->hosts[i].off_proved |= s->hosts[i].silent_ms >= 5000;
	return decide(s);
}

static struct plan *
does_not_care_what_users_want(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_vms; i++)
		if (s->vms[i].intent == INTENT_OFF)
			s->vms[i].intent = INTENT_RUN;
	for (size_t i = 0; i < s->n_sightings; i++)
		s->sightings[i].reason = VM_REASON_UNKNOWN;
	return decide(s);
}

/* What was being started is given up as lost, and goes to another host. */
static struct plan *
starts_elsewhere_what_may_be_starting(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_vms; i++) {
		struct snap_vm *vm = &s->vms[i];

		if (vm->phase != VM_STARTING || vm->starting)
			continue;
		vm->phase = VM_LOST;
		vm->failed_on = vm->owner;
		vm->start_failures = 1;
	}
	return decide(s);
}

static struct plan *
trusts_a_returning_host_at_once(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_hosts; i++) {
		struct snap_host *host = &s->hosts[i];

		if (host->state == HOST_DEAD && host->link == LINK_OK)
			host->state = HOST_NEW;
		memcpy(host->trusted_boot, host->boot, sizeof(host->boot));
	}
	return decide(s);
}

static struct plan *
fences_whose_agent_is_silent(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_hosts; i++) {
		s->hosts[i].libvirt = WITNESS_SILENT;
		s->hosts[i].datastore = WITNESS_SILENT;
	}
	return decide(s);
}

static struct plan *
fences_in_a_mass_silence(const struct snapshot *snap)
{
	struct plan *plan = decide(snap);

	for (size_t i = 0; i < snap->n_hosts; i++) {
		const struct snap_host *host = &snap->hosts[i];

		if (host->state != HOST_SUSPECT || host->silent_ms < 15000 ||
		    host->power != POWER_ON || host->fencing ||
		    host->fences_last_hour > 0)
			continue;
		plan_add_step(plan, STEP_FENCE)->host = i;
		plan_add_host_change(plan)->host = i;
		plan->host_changes[plan->n_host_changes - 1].to = HOST_FENCING;
	}
	return plan;
}

static struct plan *
takes_any_reading_for_new(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_hosts; i++)
		if (s->hosts[i].vms_age_ms != AGE_NEVER)
			s->hosts[i].vms_age_ms = 0;
	return decide(s);
}

static struct plan *
asks_no_other_host_before_a_start(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);
	size_t n = 0;

	for (size_t i = 0; i < s->n_sightings; i++) {
		size_t owner = s->vms[s->sightings[i].vm].owner;

		if (owner == NO_HOST || s->sightings[i].host == owner ||
		    s->hosts[owner].link == LINK_OK)
			s->sightings[n++] = s->sightings[i];
	}
	s->n_sightings = n;
	for (size_t i = 0; i < s->n_vms; i++)
		s->vms[i].seen_there = true;
	return decide(s);
}

static struct plan *
forgets_what_was_lost(const struct snapshot *snap)
{
	struct snapshot *s = copy_snapshot(snap);

	for (size_t i = 0; i < s->n_vms; i++)
		if (s->vms[i].phase == VM_LOST)
			s->vms[i].has_definition = false;
	return decide(s);
}

static const struct planted {
	const char *name;
	struct plan *(*decide)(const struct snapshot *snap);
	unsigned sabotage;    /* or of the coordinator */
	const char *found_by; /* one of these invariants */
	uint64_t from;        /* first seed to try; 0 but for rare ones */
} planted[] = {
	{ "unknown power is taken for off", takes_unknown_power_for_off, 0,
	  "S1 S2", 0 },
	{ "one off read is taken for proof", takes_one_off_read_for_proof, 0,
	  "S1 S2", 0 },
	{ "a VM is started while its host is only suspect",
	  starts_while_the_host_is_only_suspect, 0, "S1 S2", 0 },
	{ "users' wishes are ignored", does_not_care_what_users_want, 0, "S7",
	  0 },
	{ "a VM that may be starting is started elsewhere",
	  starts_elsewhere_what_may_be_starting, 0, "S1 S2", 0 },
	{ "a returning host is trusted at once",
	  trusts_a_returning_host_at_once, 0, "L6 S1 S2", 0 },
	{ "a silent agent is enough to fence", fences_whose_agent_is_silent, 0,
	  "S16", 0 },
	{ "all are fenced when all are silent", fences_in_a_mass_silence, 0,
	  "S10 S11 S16", 0 },
	{ "an old reading passes for a new one", takes_any_reading_for_new, 0,
	  "S1 S2 S7 L6", 0 },
	{ "no other host is asked before a start",
	  asks_no_other_host_before_a_start, 0, "S1 S2 S7", 0 },
	{ "what was lost is forgotten", forgets_what_was_lost, 0, "L6", 0 },
	{ "an off proof lasts for ever", decide, SABOTAGE_OLD_PROOF, "S1 S2",
	  0 },
	{ "commands go out before their record", decide, SABOTAGE_ACT_FIRST,
	  "S1 S2 S12 L6", 0 },
	{ "workers outlive their coordinator", decide, SABOTAGE_ORPHANS,
	  "S1 S2", 0 },
	{ "every record counts as confirmed", decide, SABOTAGE_SEEN_THERE,
	  "S1 S2 S7", 0 },
	{ "cleaning ends whatever runs", decide, SABOTAGE_CLEAN_HARD, "S16",
	  3600 },
};

static bool
is_one_of(const char *violation, const char *invariants)
{
	char name[8] = "";

	(void)sscanf(violation, "%7s", name);
	return name[0] != '\0' && strstr(invariants, name) != NULL;
}

static void
every_planted_bug_is_found(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(planted) / sizeof(*planted); i++) {
		const struct mind mind = { planted[i].decide, plan_free };
		uint64_t seed = planted[i].from;

		do
			run_storm(&w, seed++, mind, planted[i].sabotage);
		while (seed < planted[i].from + PLANTED_SEEDS &&
		       !is_one_of(w.violation, planted[i].found_by));
		print_message("%-50s %llu storms: %s\n", planted[i].name,
			      (unsigned long long)(seed - planted[i].from),
			      w.violation);
		assert_true(is_one_of(w.violation, planted[i].found_by));
	}
}

/* A hung host whose BMC is dead, and a coordinator killed in every fence. */
static const char *
fence_for_an_hour(struct world *w, unsigned sabotage)
{
	uint64_t seed = 0;

	do
		world_init(w, seed++, honest);
	while (w->n_hosts < 4);
	w->sabotage = sabotage;
	world_run(w, SETTLE_MS);
	w->hosts[0].hung = true;
	for (int64_t end_ms = w->now_ms + 3500000;
	     w->now_ms < end_ms && w->violation[0] == '\0';) {
		world_run(w, WORLD_STEP_MS);
		/* It says on until it is asked to do something. */
		w->hosts[0].bmc_cut |= w->co.hosts[0].fencing;
		if (w->co.hosts[0].fencing)
			coordinator_kill(w, WORLD_STEP_MS);
	}
	return w->violation;
}

static void
a_coordinator_killed_in_every_fence_does_not_fence_for_ever(void **state)
{
	struct world w;

	(void)state;
	assert_string_equal(fence_for_an_hour(&w, SABOTAGE_NONE), "");
	assert_int_equal(w.hosts[0].fences, FENCES_PER_HOUR);
	assert_true(
		is_one_of(fence_for_an_hour(&w, SABOTAGE_ENDED_FENCE), "S11"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_quiet_weather_nothing_is_ever_done),
		cmocka_unit_test(the_same_seed_gives_the_same_storm),
		cmocka_unit_test(no_storm_breaks_an_invariant),
		cmocka_unit_test(every_planted_bug_is_found),
		cmocka_unit_test(
			a_coordinator_killed_in_every_fence_does_not_fence_for_ever),
	};

	const struct CMUnitTest one[] = {
		cmocka_unit_test(no_storm_breaks_an_invariant),
	};

	if (getenv("STORM_SEED") != NULL)
		return cmocka_run_group_tests(one, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
