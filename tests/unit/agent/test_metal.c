/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the metal: sensors, energy, memory errors, speeds, out of made-up
 * trees of /sys, good and odd ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/cpu_speed.h"
#include "agent/edac.h"
#include "agent/entity_key.h"
#include "agent/hwmon.h"
#include "agent/metal.h"
#include "agent/rapl.h"
#include "agent/roles.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "ipmi/sensors.h"
#include "tests/unit/agent/tree.h"

#define HWMON "sys/class/hwmon/hwmon0/"
#define RAPL  "sys/class/powercap/"
#define MC    "sys/devices/system/edac/mc/"
#define CPU   "sys/devices/system/cpu/"

struct files {
	const char *name, *text;
};

static void
write_all(const struct tree *tree, const char *folder,
	  const struct files *files, size_t n)
{
	char name[256];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%s", folder, files[i].name);
		tree_write(tree, name, files[i].text);
	}
}

#define WRITE(tree, folder, files) \
	write_all(tree, folder, files, sizeof(files) / sizeof(*(files)))

/* Of what the tree has, the sensor of this name; the list is the caller's. */
static bool
find(const struct sensor_list *list, const char *name,
     struct sensor_raw *ret_raw)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->raws[i].name, name) == 0) {
			*ret_raw = list->raws[i];
			return true;
		}
	return false;
}

static struct sensor_list
read_hwmon(const struct tree *tree)
{
	struct sensor_list list;
	json_t *sensors = json_array();

	hwmon_read(tree->root, sensors);
	metal_take_sensors(sensors, 1000, &list);
	json_decref(sensors);
	return list;
}

static void
values_labels_and_thresholds_of_chips_are_read(void **state)
{
	static const struct files files[] = {
		{ "name", "nct6775\n" },
		{ "temp1_input", "45500\n" },
		{ "temp1_label", "CPU\n" },
		{ "temp1_max", "80000\n" },
		{ "temp1_crit", "100000\n" },
		{ "fan2_input", "1234\n" },
		{ "fan2_min", "600\n" },
		{ "in0_input", "1016\n" },
		{ "in0_min", "900\n" },
		{ "in0_max", "1100\n" },
		{ "curr1_input", "-1500\n" },
		{ "power1_average", "123456789\n" },
		{ "humidity1_input", "41000\n" },
	};
	struct tree tree = { "" };
	struct sensor_raw raw = { 0 };
	struct detail_sensor row;

	(void)state;
	tree_make(&tree);
	WRITE(&tree, HWMON, files);
	struct sensor_list list = read_hwmon(&tree);
	assert_int_equal(list.n, 6);
	assert_true(find(&list, "nct6775 CPU", &raw));
	assert_string_equal(raw.key, "hwmon nct6775 temp1");
	sensor_to_row(&raw, &row);
	assert_int_equal(row.kind, DETAIL_KIND_CELSIUS);
	assert_int_equal(row.value, 45500);
	assert_int_equal(row.precision, 3);
	assert_int_equal(row.has_threshold[1], 0x18); /* 3 and 4 */
	assert_int_equal(row.thresholds[DETAIL_HIGH_WARNING], 80000);
	assert_int_equal(row.thresholds[DETAIL_HIGH_CRITICAL], 100000);
	assert_int_equal(row.health, HEALTH_OK);
	assert_string_equal(row.unit, "degrees C");
	assert_true(find(&list, "nct6775 fan2", &raw));
	sensor_to_row(&raw, &row);
	assert_int_equal(row.value, 1234);
	assert_int_equal(row.precision, 0);
	assert_int_equal(row.thresholds[DETAIL_LOW_WARNING], 600);
	assert_true(find(&list, "nct6775 curr1", &raw));
	sensor_to_row(&raw, &row);
	assert_int_equal(row.value, -1500);
	assert_true(find(&list, "nct6775 power1", &raw));
	sensor_to_row(&raw, &row);
	assert_int_equal(row.value, 123457);
	assert_true(find(&list, "nct6775 humidity1", &raw));
	sensor_to_row(&raw, &row);
	assert_int_equal(row.value, 41);
	sensor_list_clear(&list);
	tree_remove(&tree);
}

static void
what_a_chip_cannot_tell_is_not_zero(void **state)
{
	static const struct files files[] = {
		{ "temp1_input", "\n" },
		{ "temp2_input", "nonsense\n" },
		{ "temp3_input", "99999999999999999999999\n" },
		{ "temp4_input", "-273150000\n" },
		{ "temp5_input", "20000\n" },
		{ "temp5_fault", "1\n" },
		{ "temp6_max", "20000\n" },
		{ "tempx_input", "1\n" },
		{ "_input", "1\n" },
		{ "temp_input", "1\n" },
		{ "temp7_input_more", "1\n" },
	};
	struct tree tree = { "" };

	(void)state;
	tree_make(&tree);
	WRITE(&tree, HWMON, files);
	struct sensor_list list = read_hwmon(&tree);
	assert_int_equal(list.n, 5);
	for (size_t i = 0; i < list.n; i++) {
		struct detail_sensor row;

		sensor_to_row(&list.raws[i], &row);
		assert_int_not_equal(row.status, DETAIL_SENSOR_OK);
		assert_int_not_equal(row.health, HEALTH_OK);
		assert_string_not_equal(row.text, "");
	}
	assert_int_equal(list.raws[3].status, DETAIL_SENSOR_BROKEN);
	assert_int_equal(list.raws[4].status, DETAIL_SENSOR_BROKEN);
	sensor_list_clear(&list);
	tree_remove(&tree);
}

static void
a_value_is_judged_by_thresholds_that_make_sense(void **state)
{
	static const struct files files[] = {
		{ "temp1_input", "101000\n" }, { "temp1_max", "80000\n" },
		{ "temp1_crit", "100000\n" },  { "temp2_input", "50000\n" },
		{ "temp2_max", "0\n" },        { "temp2_crit", "-1000\n" },
		{ "in1_input", "3300\n" },     { "in1_min", "4000\n" },
		{ "in1_max", "0\n" },          { "in1_alarm", "0\n" },
		{ "in2_input", "3300\n" },     { "in2_alarm", "1\n" },
		{ "fan1_input", "0\n" },       { "fan1_min", "300\n" },
		{ "in3_input", "3300\n" },     { "in3_crit_alarm", "1\n" },
	};
	static const struct {
		const char *name;
		enum report_health health;
		bool has_thresholds;
	} expect[] = {
		{ "hwmon temp1", HEALTH_CRITICAL, true },
		{ "hwmon temp2", HEALTH_OK, false },
		{ "hwmon in1", HEALTH_OK, false },
		{ "hwmon in2", HEALTH_DEGRADED, false },
		{ "hwmon fan1", HEALTH_DEGRADED, true },
		{ "hwmon in3", HEALTH_CRITICAL, false },
	};
	struct tree tree = { "" };
	struct sensor_raw raw = { 0 };

	(void)state;
	tree_make(&tree);
	WRITE(&tree, HWMON, files);
	struct sensor_list list = read_hwmon(&tree);
	for (size_t i = 0; i < sizeof(expect) / sizeof(*expect); i++) {
		struct detail_sensor row;

		assert_true(find(&list, expect[i].name, &raw));
		sensor_to_row(&raw, &row);
		assert_int_equal(row.health, expect[i].health);
		assert_int_equal(row.has_threshold[1] != 0,
				 expect[i].has_thresholds);
	}
	sensor_list_clear(&list);
	tree_remove(&tree);
}

static void
keys_do_not_hang_on_the_kernels_numbers(void **state)
{
	struct tree tree = { "" };
	struct sensor_raw raw = { 0 };

	(void)state;
	tree_make(&tree);
	tree_write(&tree, "sys/class/hwmon/hwmon7/name", "coretemp\n");
	tree_write(&tree, "sys/class/hwmon/hwmon7/temp1_input", "1000\n");
	assert_int_equal(symlink("../../../coretemp.1",
				 tree_path(&tree,
					   "sys/class/hwmon/hwmon7/device")),
			 0);
	struct sensor_list list = read_hwmon(&tree);
	assert_true(find(&list, "coretemp temp1", &raw));
	assert_string_equal(raw.key, "hwmon coretemp.1 temp1");
	sensor_list_clear(&list);
	tree_remove(&tree);
}

static void
long_keys_are_cut_but_stay_different(void **state)
{
	char one[REPORT_NAME_LEN], other[REPORT_NAME_LEN], text[200];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[198] = 'b';
	text[199] = '\0';
	entity_key(one, text);
	text[198] = 'c';
	entity_key(other, text);
	assert_string_not_equal(one, other);
	assert_int_equal(strlen(one), REPORT_NAME_LEN - 1);
	entity_key(one, "short\n");
	assert_string_equal(one, "short?");
}

static void
messages_that_make_no_sense_are_dropped(void **state)
{
	static const char *const texts[] = {
		"{}",
		"5",
		"{\"key\":\"k\",\"source\":2,\"kind\":8,\"status\":1,"
		"\"health\":2}", /* ok without a value */
		"{\"key\":\"k\",\"source\":9,\"kind\":8,\"status\":2,"
		"\"health\":2}",
		"{\"key\":\"\",\"source\":2,\"kind\":8,\"status\":2,"
		"\"health\":2}",
		"{\"key\":\"k\",\"source\":2,\"kind\":8,\"status\":1,"
		"\"health\":2,\"micro\":9223372036854775807}",
	};
	struct sensor_raw raw = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_t *from = json_loads(texts[i], JSON_DECODE_ANY, NULL);

		assert_non_null(from);
		assert_false(sensor_from_message(from, &raw));
		json_decref(from);
	}
}

/* --- of the BMC ----------------------------------------------------------- */

static void
sensors_of_a_bmc_become_the_same_rows(void **state)
{
	struct sensor fan = { .name = "Fan 1",
			      .entity = 29,
			      .instance = 1,
			      .state = SENSOR_LOWER_CRITICAL,
			      .has_value = true,
			      .value_micro = 840000000,
			      .unit = "RPM" };
	struct sensor supply = { .name = "PS1 Status",
				 .entity = 10,
				 .instance = 1,
				 .discrete = true,
				 .state = SENSOR_OK,
				 .states = 0x3,
				 .grade = IPMI_GRADE_CRITICAL,
				 .states_text = "present, failed" };
	struct sensor gone = { .name = "Temp",
			       .state = SENSOR_ABSENT,
			       .unit = "degrees C",
			       .reason = "there is no such sensor" };
	struct sensor_raw raw = { 0 };
	struct detail_sensor row;

	(void)state;
	fan.thresholds[SDR_LOWER_CRITICAL].is_set = true;
	fan.thresholds[SDR_LOWER_CRITICAL].micro = 900000000;
	sensor_from_ipmi(&fan, 0, &raw);
	sensor_to_row(&raw, &row);
	assert_int_equal(row.kind, DETAIL_KIND_RPM);
	assert_int_equal(row.value, 840);
	assert_int_equal(row.has_threshold[1], 0x40);
	assert_int_equal(row.thresholds[DETAIL_LOW_CRITICAL], 900);
	assert_int_equal(row.health, HEALTH_CRITICAL);
	assert_string_equal(raw.part, "fan Fan 1");
	sensor_from_ipmi(&supply, 0, &raw);
	sensor_to_row(&raw, &row);
	assert_int_equal(row.value, 3);
	assert_int_equal(row.precision, 0); /* to anybody's monitoring, too */
	assert_int_equal(row.status, DETAIL_SENSOR_OK);
	assert_int_equal(row.health, HEALTH_CRITICAL);
	assert_string_equal(row.text, "present, failed");
	assert_string_equal(raw.part, "psu 1");
	sensor_from_ipmi(&gone, 3, &raw);
	sensor_to_row(&raw, &row);
	assert_int_equal(row.status, DETAIL_SENSOR_UNAVAILABLE);
	assert_int_equal(row.health, HEALTH_UNKNOWN);
	assert_string_equal(raw.key, "ipmi Temp 3");
	assert_string_equal(row.text, "there is no such sensor");
}

/* --- energy --------------------------------------------------------------- */

static void
a_power_is_the_growth_of_a_counter(void **state)
{
	(void)state;
	/* 50 J in 1 s. */
	assert_int_equal(rapl_power(0, 50000000, 1 << 30, 1000000), 50000);
	/* It went round: 10 before the end and 39 after. */
	assert_int_equal(rapl_power(999990, 39, 999999, 1), 49000);
	assert_int_equal(rapl_power(10, 10, 999999, 1000000), 0);
	/* Reset to a place that cannot be, no time, too long ago, too much. */
	assert_int_equal(rapl_power(2000000, 5, 999999, 1000000), -1);
	assert_int_equal(rapl_power(5, 4, 0, 1000000), -1);
	assert_int_equal(rapl_power(0, 5, 999999, 0), -1);
	assert_int_equal(rapl_power(0, 5, 999999, -7), -1);
	assert_int_equal(rapl_power(0, 5, 999999, 61000000), -1);
	assert_int_equal(rapl_power(0, UINT64_MAX, 0, 1000000), -1);
}

static void
packages_tell_their_watts_from_the_second_time_on(void **state)
{
	static struct rapl rapl;
	struct tree tree = { "" };
	struct sensor_list list;
	struct sensor_raw raw = { 0 };
	json_t *sensors = json_array(), *powers = json_array();

	(void)state;
	tree_make(&tree);
	tree_write(&tree, RAPL "intel-rapl/enabled", "1\n");
	tree_write(&tree, RAPL "intel-rapl:0/name", "package-0\n");
	tree_write(&tree, RAPL "intel-rapl:0/energy_uj", "1000\n");
	tree_write(&tree, RAPL "intel-rapl:0/max_energy_range_uj", "99999\n");
	tree_write(&tree, RAPL "intel-rapl:0:0/name", "dram\n");
	tree_write(&tree, RAPL "intel-rapl:0:0/energy_uj", "x\n");
	tree_write(&tree, RAPL "intel-rapl-mmio:0/name", "package-0\n");
	rapl_read(&rapl, tree.root, 1000000, sensors, powers);
	assert_int_equal(json_array_size(sensors), 2);
	assert_int_equal(json_array_size(powers), 0);
	json_array_clear(sensors);
	tree_write(&tree, RAPL "intel-rapl:0/energy_uj", "501000\n");
	rapl_read(&rapl, tree.root, 1010000, sensors, powers);
	assert_int_equal(message_number(json_array_get(powers, 0), "mw", 99999),
			 50000);
	metal_take_sensors(sensors, 1, &list);
	assert_true(find(&list, "RAPL package-0", &raw));
	assert_int_equal(raw.micro, 50000000);
	assert_string_equal(raw.part, "package 0");
	assert_true(find(&list, "RAPL package-0 dram", &raw));
	assert_int_equal(raw.status, DETAIL_SENSOR_UNAVAILABLE);
	sensor_list_clear(&list);
	json_decref(sensors);
	json_decref(powers);
	tree_remove(&tree);
}

/* --- memory errors and speeds --------------------------------------------- */

static void
memory_errors_are_counted_for_each_module(void **state)
{
	struct tree tree = { "" };

	(void)state;
	tree_make(&tree);
	assert_null(edac_read(tree.root));
	tree_write(&tree, MC "mc0/ce_count", "12\n");
	tree_write(&tree, MC "mc0/ue_count", "nonsense\n");
	tree_write(&tree, MC "mc0/dimm0/dimm_label", "DIMM_A1\n");
	tree_write(&tree, MC "mc0/dimm0/dimm_ce_count", "12\n");
	tree_write(&tree, MC "mc0/dimm0/size", "16384\n");
	tree_write(&tree, MC "mc0/rank3/dimm_ce_count", "-4\n");
	tree_write(&tree, MC "mc1/ue_count", "1\n");
	json_t *ecc = edac_read(tree.root);
	assert_int_equal(message_number(ecc, "corrected", 99), 12);
	assert_int_equal(message_number(ecc, "uncorrected", 99), 1);
	const json_t *dimms = json_object_get(ecc, "dimms");
	assert_int_equal(json_array_size(dimms), 2);
	assert_string_equal(message_text(json_array_get(dimms, 0), "label"),
			    "DIMM_A1");
	assert_string_equal(message_text(json_array_get(dimms, 1), "label"),
			    "mc0/rank3");
	assert_int_equal(message_number(json_array_get(dimms, 1), "corrected",
					99),
			 0);
	json_decref(ecc);
	tree_remove(&tree);
}

static void
write_speed(const struct tree *tree, unsigned cpu, const char *package,
	    const char *siblings)
{
	char name[128];

	snprintf(name, sizeof(name), CPU "cpu%u/topology/physical_package_id",
		 cpu);
	tree_write(tree, name, package);
	snprintf(name, sizeof(name), CPU "cpu%u/topology/thread_siblings_list",
		 cpu);
	tree_write(tree, name, siblings);
	snprintf(name, sizeof(name), CPU "cpu%u/cpufreq/scaling_cur_freq", cpu);
	tree_write(tree, name, cpu == 0 ? "1000000\n" : "3000000\n");
	snprintf(name, sizeof(name), CPU "cpu%u/cpufreq/cpuinfo_max_freq", cpu);
	tree_write(tree, name, "3500000\n");
	snprintf(name, sizeof(name),
		 CPU "cpu%u/thermal_throttle/core_throttle_count", cpu);
	tree_write(tree, name, "5\n");
	snprintf(name, sizeof(name),
		 CPU "cpu%u/thermal_throttle/package_throttle_count", cpu);
	tree_write(tree, name, "100\n");
}

static void
each_core_is_asked_once_for_its_speed(void **state)
{
	struct tree tree = { "" };
	json_t *packages = json_array();

	(void)state;
	tree_make(&tree);
	cpu_speed_read(tree.root, packages);
	assert_int_equal(json_array_size(packages), 0);
	tree_write(&tree, CPU "online", "0-3\n");
	write_speed(&tree, 0, "0\n", "0,2\n");
	write_speed(&tree, 1, "0\n", "1\n");
	write_speed(&tree, 2, "0\n", "0,2\n");
	write_speed(&tree, 3, "-1\n", "nonsense\n");
	cpu_speed_read(tree.root, packages);
	assert_int_equal(json_array_size(packages), 1);
	const json_t *one = json_array_get(packages, 0);
	assert_int_equal(message_number(one, "mhz", 9999), 2000);
	assert_int_equal(message_number(one, "max_mhz", 9999), 3500);
	assert_int_equal(message_number(one, "throttles", 9999), 110);
	json_decref(packages);
	tree_remove(&tree);
}

static void
chips_that_were_left_out_are_still_there(void **state)
{
	struct sensor_list before = { NULL, 0 }, now = { NULL, 0 };
	struct sensor_raw chip = { .source = DETAIL_SENSOR_HWMON };
	struct sensor_raw energy = { .source = DETAIL_SENSOR_RAPL };

	(void)state;
	SET(chip.name, "chip");
	sensor_list_add(&before, &energy);
	sensor_list_add(&before, &chip);
	sensor_list_add(&now, &energy);
	metal_keep_chips(&before, &now);
	assert_int_equal(now.n, 2);
	assert_true(find(&now, "chip", &chip));
	sensor_list_clear(&before);
	sensor_list_clear(&now);
}

/* --- the collector -------------------------------------------------------- */

static bool
is_read(void *arg)
{
	const struct source *source = metal_source(arg);

	return source->good_ms >= 0 || source->failures > 0;
}

static void
the_worker_reads_a_tree(void **state)
{
	struct tree tree = { "" };
	struct loop *loop = loop_new();
	struct detail_package row = { 0 };

	(void)state;
	tree_make(&tree);
	tree_write(&tree, HWMON "temp1_input", "45000\n");
	tree_write(&tree, MC "mc0/ce_count", "1\n");
	tree_write(&tree, CPU "online", "0\n");
	write_speed(&tree, 0, "0\n", "0\n");
	struct metal *metal = metal_new(loop, tree.root);
	assert_false(metal_package(metal, 0, &row));
	assert_true(run_until(loop, is_read, metal, 10000));
	assert_int_equal(metal_sensors(metal)->n, 1);
	assert_non_null(metal_ecc(metal));
	assert_true(metal_package(metal, 0, &row));
	assert_int_equal(row.mhz, 1000);
	assert_int_equal(row.known[1], DETAIL_KNOWN_MHZ | DETAIL_KNOWN_MAX_MHZ |
					       DETAIL_KNOWN_THROTTLES);
	assert_false(metal_package(metal, 7, &row));
	metal_free(metal);
	loop_free(loop);
	tree_remove(&tree);
}

int
main(int argc, char *argv[])
{
	int rc = roles_main(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			values_labels_and_thresholds_of_chips_are_read),
		cmocka_unit_test(what_a_chip_cannot_tell_is_not_zero),
		cmocka_unit_test(
			a_value_is_judged_by_thresholds_that_make_sense),
		cmocka_unit_test(keys_do_not_hang_on_the_kernels_numbers),
		cmocka_unit_test(long_keys_are_cut_but_stay_different),
		cmocka_unit_test(messages_that_make_no_sense_are_dropped),
		cmocka_unit_test(sensors_of_a_bmc_become_the_same_rows),
		cmocka_unit_test(a_power_is_the_growth_of_a_counter),
		cmocka_unit_test(
			packages_tell_their_watts_from_the_second_time_on),
		cmocka_unit_test(memory_errors_are_counted_for_each_module),
		cmocka_unit_test(each_core_is_asked_once_for_its_speed),
		cmocka_unit_test(chips_that_were_left_out_are_still_there),
		cmocka_unit_test(the_worker_reads_a_tree),
	};

	return rc >= 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}
