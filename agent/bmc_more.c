/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bmc_more.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "ipmi/dcmi.h"
#include "ipmi/request.h"
#include "ipmi/sel.h"
#include "ipmi/sensors.h"
#include "ipmi/watchdog.h"

enum { NETFN_STORAGE = 0x0a, GET_SEL_INFO = 0x40 };

struct bmc_more {
	struct bmc *bmc;
	struct sensors *sensors;
	bool asking;
	int64_t asked_ms; /* -1: never */
	struct sensor_list list;
	struct detail_bmc row;
};

/* --- the questions, last one first ---------------------------------------- */

static void
take_watchdog(void *arg, const struct watchdog_state *state)
{
	struct bmc_more *more = arg;
	int64_t left = state->left_ms;

	more->asking = false;
	if (state->rc == IPMI_CANCELLED)
		return;
	more->row.watchdog_present = state->rc == IPMI_OK;
	more->row.watchdog_running = state->rc == IPMI_OK && state->running;
	more->row.watchdog_left_ms =
		more->row.watchdog_running && left > 0 && left < UINT32_MAX
			? (uint32_t)left
			: 0;
}

static void
ask_watchdog(struct bmc_more *more)
{
	more->asking = watchdog_read(more->bmc, 0, take_watchdog, more) != 0;
}

void
bmc_more_take_log(const uint8_t *data, size_t len, struct detail_bmc *row)
{
	struct sel_info info;

	row->sel_present = sel_parse_info(data, len, &info);
	if (!row->sel_present)
		return;
	uint32_t free_bytes = data[3] | (uint32_t)data[4] << 8;
	uint32_t used_bytes = (uint32_t)info.entries * SEL_RECORD_LEN;
	row->sel_entries = info.entries;
	row->sel_overflow = info.overflow;
	/* 0xffff: there is that much or more. */
	row->sel_percent =
		used_bytes == 0 ? 0
				: used_bytes * 100 / (used_bytes + free_bytes);
}

static void
take_log(void *arg, const struct ipmi_reply *reply)
{
	struct bmc_more *more = arg;

	if (reply->rc == IPMI_CANCELLED) {
		more->asking = false;
		return;
	}
	bmc_more_take_log(reply->data, reply->len, &more->row);
	ask_watchdog(more);
}

static void
take_limit(void *arg, const struct dcmi_limit *limit)
{
	static const struct ipmi_request request = { .netfn = NETFN_STORAGE,
						     .command = GET_SEL_INFO };
	struct bmc_more *more = arg;

	if (limit->rc == IPMI_CANCELLED) {
		more->asking = false;
		return;
	}
	more->row.cap_active = limit->rc == IPMI_OK && limit->active;
	more->row.cap_w = more->row.cap_active ? limit->watts : 0;
	more->asking = bmc_request(more->bmc, &request, 0, take_log, more) != 0;
}

static void
take_power(void *arg, const struct dcmi_power *power)
{
	struct bmc_more *more = arg;
	struct detail_bmc *row = &more->row;

	if (power->rc == IPMI_CANCELLED) {
		more->asking = false;
		return;
	}
	row->power_present = power->rc == IPMI_OK && power->active;
	row->now_w = row->power_present ? power->now_w : 0;
	row->min_w = row->power_present ? power->min_w : 0;
	row->max_w = row->power_present ? power->max_w : 0;
	row->average_w = row->power_present ? power->average_w : 0;
	row->period_s = row->power_present ? power->period_ms / 1000 : 0;
	more->asking = dcmi_get_limit(more->bmc, 0, take_limit, more) != 0;
}

/* How many before it have the same name: BMCs give it to several. */
static unsigned
count_twins(const struct sensors_result *result, size_t which)
{
	unsigned n = 0;

	for (size_t i = 0; i < which; i++)
		n += strcmp(result->sensors[i].name,
			    result->sensors[which].name) == 0;
	return n;
}

static void
take_sensors(void *arg, const struct sensors_result *result)
{
	struct bmc_more *more = arg;
	struct sensor_raw raw;

	if (result->rc == IPMI_CANCELLED) {
		more->asking = false;
		return;
	}
	if (result->n > 0)
		sensor_list_clear(&more->list);
	for (size_t i = 0; i < result->n; i++) {
		sensor_from_ipmi(&result->sensors[i], count_twins(result, i),
				 &raw);
		raw.read_ms = clock_mono_ms();
		raw.update_ms = BMC_MORE_PERIOD_MS;
		sensor_list_add(&more->list, &raw);
	}
	more->asking = dcmi_read_power(more->bmc, 0, take_power, more) != 0;
}

/* --- life ----------------------------------------------------------------- */

struct bmc_more *
bmc_more_new(struct bmc *bmc)
{
	struct bmc_more *more = xcalloc(1, sizeof(*more));

	more->bmc = bmc;
	more->sensors = sensors_new(bmc, NULL);
	more->asked_ms = -1;
	return more;
}

void
bmc_more_free(struct bmc_more *more)
{
	if (more == NULL)
		return;
	sensors_free(more->sensors);
	sensor_list_clear(&more->list);
	free(more);
}

void
bmc_more_ask(struct bmc_more *more, int64_t now_ms)
{
	if (more->asking || (more->asked_ms >= 0 &&
			     now_ms - more->asked_ms < BMC_MORE_PERIOD_MS))
		return;
	more->asked_ms = now_ms;
	more->asking = sensors_read(more->sensors, 0, take_sensors, more);
}

void
bmc_more_doubt(struct bmc_more *more, const char *why)
{
	for (size_t i = 0; i < more->list.n; i++) {
		struct sensor_raw *raw = &more->list.raws[i];

		raw->status = DETAIL_SENSOR_UNAVAILABLE;
		raw->health = HEALTH_UNKNOWN;
		text_copy(raw->text, sizeof(raw->text), why);
	}
	memset(&more->row, 0, sizeof(more->row));
}

const struct sensor_list *
bmc_more_sensors(const struct bmc_more *more)
{
	return &more->list;
}

const struct detail_bmc *
bmc_more_row(const struct bmc_more *more)
{
	return &more->row;
}
