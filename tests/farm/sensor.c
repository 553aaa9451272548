/* SPDX-License-Identifier: Apache-2.0 */
/* What the sensors say. */
#include <string.h>

#include "tests/farm/farm.h"

enum { SCANS = 0xc0, UNAVAILABLE = 0x20, UPPER = 3 };

/* Bits of the thresholds that are passed, in the order of Get Thresholds. */
static uint8_t
passed(const struct analog *a, uint8_t raw)
{
	uint8_t bits = 0;

	for (int i = 0; i < 6; i++) {
		int value = a->is_signed ? (int8_t)raw : raw;
		int limit = a->is_signed ? (int8_t)a->thresholds[i]
					 : a->thresholds[i];
		bool is_passed = i < UPPER ? value <= limit : value >= limit;

		if ((a->mask & 1 << i) && is_passed)
			bits |= (uint8_t)(1 << i);
	}
	return bits;
}

static size_t
read_analog(const struct bmc *bmc, const struct analog *a, uint8_t *r)
{
	bool is_dark = a->needs_power && !bmc->chassis.on;

	r[0] = is_dark ? 0 : (uint8_t)bmc->sensors[a->number];
	r[1] = SCANS | (is_dark ? UNAVAILABLE : 0);
	r[2] = 0xc0 | (is_dark ? 0 : passed(a, r[0]));
	return 3;
}

static uint16_t
states_of(const struct bmc *bmc, uint8_t number)
{
	if (number == SENSOR_WATCHDOG)
		return bmc->watchdog.states;
	if (number == SENSOR_POWER_UNIT)
		return !bmc->chassis.on;
	return bmc->sensors[number];
}

size_t
sensor_reading(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	uint8_t number = request->data[0];
	const struct analog *a = sdr_analog(number);

	bmc->counts.readings++;
	if (a != NULL)
		return read_analog(bmc, a, r);
	if (number < SENSOR_WATCHDOG || number >= SENSOR_OS_STOP)
		return refuse(r, 0xcb);
	r[1] = SCANS;
	put_le(r + 2, states_of(bmc, number) | 0x8000u, 2);
	return 4;
}

size_t
sensor_thresholds(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const struct analog *a = sdr_analog(request->data[0]);

	bmc->counts.thresholds++;
	if (a == NULL)
		return refuse(r, 0xcb);
	r[0] = a->mask;
	memcpy(r + 1, a->thresholds, 6);
	return 7;
}
