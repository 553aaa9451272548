/* SPDX-License-Identifier: Apache-2.0 */
/* DCMI 1.5: watts, and their limit. */
#include <string.h>

#include "tests/farm/farm.h"

enum { GROUP = 0xdc, OFF_WATTS = 12, LIMIT_MIN = 50, LIMIT_MAX = 1000 };

static const struct {
	uint8_t len, bytes[5];
} capabilities[] = {
	{ 3, { 0, 1, 1 } },                /* power management; KCS */
	{ 5, { SEL_MAX, 0x80, 0, 0, 0 } }, /* the log rolls over */
	{ 2, { 0x40, 0 } },                /* the meter */
	{ 3, { 1, 0xff, 0xff } },          /* channels */
	{ 2, { 1, 0x41 } },                /* one average, over a minute */
};

static unsigned
watts_now(const struct bmc *bmc)
{
	if (!bmc->chassis.on)
		return OFF_WATTS;
	if (bmc->limit.active && bmc->limit.watts < bmc->watts)
		return bmc->limit.watts;
	return bmc->watts;
}

size_t
dcmi_capabilities(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	size_t which = (size_t)request->data[1] - 1;

	(void)bmc;
	if (which >= sizeof(capabilities) / sizeof(capabilities[0]))
		return refuse(r, 0xcc);
	r[0] = GROUP;
	r[1] = 1;
	r[2] = 5;
	r[3] = 2;
	memcpy(r + 4, capabilities[which].bytes, capabilities[which].len);
	return 4 + (size_t)capabilities[which].len;
}

size_t
dcmi_reading(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	unsigned now = watts_now(bmc);

	if (request->data[1] != 1)
		return refuse(r, 0xcc);
	r[0] = GROUP;
	put_le(r + 1, now, 2);
	put_le(r + 3, OFF_WATTS < now ? OFF_WATTS : now, 2);
	put_le(r + 5, bmc->watts + 20u, 2);
	put_le(r + 7, now, 2);
	put_le(r + 9, farm_wall_s(), 4);
	put_le(r + 13, 1000, 4);
	r[17] = 0x40; /* measures */
	return 18;
}

size_t
dcmi_get_limit(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const struct limit *limit = &bmc->limit;

	(void)request;
	r[-1] = limit->active ? 0 : 0x80;
	r[0] = GROUP;
	r[3] = limit->action;
	put_le(r + 4, limit->watts, 2);
	put_le(r + 6, limit->correction_ms, 4);
	put_le(r + 12, limit->sampling_s, 2);
	return 14;
}

size_t
dcmi_set_limit(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const uint8_t *d = request->data;
	uint16_t watts = (uint16_t)get_le(d + 5, 2);

	if (watts < LIMIT_MIN || watts > LIMIT_MAX)
		return refuse(r, 0x84);
	bmc->limit.action = d[4];
	bmc->limit.watts = watts;
	bmc->limit.correction_ms = get_le(d + 7, 4);
	bmc->limit.sampling_s = (uint16_t)get_le(d + 13, 2);
	r[0] = GROUP;
	return 1;
}

size_t
dcmi_activate(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	if (bmc->limit.watts == 0)
		return refuse(r, 0xcc); /* none was set */
	bmc->limit.active = request->data[1] != 0;
	r[0] = GROUP;
	return 1;
}
