/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that cannot all be kept.  Each contradiction is told at the last of the
 * rules that make it, with the fewest that do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/settings_internal.h"

enum { TEXT_LEN = 512, SMALL_SET = 4 };

/* The rules of one cluster; a set of them is a mask. */
struct rules {
	struct settings *s;
	size_t cluster;
	struct rule_settings *at[RULES_MAX];
	unsigned n;
	uint32_t *forbid;                     /* by host */
	uint32_t told[RULES_MAX * RULES_MAX]; /* sets that were named */
	size_t n_told;
};

/* "a, b and c", in quotes. */
static void
name_rules(const struct rules *rules, uint32_t set, char text[TEXT_LEN])
{
	unsigned left = (unsigned)__builtin_popcount(set);
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < rules->n && len < TEXT_LEN; i++) {
		if ((set & (1u << i)) == 0)
			continue;
		left--;
		len += (size_t)snprintf(text + len, TEXT_LEN - len, "\"%s\"%s",
					rules->at[i]->name,
					left > 1    ? ", "
					: left == 1 ? " and "
						    : "");
	}
}

/* False when it was told already. */
static bool
is_new(struct rules *rules, uint32_t set)
{
	for (size_t i = 0; i < rules->n_told; i++)
		if (rules->told[i] == set)
			return false;
	if (rules->n_told < sizeof(rules->told) / sizeof(rules->told[0]))
		rules->told[rules->n_told++] = set;
	return true;
}

/* `what` is read behind the names of the rules. */
static void
complain(struct rules *rules, uint32_t set, const char *what)
{
	char names[TEXT_LEN];
	unsigned last = 31 - (unsigned)__builtin_clz(set);

	if (!is_new(rules, set))
		return;
	name_rules(rules, set, names);
	config_complain(rules->s->config, rules->at[last]->section, NULL,
			"rule%s %s: %s", (set & (set - 1)) != 0 ? "s" : "",
			names, what);
}

static bool
has_vm(const struct rule_settings *rule, const char *name)
{
	return rule_settings_has(rule->vms, rule->n_vms, name);
}

static bool
is_must(const struct rule_settings *rule, enum rule_kind kind)
{
	return rule->kind == kind &&
	       (rule->force == RULE_MUST || rule->force == RULE_MUST_NOT);
}

/* --- sets of VMs ---------------------------------------------------------- */

/* The first two that are in both; how many there are. */
static size_t
common_vms(const struct rule_settings *a, const struct rule_settings *b,
	   const char *ret_names[2])
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_vms; i++)
		if (has_vm(b, a->vms[i]) && n++ < 2)
			ret_names[n - 1] = a->vms[i];
	return n;
}

static void
check_pair(struct rules *rules, unsigned i, unsigned k)
{
	const struct rule_settings *a = rules->at[i], *b = rules->at[k];
	uint32_t set = 1u << i | 1u << k;
	const char *names[2];
	char what[TEXT_LEN];

	if ((a->kind != RULE_TOGETHER && a->kind != RULE_APART) ||
	    (b->kind != RULE_TOGETHER && b->kind != RULE_APART))
		return;
	size_t n = common_vms(a, b, names);
	if (a->kind == b->kind && n > 0) {
		snprintf(what, sizeof(what),
			 "\"%s\" may be in one rule of kind %s only", names[0],
			 rule_kind_name(a->kind));
		complain(rules, set, what);
	} else if (a->kind != b->kind && n > 1 && is_must(a, a->kind) &&
		   is_must(b, b->kind)) {
		snprintf(what, sizeof(what),
			 "\"%s\" and \"%s\" cannot be together and apart",
			 names[0], names[1]);
		complain(rules, set, what);
	}
}

/* --- hosts ---------------------------------------------------------------- */

/* The rules that forbid each host. */
static void
list_forbidden(struct rules *rules)
{
	const struct settings *s = rules->s;

	rules->forbid = xcalloc(s->n_hosts, sizeof(*rules->forbid));
	for (unsigned i = 0; i < rules->n; i++) {
		const struct rule_settings *rule = rules->at[i];
		size_t next = 0; /* both lists ascend */

		for (size_t h = 0; h < s->n_hosts; h++) {
			bool named =
				next < rule->n_hosts && rule->hosts[next] == h;

			next += named;
			if (is_must(rule, RULE_HOSTS) &&
			    named != (rule->force == RULE_MUST))
				rules->forbid[h] |= 1u << i;
		}
	}
}

/* How many hosts these rules leave; the last of them. */
static size_t
hosts_left(const struct rules *rules, uint32_t set, size_t *ret_last)
{
	size_t n = 0;

	for (size_t h = 0; h < rules->s->n_hosts; h++)
		if (rules->s->hosts[h].cluster == rules->cluster &&
		    (rules->forbid[h] & set) == 0) {
			*ret_last = h;
			n++;
		}
	return n;
}

static bool
leaves_no_host(const struct rules *rules, uint32_t set)
{
	size_t last;

	return hosts_left(rules, set, &last) == 0;
}

/* Of all subsets of up to SMALL_SET rules the first smallest, `set` itself when
 * there is none. */
static uint32_t
smallest(const struct rules *rules, uint32_t set)
{
	for (int size = 1; size <= SMALL_SET; size++)
		for (uint32_t sub = set; sub != 0; sub = (sub - 1) & set)
			if (__builtin_popcount(sub) == size &&
			    leaves_no_host(rules, sub))
				return sub;
	return set;
}

/* Must rules about hosts that hold for the VM. */
static uint32_t
host_rules_of(const struct rules *rules, const char *vm)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < rules->n; i++)
		if (is_must(rules->at[i], RULE_HOSTS) &&
		    has_vm(rules->at[i], vm))
			set |= 1u << i;
	return set;
}

static void
check_hosts_of_vms(struct rules *rules, const struct rule_settings *rule)
{
	char what[TEXT_LEN];

	for (size_t i = 0; i < rule->n_vms; i++) {
		uint32_t set = host_rules_of(rules, rule->vms[i]);

		if (!leaves_no_host(rules, set))
			continue;
		snprintf(what, sizeof(what),
			 "no host of the cluster is left for \"%s\"",
			 rule->vms[i]);
		complain(rules, smallest(rules, set), what);
	}
}

/* What is together needs a host that all its rules allow. */
static void
check_hosts_of_group(struct rules *rules, unsigned index)
{
	const struct rule_settings *group = rules->at[index];
	uint32_t set = 0;

	for (size_t i = 0; i < group->n_vms; i++) {
		uint32_t own = host_rules_of(rules, group->vms[i]);

		if (leaves_no_host(rules, own))
			return; /* is told without the group */
		set |= own;
	}
	if (leaves_no_host(rules, set))
		complain(rules, smallest(rules, set) | 1u << index,
			 "no host of the cluster is left for all that is to be "
			 "together");
}

/* Two that are to be apart, and one host left for both. */
static void
check_hosts_of_apart(struct rules *rules, unsigned index)
{
	const struct rule_settings *apart = rules->at[index];
	const char **taken = xcalloc(rules->s->n_hosts, sizeof(*taken));
	char what[TEXT_LEN];

	for (size_t i = 0; i < apart->n_vms; i++) {
		const char *vm = apart->vms[i];
		uint32_t set = host_rules_of(rules, vm);
		size_t host;

		if (set == 0 || hosts_left(rules, set, &host) != 1)
			continue;
		if (taken[host] == NULL) {
			taken[host] = vm;
			continue;
		}
		snprintf(what, sizeof(what),
			 "only \"%s\" is left for \"%s\" and for \"%s\"",
			 rules->s->hosts[host].name, taken[host], vm);
		complain(rules,
			 set | host_rules_of(rules, taken[host]) | 1u << index,
			 what);
	}
	free(taken);
}

/* --- order ---------------------------------------------------------------- */

/* Something of `rule` waits for something that `before` starts late. */
static bool
waits_for(const struct rule_settings *rule, const struct rule_settings *before)
{
	if (rule->kind != RULE_AFTER || before->kind != RULE_AFTER)
		return false;
	for (size_t i = 0; i < rule->n_first; i++)
		if (has_vm(before, rule->first[i]))
			return true;
	return false;
}

/* The shortest way from a rule over what it waits for back to itself, as a set;
 * 0 when there is none. */
static uint32_t
shortest_circle(const struct rules *rules, unsigned start)
{
	unsigned queue[RULES_MAX], from[RULES_MAX], n = 0;
	uint32_t seen = 0;

	queue[n++] = start;
	for (unsigned at = 0; at < n; at++) {
		for (unsigned k = 0; k < rules->n; k++) {
			if (!waits_for(rules->at[queue[at]], rules->at[k]))
				continue;
			if (k == start) {
				uint32_t set = 1u << start;

				for (unsigned i = queue[at]; i != start;
				     i = from[i])
					set |= 1u << i;
				return set;
			}
			if ((seen & (1u << k)) != 0)
				continue;
			seen |= 1u << k;
			from[k] = queue[at];
			queue[n++] = k;
		}
	}
	return 0;
}

static void
check_order(struct rules *rules, unsigned i)
{
	uint32_t set = shortest_circle(rules, i);

	if (set != 0)
		complain(rules, set,
			 (set & (set - 1)) != 0
				 ? "each waits for the other to start, for ever"
				 : "a VM cannot start after itself");
}

/* --- all of them ---------------------------------------------------------- */

static void
check_cluster(struct rules *rules)
{
	for (unsigned i = 0; i < rules->n; i++) {
		for (unsigned k = 0; k < i; k++)
			check_pair(rules, k, i);
		if (is_must(rules->at[i], RULE_HOSTS))
			check_hosts_of_vms(rules, rules->at[i]);
		check_order(rules, i);
	}
	for (unsigned i = 0; i < rules->n; i++) {
		if (is_must(rules->at[i], RULE_TOGETHER))
			check_hosts_of_group(rules, i);
		if (is_must(rules->at[i], RULE_APART))
			check_hosts_of_apart(rules, i);
	}
}

void
settings_refuse_conflicts(struct settings *s)
{
	struct rules *rules = xcalloc(1, sizeof(*rules));

	for (size_t c = 0; c < s->n_clusters; c++) {
		*rules = (struct rules){ .s = s, .cluster = c };
		for (size_t i = 0; i < s->n_rules; i++)
			if (s->rules[i].cluster == c && rules->n < RULES_MAX)
				rules->at[rules->n++] = &s->rules[i];
		list_forbidden(rules);
		check_cluster(rules);
		free(rules->forbid);
	}
	free(rules);
}
