/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU packages, and CPU models as sets of features.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_column detail_package_rows_columns[] = {
	{ 2, "ihPackagePhysicalIndex", CELL_U32, IN(detail_package, index),
	  .max = MIB_INDEX_MAX },
	{ 3, "ihPackageVendor", CELL_TEXT, SIZED(detail_package, vendor) },
	{ 4, "ihPackageModelName", CELL_TEXT,
	  SIZED(detail_package, model_name) },
	{ 5, "ihPackageFamily", CELL_U32, IN(detail_package, family) },
	{ 6, "ihPackageModel", CELL_U32, IN(detail_package, model) },
	{ 7, "ihPackageStepping", CELL_U32, IN(detail_package, stepping) },
	{ 8, "ihPackageMicrocode", CELL_TEXT,
	  SIZED(detail_package, microcode) },
	{ 9, "ihPackageCores", CELL_U32, IN(detail_package, cores) },
	{ 10, "ihPackageThreads", CELL_U32, IN(detail_package, threads) },
	{ 11, "ihPackageKnown", CELL_OCTETS, SIZED(detail_package, known) },
	{ 12, "ihPackageFrequency", CELL_U32, IN(detail_package, mhz) },
	{ 13, "ihPackageFrequencyMax", CELL_U32, IN(detail_package, max_mhz) },
	{ 14, "ihPackagePower", CELL_U32, IN(detail_package, power_mw) },
	{ 15, "ihPackageThrottles", CELL_COUNTER,
	  IN(detail_package, throttles) },
	{ 16, "ihPackageHealth", CELL_ENUM, IN(detail_package, health),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 17, "ihPackageText", CELL_TEXT, SIZED(detail_package, text) },
};

const struct codec_section detail_package_rows = {
	DETAIL_TABLE("ihPackageTable", detail_package_rows_columns,
		     detail_package, packages, DETAIL_PACKAGES_MAX),
	AT(16), .n_index = 1,
	.index = { { "ihPackageNumber", IN(detail_package, package),
		     .max = MIB_NUMBER_MAX } }
};

static const struct codec_column detail_cpu_model_rows_columns[] = {
	{ 2, "ihModelRole", CELL_ENUM, IN(detail_cpu_model, role),
	  .min = DETAIL_CPU_HOST, .max = DETAIL_CPU_BLOCKED },
	{ 3, "ihModelName", CELL_TEXT, SIZED(detail_cpu_model, name) },
	{ 4, "ihModelFeatures", CELL_OCTETS,
	  SIZED(detail_cpu_model, features) },
	{ 5, "ihModelMissing", CELL_U32, IN(detail_cpu_model, missing) },
	{ 6, "ihModelBlockers", CELL_TEXT, SIZED(detail_cpu_model, blockers) },
	{ 7, "ihModelUsable", CELL_BOOL, IN(detail_cpu_model, usable) },
};

const struct codec_section detail_cpu_model_rows = {
	DETAIL_TABLE("ihCpuModelTable", detail_cpu_model_rows_columns,
		     detail_cpu_model, cpu_models, DETAIL_CPU_MODELS_MAX),
	AT(17), .n_index = 1,
	.index = { { "ihModelIndex", IN(detail_cpu_model, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};
