/* SPDX-License-Identifier: Apache-2.0 */
/* ipmi/sensors_known.c - the descriptions: those at hand, those of the file,
 * those of the BMC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"
#include "ipmi/sensors_own.h"

enum {
	NETFN_APP = 0x06,
	GET_DEVICE_ID = 0x01,
	GET_GUID = 0x37,
	GUID_LEN = 16,
	DEVICE_LEN_MIN = 11,
	LOST = 0xc5 /* completion code: the reservation */
};

/* --- descriptions -------------------------------------------------------- */

void
sensors_forget(struct sensors *sensors)
{
	free(sensors->known);
	sensors->known = NULL;
	sensors->n = sensors->skipped = 0;
	sensors->cut = sensors->has_known = false;
}

static void
add_known(struct sensors *sensors, const struct sdr_sensor *sdrs, size_t n)
{
	if (n > SENSORS_MAX - sensors->n) {
		n = SENSORS_MAX - sensors->n;
		sensors->cut = true;
	}
	if (n == 0)
		return;
	sensors->known = xrealloc(sensors->known, sensors->n + n,
				  sizeof(*sensors->known));
	for (size_t i = 0; i < n; i++)
		sensors->known[sensors->n++] = (struct known){ .sdr = sdrs[i] };
}

static void
learn(struct sensors *sensors, const struct sdr_records *records)
{
	struct sdr_sensor sdrs[SDR_SHARE_MAX];
	const uint8_t *record;
	size_t at = 0, len;
	bool odd;

	sensors_forget(sensors);
	while ((record = sdr_next_record(records->bytes, records->len, &at,
					 &len)) != NULL)
		add_known(sensors, sdrs,
			  sdr_parse_record(record, len, sdrs, &odd));
	sensors->skipped = records->skipped;
	sensors->cut |= records->cut;
	sensors->key = sensors->reading->key;
	sensors->has_known = true;
}

static bool
has_file(const struct sensors *sensors, const struct sdr_key *key)
{
	return sensors->cache_dir != NULL && sdr_key_has_guid(key);
}

/* Those that are not whole are not kept for long. */
static void
save(struct sensors *sensors, const struct sdr_records *records)
{
	struct err err;

	if (records->cut || !has_file(sensors, &sensors->key) ||
	    sdr_cache_save(sensors->cache_dir, &sensors->key, records, &err) ==
		    0)
		return;
	if (!sensors->warned)
		log_warn("bmc", "%s: its sensors are not kept: %s",
			 bmc_name(sensors->bmc), err.text);
	sensors->warned = true;
}

static void
drop_walk(struct sensors *sensors)
{
	sdr_walk_free(sensors->walk);
	sensors->walk = NULL;
}

static void
walk_ended(void *arg, const struct sdr_walk_end *end)
{
	struct sensors *sensors = arg;
	struct reading *reading = sensors->reading;
	struct sdr_records records;

	reading->walking = false;
	reading->budget_ms = end->left_ms;
	if (end->rc != IPMI_OK) {
		/* After these it may go on; records that changed are seen. */
		if (!sensors_is_unanswered(end->rc) &&
		    end->rc != IPMI_CANCELLED && end->code != LOST)
			drop_walk(sensors);
		sensors_finish(sensors, end->rc, end->code, end->text);
		return;
	}
	reading->key.info = sdr_walk_take(sensors->walk, &records);
	drop_walk(sensors);
	learn(sensors, &records);
	save(sensors, &records);
	sdr_records_done(&records);
	sensors_read_all(sensors);
}

/* One that was left: of the same BMC, with the same records? */
static bool
can_go_on(const struct sensors *sensors)
{
	struct sdr_key key = sensors->walk_key;

	if (sensors->walk == NULL)
		return false;
	key.info = sdr_walk_info(sensors->walk);
	return sdr_key_equal(&key, &sensors->reading->key);
}

static void
walk(struct sensors *sensors)
{
	struct reading *reading = sensors->reading;

	if (!can_go_on(sensors)) {
		drop_walk(sensors);
		sensors->walk_key = reading->key;
		sensors->walk = sdr_walk_new(sensors->bmc, &reading->key.info);
	}
	reading->result.kept = false;
	reading->walking = true;
	if (sdr_walk_run(sensors->walk, reading->budget_ms, walk_ended,
			 sensors))
		return;
	reading->walking = false;
	if (reading->budget_ms > 0)
		sensors_finish(sensors, IPMI_CANCELLED, 0,
			       "too much is waiting for this BMC");
	else
		sensors_finish(sensors, IPMI_TIMEOUT, 0, "no time is left");
}

static bool
load(struct sensors *sensors)
{
	const struct sdr_key *key = &sensors->reading->key;
	struct sdr_records records;

	if (!has_file(sensors, key) ||
	    !sdr_cache_load(sensors->cache_dir, key, &records))
		return false;
	learn(sensors, &records);
	sdr_records_done(&records);
	return true;
}

static void
find_descriptions(struct sensors *sensors)
{
	const struct sdr_key *key = &sensors->reading->key;

	if ((sensors->has_known && sdr_key_equal(&sensors->key, key)) ||
	    load(sensors))
		sensors_read_all(sensors);
	else
		walk(sensors);
}

/* --- who it is ----------------------------------------------------------- */

/* A refusal: it will not say. */
static bool
take_identity(struct sensors *sensors, const struct ipmi_reply *reply,
	      size_t least, uint8_t *bytes, size_t len)
{
	sensors_spend(sensors, reply);
	if (reply->rc != IPMI_OK && reply->rc != IPMI_CC) {
		sensors_finish(sensors, reply->rc, reply->code, reply->text);
		return false;
	}
	if (reply->rc == IPMI_OK && reply->len >= least)
		memcpy(bytes, reply->data, reply->len < len ? reply->len : len);
	return true;
}

static void
guid_came(void *arg, const struct ipmi_reply *reply)
{
	struct sensors *sensors = arg;
	struct asked_identity *identity = &sensors->identity;

	if (!take_identity(sensors, reply, GUID_LEN, identity->guid,
			   sizeof(identity->guid)))
		return;
	identity->guid_done = true;
	sensors_find(sensors);
}

static void
device_came(void *arg, const struct ipmi_reply *reply)
{
	struct sensors *sensors = arg;
	struct asked_identity *identity = &sensors->identity;

	if (!take_identity(sensors, reply, DEVICE_LEN_MIN, identity->device,
			   sizeof(identity->device)))
		return;
	identity->device_done = true;
	sensors_find(sensors);
}

static void
ask_identity(struct sensors *sensors, uint8_t command, request_fn came)
{
	const struct ipmi_request request = { NETFN_APP, command, NULL, 0,
					      false };

	sensors_ask(sensors, sensors->reading->budget_ms, &request, came);
}

/* What health has is good for one session, and so is what was asked here. */
void
sensors_find(struct sensors *sensors)
{
	struct asked_identity *identity = &sensors->identity;
	struct sdr_key *key = &sensors->reading->key;
	struct bmc_health health;

	bmc_get_health(sensors->bmc, &health);
	if (identity->session != health.sessions)
		*identity =
			(struct asked_identity){ .session = health.sessions };
	if (!health.has_guid && !identity->guid_done) {
		ask_identity(sensors, GET_GUID, guid_came);
		return;
	}
	if (!health.has_device && !identity->device_done) {
		ask_identity(sensors, GET_DEVICE_ID, device_came);
		return;
	}
	memcpy(key->guid, health.has_guid ? health.guid : identity->guid,
	       sizeof(key->guid));
	memcpy(key->device,
	       health.has_device ? health.device : identity->device,
	       sizeof(key->device));
	key->device[2] &= 0x7f; /* not: being updated now */
	find_descriptions(sensors);
}
