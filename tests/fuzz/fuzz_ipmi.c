/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a BMC answers: datagrams before OpenIPMI sees them, and answers to
 * each kind of question, over the fake BMC of the unit tests.
 *
 * The input is cut into pieces, each with its length before it; a piece is
 * what is answered next.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "ipmi/chassis.h"
#include "ipmi/dcmi.h"
#include "ipmi/power.h"
#include "ipmi/rmcp.h"
#include "ipmi/watchdog.h"
#include "tests/support/ipmi_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct fuzz {
	struct fake fake; /* first */
	const uint8_t *data;
	size_t len;
};

static size_t
next_piece(struct fuzz *fuzz, uint8_t *to, size_t room)
{
	size_t len = fuzz->len > 0 ? *fuzz->data : 0;

	if (fuzz->len == 0)
		return 0;
	fuzz->data++;
	fuzz->len--;
	if (len > fuzz->len)
		len = fuzz->len;
	if (len > room)
		len = room;
	memcpy(to, fuzz->data, len);
	fuzz->data += len;
	fuzz->len -= len;
	return len;
}

static void
meddle(struct fake *fake, struct fake_event *event, bool *ret_drop)
{
	struct fuzz *fuzz = (struct fuzz *)fake;

	if (event->kind != FAKE_ANSWER || fuzz->len == 0)
		return;
	event->len = next_piece(fuzz, event->bytes, sizeof(event->bytes));
	*ret_drop = event->len == 0;
}

static void
took_power(void *arg, const struct power_result *result)
{
	(void)arg;
	if (result->power == IPMI_POWER_OFF && result->rc != IPMI_OK)
		abort();
	if (result->verified &&
	    result->last_read_ms - result->first_read_ms < POWER_VERIFY_GAP_MS)
		abort();
}

static void
took_reply(void *arg, const struct ipmi_reply *reply)
{
	volatile uint8_t sum = 0; /* every byte can be read */
	unsigned cause = 0;

	(void)arg;
	if (chassis_parse_cause(reply->data, reply->len, &cause) && cause > 15)
		abort();
	for (size_t i = 0; i < reply->len; i++)
		sum = (uint8_t)(sum + reply->data[i]);
}

static void
took_capabilities(void *arg, const struct dcmi_capabilities *can)
{
	(void)arg;
	if (can->rc != IPMI_OK && can->power)
		abort();
}

static void
took_lamp(void *arg, const struct chassis_lamp *lamp)
{
	(void)arg;
	if ((lamp->rc == IPMI_OK) != (lamp->forever || lamp->seconds > 0))
		abort();
}

static void
took_watts(void *arg, const struct dcmi_power *power)
{
	(void)arg;
	if (power->rc != IPMI_OK && (power->active || power->now_w != 0))
		abort();
}

static void
took_limit(void *arg, const struct dcmi_limit *limit)
{
	(void)arg;
	if (limit->rc != IPMI_OK && limit->active)
		abort();
}

static void
took_watchdog(void *arg, const struct watchdog_state *state)
{
	(void)arg;
	if (state->rc != IPMI_OK && state->running)
		abort();
	if (state->lost && state->rc != IPMI_CC)
		abort();
}

static void
look_at_datagram(const uint8_t *data, size_t len)
{
	const struct rmcp_packet packet = rmcp_look(data, len < 64 ? len : 64);
	struct rmcp_progress progress = { .step = RMCP_OTHER };
	const char *text = NULL;

	if (rmcp_note(&progress, &rmcp_suite_17, &packet) &&
	    packet.kind == RMCP_INVALID)
		abort();
	(void)rmcp_classify(&progress, 22, &text);
	(void)rmcp_classify_refusal(packet.status, &text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct fuzz fuzz;

	log_start("fuzz", LOG_LEVEL_ERROR);
	look_at_datagram(data, len);
	fake_init(&fuzz.fake);
	fuzz.data = data;
	fuzz.len = len;
	fuzz.fake.meddle = meddle;
	struct bmc *bmc = bmc_new(&fuzz.fake.transport, "fuzz");
	for (int i = 0; i < 8 && fuzz.len > 0; i++) {
		power_prove_off(bmc, 0, took_power, NULL);
		chassis_restart_cause(bmc, 500, took_reply, NULL);
		chassis_identify_forever(bmc, 500, took_lamp, NULL);
		dcmi_get_capabilities(bmc, 500, took_capabilities, NULL);
		dcmi_set_limit(bmc, &(struct dcmi_limit){ .watts = 300 }, 500,
			       took_limit, NULL);
		dcmi_activate_limit(bmc, true, 500, took_limit, NULL);
		dcmi_read_power(bmc, 500, took_watts, NULL);
		dcmi_get_limit(bmc, 500, took_limit, NULL);
		watchdog_read(bmc, 500, took_watchdog, NULL);
		watchdog_arm(bmc, 2000, WATCHDOG_OFF, 500, took_watchdog, NULL);
		power_turn_off(bmc, 2000, took_power, NULL);
		fake_run(&fuzz.fake, 8000);
	}
	bmc_free(bmc);
	return 0;
}
