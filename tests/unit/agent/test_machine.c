/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of topology and processors: hwloc's synthetic machines, texts of
 * cpuinfo, the CPUs under us, and the merged table of features. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/cpu.h"
#include "agent/cpu_features.h"
#include "agent/features.h"
#include "agent/machine.h"
#include "agent/roles.h"
#include "agent/topology.h"
#include "tests/unit/agent/tree.h"

static struct node_report *
read_synthetic(const char *description)
{
	struct node_report *report = node_report_new();
	struct err err;
	json_t *reply = json_object();

	setenv("HWLOC_SYNTHETIC", description, 1);
	json_t *topology = topology_read("/", &err);
	unsetenv("HWLOC_SYNTHETIC");
	assert_non_null(topology);
	json_object_set_new(reply, "topology", topology);
	machine_put_reply(reply, report);
	json_decref(reply);
	return report;
}

static void
a_machine_of_four_nodes_is_read(void **state)
{
	struct node_report *report =
		read_synthetic("pack:4 [numa(memory=1073741824)] core:2 pu:2");

	(void)state;
	assert_int_equal(report->n_numa, 4);
	assert_int_equal(report->numa[1].node, 1);
	for (size_t i = 1; i < report->n_numa; i++)
		assert_true(report->numa[i].node > report->numa[i - 1].node);
	node_report_free(report);
}

static void
cpus_of_a_node_are_a_list_and_counted(void **state)
{
	struct node_report *report =
		read_synthetic("pack:2 [numa(memory=2147483648)] core:2 pu:2");

	(void)state;
	assert_int_equal(report->n_numa, 2);
	assert_string_equal(report->numa[0].cpus, "0-3");
	assert_string_equal(report->numa[1].cpus, "4-7");
	assert_int_equal(report->numa[1].cpu_count, 4);
	assert_int_equal(report->numa[1].mem_total_kib, 2097152);
	node_report_free(report);
}

#define CPU  "sys/devices/system/cpu/"
#define NODE "sys/devices/system/node/"

static void
write_cpu(const struct tree *tree, unsigned cpu)
{
	const struct {
		const char *name;
		unsigned value;
	} files[] = {
		{ "core_id", cpu },
		{ "physical_package_id", cpu / 2 },
		{ "thread_siblings", 1u << cpu },
		{ "core_siblings", 3u << cpu / 2 * 2 },
	};
	char path[128], text[32];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), CPU "cpu%u/topology/%s", cpu,
			 files[i].name);
		snprintf(text, sizeof(text), i < 2 ? "%u\n" : "%08x\n",
			 files[i].value);
		tree_write(tree, path, text);
	}
}

static void
write_node(const struct tree *tree, unsigned node, const char *cpus,
	   const char *cpulist, const char *distance)
{
	char path[128], text[256];

	snprintf(path, sizeof(path), NODE "node%u/cpumap", node);
	tree_write(tree, path, cpus);
	snprintf(path, sizeof(path), NODE "node%u/cpulist", node);
	tree_write(tree, path, cpulist);
	snprintf(path, sizeof(path), NODE "node%u/distance", node);
	tree_write(tree, path, distance);
	snprintf(path, sizeof(path), NODE "node%u/meminfo", node);
	snprintf(text, sizeof(text), "Node %u MemTotal: %u kB\n", node,
		 1000 + node);
	tree_write(tree, path, text);
}

/* Node numbers with gaps, one node without CPUs, distances that differ by
 * direction: all of it has been seen on real machines. */
static void
a_recorded_machine_with_gaps_is_read(void **state)
{
	struct node_report *report = node_report_new();
	struct tree tree = { "" };
	struct err err;

	(void)state;
	tree_make(&tree);
	tree_write(&tree, CPU "online", "0-3\n");
	tree_write(&tree, CPU "possible", "0-3\n");
	for (unsigned cpu = 0; cpu < 4; cpu++)
		write_cpu(&tree, cpu);
	tree_write(&tree, NODE "online", "0,3,9\n");
	write_node(&tree, 0, "00000003\n", "0-1\n", "10 21 40\n");
	write_node(&tree, 3, "0000000c\n", "2-3\n", "22 10 40\n");
	write_node(&tree, 9, "00000000\n", "\n", "40 40 10\n");
	tree_write(&tree, "proc/cpuinfo", "processor : 0\n");
	json_t *reply = json_object();
	json_object_set_new(reply, "topology", topology_read(tree.root, &err));
	unsetenv("HWLOC_FSROOT");
	machine_put_reply(reply, report);
	assert_int_equal(report->n_numa, 3);
	assert_int_equal(report->numa[1].node, 3);
	assert_string_equal(report->numa[0].cpus, "0-1");
	assert_string_equal(report->numa[1].cpus, "2-3");
	assert_int_equal(report->numa[1].mem_total_kib, 1003);
	assert_int_equal(report->numa[2].node, 9);
	assert_int_equal(report->numa[2].cpu_count, 0);
	assert_string_equal(report->numa[2].cpus, "");
	assert_int_equal(report->n_distances, 9);
	assert_int_equal(report->distances[1].from, 0);
	assert_int_equal(report->distances[1].to, 3);
	assert_int_equal(report->distances[1].value, 21);
	assert_int_equal(report->distances[3].value, 22);
	json_decref(reply);
	node_report_free(report);
	tree_remove(&tree);
}

static void
hostile_rows_of_a_worker_are_dropped(void **state)
{
	struct node_report *report = node_report_new();
	json_t *reply = json_loads(
		"{\"topology\": {\"numa\": ["
		"{\"node\": 3, \"cpus\": 5, \"cpu_count\": -1},"
		"{\"node\": 3}, {\"node\": 2}, 7, {\"node\": 9}],"
		"\"distances\": [{\"from\": 9, \"to\": 3, \"value\": 20},"
		"{\"from\": 3, \"to\": 9, \"value\": 99999999}]},"
		"\"cpu\": {\"vendor\": 5, \"online\": 1e3}}",
		0, NULL);

	(void)state;
	machine_put_reply(reply, report);
	assert_int_equal(report->n_numa, 2);
	assert_int_equal(report->numa[0].cpu_count, 0);
	assert_string_equal(report->numa[0].cpus, "");
	assert_int_equal(report->numa[1].node, 9);
	assert_int_equal(report->distances[0].from, 3);
	assert_int_equal(report->distances[0].value, 0);
	assert_int_equal(report->cpu.online, 0);
	json_decref(reply);
	node_report_free(report);
}

static void
lists_of_cpus_are_read_or_refused(void **state)
{
	unsigned cpus[8];

	(void)state;
	assert_int_equal(cpu_parse_list("0-2,5\n", cpus, 8), 4);
	assert_int_equal(cpus[3], 5);
	assert_int_equal(cpu_parse_list("0-4095", cpus, 8), 8);
	assert_int_equal(cpu_parse_list("", cpus, 8), -EINVAL);
	assert_int_equal(cpu_parse_list("3-1", cpus, 8), -EINVAL);
	assert_int_equal(cpu_parse_list("0-4294967295", cpus, 8), -EINVAL);
	assert_int_equal(cpu_parse_list("0-", cpus, 8), -EINVAL);
	assert_int_equal(cpu_parse_list("1;2", cpus, 8), -EINVAL);
}

static const char info[] = "processor\t: 0\n"
			   "vendor_id\t: GenuineIntel\n"
			   "cpu family\t: 6\n"
			   "model\t\t: 85\n"
			   "model name\t: Some CPU\n"
			   "stepping\t: 4\n"
			   "microcode\t: 0x2000065\n"
			   "flags\t\t: fpu vme sse4_1 avx2 rep_good\n"
			   "\n"
			   "processor\t: 1\n"
			   "microcode\t: 0x2000064\n"
			   "flags\t\t: fpu sse4_1\n"
			   "\n";

static bool
has_name(const json_t *names, const char *name)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		if (strcmp(json_string_value(json_array_get(names, i)), name) ==
		    0)
			return true;
	return false;
}

static void
what_all_cpus_of_a_record_have_is_told_by_libvirts_names(void **state)
{
	struct err err;
	json_t *cpu = cpu_parse_info(info, &err);
	const json_t *names = json_object_get(cpu, "features");

	(void)state;
	assert_true(has_name(names, "fpu"));
	assert_true(has_name(names, "sse4.1"));
	assert_false(has_name(names, "avx2"));     /* CPU 1 lacks it */
	assert_false(has_name(names, "rep_good")); /* no bit of CPUID */
	assert_int_equal(json_array_size(names), 2);
	assert_true(json_is_false(json_object_get(cpu, "uniform")));
	assert_int_equal(json_integer_value(json_object_get(cpu, "online")), 2);
	assert_int_equal(json_integer_value(json_object_get(cpu, "model")), 85);
	assert_string_equal(json_string_value(
				    json_object_get(cpu, "microcode")),
			    "0x2000065");
	json_decref(cpu);
	assert_null(cpu_parse_info("", &err));
	assert_null(cpu_parse_info("nonsense\n", &err));
}

static void
microcode_that_is_missing_is_taken_from_the_text(void **state)
{
	struct cpu_sample *samples = cpu_samples_new(3);

	(void)state;
	samples[0].cpu = 1;
	samples[1].cpu = 0;
	strcpy(samples[1].microcode, "0x7");
	samples[2].cpu = 2;
	cpu_add_microcode(info, samples, 3);
	assert_string_equal(samples[0].microcode, "0x2000064");
	assert_string_equal(samples[1].microcode, "0x7"); /* it had one */
	assert_string_equal(samples[2].microcode, "");
	cpu_samples_free(samples);
}

static void
cpuid_agrees_with_what_linux_says(void **state)
{
	struct err err;
	char *text;

	(void)state;
	json_t *live = cpu_read("/", &err);
	if (live == NULL)
		skip();
	assert_int_equal(file_read("/proc/cpuinfo", 1 << 24, &text, NULL, NULL),
			 0);
	json_t *linux_says = cpu_parse_info(text, &err);
	const json_t *names = json_object_get(live, "features");
	const json_t *theirs = json_object_get(linux_says, "features");
	assert_true(json_array_size(names) > 20);
	/* Linux hides some bits and invents few: nearly all it names are in
	 * CPUID. */
	size_t missing = 0;
	for (size_t i = 0; i < json_array_size(theirs); i++)
		missing +=
			!has_name(names,
				  json_string_value(json_array_get(theirs, i)));
	assert_in_range(missing, 0, 5);
	static const char *const same[] = { "vendor", "family", "model",
					    "stepping" };
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_true(json_equal(json_object_get(live, same[i]),
				       json_object_get(linux_says, same[i])));
	json_decref(live);
	json_decref(linux_says);
	free(text);
}

static void
the_table_of_features_has_no_twins(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_cpu_features; i++) {
		const struct cpu_feature *f = &cpu_features[i];

		assert_ptr_equal(cpu_feature_find(f->name), f);
		assert_true(f->bit < 32);
		for (size_t j = 0; j < i; j++)
			assert_false(f->leaf == cpu_features[j].leaf &&
				     f->subleaf == cpu_features[j].subleaf &&
				     f->reg == cpu_features[j].reg &&
				     f->bit == cpu_features[j].bit);
	}
	assert_string_equal(cpu_feature_find("pclmulqdq")->name, "pclmuldq");
	assert_null(cpu_feature_find(""));
	assert_null(cpu_feature_find("sse4"));
}

static void
both_sets_become_one_sorted_table(void **state)
{
	json_t *hardware = json_pack("[s,s,s,i,s]", "b", "a", "b", 5, "x y");
	json_t *usable = json_pack("[s,s]", "c", "b");
	struct report_feature *rows;

	(void)state;
	assert_int_equal(features_merge(hardware, usable, &rows), 3);
	assert_string_equal(rows[0].name, "a");
	assert_true(rows[0].hardware && !rows[0].usable);
	assert_true(rows[1].hardware && rows[1].usable);
	assert_true(!rows[2].hardware && rows[2].usable);
	free(rows);
	assert_int_equal(features_merge(NULL, NULL, &rows), 0);
	free(rows);
	json_decref(hardware);
	json_decref(usable);
}

static bool
is_read(void *arg)
{
	const struct source *source = machine_source(arg);

	return source->good_ms >= 0 || source->failures > 0;
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
the_worker_reads_this_machine(void **state)
{
	struct loop *loop = loop_new();
	struct machine *machine = machine_new(loop, "/", nothing, NULL);
	struct node_report *report = node_report_new();

	(void)state;
	assert_true(run_until(loop, is_read, machine, 20000));
	machine_fill(machine, report);
	assert_true(report->n_numa >= 1);
	assert_true(report->n_distances >= 1);
	assert_true(report->cpu.online >= 1);
	assert_true(json_array_size(machine_features(machine)) > 0);
	machine_free(machine);
	node_report_free(report);
	loop_free(loop);
}

static void
count_up(void *arg)
{
	++*(unsigned *)arg;
}

static bool
is_read_three_times(void *arg)
{
	return *(unsigned *)arg >= 3;
}

/* A change while it reads is not in that reading. */
static void
it_is_read_again_when_something_changed(void **state)
{
	unsigned readings = 0;
	struct loop *loop = loop_new();
	struct machine *machine = machine_new(loop, "/", count_up, &readings);

	(void)state;
	run_until(loop, until_never, NULL, 1); /* asked by now */
	machine_look(machine);
	machine_look(machine);
	for (int i = 0; i < 400 && readings < 2; i++)
		run_until(loop, until_never, NULL, 50);
	assert_int_equal(readings, 2);
	machine_look(machine);
	assert_true(run_until(loop, is_read_three_times, &readings, 20000));
	run_until(loop, until_never, NULL, 300);
	assert_int_equal(readings, 3);
	machine_free(machine);
	loop_free(loop);
}

int
main(int argc, char *argv[])
{
	int rc = roles_main(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_of_four_nodes_is_read),
		cmocka_unit_test(cpus_of_a_node_are_a_list_and_counted),
		cmocka_unit_test(a_recorded_machine_with_gaps_is_read),
		cmocka_unit_test(hostile_rows_of_a_worker_are_dropped),
		cmocka_unit_test(lists_of_cpus_are_read_or_refused),
		cmocka_unit_test(
			what_all_cpus_of_a_record_have_is_told_by_libvirts_names),
		cmocka_unit_test(
			microcode_that_is_missing_is_taken_from_the_text),
		cmocka_unit_test(cpuid_agrees_with_what_linux_says),
		cmocka_unit_test(the_table_of_features_has_no_twins),
		cmocka_unit_test(both_sets_become_one_sorted_table),
		cmocka_unit_test(the_worker_reads_this_machine),
		cmocka_unit_test(it_is_read_again_when_something_changed),
	};

	return rc >= 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}
