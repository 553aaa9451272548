/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much CPU a decision takes: 64 hosts, 2,000 VMs, 20 rules, the loss of a
 * host to be survived; all well, with 4 hosts just lost, and two to be
 * survived.  Prints JSON; the times are CPU ms of one pass, the best of many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scheduler/policy/decide.h"
#include "scheduler/policy/timeouts.h"

enum { HOSTS = 64, VMS = 2000, LOST = 4, RULES = RULES_MAX, ROUNDS = 20 };

static struct snap_cluster cluster = { .name = "c1", .ha = true };
static struct snap_host hosts[HOSTS];
static struct snap_vm vms[VMS];
static struct snap_sighting sightings[VMS];
static struct snap_rule rules[RULES];
static size_t members[RULES][VMS / RULES], places[HOSTS];

static struct snapshot snap = {
	.number = 1,
	.now_ms = 10000000,
	.uptime_ms = 3600000,
	.clusters = &cluster,
	.n_clusters = 1,
	.hosts = hosts,
	.n_hosts = HOSTS,
	.vms = vms,
	.n_vms = VMS,
	.sightings = sightings,
	.n_sightings = VMS,
	.rules = rules,
	.n_rules = RULES,
};

static void
make_hosts(void)
{
	for (size_t h = 0; h < HOSTS; h++) {
		hosts[h] = (struct snap_host){
			.state = HOST_UP,
			.state_age_ms = 600000,
			.trusted_boot = "boot-1",
			.fence_age_ms = AGE_NEVER,
			.clean_age_ms = AGE_NEVER,
			.link = LINK_OK,
			.silent_ms = 200,
			.boot = "boot-1",
			.can_fence = true,
			.datastore_age_ms = AGE_NEVER,
			.report_age_ms = 1000,
			.vms_age_ms = 1000,
			.report_boot = "boot-1",
			.memory_kib = UINT64_C(256) << 20,
			.cpu_milli = 64000,
		};
		snprintf(hosts[h].name, sizeof(hosts[h].name), "node%02zu", h);
		places[h] = h;
	}
}

/* 2 to 9 GiB, 31 or 32 of them on each host: three quarters full. */
static void
make_vms(void)
{
	for (size_t v = 0; v < VMS; v++) {
		vms[v] = (struct snap_vm){
			.owner = v % HOSTS,
			.intent = INTENT_RUN,
			.has_definition = true,
			.memory_kib = (2 + v * 7 % 8) << 20,
			.vcpus = 2,
			.shared_storage = true,
			.failed_on = NO_HOST,
			.command_age_ms = AGE_NEVER,
			.seen_there = true,
			.record_age_ms = 1800000,
			.policy = cluster.policy.vm,
		};
		snprintf(vms[v].uuid, sizeof(vms[v].uuid), "uuid-%zu", v);
		snprintf(vms[v].name, sizeof(vms[v].name), "vm%zu", v);
		vms[v].policy.priority = PRIORITY_PRESET + v % 3;
		sightings[v] = (struct snap_sighting){
			.vm = v,
			.host = v % HOSTS,
			.state = VM_STATE_RUNNING,
			.reason = VM_REASON_NONE,
			.event_age_ms = AGE_NEVER,
		};
	}
}

/* Of each kind a quarter; a set of VMs that are to be apart or together is
 * that already. */
static void
make_rules(void)
{
	for (size_t r = 0; r < RULES; r++) {
		struct snap_rule *rule = &rules[r];

		*rule = (struct snap_rule){
			.kind = (enum rule_kind)(r % RULE_KINDS),
			.force = RULE_MUST,
			.vms = members[r],
			.hosts = places,
			.n_hosts = HOSTS / 2 + r,
		};
		snprintf(rule->name, sizeof(rule->name), "rule%zu", r);
		size_t step = rule->kind == RULE_TOGETHER ? HOSTS : 1;
		size_t most = rule->kind == RULE_HOSTS ? HOSTS / 2 : 10;
		for (size_t i = 0; i < most; i++)
			members[r][rule->n_vms++] = (r * 3 % HOSTS + i * step);
		if (rule->kind != RULE_AFTER)
			continue;
		rule->first = members[r];
		rule->n_first = rule->n_vms / 2;
		rule->vms += rule->n_first;
		rule->n_vms -= rule->n_first;
	}
}

static void
lose_hosts(void)
{
	for (size_t h = 0; h < LOST; h++) {
		hosts[h].state = HOST_SUSPECT;
		hosts[h].state_age_ms = 500;
		hosts[h].link = LINK_SILENT;
		hosts[h].libvirt = WITNESS_SILENT;
		hosts[h].silent_ms = 2500;
		hosts[h].report_age_ms = hosts[h].vms_age_ms = 3500;
		hosts[h].power = POWER_OFF;
		hosts[h].off_proved = true;
	}
}

static int64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The best of some passes, and what the last of them wanted. */
static double
pass_ms(size_t *ret_starts, size_t *ret_alarms)
{
	int64_t best_us = INT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t begun_us = cpu_us();
		struct plan *plan = decide(&snap);
		int64_t took_us = cpu_us() - begun_us;

		if (took_us < best_us)
			best_us = took_us;
		*ret_starts = *ret_alarms = 0;
		for (size_t k = 0; k < plan->n_steps; k++)
			*ret_starts += plan->steps[k].kind == STEP_START;
		for (size_t k = 0; k < plan->n_alarms; k++)
			*ret_alarms += plan->alarms[k].kind[0] == 'a';
		plan_free(plan);
	}
	return (double)best_us / 1000;
}

int
main(void)
{
	size_t starts, alarms;

	cluster_policy_init(&cluster.policy);
	cluster.policy.survive_hosts = 1;
	make_hosts();
	make_vms();
	make_rules();
	double well = pass_ms(&starts, &alarms);
	if (starts != 0 || alarms != 0) {
		fprintf(stderr,
			"decide_bench: all is well, and yet %zu starts "
			"and %zu alarms\n",
			starts, alarms);
		return EXIT_FAILURE;
	}
	cluster.policy.survive_hosts = 2;
	double pairs = pass_ms(&starts, &alarms);
	cluster.policy.survive_hosts = 1;
	lose_hosts();
	double lost = pass_ms(&starts, &alarms);
	if (starts == 0) {
		fprintf(stderr, "decide_bench: nothing is started\n");
		return EXIT_FAILURE;
	}
	printf("{\"hosts\": %d, \"vms\": %d, \"rules\": %d, "
	       "\"hosts_lost\": %d, \"starts\": %zu,\n"
	       " \"decision_pass_ms\": %.2f, \"quiet_pass_ms\": %.2f, "
	       "\"two_losses_pass_ms\": %.2f}\n",
	       HOSTS, VMS, RULES, LOST, starts, lost, well, pairs);
	return EXIT_SUCCESS;
}
