/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's message as rows of the VM table, for agent/virt.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/uuid.h"
#include "agent/virt.h"
#include "common/alloc.h"

static int
by_index(const void *a, const void *b)
{
	const struct report_vm *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

const struct report_vm *
virt_find(const struct virt_reading *reading, uint32_t index)
{
	const struct report_vm key = { .index = index };

	return reading->n == 0 ? NULL
			       : bsearch(&key, reading->vms, reading->n,
					 sizeof(key), by_index);
}

/* Per mille of one CPU between two readings.  CPU time starts again from 0
 * with each start of the VM. */
static uint32_t
use_of(const struct report_vm *vm, const struct report_vm *old, int64_t us)
{
	if (old == NULL || us <= 0 || vm->cpu_time_ms < old->cpu_time_ms)
		return 0;

	uint64_t used_ms = vm->cpu_time_ms - old->cpu_time_ms;
	return used_ms > UINT32_MAX
		       ? 0
		       : (uint32_t)(used_ms * 1000 * 1000 / (uint64_t)us);
}

static bool
parse_vm(const json_t *from, struct report_vm *vm)
{
	report_vm_init(vm);
	if (uuid_parse(message_text(from, "uuid"), vm->uuid) < 0)
		return false;
	text_copy(vm->name, sizeof(vm->name), message_text(from, "name"));
	text_copy(vm->definition_hash, sizeof(vm->definition_hash),
		  message_text(from, "hash"));
	vm->state = (enum report_vm_state)message_number(from, "state",
							 VM_STATE_PM_SUSPENDED);
	if (vm->state < VM_STATE_UNKNOWN)
		vm->state = VM_STATE_UNKNOWN;
	vm->reason = (enum report_vm_reason)message_number(from, "reason",
							   VM_REASON_OTHER);
	if (vm->reason < VM_REASON_UNKNOWN)
		vm->reason = VM_REASON_UNKNOWN;
	vm->vcpus = (uint32_t)message_number(from, "vcpus", REPORT_CPUS_MAX);
	vm->memory_kib = message_number(from, "memory_kib", INT64_MAX);
	vm->memory_now_kib = message_number(from, "memory_now_kib", INT64_MAX);
	vm->cpu_time_ms = message_number(from, "cpu_ns", INT64_MAX) / 1000000;
	vm->persistent = message_bool(from, "persistent");
	vm->autostart = message_bool(from, "autostart");
	vm->shared_storage = message_bool(from, "shared");
	return true;
}

static size_t
drop_twins(struct report_vm *vms, size_t n)
{
	size_t kept = 0;

	qsort(vms, n, sizeof(*vms), by_index);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || vms[kept - 1].index != vms[i].index)
			vms[kept++] = vms[i];
	return kept;
}

int
virt_parse(const json_t *reply, struct index *index,
	   const struct virt_reading *before, struct virt_reading *ret_reading)
{
	const json_t *list = json_object_get(reply, "vms");
	size_t n = json_array_size(list);
	struct virt_reading reading = {
		.at_us = (int64_t)message_number(reply, "at_us", INT64_MAX),
	};

	if (!json_is_array(list))
		return -EPROTO;
	if (n > REPORT_VMS_MAX)
		n = REPORT_VMS_MAX;
	reading.vms = xcalloc(n + 1, sizeof(*reading.vms));
	for (size_t i = 0; i < n; i++) {
		struct report_vm *vm = &reading.vms[reading.n];

		if (!parse_vm(json_array_get(list, i), vm))
			continue;
		vm->index = index_of(index, INDEX_VM, vm->uuid);
		vm->cpu_use_pm = use_of(vm, virt_find(before, vm->index),
					reading.at_us - before->at_us);
		reading.n++;
	}
	reading.n = drop_twins(reading.vms, reading.n);
	*ret_reading = reading;
	return 0;
}

static bool
vm_differs(const struct report_vm *a, const struct report_vm *b)
{
	return a->index != b->index || a->state != b->state ||
	       a->reason != b->reason || a->persistent != b->persistent ||
	       a->autostart != b->autostart || a->vcpus != b->vcpus ||
	       a->memory_kib != b->memory_kib ||
	       a->shared_storage != b->shared_storage ||
	       strcmp(a->name, b->name) != 0 ||
	       strcmp(a->definition_hash, b->definition_hash) != 0;
}

/* A VM that runs is now "running" and now "blocked" for some hypervisors; for
 * QEMU it is always running. */
bool
virt_lives_differ(const struct virt_reading *a, const struct virt_reading *b)
{
	if (a->n != b->n)
		return true;
	for (size_t i = 0; i < a->n; i++)
		if (vm_differs(&a->vms[i], &b->vms[i]))
			return true;
	return false;
}
