/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/outlet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/clock.h"

enum {
	POLL_DENSE_MS = 100,
	DENSE_FOR_MS = 2000,
	POLL_MS = 400,
	AGAIN_MS = 4000,
	COMMANDS_MAX = 2
};

enum task { PROVE_OFF, TURN_OFF, TURN_ON };

struct outlet {
	struct pdu *pdu;
	const char *number;
	struct loop_timer *timer;
	unsigned asks;     /* that the PDU has not answered */
	bool freed;        /* as soon as it has */
	int64_t settle_ms; /* see OUTLET_SETTLE_MS */

	/* the operation; fn NULL: none */
	enum task task;
	power_fn fn;
	void *arg;
	uint64_t serial; /* answers to older ones are let go */
	int64_t deadline_ms;
	struct power_result result;
	enum ipmi_power seen; /* by the last answer */
	enum ipmi_rc last_rc; /* of the last read */
	char last_text[BMC_TEXT_MAX];
};

/* What an answer needs to find its operation again. */
struct question {
	struct outlet *outlet;
	uint64_t serial;
	enum pdu_want want;
};

static enum ipmi_power
wanted(const struct outlet *outlet)
{
	return outlet->task == TURN_ON ? IPMI_POWER_ON : IPMI_POWER_OFF;
}

/* --- the end ------------------------------------------------------------- */

static void
end(struct outlet *outlet, enum ipmi_rc rc)
{
	struct power_result result = outlet->result;
	power_fn fn = outlet->fn;

	result.rc = rc;
	result.done_ms = clock_mono_ms();
	outlet->fn = NULL;
	outlet->serial++;
	loop_timer_stop(outlet->timer);
	fn(outlet->arg, &result);
}

static void
end_agreed(struct outlet *outlet)
{
	struct power_result *r = &outlet->result;

	r->power = outlet->seen;
	r->verified = true;
	snprintf(r->text, sizeof(r->text),
		 "%s, read twice %" PRId64 " ms apart",
		 ipmi_power_name(r->power), r->last_read_ms - r->first_read_ms);
	end(outlet, IPMI_OK);
}

static void
end_late(struct outlet *outlet)
{
	struct power_result *r = &outlet->result;

	if (outlet->last_rc != IPMI_OK) {
		r->power = IPMI_POWER_UNKNOWN;
		snprintf(r->text, sizeof(r->text), "%s", outlet->last_text);
		end(outlet, outlet->last_rc);
		return;
	}
	/* One "off" is no proof, and no reason to say on. */
	r->power = outlet->seen == IPMI_POWER_ON ? IPMI_POWER_ON
						 : IPMI_POWER_UNKNOWN;
	snprintf(r->text, sizeof(r->text), "still %s after %" PRId64 " ms",
		 ipmi_power_name(outlet->seen), clock_mono_ms() - r->asked_ms);
	end(outlet, outlet->seen == wanted(outlet) ? IPMI_TIMEOUT : IPMI_STUCK);
}

/* --- asking -------------------------------------------------------------- */

static void answered(void *arg, const struct pdu_answer *answer);

static void
ask(struct outlet *outlet, enum pdu_want want)
{
	struct question *question = xcalloc(1, sizeof(*question));
	int64_t left_ms = outlet->deadline_ms - clock_mono_ms();

	*question = (struct question){ outlet, outlet->serial, want };
	outlet->asks++;
	pdu_ask(outlet->pdu, outlet->number, want,
		left_ms < OUTLET_READ_MS ? left_ms : OUTLET_READ_MS, answered,
		question);
}

static void
read_later(struct outlet *outlet)
{
	int64_t now_ms = clock_mono_ms();
	bool dense = now_ms - outlet->result.asked_ms < DENSE_FOR_MS;
	int64_t wait_ms = dense ? POLL_DENSE_MS : POLL_MS;

	if (now_ms + wait_ms > outlet->deadline_ms)
		wait_ms = outlet->deadline_ms - now_ms;
	loop_timer_start(outlet->timer, wait_ms > 0 ? wait_ms : 0);
}

static void
step(void *arg)
{
	struct outlet *outlet = arg;

	if (clock_mono_ms() >= outlet->deadline_ms)
		end_late(outlet);
	else
		ask(outlet, PDU_READ);
}

static bool
wants_command(const struct outlet *outlet)
{
	const struct power_result *r = &outlet->result;
	int64_t since_ms = clock_mono_ms() - r->asked_ms;

	if (outlet->task == PROVE_OFF || outlet->seen == wanted(outlet))
		return false;
	return r->commands_sent == 0 ||
	       (r->commands_sent < COMMANDS_MAX && since_ms >= AGAIN_MS);
}

static void
command(struct outlet *outlet)
{
	outlet->result.commands_sent++;
	outlet->result.first_read_ms = 0;
	if (outlet->task == TURN_ON)
		outlet->settle_ms = clock_mono_ms() + OUTLET_SETTLE_MS;
	ask(outlet, outlet->task == TURN_ON ? PDU_ON : PDU_OFF);
}

/* --- answers ------------------------------------------------------------- */

static bool
counts(const struct outlet *outlet, const struct pdu_answer *answer)
{
	return wanted(outlet) == IPMI_POWER_ON ||
	       answer->asked_ms >= outlet->settle_ms;
}

/* Two in a row, the second asked the gap after the first was answered. */
static void
take_read(struct outlet *outlet, const struct pdu_answer *answer)
{
	struct power_result *r = &outlet->result;

	outlet->seen = answer->power;
	r->reads++;
	r->rtt_ms = answer->answered_ms - answer->asked_ms;
	if (answer->power != wanted(outlet) || !counts(outlet, answer)) {
		r->first_read_ms = 0;
		r->last_read_ms = answer->answered_ms;
		return;
	}
	if (r->first_read_ms == 0)
		r->first_read_ms = answer->answered_ms;
	r->last_read_ms = answer->answered_ms;
	r->last_read_wall_ms = clock_wall_ms();
	r->verified =
		answer->asked_ms - r->first_read_ms >= POWER_VERIFY_GAP_MS;
}

static void
read_came(struct outlet *outlet, const struct pdu_answer *answer)
{
	outlet->last_rc = answer->rc;
	snprintf(outlet->last_text, sizeof(outlet->last_text), "%s",
		 answer->text);
	if (answer->rc == IPMI_OK)
		take_read(outlet, answer);
	else
		outlet->result.first_read_ms = 0;

	if (answer->rc == IPMI_OK && outlet->result.verified) {
		end_agreed(outlet);
	} else if (outlet->task == PROVE_OFF && answer->rc == IPMI_OK &&
		   answer->power == IPMI_POWER_ON) {
		outlet->result.power = IPMI_POWER_ON;
		snprintf(outlet->result.text, sizeof(outlet->result.text),
			 "on");
		end(outlet, IPMI_OK);
	} else if (wants_command(outlet)) {
		command(outlet);
	} else {
		read_later(outlet);
	}
}

static void
take(struct outlet *outlet, enum pdu_want want, const struct pdu_answer *answer)
{
	if (want == PDU_READ)
		read_came(outlet, answer);
	else
		read_later(outlet); /* its word counts for nothing */
}

static void
answered(void *arg, const struct pdu_answer *answer)
{
	struct question question = *(struct question *)arg;
	struct outlet *outlet = question.outlet;

	free(arg);
	outlet->asks--;
	if (outlet->freed && outlet->asks == 0)
		free(outlet);
	else if (outlet->serial == question.serial &&
		 answer->rc != IPMI_CANCELLED)
		take(outlet, question.want, answer);
}

/* --- the door ------------------------------------------------------------ */

static void
cancel(struct outlet *outlet, const char *why)
{
	if (outlet->fn == NULL)
		return;
	outlet->result.power = IPMI_POWER_UNKNOWN;
	snprintf(outlet->result.text, sizeof(outlet->result.text),
		 "cancelled: %s", why);
	end(outlet, IPMI_CANCELLED);
}

static bool
begin(struct outlet *outlet, enum task task, int64_t deadline_ms, power_fn fn,
      void *arg)
{
	int64_t now_ms = clock_mono_ms();

	if (task == TURN_OFF || outlet->task == PROVE_OFF)
		cancel(outlet, "something else goes first");
	if (outlet->fn != NULL)
		return false;
	outlet->task = task;
	outlet->fn = fn;
	outlet->arg = arg;
	outlet->deadline_ms = now_ms + deadline_ms;
	outlet->seen = IPMI_POWER_UNKNOWN;
	outlet->last_rc = IPMI_TIMEOUT;
	snprintf(outlet->last_text, sizeof(outlet->last_text),
		 "the PDU was not asked in time");
	outlet->result =
		(struct power_result){ .asked_ms = now_ms, .rtt_ms = -1 };
	ask(outlet, PDU_READ);
	return true;
}

bool
outlet_is_busy(const struct outlet *outlet)
{
	return outlet->fn != NULL;
}

bool
outlet_prove_off(struct outlet *outlet, int64_t deadline_ms, power_fn fn,
		 void *arg)
{
	return begin(outlet, PROVE_OFF, deadline_ms, fn, arg);
}

bool
outlet_turn_off(struct outlet *outlet, int64_t deadline_ms, power_fn fn,
		void *arg)
{
	return begin(outlet, TURN_OFF, deadline_ms, fn, arg);
}

bool
outlet_turn_on(struct outlet *outlet, int64_t deadline_ms, power_fn fn,
	       void *arg)
{
	return begin(outlet, TURN_ON, deadline_ms, fn, arg);
}

struct outlet *
outlet_new(struct loop *loop, struct pdu *pdu, const char *number)
{
	struct outlet *outlet = xcalloc(1, sizeof(*outlet));

	outlet->pdu = pdu;
	outlet->number = number;
	outlet->timer = loop_timer_new(loop, step, outlet);
	return outlet;
}

void
outlet_free(struct outlet *outlet)
{
	if (outlet == NULL)
		return;
	cancel(outlet, "the coordinator is stopping");
	outlet->serial++;
	loop_timer_free(outlet->timer);
	outlet->timer = NULL;
	if (outlet->asks > 0)
		outlet->freed = true;
	else
		free(outlet);
}
