/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/freeze.h"

#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/freeze_paths.h"
#include "scheduler/coordinator/lease_book.h"

#define HOUR_MS             INT64_C(3600000)
#define DAY_MS              (24 * HOUR_MS)
#define WEEK_MS             (7 * DAY_MS)
#define WITNESS_POLL_MAX_MS 4000 /* a report older than that saw nothing */
#define WITNESS_MARGIN_MS   1500 /* a slot written after the silence began */

static int64_t
silent_ms(const struct reg_host *host, int64_t now_ms)
{
	if (host->heard_ms != 0)
		return now_ms - host->heard_ms;
	return host->asked_ms != 0 ? now_ms - host->asked_ms : 0;
}

/* A witness whose own datastore works, or whose reading is worthless. */
static bool
datastore_works(const struct node_report *report, uint32_t index)
{
	for (size_t i = 0; i < report->n_datastores; i++)
		if (report->datastores[i].index == index)
			return report->datastores[i].state == DATASTORE_OK ||
			       report->datastores[i].state == DATASTORE_SLOW;
	return false;
}

static void
hear_witness(const struct reg_host *witness, const char *uuid, int64_t now_ms,
	     struct snap_host *out)
{
	const struct node_report *report = witness->report;
	int64_t poll_age_ms = now_ms - witness->report_ms;

	for (size_t i = 0; i < report->n_heartbeats; i++) {
		const struct report_heartbeat *slot = &report->heartbeats[i];
		int64_t age_ms = poll_age_ms + slot->age_ms;

		if (strcmp(slot->host_uuid, uuid) != 0 ||
		    slot->age_ms == REPORT_AGE_NEVER ||
		    !datastore_works(report, slot->datastore) ||
		    age_ms >= out->datastore_age_ms)
			continue;
		out->datastore_age_ms = age_ms;
		snprintf(out->datastore_witness, sizeof(out->datastore_witness),
			 "%s", witness->conf->name);
	}
}

/*
 * The youngest sight any other host has of this host's slot.  Alive means that
 * it was written after the heartbeats stopped; silent, that a witness looked
 * just now and the slot stood still.  All between is unknown.
 */
static void
freeze_datastore(const struct registry *reg, size_t index, int64_t now_ms,
		 struct snap_host *out)
{
	const struct reg_host *host = &reg->hosts[index];
	const char *uuid =
		host->report ? host->report->host.uuid : host->pulse.uuid;

	out->datastore_age_ms = AGE_NEVER;
	if (uuid[0] == '\0')
		return;
	for (size_t i = 0; i < reg->n_hosts; i++) {
		const struct reg_host *witness = &reg->hosts[i];

		if (i != index && witness->report != NULL &&
		    witness->link == LINK_OK &&
		    now_ms - witness->report_ms <= WITNESS_POLL_MAX_MS)
			hear_witness(witness, uuid, now_ms, out);
	}
	if (out->datastore_age_ms == AGE_NEVER)
		return;
	if (out->datastore_age_ms >= DATASTORE_SILENT_MS)
		out->datastore = WITNESS_SILENT;
	else if (out->datastore_age_ms <= DATASTORE_ALIVE_MS &&
		 out->datastore_age_ms + WITNESS_MARGIN_MS <= out->silent_ms)
		out->datastore = WITNESS_ALIVE;
}

/* Only what was asked after the last heartbeat is evidence of its absence. */
static void
freeze_witnesses(const struct reg_host *host, int64_t now_ms,
		 struct snap_host *out)
{
	int64_t since_ms = host->heard_ms;

	out->can_fence = host->conf->has_bmc || host->conf->n_levels > 0;
	out->bmc_is_foreign = host->bmc_is_foreign;
	snprintf(out->bmc_trouble, sizeof(out->bmc_trouble), "%s",
		 host->bmc_trouble);
	if (host->word_ms > since_ms)
		snprintf(out->word_of, sizeof(out->word_of), "%s",
			 host->word_of);
	if (host->libvirt.asked_ms > since_ms)
		out->libvirt = host->libvirt.says;
	if (host->power_ms <= since_ms)
		return;
	out->power = host->power;
	out->fed = host->fed;
	snprintf(out->power_text, sizeof(out->power_text), "%s",
		 host->power_text);
	out->off_proved = host->power == POWER_OFF && host->off_reads >= 2 &&
			  host->off_since_ms > since_ms &&
			  now_ms - host->power_ms < OFF_PROOF_MS;
	if (out->off_proved)
		out->off_age_ms = now_ms - host->power_ms;
}

/* Of times in a ring: those of the last `span_ms`. */
static unsigned
count_since(const int64_t *times_ms, size_t n, int64_t now_ms, int64_t span_ms)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++)
		count += times_ms[i] != 0 && now_ms - times_ms[i] < span_ms;
	return count;
}

static void
freeze_recorded(const struct reg_host *host, int64_t now_ms,
		struct snap_host *out)
{
	snprintf(out->name, sizeof(out->name), "%s", host->conf->name);
	out->cluster = host->conf->cluster;
	out->state = host->state;
	out->state_age_ms = now_ms - host->state_ms;
	memcpy(out->trusted_boot, host->trusted_boot, REPORT_UUID_LEN);
	out->fences_last_hour =
		count_since(host->fences_ms, FENCES_PER_HOUR, now_ms, HOUR_MS);
	out->failures_last_hour =
		count_since(host->failures_ms, FAILURES_PER_HOUR, now_ms,
			    HOUR_MS);
	out->set_aside = host->set_aside_ms > now_ms;
	out->maintenance = host->maintenance;
	out->mass = host->mass;
	out->mass_age_ms = registry_age(host->mass_ms, now_ms);
	out->fence_age_ms = registry_age(host->fence_ended_ms, now_ms);
	out->clean_age_ms = registry_age(host->clean_ended_ms, now_ms);
	out->fencing = host->fencing;
	out->cleaning = host->cleaning;
}

static const struct report_datastore *
find_datastore(const struct node_report *report, const char *name)
{
	for (size_t i = 0; i < report->n_datastores; i++)
		if (strcmp(report->datastores[i].name, name) == 0)
			return &report->datastores[i];
	return NULL;
}

/* Of the datastores that its cluster is said to share. */
static void
say_storage_trouble(const struct settings *settings,
		    const struct node_report *report, struct snap_host *out)
{
	for (size_t i = 0; i < settings->n_datastores; i++) {
		const char *name = settings->datastores[i].name;
		const struct report_datastore *ds =
			find_datastore(report, name);

		if (settings->datastores[i].cluster != out->cluster ||
		    (ds != NULL && (ds->state == DATASTORE_OK ||
				    ds->state == DATASTORE_SLOW ||
				    ds->state == DATASTORE_UNKNOWN)))
			continue;
		snprintf(out->storage_trouble, sizeof(out->storage_trouble),
			 "datastore %s is %s", name,
			 ds != NULL ? report_datastore_state_name(ds->state)
				    : "not configured in its agent");
		return;
	}
}

static void
freeze_report(const struct settings *settings, const struct reg_host *host,
	      int64_t now_ms, struct snap_host *out)
{
	const struct node_report *report = host->report;

	out->report_age_ms = AGE_NEVER;
	out->vms_age_ms = AGE_NEVER;
	if (report == NULL)
		return;
	out->report_age_ms = now_ms - host->report_ms;
	out->vms_age_ms = registry_vms_age_ms(host, now_ms);
	memcpy(out->report_boot, report->host.boot_id, REPORT_UUID_LEN);
	out->memory_kib = report->capacity.memory_kib;
	out->cpu_milli = report->capacity.cpus * 1000ull;
	for (size_t i = 0; i < report->n_vms; i++)
		out->cpu_used_milli += report->vms[i].cpu_use_pm;
	if (host->link == LINK_OK)
		say_storage_trouble(settings, report, out);
}

/* Said by the heartbeat or by the last report of the same boot: what its guests
 * do then is not their users' wish. */
static bool
is_stopping(const struct reg_host *host)
{
	return host->pulse.stopping ||
	       (host->report != NULL && host->report->host.stopping &&
		strcmp(host->report->host.boot_id, host->pulse.boot_id) == 0);
}

void
freeze_host(const struct registry *reg, size_t index, int64_t now_ms,
	    struct snap_host *out)
{
	const struct reg_host *host = &reg->hosts[index];

	freeze_recorded(host, now_ms, out);
	out->link = host->link;
	out->silent_ms = silent_ms(host, now_ms);
	memcpy(out->boot, host->pulse.boot_id, REPORT_UUID_LEN);
	out->stopping = is_stopping(host);
	freeze_witnesses(host, now_ms, out);
	freeze_datastore(reg, index, now_ms, out);
	lease_book_freeze(reg, index, now_ms, out);
	freeze_report(reg->settings, host, now_ms, out);
}

/* Of a VM that belongs nowhere: what holds when nothing is configured. */
static void
freeze_vm_policy(const struct registry *reg, const struct reg_vm *vm,
		 struct vm_policy *out)
{
	struct cluster_policy presets;

	cluster_policy_init(&presets);
	*out = vm->owner == NO_HOST
		       ? presets.vm
		       : *settings_vm_policy(
				 reg->settings,
				 reg->hosts[vm->owner].conf->cluster, vm->name);
}

static void
freeze_vm(const struct reg_vm *vm, int64_t now_ms, struct snap_vm *out)
{
	memcpy(out->uuid, vm->uuid, sizeof(out->uuid));
	memcpy(out->name, vm->name, sizeof(out->name));
	out->owner = vm->owner;
	out->intent = vm->intent;
	out->phase = vm->phase;
	out->recovered = vm->recovered;
	out->has_definition = vm->definition_hash[0] != '\0';
	out->memory_kib = vm->memory_kib;
	out->vcpus = vm->vcpus;
	out->shared_storage = vm->shared_storage;
	out->start_failures = vm->start_failures;
	out->failed_on = vm->failed_on;
	out->command_age_ms = registry_age(vm->command_ended_ms, now_ms);
	out->absences = vm->absences;
	out->seen_there =
		vm->seen_ms != 0 && (vm->phase != VM_SETTLED ||
				     now_ms - vm->seen_ms < SEEN_THERE_MS);
	out->record_age_ms = registry_age(vm->record_ms, now_ms);
	out->starting = vm->starting;
	out->stopping = vm->stopping || vm->resuming;
	out->order = vm->order;
	out->hosts_lost_1h =
		count_since(vm->took_down_ms, POISON_HOSTS, now_ms, HOUR_MS);
	out->restarts_1h = count_since(vm->restarts_ms, REGISTRY_RESTARTS,
				       now_ms, HOUR_MS);
	out->restarts_24h =
		count_since(vm->restarts_ms, REGISTRY_RESTARTS, now_ms, DAY_MS);
	out->restarts_7d = count_since(vm->restarts_ms, REGISTRY_RESTARTS,
				       now_ms, WEEK_MS);
}

struct snapshot *
freeze(struct registry *reg, int64_t now_ms)
{
	struct snapshot *snap = xcalloc(1, sizeof(*snap));
	const struct settings *settings = reg->settings;

	snap->number = ++reg->snapshot;
	snap->now_ms = now_ms;
	snap->uptime_ms = now_ms - reg->awake_ms;
	snap->n_clusters = settings->n_clusters;
	snap->clusters = xcalloc(snap->n_clusters, sizeof(*snap->clusters));
	for (size_t i = 0; i < snap->n_clusters; i++) {
		struct snap_cluster *out = &snap->clusters[i];

		snprintf(out->name, sizeof(out->name), "%s",
			 settings->clusters[i].name);
		out->ha = reg->clusters[i].ha;
		out->disarmed = reg->clusters[i].disarmed;
		out->switch_age_ms =
			registry_age(reg->clusters[i].switch_ms, now_ms);
		out->fence_isolated = settings->clusters[i].fence_isolated;
		out->policy = settings->clusters[i].policy;
	}
	snap->n_hosts = reg->n_hosts;
	snap->hosts = xcalloc(snap->n_hosts, sizeof(*snap->hosts));
	for (size_t i = 0; i < snap->n_hosts; i++)
		freeze_host(reg, i, now_ms, &snap->hosts[i]);
	snap->n_vms = reg->n_vms;
	snap->vms = xcalloc(snap->n_vms, sizeof(*snap->vms));
	for (size_t i = 0; i < snap->n_vms; i++) {
		freeze_vm(&reg->vms[i], now_ms, &snap->vms[i]);
		freeze_vm_policy(reg, &reg->vms[i], &snap->vms[i].policy);
	}
	freeze_sightings(reg, snap, now_ms);
	freeze_rules(reg, snap);
	freeze_paths(reg, snap, now_ms);
	return snap;
}
