/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/vm_changes.h - what became of VMs from report to report, for the
 * notifications of VM-MIB.  Pure.
 *
 * A state that is not known is no change.  VMs that libvirt shows for the
 * first time after the agent's start have not changed either.
 */
#ifndef AGENT_VM_CHANGES_H
#define AGENT_VM_CHANGES_H

#include "snmp-mib/node_report.h"
#include "snmp-mib/notice_vm.h"

struct vm_changes;

struct vm_changes *vm_changes_new(void);
void vm_changes_free(struct vm_changes *changes);

/* Calls tell(arg, notice) for each change since the last look, by vmTable of
 * the report's detail. */
void vm_changes_look(struct vm_changes *changes,
		     const struct node_report *report,
		     void (*tell)(void *arg, const struct vm_notice *notice),
		     void *arg);

#endif
