/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/poller.h - asks agents over SNMPv3, never blocking the loop.
 *
 *	snmp_engine_start(...);
 *	poller_new -> poller_add_account -> poller_host_new
 *	poller_pulse(host, ...)       the heartbeat: one GET
 *	poller_report(host, ...)      everything: GET + row-wise GETBULK
 *	poller_number(host, ...)      one number of any agent, read or set
 *
 * A pulse, a report and a number of one host may be in flight together; two
 * of a kind may not (-EBUSY).  Answers come on the loop, never from inside
 * the asking function.  All times are CLOCK_MONOTONIC.
 *
 * Of all hosts, POLLER_REPORTS_MAX reports are in flight at most; more wait in
 * the order they were asked for.  Pulses and numbers never wait.
 *
 * Timeline of a pulse at default: 0 ms sent, 400 ms sent again along with a
 * question for the engine's id, 900 ms -ETIMEDOUT.  A host whose engine is not
 * known yet costs one more round trip.
 */
#ifndef SNMP_MIB_POLLER_H
#define SNMP_MIB_POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "snmp-mib/codec.h"
#include "snmp-mib/engine.h"
#include "snmp-mib/node_report.h"

enum {
	POLLER_PULSE_MS = 900,        /* default deadline of a pulse */
	POLLER_RESEND_MS = 400,       /* a request is sent again this often */
	POLLER_REPORT_MS = 5000,      /* default deadline of a report */
	POLLER_NUMBER_MS = 2000,      /* default deadline of a number */
	POLLER_REPORTS_MAX = 100,     /* in flight; the silent do not count */
	POLLER_DENIED_MAX = 3,        /* refusals in a row until we slow down */
	POLLER_DENIED_WAIT_MS = 60000 /* then one try in this time */
};

struct poller;
struct poller_host;

/*
 * `cache` is a file (0600) of engine ids and localised keys, NULL for none.
 * It is read here and written soon after it changes; a corrupt one is
 * ignored with a warning.
 */
struct poller *poller_new(struct loop *loop, const char *cache);
void poller_free(struct poller *poller); /* its hosts first */

/* Turn passwords into keys (some ms).  -EINVAL: unknown protocol, password
 * shorter than 8, no user; -EEXIST: the name is taken. */
int poller_add_account(struct poller *poller,
		       const struct snmp_account *account, struct err *err);

/*
 * `address` is numeric, "10.90.0.1:161" or "[fd00::1]:161", port 161 if
 * absent.  -EINVAL: not such an address; -ENOKEY: no account of that name,
 * and nothing but SNMPv3 with authentication and privacy is spoken.
 */
int poller_host_new(struct poller *poller, const char *address,
		    const char *account, struct poller_host **ret_host,
		    struct err *err);
void poller_host_free(struct poller_host *host); /* no callbacks after it */

/*
 * How a request ended:
 *	0           an answer
 *	-ETIMEDOUT  no answer by the deadline: says nothing about the host
 *	-EACCES     the agent refuses our user, authentication password or
 *	            protocol, or its view hides us.  A wrong privacy password
 *	            alone cannot be told from silence: the agent only sees
 *	            noise and drops it
 *	-ENOENT     an SNMP agent answered, but has none of our objects: the
 *	            node agent is dead on a living host
 *	-EPROTO     the answer is nonsense or incomplete
 *	-EMSGSIZE   one row does not fit into a message
 *	-EAGAIN     rows came and went faster than we could read them
 * After POLLER_DENIED_MAX refusals in a row only one request per
 * POLLER_DENIED_WAIT_MS goes out; the others end in -EACCES at once.
 */
struct poller_answer {
	int code;
	const char *text; /* for people; "" when code is 0 */
	uint32_t took_us; /* from asking, or a report's turn, to the answer */
	/* clock_mono_ms() of the (last) answer's arrival.  An age in it is,
	 * at at_ms, that old or older, but by no more than took_us. */
	int64_t at_ms;
	/* With -ETIMEDOUT: some SNMP engine at the address answered when it
	 * was asked for its id, so a machine runs there.  Not authenticated:
	 * a reason to doubt death, never a proof of life. */
	bool engine_answered;
};

typedef void (*poller_pulse_fn)(void *arg, const struct poller_answer *answer,
				const struct node_pulse *pulse);
/* `report` is the receiver's, to be freed with node_report_free(); NULL unless
 * the code is 0. */
typedef void (*poller_report_fn)(void *arg, const struct poller_answer *answer,
				 struct node_report *report);

/* deadline_ms <= 0: the default.  0, or -EBUSY and no callback. */
int poller_pulse(struct poller_host *host, int64_t deadline_ms,
		 poller_pulse_fn fn, void *arg);

/*
 * The deadline counts from the report's turn.
 *
 * `previous` is the last report of this host or NULL; NUMA, distances and
 * features are taken from it while the layout revision and boot id stand.  It
 * is only used during the call's life: keep it until the callback.
 */
int poller_report(struct poller_host *host, const struct node_report *previous,
		  int64_t deadline_ms, poller_report_fn fn, void *arg);

/* An INTEGER, Gauge32 or Unsigned32, by the OID of its instance. */
struct poller_ask {
	const struct codec_oid *name; /* kept by the caller until the answer */
	bool set;                     /* else it is read */
	bool is_unsigned;             /* what is set: not an INTEGER */
	int64_t value;                /* to be set; in the range of its type */
};

/* `number` is what the agent has, or took; only with code 0. */
typedef void (*poller_number_fn)(void *arg, const struct poller_answer *answer,
				 int64_t number);

/*
 * Of an agent that is not ours: an outlet's switch, say.  A request is sent
 * again until it is answered, and a copy may arrive late: set only what may be
 * set twice.  -ENOENT: there is no such object; -EPROTO: it is no number, or
 * does not take the value.
 */
int poller_number(struct poller_host *host, const struct poller_ask *ask,
		  int64_t deadline_ms, poller_number_fn fn, void *arg);

struct poller_state {
	bool engine_known;
	char engine_id[2 * 32 + 1]; /* hex */
	unsigned denied;            /* refusals in a row */
	int64_t denied_until_ms;    /* 0: requests go out freely */
	uint64_t sent, received, timeouts;
};

void poller_host_state(const struct poller_host *host,
		       struct poller_state *ret_state);

#endif
