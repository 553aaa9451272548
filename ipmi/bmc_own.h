/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/bmc_own.h - what the files of the state machine share; nobody else
 * includes it.
 *
 *	bmc.c		life, health, the step that drives all
 *	session.c	opening, doubting, closing, reopening; quarantine
 *	exchange.c	one read under way, sent again until answered
 *	queue.c		operations: waiting, cancelling, calling back
 *	power.c		what a power operation does with each answer
 *	request.c	the same of any other command
 *
 * Each event (answer, tick, up, down) notes what happened and then calls
 * bmc_step(), which looks at the whole state, acts until there is nothing
 * left to do now, and arms the timer for the next thing that is due.
 */
#ifndef IPMI_BMC_OWN_H
#define IPMI_BMC_OWN_H

#include "ipmi/power.h"
#include "ipmi/request.h"
#include "ipmi/transport.h"

enum {
	BMC_REDIAL_MS = 500,    /* between attempts while somebody waits */
	BMC_PATIENCE_MS = 1000, /* with an open session, then it is doubted */
	BMC_PATIENCE_MAX_MS = 8000,
	BMC_SLOW_MS = 1000,
	BMC_RESEND_MIN_MS = 100,
	BMC_RESEND_MAX_MS = 1000,
	BMC_RESEND_FIRST_MS = 500 /* before a round trip is known */
};

#define BMC_NEVER INT64_MAX

enum session_phase { SESSION_CLOSED, SESSION_OPENING, SESSION_OPEN };

struct session {
	enum session_phase phase;
	int64_t since_ms;  /* in this phase */
	int64_t due_ms;    /* CLOSED: next attempt */
	unsigned epoch;    /* counts sessions that were opened */
	unsigned failures; /* in a row, of any kind */
	unsigned auth_failures;
	bool quarantined;
	enum ipmi_rc failure; /* of the last attempt; IPMI_OK: none */
	int64_t patience_ms;
	char error[BMC_TEXT_MAX];
};

/* What a read is for. */
enum exchange_use {
	USE_NONE,
	USE_OPERATION,
	USE_STATUS,
	USE_DEVICE,
	USE_GUID,
	USE_REQUEST
};

/* More than there are sendings in the longest patience: 4 at 100 ms, then
 * doubling.  A power of two: tags wrap at 2^32. */
enum { EXCHANGE_SENT_MAX = 16 };

struct exchange {
	enum exchange_use use; /* USE_NONE: nothing under way */
	uint32_t first_tag, last_tag;
	int64_t first_sent_ms, last_sent_ms;
	int64_t sent_ms[EXCHANGE_SENT_MAX]; /* by tag, the last ones */
	int64_t resend_ms;                  /* after last_sent_ms */
	unsigned resends;
};

/* Smoothed, for the time after which a read is sent again. */
struct round_trips {
	int64_t mean_8;      /* eighths of a ms; 0: none is known */
	int64_t variation_4; /* fourths of a ms */
};

enum operation_kind {
	POWER_READ,
	POWER_PROVE_OFF,
	POWER_TURN_OFF,
	POWER_TURN_ON,
	POWER_SHUT_DOWN,
	OPERATION_REQUEST
};

struct request_work {
	uint8_t netfn, command;
	bool once;
	uint8_t data[REQUEST_DATA_MAX];
	size_t len;
	request_fn fn;
	uint8_t code; /* the last answer's */
	int64_t rtt_ms;
	const uint8_t *answer; /* while it is being taken */
	size_t answer_len;
};

struct operation {
	struct operation *next;
	uint64_t id;
	enum operation_kind kind;
	int64_t deadline_ms; /* monotonic */
	power_fn fn;
	void *arg;
	struct power_result result;
	struct request_work request; /* of OPERATION_REQUEST */

	enum ipmi_rc doomed; /* ends with this at the next step; IPMI_OK: no */
	int64_t read_due_ms;
	unsigned polls;       /* since the last command */
	unsigned sent;        /* commands of this rung of the ladder */
	bool then_off;        /* POWER_SHUT_DOWN: the next rung */
	enum ipmi_power seen; /* by the last read */
	int64_t seen_ms;
	bool garbled;   /* the last answer was too short */
	unsigned epoch; /* session of the reads that agree */
	uint32_t control_tag;
	bool control_pending; /* sent, no answer yet */
	bool control_lost;    /* nor will there be one */
	bool overtaken;       /* by an "on" sent before it */
	int64_t control_ms;   /* when last sent */
	uint8_t control_code; /* the answer to the last */
};

/* A command of ours whose effect has not been seen yet: reads that say
 * otherwise prove nothing before it shows, or until until_ms. */
struct pending_effect {
	enum ipmi_power power; /* IPMI_POWER_UNKNOWN: none */
	int64_t until_ms;
	bool shows; /* reading `power` means that it has come */
};

struct bmc {
	struct transport *transport;
	char *name;
	struct session session;
	struct exchange exchange;
	struct operation *queue; /* the head runs */
	struct operation *spare; /* so that a steady round allocates nothing */
	uint64_t last_operation;
	uint32_t last_tag;
	struct pending_effect effect;

	unsigned depth; /* of calls that may end in a callback */
	bool freed;

	int64_t ok_ms, rtt_ms; /* -1: never */
	struct round_trips trips;
	enum ipmi_power power;
	int64_t power_ms;
	int64_t went_off_ms; /* last seen to go from on to off; -1: never */
	bool status_read;    /* in this session */
	bool device_asked, guid_asked;
	unsigned guid_doubts; /* sessions in a row lost over that question */

	bmc_guard_fn guard; /* NULL: none */
	void *guard_arg;
	char guard_text[BMC_TEXT_MAX]; /* why it did not allow */
	int64_t verify_gap_ms;
	bool has_device, has_guid;
	uint8_t device[15], guid[16];
};

/* --- bmc.c --- */
int64_t bmc_now(const struct bmc *bmc);
void bmc_wake(struct bmc *bmc); /* step soon, not now */
/* A guard waits for it: before anything else in a session. */
bool bmc_wants_guid(const struct bmc *bmc);
void bmc_enter(struct bmc *bmc);
void bmc_leave(struct bmc *bmc); /* the BMC may be gone afterwards */

/* --- session.c; each step returns whether it changed anything, and lowers
 *     *due_ms to when it wants to be called again --- */
bool bmc_session_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms);
void bmc_session_came_up(struct bmc *bmc);
void bmc_session_went_down(struct bmc *bmc, enum ipmi_rc why, const char *text);
/* Close and open anew at once: so that nothing under way is repeated. */
void bmc_session_restart(struct bmc *bmc, const char *why);
/* The same because there is no answer: more patience next time. */
void bmc_session_doubt(struct bmc *bmc, const char *why);
void bmc_session_hurry(struct bmc *bmc); /* somebody waits */
enum bmc_state bmc_session_state(const struct bmc *bmc);

/* --- exchange.c --- */
bool bmc_exchange_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms);
void bmc_exchange_start(struct bmc *bmc, enum exchange_use use);
/* True when the answer was to the read under way, which is over then. */
bool bmc_exchange_take(struct bmc *bmc, uint32_t tag,
		       enum exchange_use *ret_use, int64_t *ret_sent_ms);
/* Get Chassis Status: unknown unless the answer is whole and without error. */
enum ipmi_power bmc_exchange_read_power(const uint8_t *data, size_t len);

/* --- queue.c --- */
bool bmc_queue_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms);
/* Runs the head. */
bool bmc_queue_run(struct bmc *bmc, int64_t now_ms, int64_t *due_ms);
struct operation *bmc_operation_new(struct bmc *bmc, enum operation_kind kind,
				    int64_t deadline_ms);
uint64_t bmc_queue_add(struct bmc *bmc, struct operation *operation);
/* An operation that waits or runs goes on as a power-off. */
void bmc_queue_make_fence(struct bmc *bmc, struct operation *operation);
void bmc_queue_doom(struct bmc *bmc, enum ipmi_rc rc); /* all of it */
void bmc_queue_cancel_all(struct bmc *bmc);
/* Takes the operation out, calls back, frees it. */
void bmc_queue_finish(struct bmc *bmc, struct operation *operation,
		      enum ipmi_rc rc);
bool bmc_queue_has_fence(const struct bmc *bmc);

/* --- power.c --- */
bool bmc_power_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms);
/* The answer to a read for the operation at the head; may finish it. */
void bmc_power_take_read(struct bmc *bmc, int64_t sent_ms, const uint8_t *data,
			 size_t len);
/* The time of an operation is up: is there a next rung? */
bool bmc_power_climb(struct bmc *bmc, struct operation *operation);
void bmc_power_end(struct bmc *bmc, struct operation *operation,
		   enum ipmi_rc rc);
/* True when it was the answer to its command. */
bool bmc_power_take_control(struct bmc *bmc, uint32_t tag, uint8_t code);
void bmc_power_restart(struct operation *operation); /* parked: begin anew */
/* An "on" of ours may still take effect. */
bool bmc_power_awaits_on(const struct bmc *bmc);
enum ipmi_rc bmc_power_judge_deadline(const struct bmc *bmc,
				      const struct operation *operation);
/* Any answer to Get Chassis Status: remember it for displays. */
void bmc_power_see(struct bmc *bmc, const uint8_t *data, size_t len);

/* --- request.c --- */
bool bmc_request_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms);
/* The answer to the head; may finish it. */
void bmc_request_take(struct bmc *bmc, const uint8_t *data, size_t len);
enum ipmi_rc bmc_request_judge_deadline(const struct operation *operation);
void bmc_request_end(struct bmc *bmc, struct operation *operation,
		     enum ipmi_rc rc);

/* --- text.c --- */
void bmc_power_describe(const struct bmc *bmc, struct operation *operation);
/* Of the ends that are no fault of the operation's own. */
void bmc_describe_failure(const struct bmc *bmc, enum ipmi_rc rc, uint8_t code,
			  char ret_text[BMC_TEXT_MAX]);

#endif
