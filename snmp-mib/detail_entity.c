/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine as a tree of things: ENTITY-MIB (RFC 6933) without its logical
 * part, and ENTITY-STATE-MIB (RFC 4268).
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

/* --- ENTITY-MIB ----------------------------------------------------------- */

const struct codec_oid detail_entity_objects = {
	.len = 8, .ids = { 1, 3, 6, 1, 2, 1, 47, 1 }
};

static const struct codec_column physical_columns[] = {
	{ 2, "entPhysicalDescr", CELL_TEXT, SIZED(detail_entity, descr) },
	{ 3, "entPhysicalVendorType", CELL_ZERO_OID, .offset = 0 },
	{ 4, "entPhysicalContainedIn", CELL_I32,
	  IN(detail_entity, contained_in) },
	{ 5, "entPhysicalClass", CELL_ENUM, IN(detail_entity, class),
	  .min = DETAIL_CLASS_OTHER, .max = DETAIL_CLASS_STORAGE_DRIVE },
	{ 6, "entPhysicalParentRelPos", CELL_I32, IN(detail_entity, position) },
	{ 7, "entPhysicalName", CELL_TEXT, SIZED(detail_entity, name) },
	{ 8, "entPhysicalHardwareRev", CELL_TEXT,
	  SIZED(detail_entity, hardware_rev) },
	{ 9, "entPhysicalFirmwareRev", CELL_TEXT,
	  SIZED(detail_entity, firmware_rev) },
	{ 10, "entPhysicalSoftwareRev", CELL_TEXT,
	  SIZED(detail_entity, software_rev) },
	{ 11, "entPhysicalSerialNum", CELL_TEXT, SIZED(detail_entity, serial) },
	{ 12, "entPhysicalMfgName", CELL_TEXT, SIZED(detail_entity, vendor) },
	{ 13, "entPhysicalModelName", CELL_TEXT, SIZED(detail_entity, model) },
	{ 14, "entPhysicalAlias", CELL_TEXT, SIZED(detail_entity, alias) },
	{ 15, "entPhysicalAssetID", CELL_TEXT, SIZED(detail_entity, asset) },
	{ 16, "entPhysicalIsFRU", CELL_BOOL, IN(detail_entity, is_fru) },
	{ 17, "entPhysicalMfgDate", CELL_DATE, IN(detail_entity, made_s) },
	{ 18, "entPhysicalUris", CELL_TEXT, SIZED(detail_entity, uris) },
	{ 19, "entPhysicalUUID", CELL_UUID, SIZED(detail_entity, uuid) },
};

const struct codec_section detail_physicals = {
	DETAIL_TABLE("entPhysicalTable", physical_columns, detail_entity,
		     entities, DETAIL_ENTITIES_MAX),
	.under = &detail_entity_objects,
	.path = { 1, 1 },
	.n_path = 2,
	.n_index = 1,
	.index = { { "entPhysicalIndex", IN(detail_entity, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};

static const struct codec_column contains_columns[] = {
	{ 1, "entPhysicalChildIndex", CELL_I32, IN(detail_contains, child) },
};

const struct codec_section detail_physical_contains = {
	DETAIL_TABLE("entPhysicalContainsTable", contains_columns,
		     detail_contains, contains, DETAIL_ENTITIES_MAX),
	.under = &detail_entity_objects,
	.path = { 3, 3 },
	.n_path = 2,
	.n_index = 2,
	.index = { { "entPhysicalIndex", IN(detail_contains, parent), .min = 1,
		     .max = MIB_INDEX_MAX },
		   { "entPhysicalChildIndex", IN(detail_contains, child),
		     .min = 1, .max = MIB_INDEX_MAX } }
};

static const struct codec_column general_columns[] = {
	{ 1, "entLastChangeTime", CELL_TICKS,
	  IN(node_detail, entities_changed_ticks) },
};

const struct codec_section detail_entity_general = {
	.name = "entityGeneral",
	.part = PART_DETAIL,
	.columns = general_columns,
	.n_columns = CODEC_LEN(general_columns),
	.rows_max = 1,
	.under = &detail_entity_objects,
	.path = { 4 },
	.n_path = 1
};

/* --- ENTITY-STATE-MIB ----------------------------------------------------- */

const struct codec_oid detail_state_objects = {
	.len = 8, .ids = { 1, 3, 6, 1, 2, 1, 131, 1 }
};

static const struct codec_column state_columns[] = {
	{ 1, "entStateLastChanged", CELL_DATE, IN(detail_state, changed_s) },
	{ 2, "entStateAdmin", CELL_ENUM, IN(detail_state, admin),
	  .min = DETAIL_ADMIN_UNKNOWN, .max = DETAIL_ADMIN_UNLOCKED },
	{ 3, "entStateOper", CELL_ENUM, IN(detail_state, oper),
	  .min = DETAIL_OPER_UNKNOWN, .max = DETAIL_OPER_TESTING },
	{ 4, "entStateUsage", CELL_ENUM, IN(detail_state, usage),
	  .min = DETAIL_USAGE_UNKNOWN, .max = DETAIL_USAGE_BUSY },
	{ 5, "entStateAlarm", CELL_OCTETS, SIZED(detail_state, alarm) },
	{ 6, "entStateStandby", CELL_ENUM, IN(detail_state, standby),
	  .min = DETAIL_STANDBY_UNKNOWN, .max = DETAIL_STANDBY_PROVIDING },
};

const struct codec_section detail_entity_states = {
	DETAIL_TABLE("entStateTable", state_columns, detail_state, states,
		     DETAIL_ENTITIES_MAX),
	.under = &detail_state_objects,
	.path = { 1 },
	.n_path = 1,
	.n_index = 1,
	.index = { { "entPhysicalIndex", IN(detail_state, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};
