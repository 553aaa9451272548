/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/watchdog_own.h - between the files of the worker "watchdog", which
 * alone touches the device: a write to it, or to a BMC that is busy, must not
 * hold the main loop.
 *
 *	watchdog.c		in the agent: the lease and its worker
 *	watchdog_worker.c	messages
 *	watchdog_file.c		/dev/watchdogN
 *	watchdog_bmc.c		the timer of the BMC
 *
 * What is left until the moment to fire is reckoned at the very call, and the
 * latest that it can fire right behind it.
 */
#ifndef AGENT_WATCHDOG_OWN_H
#define AGENT_WATCHDOG_OWN_H

#include "agent/lease.h"
#include "common/clock.h"
#include "common/loop.h"
#include "ipmi/watchdog.h"
#include "snmp-mib/node_report.h"

#define WATCHDOG_ROLE "watchdog"

enum {
	WATCHDOG_DEVICE_MS = 2000, /* for one call to a BMC */
	WATCHDOG_ASK_MS = 3000,    /* then the worker is killed */
	WATCHDOG_START_MS = 10000  /* of a LOOK: it has to be started first */
};

enum watchdog_op { WATCHDOG_LOOK, WATCHDOG_SET, WATCHDOG_CLEAR, WATCHDOG_OPS };

struct watchdog_ask {
	enum watchdog_op op;
	int64_t until_ms, sent_by_ms; /* as in struct lease_order */
	int64_t step_ms;              /* SET of a file: anew each */
	enum watchdog_action action;  /* SET of a BMC */
};

struct watchdog_answer {
	enum lease_result result;
	bool missing;     /* LEASE_FAILED: there is no such device */
	bool fired;       /* LOOK: it has, so that this boot came of it */
	int64_t fires_ms; /* SET */
	char name[REPORT_NAME_LEN]; /* LOOK */
	char text[REPORT_TEXT_LEN]; /* why not */
};

typedef void (*watchdog_answer_fn)(void *arg,
				   const struct watchdog_answer *answer);

static inline int64_t
watchdog_now_ms(void)
{
	return clock_boot_ms();
}

/* Answers come before the call returns. */
struct watchdog_file;
struct watchdog_file *watchdog_file_new(struct loop *loop, const char *path,
					const char *root);
/* Leaves it as it is: armed, if it was. */
void watchdog_file_free(struct watchdog_file *file);
void watchdog_file_ask(struct watchdog_file *file,
		       const struct watchdog_ask *ask,
		       struct watchdog_answer *ret_answer);

/* One ask at a time.  `open` gives the BMC, NULL when there is none. */
typedef struct bmc *(*watchdog_open_fn)(struct ipmi_env *env,
					const char *device, struct err *err);

struct watchdog_bmc;
struct watchdog_bmc *watchdog_bmc_new(struct loop *loop, const char *device,
				      watchdog_open_fn open);
void watchdog_bmc_free(struct watchdog_bmc *bmc);
void watchdog_bmc_ask(struct watchdog_bmc *bmc, const struct watchdog_ask *ask,
		      watchdog_answer_fn fn, void *arg);

/* The worker's main; tests have a BMC of their own. */
int watchdog_serve(int fd, watchdog_open_fn open);

#endif
