/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/entity_key.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "ipmi/sensors.h"

#define MICRO_MAX INT64_C(1000000000000000) /* 10^9 units */
#define ROW_MAX   999999999
#define ROW_OVER  1000000000 /* ENTITY-SENSOR-MIB: overflow */

static const char *const threshold_keys[DETAIL_THRESHOLDS] = {
	[DETAIL_LOW_FATAL] = "low_fatal",
	[DETAIL_LOW_CRITICAL] = "low_critical",
	[DETAIL_LOW_WARNING] = "low_warning",
	[DETAIL_HIGH_WARNING] = "high_warning",
	[DETAIL_HIGH_CRITICAL] = "high_critical",
	[DETAIL_HIGH_FATAL] = "high_fatal",
};

static const struct {
	const char *unit;
	int32_t precision;
	enum detail_subsystem about;
} kinds[] = {
	[DETAIL_KIND_OTHER] = { "", 3 },
	[DETAIL_KIND_UNKNOWN] = { "", 3 },
	[DETAIL_KIND_VOLTS_AC] = { "volts", 3, DETAIL_ABOUT_POWER },
	[DETAIL_KIND_VOLTS_DC] = { "volts", 3, DETAIL_ABOUT_POWER },
	[DETAIL_KIND_AMPERES] = { "amps", 3, DETAIL_ABOUT_POWER },
	[DETAIL_KIND_WATTS] = { "watts", 3, DETAIL_ABOUT_POWER },
	[DETAIL_KIND_HERTZ] = { "Hz", 0 },
	[DETAIL_KIND_CELSIUS] = { "degrees C", 3, DETAIL_ABOUT_THERMAL },
	[DETAIL_KIND_PERCENT_RH] = { "% RH", 0 },
	[DETAIL_KIND_RPM] = { "RPM", 0, DETAIL_ABOUT_THERMAL },
	[DETAIL_KIND_CMM] = { "m3/min", 3, DETAIL_ABOUT_THERMAL },
	[DETAIL_KIND_TRUTH] = { "", 0 },
};

/* --- lists and keys ------------------------------------------------------- */

void
sensor_list_add(struct sensor_list *list, const struct sensor_raw *raw)
{
	list->raws = xrealloc(list->raws, list->n + 1, sizeof(*list->raws));
	list->raws[list->n++] = *raw;
}

void
sensor_list_clear(struct sensor_list *list)
{
	free(list->raws);
	*list = (struct sensor_list){ NULL, 0 };
}

void
sensor_set_key(struct sensor_raw *raw, const char *key)
{
	entity_key(raw->key, key);
}

/* --- judgement ------------------------------------------------------------ */

enum report_health
sensor_judge(const struct sensor_raw *raw)
{
	static const enum report_health healths[DETAIL_THRESHOLDS] = {
		[DETAIL_LOW_FATAL] = HEALTH_FAILED,
		[DETAIL_LOW_CRITICAL] = HEALTH_CRITICAL,
		[DETAIL_LOW_WARNING] = HEALTH_DEGRADED,
		[DETAIL_HIGH_WARNING] = HEALTH_DEGRADED,
		[DETAIL_HIGH_CRITICAL] = HEALTH_CRITICAL,
		[DETAIL_HIGH_FATAL] = HEALTH_FAILED,
	};
	enum report_health health = HEALTH_OK;

	for (size_t i = 0; i < DETAIL_THRESHOLDS; i++) {
		bool passed = i <= DETAIL_LOW_WARNING
				      ? raw->micro < raw->thresholds[i]
				      : raw->micro > raw->thresholds[i];

		if (raw->has[i] && passed && healths[i] > health)
			health = healths[i];
	}
	return health;
}

void
sensor_drop_odd_thresholds(struct sensor_raw *raw)
{
	bool above_zero = raw->kind == DETAIL_KIND_CELSIUS ||
			  raw->kind == DETAIL_KIND_RPM ||
			  raw->kind == DETAIL_KIND_WATTS;

	for (size_t i = DETAIL_HIGH_WARNING; i < DETAIL_THRESHOLDS; i++)
		if (above_zero && raw->thresholds[i] <= 0)
			raw->has[i] = false;
	for (size_t low = 0; low <= DETAIL_LOW_WARNING; low++)
		for (size_t high = DETAIL_HIGH_WARNING;
		     high < DETAIL_THRESHOLDS; high++)
			if (raw->has[low] && raw->has[high] &&
			    raw->thresholds[low] >= raw->thresholds[high])
				raw->has[low] = raw->has[high] = false;
}

/* --- messages ------------------------------------------------------------- */

json_t *
sensor_to_message(const struct sensor_raw *raw)
{
	json_t *to =
		json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:o}",
			  "key", message_string(raw->key), "name",
			  message_string(raw->name), "unit",
			  message_string(raw->unit), "part",
			  message_string(raw->part), "source", (int)raw->source,
			  "kind", (int)raw->kind, "status", (int)raw->status,
			  "health", (int)raw->health, "text",
			  message_string(raw->text));

	if (raw->status == DETAIL_SENSOR_OK)
		json_object_set_new(to, "micro", json_integer(raw->micro));
	for (size_t i = 0; i < DETAIL_THRESHOLDS; i++)
		if (raw->has[i])
			json_object_set_new(to, threshold_keys[i],
					    json_integer(raw->thresholds[i]));
	return to;
}

static bool
take_micro(const json_t *from, const char *key, int64_t *ret_micro)
{
	const json_t *number = json_object_get(from, key);
	json_int_t micro = json_integer_value(number);

	if (!json_is_integer(number) || micro > MICRO_MAX || micro < -MICRO_MAX)
		return false;
	*ret_micro = micro;
	return true;
}

bool
sensor_from_message(const json_t *from, struct sensor_raw *ret_raw)
{
	struct sensor_raw raw = { .source = DETAIL_SENSOR_HWMON };

	raw.source =
		(enum detail_sensor_source)message_number(from, "source",
							  DETAIL_SENSOR_RAPL);
	raw.kind = (enum detail_sensor_kind)message_number(from, "kind",
							   DETAIL_KIND_TRUTH);
	raw.status =
		(enum detail_sensor_status)message_number(from, "status",
							  DETAIL_SENSOR_BROKEN);
	raw.health = (enum report_health)message_number(from, "health",
							HEALTH_FAILED);
	text_copy(raw.key, sizeof(raw.key), message_text(from, "key"));
	text_copy(raw.name, sizeof(raw.name), message_text(from, "name"));
	text_copy(raw.unit, sizeof(raw.unit), message_text(from, "unit"));
	text_copy(raw.part, sizeof(raw.part), message_text(from, "part"));
	text_copy(raw.text, sizeof(raw.text), message_text(from, "text"));
	if (raw.source == 0 || raw.kind == 0 || raw.status == 0 ||
	    raw.health == 0 || raw.key[0] == '\0')
		return false;
	if (raw.status == DETAIL_SENSOR_OK &&
	    !take_micro(from, "micro", &raw.micro))
		return false;
	for (size_t i = 0; i < DETAIL_THRESHOLDS; i++)
		raw.has[i] =
			take_micro(from, threshold_keys[i], &raw.thresholds[i]);
	*ret_raw = raw;
	return true;
}

/* --- of the BMC ----------------------------------------------------------- */

static const struct {
	const char *unit;
	enum detail_sensor_kind kind;
} ipmi_units[] = {
	{ "degrees C", DETAIL_KIND_CELSIUS }, { "volts", DETAIL_KIND_VOLTS_DC },
	{ "amps", DETAIL_KIND_AMPERES },      { "watts", DETAIL_KIND_WATTS },
	{ "Hz", DETAIL_KIND_HERTZ },          { "RPM", DETAIL_KIND_RPM },
};

static const enum report_health ipmi_states[SENSOR_STATE_COUNT] = {
	[SENSOR_UNKNOWN] = HEALTH_UNKNOWN,
	[SENSOR_OK] = HEALTH_OK,
	[SENSOR_LOWER_NON_CRITICAL] = HEALTH_DEGRADED,
	[SENSOR_LOWER_CRITICAL] = HEALTH_CRITICAL,
	[SENSOR_LOWER_NON_RECOVERABLE] = HEALTH_FAILED,
	[SENSOR_UPPER_NON_CRITICAL] = HEALTH_DEGRADED,
	[SENSOR_UPPER_CRITICAL] = HEALTH_CRITICAL,
	[SENSOR_UPPER_NON_RECOVERABLE] = HEALTH_FAILED,
	[SENSOR_UNAVAILABLE] = HEALTH_UNKNOWN,
	[SENSOR_ABSENT] = HEALTH_UNKNOWN,
};

static const enum report_health ipmi_grades[] = {
	[IPMI_GRADE_UNKNOWN] = HEALTH_OK, /* it was read, and is no bad news */
	[IPMI_GRADE_INFO] = HEALTH_OK,
	[IPMI_GRADE_WARNING] = HEALTH_DEGRADED,
	[IPMI_GRADE_CRITICAL] = HEALTH_CRITICAL,
};

static const enum detail_threshold ipmi_thresholds[SDR_THRESHOLDS] = {
	[SDR_LOWER_NON_CRITICAL] = DETAIL_LOW_WARNING,
	[SDR_LOWER_CRITICAL] = DETAIL_LOW_CRITICAL,
	[SDR_LOWER_NON_RECOVERABLE] = DETAIL_LOW_FATAL,
	[SDR_UPPER_NON_CRITICAL] = DETAIL_HIGH_WARNING,
	[SDR_UPPER_CRITICAL] = DETAIL_HIGH_CRITICAL,
	[SDR_UPPER_NON_RECOVERABLE] = DETAIL_HIGH_FATAL,
};

/* IPMI 2.0, table 42-3: what a type of sensors is about. */
static const enum detail_subsystem ipmi_types[] = {
	[0x01] = DETAIL_ABOUT_THERMAL, [0x02] = DETAIL_ABOUT_POWER,
	[0x03] = DETAIL_ABOUT_POWER,   [0x04] = DETAIL_ABOUT_THERMAL,
	[0x07] = DETAIL_ABOUT_CPU,     [0x08] = DETAIL_ABOUT_POWER,
	[0x09] = DETAIL_ABOUT_POWER,   [0x0a] = DETAIL_ABOUT_THERMAL,
	[0x0c] = DETAIL_ABOUT_MEMORY,  [0x0d] = DETAIL_ABOUT_STORAGE,
};

static enum detail_sensor_kind
kind_of(const struct sensor *sensor)
{
	for (size_t i = 0; i < sizeof(ipmi_units) / sizeof(*ipmi_units); i++)
		if (strcmp(sensor->unit, ipmi_units[i].unit) == 0)
			return ipmi_units[i].kind;
	return DETAIL_KIND_OTHER;
}

static void
take_value(const struct sensor *from, struct sensor_raw *raw)
{
	bool read = from->state != SENSOR_UNKNOWN &&
		    from->state != SENSOR_UNAVAILABLE &&
		    from->state != SENSOR_ABSENT;

	raw->status = read && (from->discrete || from->has_value)
			      ? DETAIL_SENSOR_OK
			      : DETAIL_SENSOR_UNAVAILABLE;
	raw->has_states = from->discrete;
	raw->micro = from->discrete ? from->states * INT64_C(1000000)
				    : from->value_micro;
	raw->health = !read            ? HEALTH_UNKNOWN
		      : from->discrete ? ipmi_grades[from->grade]
				       : ipmi_states[from->state];
	if (raw->micro > MICRO_MAX || raw->micro < -MICRO_MAX)
		raw->status = DETAIL_SENSOR_BROKEN;
}

/* IPMI 2.0, table 43-13: what it belongs to; fans and power supplies are
 * things of their own, numbered by the instance. */
static void
name_part(const struct sensor *from, struct sensor_raw *raw)
{
	enum { POWER_SUPPLY = 10, FAN = 29, PROCESSOR = 3 };
	unsigned instance = from->instance & 0x7f;

	if (from->entity == POWER_SUPPLY)
		snprintf(raw->part, sizeof(raw->part), "psu %u", instance);
	else if (from->entity == FAN || raw->kind == DETAIL_KIND_RPM)
		snprintf(raw->part, sizeof(raw->part), "fan %.48s", raw->name);
	else if (from->entity == PROCESSOR && instance > 0)
		snprintf(raw->part, sizeof(raw->part), "socket %u", instance);
}

void
sensor_from_ipmi(const struct sensor *from, unsigned ordinal,
		 struct sensor_raw *ret_raw)
{
	struct sensor_raw raw = { .source = DETAIL_SENSOR_IPMI };
	char key[SDR_NAME_MAX + 32];

	text_copy(raw.name, sizeof(raw.name), from->name);
	text_copy(raw.unit, sizeof(raw.unit), from->unit);
	raw.kind = from->discrete ? DETAIL_KIND_OTHER : kind_of(from);
	take_value(from, &raw);
	raw.about = from->type < sizeof(ipmi_types) / sizeof(*ipmi_types)
			    ? ipmi_types[from->type]
			    : DETAIL_ABOUT_OTHER;
	for (size_t i = 0; i < SDR_THRESHOLDS; i++) {
		int64_t micro = from->thresholds[i].micro;

		raw.has[ipmi_thresholds[i]] = from->thresholds[i].is_set &&
					      micro <= MICRO_MAX &&
					      micro >= -MICRO_MAX;
		raw.thresholds[ipmi_thresholds[i]] = micro;
	}
	text_copy(raw.text, sizeof(raw.text),
		  from->reason[0] != '\0' ? from->reason : from->states_text);
	snprintf(key, sizeof(key), "ipmi %s %u", from->name, ordinal);
	sensor_set_key(&raw, key);
	name_part(from, &raw);
	*ret_raw = raw;
}

/* --- rows ----------------------------------------------------------------- */

/* Rounded to nearest, halves away from zero. */
static int32_t
scale(int64_t micro, int32_t precision)
{
	int64_t unit = precision == 3 ? 1000 : 1000000;
	int64_t value = (micro + (micro < 0 ? -unit / 2 : unit / 2)) / unit;

	if (value > ROW_MAX)
		return ROW_OVER;
	return value < -ROW_MAX ? -ROW_OVER : (int32_t)value;
}

void
sensor_to_row(const struct sensor_raw *raw, struct detail_sensor *ret_row)
{
	struct detail_sensor row = {
		.source = raw->source,
		.kind = raw->kind,
		.about = raw->about != DETAIL_ABOUT_OTHER
				 ? raw->about
				 : kinds[raw->kind].about,
		.scale = DETAIL_SCALE_UNITS,
		.precision = raw->has_states ? 0 : kinds[raw->kind].precision,
		.status = raw->status,
		.has_threshold = { 1, 0 },
		.health = raw->health,
		.update_ms = raw->update_ms
	};

	memcpy(row.name, raw->name, sizeof(row.name));
	memcpy(row.text, raw->text, sizeof(row.text));
	text_copy(row.unit, sizeof(row.unit),
		  raw->unit[0] != '\0' ? raw->unit : kinds[raw->kind].unit);
	if (raw->status == DETAIL_SENSOR_OK)
		row.value = scale(raw->micro, row.precision);
	for (size_t i = 0; i < DETAIL_THRESHOLDS; i++) {
		if (!raw->has[i])
			continue;
		row.has_threshold[1] |= (uint8_t)(0x80 >> i);
		row.thresholds[i] = scale(raw->thresholds[i], row.precision);
	}
	*ret_row = row;
}
