/* SPDX-License-Identifier: Apache-2.0 */
/* Which host may take a VM, and which is best. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/decide.h"
#include "scheduler/policy/placement.h"
#include "scheduler/policy/timeouts.h"
#include "tests/support/policy_scene.h"

static struct scene scene;
static size_t vm; /* lost with h0 */
static char why[REASON_LEN];

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, 4);
	vm = scene_add_vm(&scene, 0);
	scene.vms[vm].phase = VM_LOST;
	scene.hosts[0].state = HOST_DEAD;
	scene_power_off(&scene, 0);
	return 0;
}

static size_t
placed(void)
{
	struct draft draft;

	draft_init(&draft, &scene.snap);
	size_t host = place_vm(&draft, vm, why);
	plan_free(draft.plan);
	draft_done(&draft);
	return host;
}

static const char *
refused(size_t host)
{
	struct draft draft;

	draft_init(&draft, &scene.snap);
	const char *refusal = place_refusal(&draft, vm, host);
	plan_free(draft.plan);
	draft_done(&draft);
	return refusal;
}

static void
equal_hosts_are_taken_in_order_of_name(void **state)
{
	(void)state;
	assert_int_equal(placed(), 1);
}

static void
the_host_with_most_memory_left_is_taken(void **state)
{
	(void)state;
	(void)scene_add_vm(&scene, 1);
	(void)scene_add_vm(&scene, 3);
	assert_int_equal(placed(), 2);
	assert_non_null(strstr(why, "h2 has most room (16384 of 16384 MiB"));
	assert_non_null(strstr(why, "h0 dead"));
	assert_non_null(strstr(why, "h1 has less room; h3 has less room"));
	/* Of more hosts than two each reason is told once. */
	scene.hosts[1].memory_kib = scene.hosts[2].memory_kib =
		scene.hosts[3].memory_kib = 1;
	assert_int_equal(placed(), NO_HOST);
	assert_string_equal(why,
			    "h0 dead; has too little free memory: h1, h2, h3");
}

static void
the_scarcer_of_memory_and_cpu_counts(void **state)
{
	(void)state;
	scene.hosts[1].cpu_used_milli = 7000;
	scene.hosts[2].cpu_used_milli = 7500;
	assert_int_equal(placed(), 3);
	scene.hosts[3].memory_kib = 2 << 20;
	scene.hosts[3].cpu_used_milli = 7900;
	assert_int_equal(placed(), 1);
}

static void
many_lost_vms_are_spread(void **state)
{
	size_t on[4] = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		scene.vms[scene_add_vm(&scene, 0)].phase = VM_LOST;
	struct plan *plan = decide(&scene.snap);
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_START)
			on[plan->steps[i].host]++;
	plan_free(plan);
	assert_int_equal(on[0], 0);
	assert_int_equal(on[1], 2);
	assert_int_equal(on[2], 2);
	assert_int_equal(on[3], 2);
}

static void
memory_promised_in_the_same_plan_is_not_promised_twice(void **state)
{
	size_t starts = 0;

	(void)state;
	scene.snap.n_hosts = 2;
	scene.hosts[1].memory_kib = (2 << 20) + 1000;
	for (int i = 0; i < 3; i++)
		scene.vms[scene_add_vm(&scene, 0)].phase = VM_LOST;
	struct plan *plan = decide(&scene.snap);
	for (size_t i = 0; i < plan->n_steps; i++)
		starts += plan->steps[i].kind == STEP_START;
	plan_free(plan);
	assert_int_equal(starts, 2);
}

static void
a_vm_that_is_meant_to_run_keeps_its_memory_also_when_off(void **state)
{
	(void)state;
	size_t other = scene_add_vm(&scene, 1);
	scene.hosts[1].memory_kib = 1 << 20;
	assert_string_equal(refused(1), "has too little free memory");
	scene_see(&scene, other, 1, VM_STATE_SHUT_OFF, VM_REASON_CRASHED);
	assert_string_equal(refused(1), "has too little free memory");
	scene.vms[other].intent = INTENT_OFF;
	assert_null(refused(1));
}

static void
its_own_host_comes_first(void **state)
{
	(void)state;
	scene.vms[vm].owner = 3;
	(void)scene_add_vm(&scene, 3);
	assert_int_equal(placed(), 3);
}

static void
but_not_where_its_start_failed(void **state)
{
	(void)state;
	scene.vms[vm].owner = 3;
	scene.vms[vm].failed_on = 3;
	assert_int_equal(placed(), 3); /* stopped there, by ourselves */
	scene.vms[vm].start_failures = 1;
	assert_int_equal(placed(), 1);
	/* Better there than nowhere. */
	scene.hosts[1].state = scene.hosts[2].state = HOST_SUSPECT;
	assert_int_equal(placed(), 3);
}

static void
another_cluster_takes_nothing(void **state)
{
	(void)state;
	for (size_t h = 1; h < 4; h++)
		scene.hosts[h].cluster = 1;
	assert_int_equal(placed(), NO_HOST);
	assert_string_equal(why, "h0 dead");
}

static void
local_disks_bind_a_vm_to_its_host(void **state)
{
	(void)state;
	scene.vms[vm].shared_storage = false;
	assert_int_equal(placed(), NO_HOST);
	assert_string_equal(refused(1), "cannot reach its local disks");
}

static void
every_refusal_says_what_is_missing(void **state)
{
	struct snap_host *host = &scene.hosts[1], well = *host;

	(void)state;
	assert_null(refused(1));
	host->state = HOST_SUSPECT;
	assert_string_equal(refused(1), "suspect");
	*host = well;
	host->maintenance = true;
	assert_string_equal(refused(1), "is in maintenance");
	*host = well;
	host->set_aside = true;
	assert_string_equal(refused(1), "is set aside: it failed too often");
	*host = well;
	host->link = LINK_SILENT;
	assert_string_equal(refused(1), "does not answer just now");
	*host = well;
	host->stopping = true;
	assert_string_equal(refused(1), "is being shut down");
	*host = well;
	host->report_age_ms = REPORT_FRESH_MS;
	assert_string_equal(refused(1), "has no fresh report");
	*host = well;
	host->vms_age_ms = VMS_FRESH_MS;
	assert_string_equal(refused(1), "has a libvirt that does not answer");
	*host = well;
	strcpy(host->storage_trouble, "datastore ds1 is lost");
	assert_string_equal(refused(1), "has lost a datastore");
	*host = well;
	host->cleaning = true;
	assert_string_equal(refused(1), "is being cleaned");
	*host = well;
	host->memory_kib = 0;
	assert_string_equal(refused(1), "has too little free memory");
}

static void
only_so_many_starts_at_a_time(void **state)
{
	(void)state;
	for (int i = 0; i < STARTS_PER_HOST; i++) {
		size_t other = scene_add_vm(&scene, 1);

		scene.vms[other].phase = VM_STARTING;
		scene.vms[other].starting = true;
	}
	assert_string_equal(refused(1), "is busy with other starts");
	/* One whose host died is no start any more. */
	scene.vms[1].phase = VM_LOST;
	assert_null(refused(1));
}

static void
how_many_is_for_its_cluster_to_say(void **state)
{
	(void)state;
	scene.clusters[0].policy.starts_per_host = 1;
	size_t other = scene_add_vm(&scene, 1);
	scene.vms[other].phase = VM_STARTING;
	scene.vms[other].starting = true;
	assert_string_equal(refused(1), "is busy with other starts");
	assert_null(refused(2));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_hosts_are_taken_in_order_of_name),
		TEST(the_host_with_most_memory_left_is_taken),
		TEST(the_scarcer_of_memory_and_cpu_counts),
		TEST(many_lost_vms_are_spread),
		TEST(memory_promised_in_the_same_plan_is_not_promised_twice),
		TEST(a_vm_that_is_meant_to_run_keeps_its_memory_also_when_off),
		TEST(its_own_host_comes_first),
		TEST(but_not_where_its_start_failed),
		TEST(another_cluster_takes_nothing),
		TEST(local_disks_bind_a_vm_to_its_host),
		TEST(every_refusal_says_what_is_missing),
		TEST(only_so_many_starts_at_a_time),
		TEST(how_many_is_for_its_cluster_to_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
