/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/vm_mib.h - the tables of VM-MIB out of a report and what is known of
 * its VMs.  Pure.
 */
#ifndef AGENT_VM_MIB_H
#define AGENT_VM_MIB_H

#include "agent/guest_table.h"
#include "snmp-mib/node_detail.h"

struct vm_mib_options {
	bool affinity; /* rows of vmCpuAffinityTable */
};

/* Into `detail`, from the VMs of the report; after they are all filled in. */
void vm_mib_fill(const struct node_report *report,
		 const struct guest_table *table,
		 const struct vm_mib_options *options, int64_t now_ms,
		 struct node_detail *detail);

/* Rows of one VM, as many as it has by its definition; they are zeroed
 * before. */
size_t vm_mib_disks(uint32_t vm, const struct guest *guest,
		    struct detail_vm_disk *ret_rows);
size_t vm_mib_nics(uint32_t vm, const struct guest *guest,
		   struct detail_vm_nic *ret_rows);
/* A size in the MIB's unit, rounded up; -1: unknown. */
int32_t vm_mib_units(uint64_t bytes);

/* "0-3,^2,8" as a set of CPUs; false when the text makes no sense. */
struct vm_mib_cpus {
	uint64_t words[REPORT_CPUS_MAX / 64];
};
bool vm_mib_parse_cpus(const char *text, struct vm_mib_cpus *ret_cpus);

#endif
