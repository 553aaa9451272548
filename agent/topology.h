/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/topology.h - NUMA nodes and their distances: by the kernel's word
 * (agent/nodes.h), else by hwloc's, which only the file behind this knows. Runs
 * in the worker "machine".
 */
#ifndef AGENT_TOPOLOGY_H
#define AGENT_TOPOLOGY_H

#include <jansson.h>

#include "common/err.h"

/*
 * { "numa": [ { "node", "cpus", "cpu_count", "mem_total_kib" } ... ],
 *   "distances": [ { "from", "to", "value" } ... ], "broken": true where a CPU
 *   was of two nodes }
 * Everything is named by the kernel's number of the node, which may have
 * gaps.  `root` other than "/" is a recorded tree; hwloc's own HWLOC_XMLFILE
 * and HWLOC_SYNTHETIC work, too.  NULL and err when hwloc fails.
 */
json_t *topology_read(const char *root, struct err *err);

#endif
