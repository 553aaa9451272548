/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded machines: NUMA topologies of real and of broken ones, rebuilt as
 * trees of /sys and read again; the CPUID of real processors, decoded and held
 * against what libvirt makes of it.
 *
 * The recordings are not part of the project: IRONHERD_DATA names their
 * folder, else it is ../shared/data.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/cpu.h"
#include "agent/machine.h"
#include "agent/text.h"
#include "agent/topology.h"
#include "tests/unit/agent/tree.h"

#define CPU     "sys/devices/system/cpu/"
#define NODE    "sys/devices/system/node/"
#define BYTES   (8u << 20)
#define WORDS   (REPORT_CPUS_MAX / 32)
#define SOME(n) assert_true((n) > 0)

/* A file of the recordings; NULL: there are none here. */
static char *
read_data(const char *name)
{
	const char *folder = getenv("IRONHERD_DATA");
	char path[512], *text;

	snprintf(path, sizeof(path), "%s/%s",
		 folder != NULL ? folder : "../shared/data", name);
	return file_read(path, BYTES, &text, NULL, NULL) == 0 ? text : NULL;
}

static char *
need_data(const char *name)
{
	char *text = read_data(name);

	if (text == NULL) {
		print_message("skipped: no recordings (IRONHERD_DATA)\n");
		skip();
	}
	return text;
}

/* --- topologies ----------------------------------------------------------- */

enum { NODES_MAX = 64, CPUS_MAX = 1024 };

struct recorded {
	char name[80];
	bool from_xml, odd_slit, has_slit;
	unsigned nodes[NODES_MAX];
	uint64_t kib[NODES_MAX];
	char cpus[NODES_MAX][REPORT_TEXT_LEN];
	unsigned slit[NODES_MAX][NODES_MAX];
	size_t n, n_slit, width;
	/* CPUs by the package lines; some packages have the number -1. */
	int package[CPUS_MAX], core[CPUS_MAX]; /* core -1: not there */
	unsigned n_cores;
};

static void
take_node(struct recorded *machine, const char *line)
{
	size_t i = machine->n++;
	const char *cpus = strstr(line, "cpus=");

	assert_true(i < NODES_MAX);
	assert_int_equal(sscanf(line, " node %u mem_kib=%lu",
				&machine->nodes[i], &machine->kib[i]),
			 2);
	assert_non_null(cpus);
	cpus += 5;
	if (*cpus != '-')
		snprintf(machine->cpus[i], sizeof(machine->cpus[i]), "%.*s",
			 (int)strcspn(cpus, " \n"), cpus);
}

static void
take_distances(struct recorded *machine, char *line)
{
	char *at = strstr(line, "dist ") + 5;
	size_t row = machine->n_slit++, n = 0;

	assert_true(row < NODES_MAX);
	strtoul(at, &at, 10);
	for (char *end;; at = end) {
		unsigned long value = strtoul(at, &end, 10);

		if (end == at)
			break;
		assert_true(n < NODES_MAX);
		machine->slit[row][n++] = (unsigned)value;
	}
	machine->has_slit = true;
	machine->width = n;
	machine->odd_slit = machine->odd_slit || n != machine->n;
}

/* "pkg 0 cores=0,16 1,17": threads of a core by commas or a range. */
static void
take_package(struct recorded *machine, const char *line)
{
	const char *at = strstr(line, "cores=");
	unsigned cpus[CPUS_MAX];
	int package;

	if (sscanf(line, " pkg %d", &package) != 1 || at == NULL)
		return;
	at += 6;
	while (*at != '\0') {
		char core[256];
		size_t len = strcspn(at, " ");

		snprintf(core, sizeof(core), "%.*s", (int)len, at);
		int n = cpu_parse_list(core, cpus, CPUS_MAX);
		for (int i = 0; i < n; i++) {
			machine->package[cpus[i]] = package;
			machine->core[cpus[i]] = (int)machine->n_cores;
		}
		machine->n_cores++;
		at += len + strspn(at + len, " ");
	}
}

static void
start_machine(struct recorded *machine, const char *line)
{
	memset(machine, 0, sizeof(*machine));
	for (size_t i = 0; i < CPUS_MAX; i++)
		machine->package[i] = machine->core[i] = -1;
	assert_int_equal(sscanf(line, "machine %79s", machine->name), 1);
	machine->from_xml = strstr(line, "from=xml") != NULL;
	machine->odd_slit = strstr(line, "slit_size_mismatch") != NULL;
}

/* --- as a tree ------------------------------------------------------------ */

static void
print_mask(const bool *set, char *text, size_t room)
{
	size_t len = 0;

	for (unsigned word = WORDS; word-- > 0;) {
		uint32_t bits = 0;

		for (unsigned bit = 0; bit < 32; bit++)
			if (word * 32 + bit < CPUS_MAX)
				bits |= (uint32_t)set[word * 32 + bit] << bit;
		if (bits != 0 || len > 0 || word == 0)
			len += (size_t)snprintf(text + len, room - len,
						"%s%08x", len > 0 ? "," : "",
						bits);
	}
	snprintf(text + len, room - len, "\n");
}

static void
write_number(const struct tree *tree, const char *folder, const char *name,
	     long number)
{
	char path[160], text[32];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(text, sizeof(text), "%ld\n", number);
	tree_write(tree, path, text);
}

static void
write_cpu(const struct tree *tree, const struct recorded *machine, unsigned cpu)
{
	bool core[CPUS_MAX] = { false }, package[CPUS_MAX] = { false };
	char folder[96], path[160], mask[2048];

	for (unsigned i = 0; i < CPUS_MAX; i++) {
		core[i] = machine->core[i] == machine->core[cpu];
		package[i] = machine->core[i] >= 0 &&
			     machine->package[i] == machine->package[cpu];
	}
	snprintf(folder, sizeof(folder), CPU "cpu%u/topology", cpu);
	write_number(tree, folder, "core_id", machine->core[cpu]);
	write_number(tree, folder, "physical_package_id",
		     machine->package[cpu]);
	print_mask(core, mask, sizeof(mask));
	snprintf(path, sizeof(path), "%s/thread_siblings", folder);
	tree_write(tree, path, mask);
	print_mask(package, mask, sizeof(mask));
	snprintf(path, sizeof(path), "%s/core_siblings", folder);
	tree_write(tree, path, mask);
}

static void
write_node(const struct tree *tree, const struct recorded *machine, size_t i)
{
	unsigned cpus[CPUS_MAX];
	bool set[CPUS_MAX] = { false };
	char path[160], text[2048];
	size_t len = 0;
	int n = machine->cpus[i][0] != '\0'
			? cpu_parse_list(machine->cpus[i], cpus, CPUS_MAX)
			: 0;

	for (int c = 0; c < n; c++)
		set[cpus[c]] = true;
	snprintf(path, sizeof(path), NODE "node%u/cpumap", machine->nodes[i]);
	print_mask(set, text, sizeof(text));
	tree_write(tree, path, text);
	snprintf(path, sizeof(path), NODE "node%u/cpulist", machine->nodes[i]);
	snprintf(text, sizeof(text), "%s\n", machine->cpus[i]);
	tree_write(tree, path, text);
	snprintf(path, sizeof(path), NODE "node%u/meminfo", machine->nodes[i]);
	snprintf(text, sizeof(text), "Node %u MemTotal: %lu kB\n",
		 machine->nodes[i], machine->kib[i]);
	tree_write(tree, path, text);
	if (!machine->has_slit)
		return;
	for (size_t j = 0; j < machine->width; j++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u",
					j > 0 ? " " : "", machine->slit[i][j]);
	snprintf(text + len, sizeof(text) - len, "\n");
	snprintf(path, sizeof(path), NODE "node%u/distance", machine->nodes[i]);
	tree_write(tree, path, text);
}

static void
write_machine(const struct tree *tree, const struct recorded *machine)
{
	char list[CPUS_MAX * 6] = "";
	size_t len = 0;

	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (machine->core[cpu] < 0)
			continue;
		write_cpu(tree, machine, cpu);
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%u",
					len > 0 ? "," : "", cpu);
	}
	tree_write(tree, CPU "online", list);
	tree_write(tree, CPU "possible", list);
	list[0] = '\0';
	len = 0;
	for (size_t i = 0; i < machine->n; i++) {
		write_node(tree, machine, i);
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%u",
					len > 0 ? "," : "", machine->nodes[i]);
	}
	tree_write(tree, NODE "online", list);
	tree_write(tree, "proc/cpuinfo", "processor : 0\n");
}

/* --- read again ----------------------------------------------------------- */

/* Does any CPU belong to two nodes? */
static bool
shares_cpus(const struct recorded *machine)
{
	bool seen[CPUS_MAX] = { false };
	unsigned cpus[CPUS_MAX];

	for (size_t i = 0; i < machine->n; i++) {
		int n = machine->cpus[i][0] != '\0'
				? cpu_parse_list(machine->cpus[i], cpus,
						 CPUS_MAX)
				: 0;

		for (int c = 0; c < n; c++) {
			if (seen[cpus[c]])
				return true;
			seen[cpus[c]] = true;
		}
	}
	return false;
}

static void
check_one_node(const struct recorded *machine, const struct node_report *report)
{
	uint64_t kib = 0;

	for (size_t i = 0; i < machine->n; i++)
		kib += machine->kib[i];
	assert_int_equal(report->n_numa, 1);
	assert_int_equal(report->numa[0].mem_total_kib, kib);
	assert_int_equal(report->n_distances, 1);
	assert_int_equal(report->distances[0].value, 10);
}

static void
check_distances(const struct recorded *machine,
		const struct node_report *report)
{
	size_t n = machine->n;

	/* Rows that do not fit the nodes say nothing of them. */
	if (machine->odd_slit || !machine->has_slit)
		return;
	assert_int_equal(report->n_distances, n * n);
	for (size_t i = 0; i < n * n; i++) {
		const struct report_distance *row = &report->distances[i];

		assert_int_equal(row->from, machine->nodes[i / n]);
		assert_int_equal(row->to, machine->nodes[i % n]);
		assert_int_equal(row->value, machine->slit[i / n][i % n]);
	}
}

static void
check_nodes(const struct recorded *machine, const struct node_report *report)
{
	assert_int_equal(report->n_numa, machine->n);
	for (size_t i = 0; i < machine->n; i++) {
		unsigned cpus[CPUS_MAX];
		const struct report_numa *row = &report->numa[i];
		int n = machine->cpus[i][0] != '\0'
				? cpu_parse_list(machine->cpus[i], cpus,
						 CPUS_MAX)
				: 0;

		assert_int_equal(row->node, machine->nodes[i]);
		assert_string_equal(row->cpus, machine->cpus[i]);
		assert_int_equal(row->cpu_count, n);
		assert_int_equal(row->mem_total_kib, machine->kib[i]);
	}
	check_distances(machine, report);
}

static void
check_machine(const struct recorded *machine)
{
	struct node_report *report = node_report_new();
	struct tree tree = { "" };
	struct err err = { "" };
	json_t *reply = json_object();

	tree_make(&tree);
	write_machine(&tree, machine);
	json_t *topology = topology_read(tree.root, &err);
	unsetenv("HWLOC_FSROOT");
	if (topology == NULL)
		fail_msg("%s: %s", machine->name, err.text);
	json_object_set_new(reply, "topology", topology);
	machine_put_reply(reply, report);
	if (shares_cpus(machine))
		check_one_node(machine, report);
	else
		check_nodes(machine, report);
	json_decref(reply);
	node_report_free(report);
	tree_remove(&tree);
}

static void
every_recorded_topology_is_read_right(void **state)
{
	char *text = need_data("numa/machines.txt"), *rest = NULL;
	static struct recorded machine;
	unsigned n = 0, broken = 0;

	(void)state;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "machine ", 8) == 0)
			start_machine(&machine, line);
		else if (strncmp(line, "  node ", 7) == 0)
			take_node(&machine, line);
		else if (strncmp(line, "  dist ", 7) == 0)
			take_distances(&machine, line);
		else if (strncmp(line, "  pkg ", 6) == 0)
			take_package(&machine, line);
		else if (strcmp(line, "end") == 0) {
			check_machine(&machine);
			broken += shares_cpus(&machine);
			n++;
		}
	}
	assert_true(n >= 50);
	SOME(broken);
	free(text);
}

/* --- processors ----------------------------------------------------------- */

struct leaf {
	char cpu[64];
	uint32_t index, subindex, regs[CPU_REGISTERS];
};

struct leaves {
	struct leaf *leaves;
	size_t n;
	const char *cpu; /* the one that is asked */
};

static struct leaves
read_leaves(char *text)
{
	struct leaves all = { NULL, 0, NULL };
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		struct leaf leaf;

		if (sscanf(line, "%63s cpuid %x %x %x %x %x %x", leaf.cpu,
			   &leaf.index, &leaf.subindex, &leaf.regs[CPU_EAX],
			   &leaf.regs[CPU_EBX], &leaf.regs[CPU_ECX],
			   &leaf.regs[CPU_EDX]) != 7)
			continue;
		all.leaves = realloc(all.leaves, (all.n + 1) * sizeof(leaf));
		assert_non_null(all.leaves);
		all.leaves[all.n++] = leaf;
	}
	return all;
}

static void
ask_recorded(void *arg, uint32_t index, uint32_t subindex,
	     uint32_t ret_regs[CPU_REGISTERS])
{
	const struct leaves *all = arg;

	for (size_t i = 0; i < all->n; i++)
		if (all->leaves[i].index == index &&
		    all->leaves[i].subindex == subindex &&
		    strcmp(all->leaves[i].cpu, all->cpu) == 0)
			memcpy(ret_regs, all->leaves[i].regs,
			       sizeof(all->leaves[i].regs));
}

/* The which-th field of a line of tabs; the next four calls keep it. */
static const char *
field(const char *line, unsigned which)
{
	static char fields[4][8192];
	static unsigned next;
	char *to = fields[next++ % 4];

	while (which-- > 0) {
		line = strchr(line, '\t');
		if (line == NULL)
			return "";
		line++;
	}
	snprintf(to, sizeof(fields[0]), "%.*s", (int)strcspn(line, "\t\n"),
		 line);
	return to;
}

static bool
has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(words, word); at != NULL;
	     at = strstr(at + 1, word))
		if ((at == words || at[-1] == ' ') &&
		    (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

/* What CPUID has of the recorded set: our table, name by name. */
static unsigned
check_features(const char *cpu, const char *words, const bool *marks)
{
	unsigned n = 0;

	for (size_t f = 0; f < n_cpu_features; f++) {
		if (has_word(words, cpu_features[f].name) != marks[f])
			fail_msg("%s: %s is %s", cpu, cpu_features[f].name,
				 marks[f] ? "not recorded" : "not decoded");
		n += marks[f];
	}
	return n;
}

static void
check_processor(struct leaves *all, const char *line)
{
	struct cpu_sample *sample = cpu_samples_new(1);
	char cpu[64], words[8192];
	uint32_t regs[CPU_REGISTERS] = { 0 };

	snprintf(cpu, sizeof(cpu), "%s", field(line, 0));
	snprintf(words, sizeof(words), "%s", field(line, 9));
	all->cpu = cpu;
	ask_recorded(all, 1, 0, regs);
	cpu_decode_signature(regs[CPU_EAX], sample);
	assert_int_equal(sample->family, strtoul(field(line, 2), NULL, 10));
	assert_int_equal(sample->model, strtoul(field(line, 3), NULL, 10));
	assert_int_equal(sample->stepping, strtoul(field(line, 4), NULL, 10));
	cpu_mark_features(ask_recorded, all, sample->marks);
	SOME(check_features(cpu, words, sample->marks));
	cpu_samples_free(sample);
}

static void
cpuid_of_every_recorded_processor_is_decoded(void **state)
{
	char *cpus = need_data("imc/cpus.tsv");
	char *leaves = need_data("imc/leaves.tsv");
	struct leaves all = read_leaves(leaves);
	unsigned n = 0;
	char *rest = NULL;

	(void)state;
	for (char *line = strtok_r(cpus, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			continue;
		check_processor(&all, line);
		n++;
	}
	assert_true(n >= 60);
	free(all.leaves);
	free(cpus);
	free(leaves);
}

/* The place of each CPUID bit that the recordings know by name. */
static void
every_recorded_name_is_at_the_same_bit(void **state)
{
	char *text = need_data("imc/features.tsv"), *rest = NULL;
	unsigned n = 0;

	(void)state;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		static const char *const regs[] = { "eax", "ebx", "ecx",
						    "edx" };
		const char *name = field(line, 0);

		if (line[0] == '#' || strcmp(field(line, 1), "cpuid") != 0)
			continue;
		const struct cpu_feature *feature = cpu_feature_find(name);
		if (feature == NULL)
			fail_msg("%s is not in the table", name);
		assert_string_equal(feature->name, name);
		assert_int_equal(feature->leaf,
				 strtoul(field(line, 2), NULL, 16));
		assert_int_equal(feature->subleaf,
				 strtoul(field(line, 3), NULL, 16));
		assert_string_equal(regs[feature->reg], field(line, 4));
		assert_int_equal(1u << feature->bit,
				 strtoul(field(line, 5), NULL, 16));
		n++;
	}
	assert_true(n >= 200);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_topology_is_read_right),
		cmocka_unit_test(every_recorded_name_is_at_the_same_bit),
		cmocka_unit_test(cpuid_of_every_recorded_processor_is_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
