/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/watchdog.c - the BMC's watchdog timer as a lease.
 *
 * Setting and stopping it are sent once: a copy that comes late must not undo
 * the other.  One that runs is not stopped by setting it anew.
 */
#include "ipmi/watchdog.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "ipmi/request.h"

enum {
	RESET = 0x22,
	SET = 0x24,
	GET = 0x25,
	NOT_SET = 0x80, /* completion code of RESET */
	UNIT_MS = 100,
	USE_SMS = 4, /* by system software */
	DONT_STOP = 0x40
};

struct errand {
	struct bmc *bmc;
	watchdog_fn fn;
	void *arg;
	int64_t deadline_ms;
	bool resets; /* the request under way is RESET */
};

static void
errand_end(struct errand *errand, const struct watchdog_state *state)
{
	errand->fn(errand->arg, state);
	free(errand);
}

static void
set_text(struct watchdog_state *state, const char *text)
{
	snprintf(state->text, sizeof(state->text), "%s", text);
}

static void
done(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	struct watchdog_state state = { .rc = reply->rc };

	set_text(&state, reply->text);
	if (errand->resets && reply->rc == IPMI_CC && reply->code == NOT_SET) {
		state.lost = true;
		set_text(&state, "the BMC's watchdog is not set");
	}
	errand_end(errand, &state);
}

static const struct ipmi_request start = { 0x06, RESET, NULL, 0, false };

static void
set(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	struct watchdog_state state = { .rc = IPMI_CANCELLED };

	if (reply->rc != IPMI_OK) {
		done(errand, reply);
		return;
	}
	errand->resets = true;
	if (bmc_request(errand->bmc, &start, errand->deadline_ms, done,
			errand) != 0)
		return;
	set_text(&state, "too much is waiting for this BMC");
	errand_end(errand, &state);
}

bool
watchdog_parse(const uint8_t *data, size_t len,
	       struct watchdog_state *ret_state)
{
	if (len < 8 || (data[1] & 7) > WATCHDOG_CYCLE)
		return false;
	*ret_state = (struct watchdog_state){
		.rc = IPMI_OK,
		.running = data[0] & 0x40,
		.expired = data[3] & 1 << USE_SMS,
		.action = data[1] & 7,
		.timeout_ms = (data[4] | data[5] << 8) * (int64_t)UNIT_MS,
		.left_ms = (data[6] | data[7] << 8) * (int64_t)UNIT_MS,
	};
	return true;
}

static void
state_came(void *arg, const struct ipmi_reply *reply)
{
	struct errand *errand = arg;
	struct watchdog_state state = { .rc = reply->rc };

	set_text(&state, reply->text);
	if (reply->rc == IPMI_OK &&
	    !watchdog_parse(reply->data, reply->len, &state)) {
		state = (struct watchdog_state){ .rc = IPMI_BAD_REPLY };
		set_text(&state, "the BMC's answer is no state of a watchdog");
	}
	errand_end(errand, &state);
}

static uint64_t
send(struct errand errand, const struct ipmi_request *request, request_fn came)
{
	struct errand *copy = xcalloc(1, sizeof(*copy));

	*copy = errand;
	uint64_t id = bmc_request(errand.bmc, request, errand.deadline_ms, came,
				  copy);
	if (id == 0)
		free(copy);
	return id;
}

uint64_t
watchdog_arm(struct bmc *bmc, int64_t timeout_ms, enum watchdog_action action,
	     int64_t deadline_ms, watchdog_fn fn, void *arg)
{
	if (timeout_ms < WATCHDOG_MIN_MS || timeout_ms > WATCHDOG_MAX_MS)
		return 0;

	int64_t units = (timeout_ms + UNIT_MS - 1) / UNIT_MS;
	const uint8_t data[6] = {
		DONT_STOP | USE_SMS, (uint8_t)action, 0,
		1 << USE_SMS,        units & 0xff,    units >> 8 & 0xff
	};
	const struct ipmi_request request = { 0x06, SET, data, sizeof(data),
					      true };

	return send((struct errand){ bmc, fn, arg, deadline_ms, false },
		    &request, set);
}

uint64_t
watchdog_kick(struct bmc *bmc, int64_t deadline_ms, watchdog_fn fn, void *arg)
{
	return send((struct errand){ bmc, fn, arg, deadline_ms, true }, &start,
		    done);
}

uint64_t
watchdog_disarm(struct bmc *bmc, int64_t deadline_ms, watchdog_fn fn, void *arg)
{
	static const uint8_t data[6] = { USE_SMS, WATCHDOG_NOTHING,
					 0,       1 << USE_SMS,
					 0xff,    0xff };
	static const struct ipmi_request request = { 0x06, SET, data,
						     sizeof(data), true };

	return send((struct errand){ bmc, fn, arg, deadline_ms, false },
		    &request, done);
}

uint64_t
watchdog_read(struct bmc *bmc, int64_t deadline_ms, watchdog_fn fn, void *arg)
{
	static const struct ipmi_request request = { 0x06, GET, NULL, 0,
						     false };

	return send((struct errand){ bmc, fn, arg, deadline_ms, false },
		    &request, state_came);
}
