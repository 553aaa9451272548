/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what is read of the process of a VM, from texts of the kernel good
 * and bad, and from a recorded tree. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/vm_process.h"
#include "tests/unit/agent/tree.h"

#define UUID "3b0e1c9c-7f0e-4d4e-9d0a-1f1de8a5a001"

static void
memory_is_found_in_the_status(void **state)
{
	struct vm_memory memory = { 0 };

	(void)state;
	assert_int_equal(vm_parse_status("Name:\tqemu\nVmRSS:\t  4096 kB\n"
					 "VmSwap:\t 12 kB\n"
					 "HugetlbPages:\t  2048 kB\n",
					 &memory),
			 0);
	assert_int_equal(memory.rss_kib, 4096);
	assert_int_equal(memory.swapped_kib, 12);
	assert_int_equal(memory.huge_kib, 2048);
}

static void
odd_status_is_refused_and_nothing_is_changed(void **state)
{
	static const char *const texts[] = {
		"",
		"VmRSS:",
		"VmRSS:\t 1 kB\n",
		"VmRSS:\t 1 MB\nVmSwap:\t 0 kB\n",
		"VmRSS:\t -1 kB\nVmSwap:\t 0 kB\n",
		"XVmRSS:\t 1 kB\nVmSwap:\t 0 kB\n",
		"VmRSS:\t x kB\nVmSwap:\t 0 kB\n",
	};
	struct vm_memory memory = { .rss_kib = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(vm_parse_status(texts[i], &memory), -EINVAL);
	assert_int_equal(memory.rss_kib, 7);
}

static void
numbers_too_great_stop_at_the_greatest(void **state)
{
	struct vm_memory memory = { 0 };

	(void)state;
	assert_int_equal(vm_parse_status("VmRSS: 99999999999999999999999 kB\n"
					 "VmSwap: 18446744073709551615 kB\n",
					 &memory),
			 0);
	assert_true(memory.rss_kib == UINT64_MAX);
	assert_true(memory.swapped_kib == UINT64_MAX);
}

static void
waiting_time_is_the_second_number(void **state)
{
	uint64_t wait = 3;

	(void)state;
	assert_int_equal(vm_parse_schedstat("123 456 7\n", &wait), 0);
	assert_int_equal(wait, 456);
	assert_int_equal(vm_parse_schedstat("", &wait), -EINVAL);
	assert_int_equal(vm_parse_schedstat("1 2", &wait), -EINVAL);
	assert_int_equal(vm_parse_schedstat("1 -2 3", &wait), -EINVAL);
	assert_int_equal(vm_parse_schedstat("a b c", &wait), -EINVAL);
	assert_int_equal(wait, 456);
}

static void
start_and_use_are_behind_a_name_of_any_form(void **state)
{
	uint64_t ms = 1, ns = 1;

	(void)state;
	assert_int_equal(
		vm_parse_start("47 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 "
			       "14 15 16 17 18 12345 20 21\n",
			       100, &ms),
		0);
	assert_int_equal(ms, 123450);
	assert_int_equal(
		vm_parse_cpu("47 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 13",
			     100, &ns),
		0);
	assert_int_equal(ns, 3000000000);
	assert_int_equal(vm_parse_cpu("47 (a) S 1 2 3", 100, &ns), -EINVAL);
	assert_int_equal(vm_parse_cpu("47 (a) S 1", 0, &ns), -EINVAL);
	assert_int_equal(vm_parse_start("47 (a) S 1 2 3", 100, &ms), -EINVAL);
	assert_int_equal(vm_parse_start("", 100, &ms), -EINVAL);
	assert_int_equal(vm_parse_start(")", 100, &ms), -EINVAL);
	assert_int_equal(ms, 123450);
}

static void
vcpu_threads_are_known_by_name(void **state)
{
	(void)state;
	assert_true(vm_is_vcpu("CPU 0/KVM"));
	assert_true(vm_is_vcpu("CPU 127/TCG"));
	assert_true(vm_is_vcpu("ALL CPUs/TCG"));
	assert_false(vm_is_vcpu("CPU /KVM"));
	assert_false(vm_is_vcpu("CPU 0"));
	assert_false(vm_is_vcpu("qemu-system-x86"));
	assert_false(vm_is_vcpu("worker"));
	assert_false(vm_is_vcpu(""));
}

static void
maps_are_summed_by_node_and_page_size(void **state)
{
	struct vm_numa numa = { { 0 } };
	char nodes[REPORT_NAME_LEN];
	uint32_t local;

	(void)state;
	vm_numa_add_map(&numa, "7f00 default anon=300000 dirty=300000 "
			       "active=0 N0=262144 N2=37856 "
			       "kernelpagesize_kB=4");
	vm_numa_add_map(&numa, "7f01 bind:2 huge anon=512 N2=512 "
			       "kernelpagesize_kB=2048");
	vm_numa_add_map(&numa, "7f02 default file=/x/N0=5 mapped=1");
	assert_int_equal(numa.kib[0], 1048576);
	assert_int_equal(numa.kib[2], 151424 + 1048576);
	vm_numa_describe(&numa, nodes, sizeof(nodes), &local);
	assert_string_equal(nodes, "0,2");
	assert_int_equal(local, 533);
}

static void
odd_maps_add_nothing_and_never_overflow(void **state)
{
	static const char *const lines[] = {
		"",      " ",     "N",         "N=",
		"N0",    "N0=",   "N0=x",      "N-1=5",
		"N64=5", "NN0=5", "N0=5x",     "N99999999999999999999=1",
		"xN0=5", "N0 =5", "N0=5,N1=6",
	};
	struct vm_numa numa = { { 0 } };
	char nodes[8];
	uint32_t local = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		vm_numa_add_map(&numa, lines[i]);
	vm_numa_describe(&numa, nodes, sizeof(nodes), &local);
	assert_string_equal(nodes, "");
	assert_int_equal(local, REPORT_UNMEASURED);

	vm_numa_add_map(&numa, "N1=18446744073709551615 kernelpagesize_kB=99");
	vm_numa_add_map(&numa, "N1=18446744073709551615 kernelpagesize_kB=0");
	vm_numa_add_map(&numa, "N3=18446744073709551615");
	assert_true(numa.kib[1] == UINT64_MAX);
	vm_numa_describe(&numa, nodes, sizeof(nodes), &local);
	assert_string_equal(nodes, "1,3");
	assert_in_range(local, 499, 501);
}

static void
a_list_of_nodes_that_is_too_long_is_cut_between_them(void **state)
{
	struct vm_numa numa;
	char nodes[10];
	uint32_t local;

	(void)state;
	for (unsigned i = 0; i < REPORT_NUMA_MAX; i++)
		numa.kib[i] = 4096;
	vm_numa_describe(&numa, nodes, sizeof(nodes), &local);
	assert_string_equal(nodes, "0,1,2,3,4");
	assert_int_equal(local, 15);
}

static void
groups_tell_memory_by_node(void **state)
{
	struct vm_numa numa = { { 0 } };

	(void)state;
	assert_int_equal(vm_numa_add_stat(&numa,
					  "anon N0=1048576 N1=2048\n"
					  "file N0=1024 N1=0\n"
					  "file_mapped N0=999999999 N1=99999\n"
					  "slab N0=5 N1=5\n"),
			 0);
	assert_int_equal(numa.kib[0], 1025);
	assert_int_equal(numa.kib[1], 2);
	assert_int_equal(vm_numa_add_stat(&numa, ""), -EINVAL);
	assert_int_equal(vm_numa_add_stat(&numa, "anon 5\nanon N0\n"), -EINVAL);
	assert_int_equal(vm_numa_add_stat(&numa, "slab N0=1\n"), -EINVAL);
}

static void
the_group_of_the_machine_is_cut_out(void **state)
{
	char path[64];

	(void)state;
	assert_true(vm_parse_cgroup(
		"12:cpu:/x\n0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"
		"/libvirt/emulator\n",
		path, sizeof(path)));
	assert_string_equal(path,
			    "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope");
	assert_false(vm_parse_cgroup("0::/\n", path, sizeof(path)));
	assert_false(vm_parse_cgroup("0::/user.slice\n1::/machine-qemu1\n",
				     path, sizeof(path)));
	assert_false(
		vm_parse_cgroup("0::/../machine-qemu1\n", path, sizeof(path)));
	assert_false(vm_parse_cgroup("0::/machine-qemu1\n", path, 5));
	assert_false(vm_parse_cgroup("", path, sizeof(path)));
}

/* --- a recorded tree ------------------------------------------------------ */

static const struct {
	const char *path, *text;
} files[] = {
	{ "run/libvirt/qemu/vm1.pid", "4711" },
	{ "proc/4711/status", "VmRSS:\t 2097152 kB\nVmSwap:\t 0 kB\n" },
	{ "proc/4711/cgroup", "0::/\n" },
	{ "proc/4711/stat", "4711 (qemu) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 "
			    "15 16 17 18 1000 20\n" },
	{ "proc/uptime", "70.25 100.00\n" },
	{ "proc/4711/numa_maps", "7f default anon=9 N0=256 N1=256\n8 N1=512" },
	{ "proc/4711/task/4711/comm", "qemu-system-x86\n" },
	{ "proc/4711/task/4711/schedstat", "1 1000 1\n" },
	{ "proc/4711/task/4713/comm", "CPU 0/KVM\n" },
	{ "proc/4711/task/4713/schedstat", "1 20 1\n" },
	{ "proc/4711/task/4714/comm", "CPU 1/KVM\n" },
	{ "proc/4711/task/4714/schedstat", "1 300 1\n" },
	{ "sys/devices/system/node/has_memory", "0-1\n" },
};

static void
write_file(const struct tree *tree, const char *name, const char *text,
	   size_t len)
{
	char folder[512];

	SET(folder, tree_path(tree, name));
	*strrchr(folder, '/') = '\0';
	assert_int_equal(file_mkdirs(folder, 0700, NULL), 0);
	FILE *file = fopen(tree_path(tree, name), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void
write_machine(const struct tree *tree)
{
	static const char args[] = "qemu\0-uuid\0" UUID "\0-S";

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		write_file(tree, files[i].path, files[i].text,
			   strlen(files[i].text));
	write_file(tree, "proc/4711/cmdline", args, sizeof(args));
}

static void
a_process_is_read_below_the_root(void **state)
{
	struct tree tree = { "" };
	struct vm_process process = { 0 };
	unsigned node;

	(void)state;
	tree_make(&tree);
	write_machine(&tree);
	assert_int_equal(vm_process_find(tree.root, "vm1", UUID, &process.pid),
			 0);
	assert_int_equal(process.pid, 4711);
	vm_process_read(&process, tree.root);
	assert_true(process.has_memory);
	assert_int_equal(process.memory.rss_kib, 2097152);
	assert_true(process.has_ready);
	assert_int_equal(process.ready_ns, 320);
	assert_int_equal(vm_process_start(tree.root, 4711, 100000),
			 100000 - 60000);
	assert_int_equal(vm_process_start(tree.root, 4712, 5), 5);
	vm_process_read_numa(&process, tree.root, 99);
	assert_true(process.has_numa);
	assert_int_equal(process.numa_ms, 99);
	assert_int_equal(process.numa.kib[0], 1024);
	assert_int_equal(process.numa.kib[1], 1024);
	assert_false(vm_process_only_node(tree.root, &node));

	write_file(&tree, "sys/devices/system/node/has_memory", "3\n", 2);
	assert_true(vm_process_only_node(tree.root, &node));
	assert_int_equal(node, 3);
	vm_process_done(&process);
	tree_remove(&tree);
}

static void
a_process_of_another_is_refused(void **state)
{
	struct tree tree = { "" };
	pid_t pid = 1;

	(void)state;
	tree_make(&tree);
	write_machine(&tree);
	assert_int_equal(vm_process_find(tree.root, "vm1",
					 "3b0e1c9c-7f0e-4d4e-9d0a-000000000000",
					 &pid),
			 -ENOENT);
	assert_int_equal(vm_process_find(tree.root, "vm2", UUID, &pid),
			 -ENOENT);
	assert_int_equal(vm_process_find(tree.root, "../qemu/vm1", UUID, &pid),
			 -ENOENT);
	write_file(&tree, "run/libvirt/qemu/vm1.pid", "-4711", 5);
	assert_int_equal(vm_process_find(tree.root, "vm1", UUID, &pid),
			 -ENOENT);
	write_file(&tree, "run/libvirt/qemu/vm1.pid", "4711x", 5);
	assert_int_equal(vm_process_find(tree.root, "vm1", UUID, &pid),
			 -ENOENT);
	assert_int_equal(pid, 1);
	tree_remove(&tree);
}

static void
a_process_that_is_gone_has_nothing(void **state)
{
	struct tree tree = { "" };
	struct vm_process process = { .pid = 1 };

	(void)state;
	tree_make(&tree);
	vm_process_read(&process, tree.root);
	vm_process_read_numa(&process, tree.root, 1);
	assert_false(process.has_memory);
	assert_false(process.has_ready);
	assert_false(process.has_numa);
	vm_process_done(&process);
	tree_remove(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_found_in_the_status),
		cmocka_unit_test(odd_status_is_refused_and_nothing_is_changed),
		cmocka_unit_test(numbers_too_great_stop_at_the_greatest),
		cmocka_unit_test(waiting_time_is_the_second_number),
		cmocka_unit_test(start_and_use_are_behind_a_name_of_any_form),
		cmocka_unit_test(vcpu_threads_are_known_by_name),
		cmocka_unit_test(maps_are_summed_by_node_and_page_size),
		cmocka_unit_test(odd_maps_add_nothing_and_never_overflow),
		cmocka_unit_test(
			a_list_of_nodes_that_is_too_long_is_cut_between_them),
		cmocka_unit_test(groups_tell_memory_by_node),
		cmocka_unit_test(the_group_of_the_machine_is_cut_out),
		cmocka_unit_test(a_process_is_read_below_the_root),
		cmocka_unit_test(a_process_of_another_is_refused),
		cmocka_unit_test(a_process_that_is_gone_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
