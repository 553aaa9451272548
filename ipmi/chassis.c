/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/chassis.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"

enum {
	INVALID_LENGTH = 0xc7, /* completion codes: the second byte is too */
	TRUNCATED = 0xc6,      /* much; the last two from some BMCs */
	OUT_OF_RANGE = 0xc9,
	INVALID_DATA = 0xcc
};

uint64_t
chassis_identify(struct bmc *bmc, uint8_t seconds, int64_t deadline_ms,
		 request_fn fn, void *arg)
{
	const struct ipmi_request request = { 0x00, 0x04, &seconds, 1, false };

	return bmc_request(bmc, &request, deadline_ms, fn, arg);
}

/* --- until it is put out ------------------------------------------------- */

struct errand {
	struct bmc *bmc;
	chassis_lamp_fn fn;
	void *arg;
	int64_t deadline_ms;
	bool forever; /* is being asked for */
};

static void
lamp_end(struct errand *errand, enum ipmi_rc rc, const char *text)
{
	struct chassis_lamp lamp = { .rc = rc };

	if (rc == IPMI_OK) {
		lamp.forever = errand->forever;
		lamp.seconds = errand->forever ? 0 : CHASSIS_IDENTIFY_MAX_S;
	}
	snprintf(lamp.text, sizeof(lamp.text), "%s", text);
	errand->fn(errand->arg, &lamp);
	free(errand);
}

static bool
knows_no_forever(const struct ipmi_reply *reply)
{
	return reply->rc == IPMI_CC &&
	       (reply->code == INVALID_LENGTH || reply->code == TRUNCATED ||
		reply->code == OUT_OF_RANGE || reply->code == INVALID_DATA);
}

static void
lamp_came(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	int64_t left_ms =
		errand->deadline_ms - (reply->done_ms - reply->asked_ms);

	if (!errand->forever || !knows_no_forever(reply) || left_ms <= 0) {
		lamp_end(errand, reply->rc, reply->text);
		return;
	}
	errand->forever = false;
	if (chassis_identify(errand->bmc, CHASSIS_IDENTIFY_MAX_S, left_ms,
			     lamp_came, errand) == 0)
		lamp_end(errand, IPMI_CANCELLED,
			 "too much is waiting for this BMC");
}

uint64_t
chassis_identify_forever(struct bmc *bmc, int64_t deadline_ms,
			 chassis_lamp_fn fn, void *arg)
{
	static const uint8_t data[] = { 0, 1 };
	static const struct ipmi_request request = { 0x00, 0x04, data,
						     sizeof(data), false };
	struct errand *errand = xcalloc(1, sizeof(*errand));

	*errand = (struct errand){
		.bmc = bmc,
		.fn = fn,
		.arg = arg,
		.deadline_ms =
			deadline_ms > 0 ? deadline_ms : REQUEST_DEADLINE_MS,
		.forever = true,
	};
	uint64_t id = bmc_request(bmc, &request, errand->deadline_ms, lamp_came,
				  errand);
	if (id == 0)
		free(errand);
	return id;
}

/* --- why it started ------------------------------------------------------ */

uint64_t
chassis_restart_cause(struct bmc *bmc, int64_t deadline_ms, request_fn fn,
		      void *arg)
{
	static const struct ipmi_request request = { 0x00, 0x07, NULL, 0,
						     false };

	return bmc_request(bmc, &request, deadline_ms, fn, arg);
}

bool
chassis_parse_cause(const uint8_t *data, size_t len, unsigned *ret_cause)
{
	if (len < 1)
		return false;
	*ret_cause = data[0] & 0xf;
	return true;
}

const char *
chassis_cause_name(unsigned cause)
{
	static const char *const names[] = {
		"unknown",
		"chassis command",
		"reset button",
		"power button",
		"watchdog",
		"OEM",
		"restored after AC loss: always",
		"restored after AC loss: as before",
		"reset by an event filter",
		"power cycle by an event filter",
		"soft reset",
		"real-time clock",
	};

	return cause < sizeof(names) / sizeof(names[0]) ? names[cause]
							: names[0];
}
