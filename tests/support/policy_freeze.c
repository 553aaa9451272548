/* SPDX-License-Identifier: Apache-2.0 */
/* The model coordinator's registry as a snapshot: ages, witnesses, proofs. */
#include <stdio.h>

#include "tests/support/policy_world.h"

static int64_t
age(const struct world *w, int64_t then_ms)
{
	return then_ms == 0 ? AGE_NEVER : w->now_ms - then_ms;
}

static void
set_boot(char boot[REPORT_UUID_LEN], unsigned number)
{
	if (number != 0)
		snprintf(boot, REPORT_UUID_LEN, "boot-%u", number);
}

static void
freeze_datastore(const struct world *w, size_t index, struct snap_host *out)
{
	out->datastore_age_ms = AGE_NEVER;
	for (size_t i = 0; i < w->n_hosts; i++) {
		const struct co_host *witness = &w->co.hosts[i];
		int64_t poll_ms = w->now_ms - witness->report_ms;

		if (i == index || witness->report_ms == 0 ||
		    witness->link != LINK_OK || poll_ms > 4000 ||
		    witness->slot_ages[index] == AGE_NEVER ||
		    poll_ms + witness->slot_ages[index] >=
			    out->datastore_age_ms)
			continue;
		out->datastore_age_ms = poll_ms + witness->slot_ages[index];
		snprintf(out->datastore_witness, sizeof(out->datastore_witness),
			 "h%zu", i);
	}
	if (out->datastore_age_ms == AGE_NEVER)
		return;
	if (out->datastore_age_ms >= DATASTORE_SILENT_MS)
		out->datastore = WITNESS_SILENT;
	else if (out->datastore_age_ms <= DATASTORE_ALIVE_MS &&
		 out->datastore_age_ms + 1500 <= out->silent_ms)
		out->datastore = WITNESS_ALIVE;
}

static void
freeze_host(const struct world *w, size_t index, struct snap_host *out)
{
	const struct co_host *host = &w->co.hosts[index];
	int64_t heard_ms = host->heard_ms;
	unsigned fences = 0;

	snprintf(out->name, sizeof(out->name), "h%zu", index);
	out->state = host->state;
	out->state_age_ms = w->now_ms - host->state_ms;
	set_boot(out->trusted_boot, host->trusted_boot);
	for (size_t i = 0; i < FENCES_PER_HOUR; i++)
		fences += host->fences_ms[i] != 0 &&
			  w->now_ms - host->fences_ms[i] < INT64_C(3600000);
	out->fences_last_hour = fences;
	out->fence_age_ms = age(w, host->fence_ended_ms);
	out->clean_age_ms = age(w, host->clean_ended_ms);
	out->fencing = host->fencing;
	out->cleaning = host->cleaning;
	out->link = host->link;
	out->silent_ms = w->now_ms - (heard_ms ? heard_ms : w->co.started_ms);
	set_boot(out->boot, host->boot);
	out->can_fence = true;
	if (host->libvirt_asked_ms > heard_ms)
		out->libvirt = host->libvirt;
	if (host->power_ms > heard_ms) {
		out->power = host->power;
		snprintf(out->power_text, sizeof(out->power_text), "%s",
			 host->off_twice            ? "off, read twice"
			 : host->power == POWER_OFF ? "off, read once"
			 : host->power == POWER_ON  ? "on"
						    : "does not answer");
		/* The first of the two reads came after the last answer. */
		out->off_proved = host->off_twice &&
				  host->power_ms - 250 > heard_ms &&
				  (w->now_ms - host->power_ms < OFF_PROOF_MS ||
				   w->sabotage & SABOTAGE_OLD_PROOF);
	}
	freeze_datastore(w, index, out);
	out->report_age_ms = age(w, host->report_ms);
	out->vms_age_ms = age(w, host->report.at_ms);
	set_boot(out->report_boot, host->report.boot);
	if (host->storage_lost && host->link == LINK_OK)
		snprintf(out->storage_trouble, sizeof(out->storage_trouble),
			 "datastore ds1 is lost");
	out->memory_kib = 16 << 20;
	out->cpu_milli = 8000;
}

static void
freeze_vm(const struct world *w, size_t index, struct snap_vm *out)
{
	const struct co_vm *vm = &w->co.vms[index];

	snprintf(out->uuid, sizeof(out->uuid), "uuid-%02zu", index);
	snprintf(out->name, sizeof(out->name), "vm%zu", index);
	out->owner = vm->owner;
	out->intent = vm->intent;
	out->phase = vm->phase;
	out->recovered = vm->recovered;
	out->has_definition = vm->has_definition;
	out->memory_kib = 1 << 20;
	out->vcpus = 1;
	out->shared_storage = true;
	out->start_failures = vm->start_failures;
	out->failed_on = vm->failed_on;
	out->command_age_ms = age(w, vm->command_ended_ms);
	out->absences = vm->absences;
	out->seen_there = (vm->seen_ms != 0 &&
			   (vm->phase != VM_SETTLED ||
			    w->now_ms - vm->seen_ms < SEEN_THERE_MS)) ||
			  w->sabotage & SABOTAGE_SEEN_THERE;
	out->record_age_ms = age(w, vm->record_ms);
	out->starting = vm->starting;
}

static void
freeze_sighting(const struct world *w, size_t v, size_t h,
		struct snapshot *snap)
{
	static const enum report_vm_state states[] = {
		[COPY_OFF] = VM_STATE_SHUT_OFF,
		[COPY_INCOMING] = VM_STATE_PAUSED,
		[COPY_RUNNING] = VM_STATE_RUNNING,
	};
	const struct co_host *host = &w->co.hosts[h];
	const struct world_copy *copy = &host->report.copies[v];

	if (host->report.at_ms == 0 || !coordinator_is_listed(copy))
		return;
	snap->sightings[snap->n_sightings++] = (struct snap_sighting){
		.vm = v,
		.host = h,
		.state = states[copy->state],
		.reason = copy->reason ? copy->reason : VM_REASON_UNKNOWN,
		.event = VM_EVENT_NONE,
		.event_age_ms = AGE_NEVER,
		.liveness = LIVENESS_UNKNOWN,
		.guest_agent = GUEST_AGENT_UNKNOWN,
	};
}

/* The arrays are the caller's, zeroed and large enough. */
void
coordinator_freeze(struct world *w, struct snapshot *snap)
{
	snap->number = w->count.decisions;
	snap->now_ms = w->now_ms;
	snap->uptime_ms = w->now_ms - w->co.started_ms;
	snap->n_clusters = 1;
	snap->clusters[0].ha = true;
	cluster_policy_init(&snap->clusters[0].policy);
	snap->clusters[0].switch_age_ms = AGE_NEVER;
	snap->n_hosts = w->n_hosts;
	for (size_t h = 0; h < w->n_hosts; h++)
		freeze_host(w, h, &snap->hosts[h]);
	snap->n_vms = w->n_vms;
	for (size_t v = 0; v < w->n_vms; v++) {
		freeze_vm(w, v, &snap->vms[v]);
		snap->vms[v].policy = snap->clusters[0].policy.vm;
		for (size_t h = 0; h < w->n_hosts; h++)
			freeze_sighting(w, v, h, snap);
	}
}
