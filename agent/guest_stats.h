/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guest_stats.h - what was measured of a VM that runs, out of the
 * worker's message (agent/virt_worker.h).  Pure.
 */
#ifndef AGENT_GUEST_STATS_H
#define AGENT_GUEST_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/virt_xml.h"
#include "agent/vm_process.h"

#define GUEST_UNKNOWN UINT64_MAX /* a number that is not known */

struct guest_cpu {
	uint32_t number;
	uint64_t time_ns;
};

struct guest_disk {
	char target[VIRT_DEVICE_LEN];
	uint64_t reads, read_bytes, read_ns;
	uint64_t writes, write_bytes, write_ns;
	uint64_t capacity, allocation, physical; /* bytes */
};

struct guest_nic {
	char dev[VIRT_DEVICE_LEN];
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets; /* the guest's */
	int32_t if_index, parent; /* on the host; 0: none */
};

struct guest_stats {
	uint64_t rss_kib, swapped_kib, age_ms, ready_ns;
	bool has_numa;
	struct vm_numa numa;

	uint64_t stamp; /* of the balloon's statistics; 0: none */
	uint64_t available_kib, unused_kib, usable_kib;
	uint64_t swap_in_kib, swap_out_kib, major_faults, minor_faults;
	uint32_t dirty_mib_s; /* REPORT_UNMEASURED */
	int64_t dirty_at_ms;  /* when, by CLOCK_MONOTONIC; -1: never */
	uint32_t dirty_period_s;

	struct guest_cpu *cpus;
	size_t n_cpus;
	struct guest_disk *disks;
	size_t n_disks;
	struct guest_nic *nics;
	size_t n_nics;
};

/* Nothing known. */
void guest_stats_init(struct guest_stats *stats);
void guest_stats_parse(const json_t *message, struct guest_stats *ret_stats);
void guest_stats_done(struct guest_stats *stats);

/* The time of all vCPUs; of the one that ran most since `before`. */
uint64_t guest_stats_cpu_ns(const struct guest_stats *stats);
uint64_t guest_stats_busiest_ns(const struct guest_stats *stats,
				const struct guest_stats *before);
/* The sum of all that a guest does to its disks and sends to its networks;
 * false when it has none of these, or they could not be asked for. */
bool guest_stats_io(const struct guest_stats *stats, uint64_t *ret_io);

const struct guest_disk *guest_stats_disk(const struct guest_stats *stats,
					  const char *target);

#endif
