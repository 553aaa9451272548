/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz what the agent reads about VMs: definitions, statistics, texts of the
 * kernel.  The first byte says which parser gets the rest.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/guest_stats.h"
#include "agent/virt_xml.h"
#include "agent/vm_mib.h"
#include "agent/vm_process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_definition(const char *text)
{
	struct vm_about about;
	json_t *message = virt_xml_describe(text);

	vm_about_parse(message, &about);
	vm_about_done(&about);
	json_decref(message);
}

static void
try_messages(const char *text)
{
	struct vm_about about;
	struct guest_stats stats;
	struct detail_vm_disk disks[VIRT_DISKS_MAX] = { 0 };
	struct detail_vm_nic nics[VIRT_NICS_MAX] = { 0 };
	json_t *message = json_loads(text, 0, NULL);
	uint64_t io;

	vm_about_parse(message, &about);
	guest_stats_parse(message, &stats);

	const struct guest guest = { .about = about, .stats = stats };
	vm_mib_disks(1, &guest, disks);
	vm_mib_nics(1, &guest, nics);
	guest_stats_io(&stats, &io);
	guest_stats_busiest_ns(&stats, &stats);
	vm_about_done(&about);
	guest_stats_done(&stats);
	json_decref(message);
}

static void
try_process(const char *text)
{
	struct vm_memory memory;
	struct vm_numa numa = { { 0 } };
	struct vm_mib_cpus cpus;
	char path[64], nodes[REPORT_NAME_LEN];
	uint64_t number;
	uint32_t local;

	vm_parse_status(text, &memory);
	vm_parse_schedstat(text, &number);
	vm_parse_start(text, 100, &number);
	vm_parse_cpu(text, 100, &number);
	vm_parse_cgroup(text, path, sizeof(path));
	vm_is_vcpu(text);
	vm_mib_parse_cpus(text, &cpus);
	vm_numa_add_map(&numa, text);
	vm_numa_add_stat(&numa, text);
	vm_numa_describe(&numa, nodes, sizeof(nodes), &local);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text) = { try_definition,
							     try_messages,
							     try_process };

	if (size == 0)
		return 0;
	char *text = calloc(1, size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	parsers[data[0] % 3](text);
	free(text);
	return 0;
}
