/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nodes.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "snmp-mib/node_report.h"

/* A list that does not fit ends behind a whole range. */
static void
copy_list(const char *list, char *to, size_t room)
{
	size_t len = strlen(list);

	if (len >= room) {
		len = room - 1;
		while (len > 0 && list[len] != ',')
			len--;
	}
	memcpy(to, list, len);
	to[len] = '\0';
}

/* A node without CPUs has those of the object it hangs from, in the end the
 * machine's: another reason to ask the kernel first. */
static json_t *
describe_node(const struct hwloc_obj *node)
{
	char cpus[REPORT_TEXT_LEN] = "", text[8192] = "";
	int count = hwloc_bitmap_weight(node->cpuset);

	hwloc_bitmap_list_snprintf(text, sizeof(text), node->cpuset);
	copy_list(text, cpus, sizeof(cpus));
	return json_pack("{s:I, s:s, s:i, s:I}", "node",
			 (json_int_t)node->os_index, "cpus", cpus, "cpu_count",
			 count > 0 ? count : 0, "mem_total_kib",
			 (json_int_t)(node->attr->numanode.local_memory /
				      1024));
}

static json_t *
describe_nodes(hwloc_topology_t topology)
{
	int n = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
	json_t *list = json_array();

	for (int i = 0; i < n && i < REPORT_NUMA_MAX; i++)
		json_array_append_new(list,
				      describe_node(hwloc_get_obj_by_type(
					      topology, HWLOC_OBJ_NUMANODE,
					      (unsigned)i)));
	return list;
}

static void
put_matrix(json_t *list, const struct hwloc_distances_s *matrix)
{
	for (unsigned i = 0; i < matrix->nbobjs; i++)
		for (unsigned j = 0; j < matrix->nbobjs; j++)
			json_array_append_new(
				list,
				json_pack("{s:I, s:I, s:I}", "from",
					  (json_int_t)matrix->objs[i]->os_index,
					  "to",
					  (json_int_t)matrix->objs[j]->os_index,
					  "value",
					  (json_int_t)matrix
						  ->values[i * matrix->nbobjs +
							   j]));
}

/* The first matrix of latencies is the firmware's (SLIT).  A single node
 * comes without one: it is near to itself. */
static json_t *
describe_distances(hwloc_topology_t topology)
{
	struct hwloc_distances_s *matrix = NULL;
	unsigned n = 1;
	json_t *list = json_array();
	int rc = hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &n,
					     &matrix,
					     HWLOC_DISTANCES_KIND_MEANS_LATENCY,
					     0);

	if (rc == 0 && n > 0 && matrix != NULL) {
		if (matrix->nbobjs <= REPORT_NUMA_MAX)
			put_matrix(list, matrix);
		hwloc_distances_release(topology, matrix);
	} else if (hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE) ==
		   1) {
		hwloc_obj_t node =
			hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, 0);

		json_array_append_new(list,
				      json_pack("{s:I, s:I, s:i}", "from",
						(json_int_t)node->os_index,
						"to",
						(json_int_t)node->os_index,
						"value", 10));
	}
	return list;
}

static int
load(hwloc_topology_t topology, const char *root)
{
	if (strcmp(root, "/") != 0)
		setenv("HWLOC_FSROOT", root, 1);
	/* Caches and devices are of no use here and cost time.  Packages and
	 * groups must stay: a node's CPUs are those of the object it hangs
	 * from, and without these that would be the machine. */
	hwloc_topology_set_all_types_filter(topology,
					    HWLOC_TYPE_FILTER_KEEP_NONE);
	hwloc_topology_set_type_filter(topology, HWLOC_OBJ_PACKAGE,
				       HWLOC_TYPE_FILTER_KEEP_ALL);
	hwloc_topology_set_type_filter(topology, HWLOC_OBJ_DIE,
				       HWLOC_TYPE_FILTER_KEEP_ALL);
	hwloc_topology_set_type_filter(topology, HWLOC_OBJ_GROUP,
				       HWLOC_TYPE_FILTER_KEEP_ALL);
	/* The whole machine, also when a control group shows us less. */
	hwloc_topology_set_flags(topology,
				 HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	return hwloc_topology_load(topology);
}

static json_t *
ask_hwloc(const char *root, struct err *err)
{
	hwloc_topology_t topology;
	json_t *result = NULL;

	if (hwloc_topology_init(&topology) < 0) {
		err_set(err, -EIO, "hwloc does not start");
		return NULL;
	}
	if (load(topology, root) < 0)
		err_errno(err, -errno, "hwloc cannot read the topology");
	else
		result = json_pack("{s:o, s:o}", "numa",
				   describe_nodes(topology), "distances",
				   describe_distances(topology));
	hwloc_topology_destroy(topology);
	return result;
}

/* hwloc's own ways to be told of another machine go before this one. */
static bool
is_pretended(void)
{
	return getenv("HWLOC_SYNTHETIC") != NULL ||
	       getenv("HWLOC_XMLFILE") != NULL;
}

json_t *
topology_read(const char *root, struct err *err)
{
	json_t *result = is_pretended() ? NULL : nodes_read(root);

	return result != NULL ? result : ask_hwloc(root, err);
}
