/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands do. */
#include <string.h>

#include "tests/farm/farm.h"

enum { OPERATOR = 3 };

/* --- event log ----------------------------------------------------------- */

void
command_log(struct bmc *bmc, uint8_t sensor_type, uint8_t sensor,
	    uint8_t event_type, uint8_t offset)
{
	unsigned id = ++bmc->n_sel;
	uint32_t now_s = farm_wall_s();
	const uint8_t bytes[16] = { id & 0xff,
				    id >> 8 & 0xff,
				    2,
				    now_s & 0xff,
				    now_s >> 8 & 0xff,
				    now_s >> 16 & 0xff,
				    now_s >> 24,
				    0x20,
				    0,
				    4,
				    sensor_type,
				    sensor,
				    event_type,
				    offset,
				    0xff,
				    0xff };

	memcpy(bmc->sel[(id - 1) % SEL_MAX].bytes, bytes, sizeof(bytes));
}

static unsigned
sel_first(const struct bmc *bmc)
{
	return bmc->n_sel > SEL_MAX ? bmc->n_sel - SEL_MAX + 1 : 1;
}

static size_t
sel_info(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	unsigned n = bmc->n_sel > SEL_MAX ? SEL_MAX : bmc->n_sel;
	uint32_t erased_s = bmc->sel_erased_s;

	(void)request;
	r[0] = 0x51;
	r[1] = (uint8_t)n;
	r[4] = 0xff;
	if (n > 0)
		memcpy(r + 5, bmc->sel[(bmc->n_sel - 1) % SEL_MAX].bytes + 3,
		       4);
	for (int i = 0; i < 4; i++)
		r[9 + i] = (uint8_t)(erased_s >> 8 * i);
	r[13] = 2;
	return 14;
}

static size_t
sel_entry(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const uint8_t *d = request->data;
	unsigned id = request->len >= 4 ? d[2] | (unsigned)d[3] << 8 : 0;

	if (id == 0)
		id = sel_first(bmc);
	if (id == 0xffff)
		id = bmc->n_sel;
	if (bmc->n_sel == 0 || id < sel_first(bmc) || id > bmc->n_sel) {
		r[-1] = 0xcb;
		return 0;
	}
	unsigned next = id < bmc->n_sel ? id + 1 : 0xffff;
	r[0] = next & 0xff;
	r[1] = next >> 8 & 0xff;
	memcpy(r + 2, bmc->sel[(id - 1) % SEL_MAX].bytes, 16);
	return 18;
}

static size_t
sel_clear(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	bmc->n_sel = 0;
	bmc->sel_erased_s = farm_wall_s();
	r[0] = 1;
	return 1;
}

static size_t
reserve(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)bmc;
	(void)request;
	r[0] = 1;
	r[1] = 0;
	return 2;
}

/* --- chassis ------------------------------------------------------------- */

static size_t
chassis_status(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	bool on = bmc->on && !(bmc->faults.early_yes && bmc->said_off);

	(void)request;
	bmc->counts.reads++;
	r[0] = (uint8_t)(on | 1 << 5); /* restore policy: previous */
	r[1] = bmc->last_event;
	r[2] = 0x40 | (bmc->identify != 0) << 4;
	return 3;
}

static void
obey(struct bmc *bmc, uint8_t what)
{
	struct faults *f = &bmc->faults;

	bmc->counts.offs += what == 0;
	bmc->counts.ons += what == 1;
	bmc->counts.resets += what == 2 || what == 3;
	bmc->counts.softs += what == 5;
	bmc->said_off = what == 0;
	if (f->stuck || what > 5 || what == 4)
		return;
	bmc->last_event = what == 1 ? 0x10 : bmc->last_event;
	bmc->restart_cause = what == 1 ? 1 : bmc->restart_cause;
	farm_change_power(bmc, what == 1, f->hw_delay_ms);
}

static size_t
chassis_control(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	if (request->len < 1) {
		r[-1] = 0xc7;
		return 0;
	}
	if (request->session != NULL &&
	    request->session->privilege < OPERATOR) {
		r[-1] = 0xd4;
		return 0;
	}
	r[-1] = (uint8_t)bmc->faults.control_code;
	if (bmc->faults.control_code == 0)
		obey(bmc, request->data[0] & 0x0f);
	return 0;
}

static size_t
chassis_identify(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)r;
	bmc->identify = request->len > 0 ? request->data[0] : 15;
	if (request->len > 1 && (request->data[1] & 1))
		bmc->identify = 255;
	return 0;
}

static size_t
restart_cause(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	r[0] = bmc->restart_cause;
	r[1] = 1;
	return 2;
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

static size_t
auth_capabilities(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	static const uint8_t caps[8] = { 1, 0x80, 0x04, 0x02 };

	(void)bmc;
	(void)request;
	memcpy(r, caps, sizeof(caps));
	return sizeof(caps);
}

static size_t
cipher_suites(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	static const uint8_t records[] = { 0xc0, 3,  1, 0x41, 0x81,
					   0xc0, 17, 3, 0x44, 0x81 };
	size_t len = bmc->faults.refuse_suite == 17 ? 5 : sizeof(records);

	r[0] = 1;
	if (request->len < 3 || (request->data[2] & 0x3f) != 0)
		return 1;
	memcpy(r + 1, records, len);
	return 1 + len;
}

static size_t
set_privilege(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)bmc;
	if (request->session == NULL || request->len < 1) {
		r[-1] = 0xc7;
		return 0;
	}
	uint8_t want = request->data[0] & 0x0f;
	if (want > (request->session->role & 0x0f)) {
		r[-1] = 0x81;
		return 0;
	}
	if (want > 1)
		request->session->privilege = want;
	r[0] = request->session->privilege;
	return 1;
}

static size_t
close_session(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)bmc;
	(void)r;
	if (request->session != NULL)
		request->session->used_ms = INT64_MIN / 2; /* stale */
	return 0;
}

static size_t
session_info(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	if (request->session == NULL) {
		r[-1] = 0xd4;
		return 0;
	}
	r[0] = 1;
	r[1] = (uint8_t)bmc->faults.session_limit;
	r[2] = (uint8_t)session_count(bmc);
	r[3] = 2;
	r[4] = request->session->privilege;
	r[5] = 0x11;
	return 6;
}

/* --- watchdog ------------------------------------------------------------ */

static size_t
set_watchdog(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	if (request->len < 6) {
		r[-1] = 0xc7;
		return 0;
	}
	memcpy(bmc->watchdog, request->data, 6);
	bmc->watchdog_set = true;
	bmc->watchdog_runs = false;
	return 0;
}

static size_t
reset_watchdog(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	unsigned count = bmc->watchdog[4] | (unsigned)bmc->watchdog[5] << 8;

	(void)request;
	if (!bmc->watchdog_set) {
		r[-1] = 0x80;
		return 0;
	}
	bmc->watchdog_runs = true;
	bmc->watchdog_end_ms = farm.now_ms + (int64_t)count * 100;
	return 0;
}

static size_t
get_watchdog(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	int64_t left_ms =
		bmc->watchdog_runs ? bmc->watchdog_end_ms - farm.now_ms : 0;
	unsigned left = left_ms > 0 ? (unsigned)(left_ms / 100) : 0;

	(void)request;
	memcpy(r, bmc->watchdog, 6);
	r[0] |= bmc->watchdog_runs ? 0x40 : 0;
	r[6] = left & 0xff;
	r[7] = left >> 8 & 0xff;
	return 8;
}

void
command_tick(struct bmc *bmc)
{
	if (!bmc->watchdog_runs || farm.now_ms < bmc->watchdog_end_ms)
		return;
	uint8_t action = bmc->watchdog[1] & 7;
	bmc->watchdog_runs = false;
	command_log(bmc, 0x23, 1, 0x6f, action);
	bmc->restart_cause = action == 1 ? 4 : bmc->restart_cause;
	if (action == 2)
		farm_change_power(bmc, false, 0);
}

/* --- DCMI ---------------------------------------------------------------- */

static size_t
dcmi_reading(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	unsigned now = bmc->on ? bmc->watts : 12;
	uint32_t now_s = farm_wall_s();
	const uint8_t reading[18] = { 0xdc,
				      now & 0xff,
				      now >> 8 & 0xff,
				      10,
				      0,
				      (bmc->watts + 20) & 0xff,
				      (bmc->watts + 20) >> 8 & 0xff,
				      now & 0xff,
				      now >> 8 & 0xff,
				      now_s & 0xff,
				      now_s >> 8 & 0xff,
				      now_s >> 16 & 0xff,
				      now_s >> 24,
				      0xe8,
				      3,
				      0,
				      0,
				      0x40 };

	(void)request;
	memcpy(r, reading, sizeof(reading));
	return sizeof(reading);
}

static size_t
dcmi_get_limit(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	r[-1] = bmc->limit_active ? 0 : 0x80;
	r[0] = 0xdc;
	r[3] = 0;
	r[4] = bmc->watt_limit & 0xff;
	r[5] = bmc->watt_limit >> 8 & 0xff;
	r[6] = 0xe8;
	r[7] = 3;
	r[12] = 1;
	return 14;
}

static size_t
dcmi_set_limit(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	if (request->len < 15) {
		r[-1] = 0xc7;
		return 0;
	}
	bmc->watt_limit = request->data[5] | (unsigned)request->data[6] << 8;
	r[0] = 0xdc;
	return 1;
}

static size_t
dcmi_activate(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	bmc->limit_active = request->len > 1 && request->data[1] != 0;
	r[0] = 0xdc;
	return 1;
}

/* --- dispatch ------------------------------------------------------------ */

static const struct {
	uint8_t netfn, command;
	bool outside; /* also without a session */
	size_t (*run)(struct bmc *bmc, const struct request *request,
		      uint8_t *r);
} commands[] = {
	{ 0x00, 0x01, false, chassis_status },
	{ 0x00, 0x02, false, chassis_control },
	{ 0x00, 0x04, false, chassis_identify },
	{ 0x00, 0x07, false, restart_cause },
	{ 0x06, 0x01, false, device_id },
	{ 0x06, 0x22, false, reset_watchdog },
	{ 0x06, 0x24, false, set_watchdog },
	{ 0x06, 0x25, false, get_watchdog },
	{ 0x06, 0x37, true, system_guid },
	{ 0x06, 0x38, true, auth_capabilities },
	{ 0x06, 0x3b, false, set_privilege },
	{ 0x06, 0x3c, false, close_session },
	{ 0x06, 0x3d, false, session_info },
	{ 0x06, 0x54, true, cipher_suites },
	{ 0x0a, 0x40, false, sel_info },
	{ 0x0a, 0x42, false, reserve },
	{ 0x0a, 0x43, false, sel_entry },
	{ 0x0a, 0x47, false, sel_clear },
	{ 0x2c, 0x02, false, dcmi_reading },
	{ 0x2c, 0x03, false, dcmi_get_limit },
	{ 0x2c, 0x04, false, dcmi_set_limit },
	{ 0x2c, 0x05, false, dcmi_activate },
};

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
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].netfn != request->netfn ||
		    commands[i].command != request->command)
			continue;
		if (request->session == NULL && !commands[i].outside)
			break;
		size_t n = 1 + commands[i].run(bmc, request, reply + 1);
		return bmc->faults.short_answers && n > 2 ? 2 : n;
	}
	reply[0] = request->session != NULL ? 0xc1 : 0xd4;
	return 1;
}
