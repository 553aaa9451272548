/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hwmon.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sensors.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "common/cleanup.h"

#define CLASS      "/sys/class/hwmon"
#define NUMBER_MAX INT64_C(1000000000000)

struct kind {
	const char *prefix;
	enum detail_sensor_kind kind;
	int64_t micro;     /* of one of the kernel's units */
	int64_t low, high; /* in those; beyond it the chip talks nonsense */
};

static const struct kind kinds[] = {
	{ "temp", DETAIL_KIND_CELSIUS, 1000, -150000, 500000 },
	{ "fan", DETAIL_KIND_RPM, 1000000, 0, 200000 },
	{ "in", DETAIL_KIND_VOLTS_DC, 1000, -100000, 1000000 },
	{ "curr", DETAIL_KIND_AMPERES, 1000, -10000000, 10000000 },
	{ "power", DETAIL_KIND_WATTS, 1, -INT64_C(100000000000),
	  INT64_C(100000000000) },
	{ "humidity", DETAIL_KIND_PERCENT_RH, 1000, 0, 100000 },
};

/* The kernel's words for thresholds. */
static const struct {
	const char *suffix, *alarm;
	enum detail_threshold which;
	enum report_health health; /* of its own alarm */
} limits[] = {
	{ "lcrit", "lcrit_alarm", DETAIL_LOW_CRITICAL, HEALTH_CRITICAL },
	{ "min", "min_alarm", DETAIL_LOW_WARNING, HEALTH_DEGRADED },
	{ "max", "max_alarm", DETAIL_HIGH_WARNING, HEALTH_DEGRADED },
	{ "crit", "crit_alarm", DETAIL_HIGH_CRITICAL, HEALTH_CRITICAL },
	{ "emergency", "emergency_alarm", DETAIL_HIGH_FATAL, HEALTH_FAILED },
};

struct input {
	const char *root, *device; /* "hwmon3" */
	const struct kind *kind;
	const char *stem;   /* "temp1" */
	const char *suffix; /* "input" */
};

static int
read_part(const struct input *input, const char *part, int64_t *ret_number)
{
	char path[256];

	snprintf(path, sizeof(path), CLASS "/%s/%s_%s", input->device,
		 input->stem, part);
	return sysroot_read_number(input->root, path, -NUMBER_MAX, NUMBER_MAX,
				   ret_number);
}

static bool
is_set(const struct input *input, const char *part)
{
	int64_t number;

	return read_part(input, part, &number) == 0 && number != 0;
}

/* --- values --------------------------------------------------------------- */

static void
read_value(const struct input *input, struct sensor_raw *raw)
{
	int64_t number;
	int rc = read_part(input, input->suffix, &number);

	if (is_set(input, "fault")) {
		raw->status = DETAIL_SENSOR_BROKEN;
		SENSOR_TEXT(raw, "the chip finds this sensor faulty");
	} else if (rc < 0) {
		raw->status = DETAIL_SENSOR_UNAVAILABLE;
		snprintf(raw->text, sizeof(raw->text), "cannot be read: %s",
			 rc == -EINVAL ? "no number" : strerror(-rc));
	} else if (number < input->kind->low || number > input->kind->high) {
		raw->status = DETAIL_SENSOR_BROKEN;
		SENSOR_TEXT(raw, "the chip tells an impossible value");
	} else {
		raw->status = DETAIL_SENSOR_OK;
		raw->micro = number * input->kind->micro;
	}
}

static void
read_limits(const struct input *input, struct sensor_raw *raw)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		int64_t number;

		if (read_part(input, limits[i].suffix, &number) < 0 ||
		    number < input->kind->low || number > input->kind->high)
			continue;
		raw->has[limits[i].which] = true;
		raw->thresholds[limits[i].which] = number * input->kind->micro;
	}
	sensor_drop_odd_thresholds(raw);
}

static enum report_health
read_alarms(const struct input *input)
{
	enum report_health health = HEALTH_OK;

	if (is_set(input, "alarm"))
		health = HEALTH_DEGRADED;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (limits[i].health > health && is_set(input, limits[i].alarm))
			health = limits[i].health;
	return health;
}

static void
judge(const struct input *input, struct sensor_raw *raw)
{
	bool has_any = false;

	if (raw->status != DETAIL_SENSOR_OK) {
		raw->health = raw->status == DETAIL_SENSOR_BROKEN
				      ? HEALTH_DEGRADED
				      : HEALTH_UNKNOWN;
		return;
	}
	for (size_t i = 0; i < DETAIL_THRESHOLDS; i++)
		has_any = has_any || raw->has[i];
	raw->health = has_any ? sensor_judge(raw) : read_alarms(input);
}

/* --- names ---------------------------------------------------------------- */

/* What the driver is bound to ("coretemp.0", "0000:00:18.3"), else its own
 * name: the N of hwmonN changes from boot to boot. */
static void
name_device(const char *root, const char *device, char *ret_name,
	    char *ret_place, size_t room)
{
	char path[128];

	snprintf(path, sizeof(path), CLASS "/%s/name", device);
	if (sysroot_read_line(root, path, ret_name, room) <= 0)
		snprintf(ret_name, room, "hwmon");
	snprintf(path, sizeof(path), CLASS "/%s/device", device);
	sysroot_link_name(root, path, ret_place, room);
	if (ret_place[0] == '\0')
		snprintf(ret_place, room, "%s", ret_name);
}

static void
name_sensor(const struct input *input, const char *name, const char *place,
	    struct sensor_raw *raw)
{
	char path[256], label[SENSOR_LABEL_MAX], full[160];

	snprintf(path, sizeof(path), CLASS "/%s/%s_label", input->device,
		 input->stem);
	if (sysroot_read_line(input->root, path, label, sizeof(label)) <= 0)
		snprintf(label, sizeof(label), "%s", input->stem);
	snprintf(full, sizeof(full), "%s %s", name, label);
	text_copy(raw->name, sizeof(raw->name), full);
	snprintf(full, sizeof(full), "hwmon %s %s", place, input->stem);
	sensor_set_key(raw, full);
}

/* --- devices -------------------------------------------------------------- */

/* "temp1_input": its kind and the stem "temp1". */
static const struct kind *
parse_file(const char *file, char *ret_stem, size_t room,
	   const char **ret_suffix)
{
	const char *end = strchr(file, '_');

	if (end == NULL || (size_t)(end - file) >= room)
		return NULL;
	*ret_suffix = end + 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(file, kinds[i].prefix, len) != 0 ||
		    !isdigit((unsigned char)file[len]) ||
		    strspn(file + len, "0123456789") !=
			    (size_t)(end - file) - len)
			continue;
		snprintf(ret_stem, room, "%.*s", (int)(end - file), file);
		return &kinds[i];
	}
	return NULL;
}

static bool
has_file(const struct sysroot_names *files, const char *stem,
	 const char *suffix)
{
	char name[SYSROOT_NAME_MAX];

	snprintf(name, sizeof(name), "%.32s_%s", stem, suffix);
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->names[i], name) == 0)
			return true;
	return false;
}

/* Some power meters have an average only. */
static bool
is_value(const struct sysroot_names *files, const struct input *input)
{
	return strcmp(input->suffix, "input") == 0 ||
	       (strcmp(input->suffix, "average") == 0 &&
		!has_file(files, input->stem, "input"));
}

static void
read_device(const char *root, const char *device, json_t *sensors)
{
	char path[128], stem[32], name[48], place[48];
	struct input input = { .root = root, .device = device, .stem = stem };
	struct sysroot_names files;

	name_device(root, device, name, place, sizeof(name));
	snprintf(path, sizeof(path), CLASS "/%s", device);
	sysroot_list(root, path, "", 1024, &files);
	for (size_t i = 0; i < files.n; i++) {
		struct sensor_raw raw = { .source = DETAIL_SENSOR_HWMON };

		input.kind = parse_file(files.names[i], stem, sizeof(stem),
					&input.suffix);
		if (input.kind == NULL || !is_value(&files, &input) ||
		    json_array_size(sensors) >= HWMON_SENSORS_MAX)
			continue;
		raw.kind = input.kind->kind;
		read_value(&input, &raw);
		read_limits(&input, &raw);
		judge(&input, &raw);
		name_sensor(&input, name, place, &raw);
		json_array_append_new(sensors, sensor_to_message(&raw));
	}
	free(files.names);
}

void
hwmon_read(const char *root, json_t *sensors)
{
	struct sysroot_names devices;

	sysroot_list(root, CLASS, "hwmon", HWMON_DEVICES_MAX, &devices);
	for (size_t i = 0; i < devices.n; i++)
		read_device(root, devices.names[i], sensors);
	free(devices.names);
}
