/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nodes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cpu.h"
#include "agent/memory_use.h"
#include "agent/sysroot.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "snmp-mib/node_report.h"

#define FOLDER "/sys/devices/system/node"

struct node {
	uint32_t number;
	uint64_t kib;
	int n_cpus;
	unsigned *cpus;
	unsigned distances[REPORT_NUMA_MAX];
	size_t n_distances;
};

struct nodes {
	struct node nodes[REPORT_NUMA_MAX];
	size_t n;
	bool has[REPORT_CPUS_MAX]; /* CPUs of any node */
	bool shared;               /* one is of two */
};

/* --- reading -------------------------------------------------------------- */

static ssize_t
read_file(const char *root, const struct node *node, const char *file,
	  char *text, size_t room)
{
	char path[96];

	snprintf(path, sizeof(path), FOLDER "/node%u/%s", node->number, file);
	return sysroot_read(root, path, text, room);
}

static void
read_cpus(const char *root, struct node *node, struct nodes *nodes)
{
	char text[8192];

	node->cpus = xcalloc(REPORT_CPUS_MAX, sizeof(*node->cpus));
	if (read_file(root, node, "cpulist", text, sizeof(text)) <= 0)
		return;
	int n = cpu_parse_list(text, node->cpus, REPORT_CPUS_MAX);
	node->n_cpus = n > 0 ? n : 0;
	for (int i = 0; i < node->n_cpus; i++) {
		bool *has = &nodes->has[node->cpus[i]];

		nodes->shared = nodes->shared || *has;
		*has = true;
	}
}

/* "Node 3 MemTotal:       1234 kB" */
static void
read_memory(const char *root, struct node *node)
{
	char text[4096];

	if (read_file(root, node, "meminfo", text, sizeof(text)) <= 0)
		return;
	const char *at = strstr(text, "MemTotal");
	if (at != NULL)
		memory_find_counter(at, "MemTotal", &node->kib);
}

static void
read_distances(const char *root, struct node *node)
{
	char text[1024], *at = text, *end;

	if (read_file(root, node, "distance", text, sizeof(text)) <= 0)
		return;
	for (;; at = end) {
		unsigned long value = strtoul(at, &end, 10);

		if (end == at || node->n_distances == REPORT_NUMA_MAX)
			return;
		node->distances[node->n_distances++] =
			value <= UINT16_MAX ? (unsigned)value : UINT16_MAX;
	}
}

static void
read_all(const char *root, struct nodes *nodes)
{
	struct sysroot_names names;
	uint64_t number;

	sysroot_list(root, FOLDER, "node", REPORT_NUMA_MAX, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct node *node = &nodes->nodes[nodes->n];

		if (num_parse_u64(names.names[i] + 4, UINT16_MAX, &number) < 0)
			continue;
		nodes->n++;
		node->number = (uint32_t)number;
		read_cpus(root, node, nodes);
		read_memory(root, node);
		read_distances(root, node);
	}
	free(names.names);
}

/* --- telling -------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
	unsigned one = *(const unsigned *)a, other = *(const unsigned *)b;

	return one < other ? -1 : one > other;
}

/* "0-3,8", as many whole ranges as there is room for. */
static void
print_cpus(unsigned *cpus, int n, char *ret_text, size_t room)
{
	size_t len = 0;

	ret_text[0] = '\0';
	qsort(cpus, (size_t)n, sizeof(*cpus), by_number);
	for (int first = 0, last; first < n; first = last + 1) {
		char range[32];

		for (last = first;
		     last + 1 < n && cpus[last + 1] == cpus[last] + 1; last++)
			;
		snprintf(range, sizeof(range),
			 first == last ? "%s%u" : "%s%u-%u", len > 0 ? "," : "",
			 cpus[first], cpus[last]);
		if (len + strlen(range) >= room)
			return;
		memcpy(ret_text + len, range, strlen(range) + 1);
		len += strlen(range);
	}
}

static json_t *
describe_node(uint32_t number, unsigned *cpus, int n_cpus, uint64_t kib)
{
	char list[REPORT_TEXT_LEN];

	print_cpus(cpus, n_cpus, list, sizeof(list));
	return json_pack("{s:I, s:s, s:i, s:I}", "node", (json_int_t)number,
			 "cpus", list, "cpu_count", n_cpus, "mem_total_kib",
			 (json_int_t)(kib <= INT64_MAX ? kib : INT64_MAX));
}

static json_t *
describe_distance(uint32_t from, uint32_t to, unsigned value)
{
	return json_pack("{s:I, s:I, s:i}", "from", (json_int_t)from, "to",
			 (json_int_t)to, "value", (int)value);
}

static json_t *
describe_as_one(struct nodes *nodes)
{
	cleanup_free unsigned *cpus = xcalloc(REPORT_CPUS_MAX, sizeof(*cpus));
	uint32_t number = nodes->nodes[0].number;
	uint64_t kib = 0;
	int n = 0;

	for (size_t i = 0; i < nodes->n; i++)
		kib += nodes->nodes[i].kib;
	for (unsigned cpu = 0; cpu < REPORT_CPUS_MAX; cpu++)
		if (nodes->has[cpu])
			cpus[n++] = cpu;
	return json_pack("{s:[o], s:[o], s:b}", "numa",
			 describe_node(number, cpus, n, kib), "distances",
			 describe_distance(number, number, 10), "broken", true);
}

/* All rows are as long as there are nodes, or none is told.  A single node is
 * near to itself. */
static json_t *
describe_distances(const struct nodes *nodes)
{
	json_t *list = json_array();
	bool fit = true;

	for (size_t i = 0; i < nodes->n; i++)
		fit = fit && nodes->nodes[i].n_distances == nodes->n;
	for (size_t i = 0; i < nodes->n && fit; i++)
		for (size_t j = 0; j < nodes->n; j++)
			json_array_append_new(
				list, describe_distance(
					      nodes->nodes[i].number,
					      nodes->nodes[j].number,
					      nodes->nodes[i].distances[j]));
	if (!fit && nodes->n == 1)
		json_array_append_new(list,
				      describe_distance(nodes->nodes[0].number,
							nodes->nodes[0].number,
							10));
	return list;
}

static json_t *
describe_all(const struct nodes *nodes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < nodes->n; i++) {
		const struct node *node = &nodes->nodes[i];

		json_array_append_new(list,
				      describe_node(node->number, node->cpus,
						    node->n_cpus, node->kib));
	}
	return json_pack("{s:o, s:o}", "numa", list, "distances",
			 describe_distances(nodes));
}

json_t *
nodes_read(const char *root)
{
	cleanup_free struct nodes *nodes = xcalloc(1, sizeof(*nodes));
	json_t *result = NULL;

	read_all(root, nodes);
	if (nodes->n > 0)
		result = nodes->shared ? describe_as_one(nodes)
				       : describe_all(nodes);
	for (size_t i = 0; i < nodes->n; i++)
		free(nodes->nodes[i].cpus);
	return result;
}
