/* SPDX-License-Identifier: Apache-2.0 */
/* Storage that one host lost and others have; storage that all have lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/decide.h"
#include "scheduler/policy/timeouts.h"
#include "tests/support/policy_scene.h"

enum { HOSTS = 3, STORES = 2, LONG_MS = PATH_LOST_MS + PATH_DELAY_MS };

static struct scene scene;
static struct snap_store stores[STORES];
static struct snap_path paths[STORES * HOSTS];
static size_t vm; /* runs on h0, with a disk on s0 */

static struct snap_path *
path(size_t store, size_t host)
{
	return &paths[store * HOSTS + host];
}

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, HOSTS);
	vm = scene_add_vm(&scene, 0);
	scene.vms[vm].policy.store_fail = STORE_FAIL_RECOVER;
	scene.vms[vm].stores = 1;
	for (size_t s = 0; s < STORES; s++) {
		stores[s] = (struct snap_store){ .cluster = 0 };
		snprintf(stores[s].name, sizeof(stores[s].name), "s%zu", s);
		for (size_t h = 0; h < HOSTS; h++)
			*path(s, h) = (struct snap_path){ s, h, DATASTORE_OK,
							  3600000 };
	}
	scene.snap.stores = stores;
	scene.snap.n_stores = STORES;
	scene.snap.paths = paths;
	scene.snap.n_paths = STORES * HOSTS;
	return 0;
}

static void
lose(size_t store, size_t host, int64_t for_ms)
{
	path(store, host)->state = DATASTORE_LOST;
	path(store, host)->state_age_ms = for_ms;
	snprintf(scene.hosts[host].storage_trouble, REPORT_TEXT_LEN,
		 "datastore s%zu is lost", store);
}

static const char *
steps(void)
{
	static char text[256];
	struct plan *plan = decide(&scene.snap);

	text[0] = '\0';
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind != STEP_PROBE)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s%s %s%s",
				 text[0] != '\0' ? ", " : "",
				 step_kind_name(plan->steps[i].kind),
				 scene.vms[plan->steps[i].vm].name,
				 plan->steps[i].kind == STEP_FENCE ? "!" : "");
	plan_free(plan);
	return text;
}

static const char *
alarms(void)
{
	static char text[256];
	struct plan *plan = decide(&scene.snap);

	text[0] = '\0';
	for (size_t i = 0; i < plan->n_alarms; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s %s", text[0] != '\0' ? ", " : "",
			 plan->alarms[i].kind, plan->alarms[i].subject);
	plan_free(plan);
	return text;
}

/* --- a path lost on one host ------------------------------------------------
 */

static void
a_vm_is_stopped_where_the_path_is_lost_for_long(void **state)
{
	(void)state;
	lose(0, 0, LONG_MS - 1);
	assert_string_equal(steps(), "");
	lose(0, 0, LONG_MS);
	assert_string_equal(steps(), "stop vm0");
	path(0, 0)->state = DATASTORE_STALE;
	assert_string_equal(steps(), "stop vm0");
}

static void
it_is_started_only_after_the_stop_is_proved_and_where_the_path_is(void **state)
{
	(void)state;
	lose(0, 0, LONG_MS);
	lose(1, 1, LONG_MS); /* another datastore: no matter for this VM */
	scene.vms[vm].phase = VM_STOPPING;
	scene.vms[vm].stopping = true;
	assert_string_equal(steps(), "");
	scene.vms[vm].stopping = false;
	scene.vms[vm].command_age_ms = 500; /* the reading is older */
	assert_string_equal(steps(), "");
	scene.vms[vm].command_age_ms = 5000;
	scene_see(&scene, vm, 0, VM_STATE_SHUT_OFF, VM_REASON_DESTROYED);
	assert_string_equal(steps(), "start vm0");
	struct plan *plan = decide(&scene.snap);
	assert_int_equal(plan->steps[0].host, 1);
	plan_free(plan);
}

static void
two_hosts_with_a_lost_datastore_each_trade_their_vms(void **state)
{
	(void)state;
	size_t other = scene_add_vm(&scene, 1);

	scene.vms[other].policy = scene.vms[vm].policy;
	scene.vms[other].stores = 2;
	lose(0, 0, LONG_MS);
	lose(1, 1, LONG_MS);
	assert_string_equal(steps(), "stop vm0, stop vm1");
}

static void
without_a_policy_nothing_is_stopped(void **state)
{
	(void)state;
	scene.vms[vm].policy.store_fail = STORE_FAIL_NONE;
	lose(0, 0, LONG_MS);
	assert_string_equal(steps(), "");
	assert_string_equal(alarms(), "datastore h0");
}

static void
vms_that_do_not_need_the_datastore_stay(void **state)
{
	(void)state;
	lose(1, 0, LONG_MS);
	assert_string_equal(steps(), "");
	lose(0, 0, LONG_MS);
	scene.vms[vm].stores = 0; /* nobody knows: nobody is stopped */
	assert_string_equal(steps(), "");
}

static void
a_vm_without_a_place_to_go_is_left_where_it_is(void **state)
{
	(void)state;
	lose(0, 0, LONG_MS);
	scene.hosts[1].stopping = true;
	scene.hosts[2].memory_kib = 1024;
	assert_string_equal(steps(), "");
	assert_string_equal(alarms(), "vm-path-lost vm0, datastore h0");
	scene.hosts[2].memory_kib = 16 << 20;
	scene.vms[vm].shared_storage = false;
	assert_string_equal(steps(), "");
}

static void
a_room_is_promised_once(void **state)
{
	(void)state;
	size_t other = scene_add_vm(&scene, 0);

	scene.vms[other].policy = scene.vms[vm].policy;
	scene.vms[other].stores = 1;
	lose(0, 0, LONG_MS);
	assert_string_equal(steps(), "stop vm0, stop vm1");
	scene.hosts[1].stopping = true;
	scene.hosts[2].memory_kib = scene.vms[vm].memory_kib;
	assert_string_equal(steps(), "stop vm0");
}

static void
a_vm_that_an_io_error_paused_does_not_wait(void **state)
{
	(void)state;
	lose(0, 0, 15000);
	assert_string_equal(steps(), "");
	scene_see(&scene, vm, 0, VM_STATE_PAUSED, VM_REASON_NONE);
	assert_string_equal(steps(), "");
	scene.sightings[0].event = VM_EVENT_IO_ERROR;
	assert_string_equal(steps(), "stop vm0");
	path(0, 0)->state = DATASTORE_STALE; /* too early to call it lost */
	assert_string_equal(steps(), "");
	lose(0, 0, 15000);
	scene.sightings[0].event = VM_EVENT_NO_SPACE;
	assert_string_equal(steps(), "");
}

/* --- trouble of the storage -------------------------------------------------
 */

static void
what_most_hosts_have_lost_moves_nobody_and_is_one_alarm(void **state)
{
	(void)state;
	lose(0, 0, LONG_MS);
	lose(0, 1, LONG_MS);
	assert_string_equal(steps(), "");
	assert_string_equal(alarms(), "storage-fault s0");
	lose(0, 2, LONG_MS);
	assert_string_equal(steps(), "");
	assert_string_equal(alarms(), "storage-fault s0");
	lose(1, 2, LONG_MS); /* and that one is the host's own */
	assert_string_equal(alarms(), "storage-fault s0, datastore h2");
}

static void
nobody_is_moved_while_too_few_can_say(void **state)
{
	(void)state;
	lose(0, 0, LONG_MS);
	path(0, 1)->state = DATASTORE_UNKNOWN;
	assert_string_equal(steps(), "stop vm0"); /* two of three know */
	scene_silence(&scene, 1, 1000);
	path(0, 2)->state = DATASTORE_UNKNOWN;
	assert_string_equal(steps(), "");
	path(0, 2)->state = DATASTORE_OK;
	scene.snap.uptime_ms = QUIET_MS - 1;
	assert_string_equal(steps(), "");
}

static void
a_lost_path_never_fences_a_host(void **state)
{
	(void)state;
	scene.clusters[0].policy.fence_stuck = true;
	for (size_t h = 0; h < HOSTS; h++)
		lose(0, h, LONG_MS);
	scene_add_vm(&scene, 0);
	assert_string_equal(steps(), "");
	begin(NULL);
	lose(0, 0, LONG_MS);
	assert_string_equal(steps(), "stop vm0");
}

static void
a_copy_stuck_on_a_lost_path_is_fenced_when_all_others_are_stuck_too(
	void **state)
{
	(void)state;
	size_t other = scene_add_vm(&scene, 0);

	scene.clusters[0].policy.fence_stuck = true;
	lose(0, 0, LONG_MS);
	scene.vms[vm].phase = VM_STOPPING;
	scene.vms[vm].record_age_ms = scene.vms[vm].command_age_ms =
		STOP_STUCK_MS;
	assert_string_equal(steps(), "stop vm0"); /* vm1 works */
	scene.vms[other].stores = 1;
	assert_string_equal(steps(), "stop vm0, fence vm0!");
}

/* --- placement --------------------------------------------------------------
 */

static size_t
started_on(void)
{
	struct plan *plan = decide(&scene.snap);
	size_t host = NO_HOST;

	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START)
			host = plan->steps[i].host;
	plan_free(plan);
	return host;
}

static void
a_host_is_asked_for_the_vms_own_datastores(void **state)
{
	(void)state;
	scene.hosts[0].state = HOST_DEAD;
	scene.hosts[0].state_age_ms = 1000;
	scene_power_off(&scene, 0);
	scene.vms[vm].phase = VM_LOST;
	assert_int_equal(started_on(), 1);
	lose(1, 1, 1000); /* not the VM's */
	assert_int_equal(started_on(), 1);
	lose(0, 1, 1000);
	assert_int_equal(started_on(), 2);
	path(0, 2)->state = DATASTORE_READ_ONLY;
	assert_int_equal(started_on(), NO_HOST);
	path(0, 2)->state = DATASTORE_UNKNOWN;
	assert_int_equal(started_on(), NO_HOST);
	path(0, 2)->state = DATASTORE_SLOW;
	assert_int_equal(started_on(), 2);
	scene.vms[vm].stores = 0; /* unknown: any trouble refuses */
	assert_int_equal(started_on(), 2);
	lose(1, 2, 1000);
	assert_int_equal(started_on(), NO_HOST);
}

/* --- the path is back -------------------------------------------------------
 */

static void
a_paused_vm_goes_on_when_its_path_is_back(void **state)
{
	(void)state;
	scene_see(&scene, vm, 0, VM_STATE_PAUSED, VM_REASON_NONE);
	scene.sightings[0].event = VM_EVENT_IO_ERROR;
	path(0, 0)->state_age_ms = RESUME_AFTER_MS - 1;
	assert_string_equal(steps(), "");
	path(0, 0)->state_age_ms = RESUME_AFTER_MS;
	assert_string_equal(steps(), "resume vm0");
	scene.vms[vm].command_age_ms = RESUME_RETRY_MS - 1;
	assert_string_equal(steps(), "");
	scene.vms[vm].command_age_ms = AGE_NEVER;
	scene.vms[vm].policy.store_fail = STORE_FAIL_NONE;
	assert_string_equal(steps(), "");
	scene.vms[vm].policy.store_fail = STORE_FAIL_RECOVER;
	scene.sightings[0].event = VM_EVENT_PAUSED; /* by a person */
	assert_string_equal(steps(), "");
	scene.sightings[0].event = VM_EVENT_NO_SPACE;
	assert_string_equal(steps(), "");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(a_vm_is_stopped_where_the_path_is_lost_for_long),
		TEST(it_is_started_only_after_the_stop_is_proved_and_where_the_path_is),
		TEST(two_hosts_with_a_lost_datastore_each_trade_their_vms),
		TEST(without_a_policy_nothing_is_stopped),
		TEST(vms_that_do_not_need_the_datastore_stay),
		TEST(a_vm_without_a_place_to_go_is_left_where_it_is),
		TEST(a_room_is_promised_once),
		TEST(a_vm_that_an_io_error_paused_does_not_wait),
		TEST(what_most_hosts_have_lost_moves_nobody_and_is_one_alarm),
		TEST(nobody_is_moved_while_too_few_can_say),
		TEST(a_lost_path_never_fences_a_host),
		TEST(a_copy_stuck_on_a_lost_path_is_fenced_when_all_others_are_stuck_too),
		TEST(a_host_is_asked_for_the_vms_own_datastores),
		TEST(a_paused_vm_goes_on_when_its_path_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
