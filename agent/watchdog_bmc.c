/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog timer of the BMC (ipmi/watchdog.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/watchdog_own.h"
#include "common/alloc.h"
#include "common/clock.h"

enum { UNIT_MS = 100 };

struct watchdog_bmc {
	struct loop *loop;
	char *device;
	watchdog_open_fn open;
	struct ipmi_env *env;
	struct bmc *bmc;
	/* Of the ask under way. */
	struct watchdog_ask ask;
	int64_t left_ms;
	watchdog_answer_fn fn;
	void *arg;
};

static void
answer(struct watchdog_bmc *bmc, const struct watchdog_answer *answer)
{
	bmc->fn(bmc->arg, answer);
}

static void
refuse(struct watchdog_bmc *bmc, bool missing, const char *text)
{
	struct watchdog_answer no = { .result = LEASE_FAILED,
				      .missing = missing };

	text_copy(no.text, sizeof(no.text), text);
	answer(bmc, &no);
}

/* The BMC may have taken it: only these say that it did not. */
static enum lease_result
result_of(const struct watchdog_state *state)
{
	switch (state->rc) {
	case IPMI_OK:
		return LEASE_DONE;
	case IPMI_CC:
	case IPMI_AUTH:
	case IPMI_NO_SESSION:
	case IPMI_ALGORITHM:
	case IPMI_QUARANTINED:
	case IPMI_WRONG_HOST:
		return LEASE_FAILED;
	default:
		return LEASE_UNSURE;
	}
}

/* Some BMCs do not tell the state of the timer; they have one all the same. */
static void
fill_look(const struct watchdog_bmc *bmc, const struct watchdog_state *state,
	  struct watchdog_answer *ret_answer)
{
	if (state->rc == IPMI_OK || state->rc == IPMI_CC ||
	    state->rc == IPMI_BAD_REPLY)
		ret_answer->result = LEASE_DONE;
	ret_answer->fired = state->rc == IPMI_OK && state->expired;
	snprintf(ret_answer->name, sizeof(ret_answer->name), "BMC at %.50s",
		 bmc->device);
}

static void
came(void *arg, const struct watchdog_state *state)
{
	struct watchdog_bmc *bmc = arg;
	struct watchdog_answer a = {
		.result = result_of(state),
		.fires_ms = watchdog_now_ms() + bmc->left_ms,
	};

	if (bmc->ask.op == WATCHDOG_LOOK)
		fill_look(bmc, state, &a);
	if (a.result != LEASE_DONE)
		text_copy(a.text, sizeof(a.text), state->text);
	answer(bmc, &a);
}

static bool
open_bmc(struct watchdog_bmc *bmc, struct err *err)
{
	if (bmc->env == NULL)
		bmc->env = ipmi_env_new(bmc->loop, err);
	if (bmc->env != NULL && bmc->bmc == NULL)
		bmc->bmc = bmc->open(bmc->env, bmc->device, err);
	return bmc->bmc != NULL;
}

/* 0: refused, as ipmi/ does; -1: answered already. */
static uint64_t
set(struct watchdog_bmc *bmc)
{
	static const struct watchdog_answer late = { .result = LEASE_TOO_LATE };
	int64_t now_ms = watchdog_now_ms();

	bmc->left_ms = (bmc->ask.until_ms - now_ms) / UNIT_MS * UNIT_MS;
	if (now_ms >= bmc->ask.sent_by_ms || bmc->left_ms < WATCHDOG_MIN_MS) {
		answer(bmc, &late);
		return UINT64_MAX;
	}
	return watchdog_arm(bmc->bmc, bmc->left_ms, bmc->ask.action,
			    WATCHDOG_DEVICE_MS / 2, came, bmc);
}

void
watchdog_bmc_ask(struct watchdog_bmc *bmc, const struct watchdog_ask *ask,
		 watchdog_answer_fn fn, void *arg)
{
	struct err err = { "" };
	uint64_t id;

	bmc->ask = *ask;
	bmc->fn = fn;
	bmc->arg = arg;
	if (!open_bmc(bmc, &err)) {
		refuse(bmc, true, err.text);
		return;
	}
	if (ask->op == WATCHDOG_LOOK)
		id = watchdog_read(bmc->bmc, WATCHDOG_DEVICE_MS, came, bmc);
	else if (ask->op == WATCHDOG_SET)
		id = set(bmc);
	else
		id = watchdog_disarm(bmc->bmc, WATCHDOG_DEVICE_MS, came, bmc);
	if (id == 0)
		refuse(bmc, false, "the BMC's queue is full");
}

struct watchdog_bmc *
watchdog_bmc_new(struct loop *loop, const char *device, watchdog_open_fn open)
{
	struct watchdog_bmc *bmc = xcalloc(1, sizeof(*bmc));

	bmc->loop = loop;
	bmc->device = xstrdup(device);
	bmc->open = open;
	return bmc;
}

void
watchdog_bmc_free(struct watchdog_bmc *bmc)
{
	if (bmc == NULL)
		return;
	bmc_free(bmc->bmc);
	ipmi_env_free(bmc->env);
	free(bmc->device);
	free(bmc);
}
