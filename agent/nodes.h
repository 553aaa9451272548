/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/nodes.h - NUMA nodes by the kernel's own word, below
 * /sys/devices/system/node.  hwloc repairs what firmware broke, and loses
 * memory that way; it is asked only where the kernel says nothing
 * (agent/topology.h).
 *
 * Everything is named by the kernel's number of a node, never by its place:
 * numbers have gaps.  Nodes may have no CPU (memory of GPUs, CXL) or no
 * memory.  A CPU is of one node: firmware that gives it two knows nothing of
 * the others either, so the machine is told as one node with all.  Distances
 * that do not fit the nodes there are (nodes are off line) are none.
 */
#ifndef AGENT_NODES_H
#define AGENT_NODES_H

#include <jansson.h>

/* As topology_read(), with "broken" where nodes shared CPUs; NULL when there
 * are no nodes. */
json_t *nodes_read(const char *root);

#endif
