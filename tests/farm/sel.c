/* SPDX-License-Identifier: Apache-2.0 */
/* The event log: a ring of the last records, and its clock. */
#include <string.h>

#include "tests/farm/farm.h"

enum {
	RECORD = 16,
	GENERATOR_BMC = 0x20,
	EVENT_REVISION = 4,
	UNTIMED_TYPES = 0xe0, /* and above */
	OVERFLOWN = 0x80,
	CAN_RESERVE = 0x02,
	NEVER = 0xff
};

static uint32_t
clock_s(const struct bmc *bmc)
{
	return (uint32_t)(farm_wall_s() + bmc->sel.clock_s);
}

static uint8_t *
record_at(struct bmc *bmc, unsigned id)
{
	return bmc->sel.records[(id - 1) % SEL_MAX].bytes;
}

static unsigned
first_id(const struct bmc *bmc)
{
	return bmc->sel.n > SEL_MAX ? bmc->sel.n - SEL_MAX + 1 : 1;
}

static unsigned
add(struct bmc *bmc, const uint8_t record[RECORD])
{
	unsigned id = ++bmc->sel.n;
	uint8_t *own = record_at(bmc, id);

	memcpy(own, record, RECORD);
	put_le(own, id, 2);
	if (own[2] < UNTIMED_TYPES)
		put_le(own + 3, clock_s(bmc), 4);
	return id;
}

void
sel_log(struct bmc *bmc, uint8_t sensor_type, uint8_t sensor, uint8_t event,
	const uint8_t data[3])
{
	const uint8_t record[RECORD] = { [2] = 2,
					 [7] = GENERATOR_BMC,
					 [9] = EVENT_REVISION,
					 [10] = sensor_type,
					 [11] = sensor,
					 [12] = event,
					 [13] = data[0],
					 [14] = data[1],
					 [15] = data[2] };

	add(bmc, record);
}

void
sel_erase(struct bmc *bmc)
{
	bmc->sel.n = 0;
	bmc->sel.reservation = 0;
	bmc->sel.erased_s = clock_s(bmc);
}

/* --- commands ------------------------------------------------------------ */

size_t
sel_info(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	bool overflown = bmc->sel.n > SEL_MAX;
	unsigned n = overflown ? SEL_MAX : bmc->sel.n;

	(void)request;
	r[0] = 0x51;
	put_le(r + 1, n, 2);
	put_le(r + 3, (SEL_MAX - n) * RECORD, 2);
	memset(r + 5, NEVER, 4);
	if (n > 0)
		memcpy(r + 5, record_at(bmc, bmc->sel.n) + 3, 4);
	put_le(r + 9, bmc->sel.erased_s, 4);
	r[13] = CAN_RESERVE | (overflown ? OVERFLOWN : 0);
	return 14;
}

size_t
sel_reserve(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	if (++bmc->sel.reservation == 0)
		bmc->sel.reservation = 1;
	put_le(r, bmc->sel.reservation, 2);
	return 2;
}

size_t
sel_get(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const uint8_t *d = request->data;
	uint16_t reservation = (uint16_t)get_le(d, 2);
	unsigned id = get_le(d + 2, 2);

	if ((reservation != 0 || d[4] != 0) &&
	    !command_reserved(bmc, &bmc->sel.reservation, reservation))
		return refuse(r, 0xc5);
	if (id == 0)
		id = first_id(bmc);
	if (id == 0xffff)
		id = bmc->sel.n;
	if (bmc->sel.n == 0 || id < first_id(bmc) || id > bmc->sel.n)
		return refuse(r, 0xcb);
	unsigned next = id < bmc->sel.n ? id + 1 : 0xffff;
	return command_part(bmc, next, record_at(bmc, id), RECORD, d + 4, r);
}

size_t
sel_add(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	put_le(r, add(bmc, request->data), 2);
	return 2;
}

size_t
sel_clear(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const uint8_t *d = request->data;

	if (!command_reserved(bmc, &bmc->sel.reservation,
			      (uint16_t)get_le(d, 2)))
		return refuse(r, 0xc5);
	if (memcmp(d + 2, "CLR", 3) != 0 || (d[5] != 0xaa && d[5] != 0))
		return refuse(r, 0xcc);
	if (d[5] == 0xaa)
		sel_erase(bmc);
	r[0] = 1; /* done */
	return 1;
}

size_t
sel_get_time(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	put_le(r, clock_s(bmc), 4);
	return 4;
}

size_t
sel_set_time(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)r;
	bmc->sel.clock_s = (int64_t)get_le(request->data, 4) - farm_wall_s();
	return 0;
}
