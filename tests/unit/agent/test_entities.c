/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the machine as a tree of things, of their states, of CPU models
 * and of health by subsystem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/entities.h"
#include "agent/health.h"
#include "agent/packages.h"
#include "agent/source.h"
#include "tests/unit/agent/tree.h"

struct scene {
	struct index *index;
	struct entities *entities;
	json_t *things, *packages, *ecc;
	struct sensor_list bmc, chips;
	struct entity_parts parts;
};

static json_t *
parse(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

static struct sensor_raw
make_sensor(const char *key, const char *part, enum detail_sensor_kind kind,
	    enum report_health health)
{
	struct sensor_raw raw = { .source = DETAIL_SENSOR_IPMI,
				  .kind = kind,
				  .status = DETAIL_SENSOR_OK,
				  .micro = 1000000,
				  .health = health,
				  .read_ms = 6000 };

	SET(raw.key, key);
	SET(raw.name, key);
	SET(raw.part, part);
	return raw;
}

static void
add(struct sensor_list *list, const char *key, const char *part,
    enum report_health health)
{
	struct sensor_raw raw =
		make_sensor(key, part, DETAIL_KIND_CELSIUS, health);

	sensor_list_add(list, &raw);
}

static void
make_scene(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	scene->index = index_load("/nonexistent/index", 1);
	scene->entities = entities_new(scene->index, 1000);
	scene->things = parse(
		"[{\"class\": 3, \"key\": \"chassis\", \"model\": \"R1\","
		"  \"serial\": \"0123456789012345678901234567890123456789\"},"
		" {\"class\": 9, \"key\": \"board 0\", \"in\": \"chassis\"},"
		" {\"class\": 12, \"key\": \"socket 0\", \"serial\": \"S0\"},"
		" {\"class\": 12, \"key\": \"socket 1\", \"serial\": \"S1\"},"
		" {\"class\": 9, \"key\": \"dimm 3\", \"in\": \"board 0\","
		"  \"name\": \"A4\", \"fru\": true},"
		" {\"class\": 6, \"key\": \"psu 1\", \"in\": \"chassis\","
		"  \"name\": \"PSU1\"},"
		" {\"class\": 99, \"key\": \"odd\"}, 5, {\"class\": 9}]");
	scene->packages =
		parse("[{\"package\": 0, \"cpus\": [0, 1], \"threads\": 2},"
		      " {\"package\": 1, \"cpus\": [2, 9], \"threads\": 2}]");
	scene->ecc = parse("{\"dimms\": [{\"label\": \"A4\","
			   " \"uncorrected\": 1}]}");
	add(&scene->bmc, "ipmi PS1 0", "psu 1", HEALTH_FAILED);
	add(&scene->bmc, "ipmi PS2 0", "psu 2", HEALTH_OK);
	add(&scene->bmc, "ipmi Fan1 0", "fan Fan1", HEALTH_OK);
	add(&scene->bmc, "ipmi CPU2 Temp 0", "socket 2", HEALTH_OK);
	add(&scene->bmc, "ipmi Inlet 0", "", HEALTH_DEGRADED);
	add(&scene->chips, "hwmon x temp1", "package 0", HEALTH_OK);
	add(&scene->chips, "hwmon x temp1", "package 0", HEALTH_OK);
	add(&scene->chips, "hwmon y temp1", "what is not there", HEALTH_OK);
	scene->parts = (struct entity_parts){
		.things = scene->things,
		.packages = scene->packages,
		.ecc = scene->ecc,
		.sensors = { &scene->bmc, &scene->chips },
	};
}

static void
drop_scene(struct scene *scene)
{
	entities_free(scene->entities);
	index_free(scene->index);
	json_decref(scene->things);
	json_decref(scene->packages);
	json_decref(scene->ecc);
	sensor_list_clear(&scene->bmc);
	sensor_list_clear(&scene->chips);
}

static struct node_report *
fill(struct scene *scene, int64_t now_ms)
{
	struct node_report *report = node_report_new();

	report->detail = node_detail_new();
	SET(report->host.name, "node1");
	SET(report->host.uuid, "11111111-1111-4111-8111-111111111112");
	report->numa = calloc(2, sizeof(*report->numa));
	report->n_numa = 2;
	SET(report->numa[0].cpus, "0-1");
	report->numa[1].node = 4;
	SET(report->numa[1].cpus, "2-3");
	report->bmc.present = true;
	SET(report->bmc.firmware, "2.17");
	report->detail->n_packages =
		packages_to_rows(scene->packages, &report->detail->packages);
	report->detail->packages[0].known[1] = DETAIL_KNOWN_POWER;
	report->detail->packages[0].power_mw = 45000;
	entities_fill(scene->entities, &scene->parts, now_ms,
		      (uint64_t)now_ms / 1000, report);
	return report;
}

static const struct detail_entity *
find(const struct node_detail *detail, const char *name)
{
	for (size_t i = 0; i < detail->n_entities; i++)
		if (strcmp(detail->entities[i].name, name) == 0)
			return &detail->entities[i];
	fail_msg("there is no %s", name);
	return NULL;
}

static bool
is_in(const struct node_detail *detail, const char *name, const char *parent)
{
	return find(detail, name)->contained_in == find(detail, parent)->index;
}

static const struct detail_state *
state_of(const struct node_detail *detail, const char *name)
{
	uint32_t index = find(detail, name)->index;

	for (size_t i = 0; i < detail->n_states; i++)
		if (detail->states[i].index == index)
			return &detail->states[i];
	return NULL;
}

static void
everything_is_where_it_belongs(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene);
	struct node_report *report = fill(&scene, 5000);
	const struct node_detail *detail = report->detail;
	assert_int_equal(find(detail, "node1")->contained_in, 0);
	assert_int_equal(find(detail, "node1")->position, -1);
	assert_string_equal(find(detail, "node1")->uuid, report->host.uuid);
	assert_int_equal(strlen(find(detail, "node1")->serial), 32);
	assert_int_equal(find(detail, "node 0")->class, DETAIL_CLASS_CONTAINER);
	/* All CPUs of package 0 are of node 0; those of 1 are spread. */
	assert_string_equal(detail->packages[0].model_name, "");
	assert_true(is_in(detail, "package 0", "node 0"));
	assert_string_equal(find(detail, "package 0")->serial, "S0");
	assert_int_equal(detail->packages[0].index,
			 find(detail, "package 0")->index);
	assert_false(is_in(detail, "package 1", "node 4"));
	assert_true(is_in(detail, "BMC", "node1"));
	assert_string_equal(find(detail, "BMC")->firmware_rev, "2.17");
	assert_true(is_in(detail, "ipmi PS1 0", "PSU1"));
	assert_true(is_in(detail, "ipmi PS2 0", "psu 2"));
	assert_int_equal(find(detail, "psu 2")->class,
			 DETAIL_CLASS_POWER_SUPPLY);
	assert_true(is_in(detail, "ipmi Fan1 0", "fan Fan1"));
	assert_true(is_in(detail, "ipmi CPU2 Temp 0", "package 1"));
	assert_true(is_in(detail, "ipmi Inlet 0", "node1"));
	assert_true(is_in(detail, "hwmon x temp1", "package 0"));
	assert_true(is_in(detail, "hwmon y temp1", "node1"));
	node_report_free(report);
	drop_scene(&scene);
}

static void
rows_are_sorted_and_fit_together(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene);
	struct node_report *report = fill(&scene, 5000);
	const struct node_detail *detail = report->detail;
	for (size_t i = 1; i < detail->n_entities; i++)
		assert_true(detail->entities[i - 1].index <
			    detail->entities[i].index);
	assert_int_equal(detail->n_contains, detail->n_entities - 1);
	assert_int_equal(detail->n_states, detail->n_entities);
	for (size_t i = 1; i < detail->n_contains; i++)
		assert_true(detail->contains[i - 1].parent <
				    detail->contains[i].parent ||
			    detail->contains[i - 1].child <
				    detail->contains[i].child);
	assert_int_equal(detail->n_sensors, 7); /* of twins there is one */
	for (size_t i = 0; i < detail->n_sensors; i++) {
		assert_int_equal(detail->sensors[i].read_ticks, 500);
		if (i > 0)
			assert_true(detail->sensors[i - 1].index <
				    detail->sensors[i].index);
	}
	node_report_free(report);
	drop_scene(&scene);
}

static void
numbers_and_times_stay_until_something_changes(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene);
	struct node_report *one = fill(&scene, 5000);
	struct node_report *two = fill(&scene, 9000);
	assert_int_equal(one->detail->entities_changed_ticks, 400);
	assert_int_equal(two->detail->entities_changed_ticks, 400);
	assert_int_equal(state_of(two->detail, "PSU1")->changed_s, 5);
	node_report_free(two);
	/* A supply is repaired, and a sensor disappears. */
	scene.bmc.raws[0].health = HEALTH_OK;
	scene.chips.n--;
	two = fill(&scene, 21000);
	assert_int_equal(two->detail->entities_changed_ticks, 2000);
	assert_int_equal(state_of(two->detail, "PSU1")->changed_s, 21);
	assert_int_equal(state_of(two->detail, "psu 2")->changed_s, 5);
	assert_int_equal(find(two->detail, "BMC")->index,
			 find(one->detail, "BMC")->index);
	node_report_free(one);
	node_report_free(two);
	drop_scene(&scene);
}

static void
rows_stay_for_a_while(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene);
	struct node_report *one = fill(&scene, 5000);
	scene.bmc.raws[0].health = HEALTH_OK;
	struct node_report *two = fill(&scene, 5000 + ENTITIES_PERIOD_MS - 1);
	assert_int_equal(two->detail->n_entities, one->detail->n_entities);
	assert_int_equal(state_of(two->detail, "PSU1")->oper,
			 DETAIL_OPER_DISABLED);
	assert_int_equal(two->detail->packages[1].index,
			 one->detail->packages[1].index);
	node_report_free(two);
	two = fill(&scene, 5000 + ENTITIES_PERIOD_MS);
	assert_int_equal(state_of(two->detail, "PSU1")->oper,
			 DETAIL_OPER_ENABLED);
	node_report_free(one);
	node_report_free(two);
	drop_scene(&scene);
}

static void
states_follow_from_health(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene);
	struct node_report *report = fill(&scene, 5000);
	const struct node_detail *detail = report->detail;
	assert_int_equal(state_of(detail, "PSU1")->oper, DETAIL_OPER_DISABLED);
	assert_int_equal(state_of(detail, "PSU1")->alarm[1],
			 DETAIL_ALARM_CRITICAL);
	assert_int_equal(state_of(detail, "PSU1")->usage, DETAIL_USAGE_ACTIVE);
	assert_int_equal(state_of(detail, "psu 2")->oper, DETAIL_OPER_ENABLED);
	assert_int_equal(state_of(detail, "psu 2")->alarm[1], 0);
	assert_int_equal(state_of(detail, "A4")->alarm[1],
			 DETAIL_ALARM_CRITICAL);
	assert_int_equal(state_of(detail, "A4")->usage, DETAIL_USAGE_BUSY);
	assert_int_equal(state_of(detail, "BMC")->oper, DETAIL_OPER_DISABLED);
	assert_int_equal(state_of(detail, "node 4")->usage, DETAIL_USAGE_IDLE);
	assert_int_equal(state_of(detail, "ipmi Inlet 0")->alarm[1],
			 DETAIL_ALARM_MINOR);
	for (size_t i = 0; i < detail->n_states; i++)
		assert_int_equal(detail->states[i].standby,
				 DETAIL_STANDBY_PROVIDING);
	node_report_free(report);
	drop_scene(&scene);
}

/* Names of sensors are the BMC's to choose. */
static void
a_flood_of_names_costs_vms_nothing(void **state)
{
	struct index *index = index_load("/nonexistent/index", 1);
	uint32_t vm = index_of(index, INDEX_VM, "vm");
	char key[32];

	(void)state;
	for (unsigned i = 0; i < INDEX_ENTRIES_MAX + 10; i++) {
		snprintf(key, sizeof(key), "ipmi %08u", i);
		index_of(index, INDEX_ENTITY, key);
	}
	assert_int_equal(index_of(index, INDEX_VM, "vm"), vm);
	index_free(index);
}

static void
power_is_told_of_what_is_measured(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene);
	struct node_report *report = fill(&scene, 5000);
	struct node_detail *detail = report->detail;
	assert_int_equal(detail->n_powers, 1); /* package 0, see fill() */
	assert_int_equal(detail->powers[0].index, detail->packages[0].index);
	assert_int_equal(detail->powers[0].power, 45000);
	assert_int_equal(detail->powers[0].multiplier, -3);
	node_report_free(report);
	drop_scene(&scene);
}

static void
a_machine_that_tells_nothing_is_a_chassis(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	scene.index = index_load("/nonexistent/index", 1);
	scene.entities = entities_new(scene.index, 0);
	struct node_report *report = node_report_new();
	report->detail = node_detail_new();
	SET(report->host.name, "node1");
	entities_fill(scene.entities, &scene.parts, 1, 1, report);
	assert_int_equal(report->detail->n_entities, 1);
	assert_int_equal(report->detail->n_contains, 0);
	assert_int_equal(report->detail->entities[0].class,
			 DETAIL_CLASS_CHASSIS);
	node_report_free(report);
	drop_scene(&scene);
}

/* --- health --------------------------------------------------------------- */

static struct node_report *
healthy(void)
{
	struct node_report *report = node_report_new();

	report->detail = node_detail_new();
	report->cpu.online = 4;
	report->cpu.uniform = true;
	report->load.mem_total_kib = 1000000;
	report->load.mem_available_kib = 500000;
	report->n_sources = 3;
	report->sources = calloc(3, sizeof(*report->sources));
	for (size_t i = 0; i < 3; i++)
		report->sources[i].status = HEALTH_OK;
	report->sources[0].index = SOURCE_HOST;
	report->sources[1].index = SOURCE_LIBVIRT;
	report->sources[2].index = SOURCE_BMC;
	report->detail->n_sensors = 2;
	report->detail->sensors = calloc(2, sizeof(struct detail_sensor));
	for (size_t i = 0; i < 2; i++) {
		report->detail->sensors[i].health = HEALTH_OK;
		report->detail->sensors[i].source = DETAIL_SENSOR_IPMI;
	}
	SET(report->detail->sensors[0].name, "Inlet");
	report->detail->sensors[0].about = DETAIL_ABOUT_THERMAL;
	SET(report->detail->sensors[1].name, "PS1");
	report->detail->sensors[1].about = DETAIL_ABOUT_POWER;
	return report;
}

static void
a_healthy_host_has_nothing_to_say(void **state)
{
	struct node_report *report = healthy();
	struct detail_health health;

	(void)state;
	assert_int_equal(health_judge(report, &health), HEALTH_OK);
	assert_int_equal(health.cpu, HEALTH_OK);
	assert_int_equal(health.memory, HEALTH_OK);
	assert_int_equal(health.power, HEALTH_OK);
	assert_int_equal(health.thermal, HEALTH_OK);
	assert_int_equal(health.storage, HEALTH_UNKNOWN);
	assert_int_equal(health.virtualisation, HEALTH_OK);
	assert_int_equal(health.bmc, HEALTH_OK);
	assert_int_equal(health.sources, HEALTH_OK);
	assert_string_equal(health.text, "");
	node_report_free(report);
}

static void
each_trouble_is_of_its_subsystem(void **state)
{
	struct node_report *report = healthy();
	struct detail_health health;

	(void)state;
	report->detail->sensors[0].health = HEALTH_FAILED;
	report->sources[2].status = HEALTH_FAILED;
	report->load.mem_available_kib = 50000;
	assert_int_equal(health_judge(report, &health), HEALTH_CRITICAL);
	assert_int_equal(health.thermal, HEALTH_CRITICAL); /* at most */
	assert_int_equal(health.power, HEALTH_OK);
	assert_int_equal(health.bmc, HEALTH_DEGRADED);
	assert_int_equal(health.sources, HEALTH_DEGRADED);
	assert_int_equal(health.memory, HEALTH_DEGRADED);
	assert_string_equal(health.text,
			    "thermal: Inlet: failed; memory: little memory "
			    "left; bmc: source : failed; sources: source : "
			    "failed");
	node_report_free(report);
}

static void
a_chips_voltage_is_never_critical(void **state)
{
	struct node_report *report = healthy();
	struct detail_health health;

	(void)state;
	report->detail->sensors[1].source = DETAIL_SENSOR_HWMON;
	report->detail->sensors[1].kind = DETAIL_KIND_VOLTS_DC;
	report->detail->sensors[1].health = HEALTH_FAILED;
	health_judge(report, &health);
	assert_int_equal(health.power, HEALTH_DEGRADED);
	node_report_free(report);
}

static void
memory_errors_count_by_kind_and_by_day(void **state)
{
	struct node_report *report = healthy();
	struct detail_health health;

	(void)state;
	report->host.uptime_s = 10 * 86400;
	report->detail->memory.ecc_corrected = 200;
	health_judge(report, &health);
	assert_int_equal(health.memory, HEALTH_OK);
	report->detail->memory.ecc_corrected = 300;
	health_judge(report, &health);
	assert_int_equal(health.memory, HEALTH_DEGRADED);
	report->detail->memory.ecc_uncorrected = 1;
	health_judge(report, &health);
	assert_int_equal(health.memory, HEALTH_CRITICAL);
	node_report_free(report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_where_it_belongs),
		cmocka_unit_test(rows_are_sorted_and_fit_together),
		cmocka_unit_test(
			numbers_and_times_stay_until_something_changes),
		cmocka_unit_test(rows_stay_for_a_while),
		cmocka_unit_test(states_follow_from_health),
		cmocka_unit_test(a_flood_of_names_costs_vms_nothing),
		cmocka_unit_test(power_is_told_of_what_is_measured),
		cmocka_unit_test(a_machine_that_tells_nothing_is_a_chassis),
		cmocka_unit_test(a_healthy_host_has_nothing_to_say),
		cmocka_unit_test(each_trouble_is_of_its_subsystem),
		cmocka_unit_test(a_chips_voltage_is_never_critical),
		cmocka_unit_test(memory_errors_count_by_kind_and_by_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
