/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the memory goes; huge pages and allocations by NUMA node.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_column detail_memories_columns[] = {
	{ 1, "ihMemUseVmConfigured", CELL_U64,
	  IN(detail_memory, vm_configured_kib) },
	{ 2, "ihMemUseBalloon", CELL_U64, IN(detail_memory, balloon_kib) },
	{ 3, "ihMemUseOvercommit", CELL_U32, IN(detail_memory, overcommit_pm) },
	{ 4, "ihMemUseKsm", CELL_ENUM, IN(detail_memory, ksm),
	  .min = DETAIL_KSM_ABSENT, .max = DETAIL_KSM_UNMERGING },
	{ 5, "ihMemUseKsmShared", CELL_U64, IN(detail_memory, ksm_shared_kib) },
	{ 6, "ihMemUseKsmSharing", CELL_U64,
	  IN(detail_memory, ksm_sharing_kib) },
	{ 7, "ihMemUseKsmProfit", CELL_I32, IN(detail_memory, ksm_profit_mib) },
	{ 8, "ihMemUseKsmFullScans", CELL_COUNTER,
	  IN(detail_memory, ksm_full_scans) },
	{ 9, "ihMemUseSwapTotal", CELL_U64, IN(detail_memory, swap_total_kib) },
	{ 10, "ihMemUseSwapUsed", CELL_U64, IN(detail_memory, swap_used_kib) },
	{ 11, "ihMemUseSwapIn", CELL_COUNTER, IN(detail_memory, swap_in_kib) },
	{ 12, "ihMemUseSwapOut", CELL_COUNTER,
	  IN(detail_memory, swap_out_kib) },
	{ 13, "ihMemUseEccPresent", CELL_BOOL, IN(detail_memory, ecc_present) },
	{ 14, "ihMemUseEccCorrected", CELL_COUNTER,
	  IN(detail_memory, ecc_corrected) },
	{ 15, "ihMemUseEccUncorrected", CELL_COUNTER,
	  IN(detail_memory, ecc_uncorrected) },
	{ 16, "ihMemUseEccText", CELL_TEXT, SIZED(detail_memory, ecc_text) },
	{ 17, "ihMemUseVmRss", CELL_U64, IN(detail_memory, vm_rss_kib) },
};

const struct codec_section detail_memories = {
	DETAIL_SCALARS("ihMemUse", memory, detail_memories_columns), AT(9)
};

static const struct codec_column detail_huge_page_rows_columns[] = {
	{ 3, "ihHugePageTotal", CELL_U32, IN(detail_huge_pages, total) },
	{ 4, "ihHugePageFree", CELL_U32, IN(detail_huge_pages, free) },
	{ 5, "ihHugePageReserved", CELL_U32, IN(detail_huge_pages, reserved) },
	{ 6, "ihHugePageSurplus", CELL_U32, IN(detail_huge_pages, surplus) },
};

const struct codec_section detail_huge_page_rows = {
	DETAIL_TABLE("ihHugePageTable", detail_huge_page_rows_columns,
		     detail_huge_pages, huge_pages, DETAIL_HUGE_PAGES_MAX),
	AT(14), .n_index = 2,
	.index = { { "ihHugePageNode", IN(detail_huge_pages, node),
		     .max = MIB_NUMBER_MAX },
		   { "ihHugePageSize", IN(detail_huge_pages, size_kib),
		     .min = 1, .max = UINT32_MAX } }
};

static const struct codec_column detail_numa_use_rows_columns[] = {
	{ 2, "ihNumaUseHits", CELL_COUNTER, IN(detail_numa_use, hits) },
	{ 3, "ihNumaUseMisses", CELL_COUNTER, IN(detail_numa_use, misses) },
	{ 4, "ihNumaUseForeign", CELL_COUNTER, IN(detail_numa_use, foreign) },
	{ 5, "ihNumaUseVms", CELL_U64, IN(detail_numa_use, vms_kib) },
};

const struct codec_section detail_numa_use_rows = {
	DETAIL_TABLE("ihNumaUseTable", detail_numa_use_rows_columns,
		     detail_numa_use, numa_uses, REPORT_NUMA_MAX),
	AT(15), .n_index = 1,
	.index = { { "ihNumaUseNode", IN(detail_numa_use, node),
		     .max = MIB_NUMBER_MAX } }
};
