/* SPDX-License-Identifier: Apache-2.0 */
/* When an alarm is told to stand, and when to be over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/coordinator/alarm.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/readiness.h"
#include "scheduler/policy/decide.h"
#include "scheduler/policy/timeouts.h"
#include "tests/unit/snmp-mib/temp_folder.h"

enum { START_MS = 5000000, TURN_MS = 250 };

static struct cluster_settings cluster = { .name = "c1" };
static struct host_settings host = { .name = "h1", .agent = "192.0.2.1:161" };

static struct site {
	struct settings settings;
	struct coordinator co;
	int64_t now_ms;
	char dir[64];
} site;

static int
set_up(void **state)
{
	struct err err = { "" };

	(void)state;
	site = (struct site){ .now_ms = START_MS,
			      .dir = "/tmp/ironherd-alarm-XXXXXX" };
	assert_non_null(mkdtemp(site.dir));
	site.settings = (struct settings){ .site = "berlin",
					   .clusters = &cluster,
					   .n_clusters = 1,
					   .hosts = &host,
					   .n_hosts = 1 };
	site.co = (struct coordinator){ .settings = &site.settings };
	registry_init(&site.co.reg, &site.settings, START_MS, 0);
	if (store_open(site.dir, &site.co.store, &err) < 0)
		fail_msg("%s", err.text);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	store_close(site.co.store);
	registry_done(&site.co.reg);
	return temp_folder_remove(site.dir);
}

/* How often an alarm of a kind was told to come ("alarm-raised"), to go
 * ("alarm-cleared"), or both ("alarm-"). */
static unsigned
told(const char *event, const char *kind)
{
	struct store_event *events;
	struct err err = { "" };
	unsigned n_told = 0;
	size_t n;

	if (store_load_events(site.co.store, 0, 1000, &events, &n, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++)
		if (strncmp(events[i].kind, event, strlen(event)) == 0 &&
		    strncmp(events[i].text, kind, strlen(kind)) == 0)
			n_told++;
	free(events);
	return n_told;
}

static bool
stands(const char *kind)
{
	for (size_t i = 0; i < site.co.reg.n_alarms; i++)
		if (strcmp(site.co.reg.alarms[i].alarm.kind, kind) == 0)
			return site.co.reg.alarms[i].told;
	return false;
}

/* --- the hands: any alarm ------------------------------------------------- */

/* Turns of the coordinator in which one alarm is listed, or none. */
static void
turns(const struct plan_alarm *alarm, int64_t ms)
{
	for (; ms > 0; ms -= TURN_MS, site.now_ms += TURN_MS)
		alarm_update(&site.co, alarm, alarm != NULL, site.now_ms);
}

static void
an_alarm_without_times_comes_and_goes_at_once(void **state)
{
	const struct plan_alarm alarm = { .kind = "host-dead",
					  .subject = "h1" };

	(void)state;
	turns(&alarm, TURN_MS);
	assert_true(stands("host-dead"));
	turns(NULL, TURN_MS);
	assert_false(stands("host-dead"));
	assert_int_equal(told("alarm-raised", "host-dead"), 1);
	assert_int_equal(told("alarm-cleared", "host-dead"), 1);
}

static void
what_stands_for_less_than_its_time_is_never_told(void **state)
{
	const struct plan_alarm alarm = { .kind = "two-copies",
					  .subject = "vm1",
					  .hold_ms = 10000,
					  .clear_ms = 10000 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		turns(&alarm, alarm.hold_ms);
		assert_false(stands("two-copies"));
		turns(NULL, TURN_MS);
	}
	assert_int_equal(site.co.reg.n_alarms, 0);
	assert_int_equal(told("alarm-", "two-copies"), 0);
	turns(&alarm, alarm.hold_ms + TURN_MS);
	assert_true(stands("two-copies"));
}

static void
what_is_away_for_less_than_its_time_is_not_over(void **state)
{
	const struct plan_alarm alarm = { .kind = "two-copies",
					  .subject = "vm1",
					  .clear_ms = 10000 };

	(void)state;
	turns(&alarm, TURN_MS);
	for (int i = 0; i < 5; i++) {
		turns(NULL, alarm.clear_ms);
		assert_true(stands("two-copies"));
		turns(&alarm, TURN_MS);
	}
	assert_int_equal(site.co.reg.alarms[0].since_ms, START_MS);
	assert_int_equal(told("alarm-raised", "two-copies"), 1);
	assert_int_equal(told("alarm-cleared", "two-copies"), 0);
	turns(NULL, alarm.clear_ms + TURN_MS);
	assert_false(stands("two-copies"));
	assert_int_equal(told("alarm-cleared", "two-copies"), 1);
}

static void
one_that_lingers_does_not_hold_back_another(void **state)
{
	const struct plan_alarm old = { .kind = "two-copies",
					.subject = "vm1",
					.clear_ms = 10000 };
	const struct plan_alarm new = { .kind = "two-copies",
					.subject = "vm2" };

	(void)state;
	turns(&old, TURN_MS);
	turns(&new, TURN_MS);
	assert_int_equal(site.co.reg.n_alarms, 2);
	turns(&new, old.clear_ms);
	assert_int_equal(site.co.reg.n_alarms, 1);
	assert_string_equal(site.co.reg.alarms[0].alarm.subject, "vm2");
}

/* --- mind and hands: a BMC in trouble ------------------------------------- */

static void
site_runs(const char *trouble, bool is_foreign, int64_t ms)
{
	struct reg_host *h = &site.co.reg.hosts[0];

	snprintf(h->bmc_trouble, sizeof(h->bmc_trouble), "%s", trouble);
	h->bmc_is_foreign = is_foreign;
	for (; ms > 0; ms -= TURN_MS, site.now_ms += TURN_MS) {
		struct snapshot *snap = freeze(&site.co.reg, site.now_ms);
		struct plan *plan = decide(snap);

		alarm_update(&site.co, plan->alarms, plan->n_alarms,
			     site.now_ms);
		plan_free(plan);
		snapshot_free(snap);
	}
}

static void
bmc_fails(int64_t ms)
{
	site_runs("its BMC does not answer", false, ms);
}

static void
bmc_works(int64_t ms)
{
	site_runs("", false, ms);
}

/* Under overload now and then a check, or two, has no answer in time. */
static void
a_bmc_that_is_slow_now_and_then_raises_no_alarm(void **state)
{
	int64_t check_ms = READINESS_RETRY_MS + READINESS_DEADLINE_MS;

	(void)state;
	for (int i = 0; i < 5; i++) {
		bmc_fails(2 * check_ms);
		bmc_works(READINESS_RETRY_MS);
	}
	assert_int_equal(told("alarm-", "bmc-trouble"), 0);
	assert_false(stands("bmc-trouble"));
}

static void
a_bmc_that_stays_in_trouble_is_told_once(void **state)
{
	(void)state;
	bmc_fails(BMC_TROUBLE_HOLD_MS);
	assert_false(stands("bmc-trouble"));
	bmc_fails(TURN_MS);
	assert_true(stands("bmc-trouble"));
	for (int i = 0; i < 5; i++) {
		bmc_works(INT64_C(2) * READINESS_RETRY_MS);
		bmc_fails(READINESS_RETRY_MS);
	}
	assert_int_equal(told("alarm-raised", "bmc-trouble"), 1);
	assert_int_equal(told("alarm-cleared", "bmc-trouble"), 0);
	bmc_works(BMC_TROUBLE_CLEAR_MS + TURN_MS);
	assert_false(stands("bmc-trouble"));
	assert_int_equal(told("alarm-cleared", "bmc-trouble"), 1);
	assert_int_equal(told("alarm-", "bmc-trouble"), 2);
}

/* That is no matter of load. */
static void
a_bmc_of_another_host_is_told_at_once(void **state)
{
	(void)state;
	site_runs("its BMC is another host's", true, TURN_MS);
	assert_true(stands("bmc-wrong-host"));
	bmc_works(TURN_MS);
	assert_false(stands("bmc-wrong-host"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_alarm_without_times_comes_and_goes_at_once),
		TEST(what_stands_for_less_than_its_time_is_never_told),
		TEST(what_is_away_for_less_than_its_time_is_not_over),
		TEST(one_that_lingers_does_not_hold_back_another),
		TEST(a_bmc_that_is_slow_now_and_then_raises_no_alarm),
		TEST(a_bmc_that_stays_in_trouble_is_told_once),
		TEST(a_bmc_of_another_host_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
