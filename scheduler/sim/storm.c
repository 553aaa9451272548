/* SPDX-License-Identifier: Apache-2.0 */
/* ironherd-sim storm: hours of faults, checked against the truth. */
#include "scheduler/sim/storm.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "scheduler/coordinator/serve.h"
#include "scheduler/sim/commands.h"
#include "scheduler/sim/driver.h"
#include "scheduler/sim/plant.h"
#include "scheduler/sim/reply.h"
#include "scheduler/sim/scratch.h"
#include "scheduler/sim/sim_time.h"

enum {
	SETTLE_MS = 60000,
	QUIET_PHASE_MS = 300000,
	STORM_MS = 2400000,
	VERIFY_MS = 600000,
	CARE_MS = 30000
};
#define HOUR_MS INT64_C(3600000)

struct campaign {
	uint64_t seed;
	int64_t hours, rounds; /* rounds counts as many as were asked for */
	uint64_t n_hosts, n_vms;
	enum storm_profile profile;
	bool stop;         /* after the first round with a violation */
	const char *trace; /* of the first round; NULL: none */
	const char *scratch;
	/* what came of it */
	int64_t done_ms;
	uint64_t hash;
	unsigned faults[FAULTS], violations[INVARIANTS], all, bad_rounds;
	struct truth_counts seen;
};

static const char *const profile_names[PROFILES] = { "all", "single", "late" };

/* --- a round -------------------------------------------------------------- */

static void
build(struct world *world, struct trace *trace, const struct campaign *c,
      uint64_t seed)
{
	world_init(world, trace, seed, c->n_hosts, c->n_vms);
	world->heartbeats = true;
	world->n_stores = 1;
	snprintf(world->stores[0], WORLD_NAME_LEN, "s1");
	for (size_t i = 0; i < c->n_hosts; i++) {
		struct host *host = &world->hosts[i];

		snprintf(host->name, sizeof(host->name), "h%02u",
			 (unsigned)i + 1);
		host->on = true;
		host->boot = 1;
		host->cpus = 64;
		host->memory_kib = UINT64_C(1) << 28;
	}
	for (size_t i = 0; i < c->n_vms; i++) {
		struct vm *vm = &world->vms[i];
		size_t host = i % c->n_hosts;

		snprintf(vm->name, sizeof(vm->name), "vm%04u", (unsigned)i);
		vm->memory_kib = UINT64_C(1) << 20;
		vm->vcpus = 1;
		vm->start_ms = 1000 + (int64_t)world_draw(world, 4000);
		vm->migrate_ms = 1000 + (int64_t)world_draw(world, 8000);
		vm->stores = 1;
		vm->movable = true;
		vm->tools = GUEST_AGENT_NONE;
		vm->last = host;
		world->hosts[host].copies[i] =
			(struct copy){ .defined = true,
				       .state = COPY_RUNNING,
				       .reason = VM_REASON_NONE };
	}
}

static void
pass(int64_t ms)
{
	int64_t end_ms = sim_now_ms() + ms;

	while (sim_step(end_ms))
		;
}

/* The product agrees: no host is in trouble, nothing is under way. */
static bool
is_at_rest(struct storm *storm)
{
	const struct coordinator *co = site_coordinator(storm->site);

	for (size_t i = 0; co != NULL && i < co->reg.n_hosts; i++)
		if (co->reg.hosts[i].state != HOST_UP)
			return false;
	for (size_t i = 0; co != NULL && i < co->reg.n_vms; i++)
		if (co->reg.vms[i].phase != VM_SETTLED)
			return false;
	return co != NULL;
}

/* What a person does who comes in the morning: what was fenced gets power, what
 * was set aside is let go. */
static void
care(struct storm *storm)
{
	struct coordinator *co = site_coordinator(storm->site);
	struct api_reply reply;

	for (size_t h = 0; h < storm->world->n_hosts; h++)
		world_power_on(storm->world, h);
	for (size_t i = 0; co != NULL && i < co->reg.n_alarms; i++) {
		const struct plan_alarm *alarm = &co->reg.alarms[i].alarm;

		if (strcmp(alarm->kind, "host-set-aside") == 0)
			operate_release(co, alarm->subject, &reply);
		else if (strcmp(alarm->kind, "vm-poison") == 0)
			operate_vm_set(co, alarm->subject, true, &reply);
	}
}

static void
verify(struct storm *storm)
{
	char why[256];
	int64_t end_ms = sim_now_ms() + VERIFY_MS;

	while (sim_now_ms() < end_ms &&
	       (!is_at_rest(storm) ||
		!truth_is_well(storm->truth, why, sizeof(why)))) {
		pass(CARE_MS);
		care(storm);
	}
	truth_check_well(storm->truth);
	if (!is_at_rest(storm))
		truth_unrest(storm->truth);
}

static int
rage(struct storm *storm)
{
	static const char config[] = "cluster \"c1\" { }\n"
				     "datastore \"s1\" { cluster = \"c1\" }\n";
	struct err err;

	site_configure(storm->site, config);
	if (site_start(storm->site, &err) < 0) {
		fprintf(stderr, "ironherd-sim: %s\n", err.text);
		return -1;
	}
	pass(SETTLE_MS);
	truth_set_quiet(storm->truth, true);
	pass(QUIET_PHASE_MS);
	truth_set_quiet(storm->truth, false);
	storm_begin(storm);
	pass(STORM_MS);
	storm_heal(storm);
	verify(storm);
	truth_set_quiet(storm->truth, true);
	pass(QUIET_PHASE_MS);
	return 0;
}

static void
close_round(struct storm *storm)
{
	storm->world->trace->off = true;
	site_free(storm->site);
	while (sim_step(INT64_MAX))
		;
	driver_use(NULL);
	truth_free(storm->truth);
	world_done(storm->world);
	sim_time_reset();
}

static void
count(struct campaign *c, const struct storm *storm, uint64_t seed)
{
	unsigned violations[INVARIANTS];
	unsigned n = truth_violations(storm->truth, violations);
	struct truth_counts seen = truth_counts(storm->truth);

	for (int i = 0; i < INVARIANTS; i++)
		c->violations[i] += violations[i];
	for (int i = 0; i < FAULTS; i++)
		c->faults[i] += storm->counts[i];
	c->seen.starts += seen.starts;
	c->seen.fences += seen.fences;
	c->seen.moves += seen.moves;
	c->seen.losses += seen.losses;
	c->all += n;
	c->done_ms += sim_now_ms();
	c->hash = c->hash * 31 + storm->world->trace->hash;
	if (n > 0 && c->bad_rounds++ < 20)
		printf("seed %llu: %s\n", (unsigned long long)seed,
		       truth_first(storm->truth));
}

static int
play_round(struct campaign *c, uint64_t seed)
{
	cleanup_fclose FILE *to =
		c->trace != NULL ? fopen(c->trace, "we") : NULL;
	struct trace trace;
	struct world world;

	c->trace = NULL;
	scratch_empty(c->scratch);
	sim_time_reset();
	plant_reset();
	trace_init(&trace, to);
	build(&world, &trace, c, seed);
	driver_use(&world);
	struct storm storm = { .world = &world,
			       .site = site_new(&world, c->scratch),
			       .truth = truth_new(&world),
			       .profile = c->profile };
	trace.fn = truth_hear;
	trace.arg = storm.truth;
	int rc = rage(&storm);
	if (rc == 0)
		count(c, &storm, seed);
	close_round(&storm);
	return rc;
}

/* --- the command ---------------------------------------------------------- */

static void
report(const struct campaign *c)
{
	unsigned faults = 0;

	printf("%.1f cluster-hours of %llu hosts and %llu VMs, profile %s\n",
	       (double)c->done_ms / (double)HOUR_MS,
	       (unsigned long long)c->n_hosts, (unsigned long long)c->n_vms,
	       profile_names[c->profile]);
	for (int i = 0; i < FAULTS; i++) {
		faults += c->faults[i];
		if (c->faults[i] > 0)
			printf("  %8u  %s\n", c->faults[i],
			       storm_fault_name((enum storm_fault)i));
	}
	printf("%u faults; %u VMs lost, %u starts, %u fences, %u moves\n",
	       faults, c->seen.losses, c->seen.starts, c->seen.fences,
	       c->seen.moves);
	for (int i = 0; i < INVARIANTS; i++)
		if (c->violations[i] > 0)
			printf("  %8u  violations of %s\n", c->violations[i],
			       invariant_name((enum invariant)i));
	printf("%u violations in %u rounds; trace hash %016llx\n", c->all,
	       c->bad_rounds, (unsigned long long)c->hash);
}

static bool
take_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	if (num_parse_u64(text, max, ret_number) == 0 && *ret_number > 0)
		return true;
	fprintf(stderr,
		"ironherd-sim storm: \"%s\" is no number from 1 to %llu\n",
		text, (unsigned long long)max);
	return false;
}

static bool
take_profile(const char *text, enum storm_profile *ret_profile)
{
	for (int i = 0; i < PROFILES; i++)
		if (strcmp(text, profile_names[i]) == 0) {
			*ret_profile = (enum storm_profile)i;
			return true;
		}
	fprintf(stderr, "ironherd-sim storm: no profile \"%s\"\n", text);
	return false;
}

static bool
take_bug(const char *name)
{
	if (plant_choose(name))
		return true;
	fprintf(stderr, "ironherd-sim storm: no bug \"%s\"; there are:\n",
		name);
	plant_list(stderr);
	return false;
}

static bool
take_options(struct campaign *c, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "hours", required_argument, NULL, 'h' },
		{ "hosts", required_argument, NULL, 'n' },
		{ "vms", required_argument, NULL, 'v' },
		{ "profile", required_argument, NULL, 'p' },
		{ "trace", required_argument, NULL, 't' },
		{ "plant", required_argument, NULL, 'b' },
		{ "stop", no_argument, NULL, 'x' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t hours = 1;
	bool ok = true;
	int opt;

	while (ok && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (opt) {
		case 's':
			ok = take_number(optarg, INT64_MAX, &c->seed);
			break;
		case 'h':
			ok = take_number(optarg, 10000000, &hours);
			break;
		case 'n':
			ok = take_number(optarg, 64, &c->n_hosts);
			break;
		case 'v':
			ok = take_number(optarg, 2000, &c->n_vms);
			break;
		case 'p':
			ok = take_profile(optarg, &c->profile);
			break;
		case 't':
			c->trace = optarg;
			break;
		case 'x':
			c->stop = true;
			break;
		case 'b':
			ok = take_bug(optarg);
			break;
		default:
			ok = false;
		}
	c->hours = (int64_t)hours;
	return ok;
}

int
sim_storm(int argc, char *argv[])
{
	struct campaign c = { .seed = 1, .n_hosts = 4, .n_vms = 8 };
	int rc = 0;

	if (!take_options(&c, argc, argv))
		return 2;
	cleanup_free char *scratch = scratch_new();
	c.scratch = scratch;
	for (uint64_t seed = c.seed; rc == 0 && c.done_ms < c.hours * HOUR_MS &&
				     (!c.stop || c.all == 0);
	     seed++)
		rc = play_round(&c, seed);
	scratch_remove(scratch);
	if (rc < 0)
		return 2;
	report(&c);
	return c.all > 0;
}
