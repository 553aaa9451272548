/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hrStorage of HOST-RESOURCES-MIB: memory and file systems.  Only for the
 * voice that stands alone; an snmpd has its own.
 */
#include "snmp-mib/detail_storage.h"

#include <assert.h>

#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_oid hr_storage = {
	.len = 8, .ids = { 1, 3, 6, 1, 2, 1, 25, 2 }
};

#define STORAGE_TYPE(n) \
	[n] = { .len = 10, .ids = { 1, 3, 6, 1, 2, 1, 25, 2, 1, (n) } }

static const struct codec_oid types[] = {
	STORAGE_TYPE(STORAGE_OTHER),
	STORAGE_TYPE(STORAGE_RAM),
	STORAGE_TYPE(STORAGE_VIRTUAL_MEMORY),
	STORAGE_TYPE(STORAGE_FIXED_DISK),
};

static const struct codec_column memory_columns[] = {
	{ 2, "hrMemorySize", CELL_I32, IN(node_detail, memory_size_kib) },
};

static const struct codec_column storage_columns[] = {
	{ 1, "hrStorageIndex", CELL_I32, IN(detail_storage, index) },
	{ 2, "hrStorageType", CELL_OID, IN(detail_storage, type) },
	{ 3, "hrStorageDescr", CELL_TEXT, SIZED(detail_storage, descr) },
	{ 4, "hrStorageAllocationUnits", CELL_I32,
	  IN(detail_storage, unit_bytes) },
	{ 5, "hrStorageSize", CELL_I32, IN(detail_storage, size) },
	{ 6, "hrStorageUsed", CELL_I32, IN(detail_storage, used) },
};

static const struct codec_section memory_size = {
	.name = "hrStorage",
	.part = PART_DETAIL,
	.under = &hr_storage,
	.columns = memory_columns,
	.n_columns = CODEC_LEN(memory_columns),
	.base = 0,
	.rows_max = 1,
};

static const struct codec_section storages = {
	DETAIL_TABLE("hrStorageTable", storage_columns, detail_storage,
		     storages, DETAIL_STORAGES_MAX),
	.under = &hr_storage,
	.path = { 3 },
	.n_path = 1,
	.n_index = 1,
	.index = { { "hrStorageIndex", IN(detail_storage, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};

static const struct codec_section *const sections[] = { &memory_size,
							&storages };

const struct codec_tree detail_storage_tree = {
	.module = "HOST-RESOURCES-MIB",
	.root = &hr_storage,
	.under = &hr_storage,
	.sections = sections,
	.n_sections = CODEC_LEN(sections),
};

const struct codec_oid *
detail_storage_type(enum detail_storage_type type)
{
	assert((size_t)type < CODEC_LEN(types) && types[type].len > 0);
	return &types[type];
}
