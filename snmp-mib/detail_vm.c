/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VM-MIB (RFC 7666); and of our own memory of VMs by NUMA node, and how fast it
 * changes.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

const struct codec_oid detail_vm_objects = {
	.len = 8, .ids = { 1, 3, 6, 1, 2, 1, 236, 1 }
};

#define BELOW(arc)       .under = &detail_vm_objects, .path = { (arc) }, .n_path = 1
#define RANGE(low, high) .min = (low), .max = (high)
#define VM_INDEX(type)                                           \
	{                                                        \
		"vmIndex", IN(type, vm), RANGE(1, MIB_INDEX_MAX) \
	}

/* --- scalars -------------------------------------------------------------- */

static const struct codec_column hypervisor_columns[] = {
	{ 1, "vmHvSoftware", CELL_TEXT, SIZED(detail_hypervisor, software) },
	{ 2, "vmHvVersion", CELL_TEXT, SIZED(detail_hypervisor, version) },
	{ 3, "vmHvObjectID", CELL_ZERO_OID, .offset = 0 },
	{ 4, "vmHvUpTime", CELL_TICKS, IN(detail_hypervisor, up_ticks) },
};

static const struct codec_column number_columns[] = {
	{ 2, "vmNumber", CELL_I32, IN(detail_hypervisor, vms) },
	{ 3, "vmTableLastChange", CELL_TICKS,
	  IN(detail_hypervisor, change_ticks) },
};

static const struct codec_column notice_columns[] = {
	{ 9, "vmPerVMNotificationsEnabled", CELL_BOOL,
	  IN(detail_control, vm_notices), .writable = true },
	{ 10, "vmBulkNotificationsEnabled", CELL_BOOL,
	  IN(detail_control, vm_bulk_notices), .writable = true },
};

const struct codec_section detail_hypervisor = {
	DETAIL_SCALARS("vmHypervisor", hypervisor, hypervisor_columns), BELOW(1)
};

const struct codec_section detail_vm_numbers = {
	DETAIL_SCALARS("vmObjects", hypervisor, number_columns),
	.under = &detail_vm_objects
};

/* What may be set, with all else that may. */
const struct codec_section detail_vm_notices = {
	SCALARS_OF(PART_CONTROL, "vmObjects", detail_control, maintenance,
		   notice_columns),
	.under = &detail_vm_objects
};

/* --- vmTable -------------------------------------------------------------- */

static const struct codec_column vm_columns[] = {
	{ 2, "vmName", CELL_TEXT, SIZED(detail_vm, name) },
	{ 3, "vmUUID", CELL_UUID, SIZED(detail_vm, uuid) },
	{ 4, "vmOSType", CELL_TEXT, SIZED(detail_vm, os) },
	{ 5, "vmAdminState", CELL_ENUM, IN(detail_vm, admin),
	  RANGE(VM_ADMIN_RUNNING, VM_ADMIN_SHUTDOWN) },
	{ 6, "vmOperState", CELL_ENUM, IN(detail_vm, oper),
	  RANGE(VM_OPER_UNKNOWN, VM_OPER_CRASHED) },
	{ 7, "vmAutoStart", CELL_ENUM, IN(detail_vm, autostart),
	  RANGE(VM_AUTOSTART_UNKNOWN, VM_AUTOSTART_DISABLED) },
	{ 8, "vmPersistent", CELL_ENUM, IN(detail_vm, persistent),
	  RANGE(VM_PERSISTENT_UNKNOWN, VM_PERSISTENT_TRANSIENT) },
	{ 9, "vmCurCpuNumber", CELL_I32, IN(detail_vm, cpus) },
	{ 10, "vmMinCpuNumber", CELL_I32, IN(detail_vm, cpus_min) },
	{ 11, "vmMaxCpuNumber", CELL_I32, IN(detail_vm, cpus_max) },
	{ 12, "vmMemUnit", CELL_I32, IN(detail_vm, memory_unit) },
	{ 13, "vmCurMem", CELL_I32, IN(detail_vm, memory) },
	{ 14, "vmMinMem", CELL_I32, IN(detail_vm, memory_min) },
	{ 15, "vmMaxMem", CELL_I32, IN(detail_vm, memory_max) },
	{ 16, "vmUpTime", CELL_TICKS, IN(detail_vm, up_ticks) },
	{ 17, "vmCpuTime", CELL_COUNTER, IN(detail_vm, cpu_us) },
};

const struct codec_section detail_vms = {
	DETAIL_TABLE("vmTable", vm_columns, detail_vm, vms, REPORT_VMS_MAX),
	BELOW(4), .n_index = 1,
	.index = { { "vmIndex", IN(detail_vm, index),
		     RANGE(1, MIB_INDEX_MAX) } }
};

/* --- processors ----------------------------------------------------------- */

static const struct codec_column cpu_columns[] = {
	{ 2, "vmCpuCoreTime", CELL_COUNTER, IN(detail_vm_cpu, time_us) },
};

const struct codec_section detail_vm_cpus = {
	DETAIL_TABLE("vmCpuTable", cpu_columns, detail_vm_cpu, vm_cpus,
		     DETAIL_VM_CPUS_MAX),
	BELOW(5), .n_index = 2,
	.index = { VM_INDEX(detail_vm_cpu),
		   { "vmCpuIndex", IN(detail_vm_cpu, number),
		     RANGE(1, MIB_INDEX_MAX) } }
};

static const struct codec_column pin_columns[] = {
	{ 3, "vmCpuAffinity", CELL_ENUM, IN(detail_vm_pin, affinity),
	  RANGE(VM_AFFINITY_ENABLE, VM_AFFINITY_DISABLE) },
};

const struct codec_section detail_vm_pins = {
	DETAIL_TABLE("vmCpuAffinityTable", pin_columns, detail_vm_pin, vm_pins,
		     DETAIL_VM_PINS_MAX),
	BELOW(6), .n_index = 3,
	.index = { VM_INDEX(detail_vm_pin),
		   { "vmCpuIndex", IN(detail_vm_pin, cpu),
		     RANGE(1, MIB_INDEX_MAX) },
		   { "vmCpuPhysIndex", IN(detail_vm_pin, device),
		     RANGE(1, MIB_INDEX_MAX) } }
};

/* --- storage -------------------------------------------------------------- */

static const struct codec_column disk_columns[] = {
	{ 3, "vmStorageParent", CELL_I32, IN(detail_vm_disk, parent) },
	{ 4, "vmStorageSourceType", CELL_ENUM, IN(detail_vm_disk, source),
	  RANGE(VM_SOURCE_UNKNOWN, VM_SOURCE_NETWORK) },
	{ 5, "vmStorageSourceTypeString", CELL_TEXT,
	  SIZED(detail_vm_disk, format) },
	{ 6, "vmStorageResourceID", CELL_TEXT,
	  SIZED(detail_vm_disk, resource) },
	{ 7, "vmStorageAccess", CELL_ENUM, IN(detail_vm_disk, access),
	  RANGE(VM_ACCESS_UNKNOWN, VM_ACCESS_READ_ONLY) },
	{ 8, "vmStorageMediaType", CELL_ENUM, IN(detail_vm_disk, media),
	  RANGE(VM_MEDIA_OTHER, VM_MEDIA_FLOPPY_DISK) },
	{ 9, "vmStorageMediaTypeString", CELL_TEXT,
	  SIZED(detail_vm_disk, bus) },
	{ 10, "vmStorageSizeUnit", CELL_I32, IN(detail_vm_disk, size_unit) },
	{ 11, "vmStorageDefinedSize", CELL_I32, IN(detail_vm_disk, size) },
	{ 12, "vmStorageAllocatedSize", CELL_I32,
	  IN(detail_vm_disk, allocated) },
	{ 13, "vmStorageReadIOs", CELL_COUNTER, IN(detail_vm_disk, reads) },
	{ 14, "vmStorageWriteIOs", CELL_COUNTER, IN(detail_vm_disk, writes) },
	{ 15, "vmStorageReadOctets", CELL_COUNTER,
	  IN(detail_vm_disk, read_bytes) },
	{ 16, "vmStorageWriteOctets", CELL_COUNTER,
	  IN(detail_vm_disk, write_bytes) },
	{ 17, "vmStorageReadLatency", CELL_COUNTER,
	  IN(detail_vm_disk, read_us) },
	{ 18, "vmStorageWriteLatency", CELL_COUNTER,
	  IN(detail_vm_disk, write_us) },
};

const struct codec_section detail_vm_disks = {
	DETAIL_TABLE("vmStorageTable", disk_columns, detail_vm_disk, vm_disks,
		     DETAIL_VM_DISKS_MAX),
	BELOW(7), .n_index = 2,
	.index = { { "vmStorageVmIndex", IN(detail_vm_disk, vm),
		     RANGE(0, MIB_INDEX_MAX) },
		   { "vmStorageIndex", IN(detail_vm_disk, number),
		     RANGE(1, MIB_INDEX_MAX) } }
};

/* --- networks ------------------------------------------------------------- */

static const struct codec_column nic_columns[] = {
	{ 2, "vmNetworkIfIndex", CELL_I32, IN(detail_vm_nic, if_index) },
	{ 3, "vmNetworkParent", CELL_I32, IN(detail_vm_nic, parent) },
	{ 4, "vmNetworkModel", CELL_TEXT, SIZED(detail_vm_nic, model) },
	{ 5, "vmNetworkPhysAddress", CELL_OCTETS, SIZED(detail_vm_nic, mac) },
};

const struct codec_section detail_vm_nics = {
	DETAIL_TABLE("vmNetworkTable", nic_columns, detail_vm_nic, vm_nics,
		     DETAIL_VM_NICS_MAX),
	BELOW(8), .n_index = 2,
	.index = { VM_INDEX(detail_vm_nic),
		   { "vmNetworkIndex", IN(detail_vm_nic, number),
		     RANGE(1, MIB_INDEX_MAX) } }
};

/* --- our own: NUMA -------------------------------------------------------- */

static const struct codec_column node_columns[] = {
	{ 2, "ihVmNumaMemory", CELL_U64, IN(detail_vm_node, kib) },
};

const struct codec_section detail_vm_nodes = {
	DETAIL_TABLE("ihVmNumaTable", node_columns, detail_vm_node, vm_nodes,
		     DETAIL_VM_NODES_MAX),
	AT(21), .n_index = 2,
	.index = { VM_INDEX(detail_vm_node),
		   { "ihVmNumaNode", IN(detail_vm_node, node),
		     RANGE(0, MIB_NUMBER_MAX) } }
};

/* --- our own: memory that changes ----------------------------------------- */

static const struct codec_column dirty_columns[] = {
	{ 1, "ihVmDirtyState", CELL_ENUM, IN(detail_vm_dirty, state),
	  RANGE(DIRTY_WAITING, DIRTY_FAILED) },
	{ 2, "ihVmDirtyAge", CELL_AGE, IN(detail_vm_dirty, age_ms) },
	{ 3, "ihVmDirtyPeriod", CELL_U32, IN(detail_vm_dirty, period_s) },
	{ 4, "ihVmDirtyText", CELL_TEXT, SIZED(detail_vm_dirty, text) },
};

const struct codec_section detail_vm_dirties = {
	DETAIL_TABLE("ihVmDirtyTable", dirty_columns, detail_vm_dirty,
		     vm_dirties, REPORT_VMS_MAX),
	AT(22), .n_index = 1, .index = { VM_INDEX(detail_vm_dirty) }
};
