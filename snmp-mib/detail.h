/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail.h - the sections of struct node_detail, for codec_tree.c.
 * Each area's are in detail_AREA.c.
 */
#ifndef SNMP_MIB_DETAIL_H
#define SNMP_MIB_DETAIL_H

#include "snmp-mib/codec_own.h"

/* detail_host.c */
extern const struct codec_section detail_pressures;
/* detail_alarm.c */
extern const struct codec_section detail_alarms, detail_notify;

/* detail_health.c */
extern const struct codec_section detail_healths;
extern const struct codec_section detail_bmc_more;

/* detail_memory.c */
extern const struct codec_section detail_memories;
extern const struct codec_section detail_huge_page_rows;
extern const struct codec_section detail_numa_use_rows;

/* detail_cpu.c */
extern const struct codec_section detail_package_rows;
extern const struct codec_section detail_cpu_model_rows;

/* detail_sensor.c */
extern const struct codec_section detail_sensor_rows;
extern const struct codec_oid detail_entity_sensor_objects;
extern const struct codec_section detail_entity_sensors;

/* detail_entity.c */
extern const struct codec_oid detail_entity_objects;
extern const struct codec_section detail_physicals;
extern const struct codec_section detail_physical_contains;
extern const struct codec_section detail_entity_general;
extern const struct codec_oid detail_state_objects;
extern const struct codec_section detail_entity_states;
/* detail_storage.c, detail_disk.c: trees of their own, see codec_host_trees */
extern const struct codec_tree detail_storage_tree;
extern const struct codec_tree detail_disk_tree;

/* detail_net.c */
extern const struct codec_section detail_uplinks;
/* detail_lease.c */
extern const struct codec_section detail_control, detail_lease;

/* detail_vm.c */
extern const struct codec_oid detail_vm_objects; /* of VM-MIB */
extern const struct codec_section detail_hypervisor;
extern const struct codec_section detail_vm_numbers;
extern const struct codec_section detail_vms;
extern const struct codec_section detail_vm_cpus;
extern const struct codec_section detail_vm_pins;
extern const struct codec_section detail_vm_disks;
extern const struct codec_section detail_vm_nics;
extern const struct codec_section detail_vm_notices;
extern const struct codec_section detail_vm_nodes;
extern const struct codec_section detail_vm_dirties;

/* detail_energy.c */
extern const struct codec_oid detail_energy_objects;
extern const struct codec_section detail_powers, detail_power_states;

#endif
