/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what a machine is made of: CPU packages that differ, the
 * firmware's tables, devices, and where its memory goes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/cpu.h"
#include "agent/devices.h"
#include "agent/dmi.h"
#include "agent/memory_use.h"
#include "agent/packages.h"
#include "agent/text.h"
#include "tests/unit/agent/tree.h"

/* --- packages ------------------------------------------------------------- */

static struct cpu_sample *
two_sockets(void)
{
	struct cpu_sample *samples = cpu_samples_new(4);

	for (uint32_t i = 0; i < 4; i++) {
		samples[i].cpu = i;
		samples[i].package = i / 2 * 7; /* 0 and 7 */
		samples[i].core = 0;
		samples[i].family = 6;
		samples[i].model = 85;
		samples[i].stepping = 4;
		SET(samples[i].vendor, "GenuineIntel");
		SET(samples[i].microcode, "0x2006e05");
		samples[i].marks[0] = samples[i].marks[1] = true;
	}
	return samples;
}

static size_t
describe(const struct cpu_sample *samples, struct detail_package **ret_rows)
{
	json_t *list = packages_describe(samples, 4);
	size_t n = packages_to_rows(list, ret_rows);

	json_decref(list);
	return n;
}

static void
alike_packages_have_nothing_to_say(void **state)
{
	struct cpu_sample *samples = two_sockets();
	struct detail_package *rows;

	(void)state;
	assert_int_equal(describe(samples, &rows), 2);
	assert_int_equal(rows[1].package, 7);
	assert_int_equal(rows[1].threads, 2);
	assert_int_equal(rows[1].cores, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(rows[i].text, "");
		assert_int_equal(rows[i].health, HEALTH_OK);
	}
	free(rows);
	cpu_samples_free(samples);
}

static void
a_socket_with_older_microcode_is_marked(void **state)
{
	struct cpu_sample *samples = two_sockets();
	struct detail_package *rows;

	(void)state;
	SET(samples[3].microcode, "0x2000065");
	describe(samples, &rows);
	assert_int_equal(rows[0].health, HEALTH_OK);
	assert_int_equal(rows[1].health, HEALTH_DEGRADED);
	assert_string_equal(rows[1].microcode, "0x2000065");
	assert_string_equal(rows[1].text,
			    "CPU 3 has microcode 0x2000065, CPU 0 of package 0 "
			    "0x2006e05");
	free(rows);
	cpu_samples_free(samples);
}

static void
features_that_only_some_cpus_have_are_named(void **state)
{
	struct cpu_sample *samples = two_sockets();
	struct detail_package *rows;

	(void)state;
	samples[1].marks[1] = false;
	samples[2].stepping = samples[3].stepping = 7;
	SET(samples[2].microcode, "0x1");
	SET(samples[3].microcode, "0x1");
	describe(samples, &rows);
	assert_string_equal(rows[0].text, "lacks pclmuldq");
	assert_string_equal(rows[1].text,
			    "family 6 model 85 stepping 7, package 0 has "
			    "6/85/4");
	free(rows);
	cpu_samples_free(samples);
}

static void
a_long_list_of_differences_is_cut(void **state)
{
	struct cpu_sample *samples = two_sockets();
	struct detail_package *rows;

	(void)state;
	for (size_t i = 0; i < n_cpu_features; i++)
		samples[0].marks[i] = samples[1].marks[i] = true;
	describe(samples, &rows);
	assert_in_range(strlen(rows[1].text), 100, REPORT_TEXT_LEN - 1);
	assert_non_null(strstr(rows[1].text, "..."));
	free(rows);
	cpu_samples_free(samples);
}

static void
hostile_packages_are_dropped(void **state)
{
	json_t *list = json_loads("[{\"package\": 3}, {\"package\": 2}, 5, "
				  "{\"package\": 9, \"cores\": -1}]",
				  0, NULL);
	struct detail_package *rows;

	(void)state;
	assert_int_equal(packages_to_rows(list, &rows), 2);
	assert_int_equal(rows[1].package, 9);
	assert_int_equal(rows[1].cores, 0);
	free(rows);
	assert_int_equal(packages_to_rows(NULL, &rows), 0);
	free(rows);
	json_decref(list);
}

/* --- the firmware's table ------------------------------------------------- */

struct table {
	uint8_t bytes[4096];
	size_t len;
};

/* A structure whose formatted area is `len` long; strings end with "". */
static uint8_t *
add(struct table *table, uint8_t type, uint8_t len, const char *const *strings)
{
	uint8_t *part = table->bytes + table->len;
	uint8_t *at = part + len;

	memset(part, 0, len);
	part[0] = type;
	part[1] = len;
	for (; **strings != '\0'; strings++) {
		memcpy(at, *strings, strlen(*strings) + 1);
		at += strlen(*strings) + 1;
	}
	if (at == part + len)
		*at++ = 0;
	*at++ = 0;
	table->len = (size_t)(at - table->bytes);
	return part;
}

static void
make_table(struct table *table)
{
	static const char *const system[] = { "Maker", "Model 9", "SN123 ",
					      "To be filled by O.E.M.", "" };
	static const char *const dimm[] = { "DIMM_A1", "Hynix", "00000000",
					    "HMA84", "" };
	static const char *const supply[] = { "PSU1", "Delta", "" };
	static const char *const none[] = { "" };
	uint8_t *part;

	table->len = 0;
	part = add(table, 1, 27, system);
	part[4] = 1;
	part[5] = 2;
	part[6] = 4;
	part[7] = 3;
	for (uint8_t i = 0; i < 16; i++)
		part[8 + i] = i;
	add(table, 200, 4, none);
	part = add(table, 17, 40, dimm);
	part[12] = 0xff;
	part[13] = 0x7f; /* look at the long size */
	part[28] = 0;
	part[29] = 0x80; /* 32 GiB */
	part[16] = 1;
	part[21] = 0x6a;
	part[22] = 0x0a; /* 2666 */
	part[23] = 2;
	part[24] = 3;
	part[26] = 4;
	add(table, 17, 40, dimm); /* an empty slot */
	part = add(table, 39, 22, supply);
	part[6] = 1;
	part[7] = 2;
	part[12] = 0xee;
	part[13] = 0x02;
	part[14] = 0x02;
	add(table, 127, 4, none);
}

static void
the_firmwares_table_is_read(void **state)
{
	struct table table;
	json_t *things = json_array();

	(void)state;
	make_table(&table);
	assert_int_equal(dmi_parse(table.bytes, table.len, things), 3);
	const json_t *chassis = json_array_get(things, 0);
	assert_string_equal(message_text(chassis, "key"), "chassis");
	assert_string_equal(message_text(chassis, "vendor"), "Maker");
	assert_string_equal(message_text(chassis, "serial"), "SN123");
	assert_string_equal(message_text(chassis, "revision"), "");
	assert_string_equal(message_text(chassis, "uuid"),
			    "03020100-0504-0706-0809-0a0b0c0d0e0f");
	const json_t *dimm = json_array_get(things, 1);
	assert_string_equal(message_text(dimm, "name"), "DIMM_A1");
	assert_string_equal(message_text(dimm, "serial"), "");
	assert_string_equal(message_text(dimm, "model"), "HMA84");
	assert_string_equal(message_text(dimm, "descr"),
			    "memory module, 32768 MiB, 2666 MT/s");
	const json_t *supply = json_array_get(things, 2);
	assert_string_equal(message_text(supply, "descr"),
			    "power supply, 750 W");
	assert_string_equal(message_text(supply, "key"), "psu 1");
	json_decref(things);
}

/* Every cut and every flipped byte: no crash, no read outside. */
static void
a_damaged_table_harms_nobody(void **state)
{
	struct table table;

	(void)state;
	make_table(&table);
	for (size_t len = 0; len <= table.len; len++) {
		json_t *things = json_array();
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, table.bytes, len);
		dmi_parse(copy, len, things);
		free(copy);
		json_decref(things);
	}
	for (size_t i = 0; i < table.len; i++)
		for (unsigned value = 0; value < 256; value += 51) {
			json_t *things = json_array();
			uint8_t *copy = malloc(table.len);

			memcpy(copy, table.bytes, table.len);
			copy[i] = (uint8_t)value;
			dmi_parse(copy, table.len, things);
			free(copy);
			json_decref(things);
		}
}

static void
without_the_table_there_is_what_all_may_read(void **state)
{
	struct tree tree = { "" };
	json_t *things = json_array();

	(void)state;
	tree_make(&tree);
	dmi_read(tree.root, things);
	assert_int_equal(json_array_size(things), 1); /* there is a chassis */
	json_array_clear(things);
	tree_write(&tree, "sys/class/dmi/id/sys_vendor", "Maker\n");
	tree_write(&tree, "sys/class/dmi/id/product_name", "Model\n");
	tree_write(&tree, "sys/class/dmi/id/board_name", "Board\n");
	tree_write(&tree, "sys/class/dmi/id/board_serial", "None\n");
	dmi_read(tree.root, things);
	assert_int_equal(json_array_size(things), 2);
	assert_string_equal(message_text(json_array_get(things, 0), "model"),
			    "Model");
	assert_string_equal(message_text(json_array_get(things, 1), "serial"),
			    "");
	json_decref(things);
	tree_remove(&tree);
}

/* --- devices -------------------------------------------------------------- */

static void
link_to(const struct tree *tree, const char *name, const char *target)
{
	assert_int_equal(symlink(target, tree_path(tree, name)), 0);
}

static void
only_what_is_physical_is_a_thing(void **state)
{
	struct tree tree = { "" };
	json_t *things = json_array();

	(void)state;
	tree_make(&tree);
	devices_read(tree.root, things);
	assert_int_equal(json_array_size(things), 0);
	tree_write(&tree, "sys/class/net/eno1/address", "00:11:22:33:44:55\n");
	link_to(&tree, "sys/class/net/eno1/device",
		"../../../devices/pci0000:00/0000:3b:00.0");
	tree_write(&tree, "sys/class/net/br0/address", "00:11:22:33:44:55\n");
	tree_write(&tree, "sys/block/sda/size", "5\n");
	tree_write(&tree, "sys/devices/host0/0:0:0:0/model",
		   "Samsung SSD     \n");
	tree_write(&tree, "sys/devices/host0/0:0:0:0/serial", "S4X\n");
	link_to(&tree, "sys/block/sda/device", "../../devices/host0/0:0:0:0");
	tree_write(&tree, "sys/block/loop0/size", "5\n");
	tree_write(&tree, "sys/bus/pci/devices/0000:18:00.0/class",
		   "0x010400\n");
	tree_write(&tree, "sys/bus/pci/devices/0000:19:00.0/class",
		   "0x030000\n");
	tree_write(&tree, "sys/bus/pci/devices/0000:1a:00.0/class", "\n");
	devices_read(tree.root, things);
	assert_int_equal(json_array_size(things), 3);
	assert_string_equal(message_text(json_array_get(things, 0), "key"),
			    "port 0000:3b:00.0 0");
	assert_string_equal(message_text(json_array_get(things, 1), "key"),
			    "adapter 0000:18:00.0");
	const json_t *drive = json_array_get(things, 2);
	assert_string_equal(message_text(drive, "key"), "drive S4X");
	assert_string_equal(message_text(drive, "model"), "Samsung SSD");
	json_decref(things);
	tree_remove(&tree);
}

/* --- memory --------------------------------------------------------------- */

#define NODE "sys/devices/system/node/"
#define KSM  "sys/kernel/mm/ksm/"

static struct node_report *
fill(const struct tree *tree, struct loop *loop)
{
	struct memory_use *use = memory_use_new(loop, tree->root);
	struct node_report *report = node_report_new();

	report->detail = node_detail_new();
	memory_use_fill(use, report);
	memory_use_free(use);
	return report;
}

static void
where_the_memory_goes_is_read(void **state)
{
	struct tree tree = { "" };
	struct loop *loop = loop_new();
	uint64_t page_kib = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;

	(void)state;
	tree_make(&tree);
	tree_write(&tree, "proc/vmstat", "pswpinx 9\npswpin 3\npswpout 5\n");
	tree_write(&tree, "proc/meminfo",
		   "SwapTotal:  100 kB\nSwapFree:  60 kB\n");
	tree_write(&tree, KSM "run", "1\n");
	tree_write(&tree, KSM "pages_sharing", "1000\n");
	tree_write(&tree, KSM "general_profit", "-5242880\n");
	tree_write(&tree, NODE "node10/numastat",
		   "numa_hit 7\nnuma_miss 8\nnuma_foreign x\n");
	tree_write(&tree, NODE "node2/numastat", "numa_hit 1\n");
	tree_write(&tree,
		   NODE "node2/hugepages/hugepages-1048576kB/nr_hugepages",
		   "4\n");
	tree_write(&tree, NODE "node2/hugepages/hugepages-2048kB/nr_hugepages",
		   "512\n");
	tree_write(&tree,
		   NODE "node2/hugepages/hugepages-2048kB/free_hugepages",
		   "99999999999\n");
	tree_write(&tree, NODE "node2/hugepages/hugepages-odd/nr_hugepages",
		   "1\n");
	struct node_report *report = fill(&tree, loop);
	const struct node_detail *detail = report->detail;
	assert_int_equal(detail->memory.swap_used_kib, 40);
	assert_int_equal(detail->memory.swap_in_kib, 3 * page_kib);
	assert_int_equal(detail->memory.swap_out_kib, 5 * page_kib);
	assert_int_equal(detail->memory.ksm, DETAIL_KSM_RUNNING);
	assert_int_equal(detail->memory.ksm_sharing_kib, 1000 * page_kib);
	assert_int_equal(detail->memory.ksm_profit_mib, -5);
	assert_int_equal(detail->n_numa_uses, 2);
	assert_int_equal(detail->numa_uses[0].node, 2);
	assert_int_equal(detail->numa_uses[1].node, 10);
	assert_int_equal(detail->numa_uses[1].misses, 8);
	assert_int_equal(detail->n_huge_pages, 2);
	assert_int_equal(detail->huge_pages[0].size_kib, 2048);
	assert_int_equal(detail->huge_pages[0].total, 512);
	assert_int_equal(detail->huge_pages[0].free, 0);
	assert_int_equal(detail->huge_pages[1].total, 4);
	node_report_free(report);
	loop_free(loop);
	tree_remove(&tree);
}

static void
an_empty_tree_is_a_failed_source_and_no_rows(void **state)
{
	struct tree tree = { "" };
	struct loop *loop = loop_new();

	(void)state;
	tree_make(&tree);
	struct memory_use *use = memory_use_new(loop, tree.root);
	assert_int_equal(memory_use_source(use)->failures, 1);
	memory_use_free(use);
	tree_write(&tree,
		   "sys/kernel/mm/hugepages/hugepages-2048kB/"
		   "nr_hugepages",
		   "3\n");
	struct node_report *report = fill(&tree, loop);
	assert_int_equal(report->detail->memory.ksm, DETAIL_KSM_ABSENT);
	assert_int_equal(report->detail->n_numa_uses, 0);
	assert_int_equal(report->detail->n_huge_pages, 1);
	assert_int_equal(report->detail->huge_pages[0].total, 3);
	node_report_free(report);
	loop_free(loop);
	tree_remove(&tree);
}

static void
overcommit_counts_active_vms_against_what_they_may_use(void **state)
{
	struct node_report *report = node_report_new();
	struct detail_memory memory = { 0 };

	(void)state;
	report->vms = calloc(3, sizeof(*report->vms));
	report->n_vms = 3;
	report->vms[0] = (struct report_vm){ .state = VM_STATE_RUNNING,
					     .memory_kib = 1000,
					     .memory_now_kib = 600 };
	report->vms[1] = (struct report_vm){ .state = VM_STATE_PAUSED,
					     .memory_kib = 800,
					     .memory_now_kib = 800 };
	report->vms[2] = (struct report_vm){ .state = VM_STATE_SHUT_OFF,
					     .memory_kib = 5000 };
	memory_sum_vms(report, &memory);
	assert_int_equal(memory.overcommit_pm, 0);
	report->capacity.memory_kib = 1200;
	memory_sum_vms(report, &memory);
	assert_int_equal(memory.vm_configured_kib, 1800);
	assert_int_equal(memory.balloon_kib, 400);
	assert_int_equal(memory.overcommit_pm, 1500);
	node_report_free(report);
}

static void
modules_with_errors_are_named(void **state)
{
	json_t *ecc = json_loads(
		"{\"corrected\": 12, \"uncorrected\": 1, \"dimms\": ["
		"{\"label\": \"A1\", \"corrected\": 12},"
		"{\"label\": \"A2\"},"
		"{\"label\": \"B1\", \"uncorrected\": 1}]}",
		0, NULL);
	struct detail_memory memory = { 0 };

	(void)state;
	memory_put_ecc(ecc, &memory);
	assert_true(memory.ecc_present);
	assert_int_equal(memory.ecc_corrected, 12);
	assert_string_equal(memory.ecc_text, "A1: 12 corrected, 0 uncorrected; "
					     "B1: 0 corrected, 1 uncorrected");
	memory_put_ecc(NULL, &memory);
	assert_false(memory.ecc_present);
	json_decref(ecc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_packages_have_nothing_to_say),
		cmocka_unit_test(a_socket_with_older_microcode_is_marked),
		cmocka_unit_test(features_that_only_some_cpus_have_are_named),
		cmocka_unit_test(a_long_list_of_differences_is_cut),
		cmocka_unit_test(hostile_packages_are_dropped),
		cmocka_unit_test(the_firmwares_table_is_read),
		cmocka_unit_test(a_damaged_table_harms_nobody),
		cmocka_unit_test(without_the_table_there_is_what_all_may_read),
		cmocka_unit_test(only_what_is_physical_is_a_thing),
		cmocka_unit_test(where_the_memory_goes_is_read),
		cmocka_unit_test(an_empty_tree_is_a_failed_source_and_no_rows),
		cmocka_unit_test(
			overcommit_counts_active_vms_against_what_they_may_use),
		cmocka_unit_test(modules_with_errors_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
