/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guests do: statistics that libvirt has to ask each QEMU for, and
 * what the kernel says of their processes.
 *
 * A worker of its own asks for these, since a QEMU that hangs holds the call.
 * It is killed once; libvirt keeps that VM's job, and NOWAIT passes it over
 * from then on.
 *
 * One walk over libvirt's parameters: "block.3.rd.bytes" is group, row and
 * field.  The tables below say which of them are wanted, and where in a row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/source.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "agent/virt_own.h"
#include "agent/virt_worker.h"
#include "common/alloc.h"
#include "common/clock.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

enum { IF_INDEX = 4, IF_PARENT }; /* places of an interface */
enum { GROUP_CPUS, GROUP_DISKS, GROUP_NICS };

enum { FIELDS_MAX = 10, ROWS_MAX = 256, FIELD_ROOM = 64 };

static const struct {
	const char *group, *field;
	unsigned slot;
} fields[] = {
	{ "vcpu", "state", 0 },       { "vcpu", "time", 1 },
	{ "block", "rd.reqs", 0 },    { "block", "rd.bytes", 1 },
	{ "block", "rd.times", 2 },   { "block", "wr.reqs", 3 },
	{ "block", "wr.bytes", 4 },   { "block", "wr.times", 5 },
	{ "block", "fl.reqs", 6 },    { "block", "capacity", 7 },
	{ "block", "allocation", 8 }, { "block", "physical", 9 },
	{ "net", "rx.bytes", 0 },     { "net", "rx.pkts", 1 },
	{ "net", "tx.bytes", 2 },     { "net", "tx.pkts", 3 },
};

static const struct {
	const char *group, *key;
} groups[] = {
	[GROUP_CPUS] = { "vcpu", "cpus" },
	[GROUP_DISKS] = { "block", "disks" },
	[GROUP_NICS] = { "net", "nics" },
};

/* Single values, and what they are called in the message. */
static const struct {
	const char *name, *key;
} singles[] = {
	{ "balloon.available", "available_kib" },
	{ "balloon.unused", "unused_kib" },
	{ "balloon.usable", "usable_kib" },
	{ "balloon.last-update", "stamp" },
	{ "balloon.swap_in", "swap_in_kib" },
	{ "balloon.swap_out", "swap_out_kib" },
	{ "balloon.major_fault", "major" },
	{ "balloon.minor_fault", "minor" },
	{ "dirtyrate.calc_status", "dirty_status" },
	{ "dirtyrate.calc_start_time", "dirty_start_s" },
	{ "dirtyrate.calc_period", "dirty_period_s" },
	{ "dirtyrate.megabytes_per_second", "dirty_mib_s" },
};

struct row {
	bool used;
	char name[FIELD_ROOM];
	json_int_t values[FIELDS_MAX]; /* -1: not there */
};

struct table {
	struct row rows[COUNT(groups)][ROWS_MAX];
};

/* --- libvirt's parameters ------------------------------------------------- */

static json_int_t
value_of(const virTypedParameter *param)
{
	switch (param->type) {
	case VIR_TYPED_PARAM_INT:
		return param->value.i;
	case VIR_TYPED_PARAM_UINT:
		return param->value.ui;
	case VIR_TYPED_PARAM_LLONG:
		return param->value.l;
	case VIR_TYPED_PARAM_ULLONG:
		return param->value.ul <= INT64_MAX
			       ? (json_int_t)param->value.ul
			       : -1;
	case VIR_TYPED_PARAM_BOOLEAN:
		return param->value.b != 0;
	default:
		return -1;
	}
}

static struct row *
row_at(struct table *table, const char *name, const char **ret_group,
       const char **ret_field)
{
	for (size_t g = 0; g < COUNT(groups); g++) {
		size_t len = strlen(groups[g].group);
		char *end;

		if (strncmp(name, groups[g].group, len) != 0 ||
		    name[len] != '.' || name[len + 1] < '0' ||
		    name[len + 1] > '9')
			continue;
		unsigned long row = strtoul(name + len + 1, &end, 10);
		if (*end != '.' || row >= ROWS_MAX)
			return NULL;
		*ret_group = groups[g].group;
		*ret_field = end + 1;
		return &table->rows[g][row];
	}
	return NULL;
}

static void
start_row(struct row *row)
{
	if (row->used)
		return;
	row->used = true;
	row->name[0] = '\0';
	for (size_t i = 0; i < FIELDS_MAX; i++)
		row->values[i] = -1;
}

static void
take_param(struct table *table, const virTypedParameter *param, json_t *vm)
{
	const char *group, *field;
	struct row *row = row_at(table, param->field, &group, &field);

	for (size_t i = 0; row == NULL && i < COUNT(singles); i++)
		if (strcmp(param->field, singles[i].name) == 0 &&
		    value_of(param) >= 0)
			json_object_set_new(vm, singles[i].key,
					    json_integer(value_of(param)));
	if (row == NULL)
		return;
	start_row(row);
	if (strcmp(field, "name") == 0 && param->type == VIR_TYPED_PARAM_STRING)
		text_copy(row->name, sizeof(row->name), param->value.s);
	for (size_t i = 0; i < COUNT(fields); i++)
		if (strcmp(fields[i].group, group) == 0 &&
		    strcmp(fields[i].field, field) == 0)
			row->values[fields[i].slot] = value_of(param);
}

/* --- interfaces of the host ----------------------------------------------- */

static json_int_t
read_number(const char *root, const char *dev, const char *what)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", dev, what);
	if (sysroot_read_line(root, path, text, sizeof(text)) <= 0)
		return 0;
	long number = strtol(text, NULL, 10);
	return number > 0 && number <= INT32_MAX ? number : 0;
}

/* What it hangs on is its bridge or, for a macvtap, the device below. */
static void
add_interfaces(struct row *rows, const char *root)
{
	for (size_t i = 0; i < ROWS_MAX; i++) {
		const char *dev = rows[i].name;
		json_int_t *values = rows[i].values;

		if (!rows[i].used || dev[0] == '\0' || dev[0] == '.' ||
		    strchr(dev, '/') != NULL)
			continue;
		values[IF_INDEX] = read_number(root, dev, "ifindex");
		values[IF_PARENT] = read_number(root, dev, "master/ifindex");
		if (values[IF_PARENT] == 0)
			values[IF_PARENT] = read_number(root, dev, "iflink");
		if (values[IF_PARENT] == values[IF_INDEX])
			values[IF_PARENT] = 0;
	}
}

/* --- rows ----------------------------------------------------------------- */

/* [ [row, name, values...] ... ] */
static json_t *
print_rows(struct row *rows)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ROWS_MAX; i++) {
		if (!rows[i].used)
			continue;
		json_t *row = json_array();
		json_array_append_new(row, json_integer((json_int_t)i));
		json_array_append_new(row, message_string(rows[i].name));
		for (size_t j = 0; j < FIELDS_MAX; j++)
			json_array_append_new(row,
					      json_integer(rows[i].values[j]));
		json_array_append_new(list, row);
		rows[i].used = false;
	}
	return list;
}

/* --- processes ------------------------------------------------------------ */

static int
by_uuid(const void *a, const void *b)
{
	const struct virt_guest *one = a, *other = b;

	return memcmp(one->uuid, other->uuid, VIR_UUID_BUFLEN);
}

static struct virt_guest *
find_guest(const struct virt *virt, const unsigned char *uuid)
{
	struct virt_guest key = { .process.pid = 0 };

	if (virt->n_guests == 0)
		return NULL;
	memcpy(key.uuid, uuid, sizeof(key.uuid));
	return bsearch(&key, virt->guests, virt->n_guests, sizeof(key),
		       by_uuid);
}

void
virt_stats_done(struct virt *virt)
{
	for (size_t i = 0; i < virt->n_guests; i++)
		vm_process_done(&virt->guests[i].process);
	free(virt->guests);
	virt->guests = NULL;
	virt->n_guests = 0;
}

static json_t *
print_numa(const struct vm_numa *numa)
{
	json_t *list = json_array();

	for (unsigned node = 0; node < REPORT_NUMA_MAX; node++)
		if (numa->kib[node] > 0 && numa->kib[node] <= INT64_MAX)
			json_array_append_new(
				list, json_pack("[i, I]", (int)node,
						(json_int_t)numa->kib[node]));
	return list;
}

static void
set_number(json_t *vm, const char *key, uint64_t number)
{
	json_int_t value = number <= INT64_MAX ? (json_int_t)number : INT64_MAX;

	json_object_set_new(vm, key, json_integer(value));
}

static void
read_process(struct vm_process *process, virDomainPtr dom, const char *uuid,
	     const char *root, json_t *vm)
{
	if (process->has_memory || process->pid == 0)
		vm_process_read(process, root);
	if (!process->has_memory) {
		vm_process_done(process);
		if (vm_process_find(root, virt_lib.virDomainGetName(dom), uuid,
				    &process->pid) < 0)
			return;
		process->started_ms =
			vm_process_start(root, process->pid, clock_mono_ms());
		vm_process_read(process, root);
	}
	if (!process->has_memory)
		return;
	set_number(vm, "rss_kib",
		   process->memory.rss_kib + process->memory.huge_kib);
	set_number(vm, "swapped_kib", process->memory.swapped_kib);
	set_number(vm, "age_ms",
		   (uint64_t)(clock_mono_ms() - process->started_ms));
	if (process->has_ready)
		set_number(vm, "ready_ns", process->ready_ns);
}

/* One node has it all, or it is counted. */
static void
know_numa(struct virt *virt, unsigned node)
{
	for (size_t i = 0; i < virt->n_guests; i++) {
		struct vm_process *process = &virt->guests[i].process;

		memset(&process->numa, 0, sizeof(process->numa));
		process->numa.kib[node] =
			process->memory.rss_kib + process->memory.huge_kib;
		process->has_numa = process->has_memory;
	}
}

/* The VM that has waited longest, if it is its turn. */
static struct vm_process *
next_turn(struct virt *virt, int64_t now_ms)
{
	struct vm_process *next = NULL;

	for (size_t i = 0; i < virt->n_guests; i++) {
		struct vm_process *process = &virt->guests[i].process;

		if (process->has_memory &&
		    (next == NULL || process->numa_ms < next->numa_ms))
			next = process;
	}
	return next != NULL && (next->numa_ms == 0 ||
				now_ms - next->numa_ms >= VM_NUMA_MS)
		       ? next
		       : NULL;
}

static void
read_numa(struct virt *virt, const char *root)
{
	const int64_t start_ms = clock_mono_ms();
	int64_t now_ms = start_ms;
	struct vm_process *process;
	unsigned node;

	if (vm_process_only_node(root, &node)) {
		know_numa(virt, node);
		return;
	}
	while (now_ms - start_ms < VM_NUMA_SPEND_MS &&
	       (process = next_turn(virt, now_ms)) != NULL) {
		vm_process_read_numa(process, root, now_ms);
		now_ms = clock_mono_ms();
	}
}

/* --- all of them ---------------------------------------------------------- */

static json_t *
describe_guest(struct virt *virt, struct virt_guest *guest,
	       virDomainStatsRecordPtr stats, struct table *table,
	       const char *root)
{
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	struct virt_guest *old;
	json_t *vm = json_object();

	virt_lib.virDomainGetUUID(stats->dom, guest->uuid);
	virt_lib.virDomainGetUUIDString(stats->dom, uuid);
	old = find_guest(virt, guest->uuid);
	if (old != NULL) {
		guest->process = old->process;
		memset(&old->process, 0, sizeof(old->process));
	}
	json_object_set_new(vm, "uuid", json_string(uuid));
	for (int i = 0; i < stats->nparams; i++)
		take_param(table, &stats->params[i], vm);
	add_interfaces(table->rows[GROUP_NICS], root);
	for (size_t g = 0; g < COUNT(groups); g++)
		json_object_set_new(vm, groups[g].key,
				    print_rows(table->rows[g]));
	read_process(&guest->process, stats->dom, uuid, root, vm);
	return vm;
}

static json_t *
describe_guests(struct virt *virt, virDomainStatsRecordPtr *stats, size_t n,
		const char *root)
{
	struct virt_guest *guests = xcalloc(n + 1, sizeof(*guests));
	struct table *table = xcalloc(1, sizeof(*table));
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list,
				      describe_guest(virt, &guests[i], stats[i],
						     table, root));
	free(table);
	virt_stats_done(virt);
	virt->guests = guests;
	virt->n_guests = n;
	/* The list is in the order of the guests as they are now. */
	read_numa(virt, root);
	for (size_t i = 0; i < n; i++)
		if (guests[i].process.has_numa)
			json_object_set_new(json_array_get(list, i), "numa",
					    print_numa(
						    &guests[i].process.numa));
	qsort(guests, n, sizeof(*guests), by_uuid);
	return list;
}

json_t *
virt_stats(struct virt *virt, const json_t *request)
{
	virDomainStatsRecordPtr *stats = NULL;
	const unsigned what = VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_VCPU |
			      VIR_DOMAIN_STATS_INTERFACE |
			      VIR_DOMAIN_STATS_BLOCK |
			      VIR_DOMAIN_STATS_DIRTYRATE;
	int n = virt_lib.virConnectGetAllDomainStats(
		virt->conn, what, &stats,
		VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT |
			VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE);

	if (n < 0)
		return NULL;
	json_t *vms = describe_guests(virt, stats, (size_t)n,
				      message_text(request, "root"));
	virt_lib.virDomainStatsRecordListFree(stats);
	return json_pack("{s:o, s:I}", "vms", vms, "at_us",
			 (json_int_t)source_clock_us());
}
