/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail_vm.h - rows of VM-MIB (RFC 7666), in its shape: sizes in
 * units of 1 MiB, times of processors in us, -1 for what is not known or has
 * no limit.  And of our own table of memory by NUMA node.
 */
#ifndef SNMP_MIB_DETAIL_VM_H
#define SNMP_MIB_DETAIL_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "snmp-mib/node_report.h"

enum {
	DETAIL_VM_UNIT = 1048576,
	DETAIL_VM_CPUS_MAX = 262144,
	DETAIL_VM_PINS_MAX = 1048576,
	DETAIL_VM_DISKS_MAX = 65536,
	DETAIL_VM_NICS_MAX = 65536,
	DETAIL_VM_NODES_MAX = 65536,
	/* hrDeviceIndex of the first processor, as net-snmp has it. */
	DETAIL_FIRST_CPU = 196608
};

enum detail_vm_admin {
	VM_ADMIN_RUNNING = 1,
	VM_ADMIN_SUSPENDED,
	VM_ADMIN_PAUSED,
	VM_ADMIN_SHUTDOWN
};

enum detail_vm_oper {
	VM_OPER_UNKNOWN = 1,
	VM_OPER_OTHER,
	VM_OPER_PREPARING,
	VM_OPER_RUNNING,
	VM_OPER_SUSPENDING,
	VM_OPER_SUSPENDED,
	VM_OPER_RESUMING,
	VM_OPER_PAUSED,
	VM_OPER_MIGRATING,
	VM_OPER_SHUTTING_DOWN,
	VM_OPER_SHUTDOWN,
	VM_OPER_CRASHED
};

enum detail_vm_autostart {
	VM_AUTOSTART_UNKNOWN = 1,
	VM_AUTOSTART_ENABLED,
	VM_AUTOSTART_DISABLED
};

enum detail_vm_persistent {
	VM_PERSISTENT_UNKNOWN = 1,
	VM_PERSISTENT_PERSISTENT,
	VM_PERSISTENT_TRANSIENT
};

enum detail_vm_affinity { VM_AFFINITY_ENABLE = 1, VM_AFFINITY_DISABLE };

enum detail_vm_source {
	VM_SOURCE_UNKNOWN = 1,
	VM_SOURCE_OTHER,
	VM_SOURCE_BLOCK,
	VM_SOURCE_RAW,
	VM_SOURCE_SPARSE,
	VM_SOURCE_NETWORK
};

enum detail_vm_access {
	VM_ACCESS_UNKNOWN = 1,
	VM_ACCESS_READ_WRITE,
	VM_ACCESS_READ_ONLY
};

enum detail_vm_media {
	VM_MEDIA_OTHER = 1,
	VM_MEDIA_UNKNOWN,
	VM_MEDIA_HARD_DISK,
	VM_MEDIA_OPTICAL_DISK,
	VM_MEDIA_FLOPPY_DISK
};

struct detail_hypervisor {
	char software[REPORT_NAME_LEN];
	char version[REPORT_NAME_LEN];
	uint32_t up_ticks;
	int32_t vms;
	uint32_t change_ticks; /* up_ticks, when a VM came or went last */
};

struct detail_vm {
	uint32_t index;
	char name[REPORT_NAME_LEN];
	char uuid[REPORT_UUID_LEN];
	char os[REPORT_NAME_LEN];
	enum detail_vm_admin admin;
	enum detail_vm_oper oper;
	enum detail_vm_autostart autostart;
	enum detail_vm_persistent persistent;
	int32_t cpus, cpus_min, cpus_max;
	int32_t memory_unit, memory, memory_min, memory_max;
	uint32_t up_ticks;
	uint64_t cpu_us;
};

struct detail_vm_cpu {
	uint32_t vm, number; /* from 1 */
	uint64_t time_us;
};

struct detail_vm_pin {
	uint32_t vm, cpu, device;
	enum detail_vm_affinity affinity;
};

struct detail_vm_disk {
	uint32_t vm, number;
	int32_t parent; /* 0: none in hrStorageTable */
	enum detail_vm_source source;
	char format[REPORT_NAME_LEN];
	char resource[REPORT_TEXT_LEN];
	enum detail_vm_access access;
	enum detail_vm_media media;
	char bus[REPORT_NAME_LEN];
	int32_t size_unit, size, allocated;
	uint64_t reads, writes, read_bytes, write_bytes, read_us, write_us;
};

struct detail_vm_nic {
	uint32_t vm, number;
	int32_t if_index, parent; /* 0: none in ifTable */
	char model[REPORT_NAME_LEN];
	uint8_t mac[1 + 6]; /* the length first */
};

/* Of a measurement of how fast its memory changes; the rate itself is in the
 * report. */
enum detail_dirty_state {
	DIRTY_WAITING = 1,
	DIRTY_MEASURING,
	DIRTY_MEASURED,
	DIRTY_FAILED
};

struct detail_vm_dirty {
	uint32_t vm;
	enum detail_dirty_state state;
	uint32_t age_ms; /* of the rate */
	uint32_t period_s;
	char text[REPORT_WHY_LEN];
};

struct detail_vm_node {
	uint32_t vm, node;
	uint64_t kib;
};

#endif
