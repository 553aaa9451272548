/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/sdr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "ipmi/bytes.h"
#include "ipmi/event.h"

enum {
	INFO_LEN = 14,
	TYPE = 3, /* of bytes of a record, the first is 0 */
	LENGTH = 4,
	FULL_NAME = 47,
	COMPACT_NAME = 31,
	SHARING = 23,
	THRESHOLD_TYPE = 0x01 /* event/reading type */
};

enum { THRESHOLDS_NONE, THRESHOLDS_READ, THRESHOLDS_SET, THRESHOLDS_FIXED };

/* --- repository ---------------------------------------------------------- */

bool
sdr_parse_info(const uint8_t *data, size_t len, struct sdr_info *ret_info)
{
	if (len < INFO_LEN)
		return false;
	*ret_info = (struct sdr_info){
		.version = data[0],
		.count = get_u16(data + 1),
		.added_s = get_u32(data + 5),
		.erased_s = get_u32(data + 9),
	};
	return true;
}

bool
sdr_info_equal(const struct sdr_info *a, const struct sdr_info *b)
{
	return a->version == b->version && a->count == b->count &&
	       a->added_s == b->added_s && a->erased_s == b->erased_s;
}

void
sdr_records_add(struct sdr_records *records, const uint8_t *record, size_t len)
{
	records->bytes = xrealloc(records->bytes, records->len + len, 1);
	memcpy(records->bytes + records->len, record, len);
	/* As much as is kept. */
	records->bytes[records->len + LENGTH] = (uint8_t)(len - SDR_HEADER_LEN);
	records->len += len;
	records->n++;
}

void
sdr_records_done(struct sdr_records *records)
{
	free(records->bytes);
	*records = (struct sdr_records){ 0 };
}

const uint8_t *
sdr_next_record(const uint8_t *bytes, size_t len, size_t *at,
		size_t *ret_record_len)
{
	size_t left = len - *at;

	if (left < SDR_HEADER_LEN) /* bytes may be NULL */
		return NULL;
	const uint8_t *record = bytes + *at;
	size_t record_len = SDR_HEADER_LEN + (size_t)record[LENGTH];
	if (record_len > left || record_len > SDR_RECORD_MAX)
		return NULL;
	*at += record_len;
	*ret_record_len = record_len;
	return record;
}

/* --- sensors ------------------------------------------------------------- */

/* Ten bits with a sign; the upper two are the top of the second byte. */
static int16_t
ten_bits(const uint8_t *at)
{
	int value = at[0] | at[1] >> 6 << 8;

	return (int16_t)(value >= 512 ? value - 1024 : value);
}

static int8_t
four_bits(unsigned value)
{
	return (int8_t)(value >= 8 ? (int)value - 16 : (int)value);
}

static void
parse_formula(const uint8_t *r, struct sdr_sensor *sensor)
{
	sensor->formula.known = true;
	sensor->formula.linearization = r[23] & 0x7f;
	sensor->formula.m = ten_bits(r + 24);
	sensor->formula.b = ten_bits(r + 26);
	sensor->formula.r_exp = four_bits(r[29] >> 4);
	sensor->formula.b_exp = four_bits(r[29] & 0xf);
}

static void
parse_thresholds(const uint8_t *r, struct sdr_sensor *sensor)
{
	unsigned access = r[11] >> 2 & 3;

	if (sensor->event_type != THRESHOLD_TYPE)
		return;
	sensor->ask_thresholds =
		access == THRESHOLDS_READ || access == THRESHOLDS_SET;
	if (access != THRESHOLDS_FIXED)
		return;
	sensor->thresholds.mask = r[18] & 0x3f;
	/* From the highest down. */
	for (int i = 0; i < 3; i++) {
		sensor->thresholds.raw[5 - i] = r[36 + i];
		sensor->thresholds.raw[2 - i] = r[39 + i];
	}
}

static void
parse_common(const uint8_t *r, struct sdr_sensor *sensor)
{
	*sensor = (struct sdr_sensor){
		.owner = r[5],
		.lun = r[6] & 3,
		.channel = r[6] >> 4,
		.number = r[7],
		.entity = r[8],
		.instance = r[9],
		.type = r[12],
		.event_type = r[13] & 0x7f,
		.units = { r[20], r[21], r[22] },
		.formula = { .format = r[20] >> 6 },
	};
	if (r[TYPE] == SDR_FULL)
		parse_formula(r, sensor);
	/* Discrete ones that forgot to say so. */
	if (sensor->event_type != THRESHOLD_TYPE && sensor->formula.m == 0)
		sensor->formula.format = SDR_NOT_ANALOG;
}

/* 0 is A, 25 is Z, 26 is AA. */
static void
letters_of(unsigned i, char text[3])
{
	if (i < 26) {
		snprintf(text, 3, "%c", 'A' + (int)i);
		return;
	}
	i -= 26;
	snprintf(text, 3, "%c%c", 'A' + (int)(i / 26 % 26),
		 'A' + (int)(i % 26));
}

/* What a name gets to tell it from others of its record (43.2). */
static void
suffix_of(const uint8_t *sharing, unsigned i, char text[8])
{
	unsigned which = (sharing[1] & 0x7f) + i;

	if ((sharing[0] >> 4 & 3) == 1)
		letters_of(which, text);
	else
		snprintf(text, 8, "%u", which);
}

static void
finish_name(struct sdr_sensor *sensor, const char *suffix)
{
	size_t len = strlen(sensor->name);

	/* A name ends before the suffix in any case: SDR_NAME_MAX has room. */
	if (len > 0)
		snprintf(sensor->name + len, SDR_NAME_MAX - len, "%s", suffix);
	len = strlen(sensor->name);
	while (len > 0 && sensor->name[len - 1] == ' ')
		sensor->name[--len] = '\0';
	if (len == 0)
		snprintf(sensor->name, SDR_NAME_MAX, "%s 0x%02x",
			 ipmi_sensor_type_name(sensor->type), sensor->number);
}

static size_t
parse_full(const uint8_t *record, size_t len, struct sdr_sensor *sensors)
{
	parse_common(record, &sensors[0]);
	parse_thresholds(record, &sensors[0]);
	sdr_parse_name(record + FULL_NAME, record + len, sensors[0].name);
	finish_name(&sensors[0], "");
	return 1;
}

static size_t
parse_compact(const uint8_t *record, size_t len, struct sdr_sensor *sensors)
{
	const uint8_t *sharing = record + SHARING;
	unsigned n = sharing[0] & 0xf;
	bool entities = sharing[1] & 0x80; /* one each */

	if (n == 0)
		n = 1;
	for (unsigned i = 0; i < n; i++) {
		struct sdr_sensor *sensor = &sensors[i];
		char suffix[8] = "";

		parse_common(record, sensor);
		sensor->number = (uint8_t)(sensor->number + i);
		if (entities)
			sensor->instance = (sensor->instance & 0x80) |
					   ((sensor->instance + i) & 0x7f);
		if (n > 1)
			suffix_of(sharing, i, suffix);
		sdr_parse_name(record + COMPACT_NAME, record + len,
			       sensor->name);
		finish_name(sensor, suffix);
	}
	return n;
}

size_t
sdr_parse_record(const uint8_t *record, size_t len,
		 struct sdr_sensor ret_sensors[SDR_SHARE_MAX], bool *ret_odd)
{
	*ret_odd = len < SDR_HEADER_LEN ||
		   len < SDR_HEADER_LEN + (size_t)record[LENGTH];
	if (*ret_odd ||
	    (record[TYPE] != SDR_FULL && record[TYPE] != SDR_COMPACT))
		return 0;
	bool full = record[TYPE] == SDR_FULL;
	/* The bytes of a record end where it says so, not where we got to. */
	len = SDR_HEADER_LEN + (size_t)record[LENGTH];
	*ret_odd = len <= (full ? FULL_NAME : COMPACT_NAME);
	if (*ret_odd)
		return 0;
	return full ? parse_full(record, len, ret_sensors)
		    : parse_compact(record, len, ret_sensors);
}
