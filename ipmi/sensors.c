/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sensors.c - a reading of all sensors, one request after another:
 *
 *	info: the descriptions we have, do they still fit?  If not:
 *	who is it?  GUID and device, once in a session
 *	the file, or a walk through the BMC's records
 *	sensor by sensor: its reading, now and then its thresholds
 *
 * Each request waits in the BMC's queue anew, so that nobody waits for all of
 * them; the BMC answers one at a time, so more of them would gain nothing.
 */
#include "ipmi/sensors_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"

enum {
	NETFN_SENSOR = 0x04,
	GET_THRESHOLDS = 0x27,
	GET_READING = 0x2d,
	NETFN_STORAGE = 0x0a,
	GET_SDR_INFO = 0x20,
	ABSENT = 0xcb /* completion code */
};

/* --- the end ------------------------------------------------------------- */

static void
reading_free(struct reading *reading)
{
	free(reading->sensors);
	free(reading);
}

/* The callback may free the sensors, or read again. */
void
sensors_finish(struct sensors *sensors, enum ipmi_rc rc, uint8_t code,
	       const char *text)
{
	struct reading *reading = sensors->reading;
	struct sensors_result *result = &reading->result;

	result->rc = rc;
	result->code = code;
	snprintf(result->text, sizeof(result->text), "%s", text);
	result->took_ms = reading->deadline_ms - reading->budget_ms;
	result->sensors = reading->sensors;
	if (reading->sensors != NULL) {
		result->n = sensors->n;
		result->skipped = sensors->skipped;
		result->cut = sensors->cut;
	}
	sensors->reading = NULL;
	reading->fn(reading->arg, result);
	reading_free(reading);
}

/* Those from the one under way on were not read. */
static void
finish_early(struct sensors *sensors, enum ipmi_rc rc, uint8_t code,
	     const char *text)
{
	struct reading *reading = sensors->reading;

	for (size_t i = reading->i; reading->sensors != NULL && i < sensors->n;
	     i++) {
		struct sensor *sensor = &reading->sensors[i];

		if (sensor->state == SENSOR_UNKNOWN &&
		    sensor->reason[0] == '\0')
			snprintf(sensor->reason, sizeof(sensor->reason),
				 "not reached: %s", ipmi_rc_name(rc));
	}
	sensors_finish(sensors, rc, code, text);
}

/* --- asking -------------------------------------------------------------- */

void
sensors_ask(struct sensors *sensors, int64_t ms,
	    const struct ipmi_request *request, request_fn came)
{
	struct reading *reading = sensors->reading;

	if (ms > reading->budget_ms)
		ms = reading->budget_ms;
	reading->request =
		ms > 0 ? bmc_request(sensors->bmc, request, ms, came, sensors)
		       : 0;
	if (reading->request != 0)
		return;
	if (ms <= 0)
		finish_early(sensors, IPMI_TIMEOUT, 0,
			     "the BMC has more sensors than there was time");
	else
		finish_early(sensors, IPMI_CANCELLED, 0,
			     "too much is waiting for this BMC");
}

void
sensors_spend(struct sensors *sensors, const struct ipmi_reply *reply)
{
	sensors->reading->budget_ms -= reply->done_ms - reply->asked_ms;
}

/* --- sensors, one after another ------------------------------------------ */

static void reading_came(void *arg, const struct ipmi_reply *reply);
static void thresholds_came(void *arg, const struct ipmi_reply *reply);

static void
ask_sensor(struct sensors *sensors, uint8_t command, request_fn came)
{
	struct reading *reading = sensors->reading;
	const uint8_t *number = &sensors->known[reading->i].sdr.number;
	const struct ipmi_request request = { NETFN_SENSOR, command, number, 1,
					      false };

	sensors_ask(sensors, reading->patience_ms, &request, came);
}

/* One sensor may keep silent; when the last ones did, it is the BMC. */
static void
finish_all(struct sensors *sensors)
{
	const struct reading *reading = sensors->reading;

	if (reading->silences > 1 ||
	    (reading->silences > 0 && !reading->answered))
		finish_early(sensors, reading->silent_rc, 0,
			     "the BMC fell silent");
	else
		sensors_finish(sensors, IPMI_OK, 0, "");
}

/* The next one that can be asked. */
static void
next_sensor(struct sensors *sensors)
{
	struct reading *reading = sensors->reading;

	while (reading->i < sensors->n &&
	       sensor_out_of_reach(&sensors->known[reading->i].sdr) != NULL)
		reading->i++;
	if (reading->i < sensors->n)
		ask_sensor(sensors, GET_READING, reading_came);
	else
		finish_all(sensors);
}

static void
sensor_done(struct sensors *sensors)
{
	sensors->reading->i++;
	next_sensor(sensors);
}

/* No answer came, of this one sensor or at all: which of them, the next one
 * will tell.  Others end the reading. */
bool
sensors_is_unanswered(enum ipmi_rc rc)
{
	return rc == IPMI_TIMEOUT || rc == IPMI_NO_SESSION;
}

static void
take_silence(struct sensors *sensors, const struct ipmi_reply *reply)
{
	struct reading *reading = sensors->reading;
	struct sensor *sensor = &reading->sensors[reading->i];

	if (!sensors_is_unanswered(reply->rc) || reading->budget_ms <= 0) {
		finish_early(sensors, reply->rc, reply->code, reply->text);
		return;
	}
	if (sensor->state == SENSOR_UNKNOWN && sensor->reason[0] == '\0')
		snprintf(sensor->reason, sizeof(sensor->reason), "%.90s",
			 reply->text);
	reading->silences++;
	reading->silent_rc = reply->rc;
	reading->patience_ms *= 2;
	sensor_done(sensors);
}

static bool
thresholds_are_due(const struct known *known, int64_t now_ms)
{
	return known->sdr.ask_thresholds &&
	       (!known->asked ||
		now_ms - known->asked_ms >= SENSORS_THRESHOLDS_MS);
}

static void
take_refusal(struct sensor *sensor, const struct ipmi_reply *reply)
{
	if (reply->code == ABSENT)
		sensor->state = SENSOR_ABSENT;
	snprintf(sensor->reason, sizeof(sensor->reason), "%.90s", reply->text);
}

static void
reading_came(void *arg, const struct ipmi_reply *reply)
{
	struct sensors *sensors = arg;
	struct reading *reading = sensors->reading;
	const struct known *known = &sensors->known[reading->i];
	struct sensor *sensor = &reading->sensors[reading->i];

	sensors_spend(sensors, reply);
	if (reply->rc != IPMI_OK && reply->rc != IPMI_CC) {
		take_silence(sensors, reply);
		return;
	}
	reading->answered = true;
	reading->silences = 0;
	reading->patience_ms = SENSORS_EACH_MS;
	if (reply->rc == IPMI_CC)
		take_refusal(sensor, reply);
	else
		sensor_take_reading(&known->sdr, reply->data, reply->len,
				    sensor);
	if (reply->rc == IPMI_OK && thresholds_are_due(known, reply->done_ms))
		ask_sensor(sensors, GET_THRESHOLDS, thresholds_came);
	else
		sensor_done(sensors);
}

/* A refusal means that there are none; asked again in time. */
static void
thresholds_came(void *arg, const struct ipmi_reply *reply)
{
	struct sensors *sensors = arg;
	struct reading *reading = sensors->reading;
	struct known *known = &sensors->known[reading->i];

	sensors_spend(sensors, reply);
	if (reply->rc != IPMI_OK && reply->rc != IPMI_CC) {
		take_silence(sensors, reply);
		return;
	}
	if (!ipmi_code_is_busy(reply->code)) {
		known->asked = true;
		known->asked_ms = reply->done_ms;
		if (!sensor_parse_thresholds(reply->data, reply->len,
					     &known->sdr.thresholds))
			known->sdr.thresholds.mask = 0;
	}
	sensor_take_thresholds(&known->sdr, &known->sdr.thresholds,
			       &reading->sensors[reading->i]);
	sensor_done(sensors);
}

void
sensors_read_all(struct sensors *sensors)
{
	struct reading *reading = sensors->reading;

	/* One more, so that none is not NULL. */
	reading->sensors = xcalloc(sensors->n + 1, sizeof(*reading->sensors));
	for (size_t i = 0; i < sensors->n; i++) {
		const struct sdr_sensor *sdr = &sensors->known[i].sdr;
		struct sensor *sensor = &reading->sensors[i];
		const char *why = sensor_out_of_reach(sdr);

		sensor_describe(sdr, sensor);
		sensor_take_thresholds(sdr, &sdr->thresholds, sensor);
		if (why != NULL)
			snprintf(sensor->reason, sizeof(sensor->reason), "%s",
				 why);
	}
	next_sensor(sensors);
}

/* --- life ---------------------------------------------------------------- */

static void
info_came(void *arg, const struct ipmi_reply *reply)
{
	struct sensors *sensors = arg;

	sensors_spend(sensors, reply);
	if (reply->rc != IPMI_OK)
		sensors_finish(sensors, reply->rc, reply->code, reply->text);
	else if (!sdr_parse_info(reply->data, reply->len,
				 &sensors->reading->key.info))
		sensors_finish(
			sensors, IPMI_BAD_REPLY, 0,
			"the BMC's answer is no state of sensor records");
	else
		sensors_find(sensors);
}

struct sensors *
sensors_new(struct bmc *bmc, const char *cache_dir)
{
	struct sensors *sensors = xcalloc(1, sizeof(*sensors));

	sensors->bmc = bmc;
	if (cache_dir != NULL)
		sensors->cache_dir = xstrdup(cache_dir);
	return sensors;
}

bool
sensors_read(struct sensors *sensors, int64_t deadline_ms, sensors_fn fn,
	     void *arg)
{
	static const struct ipmi_request request = { NETFN_STORAGE,
						     GET_SDR_INFO, NULL, 0,
						     false };

	if (sensors->reading != NULL || sensors->freed)
		return false;
	if (deadline_ms <= 0)
		deadline_ms = SENSORS_DEADLINE_MS;
	struct reading *reading = xcalloc(1, sizeof(*reading));

	*reading = (struct reading){ .fn = fn,
				     .arg = arg,
				     .deadline_ms = deadline_ms,
				     .budget_ms = deadline_ms,
				     .patience_ms = SENSORS_EACH_MS,
				     .result = { .kept = true } };
	reading->request = bmc_request(sensors->bmc, &request, deadline_ms,
				       info_came, sensors);
	if (reading->request == 0) {
		reading_free(reading);
		return false;
	}
	sensors->reading = reading;
	return true;
}

void
sensors_cancel(struct sensors *sensors)
{
	if (sensors->reading == NULL)
		return;
	if (sensors->reading->walking)
		sdr_walk_cancel(sensors->walk);
	else
		bmc_cancel(sensors->bmc, sensors->reading->request);
}

void
sensors_free(struct sensors *sensors)
{
	if (sensors == NULL || sensors->freed)
		return;
	sensors->freed = true; /* from here on nothing new is accepted */
	sensors_cancel(sensors);
	sensors_forget(sensors);
	sdr_walk_free(sensors->walk);
	free(sensors->cache_dir);
	free(sensors);
}
