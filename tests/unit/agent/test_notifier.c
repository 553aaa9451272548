/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of notices on their way: the queue, the pauses, and real informs to
 * the receiver that the coordinator uses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "agent/notifier.h"
#include "agent/roles.h"
#include "common/log.h"
#include "tests/unit/agent/receiver.h"
#include "tests/unit/agent/tree.h"

static struct node_notice
crash_of(const char *name)
{
	struct node_notice notice = { .kind = NOTICE_VM_CRASH,
				      .severity = NOTICE_MAJOR,
				      .vm_index = 3,
				      .text = "it crashed" };

	snprintf(notice.subject, sizeof(notice.subject), "%s", name);
	snprintf(notice.vm_name, sizeof(notice.vm_name), "%s", name);
	SET(notice.vm_uuid, self.uuid);
	return notice;
}

static bool
got_two(void *arg)
{
	(void)arg;
	return n_got >= 2;
}

static bool
got_some(void *arg)
{
	(void)arg;
	return n_got >= 1;
}

static void
a_notice_survives_the_message_to_the_worker(void **state)
{
	struct node_notice notice = crash_of("web"), back;

	(void)state;
	notice.condition = 0x01000007;
	notice.sequence = UINT32_MAX;
	json_t *message = notice_to_message(&notice);
	notice_from_message(message, &back);
	assert_memory_equal(&back, &notice, sizeof(notice));
	json_decref(message);
}

static void
pauses_grow_to_half_a_minute_and_its_double(void **state)
{
	(void)state;
	assert_int_equal(notifier_pause_ms(1, 0), 1000);
	assert_int_equal(notifier_pause_ms(2, 0), 2000);
	assert_int_equal(notifier_pause_ms(4, 0), 10000);
	assert_int_equal(notifier_pause_ms(5, 0), 30000);
	assert_int_equal(notifier_pause_ms(5000, 0), 30000);
	assert_int_equal(notifier_pause_ms(1, 500), 1500);
	assert_int_equal(notifier_pause_ms(5000, 999), 59970);
}

static void
informs_arrive_in_order_with_numbers(void **state)
{
	struct inform *inform = open_receiver();
	struct notifier *notifier = notifier_new(loop, &settings, &self);
	struct node_notice one = crash_of("a"), two = crash_of("b");

	(void)state;
	notifier_send(notifier, &one);
	notifier_send(notifier, &two);
	assert_true(run_until(loop, got_two, NULL, 8000));
	assert_string_equal(got[0].subject, "a");
	assert_true(got[0].sequence > 1);
	assert_int_equal(got[1].sequence, got[0].sequence + 1);
	assert_string_equal(got[1].host_uuid, self.uuid);
	assert_string_equal(got[1].boot_id, self.boot_id);
	run_until(loop, until_never, NULL, 300);
	assert_int_equal(notifier_waiting(notifier), 0);
	struct report_source row;
	assert_true(notifier_describe(notifier, clock_mono_ms(), &row));
	assert_int_equal(row.status, HEALTH_OK);
	notifier_free(notifier);
	inform_close(inform);
}

static void
a_receiver_that_comes_late_gets_what_waits(void **state)
{
	struct notifier *notifier = notifier_new(loop, &settings, &self);
	struct node_notice one = crash_of("a");

	(void)state;
	n_got = 0;
	notifier_send(notifier, &one);
	run_until(loop, until_never, NULL, 3000);
	assert_int_equal(notifier_waiting(notifier), 1);
	struct inform *inform = open_receiver();
	assert_true(run_until(loop, got_some, NULL, 15000));
	assert_string_equal(got[0].subject, "a");
	notifier_free(notifier);
	inform_close(inform);
}

static void
the_queue_is_bounded_and_drops_the_oldest(void **state)
{
	struct notifier *notifier = notifier_new(loop, &settings, &self);
	struct detail_notify counts;

	(void)state;
	for (int i = 0; i < NOTIFIER_QUEUE_MAX + 50; i++) {
		struct node_notice notice = crash_of("x");

		notifier_send(notifier, &notice);
	}
	assert_int_equal(notifier_waiting(notifier), NOTIFIER_QUEUE_MAX);
	notifier_count(notifier, &counts);
	assert_int_equal(counts.dropped, 50);
	notifier_free(notifier);
}

static struct node_notice
source_is(bool lost, uint32_t condition)
{
	struct node_notice notice = {
		.kind = lost ? NOTICE_ALARM_RAISED : NOTICE_ALARM_CLEARED,
		.severity = lost ? NOTICE_MAJOR : NOTICE_CLEARED,
		.condition = condition,
		.subject = "libvirt",
		.alarm = "source",
	};

	return notice;
}

static bool
got_three(void *arg)
{
	(void)arg;
	return n_got >= 3;
}

/* While nobody acknowledges, only the last state of each condition waits; and
 * what was replaced leaves no gap in the numbers. */
static void
news_of_a_condition_replace_what_waits(void **state)
{
	struct notifier *notifier = notifier_new(loop, &settings, &self);
	struct node_notice crash = crash_of("a");
	struct detail_notify counts;

	(void)state;
	n_got = 0;
	notifier_send(notifier, &crash);
	run_until(loop, until_never, NULL, 300); /* under way */
	for (int i = 0; i < 101; i++) {
		struct node_notice one = source_is(i % 2 == 0, 7);
		struct node_notice two = source_is(i % 2 == 1, 8);

		notifier_send(notifier, &one);
		notifier_send(notifier, &two);
	}
	assert_int_equal(notifier_waiting(notifier), 3);
	struct inform *inform = open_receiver();
	assert_true(run_until(loop, got_three, NULL, 15000));
	run_until(loop, until_never, NULL, 300);
	assert_int_equal(n_got, 3);
	assert_int_equal(got[1].kind, NOTICE_ALARM_RAISED);
	assert_int_equal(got[1].sequence, got[0].sequence + 1);
	assert_int_equal(got[2].kind, NOTICE_ALARM_CLEARED);
	assert_int_equal(got[2].sequence, got[0].sequence + 2);
	notifier_count(notifier, &counts);
	assert_int_equal(counts.sent, 3);
	assert_int_equal(counts.suppressed, 200);
	assert_int_equal(counts.dropped, 0);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.sequence, got[2].sequence);
	notifier_free(notifier);
	inform_close(inform);
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
the_last_notice_overtakes_those_that_wait(void **state)
{
	struct inform *inform = open_receiver();
	struct notifier *notifier = notifier_new(loop, &settings, &self);
	struct node_notice crash = crash_of("x");
	struct node_notice stop = { .kind = NOTICE_AGENT_STOP,
				    .severity = NOTICE_WARNING,
				    .subject = "h1" };
	bool done = false;

	(void)state;
	for (int i = 0; i < 5; i++)
		notifier_send(notifier, &crash);
	notifier_send_last(notifier, &stop, 4000, set_true, &done);
	assert_true(run_until(loop, is_set, &done, 6000));
	assert_true(n_got >= 1);
	assert_int_equal(got[0].kind, NOTICE_AGENT_STOP);
	notifier_free(notifier);
	inform_close(inform);
}

static void
stopping_waits_no_longer_than_it_may(void **state)
{
	struct notifier *notifier = notifier_new(loop, &settings, &self);
	struct node_notice stop = { .kind = NOTICE_AGENT_STOP,
				    .severity = NOTICE_WARNING,
				    .subject = "h1" };
	bool done = false;
	int64_t start_ms = clock_mono_ms();

	(void)state;
	notifier_send_last(notifier, &stop, 500, set_true, &done);
	assert_true(run_until(loop, is_set, &done, 6000));
	assert_in_range(clock_mono_ms() - start_ms, 400, 2500);
	notifier_free(notifier);
}

static void
without_a_target_nothing_is_sent(void **state)
{
	const struct settings none = { .inform_target = NULL };
	struct notifier *notifier = notifier_new(loop, &none, &self);
	struct node_notice crash = crash_of("x");
	struct report_source row;

	(void)state;
	notifier_send(notifier, &crash);
	assert_int_equal(notifier_waiting(notifier), 0);
	assert_false(notifier_describe(notifier, clock_mono_ms(), &row));
	notifier_free(notifier);
}

static bool
has_failed(void *arg)
{
	struct report_source row;

	return notifier_describe(arg, clock_mono_ms(), &row) &&
	       row.failures > 0;
}

static void
broken_credentials_are_told_without_the_password(void **state)
{
	struct notifier *notifier = notifier_new(loop, &settings, &self);
	struct node_notice crash = crash_of("x");
	struct report_source row;

	(void)state;
	chmod(credentials, 0644);
	notifier_send(notifier, &crash);
	assert_true(run_until(loop, has_failed, notifier, 5000));
	notifier_describe(notifier, clock_mono_ms(), &row);
	assert_non_null(strstr(row.last_error, "cred"));
	assert_null(strstr(row.last_error, "87654321"));
	chmod(credentials, 0600);
	notifier_free(notifier);
}

int
main(int argc, char *argv[])
{
	int rc = roles_main(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_survives_the_message_to_the_worker),
		cmocka_unit_test(pauses_grow_to_half_a_minute_and_its_double),
		cmocka_unit_test(informs_arrive_in_order_with_numbers),
		cmocka_unit_test(a_receiver_that_comes_late_gets_what_waits),
		cmocka_unit_test(the_queue_is_bounded_and_drops_the_oldest),
		cmocka_unit_test(news_of_a_condition_replace_what_waits),
		cmocka_unit_test(the_last_notice_overtakes_those_that_wait),
		cmocka_unit_test(stopping_waits_no_longer_than_it_may),
		cmocka_unit_test(without_a_target_nothing_is_sent),
		cmocka_unit_test(
			broken_credentials_are_told_without_the_password),
	};

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
