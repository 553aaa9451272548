/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd power sensors`: what the sensors of BMCs say, in the order of the
 * BMCs.  Whether that is good is the BMC's word; what is not known is never ok.
 */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/power_own.h"

enum { UNIT_WIDTH = 24 };

enum {
	SENSORS_HOST,
	SENSORS_NAME,
	SENSORS_VALUE,
	SENSORS_LOW,
	SENSORS_HIGH,
	SENSORS_STATE
};

const struct table_column sensors_columns[] = {
	[SENSORS_HOST] = { "HOST", TABLE_TRUNC, 1 },
	[SENSORS_NAME] = { "SENSOR", TABLE_TRUNC, 0 },
	[SENSORS_VALUE] = { "VALUE", TABLE_RIGHT, 0 },
	[SENSORS_LOW] = { "LOW", TABLE_HIDDEN, 1 },
	[SENSORS_HIGH] = { "HIGH", TABLE_HIDDEN, 1 },
	[SENSORS_STATE] = { "STATE", TABLE_TEXT, 0 },
	{ NULL, 0, 0 },
};

/* Who asks for them wants them, whatever the room. */
static const struct table_column with_thresholds[] = {
	[SENSORS_HOST] = { "HOST", TABLE_TRUNC, 1 },
	[SENSORS_NAME] = { "SENSOR", TABLE_TRUNC, 0 },
	[SENSORS_VALUE] = { "VALUE", TABLE_RIGHT, 0 },
	[SENSORS_LOW] = { "LOW", TABLE_RIGHT, 0 },
	[SENSORS_HIGH] = { "HIGH", TABLE_RIGHT, 0 },
	[SENSORS_STATE] = { "STATE", TABLE_TEXT, 0 },
	{ NULL, 0, 0 },
};

/* --- one sensor ---------------------------------------------------------- */

static bool
is_state(const json_t *sensor, const char *state)
{
	return strcmp(field_text(sensor, "state"), state) == 0;
}

/* Anything else is not known to be. */
static bool
is_ok(const json_t *sensor)
{
	return is_state(sensor, "ok") &&
	       strcmp(field_text(sensor, "grade"), "info") == 0;
}

/* "41 degrees C", "raw 42", "-" where there is none now; the caller's. */
static char *
value_text(const json_t *sensor)
{
	const json_t *value = json_object_get(sensor, "value_micro");
	char number[TEXT_LEN];

	if (json_is_integer(value)) {
		cleanup_free char *safe = text_safe(field_text(sensor, "unit"));
		cleanup_free char *unit = text_cut(safe, UNIT_WIDTH);

		return xasprintf("%s%s%s",
				 text_micro(number, json_integer_value(value)),
				 unit[0] != '\0' ? " " : "", unit);
	}
	if (field_number(sensor, "raw") >= 0)
		return xasprintf("raw %lld",
				 (long long)field_number(sensor, "raw"));
	if (is_state(sensor, "unavailable") || is_state(sensor, "absent"))
		return xstrdup("-");
	return xstrdup(field_true(sensor, "discrete") ? "" : "?");
}

/* Of what was read its states or how grave it is; else why it was not.  The
 * caller's. */
static char *
state_text(const json_t *sensor, enum tone *ret_tone)
{
	struct word state = word_sensor_state(field_text(sensor, "state"));
	struct word grade = word_grade(field_text(sensor, "grade"));
	bool was_read = is_state(sensor, "ok");
	const char *more = field_text(sensor, was_read ? "states" : "reason");
	struct word word = was_read && !is_ok(sensor) ? grade : state;
	cleanup_free char *lead = text_safe(word.text);
	cleanup_free char *text = text_safe(more);

	*ret_tone = word.tone;
	if (text[0] == '\0')
		return xstrdup(lead);
	return is_ok(sensor) ? xstrdup(text) : xasprintf("%s: %s", lead, text);
}

/* "0/5/10", "-/90/100"; "" when none is set; the caller's. */
static char *
limits_text(const json_t *sensor, const char *const keys[3])
{
	const json_t *limits = json_object_get(sensor, "thresholds_micro");
	char texts[3][TEXT_LEN];
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		const json_t *limit = json_object_get(limits, keys[i]);

		snprintf(texts[i], TEXT_LEN, "-");
		if (!json_is_integer(limit))
			continue;
		text_micro(texts[i], json_integer_value(limit));
		n++;
	}
	return n == 0 ? xstrdup("")
		      : xasprintf("%s/%s/%s", texts[0], texts[1], texts[2]);
}

static void
set_limits(struct table *table, struct libscols_line *row, const json_t *sensor)
{
	static const char *const low[] = { "lower_non_recoverable",
					   "lower_critical",
					   "lower_non_critical" };
	static const char *const high[] = { "upper_non_critical",
					    "upper_critical",
					    "upper_non_recoverable" };
	cleanup_free char *lows = limits_text(sensor, low);
	cleanup_free char *highs = limits_text(sensor, high);

	table_set(table, row, SENSORS_LOW, TONE_PLAIN, lows);
	table_set(table, row, SENSORS_HIGH, TONE_PLAIN, highs);
}

static void
add_sensor(struct table *table, const char *host, const json_t *sensor)
{
	struct libscols_line *row = table_add(table, NULL);
	const char *told = field_text(sensor, "name");
	cleanup_free char *name = text_safe(told[0] != '\0' ? told : "?");
	cleanup_free char *value = value_text(sensor);
	enum tone tone;
	cleanup_free char *state = state_text(sensor, &tone);

	table_set(table, row, SENSORS_HOST, TONE_PLAIN, host);
	table_set(table, row, SENSORS_NAME, TONE_PLAIN, name);
	table_set(table, row, SENSORS_VALUE, tone, value);
	table_set(table, row, SENSORS_STATE, tone, state);
	set_limits(table, row, sensor);
}

/* --- all of them --------------------------------------------------------- */

struct counts {
	size_t all, bad;
};

static void
add_host(const struct power_many *many, struct table *table, size_t i,
	 struct counts *counts)
{
	const json_t *list = json_object_get(many->calls[i].answer, "sensors");
	const json_t *sensor;
	size_t k;

	json_array_foreach (list, k, sensor) {
		bool ok = is_ok(sensor);

		counts->all++;
		counts->bad += !ok;
		if (!ok || !many->cli->given[OPTION_BAD])
			add_sensor(table, power_row_host(many, i), sensor);
	}
}

/* What is missing from the table. */
static void
show_remarks(const struct power_many *many, size_t i)
{
	const json_t *answer = many->calls[i].answer;
	const char *host = many->hosts.names[i];
	int64_t skipped = field_number(answer, "skipped");
	FILE *out = many->cli->io.out;

	if (field_true(answer, "cut"))
		fprintf(out, "%s: its BMC has more sensors than are read\n",
			host);
	if (skipped > 0)
		fprintf(out, "%s: %lld records of sensors make no sense\n",
			host, (long long)skipped);
}

void
sensors_show(const struct power_many *many)
{
	bool limits = many->cli->given[OPTION_THRESHOLDS];
	struct table *table =
		table_new(limits ? with_thresholds : sensors_columns,
			  &many->cli->io);
	struct counts counts = { 0, 0 };

	for (size_t i = 0; i < many->hosts.n; i++)
		add_host(many, table, i, &counts);
	table_print(table);
	table_free(table);
	for (size_t i = 0; i < many->hosts.n; i++)
		show_remarks(many, i);
	if (counts.all > 0)
		fprintf(many->cli->io.out, "%zu sensors, %zu of them not ok\n",
			counts.all, counts.bad);
}
