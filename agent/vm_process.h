/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/vm_process.h - what a VM costs the host, by its process: memory,
 * swap, memory on each NUMA node, and how long its vCPUs were ready to run
 * and waited for a CPU.
 *
 * Read by a worker: walking numa_maps takes a lock of the process and can
 * last.  Therefore VMs take turns, for VM_NUMA_SPEND_MS in each round (one at
 * least), none more often than each VM_NUMA_MS; and where a control group
 * tells the same at once, that is read instead.
 */
#ifndef AGENT_VM_PROCESS_H
#define AGENT_VM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "snmp-mib/node_report.h"

enum {
	VM_NUMA_MS = 30000,
	VM_NUMA_SPEND_MS = 50,
	VM_NUMA_BYTES_MAX = 8 << 20, /* of numa_maps */
	VM_THREADS_MAX = 512
};

/* --- texts of the kernel; pure, hostile ----------------------------------- */

struct vm_memory {
	uint64_t rss_kib, swapped_kib;
	uint64_t huge_kib; /* of huge pages; the kernel's RSS is without */
};

/* Of /proc/PID/status; -EINVAL when one of the first two is not there. */
int vm_parse_status(const char *text, struct vm_memory *ret_memory);
/* The second number of /proc/PID/schedstat: ns on a run queue. */
int vm_parse_schedstat(const char *text, uint64_t *ret_wait_ns);
/* /proc/PID/stat, by the kernel's ticks in a second: when the process started,
 * in ms since the machine did; what it has used of CPUs. */
int vm_parse_start(const char *text, uint64_t hz, uint64_t *ret_ms);
int vm_parse_cpu(const char *text, uint64_t hz, uint64_t *ret_ns);
/* Is this the name of a thread that runs a vCPU? */
bool vm_is_vcpu(const char *comm);

struct vm_numa {
	uint64_t kib[REPORT_NUMA_MAX];
};

/* One line of numa_maps: "... N0=12 N3=4 kernelpagesize_kB=4". */
void vm_numa_add_map(struct vm_numa *numa, const char *line);
/* A whole memory.numa_stat of a control group, version 2; -EINVAL. */
int vm_numa_add_stat(struct vm_numa *numa, const char *text);
/* Nodes with memory as "0,2", and how much of it is on the fullest, per mille
 * (REPORT_UNMEASURED when there is none). */
void vm_numa_describe(const struct vm_numa *numa, char *ret_nodes, size_t room,
		      uint32_t *ret_local_pm);
/* The control group of the machine in /proc/PID/cgroup: what stands at
 * "0::", up to the component of the machine; false when there is none. */
bool vm_parse_cgroup(const char *text, char *ret_path, size_t room);

/* --- one process ---------------------------------------------------------- */

struct vm_process {
	pid_t pid;          /* 0: none found */
	int64_t started_ms; /* by the monotonic clock */
	pid_t *vcpus;
	size_t n_vcpus;

	bool has_memory, has_ready, has_numa;
	struct vm_memory memory;
	uint64_t ready_ns; /* of all its vCPUs, since they began */
	struct vm_numa numa;
	int64_t numa_ms; /* when it was read; 0: never */
};

/* Find the process of a VM by the file that libvirt wrote.  A number that is
 * somebody else's by now is refused: the VM's UUID must be in its arguments.
 * 0 or -ENOENT. */
int vm_process_find(const char *root, const char *name, const char *uuid,
		    pid_t *ret_pid);
/* What it has used of CPUs; -ENOENT. */
int vm_process_cpu(const char *root, pid_t pid, uint64_t *ret_ns);
/* When it started, by our monotonic clock; now, if that is not to be had. */
int64_t vm_process_start(const char *root, pid_t pid, int64_t now_ms);

/* Read what is cheap.  A process that is gone leaves has_* false. */
void vm_process_read(struct vm_process *process, const char *root);
/* Memory by NUMA node. */
void vm_process_read_numa(struct vm_process *process, const char *root,
			  int64_t now_ms);
/* True when all memory of the machine is on one node: then there is nothing
 * to read. */
bool vm_process_only_node(const char *root, unsigned *ret_node);
void vm_process_done(struct vm_process *process);

#endif
