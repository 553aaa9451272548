/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"
#include "scheduler/coordinator/virt_xml.h"

void
registry_init(struct registry *reg, const struct settings *settings,
	      int64_t now_ms, int64_t wall_ms)
{
	*reg = (struct registry){
		.settings = settings,
		.started_ms = now_ms,
		.awake_ms = now_ms,
		.started_wall_ms = wall_ms,
		.n_hosts = settings->n_hosts,
	};
	reg->clusters = xcalloc(settings->n_clusters, sizeof(*reg->clusters));
	for (size_t i = 0; i < settings->n_clusters; i++)
		reg->clusters[i].ha = settings->clusters[i].ha;
	reg->hosts = xcalloc(reg->n_hosts, sizeof(*reg->hosts));
	for (size_t i = 0; i < reg->n_hosts; i++)
		reg->hosts[i] = (struct reg_host){
			.conf = &settings->hosts[i],
			.state_ms = now_ms,
			.state_wall_ms = wall_ms,
		};
}

void
registry_done(struct registry *reg)
{
	for (size_t i = 0; i < reg->n_hosts; i++)
		node_report_free(reg->hosts[i].report);
	for (size_t i = 0; i < reg->n_vms; i++)
		virt_xml_free_paths(reg->vms[i].paths);
	free(reg->hosts);
	free(reg->paths);
	free(reg->vms);
	free(reg->alarms);
	free(reg->clusters);
}

size_t
registry_find_host(const struct registry *reg, const char *name)
{
	for (size_t i = 0; i < reg->n_hosts; i++)
		if (strcmp(reg->hosts[i].conf->name, name) == 0)
			return i;
	return NO_HOST;
}

size_t
registry_find_cluster(const struct registry *reg, const char *name)
{
	for (size_t i = 0; i < reg->settings->n_clusters; i++)
		if (strcmp(reg->settings->clusters[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

/* First VM whose uuid is not below; where an unknown one belongs. */
static size_t
lower_bound(const struct registry *reg, const char *uuid)
{
	size_t low = 0, high = reg->n_vms;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(reg->vms[middle].uuid, uuid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct reg_vm *
registry_find_vm(struct registry *reg, const char *uuid)
{
	size_t i = lower_bound(reg, uuid);

	if (i < reg->n_vms && strcmp(reg->vms[i].uuid, uuid) == 0)
		return &reg->vms[i];
	return NULL;
}

struct reg_vm *
registry_add_vm(struct registry *reg, const char *uuid, const char *name)
{
	size_t i = lower_bound(reg, uuid);

	if (reg->n_vms == REGISTRY_VMS_MAX) {
		log_error("registry", "more than %d VMs: %s is not managed",
			  REGISTRY_VMS_MAX, name);
		return NULL;
	}
	reg->vms = xrealloc(reg->vms, reg->n_vms + 1, sizeof(*reg->vms));
	memmove(&reg->vms[i + 1], &reg->vms[i],
		(reg->n_vms - i) * sizeof(*reg->vms));
	reg->n_vms++;

	struct reg_vm *vm = &reg->vms[i];
	*vm = (struct reg_vm){ .owner = NO_HOST, .failed_on = NO_HOST };
	snprintf(vm->uuid, sizeof(vm->uuid), "%s", uuid);
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	return vm;
}

int64_t
registry_age(int64_t then_ms, int64_t now_ms)
{
	return then_ms == 0 ? AGE_NEVER : now_ms - then_ms;
}

int64_t
registry_vms_age_ms(const struct reg_host *host, int64_t now_ms)
{
	const struct node_report *report = host->report;

	if (report == NULL)
		return AGE_NEVER;
	for (size_t i = 0; i < report->n_sources; i++) {
		const struct report_source *source = &report->sources[i];

		if (strcmp(source->name, "libvirt") != 0)
			continue;
		return source->age_ms == REPORT_AGE_NEVER
			       ? AGE_NEVER
			       : now_ms - host->report_ms + source->age_ms;
	}
	return AGE_NEVER;
}

#define SAME_READING_MS 200 /* jitter of one reading, polled twice */

/* The facts of a VM that its owner's report may change without a decision. */
static void
take_vm(struct registry *reg, size_t host, const struct report_vm *seen)
{
	struct reg_vm *vm = registry_find_vm(reg, seen->uuid);

	if (vm == NULL)
		vm = registry_add_vm(reg, seen->uuid, seen->name);
	if (vm == NULL)
		return;
	if (vm->owner != host && vm->owner != NO_HOST)
		return;
	vm->absences = 0;
	vm->memory_kib = seen->memory_kib;
	vm->vcpus = seen->vcpus;
	vm->shared_storage = seen->shared_storage;
	snprintf(vm->name, sizeof(vm->name), "%s", seen->name);
}

static const struct report_vm *
find_in_report(const struct node_report *report, const char *uuid)
{
	for (size_t i = 0; i < report->n_vms; i++)
		if (strcmp(report->vms[i].uuid, uuid) == 0)
			return &report->vms[i];
	return NULL;
}

/* What the owner's new reading means for one of its VMs.  Only a reading
 * that is younger than the VM's last command says anything about it, and one
 * of another boot nothing about the copy that ran before. */
static void
take_presence(struct registry *reg, struct reg_vm *vm)
{
	const struct reg_host *host = &reg->hosts[vm->owner];
	const struct report_vm *seen = find_in_report(host->report, vm->uuid);

	if (host->vms_read_ms <= vm->command_ended_ms)
		return;
	if (vm->phase == VM_SETTLED &&
	    strcmp(host->report->host.boot_id, host->trusted_boot) == 0)
		vm->seen_ms = seen != NULL && vm_state_is_active(seen->state)
				      ? host->vms_read_ms
				      : 0;
	if (seen == NULL && vm->phase == VM_SETTLED)
		vm->absences++;
}

bool
registry_disagrees(struct registry *reg, size_t index)
{
	const struct node_report *report = reg->hosts[index].report;

	for (size_t i = 0; i < report->n_vms; i++) {
		const struct report_vm *seen = &report->vms[i];
		const struct reg_vm *vm = registry_find_vm(reg, seen->uuid);

		if (vm != NULL && vm->owner != index &&
		    seen->state == VM_STATE_RUNNING)
			return true;
	}
	for (size_t i = 0; i < reg->n_vms; i++) {
		const struct reg_vm *vm = &reg->vms[i];

		if (vm->owner == index && vm->phase == VM_SETTLED &&
		    vm->intent == INTENT_RUN &&
		    find_in_report(report, vm->uuid) == NULL)
			return true;
	}
	return false;
}

void
registry_adopted(struct registry *reg, struct reg_vm *vm)
{
	const struct reg_host *host = &reg->hosts[vm->owner];
	const struct report_vm *seen =
		host->report ? find_in_report(host->report, vm->uuid) : NULL;

	if (seen != NULL && vm_state_is_active(seen->state) &&
	    strcmp(host->report->host.boot_id, host->trusted_boot) == 0)
		vm->seen_ms = host->vms_read_ms;
}

void
registry_take_report(struct registry *reg, size_t index,
		     struct node_report *report, int64_t now_ms)
{
	struct reg_host *host = &reg->hosts[index];

	node_report_free(host->report);
	host->report = report;
	host->report_ms = now_ms;

	int64_t age_ms = registry_vms_age_ms(host, now_ms);
	if (age_ms >= VMS_FRESH_MS)
		return; /* old news about VMs: neither there nor absent */
	for (size_t i = 0; i < report->n_vms; i++)
		take_vm(reg, index, &report->vms[i]);
	if (now_ms - age_ms <= host->vms_read_ms + SAME_READING_MS)
		return; /* this reading was counted */
	host->vms_read_ms = now_ms - age_ms;
	for (size_t i = 0; i < reg->n_vms; i++)
		if (reg->vms[i].owner == index)
			take_presence(reg, &reg->vms[i]);
}

void
registry_count_failure(struct reg_host *host, int64_t then_ms)
{
	host->failures_ms[host->n_failures++ % FAILURES_PER_HOUR] = then_ms;
}

void
registry_count_restart(struct reg_vm *vm, int64_t then_ms)
{
	vm->restarts_ms[vm->n_restarts++ % REGISTRY_RESTARTS] = then_ms;
}

void
registry_count_took_down(struct reg_vm *vm, int64_t then_ms)
{
	vm->took_down_ms[vm->n_took_down++ % POISON_HOSTS] = then_ms;
}

void
registry_void_word(struct reg_host *host)
{
	host->word_ms = 0;
	host->word_of[0] = '\0';
}
