/* SPDX-License-Identifier: Apache-2.0 */
/* Which command may be asked by whom, and those about the BMC itself. */
#include <string.h>

#include "tests/farm/farm.h"

enum { DCMI = 0x2c, DCMI_GROUP = 0xdc };

/* --- records that are read in parts -------------------------------------- */

size_t
command_part(const struct bmc *bmc, unsigned next, const uint8_t *record,
	     size_t len, const uint8_t offset_count[2], uint8_t *r)
{
	size_t offset = offset_count[0], count = offset_count[1];

	if (offset >= len)
		return refuse(r, 0xc9);
	if (count > len - offset)
		count = len - offset;
	if (count > (size_t)bmc->faults.read_max)
		return refuse(r, 0xca);
	put_le(r, next, 2);
	memcpy(r + 2, record + offset, count);
	return 2 + count;
}

bool
command_reserved(struct bmc *bmc, uint16_t *reservation, uint16_t given)
{
	if (bmc->faults.lose > 0) {
		bmc->faults.lose--;
		*reservation = 0;
	}
	return *reservation != 0 && given == *reservation;
}

/* --- the BMC itself ------------------------------------------------------ */

static size_t
device_id(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	static const uint8_t id[] = { 0x20, 1, 2,    0x10, 2, 0xbf, 0x57, 1,
				      0,    1, 0x42, 0,    0, 0,    0 };

	(void)bmc;
	(void)request;
	memcpy(r, id, sizeof(id));
	return sizeof(id);
}

static size_t
system_guid(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	memcpy(r, bmc->guid, 16);
	return 16;
}

/* Who asks as of IPMI 1.5 is not told of 2.0. */
static size_t
auth_capabilities(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	bool asks_20 = request->data[0] & 0x80;

	(void)bmc;
	r[0] = 1;
	r[1] = asks_20 ? 0x80 : 0;
	r[2] = 0x04; /* users with names */
	r[3] = asks_20 ? 0x02 : 0;
	return 8;
}

static size_t
cipher_suites(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	static const uint8_t records[] = { 0xc0, 3,  1, 0x41, 0x81,
					   0xc0, 17, 3, 0x44, 0x81 };
	size_t begin = bmc->faults.refuse_suite == 3 ? 5 : 0;
	size_t end = bmc->faults.refuse_suite == 17 ? 5 : sizeof(records);

	r[0] = 1;
	if ((request->data[2] & 0x3f) != 0)
		return 1;
	memcpy(r + 1, records + begin, end - begin);
	return 1 + end - begin;
}

static size_t
set_privilege(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	uint8_t want = request->data[0] & 0x0f;

	if (want > ADMINISTRATOR || want == CALLBACK)
		return refuse(r, 0xcc);
	if (want > bmc->faults.privilege)
		return refuse(r, 0x80);
	if (want > request->session->limit)
		return refuse(r, 0x81);
	if (want != 0)
		request->session->privilege = want;
	r[0] = request->session->privilege;
	return 1;
}

static size_t
close_session(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	struct session *s = session_find(bmc, get_le(request->data, 4));

	if (s == NULL)
		return refuse(r, 0x87);
	if (s != request->session &&
	    request->session->privilege < ADMINISTRATOR)
		return refuse(r, 0xd4);
	if (s == request->session)
		s->closing = true;
	else
		s->used_ms = INT64_MIN / 2; /* stale */
	return 0;
}

/* The n-th active one. */
static const struct session *
nth_session(const struct bmc *bmc, uint8_t n)
{
	for (int i = 0; i < SESSIONS_MAX; i++)
		if (bmc->sessions[i].state == SESSION_ACTIVE && --n == 0)
			return &bmc->sessions[i];
	return NULL;
}

static size_t
session_info(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	uint8_t which = request->data[0];
	const struct session *s =
		which == 0 ? request->session : nth_session(bmc, which);

	r[1] = (uint8_t)bmc->faults.session_limit;
	r[2] = (uint8_t)session_count(bmc);
	if (s == NULL)
		return 3;
	r[0] = (uint8_t)(s - bmc->sessions + 1);
	r[3] = 2;
	r[4] = s->privilege;
	r[5] = 0x11;
	return 6;
}

/* --- dispatch ------------------------------------------------------------ */

static const struct {
	uint8_t netfn, command, privilege, min_len;
	command_fn *run;
} commands[] = {
	{ 0x00, 0x01, USER, 0, chassis_status },
	{ 0x00, 0x02, OPERATOR, 1, chassis_control },
	{ 0x00, 0x04, OPERATOR, 0, chassis_identify },
	{ 0x00, 0x07, USER, 0, restart_cause },
	{ 0x04, 0x17, OUTSIDE, 12, pet_acknowledge },
	{ 0x04, 0x27, USER, 1, sensor_thresholds },
	{ 0x04, 0x2d, USER, 1, sensor_reading },
	{ 0x06, 0x01, USER, 0, device_id },
	{ 0x06, 0x22, OPERATOR, 0, watchdog_reset },
	{ 0x06, 0x24, OPERATOR, 6, watchdog_set },
	{ 0x06, 0x25, USER, 0, watchdog_get },
	{ 0x06, 0x37, OUTSIDE, 0, system_guid },
	{ 0x06, 0x38, OUTSIDE, 2, auth_capabilities },
	{ 0x06, 0x3b, CALLBACK, 1, set_privilege },
	{ 0x06, 0x3c, CALLBACK, 4, close_session },
	{ 0x06, 0x3d, USER, 1, session_info },
	{ 0x06, 0x54, OUTSIDE, 3, cipher_suites },
	{ 0x0a, 0x20, USER, 0, sdr_info },
	{ 0x0a, 0x22, USER, 0, sdr_reserve },
	{ 0x0a, 0x23, USER, 6, sdr_get },
	{ 0x0a, 0x40, USER, 0, sel_info },
	{ 0x0a, 0x42, USER, 0, sel_reserve },
	{ 0x0a, 0x43, USER, 6, sel_get },
	{ 0x0a, 0x44, OPERATOR, 16, sel_add },
	{ 0x0a, 0x47, OPERATOR, 6, sel_clear },
	{ 0x0a, 0x48, USER, 0, sel_get_time },
	{ 0x0a, 0x49, OPERATOR, 4, sel_set_time },
	{ DCMI, 0x01, OUTSIDE, 2, dcmi_capabilities },
	{ DCMI, 0x02, USER, 2, dcmi_reading },
	{ DCMI, 0x03, USER, 1, dcmi_get_limit },
	{ DCMI, 0x04, OPERATOR, 15, dcmi_set_limit },
	{ DCMI, 0x05, OPERATOR, 2, dcmi_activate },
};

static size_t
run(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	uint8_t privilege =
		request->session != NULL ? request->session->privilege : 0;
	bool is_dcmi = request->len > 0 && request->data[0] == DCMI_GROUP;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].netfn != request->netfn ||
		    commands[i].command != request->command ||
		    (request->netfn == DCMI && !is_dcmi))
			continue;
		if (privilege < commands[i].privilege)
			return refuse(r, 0xd4);
		if (request->len < commands[i].min_len)
			return refuse(r, 0xc7);
		return commands[i].run(bmc, request, r);
	}
	return refuse(r, request->session != NULL ? 0xc1 : 0xd4);
}

size_t
command_run(struct bmc *bmc, const struct request *request,
	    uint8_t reply[PACKET_MAX])
{
	bmc->counts.requests++;
	memset(reply, 0, PACKET_MAX);
	if (request->session != NULL && bmc->faults.busy > 0) {
		bmc->faults.busy--;
		reply[0] = 0xc0;
		return 1;
	}
	size_t n = 1 + run(bmc, request, reply + 1);
	return bmc->faults.short_answers && n > 2 ? 2 : n;
}
