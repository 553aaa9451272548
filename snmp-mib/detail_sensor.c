/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sensors: our own table, and those of ENTITY-SENSOR-MIB (RFC 3433).
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_column detail_sensor_rows_columns[] = {
	{ 2, "ihSensorName", CELL_TEXT, SIZED(detail_sensor, name) },
	{ 3, "ihSensorSource", CELL_ENUM, IN(detail_sensor, source),
	  .min = DETAIL_SENSOR_IPMI, .max = DETAIL_SENSOR_RAPL },
	{ 4, "ihSensorType", CELL_ENUM, IN(detail_sensor, kind),
	  .min = DETAIL_KIND_OTHER, .max = DETAIL_KIND_TRUTH },
	{ 5, "ihSensorUnit", CELL_TEXT, SIZED(detail_sensor, unit) },
	{ 6, "ihSensorStatus", CELL_ENUM, IN(detail_sensor, status),
	  .min = DETAIL_SENSOR_OK, .max = DETAIL_SENSOR_BROKEN },
	{ 7, "ihSensorValue", CELL_I32, IN(detail_sensor, value) },
	{ 8, "ihSensorPrecision", CELL_I32, IN(detail_sensor, precision) },
	{ 9, "ihSensorThresholds", CELL_OCTETS,
	  SIZED(detail_sensor, has_threshold) },
	{ 10, "ihSensorLowFatal", CELL_I32,
	  IN(detail_sensor, thresholds[DETAIL_LOW_FATAL]) },
	{ 11, "ihSensorLowCritical", CELL_I32,
	  IN(detail_sensor, thresholds[DETAIL_LOW_CRITICAL]) },
	{ 12, "ihSensorLowWarning", CELL_I32,
	  IN(detail_sensor, thresholds[DETAIL_LOW_WARNING]) },
	{ 13, "ihSensorHighWarning", CELL_I32,
	  IN(detail_sensor, thresholds[DETAIL_HIGH_WARNING]) },
	{ 14, "ihSensorHighCritical", CELL_I32,
	  IN(detail_sensor, thresholds[DETAIL_HIGH_CRITICAL]) },
	{ 15, "ihSensorHighFatal", CELL_I32,
	  IN(detail_sensor, thresholds[DETAIL_HIGH_FATAL]) },
	{ 16, "ihSensorHealth", CELL_ENUM, IN(detail_sensor, health),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 17, "ihSensorText", CELL_TEXT, SIZED(detail_sensor, text) },
};

const struct codec_section detail_sensor_rows = {
	DETAIL_TABLE("ihSensorTable", detail_sensor_rows_columns, detail_sensor,
		     sensors, DETAIL_SENSORS_MAX),
	AT(25), .n_index = 1,
	.index = { { "ihSensorIndex", IN(detail_sensor, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};

/* --- ENTITY-SENSOR-MIB ---------------------------------------------------- */

const struct codec_oid detail_entity_sensor_objects = {
	.len = 8, .ids = { 1, 3, 6, 1, 2, 1, 99, 1 }
};

static const struct codec_column standard_columns[] = {
	{ 1, "entPhySensorType", CELL_ENUM, IN(detail_sensor, kind),
	  .min = DETAIL_KIND_OTHER, .max = DETAIL_KIND_TRUTH },
	{ 2, "entPhySensorScale", CELL_ENUM, IN(detail_sensor, scale),
	  .min = DETAIL_SCALE_UNITS, .max = DETAIL_SCALE_UNITS },
	{ 3, "entPhySensorPrecision", CELL_I32, IN(detail_sensor, precision) },
	{ 4, "entPhySensorValue", CELL_I32, IN(detail_sensor, value) },
	{ 5, "entPhySensorOperStatus", CELL_ENUM, IN(detail_sensor, status),
	  .min = DETAIL_SENSOR_OK, .max = DETAIL_SENSOR_BROKEN },
	{ 6, "entPhySensorUnitsDisplay", CELL_TEXT,
	  SIZED(detail_sensor, unit) },
	{ 7, "entPhySensorValueTimeStamp", CELL_TICKS,
	  IN(detail_sensor, read_ticks) },
	{ 8, "entPhySensorValueUpdateRate", CELL_U32,
	  IN(detail_sensor, update_ms) },
};

const struct codec_section detail_entity_sensors = {
	DETAIL_TABLE("entPhySensorTable", standard_columns, detail_sensor,
		     sensors, DETAIL_SENSORS_MAX),
	.under = &detail_entity_sensor_objects,
	.path = { 1 },
	.n_path = 1,
	.n_index = 1,
	.index = { { "entPhysicalIndex", IN(detail_sensor, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};
