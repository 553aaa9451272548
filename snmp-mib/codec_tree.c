/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subtrees that a node registers, and what is in them.  Order is that of
 * the walk: a unit test says so when a line is in the wrong place.
 */
#include "snmp-mib/codec_own.h"
#include "snmp-mib/detail.h"

/* A module's subtree with its sections, which all hang below `at`. */
#define TREE(words, registered, at, list)                               \
	{                                                               \
		.module = (words), .root = (registered), .under = (at), \
		.sections = (list),                                     \
		.n_sections = sizeof(list) / sizeof((list)[0]),         \
	}

static const struct codec_oid ironherd_root = {
	.len = sizeof((uint32_t[]){ IRONHERD_ARC }) / sizeof(uint32_t) + 6,
	.ids = { 1, 3, 6, 1, 4, 1, IRONHERD_ARC }
};

static const struct codec_section *const ironherd_sections[] = {
	&codec_sections[0],     /* 1 ihHost */
	&codec_sections[1],     /* 2 ihCpu */
	&codec_sections[2],     /* 3 ihLoad */
	&codec_sections[3],     /* 4 ihMem */
	&codec_sections[4],     /* 5 ihCapacity */
	&codec_sections[5],     /* 6 ihBmc */
	&codec_sections[6],     /* 7 ihRows */
	&detail_healths,        /* 8 */
	&detail_memories,       /* 9 */
	&codec_sections[7],     /* 10 ihNumaTable */
	&codec_sections[8],     /* 11 ihNumaDistTable */
	&codec_sections[9],     /* 12 ihFeatureTable */
	&detail_pressures,      /* 13 */
	&detail_huge_page_rows, /* 14 */
	&detail_numa_use_rows,  /* 15 */
	&detail_package_rows,   /* 16 */
	&detail_cpu_model_rows, /* 17 */
	&codec_sections[10],    /* 20 ihVmTable */
	&detail_vm_nodes,       /* 21 */
	&detail_vm_dirties,     /* 22 */
	&detail_sensor_rows,    /* 25 */
	&codec_sections[11],    /* 30 ihDatastoreTable */
	&codec_sections[12],    /* 31 ihHeartbeatTable */
	&detail_uplinks,        /* 32 */
	&codec_sections[13],    /* 40 ihSourceTable */
	&detail_alarms,         /* 41 */
	&detail_bmc_more,       /* 43 */
	&detail_control,        /* 45 */
	&detail_lease,          /* 46 */
	&detail_notify,         /* 51 */
};

static const struct codec_tree ironherd_tree =
	TREE("IRONHERD-MIB", &ironherd_root, &codec_objects, ironherd_sections);

/* --- standard modules ----------------------------------------------------- */

static const struct codec_oid entity_root = { .len = 7,
					      .ids = { 1, 3, 6, 1, 2, 1, 47 } };
static const struct codec_oid entity_sensor_root = {
	.len = 7, .ids = { 1, 3, 6, 1, 2, 1, 99 }
};
static const struct codec_oid entity_state_root = {
	.len = 7, .ids = { 1, 3, 6, 1, 2, 1, 131 }
};

static const struct codec_oid energy_root = {
	.len = 7, .ids = { 1, 3, 6, 1, 2, 1, 229 }
};

static const struct codec_section *const entity_sections[] = {
	&detail_physicals,         /* 1.1 */
	&detail_physical_contains, /* 3.3 */
	&detail_entity_general,    /* 4 */
};
static const struct codec_section *const entity_sensor_sections[] = {
	&detail_entity_sensors,
};
static const struct codec_section *const entity_state_sections[] = {
	&detail_entity_states,
};

static const struct codec_section *const energy_sections[] = {
	&detail_powers,       /* 2 */
	&detail_power_states, /* 3 */
};

static const struct codec_tree entity_tree =
	TREE("ENTITY-MIB", &entity_root, &detail_entity_objects,
	     entity_sections);
static const struct codec_tree entity_sensor_tree =
	TREE("ENTITY-SENSOR-MIB", &entity_sensor_root,
	     &detail_entity_sensor_objects, entity_sensor_sections);
static const struct codec_tree entity_state_tree =
	TREE("ENTITY-STATE-MIB", &entity_state_root, &detail_state_objects,
	     entity_state_sections);

static const struct codec_oid vm_root = { .len = 7,
					  .ids = { 1, 3, 6, 1, 2, 1, 236 } };

static const struct codec_section *const vm_sections[] = {
	&detail_hypervisor, /* 1 */
	&detail_vm_numbers, /* 2, 3 */
	&detail_vms,        /* 4 */
	&detail_vm_cpus,    /* 5 */
	&detail_vm_pins,    /* 6 */
	&detail_vm_disks,   /* 7 */
	&detail_vm_nics,    /* 8 */
	&detail_vm_notices, /* 9, 10 */
};

static const struct codec_tree vm_tree =
	TREE("VM-MIB", &vm_root, &detail_vm_objects, vm_sections);

static const struct codec_tree energy_tree =
	TREE("ENERGY-OBJECT-MIB", &energy_root, &detail_energy_objects,
	     energy_sections);

const struct codec_tree *const codec_node_trees[] = {
	&entity_tree,
	&entity_sensor_tree,
	&entity_state_tree,
	&energy_tree,
	&vm_tree,
	&ironherd_tree,
	NULL,
};

const struct codec_tree *const codec_host_trees[] = {
	&detail_storage_tree,
	&detail_disk_tree,
	NULL,
};

const struct codec_oid *
codec_root(void)
{
	return &ironherd_root;
}

const struct codec_oid *
codec_tree_root(const struct codec_tree *tree)
{
	return tree->root;
}

struct codec_parts
codec_parts_of(const struct node_report *report)
{
	return (struct codec_parts){
		{ [PART_REPORT] = report, [PART_DETAIL] = report->detail }
	};
}
