/* SPDX-License-Identifier: Apache-2.0 */
/* What sensors and logs say, as JSON. */
#include <stdio.h>

#include "scheduler/coordinator/inspect.h"

static json_t *
number_or_null(bool is_known, int64_t number)
{
	return is_known ? json_integer(number) : json_null();
}

/* Into the list, which is none any more when it cannot be. */
static void
append(json_t **list, json_t *item)
{
	if (json_array_append_new(*list, item) == 0)
		return;
	json_decref(*list);
	*list = NULL;
}

/* --- sensors ------------------------------------------------------------- */

static json_t *
thresholds_json(const struct sensor *sensor)
{
	static const char *const names[SDR_THRESHOLDS] = {
		[SDR_LOWER_NON_CRITICAL] = "lower_non_critical",
		[SDR_LOWER_CRITICAL] = "lower_critical",
		[SDR_LOWER_NON_RECOVERABLE] = "lower_non_recoverable",
		[SDR_UPPER_NON_CRITICAL] = "upper_non_critical",
		[SDR_UPPER_CRITICAL] = "upper_critical",
		[SDR_UPPER_NON_RECOVERABLE] = "upper_non_recoverable",
	};
	json_t *json = json_object();

	for (int i = 0; i < SDR_THRESHOLDS; i++)
		if (sensor->thresholds[i].is_set)
			json_object_set_new(
				json, names[i],
				json_integer(sensor->thresholds[i].micro));
	return json;
}

static json_t *
sensor_json(const struct sensor *sensor)
{
	return json_pack(
		"{s:s, s:i, s:s, s:b, s:s, s:s, s:o, s:o, s:s, s:o, s:s, s:s}",
		"name", sensor->name, "number", (int)sensor->number, "type",
		ipmi_sensor_type_name(sensor->type), "discrete",
		sensor->discrete, "state", sensor_state_name(sensor->state),
		"grade", ipmi_grade_name(sensor->grade), "value_micro",
		number_or_null(sensor->has_value, sensor->value_micro), "raw",
		number_or_null(sensor->has_raw, sensor->raw), "unit",
		sensor->unit, "thresholds_micro", thresholds_json(sensor),
		"states", sensor->states_text, "reason", sensor->reason);
}

json_t *
inspect_sensors_json(const char *host, const struct sensors_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->n; i++)
		append(&list, sensor_json(&result->sensors[i]));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:o}", "host", host,
			 "rc", ipmi_rc_name(result->rc), "text", result->text,
			 "took_ms", (json_int_t)result->took_ms, "skipped",
			 (json_int_t)result->skipped, "cut", result->cut,
			 "sensors", list);
}

/* --- log ----------------------------------------------------------------- */

static json_t *
entry_json(const struct sel_entry *entry)
{
	char hex[2 * SEL_RECORD_LEN + 1];

	for (size_t i = 0; i < SEL_RECORD_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", entry->record[i]);
	return json_pack("{s:i, s:o, s:s, s:s, s:s}", "id", (int)entry->id,
			 "time_s",
			 number_or_null(entry->time_s >= 0, entry->time_s),
			 "grade", ipmi_grade_name(entry->grade), "text",
			 entry->text, "record", hex);
}

/* How many there are is not known before the BMC has said so. */
json_t *
inspect_sel_json(const char *host, const struct sel_result *result, size_t n)
{
	bool is_told = result->position.known;
	json_t *list = json_array();

	for (size_t i = result->n > n ? result->n - n : 0; i < result->n; i++)
		append(&list, entry_json(&result->entries[i]));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "host", host, "rc",
			 ipmi_rc_name(result->rc), "text", result->text,
			 "total", number_or_null(is_told, result->total),
			 "overflow",
			 is_told ? json_boolean(result->overflow) : json_null(),
			 "entries", list);
}
