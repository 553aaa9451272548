/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/notice_vm.h - the notifications of VM-MIB (RFC 7666) about one VM.
 */
#ifndef SNMP_MIB_NOTICE_VM_H
#define SNMP_MIB_NOTICE_VM_H

#include "snmp-mib/notice.h"

/* Arcs below vmNotifications. */
enum vm_change {
	VM_CHANGE_RUNNING = 1,
	VM_CHANGE_SHUTTING_DOWN = 2,
	VM_CHANGE_SHUTDOWN = 3,
	VM_CHANGE_PAUSED = 4,
	VM_CHANGE_CRASHED = 9,
	VM_CHANGE_DELETED = 10
};

struct vm_notice {
	enum vm_change change;
	enum report_vm_state before; /* what it was, as vmOperState has it */
	uint32_t index;
	bool persistent; /* told with VM_CHANGE_DELETED */
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];
};

/* As notice_encode(). */
size_t vm_notice_encode(const struct vm_notice *notice,
			struct notice_bind ret_binds[NOTICE_BINDS_MAX]);

#endif
