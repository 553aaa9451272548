/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what is kept of each VM: from the worker's messages, good and odd,
 * to the columns of the report. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/guest_table.h"
#include "common/alloc.h"

#define UUID_1 "11111111-1111-4111-8111-111111111112"
#define UUID_2 "22222222-2222-4222-8222-222222222223"

struct world {
	struct index *index;
	struct guest_table table;
	struct virt_reading reading;
	int64_t now_ms;
};

static int
make_world(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->index = index_load("/nonexistent/index", 1);
	guest_table_init(&world->table);
	world->now_ms = 100000;
	*state = world;
	return 0;
}

static int
drop_world(void **state)
{
	struct world *world = *state;

	guest_table_done(&world->table);
	free(world->reading.vms);
	index_free(world->index);
	free(world);
	return 0;
}

static void
list(struct world *world, const char *text)
{
	struct virt_reading now = { 0 };
	json_t *reply = json_loads(text, 0, NULL);

	assert_non_null(reply);
	assert_int_equal(virt_parse(reply, world->index, &world->reading, &now),
			 0);
	guest_table_list(&world->table, reply, world->index, &now,
			 world->now_ms);
	free(world->reading.vms);
	world->reading = now;
	json_decref(reply);
}

static int
measure(struct world *world, const char *text)
{
	json_t *reply = json_loads(text, 0, NULL);

	assert_non_null(reply);
	int rc = guest_table_measure(&world->table, reply, world->index,
				     world->now_ms);
	json_decref(reply);
	return rc;
}

static struct report_vm
shown(struct world *world, const char *uuid)
{
	struct report_vm vms[2] = { 0 }, vm = { 0 };
	struct node_report report = { .vms = vms, .n_vms = world->reading.n };

	memcpy(vms, world->reading.vms, report.n_vms * sizeof(*vms));
	guest_table_fill(&world->table, world->now_ms, &report);
	for (size_t i = 0; i < report.n_vms; i++)
		if (strcmp(vms[i].uuid, uuid) == 0)
			vm = vms[i];
	return vm;
}

#define VM(uuid, state, more)                                           \
	"{\"uuid\": \"" uuid "\", \"name\": \"vm\", \"state\": " #state \
	", \"reason\": 2" more "}"
#define ABOUT                                                             \
	", \"about\": {\"cpu\": \"EPYC\", \"agent\": 4, \"period\": 10, " \
	"\"blocker\": \"a PCI device of the host\"}"
#define LIST(vms) "{\"at_us\": 1, \"vms\": [" vms "]}"

static void
measures_become_columns(void **state)
{
	struct world *world = *state;

	list(world, LIST(VM(UUID_1, 3, ABOUT)));
	assert_int_equal(
		measure(world,
			"{\"at_us\": 1000000, \"vms\": [{\"uuid\": \"" UUID_1
			"\", \"rss_kib\": 4096, \"swapped_kib\": 7, "
			"\"ready_ns\": 5000000, \"usable_kib\": 99, "
			"\"stamp\": 1700000000, \"dirty_status\": 2, "
			"\"dirty_mib_s\": 12, "
			"\"numa\": [[0, 3072], [1, 1024]]}]}"),
		0);
	struct report_vm vm = shown(world, UUID_1);
	assert_int_equal(vm.rss_kib, 4096);
	assert_int_equal(vm.swapped_kib, 7);
	assert_int_equal(vm.cpu_ready_pm, REPORT_UNMEASURED);
	assert_string_equal(vm.numa_nodes, "0,1");
	assert_int_equal(vm.numa_local_pm, 750);
	assert_int_equal(vm.guest_agent, GUEST_AGENT_CONNECTED);
	assert_int_equal(vm.dirty_mib_s, 12);
	assert_string_equal(vm.cpu_model, "EPYC");
	assert_true(vm.migration_blocked);
	assert_string_equal(vm.migration_blocker, "a PCI device of the host");
	assert_int_equal(vm.memory_usable_kib, 99);
	assert_int_equal(vm.stats_age_ms, REPORT_AGE_NEVER);

	world->now_ms += 2000;
	measure(world, "{\"at_us\": 3000000, \"vms\": [{\"uuid\": \"" UUID_1
		       "\", \"ready_ns\": 605000000, "
		       "\"stamp\": 1700000002}]}");
	vm = shown(world, UUID_1);
	assert_int_equal(vm.cpu_ready_pm, 300); /* 600 ms of 2 s */
	assert_true(vm.rss_kib == REPORT_KIB_UNMEASURED);
	assert_int_equal(vm.stats_age_ms, 0);
	assert_int_equal(vm.liveness, LIVENESS_ALIVE);
}

static void
what_is_off_has_no_measures(void **state)
{
	struct world *world = *state;

	list(world, LIST(VM(UUID_1, 3, ABOUT)));
	measure(world, "{\"at_us\": 1, \"vms\": [{\"uuid\": \"" UUID_1
		       "\", \"rss_kib\": 4096}]}");
	list(world, LIST(VM(UUID_1, 7, "")));
	struct report_vm vm = shown(world, UUID_1);
	assert_true(vm.rss_kib == REPORT_KIB_UNMEASURED);
	assert_int_equal(vm.guest_agent, GUEST_AGENT_UNKNOWN);
	assert_int_equal(vm.liveness, LIVENESS_UNKNOWN);
	assert_string_equal(vm.cpu_model, "EPYC");
	measure(world, "{\"at_us\": 1, \"vms\": [{\"uuid\": \"" UUID_1
		       "\", \"rss_kib\": 4096}]}");
	vm = shown(world, UUID_1);
	assert_true(vm.rss_kib == REPORT_KIB_UNMEASURED);
}

static void
events_are_counted_even_before_the_list(void **state)
{
	struct world *world = *state;
	uint32_t one = index_of(world->index, INDEX_VM, UUID_1);
	uint32_t other = index_of(world->index, INDEX_VM, UUID_2);

	guest_table_event(&world->table, other, VM_EVENT_STARTED,
			  world->now_ms);
	guest_table_event(&world->table, one, VM_EVENT_STARTED, world->now_ms);
	list(world, LIST(VM(UUID_2, 3, "")));
	guest_table_event(&world->table, other, VM_EVENT_NO_SPACE,
			  world->now_ms);
	guest_table_event(&world->table, other, 0, world->now_ms);
	guest_table_event(&world->table, other, 99, world->now_ms);
	world->now_ms += 70;
	struct report_vm vm = shown(world, UUID_2);
	assert_int_equal(vm.events, 2);
	assert_int_equal(vm.last_event, VM_EVENT_NO_SPACE);
	assert_int_equal(vm.last_event_age_ms, 70);
	assert_null(guest_table_find(&world->table, one));
}

static enum report_vm_event
last_after(struct world *world, enum report_vm_event first,
	   enum report_vm_event second, int64_t later_ms)
{
	uint32_t one = index_of(world->index, INDEX_VM, UUID_1);

	list(world, LIST(VM(UUID_1, 3, "")));
	guest_table_event(&world->table, one, VM_EVENT_STARTED, world->now_ms);
	guest_table_event(&world->table, one, first, world->now_ms);
	world->now_ms += later_ms;
	guest_table_event(&world->table, one, second, world->now_ms);
	return shown(world, UUID_1).last_event;
}

static void
what_a_failure_brings_about_does_not_cover_it(void **state)
{
	struct world *world = *state;

	assert_int_equal(last_after(world, VM_EVENT_PANICKED, VM_EVENT_CRASHED,
				    9000),
			 VM_EVENT_PANICKED);
	assert_int_equal(last_after(world, VM_EVENT_NO_SPACE, VM_EVENT_PAUSED,
				    10),
			 VM_EVENT_NO_SPACE);
	assert_int_equal(last_after(world, VM_EVENT_IO_ERROR, VM_EVENT_PAUSED,
				    10),
			 VM_EVENT_IO_ERROR);
	assert_int_equal(last_after(world, VM_EVENT_WATCHDOG, VM_EVENT_PAUSED,
				    10),
			 VM_EVENT_WATCHDOG);
	/* A second later it is somebody's wish. */
	assert_int_equal(last_after(world, VM_EVENT_IO_ERROR, VM_EVENT_PAUSED,
				    1000),
			 VM_EVENT_PAUSED);
	assert_int_equal(last_after(world, VM_EVENT_REBOOTED, VM_EVENT_CRASHED,
				    10),
			 VM_EVENT_CRASHED);
	assert_int_equal(last_after(world, VM_EVENT_PANICKED, VM_EVENT_STOPPED,
				    10),
			 VM_EVENT_STOPPED);
}

static void
the_table_knows_when_a_vm_came_or_went(void **state)
{
	struct world *world = *state;

	assert_int_equal(world->table.changed_ms, -1);
	list(world, LIST(VM(UUID_1, 3, "")));
	assert_int_equal(world->table.changed_ms, 100000);
	world->now_ms = 200000;
	list(world, LIST(VM(UUID_1, 7, "")));
	assert_int_equal(world->table.changed_ms, 100000);
	list(world, LIST(VM(UUID_1, 7, "") "," VM(UUID_2, 7, "")));
	assert_int_equal(world->table.changed_ms, 200000);
	world->now_ms = 300000;
	list(world, LIST(VM(UUID_2, 7, "")));
	assert_int_equal(world->table.changed_ms, 300000);
	assert_int_equal(world->table.n, 1);
	world->now_ms = 400000;
	list(world, LIST(""));
	assert_int_equal(world->table.changed_ms, 400000);
}

static void
what_is_known_of_a_vm_stays_as_others_come_and_go(void **state)
{
	struct world *world = *state;

	list(world, LIST(VM(UUID_2, 3, ABOUT)));
	list(world, LIST(VM(UUID_1, 3, "") "," VM(UUID_2, 3, "")));
	assert_string_equal(shown(world, UUID_2).cpu_model, "EPYC");
	assert_string_equal(shown(world, UUID_1).cpu_model, "");
	list(world, LIST(VM(UUID_2, 3, "")));
	assert_string_equal(shown(world, UUID_2).cpu_model, "EPYC");
}

static void
odd_measures_are_unknown_not_wrong(void **state)
{
	static const char *const odd[] = {
		"{\"at_us\": 5, \"vms\": [1, [], {}, {\"uuid\": 5}]}",
		"{\"at_us\": 5, \"vms\": [{\"uuid\": \"" UUID_1
		"\", \"rss_kib\": -1, \"ready_ns\": \"x\", \"numa\": 5, "
		"\"cpus\": {}, \"disks\": 1, \"nics\": null}]}",
		"{\"at_us\": -5, \"vms\": [{\"uuid\": \"" UUID_1
		"\", \"numa\": [[64, 1], [0], [], 5, [-1, 2]], \"cpus\": "
		"[[], [1], [5, \"\", 1, 7], [5, \"\", 1, 9], [2, \"\", 1, 1], "
		"[99999, \"\", 1, 1]], \"disks\": [[], [1, 5]], \"nics\": "
		"[[]], \"dirty_status\": 2, \"dirty_mib_s\": 4294967295}]}",
	};
	struct world *world = *state;

	list(world, LIST(VM(UUID_1, 3, "")));
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_int_equal(measure(world, odd[i]), 0);
		struct report_vm vm = shown(world, UUID_1);
		assert_true(vm.rss_kib == REPORT_KIB_UNMEASURED);
		assert_int_equal(vm.cpu_ready_pm, REPORT_UNMEASURED);
		assert_int_equal(vm.dirty_mib_s, REPORT_UNMEASURED);
		assert_string_equal(vm.numa_nodes, "");
		assert_int_equal(vm.liveness, LIVENESS_UNKNOWN);
	}
	const struct guest *guest = &world->table.guests[0];
	assert_int_equal(guest->stats.n_cpus, 1);
	assert_int_equal(guest->stats.cpus[0].time_ns, 7);
	assert_int_equal(measure(world, "{\"vms\": 5}"), -EPROTO);
	assert_int_equal(measure(world, "{}"), -EPROTO);
}

static void
a_guest_that_hangs_is_found_dead(void **state)
{
	struct world *world = *state;
	char text[512];

	list(world, LIST(VM(UUID_1, 3, ABOUT)));
	for (unsigned s = 10; s < 400; s += 10) {
		unsigned lived = s < 100 ? s : 100;

		snprintf(text, sizeof(text),
			 "{\"at_us\": %u000000, \"vms\": [{\"uuid\": \"" UUID_1
			 "\", \"stamp\": %u, \"cpus\": [[0, \"\", 1, "
			 "%u000000000], [1, \"\", 1, 77]], \"disks\": "
			 "[[0, \"vda\", %u, 0, 0, 5, 0, 0, 0]]}]}",
			 s, 1000 + lived, s, lived);
		assert_int_equal(measure(world, text), 0);
		if (s == 100)
			assert_int_equal(shown(world, UUID_1).liveness,
					 LIVENESS_ALIVE);
		world->now_ms += 10000;
	}
	assert_int_equal(shown(world, UUID_1).liveness, LIVENESS_DEAD);
	guest_table_event(&world->table, world->table.guests[0].index,
			  VM_EVENT_REBOOTED, world->now_ms);
	measure(world, text);
	assert_int_equal(shown(world, UUID_1).liveness, LIVENESS_UNKNOWN);
}

static void
the_busiest_vcpu_is_found_by_number(void **state)
{
	struct guest_cpu before[] = { { 0, 10 }, { 2, 20 }, { 3, 30 } };
	struct guest_cpu now[] = { { 0, 15 }, { 1, 900 }, { 2, 60 }, { 3, 5 } };
	const struct guest_stats a = { .cpus = before, .n_cpus = 3 };
	const struct guest_stats b = { .cpus = now, .n_cpus = 4 };
	const struct guest_stats none = { .n_cpus = 0 };

	(void)state;
	assert_int_equal(guest_stats_busiest_ns(&b, &a), 40);
	assert_int_equal(guest_stats_busiest_ns(&b, &none), 0);
	assert_int_equal(guest_stats_busiest_ns(&none, &a), 0);
	assert_int_equal(guest_stats_cpu_ns(&b), 980);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(measures_become_columns),
		TEST(what_is_off_has_no_measures),
		TEST(events_are_counted_even_before_the_list),
		TEST(what_a_failure_brings_about_does_not_cover_it),
		TEST(the_table_knows_when_a_vm_came_or_went),
		TEST(what_is_known_of_a_vm_stays_as_others_come_and_go),
		TEST(odd_measures_are_unknown_not_wrong),
		TEST(a_guest_that_hangs_is_found_dead),
		cmocka_unit_test(the_busiest_vcpu_is_found_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
