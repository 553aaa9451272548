/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/pdu.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/num.h"

/* From the makers' MIBs: PowerNet-MIB (rPDUOutletStatusTable and
 * rPDUOutletControlTable, rPDU2OutletSwitchedStatusTable and
 * rPDU2OutletSwitchedControlTable), PDU2-MIB (outletSwitchControlTable),
 * EATON-EPDU-MIB (outletControlTable; the value is a delay in seconds). */
const struct pdu_kind pdu_kinds[] = {
	{ "apc-rpdu", "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4", 1, 2,
	  "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4",
	  "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4", 1, 2 },
	{ "apc-rpdu2", "1.3.6.1.4.1.318.1.1.26.9.2.3.1.5", 2, 1,
	  "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5",
	  "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5", 1, 2 },
	{ "raritan-pdu2", "1.3.6.1.4.1.13742.6.4.1.2.1.3", 7, 8,
	  "1.3.6.1.4.1.13742.6.4.1.2.1.2", "1.3.6.1.4.1.13742.6.4.1.2.1.2", 1,
	  0 },
	{ "eaton-epdu", "1.3.6.1.4.1.534.6.6.7.6.6.1.2", 1, 0,
	  "1.3.6.1.4.1.534.6.6.7.6.6.1.4", "1.3.6.1.4.1.534.6.6.7.6.6.1.3", 0,
	  0 },
};

const char *const pdu_kind_names[] = { "apc-rpdu",     "apc-rpdu2",
				       "raritan-pdu2", "eaton-epdu",
				       "custom",       NULL };

struct ask {
	TAILQ_ENTRY(ask) entry;
	struct codec_oid name;
	enum pdu_want want;
	int64_t deadline_ms;
	pdu_fn fn;
	void *arg;
};

TAILQ_HEAD(asks, ask);

struct pdu {
	struct poller_host *target;
	const struct pdu_kind *kind;
	struct asks waiting;
	struct ask *sent; /* under way */
	int64_t sent_ms;
	struct loop_timer *timer;
};

/* --- names --------------------------------------------------------------- */

/* Appends; false when it is not digits and dots, or too long. */
static bool
add_ids(struct codec_oid *oid, const char *text)
{
	while (oid->len < CODEC_OID_MAX) {
		size_t len = strspn(text, "0123456789");
		char digits[12];
		uint64_t id;

		if (len == 0 || len >= sizeof(digits))
			return false;
		snprintf(digits, sizeof(digits), "%.*s", (int)len, text);
		if (num_parse_u64(digits, UINT32_MAX, &id) < 0)
			return false;
		oid->ids[oid->len++] = (uint32_t)id;
		if (text[len] == '\0')
			return true;
		if (text[len] != '.')
			return false;
		text += len + 1;
	}
	return false;
}

int
pdu_check_oid(const char *text, struct err *err)
{
	struct codec_oid oid = { .len = 0 };

	if (!add_ids(&oid, text) || oid.len < 3 || oid.len > 100)
		return err_set(err, -EINVAL,
			       "not an OID in digits and dots, such as "
			       "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4");
	return 0;
}

int
pdu_check_outlet(const char *text, struct err *err)
{
	struct codec_oid oid = { .len = 0 };

	if (!add_ids(&oid, text) || oid.len > 4)
		return err_set(err, -EINVAL,
			       "not an outlet's number, such as 7, or 1.7 "
			       "where units are chained");
	return 0;
}

/* --- one request at a time ----------------------------------------------- */

static const char *
oid_of(const struct pdu_kind *kind, enum pdu_want want)
{
	return want == PDU_READ ? kind->state
	       : want == PDU_ON ? kind->turn_on
				: kind->turn_off;
}

static enum ipmi_rc
rc_of(int code)
{
	switch (code) {
	case 0:
		return IPMI_OK;
	case -ETIMEDOUT:
		return IPMI_TIMEOUT;
	case -EACCES:
		return IPMI_AUTH;
	default:
		return IPMI_BAD_REPLY;
	}
}

static void
tell(struct ask *ask, const struct pdu_answer *answer)
{
	ask->fn(ask->arg, answer);
	free(ask);
}

static void
came(void *arg, const struct poller_answer *from, int64_t number)
{
	struct pdu *pdu = arg;
	struct ask *ask = pdu->sent;
	const struct pdu_kind *kind = pdu->kind;
	struct pdu_answer answer = {
		.rc = rc_of(from->code),
		.asked_ms = pdu->sent_ms,
		.answered_ms = clock_mono_ms(),
		.text = from->text,
	};

	pdu->sent = NULL;
	loop_timer_start(pdu->timer, 0);
	if (answer.rc == IPMI_OK && ask->want == PDU_READ) {
		answer.power = number == kind->is_on    ? IPMI_POWER_ON
			       : number == kind->is_off ? IPMI_POWER_OFF
							: IPMI_POWER_UNKNOWN;
		if (answer.power == IPMI_POWER_UNKNOWN) {
			answer.rc = IPMI_BAD_REPLY;
			answer.text = "the PDU says neither on nor off";
		}
	}
	tell(ask, &answer);
}

static void
say_cannot(struct ask *ask, enum ipmi_rc rc, const char *text)
{
	const struct pdu_answer answer = { .rc = rc,
					   .answered_ms = clock_mono_ms(),
					   .text = text };

	tell(ask, &answer);
}

/* The first in the line that still has time. */
static void
send_next(void *arg)
{
	struct pdu *pdu = arg;
	struct ask *ask = TAILQ_FIRST(&pdu->waiting);
	int64_t now_ms = clock_mono_ms();

	if (pdu->sent != NULL || ask == NULL)
		return;
	TAILQ_REMOVE(&pdu->waiting, ask, entry);
	if (ask->deadline_ms <= now_ms) {
		loop_timer_start(pdu->timer, 0);
		say_cannot(ask, IPMI_TIMEOUT, "too many wait for the same PDU");
		return;
	}
	const struct poller_ask what = {
		.name = &ask->name,
		.set = ask->want != PDU_READ,
		.value = ask->want == PDU_ON ? pdu->kind->value_on
					     : pdu->kind->value_off,
	};
	pdu->sent = ask;
	pdu->sent_ms = now_ms;
	/* Ours is the only line to this target. */
	(void)poller_number(pdu->target, &what, ask->deadline_ms - now_ms, came,
			    pdu);
}

void
pdu_ask(struct pdu *pdu, const char *outlet, enum pdu_want want,
	int64_t deadline_ms, pdu_fn fn, void *arg)
{
	struct ask *ask = xcalloc(1, sizeof(*ask));

	*ask = (struct ask){ .want = want,
			     .deadline_ms = clock_mono_ms() + deadline_ms,
			     .fn = fn,
			     .arg = arg };
	/* Both were checked with the configuration. */
	(void)add_ids(&ask->name, oid_of(pdu->kind, want));
	(void)add_ids(&ask->name, outlet);
	if (want == PDU_READ)
		TAILQ_INSERT_TAIL(&pdu->waiting, ask, entry);
	else
		TAILQ_INSERT_HEAD(&pdu->waiting, ask, entry);
	loop_timer_start(pdu->timer, 0);
}

/* --- open and close ------------------------------------------------------ */

struct pdu *
pdu_new(struct loop *loop, struct poller *poller, const char *address,
	const char *account, const struct pdu_kind *kind, struct err *err)
{
	struct pdu *pdu = xcalloc(1, sizeof(*pdu));

	pdu->kind = kind;
	TAILQ_INIT(&pdu->waiting);
	if (poller_host_new(poller, address, account, &pdu->target, err) < 0) {
		free(pdu);
		return NULL;
	}
	pdu->timer = loop_timer_new(loop, send_next, pdu);
	return pdu;
}

void
pdu_free(struct pdu *pdu)
{
	static const char why[] = "the coordinator is stopping";
	struct ask *ask;

	if (pdu == NULL)
		return;
	poller_host_free(pdu->target);
	loop_timer_free(pdu->timer);
	if (pdu->sent != NULL)
		say_cannot(pdu->sent, IPMI_CANCELLED, why);
	while ((ask = TAILQ_FIRST(&pdu->waiting)) != NULL) {
		TAILQ_REMOVE(&pdu->waiting, ask, entry);
		say_cannot(ask, IPMI_CANCELLED, why);
	}
	free(pdu);
}
