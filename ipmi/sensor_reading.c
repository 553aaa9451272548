/* SPDX-License-Identifier: Apache-2.0 */
/* ipmi/sensor_reading.c - what an answer of a sensor says (IPMI 2.0, 35). */
#include <stdio.h>
#include <string.h>

#include "ipmi/sensors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	BMC_OWNER = 0x20,
	THRESHOLD_TYPE = 0x01,
	SCANS = 0x40, /* of the second byte of an answer */
	NOT_AVAILABLE = 0x20,
	OFFSETS = 15
};

const char *
sensor_state_name(enum sensor_state state)
{
	static const char *const names[SENSOR_STATE_COUNT] = {
		[SENSOR_UNKNOWN] = "unknown",
		[SENSOR_OK] = "ok",
		[SENSOR_LOWER_NON_CRITICAL] = "lower non-critical",
		[SENSOR_LOWER_CRITICAL] = "lower critical",
		[SENSOR_LOWER_NON_RECOVERABLE] = "lower non-recoverable",
		[SENSOR_UPPER_NON_CRITICAL] = "upper non-critical",
		[SENSOR_UPPER_CRITICAL] = "upper critical",
		[SENSOR_UPPER_NON_RECOVERABLE] = "upper non-recoverable",
		[SENSOR_UNAVAILABLE] = "unavailable",
		[SENSOR_ABSENT] = "absent",
	};

	return (unsigned)state < COUNT(names) ? names[state] : names[0];
}

static void
give_reason(struct sensor *sensor, const char *reason)
{
	snprintf(sensor->reason, sizeof(sensor->reason), "%s", reason);
}

/* --- description --------------------------------------------------------- */

const char *
sensor_out_of_reach(const struct sdr_sensor *sdr)
{
	if (sdr->owner & 1)
		return "it belongs to software, not to a controller";
	if (sdr->owner != BMC_OWNER || sdr->channel != 0)
		return "it belongs to another controller behind the BMC";
	return sdr->lun != 0 ? "it is at another LUN of the BMC" : NULL;
}

void
sensor_describe(const struct sdr_sensor *sdr, struct sensor *ret_sensor)
{
	*ret_sensor = (struct sensor){
		.owner = sdr->owner,
		.lun = sdr->lun,
		.number = sdr->number,
		.entity = sdr->entity,
		.instance = sdr->instance,
		.type = sdr->type,
		.discrete = sdr->event_type != THRESHOLD_TYPE,
	};
	memcpy(ret_sensor->name, sdr->name, sizeof(ret_sensor->name));
	if (sdr->formula.format != SDR_NOT_ANALOG)
		sdr_unit_text(sdr->units, ret_sensor->unit);
}

/* --- values -------------------------------------------------------------- */

static void
take_value(const struct sdr_sensor *sdr, struct sensor *sensor)
{
	switch (sdr_convert(&sdr->formula, sensor->raw, &sensor->value_micro)) {
	case SDR_VALUE:
		sensor->has_value = true;
		break;
	case SDR_NO_FORMULA:
		give_reason(sensor, "no formula for its value");
		break;
	case SDR_OVERFLOW:
		give_reason(sensor, "its value is out of all bounds");
		break;
	default:
		break;
	}
}

void
sensor_take_thresholds(const struct sdr_sensor *sdr,
		       const struct sdr_thresholds *thresholds,
		       struct sensor *sensor)
{
	for (int i = 0; i < SDR_THRESHOLDS; i++) {
		struct sensor_threshold *threshold = &sensor->thresholds[i];

		threshold->is_set =
			thresholds->mask & 1 << i &&
			sdr_convert(&sdr->formula, thresholds->raw[i],
				    &threshold->micro) == SDR_VALUE;
	}
}

bool
sensor_parse_thresholds(const uint8_t *data, size_t len,
			struct sdr_thresholds *ret_thresholds)
{
	if (len < 1 + SDR_THRESHOLDS)
		return false;
	ret_thresholds->mask = data[0] & 0x3f;
	memcpy(ret_thresholds->raw, data + 1, SDR_THRESHOLDS);
	return true;
}

/* --- states -------------------------------------------------------------- */

/* The gravest first. */
static const struct {
	enum sdr_threshold bit;
	enum sensor_state state;
	enum ipmi_grade grade;
} passed[] = {
	{ SDR_LOWER_NON_RECOVERABLE, SENSOR_LOWER_NON_RECOVERABLE,
	  IPMI_GRADE_CRITICAL },
	{ SDR_UPPER_NON_RECOVERABLE, SENSOR_UPPER_NON_RECOVERABLE,
	  IPMI_GRADE_CRITICAL },
	{ SDR_LOWER_CRITICAL, SENSOR_LOWER_CRITICAL, IPMI_GRADE_CRITICAL },
	{ SDR_UPPER_CRITICAL, SENSOR_UPPER_CRITICAL, IPMI_GRADE_CRITICAL },
	{ SDR_LOWER_NON_CRITICAL, SENSOR_LOWER_NON_CRITICAL,
	  IPMI_GRADE_WARNING },
	{ SDR_UPPER_NON_CRITICAL, SENSOR_UPPER_NON_CRITICAL,
	  IPMI_GRADE_WARNING },
};

static void
take_comparison(uint8_t bits, struct sensor *sensor)
{
	sensor->state = SENSOR_OK;
	sensor->grade = IPMI_GRADE_INFO;
	for (size_t i = 0; i < COUNT(passed); i++)
		if (bits & 1 << passed[i].bit) {
			sensor->state = passed[i].state;
			sensor->grade = passed[i].grade;
			return;
		}
}

static void
say(struct sensor *sensor, const char *word)
{
	size_t len = strlen(sensor->states_text);

	snprintf(sensor->states_text + len, SENSOR_STATES_TEXT - len, "%s%s",
		 len > 0 ? ", " : "", word);
}

static void
take_offset(const struct sdr_sensor *sdr, uint8_t offset, struct sensor *sensor)
{
	const struct ipmi_event event = { .sensor_type = sdr->type,
					  .sensor = sdr->number,
					  .type = sdr->event_type,
					  .offset = offset };
	const char *meaning = ipmi_event_meaning(&event);
	enum ipmi_grade grade = ipmi_event_grade(&event);
	char number[16];

	snprintf(number, sizeof(number), "state %u", offset);
	say(sensor, meaning != NULL ? meaning : number);
	if (grade > sensor->grade)
		sensor->grade = grade;
}

static void
take_states(const struct sdr_sensor *sdr, uint16_t states,
	    struct sensor *sensor)
{
	sensor->state = SENSOR_OK;
	sensor->states = states & 0x7fff; /* the last bit is always set */
	/* Nothing is the matter; that states say nothing to us is something
	 * else. */
	if (sensor->states == 0)
		sensor->grade = IPMI_GRADE_INFO;
	for (int i = 0; i < OFFSETS; i++)
		if (sensor->states & 1 << i)
			take_offset(sdr, (uint8_t)i, sensor);
}

void
sensor_take_reading(const struct sdr_sensor *sdr, const uint8_t *data,
		    size_t len, struct sensor *sensor)
{
	if (len < 2) {
		give_reason(sensor, "the BMC's answer is too short");
		return;
	}
	if (!(data[1] & SCANS) || data[1] & NOT_AVAILABLE) {
		sensor->state = SENSOR_UNAVAILABLE;
		give_reason(sensor, data[1] & SCANS
					    ? "it has no reading just now"
					    : "it is switched off");
		return;
	}
	sensor->raw = data[0];
	sensor->has_raw = sdr->formula.format != SDR_NOT_ANALOG;
	take_value(sdr, sensor);
	if (len < 3)
		give_reason(sensor, "the BMC does not tell its state");
	else if (!sensor->discrete)
		take_comparison(data[2], sensor);
	else
		take_states(sdr,
			    (uint16_t)(data[2] | (len > 3 ? data[3] : 0) << 8),
			    sensor);
}
