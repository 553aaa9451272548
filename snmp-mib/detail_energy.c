/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power by thing, and in which states it was: eoPowerTable and
 * eoPowerStateTable of ENERGY-OBJECT-MIB (RFC 7460).
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

const struct codec_oid detail_energy_objects = {
	.len = 8, .ids = { 1, 3, 6, 1, 2, 1, 229, 1 }
};

static const struct codec_column power_columns[] = {
	{ 1, "eoPower", CELL_I32, IN(detail_power, power) },
	{ 2, "eoPowerNameplate", CELL_U32, IN(detail_power, nameplate) },
	{ 3, "eoPowerUnitMultiplier", CELL_I32, IN(detail_power, multiplier) },
	{ 4, "eoPowerAccuracy", CELL_I32, IN(detail_power, accuracy) },
	{ 5, "eoPowerMeasurementCaliber", CELL_ENUM, IN(detail_power, caliber),
	  .min = DETAIL_CALIBER_UNAVAILABLE, .max = DETAIL_CALIBER_STATIC },
	{ 6, "eoPowerCurrentType", CELL_ENUM, IN(detail_power, current),
	  .min = DETAIL_CURRENT_AC, .max = DETAIL_CURRENT_UNKNOWN },
	{ 7, "eoPowerMeasurementLocal", CELL_BOOL, IN(detail_power, local) },
	{ 8, "eoPowerAdminState", CELL_I32, IN(detail_power, admin) },
	{ 9, "eoPowerOperState", CELL_I32, IN(detail_power, oper) },
	{ 10, "eoPowerStateEnterReason", CELL_TEXT,
	  SIZED(detail_power, reason) },
};

const struct codec_section detail_powers = {
	DETAIL_TABLE("eoPowerTable", power_columns, detail_power, powers,
		     DETAIL_POWERS_MAX),
	.under = &detail_energy_objects,
	.path = { 2 },
	.n_path = 1,
	.n_index = 1,
	.index = { { "entPhysicalIndex", IN(detail_power, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};

static const struct codec_column state_columns[] = {
	{ 2, "eoPowerStateMaxPower", CELL_I32,
	  IN(detail_power_state, max_power) },
	{ 3, "eoPowerStatePowerUnitMultiplier", CELL_I32,
	  IN(detail_power_state, multiplier) },
	{ 4, "eoPowerStateTotalTime", CELL_TICKS,
	  IN(detail_power_state, total_ticks) },
	{ 5, "eoPowerStateEnterCount", CELL_COUNTER32,
	  IN(detail_power_state, entered) },
};

const struct codec_section detail_power_states = {
	DETAIL_TABLE("eoPowerStateTable", state_columns, detail_power_state,
		     power_states, 3 * DETAIL_POWERS_MAX),
	.under = &detail_energy_objects,
	.path = { 3 },
	.n_path = 1,
	.n_index = 2,
	.index = { { "entPhysicalIndex", IN(detail_power_state, index),
		     .min = 1, .max = MIB_INDEX_MAX },
		   { "eoPowerStateIndex", IN(detail_power_state, state),
		     .min = DETAIL_POWER_STATE_OFF,
		     .max = DETAIL_POWER_STATE_ON } }
};
