/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/pdu.h - a power distribution unit that is switched
 * over SNMPv3: what its outlets say, and on or off for them.
 *
 * Requests of all hosts that hang on one PDU wait in one line, switches ahead
 * of reads.  A PDU's word for "switched" counts for nothing; outlet.h reads
 * the state afterwards.
 *
 * Each maker has its own numbers, and they are easily mixed up: in one table
 * of one maker 1 is "on" as a command and "off" as a state.  So whoever adds
 * a kind takes both from the maker's MIB, and the coordinator holds what an
 * outlet says against what it knows of the host (power.c, find_trouble()).
 */
#ifndef SCHEDULER_COORDINATOR_PDU_H
#define SCHEDULER_COORDINATOR_PDU_H

#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "ipmi/bmc.h"
#include "snmp-mib/poller.h"

/* How a kind of PDU says it.  An outlet's number ("7", or "1.7" where units
 * are chained) is appended to each OID. */
struct pdu_kind {
	const char *name;
	const char *state; /* OID of the state of an outlet, read only */
	int32_t is_on, is_off;
	const char *turn_on, *turn_off; /* OIDs of the commands */
	int32_t value_on, value_off;    /* what is written there */
};

extern const struct pdu_kind pdu_kinds[];
extern const char *const pdu_kind_names[]; /* ends with NULL */

/* 0, or -EINVAL: an OID in digits and dots; an outlet's number.  Fit
 * config_option.check. */
int pdu_check_oid(const char *oid, struct err *err);
int pdu_check_outlet(const char *number, struct err *err);

struct pdu;

/* `kind` is kept by the caller.  NULL and err: no such account, not a numeric
 * address. */
struct pdu *pdu_new(struct loop *loop, struct poller *poller,
		    const char *address, const char *account,
		    const struct pdu_kind *kind, struct err *err);

/* What waits is called back with IPMI_CANCELLED before this returns. */
void pdu_free(struct pdu *pdu);

enum pdu_want { PDU_READ, PDU_OFF, PDU_ON };

struct pdu_answer {
	enum ipmi_rc rc; /* IPMI_OK, TIMEOUT, AUTH, BAD_REPLY, CANCELLED */
	enum ipmi_power power; /* with IPMI_OK of PDU_READ; else unknown */
	int64_t asked_ms;      /* monotonic; when the request went out */
	int64_t answered_ms;
	const char *text; /* why not; "" with IPMI_OK */
};

typedef void (*pdu_fn)(void *arg, const struct pdu_answer *answer);

/* Calls back once, never from inside; the deadline counts from now. */
void pdu_ask(struct pdu *pdu, const char *outlet, enum pdu_want want,
	     int64_t deadline_ms, pdu_fn fn, void *arg);

#endif
