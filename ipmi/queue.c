/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/queue.c - the operations of one BMC: the head runs, the others wait.
 *
 * A fence (power_turn_off) goes before all that is not a fence.  What ran
 * until then is parked and begins anew afterwards; a turn-on is cancelled.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "ipmi/bmc_own.h"

/* --- memory -------------------------------------------------------------- */

struct operation *
bmc_operation_new(struct bmc *bmc, enum operation_kind kind,
		  int64_t deadline_ms)
{
	struct operation *operation = bmc->spare;
	int64_t now_ms = bmc_now(bmc);

	bmc->spare = NULL;
	if (operation == NULL)
		operation = xcalloc(1, sizeof(*operation));
	*operation = (struct operation){
		.kind = kind,
		.deadline_ms = now_ms + deadline_ms,
		.result = { .asked_ms = now_ms, .rtt_ms = -1 },
	};
	return operation;
}

static void
operation_free(struct bmc *bmc, struct operation *operation)
{
	if (bmc->spare == NULL)
		bmc->spare = operation;
	else
		free(operation);
}

/* --- order --------------------------------------------------------------- */

bool
bmc_queue_has_fence(const struct bmc *bmc)
{
	/* Fences are always in front. */
	return bmc->queue != NULL && bmc->queue->kind == POWER_TURN_OFF;
}

static size_t
queue_count(const struct bmc *bmc)
{
	size_t n = 0;

	for (const struct operation *o = bmc->queue; o != NULL; o = o->next)
		n++;
	return n;
}

/* The head gives way.  A command of its that is still under way must not
 * reach the BMC behind the fence's: when it ends, cancelled, its session
 * goes, before the fence begins. */
static void
park_head(struct bmc *bmc)
{
	bmc->exchange.use = USE_NONE;
	bmc_power_restart(bmc->queue);
}

static void
insert_fence(struct bmc *bmc, struct operation *fence)
{
	struct operation **at = &bmc->queue;

	if (bmc->queue != NULL && !bmc_queue_has_fence(bmc))
		park_head(bmc);
	while (*at != NULL && (*at)->kind == POWER_TURN_OFF)
		at = &(*at)->next;
	fence->next = *at;
	*at = fence;
	for (struct operation *o = fence->next; o != NULL; o = o->next)
		if (o->kind == POWER_TURN_ON ||
		    (o->kind == OPERATION_REQUEST && o->control_pending))
			o->doomed = IPMI_CANCELLED;
}

static void
append(struct bmc *bmc, struct operation *operation)
{
	struct operation **at = &bmc->queue;

	if (operation->kind == POWER_TURN_ON && bmc_queue_has_fence(bmc))
		operation->doomed = IPMI_CANCELLED;
	while (*at != NULL)
		at = &(*at)->next;
	*at = operation;
}

uint64_t
bmc_queue_add(struct bmc *bmc, struct operation *operation)
{
	/* A fence is never refused for those that merely wait. */
	size_t room = operation->kind == POWER_TURN_OFF ? 2 * BMC_QUEUE_MAX
							: BMC_QUEUE_MAX;

	if (bmc->freed || queue_count(bmc) >= room) {
		operation_free(bmc, operation);
		return 0;
	}
	operation->id = ++bmc->last_operation;
	if (bmc->session.quarantined)
		operation->doomed = IPMI_QUARANTINED;
	if (operation->kind == POWER_TURN_OFF)
		insert_fence(bmc, operation);
	else
		append(bmc, operation);
	bmc_wake(bmc);
	return operation->id;
}

void
bmc_queue_doom(struct bmc *bmc, enum ipmi_rc rc)
{
	for (struct operation *o = bmc->queue; o != NULL; o = o->next)
		if (o->doomed == IPMI_OK)
			o->doomed = rc;
}

static void
unlink_operation(struct bmc *bmc, const struct operation *operation)
{
	struct operation **at = &bmc->queue;

	while (*at != operation)
		at = &(*at)->next;
	*at = operation->next;
}

void
bmc_queue_finish(struct bmc *bmc, struct operation *operation, enum ipmi_rc rc)
{
	enum exchange_use use = bmc->exchange.use;
	bool asks = use == USE_OPERATION || use == USE_REQUEST;

	/* Else the transport might repeat the command much later. */
	if (operation->control_pending)
		bmc_session_restart(bmc, "a command was not answered");
	if (operation == bmc->queue && asks)
		bmc->exchange.use = USE_NONE;

	unlink_operation(bmc, operation);
	if (operation->kind == OPERATION_REQUEST)
		bmc_request_end(bmc, operation, rc);
	else
		bmc_power_end(bmc, operation, rc);
	operation_free(bmc, operation);
}

void
bmc_queue_cancel_all(struct bmc *bmc)
{
	while (bmc->queue != NULL)
		bmc_queue_finish(bmc, bmc->queue, IPMI_CANCELLED);
}

void
bmc_queue_make_fence(struct bmc *bmc, struct operation *operation)
{
	/* Its own session goes on: nothing of it is parked. */
	bool runs = operation == bmc->queue;

	if (runs)
		bmc->exchange.use = USE_NONE;
	unlink_operation(bmc, operation);
	operation->kind = POWER_TURN_OFF;
	operation->next = NULL;
	insert_fence(bmc, operation);
}

/* How an operation ends whose time is up. */
static enum ipmi_rc
judge_deadline(const struct bmc *bmc, const struct operation *operation)
{
	if (bmc->session.phase != SESSION_OPEN &&
	    bmc->session.failure != IPMI_OK)
		return bmc->session.failure;
	if (operation->kind == OPERATION_REQUEST)
		return bmc_request_judge_deadline(operation);
	return bmc_power_judge_deadline(bmc, operation);
}

bool
bmc_queue_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	for (struct operation *o = bmc->queue; o != NULL; o = o->next) {
		enum ipmi_rc rc = o->doomed;

		if (rc == IPMI_OK && now_ms >= o->deadline_ms) {
			if (bmc_power_climb(bmc, o))
				return true;
			rc = judge_deadline(bmc, o);
		}
		if (rc != IPMI_OK) {
			bmc_queue_finish(bmc, o, rc);
			return true; /* the list may look different now */
		}
		if (o->deadline_ms < *due_ms)
			*due_ms = o->deadline_ms;
	}
	return false;
}

/* --- running the head ---------------------------------------------------- */

/* It is not the BMC that is meant: the head has ended. */
static bool
is_guarded_off(struct bmc *bmc)
{
	struct err err;

	if (bmc->guard(bmc->guard_arg, bmc->has_guid ? bmc->guid : NULL, &err))
		return false;
	snprintf(bmc->guard_text, sizeof(bmc->guard_text), "%.190s", err.text);
	bmc_queue_finish(bmc, bmc->queue, IPMI_WRONG_HOST);
	return true;
}

/* Returns whether it was asked just now. */
static bool
ask_guid(struct bmc *bmc)
{
	if (bmc->exchange.use == USE_GUID)
		return false;
	bmc_exchange_start(bmc, USE_GUID);
	return true;
}

bool
bmc_queue_run(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	if (bmc->queue == NULL || bmc->session.phase != SESSION_OPEN)
		return false;
	if (bmc_wants_guid(bmc))
		return ask_guid(bmc);
	if (bmc->guard != NULL && is_guarded_off(bmc))
		return true;
	if (bmc->queue->kind == OPERATION_REQUEST)
		return bmc_request_step(bmc, now_ms, due_ms);
	return bmc_power_step(bmc, now_ms, due_ms);
}

void
bmc_cancel(struct bmc *bmc, uint64_t id)
{
	struct operation *o = bmc->queue;

	while (o != NULL && o->id != id)
		o = o->next;
	if (o == NULL)
		return;
	bmc_enter(bmc);
	bmc_queue_finish(bmc, o, IPMI_CANCELLED);
	bmc_leave(bmc);
}
