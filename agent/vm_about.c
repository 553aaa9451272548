/* SPDX-License-Identifier: Apache-2.0 */
/* From the worker's message to a struct, for agent/virt_xml.h. */
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/virt_xml.h"
#include "common/alloc.h"

#define COPY(from, key, to) text_copy(to, sizeof(to), message_text(from, key))

/* "vda" is 10001, "vdab" 10028, "sda" 20001: a number that a disk keeps. */
static uint32_t
disk_index(const char *target, size_t place)
{
	static const char *const buses[] = { "vd",  "sd", "hd",
					     "xvd", "fd", "ubd" };

	for (uint32_t bus = 0; bus < sizeof(buses) / sizeof(*buses); bus++) {
		size_t len = strlen(buses[bus]);
		uint32_t number = 0;
		const char *at = target + len;

		if (strncmp(target, buses[bus], len) != 0)
			continue;
		for (; *at >= 'a' && *at <= 'z' && number < 10000; at++)
			number = number * 26 + (uint32_t)(*at - 'a') + 1;
		if (*at == '\0' && number > 0 && number < 10000)
			return (bus + 1) * 10000 + number;
	}
	return (uint32_t)place + 1;
}

static int
disks_by_index(const void *a, const void *b)
{
	const struct vm_disk *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

static int
nics_by_index(const void *a, const void *b)
{
	const struct vm_nic *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

static int
pins_by_vcpu(const void *a, const void *b)
{
	const struct vm_pin *one = a, *other = b;

	return one->vcpu < other->vcpu ? -1 : one->vcpu > other->vcpu;
}

static size_t
size_of(const json_t *list, size_t max)
{
	size_t n = json_array_size(list);

	return n < max ? n : max;
}

static void
parse_disks(const json_t *list, struct vm_about *about)
{
	size_t n = size_of(list, VIRT_DISKS_MAX), kept = 0;
	struct vm_disk *disks = xcalloc(n + 1, sizeof(*disks));

	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(list, i);
		struct vm_disk *disk = &disks[i];

		COPY(from, "target", disk->target);
		COPY(from, "source", disk->source);
		COPY(from, "type", disk->type);
		COPY(from, "format", disk->format);
		COPY(from, "device", disk->device);
		COPY(from, "bus", disk->bus);
		disk->read_only = message_bool(from, "read_only");
		disk->index = disk_index(disk->target, i);
	}
	qsort(disks, n, sizeof(*disks), disks_by_index);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || disks[kept - 1].index != disks[i].index)
			disks[kept++] = disks[i];
	about->disks = disks;
	about->n_disks = kept;
}

static void
parse_nics(const json_t *list, struct vm_about *about)
{
	size_t n = size_of(list, VIRT_NICS_MAX), kept = 0;
	struct vm_nic *nics = xcalloc(n + 1, sizeof(*nics));

	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(list, i);
		struct vm_nic *nic = &nics[i];

		COPY(from, "mac", nic->mac);
		COPY(from, "model", nic->model);
		COPY(from, "dev", nic->dev);
		COPY(from, "parent", nic->parent);
		nic->index =
			json_object_get(from, "number") != NULL
				? 1 + (uint32_t)message_number(from, "number",
							       9999)
				: 1 + (uint32_t)i;
	}
	qsort(nics, n, sizeof(*nics), nics_by_index);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || nics[kept - 1].index != nics[i].index)
			nics[kept++] = nics[i];
	about->nics = nics;
	about->n_nics = kept;
}

static void
parse_pins(const json_t *list, struct vm_about *about)
{
	size_t n = size_of(list, VIRT_PINS_MAX);

	about->pins = xcalloc(n + 1, sizeof(*about->pins));
	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(list, i);
		struct vm_pin *pin = &about->pins[about->n_pins];

		pin->vcpu =
			(uint32_t)message_number(from, "vcpu", REPORT_CPUS_MAX);
		COPY(from, "cpus", pin->cpus);
		if (pin->cpus[0] != '\0')
			about->n_pins++;
	}
	qsort(about->pins, about->n_pins, sizeof(*about->pins), pins_by_vcpu);
}

void
vm_about_parse(const json_t *message, struct vm_about *ret_about)
{
	struct vm_about about = { 0 };

	COPY(message, "os", about.os);
	COPY(message, "machine", about.machine);
	COPY(message, "cpu", about.cpu_model);
	COPY(message, "cpuset", about.cpuset);
	COPY(message, "blocker", about.blocker);
	about.vcpus =
		(uint32_t)message_number(message, "vcpus", REPORT_CPUS_MAX);
	about.vcpus_max =
		(uint32_t)message_number(message, "vcpus_max", REPORT_CPUS_MAX);
	about.min_memory_kib = message_number(message, "min_kib", INT64_MAX);
	about.stats_period_s =
		(uint32_t)message_number(message, "period", INT32_MAX);
	about.agent =
		(enum report_guest_agent)message_number(message, "agent",
							GUEST_AGENT_CONNECTED);
	if (about.agent < GUEST_AGENT_UNKNOWN)
		about.agent = GUEST_AGENT_UNKNOWN;
	parse_disks(json_object_get(message, "disks"), &about);
	parse_nics(json_object_get(message, "nics"), &about);
	parse_pins(json_object_get(message, "pins"), &about);
	*ret_about = about;
}

void
vm_about_done(struct vm_about *about)
{
	free(about->disks);
	free(about->nics);
	free(about->pins);
	memset(about, 0, sizeof(*about));
}
