/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/poller_own.h - what the poller's files share.
 *
 *	poller.c          accounts, hosts, the public door
 *	poller_queue.c    when a job begins: refused accounts, reports' turns
 *	poller_job.c      a job: deadline, resends, how it ended
 *	poller_session.c  net-snmp: session, engine, keys, packets
 *	poller_report.c   the pulse; the steps of a full poll
 *	poller_rows.c     the tables of a full poll
 *	poller_number.c   one number, read or set
 *
 * A *job* is a pulse, a report or a number.  It has one *exchange* at a time: a
 *request and its resends, which share a number.  An answer to any of them
 *counts; answers to older exchanges are let go.
 */
#ifndef SNMP_MIB_POLLER_OWN_H
#define SNMP_MIB_POLLER_OWN_H

#include "snmp-mib/wire.h"

#include "snmp-mib/engine_cache.h"
#include "snmp-mib/poller.h"

struct account {
	struct account *next;
	char *name, *user;
	const oid *auth, *priv; /* net-snmp's own protocol OIDs */
	size_t auth_len, priv_len;
	u_char auth_ku[USM_AUTH_KU_LEN], priv_ku[USM_PRIV_KU_LEN];
	size_t auth_ku_len, priv_ku_len;
};

struct poller {
	struct loop *loop;
	struct engine_cache *cache;
	struct account *accounts;
	struct poller_host *hosts;
	struct poller_host *first, *last; /* whose reports wait for a turn */
	unsigned reports;                 /* places taken by reports */
	netsnmp_large_fd_set fds;         /* always empty between reads */
	uint64_t exchanges;
};

struct poller_job {
	struct poller_host *host;
	const struct job_kind *kind;
	bool active, waiting, ended; /* waiting: for its turn */
	int code;
	struct err err;
	uint64_t started_us;
	int64_t deadline_ms, received_ms;
	/* The exchange under way; 0: none, for the engine is not known. */
	uint64_t exchange;
	int64_t resend_ms, resend_after_ms;
	bool resent;
	bool engine_answered; /* the question for the engine's id */
	unsigned engines;     /* times the engine changed under us */
};

/* What the kinds of job do differently. */
struct job_kind {
	/* The request of the present step; `small` after a resend, in case
	 * large datagrams are lost on the way. */
	netsnmp_pdu *(*build)(struct poller_job *job, bool small);
	/* An answer without error; ends the job or begins the next step. */
	void (*answered)(struct poller_job *job, netsnmp_pdu *answer);
	/* The answer said that it does not fit; false: nothing smaller. */
	bool (*shrink)(struct poller_job *job);
	/* Tell the caller.  May free the host. */
	void (*deliver)(struct poller_job *job,
			const struct poller_answer *answer);
};

struct pulse_job {
	struct poller_job job; /* first: the job is cast to it */
	poller_pulse_fn fn;
	void *arg;
	struct node_pulse pulse;
};

enum {
	POLLER_BINDS_MAX = 100,  /* snmpd's own bound on a GETBULK */
	POLLER_BINDS_SMALL = 24, /* after a loss: without fragments */
	POLLER_ROW_MAX = 4       /* numbers in an index */
};

/* How far a table has been read. */
struct report_table {
	bool asked; /* by the message under way */
	size_t rows, row_len;
	uint32_t row[POLLER_ROW_MAX]; /* index of the last one; len 0: none */
};

struct report_job {
	struct poller_job job;
	poller_report_fn fn;
	void *arg;
	const struct node_report *previous;
	struct node_report *report;
	struct codec_reading *reading;
	bool in_tables; /* the scalars have come */
	size_t scalars; /* so far */
	struct report_table tables[CODEC_TABLES];
	/* What is asked for: a row of each table asked, so many times. */
	size_t width, repetitions;
	size_t taken;    /* rows of the present answer */
	size_t bind_max; /* per answer */
	unsigned restarts;
	int64_t deadline_ms;                /* once it is its turn */
	struct poller_host *after, *before; /* in the queue */
	bool placed;                        /* counted in poller->reports */
};

struct number_job {
	struct poller_job job;
	poller_number_fn fn;
	void *arg;
	struct poller_ask ask;
	int64_t number;
};

struct poller_host {
	struct poller_host *next, *prev;
	struct poller *poller;
	const struct account *account;
	char address[ENGINE_ADDRESS_MAX];
	void *session; /* net-snmp's */
	struct loop_watch *watch;
	struct loop_timer *timer;
	bool settling; /* callers are being told: free() must wait */
	bool freed;    /* by one of them */

	uint8_t engine[ENGINE_ID_MAX];
	size_t engine_len;    /* 0: unknown */
	bool engine_shared;   /* another host has the same id */
	bool doubt;           /* no answer lately: forget the engine's clock */
	struct usmUser *user; /* NULL until there are keys for this engine */

	uint64_t probe; /* the exchange that asks for the engine; 0: none */
	int64_t probe_resend_ms;

	unsigned denied;
	int64_t denied_until_ms;
	uint64_t sent, received, timeouts;

	struct pulse_job pulse;
	struct report_job report;
	struct number_job number;
};

/* --- poller_queue.c ------------------------------------------------------ */

/* Begin at once. */
void job_ask(struct poller_job *job, int64_t deadline_ms);
/* Begin when there is a place. */
void queue_report(struct poller_host *host, int64_t deadline_ms);
/* Give the place back as soon as it is not needed; others have their turn. */
void queue_settle(struct poller_host *host);
void queue_forget(struct poller_host *host);

/* --- poller_job.c -------------------------------------------------------- */

/* Begin; the deadline counts from now. */
void job_start(struct poller_job *job, int64_t deadline_ms);
/* Send the request of the present step, or ask for the engine first. */
void job_send(struct poller_job *job);
void job_end(struct poller_job *job, int code);
/* After each event of the host: time-outs, resends, deliveries, the timer. */
void host_settle(struct poller_host *host);

/* Results of the network, by exchange number; unknown numbers are ignored. */
void host_answered(struct poller_host *host, uint64_t exchange,
		   netsnmp_pdu *answer);
void host_reported(struct poller_host *host, uint64_t exchange,
		   netsnmp_pdu *report);
void host_cannot_send(struct poller_host *host, uint64_t exchange, int code);

/* --- poller_session.c ---------------------------------------------------- */

int session_open(struct poller_host *host, struct err *err);
void session_close(struct poller_host *host);
/* Takes the PDU.  `life_ms`: how long an answer is of use. */
void session_send(struct poller_host *host, uint64_t exchange, netsnmp_pdu *pdu,
		  int64_t life_ms);
netsnmp_pdu *session_probe(void);
void session_expire(struct poller_host *host);
/* Learn the engine; false when it is none. */
bool session_set_engine(struct poller_host *host, const uint8_t *id,
			size_t len);
/* Before each request: the user is in place, the clock not in doubt. */
int session_prepare(struct poller_host *host);

/* --- poller_report.c ----------------------------------------------------- */

extern const struct job_kind pulse_kind, report_kind;
void report_begin(struct report_job *report,
		  const struct node_report *previous);
/* Rows came or went while we read. */
void report_restart(struct report_job *report);
/* Everything has come. */
void report_finish(struct report_job *report);
void report_end_with(struct poller_job *job, int code);
/* Take one variable; absent ones are left for the check at the end. */
int report_put(struct report_job *report, const netsnmp_variable_list *var);
/* The variable is the one that was asked for. */
bool report_is_named(const netsnmp_variable_list *var,
		     const struct codec_oid *name);
netsnmp_pdu *report_pdu(int command);
/* Ask for one more; where the next one goes.  The library would search for the
 * end of the list each time. */
netsnmp_variable_list **report_pdu_add(netsnmp_variable_list **tail,
				       const struct codec_oid *from);

/* --- poller_rows.c ------------------------------------------------------- */

/* Ask for rows that have not come, or finish. */
void rows_next(struct report_job *report);
netsnmp_pdu *rows_build(const struct report_job *report, bool small);
void rows_answered(struct report_job *report, netsnmp_pdu *answer);
/* Ask for less at once; false: it is the least already. */
bool rows_shrink(struct report_job *report);

/* --- poller_number.c ----------------------------------------------------- */

extern const struct job_kind number_kind;

#endif
