/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report full of values, the same for the same seed; and how to compare
 * two.
 */
#ifndef TESTS_RANDOM_REPORT_H
#define TESTS_RANDOM_REPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "snmp-mib/node_report.h"

struct random_sizes {
	size_t numa, features, vms, datastores, slots, sources;
};

static uint64_t random_state;

static uint64_t
random_u64(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15u); /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t
random_below(uint32_t n)
{
	return (uint32_t)(random_u64() % n);
}

static bool
random_bool(void)
{
	return random_below(2) == 1;
}

static void
random_text(char *text, size_t size, size_t least)
{
	size_t n = least + random_below((uint32_t)(size - least));

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(' ' + random_below(95));
	text[n] = '\0';
}

static void
random_hex(char *text, size_t n, bool uuid)
{
	for (size_t i = 0; i < n; i++)
		text[i] = "0123456789abcdef"[random_below(16)];
	text[n] = '\0';
	if (uuid)
		text[8] = text[13] = text[18] = text[23] = '-';
}

static void
random_uuid(char *text)
{
	random_hex(text, 36, true);
}

static void
random_scalars(struct node_report *report)
{
	struct report_host *host = &report->host;

	random_text(host->name, sizeof(host->name), 1);
	random_uuid(host->uuid);
	random_uuid(host->boot_id);
	random_text(host->agent_version, sizeof(host->agent_version), 0);
	host->agent_start_s = random_u64();
	host->sample_seq = random_below(1000);
	host->sample_age_ms = random_below(1000);
	host->layout_revision = random_below(1000);
	host->vm_revision = random_below(1000);
	host->stopping = random_bool();
	host->uptime_s = random_below(UINT32_MAX);
	host->health = 1 + random_below(5);

	random_text(report->cpu.vendor, sizeof(report->cpu.vendor), 0);
	random_text(report->cpu.model_name, sizeof(report->cpu.model_name), 0);
	random_text(report->cpu.microcode, sizeof(report->cpu.microcode), 0);
	report->cpu.family = random_below(256);
	report->cpu.model = random_below(256);
	report->cpu.stepping = random_below(16);
	report->cpu.uniform = random_bool();
	report->cpu.online = random_below(4096);

	report->load.cpu_use_pm = random_below(1001);
	report->load.psi_present = random_bool();
	report->load.psi_cpu_some_pm = random_below(1001);
	report->load.psi_mem_full_pm = random_below(1001);
	report->load.psi_io_full_pm = random_below(1001);
	report->load.mem_total_kib = random_u64();
	report->load.mem_free_kib = random_u64();
	report->load.mem_available_kib = random_u64();
	report->load.swap_used_kib = random_u64();
	report->capacity.cpus = random_below(4096);
	report->capacity.memory_kib = random_u64();

	report->bmc.present = random_bool();
	report->bmc.reachable = random_bool();
	random_text(report->bmc.device, sizeof(report->bmc.device), 0);
	random_text(report->bmc.firmware, sizeof(report->bmc.firmware), 0);
	if (random_bool())
		random_uuid(report->bmc.guid);
	report->bmc.power = 1 + random_below(3);
}

static void
random_topology(struct node_report *report, const struct random_sizes *sizes)
{
	report->n_numa = sizes->numa;
	report->numa = xcalloc(sizes->numa + 1, sizeof(*report->numa));
	report->n_distances = sizes->numa * sizes->numa;
	report->distances =
		xcalloc(report->n_distances + 1, sizeof(*report->distances));
	for (size_t i = 0; i < sizes->numa; i++) {
		struct report_numa *numa = &report->numa[i];

		numa->node = (uint32_t)(i * 3); /* with gaps */
		random_text(numa->cpus, sizeof(numa->cpus), 0);
		numa->cpu_count = random_below(256);
		numa->mem_total_kib = random_u64();
		numa->mem_free_kib = random_u64();
		for (size_t j = 0; j < sizes->numa; j++)
			report->distances[i * sizes->numa + j] =
				(struct report_distance){ (uint32_t)i * 3,
							  (uint32_t)j * 3,
							  random_below(256) };
	}
	report->n_features = sizes->features;
	report->features =
		xcalloc(sizes->features + 1, sizeof(*report->features));
	for (size_t i = 0; i < sizes->features; i++) {
		random_text(report->features[i].name, 20, 1);
		report->features[i].hardware = random_bool();
		report->features[i].usable = random_bool();
	}
}

static void
random_vms(struct node_report *report, size_t n)
{
	uint32_t index = 0;

	report->n_vms = n;
	report->vms = xcalloc(n + 1, sizeof(*report->vms));
	for (size_t i = 0; i < n; i++) {
		struct report_vm *vm = &report->vms[i];

		vm->index = index += 1 + random_below(1000);
		random_uuid(vm->uuid);
		random_text(vm->name, 24, 1);
		vm->state = 1 + random_below(9);
		vm->reason = 1 + random_below(8);
		vm->vcpus = random_below(256);
		vm->memory_kib = random_u64();
		vm->memory_now_kib = random_u64();
		vm->cpu_time_ms = random_u64();
		vm->cpu_use_pm = random_below(100000);
		if (random_bool())
			random_hex(vm->definition_hash, 64, false);
		vm->persistent = random_bool();
		vm->autostart = random_bool();
		vm->shared_storage = random_bool();
		vm->cpu_ready_pm = random_below(100000);
		vm->rss_kib = random_u64();
		vm->swapped_kib = random_u64();
		random_text(vm->numa_nodes, sizeof(vm->numa_nodes), 0);
		vm->numa_local_pm = random_below(1001);
		vm->guest_agent = 1 + random_below(4);
		vm->dirty_mib_s = random_below(100000);
		random_text(vm->cpu_model, sizeof(vm->cpu_model), 0);
		vm->migration_blocked = random_bool();
		random_text(vm->migration_blocker,
			    sizeof(vm->migration_blocker), 0);
		vm->liveness = 1 + random_below(4);
		vm->stats_age_ms = random_below(100000);
		vm->memory_usable_kib = random_u64();
		vm->events = random_u64();
		vm->last_event = 1 + random_below(VM_EVENT_JOB_DONE);
		vm->last_event_age_ms = random_below(100000);
	}
}

static void
random_storage(struct node_report *report, const struct random_sizes *sizes)
{
	report->n_datastores = sizes->datastores;
	report->datastores =
		xcalloc(sizes->datastores + 1, sizeof(*report->datastores));
	report->n_heartbeats = sizes->datastores * sizes->slots;
	report->heartbeats =
		xcalloc(report->n_heartbeats + 1, sizeof(*report->heartbeats));
	for (size_t i = 0; i < sizes->datastores; i++) {
		struct report_datastore *ds = &report->datastores[i];

		ds->index = (uint32_t)i * 5 + 1;
		random_text(ds->name, sizeof(ds->name), 1);
		random_text(ds->path, sizeof(ds->path), 0);
		ds->state = 1 + random_below(6);
		ds->slot = random_below(65536);
		ds->probe_us = random_below(UINT32_MAX);
		ds->age_ms = random_below(100000);
		ds->writes = random_u64();
		ds->errors = random_u64();
		ds->type = 1 + random_below(3);
		ds->capacity_kib = random_u64();
		ds->free_kib =
			random_bool() ? REPORT_SIZE_UNKNOWN : random_u64();
		ds->paths = random_below(64);
		ds->paths_up = random_below(64);
		for (size_t j = 0; j < sizes->slots; j++) {
			struct report_heartbeat *hb =
				&report->heartbeats[i * sizes->slots + j];

			hb->datastore = ds->index;
			hb->slot = (uint32_t)j * 2;
			random_uuid(hb->host_uuid);
			random_uuid(hb->boot_id);
			hb->sequence = random_u64();
			hb->age_ms = random_bool() ? REPORT_AGE_NEVER
						   : random_below(100000);
		}
	}
}

static struct node_report *
random_report(uint64_t seed, const struct random_sizes *sizes)
{
	struct node_report *report = node_report_new();

	random_state = seed;
	random_scalars(report);
	random_topology(report, sizes);
	random_vms(report, sizes->vms);
	random_storage(report, sizes);
	report->n_sources = sizes->sources;
	report->sources = xcalloc(sizes->sources + 1, sizeof(*report->sources));
	for (size_t i = 0; i < sizes->sources; i++) {
		struct report_source *source = &report->sources[i];

		source->index = (uint32_t)i + 1;
		random_text(source->name, sizeof(source->name), 1);
		source->status = 1 + random_below(5);
		source->age_ms = random_below(100000);
		source->read_us = random_below(100000);
		source->failures = random_u64();
		random_text(source->last_error, sizeof(source->last_error), 0);
	}
	return report;
}

static inline bool
same_bytes(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

static inline bool
same_vms(const struct node_report *a, const struct node_report *b)
{
	for (size_t i = 0; i < a->n_vms && i < b->n_vms; i++) {
		struct report_vm one, other;

		memcpy(&one, &a->vms[i], sizeof(one));
		memcpy(&other, &b->vms[i], sizeof(other));
		one.stats_age_ms = other.stats_age_ms = 0;
		one.last_event_age_ms = other.last_event_age_ms = 0;
		if (!same_bytes(&one, &other, sizeof(one)))
			return false;
	}
	return a->n_vms == b->n_vms;
}

/* "" when equal but for ages, else where they differ.  Both sides must have
 * been zeroed before they were filled, as ours are. */
static inline const char *
report_difference(const struct node_report *a, const struct node_report *b)
{
#define SAME(field)                                                          \
	if (a->n_##field != b->n_##field ||                                  \
	    (a->n_##field > 0 &&                                             \
	     memcmp(a->field, b->field, a->n_##field * sizeof(*a->field)) != \
		     0))                                                     \
		return #field;
	SAME(numa)
	SAME(distances)
	SAME(features)
#undef SAME
	if (!same_vms(a, b))
		return "vms";
	if (!same_bytes(&a->cpu, &b->cpu, sizeof(a->cpu)))
		return "cpu";
	if (!same_bytes(&a->load, &b->load, sizeof(a->load)))
		return "load";
	if (!same_bytes(&a->capacity, &b->capacity, sizeof(a->capacity)))
		return "capacity";
	if (!same_bytes(&a->bmc, &b->bmc, sizeof(a->bmc)))
		return "bmc";
	if (strcmp(a->host.uuid, b->host.uuid) != 0 ||
	    strcmp(a->host.name, b->host.name) != 0 ||
	    a->host.sample_seq != b->host.sample_seq)
		return "host";
	if (a->n_datastores != b->n_datastores ||
	    a->n_heartbeats != b->n_heartbeats || a->n_sources != b->n_sources)
		return "row counts";
	for (size_t i = 0; i < a->n_heartbeats; i++)
		if (a->heartbeats[i].sequence != b->heartbeats[i].sequence ||
		    strcmp(a->heartbeats[i].host_uuid,
			   b->heartbeats[i].host_uuid) != 0)
			return "heartbeats";
	return "";
}

#endif
