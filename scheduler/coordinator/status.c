/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/status: the registry as an operator wants to see it. */
#include <string.h>

#include "common/clock.h"
#include "scheduler/coordinator/notices.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/serve.h"

static json_t *
age_json(int64_t then_ms, int64_t now_ms)
{
	return then_ms == 0 ? json_null() : json_integer(now_ms - then_ms);
}

static const struct report_vm *
find_seen(const struct reg_host *host, const char *uuid)
{
	const struct node_report *report = host->report;

	for (size_t i = 0; report != NULL && i < report->n_vms; i++)
		if (strcmp(report->vms[i].uuid, uuid) == 0)
			return &report->vms[i];
	return NULL;
}

/* --- hosts -------------------------------------------------------------- */

/* Would a fence work, as far as it was tried. */
static void
add_readiness(json_t *out, const struct readiness_state *ready,
	      const struct bmc_health *health, int64_t now_ms)
{
	json_object_update_new(out,
			       json_pack("{s:o, s:s, s:o, s:i}", "fence_ready",
					 ready->known
						 ? json_boolean(ready->ready)
						 : json_null(),
					 "fence_ready_text", ready->text,
					 "fence_checked_age_ms",
					 age_json(ready->checked_ms, now_ms),
					 "cipher_suite", health->cipher_suite));
}

/* The state of an outlet is read for its readiness, too. */
static json_t *
device_to_json(const struct power_device *device, int64_t now_ms)
{
	const struct readiness_state *ready = device->readiness;
	bool newer = ready->known && ready->checked_ms > device->read_ms;
	enum power_state power = !newer ? device->power
				 : ready->power == IPMI_POWER_OFF ? POWER_OFF
				 : ready->power == IPMI_POWER_ON
					 ? POWER_ON
					 : POWER_UNKNOWN;

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s}", "level",
			 device->level, "device", device->name, "kind",
			 device->is_bmc ? "bmc" : "outlet", "power",
			 power_state_name(power), "power_age_ms",
			 age_json(newer ? ready->checked_ms : device->read_ms,
				  now_ms),
			 "power_text", device->text, "ready",
			 ready->known ? json_boolean(ready->ready)
				      : json_null(),
			 "ready_text", ready->text);
}

static json_t *
devices_to_json(const struct coordinator *co, size_t index, int64_t now_ms)
{
	json_t *list = json_array();
	struct power_device device;

	for (size_t i = 0; power_device(co, index, i, &device); i++)
		json_array_append_new(list, device_to_json(&device, now_ms));
	return list;
}

static void
add_bmc(json_t *out, struct coordinator *co, size_t index, int64_t now_ms)
{
	const struct reg_host *host = &co->reg.hosts[index];
	struct bmc *bmc = power_bmc(co, index);
	struct bmc_health health = { .power_age_ms = -1 };
	int64_t age_ms;
	enum power_state power = power_last(co, index, now_ms, &age_ms);
	struct err err;
	bool own = bmc != NULL && power_guard(co, index, &err);

	if (bmc != NULL)
		bmc_get_health(bmc, &health);
	json_object_update_new(
		out,
		json_pack("{s:s, s:o, s:s, s:s?, s:s, s:s?, s:s?}", "power",
			  power_state_name(power), "power_age_ms",
			  age_ms < 0 ? json_null() : json_integer(age_ms),
			  "power_text", host->power_text, "bmc",
			  host->conf->bmc.address, "bmc_state",
			  power_bmc_state(co, index), "restore_policy",
			  own ? host->restore_policy : NULL, "last_power_event",
			  own ? host->power_event : NULL));
	if (bmc != NULL)
		add_readiness(out, power_readiness(co, index), &health, now_ms);
	if (host->conf->n_levels > 0)
		json_object_set_new(out, "fence_levels",
				    devices_to_json(co, index, now_ms));
}

static uint32_t
own_datastore_age(const struct node_report *report)
{
	uint32_t age_ms = REPORT_AGE_NEVER;

	for (size_t i = 0; report != NULL && i < report->n_datastores; i++)
		if (report->datastores[i].age_ms < age_ms)
			age_ms = report->datastores[i].age_ms;
	return age_ms;
}

static void
add_report(json_t *out, const struct registry *reg, size_t index)
{
	const struct reg_host *host = &reg->hosts[index];
	const struct node_report *report = host->report;
	uint32_t ds_age = own_datastore_age(report);
	uint64_t used_kib = 0;
	int n_vms = 0;

	for (size_t i = 0; i < reg->n_vms; i++)
		if (reg->vms[i].owner == index &&
		    reg->vms[i].intent == INTENT_RUN) {
			used_kib += reg->vms[i].memory_kib;
			n_vms++;
		}
	json_object_update_new(
		out,
		json_pack("{s:s, s:s, s:o, s:i, s:i, s:I, s:I, s:i, s:b, s:b, "
			  "s:s}",
			  "health",
			  report_health_name(host->link == LINK_OK
						     ? host->pulse.health
						     : HEALTH_UNKNOWN),
			  "agent_version",
			  report ? report->host.agent_version : "",
			  "datastore_age_ms",
			  ds_age == REPORT_AGE_NEVER ? json_null()
						     : json_integer(ds_age),
			  "cpus", report ? (int)report->capacity.cpus : 0,
			  "cpu_use_pm",
			  report ? (int)report->load.cpu_use_pm : 0,
			  "memory_kib",
			  (json_int_t)(report ? report->capacity.memory_kib
					      : 0),
			  "memory_used_kib", (json_int_t)used_kib, "vms", n_vms,
			  "maintenance", host->maintenance, "set_aside",
			  host->set_aside_ms > clock_mono_ms(), "mass",
			  mass_verdict_name(host->mass)));
}

static json_t *
host_to_json(struct coordinator *co, size_t index, int64_t now_ms)
{
	const struct reg_host *host = &co->reg.hosts[index];
	json_t *out =
		json_pack("{s:s, s:s, s:I, s:s, s:o, s:s, s:s}", "name",
			  host->conf->name, "state",
			  host_state_name(host->state), "since_ms",
			  (json_int_t)host->state_wall_ms, "reason",
			  host->state_reason, "heartbeat_age_ms",
			  age_json(host->heard_ms, now_ms), "agent",
			  host->conf->agent, "link_text", host->link_text);

	add_report(out, &co->reg, index);
	add_bmc(out, co, index, now_ms);
	return out;
}

/* --- VMs ---------------------------------------------------------------- */

/* Never "running" on the word of a host that does not answer. */
static const char *
vm_state(const struct reg_host *host, const struct report_vm *seen)
{
	if (host == NULL || seen == NULL || host->link != LINK_OK)
		return "unknown";
	return report_vm_state_name(seen->state);
}

static json_t *
vm_to_json(const struct registry *reg, const struct reg_vm *vm)
{
	const struct reg_host *host =
		vm->owner == NO_HOST ? NULL : &reg->hosts[vm->owner];
	const struct report_vm *seen =
		host == NULL ? NULL : find_seen(host, vm->uuid);

	return json_pack(
		"{s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:i, s:i, "
		"s:b, s:b, s:s}",
		"name", vm->name, "uuid", vm->uuid, "host",
		host != NULL ? host->conf->name : NULL, "state",
		vm_state(host, seen), "reason",
		seen != NULL ? report_vm_reason_name(seen->reason) : "unknown",
		"intent", vm_intent_name(vm->intent), "order",
		vm_intent_name(vm->order), "phase", vm_phase_name(vm->phase),
		"ha",
		host != NULL && reg->clusters[host->conf->cluster].ha &&
			settings_vm_policy(reg->settings, host->conf->cluster,
					   vm->name)
				->ha,
		"memory_kib", (json_int_t)vm->memory_kib, "vcpus",
		(int)vm->vcpus, "cpu_use_pm",
		seen != NULL ? (int)seen->cpu_use_pm : 0, "shared_storage",
		vm->shared_storage, "has_definition",
		vm->definition_hash[0] != '\0', "note", vm->reason);
}

/* One that no host shows is listed with the first cluster. */
static size_t
cluster_of_vm(const struct registry *reg, const struct reg_vm *vm)
{
	return vm->owner != NO_HOST ? reg->hosts[vm->owner].conf->cluster : 0;
}

static json_t *
cluster_to_json(struct coordinator *co, size_t cluster, int64_t now_ms)
{
	const struct registry *reg = &co->reg;
	json_t *hosts = json_array(), *vms = json_array();

	for (size_t i = 0; i < reg->n_hosts; i++)
		if (reg->hosts[i].conf->cluster == cluster)
			json_array_append_new(hosts,
					      host_to_json(co, i, now_ms));
	for (size_t i = 0; i < reg->n_vms; i++)
		if (cluster_of_vm(reg, &reg->vms[i]) == cluster)
			json_array_append_new(vms,
					      vm_to_json(reg, &reg->vms[i]));
	return json_pack("{s:s, s:b, s:b, s:o, s:o}", "name",
			 co->settings->clusters[cluster].name, "ha",
			 reg->clusters[cluster].ha, "disarmed",
			 reg->clusters[cluster].disarmed, "hosts", hosts, "vms",
			 vms);
}

static json_t *
alarms_to_json(const struct registry *reg)
{
	json_t *list = json_array();

	for (size_t i = 0; i < reg->n_alarms; i++) {
		const struct reg_alarm *a = &reg->alarms[i];

		if (!a->told)
			continue;
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:I, s:s}", "kind",
				  a->alarm.kind, "subject", a->alarm.subject,
				  "severity", severity_name(a->alarm.severity),
				  "since_ms", (json_int_t)a->since_wall_ms,
				  "text", a->alarm.text));
	}
	return list;
}

json_t *
status_to_json(struct coordinator *co)
{
	json_t *clusters = json_array();
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < co->settings->n_clusters; i++)
		json_array_append_new(clusters, cluster_to_json(co, i, now_ms));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:o, s:o}",
			 "site", co->settings->site, "version",
			 IRONHERD_VERSION, "mode", co->ops->name, "started_ms",
			 (json_int_t)co->reg.started_wall_ms, "snapshot",
			 (json_int_t)co->reg.snapshot, "store",
			 store_health(co->store), "clusters", clusters,
			 "alarms", alarms_to_json(&co->reg), "informs",
			 notices_to_json(co));
}
