/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/collect_host.h - load of the host: CPU time, memory, pressure, uptime,
 * and the free memory of each NUMA node.
 *
 * All of it comes from /proc and /sys below the system root; these reads do
 * not block, so they run on the main loop.  Read every period, and at once
 * when the kernel wakes us for pressure (agent/pressure.h).
 */
#ifndef AGENT_COLLECT_HOST_H
#define AGENT_COLLECT_HOST_H

#include "agent/source.h"
#include "common/loop.h"
#include "snmp-mib/node_detail.h"

enum { COLLECT_HOST_PERIOD_MS = 2000 };

struct collect_host;

/* `root` is kept, not copied.  `woken` (or NULL) is called when the kernel
 * told of pressure and the load was read anew because of it. */
struct collect_host *collect_host_new(struct loop *loop, const char *root,
				      loop_fn woken, void *arg);
void collect_host_free(struct collect_host *host);

/* Load, pressure and uptime; free memory of the NUMA nodes that are there
 * already.  The report has its detail. */
void collect_host_fill(const struct collect_host *host,
		       struct node_report *report);
const struct source *collect_host_source(const struct collect_host *host);

/* --- the parsers; text may be anything ------------------------------------ */

struct cpu_ticks {
	uint64_t busy, total;
};

/* -EINVAL when the line of all CPUs is not there. */
int host_parse_stat(const char *text, struct cpu_ticks *ret_ticks);

/* Per mille of the time between two readings; `last` when no time passed or
 * counters went back (idle and iowait may, by a tick). */
uint32_t host_cpu_use(const struct cpu_ticks *before,
		      const struct cpu_ticks *now, uint32_t last);

/* Fills the mem_ and swap members; -EINVAL without MemTotal. */
int host_parse_meminfo(const char *text, struct report_load *ret_load);

/* Averages and total of the line that begins with `word` ("some", "full");
 * -EINVAL without such a line. */
int host_parse_psi(const char *text, const char *word,
		   struct detail_pressure *ret_row);

/* "Node 3 MemFree: 123 kB" out of a node's meminfo. */
int host_parse_node_free(const char *text, uint64_t *ret_kib);

#endif
