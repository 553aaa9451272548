/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/dcmi.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "ipmi/bytes.h"
#include "ipmi/request.h"

enum {
	NETFN_GROUP = 0x2c,
	GROUP_DCMI = 0xdc,
	GET_CAPABILITIES = 0x01,
	GET_POWER_READING = 0x02,
	GET_POWER_LIMIT = 0x03,
	SET_POWER_LIMIT = 0x04,
	ACTIVATE_POWER_LIMIT = 0x05,
	SUPPORTED = 1, /* capabilities, parameter */
	SUPPORTED_LEN = 7,
	CAN_POWER = 0x01,
	NO_LIMIT = 0x80, /* completion code: none is set */
	POWER_LEN = 18,
	LIMIT_LEN = 14
};

static const char garbled[] = "the BMC's answer is no DCMI answer";

bool
dcmi_parse_capabilities(const uint8_t *data, size_t len,
			struct dcmi_capabilities *ret_can)
{
	if (len < SUPPORTED_LEN || data[0] != GROUP_DCMI)
		return false;
	*ret_can = (struct dcmi_capabilities){
		.rc = IPMI_OK,
		.major = data[1],
		.minor = data[2],
		.power = data[5] & CAN_POWER,
	};
	return true;
}

bool
dcmi_parse_power(const uint8_t *data, size_t len, struct dcmi_power *ret_power)
{
	if (len < POWER_LEN || data[0] != GROUP_DCMI)
		return false;
	*ret_power = (struct dcmi_power){
		.rc = IPMI_OK,
		.now_w = get_u16(data + 1),
		.min_w = get_u16(data + 3),
		.max_w = get_u16(data + 5),
		.average_w = get_u16(data + 7),
		.time_s = get_u32(data + 9),
		.period_ms = get_u32(data + 13),
		.active = data[17] & 0x40,
	};
	return true;
}

bool
dcmi_parse_limit(const uint8_t *data, size_t len, struct dcmi_limit *ret_limit)
{
	if (len < LIMIT_LEN || data[0] != GROUP_DCMI)
		return false;
	*ret_limit = (struct dcmi_limit){
		.rc = IPMI_OK,
		.active = true,
		.action = data[3],
		.watts = get_u16(data + 4),
		.correction_ms = get_u32(data + 6),
		.sampling_s = get_u16(data + 12),
	};
	return true;
}

/* --- asking -------------------------------------------------------------- */

struct errand {
	dcmi_capabilities_fn capabilities_fn;
	dcmi_power_fn power_fn;
	dcmi_limit_fn limit_fn;
	void *arg;
};

static void
capabilities_came(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	struct dcmi_capabilities can = { .rc = reply->rc };

	snprintf(can.text, sizeof(can.text), "%s", reply->text);
	if (reply->rc == IPMI_OK &&
	    !dcmi_parse_capabilities(reply->data, reply->len, &can)) {
		can = (struct dcmi_capabilities){ .rc = IPMI_BAD_REPLY };
		snprintf(can.text, sizeof(can.text), "%s", garbled);
	}
	errand->capabilities_fn(errand->arg, &can);
	free(errand);
}

static void
power_came(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	struct dcmi_power power = { .rc = reply->rc };

	snprintf(power.text, sizeof(power.text), "%s", reply->text);
	if (reply->rc == IPMI_OK &&
	    !dcmi_parse_power(reply->data, reply->len, &power)) {
		power = (struct dcmi_power){ .rc = IPMI_BAD_REPLY };
		snprintf(power.text, sizeof(power.text), "%s", garbled);
	}
	errand->power_fn(errand->arg, &power);
	free(errand);
}

static void
limit_came(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	struct dcmi_limit limit = { .rc = reply->rc };

	snprintf(limit.text, sizeof(limit.text), "%s", reply->text);
	if (reply->rc == IPMI_CC && reply->code == NO_LIMIT) {
		limit = (struct dcmi_limit){ .rc = IPMI_OK };
	} else if (reply->rc == IPMI_OK &&
		   !dcmi_parse_limit(reply->data, reply->len, &limit)) {
		limit = (struct dcmi_limit){ .rc = IPMI_BAD_REPLY };
		snprintf(limit.text, sizeof(limit.text), "%s", garbled);
	}
	errand->limit_fn(errand->arg, &limit);
	free(errand);
}

/* NULL: a code that is not DCMI's own. */
static const char *
limit_code_text(uint8_t code)
{
	switch (code) {
	case 0x84:
		return "the BMC cannot limit to that many watts";
	case 0x85:
		return "the BMC cannot correct within that time";
	case 0x89:
		return "the BMC cannot sample over that time";
	default:
		return NULL;
	}
}

static void
limit_done(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	struct dcmi_limit limit = { .rc = reply->rc };
	const char *text = reply->text;

	if (reply->rc == IPMI_CC && limit_code_text(reply->code) != NULL)
		text = limit_code_text(reply->code);
	if (reply->rc == IPMI_OK &&
	    (reply->len < 1 || reply->data[0] != GROUP_DCMI)) {
		limit.rc = IPMI_BAD_REPLY;
		text = garbled;
	}
	snprintf(limit.text, sizeof(limit.text), "%s", text);
	errand->limit_fn(errand->arg, &limit);
	free(errand);
}

static uint64_t
ask(struct bmc *bmc, uint8_t command, const uint8_t *data, size_t len,
    int64_t deadline_ms, request_fn came, const struct errand *errand)
{
	const struct ipmi_request request = {
		NETFN_GROUP, command, data, len,
		command == SET_POWER_LIMIT || command == ACTIVATE_POWER_LIMIT
	};
	struct errand *copy = xcalloc(1, sizeof(*copy));

	*copy = *errand;
	uint64_t id = bmc_request(bmc, &request, deadline_ms, came, copy);
	if (id == 0)
		free(copy);
	return id;
}

uint64_t
dcmi_get_capabilities(struct bmc *bmc, int64_t deadline_ms,
		      dcmi_capabilities_fn fn, void *arg)
{
	static const uint8_t data[] = { GROUP_DCMI, SUPPORTED };

	return ask(bmc, GET_CAPABILITIES, data, sizeof(data), deadline_ms,
		   capabilities_came,
		   &(struct errand){ .capabilities_fn = fn, .arg = arg });
}

uint64_t
dcmi_read_power(struct bmc *bmc, int64_t deadline_ms, dcmi_power_fn fn,
		void *arg)
{
	static const uint8_t data[] = { GROUP_DCMI, 1, 0, 0 }; /* now */

	return ask(bmc, GET_POWER_READING, data, sizeof(data), deadline_ms,
		   power_came, &(struct errand){ .power_fn = fn, .arg = arg });
}

uint64_t
dcmi_get_limit(struct bmc *bmc, int64_t deadline_ms, dcmi_limit_fn fn,
	       void *arg)
{
	static const uint8_t data[] = { GROUP_DCMI, 0, 0 };

	return ask(bmc, GET_POWER_LIMIT, data, sizeof(data), deadline_ms,
		   limit_came, &(struct errand){ .limit_fn = fn, .arg = arg });
}

uint64_t
dcmi_set_limit(struct bmc *bmc, const struct dcmi_limit *limit,
	       int64_t deadline_ms, dcmi_limit_fn fn, void *arg)
{
	const uint8_t data[] = {
		GROUP_DCMI,
		0,
		0,
		0,
		(uint8_t)limit->action,
		limit->watts & 0xff,
		limit->watts >> 8,
		limit->correction_ms & 0xff,
		limit->correction_ms >> 8 & 0xff,
		limit->correction_ms >> 16 & 0xff,
		limit->correction_ms >> 24,
		0,
		0,
		limit->sampling_s & 0xff,
		limit->sampling_s >> 8,
	};

	return ask(bmc, SET_POWER_LIMIT, data, sizeof(data), deadline_ms,
		   limit_done, &(struct errand){ .limit_fn = fn, .arg = arg });
}

uint64_t
dcmi_activate_limit(struct bmc *bmc, bool active, int64_t deadline_ms,
		    dcmi_limit_fn fn, void *arg)
{
	const uint8_t data[] = { GROUP_DCMI, active, 0, 0 };

	return ask(bmc, ACTIVATE_POWER_LIMIT, data, sizeof(data), deadline_ms,
		   limit_done, &(struct errand){ .limit_fn = fn, .arg = arg });
}
