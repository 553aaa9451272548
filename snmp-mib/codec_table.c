/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of everything that a report has in SNMP.  Arcs are for ever:
 * add at the end, never renumber.  IRONHERD-MIB.txt.in says the same in SMI,
 * and a unit test holds one against the other.
 */
#include "snmp-mib/codec_define.h"

enum { DISTANCES_MAX = REPORT_NUMA_MAX * REPORT_NUMA_MAX };

const struct codec_oid codec_objects = {
	.len = sizeof((uint32_t[]){ IRONHERD_ARC }) / sizeof(uint32_t) + 7,
	.ids = { 1, 3, 6, 1, 4, 1, IRONHERD_ARC, 1 }
};

static const struct codec_column host_columns[] = {
	{ 1, "ihHostName", CELL_TEXT, SIZED(report_host, name) },
	{ 2, "ihHostUuid", CELL_UUID, SIZED(report_host, uuid) },
	{ 3, "ihHostBootId", CELL_UUID, SIZED(report_host, boot_id) },
	{ 4, "ihHostAgentVersion", CELL_TEXT,
	  SIZED(report_host, agent_version) },
	{ 5, "ihHostAgentStart", CELL_U64, IN(report_host, agent_start_s) },
	{ 6, "ihHostSampleSeq", CELL_U32, IN(report_host, sample_seq) },
	{ 7, "ihHostSampleAge", CELL_AGE, IN(report_host, sample_age_ms) },
	{ 8, "ihHostLayoutRevision", CELL_U32,
	  IN(report_host, layout_revision) },
	{ 9, "ihHostVmRevision", CELL_U32, IN(report_host, vm_revision) },
	{ 10, "ihHostStopping", CELL_BOOL, IN(report_host, stopping) },
	{ 11, "ihHostUptime", CELL_U32, IN(report_host, uptime_s) },
	{ 12, "ihHostHealth", CELL_ENUM, IN(report_host, health),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
};

static const struct codec_column cpu_columns[] = {
	{ 1, "ihCpuVendor", CELL_TEXT, SIZED(report_cpu, vendor) },
	{ 2, "ihCpuModelName", CELL_TEXT, SIZED(report_cpu, model_name) },
	{ 3, "ihCpuFamily", CELL_U32, IN(report_cpu, family) },
	{ 4, "ihCpuModel", CELL_U32, IN(report_cpu, model) },
	{ 5, "ihCpuStepping", CELL_U32, IN(report_cpu, stepping) },
	{ 6, "ihCpuMicrocode", CELL_TEXT, SIZED(report_cpu, microcode) },
	{ 7, "ihCpuUniform", CELL_BOOL, IN(report_cpu, uniform) },
	{ 8, "ihCpuOnline", CELL_U32, IN(report_cpu, online) },
};

static const struct codec_column load_columns[] = {
	{ 1, "ihLoadCpuUse", CELL_U32, IN(report_load, cpu_use_pm),
	  .max = 1000 },
	{ 2, "ihLoadPsiPresent", CELL_BOOL, IN(report_load, psi_present) },
	{ 3, "ihLoadPsiCpuSome", CELL_U32, IN(report_load, psi_cpu_some_pm),
	  .max = 1000 },
	{ 4, "ihLoadPsiMemFull", CELL_U32, IN(report_load, psi_mem_full_pm),
	  .max = 1000 },
	{ 5, "ihLoadPsiIoFull", CELL_U32, IN(report_load, psi_io_full_pm),
	  .max = 1000 },
};

static const struct codec_column mem_columns[] = {
	{ 1, "ihMemTotal", CELL_U64, IN(report_load, mem_total_kib) },
	{ 2, "ihMemFree", CELL_U64, IN(report_load, mem_free_kib) },
	{ 3, "ihMemAvailable", CELL_U64, IN(report_load, mem_available_kib) },
	{ 4, "ihMemSwapUsed", CELL_U64, IN(report_load, swap_used_kib) },
};

static const struct codec_column capacity_columns[] = {
	{ 1, "ihCapacityCpus", CELL_U32, IN(report_capacity, cpus) },
	{ 2, "ihCapacityMemory", CELL_U64, IN(report_capacity, memory_kib) },
};

static const struct codec_column bmc_columns[] = {
	{ 1, "ihBmcPresent", CELL_BOOL, IN(report_bmc, present) },
	{ 2, "ihBmcReachable", CELL_BOOL, IN(report_bmc, reachable) },
	{ 3, "ihBmcDevice", CELL_TEXT, SIZED(report_bmc, device) },
	{ 4, "ihBmcFirmware", CELL_TEXT, SIZED(report_bmc, firmware) },
	{ 5, "ihBmcGuid", CELL_UUID, SIZED(report_bmc, guid) },
	{ 6, "ihBmcPower", CELL_ENUM, IN(report_bmc, power),
	  .min = REPORT_POWER_UNKNOWN, .max = REPORT_POWER_OFF },
};

static const struct codec_column rows_columns[] = {
	{ 1, "ihRowsNuma", CELL_ROWS, IN(node_report, n_numa),
	  .max = REPORT_NUMA_MAX },
	{ 2, "ihRowsNumaDist", CELL_ROWS, IN(node_report, n_distances),
	  .max = DISTANCES_MAX },
	{ 3, "ihRowsFeature", CELL_ROWS, IN(node_report, n_features),
	  .max = REPORT_FEATURES_MAX },
	{ 4, "ihRowsVm", CELL_ROWS, IN(node_report, n_vms),
	  .max = REPORT_VMS_MAX },
	{ 5, "ihRowsDatastore", CELL_ROWS, IN(node_report, n_datastores),
	  .max = REPORT_DATASTORES_MAX },
	{ 6, "ihRowsHeartbeat", CELL_ROWS, IN(node_report, n_heartbeats),
	  .max = REPORT_HEARTBEATS_MAX },
	{ 7, "ihRowsSource", CELL_ROWS, IN(node_report, n_sources),
	  .max = REPORT_SOURCES_MAX },
};

static const struct codec_column numa_columns[] = {
	{ 2, "ihNumaCpus", CELL_TEXT, SIZED(report_numa, cpus) },
	{ 3, "ihNumaCpuCount", CELL_U32, IN(report_numa, cpu_count) },
	{ 4, "ihNumaMemTotal", CELL_U64, IN(report_numa, mem_total_kib) },
	{ 5, "ihNumaMemFree", CELL_U64, IN(report_numa, mem_free_kib) },
};

static const struct codec_column distance_columns[] = {
	{ 3, "ihNumaDistValue", CELL_U32, IN(report_distance, value),
	  .max = 255 },
};

static const struct codec_column feature_columns[] = {
	{ 2, "ihFeatureName", CELL_TEXT, SIZED(report_feature, name),
	  .required = true },
	{ 3, "ihFeatureHardware", CELL_BOOL, IN(report_feature, hardware) },
	{ 4, "ihFeatureUsable", CELL_BOOL, IN(report_feature, usable) },
};

static const struct codec_column vm_columns[] = {
	{ 2, "ihVmUuid", CELL_UUID, SIZED(report_vm, uuid), .required = true },
	{ 3, "ihVmName", CELL_TEXT, SIZED(report_vm, name), .required = true },
	{ 4, "ihVmState", CELL_ENUM, IN(report_vm, state),
	  .min = VM_STATE_UNKNOWN, .max = VM_STATE_PM_SUSPENDED },
	{ 5, "ihVmReason", CELL_ENUM, IN(report_vm, reason),
	  .min = VM_REASON_UNKNOWN, .max = VM_REASON_OTHER },
	{ 6, "ihVmVcpus", CELL_U32, IN(report_vm, vcpus) },
	{ 7, "ihVmMemory", CELL_U64, IN(report_vm, memory_kib) },
	{ 8, "ihVmMemoryNow", CELL_U64, IN(report_vm, memory_now_kib) },
	{ 9, "ihVmCpuTime", CELL_COUNTER, IN(report_vm, cpu_time_ms) },
	{ 10, "ihVmCpuUse", CELL_U32, IN(report_vm, cpu_use_pm) },
	{ 11, "ihVmDefinitionHash", CELL_HASH,
	  SIZED(report_vm, definition_hash) },
	{ 12, "ihVmPersistent", CELL_BOOL, IN(report_vm, persistent) },
	{ 13, "ihVmAutostart", CELL_BOOL, IN(report_vm, autostart) },
	{ 14, "ihVmSharedStorage", CELL_BOOL, IN(report_vm, shared_storage) },
	{ 15, "ihVmCpuReady", CELL_U32, IN(report_vm, cpu_ready_pm) },
	{ 16, "ihVmRss", CELL_U64, IN(report_vm, rss_kib) },
	{ 17, "ihVmSwapped", CELL_U64, IN(report_vm, swapped_kib) },
	{ 18, "ihVmNumaNodes", CELL_TEXT, SIZED(report_vm, numa_nodes) },
	{ 19, "ihVmNumaLocality", CELL_U32, IN(report_vm, numa_local_pm) },
	{ 20, "ihVmGuestAgent", CELL_ENUM, IN(report_vm, guest_agent),
	  .min = GUEST_AGENT_UNKNOWN, .max = GUEST_AGENT_CONNECTED },
	{ 21, "ihVmDirtyRate", CELL_U32, IN(report_vm, dirty_mib_s) },
	{ 22, "ihVmCpuModel", CELL_TEXT, SIZED(report_vm, cpu_model) },
	{ 23, "ihVmMigrationBlocked", CELL_BOOL,
	  IN(report_vm, migration_blocked) },
	{ 24, "ihVmMigrationBlocker", CELL_TEXT,
	  SIZED(report_vm, migration_blocker) },
	{ 25, "ihVmLiveness", CELL_ENUM, IN(report_vm, liveness),
	  .min = LIVENESS_UNKNOWN, .max = LIVENESS_DEAD },
	{ 26, "ihVmStatsAge", CELL_AGE, IN(report_vm, stats_age_ms) },
	{ 27, "ihVmMemoryUsable", CELL_U64, IN(report_vm, memory_usable_kib) },
	{ 28, "ihVmEvents", CELL_COUNTER, IN(report_vm, events) },
	{ 29, "ihVmLastEvent", CELL_ENUM, IN(report_vm, last_event),
	  .min = VM_EVENT_NONE, .max = VM_EVENT_JOB_DONE },
	{ 30, "ihVmLastEventAge", CELL_AGE, IN(report_vm, last_event_age_ms) },
};

static const struct codec_column datastore_columns[] = {
	{ 2, "ihDatastoreName", CELL_TEXT, SIZED(report_datastore, name),
	  .required = true },
	{ 3, "ihDatastorePath", CELL_TEXT, SIZED(report_datastore, path) },
	{ 4, "ihDatastoreState", CELL_ENUM, IN(report_datastore, state),
	  .min = DATASTORE_UNKNOWN, .max = DATASTORE_LOST },
	{ 5, "ihDatastoreSlot", CELL_U32, IN(report_datastore, slot),
	  .max = MIB_NUMBER_MAX },
	{ 6, "ihDatastoreProbe", CELL_U32, IN(report_datastore, probe_us) },
	{ 7, "ihDatastoreAge", CELL_AGE, IN(report_datastore, age_ms) },
	{ 8, "ihDatastoreWrites", CELL_COUNTER, IN(report_datastore, writes) },
	{ 9, "ihDatastoreErrors", CELL_COUNTER, IN(report_datastore, errors) },
	{ 10, "ihDatastoreType", CELL_ENUM, IN(report_datastore, type),
	  .min = DATASTORE_TYPE_UNKNOWN, .max = DATASTORE_BLOCK },
	{ 11, "ihDatastoreCapacity", CELL_U64,
	  IN(report_datastore, capacity_kib) },
	{ 12, "ihDatastoreFree", CELL_U64, IN(report_datastore, free_kib) },
	{ 13, "ihDatastorePaths", CELL_U32, IN(report_datastore, paths) },
	{ 14, "ihDatastorePathsUp", CELL_U32, IN(report_datastore, paths_up) },
};

static const struct codec_column heartbeat_columns[] = {
	{ 3, "ihHeartbeatHostUuid", CELL_UUID,
	  SIZED(report_heartbeat, host_uuid) },
	{ 4, "ihHeartbeatBootId", CELL_UUID, SIZED(report_heartbeat, boot_id) },
	{ 5, "ihHeartbeatSequence", CELL_U64, IN(report_heartbeat, sequence) },
	{ 6, "ihHeartbeatAge", CELL_AGE, IN(report_heartbeat, age_ms) },
};

static const struct codec_column source_columns[] = {
	{ 2, "ihSourceName", CELL_TEXT, SIZED(report_source, name),
	  .required = true },
	{ 3, "ihSourceStatus", CELL_ENUM, IN(report_source, status),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 4, "ihSourceAge", CELL_AGE, IN(report_source, age_ms) },
	{ 5, "ihSourceReadTime", CELL_U32, IN(report_source, read_us) },
	{ 6, "ihSourceFailures", CELL_COUNTER, IN(report_source, failures) },
	{ 7, "ihSourceLastError", CELL_TEXT, SIZED(report_source, last_error) },
};

#define SCALARS(group, field, array)                               \
	SCALARS_OF(PART_REPORT, group, node_report, field, array), \
		.table = CODEC_SCALARS
#define TABLE(what, id, array, type, field, max)                           \
	TABLE_OF(PART_REPORT, what, node_report, array, type, field, max), \
		.table = (id)

const struct codec_section codec_sections[CODEC_SECTIONS] = {
	{ SCALARS("ihHost", host, host_columns), AT(1) },
	{ SCALARS("ihCpu", cpu, cpu_columns), AT(2) },
	{ SCALARS("ihLoad", load, load_columns), AT(3) },
	{ SCALARS("ihMem", load, mem_columns), AT(4) },
	{ SCALARS("ihCapacity", capacity, capacity_columns), AT(5) },
	{ SCALARS("ihBmc", bmc, bmc_columns), AT(6) },
	{ .name = "ihRows",
	  .part = PART_REPORT,
	  .table = CODEC_SCALARS,
	  .columns = rows_columns,
	  .n_columns = CODEC_LEN(rows_columns),
	  .base = 0,
	  .rows_max = 1,
	  AT(7) },
	{ TABLE("ihNumaTable", CODEC_NUMA, numa_columns, report_numa, numa,
		REPORT_NUMA_MAX),
	  AT(10), .n_index = 1,
	  .index = { { "ihNumaNode", IN(report_numa, node),
		       .max = MIB_NUMBER_MAX } } },
	{ TABLE("ihNumaDistTable", CODEC_DISTANCES, distance_columns,
		report_distance, distances, DISTANCES_MAX),
	  AT(11), .n_index = 2,
	  .index = { { "ihNumaDistFrom", IN(report_distance, from),
		       .max = MIB_NUMBER_MAX },
		     { "ihNumaDistTo", IN(report_distance, to),
		       .max = MIB_NUMBER_MAX } } },
	{ TABLE("ihFeatureTable", CODEC_FEATURES, feature_columns,
		report_feature, features, REPORT_FEATURES_MAX),
	  AT(12), .n_index = 1, .ordinal = true,
	  .index = { { "ihFeatureIndex", 0, .min = 1,
		       .max = REPORT_FEATURES_MAX } } },
	{ TABLE("ihVmTable", CODEC_VMS, vm_columns, report_vm, vms,
		REPORT_VMS_MAX),
	  AT(20), .n_index = 1,
	  .index = { { "vmIndex", IN(report_vm, index), .min = 1,
		       .max = MIB_INDEX_MAX } } },
	{ TABLE("ihDatastoreTable", CODEC_DATASTORES, datastore_columns,
		report_datastore, datastores, REPORT_DATASTORES_MAX),
	  AT(30), .n_index = 1,
	  .index = { { "ihDatastoreIndex", IN(report_datastore, index),
		       .min = 1, .max = MIB_INDEX_MAX } } },
	{ TABLE("ihHeartbeatTable", CODEC_HEARTBEATS, heartbeat_columns,
		report_heartbeat, heartbeats, REPORT_HEARTBEATS_MAX),
	  AT(31), .n_index = 2,
	  .index = { { "ihHeartbeatDatastore", IN(report_heartbeat, datastore),
		       .min = 1, .max = MIB_INDEX_MAX },
		     { "ihHeartbeatSlot", IN(report_heartbeat, slot),
		       .max = MIB_NUMBER_MAX } } },
	{ TABLE("ihSourceTable", CODEC_SOURCES, source_columns, report_source,
		sources, REPORT_SOURCES_MAX),
	  AT(40), .n_index = 1,
	  .index = { { "ihSourceIndex", IN(report_source, index), .min = 1,
		       .max = MIB_INDEX_MAX } } },
};
