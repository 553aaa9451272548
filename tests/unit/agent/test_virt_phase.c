/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of states of VM-MIB out of libvirt's state and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/virt_own.h"

static void
reasons_tell_what_a_vm_is_in_the_middle_of(void **state)
{
	static const struct {
		int state, reason;
		enum detail_vm_oper phase;
	} cases[] = {
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, 0 },
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, 0 },
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE,
		  VM_OPER_SUSPENDING },
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION,
		  VM_OPER_MIGRATING },
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP,
		  VM_OPER_PREPARING },
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SHUTTING_DOWN,
		  VM_OPER_SHUTTING_DOWN },
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_CRASHED,
		  VM_OPER_CRASHED },
		{ VIR_DOMAIN_PAUSED, 12345, 0 },
		{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED, 0 },
		{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY,
		  VM_OPER_MIGRATING },
		{ VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN, 0 },
		{ VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SAVED,
		  VM_OPER_SUSPENDED },
		{ VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED, 0 },
		{ -1, -1, 0 },
	};
	const struct virt_vm vm = { .phase = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(virt_phase_of(cases[i].state, cases[i].reason,
					       &vm),
				 cases[i].phase);
}

static void
what_comes_out_of_a_file_resumes(void **state)
{
	struct virt_vm vm = { .saved = true };

	(void)state;
	vm.phase = virt_phase_of(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN,
				 &vm);
	assert_int_equal(vm.phase, VM_OPER_SUSPENDED);
	vm.saved = false;
	for (int i = 0; i < 3; i++) {
		vm.phase = virt_phase_of(VIR_DOMAIN_PAUSED,
					 i < 2 ? VIR_DOMAIN_PAUSED_STARTING_UP
					       : VIR_DOMAIN_PAUSED_MIGRATION,
					 &vm);
		assert_int_equal(vm.phase, VM_OPER_RESUMING);
	}
	vm.phase = virt_phase_of(VIR_DOMAIN_RUNNING,
				 VIR_DOMAIN_RUNNING_RESTORED, &vm);
	assert_int_equal(vm.phase, 0);
	vm.migrating = true;
	assert_int_equal(virt_phase_of(VIR_DOMAIN_RUNNING,
				       VIR_DOMAIN_RUNNING_BOOTED, &vm),
			 VM_OPER_MIGRATING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_tell_what_a_vm_is_in_the_middle_of),
		cmocka_unit_test(what_comes_out_of_a_file_resumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
