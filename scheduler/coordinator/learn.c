/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/virt_xml.h"

#define LEARN_RETRY_MS 5000

struct lesson {
	struct coordinator *co;
	char uuid[REPORT_UUID_LEN];
};

static void
take_paths(struct reg_vm *vm, const char *xml)
{
	virt_xml_free_paths(vm->paths);
	vm->paths = virt_xml_read_paths(xml);
}

void
learn_stored(struct coordinator *co)
{
	struct err err;

	for (size_t i = 0; i < co->reg.n_vms; i++) {
		struct reg_vm *vm = &co->reg.vms[i];
		cleanup_free char *xml = NULL;

		if (vm->definition_hash[0] == '\0')
			continue;
		if (store_load_definition(co->store, vm->uuid, &xml, &err) == 0)
			take_paths(vm, xml);
		else
			log_warn("learn", "%s: %s", vm->name, err.text);
	}
}

static void
keep(struct coordinator *co, struct reg_vm *vm,
     const struct virt_definition *definition)
{
	struct err err;

	store_begin(co->store);
	store_put_definition(co->store, vm->uuid, definition->hash,
			     definition->xml, clock_wall_ms());
	if (store_commit(co->store, &err) < 0) {
		log_error("store", "definition of %s: %s", vm->name, err.text);
		return;
	}
	log_debug("learn", "%s: definition read", vm->name);
	take_paths(vm, definition->xml);
	snprintf(vm->definition_hash, sizeof(vm->definition_hash), "%s",
		 definition->hash);
}

static void
definition_came(void *arg, int rc, const struct virt_definition *definition,
		const char *text)
{
	cleanup_free struct lesson *lesson = arg;
	struct reg_vm *vm = registry_find_vm(&lesson->co->reg, lesson->uuid);

	if (vm == NULL)
		return;
	vm->learning = false;
	vm->learn_ended_ms = clock_mono_ms();
	if (rc < 0)
		log_warn("learn", "%s: its definition cannot be read: %s",
			 vm->name, text);
	else
		keep(lesson->co, vm, definition);
}

static bool
wants_lesson(const struct reg_vm *vm, size_t host, const struct report_vm *seen,
	     int64_t now_ms)
{
	return vm != NULL && vm->owner == host && !vm->learning &&
	       vm->phase == VM_SETTLED && seen->definition_hash[0] != '\0' &&
	       strcmp(vm->definition_hash, seen->definition_hash) != 0 &&
	       registry_age(vm->learn_ended_ms, now_ms) >= LEARN_RETRY_MS;
}

void
learn_from_report(struct coordinator *co, size_t host)
{
	const struct node_report *report = co->reg.hosts[host].report;
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; report != NULL && i < report->n_vms; i++) {
		const struct report_vm *seen = &report->vms[i];
		struct reg_vm *vm = registry_find_vm(&co->reg, seen->uuid);

		if (!wants_lesson(vm, host, seen, now_ms))
			continue;
		struct lesson *lesson = xcalloc(1, sizeof(*lesson));
		lesson->co = co;
		snprintf(lesson->uuid, sizeof(lesson->uuid), "%s", vm->uuid);
		vm->learning = true;
		virt_read_definition(co->virt,
				     co->reg.hosts[host].conf->libvirt,
				     vm->uuid, definition_came, lesson);
	}
}
