/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what becomes a report: VMs out of the worker's message, layout,
 * health, the board it is posted on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/assemble.h"
#include "agent/health.h"
#include "agent/virt.h"
#include "common/log.h"
#include "snmp-mib/board.h"
#include "tests/unit/agent/tree.h"

#define UUID_1 "11111111-1111-4111-8111-111111111112"
#define UUID_2 "22222222-2222-4222-8222-222222222223"

static struct index *numbers;

static int
make_index(void **state)
{
	(void)state;
	numbers = index_load("/nonexistent/index", 1);
	return 0;
}

static int
drop_index(void **state)
{
	(void)state;
	index_free(numbers);
	return 0;
}

static struct virt_reading
parse(const char *text, const struct virt_reading *before)
{
	static const struct virt_reading none;
	struct virt_reading reading = { 0 };
	json_t *reply = json_loads(text, 0, NULL);

	assert_non_null(reply);
	assert_int_equal(virt_parse(reply, numbers, before ? before : &none,
				    &reading),
			 0);
	json_decref(reply);
	return reading;
}

#define VM(uuid, state, reason, cpu)                                         \
	"{\"uuid\": \"" uuid "\", \"name\": \"vm\", \"state\": " #state      \
	", \"reason\": " #reason ", \"vcpus\": 2, \"memory_kib\": 4096, "    \
	"\"memory_now_kib\": 2048, \"cpu_ns\": " #cpu ", \"hash\": \"ab\", " \
	"\"persistent\": true, \"autostart\": false, \"shared\": true}"

static void
vms_are_sorted_by_numbers_that_stay(void **state)
{
	struct virt_reading first =
		parse("{\"at_us\": 0, \"vms\": [" VM(UUID_2, 3, 2, 0) "]}",
		      NULL);
	struct virt_reading both =
		parse("{\"at_us\": 0, \"vms\": [" VM(UUID_1, 3, 2,
						     0) "," VM(UUID_2, 3, 2,
							       0) "]}",
		      &first);

	(void)state;
	assert_int_equal(both.n, 2);
	assert_string_equal(both.vms[0].uuid, UUID_2);
	assert_int_equal(both.vms[0].index, first.vms[0].index);
	assert_ptr_equal(virt_find(&both, both.vms[1].index), &both.vms[1]);
	assert_null(virt_find(&both, 77));
	assert_int_equal(both.vms[1].state, VM_STATE_RUNNING);
	assert_true(both.vms[1].shared_storage);
	assert_int_equal(both.vms[1].memory_now_kib, 2048);
	free(first.vms);
	free(both.vms);
}

static void
cpu_use_is_per_mille_of_one_cpu(void **state)
{
	struct virt_reading before =
		parse("{\"at_us\": 1000000, \"vms\": [" VM(UUID_1, 3, 2,
							   1000000000) "]}",
		      NULL);
	struct virt_reading after =
		parse("{\"at_us\": 3000000, \"vms\": [" VM(UUID_1, 3, 2,
							   4000000000) "]}",
		      &before);
	struct virt_reading again =
		parse("{\"at_us\": 5000000, \"vms\": [" VM(UUID_1, 3, 2,
							   5) "]}",
		      &after);

	(void)state;
	assert_int_equal(before.vms[0].cpu_use_pm, 0);
	assert_int_equal(after.vms[0].cpu_use_pm, 1500); /* 3 s of 2 s */
	assert_int_equal(again.vms[0].cpu_use_pm, 0);    /* restarted */
	free(before.vms);
	free(after.vms);
	free(again.vms);
}

static void
odd_messages_give_unknown_not_wrong_vms(void **state)
{
	struct virt_reading reading = parse(
		"{\"at_us\": -5, \"vms\": [7, {}, {\"uuid\": \"nonsense\"},"
		"{\"uuid\": \"" UUID_1 "\"}, {\"uuid\": \"" UUID_1 "\"},"
		"{\"uuid\": \"" UUID_2 "\", \"state\": 99, \"reason\": -1,"
		" \"vcpus\": 1e9, \"name\": 5, \"cpu_ns\": \"x\"}]}",
		NULL);
	static const struct virt_reading none;
	struct virt_reading untouched = { .n = 42 };
	json_t *reply = json_pack("{s:i}", "vms", 3);

	(void)state;
	assert_int_equal(reading.n, 2);
	for (size_t i = 0; i < reading.n; i++) {
		assert_int_equal(reading.vms[i].state, VM_STATE_UNKNOWN);
		assert_int_equal(reading.vms[i].reason, VM_REASON_UNKNOWN);
		assert_false(reading.vms[i].shared_storage);
		assert_int_equal(reading.vms[i].vcpus, 0);
	}
	assert_int_equal(virt_parse(reply, numbers, &none, &untouched),
			 -EPROTO);
	assert_int_equal(untouched.n, 42);
	json_decref(reply);
	free(reading.vms);
}

static void
only_a_change_of_life_counts_as_news(void **state)
{
	struct virt_reading a =
		parse("{\"at_us\": 1, \"vms\": [" VM(UUID_1, 3, 2, 1) "]}",
		      NULL);
	struct virt_reading b =
		parse("{\"at_us\": 9, \"vms\": [" VM(UUID_1, 3, 2,
						     900000000) "]}",
		      &a);
	struct virt_reading off =
		parse("{\"at_us\": 9, \"vms\": [" VM(UUID_1, 7, 5, 9) "]}", &a);
	struct virt_reading none = parse("{\"at_us\": 9, \"vms\": []}", &a);

	(void)state;
	assert_false(virt_lives_differ(&a, &b));
	assert_true(virt_lives_differ(&a, &off));
	assert_true(virt_lives_differ(&a, &none));
	free(a.vms);
	free(b.vms);
	free(off.vms);
	free(none.vms);
}

/* --- a whole report ------------------------------------------------------- */

static void
nothing(void *arg)
{
	(void)arg;
}

static void
crash(void *arg, const struct report_vm *vm)
{
	(void)arg;
	(void)vm;
}

static uint32_t
number_of(void *arg, const char *name)
{
	(void)arg;
	return index_of(numbers, INDEX_DATASTORE, name);
}

static void
state_changed(void *arg, const char *name, uint32_t index,
	      enum report_datastore_state state)
{
	(void)arg;
	(void)name;
	(void)index;
	(void)state;
}

struct world {
	struct loop *loop;
	struct settings settings;
	struct settings_datastore store;
	struct parts parts;
	struct assembly assembly;
};

/* Collectors that have not read anything yet, but for the host's own. */
static void
make_world(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->loop = loop_new();
	world->store = (struct settings_datastore){
		.name = "ds1", .path = "/nowhere", .slot = 1, .lost_ms = 5000
	};
	world->settings = (struct settings){ .system_root = "/",
					     .virt_uri = "test:///default",
					     .virt_type = "auto",
					     .virt_period_ms = 2000,
					     .virt_deadline_ms = 5000,
					     .guests_period_ms = 10000,
					     .datastores = &world->store,
					     .n_datastores = 1 };
	struct parts *parts = &world->parts;

	parts->guests = guests_new(world->loop, &world->settings, numbers,
				   nothing, NULL);
	const struct virt_options virt = {
		.settings = &world->settings,
		.index = numbers,
		.guests = (struct guests *)parts->guests,
		.changed = nothing,
		.crashed = crash
	};
	const struct storage_options storage = {
		.settings = &world->settings,
		.self = &world->assembly.self,
		.index_of = number_of,
		.changed = state_changed,
	};
	parts->settings = &world->settings;
	parts->host = collect_host_new(world->loop, "/", NULL, NULL);
	parts->machine = machine_new(world->loop, "/", nothing, NULL);
	parts->virt = virt_new(world->loop, &virt);
	parts->storage = storage_new(world->loop, &storage);
	parts->metal = metal_new(world->loop, "/");
	parts->memory = memory_use_new(world->loop, "/");
	parts->entities = entities_new(numbers, clock_mono_ms());
	parts->models = cpu_models_new(numbers);
	parts->notifier = notifier_new(world->loop, &world->settings,
				       &world->assembly.self);
}

static void
drop_world(struct world *world)
{
	struct parts *parts = &world->parts;

	notifier_free((struct notifier *)parts->notifier);
	cpu_models_free(parts->models);
	entities_free(parts->entities);
	memory_use_free((struct memory_use *)parts->memory);
	metal_free((struct metal *)parts->metal);
	storage_free((struct storage *)parts->storage);
	virt_free((struct virt_source *)parts->virt);
	guests_free((struct guests *)parts->guests);
	machine_free((struct machine *)parts->machine);
	collect_host_free((struct collect_host *)parts->host);
	loop_free(world->loop);
}

static void
the_first_report_says_what_is_not_known(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	struct node_report *report =
		assemble(&world.assembly, &world.parts, clock_mono_ms());
	assert_int_equal(report->n_vms, 0);
	/* No BMC, informs, uplinks and lease. */
	assert_int_equal(report->n_sources, 8);
	assert_int_equal(report->sources[0].index, SOURCE_HOST);
	assert_int_equal(report->sources[0].status, HEALTH_OK);
	assert_int_equal(report->sources[2].status, HEALTH_UNKNOWN);
	assert_int_equal(report->sources[2].age_ms, REPORT_AGE_NEVER);
	assert_int_equal(report->datastores[0].state, DATASTORE_UNKNOWN);
	assert_int_equal(report->datastores[0].age_ms, REPORT_AGE_NEVER);
	assert_int_equal(report->bmc.power, REPORT_POWER_UNKNOWN);
	assert_true(report->capacity.memory_kib > 0);
	node_report_free(report);
	drop_world(&world);
}

static void
samples_count_up_and_layout_only_with_rows(void **state)
{
	struct world world;
	uint32_t layout;

	(void)state;
	make_world(&world);
	world.assembly.self.layout_revision = 100;
	struct node_report *one =
		assemble(&world.assembly, &world.parts, clock_mono_ms());
	struct node_report *two =
		assemble(&world.assembly, &world.parts, clock_mono_ms());
	layout = one->host.layout_revision;
	assert_int_equal(layout, 101);
	assert_int_equal(two->host.sample_seq, one->host.sample_seq + 1);
	assert_int_equal(two->host.layout_revision, layout);
	node_report_free(one);
	node_report_free(two);
	drop_world(&world);
}

static void
layout_sees_rows_and_what_is_read_once(void **state)
{
	struct node_report *report = node_report_new();
	uint64_t before = assemble_layout(report);

	(void)state;
	report->n_vms = 1;
	report->vms = calloc(1, sizeof(*report->vms));
	report->vms[0].index = 4;
	uint64_t with_vm = assemble_layout(report);
	assert_true(with_vm != before);
	report->vms[0].cpu_time_ms = 99;
	report->vms[0].state = VM_STATE_SHUT_OFF;
	assert_true(assemble_layout(report) == with_vm);
	report->vms[0].index = 5;
	assert_true(assemble_layout(report) != with_vm);
	before = assemble_layout(report);
	report->n_features = 1;
	report->features = calloc(1, sizeof(*report->features));
	SET(report->features[0].name, "avx2");
	uint64_t with_feature = assemble_layout(report);
	assert_true(with_feature != before);
	report->features[0].usable = true;
	assert_true(assemble_layout(report) != with_feature);
	node_report_free(report);
}

static enum report_health
judge(const struct node_report *report)
{
	struct detail_health health;

	return health_judge(report, &health);
}

static void
health_is_the_worst_within_limits(void **state)
{
	struct node_report *report = node_report_new();

	(void)state;
	assert_int_equal(judge(report), HEALTH_UNKNOWN);
	report->n_sources = 2;
	report->sources = calloc(2, sizeof(*report->sources));
	report->sources[0].index = SOURCE_LIBVIRT;
	report->sources[0].status = HEALTH_OK;
	report->sources[1].index = SOURCE_INFORM;
	report->sources[1].status = HEALTH_FAILED;
	/* Nobody hears our informs: he polls us all the same. */
	assert_int_equal(judge(report), HEALTH_DEGRADED);
	report->sources[0].status = HEALTH_FAILED;
	assert_int_equal(judge(report), HEALTH_CRITICAL);
	report->sources[0].status = report->sources[1].status = HEALTH_OK;
	assert_int_equal(judge(report), HEALTH_OK);
	report->cpu.online = 2;
	assert_int_equal(judge(report), HEALTH_DEGRADED);
	report->cpu.uniform = true;
	report->n_datastores = 1;
	report->datastores = calloc(1, sizeof(*report->datastores));
	report->datastores[0].state = DATASTORE_LOST;
	assert_int_equal(judge(report), HEALTH_CRITICAL);
	node_report_free(report);
}

static void
a_taken_report_outlives_the_next_one(void **state)
{
	struct board *board = board_new(&board_of_reports);
	struct node_report *one = node_report_new();

	(void)state;
	assert_null(board_take(board));
	one->host.sample_seq = 1;
	board_post(board, one, 10);
	const struct posted *held = board_take(board);
	board_post(board, node_report_new(), 20);
	one = (struct node_report *)held->thing;
	assert_int_equal(one->host.sample_seq, 1);
	assert_int_equal(held->made_ms, 10);
	const struct posted *next = board_take(board);
	assert_int_equal(next->made_ms, 20);
	board_give_back(board, held);
	board_give_back(board, next);
	board_free(board);
}

int
main(void)
{
#define WITH_INDEX(test) \
	cmocka_unit_test_setup_teardown(test, make_index, drop_index)
	const struct CMUnitTest tests[] = {
		WITH_INDEX(vms_are_sorted_by_numbers_that_stay),
		WITH_INDEX(cpu_use_is_per_mille_of_one_cpu),
		WITH_INDEX(odd_messages_give_unknown_not_wrong_vms),
		WITH_INDEX(only_a_change_of_life_counts_as_news),
		WITH_INDEX(the_first_report_says_what_is_not_known),
		WITH_INDEX(samples_count_up_and_layout_only_with_rows),
		WITH_INDEX(layout_sees_rows_and_what_is_read_once),
		WITH_INDEX(health_is_the_worst_within_limits),
		WITH_INDEX(a_taken_report_outlives_the_next_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
