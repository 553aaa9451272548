/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots and plans as JSON, for the record and for explanations. */
#include "scheduler/coordinator/freeze.h"

static json_t *
age_to_json(int64_t age_ms)
{
	return age_ms == AGE_NEVER ? json_null() : json_integer(age_ms);
}

static const char *
host_name(const struct snapshot *snap, size_t host)
{
	return host == NO_HOST ? NULL : snap->hosts[host].name;
}

static json_t *
seen_to_json(const struct snap_host *host)
{
	static const char *const links[] = { "unknown", "ok", "silent",
					     "no-agent", "refused" };
	static const char *const says[] = { "unknown", "alive", "silent" };

	return json_pack(
		"{s:s, s:I, s:s, s:b, s:s, s:s, s:o, s:s, s:s, s:b, s:b, s:s, "
		"s:s, s:o, s:o, s:s, s:b, s:o, s:o}",
		"link", links[host->link], "silent_ms",
		(json_int_t)host->silent_ms, "boot", host->boot, "stopping",
		host->stopping, "libvirt", says[host->libvirt], "datastore",
		says[host->datastore], "datastore_age_ms",
		age_to_json(host->datastore_age_ms), "datastore_witness",
		host->datastore_witness, "power", power_state_name(host->power),
		"fed", host->fed, "off_proved", host->off_proved, "power_text",
		host->power_text, "word_of", host->word_of, "report_age_ms",
		age_to_json(host->report_age_ms), "vms_age_ms",
		age_to_json(host->vms_age_ms), "report_boot", host->report_boot,
		"lease_armed", host->lease_armed, "lease_left_ms",
		age_to_json(host->lease_left_ms), "lease_renewed_ms",
		age_to_json(host->lease_renewed_ms));
}

static json_t *
host_to_json(const struct snapshot *snap, const struct snap_host *host)
{
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:s, s:i, s:i, s:b, s:b, s:s, s:o, s:o, "
		"s:o, s:b, s:b, s:I, s:I, s:I, s:o}",
		"name", host->name, "cluster",
		snap->clusters[host->cluster].name, "state",
		host_state_name(host->state), "state_age_ms",
		(json_int_t)host->state_age_ms, "trusted_boot",
		host->trusted_boot, "fences_last_hour",
		(int)host->fences_last_hour, "failures_last_hour",
		(int)host->failures_last_hour, "set_aside", host->set_aside,
		"maintenance", host->maintenance, "mass",
		mass_verdict_name(host->mass), "mass_age_ms",
		age_to_json(host->mass_age_ms), "fence_age_ms",
		age_to_json(host->fence_age_ms), "clean_age_ms",
		age_to_json(host->clean_age_ms), "fencing", host->fencing,
		"cleaning", host->cleaning, "memory_kib",
		(json_int_t)host->memory_kib, "cpu_milli",
		(json_int_t)host->cpu_milli, "cpu_used_milli",
		(json_int_t)host->cpu_used_milli, "seen", seen_to_json(host));
}

static json_t *
sightings_to_json(const struct snapshot *snap, size_t vm)
{
	json_t *list = json_array();

	for (size_t h = 0; h < snap->n_hosts; h++) {
		const struct snap_sighting *seen =
			snapshot_sighting(snap, vm, h);

		if (seen != NULL)
			json_array_append_new(
				list,
				json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:I}",
					  "host", snap->hosts[h].name, "state",
					  report_vm_state_name(seen->state),
					  "reason",
					  report_vm_reason_name(seen->reason),
					  "event",
					  report_vm_event_name(seen->event),
					  "event_age_ms",
					  age_to_json(seen->event_age_ms),
					  "liveness",
					  report_liveness_name(seen->liveness),
					  "liveness_age_ms",
					  (json_int_t)seen->liveness_age_ms));
	}
	return list;
}

static json_t *
needs_to_json(const struct snapshot *snap, size_t vm)
{
	json_t *list = json_array();

	for (size_t s = 0; s < snap->n_stores; s++)
		if ((snap->vms[vm].stores >> s & 1) != 0)
			json_array_append_new(list,
					      json_string(
						      snap->stores[s].name));
	return list;
}

static json_t *
paths_to_json(const struct snapshot *snap)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snap->n_paths; i++) {
		const struct snap_path *path = &snap->paths[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:I}", "datastore",
				  snap->stores[path->store].name, "host",
				  snap->hosts[path->host].name, "state",
				  report_datastore_state_name(path->state),
				  "state_age_ms",
				  (json_int_t)path->state_age_ms));
	}
	return list;
}

static json_t *
vm_policy_to_json(const struct vm_policy *policy)
{
	return json_pack("{s:b, s:s, s:s, s:s, s:i, s:I}", "ha", policy->ha,
			 "host_failure", host_fail_name(policy->host_fail),
			 "storage_failure", store_fail_name(policy->store_fail),
			 "vm_failure", vm_fail_name(policy->vm_fail),
			 "priority", (int)policy->priority, "hang_ms",
			 (json_int_t)policy->hang_ms);
}

static json_t *
vm_to_json(const struct snapshot *snap, size_t i)
{
	const struct snap_vm *vm = &snap->vms[i];

	return json_pack(
		"{s:s, s:s, s:s?, s:s, s:s, s:s, s:b, s:b, s:I, s:i, s:b, s:i, "
		"s:s?, s:o, s:i, s:b, s:b, s:o, s:o, s:o, s:i}",
		"uuid", vm->uuid, "name", vm->name, "owner",
		host_name(snap, vm->owner), "intent",
		vm_intent_name(vm->intent), "order", vm_intent_name(vm->order),
		"phase", vm_phase_name(vm->phase), "recovered", vm->recovered,
		"has_definition", vm->has_definition, "memory_kib",
		(json_int_t)vm->memory_kib, "vcpus", (int)vm->vcpus,
		"shared_storage", vm->shared_storage, "start_failures",
		(int)vm->start_failures, "failed_on",
		host_name(snap, vm->failed_on), "command_age_ms",
		age_to_json(vm->command_age_ms), "absences", (int)vm->absences,
		"starting", vm->starting, "stopping", vm->stopping, "policy",
		vm_policy_to_json(&vm->policy), "sightings",
		sightings_to_json(snap, i), "datastores",
		needs_to_json(snap, i), "restarts_1h", (int)vm->restarts_1h);
}

static json_t *
cluster_to_json(const struct snap_cluster *cluster)
{
	const struct cluster_policy *policy = &cluster->policy;

	return json_pack(
		"{s:s, s:b, s:b, s:b, s:o, s:i, s:i, s:I, s:i, s:b, s:b, s:b, "
		"s:I, s:I, s:i, s:i}",
		"name", cluster->name, "ha", cluster->ha, "fence_isolated",
		cluster->fence_isolated, "disarmed", cluster->disarmed,
		"switch_age_ms", age_to_json(cluster->switch_age_ms),
		"guard_percent", (int)policy->guard_pct, "mass_hosts",
		(int)policy->mass_hosts, "mass_window_ms",
		(json_int_t)policy->mass_window_ms, "survive_hosts",
		(int)policy->survive_hosts, "fence_stuck", policy->fence_stuck,
		"set_aside_hosts", policy->set_aside_hosts, "set_aside_vms",
		policy->set_aside_vms, "path_lost_ms",
		(json_int_t)policy->path_lost_ms, "path_delay_ms",
		(json_int_t)policy->path_delay_ms, "starts_per_host",
		(int)policy->starts_per_host, "starts", (int)policy->starts);
}

json_t *
snapshot_to_json(const struct snapshot *snap)
{
	json_t *clusters = json_array(), *hosts = json_array(),
	       *vms = json_array();

	for (size_t i = 0; i < snap->n_clusters; i++)
		json_array_append_new(clusters,
				      cluster_to_json(&snap->clusters[i]));
	for (size_t i = 0; i < snap->n_hosts; i++)
		json_array_append_new(hosts,
				      host_to_json(snap, &snap->hosts[i]));
	for (size_t i = 0; i < snap->n_vms; i++)
		json_array_append_new(vms, vm_to_json(snap, i));
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "number",
			 (json_int_t)snap->number, "now_ms",
			 (json_int_t)snap->now_ms, "uptime_ms",
			 (json_int_t)snap->uptime_ms, "clusters", clusters,
			 "hosts", hosts, "vms", vms, "paths",
			 paths_to_json(snap), "rules", rules_to_json(snap));
}

static json_t *
changes_to_json(const struct snapshot *snap, const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->n_host_changes; i++) {
		const struct plan_host_change *c = &plan->host_changes[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s}", "host",
						snap->hosts[c->host].name, "to",
						host_state_name(c->to),
						"reason", c->reason));
	}
	for (size_t i = 0; i < plan->n_vm_changes; i++) {
		const struct plan_vm_change *c = &plan->vm_changes[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s?, s:s, s:s, s:s}", "vm",
					snap->vms[c->vm].name, "owner",
					host_name(snap, c->owner), "intent",
					vm_intent_name(c->intent), "phase",
					vm_phase_name(c->phase), "reason",
					c->reason));
	}
	return list;
}

json_t *
plan_to_json(const struct snapshot *snap, const struct plan *plan)
{
	json_t *steps = json_array(), *alarms = json_array();

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *s = &plan->steps[i];
		bool has_vm = s->kind != STEP_PROBE && s->kind != STEP_FENCE;

		json_array_append_new(steps,
				      json_pack("{s:s, s:s, s:s?, s:s}", "step",
						step_kind_name(s->kind), "host",
						snap->hosts[s->host].name, "vm",
						has_vm ? snap->vms[s->vm].name
						       : NULL,
						"reason", s->reason));
	}
	for (size_t i = 0; i < plan->n_alarms; i++) {
		const struct plan_alarm *a = &plan->alarms[i];

		json_array_append_new(alarms,
				      json_pack("{s:s, s:s, s:s, s:s}", "kind",
						a->kind, "subject", a->subject,
						"severity",
						severity_name(a->severity),
						"text", a->text));
	}
	return json_pack("{s:o, s:o, s:o}", "changes",
			 changes_to_json(snap, plan), "steps", steps, "alarms",
			 alarms);
}
