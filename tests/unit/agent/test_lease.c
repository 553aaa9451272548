/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the lease with a time and a watchdog of our own: whatever happens,
 * it has fired by the bound, and not while the lease is held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/lease.h"

enum { L = 20000 };

static struct lease
make(enum lease_device device)
{
	struct lease lease;

	lease_init(&lease);
	lease.device = device;
	lease_control(&lease, true, L);
	return lease;
}

/* The order at `now`, which has to be one to set; it ends well at once. */
static struct lease_order
set_at(struct lease *lease, int64_t now_ms)
{
	struct lease_order order = lease_next(lease, now_ms);

	assert_int_equal(order.what, LEASE_SET);
	lease_ended(lease, &order, LEASE_DONE, order.until_ms, now_ms);
	return order;
}

static void
nothing_at(struct lease *lease, int64_t now_ms)
{
	assert_int_equal(lease_next(lease, now_ms).what, LEASE_NOTHING);
}

/* --- the timeline --------------------------------------------------------- */

static void
what_is_off_is_never_armed(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_control(&lease, false, L);
	lease_contact(&lease, LEASE_BY_DATASTORE, 1000, 1000);
	nothing_at(&lease, 1000);
	assert_int_equal(lease_state(&lease, 1000), LEASE_STATE_OFF);
	assert_int_equal(lease_left_ms(&lease, 1000), 0);
}

static void
it_is_armed_by_the_first_contact_and_not_before(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	for (int64_t now_ms = 0; now_ms < 100000; now_ms += 1000)
		nothing_at(&lease, now_ms);
	assert_int_equal(lease_state(&lease, 100000), LEASE_STATE_WAITING);
	lease_contact(&lease, LEASE_BY_DATASTORE, 99900, 100000);
	struct lease_order order = set_at(&lease, 100000);
	assert_int_equal(order.until_ms, 99900 + LEASE_FIRE_MS(L));
	assert_int_equal(order.sent_by_ms, 99900 + L);
	assert_int_equal(lease_state(&lease, 100000), LEASE_STATE_HELD);
	assert_int_equal(lease.times_armed, 1);
}

static void
an_old_contact_does_not_arm_it(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 1000, 1000 + L);
	nothing_at(&lease, 1000 + L);
	assert_int_equal(lease_state(&lease, 1000 + L), LEASE_STATE_WAITING);
}

static void
the_timeline_is_as_it_is_written(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	set_at(&lease, 0);
	assert_int_equal(lease_next(&lease, 10).wake_ms, L - 10);
	lease_contact(&lease, LEASE_BY_DATASTORE, 2499, 2499);
	nothing_at(&lease, 2499);
	lease_contact(&lease, LEASE_BY_DATASTORE, 2500, 2500);
	assert_int_equal(set_at(&lease, 2500).until_ms, 27500);

	assert_int_equal(lease_state(&lease, 22499), LEASE_STATE_HELD);
	assert_int_equal(lease_state(&lease, 22500), LEASE_STATE_LOST);
	for (int64_t now_ms = 2501; now_ms < 60000; now_ms += 333)
		nothing_at(&lease, now_ms);
	assert_int_equal(lease_bound_ms(&lease), 35500);
	assert_int_equal(lease_left_ms(&lease, 22500), 5000);

	lease.device = LEASE_DEVICE_FILE;
	assert_int_equal(lease_bound_ms(&lease), 30000);
}

static void
either_contact_holds_it(void **state)
{
	struct lease lease = make(LEASE_DEVICE_FILE);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	set_at(&lease, 0);
	lease_contact(&lease, LEASE_BY_COORDINATOR, 15000, 15000);
	set_at(&lease, 15000);
	assert_int_equal(lease_state(&lease, 34999), LEASE_STATE_HELD);
	assert_int_equal(lease_state(&lease, 35000), LEASE_STATE_LOST);
}

static void
a_new_contact_saves_a_lost_lease(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	set_at(&lease, 0);
	nothing_at(&lease, 23000);
	lease_contact(&lease, LEASE_BY_COORDINATOR, 23500, 23500);
	assert_int_equal(set_at(&lease, 23500).until_ms,
			 23500 + LEASE_FIRE_MS(L));
	assert_int_equal(lease_state(&lease, 23500), LEASE_STATE_HELD);
	assert_int_equal(lease.times_armed, 1);
}

static void
contacts_do_not_go_back_nor_ahead(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 5000, 5000);
	lease_contact(&lease, LEASE_BY_DATASTORE, 4000, 5000);
	assert_int_equal(lease.contact_ms[LEASE_BY_DATASTORE], 5000);
	lease_contact(&lease, LEASE_BY_COORDINATOR, 99000, 6000);
	assert_int_equal(lease.contact_ms[LEASE_BY_COORDINATOR], 6000);
}

/* --- trouble -------------------------------------------------------------- */

static void
one_order_at_a_time(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	struct lease_order order = lease_next(&lease, 0);
	assert_int_equal(order.what, LEASE_SET);
	lease_contact(&lease, LEASE_BY_DATASTORE, 9000, 9000);
	nothing_at(&lease, 9000);
	lease_ended(&lease, &order, LEASE_DONE, order.until_ms, 9000);
	assert_int_equal(set_at(&lease, 9000).until_ms, 34000);
}

static void
what_arrived_late_is_corrected(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	struct lease_order order = lease_next(&lease, 0);
	lease_ended(&lease, &order, LEASE_DONE,
		    order.until_ms + LEASE_LATE_MS + 1, 3000);
	order = set_at(&lease, 3000);
	assert_int_equal(order.until_ms, LEASE_FIRE_MS(L));
	nothing_at(&lease, 3000);

	/* Also when the lease is lost meanwhile: it makes it earlier. */
	lease.fires_ms += 5000;
	order = set_at(&lease, L + 1000);
	assert_int_equal(order.until_ms, LEASE_FIRE_MS(L));
}

static void
an_order_that_nobody_answered_for_is_repeated_and_counts_as_late(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	struct lease_order order = lease_next(&lease, 0);
	lease_ended(&lease, &order, LEASE_UNSURE, 0, 2000);
	assert_int_equal(lease_state(&lease, 2000), LEASE_STATE_FAILED);
	assert_int_equal(lease_left_ms(&lease, 2000),
			 LEASE_FIRE_MS(L) + LEASE_UNSURE_MS - 2000);
	assert_int_equal(lease_next(&lease, 2000).wake_ms, LEASE_RETRY_MS);
	assert_int_equal(set_at(&lease, 3000).until_ms, LEASE_FIRE_MS(L));
	assert_int_equal(lease_state(&lease, 3000), LEASE_STATE_HELD);
	assert_int_equal(lease_left_ms(&lease, 3000), LEASE_FIRE_MS(L) - 3000);
}

static void
a_device_that_refuses_is_asked_again_while_the_lease_is_held(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	for (int64_t now_ms = 0; now_ms < L; now_ms += LEASE_RETRY_MS) {
		struct lease_order order = lease_next(&lease, now_ms);

		assert_int_equal(order.what, LEASE_SET);
		lease_ended(&lease, &order, LEASE_FAILED, 0, now_ms);
		assert_int_equal(lease_state(&lease, now_ms),
				 LEASE_STATE_FAILED);
	}
	nothing_at(&lease, L);
	assert_int_equal(lease_left_ms(&lease, L), 0);
}

static void
an_order_that_came_too_late_was_none(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	struct lease_order order = lease_next(&lease, 0);
	lease_ended(&lease, &order, LEASE_TOO_LATE, 0, L);
	assert_false(lease.armed);
	assert_int_equal(lease_state(&lease, L), LEASE_STATE_WAITING);
}

/* --- control -------------------------------------------------------------- */

static void
turned_off_it_is_disarmed_and_tried_until_it_is(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	set_at(&lease, 0);
	lease_control(&lease, false, L);
	struct lease_order order = lease_next(&lease, 100);
	assert_int_equal(order.what, LEASE_CLEAR);
	lease_ended(&lease, &order, LEASE_FAILED, 0, 100);
	assert_int_equal(lease_state(&lease, 100), LEASE_STATE_FAILED);
	order = lease_next(&lease, 100 + LEASE_RETRY_MS);
	assert_int_equal(order.what, LEASE_CLEAR);
	lease_ended(&lease, &order, LEASE_DONE, 0, 1200);
	assert_int_equal(lease_state(&lease, 1200), LEASE_STATE_OFF);
	nothing_at(&lease, 1200);
}

static void
a_shorter_lease_counts_at_once(void **state)
{
	struct lease lease = make(LEASE_DEVICE_BMC);

	(void)state;
	lease_control(&lease, true, 600000);
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	set_at(&lease, 0);
	lease_control(&lease, true, 8000);
	assert_int_equal(set_at(&lease, 1000).until_ms, 10000);

	/* Even where its time is up already. */
	lease_control(&lease, true, 600000);
	lease_contact(&lease, LEASE_BY_DATASTORE, 20000, 20000);
	set_at(&lease, 20000);
	lease_control(&lease, true, 8000);
	assert_int_equal(set_at(&lease, 40000).until_ms,
			 40000 + LEASE_LEFT_MIN_MS);
	nothing_at(&lease, 40000);
	assert_int_equal(lease_state(&lease, 40000), LEASE_STATE_LOST);
}

static void
without_a_device_nothing_is_promised(void **state)
{
	struct lease lease = make(LEASE_DEVICE_NONE);

	(void)state;
	lease_contact(&lease, LEASE_BY_DATASTORE, 0, 0);
	nothing_at(&lease, 0);
	assert_int_equal(lease_state(&lease, 0), LEASE_STATE_NO_DEVICE);
	assert_int_equal(lease_bound_ms(&lease), 0);
	lease.device = LEASE_DEVICE_UNKNOWN;
	assert_int_equal(lease_state(&lease, 0), LEASE_STATE_WAITING);
}

/* --- any order of things -------------------------------------------------- */

static uint32_t luck;

static uint32_t
roll(uint32_t below)
{
	luck = luck * 1664525u + 1013904223u;
	return (luck >> 8) % below;
}

/* A BMC, orders that arrive late, fail or are lost, and who looks at it. */
struct world {
	struct lease lease;
	int64_t now_ms, contact_ms, fires_ms; /* -1: none, not armed */
	struct lease_order order;
	int64_t arrives_ms, answers_ms;
	enum lease_result result;
};

static void
send_order(struct world *w)
{
	w->order = lease_next(&w->lease, w->now_ms);
	if (w->order.what == LEASE_NOTHING)
		return;
	w->result = roll(8) == 0 ? LEASE_FAILED : LEASE_DONE;
	w->arrives_ms = w->now_ms + 1 + roll(roll(10) == 0 ? 900 : 30);
	w->answers_ms = w->arrives_ms + roll(50);
	if (w->result == LEASE_FAILED)
		w->arrives_ms = INT64_MAX;
}

/* As the worker does it: what is left is reckoned when it is done. */
static void
device_step(struct world *w)
{
	if (w->arrives_ms == w->now_ms) {
		if (w->now_ms < w->order.sent_by_ms)
			w->fires_ms =
				w->now_ms +
				(w->order.until_ms - w->now_ms) / 100 * 100;
		else
			w->result = LEASE_TOO_LATE;
	}
	if (w->answers_ms == w->now_ms) {
		lease_ended(&w->lease, &w->order, w->result, w->order.until_ms,
			    w->now_ms);
		w->answers_ms = w->arrives_ms = -1;
	}
}

static void
live(struct world *w, int64_t ms, uint32_t contact_every_ms)
{
	for (int64_t end_ms = w->now_ms + ms; w->now_ms < end_ms; w->now_ms++) {
		if (contact_every_ms > 0 && roll(contact_every_ms) == 0) {
			w->contact_ms = w->now_ms;
			lease_contact(&w->lease, roll(2), w->now_ms, w->now_ms);
		}
		device_step(w);
		/* The loop stalls now and then. */
		if (w->answers_ms < 0 && w->now_ms % 10 == 0 && roll(20) != 0)
			send_order(w);
		if (w->fires_ms >= 0 && w->now_ms >= w->fires_ms)
			return;
	}
}

static void
it_fires_between_lost_and_bound_and_never_while_held(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 200; seed++) {
		struct world w = { .contact_ms = -1,
				   .fires_ms = -1,
				   .arrives_ms = -1,
				   .answers_ms = -1 };

		luck = seed;
		w.lease = make(LEASE_DEVICE_BMC);
		live(&w, 20000 + roll(60000), 1000);
		assert_true(w.fires_ms > w.now_ms);
		live(&w, 60000, 0); /* cut off */
		if (w.now_ms < w.contact_ms + L ||
		    w.now_ms > w.contact_ms + lease_bound_ms(&w.lease))
			fail_msg("seed %u: fired %lld ms after the contact",
				 seed, (long long)(w.now_ms - w.contact_ms));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_off_is_never_armed),
		cmocka_unit_test(
			it_is_armed_by_the_first_contact_and_not_before),
		cmocka_unit_test(an_old_contact_does_not_arm_it),
		cmocka_unit_test(the_timeline_is_as_it_is_written),
		cmocka_unit_test(either_contact_holds_it),
		cmocka_unit_test(a_new_contact_saves_a_lost_lease),
		cmocka_unit_test(contacts_do_not_go_back_nor_ahead),
		cmocka_unit_test(one_order_at_a_time),
		cmocka_unit_test(what_arrived_late_is_corrected),
		cmocka_unit_test(
			an_order_that_nobody_answered_for_is_repeated_and_counts_as_late),
		cmocka_unit_test(
			a_device_that_refuses_is_asked_again_while_the_lease_is_held),
		cmocka_unit_test(an_order_that_came_too_late_was_none),
		cmocka_unit_test(
			turned_off_it_is_disarmed_and_tried_until_it_is),
		cmocka_unit_test(a_shorter_lease_counts_at_once),
		cmocka_unit_test(without_a_device_nothing_is_promised),
		cmocka_unit_test(
			it_fires_between_lost_and_bound_and_never_while_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
