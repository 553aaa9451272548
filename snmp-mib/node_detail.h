/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/node_detail.h - what a node says to monitoring beyond its report.
 *
 * The coordinator does not read it: a value that a decision hangs on belongs
 * into node_report.h.  Rows are sorted by their index.  Rows of standard MIBs
 * have the shape that their MIB has, so that the codec has nothing to compute.
 * As a report, it never changes once published.
 */
#ifndef SNMP_MIB_NODE_DETAIL_H
#define SNMP_MIB_NODE_DETAIL_H

#include "snmp-mib/detail_alarm.h"
#include "snmp-mib/detail_disk.h"
#include "snmp-mib/detail_hw.h"
#include "snmp-mib/detail_lease.h"
#include "snmp-mib/detail_net.h"
#include "snmp-mib/detail_storage.h"
#include "snmp-mib/detail_vm.h"
#include "snmp-mib/node_report.h"

enum { DETAIL_PRESSURES_MAX = 8 };

enum detail_pressure_resource {
	PRESSURE_CPU = 1,
	PRESSURE_MEMORY,
	PRESSURE_IO,
	PRESSURE_IRQ
};

enum detail_pressure_kind { PRESSURE_SOME = 1, PRESSURE_FULL };

/* One line of a file of /proc/pressure; lines that the kernel does not give
 * have no row. */
struct detail_pressure {
	uint32_t resource, kind;
	uint32_t avg10_pm, avg60_pm, avg300_pm;
	uint64_t total_us;
};

struct node_detail {
	struct detail_pressure *pressures;
	size_t n_pressures;

	/* detail_hw.h */
	struct detail_health health;
	struct detail_memory memory;
	struct detail_bmc bmc;
	struct detail_huge_pages *huge_pages;
	size_t n_huge_pages;
	struct detail_numa_use *numa_uses;
	size_t n_numa_uses;
	struct detail_package *packages;
	size_t n_packages;
	struct detail_cpu_model *cpu_models;
	size_t n_cpu_models;
	struct detail_sensor *sensors;
	size_t n_sensors;
	struct detail_entity *entities;
	size_t n_entities;
	struct detail_contains *contains;
	size_t n_contains;
	struct detail_state *states;
	size_t n_states;
	struct detail_power *powers;
	size_t n_powers;
	struct detail_power_state *power_states;
	size_t n_power_states;
	uint32_t entities_changed_ticks; /* entLastChangeTime */
	int32_t memory_size_kib;
	struct detail_storage *storages;
	size_t n_storages;
	struct detail_disk *disks;
	size_t n_disks;
	struct detail_uplink *uplinks;
	size_t n_uplinks;
	struct detail_alarm *alarms; /* those that are raised */
	size_t n_alarms;
	struct detail_notify notify;
	struct detail_lease lease;
	struct detail_hypervisor hypervisor;
	struct detail_vm *vms;
	size_t n_vms;
	struct detail_vm_cpu *vm_cpus;
	size_t n_vm_cpus;
	struct detail_vm_pin *vm_pins;
	size_t n_vm_pins;
	struct detail_vm_disk *vm_disks;
	size_t n_vm_disks;
	struct detail_vm_nic *vm_nics;
	size_t n_vm_nics;
	struct detail_vm_node *vm_nodes;
	size_t n_vm_nodes;
	struct detail_vm_dirty *vm_dirties;
	size_t n_vm_dirties;
};

struct node_detail *node_detail_new(void);
void node_detail_free(struct node_detail *detail);

#endif
