/* SPDX-License-Identifier: Apache-2.0 */
/* The logs of BMCs are followed: what of them becomes an event, once, and that
 * a log that goes mad comes to little; the whole way over a BMC of the farm. */
#include "tests/unit/coordinator/farm_world.h"

#include <sqlite3.h>

#include "scheduler/coordinator/execute.h"
#include "scheduler/coordinator/pet.h"

enum { HOUR_MS = 3600000 };

/* --- pure ---------------------------------------------------------------- */

static struct sel_entry storm[SEL_ENTRIES_MAX];

static struct sel_result
fill_storm(size_t n, enum ipmi_grade grade)
{
	for (size_t i = 0; i < n; i++) {
		storm[i] = (struct sel_entry){ .id = (uint16_t)(i + 1),
					       .time_s = 1772593965,
					       .grade = grade };
		snprintf(storm[i].text, sizeof(storm[i].text), "it hurts");
	}
	return (struct sel_result){ .entries = storm,
				    .n = n,
				    .position = { .known = true } };
}

static size_t
take(const struct sel_result *result, struct bmc_log_budget *budget,
     int64_t now_ms, struct record_news *news)
{
	struct store_bmc_log row = { .host = "h1" };

	return bmc_log_take(result, false, budget, now_ms, &row, news);
}

static void
a_storm_comes_to_ten_events_and_one_that_counts_the_rest(void **state)
{
	struct record_news news[BMC_LOG_NEWS_MAX];
	struct bmc_log_budget budget = { .more_ms = 0 };
	struct sel_result result = fill_storm(256, IPMI_GRADE_WARNING);

	(void)state;
	assert_int_equal(take(&result, &budget, 1000, news), BMC_LOG_BURST + 1);
	assert_string_equal(news[0].text,
			    "h1's BMC logged: it hurts (entry 0x1, 2026-03-04 "
			    "03:12:45 UTC by its clock)");
	assert_int_equal(news[0].severity, SEVERITY_WARNING);
	assert_non_null(
		strstr(news[BMC_LOG_BURST].text, "0 critical and 246 warning"));
	assert_int_equal(news[BMC_LOG_BURST].severity, SEVERITY_WARNING);
	/* Nor is it begun anew by the next reading. */
	assert_int_equal(take(&result, &budget, 1100, news), 0);
	/* What was hidden then is told later, and once. */
	result.n = 0;
	assert_int_equal(take(&result, &budget, 1000 + BMC_LOG_MORE_MS, news),
			 1);
	assert_non_null(strstr(news[0].text, "0 critical and 256 warning"));
	assert_int_equal(take(&result, &budget, (int64_t)9 * BMC_LOG_MORE_MS,
			      news),
			 0);
}

static void
a_storm_of_warnings_hides_no_critical_one(void **state)
{
	struct record_news news[BMC_LOG_NEWS_MAX];
	struct bmc_log_budget budget = { .more_ms = 0 };
	struct sel_result result = fill_storm(256, IPMI_GRADE_WARNING);

	(void)state;
	storm[255].grade = IPMI_GRADE_CRITICAL;
	assert_int_equal(take(&result, &budget, 1000, news), BMC_LOG_BURST + 2);
	assert_int_equal(news[BMC_LOG_BURST].severity, SEVERITY_CRITICAL);
	assert_non_null(strstr(news[BMC_LOG_BURST].text, "entry 0x100"));
}

/* The most there can be: each grade, for a day, at each look. */
static void
a_log_that_stays_mad_gets_a_few_events_an_hour(void **state)
{
	struct record_news news[BMC_LOG_NEWS_MAX];
	struct bmc_log_budget budget = { .more_ms = 0 };
	struct sel_result result = fill_storm(256, IPMI_GRADE_WARNING);
	size_t n = 0, last = 0;

	(void)state;
	for (size_t i = 0; i < 256; i += 2)
		storm[i].grade = IPMI_GRADE_CRITICAL;
	for (int64_t hour = 0; hour < 24; hour++) {
		last = 0;
		for (int64_t i = 0; i < HOUR_MS / BMC_LOG_GAP_MS; i++) {
			size_t told =
				take(&result, &budget,
				     1000 + hour * HOUR_MS + i * BMC_LOG_GAP_MS,
				     news);
			assert_true(told <= BMC_LOG_NEWS_MAX);
			last += told;
		}
		n += last;
	}
	/* 12 of each grade, and a count each minute. */
	assert_in_range(last, 80, 2 * 12 + 60 + 2);
	assert_in_range(n, 24 * 80, 24 * 86 + 2 * BMC_LOG_BURST);
}

static void
quiet_grades_are_not_told(void **state)
{
	struct record_news news[BMC_LOG_NEWS_MAX];
	struct bmc_log_budget budget = { .more_ms = 0 };
	struct sel_result result = fill_storm(20, IPMI_GRADE_INFO);

	(void)state;
	storm[7].grade = IPMI_GRADE_UNKNOWN;
	assert_int_equal(take(&result, &budget, 1000, news), 0);
	storm[7].grade = IPMI_GRADE_WARNING;
	storm[7].time_s = -1;
	assert_int_equal(take(&result, &budget, 1000, news), 1);
	assert_string_equal(news[0].text,
			    "h1's BMC logged: it hurts (entry 0x8)");
}

static void
a_full_log_is_told_once_until_it_is_emptied(void **state)
{
	struct record_news news[BMC_LOG_NEWS_MAX];
	struct bmc_log_budget budget = { .more_ms = 0 };
	struct store_bmc_log row = { .host = "h1" };
	struct sel_result result = { .overflow = true };

	(void)state;
	assert_int_equal(bmc_log_take(&result, true, &budget, 1000, &row, news),
			 1);
	assert_non_null(strstr(news[0].text, "is full and loses events"));
	assert_int_equal(bmc_log_take(&result, false, &budget, 2000, &row,
				      news),
			 0);
	/* A reading that failed knows nothing of it. */
	result = (struct sel_result){ .rc = IPMI_TIMEOUT };
	assert_int_equal(bmc_log_take(&result, false, &budget, 2000, &row,
				      news),
			 0);
	assert_true(row.overflow);
	result.rc = IPMI_OK;
	assert_int_equal(bmc_log_take(&result, false, &budget, 2000, &row,
				      news),
			 0);
	result.overflow = true;
	assert_int_equal(bmc_log_take(&result, false, &budget, 2000, &row,
				      news),
			 1);
}

static void
a_position_survives_its_row(void **state)
{
	struct sel_position from = { .known = true,
				     .erased_s = UINT32_MAX,
				     .any = true,
				     .id = 0xfffe,
				     .record = { 0x00, 0xab, 0xff } };
	struct sel_position to;
	struct store_bmc_log row = { .host = "h1" };

	(void)state;
	bmc_log_from_position(&from, &row);
	assert_true(bmc_log_to_position(&row, &to));
	assert_true(to.known && to.any);
	assert_int_equal(to.erased_s, from.erased_s);
	assert_int_equal(to.id, from.id);
	assert_memory_equal(to.record, from.record, SEL_RECORD_LEN);
	row.record[31] = 'g';
	assert_false(bmc_log_to_position(&row, &to));
	row.record[31] = '\0';
	assert_false(bmc_log_to_position(&row, &to));
	/* No record at all is one, too. */
	from.any = false;
	bmc_log_from_position(&from, &row);
	assert_true(bmc_log_to_position(&row, &to));
	assert_false(to.any);
}

/* --- the whole way ------------------------------------------------------- */

static int
set_up(void **state)
{
	world_set_up(state);
	bmc_log_open(&world.co);
	await_session();
	return 0;
}

static void
restart(void)
{
	world_close();
	world_open();
	bmc_log_open(&world.co);
	await_session();
}

static void
begin_look(void)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (!bmc_log_look(&world.co, 0)) {
		if (clock_mono_ms() > end_ms)
			fail_msg("the log cannot be looked at");
		run_for(50);
	}
}

/* A second one begins when the first has ended; it finds nothing new, and has
 * a hundred times as long as it needs. */
static void
look(void)
{
	begin_look();
	begin_look();
	run_for(300);
}

static struct store_event events[1000];

static size_t
load_events(void)
{
	struct store_event *loaded;
	size_t n = 0;

	assert_int_equal(store_load_events(world.co.store, 0, 1000, &loaded, &n,
					   NULL),
			 0);
	if (n > 0)
		memcpy(events, loaded, n * sizeof(*loaded));
	free(loaded);
	return n;
}

static void
what_was_logged_before_is_not_told_and_what_comes_is_told_once(void **state)
{
	(void)state;
	tell("0 sel-add 0x07");
	look();
	assert_int_equal(load_events(), 0);
	tell("0 sel-add 0x07"); /* critical */
	tell("0 sel-add 0x08"); /* info */
	tell("0 sel-add 0x09"); /* warning */
	look();
	look();
	assert_int_equal(load_events(), 2);
	assert_string_equal(events[0].kind, "bmc-event");
	assert_string_equal(events[0].host, "h1");
	assert_string_equal(events[0].cluster, "c1");
	assert_int_equal(events[0].severity, SEVERITY_CRITICAL);
	assert_non_null(strstr(events[0].text,
			       "h1's BMC logged: processor 0x01: internal "
			       "error (IERR) (entry 0x2, 2"));
	assert_int_equal(events[1].severity, SEVERITY_WARNING);
	assert_non_null(strstr(events[1].text, "entry 0x4"));
}

/* Where it ends is not known before it was read to there. */
static void
a_first_look_that_fails_is_none(void **state)
{
	(void)state;
	tell("0 sel-add 0x07");
	tell("0 sel-add 0x07");
	tell("0 short 1");
	look();
	tell("0 short 0");
	look();
	assert_int_equal(load_events(), 0);
	tell("0 sel-add 0x07");
	look();
	assert_int_equal(load_events(), 1);
}

static void
a_restart_goes_on_where_it_was(void **state)
{
	(void)state;
	look();
	tell("0 sel-add 0x07");
	look();
	restart();
	/* Logged while nobody looked. */
	tell("0 sel-add 0x09");
	look();
	assert_int_equal(load_events(), 2);
	assert_non_null(strstr(events[1].text, "entry 0x2"));
}

static void
spoil(const char *sql)
{
	cleanup_free char *path = xasprintf("%s/ironherd.db", world.dir);
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* Rows that are gone or make no sense. */
static void
a_position_that_is_lost_begins_at_the_end(void **state)
{
	static const char *const ways[] = {
		"DELETE FROM bmc_logs",
		"UPDATE bmc_logs SET record = 'zz'",
		"UPDATE bmc_logs SET entry = 70000",
	};

	(void)state;
	for (int i = 0; i < 25; i++)
		tell("0 sel-add 0x07");
	look();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		tell("0 sel-add 0x07");
		world_close();
		spoil(ways[i]);
		world_open();
		bmc_log_open(&world.co);
		await_session();
		look();
		assert_int_equal(load_events(), i);
		tell("0 sel-add 0x07"); /* and from there on it is told */
		look();
		assert_int_equal(load_events(), i + 1);
	}
}

/* A store of before there were rows of it; and the copy of one. */
static void
a_store_is_brought_up_to_date_and_its_copy_has_the_position(void **state)
{
	cleanup_free char *copy = xasprintf("%s/ironherd.db.bak", world.dir);
	cleanup_free char *live = xasprintf("%s/ironherd.db", world.dir);

	(void)state;
	world_close();
	spoil("DROP TABLE bmc_logs; DROP TABLE numbers; DROP TABLE leases;"
	      "DROP TABLE failures; DROP TABLE restarts; DROP TABLE disarmed;"
	      "ALTER TABLE hosts DROP COLUMN set_aside_ms;"
	      "ALTER TABLE hosts DROP COLUMN maintenance;"
	      "ALTER TABLE hosts DROP COLUMN mass;"
	      "ALTER TABLE hosts DROP COLUMN mass_ms;"
	      "ALTER TABLE vms DROP COLUMN ordered;"
	      "ALTER TABLE commands DROP COLUMN from_host;"
	      "PRAGMA user_version = 1;"
	      "INSERT INTO hosts VALUES ('h1', 'up', 0, NULL, '')");
	world_open();
	bmc_log_open(&world.co);
	await_session();
	tell("0 sel-add 0x07");
	look();
	restart(); /* each start makes a copy */
	world_close();
	assert_int_equal(rename(copy, live), 0);
	world_open();
	bmc_log_open(&world.co);
	await_session();
	tell("0 sel-add 0x07");
	look();
	assert_int_equal(load_events(), 1);
}

static void
the_log_of_another_board_begins_at_its_end(void **state)
{
	(void)state;
	look();
	tell("0 sel-add 0x07");
	look();
	assert_int_equal(load_events(), 1);
	world_close();
	tell("0 guid " OTHER_GUID);
	tell("0 sel-clear");
	tell("0 sel-add 0x09");
	world_open();
	bmc_log_open(&world.co);
	await_session();
	look();
	assert_int_equal(load_events(), 1);
	tell("0 sel-add 0x09");
	look();
	assert_int_equal(load_events(), 2);
}

static void
an_erasure_is_one_event_and_what_follows_is_told(void **state)
{
	(void)state;
	tell("0 sel-add 0x07");
	look();
	run_for(1100); /* the BMC's clock counts seconds */
	tell("0 sel-clear");
	tell("0 sel-add 0x09");
	look();
	look();
	assert_int_equal(load_events(), 2);
	assert_non_null(strstr(events[0].text, "was erased"));
	assert_int_equal(events[0].severity, SEVERITY_INFO);
	assert_non_null(strstr(events[1].text, "entry 0x1,"));
}

static void
a_storm_in_one_log_does_not_flood_the_ledger(void **state)
{
	(void)state;
	look();
	for (int i = 0; i < 15; i++)
		tell("0 sel-add 0x07");
	look();
	for (int i = 0; i < 15; i++)
		tell("0 sel-add 0x07");
	look();
	assert_int_equal(load_events(), BMC_LOG_BURST + 1);
	assert_non_null(strstr(events[BMC_LOG_BURST].text,
			       "5 critical and 0 warning entries besides"));
}

static void
another_hosts_log_is_not_followed(void **state)
{
	(void)state;
	look();
	become_anothers();
	tell("0 sel-add 0x07");
	assert_false(bmc_log_look(&world.co, 0));
	run_for(200);
	assert_int_equal(load_events(), 0);
}

static void
await_events(size_t n)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (load_events() < n) {
		if (clock_mono_ms() > end_ms)
			fail_msg("%zu events do not come", n);
		run_for(100);
	}
}

/* Long before its time. */
static void
a_fence_has_the_log_read_soon(void **state)
{
	int64_t began_ms = clock_mono_ms();

	(void)state;
	look();
	tell("0 sel-add 0x07");
	world.co.reg.hosts[0].fencing = true;
	outcome_fence(&world.co, 0, 0, true, "off", NULL);
	await_events(2); /* the fence's own, and the log's */
	assert_true(clock_mono_ms() - began_ms < BMC_LOG_FIRST_MS);
}

/* At most one in BMC_LOG_GAP_MS. */
static void
many_hints_are_one_look(void **state)
{
	int64_t began_ms = clock_mono_ms();

	(void)state;
	look();
	tell("0 sel-add 0x07");
	for (int i = 0; i < 50; i++)
		bmc_log_hint(&world.co, 0);
	await_events(1);
	assert_true(clock_mono_ms() - began_ms >= BMC_LOG_GAP_MS - 1000);
}

/* "Power off", of a BMC without a GUID. */
static void
a_trap_has_the_log_read_soon(void **state)
{
	uint8_t octets[47] = { [17] = 1, [26] = 0x10, [28] = 3, [46] = 0xc1 };
	int64_t began_ms = clock_mono_ms();

	(void)state;
	memset(octets + 31, 0xff, 8);
	pet_open(&world.co);
	look();
	tell("0 sel-add 0x07");
	pet_came(&world.co, "127.0.92.1", 0x236f02, octets, sizeof(octets));
	await_events(2);
	assert_string_equal(events[0].kind, "bmc-trap");
	assert_string_equal(events[1].kind, "bmc-event");
	assert_true(clock_mono_ms() - began_ms < BMC_LOG_FIRST_MS);
	bmc_log_close(&world.co);
	power_close(&world.co);
	pet_close(&world.co);
}

/* Nothing is believed that is not on the disk. */
static void
what_cannot_be_recorded_is_told_when_it_can(void **state)
{
	(void)state;
	look();
	tell("0 sel-add 0x07");
	spoil("CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT "
	      "RAISE(ABORT, 'no'); END");
	look();
	assert_int_equal(load_events(), 0);
	spoil("DROP TRIGGER no");
	look();
	assert_int_equal(load_events(), 1);
	look();
	assert_int_equal(load_events(), 1);
}

static void
a_dry_run_follows_too(void **state)
{
	(void)state;
	world.co.ops = &ops_dry;
	look();
	tell("0 sel-add 0x07");
	look();
	assert_int_equal(load_events(), 1);
}

static void
the_end_comes_while_a_log_is_read(void **state)
{
	(void)state;
	look();
	tell("0 slow 200");
	assert_true(bmc_log_look(&world.co, 0));
	run_for(50);
	/* world_tear_down() follows at once. */
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, world_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_storm_comes_to_ten_events_and_one_that_counts_the_rest),
		cmocka_unit_test(a_storm_of_warnings_hides_no_critical_one),
		cmocka_unit_test(
			a_log_that_stays_mad_gets_a_few_events_an_hour),
		cmocka_unit_test(quiet_grades_are_not_told),
		cmocka_unit_test(a_full_log_is_told_once_until_it_is_emptied),
		cmocka_unit_test(a_position_survives_its_row),
		TEST(what_was_logged_before_is_not_told_and_what_comes_is_told_once),
		TEST(a_first_look_that_fails_is_none),
		TEST(a_restart_goes_on_where_it_was),
		TEST(a_position_that_is_lost_begins_at_the_end),
		TEST(a_store_is_brought_up_to_date_and_its_copy_has_the_position),
		TEST(the_log_of_another_board_begins_at_its_end),
		TEST(an_erasure_is_one_event_and_what_follows_is_told),
		TEST(a_storm_in_one_log_does_not_flood_the_ledger),
		TEST(another_hosts_log_is_not_followed),
		TEST(a_fence_has_the_log_read_soon),
		TEST(many_hints_are_one_look),
		TEST(a_trap_has_the_log_read_soon),
		TEST(what_cannot_be_recorded_is_told_when_it_can),
		TEST(a_dry_run_follows_too),
		TEST(the_end_comes_while_a_log_is_read),
	};

	log_start("test_bmc_log", LOG_LEVEL_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
