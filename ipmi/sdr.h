/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sdr.h - a BMC's descriptions of its sensors (IPMI 2.0, 33 and 43).
 *
 * Pure.  Records come from BMCs: nothing in them is trusted, least of all a
 * length.  Where a record is shared, each of its sensors gets a description.
 */
#ifndef IPMI_SDR_H
#define IPMI_SDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SDR_HEADER_LEN = 5,    /* number, version, type, bytes that follow */
	SDR_RECORD_MAX = 79,   /* a full record with the longest name */
	SDR_RECORDS_MAX = 512, /* of one BMC */
	SDR_SHARE_MAX = 15,    /* sensors of one record */
	SDR_NAME_MAX = 72,     /* bytes of UTF-8 with the NUL */
	SDR_UNIT_MAX = 64,
	SDR_THRESHOLDS = 6
};

enum { SDR_FULL = 0x01, SDR_COMPACT = 0x02, SDR_EVENT_ONLY = 0x03 };

/* --- the repository as a whole ------------------------------------------- */

/* Two that are alike have the same records. */
struct sdr_info {
	uint8_t version; /* 0x51 */
	uint16_t count;
	uint32_t added_s, erased_s; /* of the last such; the BMC's clock */
};

/* Get SDR Repository Info behind its completion code; false: too short. */
bool sdr_parse_info(const uint8_t *data, size_t len, struct sdr_info *ret_info);
bool sdr_info_equal(const struct sdr_info *a, const struct sdr_info *b);

/* Records one after another, cut to what is looked at here; each says its own
 * length. */
struct sdr_records {
	uint8_t *bytes;
	size_t len, n;
	size_t skipped; /* that could not be read */
	bool cut;       /* there are more, or their numbers run in a loop */
};

/* `record` is whole, SDR_HEADER_LEN to SDR_RECORD_MAX bytes. */
void sdr_records_add(struct sdr_records *records, const uint8_t *record,
		     size_t len);
void sdr_records_done(struct sdr_records *records);

/* The record at *at, which moves behind it; NULL at the end.  Of bytes from
 * elsewhere: NULL with *at < len where they make no sense. */
const uint8_t *sdr_next_record(const uint8_t *bytes, size_t len, size_t *at,
			       size_t *ret_record_len);

/* --- one sensor ---------------------------------------------------------- */

/* In the order of Get Sensor Thresholds. */
enum sdr_threshold {
	SDR_LOWER_NON_CRITICAL,
	SDR_LOWER_CRITICAL,
	SDR_LOWER_NON_RECOVERABLE,
	SDR_UPPER_NON_CRITICAL,
	SDR_UPPER_CRITICAL,
	SDR_UPPER_NON_RECOVERABLE
};

enum sdr_format { SDR_UNSIGNED, SDR_ONES, SDR_TWOS, SDR_NOT_ANALOG };

/* What to do with the linear value. */
enum {
	SDR_LINEAR = 0,
	SDR_INVERSE = 7,
	SDR_SQUARE = 8,
	SDR_CUBE = 9,
	SDR_NON_LINEAR = 0x70
};

/* y = L((m x raw + b x 10^b_exp) x 10^r_exp) */
struct sdr_formula {
	enum sdr_format format;
	bool known; /* the record has one; compact records have not */
	int16_t m, b;
	int8_t b_exp, r_exp;
	uint8_t linearization; /* 0-0x7f */
};

struct sdr_thresholds {
	uint8_t mask; /* bit: enum sdr_threshold */
	uint8_t raw[SDR_THRESHOLDS];
};

struct sdr_sensor {
	char name[SDR_NAME_MAX]; /* never empty, no control characters */
	uint8_t owner, lun, channel, number;
	uint8_t entity, instance;
	uint8_t type, event_type; /* see ipmi/event.h */
	uint8_t units[3];         /* as in the record */
	struct sdr_formula formula;
	bool ask_thresholds; /* they can be read, and may be changed */
	struct sdr_thresholds thresholds; /* else: those of the record */
};

/*
 * The sensors that a record describes: 0 when it is of a type without readings
 * (and ret_odd false) or makes no sense (ret_odd true).  A name that is longer
 * than the record is cut.
 */
size_t sdr_parse_record(const uint8_t *record, size_t len,
			struct sdr_sensor ret_sensors[SDR_SHARE_MAX],
			bool *ret_odd);

/*
 * A text with its type/length byte (43.15): unicode, BCD plus, packed and 8-bit
 * ASCII.  What is no printing character, or would turn the direction of a line,
 * becomes '?'.  Reads no further than `end`.
 */
void sdr_parse_name(const uint8_t *at, const uint8_t *end,
		    char ret_name[SDR_NAME_MAX]);

/* --- values -------------------------------------------------------------- */

enum sdr_value {
	SDR_VALUE,
	SDR_NO_VALUE,   /* the sensor is not analog */
	SDR_NO_FORMULA, /* none that is exact in whole numbers */
	SDR_OVERFLOW    /* of 64 bits, or 128 on the way; or 1/0 */
};

/* In millionths of the unit, rounded to the nearest, halves away from zero. */
enum sdr_value sdr_convert(const struct sdr_formula *formula, uint8_t raw,
			   int64_t *ret_micro);

/* "degrees C", "RPM", "errors per hour", "%"; "" without one. */
const char *sdr_unit_text(const uint8_t units[3], char ret_text[SDR_UNIT_MAX]);

#endif
