/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/readiness.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "ipmi/request.h"

enum {
	OPERATOR = 3, /* privilege level */
	CONTROL_FAULT = 0x10,
	SPREAD_MS = 97 /* between two of them */
};

struct readiness {
	struct bmc *bmc;       /* or */
	struct outlet *outlet; /* NULL: a BMC */
	struct loop_timer *timer;
	uint64_t asking; /* what runs at the BMC; 0: nothing */
	unsigned passes; /* in a row */
	struct readiness_state state;
};

static void
conclude(struct readiness *r, const char *why_not)
{
	r->state.known = true;
	r->state.ready = why_not[0] == '\0';
	r->state.checked_ms = clock_mono_ms();
	snprintf(r->state.text, sizeof(r->state.text), "%s", why_not);
	r->passes = r->state.ready ? r->passes + 1 : 0;
	loop_timer_start(r->timer, r->passes >= READINESS_SURE
					   ? READINESS_PERIOD_MS
					   : READINESS_RETRY_MS);
}

static void
status_came(void *arg, const struct power_result *result)
{
	struct readiness *r = arg;

	r->asking = 0;
	if (result->rc == IPMI_OK)
		r->state.power = result->power;
	if (result->rc == IPMI_CANCELLED) /* the end, or a fence goes first */
		loop_timer_start(r->timer, READINESS_RETRY_MS);
	else if (result->rc != IPMI_OK)
		conclude(r, result->text);
	else if (result->status[0] & CONTROL_FAULT)
		conclude(r, "its BMC tells a fault of the power control");
	else
		conclude(r, "");
}

static void
privilege_came(void *arg, const struct ipmi_reply *reply)
{
	struct readiness *r = arg;
	bool refused = reply->rc == IPMI_CC ||
		       (reply->rc == IPMI_OK &&
			(reply->len < 1 || (reply->data[0] & 0xf) < OPERATOR));

	r->asking = 0;
	if (reply->rc == IPMI_CANCELLED)
		loop_timer_start(r->timer, READINESS_RETRY_MS);
	else if (refused)
		conclude(r, "its BMC does not give our user the privilege "
			    "operator");
	else if (reply->rc != IPMI_OK)
		conclude(r, reply->text);
	else
		r->asking = power_read(r->bmc, READINESS_DEADLINE_MS,
				       status_came, r);
	if (reply->rc == IPMI_OK && !refused && r->asking == 0)
		loop_timer_start(r->timer, READINESS_RETRY_MS);
}

static void
check_outlet(void *arg)
{
	struct readiness *r = arg;

	/* Whoever asks just now needs it more. */
	if (outlet_is_busy(r->outlet) ||
	    !outlet_prove_off(r->outlet, READINESS_DEADLINE_MS, status_came, r))
		loop_timer_start(r->timer, READINESS_RETRY_MS);
}

static void
check(void *arg)
{
	static const uint8_t level = OPERATOR;
	static const struct ipmi_request request = { 0x06, 0x3b, &level, 1,
						     false };
	struct readiness *r = arg;

	r->asking = bmc_request(r->bmc, &request, READINESS_DEADLINE_MS,
				privilege_came, r);
	if (r->asking == 0)
		loop_timer_start(r->timer, READINESS_RETRY_MS);
}

static struct readiness *
start(struct loop *loop, loop_fn fn, size_t number)
{
	struct readiness *r = xcalloc(1, sizeof(*r));

	r->passes = READINESS_SURE; /* nothing failed yet */
	r->timer = loop_timer_new(loop, fn, r);
	loop_timer_start(r->timer,
			 READINESS_FIRST_MS + (int64_t)(number * SPREAD_MS) %
						      READINESS_PERIOD_MS);
	return r;
}

struct readiness *
readiness_new(struct loop *loop, struct bmc *bmc, size_t number)
{
	struct readiness *r = start(loop, check, number);

	r->bmc = bmc;
	return r;
}

struct readiness *
readiness_new_outlet(struct loop *loop, struct outlet *outlet, size_t number)
{
	struct readiness *r = start(loop, check_outlet, number);

	r->outlet = outlet;
	return r;
}

void
readiness_free(struct readiness *r)
{
	if (r == NULL)
		return;
	if (r->asking != 0)
		bmc_cancel(r->bmc, r->asking);
	loop_timer_free(r->timer);
	free(r);
}

const struct readiness_state *
readiness_get(const struct readiness *r)
{
	return &r->state;
}
