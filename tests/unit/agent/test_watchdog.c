/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease with watchdogs that act: BMCs of tests/farm, each with another
 * story, all at once because it takes the time that it takes.  And what is no
 * watchdog.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "agent/roles.h"
#include "agent/watchdog.h"
#include "agent/watchdog_own.h"
#include "common/log.h"
#include "common/worker.h"
#include "tests/support/ipmi_farm.h"
#include "tests/unit/agent/tree.h"

enum { L = LEASE_MS_MIN, TICK_MS = 100, CONTACT_MS = 500, END_MS = 17500 };

enum { HELD, CUT, TAKEN_OVER, NEVER, OFF, KILLED, EMPTY, BUSY, SLOW, STORIES };

struct story {
	struct settings settings;
	struct watchdog *watchdog;
	int64_t contact_ms, off_ms; /* since the start; -1: never */
	bool ended, fired;
	unsigned lost; /* how often that was seen */
};

static struct ipmi_farm farm;
static struct loop *loop;
static struct story stories[STORIES];
static int64_t start_ms, ticked_ms;

static const struct {
	int64_t from_ms, until_ms; /* contacts */
} contacts[STORIES] = {
	[HELD] = { 0, END_MS },     [CUT] = { 0, 2000 },
	[TAKEN_OVER] = { 0, 2000 }, [NEVER] = { -1, -1 },
	[OFF] = { 0, 2000 },        [KILLED] = { 0, 2000 },
	[EMPTY] = { 0, 3000 },      [BUSY] = { 0, 3000 },
	[SLOW] = { 0, 4500 },
};

/* --- the worker, with a BMC of the farm ------------------------------------
 */

static struct bmc *
open_farm(struct ipmi_env *env, const char *device, struct err *err)
{
	static const struct ipmi_account account = { "farm", "admin",
						     "secret" };
	const struct bmc_target target = { .address = device,
					   .cipher_suite = 17,
					   .privilege = IPMI_OPERATOR };

	return bmc_new_lan(env, &target, &account, err);
}

static int
serve(int fd)
{
	return watchdog_serve(fd, open_farm);
}

/* --- stories ---------------------------------------------------------------
 */

static void
changed(void *arg)
{
	struct story *story = arg;
	struct detail_lease lease;

	if (story->watchdog == NULL)
		return;
	watchdog_fill(story->watchdog, &lease);
	story->lost += lease.state == LEASE_STATE_LOST;
}

static void
looked(void *arg, bool fired)
{
	struct story *story = arg;

	story->fired = fired;
}

static void
story_start(int which)
{
	struct story *story = &stories[which];
	const struct watchdog_options options = { .settings = &story->settings,
						  .changed = changed,
						  .looked = looked,
						  .arg = story };

	story->settings = (struct settings){
		.watchdog_is_bmc = true,
		.watchdog_action = WATCHDOG_OFF,
		.system_root = "/",
	};
	snprintf(story->settings.watchdog_device,
		 sizeof(story->settings.watchdog_device), "127.0.92.%d:%u",
		 which + 1, farm.port);
	story->watchdog = watchdog_new(loop, &options);
	watchdog_control(story->watchdog, true, L);
}

static void
story_end(int which)
{
	watchdog_free(stories[which].watchdog);
	stories[which].watchdog = NULL;
}

static void
ended(void *arg)
{
	struct story *story = arg;

	story->ended = true;
}

static void
contact(int which, int64_t now_ms)
{
	struct story *story = &stories[which];
	bool second = which == TAKEN_OVER && now_ms >= 6000;

	if (story->watchdog == NULL || ((now_ms < contacts[which].from_ms ||
					 now_ms >= contacts[which].until_ms) &&
					!second))
		return;
	story->contact_ms = now_ms;
	watchdog_contact(story->watchdog,
			 which % 2 ? LEASE_BY_DATASTORE : LEASE_BY_COORDINATOR,
			 watchdog_now_ms());
}

static void
tell_farm(const char *line)
{
	assert_string_equal(ipmi_farm_tell(&farm, line), "ok\n");
}

/* What happens at one moment; called once for each. */
static void
happen(int64_t now_ms)
{
	switch (now_ms) {
	case 2500:
		story_end(KILLED);
		watchdog_control(stories[OFF].watchdog, false, L);
		tell_farm("8 slow 5000");
		break;
	case 3500:
		watchdog_end(stories[EMPTY].watchdog, false, ended,
			     &stories[EMPTY]);
		watchdog_end(stories[BUSY].watchdog, true, ended,
			     &stories[BUSY]);
		break;
	case 4000:
		tell_farm("8 slow 0");
		story_end(TAKEN_OVER);
		break;
	case 5000:
		story_start(TAKEN_OVER);
		break;
	case 5500:
		story_end(BUSY);
		break;
	default:
		break;
	}
}

static void
look_at_powers(int64_t now_ms)
{
	const char *on = ipmi_farm_tell(&farm, "states");

	for (int i = 0; i < STORIES; i++)
		if (on[i] == '0' && stories[i].off_ms < 0)
			stories[i].off_ms = now_ms;
}

static bool
play(void *arg)
{
	int64_t now_ms = clock_mono_ms() - start_ms;

	(void)arg;
	look_at_powers(now_ms);
	for (; ticked_ms <= now_ms; ticked_ms += TICK_MS) {
		happen(ticked_ms);
		for (int i = 0; i < STORIES && ticked_ms % CONTACT_MS == 0; i++)
			contact(i, ticked_ms);
	}
	return now_ms >= END_MS;
}

static int
setup(void **state)
{
	(void)state;
	ipmi_farm_start(&farm, STORIES);
	loop = loop_new();
	for (int i = 0; i < STORIES; i++) {
		stories[i].contact_ms = stories[i].off_ms = -1;
		story_start(i);
	}
	/* Until all of them have found their BMC. */
	(void)run_until(loop, until_never, NULL, 1000);
	start_ms = clock_mono_ms();
	assert_true(run_until(loop, play, NULL, INT64_C(2) * END_MS));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < STORIES; i++)
		story_end(i);
	loop_free(loop);
	ipmi_farm_stop(&farm);
	return 0;
}

/* --- how they ended --------------------------------------------------------
 */

static void
is_on(int which, enum detail_lease_state wanted)
{
	struct detail_lease lease;

	assert_int_equal(stories[which].off_ms, -1);
	watchdog_fill(stories[which].watchdog, &lease);
	assert_int_equal(lease.state, wanted);
}

/* Not while the lease was held, and not after what is promised. */
static void
went_off_in_time(int which)
{
	const struct story *story = &stories[which];
	struct lease lease;

	lease_init(&lease);
	lease_control(&lease, true, L);
	lease.device = LEASE_DEVICE_BMC;
	if (story->off_ms < story->contact_ms + L ||
	    story->off_ms > story->contact_ms + lease_bound_ms(&lease) +
				    TICK_MS + TICK_MS)
		fail_msg("contact %lld, off %lld", (long long)story->contact_ms,
			 (long long)story->off_ms);
	print_message("off %lld ms after the last contact\n",
		      (long long)(story->off_ms - story->contact_ms));
}

static void
who_has_contact_is_left_alone(void **state)
{
	(void)state;
	is_on(HELD, LEASE_STATE_HELD);
	assert_int_equal(stories[HELD].lost, 0);
}

static void
who_is_cut_off_is_dead_in_time(void **state)
{
	(void)state;
	went_off_in_time(CUT);
	assert_int_equal(stories[CUT].lost, 1);
}

static void
a_new_agent_takes_it_over(void **state)
{
	(void)state;
	is_on(TAKEN_OVER, LEASE_STATE_HELD);
}

static void
who_never_had_contact_is_never_cut_off(void **state)
{
	(void)state;
	is_on(NEVER, LEASE_STATE_WAITING);
}

static void
turned_off_it_is_disarmed(void **state)
{
	(void)state;
	is_on(OFF, LEASE_STATE_OFF);
}

static void
a_killed_agent_is_no_way_out(void **state)
{
	(void)state;
	went_off_in_time(KILLED);
}

static void
an_agent_that_ends_disarms_it_where_no_vm_runs(void **state)
{
	(void)state;
	assert_true(stories[EMPTY].ended);
	is_on(EMPTY, LEASE_STATE_OFF);
	assert_true(stories[BUSY].ended);
	went_off_in_time(BUSY);
}

static void
a_bmc_that_was_slow_does_not_make_it_late(void **state)
{
	(void)state;
	went_off_in_time(SLOW);
}

static bool
has_looked(void *arg)
{
	struct story *story = arg;

	return story->fired;
}

static void
that_it_fired_is_told_to_the_next_agent(void **state)
{
	(void)state;
	tell_farm("1 power on");
	story_end(CUT);
	story_start(CUT);
	assert_true(run_until(loop, has_looked, &stories[CUT], 5000));
}

/* --- no watchdog -----------------------------------------------------------
 */

struct lone {
	struct tree tree;
	struct settings settings;
	struct watchdog *watchdog;
};

static void
nothing(void *arg)
{
	(void)arg;
}

static void
not_looked(void *arg, bool fired)
{
	(void)arg;
	(void)fired;
}

static void
lone_start(struct lone *lone, const char *name)
{
	const struct watchdog_options options = { .settings = &lone->settings,
						  .changed = nothing,
						  .looked = not_looked };

	SET(lone->settings.watchdog_device, tree_path(&lone->tree, name));
	lone->settings.system_root = lone->tree.root;
	lone->watchdog = watchdog_new(loop, &options);
	watchdog_control(lone->watchdog, true, L);
	watchdog_contact(lone->watchdog, LEASE_BY_DATASTORE, watchdog_now_ms());
}

static bool
is_settled(void *arg)
{
	struct lone *lone = arg;
	struct detail_lease lease;

	watchdog_fill(lone->watchdog, &lease);
	return lease.state != LEASE_STATE_WAITING;
}

static void
settles(struct lone *lone, enum detail_lease_state state, const char *text)
{
	struct detail_lease lease;

	assert_true(run_until(loop, is_settled, lone, 5000));
	watchdog_fill(lone->watchdog, &lease);
	assert_int_equal(lease.state, state);
	if (strstr(lease.text, text) == NULL ||
	    strstr(watchdog_source(lone->watchdog)->last_error, text) == NULL)
		fail_msg("not \"%s\" but \"%s\"", text, lease.text);
	assert_int_equal(lease.times_armed, 0);
	assert_int_equal(lease.left_ms, 0);
	watchdog_free(lone->watchdog);
}

static void
what_is_not_there_is_no_device(void **state)
{
	struct lone lone = { 0 };

	(void)state;
	tree_make(&lone.tree);
	lone_start(&lone, "watchdog0");
	settles(&lone, LEASE_STATE_NO_DEVICE, "No such file");
	tree_remove(&lone.tree);
}

static void
what_is_no_watchdog_is_told_and_not_written_to(void **state)
{
	struct lone lone = { 0 };
	char *text;

	(void)state;
	tree_make(&lone.tree);
	tree_write(&lone.tree, "file", "text");
	lone_start(&lone, "file");
	settles(&lone, LEASE_STATE_FAILED, "is no watchdog");
	assert_int_equal(file_read(tree_path(&lone.tree, "file"), 16, &text,
				   NULL, NULL),
			 0);
	assert_string_equal(text, "text");
	free(text);
	assert_int_equal(mkfifo(tree_path(&lone.tree, "pipe"), 0600), 0);
	lone_start(&lone, "pipe");
	settles(&lone, LEASE_STATE_FAILED, "pipe");
	tree_remove(&lone.tree);
}

static void
one_that_cannot_be_stopped_is_not_started(void **state)
{
	struct lone lone = { 0 };

	(void)state;
	tree_make(&lone.tree);
	tree_write(&lone.tree, "watchdog0", "");
	tree_write(&lone.tree, "sys/class/watchdog/watchdog0/nowayout", "1\n");
	lone_start(&lone, "watchdog0");
	settles(&lone, LEASE_STATE_FAILED, "nowayout");
	tree_remove(&lone.tree);
}

static void
the_kernel_tells_its_name_and_that_it_fired(void **state)
{
	struct tree tree;
	struct watchdog_answer answer;
	const struct watchdog_ask ask = { .op = WATCHDOG_LOOK };

	(void)state;
	tree_make(&tree);
	tree_write(&tree, "watchdog0", "");
	tree_write(&tree, "sys/class/watchdog/watchdog0/identity",
		   "i6300ESB timer\n");
	tree_write(&tree, "sys/class/watchdog/watchdog0/bootstatus", "32\n");
	struct watchdog_file *file =
		watchdog_file_new(loop, tree_path(&tree, "watchdog0"),
				  tree.root);
	watchdog_file_ask(file, &ask, &answer);
	assert_int_equal(answer.result, LEASE_DONE);
	assert_true(answer.fired);
	assert_non_null(strstr(answer.name, "(i6300ESB timer)"));
	watchdog_file_free(file);
	tree_remove(&tree);
}

int
main(int argc, char *argv[])
{
	static const struct worker_role roles[] = { { WATCHDOG_ROLE, serve } };
	int rc = worker_main(argc, argv, roles, 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_contact_is_left_alone),
		cmocka_unit_test(who_is_cut_off_is_dead_in_time),
		cmocka_unit_test(a_new_agent_takes_it_over),
		cmocka_unit_test(who_never_had_contact_is_never_cut_off),
		cmocka_unit_test(turned_off_it_is_disarmed),
		cmocka_unit_test(a_killed_agent_is_no_way_out),
		cmocka_unit_test(
			an_agent_that_ends_disarms_it_where_no_vm_runs),
		cmocka_unit_test(a_bmc_that_was_slow_does_not_make_it_late),
		cmocka_unit_test(that_it_fired_is_told_to_the_next_agent),
		cmocka_unit_test(what_is_not_there_is_no_device),
		cmocka_unit_test(
			what_is_no_watchdog_is_told_and_not_written_to),
		cmocka_unit_test(one_that_cannot_be_stopped_is_not_started),
		cmocka_unit_test(the_kernel_tells_its_name_and_that_it_fired),
	};

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
