/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what is told about VMs from report to report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/source.h"
#include "agent/vm_changes.h"
#include "snmp-mib/node_detail.h"

static struct detail_vm vms[8];
static struct node_detail detail;
static struct report_source source;
static struct node_report report;
static struct vm_changes *changes;
static struct vm_notice told[16];
static size_t n_told;

static int
setup(void **state)
{
	(void)state;
	changes = vm_changes_new();
	memset(vms, 0, sizeof(vms));
	source = (struct report_source){ .index = SOURCE_LIBVIRT };
	detail = (struct node_detail){ .vms = vms };
	report = (struct node_report){ .detail = &detail,
				       .sources = &source,
				       .n_sources = 1 };
	for (uint32_t i = 0; i < 8; i++) {
		vms[i].index = 10 * (i + 1);
		vms[i].oper = VM_OPER_SHUTDOWN;
		snprintf(vms[i].name, sizeof(vms[i].name), "vm%u", i);
	}
	detail.n_vms = 3;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vm_changes_free(changes);
	return 0;
}

static void
take(void *arg, const struct vm_notice *notice)
{
	(void)arg;
	assert_true(n_told < 16);
	told[n_told++] = *notice;
}

static size_t
look(void)
{
	n_told = 0;
	vm_changes_look(changes, &report, take, NULL);
	return n_told;
}

static void
what_was_there_at_the_start_has_not_changed(void **state)
{
	(void)state;
	detail.n_vms = 0; /* libvirt has not answered yet */
	source.age_ms = REPORT_AGE_NEVER;
	assert_int_equal(look(), 0);
	detail.n_vms = 3;
	source.age_ms = 5;
	vms[0].oper = VM_OPER_RUNNING;
	assert_int_equal(look(), 0);
	assert_int_equal(look(), 0);
}

static void
a_change_says_what_was_before(void **state)
{
	(void)state;
	look();
	vms[1].oper = VM_OPER_RUNNING;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].change, VM_CHANGE_RUNNING);
	assert_int_equal(told[0].before, VM_OPER_SHUTDOWN);
	assert_int_equal(told[0].index, 20);
	assert_string_equal(told[0].name, "vm1");
	assert_int_equal(look(), 0);
	vms[1].oper = VM_OPER_CRASHED;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].change, VM_CHANGE_CRASHED);
}

static void
what_is_not_known_is_no_change(void **state)
{
	(void)state;
	vms[0].oper = VM_OPER_RUNNING;
	look();
	vms[0].oper = VM_OPER_UNKNOWN;
	assert_int_equal(look(), 0);
	vms[0].oper = VM_OPER_RUNNING;
	assert_int_equal(look(), 0);
	vms[0].oper = VM_OPER_UNKNOWN;
	look();
	vms[0].oper = VM_OPER_PAUSED;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].before, VM_OPER_RUNNING);
}

static void
new_ones_that_run_and_those_that_went_are_told(void **state)
{
	(void)state;
	look();
	detail.n_vms = 5; /* 40 and 50 come; 50 is only defined */
	vms[3].oper = VM_OPER_RUNNING;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].index, 40);
	assert_int_equal(told[0].before, VM_OPER_UNKNOWN);
	detail.vms = vms + 1; /* 10 and 50 go */
	detail.n_vms = 3;
	assert_int_equal(look(), 2);
	assert_int_equal(told[0].change, VM_CHANGE_DELETED);
	assert_int_equal(told[0].index, 10);
	assert_int_equal(told[1].index, 50);
	assert_int_equal(told[1].before, VM_OPER_SHUTDOWN);
	detail.n_vms = 0;
	assert_int_equal(look(), 3);
}

static void
a_deleted_one_says_whether_it_was_persistent(void **state)
{
	struct notice_bind binds[NOTICE_BINDS_MAX];

	(void)state;
	vms[2].persistent = VM_PERSISTENT_PERSISTENT;
	vms[2].oper = VM_OPER_PAUSED;
	look();
	detail.n_vms = 2;
	assert_int_equal(look(), 1);
	assert_int_equal(vm_notice_encode(&told[0], binds), 5);
	assert_int_equal(binds[0].value.oid->ids[8], VM_CHANGE_DELETED);
	assert_int_equal(binds[3].value.integer, 8); /* paused */
	assert_int_equal(binds[4].oid.ids[binds[4].oid.len - 1], 30);
	assert_int_equal(binds[4].value.integer, 2);
	told[0].change = VM_CHANGE_PAUSED;
	assert_int_equal(vm_notice_encode(&told[0], binds), 4);
}

/* A VM that is moved away, one that is saved and one that comes back. */
static void
each_state_of_vm_mib_has_its_notification(void **state)
{
	static const struct {
		enum detail_vm_oper oper;
		enum vm_change change; /* 0: has none */
	} steps[] = {
		{ VM_OPER_PREPARING, 0 },
		{ VM_OPER_RUNNING, VM_CHANGE_RUNNING },
		{ VM_OPER_MIGRATING, VM_CHANGE_MIGRATING },
		{ VM_OPER_RUNNING, VM_CHANGE_RUNNING },
		{ VM_OPER_SUSPENDING, VM_CHANGE_SUSPENDING },
		{ VM_OPER_SUSPENDED, VM_CHANGE_SUSPENDED },
		{ VM_OPER_RESUMING, VM_CHANGE_RESUMING },
		{ VM_OPER_PAUSED, VM_CHANGE_PAUSED },
		{ VM_OPER_SHUTTING_DOWN, VM_CHANGE_SHUTTING_DOWN },
		{ VM_OPER_SHUTDOWN, VM_CHANGE_SHUTDOWN },
		{ VM_OPER_CRASHED, VM_CHANGE_CRASHED },
		{ VM_OPER_OTHER, 0 },
	};
	enum detail_vm_oper before = VM_OPER_SHUTDOWN;

	(void)state;
	look();
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		vms[0].oper = steps[i].oper;
		assert_int_equal(look(), steps[i].change != 0);
		if (steps[i].change != 0) {
			assert_int_equal(told[0].change, steps[i].change);
			assert_int_equal(told[0].before, before);
		}
		before = steps[i].oper;
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_was_there_at_the_start_has_not_changed),
		TEST(a_change_says_what_was_before),
		TEST(what_is_not_known_is_no_change),
		TEST(a_deleted_one_says_whether_it_was_persistent),
		TEST(new_ones_that_run_and_those_that_went_are_told),
		TEST(each_state_of_vm_mib_has_its_notification),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
