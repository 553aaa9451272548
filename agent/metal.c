/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/metal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/worker.h"

struct metal {
	struct loop_timer *timer;
	struct worker *worker;
	const char *root;
	struct source source;
	int64_t asked_us;
	struct sensor_list sensors;
	json_t *reply; /* the last good one, without its sensors */
	bool fresh;    /* the last attempt was good */
	unsigned
		without_chips; /* so many answers, until they are tried again */
};

void
metal_take_sensors(const json_t *list, int64_t now_ms,
		   struct sensor_list *ret_list)
{
	struct sensor_list sensors = { NULL, 0 };
	struct sensor_raw raw;

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (sensors.n == DETAIL_SENSORS_MAX ||
		    !sensor_from_message(json_array_get(list, i), &raw))
			continue;
		raw.read_ms = now_ms;
		raw.update_ms = METAL_PERIOD_MS;
		sensor_list_add(&sensors, &raw);
	}
	*ret_list = sensors;
}

void
metal_keep_chips(const struct sensor_list *before, struct sensor_list *now)
{
	for (size_t i = 0; i < before->n; i++)
		if (before->raws[i].source == DETAIL_SENSOR_HWMON &&
		    now->n < DETAIL_SENSORS_MAX)
			sensor_list_add(now, &before->raws[i]);
}

/* Rows stay, so that they do not come and go with a worker; what they said
 * does not hold any more. */
static void
doubt_sensors(struct metal *metal, const char *why)
{
	for (size_t i = 0; i < metal->sensors.n; i++) {
		struct sensor_raw *raw = &metal->sensors.raws[i];

		raw->status = DETAIL_SENSOR_UNAVAILABLE;
		raw->health = HEALTH_UNKNOWN;
		text_copy(raw->text, sizeof(raw->text), why);
	}
}

/* A chip that hangs must not cost us what the others say: after a time-out
 * they are left out for a while. */
static void
take_failure(struct metal *metal, int rc, const struct err *err)
{
	metal->fresh = false;
	source_fail(&metal->source, err->text);
	doubt_sensors(metal, err->text);
	metal->without_chips = rc == -ETIMEDOUT && metal->without_chips == 0
				       ? METAL_WITHOUT_CHIPS
				       : 0;
}

static void
take_sensors(struct metal *metal, const json_t *reply, int64_t now_ms)
{
	struct sensor_list sensors;

	metal_take_sensors(json_object_get(reply, "sensors"), now_ms, &sensors);
	if (metal->without_chips > 0) {
		metal_keep_chips(&metal->sensors, &sensors);
		metal->without_chips--;
	}
	sensor_list_clear(&metal->sensors);
	metal->sensors = sensors;
}

static void
take_reply(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct metal *metal = arg;
	int64_t now_us = source_clock_us();

	loop_timer_start(metal->timer, METAL_PERIOD_MS);
	if (rc < 0) {
		take_failure(metal, rc, err);
		return;
	}
	metal->fresh = true;
	if (metal->without_chips > 0)
		source_fail(&metal->source, "a chip of hwmon hangs: they are "
					    "left out for some minutes");
	else
		source_succeed(&metal->source, now_us / 1000,
			       (uint64_t)(now_us - metal->asked_us));
	take_sensors(metal, reply, now_us / 1000);
	json_decref(metal->reply);
	metal->reply = json_copy((json_t *)reply);
	json_object_del(metal->reply, "sensors");
}

static void
ask(void *arg)
{
	struct metal *metal = arg;
	json_t *request = json_pack("{s:s, s:b}", "root", metal->root, "chips",
				    metal->without_chips == 0);

	metal->asked_us = source_clock_us();
	int rc = worker_ask(metal->worker, request, METAL_DEADLINE_MS,
			    take_reply, metal);
	json_decref(request);
	if (rc < 0) {
		metal->fresh = false;
		source_fail(&metal->source, "cannot start a worker");
		doubt_sensors(metal, "nobody reads them");
		loop_timer_start(metal->timer, METAL_PERIOD_MS);
	}
}

struct metal *
metal_new(struct loop *loop, const char *root)
{
	struct metal *metal = xcalloc(1, sizeof(*metal));

	metal->root = root;
	source_init(&metal->source, SOURCE_SENSORS, "sensors",
		    INT64_C(2) * METAL_PERIOD_MS);
	metal->worker = worker_new(loop, "metal", NULL, NULL);
	metal->timer = loop_timer_new(loop, ask, metal);
	loop_timer_start(metal->timer, 0);
	return metal;
}

void
metal_free(struct metal *metal)
{
	if (metal == NULL)
		return;
	worker_free(metal->worker);
	loop_timer_free(metal->timer);
	sensor_list_clear(&metal->sensors);
	json_decref(metal->reply);
	free(metal);
}

void
metal_look(struct metal *metal)
{
	/* An answer under way is followed by the next soon enough. */
	if (!worker_is_busy(metal->worker))
		loop_timer_start(metal->timer, 0);
}

const struct sensor_list *
metal_sensors(const struct metal *metal)
{
	return &metal->sensors;
}

const json_t *
metal_ecc(const struct metal *metal)
{
	return json_object_get(metal->reply, "ecc");
}

const struct source *
metal_source(const struct metal *metal)
{
	return &metal->source;
}

/* The member of the list that is about this package, NULL. */
static const json_t *
find_package(const json_t *list, uint32_t package)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);

		if (message_number(entry, "package", UINT16_MAX) == package)
			return entry;
	}
	return NULL;
}

bool
metal_package(const struct metal *metal, uint32_t package,
	      struct detail_package *row)
{
	const json_t *speed =
		find_package(json_object_get(metal->reply, "packages"),
			     package);
	const json_t *power =
		find_package(json_object_get(metal->reply, "powers"), package);

	bool fresh = metal->fresh;
	unsigned known = 0;

	row->mhz = (uint32_t)message_number(speed, "mhz", UINT32_MAX);
	row->max_mhz = (uint32_t)message_number(speed, "max_mhz", UINT32_MAX);
	row->throttles = message_number(speed, "throttles", INT64_MAX);
	row->power_mw = (uint32_t)message_number(power, "mw", UINT32_MAX);
	known |= row->mhz > 0 && fresh ? DETAIL_KNOWN_MHZ : 0;
	known |= row->max_mhz > 0 ? DETAIL_KNOWN_MAX_MHZ : 0;
	known |= power != NULL && fresh ? DETAIL_KNOWN_POWER : 0;
	known |= json_object_get(speed, "throttles") != NULL
			 ? DETAIL_KNOWN_THROTTLES
			 : 0;
	row->known[0] = 1;
	row->known[1] = (uint8_t)known;
	return speed != NULL || power != NULL;
}
