/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dskTable of UCD-SNMP-MIB: file systems.  Only for the voice that stands
 * alone; an snmpd has its own.
 */
#include "snmp-mib/detail_disk.h"

#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_oid disk_table = {
	.len = 8, .ids = { 1, 3, 6, 1, 4, 1, 2021, 9 }
};

static const struct codec_column disk_columns[] = {
	{ 1, "dskIndex", CELL_I32, IN(detail_disk, index) },
	{ 2, "dskPath", CELL_TEXT, SIZED(detail_disk, path) },
	{ 3, "dskDevice", CELL_TEXT, SIZED(detail_disk, device) },
	{ 4, "dskMinimum", CELL_I32, IN(detail_disk, minimum_kb) },
	{ 5, "dskMinPercent", CELL_I32, IN(detail_disk, minimum_percent) },
	{ 6, "dskTotal", CELL_I32, IN(detail_disk, total) },
	{ 7, "dskAvail", CELL_I32, IN(detail_disk, avail) },
	{ 8, "dskUsed", CELL_I32, IN(detail_disk, used) },
	{ 9, "dskPercent", CELL_I32, IN(detail_disk, percent) },
	{ 10, "dskPercentNode", CELL_I32, IN(detail_disk, percent_nodes) },
	{ 11, "dskTotalLow", CELL_U32, IN(detail_disk, total_low) },
	{ 12, "dskTotalHigh", CELL_U32, IN(detail_disk, total_high) },
	{ 13, "dskAvailLow", CELL_U32, IN(detail_disk, avail_low) },
	{ 14, "dskAvailHigh", CELL_U32, IN(detail_disk, avail_high) },
	{ 15, "dskUsedLow", CELL_U32, IN(detail_disk, used_low) },
	{ 16, "dskUsedHigh", CELL_U32, IN(detail_disk, used_high) },
	{ 100, "dskErrorFlag", CELL_ENUM, IN(detail_disk, error), .min = 0,
	  .max = 1 },
	{ 101, "dskErrorMsg", CELL_TEXT, SIZED(detail_disk, message) },
};

static const struct codec_section disks = {
	DETAIL_TABLE("dskTable", disk_columns, detail_disk, disks,
		     DETAIL_STORAGES_MAX),
	.under = &disk_table, .n_index = 1,
	.index = { { "dskIndex", IN(detail_disk, index), .min = 1,
		     .max = MIB_NUMBER_MAX } }
};

static const struct codec_section *const sections[] = { &disks };

const struct codec_tree detail_disk_tree = {
	.module = "UCD-SNMP-MIB",
	.root = &disk_table,
	.under = &disk_table,
	.sections = sections,
	.n_sections = CODEC_LEN(sections),
};
