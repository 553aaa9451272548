/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of measurements on demand: turns, results, failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/guest_dirty.h"
#include "common/alloc.h"
#include "snmp-mib/node_detail.h"

enum { VMS = 7, OFF = 7, NOW_MS = 900500 };

static struct index *numbers;
static struct guest_table table;
static struct node_detail *detail;

/* Numbers 1 to 7; the last one is off. */
static int
setup(void **state)
{
	(void)state;
	numbers = index_load("/nonexistent/index", 1);
	guest_table_init(&table);
	table.guests = xcalloc(VMS, sizeof(*table.guests));
	table.n = VMS;
	for (uint32_t i = 0; i < VMS; i++) {
		struct guest *guest = &table.guests[i];

		guest->index = i + 1;
		guest->listed = true;
		guest->active = guest->running = i + 1 != OFF;
		snprintf(guest->uuid, sizeof(guest->uuid),
			 "11111111-1111-4111-8111-00000000000%u", i + 1);
		assert_int_equal(index_of(numbers, INDEX_VM, guest->uuid),
				 i + 1);
		guest_stats_init(&guest->stats);
	}
	detail = node_detail_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	node_detail_free(detail);
	guest_table_done(&table);
	index_free(numbers);
	return 0;
}

static const struct detail_vm_dirty *
row_of(uint32_t vm, int64_t now_ms)
{
	node_detail_free(detail);
	detail = node_detail_new();
	guest_dirty_fill(&table, now_ms, detail);
	for (size_t i = 0; i < detail->n_vm_dirties; i++)
		if (detail->vm_dirties[i].vm == vm)
			return &detail->vm_dirties[i];
	return NULL;
}

/* As libvirt says it of the VM, by the worker. */
static void
measured(uint32_t vm, int status, int start_s, int rate)
{
	json_t *reply =
		json_pack("{s:[{s:s, s:i, s:i, s:i, s:i}]}", "vms", "uuid",
			  table.guests[vm - 1].uuid, "dirty_status", status,
			  "dirty_start_s", start_s, "dirty_period_s", 1,
			  "dirty_mib_s", rate);

	assert_int_equal(guest_table_measure(&table, reply, numbers, NOW_MS),
			 0);
	json_decref(reply);
}

static void
a_few_are_measured_at_a_time_in_their_order(void **state)
{
	struct guest *begun[GUEST_DIRTY_AT_ONCE];

	(void)state;
	assert_true(guest_dirty_ask(&table, 6, NOW_MS));
	for (uint32_t vm = 1; vm <= 5; vm++)
		assert_true(guest_dirty_ask(&table, vm, NOW_MS + vm));
	assert_true(guest_dirty_ask(&table, 6, NOW_MS + 99)); /* it waits */
	assert_int_equal(guest_dirty_start(&table, NOW_MS + 100, begun),
			 GUEST_DIRTY_AT_ONCE);
	assert_int_equal(begun[0]->index, 6);
	assert_int_equal(begun[3]->index, 3);
	assert_int_equal(guest_dirty_start(&table, NOW_MS + 101, begun), 0);
	assert_int_equal(row_of(6, NOW_MS)->state, DIRTY_MEASURING);
	assert_int_equal(row_of(4, NOW_MS)->state, DIRTY_WAITING);
	assert_true(guest_dirty_look(&table, NOW_MS + 102));
	guest_dirty_fail(&table, 6, "no");
	assert_int_equal(guest_dirty_start(&table, NOW_MS + 103, begun), 1);
	assert_int_equal(begun[0]->index, 4);
}

static void
a_result_is_shown_with_its_age(void **state)
{
	struct guest *begun[GUEST_DIRTY_AT_ONCE];
	const struct detail_vm_dirty *row;

	(void)state;
	assert_null(row_of(1, NOW_MS));
	guest_dirty_ask(&table, 1, NOW_MS);
	guest_dirty_start(&table, NOW_MS, begun);
	measured(1, 1, 900, 0); /* libvirt: measuring */
	assert_true(guest_dirty_look(&table, NOW_MS + 100));
	assert_int_equal(row_of(1, NOW_MS)->age_ms, REPORT_AGE_NEVER);
	measured(1, 2, 900, 250);
	assert_false(guest_dirty_look(&table, NOW_MS + 1600));
	row = row_of(1, 903000);
	assert_int_equal(row->state, DIRTY_MEASURED);
	assert_int_equal(row->age_ms, 2000);
	assert_int_equal(row->period_s, 1);
	assert_string_equal(row->text, "");
	assert_int_equal(table.guests[0].stats.dirty_mib_s, 250);
}

/* Its rate stays, and a new measurement is not taken for done by it. */
static void
an_old_result_is_not_taken_for_the_new_one(void **state)
{
	struct guest *begun[GUEST_DIRTY_AT_ONCE];

	(void)state;
	measured(2, 2, 800, 10);
	assert_int_equal(row_of(2, NOW_MS)->state, DIRTY_MEASURED);
	guest_dirty_ask(&table, 2, NOW_MS);
	guest_dirty_start(&table, NOW_MS, begun);
	measured(2, 2, 800, 10);
	assert_true(guest_dirty_look(&table, NOW_MS + 1000));
	assert_int_equal(row_of(2, NOW_MS)->state, DIRTY_MEASURING);
	assert_int_equal(row_of(2, NOW_MS)->age_ms, NOW_MS - 801000);
	assert_false(guest_dirty_look(&table, NOW_MS + GUEST_DIRTY_MAX_MS));
	assert_int_equal(row_of(2, NOW_MS)->state, DIRTY_FAILED);
	assert_string_not_equal(row_of(2, NOW_MS)->text, "");
	/* It may be asked for again. */
	assert_true(guest_dirty_ask(&table, 2, NOW_MS));
	assert_string_equal(row_of(2, NOW_MS)->text, "");
}

static void
only_what_runs_is_measured(void **state)
{
	struct guest *begun[GUEST_DIRTY_AT_ONCE];

	(void)state;
	assert_false(guest_dirty_ask(&table, OFF, NOW_MS));
	assert_false(guest_dirty_ask(&table, 99, NOW_MS));
	assert_true(guest_dirty_ask(&table, 3, NOW_MS));
	table.guests[2].running = false; /* paused meanwhile */
	assert_false(guest_dirty_look(&table, NOW_MS));
	assert_int_equal(row_of(3, NOW_MS)->state, DIRTY_FAILED);
	table.guests[2].active = false; /* and off */
	guest_dirty_look(&table, NOW_MS);
	assert_null(row_of(3, NOW_MS));
	assert_int_equal(guest_dirty_start(&table, NOW_MS, begun), 0);
}

static void
odd_times_of_libvirt_are_no_age(void **state)
{
	(void)state;
	measured(1, 2, -5, 3);
	assert_int_equal(table.guests[0].stats.dirty_mib_s, 3);
	assert_int_equal(table.guests[0].stats.dirty_at_ms, -1);
	measured(1, 0, 5, 3);
	assert_int_equal(table.guests[0].stats.dirty_mib_s, REPORT_UNMEASURED);
	measured(1, 2, INT32_MAX, 3); /* in the future */
	assert_int_equal(row_of(1, NOW_MS)->age_ms, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_few_are_measured_at_a_time_in_their_order),
		TEST(a_result_is_shown_with_its_age),
		TEST(an_old_result_is_not_taken_for_the_new_one),
		TEST(only_what_runs_is_measured),
		TEST(odd_times_of_libvirt_are_no_age),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
