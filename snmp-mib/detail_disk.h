/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail_disk.h - rows of dskTable (UCD-SNMP-MIB), for an agent
 * without an snmpd that has them.
 */
#ifndef SNMP_MIB_DETAIL_DISK_H
#define SNMP_MIB_DETAIL_DISK_H

#include <stdint.h>

#include "snmp-mib/detail_storage.h"

struct detail_disk {
	int32_t index;
	char path[DETAIL_STORAGE_DESCR], device[DETAIL_STORAGE_DESCR];
	int32_t minimum_kb, minimum_percent; /* -1: the other counts */
	int32_t total, avail, used;          /* kB, latched */
	int32_t percent, percent_nodes;
	uint32_t total_low, total_high, avail_low, avail_high;
	uint32_t used_low, used_high;
	unsigned error; /* 1: less than the minimum */
	char message[DETAIL_STORAGE_DESCR + 64];
};

#endif
