/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of alarms: what is one, for how long, what is told of it, and that
 * whoever hears all that is told knows how it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/alarms.h"
#include "agent/limit.h"
#include "tests/unit/agent/tree.h"

enum { INTERVAL_MS = ALARMS_INTERVAL_MS, HEARD_MAX = 4096 };

static struct alarms *alarms;
static struct node_report *report;
static int64_t now_ms;
static struct node_notice heard[HEARD_MAX];
static size_t n_heard;

static int
setup(void **state)
{
	(void)state;
	alarms = alarms_new(INTERVAL_MS);
	report = node_report_new();
	SET(report->host.name, "h1");
	report->host.health = HEALTH_OK;
	report->cpu.uniform = true;
	report->n_datastores = 2;
	report->datastores = calloc(2, sizeof(*report->datastores));
	for (uint32_t i = 0; i < 2; i++) {
		report->datastores[i].index = 11 + i;
		report->datastores[i].state = DATASTORE_OK;
		snprintf(report->datastores[i].name, REPORT_NAME_LEN, "ds%u",
			 i);
	}
	report->n_sources = 1;
	report->sources = calloc(1, sizeof(*report->sources));
	report->sources[0].index = 3;
	report->sources[0].status = HEALTH_OK;
	SET(report->sources[0].name, "libvirt");
	now_ms = 1000000;
	n_heard = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	alarms_free(alarms);
	node_report_free(report);
	return 0;
}

static void
listen_now(void)
{
	while (n_heard < HEARD_MAX &&
	       alarms_take_notice(alarms, now_ms, &heard[n_heard]))
		n_heard++;
}

static void
look(void)
{
	alarms_look(alarms, report, now_ms, (uint64_t)now_ms / 1000);
	listen_now();
}

/* As the agent does it: four reports in a second. */
static void
pass(int64_t ms)
{
	for (int64_t end_ms = now_ms + ms; now_ms < end_ms; now_ms += 250)
		look();
}

static size_t
list(struct detail_alarm rows[8])
{
	size_t n = alarms_list(alarms, rows, 8);

	assert_int_equal(n, alarms_count(alarms));
	return n;
}

static enum notice_severity
last_heard(uint32_t condition)
{
	for (size_t i = n_heard; i-- > 0;)
		if (heard[i].condition == condition)
			return heard[i].severity;
	return NOTICE_CLEARED;
}

/* --- conditions ----------------------------------------------------------- */

static void
a_healthy_host_has_no_alarms(void **state)
{
	struct detail_alarm rows[8];

	(void)state;
	pass(120000);
	assert_int_equal(n_heard, 0);
	assert_int_equal(list(rows), 0);
	assert_int_equal(alarms_wait_ms(alarms, now_ms), -1);
}

static void
a_lost_datastore_is_told_at_once_and_back_when_it_is_steady(void **state)
{
	struct detail_alarm rows[8];

	(void)state;
	report->datastores[1].state = DATASTORE_LOST;
	look();
	assert_int_equal(n_heard, 1);
	assert_int_equal(heard[0].kind, NOTICE_DATASTORE_LOST);
	assert_int_equal(heard[0].severity, NOTICE_CRITICAL);
	assert_int_equal(heard[0].condition, 0x0100000c);
	assert_int_equal(heard[0].datastore_index, 12);
	assert_string_equal(heard[0].datastore_name, "ds1");
	assert_string_equal(heard[0].text,
			    "datastore ds1 does not answer any more");
	assert_int_equal(list(rows), 1);
	assert_string_equal(rows[0].kind, "datastore-lost");
	assert_int_equal(rows[0].since_s, now_ms / 1000);
	assert_int_equal(rows[0].count, 1);

	report->datastores[1].state = DATASTORE_OK;
	pass(2900);
	assert_int_equal(n_heard, 1);
	pass(1000);
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard[1].kind, NOTICE_DATASTORE_BACK);
	assert_int_equal(heard[1].condition, heard[0].condition);
	assert_string_equal(heard[1].text, "datastore ds1 is back");
	assert_int_equal(list(rows), 0);
}

static void
what_is_unknown_neither_raises_nor_clears(void **state)
{
	(void)state;
	report->datastores[0].state = DATASTORE_UNKNOWN;
	report->sources[0].status = HEALTH_UNKNOWN;
	report->host.health = HEALTH_UNKNOWN;
	pass(60000);
	assert_int_equal(n_heard, 0);
	report->datastores[0].state = DATASTORE_LOST;
	look();
	report->datastores[0].state = DATASTORE_UNKNOWN;
	pass(60000);
	assert_int_equal(n_heard, 1);
}

static void
a_short_failure_of_a_source_is_none(void **state)
{
	(void)state;
	report->sources[0].status = HEALTH_DEGRADED;
	pass(2000);
	report->sources[0].status = HEALTH_OK;
	pass(1000);
	report->sources[0].status = HEALTH_DEGRADED;
	pass(2000);
	assert_int_equal(n_heard, 0);
}

static void
a_source_gets_worse_under_the_same_condition(void **state)
{
	struct detail_alarm rows[8];

	(void)state;
	report->sources[0].status = HEALTH_DEGRADED;
	SET(report->sources[0].last_error, "no answer in 5000 ms");
	pass(4000);
	assert_int_equal(n_heard, 1);
	assert_int_equal(heard[0].kind, NOTICE_ALARM_RAISED);
	assert_int_equal(heard[0].severity, NOTICE_WARNING);
	assert_string_equal(heard[0].alarm, "source");
	assert_string_equal(heard[0].subject, "libvirt");
	assert_string_equal(heard[0].text,
			    "source libvirt fails: no answer in 5000 ms");
	report->sources[0].status = HEALTH_FAILED;
	look();
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard[1].severity, NOTICE_MAJOR);
	assert_int_equal(heard[1].condition, heard[0].condition);
	assert_int_equal(list(rows), 1);
	assert_int_equal(rows[0].count, 1);
}

static void
pressure_has_to_last(void **state)
{
	(void)state;
	report->load.psi_present = true;
	report->load.psi_mem_full_pm = 101;
	pass(9000);
	report->load.psi_mem_full_pm = 80; /* between: neither */
	pass(5000);
	report->load.psi_mem_full_pm = 300;
	pass(9750);
	assert_int_equal(n_heard, 0);
	pass(1000);
	assert_int_equal(n_heard, 1);
	assert_string_equal(heard[0].alarm, "memory-pressure");
	assert_non_null(strstr(heard[0].text, "300 per mille"));
	report->load.psi_mem_full_pm = 80;
	pass(60000);
	assert_int_equal(n_heard, 1);
	report->load.psi_mem_full_pm = 0;
	pass(11000);
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard[1].kind, NOTICE_ALARM_CLEARED);
}

static void
swapping_is_growth_and_not_use(void **state)
{
	(void)state;
	report->load.swap_used_kib = 5000000;
	pass(60000);
	for (int i = 0; i < 60; i++) { /* 1 MiB/s: below the limit */
		report->load.swap_used_kib += 1024;
		pass(1000);
	}
	report->load.swap_used_kib = 100;
	pass(1000);
	assert_int_equal(n_heard, 0);
	report->load.swap_used_kib += 20000;
	pass(30000);
	assert_int_equal(n_heard, 1);
	assert_string_equal(heard[0].alarm, "swapping");
	report->load.swap_used_kib += 20000;
	pass(50000);
	assert_int_equal(n_heard, 1);
	pass(11000);
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard[1].kind, NOTICE_ALARM_CLEARED);
}

static void
a_bmc_has_half_a_minute_to_restart(void **state)
{
	(void)state;
	pass(60000); /* none is configured */
	report->bmc.present = true;
	pass(29000);
	assert_int_equal(n_heard, 0);
	pass(2000);
	assert_int_equal(n_heard, 1);
	assert_string_equal(heard[0].text, "the BMC of h1 does not answer");
}

static void
cpus_that_were_not_read_do_not_differ(void **state)
{
	(void)state;
	report->cpu.uniform = false;
	pass(5000);
	assert_int_equal(n_heard, 0);
	report->cpu.online = 8;
	look();
	assert_int_equal(n_heard, 1);
}

static void
stopping_is_in_the_table_but_told_by_another_notice(void **state)
{
	struct detail_alarm rows[8];

	(void)state;
	report->host.stopping = true;
	look();
	assert_int_equal(n_heard, 0);
	assert_int_equal(list(rows), 1);
	assert_string_equal(rows[0].kind, "stopping");
}

static void
a_row_that_vanishes_takes_its_alarm_along(void **state)
{
	struct detail_alarm rows[8];

	(void)state;
	report->datastores[1].state = DATASTORE_LOST;
	look();
	report->n_datastores = 1;
	pass(4000);
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard[1].kind, NOTICE_DATASTORE_BACK);
	assert_string_equal(heard[1].subject, "ds1");
	assert_int_equal(list(rows), 0);
	report->n_datastores = 2;
}

static void
conditions_are_the_same_after_a_restart(void **state)
{
	(void)state;
	report->sources[0].status = HEALTH_FAILED;
	pass(4000);
	uint32_t condition = heard[0].condition;

	alarms_free(alarms);
	alarms = alarms_new(INTERVAL_MS);
	n_heard = 0;
	pass(4000);
	assert_int_equal(heard[0].condition, condition);
	assert_int_equal(alarm_condition(ALARM_SOURCE, 0x12000003), condition);
}

/* --- limits --------------------------------------------------------------- */

static void
a_bucket_gives_its_burst_and_then_its_rate(void **state)
{
	struct limit limit = { 0 };
	const struct limit_rate rate = { 20, 100 }, none = { 0, 1 };
	unsigned n = 0;

	(void)state;
	for (int64_t t = 5000; t < 7000; t++)
		if (limit_wait_ms(&limit, rate, t) == 0) {
			limit_take(&limit, rate, t);
			n++;
			if (t == 5000)
				t--;
		}
	assert_in_range(n, 198, 201);
	for (n = 0; n < 1000; n++) {
		assert_int_equal(limit_wait_ms(&limit, none, 99999), 0);
		limit_take(&limit, none, 99999);
	}
}

static void
a_flapping_condition_is_told_twice_and_then_by_the_interval(void **state)
{
	struct detail_alarm rows[8];
	size_t own = 0, storms = 0;

	(void)state;
	for (int i = 0; i < 75; i++) { /* 10 minutes, up and down */
		report->datastores[0].state = DATASTORE_LOST;
		pass(4000);
		assert_int_equal(list(rows), 1); /* always right */
		report->datastores[0].state = DATASTORE_OK;
		pass(4000);
		assert_int_equal(list(rows), 0);
	}
	for (size_t i = 0; i < n_heard; i++)
		*(heard[i].kind == NOTICE_STORM ? &storms : &own) += 1;
	assert_in_range(own, 40, 62);
	assert_in_range(storms, 9, 11);
	pass(20000);
	assert_int_equal(last_heard(alarm_condition(ALARM_DATASTORE_LOST, 11)),
			 NOTICE_CLEARED);
}

static void
what_came_and_went_between_two_tellings_is_not_told(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) { /* told, told; swallowed, swallowed */
		report->datastores[0].state = DATASTORE_LOST;
		look();
		report->datastores[0].state = DATASTORE_OK;
		pass(3250);
	}
	assert_int_equal(n_heard, 2);
	pass(60000);
	assert_int_equal(n_heard, 3);
	assert_int_equal(heard[2].kind, NOTICE_STORM);
	assert_int_equal(heard[2].suppressed, alarms_suppressed(alarms));
	assert_int_equal(heard[2].suppressed, 2);
}

static struct node_notice
crash_number(uint32_t n)
{
	struct node_notice notice = { .kind = NOTICE_VM_CRASH,
				      .severity = NOTICE_MAJOR,
				      .vm_index = n };

	return notice;
}

static void
events_are_limited_and_the_last_one_is_told(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 1000; i++) {
		struct node_notice notice = crash_number(i);

		alarms_add_event(alarms, ALARM_VM_CRASH, 5, &notice, now_ms);
		listen_now();
	}
	assert_int_equal(n_heard, 2);
	assert_int_equal(alarms_suppressed(alarms), 997);
	assert_int_equal(alarms_wait_ms(alarms, now_ms),
			 ALARMS_STORM_GATHER_MS);
	now_ms += INTERVAL_MS;
	listen_now();
	assert_int_equal(n_heard, 4); /* and the storm */
	assert_int_equal(heard[2].vm_index, 1000);
	assert_int_equal(heard[3].suppressed, 997);
}

static void
a_crash_of_everything_is_told_at_fifty_a_second(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 400; i++) {
		struct node_notice notice = crash_number(i);

		alarms_add_event(alarms, ALARM_VM_CRASH, i, &notice, now_ms);
	}
	listen_now();
	assert_int_equal(n_heard, ALARMS_ALL_BURST);
	now_ms += 1000;
	listen_now();
	assert_int_equal(n_heard, ALARMS_ALL_BURST + 50);
	for (int i = 0; i < 500; i++, now_ms += 20)
		listen_now();
	assert_int_equal(n_heard, 400); /* none is lost, no storm */
	assert_int_equal(heard[399].vm_index, 400);
}

/* --- whoever hears all knows all ------------------------------------------ */

static uint32_t
roll(uint32_t *luck)
{
	*luck ^= *luck << 13;
	*luck ^= *luck >> 17;
	*luck ^= *luck << 5;
	return *luck >> 8;
}

static void
disturb(uint32_t *luck)
{
	static const enum report_datastore_state states[] = {
		DATASTORE_OK, DATASTORE_STALE, DATASTORE_LOST,
		DATASTORE_READ_ONLY, DATASTORE_UNKNOWN
	};

	for (size_t i = 0; i < report->n_datastores; i++)
		if (roll(luck) % 8 == 0)
			report->datastores[i].state = states[roll(luck) % 5];
	if (roll(luck) % 8 == 0)
		report->sources[0].status =
			(enum report_health)(1 + roll(luck) % 5);
	if (roll(luck) % 16 == 0)
		report->load.swap_used_kib = roll(luck) % 100000;
}

static void
compare_with_what_was_heard(void)
{
	struct detail_alarm rows[8];
	size_t n = list(rows);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(last_heard(rows[i].condition),
				 rows[i].severity);
	for (size_t i = 0; i < n_heard; i++) {
		bool raised = false;

		for (size_t j = 0; j < n; j++)
			raised |= rows[j].condition == heard[i].condition;
		if (heard[i].condition != 0 && !raised)
			assert_int_equal(last_heard(heard[i].condition),
					 NOTICE_CLEARED);
	}
}

static void
in_the_end_the_listener_knows_how_it_stands(void **state)
{
	uint32_t luck = 20261128;

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 400; i++) {
			disturb(&luck);
			pass(250);
		}
		pass(INTERVAL_MS + 61000); /* it calms down, as it is */
		compare_with_what_was_heard();
		n_heard = n_heard > HEARD_MAX / 2 ? 0 : n_heard;
		if (n_heard == 0) { /* the listener reads all anew */
			teardown(NULL);
			setup(NULL);
		}
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_healthy_host_has_no_alarms),
		TEST(a_lost_datastore_is_told_at_once_and_back_when_it_is_steady),
		TEST(what_is_unknown_neither_raises_nor_clears),
		TEST(a_short_failure_of_a_source_is_none),
		TEST(a_source_gets_worse_under_the_same_condition),
		TEST(pressure_has_to_last),
		TEST(swapping_is_growth_and_not_use),
		TEST(a_bmc_has_half_a_minute_to_restart),
		TEST(cpus_that_were_not_read_do_not_differ),
		TEST(stopping_is_in_the_table_but_told_by_another_notice),
		TEST(a_row_that_vanishes_takes_its_alarm_along),
		TEST(conditions_are_the_same_after_a_restart),
		TEST(a_bucket_gives_its_burst_and_then_its_rate),
		TEST(a_flapping_condition_is_told_twice_and_then_by_the_interval),
		TEST(what_came_and_went_between_two_tellings_is_not_told),
		TEST(events_are_limited_and_the_last_one_is_told),
		TEST(a_crash_of_everything_is_told_at_fifty_a_second),
		TEST(in_the_end_the_listener_knows_how_it_stands),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
