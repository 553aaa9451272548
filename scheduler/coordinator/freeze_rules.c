/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the configuration, with names as places in the snapshot. */
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/freeze.h"

/* It is of the rule's cluster, or may turn up there. */
static bool
is_of_cluster(const struct registry *reg, const struct reg_vm *vm,
	      size_t cluster)
{
	return vm->owner == NO_HOST ||
	       reg->hosts[vm->owner].conf->cluster == cluster;
}

/* Ascending.  Of two VMs with one name each is meant. */
static size_t
find_vms(const struct registry *reg, size_t cluster, const char *const *names,
	 size_t n_names, size_t **ret_vms)
{
	size_t n = 0, room = 0, *vms = NULL;

	for (size_t i = 0; n_names > 0 && i < reg->n_vms; i++) {
		if (!is_of_cluster(reg, &reg->vms[i], cluster) ||
		    !rule_settings_has(names, n_names, reg->vms[i].name))
			continue;
		if (n == room) {
			room = room ? 2 * room : 8;
			vms = xrealloc(vms, room, sizeof(*vms));
		}
		vms[n++] = i;
	}
	*ret_vms = vms;
	return n;
}

static void
freeze_rule(const struct registry *reg, const struct rule_settings *rule,
	    struct snap_rule *out)
{
	snprintf(out->name, sizeof(out->name), "%s", rule->name);
	out->cluster = rule->cluster;
	out->kind = rule->kind;
	out->force = rule->force;
	out->n_vms =
		find_vms(reg, rule->cluster, rule->vms, rule->n_vms, &out->vms);
	out->n_first = find_vms(reg, rule->cluster, rule->first, rule->n_first,
				&out->first);
	out->hosts = xcalloc(rule->n_hosts, sizeof(*out->hosts));
	if (rule->n_hosts > 0)
		memcpy(out->hosts, rule->hosts,
		       rule->n_hosts * sizeof(*out->hosts));
	out->n_hosts = rule->n_hosts;
	out->delay_ms = rule->delay_ms;
	out->limit_ms = rule->limit_ms;
	out->wait_agent = rule->wait_agent;
}

void
freeze_rules(const struct registry *reg, struct snapshot *snap)
{
	const struct settings *settings = reg->settings;

	snap->n_rules = settings->n_rules;
	snap->rules = xcalloc(snap->n_rules, sizeof(*snap->rules));
	for (size_t i = 0; i < snap->n_rules; i++)
		freeze_rule(reg, &settings->rules[i], &snap->rules[i]);
}

/* --- for the record ------------------------------------------------------- */

static json_t *
vms_to_json(const struct snapshot *snap, const size_t *vms, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list,
				      json_string(snap->vms[vms[i]].uuid));
	return list;
}

static json_t *
rule_to_json(const struct snapshot *snap, const struct snap_rule *rule)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < rule->n_hosts; i++)
		json_array_append_new(
			hosts, json_string(snap->hosts[rule->hosts[i]].name));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:b}",
			 "name", rule->name, "cluster",
			 snap->clusters[rule->cluster].name, "kind",
			 rule_kind_name(rule->kind), "force",
			 rule_force_name(rule->force), "vms",
			 vms_to_json(snap, rule->vms, rule->n_vms), "first",
			 vms_to_json(snap, rule->first, rule->n_first), "hosts",
			 hosts, "delay_ms", (json_int_t)rule->delay_ms,
			 "limit_ms", (json_int_t)rule->limit_ms, "wait_agent",
			 rule->wait_agent);
}

json_t *
rules_to_json(const struct snapshot *snap)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snap->n_rules; i++)
		json_array_append_new(list,
				      rule_to_json(snap, &snap->rules[i]));
	return list;
}
