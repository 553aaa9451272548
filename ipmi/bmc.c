/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/bmc.c - one BMC: life, health, and the step that drives all.
 */
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "ipmi/bmc_own.h"
#include "ipmi/power.h"

enum {
	DEVICE_LEN_MIN = 12, /* code and the eleven bytes all BMCs send */
	GUID_LEN = 17,
	GUID_DOUBTS_MAX = 2,
	/* No chain of events of one moment is longer: a longer one is a bug of
	 * ours, and the loop must not hang on it. */
	STEPS_MAX = 1000
};

int64_t
bmc_now(const struct bmc *bmc)
{
	return bmc->transport->ops->mono_ms(bmc->transport);
}

void
bmc_wake(struct bmc *bmc)
{
	bmc->transport->ops->arm(bmc->transport, 0);
}

static void
bmc_destroy(struct bmc *bmc)
{
	bmc->transport->ops->free(bmc->transport);
	free(bmc->spare);
	free(bmc->name);
	free(bmc);
}

/* A callback may free the BMC: it lives until the outermost call is left. */
void
bmc_enter(struct bmc *bmc)
{
	bmc->depth++;
}

void
bmc_leave(struct bmc *bmc)
{
	if (--bmc->depth == 0 && bmc->freed)
		bmc_destroy(bmc);
}

/* The order matters: who is out of time goes first. */
static bool (*const steps[])(struct bmc *bmc, int64_t now_ms,
			     int64_t *due_ms) = {
	bmc_queue_step,
	bmc_session_step,
	bmc_queue_run,
	bmc_exchange_step,
};

static bool
take_one_step(struct bmc *bmc, int64_t *due_ms)
{
	int64_t now_ms = bmc_now(bmc);

	*due_ms = BMC_NEVER;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i](bmc, now_ms, due_ms))
			return true;
	return false;
}

static void
bmc_step(struct bmc *bmc)
{
	int64_t due_ms = BMC_NEVER;

	for (int n = 0; n < STEPS_MAX && !bmc->freed; n++)
		if (!take_one_step(bmc, &due_ms))
			break;
	if (bmc->freed || due_ms == BMC_NEVER)
		return;

	int64_t delay_ms = due_ms - bmc_now(bmc);
	bmc->transport->ops->arm(bmc->transport, delay_ms > 0 ? delay_ms : 0);
}

/* --- what the transport tells -------------------------------------------- */

static void
hook_up(void *arg)
{
	struct bmc *bmc = arg;

	bmc_enter(bmc);
	bmc_session_came_up(bmc);
	bmc_step(bmc);
	bmc_leave(bmc);
}

static void
hook_down(void *arg, enum ipmi_rc why, const char *text)
{
	struct bmc *bmc = arg;

	bmc_enter(bmc);
	bmc_session_went_down(bmc, why, text);
	bmc_step(bmc);
	bmc_leave(bmc);
}

static void
hook_tick(void *arg)
{
	struct bmc *bmc = arg;

	bmc_enter(bmc);
	bmc_step(bmc);
	bmc_leave(bmc);
}

static void
take_device(struct bmc *bmc, const uint8_t *data, size_t len)
{
	bmc->device_asked = true;
	if (data[0] != 0 || len < DEVICE_LEN_MIN)
		return;
	memset(bmc->device, 0, sizeof(bmc->device));
	memcpy(bmc->device, data + 1,
	       len - 1 < sizeof(bmc->device) ? len - 1 : sizeof(bmc->device));
	bmc->has_device = true;
}

static void
take_guid(struct bmc *bmc, const uint8_t *data, size_t len)
{
	bmc->guid_asked = true;
	bmc->guid_doubts = 0;
	if (data[0] != 0 || len < GUID_LEN)
		return;
	memcpy(bmc->guid, data + 1, sizeof(bmc->guid));
	bmc->has_guid = true;
}

static void
note_answer(struct bmc *bmc)
{
	bmc->ok_ms = bmc_now(bmc);
	bmc->session.patience_ms = BMC_PATIENCE_MS;
	bmc->session.error[0] = '\0';
}

static void
take_answer(struct bmc *bmc, uint32_t tag, const uint8_t *data, size_t len)
{
	enum exchange_use use = USE_NONE;
	int64_t sent_ms = 0;

	if (bmc_power_take_control(bmc, tag, data[0])) {
		note_answer(bmc);
		return;
	}
	if (!bmc_exchange_take(bmc, tag, &use, &sent_ms))
		return;
	note_answer(bmc);
	if (use == USE_DEVICE)
		take_device(bmc, data, len);
	else if (use == USE_GUID)
		take_guid(bmc, data, len);
	else if (use == USE_REQUEST)
		bmc_request_take(bmc, data, len);
	else
		bmc_power_see(bmc, data, len);
	if (use == USE_OPERATION && bmc->queue != NULL)
		bmc_power_take_read(bmc, sent_ms, data, len);
}

static void
hook_answer(void *arg, uint32_t tag, const uint8_t *data, size_t len)
{
	struct bmc *bmc = arg;

	if (len == 0 || bmc->session.phase != SESSION_OPEN)
		return;
	bmc_enter(bmc);
	take_answer(bmc, tag, data, len);
	bmc_step(bmc);
	bmc_leave(bmc);
}

static const struct transport_hooks hooks = {
	.up = hook_up,
	.down = hook_down,
	.answer = hook_answer,
	.tick = hook_tick,
};

/* --- life ---------------------------------------------------------------- */

struct bmc *
bmc_new(struct transport *transport, const char *name)
{
	struct bmc *bmc = xcalloc(1, sizeof(*bmc));

	bmc->transport = transport;
	transport->hooks = &hooks;
	transport->arg = bmc;
	bmc->name = xstrdup(name);
	bmc->verify_gap_ms = POWER_VERIFY_GAP_MS;
	bmc->ok_ms = bmc->rtt_ms = bmc->power_ms = bmc->went_off_ms = -1;
	bmc->session.patience_ms = BMC_PATIENCE_MS;
	bmc->session.since_ms = bmc->session.due_ms = bmc_now(bmc);
	bmc_wake(bmc);
	return bmc;
}

void
bmc_free(struct bmc *bmc)
{
	if (bmc == NULL || bmc->freed)
		return;
	bmc->freed = true; /* from here on nothing new is accepted */
	bmc_enter(bmc);
	bmc_queue_cancel_all(bmc);
	bmc->transport->ops->close(bmc->transport);
	bmc_leave(bmc);
}

void
bmc_set_guard(struct bmc *bmc, bmc_guard_fn fn, void *arg)
{
	bmc->guard = fn;
	bmc->guard_arg = arg;
	bmc_wake(bmc);
}

bool
bmc_wants_guid(const struct bmc *bmc)
{
	return bmc->guard != NULL && !bmc->guid_asked &&
	       bmc->guid_doubts < GUID_DOUBTS_MAX;
}

void
bmc_set_verify_gap(struct bmc *bmc, int64_t ms)
{
	bmc->verify_gap_ms =
		ms > POWER_VERIFY_GAP_MS ? ms : POWER_VERIFY_GAP_MS;
}

const char *
bmc_name(const struct bmc *bmc)
{
	return bmc->name;
}

void
bmc_retry(struct bmc *bmc)
{
	struct session *session = &bmc->session;

	session->quarantined = false;
	session->auth_failures = 0;
	if (session->phase == SESSION_CLOSED)
		session->due_ms = bmc_now(bmc);
	bmc_wake(bmc);
}

static int64_t
age_ms(const struct bmc *bmc, int64_t when_ms)
{
	return when_ms < 0 ? -1 : bmc_now(bmc) - when_ms;
}

static int
suite_of(const struct bmc *bmc)
{
	const struct transport *t = bmc->transport;

	return bmc->session.phase == SESSION_OPEN && t->ops->suite != NULL
		       ? t->ops->suite(t)
		       : 0;
}

void
bmc_get_health(const struct bmc *bmc, struct bmc_health *ret_health)
{
	*ret_health = (struct bmc_health){
		.state = bmc_session_state(bmc),
		.session = bmc->session.phase == SESSION_OPEN,
		.cipher_suite = suite_of(bmc),
		.ok_age_ms = age_ms(bmc, bmc->ok_ms),
		.rtt_ms = bmc->rtt_ms,
		.auth_failures = bmc->session.auth_failures,
		.sessions = bmc->session.epoch,
		.power = bmc->power,
		.power_age_ms = age_ms(bmc, bmc->power_ms),
		.has_device = bmc->has_device,
		.has_guid = bmc->has_guid,
		.error = bmc->session.error,
	};
	memcpy(ret_health->device, bmc->device, sizeof(bmc->device));
	memcpy(ret_health->guid, bmc->guid, sizeof(bmc->guid));
}
