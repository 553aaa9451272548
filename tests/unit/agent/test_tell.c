/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the way of news: a report with something wrong in it, the alarm,
 * the inform, the counts; and the order when the agent starts and stops. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/roles.h"
#include "agent/tell.h"
#include "common/log.h"
#include "tests/unit/agent/receiver.h"
#include "tests/unit/agent/tree.h"

static struct tell *tell;
static struct inform *inform;
static struct node_report *report;
static const struct vm_tell_modes no_vms;

static int
begin(void **state)
{
	(void)state;
	settings.inform_interval_ms = ALARMS_INTERVAL_MS;
	inform = open_receiver();
	tell = tell_new(loop, &settings, &self);
	report = node_report_new();
	report->host = self;
	report->host.health = HEALTH_OK;
	report->detail = node_detail_new();
	report->n_datastores = 1;
	report->datastores = calloc(1, sizeof(*report->datastores));
	report->datastores[0].index = 5;
	report->datastores[0].state = DATASTORE_LOST;
	SET(report->datastores[0].name, "ds1");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	tell_free(tell);
	inform_close(inform);
	node_report_free(report);
	return 0;
}

static bool
got_so_many(void *arg)
{
	return n_got >= *(size_t *)arg;
}

static bool
wait_for(size_t n)
{
	return run_until(loop, got_so_many, &n, 8000);
}

static void
the_start_is_told_first_and_then_what_is_wrong(void **state)
{
	(void)state;
	tell_look(tell, report, no_vms);
	run_until(loop, until_never, NULL, 300);
	assert_int_equal(n_got, 0);
	tell_start(tell, NULL);
	assert_true(wait_for(2));
	assert_int_equal(got[0].kind, NOTICE_AGENT_START);
	assert_string_equal(got[0].subject, "h1");
	assert_int_equal(got[1].kind, NOTICE_DATASTORE_LOST);
	assert_int_equal(got[1].sequence, got[0].sequence + 1);
	assert_int_equal(got[1].datastore_index, 5);
}

static void
what_stands_is_published_with_the_counts(void **state)
{
	struct node_detail *detail = report->detail;

	(void)state;
	tell_start(tell, NULL);
	tell_look(tell, report, no_vms);
	assert_true(wait_for(2));
	run_until(loop, until_never, NULL, 200);
	tell_fill(tell, detail);
	assert_int_equal(detail->n_alarms, 1);
	assert_int_equal(detail->alarms[0].condition, got[1].condition);
	assert_in_range(detail->alarms[0].since_s, clock_wall_ms() / 1000 - 20,
			clock_wall_ms() / 1000);
	assert_int_equal(detail->notify.sent, 2);
	assert_int_equal(detail->notify.waiting, 0);
	assert_int_equal(detail->notify.sequence, got[1].sequence);
}

static void
crashes_are_told_and_too_many_by_the_last(void **state)
{
	struct report_vm vm = { .index = 9, .uuid = "", .name = "web" };

	(void)state;
	SET(vm.uuid, self.uuid);
	tell_start(tell, NULL);
	for (int i = 0; i < 50; i++)
		tell_vm_crash(tell, &vm);
	assert_true(wait_for(4)); /* the start, two, the storm */
	assert_int_equal(got[2].kind, NOTICE_VM_CRASH);
	assert_string_equal(got[2].vm_name, "web");
	assert_int_equal(got[3].kind, NOTICE_STORM);
	assert_int_equal(got[3].suppressed, 47);
	tell_fill(tell, report->detail);
	assert_int_equal(report->detail->notify.suppressed, 47);
}

static void
set_true(void *arg)
{
	*(bool *)arg = true;
}

static bool
is_set(void *arg)
{
	return *(bool *)arg;
}

static void
the_stop_is_told_before_what_waits(void **state)
{
	bool done = false;

	(void)state;
	tell_start(tell, NULL);
	tell_look(tell, report, no_vms);
	tell_stop(tell, 4000, set_true, &done);
	assert_true(run_until(loop, is_set, &done, 6000));
	assert_int_equal(got[0].kind, NOTICE_AGENT_STOP);
}

int
main(int argc, char *argv[])
{
	int rc = roles_main(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_start_is_told_first_and_then_what_is_wrong),
		TEST(what_stands_is_published_with_the_counts),
		TEST(crashes_are_told_and_too_many_by_the_last),
		TEST(the_stop_is_told_before_what_waits),
	};
#undef TEST

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
