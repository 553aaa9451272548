/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vm_mib.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"

static const struct guest nobody = {
	.ready_pm = REPORT_UNMEASURED,
	.about.agent = GUEST_AGENT_UNKNOWN,
};

static const struct guest *
guest_of(const struct guest_table *table, const struct report_vm *vm)
{
	const struct guest *guest = guest_table_find(table, vm->index);

	return guest != NULL ? guest : &nobody;
}

/* --- numbers -------------------------------------------------------------- */

int32_t
vm_mib_units(uint64_t bytes)
{
	if (bytes == GUEST_UNKNOWN)
		return -1;
	uint64_t units = bytes / DETAIL_VM_UNIT + (bytes % DETAIL_VM_UNIT != 0);
	return units < INT32_MAX ? (int32_t)units : INT32_MAX;
}

static int32_t
units_of_kib(uint64_t kib)
{
	return kib > UINT64_MAX / 2048 ? INT32_MAX : vm_mib_units(kib * 1024);
}

/* 1/100 s; TimeTicks begin again from 0 after 497 days. */
static uint32_t
ticks_of(uint64_t ms)
{
	return (uint32_t)(ms / 10);
}

static int32_t
number_of(uint32_t number)
{
	return number < INT32_MAX ? (int32_t)number : INT32_MAX;
}

/* --- the hypervisor ------------------------------------------------------- */

/* libvirt's number: 1000000 * major + 1000 * minor + release. */
static void
print_version(uint64_t version, char *ret_text, size_t room)
{
	ret_text[0] = '\0';
	if (version > 0 && version < UINT64_C(1000000000))
		snprintf(ret_text, room, "%u.%u.%u",
			 (unsigned)(version / 1000000),
			 (unsigned)(version / 1000 % 1000),
			 (unsigned)(version % 1000));
}

static void
fill_hypervisor(const struct node_report *report,
		const struct guest_table *table, int64_t now_ms,
		struct detail_hypervisor *hypervisor)
{
	uint64_t up_ms = (uint64_t)report->host.uptime_s * 1000;
	uint64_t ago_ms = table->changed_ms < 0 || now_ms < table->changed_ms
				  ? up_ms
				  : (uint64_t)(now_ms - table->changed_ms);

	memcpy(hypervisor->software, table->hypervisor,
	       sizeof(hypervisor->software));
	print_version(table->version, hypervisor->version,
		      sizeof(hypervisor->version));
	hypervisor->up_ticks = ticks_of(up_ms);
	hypervisor->change_ticks =
		ticks_of(ago_ms < up_ms ? up_ms - ago_ms : 0);
	hypervisor->vms = (int32_t)report->n_vms;
}

/* --- vmTable -------------------------------------------------------------- */

/* What it should be: nobody asked a crashed VM to go down. */
static const struct {
	enum detail_vm_admin admin;
	enum detail_vm_oper oper;
} states[] = {
	[VM_STATE_UNKNOWN] = { VM_ADMIN_RUNNING, VM_OPER_UNKNOWN },
	[VM_STATE_NO_STATE] = { VM_ADMIN_RUNNING, VM_OPER_OTHER },
	[VM_STATE_RUNNING] = { VM_ADMIN_RUNNING, VM_OPER_RUNNING },
	[VM_STATE_BLOCKED] = { VM_ADMIN_RUNNING, VM_OPER_RUNNING },
	[VM_STATE_PAUSED] = { VM_ADMIN_PAUSED, VM_OPER_PAUSED },
	[VM_STATE_SHUTTING_DOWN] = { VM_ADMIN_SHUTDOWN, VM_OPER_SHUTTING_DOWN },
	[VM_STATE_SHUT_OFF] = { VM_ADMIN_SHUTDOWN, VM_OPER_SHUTDOWN },
	[VM_STATE_CRASHED] = { VM_ADMIN_RUNNING, VM_OPER_CRASHED },
	/* Suspended by its guest: in memory, not on disk. */
	[VM_STATE_PM_SUSPENDED] = { VM_ADMIN_PAUSED, VM_OPER_PAUSED },
};

/* And of those that are in the middle of something. */
static const enum detail_vm_admin phases[] = {
	[VM_OPER_PREPARING] = VM_ADMIN_RUNNING,
	[VM_OPER_SUSPENDING] = VM_ADMIN_SUSPENDED,
	[VM_OPER_SUSPENDED] = VM_ADMIN_SUSPENDED,
	[VM_OPER_RESUMING] = VM_ADMIN_RUNNING,
	[VM_OPER_MIGRATING] = VM_ADMIN_RUNNING,
	[VM_OPER_SHUTTING_DOWN] = VM_ADMIN_SHUTDOWN,
	[VM_OPER_CRASHED] = VM_ADMIN_RUNNING,
};

static void
fill_states(const struct report_vm *vm, const struct guest *guest,
	    struct detail_vm *row)
{
	row->admin = states[vm->state].admin;
	row->oper = states[vm->state].oper;
	if (guest->phase == 0 || phases[guest->phase] == 0)
		return;
	row->admin = phases[guest->phase];
	row->oper = guest->phase;
}

static void
fill_vm(const struct report_vm *vm, const struct guest *guest, int64_t now_ms,
	struct detail_vm *row)
{
	const struct vm_about *about = &guest->about;
	bool up = guest->measured && guest->stats.age_ms != GUEST_UNKNOWN;

	row->index = vm->index;
	memcpy(row->name, vm->name, sizeof(row->name));
	memcpy(row->uuid, vm->uuid, sizeof(row->uuid));
	text_copy(row->os, sizeof(row->os), about->os);
	fill_states(vm, guest, row);
	row->autostart =
		vm->autostart ? VM_AUTOSTART_ENABLED : VM_AUTOSTART_DISABLED;
	row->persistent = vm->persistent ? VM_PERSISTENT_PERSISTENT
					 : VM_PERSISTENT_TRANSIENT;
	row->cpus = number_of(vm->vcpus);
	row->cpus_min = -1;
	row->cpus_max = about->vcpus_max > 0 ? number_of(about->vcpus_max) : -1;
	row->memory_unit = DETAIL_VM_UNIT;
	row->memory = units_of_kib(vm->memory_now_kib);
	row->memory_min = about->min_memory_kib > 0
				  ? units_of_kib(about->min_memory_kib)
				  : -1;
	row->memory_max = units_of_kib(vm->memory_kib);
	if (up && now_ms >= guest->measured_ms)
		row->up_ticks =
			ticks_of(guest->stats.age_ms +
				 (uint64_t)(now_ms - guest->measured_ms));
	row->cpu_us = guest->cpu_ns / 1000;
}

/* --- processors ----------------------------------------------------------- */

/* Those of a VM that is off have used nothing. */
static size_t
fill_cpus(const struct report_vm *vm, const struct guest *guest,
	  struct detail_vm_cpu *rows)
{
	const struct guest_stats *stats = &guest->stats;
	size_t n = 0;

	for (size_t i = 0; i < stats->n_cpus; i++)
		rows[n++] =
			(struct detail_vm_cpu){ vm->index,
						stats->cpus[i].number + 1,
						stats->cpus[i].time_ns / 1000 };
	if (n > 0)
		return n;
	for (uint32_t i = 0; i < vm->vcpus && i < REPORT_CPUS_MAX; i++)
		rows[n++] = (struct detail_vm_cpu){ vm->index, i + 1, 0 };
	return n;
}

static size_t
count_cpus(const struct report_vm *vm, const struct guest *guest)
{
	size_t vcpus =
		vm->vcpus < REPORT_CPUS_MAX ? vm->vcpus : REPORT_CPUS_MAX;

	return guest->stats.n_cpus > vcpus ? guest->stats.n_cpus : vcpus;
}

/* A number and what stands behind it; false when it is none, or no CPU's. */
static bool
take_cpu(const char **at, unsigned *ret_cpu)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	unsigned long cpu = strtoul(*at, &end, 10);
	*at = end;
	*ret_cpu = (unsigned)cpu;
	return cpu < REPORT_CPUS_MAX;
}

bool
vm_mib_parse_cpus(const char *text, struct vm_mib_cpus *ret_cpus)
{
	struct vm_mib_cpus cpus = { { 0 } };

	do {
		unsigned first, last;
		bool out = *text == '^';

		text += out;
		if (!take_cpu(&text, &first))
			return false;
		last = first;
		if (*text == '-' && (text++, !take_cpu(&text, &last)))
			return false;
		for (unsigned cpu = first; cpu <= last; cpu++)
			if (out)
				cpus.words[cpu / 64] &=
					~(UINT64_C(1) << cpu % 64);
			else
				cpus.words[cpu / 64] |= UINT64_C(1) << cpu % 64;
	} while (*text == ',' && *++text != '\0');
	if (*text != '\0')
		return false;
	*ret_cpus = cpus;
	return true;
}

/* What vCPU `number` may use: its own limits, else those of all. */
static const char *
limits_of(const struct vm_about *about, uint32_t number)
{
	for (size_t i = 0; i < about->n_pins; i++)
		if (about->pins[i].vcpu == number)
			return about->pins[i].cpus;
	return about->cpuset;
}

static void
add_pins(struct node_detail *detail, size_t *room, const struct report_vm *vm,
	 uint32_t vcpu, const struct vm_mib_cpus *cpus)
{
	for (uint32_t cpu = 0; cpu < REPORT_CPUS_MAX; cpu++) {
		if ((cpus->words[cpu / 64] >> cpu % 64 & 1) == 0)
			continue;
		if (detail->n_vm_pins == DETAIL_VM_PINS_MAX)
			return;
		if (detail->n_vm_pins == *room) {
			*room = *room == 0 ? 64 : *room * 2;
			detail->vm_pins = xrealloc(detail->vm_pins, *room,
						   sizeof(*detail->vm_pins));
		}
		detail->vm_pins[detail->n_vm_pins++] =
			(struct detail_vm_pin){ vm->index, vcpu + 1,
						DETAIL_FIRST_CPU + cpu,
						VM_AFFINITY_ENABLE };
	}
}

static void
fill_pins(const struct node_report *report, const struct guest_table *table,
	  struct node_detail *detail)
{
	struct vm_mib_cpus cpus;
	size_t room = 0;

	for (size_t i = 0; i < report->n_vms; i++) {
		const struct report_vm *vm = &report->vms[i];
		const struct vm_about *about = &guest_of(table, vm)->about;

		for (uint32_t vcpu = 0;
		     vcpu < vm->vcpus && vcpu < REPORT_CPUS_MAX; vcpu++)
			if (vm_mib_parse_cpus(limits_of(about, vcpu), &cpus))
				add_pins(detail, &room, vm, vcpu, &cpus);
	}
}

/* --- the whole ------------------------------------------------------------ */

static void
fill_nodes(const struct report_vm *vm, const struct guest *guest,
	   struct node_detail *detail)
{
	const struct guest_stats *stats = &guest->stats;

	for (uint32_t node = 0; node < REPORT_NUMA_MAX; node++)
		if (stats->has_numa && stats->numa.kib[node] > 0)
			detail->vm_nodes[detail->n_vm_nodes++] =
				(struct detail_vm_node){
					vm->index, node, stats->numa.kib[node]
				};
}

static size_t
count_nodes(const struct guest *guest)
{
	size_t n = 0;

	for (unsigned node = 0; node < REPORT_NUMA_MAX; node++)
		n += guest->stats.numa.kib[node] > 0;
	return n;
}

static void
make_rooms(const struct node_report *report, const struct guest_table *table,
	   struct node_detail *detail)
{
	size_t cpus = 0, disks = 0, nics = 0, nodes = 0;

	for (size_t i = 0; i < report->n_vms; i++) {
		const struct guest *guest = guest_of(table, &report->vms[i]);

		cpus += count_cpus(&report->vms[i], guest);
		disks += guest->about.n_disks;
		nics += guest->about.n_nics;
		nodes += count_nodes(guest);
	}
	detail->vms = xcalloc(report->n_vms + 1, sizeof(*detail->vms));
	detail->vm_cpus = xcalloc(cpus + 1, sizeof(*detail->vm_cpus));
	detail->vm_disks = xcalloc(disks + 1, sizeof(*detail->vm_disks));
	detail->vm_nics = xcalloc(nics + 1, sizeof(*detail->vm_nics));
	detail->vm_nodes = xcalloc(nodes + 1, sizeof(*detail->vm_nodes));
}

void
vm_mib_fill(const struct node_report *report, const struct guest_table *table,
	    const struct vm_mib_options *options, int64_t now_ms,
	    struct node_detail *detail)
{
	fill_hypervisor(report, table, now_ms, &detail->hypervisor);
	make_rooms(report, table, detail);
	for (size_t i = 0; i < report->n_vms; i++) {
		const struct report_vm *vm = &report->vms[i];
		const struct guest *guest = guest_of(table, vm);

		fill_vm(vm, guest, now_ms, &detail->vms[detail->n_vms++]);
		detail->n_vm_cpus +=
			fill_cpus(vm, guest,
				  &detail->vm_cpus[detail->n_vm_cpus]);
		detail->n_vm_disks +=
			vm_mib_disks(vm->index, guest,
				     &detail->vm_disks[detail->n_vm_disks]);
		detail->n_vm_nics +=
			vm_mib_nics(vm->index, guest,
				    &detail->vm_nics[detail->n_vm_nics]);
		fill_nodes(vm, guest, detail);
	}
	if (options->affinity)
		fill_pins(report, table, detail);
}
