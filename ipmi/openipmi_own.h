/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/openipmi_own.h - what the files around OpenIPMI's connections share;
 * nobody else includes it.
 */
#ifndef IPMI_OPENIPMI_OWN_H
#define IPMI_OPENIPMI_OWN_H

#include "ipmi/address.h"
#include "ipmi/os_handler.h"
#include "ipmi/rmcp.h"
#include "ipmi/transport.h"

/* Many BMCs have one account: one locked page is enough for it. */
struct shared_account {
	struct shared_account *next;
	unsigned refs;
	struct ipmi_account *account; /* in locked memory */
};

enum { WIRE_BUCKETS = 4096, WIRE_OPENING_MAX = 256, WIRE_PLACE_MS = 1500 };

struct wire_line {
	struct wire *first, **end;
};

struct ipmi_env {
	struct loop *loop;
	struct os_handler_s *handler;
	struct wire *wires[WIRE_BUCKETS]; /* by address */

	/* So many handshakes at a time; the others wait in line. */
	unsigned n_opening;
	struct wire_line waiting;
	struct wire_line silent;  /* waiting, too, behind them */
	struct wire_line opening; /* in a place, oldest first */
	struct loop_timer *places;
	bool look_planned; /* `places` runs, until look_ms */
	int64_t look_ms;
	struct shared_account *accounts;
	unsigned orphans; /* local connections that cannot be closed yet */

	struct resolver *resolver; /* NULL: no name was asked for yet */
	char *dns;                 /* NULL: the system's servers */
};

/* Found by name. */
struct named {
	char *name;
	uint16_t port;
	bool is_stale; /* ask anew: no session came of the address */
	struct resolve *resolving;
	char text[BMC_TEXT_MAX]; /* why there is no address */
};

/* A BMC's way, as long as the BMC. */
struct wire {
	struct transport transport; /* first */
	struct ipmi_env *env;
	struct wire *next; /* of its bucket */
	struct wire *line_next;
	enum { PLACE_NONE, PLACE_WAITING, PLACE_TAKEN } place;
	int64_t place_ms; /* taken since */
	int64_t begun_ms; /* the last handshake */
	bool was_silent;  /* then, for as long as a place is kept */
	struct loop_timer *tick;
	struct loop_timer *later; /* to tell the news from a clean stack */
	struct dial *dial;        /* NULL: closed */
	enum { NEWS_NONE, NEWS_UP, NEWS_REDIAL, NEWS_DOWN } news;
	enum ipmi_rc why; /* NEWS_DOWN: for this reason */
	const char *text;

	bool local;
	unsigned ifnum;
	struct ipmi_address address; /* of a name: family 0 until it is known */
	struct named *named;         /* NULL: it is numeric */
	struct shared_account *account;
	unsigned privilege;             /* OpenIPMI's number */
	const struct rmcp_suite *suite; /* asked for, or of the session */
	bool redialled;                 /* in this opening, with the other */
	bool may_suite_3, told_suite_3;
	bool slow_handshake; /* it needs more time between two sendings */
	bool needs_suite_3;  /* the last session: it refused 17, and took 3 */
};

enum {
	/* Between two sendings of the library's, also of RAKP, where BMCs need
	 * up to 1 s; and where one needs more. */
	DIAL_MESSAGE_MS = 1000,
	DIAL_MESSAGE_SLOW_MS = 3000
};

/* One connection of the library. */
struct dial {
	struct wire *wire; /* NULL: given up */
	struct ipmi_env *env;
	struct ipmi_con_s *con; /* NULL: closed */
	unsigned refs; /* the wire's, and one for each message under way */
	bool local;
	bool up;
	struct rmcp_progress progress;
	int64_t rakp_1_ms;   /* sent for the first time */
	bool rakp_1_repeats; /* by the library, before an answer came */
};

/* --- wire.c --- */
struct wire *ipmi_wire_new(struct ipmi_env *env);
bool ipmi_wire_is_opening(const struct wire *wire);

/* The connection is given up, soon; the first reason counts. */
void ipmi_wire_fail(struct wire *wire, enum ipmi_rc why, const char *text);

/* It has come to its place in the line. */
void ipmi_wire_begin(struct wire *wire);

/* --- named.c --- */
/* Takes the name. */
struct named *ipmi_named_new(char *name, uint16_t port);
void ipmi_named_free(struct named *named); /* NULL is fine, as below */
/* True: ipmi_wire_open_now() or ipmi_wire_fail() follows. */
bool ipmi_named_ask(struct wire *wire);
bool ipmi_named_is_asking(const struct wire *wire);
void ipmi_named_cancel(struct wire *wire);
void ipmi_named_was_right(struct wire *wire); /* a session came of it */
/* Its name is known: as if it were opened now. */
void ipmi_wire_open_now(struct wire *wire);

/* --- openipmi.c --- */
/* It is at another address now. */
void ipmi_env_move(struct ipmi_env *env, struct wire *wire,
		   const struct ipmi_address *address);
/* Another one is opening a session to the same address and port. */
bool ipmi_env_is_busy_at(struct ipmi_env *env, const struct wire *wire);
void ipmi_env_add(struct ipmi_env *env, struct wire *wire);
void ipmi_env_forget(struct ipmi_env *env, const struct wire *wire);

/* --- handshake.c --- */
/* A packet of a handshake under way; false: to be dropped. */
bool ipmi_wire_note(struct wire *wire, const struct rmcp_packet *packet);

/* --- window.c --- */
void ipmi_window_init(struct ipmi_env *env);
void ipmi_window_done(struct ipmi_env *env);
/* True: a place is taken; false: ipmi_wire_begin() follows. */
bool ipmi_window_enter(struct wire *wire);
void ipmi_window_leave(struct wire *wire); /* also out of the line */

#endif
