/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of how changes of VMs are told: one by one, many at once, not at all;
 * their order and their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/alarms.h"
#include "agent/vm_tell.h"

static const struct vm_tell_modes both = { true, true };
static const struct vm_tell_modes single = { .single = true };
static const struct vm_tell_modes bulk = { .bulk = true };
static const struct vm_tell_modes none;

static struct vm_tell *tell;
static struct vm_told told;
static int64_t now_ms;

static int
setup(void **state)
{
	(void)state;
	tell = vm_tell_new();
	now_ms = 1000000;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vm_tell_free(tell);
	return 0;
}

static void
add(uint32_t index, enum vm_change change)
{
	const struct vm_notice notice = { .change = change,
					  .before = VM_OPER_RUNNING,
					  .index = index };

	vm_tell_add(tell, &notice, now_ms);
}

/* As the agent does: when it says that there is something. */
static bool
take(struct vm_tell_modes modes)
{
	int64_t wait_ms = vm_tell_wait_ms(tell, modes, now_ms);

	if (wait_ms < 0)
		return false;
	now_ms += wait_ms;
	return vm_tell_take(tell, modes, now_ms, &told);
}

static void
took_one(struct vm_tell_modes modes, uint32_t index, enum vm_change change)
{
	assert_true(take(modes));
	assert_int_equal(told.many.change, 0);
	assert_int_equal(told.one.change, change);
	assert_int_equal(told.one.index, index);
}

static bool
has(uint32_t index)
{
	size_t at = (index - 1) / 8;

	return at < told.many.n_octets &&
	       (told.many.octets[at] & 0x80u >> (index - 1) % 8) != 0;
}

static void
a_few_are_told_by_themselves_after_the_wait(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= VM_TELL_SINGLES; i++)
		add(i, VM_CHANGE_PAUSED);
	assert_false(vm_tell_take(tell, both, now_ms, &told));
	assert_int_equal(vm_tell_wait_ms(tell, both, now_ms),
			 VM_TELL_GATHER_MS);
	for (uint32_t i = 1; i <= VM_TELL_SINGLES; i++)
		took_one(both, i, VM_CHANGE_PAUSED);
	assert_false(take(both));
	assert_int_equal(vm_tell_wait_ms(tell, both, now_ms), -1);
}

static void
many_to_one_state_are_told_at_once(void **state)
{
	struct notice_bind binds[NOTICE_BINDS_MAX];

	(void)state;
	add(9, VM_CHANGE_CRASHED);
	for (uint32_t i = 0; i <= VM_TELL_SINGLES; i++)
		add(10 * i + 1, VM_CHANGE_SHUTDOWN);
	took_one(both, 9, VM_CHANGE_CRASHED);
	assert_true(take(both));
	assert_int_equal(told.many.change, VM_CHANGE_SHUTDOWN);
	assert_int_equal(told.many.n_octets, 4);
	assert_int_equal(told.many.octets[0], 0x80);
	assert_int_equal(told.many.octets[1], 0x20);
	assert_int_equal(told.many.octets[2], 0x08);
	assert_int_equal(told.many.octets[3], 0x02);
	assert_false(take(both));

	assert_int_equal(vm_bulk_encode(&told.many, binds), 2);
	assert_int_equal(binds[0].value.oid->ids[8], 13); /* vmBulkShutdown */
	assert_int_equal(binds[1].oid.ids[8], 11);        /* vmAffectedVMs */
	assert_int_equal(binds[1].oid.len, 10);
	assert_int_equal(binds[1].value.n_octets, 4);
}

static void
each_mode_is_obeyed(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 10; i++)
		add(i, VM_CHANGE_RUNNING);
	assert_int_equal(vm_tell_wait_ms(tell, single, now_ms), 0);
	for (uint32_t i = 1; i <= 10; i++)
		took_one(single, i, VM_CHANGE_RUNNING);
	add(5, VM_CHANGE_PAUSED);
	assert_true(take(bulk));
	assert_int_equal(told.many.change, VM_CHANGE_PAUSED);
	assert_true(has(5));
	assert_false(has(4));
	add(5, VM_CHANGE_RUNNING);
	assert_false(take(none));
	assert_false(take(both)); /* what was not wanted is not kept */
	assert_int_equal(vm_tell_dropped(tell), 0);
}

/* A VM that paused and runs again is not told to run before it paused. */
static void
what_becomes_of_one_vm_is_told_in_order(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 5; i++)
		add(i, VM_CHANGE_RUNNING);
	add(6, VM_CHANGE_PAUSED);
	add(6, VM_CHANGE_RUNNING);
	add(1, VM_CHANGE_CRASHED);
	add(1, VM_CHANGE_RUNNING);
	assert_true(take(both));
	for (uint32_t i = 1; i <= 5; i++)
		assert_true(has(i));
	assert_false(has(6));
	took_one(both, 6, VM_CHANGE_PAUSED);
	took_one(both, 6, VM_CHANGE_RUNNING);
	took_one(both, 1, VM_CHANGE_CRASHED);
	took_one(both, 1, VM_CHANGE_RUNNING);
	assert_false(take(both));
}

static void
numbers_without_a_bit_are_told_one_by_one(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		add(VM_BULK_INDEX_MAX - 3 + i, VM_CHANGE_DELETED);
	assert_true(take(both));
	assert_int_equal(told.many.n_octets, VM_BULK_OCTETS);
	assert_true(has(VM_BULK_INDEX_MAX));
	for (uint32_t i = 1; i <= 4; i++)
		took_one(both, VM_BULK_INDEX_MAX + i, VM_CHANGE_DELETED);
	add(INT32_MAX, VM_CHANGE_PAUSED);
	add(1, VM_CHANGE_PAUSED);
	assert_true(take(bulk));
	assert_true(has(1));
	assert_int_equal(told.many.n_octets, 1);
	assert_int_equal(vm_tell_dropped(tell), 1);
}

static void
a_storm_is_slowed_down_and_bounded(void **state)
{
	const int64_t start_ms = now_ms;
	size_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < 2 * VM_TELL_WAITING_MAX; i++)
		add(i + 1, VM_CHANGE_RUNNING);
	assert_int_equal(vm_tell_dropped(tell), VM_TELL_WAITING_MAX);
	while (take(single))
		n++;
	assert_int_equal(n, VM_TELL_WAITING_MAX);
	assert_in_range(now_ms - start_ms,
			(n - ALARMS_ALL_BURST - 1) * ALARMS_ALL_EVERY_MS,
			n * ALARMS_ALL_EVERY_MS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_few_are_told_by_themselves_after_the_wait),
		TEST(many_to_one_state_are_told_at_once),
		TEST(each_mode_is_obeyed),
		TEST(what_becomes_of_one_vm_is_told_in_order),
		TEST(numbers_without_a_bit_are_told_one_by_one),
		TEST(a_storm_is_slowed_down_and_bounded),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
