/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/memory_use.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/sysroot.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/err.h"
#include "common/num.h"

#define NODES        "/sys/devices/system/node"
#define KSM          "/sys/kernel/mm/ksm"
#define VMSTAT_BYTES 16384
#define PAGES_MAX    (INT64_C(1) << 52)

enum { SIZES_MAX = 8 };

struct memory_use {
	struct loop_timer *timer;
	const char *root;
	uint64_t page_kib;
	struct source source;
	struct detail_memory memory; /* as far as this collector reads it */
	struct detail_huge_pages huge[DETAIL_HUGE_PAGES_MAX];
	size_t n_huge;
	struct detail_numa_use numa[MEMORY_NODES_MAX];
	size_t n_numa;
};

/* --- files of counters ---------------------------------------------------- */

bool
memory_find_counter(const char *text, const char *name, uint64_t *ret_value)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0';
	     line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		if (strncmp(line, name, len) != 0)
			continue;
		const char *at = line + len + strspn(line + len, ": \t");
		if (at == line + len || !isdigit((unsigned char)*at))
			continue;
		errno = 0;
		uint64_t value = strtoull(at, NULL, 10);
		if (errno != 0)
			return false;
		*ret_value = value;
		return true;
	}
	return false;
}

static int
read_swap(struct memory_use *use, struct err *err)
{
	char text[VMSTAT_BYTES];
	uint64_t pages = 0, total = 0, spare = 0;

	if (sysroot_read(use->root, "/proc/vmstat", text, sizeof(text)) < 0)
		return err_set(err, -ENOENT, "/proc/vmstat cannot be read");
	if (memory_find_counter(text, "pswpin", &pages))
		use->memory.swap_in_kib = pages * use->page_kib;
	if (memory_find_counter(text, "pswpout", &pages))
		use->memory.swap_out_kib = pages * use->page_kib;
	if (sysroot_read(use->root, "/proc/meminfo", text, sizeof(text)) < 0 ||
	    !memory_find_counter(text, "SwapTotal", &total) ||
	    !memory_find_counter(text, "SwapFree", &spare))
		return err_set(err, -EINVAL, "/proc/meminfo makes no sense");
	use->memory.swap_total_kib = total;
	use->memory.swap_used_kib = total > spare ? total - spare : 0;
	return 0;
}

/* --- page merging --------------------------------------------------------- */

static int64_t
read_ksm(const struct memory_use *use, const char *file, int64_t min)
{
	char path[64];
	int64_t number = 0;

	snprintf(path, sizeof(path), KSM "/%s", file);
	return sysroot_read_number(use->root, path, min, INT64_MAX, &number) ==
			       0
		       ? number
		       : 0;
}

static uint64_t
ksm_kib(const struct memory_use *use, const char *file)
{
	int64_t pages = read_ksm(use, file, 0);

	return pages < PAGES_MAX ? (uint64_t)pages * use->page_kib : 0;
}

static void
read_merging(struct memory_use *use)
{
	static const enum detail_ksm runs[] = { DETAIL_KSM_STOPPED,
						DETAIL_KSM_RUNNING,
						DETAIL_KSM_UNMERGING };
	struct detail_memory *memory = &use->memory;
	int64_t run;

	memory->ksm = DETAIL_KSM_ABSENT;
	if (sysroot_read_number(use->root, KSM "/run", 0, 2, &run) < 0)
		return;
	memory->ksm = runs[run];
	memory->ksm_shared_kib = ksm_kib(use, "pages_shared");
	memory->ksm_sharing_kib = ksm_kib(use, "pages_sharing");
	memory->ksm_full_scans = (uint64_t)read_ksm(use, "full_scans", 0);
	int64_t mib = read_ksm(use, "general_profit", INT64_MIN) / 1048576;
	memory->ksm_profit_mib = mib > INT32_MAX   ? INT32_MAX
				 : mib < INT32_MIN ? INT32_MIN
						   : (int32_t)mib;
}

/* --- nodes ---------------------------------------------------------------- */

static uint32_t
read_pages(const struct memory_use *use, const char *folder, const char *file)
{
	char path[192];
	int64_t pages = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return sysroot_read_number(use->root, path, 0, UINT32_MAX, &pages) == 0
		       ? (uint32_t)pages
		       : 0;
}

/* "hugepages-2048kB"; 0: something else. */
static uint32_t
size_of(const char *name)
{
	char digits[16], *end;
	uint64_t kib;

	snprintf(digits, sizeof(digits), "%s", name + strlen("hugepages-"));
	end = strstr(digits, "kB");
	if (end == NULL || end[2] != '\0')
		return 0;
	*end = '\0';
	return num_parse_u64(digits, UINT32_MAX, &kib) == 0 ? (uint32_t)kib : 0;
}

static void
read_huge(struct memory_use *use, uint32_t node, const char *folder)
{
	struct sysroot_names sizes;
	char path[160];

	sysroot_list(use->root, folder, "hugepages-", SIZES_MAX, &sizes);
	for (size_t i = 0; i < sizes.n; i++) {
		uint32_t size = size_of(sizes.names[i]);

		if (size == 0 || use->n_huge == DETAIL_HUGE_PAGES_MAX)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, sizes.names[i]);
		use->huge[use->n_huge++] = (struct detail_huge_pages){
			.node = node,
			.size_kib = size,
			.total = read_pages(use, path, "nr_hugepages"),
			.free = read_pages(use, path, "free_hugepages"),
			.reserved = read_pages(use, path, "resv_hugepages"),
			.surplus = read_pages(use, path, "surplus_hugepages"),
		};
	}
	free(sizes.names);
}

static void
read_node(struct memory_use *use, uint32_t node)
{
	char path[96], text[1024];
	struct detail_numa_use row = { .node = node };

	snprintf(path, sizeof(path), NODES "/node%u/hugepages", node);
	read_huge(use, node, path);
	snprintf(path, sizeof(path), NODES "/node%u/numastat", node);
	if (sysroot_read(use->root, path, text, sizeof(text)) < 0 ||
	    use->n_numa == MEMORY_NODES_MAX)
		return;
	memory_find_counter(text, "numa_hit", &row.hits);
	memory_find_counter(text, "numa_miss", &row.misses);
	memory_find_counter(text, "numa_foreign", &row.foreign);
	use->numa[use->n_numa++] = row;
}

/* Kernels without NUMA have one pool for all, told as that of node 0. */
static void
read_nodes(struct memory_use *use)
{
	struct sysroot_names nodes;
	uint64_t node;

	use->n_huge = use->n_numa = 0;
	sysroot_list(use->root, NODES, "node", MEMORY_NODES_MAX, &nodes);
	for (size_t i = 0; i < nodes.n; i++)
		if (num_parse_u64(nodes.names[i] + 4, UINT16_MAX, &node) == 0)
			read_node(use, (uint32_t)node);
	if (nodes.n == 0)
		read_huge(use, 0, "/sys/kernel/mm/hugepages");
	free(nodes.names);
}

/* --- the collector -------------------------------------------------------- */

static void
read_all(void *arg)
{
	struct memory_use *use = arg;
	struct err err = { "" };
	int64_t start_us = source_clock_us();
	int rc = read_swap(use, &err);

	read_merging(use);
	read_nodes(use);
	int64_t end_us = source_clock_us();
	if (rc < 0)
		source_fail(&use->source, err.text);
	else
		source_succeed(&use->source, end_us / 1000,
			       (uint64_t)(end_us - start_us));
	loop_timer_start(use->timer, MEMORY_PERIOD_MS);
}

struct memory_use *
memory_use_new(struct loop *loop, const char *root)
{
	struct memory_use *use = xcalloc(1, sizeof(*use));
	long page = sysconf(_SC_PAGESIZE);

	use->root = root;
	use->page_kib = page >= 1024 ? (uint64_t)page / 1024 : 4;
	source_init(&use->source, SOURCE_MEMORY, "memory",
		    INT64_C(2) * MEMORY_PERIOD_MS);
	use->timer = loop_timer_new(loop, read_all, use);
	read_all(use);
	return use;
}

void
memory_use_free(struct memory_use *use)
{
	if (use == NULL)
		return;
	loop_timer_free(use->timer);
	free(use);
}

const struct source *
memory_use_source(const struct memory_use *use)
{
	return &use->source;
}

/* --- into a report -------------------------------------------------------- */

static bool
is_active(const struct report_vm *vm)
{
	return vm->state == VM_STATE_RUNNING || vm->state == VM_STATE_BLOCKED ||
	       vm->state == VM_STATE_PAUSED ||
	       vm->state == VM_STATE_SHUTTING_DOWN ||
	       vm->state == VM_STATE_PM_SUSPENDED;
}

static uint32_t
per_mille(uint64_t part, uint64_t whole)
{
	if (whole == 0 || part > UINT64_MAX / 1000)
		return 0;
	part = part * 1000 / whole;
	return part < UINT32_MAX ? (uint32_t)part : UINT32_MAX;
}

void
memory_sum_vms(const struct node_report *report, struct detail_memory *memory)
{
	memory->vm_configured_kib = memory->balloon_kib = 0;
	memory->vm_rss_kib = 0;
	for (size_t i = 0; i < report->n_vms; i++) {
		const struct report_vm *vm = &report->vms[i];

		if (!is_active(vm))
			continue;
		memory->vm_configured_kib += vm->memory_kib;
		if (vm->memory_now_kib > 0 &&
		    vm->memory_now_kib < vm->memory_kib)
			memory->balloon_kib +=
				vm->memory_kib - vm->memory_now_kib;
		if (vm->rss_kib != REPORT_KIB_UNMEASURED)
			memory->vm_rss_kib += vm->rss_kib;
	}
	memory->overcommit_pm = per_mille(memory->vm_configured_kib,
					  report->capacity.memory_kib);
}

void
memory_sum_nodes(struct node_detail *detail)
{
	for (size_t i = 0; i < detail->n_numa_uses; i++) {
		struct detail_numa_use *use = &detail->numa_uses[i];

		use->vms_kib = 0;
		for (size_t j = 0; j < detail->n_vm_nodes; j++)
			if (detail->vm_nodes[j].node == use->node)
				use->vms_kib += detail->vm_nodes[j].kib;
	}
}

/* "DIMM_A1: 12 corrected, 1 uncorrected; ..." as long as there is room. */
static void
tell_dimms(const json_t *dimms, char *text, size_t room)
{
	size_t len = 0;

	for (size_t i = 0; i < json_array_size(dimms); i++) {
		const json_t *dimm = json_array_get(dimms, i);
		uint64_t ce = message_number(dimm, "corrected", INT64_MAX);
		uint64_t ue = message_number(dimm, "uncorrected", INT64_MAX);
		char one[128], label[40];

		if (ce == 0 && ue == 0)
			continue;
		text_copy(label, sizeof(label), message_text(dimm, "label"));
		snprintf(one, sizeof(one),
			 "%s%s: %llu corrected, %llu uncorrected",
			 len > 0 ? "; " : "", label, (unsigned long long)ce,
			 (unsigned long long)ue);
		if (len + strlen(one) >= room)
			return;
		memcpy(text + len, one, strlen(one) + 1);
		len += strlen(one);
	}
}

void
memory_put_ecc(const json_t *ecc, struct detail_memory *memory)
{
	memory->ecc_present = ecc != NULL;
	memory->ecc_corrected = message_number(ecc, "corrected", INT64_MAX);
	memory->ecc_uncorrected = message_number(ecc, "uncorrected", INT64_MAX);
	memory->ecc_text[0] = '\0';
	tell_dimms(json_object_get(ecc, "dimms"), memory->ecc_text,
		   sizeof(memory->ecc_text));
}

static void *
copy_rows(const void *rows, size_t n, size_t size)
{
	void *copy = xcalloc(n + 1, size);

	memcpy(copy, rows, n * size);
	return copy;
}

void
memory_use_fill(const struct memory_use *use, struct node_report *report)
{
	struct node_detail *detail = report->detail;

	detail->memory = use->memory;
	memory_sum_vms(report, &detail->memory);
	detail->huge_pages =
		copy_rows(use->huge, use->n_huge, sizeof(*use->huge));
	detail->n_huge_pages = use->n_huge;
	detail->numa_uses =
		copy_rows(use->numa, use->n_numa, sizeof(*use->numa));
	detail->n_numa_uses = use->n_numa;
}
