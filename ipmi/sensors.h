/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sensors.h - what the sensors of one BMC say: degrees, volts, RPM, and
 * whether the BMC finds that good.
 *
 * The descriptions of the sensors are read once (ipmi/sdr_walk.h) and kept, in
 * memory and in a file (ipmi/sdr_cache.h), until the BMC says that they have
 * changed.  After that a reading is one request more than there are sensors,
 * one after another; a fence goes before any of them.
 *
 * Whether a value is good is the BMC's own judgement, never computed here.
 *
 * What a reading meets, and what becomes of it:
 *	a sensor that is not there (0xcb)	SENSOR_ABSENT
 *	another refusal, a sensor behind another controller, a formula that is
 *	not exact in whole numbers	that sensor says why in `reason`
 *	a sensor that is always busy, or never answered for
 *		SENSORS_EACH_MS, then the next one; twice as long each time as
 *		long as nothing at all is answered
 *	the deadline	IPMI_TIMEOUT, with all sensors that are described;
 *		those not reached are unknown and say so
 *	the same while descriptions are read	IPMI_TIMEOUT without sensors;
 *		the next reading goes on there
 *
 * Thresholds that can be set are asked for when first read, and again each
 * SENSORS_THRESHOLDS_MS.
 */
#ifndef IPMI_SENSORS_H
#define IPMI_SENSORS_H

#include "ipmi/bmc.h"
#include "ipmi/event.h"
#include "ipmi/sdr.h"

enum {
	SENSORS_MAX = 1024,
	SENSORS_DEADLINE_MS = 60000, /* default, for deadline_ms = 0 */
	SENSORS_EACH_MS = 2500, /* a lost packet or session does not reach it */
	SENSORS_THRESHOLDS_MS = 600000,
	SENSOR_STATES_TEXT = 160,
	SENSOR_REASON_MAX = 96
};

/* Zero is unknown.  For sensors without thresholds: unknown, ok (it was read;
 * see `grade`), unavailable or absent. */
enum sensor_state {
	SENSOR_UNKNOWN,
	SENSOR_OK,
	SENSOR_LOWER_NON_CRITICAL,
	SENSOR_LOWER_CRITICAL,
	SENSOR_LOWER_NON_RECOVERABLE,
	SENSOR_UPPER_NON_CRITICAL,
	SENSOR_UPPER_CRITICAL,
	SENSOR_UPPER_NON_RECOVERABLE,
	SENSOR_UNAVAILABLE, /* switched off, or has nothing to say just now */
	SENSOR_ABSENT,
	SENSOR_STATE_COUNT
};

const char *sensor_state_name(enum sensor_state state); /* "upper critical" */

struct sensor_threshold {
	bool is_set;
	int64_t micro;
};

struct sensor {
	char name[SDR_NAME_MAX]; /* UTF-8 without control characters */
	uint8_t owner, lun, number;
	uint8_t entity, instance;
	uint8_t type;  /* ipmi_sensor_type_name() */
	bool discrete; /* it has states, not thresholds */
	enum sensor_state state;
	/* How grave that is: of a discrete sensor, the gravest of its states;
	 * unknown unless it was read. */
	enum ipmi_grade grade;

	bool has_raw, has_value;
	uint8_t raw;
	int64_t value_micro; /* millionths of the unit, rounded to nearest */
	char unit[SDR_UNIT_MAX]; /* "degrees C", "%"; "": none */
	struct sensor_threshold thresholds[SDR_THRESHOLDS];

	uint16_t states; /* of a discrete sensor: bit i is offset i */
	char states_text[SENSOR_STATES_TEXT]; /* "present, failed" */
	char reason[SENSOR_REASON_MAX]; /* why state or value is missing */
};

struct sensors_result {
	enum ipmi_rc rc;
	uint8_t code;                 /* with IPMI_CC */
	const struct sensor *sensors; /* as the BMC orders them; valid during
					 the callback */
	size_t n;
	size_t skipped; /* records that made no sense */
	bool cut;       /* there are more than these, see ipmi/sdr_walk.h */
	bool kept;      /* no description was read from the BMC */
	int64_t took_ms;
	char text[BMC_TEXT_MAX]; /* why not; "" with IPMI_OK */
};

/* Follows the rules of ipmi/power.h; may call sensors_free(). */
typedef void (*sensors_fn)(void *arg, const struct sensors_result *result);

struct sensors;

/* cache_dir: where to keep the file, NULL for memory only.  Without a GUID of
 * the BMC there is no file.  The BMC may be freed first; then sensors_free() is
 * all that may be called. */
struct sensors *sensors_new(struct bmc *bmc, const char *cache_dir);

/* False: refused, as bmc_request() does, or a reading is under way. */
bool sensors_read(struct sensors *sensors, int64_t deadline_ms, sensors_fn fn,
		  void *arg);

/* A reading under way calls back with IPMI_CANCELLED before they return. */
void sensors_cancel(struct sensors *sensors);
void sensors_free(struct sensors *sensors);

/* --- pure (sensor_reading.c) --------------------------------------------- */

/* All that the description tells; unknown. */
void sensor_describe(const struct sdr_sensor *sdr, struct sensor *ret_sensor);

/* NULL: it can be asked; else why not. */
const char *sensor_out_of_reach(const struct sdr_sensor *sdr);

/* Get Sensor Reading behind its completion code; what is too short makes an
 * unknown sensor with a reason. */
void sensor_take_reading(const struct sdr_sensor *sdr, const uint8_t *data,
			 size_t len, struct sensor *sensor);
void sensor_take_thresholds(const struct sdr_sensor *sdr,
			    const struct sdr_thresholds *thresholds,
			    struct sensor *sensor);
/* The answer to Get Sensor Thresholds; false: too short. */
bool sensor_parse_thresholds(const uint8_t *data, size_t len,
			     struct sdr_thresholds *ret_thresholds);

#endif
