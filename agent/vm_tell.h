/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/vm_tell.h - which notifications of VM-MIB (RFC 7666) tell what became
 * of VMs: one for each, or one for many at once.  Pure: times are arguments.
 *
 *	both switched on	a change waits VM_TELL_GATHER_MS for others;
 *				more than VM_TELL_SINGLES to the same state are
 *				told by one bulk notification
 *	single only		each by itself, at once
 *	bulk only		always a bulk one, after the same wait
 *	none			nothing
 *
 * What becomes of one VM is told in its order.  All together are limited as
 * notices of alarms are (ALARMS_ALL_*); the oldest go when too many wait, and
 * are counted.  A bulk notification has a bit for each number from 1 on, so
 * VMs with a number beyond VM_BULK_INDEX_MAX are told one by one.
 */
#ifndef AGENT_VM_TELL_H
#define AGENT_VM_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snmp-mib/notice_vm.h"

enum {
	VM_TELL_GATHER_MS = 500,
	VM_TELL_SINGLES = 3,
	VM_TELL_WAITING_MAX = 1024
};

/* vmPerVMNotificationsEnabled and vmBulkNotificationsEnabled. */
struct vm_tell_modes {
	bool single, bulk;
};

/* One of the two; the other has no change. */
struct vm_told {
	struct vm_notice one;
	struct vm_bulk many;
};

struct vm_tell;

struct vm_tell *vm_tell_new(void);
void vm_tell_free(struct vm_tell *tell);

void vm_tell_add(struct vm_tell *tell, const struct vm_notice *notice,
		 int64_t now_ms);
/* The next one that may go now, if there is one. */
bool vm_tell_take(struct vm_tell *tell, struct vm_tell_modes modes,
		  int64_t now_ms, struct vm_told *ret_told);
/* Until there will be one without further changes; -1: not. */
int64_t vm_tell_wait_ms(const struct vm_tell *tell, struct vm_tell_modes modes,
			int64_t now_ms);
uint64_t vm_tell_dropped(const struct vm_tell *tell);

#endif
