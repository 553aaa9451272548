/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health by subsystem, and what the BMC knows beyond its power.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_column detail_healths_columns[] = {
	{ 1, "ihHealthTotal", CELL_ENUM, IN(detail_health, total),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 2, "ihHealthCpu", CELL_ENUM, IN(detail_health, cpu),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 3, "ihHealthMemory", CELL_ENUM, IN(detail_health, memory),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 4, "ihHealthPower", CELL_ENUM, IN(detail_health, power),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 5, "ihHealthThermal", CELL_ENUM, IN(detail_health, thermal),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 6, "ihHealthStorage", CELL_ENUM, IN(detail_health, storage),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 7, "ihHealthNetwork", CELL_ENUM, IN(detail_health, network),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 8, "ihHealthVirtualisation", CELL_ENUM,
	  IN(detail_health, virtualisation), .min = HEALTH_UNKNOWN,
	  .max = HEALTH_FAILED },
	{ 9, "ihHealthBmc", CELL_ENUM, IN(detail_health, bmc),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 10, "ihHealthSources", CELL_ENUM, IN(detail_health, sources),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 11, "ihHealthText", CELL_TEXT, SIZED(detail_health, text) },
};

const struct codec_section detail_healths = {
	DETAIL_SCALARS("ihSubsystems", health, detail_healths_columns), AT(8)
};

static const struct codec_column detail_bmc_more_columns[] = {
	{ 1, "ihBmcMorePowerPresent", CELL_BOOL,
	  IN(detail_bmc, power_present) },
	{ 2, "ihBmcMorePowerNow", CELL_U32, IN(detail_bmc, now_w) },
	{ 3, "ihBmcMorePowerMin", CELL_U32, IN(detail_bmc, min_w) },
	{ 4, "ihBmcMorePowerMax", CELL_U32, IN(detail_bmc, max_w) },
	{ 5, "ihBmcMorePowerAverage", CELL_U32, IN(detail_bmc, average_w) },
	{ 6, "ihBmcMorePowerPeriod", CELL_U32, IN(detail_bmc, period_s) },
	{ 7, "ihBmcMoreCapActive", CELL_BOOL, IN(detail_bmc, cap_active) },
	{ 8, "ihBmcMoreCap", CELL_U32, IN(detail_bmc, cap_w) },
	{ 9, "ihBmcMoreSelPresent", CELL_BOOL, IN(detail_bmc, sel_present) },
	{ 10, "ihBmcMoreSelEntries", CELL_U32, IN(detail_bmc, sel_entries) },
	{ 11, "ihBmcMoreSelFill", CELL_U32, IN(detail_bmc, sel_percent),
	  .max = 100 },
	{ 12, "ihBmcMoreSelOverflow", CELL_BOOL, IN(detail_bmc, sel_overflow) },
	{ 13, "ihBmcMoreWatchdogPresent", CELL_BOOL,
	  IN(detail_bmc, watchdog_present) },
	{ 14, "ihBmcMoreWatchdogRunning", CELL_BOOL,
	  IN(detail_bmc, watchdog_running) },
	{ 15, "ihBmcMoreWatchdogLeft", CELL_U32,
	  IN(detail_bmc, watchdog_left_ms) },
};

const struct codec_section detail_bmc_more = {
	DETAIL_SCALARS("ihBmcMore", bmc, detail_bmc_more_columns), AT(43)
};
