/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pressure stall information in full.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_column pressure_columns[] = {
	{ 3, "ihPressureAvg10", CELL_U32, IN(detail_pressure, avg10_pm),
	  .max = 1000 },
	{ 4, "ihPressureAvg60", CELL_U32, IN(detail_pressure, avg60_pm),
	  .max = 1000 },
	{ 5, "ihPressureAvg300", CELL_U32, IN(detail_pressure, avg300_pm),
	  .max = 1000 },
	{ 6, "ihPressureTotal", CELL_COUNTER, IN(detail_pressure, total_us) },
};

const struct codec_section detail_pressures = {
	DETAIL_TABLE("ihPressureTable", pressure_columns, detail_pressure,
		     pressures, DETAIL_PRESSURES_MAX),
	AT(13), .n_index = 2,
	.index = { { "ihPressureResource", IN(detail_pressure, resource),
		     .min = PRESSURE_CPU, .max = PRESSURE_IRQ },
		   { "ihPressureKind", IN(detail_pressure, kind),
		     .min = PRESSURE_SOME, .max = PRESSURE_FULL } }
};
