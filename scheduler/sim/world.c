/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts and their power. */
#include "scheduler/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/sim/sim_time.h"

void
world_init(struct world *world, struct trace *trace, uint64_t seed,
	   size_t n_hosts, size_t n_vms)
{
	*world = (struct world){
		.trace = trace,
		.luck = seed * 2654435761u + 88172645463325252u,
		.hosts = xcalloc(n_hosts, sizeof(struct host)),
		.n_hosts = n_hosts,
		.vms = xcalloc(n_vms, sizeof(struct vm)),
		.n_vms = n_vms,
		.boot_ms = 30000,
	};
	for (size_t i = 0; i < n_hosts; i++) {
		struct host *host = &world->hosts[i];

		snprintf(host->uuid, sizeof(host->uuid),
			 "10000000-0000-4000-8000-%012x", (unsigned)i);
		host->copies = xcalloc(n_vms, sizeof(struct copy));
		host->read = xcalloc(n_vms, sizeof(struct copy));
		host->bmcs = 1;
		for (size_t b = 0; b < WORLD_BMCS_MAX; b++)
			host->bmc[b] = (struct bmc_model){ .latency_ms = 2,
							   .fixed = -1,
							   .wired_to = i };
		for (size_t s = 0; s < WORLD_STORES_MAX; s++)
			host->stores[s] = DATASTORE_OK;
	}
	for (size_t i = 0; i < n_vms; i++) {
		snprintf(world->vms[i].uuid, sizeof(world->vms[i].uuid),
			 "20000000-0000-4000-8000-%012x", (unsigned)i);
		world->vms[i].to = WORLD_NONE;
	}
}

void
world_done(struct world *world)
{
	for (size_t i = 0; i < world->n_hosts; i++) {
		free(world->hosts[i].copies);
		free(world->hosts[i].read);
	}
	free(world->hosts);
	free(world->vms);
}

uint64_t
world_draw(struct world *world, uint64_t n)
{
	world->luck ^= world->luck >> 12;
	world->luck ^= world->luck << 25;
	world->luck ^= world->luck >> 27;
	return n ? (world->luck * 2685821657736338717ull >> 33) % n : 0;
}

size_t
world_find_host(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->n_hosts; i++)
		if (strcmp(world->hosts[i].name, name) == 0)
			return i;
	return WORLD_NONE;
}

size_t
world_find_vm(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->n_vms; i++)
		if (strcmp(world->vms[i].name, name) == 0)
			return i;
	return WORLD_NONE;
}

size_t
world_find_uuid(const struct world *world, const char *uuid)
{
	for (size_t i = 0; i < world->n_vms; i++)
		if (strcmp(world->vms[i].uuid, uuid) == 0)
			return i;
	return WORLD_NONE;
}

/* --- power ---------------------------------------------------------------- */

static void
say_power(struct world *world, size_t host)
{
	trace_put(world->trace,
		  &(struct trace_event){ .event = "host_power",
					 .host = world->hosts[host].name,
					 .flag = "on",
					 .is_set = world->hosts[host].on });
}

void
world_power_off(struct world *world, size_t index)
{
	struct host *host = &world->hosts[index];

	if (!host->on)
		return;
	world_note_slot(world, index);
	host->on = host->hung = host->stopping = false;
	host->agent_dead = host->agent_hung = host->libvirt_hung = false;
	for (size_t vm = 0; vm < world->n_vms; vm++) {
		struct copy *copy = &host->copies[vm];

		copy->state = COPY_OFF;
		copy->reason = VM_REASON_UNKNOWN;
		copy->event_ms = 0;
		if (world->vms[vm].to == index)
			world->vms[vm].to = WORLD_NONE;
	}
	say_power(world, index);
}

/* Services are up some time later; a VM that is autostarted, then. */
void
world_power_on(struct world *world, size_t index)
{
	struct host *host = &world->hosts[index];

	if (host->on)
		return;
	host->on = true;
	host->boot++;
	world_touch(world, index);
	host->read_ms = 0;
	host->ready_ms = sim_now_ms() + world->boot_ms;
	if (!host->sticky_cut)
		memset(host->cut, 0, sizeof(host->cut));
	say_power(world, index);
}

bool
world_is_up(const struct world *world, size_t index)
{
	const struct host *host = &world->hosts[index];

	return host->on && !host->hung && sim_now_ms() >= host->ready_ms;
}

bool
world_is_faulty(const struct world *world, size_t index)
{
	const struct host *host = &world->hosts[index];

	for (size_t p = 0; p < PLANES; p++)
		if (host->cut[p] != 0)
			return true;
	for (size_t s = 0; s < world->n_stores; s++)
		if (host->stores[s] != DATASTORE_OK)
			return true;
	return !world_is_up(world, index) || host->agent_dead ||
	       host->agent_hung || host->libvirt_hung || host->loss_pm > 0 ||
	       host->reply_delay_ms > 0;
}

bool
world_reaches(const struct world *world, size_t index, enum plane plane,
	      unsigned ways)
{
	return (world->hosts[index].cut[plane] & ways) == 0;
}

void
world_touch(struct world *world, size_t host)
{
	world->hosts[host].revision++;
	world->hosts[host].touched_ms = sim_now_ms();
}

/* --- datastores ----------------------------------------------------------- */

static bool
writes_slot(const struct world *world, size_t index)
{
	const struct host *host = &world->hosts[index];

	return world_is_up(world, index) && !host->agent_dead &&
	       !host->agent_hung && world_has_path(world, index, 0);
}

void
world_note_slot(struct world *world, size_t host)
{
	if (writes_slot(world, host))
		world->hosts[host].slot_ms = sim_now_ms();
}

/* It is written each second, at a time of its own in it. */
int64_t
world_slot_age(const struct world *world, size_t host)
{
	int64_t now_ms = sim_now_ms();

	if (writes_slot(world, host))
		return (now_ms + (int64_t)host * 137) % 1000;
	return now_ms - world->hosts[host].slot_ms;
}

void
world_set_path(struct world *world, size_t index, size_t store,
	       enum report_datastore_state state)
{
	struct host *host = &world->hosts[index];

	world_note_slot(world, index);
	host->stores[store] = state;
	for (size_t vm = 0; vm < world->n_vms; vm++) {
		struct copy *copy = &host->copies[vm];

		if ((world->vms[vm].stores & UINT64_C(1) << store) == 0)
			continue;
		/* QEMU's error policy is stop: it waits, and can go on. */
		if (state == DATASTORE_LOST && copy->state == COPY_RUNNING) {
			copy->event = VM_EVENT_IO_ERROR;
			copy->event_ms = sim_now_ms();
			world_touch(world, index);
		}
	}
}

bool
world_has_path(const struct world *world, size_t host, size_t store)
{
	enum report_datastore_state state = world->hosts[host].stores[store];

	return (state == DATASTORE_OK || state == DATASTORE_SLOW) &&
	       world_reaches(world, host, PLANE_STORAGE, BOTH_WAYS);
}

bool
world_has_paths(const struct world *world, size_t host, size_t vm)
{
	for (size_t s = 0; s < world->n_stores; s++)
		if ((world->vms[vm].stores & UINT64_C(1) << s) != 0 &&
		    !world_has_path(world, host, s))
			return false;
	return true;
}
