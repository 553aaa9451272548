/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the rows of VM-MIB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/vm_mib.h"
#include "common/alloc.h"
#include "tests/unit/agent/tree.h"

enum { NOW_MS = 5000000 };

/* Two VMs: one runs and has all there can be, one is off. */
struct world {
	struct node_report *report;
	struct guest_table table;
	struct node_detail *detail;
};

static void
make_about(struct vm_about *about)
{
	SET(about->os, "hvm");
	about->vcpus_max = 4;
	about->min_memory_kib = 1;
	SET(about->cpuset, "0-1");
	about->pins = xcalloc(1, sizeof(*about->pins));
	about->n_pins = 1;
	about->pins[0].vcpu = 1;
	SET(about->pins[0].cpus, "4-6,^5");
	about->disks = xcalloc(3, sizeof(*about->disks));
	about->n_disks = 3;
	about->disks[0] = (struct vm_disk){ 10001,   "vda",  "/x",     "file",
					    "qcow2", "disk", "virtio", false };
	about->disks[1] = (struct vm_disk){ 10002, "vdb",  "/dev/x", "block",
					    "raw", "disk", "virtio", false };
	about->disks[2] = (struct vm_disk){ 20001, "sda",   "",     "file",
					    "",    "cdrom", "sata", true };
	about->nics = xcalloc(2, sizeof(*about->nics));
	about->n_nics = 2;
	about->nics[0] = (struct vm_nic){ 1, "52:54:00:0a:0b:ff", "virtio",
					  "vnet3", "br0" };
	about->nics[1] =
		(struct vm_nic){ 3, "52:54:00:0a:0b", "e1000", "", "" };
}

static void
make_stats(struct guest_stats *stats)
{
	stats->age_ms = 60000;
	stats->cpus = xcalloc(2, sizeof(*stats->cpus));
	stats->n_cpus = 2;
	stats->cpus[0] = (struct guest_cpu){ 0, 5000 };
	stats->cpus[1] = (struct guest_cpu){ 2, 9999999 };
	stats->disks = xcalloc(2, sizeof(*stats->disks));
	stats->n_disks = 2;
	stats->disks[0] =
		(struct guest_disk){ "vda", 1,    2,       3000,    4,
				     5,     6000, 3145729, 1048576, 0 };
	stats->disks[1] = (struct guest_disk){ "vdb", GUEST_UNKNOWN, 2, 3, 4, 5,
					       6,     5242880,       7, 7 };
	stats->nics = xcalloc(1, sizeof(*stats->nics));
	stats->n_nics = 1;
	stats->nics[0] = (struct guest_nic){ "vnet3", 1, 2, 3, 4, 17, 9 };
	stats->has_numa = true;
	stats->numa.kib[0] = 77;
	stats->numa.kib[5] = 88;
}

static int
make_world(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));
	struct node_report *report = node_report_new();
	struct guest_table *table = &world->table;

	report->host.uptime_s = 4000;
	report->n_vms = 2;
	report->vms = xcalloc(2, sizeof(*report->vms));
	for (unsigned i = 0; i < 2; i++)
		report_vm_init(&report->vms[i]);
	report->vms[0].index = 7;
	SET(report->vms[0].name, "up");
	SET(report->vms[0].uuid, "11111111-1111-4111-8111-111111111112");
	report->vms[0].state = VM_STATE_RUNNING;
	report->vms[0].vcpus = 2;
	report->vms[0].memory_kib = 2097152;
	report->vms[0].memory_now_kib = 1048577;
	report->vms[0].autostart = true;
	report->vms[1].index = 9;
	report->vms[1].state = VM_STATE_SHUT_OFF;
	report->vms[1].vcpus = 3;
	report->vms[1].memory_kib = UINT64_MAX;
	report->vms[1].persistent = true;

	guest_table_init(table);
	SET(table->hypervisor, "QEMU");
	table->version = 7002022;
	table->changed_ms = NOW_MS - 10000;
	table->guests = xcalloc(1, sizeof(*table->guests));
	table->n = 1;
	table->guests[0].index = 7;
	table->guests[0].measured = true;
	table->guests[0].measured_ms = NOW_MS - 2000;
	table->guests[0].cpu_ns = 123456789;
	guest_stats_init(&table->guests[0].stats);
	make_about(&table->guests[0].about);
	make_stats(&table->guests[0].stats);
	world->report = report;
	world->detail = node_detail_new();
	*state = world;
	return 0;
}

static int
drop_world(void **state)
{
	struct world *world = *state;

	node_detail_free(world->detail);
	node_report_free(world->report);
	guest_table_done(&world->table);
	free(world);
	return 0;
}

static const struct node_detail *
fill(struct world *world, bool affinity)
{
	const struct vm_mib_options options = { .affinity = affinity };

	vm_mib_fill(world->report, &world->table, &options, NOW_MS,
		    world->detail);
	return world->detail;
}

static void
the_hypervisor_tells_name_version_and_times(void **state)
{
	const struct node_detail *detail = fill(*state, false);

	assert_string_equal(detail->hypervisor.software, "QEMU");
	assert_string_equal(detail->hypervisor.version, "7.2.22");
	assert_int_equal(detail->hypervisor.up_ticks, 400000);
	assert_int_equal(detail->hypervisor.change_ticks, 399000);
	assert_int_equal(detail->hypervisor.vms, 2);
}

static void
what_a_vm_is_in_the_middle_of_is_its_state(void **state)
{
	struct world *world = *state;
	const struct detail_vm *vm;

	world->table.guests[0].phase = VM_OPER_SUSPENDING;
	vm = &fill(world, false)->vms[0];
	assert_int_equal(vm->oper, VM_OPER_SUSPENDING);
	assert_int_equal(vm->admin, VM_ADMIN_SUSPENDED);
	/* The other is none that a phase can be. */
	assert_int_equal(vm[1].oper, VM_OPER_SHUTDOWN);
}

static void
a_vm_that_runs_has_all_columns(void **state)
{
	const struct detail_vm *vm = &fill(*state, false)->vms[0];

	assert_int_equal(vm->index, 7);
	assert_string_equal(vm->name, "up");
	assert_string_equal(vm->os, "hvm");
	assert_int_equal(vm->admin, VM_ADMIN_RUNNING);
	assert_int_equal(vm->oper, VM_OPER_RUNNING);
	assert_int_equal(vm->autostart, VM_AUTOSTART_ENABLED);
	assert_int_equal(vm->persistent, VM_PERSISTENT_TRANSIENT);
	assert_int_equal(vm->cpus, 2);
	assert_int_equal(vm->cpus_min, -1);
	assert_int_equal(vm->cpus_max, 4);
	assert_int_equal(vm->memory_unit, 1048576);
	assert_int_equal(vm->memory, 1025); /* rounded up */
	assert_int_equal(vm->memory_min, 1);
	assert_int_equal(vm->memory_max, 2048);
	assert_int_equal(vm->up_ticks, 6200);
	assert_int_equal(vm->cpu_us, 123456);
}

static void
a_vm_that_is_off_and_unknown_has_a_row_too(void **state)
{
	const struct node_detail *detail = fill(*state, false);
	const struct detail_vm *vm = &detail->vms[1];

	assert_int_equal(detail->n_vms, 2);
	assert_int_equal(vm->admin, VM_ADMIN_SHUTDOWN);
	assert_int_equal(vm->oper, VM_OPER_SHUTDOWN);
	assert_int_equal(vm->persistent, VM_PERSISTENT_PERSISTENT);
	assert_int_equal(vm->cpus_max, -1);
	assert_int_equal(vm->memory, 0);
	assert_int_equal(vm->memory_min, -1);
	assert_int_equal(vm->memory_max, INT32_MAX);
	assert_int_equal(vm->up_ticks, 0);
}

static void
every_state_has_its_words(void **state)
{
	struct world *world = *state;

	for (unsigned is = VM_STATE_UNKNOWN; is <= VM_STATE_PM_SUSPENDED;
	     is++) {
		world->report->vms[0].state = is;
		node_detail_free(world->detail);
		world->detail = node_detail_new();
		const struct detail_vm *vm = &fill(world, false)->vms[0];
		assert_in_range(vm->admin, VM_ADMIN_RUNNING, VM_ADMIN_SHUTDOWN);
		assert_in_range(vm->oper, VM_OPER_UNKNOWN, VM_OPER_CRASHED);
	}
}

static void
vcpus_have_times_in_us_and_numbers_from_one(void **state)
{
	const struct node_detail *detail = fill(*state, false);
	const struct detail_vm_cpu want[] = {
		{ 7, 1, 5 }, { 7, 3, 9999 }, { 9, 1, 0 },
		{ 9, 2, 0 }, { 9, 3, 0 },
	};

	assert_int_equal(detail->n_vm_cpus, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(detail->vm_cpus[i].vm, want[i].vm);
		assert_int_equal(detail->vm_cpus[i].number, want[i].number);
		assert_int_equal(detail->vm_cpus[i].time_us, want[i].time_us);
	}
}

static void
affinity_has_rows_only_where_asked_for_and_bound(void **state)
{
	struct world *world = *state;
	const uint32_t want[][2] = {
		{ 1, 196608 }, { 1, 196609 }, { 2, 196612 }, { 2, 196614 }
	};

	assert_int_equal(fill(world, false)->n_vm_pins, 0);
	node_detail_free(world->detail);
	world->detail = node_detail_new();
	const struct node_detail *detail = fill(world, true);
	assert_int_equal(detail->n_vm_pins, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(detail->vm_pins[i].vm, 7);
		assert_int_equal(detail->vm_pins[i].cpu, want[i][0]);
		assert_int_equal(detail->vm_pins[i].device, want[i][1]);
		assert_int_equal(detail->vm_pins[i].affinity,
				 VM_AFFINITY_ENABLE);
	}
}

static void
sets_of_cpus_are_read_and_odd_ones_refused(void **state)
{
	static const char *const odd[] = {
		"",  "x",   "1-",   "-1",     "1,,2",  "1-x",
		"^", "1 2", "4096", "0-4096", "1-2-3", "99999999999999999999",
	};
	struct vm_mib_cpus cpus = { { 0 } };

	(void)state;
	assert_true(vm_mib_parse_cpus("0-3,^2,4095", &cpus));
	assert_true(cpus.words[0] == 0xb);
	assert_true(cpus.words[63] == UINT64_C(1) << 63);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		if (vm_mib_parse_cpus(odd[i], &cpus))
			fail_msg("'%s' was taken", odd[i]);
	assert_true(cpus.words[0] == 0xb);
}

static void
disks_have_sizes_and_counters(void **state)
{
	const struct node_detail *detail = fill(*state, false);
	const struct detail_vm_disk *disk = detail->vm_disks;

	assert_int_equal(detail->n_vm_disks, 3);
	assert_int_equal(disk[0].number, 10001);
	assert_int_equal(disk[0].source, VM_SOURCE_SPARSE);
	assert_string_equal(disk[0].format, "qcow2");
	assert_int_equal(disk[0].access, VM_ACCESS_READ_WRITE);
	assert_int_equal(disk[0].media, VM_MEDIA_HARD_DISK);
	assert_int_equal(disk[0].size, 4); /* 3 MiB and a byte */
	assert_int_equal(disk[0].allocated, 1);
	assert_int_equal(disk[0].reads, 1);
	assert_int_equal(disk[0].read_us, 3);
	assert_int_equal(disk[0].write_us, 6);
	assert_int_equal(disk[1].source, VM_SOURCE_BLOCK);
	assert_int_equal(disk[1].allocated, disk[1].size);
	assert_int_equal(disk[1].reads, 0);
	assert_int_equal(disk[2].source, VM_SOURCE_OTHER);
	assert_int_equal(disk[2].access, VM_ACCESS_READ_ONLY);
	assert_int_equal(disk[2].media, VM_MEDIA_OPTICAL_DISK);
	assert_int_equal(disk[2].size, -1);
	assert_int_equal(disk[2].allocated, -1);
}

static void
networks_have_addresses_and_interfaces(void **state)
{
	static const uint8_t mac[] = { 6, 0x52, 0x54, 0, 0x0a, 0x0b, 0xff };
	const struct node_detail *detail = fill(*state, false);

	assert_int_equal(detail->n_vm_nics, 2);
	assert_memory_equal(detail->vm_nics[0].mac, mac, sizeof(mac));
	assert_int_equal(detail->vm_nics[0].if_index, 17);
	assert_int_equal(detail->vm_nics[0].parent, 9);
	assert_int_equal(detail->vm_nics[1].mac[0], 0);
	assert_int_equal(detail->vm_nics[1].if_index, 0);
	assert_int_equal(detail->n_vm_nodes, 2);
	assert_int_equal(detail->vm_nodes[1].node, 5);
	assert_int_equal(detail->vm_nodes[1].kib, 88);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_hypervisor_tells_name_version_and_times),
		TEST(what_a_vm_is_in_the_middle_of_is_its_state),
		TEST(a_vm_that_runs_has_all_columns),
		TEST(a_vm_that_is_off_and_unknown_has_a_row_too),
		TEST(every_state_has_its_words),
		TEST(vcpus_have_times_in_us_and_numbers_from_one),
		TEST(affinity_has_rows_only_where_asked_for_and_bound),
		cmocka_unit_test(sets_of_cpus_are_read_and_odd_ones_refused),
		TEST(disks_have_sizes_and_counters),
		TEST(networks_have_addresses_and_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
