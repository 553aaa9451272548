/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "agent/bmc_more.h"
#include "agent/cpu_models.h"
#include "agent/features.h"
#include "agent/guest_dirty.h"
#include "agent/health.h"
#include "agent/packages.h"
#include "agent/text.h"
#include "agent/vm_mib.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "snmp-mib/node_detail.h"

/* --- layout --------------------------------------------------------------- */

static uint64_t
mix(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t
mix_number(uint64_t hash, uint64_t number)
{
	return mix(hash, &number, sizeof(number));
}

uint64_t
assemble_layout(const struct node_report *report)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	/* What pollers read once for each layout is in with its contents. */
	for (size_t i = 0; i < report->n_numa; i++) {
		const struct report_numa *row = &report->numa[i];

		hash = mix_number(hash, row->node);
		hash = mix_number(hash, row->cpu_count);
		hash = mix_number(hash, row->mem_total_kib);
		hash = mix(hash, row->cpus, strlen(row->cpus));
	}
	hash = mix_number(hash, report->n_distances);
	if (report->n_distances > 0)
		hash = mix(hash, report->distances,
			   report->n_distances * sizeof(*report->distances));
	for (size_t i = 0; i < report->n_features; i++) {
		const struct report_feature *row = &report->features[i];

		hash = mix(hash, row->name, strlen(row->name) + 1);
		hash = mix_number(hash, row->hardware + 2u * row->usable);
	}
	hash = mix_number(hash, report->n_vms);
	for (size_t i = 0; i < report->n_vms; i++)
		hash = mix_number(hash, report->vms[i].index);
	hash = mix_number(hash, report->n_datastores);
	for (size_t i = 0; i < report->n_datastores; i++)
		hash = mix_number(hash, report->datastores[i].index);
	hash = mix_number(hash, report->n_heartbeats);
	for (size_t i = 0; i < report->n_heartbeats; i++) {
		hash = mix_number(hash, report->heartbeats[i].datastore);
		hash = mix_number(hash, report->heartbeats[i].slot);
	}
	return mix_number(hash, report->n_sources);
}

/* --- the report ----------------------------------------------------------- */

static void
add_source(struct node_report *report, const struct source *source,
	   int64_t now_ms)
{
	source_describe(source, now_ms, &report->sources[report->n_sources++]);
}

/* In the order of enum source_index. */
static void
fill_sources(const struct parts *parts, int64_t now_ms,
	     struct node_report *report)
{
	report->sources = xcalloc(REPORT_SOURCES_MAX, sizeof(*report->sources));
	add_source(report, collect_host_source(parts->host), now_ms);
	add_source(report, machine_source(parts->machine), now_ms);
	add_source(report, virt_vm_source(parts->virt), now_ms);
	add_source(report, virt_capabilities_source(parts->virt), now_ms);
	report->n_sources +=
		storage_describe(parts->storage, now_ms,
				 &report->sources[report->n_sources]);
	if (parts->bmc != NULL)
		add_source(report, collect_bmc_source(parts->bmc), now_ms);
	report->n_sources +=
		notifier_describe(parts->notifier, now_ms,
				  &report->sources[report->n_sources]);
	add_source(report, metal_source(parts->metal), now_ms);
	add_source(report, memory_use_source(parts->memory), now_ms);
	if (parts->uplinks != NULL)
		add_source(report, uplinks_source(parts->uplinks), now_ms);
	add_source(report, guests_source(parts->guests), now_ms);
	if (parts->obey != NULL && obey_source(parts->obey) != NULL)
		add_source(report, obey_source(parts->obey), now_ms);
}

/* What monitoring alone wants to know of the metal. */
static void
fill_metal(const struct parts *parts, int64_t now_ms,
	   struct node_report *report)
{
	struct node_detail *detail = report->detail;
	const struct bmc_more *more =
		parts->bmc != NULL ? collect_bmc_more(parts->bmc) : NULL;
	const struct entity_parts from = {
		.things = machine_things(parts->machine),
		.packages = machine_packages(parts->machine),
		.ecc = metal_ecc(parts->metal),
		.sensors = { more != NULL ? bmc_more_sensors(more) : NULL,
			     metal_sensors(parts->metal) },
	};

	const struct cpu_models_parts models = {
		.host_model = virt_host_model(parts->virt),
		.hardware = machine_features(parts->machine),
		.usable = virt_features(parts->virt),
		.named = virt_models(parts->virt),
		.baseline = parts->obey != NULL
				    ? obey_set(parts->obey)->cpu_baseline
				    : "",
	};

	memory_use_fill(parts->memory, report);
	memory_put_ecc(from.ecc, &detail->memory);
	if (more != NULL)
		detail->bmc = *bmc_more_row(more);
	detail->n_packages = packages_to_rows(from.packages, &detail->packages);
	for (size_t i = 0; i < detail->n_packages; i++)
		metal_package(parts->metal, detail->packages[i].package,
			      &detail->packages[i]);
	cpu_models_fill(parts->models, &models, report);
	entities_fill(parts->entities, &from, now_ms,
		      (uint64_t)(clock_wall_ms() / 1000), report);
	if (parts->power == NULL)
		return;
	power_states_look(parts->power, power_states_clocks());
	power_states_fill(parts->power, now_ms, detail);
}

static void
fill_capacity(const struct settings *settings, struct node_report *report)
{
	report->capacity.cpus =
		settings->cpus > 0 ? settings->cpus : report->cpu.online;
	report->capacity.memory_kib = settings->memory_mib > 0
					      ? settings->memory_mib * 1024
					      : report->load.mem_total_kib;
}

static void
count_on(struct assembly *assembly, struct node_report *report)
{
	uint64_t layout = assemble_layout(report);

	if (layout != assembly->layout)
		assembly->self.layout_revision++;
	assembly->layout = layout;
	assembly->self.sample_seq++;
	report->host.layout_revision = assembly->self.layout_revision;
	report->host.sample_seq = assembly->self.sample_seq;
}

/* Last: out of what is in the report. */
static void
fill_detail(const struct parts *parts, int64_t now_ms,
	    const struct node_report *report)
{
	const struct vm_mib_options vm_mib = {
		.affinity = parts->settings->vm_affinity,
	};

	vm_mib_fill(report, guests_table(parts->guests), &vm_mib, now_ms,
		    report->detail);
	guest_dirty_fill(guests_table(parts->guests), now_ms, report->detail);
	memory_sum_nodes(report->detail);
}

struct node_report *
assemble(struct assembly *assembly, const struct parts *parts, int64_t now_ms)
{
	struct node_report *report = node_report_new();

	report->host = assembly->self;
	report->detail = node_detail_new();
	machine_fill(parts->machine, report);
	collect_host_fill(parts->host, report);
	virt_fill(parts->virt, report);
	guests_fill(parts->guests, now_ms, report);
	storage_fill(parts->storage, now_ms, report);
	if (parts->bmc != NULL)
		collect_bmc_fill(parts->bmc, &report->bmc);
	if (parts->uplinks != NULL)
		uplinks_fill(parts->uplinks, report->detail);
	if (parts->mounts != NULL)
		mounts_fill(parts->mounts, report->detail);
	report->n_features =
		features_merge(machine_features(parts->machine),
			       virt_features(parts->virt), &report->features);
	fill_capacity(parts->settings, report);
	if (parts->obey != NULL)
		obey_fill(parts->obey, &report->detail->lease);
	fill_sources(parts, now_ms, report);
	fill_metal(parts, now_ms, report);
	report->host.health = health_judge(report, &report->detail->health);
	fill_detail(parts, now_ms, report);
	count_on(assembly, report);
	return report;
}
