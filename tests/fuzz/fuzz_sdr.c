/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a BMC, or a file, says of sensors: readings that end, within their
 * bounds, with names and texts that are fit to be shown.
 *
 * The first byte chooses: 0, answers of a BMC, in pieces, each with its length
 * before it (an empty one: none); 1, a record and an answer of its sensor; 2,
 * the records of a file that is whole otherwise.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "ipmi/sdr_cache.h"
#include "ipmi/sensors.h"
#include "tests/support/ipmi_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ROUNDS = 3, ANSWER = 6 };

struct fuzz {
	struct fake fake; /* first */
	const uint8_t *data;
	size_t len;
	unsigned calls;
};

/* --- what must be true --------------------------------------------------- */

static void
check_text(const char *text, size_t room)
{
	const uint8_t *at = (const uint8_t *)text;

	if (memchr(text, '\0', room) == NULL)
		abort();
	while (*at != 0) {
		int more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : 2;

		if (*at < 0x20 || *at == 0x7f || *at >= 0xf0 ||
		    (*at >= 0x80 && *at < 0xc2))
			abort();
		for (at++; more > 0; more--, at++)
			if ((*at & 0xc0) != 0x80)
				abort();
	}
}

static void
check(const struct sensor *sensor)
{
	check_text(sensor->name, sizeof(sensor->name));
	check_text(sensor->unit, sizeof(sensor->unit));
	check_text(sensor->states_text, sizeof(sensor->states_text));
	check_text(sensor->reason, sizeof(sensor->reason));
	if (sensor->name[0] == '\0' || sensor->state >= SENSOR_STATE_COUNT ||
	    (sensor->state == SENSOR_UNKNOWN && sensor->reason[0] == '\0') ||
	    (sensor->has_value && !sensor->has_raw) ||
	    sensor->grade > IPMI_GRADE_CRITICAL)
		abort();
}

static void
took(void *arg, const struct sensors_result *result)
{
	struct fuzz *fuzz = arg;

	fuzz->calls++;
	if (result->n > SENSORS_MAX ||
	    (result->rc == IPMI_OK) != (result->text[0] == '\0'))
		abort();
	for (size_t i = 0; i < result->n; i++)
		check(&result->sensors[i]);
}

/* --- a BMC --------------------------------------------------------------- */

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct fuzz *fuzz = (struct fuzz *)fake;

	if (request->netfn == 0x06)
		return 17;
	if (fuzz->len == 0)
		return 0;
	size_t len = *fuzz->data++;
	fuzz->len--;
	if (len > fuzz->len)
		len = fuzz->len;
	if (len > FAKE_REPLY_MAX)
		len = FAKE_REPLY_MAX;
	memcpy(ret_reply, fuzz->data, len);
	fuzz->data += len;
	fuzz->len -= len;
	return len;
}

static void
read_all(const uint8_t *data, size_t len)
{
	static struct fuzz fuzz;

	fake_init(&fuzz.fake);
	fuzz.fake.serve = serve;
	fuzz.data = data;
	fuzz.len = len;
	struct bmc *bmc = bmc_new(&fuzz.fake.transport, "fuzz");
	struct sensors *sensors = sensors_new(bmc, NULL);
	for (unsigned i = 0; i < ROUNDS && fuzz.len > 0; i++) {
		fuzz.calls = 0;
		sensors_read(sensors, 4000, took, &fuzz);
		fake_run(&fuzz.fake, 4500);
		if (fuzz.calls != 1)
			abort();
	}
	sensors_free(sensors);
	bmc_free(bmc);
}

/* --- a record, a file ---------------------------------------------------- */

static void
parse(const uint8_t *data, size_t len)
{
	struct sdr_sensor sensors[SDR_SHARE_MAX];
	const size_t answer = ANSWER;
	bool odd;

	if (len <= answer)
		return;
	/* Of its exact size, so that a byte too many is noticed. */
	uint8_t *record = malloc(len - answer);

	if (record == NULL)
		abort();
	memcpy(record, data + answer, len - answer);
	size_t n = sdr_parse_record(record, len - answer, sensors, &odd);
	if (n > SDR_SHARE_MAX || (odd && n > 0))
		abort();
	for (size_t i = 0; i < n; i++) {
		struct sensor sensor;
		struct sdr_thresholds thresholds = { .mask = 0x3f };

		memcpy(thresholds.raw, data, answer);
		sensor_describe(&sensors[i], &sensor);
		sensor_take_reading(&sensors[i], data, answer, &sensor);
		sensor_take_thresholds(&sensors[i], &thresholds, &sensor);
		check(&sensor);
	}
	free(record);
}

static void
load(const uint8_t *data, size_t len)
{
	const struct sdr_key key = { .info = { .version = 0x51 } };
	struct sdr_records records = { .n = 0 };
	size_t file_len, at = 0, record_len, n = 0;

	if (len < 2)
		return;
	records.bytes = malloc(len);
	if (records.bytes == NULL)
		abort();
	memcpy(records.bytes, data + 1, len - 1);
	records.len = len - 1;
	records.n = data[0];
	uint8_t *file = sdr_cache_encode(&key, &records, &file_len);
	sdr_records_done(&records);
	if (sdr_cache_decode(file, file_len, &key, &records)) {
		while (sdr_next_record(records.bytes, records.len, &at,
				       &record_len) != NULL)
			n++;
		if (n != records.n || at != records.len)
			abort();
		sdr_records_done(&records);
	}
	free(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const ways[])(const uint8_t *data,
				    size_t len) = { read_all, parse, load };

	if (len == 0)
		return 0;
	log_start("fuzz", LOG_LEVEL_ERROR);
	ways[data[0] % 3](data + 1, len - 1);
	return 0;
}
