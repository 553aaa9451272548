/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/notice_vm.h - the notifications of VM-MIB (RFC 7666), about one VM
 * or many.
 */
#ifndef SNMP_MIB_NOTICE_VM_H
#define SNMP_MIB_NOTICE_VM_H

#include "snmp-mib/detail_vm.h"
#include "snmp-mib/notice.h"

/* Arcs below vmNotifications; of bulk ones that much higher. */
enum vm_change {
	VM_CHANGE_RUNNING = 1,
	VM_CHANGE_SHUTTING_DOWN = 2,
	VM_CHANGE_SHUTDOWN = 3,
	VM_CHANGE_PAUSED = 4,
	VM_CHANGE_SUSPENDING = 5,
	VM_CHANGE_SUSPENDED = 6,
	VM_CHANGE_RESUMING = 7,
	VM_CHANGE_MIGRATING = 8,
	VM_CHANGE_CRASHED = 9,
	VM_CHANGE_DELETED = 10,
	VM_CHANGE_BULK = 10
};

struct vm_notice {
	enum vm_change change;
	enum detail_vm_oper before; /* vmOperState as it was */
	uint32_t index;
	bool persistent; /* told with VM_CHANGE_DELETED */
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];
};

/* VirtualMachineList: a bit for each VM by its index, from 1 on.  Half a
 * kilobyte, so that the message is one packet. */
enum { VM_BULK_INDEX_MAX = 4096, VM_BULK_OCTETS = VM_BULK_INDEX_MAX / 8 };

struct vm_bulk {
	enum vm_change change;
	size_t n_octets;
	uint8_t octets[VM_BULK_OCTETS];
};

/* Index: 1 to VM_BULK_INDEX_MAX. */
void vm_bulk_add(struct vm_bulk *bulk, uint32_t index);

/* As notice_encode(). */
size_t vm_bulk_encode(const struct vm_bulk *bulk,
		      struct notice_bind ret_binds[NOTICE_BINDS_MAX]);
size_t vm_notice_encode(const struct vm_notice *notice,
			struct notice_bind ret_binds[NOTICE_BINDS_MAX]);

#endif
