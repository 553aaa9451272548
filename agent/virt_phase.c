/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM is in the middle of, by the reason that libvirt has for its state:
 * states of VM-MIB that libvirt's own have no word for.
 */
#include "agent/virt_own.h"

/* Out of a file: to QEMU that is a migration, too. */
static bool
resumes(enum detail_vm_oper before)
{
	return before == VM_OPER_SUSPENDED || before == VM_OPER_RESUMING;
}

static enum detail_vm_oper
phase_of_paused(int reason, enum detail_vm_oper before)
{
	switch (reason) {
	case VIR_DOMAIN_PAUSED_SAVE:
		return VM_OPER_SUSPENDING;
	case VIR_DOMAIN_PAUSED_MIGRATION:
		return resumes(before) ? VM_OPER_RESUMING : VM_OPER_MIGRATING;
	case VIR_DOMAIN_PAUSED_POSTCOPY:
		return VM_OPER_MIGRATING;
	case VIR_DOMAIN_PAUSED_SHUTTING_DOWN:
		return VM_OPER_SHUTTING_DOWN;
	case VIR_DOMAIN_PAUSED_CRASHED:
		return VM_OPER_CRASHED;
	case VIR_DOMAIN_PAUSED_STARTING_UP:
		return resumes(before) ? VM_OPER_RESUMING : VM_OPER_PREPARING;
	default:
		return 0;
	}
}

enum detail_vm_oper
virt_phase_of(int state, int reason, const struct virt_vm *vm)
{
	switch (state) {
	case VIR_DOMAIN_PAUSED:
		return phase_of_paused(reason, vm->phase);
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		return vm->migrating || reason == VIR_DOMAIN_RUNNING_POSTCOPY
			       ? VM_OPER_MIGRATING
			       : 0;
	case VIR_DOMAIN_SHUTOFF:
		/* libvirtd forgets the reason when it is restarted. */
		return vm->saved || reason == VIR_DOMAIN_SHUTOFF_SAVED
			       ? VM_OPER_SUSPENDED
			       : 0;
	default:
		return 0;
	}
}
