/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/power.c - what an operation does with each answer.
 *
 * The rules that must never break:
 *  - off is said only of two "off" in a row within one session, the second
 *    asked for POWER_VERIFY_GAP_MS after the first was answered;
 *  - an error, a short answer or silence in between starts the count anew;
 *  - as long as an "on" of ours may still take effect, "off" counts for
 *    nothing;
 *  - a command is sent only right after a read that shows it is needed.
 */
#include "common/alloc.h"
#include "ipmi/bmc_own.h"

enum {
	POWER_COMMANDS_MAX = 3,
	POWER_UNANSWERED_MS = 2000, /* then a command counts as lost */
	POWER_SETTLE_MS = 8000,     /* a command may take effect so late */
	POWER_FRESH_MS = 2000       /* a read that can still call it stuck */
};

static void judge_read(struct bmc *bmc, struct operation *operation);
static void judge_proof(struct bmc *bmc, struct operation *operation);
static void judge_switch(struct bmc *bmc, struct operation *operation);

static const struct {
	enum ipmi_power want;
	uint8_t control; /* data of Chassis Control */
	int64_t deadline_ms, again_ms;
	void (*judge)(struct bmc *bmc, struct operation *operation);
} kinds[] = {
	[POWER_READ] = { IPMI_POWER_UNKNOWN, 0, POWER_READ_DEADLINE_MS, 0,
			 judge_read },
	[POWER_PROVE_OFF] = { IPMI_POWER_OFF, 0, POWER_PROVE_DEADLINE_MS, 0,
			      judge_proof },
	[POWER_TURN_OFF] = { IPMI_POWER_OFF, 0, POWER_OFF_DEADLINE_MS,
			     POWER_OFF_AGAIN_MS, judge_switch },
	[POWER_TURN_ON] = { IPMI_POWER_ON, 1, POWER_ON_DEADLINE_MS,
			    POWER_ON_AGAIN_MS, judge_switch },
	/* Sent once: to some systems a second one is a change of mind. */
	[POWER_SHUT_DOWN] = { IPMI_POWER_OFF, 5, POWER_SOFT_DEADLINE_MS,
			      BMC_NEVER, judge_switch },
};

enum { POLLS_DENSE = 40, POLL_DENSE_MS = 50, POLL_MS = 400 };

static bool
is_switch(const struct operation *operation)
{
	return kinds[operation->kind].judge == judge_switch;
}

static void
forget_reads(struct operation *operation)
{
	operation->seen = IPMI_POWER_UNKNOWN;
	operation->result.first_read_ms = 0;
	operation->result.last_read_ms = 0;
}

static void
poll_later(struct bmc *bmc, struct operation *operation)
{
	bool dense = operation->polls < POLLS_DENSE;

	operation->polls++;
	operation->read_due_ms =
		bmc_now(bmc) + (dense ? POLL_DENSE_MS : POLL_MS);
}

static enum ipmi_power
opposite(enum ipmi_power power)
{
	return power == IPMI_POWER_OFF ? IPMI_POWER_ON : IPMI_POWER_OFF;
}

/* --- commands ------------------------------------------------------------ */

static bool
awaits_effect(const struct bmc *bmc, enum ipmi_power power)
{
	return bmc->effect.power == power &&
	       bmc_now(bmc) < bmc->effect.until_ms;
}

/* A command is about to be sent, the chassis was last seen in `from`. */
static void
expect_effect(struct bmc *bmc, enum ipmi_power power, enum ipmi_power from)
{
	/* With two of them under way, or one that changes nothing, one cannot
	 * tell by the state when the last has come. */
	bmc->effect.shows = !awaits_effect(bmc, power) && from != power;
	bmc->effect.power = power;
	bmc->effect.until_ms = bmc_now(bmc) + POWER_SETTLE_MS;
}

bool
bmc_power_awaits_on(const struct bmc *bmc)
{
	return awaits_effect(bmc, IPMI_POWER_ON);
}

static void
send_control(struct bmc *bmc, struct operation *operation)
{
	const struct transport_message message = {
		.tag = ++bmc->last_tag,
		.netfn = 0x00,
		.command = 0x02, /* Chassis Control */
		.data = &kinds[operation->kind].control,
		.len = 1,
		.once = true,
	};

	/* An "off" does not call back an "on" that is still to take effect. */
	if (operation->kind == POWER_TURN_ON ||
	    !awaits_effect(bmc, IPMI_POWER_ON))
		expect_effect(bmc, kinds[operation->kind].want,
			      operation->seen);
	operation->control_tag = message.tag;
	operation->control_pending = true;
	operation->control_lost = false;
	operation->overtaken = false;
	operation->control_ms = bmc_now(bmc);
	operation->control_code = 0;
	operation->polls = 0;
	operation->sent++;
	operation->result.commands_sent++;
	forget_reads(operation);
	/* A failure is as good as a loss: the state will tell. */
	(void)bmc->transport->ops->send(bmc->transport, &message);
}

/* Disks and supplies want a pause between off and on; many boards ignore an
 * "on" that comes right after "off". */
static int64_t
settled_ms(const struct bmc *bmc)
{
	return bmc->went_off_ms < 0 ? bmc->went_off_ms
				    : bmc->went_off_ms + POWER_OFF_ON_PAUSE_MS;
}

static bool
may_send(const struct bmc *bmc, const struct operation *operation)
{
	int64_t age_ms = bmc_now(bmc) - operation->control_ms;

	if (operation->kind == POWER_TURN_ON && bmc_now(bmc) < settled_ms(bmc))
		return false;
	if (operation->sent == 0)
		return true;
	if (operation->control_pending || operation->sent >= POWER_COMMANDS_MAX)
		return false;
	return operation->control_lost || operation->overtaken ||
	       (operation->sent == 1 &&
		age_ms >= kinds[operation->kind].again_ms);
}

/* Codes that will be the same next time: unknown command, privilege. */
static bool
is_refusal(uint8_t code)
{
	return code == 0xc1 || code == 0xc2 || code == 0xd4;
}

bool
bmc_power_take_control(struct bmc *bmc, uint32_t tag, uint8_t code)
{
	struct operation *operation = bmc->queue;

	if (operation == NULL || !operation->control_pending ||
	    operation->control_tag != tag)
		return false;
	operation->control_pending = false;
	operation->control_code = code;
	if (code != 0)
		operation->result.completion_code = code;
	else if (operation->kind == POWER_TURN_ON && bmc_power_awaits_on(bmc))
		bmc->effect.until_ms = bmc_now(bmc) + POWER_SETTLE_MS;
	return true;
}

/* --- reads --------------------------------------------------------------- */

/* The reads in a row agree and span the gap. */
static bool
is_verified(const struct bmc *bmc, const struct operation *operation,
	    int64_t sent_ms)
{
	return operation->result.first_read_ms > 0 &&
	       sent_ms - operation->result.first_read_ms >= bmc->verify_gap_ms;
}

void
bmc_power_see(struct bmc *bmc, const uint8_t *data, size_t len)
{
	enum ipmi_power power = bmc_exchange_read_power(data, len);

	bmc->status_read = true;
	if (power == IPMI_POWER_UNKNOWN)
		return;
	if (power == IPMI_POWER_OFF && bmc->power == IPMI_POWER_ON)
		bmc->went_off_ms = bmc_now(bmc);
	bmc->power = power;
	bmc->power_ms = bmc_now(bmc);
	if (!awaits_effect(bmc, power))
		return;
	if (bmc->effect.shows)
		bmc->effect.power = IPMI_POWER_UNKNOWN;
	/* An "on" from before has shown after the fence's "off". */
	if (power == IPMI_POWER_ON && bmc_queue_has_fence(bmc))
		bmc->queue->overtaken = true;
}

/* Does this read continue what was seen before, and does it count at all? */
static void
count_read(struct bmc *bmc, struct operation *operation, int64_t sent_ms,
	   enum ipmi_power power)
{
	struct power_result *result = &operation->result;
	bool premature = power == kinds[operation->kind].want &&
			 awaits_effect(bmc, opposite(power));

	if (operation->seen != power ||
	    operation->epoch != bmc->session.epoch || premature)
		forget_reads(operation);
	operation->seen = power;
	operation->seen_ms = bmc_now(bmc);
	operation->epoch = bmc->session.epoch;
	result->verified = is_verified(bmc, operation, sent_ms);
	if (premature)
		return;
	result->last_read_ms = operation->seen_ms;
	if (result->first_read_ms == 0)
		result->first_read_ms = result->last_read_ms;
}

static void
take_failed_read(struct bmc *bmc, struct operation *operation, uint8_t code)
{
	if (code != 0)
		operation->result.completion_code = code;
	operation->garbled = code == 0;
	operation->result.verified = false;
	forget_reads(operation);
	if (is_refusal(code) && !is_switch(operation))
		bmc_queue_finish(bmc, operation, IPMI_CC);
	else
		poll_later(bmc, operation);
}

void
bmc_power_take_read(struct bmc *bmc, int64_t sent_ms, const uint8_t *data,
		    size_t len)
{
	struct operation *operation = bmc->queue;
	struct power_result *result = &operation->result;
	enum ipmi_power power = bmc_exchange_read_power(data, len);

	if (power == IPMI_POWER_UNKNOWN) {
		take_failed_read(bmc, operation, data[0]);
		return;
	}
	result->reads++;
	for (size_t i = 0; i < sizeof(result->status); i++)
		result->status[i] = data[1 + i];
	result->last_event = data[2];
	result->rtt_ms = bmc->rtt_ms;
	result->last_read_wall_ms =
		bmc->transport->ops->wall_ms(bmc->transport);
	count_read(bmc, operation, sent_ms, power);
	kinds[operation->kind].judge(bmc, operation);
}

static void
judge_read(struct bmc *bmc, struct operation *operation)
{
	operation->result.verified = false;
	bmc_queue_finish(bmc, operation, IPMI_OK);
}

/* Wait for the second read that agrees, or for one that counts. */
static void
read_again(struct bmc *bmc, struct operation *operation)
{
	if (operation->result.first_read_ms > 0)
		operation->read_due_ms =
			operation->result.first_read_ms + bmc->verify_gap_ms;
	else
		poll_later(bmc, operation);
}

static void
judge_proof(struct bmc *bmc, struct operation *operation)
{
	if (operation->seen == IPMI_POWER_ON || operation->result.verified)
		bmc_queue_finish(bmc, operation, IPMI_OK);
	else
		read_again(bmc, operation);
}

static void
judge_switch(struct bmc *bmc, struct operation *operation)
{
	bool there = operation->seen == kinds[operation->kind].want;
	bool counts = operation->result.first_read_ms > 0;

	if (there && operation->result.verified) {
		bmc_queue_finish(bmc, operation, IPMI_OK);
		return;
	}
	if (there && (counts || operation->result.commands_sent > 0)) {
		read_again(bmc, operation);
		return;
	}
	if (is_refusal(operation->control_code) && operation->result.verified) {
		bmc_queue_finish(bmc, operation, IPMI_CC);
		return;
	}
	if (may_send(bmc, operation))
		send_control(bmc, operation);
	poll_later(bmc, operation);
}

/* --- running ------------------------------------------------------------- */

bool
bmc_power_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	const struct operation *operation = bmc->queue;
	int64_t lost_ms = operation->control_pending
				  ? operation->control_ms + POWER_UNANSWERED_MS
				  : BMC_NEVER;
	if (now_ms >= lost_ms) {
		bmc_session_restart(bmc, "a command was not answered");
		return true;
	}
	if (lost_ms < *due_ms)
		*due_ms = lost_ms;

	if (bmc->exchange.use == USE_OPERATION)
		return false;
	if (now_ms < operation->read_due_ms) {
		if (operation->read_due_ms < *due_ms)
			*due_ms = operation->read_due_ms;
		return false;
	}
	/* A keep-alive under way may be older than the question: not for us. */
	bmc_exchange_start(bmc, USE_OPERATION);
	return true;
}

void
bmc_power_restart(struct operation *operation)
{
	forget_reads(operation);
	operation->result.verified = false;
	operation->read_due_ms = 0;
	operation->polls = 0;
}

enum ipmi_rc
bmc_power_judge_deadline(const struct bmc *bmc,
			 const struct operation *operation)
{
	const struct power_result *result = &operation->result;
	bool fresh = operation->seen != IPMI_POWER_UNKNOWN &&
		     bmc_now(bmc) - operation->seen_ms <= POWER_FRESH_MS;
	bool disobeys = is_switch(operation) && result->commands_sent > 0 &&
			operation->seen != kinds[operation->kind].want;

	if (fresh && disobeys)
		return operation->control_code != 0 ? IPMI_CC : IPMI_STUCK;
	/* It answers, but never with a state. */
	if (result->reads == 0 && result->completion_code != 0)
		return IPMI_CC;
	if (result->reads == 0 && operation->garbled)
		return IPMI_BAD_REPLY;
	return IPMI_TIMEOUT;
}

void
bmc_power_end(struct bmc *bmc, struct operation *operation, enum ipmi_rc rc)
{
	struct power_result *result = &operation->result;

	result->rc = rc;
	result->done_ms = bmc_now(bmc);
	bmc_power_describe(bmc, operation);
	operation->fn(operation->arg, result);
}

static uint64_t
power_ask(struct bmc *bmc, enum operation_kind kind, int64_t deadline_ms,
	  power_fn fn, void *arg)
{
	struct operation *operation =
		bmc_operation_new(bmc, kind,
				  deadline_ms > 0 ? deadline_ms
						  : kinds[kind].deadline_ms);

	operation->fn = fn;
	operation->arg = arg;
	return bmc_queue_add(bmc, operation);
}

uint64_t
power_read(struct bmc *bmc, int64_t deadline_ms, power_fn fn, void *arg)
{
	return power_ask(bmc, POWER_READ, deadline_ms, fn, arg);
}

uint64_t
power_prove_off(struct bmc *bmc, int64_t deadline_ms, power_fn fn, void *arg)
{
	return power_ask(bmc, POWER_PROVE_OFF, deadline_ms, fn, arg);
}

uint64_t
power_turn_off(struct bmc *bmc, int64_t deadline_ms, power_fn fn, void *arg)
{
	return power_ask(bmc, POWER_TURN_OFF, deadline_ms, fn, arg);
}

uint64_t
power_turn_on(struct bmc *bmc, int64_t deadline_ms, power_fn fn, void *arg)
{
	return power_ask(bmc, POWER_TURN_ON, deadline_ms, fn, arg);
}

uint64_t
power_shut_down(struct bmc *bmc, int64_t deadline_ms, power_fn fn, void *arg)
{
	return power_ask(bmc, POWER_SHUT_DOWN, deadline_ms, fn, arg);
}

uint64_t
power_shut_down_or_off(struct bmc *bmc, int64_t soft_ms, power_fn fn, void *arg)
{
	struct operation *operation =
		bmc_operation_new(bmc, POWER_SHUT_DOWN,
				  soft_ms > 0 ? soft_ms
					      : POWER_SOFT_DEADLINE_MS);

	operation->then_off = true;
	operation->fn = fn;
	operation->arg = arg;
	return bmc_queue_add(bmc, operation);
}

bool
bmc_power_climb(struct bmc *bmc, struct operation *operation)
{
	if (!operation->then_off)
		return false;
	operation->then_off = false;
	operation->sent = 0;
	operation->deadline_ms = bmc_now(bmc) + POWER_OFF_DEADLINE_MS;
	bmc_power_restart(operation);
	bmc_queue_make_fence(bmc, operation);
	return true;
}
