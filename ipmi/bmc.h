/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/bmc.h - one BMC: its session, its health, its identity.
 *
 * A session is opened when the BMC is created, kept warm by a probe of our
 * own and reopened on our own schedule; what is asked of the BMC (see
 * ipmi/power.h) waits in a queue, one operation at a time.
 *
 *	unknown --answer--> up <--> slow --no answer--> silent --answer--> up
 *   any --wrong user or password--> auth-failed --3 in a row--> quarantined
 *
 * Quarantined means that nothing is sent any more, because BMCs lock accounts:
 * until bmc_retry(), or BMC_QUARANTINE_MS later for one more attempt.
 *
 * Timeline of a BMC that falls silent, from the first message unanswered:
 *	0.1 s	a read is sent again (the mean round trip and four times its
 *		variation, at least two of it, 100 ms to 1 s; three times, then
 *		doubling)
 *	1.0 s	slow, and the session is doubted: closed, opened anew at once
 *	2.5 s	silent; a handshake is given BMC_CONNECT_MS, then tried again
 *		after 2, 5, 15, 60, 60 ... s, or at once when something is asked
 * Where many handshakes have to wait for each other (ipmi/window.c), both count
 * from when the BMC's own begins.
 *
 * All of it runs on one loop and one thread.
 */
#ifndef IPMI_BMC_H
#define IPMI_BMC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "ipmi/credentials.h"

enum {
	BMC_ADDRESS_MAX = 64, /* bytes of "ADDRESS:PORT" with the NUL */
	BMC_TEXT_MAX = 192,
	BMC_QUEUE_MAX = 16,    /* operations waiting for one BMC */
	BMC_AUTH_FAILURES = 3, /* in a row, then quarantine */
	BMC_QUARANTINE_MS = 600000,
	BMC_KEEPALIVE_MS = 25000, /* idle sessions die after 60 s, some at 30 */
	BMC_CONNECT_MS = 8000,    /* slow BMCs need 1 s for each RAKP step */
	BMC_SILENT_MS = 1500      /* of a handshake without an answer */
};

/* How an operation ended. */
enum ipmi_rc {
	IPMI_OK,
	IPMI_TIMEOUT,     /* no answer, or no second one, before the deadline */
	IPMI_AUTH,        /* the BMC does not take the user or the password */
	IPMI_NO_SESSION,  /* refused, out of sessions, or unreachable */
	IPMI_ALGORITHM,   /* the BMC does not do the cipher suite asked for */
	IPMI_STUCK,       /* the BMC answers, the chassis does not obey */
	IPMI_CC,          /* an error completion code, see the result */
	IPMI_BAD_REPLY,   /* an answer that is too short or makes no sense */
	IPMI_QUARANTINED, /* not even tried: too many wrong passwords */
	IPMI_WRONG_HOST,  /* nothing else was asked: see bmc_set_guard() */
	IPMI_CANCELLED,   /* by the caller, by a fence, or by bmc_free() */
	IPMI_RC_COUNT
};

/* Zero is unknown; nothing but an answer of the BMC makes it off. */
enum ipmi_power { IPMI_POWER_UNKNOWN, IPMI_POWER_OFF, IPMI_POWER_ON };

enum bmc_state {
	BMC_UNKNOWN, /* not tried long enough to say */
	BMC_UP,
	BMC_SLOW,
	BMC_SILENT,
	BMC_REFUSED, /* answers, but gives no session; see the error text */
	BMC_AUTH_FAILED,
	BMC_QUARANTINED
};

const char *ipmi_rc_name(enum ipmi_rc rc); /* "timeout" */
const char *ipmi_power_name(enum ipmi_power power);
const char *bmc_state_name(enum bmc_state state); /* "auth-failed" */

/* The IPMI of this process: one for each process (OpenIPMI's sockets are
 * global).  NULL and err when the library cannot be started. */
struct ipmi_env;
struct ipmi_env *ipmi_env_new(struct loop *loop, struct err *err);
void ipmi_env_free(struct ipmi_env *env); /* after all of its BMCs */

enum ipmi_privilege { IPMI_OPERATOR, IPMI_ADMINISTRATOR };

struct bmc_target {
	const char *address; /* see bmc_check_address() */
	/* The weakest that may be used: 17, or 3 for a BMC that refuses 17. */
	int cipher_suite;
	enum ipmi_privilege privilege; /* operator is enough for power */
};

struct bmc;

/* Everything is copied.  Opens the session by itself.  NULL and err when the
 * target is not acceptable; that a BMC does not answer is no such error. */
struct bmc *bmc_new_lan(struct ipmi_env *env, const struct bmc_target *target,
			const struct ipmi_account *account, struct err *err);

/* The BMC of this machine, by /dev/ipmiN: the same calls.  NULL and err when
 * there is no such device. */
struct bmc *bmc_new_local(struct ipmi_env *env, unsigned ifnum,
			  struct err *err);

/*
 * Is it the BMC that is meant?  Addresses get mixed up, and are given to
 * others.  Where there is a guard, a BMC is asked for its GUID first of all in
 * each session, and nothing is read or switched that the guard does not allow:
 * it ends with IPMI_WRONG_HOST.  `guid` is NULL when the BMC tells none.  The
 * guard is asked before each message; err is for a person.
 *
 * A BMC that answers all but this question tells none, after two sessions.
 */
typedef bool (*bmc_guard_fn)(void *arg, const uint8_t *guid, struct err *err);
void bmc_set_guard(struct bmc *bmc, bmc_guard_fn fn, void *arg);

/* Reads that prove something are at least so far apart, POWER_VERIFY_GAP_MS
 * unless told, and never less: longer than this BMC says "off" before it is true.  An operation
 * that begins later keeps to it, and its deadline must leave room. */
void bmc_set_verify_gap(struct bmc *bmc, int64_t ms);

/* Operations that wait or run are called back with IPMI_CANCELLED before this
 * returns; the session is closed.  May be called from a callback of the same
 * BMC, and with NULL. */
void bmc_free(struct bmc *bmc);

/* Ends an operation with IPMI_CANCELLED; one that has ended is ignored.  What
 * was sent stays sent: after cancelling a switch, the state is unknown. */
void bmc_cancel(struct bmc *bmc, uint64_t operation);

const char *bmc_name(const struct bmc *bmc); /* address, or "/dev/ipmi0" */

/* Leave quarantine (the operator has mended the account) or cut the waiting
 * for the next attempt short. */
void bmc_retry(struct bmc *bmc);

/* For displays and readiness, never for proof: what was seen last. */
struct bmc_health {
	enum bmc_state state;
	bool session;           /* there is one now */
	int cipher_suite;       /* of the session; 0: none */
	int64_t ok_age_ms;      /* since the last answer; -1: never */
	int64_t rtt_ms;         /* of the last answer; -1: none */
	unsigned auth_failures; /* in a row */
	unsigned sessions;      /* opened since the start */
	enum ipmi_power power;  /* as last read */
	int64_t power_age_ms;   /* -1: never read */
	bool has_device, has_guid;
	uint8_t device[15]; /* answer to Get Device ID without its code */
	uint8_t guid[16];   /* as sent by the BMC */
	const char *error;  /* last failure, "" since the last answer; valid
			       until the loop runs again */
};

void bmc_get_health(const struct bmc *bmc, struct bmc_health *ret_health);

/* "0102...": 32 digits and a NUL, in the order the BMC sends them. */
enum { BMC_GUID_TEXT = 33 };
void bmc_format_guid(const uint8_t guid[16], char ret_text[BMC_GUID_TEXT]);

/* "10.91.0.1:623", "[fd00::1]:623" or "bmc1.example:623"; 0, or -EINVAL and the
 * reason.  Fits config_option.check. */
int bmc_check_address(const char *address, struct err *err);

/*
 * A name is looked up when the first session is opened, and again when no
 * session came of its address; where DNS is silent then, the old one is tried.
 * So a fence over a warm session needs no DNS, but whoever answers for DNS can
 * lead the next session elsewhere: give such a BMC a guard.
 */
bool bmc_is_named(const char *address);

/* Ask this server ("127.0.0.1:53") instead of the system's. */
void ipmi_env_set_dns(struct ipmi_env *env, const char *server);

#endif
