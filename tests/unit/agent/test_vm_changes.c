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

static struct report_vm vms[8];
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
	report = (struct node_report){ .vms = vms,
				       .sources = &source,
				       .n_sources = 1 };
	for (uint32_t i = 0; i < 8; i++) {
		vms[i].index = 10 * (i + 1);
		vms[i].state = VM_STATE_SHUT_OFF;
		snprintf(vms[i].name, sizeof(vms[i].name), "vm%u", i);
	}
	report.n_vms = 3;
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
	report.n_vms = 0; /* libvirt has not answered yet */
	source.age_ms = REPORT_AGE_NEVER;
	assert_int_equal(look(), 0);
	report.n_vms = 3;
	source.age_ms = 5;
	vms[0].state = VM_STATE_RUNNING;
	assert_int_equal(look(), 0);
	assert_int_equal(look(), 0);
}

static void
a_change_says_what_was_before(void **state)
{
	(void)state;
	look();
	vms[1].state = VM_STATE_RUNNING;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].change, VM_CHANGE_RUNNING);
	assert_int_equal(told[0].before, VM_STATE_SHUT_OFF);
	assert_int_equal(told[0].index, 20);
	assert_string_equal(told[0].name, "vm1");
	vms[1].state = VM_STATE_BLOCKED; /* is running */
	assert_int_equal(look(), 0);
	vms[1].state = VM_STATE_CRASHED;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].change, VM_CHANGE_CRASHED);
}

static void
what_is_not_known_is_no_change(void **state)
{
	(void)state;
	vms[0].state = VM_STATE_RUNNING;
	look();
	vms[0].state = VM_STATE_UNKNOWN;
	assert_int_equal(look(), 0);
	vms[0].state = VM_STATE_RUNNING;
	assert_int_equal(look(), 0);
	vms[0].state = VM_STATE_UNKNOWN;
	look();
	vms[0].state = VM_STATE_PAUSED;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].before, VM_STATE_RUNNING);
}

static void
new_ones_that_run_and_those_that_went_are_told(void **state)
{
	(void)state;
	look();
	report.n_vms = 5; /* 40 and 50 come; 50 is only defined */
	vms[3].state = VM_STATE_RUNNING;
	assert_int_equal(look(), 1);
	assert_int_equal(told[0].index, 40);
	assert_int_equal(told[0].before, VM_STATE_UNKNOWN);
	report.vms = vms + 1; /* 10 and 50 go */
	report.n_vms = 3;
	assert_int_equal(look(), 2);
	assert_int_equal(told[0].change, VM_CHANGE_DELETED);
	assert_int_equal(told[0].index, 10);
	assert_int_equal(told[1].index, 50);
	assert_int_equal(told[1].before, VM_STATE_SHUT_OFF);
	report.n_vms = 0;
	assert_int_equal(look(), 3);
}

static void
a_deleted_one_says_whether_it_was_persistent(void **state)
{
	struct notice_bind binds[NOTICE_BINDS_MAX];

	(void)state;
	vms[2].persistent = true;
	vms[2].state = VM_STATE_PAUSED;
	look();
	report.n_vms = 2;
	assert_int_equal(look(), 1);
	assert_int_equal(vm_notice_encode(&told[0], binds), 5);
	assert_int_equal(binds[0].value.oid->ids[8], VM_CHANGE_DELETED);
	assert_int_equal(binds[3].value.integer, 8); /* paused */
	assert_int_equal(binds[4].oid.ids[binds[4].oid.len - 1], 30);
	assert_int_equal(binds[4].value.integer, 2);
	told[0].change = VM_CHANGE_PAUSED;
	assert_int_equal(vm_notice_encode(&told[0], binds), 4);
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
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
