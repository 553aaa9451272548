/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sensors over the real transport, of tests/farm: the same as ipmitool reads,
 * and how many requests that takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "ipmi/sensors.h"
#include "tests/support/ipmi_farm.h"

enum { COUNT = 4, SENSORS = 11, ROUNDS = 50 };

static struct world {
	struct ipmi_farm farm;
	struct loop *loop;
	struct ipmi_env *env;
	struct bmc *bmcs[COUNT];
	struct sensors *sensors[COUNT];
	char dir[64];
} world;

static void
tell(const char *line)
{
	if (strcmp(ipmi_farm_tell(&world.farm, line), "ok\n") != 0)
		fail_msg("the farm does not know \"%s\"", line);
}

/* How often a BMC was asked: "records", "readings", "thresholds". */
static unsigned
count(unsigned i, const char *word)
{
	char line[32], key[32];

	snprintf(line, sizeof(line), "%u state", i);
	snprintf(key, sizeof(key), " %s ", word);
	const char *at = strstr(ipmi_farm_tell(&world.farm, line), key);
	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(key), NULL, 10);
}

static void
open_bmc(unsigned i, const char *dir)
{
	static const struct ipmi_account account = { "farm", "admin",
						     "secret" };
	char address[BMC_ADDRESS_MAX];
	const struct bmc_target target = { .address = address,
					   .cipher_suite = 17,
					   .privilege = IPMI_OPERATOR };

	snprintf(address, sizeof(address), "127.0.92.%u:%u", 1 + i,
		 world.farm.port);
	world.bmcs[i] = bmc_new_lan(world.env, &target, &account, NULL);
	assert_non_null(world.bmcs[i]);
	world.sensors[i] = sensors_new(world.bmcs[i], dir);
}

static void
close_bmc(unsigned i)
{
	sensors_free(world.sensors[i]);
	bmc_free(world.bmcs[i]);
	world.sensors[i] = NULL;
	world.bmcs[i] = NULL;
}

struct outcome {
	unsigned calls;
	struct sensors_result result;
	struct sensor sensors[SENSORS];
};

static void
take(void *arg, const struct sensors_result *result)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->result = *result;
	assert_true(result->n <= SENSORS);
	if (result->n > 0)
		memcpy(outcome->sensors, result->sensors,
		       result->n * sizeof(result->sensors[0]));
	loop_stop(world.loop);
}

static const struct outcome *
read_all(unsigned i, int64_t deadline_ms)
{
	static struct outcome outcome;

	outcome = (struct outcome){ 0 };
	assert_true(
		sensors_read(world.sensors[i], deadline_ms, take, &outcome));
	while (outcome.calls == 0)
		loop_run(world.loop);
	assert_int_equal(outcome.calls, 1);
	return &outcome;
}

static const struct outcome *
read_well(unsigned i)
{
	const struct outcome *o = read_all(i, 30000);

	if (o->result.rc != IPMI_OK)
		fail_msg("%s", o->result.text);
	assert_int_equal(o->result.n, SENSORS);
	assert_int_equal(o->result.skipped, 0);
	assert_false(o->result.cut);
	return o;
}

static const struct sensor *
named(const struct outcome *o, const char *name)
{
	for (size_t i = 0; i < o->result.n; i++)
		if (strcmp(o->sensors[i].name, name) == 0)
			return &o->sensors[i];
	fail_msg("there is no %s", name);
	return NULL;
}

static int
set_up(void **state)
{
	(void)state;
	world = (struct world){ .dir = "/tmp/ironherd-sensors-XXXXXX",
				.loop = loop_new() };
	ipmi_farm_start(&world.farm, COUNT);
	world.env = ipmi_env_new(world.loop, NULL);
	return world.env == NULL || mkdtemp(world.dir) == NULL;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		close_bmc(i);
	ipmi_env_free(world.env);
	loop_free(world.loop);
	ipmi_farm_stop(&world.farm);
	return nftw(world.dir, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

/* --- what they say ------------------------------------------------------- */

static void
each_sensor_says_what_it_is(void **state)
{
	static const struct {
		const char *name, *unit;
		uint8_t number, type, entity, instance;
		int64_t micro;
	} cases[] = {
		{ "CPU Temp", "degrees C", 3, 1, 3, 1, 42000000 },
		{ "Inlet Temp", "degrees C", 4, 1, 0x37, 1, 23000000 },
		{ "Fan 1", "RPM", 5, 4, 0x1d, 1, 5000000000 },
		{ "Fan 2", "RPM", 6, 4, 0x1d, 2, 4900000000 },
		{ "P12V", "volts", 7, 2, 7, 1, 11970000 },
		{ "N12V", "volts", 8, 2, 7, 2, -11968000 },
		{ "VBAT", "volts", 9, 2, 0x28, 1, 3040000 },
	};

	(void)state;
	open_bmc(0, NULL);
	const struct outcome *o = read_well(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sensor *s = named(o, cases[i].name);

		assert_int_equal(s->number, cases[i].number);
		assert_int_equal(s->type, cases[i].type);
		assert_int_equal(s->entity, cases[i].entity);
		assert_int_equal(s->instance, cases[i].instance);
		assert_int_equal(s->state, SENSOR_OK);
		assert_true(s->has_value);
		assert_int_equal(s->value_micro, cases[i].micro);
		assert_string_equal(s->unit, cases[i].unit);
		assert_false(s->discrete);
	}
	const struct sensor *inlet = named(o, "Inlet Temp");
	assert_int_equal(inlet->thresholds[SDR_LOWER_CRITICAL].micro,
			 -10000000);
	assert_int_equal(inlet->thresholds[SDR_LOWER_NON_CRITICAL].micro,
			 2000000);
	assert_false(inlet->thresholds[SDR_UPPER_NON_CRITICAL].is_set);
	assert_int_equal(named(o, "PSU1")->instance, 1);
	assert_int_equal(named(o, "PSU2")->instance, 2);
	assert_string_equal(named(o, "PSU2")->states_text, "present");
	assert_string_equal(named(o, "Watchdog")->states_text, "");
	assert_true(named(o, "Power Unit")->discrete);
}

static void
states_change_as_the_bmc_says(void **state)
{
	(void)state;
	open_bmc(0, NULL);
	tell("0 sensor 3 95");
	tell("0 sensor 4 0xf0");
	tell("0 sensor 10 0x0b");
	tell("0 sensor 5 5");
	const struct outcome *o = read_well(0);
	const struct sensor *s = named(o, "CPU Temp");
	assert_int_equal(s->state, SENSOR_UPPER_CRITICAL);
	assert_int_equal(s->value_micro, 95000000);
	assert_int_equal(s->thresholds[SDR_UPPER_CRITICAL].micro, 90000000);
	s = named(o, "Inlet Temp");
	assert_int_equal(s->state, SENSOR_LOWER_CRITICAL);
	assert_int_equal(s->value_micro, -16000000);
	assert_int_equal(named(o, "Fan 1")->state,
			 SENSOR_LOWER_NON_RECOVERABLE);
	s = named(o, "PSU1");
	assert_string_equal(s->states_text, "present, failed, input lost");
	assert_int_equal(s->grade, IPMI_GRADE_CRITICAL);
	tell("0 power off");
	for (int i = 0; i < 100 && read_well(0) != NULL &&
			named(o, "Fan 1")->state != SENSOR_UNAVAILABLE;
	     i++)
		usleep(20000);
	s = named(o, "Fan 1");
	assert_int_equal(s->state, SENSOR_UNAVAILABLE);
	assert_false(s->has_value);
	assert_int_equal(named(o, "VBAT")->state, SENSOR_OK);
	assert_string_equal(named(o, "Power Unit")->states_text, "power off");
}

/* --- ipmitool's view ----------------------------------------------------- */

/* "CPU Temp | 42.000 | degrees C | ok | na | ..." with a number or na. */
static bool
take_column(char **rest, char ret_text[64])
{
	char *column = strsep(rest, "|");

	if (column == NULL)
		return false;
	column += strspn(column, " ");
	size_t len = strcspn(column, "|\n");
	while (len > 0 && column[len - 1] == ' ')
		len--;
	snprintf(ret_text, 64, "%.*s", (int)len, column);
	return true;
}

static void
assert_near(const char *text, bool has, int64_t micro)
{
	bool na = strcmp(text, "na") == 0;

	assert_int_equal(!na, has);
	if (na)
		return;
	double off = strtod(text, NULL) * 1e6 - (double)micro;
	assert_true(off < 1000 && off > -1000);
}

static void
assert_line(const struct outcome *o, char *line)
{
	/* As ipmitool has them: lower nr, cr, nc, upper nc, cr, nr. */
	static const enum sdr_threshold order[] = {
		SDR_LOWER_NON_RECOVERABLE, SDR_LOWER_CRITICAL,
		SDR_LOWER_NON_CRITICAL,    SDR_UPPER_NON_CRITICAL,
		SDR_UPPER_CRITICAL,        SDR_UPPER_NON_RECOVERABLE
	};
	char text[64], unit[64], status[64];
	char *rest = line;

	assert_true(take_column(&rest, text));
	const struct sensor *s = named(o, text);
	assert_true(take_column(&rest, text));
	assert_true(take_column(&rest, unit));
	assert_true(take_column(&rest, status));
	if (strcmp(unit, "discrete") == 0) {
		assert_true(s->discrete);
		assert_int_equal(strtol(status, NULL, 0) >> 8 |
					 (strtol(status, NULL, 0) & 0x7f) << 8,
				 s->states);
		return;
	}
	assert_near(text, s->has_value, s->value_micro);
	assert_int_equal(strcasecmp(unit, s->unit), 0);
	assert_string_equal(status, "ok");
	for (size_t i = 0; i < SDR_THRESHOLDS; i++) {
		const struct sensor_threshold *t = &s->thresholds[order[i]];

		assert_true(take_column(&rest, text));
		assert_near(text, t->is_set, t->micro);
	}
}

static void
ipmitool_reads_the_same(void **state)
{
	char command[256], line[512];
	unsigned lines = 0;

	(void)state;
	if (access("/usr/bin/ipmitool", X_OK) != 0)
		skip();
	open_bmc(0, NULL);
	const struct outcome *o = read_well(0);
	snprintf(command, sizeof(command),
		 "ipmitool -I lanplus -C 17 -H 127.0.92.1 -p %u -U admin "
		 "-P secret sensor 2>/dev/null",
		 world.farm.port);
	/* NOLINTNEXTLINE(cert-env33-c): ours */
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	for (; fgets(line, sizeof(line), pipe) != NULL; lines++)
		/* It knows nothing of shared records. */
		if (strncmp(line, "PSU ", 4) != 0)
			assert_line(o, line);
	pclose(pipe);
	assert_int_equal(lines, SENSORS - 1);
}

/* --- how many requests --------------------------------------------------- */

static void
the_second_reading_asks_for_no_record(void **state)
{
	(void)state;
	open_bmc(0, NULL);
	read_well(0);
	unsigned records = count(0, "records");
	unsigned readings = count(0, "readings");
	unsigned thresholds = count(0, "thresholds");
	unsigned requests = count(0, "requests");
	/* A record of a sensor in two requests, of others in one; a few more
	 * where this machine is slow and they are sent again. */
	assert_in_range(records, 2 * 10 + 3, 2 * 10 + 3 + 10);
	assert_in_range(readings, SENSORS, SENSORS + 10);
	assert_in_range(thresholds, 7, 7 + 10);
	assert_true(read_well(0)->result.kept);
	assert_int_equal(count(0, "records"), records);
	assert_int_equal(count(0, "thresholds"), thresholds);
	assert_in_range(count(0, "readings") - readings, SENSORS, SENSORS + 10);
	assert_in_range(count(0, "requests") - requests, SENSORS + 1,
			SENSORS + 1 + 20);
}

static void
the_file_spares_the_records_after_a_restart(void **state)
{
	(void)state;
	open_bmc(0, world.dir);
	assert_false(read_well(0)->result.kept);
	close_bmc(0);
	unsigned records = count(0, "records");
	open_bmc(0, world.dir);
	const struct outcome *o = read_well(0);
	assert_true(o->result.kept);
	assert_int_equal(count(0, "records"), records);
	assert_int_equal(named(o, "CPU Temp")->value_micro, 42000000);
	/* Other records, by their time: one degree is half a step now. */
	tell("0 sdr-change");
	o = read_well(0);
	assert_false(o->result.kept);
	assert_true(count(0, "records") > records);
	assert_int_equal(named(o, "CPU Temp")->value_micro, 84000000);
}

static void
two_bmcs_with_one_guid_do_not_mix(void **state)
{
	(void)state;
	tell("0-1 guid 00112233445566778899aabbccddeeff");
	tell("1 sdr-change");
	for (int i = 0; i < 2; i++) {
		open_bmc(0, world.dir);
		open_bmc(1, world.dir);
		assert_int_equal(named(read_well(0), "CPU Temp")->value_micro,
				 42000000);
		assert_int_equal(named(read_well(1), "CPU Temp")->value_micro,
				 84000000);
		assert_int_equal(named(read_well(0), "CPU Temp")->value_micro,
				 42000000);
		close_bmc(0);
		close_bmc(1);
	}
}

/* --- faults -------------------------------------------------------------- */

static void
short_reads_and_lost_reservations_change_nothing(void **state)
{
	(void)state;
	/* A session that is being opened does not stand all of them. */
	for (unsigned i = 0; i < COUNT; i++) {
		open_bmc(i, NULL);
		read_well(i);
	}
	tell("all sdr-change");
	tell("0 read-max 10");
	tell("0 lose 4");
	tell("1 read-max 1");
	tell("2 busy 8");
	tell("3 loss 100");
	for (unsigned i = 0; i < COUNT; i++) {
		const struct outcome *o = read_well(i);

		assert_false(o->result.kept);
		assert_int_equal(named(o, "CPU Temp")->value_micro, 84000000);
		assert_int_equal(named(o, "N12V")->value_micro, -11968000);
		assert_string_equal(named(o, "PSU2")->states_text, "present");
	}
}

static void
answers_cut_short_are_a_bad_reply(void **state)
{
	(void)state;
	open_bmc(0, NULL);
	read_well(0);
	tell("0 short 1");
	const struct outcome *o = read_all(0, 10000);
	assert_int_equal(o->result.rc, IPMI_BAD_REPLY);
	assert_int_equal(o->result.n, 0);
	tell("0 short 0");
	read_well(0);
}

static void
silence_is_told_at_the_deadline(void **state)
{
	(void)state;
	open_bmc(0, NULL);
	read_well(0);
	tell("0 silent 1");
	int64_t begin_ms = clock_mono_ms();
	const struct outcome *o = read_all(0, 2000);
	assert_int_equal(o->result.rc, IPMI_TIMEOUT);
	assert_true(clock_mono_ms() - begin_ms >= 1990);
	tell("0 silent 0");
	read_well(0);
	/* While records are read. */
	open_bmc(1, NULL);
	tell("1 slow 100");
	o = read_all(1, 1500);
	assert_int_equal(o->result.rc, IPMI_TIMEOUT);
	assert_int_equal(o->result.n, 0);
	tell("1 slow 0");
	read_well(1);
}

/* --- figures ------------------------------------------------------------- */

static void
how_long_it_takes_is_printed(void **state)
{
	(void)state;
	open_bmc(0, NULL);
	read_well(0);
	tell("0 sdr-change");
	int64_t begin_ms = clock_mono_ms();
	for (int i = 0; i < ROUNDS; i++) {
		tell("0 sdr-change");
		assert_false(read_well(0)->result.kept);
	}
	int64_t cold_ms = clock_mono_ms() - begin_ms;
	begin_ms = clock_mono_ms();
	for (int i = 0; i < ROUNDS; i++)
		assert_true(read_well(0)->result.kept);
	int64_t warm_ms = clock_mono_ms() - begin_ms;
	print_message("%d readings of %d sensors: %lld ms with their records, "
		      "%lld ms without (%lld sensors/s)\n",
		      ROUNDS, SENSORS, (long long)cold_ms, (long long)warm_ms,
		      (long long)(INT64_C(1000) * SENSORS * ROUNDS /
				  (warm_ms + 1)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_sensor_says_what_it_is),
		TEST(states_change_as_the_bmc_says),
		TEST(ipmitool_reads_the_same),
		TEST(the_second_reading_asks_for_no_record),
		TEST(the_file_spares_the_records_after_a_restart),
		TEST(two_bmcs_with_one_guid_do_not_mix),
		TEST(short_reads_and_lost_reservations_change_nothing),
		TEST(answers_cut_short_are_a_bad_reply),
		TEST(silence_is_told_at_the_deadline),
		TEST(how_long_it_takes_is_printed),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
