/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/memory_use.h - where the memory goes: page merging, swap, huge pages,
 * allocations that missed their node; and what VMs were promised of it.
 *
 * All of it is counters of the kernel in memory: files of /proc and /sys that
 * do not wait for a device.  So this runs on the main loop, every
 * MEMORY_PERIOD_MS; 8 nodes with 2 sizes of pages take less than 1 ms.
 */
#ifndef AGENT_MEMORY_USE_H
#define AGENT_MEMORY_USE_H

#include <jansson.h>

#include "agent/source.h"
#include "common/loop.h"
#include "snmp-mib/node_detail.h"

enum { MEMORY_PERIOD_MS = 5000, MEMORY_NODES_MAX = REPORT_NUMA_MAX };

struct memory_use;

/* Reads at once.  `root` is kept. */
struct memory_use *memory_use_new(struct loop *loop, const char *root);
void memory_use_free(struct memory_use *use);

/* The memory, huge pages and NUMA use of report->detail.  VMs, load and
 * capacity are in the report already. */
void memory_use_fill(const struct memory_use *use, struct node_report *report);
const struct source *memory_use_source(const struct memory_use *use);

/* --- pure ----------------------------------------------------------------- */

/* A counter of a file of lines "name value"; false: it is not there. */
bool memory_find_counter(const char *text, const char *name,
			 uint64_t *ret_value);

/* Of the active VMs what they were promised, what balloons took back, and the
 * ratio to what VMs may use here. */
void memory_sum_vms(const struct node_report *report,
		    struct detail_memory *memory);
/* Memory of VMs by node, once its rows are there. */
void memory_sum_nodes(struct node_detail *detail);

/* Errors out of what agent/edac.h found, NULL: nobody counts. */
void memory_put_ecc(const json_t *ecc, struct detail_memory *memory);

#endif
