/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/node.h"

#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/sim/sim_time.h"

enum {
	LOOK_MS = 2000, /* without an event */
	EVENT_MS = 50   /* from libvirt's event to the reading */
};

/* --- reading libvirt ------------------------------------------------------ */

void
node_look(struct world *world, size_t index)
{
	struct host *host = &world->hosts[index];
	int64_t now_ms = sim_now_ms();
	bool news = host->read_revision != host->revision &&
		    now_ms - host->touched_ms >= EVENT_MS;

	if (host->libvirt_hung ||
	    (host->read_ms != 0 && !news && now_ms - host->read_ms < LOOK_MS))
		return;
	host->read_ms = now_ms;
	host->read_revision = host->revision;
	memcpy(host->read, host->copies, world->n_vms * sizeof(struct copy));
}

/* --- pulse ---------------------------------------------------------------- */

static void
boot_id(const struct host *host, size_t index, char ret_id[REPORT_UUID_LEN])
{
	snprintf(ret_id, REPORT_UUID_LEN, "30000000-0000-4000-%04x-%012x",
		 0x8000 | (host->boot & 0xfff), (unsigned)index);
}

void
node_pulse(struct world *world, size_t index, struct node_pulse *ret_pulse)
{
	const struct host *host = &world->hosts[index];

	node_look(world, index);
	*ret_pulse = (struct node_pulse){
		.sample_seq = (uint32_t)(sim_now_ms() / 1000),
		.layout_revision = 1,
		.vm_revision = host->read_revision,
		.stopping = host->stopping,
		.health = HEALTH_OK,
	};
	memcpy(ret_pulse->uuid, host->uuid, sizeof(ret_pulse->uuid));
	boot_id(host, index, ret_pulse->boot_id);
}

/* --- report --------------------------------------------------------------- */

void
node_definition_hash(const struct world *world, size_t vm,
		     char ret_hash[REPORT_HASH_LEN])
{
	snprintf(ret_hash, REPORT_HASH_LEN, "%064zx", vm + 1);
	(void)world;
}

static enum report_vm_state
state_of(enum copy_state state)
{
	static const enum report_vm_state states[] = {
		[COPY_OFF] = VM_STATE_SHUT_OFF,
		[COPY_STARTING] = VM_STATE_PAUSED,
		[COPY_INCOMING] = VM_STATE_PAUSED,
		[COPY_RUNNING] = VM_STATE_RUNNING,
		[COPY_PAUSED] = VM_STATE_PAUSED,
		[COPY_CRASHED] = VM_STATE_CRASHED,
	};

	return states[state];
}

static void
say_vm(const struct world *world, size_t host, size_t vm, struct report_vm *out)
{
	const struct copy *copy = &world->hosts[host].read[vm];
	const struct vm *truth = &world->vms[vm];
	bool runs = copy->state == COPY_RUNNING;

	report_vm_init(out);
	out->index = (uint32_t)vm + 1;
	memcpy(out->uuid, truth->uuid, sizeof(out->uuid));
	memcpy(out->name, truth->name, sizeof(out->name));
	out->state = state_of(copy->state);
	out->reason = copy->reason != 0 ? copy->reason : VM_REASON_UNKNOWN;
	out->vcpus = truth->vcpus;
	out->memory_kib = truth->memory_kib;
	out->memory_now_kib = copy->state != COPY_OFF ? truth->memory_kib : 0;
	out->cpu_use_pm = runs ? truth->cpu_use_pm : 0;
	node_definition_hash(world, vm, out->definition_hash);
	out->persistent = true;
	out->autostart = copy->autostart;
	out->shared_storage = !truth->local;
	out->guest_agent = runs ? truth->tools : GUEST_AGENT_UNKNOWN;
	out->liveness = !runs           ? LIVENESS_UNKNOWN
			: truth->silent ? LIVENESS_DEAD
					: LIVENESS_ALIVE;
	if (copy->event_ms != 0) {
		out->events = 1;
		out->last_event = copy->event;
		out->last_event_age_ms =
			(uint32_t)(sim_now_ms() - copy->event_ms);
	}
}

static bool
is_listed(const struct copy *copy)
{
	return copy->defined || copy->state != COPY_OFF;
}

static void
say_vms(const struct world *world, size_t host, struct node_report *report)
{
	report->vms = xcalloc(world->n_vms, sizeof(*report->vms));
	for (size_t vm = 0; vm < world->n_vms; vm++)
		if (is_listed(&world->hosts[host].read[vm]))
			say_vm(world, host, vm, &report->vms[report->n_vms++]);
}

static void
say_stores(const struct world *world, size_t host, struct node_report *report)
{
	report->datastores =
		xcalloc(world->n_stores, sizeof(*report->datastores));
	report->n_datastores = world->n_stores;
	for (size_t s = 0; s < world->n_stores; s++) {
		struct report_datastore *out = &report->datastores[s];

		out->index = (uint32_t)s + 1;
		snprintf(out->name, sizeof(out->name), "%s", world->stores[s]);
		snprintf(out->path, sizeof(out->path), "/stores/%s",
			 world->stores[s]);
		out->state =
			world_reaches(world, host, PLANE_STORAGE, BOTH_WAYS)
				? world->hosts[host].stores[s]
				: DATASTORE_LOST;
		out->slot = (uint32_t)host;
		out->type = DATASTORE_FILE_SYSTEM;
		out->capacity_kib = out->free_kib = REPORT_SIZE_UNKNOWN;
	}
}

/* The others' slots, where it can read them. */
static void
say_heartbeats(const struct world *world, size_t host,
	       struct node_report *report)
{
	if (!world->heartbeats || !world_has_path(world, host, 0))
		return;
	report->heartbeats =
		xcalloc(world->n_hosts, sizeof(*report->heartbeats));
	for (size_t h = 0; h < world->n_hosts; h++) {
		struct report_heartbeat *out =
			&report->heartbeats[report->n_heartbeats];

		if (h == host)
			continue;
		report->n_heartbeats++;
		out->datastore = 1;
		out->slot = (uint32_t)h;
		memcpy(out->host_uuid, world->hosts[h].uuid,
		       sizeof(out->host_uuid));
		boot_id(&world->hosts[h], h, out->boot_id);
		out->age_ms = (uint32_t)world_slot_age(world, h);
	}
}

static void
say_source(const struct host *host, struct node_report *report)
{
	report->sources = xcalloc(1, sizeof(*report->sources));
	report->n_sources = 1;
	report->sources[0].index = 1;
	snprintf(report->sources[0].name, sizeof(report->sources[0].name),
		 "libvirt");
	report->sources[0].status =
		host->libvirt_hung ? HEALTH_FAILED : HEALTH_OK;
	report->sources[0].age_ms =
		host->read_ms != 0 ? (uint32_t)(sim_now_ms() - host->read_ms)
				   : REPORT_AGE_NEVER;
}

struct node_report *
node_say(struct world *world, size_t index)
{
	const struct host *host = &world->hosts[index];
	struct node_report *report = node_report_new();

	node_look(world, index);
	memcpy(report->host.name, host->name, sizeof(report->host.name));
	memcpy(report->host.uuid, host->uuid, sizeof(report->host.uuid));
	boot_id(host, index, report->host.boot_id);
	report->host.layout_revision = 1;
	report->host.vm_revision = host->read_revision;
	report->host.stopping = host->stopping;
	report->host.health = HEALTH_OK;
	report->cpu.online = host->cpus;
	report->capacity.cpus = host->cpus;
	report->capacity.memory_kib = host->memory_kib;
	say_vms(world, index, report);
	say_stores(world, index, report);
	say_heartbeats(world, index, report);
	say_source(host, report);
	return report;
}
