/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of heartbeat slots, of whose slot it is, of ages, and of a datastore's
 * state, with a time of our own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/beats.h"
#include "agent/datastore.h"
#include "agent/source.h"
#include "tests/unit/agent/tree.h"

#define UUID_1 "11111111-1111-4111-8111-111111111112"
#define UUID_2 "22222222-2222-4222-8222-222222222223"
#define BOOT_A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaab"
#define BOOT_B "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbc"

static struct slot
make(uint32_t number, const char *uuid, const char *boot, uint64_t sequence)
{
	struct slot slot = { .number = number, .sequence = sequence };

	SET(slot.host_uuid, uuid);
	SET(slot.boot_id, boot);
	SET(slot.name, "h");
	return slot;
}

/* --- bytes ---------------------------------------------------------------- */

static void
a_slot_survives_the_way_to_disk_and_back(void **state)
{
	const struct slot slot = make(3, UUID_1, BOOT_A, 0x1122334455667788);
	uint8_t bytes[SLOT_SIZE];
	struct slot back;

	(void)state;
	slot_encode(&slot, bytes);
	assert_memory_equal(bytes, "IRONHB01", 8);
	assert_int_equal(bytes[16], 0x88); /* little-endian */
	assert_int_equal(slot_decode(bytes, 3, &back), 0);
	assert_memory_equal(&back, &slot, sizeof(slot));
}

static void
every_flipped_bit_is_found(void **state)
{
	const struct slot slot = make(3, UUID_1, BOOT_A, 9);
	uint8_t bytes[SLOT_SIZE];
	struct slot back = make(1, UUID_2, BOOT_B, 1);

	(void)state;
	slot_encode(&slot, bytes);
	for (size_t i = 0; i < SLOT_SIZE; i++)
		for (int bit = 0; bit < 8; bit += i < 200 ? 1 : 7) {
			bytes[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(slot_decode(bytes, 3, &back),
					 -EBADMSG);
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	assert_int_equal(back.sequence, 1); /* untouched on failure */
}

static void
a_torn_write_is_found(void **state)
{
	const struct slot old = make(3, UUID_1, BOOT_A, 9);
	const struct slot new = make(3, UUID_1, BOOT_A, 10);
	uint8_t first[SLOT_SIZE], second[SLOT_SIZE];
	struct slot back;

	(void)state;
	slot_encode(&old, first);
	slot_encode(&new, second);
	memcpy(first, second, 512); /* the new first sector, the old rest */
	assert_int_equal(slot_decode(first, 3, &back), -EBADMSG);
}

static void
an_unused_slot_is_no_error_and_a_foreign_one_is(void **state)
{
	const struct slot slot = make(3, UUID_1, BOOT_A, 9);
	uint8_t bytes[SLOT_SIZE] = { 0 };
	struct slot back;

	(void)state;
	assert_int_equal(slot_decode(bytes, 3, &back), -ENOENT);
	slot_encode(&slot, bytes);
	assert_int_equal(slot_decode(bytes, 4, &back), -EBADMSG);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(slot_decode(bytes, 3, &back), -EBADMSG);
}

static void
a_slot_with_a_right_sum_over_odd_text_is_refused(void **state)
{
	struct slot slot = make(3, UUID_1, BOOT_A, 9), back;
	uint8_t bytes[SLOT_SIZE];

	(void)state;
	memset(slot.host_uuid, 'x', sizeof(slot.host_uuid));
	slot_encode(&slot, bytes);
	assert_int_equal(slot_decode(bytes, 3, &back), -EBADMSG);
}

/* --- ages ----------------------------------------------------------------- */

static uint32_t
age_of(const struct beats *beats, uint32_t slot, int64_t now_ms)
{
	return source_age(beats_find(beats, slot)->changed_ms, now_ms);
}

static void
age_counts_from_the_change_we_saw_not_from_the_first_look(void **state)
{
	struct beats beats = { 0 };
	struct slot slot = make(5, UUID_2, BOOT_A, 100);

	(void)state;
	beats_put(&beats, &slot, 1000);
	assert_int_equal(age_of(&beats, 5, 9000), REPORT_AGE_NEVER);
	beats_put(&beats, &slot, 2000); /* still the same */
	assert_int_equal(age_of(&beats, 5, 9000), REPORT_AGE_NEVER);
	slot.sequence++;
	beats_put(&beats, &slot, 3000);
	assert_int_equal(age_of(&beats, 5, 3400), 400);
	beats_put(&beats, &slot, 4000);
	assert_int_equal(age_of(&beats, 5, 4400), 1400);
	SET(slot.boot_id, BOOT_B); /* it came back from a reboot */
	slot.sequence = 1;
	beats_put(&beats, &slot, 5000);
	assert_int_equal(age_of(&beats, 5, 5000), 0);
	beats_done(&beats);
}

static void
slots_stay_sorted_and_those_gone_are_forgotten(void **state)
{
	struct beats beats = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 9; i++) {
		struct slot slot = make(i * 5 % 9, UUID_2, BOOT_A, 1);

		beats_put(&beats, &slot, 0);
	}
	assert_int_equal(beats.n, 9);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(beats.rows[i].slot.number, i);
	beats_begin(&beats);
	struct slot again = make(4, UUID_2, BOOT_A, 1);
	beats_put(&beats, &again, 0);
	beats_end(&beats);
	assert_int_equal(beats.n, 1);
	assert_non_null(beats_find(&beats, 4));
	assert_null(beats_find(&beats, 5));
	beats_done(&beats);
}

/* --- whose slot ----------------------------------------------------------- */

static void
a_free_slot_and_our_old_one_are_ours_at_once(void **state)
{
	const struct slot self = make(1, UUID_1, BOOT_B, 0);
	const struct slot old = make(1, UUID_1, BOOT_A, 77);
	struct claim claim = { .state = CLAIM_UNKNOWN };

	(void)state;
	claim_judge(&claim, &self, NULL, 0);
	assert_int_equal(claim.state, CLAIM_OURS);
	claim = (struct claim){ .state = CLAIM_UNKNOWN };
	claim_judge(&claim, &self, &old, 0);
	assert_int_equal(claim.state, CLAIM_OURS);
	assert_int_equal(claim.sequence, 77);   /* and goes on from there */
	claim_judge(&claim, &self, &old, 1000); /* our write is under way */
	assert_int_equal(claim.state, CLAIM_OURS);
}

static void
a_living_hosts_slot_is_never_taken(void **state)
{
	const struct slot self = make(1, UUID_1, BOOT_B, 0);
	struct slot other = make(1, UUID_2, BOOT_A, 1);
	struct claim claim = { .state = CLAIM_UNKNOWN };

	(void)state;
	for (int64_t now_ms = 0; now_ms < 100000; now_ms += 1000) {
		claim_judge(&claim, &self, &other, now_ms);
		assert_true(claim.state == CLAIM_WATCH ||
			    claim.state == CLAIM_FOREIGN);
		other.sequence += now_ms % 3000 == 0; /* a slow one */
	}
	assert_int_equal(claim.state, CLAIM_FOREIGN);
}

static void
a_slot_that_stands_still_is_taken_over_after_the_watch(void **state)
{
	const struct slot self = make(1, UUID_1, BOOT_B, 0);
	const struct slot other = make(1, UUID_2, BOOT_A, 1);
	struct claim claim = { .state = CLAIM_UNKNOWN };
	int64_t now_ms = 0;

	(void)state;
	for (; claim.state != CLAIM_OURS; now_ms += 100)
		claim_judge(&claim, &self, &other, now_ms);
	assert_in_range(now_ms, BEATS_CLAIM_MS,
			BEATS_CLAIM_MS + BEATS_CLAIM_SPREAD_MS + 200);
	claim_judge(&claim, &self, &other, now_ms);
	assert_int_equal(claim.state, CLAIM_OURS);
}

static void
somebody_else_in_our_slot_stops_the_beat(void **state)
{
	const struct slot self = make(1, UUID_1, BOOT_B, 0);
	const struct slot mine = make(1, UUID_1, BOOT_B, 3);
	const struct slot other = make(1, UUID_2, BOOT_A, 1);
	const struct slot clone = make(1, UUID_1, BOOT_A, 1);
	struct claim claim = { .state = CLAIM_OURS, .sequence = 4 };

	(void)state;
	claim_judge(&claim, &self, &mine, 0); /* the write before the last */
	assert_int_equal(claim.state, CLAIM_OURS);
	claim_judge(&claim, &self, &other, 0);
	assert_int_equal(claim.state, CLAIM_WATCH);
	claim = (struct claim){ .state = CLAIM_OURS, .sequence = 4 };
	claim_judge(&claim, &self, &clone, 0); /* a host with our UUID */
	assert_int_equal(claim.state, CLAIM_WATCH);
	claim_judge(&claim, &self, &clone, 1000);
	assert_int_equal(claim.state, CLAIM_WATCH);
}

/* --- state of a datastore ------------------------------------------------- */

static void
a_dead_storage_goes_slow_stale_lost_and_back(void **state)
{
	struct datastore_times times = { .lost_ms = 5000,
					 .started_ms = 0,
					 .good_ms = 10000,
					 .asked_ms = -1,
					 .took_ms = 3 };

	(void)state;
	assert_int_equal(datastore_state(&times, 10900), DATASTORE_OK);
	times.asked_ms = 11000;
	assert_int_equal(datastore_state(&times, 11499), DATASTORE_OK);
	assert_int_equal(datastore_state(&times, 11500), DATASTORE_SLOW);
	assert_int_equal(datastore_state(&times, 12499), DATASTORE_SLOW);
	assert_int_equal(datastore_state(&times, 12500), DATASTORE_STALE);
	assert_int_equal(datastore_state(&times, 14999), DATASTORE_STALE);
	assert_int_equal(datastore_state(&times, 15000), DATASTORE_LOST);
	times.asked_ms = -1; /* given up, the next one fails at once */
	assert_int_equal(datastore_state(&times, 16100), DATASTORE_LOST);
	times.good_ms = 17000;
	assert_int_equal(datastore_state(&times, 17001), DATASTORE_OK);
	times.took_ms = 600;
	assert_int_equal(datastore_state(&times, 17001), DATASTORE_SLOW);
}

static void
a_datastore_never_seen_is_unknown_before_it_is_lost(void **state)
{
	struct datastore_times times = { .lost_ms = 5000,
					 .started_ms = 1000,
					 .good_ms = -1,
					 .asked_ms = 1000 };

	(void)state;
	assert_int_equal(datastore_state(&times, 5999), DATASTORE_UNKNOWN);
	assert_int_equal(datastore_state(&times, 6000), DATASTORE_LOST);
}

static void
read_only_is_not_lost_unless_reads_hang_too(void **state)
{
	struct datastore_times times = { .lost_ms = 5000,
					 .started_ms = 0,
					 .good_ms = 1000,
					 .asked_ms = -1,
					 .read_only = true };

	(void)state;
	assert_int_equal(datastore_state(&times, 60000), DATASTORE_READ_ONLY);
	times.asked_ms = 60000;
	assert_int_equal(datastore_state(&times, 62500), DATASTORE_LOST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_survives_the_way_to_disk_and_back),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(a_torn_write_is_found),
		cmocka_unit_test(
			an_unused_slot_is_no_error_and_a_foreign_one_is),
		cmocka_unit_test(
			a_slot_with_a_right_sum_over_odd_text_is_refused),
		cmocka_unit_test(
			age_counts_from_the_change_we_saw_not_from_the_first_look),
		cmocka_unit_test(
			slots_stay_sorted_and_those_gone_are_forgotten),
		cmocka_unit_test(a_free_slot_and_our_old_one_are_ours_at_once),
		cmocka_unit_test(a_living_hosts_slot_is_never_taken),
		cmocka_unit_test(
			a_slot_that_stands_still_is_taken_over_after_the_watch),
		cmocka_unit_test(somebody_else_in_our_slot_stops_the_beat),
		cmocka_unit_test(a_dead_storage_goes_slow_stale_lost_and_back),
		cmocka_unit_test(
			a_datastore_never_seen_is_unknown_before_it_is_lost),
		cmocka_unit_test(read_only_is_not_lost_unless_reads_hang_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
