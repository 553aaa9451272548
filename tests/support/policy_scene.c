/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/policy_scene.h"

#include <assert.h>
#include <stdio.h>

#include "scheduler/policy/timeouts.h"

static void
set_text(char *text, size_t size, const char *prefix, size_t number)
{
	snprintf(text, size, "%s%zu", prefix, number);
}

void
scene_init(struct scene *scene, size_t n_hosts)
{
	*scene = (struct scene){ .clusters = { { .name = "c1", .ha = true },
					       { .name = "c2", .ha = true } } };
	assert(n_hosts <= SCENE_HOSTS);
	cluster_policy_init(&scene->clusters[0].policy);
	cluster_policy_init(&scene->clusters[1].policy);
	scene->clusters[0].switch_age_ms = AGE_NEVER;
	scene->clusters[1].switch_age_ms = AGE_NEVER;
	scene->snap = (struct snapshot){
		.number = 1,
		.now_ms = 10000000,
		.uptime_ms = 3600000,
		.clusters = scene->clusters,
		.n_clusters = 2,
		.hosts = scene->hosts,
		.n_hosts = n_hosts,
		.vms = scene->vms,
		.sightings = scene->sightings,
	};
	for (size_t i = 0; i < n_hosts; i++) {
		struct snap_host *host = &scene->hosts[i];

		*host = (struct snap_host){
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
			.memory_kib = 16 << 20,
			.cpu_milli = 8000,
		};
		set_text(host->name, sizeof(host->name), "h", i);
	}
}

size_t
scene_add_vm(struct scene *scene, size_t host)
{
	size_t vm = scene->snap.n_vms++;
	struct snap_vm *v = &scene->vms[vm];

	assert(vm < SCENE_VMS);
	*v = (struct snap_vm){
		.owner = host,
		.intent = INTENT_RUN,
		.has_definition = true,
		.memory_kib = 1 << 20,
		.vcpus = 1,
		.shared_storage = true,
		.failed_on = NO_HOST,
		.command_age_ms = AGE_NEVER,
		.seen_there = true,
		.record_age_ms = 1800000,
		.policy = scene->clusters[0].policy.vm,
	};
	set_text(v->uuid, sizeof(v->uuid), "uuid-", vm);
	set_text(v->name, sizeof(v->name), "vm", vm);
	if (host != NO_HOST)
		scene_see(scene, vm, host, VM_STATE_RUNNING, VM_REASON_NONE);
	return vm;
}

/* Sorted by VM, then host: where this one is, or belongs. */
static size_t
find(const struct scene *scene, size_t vm, size_t host)
{
	size_t i = 0;

	while (i < scene->snap.n_sightings &&
	       (scene->sightings[i].vm < vm ||
		(scene->sightings[i].vm == vm &&
		 scene->sightings[i].host < host)))
		i++;
	return i;
}

void
scene_unsee(struct scene *scene, size_t vm, size_t host)
{
	size_t i = find(scene, vm, host);

	if (i == scene->snap.n_sightings || scene->sightings[i].vm != vm ||
	    scene->sightings[i].host != host)
		return;
	for (scene->snap.n_sightings--; i < scene->snap.n_sightings; i++)
		scene->sightings[i] = scene->sightings[i + 1];
}

void
scene_see(struct scene *scene, size_t vm, size_t host,
	  enum report_vm_state state, enum report_vm_reason reason)
{
	scene_unsee(scene, vm, host);

	size_t at = find(scene, vm, host);
	assert(scene->snap.n_sightings < SCENE_SIGHTINGS);
	for (size_t i = scene->snap.n_sightings++; i > at; i--)
		scene->sightings[i] = scene->sightings[i - 1];
	scene->sightings[at] = (struct snap_sighting){
		.vm = vm,
		.host = host,
		.state = state,
		.reason = reason,
		.event = VM_EVENT_NONE,
		.event_age_ms = AGE_NEVER,
		.liveness = LIVENESS_UNKNOWN,
		.guest_agent = GUEST_AGENT_UNKNOWN,
	};
}

/* --- what can be known of a host ------------------------------------------ */

void
scene_silence(struct scene *scene, size_t host, int64_t silent_ms)
{
	struct snap_host *h = &scene->hosts[host];

	h->link = LINK_SILENT;
	h->power = POWER_UNKNOWN;
	h->off_proved = false;
	h->silent_ms = silent_ms;
	h->report_age_ms = h->vms_age_ms = silent_ms + 1000;
	if (silent_ms >= SUSPECT_AFTER_MS)
		h->libvirt = WITNESS_SILENT;
}

void
scene_hang(struct scene *scene, size_t host)
{
	struct snap_host *h = &scene->hosts[host];

	scene_silence(scene, host, 20000);
	h->datastore = WITNESS_SILENT;
	h->datastore_age_ms = 20000;
	h->power = POWER_ON;
}

void
scene_power_off(struct scene *scene, size_t host)
{
	scene_silence(scene, host, 5000);
	scene->hosts[host].power = POWER_OFF;
	scene->hosts[host].off_proved = true;
}

void
scene_isolate(struct scene *scene, size_t host)
{
	scene_hang(scene, host);
	scene->hosts[host].datastore = WITNESS_ALIVE;
	scene->hosts[host].datastore_age_ms = 800;
}

void
scene_kill_agent(struct scene *scene, size_t host)
{
	scene_silence(scene, host, 20000);
	scene->hosts[host].libvirt = WITNESS_ALIVE;
	scene->hosts[host].power = POWER_ON;
}

void
scene_restart(struct scene *scene, size_t host)
{
	struct snap_host *h = &scene->hosts[host];

	h->link = LINK_OK;
	h->silent_ms = 200;
	h->report_age_ms = h->vms_age_ms = 1000;
	snprintf(h->boot, sizeof(h->boot), "boot-2");
	snprintf(h->report_boot, sizeof(h->report_boot), "boot-2");
}
