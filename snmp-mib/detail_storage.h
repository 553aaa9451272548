/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail_storage.h - rows of hrStorageTable (HOST-RESOURCES-MIB), for
 * an agent without an snmpd that has them.
 */
#ifndef SNMP_MIB_DETAIL_STORAGE_H
#define SNMP_MIB_DETAIL_STORAGE_H

#include <stdint.h>

enum { DETAIL_STORAGES_MAX = 256, DETAIL_STORAGE_DESCR = 128 };

struct codec_oid;

/* hrStorageTypes of the MIB, each &detail_storage_types[...]. */
enum detail_storage_type {
	STORAGE_OTHER = 1,
	STORAGE_RAM,
	STORAGE_VIRTUAL_MEMORY,
	STORAGE_FIXED_DISK
};

struct detail_storage {
	uint32_t index;
	const struct codec_oid *type; /* static */
	char descr[DETAIL_STORAGE_DESCR];
	int32_t unit_bytes, size, used; /* the latter two in units */
};

const struct codec_oid *detail_storage_type(enum detail_storage_type type);

#endif
