/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/coordinator.h - the parts of the daemon, wired.
 *
 * The turn: freeze -> decide -> record -> execute, each TURN_PERIOD_MS and
 * shortly after anything that was seen or that ended.
 */
#ifndef SCHEDULER_COORDINATOR_COORDINATOR_H
#define SCHEDULER_COORDINATOR_COORDINATOR_H

#include "common/err.h"
#include "common/loop.h"
#include "scheduler/coordinator/api.h"
#include "scheduler/coordinator/ops.h"
#include "scheduler/coordinator/registry.h"
#include "scheduler/coordinator/store.h"
#include "scheduler/coordinator/virt.h"

enum { TURN_PERIOD_MS = 250, TURN_SOON_MS = 5 };

struct bmc_logs;
struct herald;
struct leases;
struct look;
struct notices;
struct pets;
struct poll;
struct power;
struct soft;

struct coordinator {
	const struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct registry reg;
	const struct ops *ops;

	struct virt *virt;
	struct power *power;       /* power.h: the BMCs */
	struct soft *softs;        /* soft.h: systems that are shutting down */
	struct look *looks;        /* inspect.h: sensors and logs being read */
	struct pets *pets;         /* pet.h: the BMCs' traps */
	struct bmc_logs *bmc_logs; /* bmc_log.h */
	struct poll *poll;         /* poll.h: heartbeats, reports */
	struct notices *notices;   /* notices.h: informs */
	struct leases *leases;     /* lease.h; NULL in a dry run */
	struct api *api;
	struct loop_timer *turn;
	struct herald *herald; /* herald.h: NULL when nothing is served */
};

/* Build everything in order; on failure what was built is undone. */
int coordinator_open(const struct settings *settings, struct loop *loop,
		     const struct ops *ops, struct coordinator **ret_co,
		     struct err *err);
void coordinator_close(struct coordinator *co);

/* Something changed: take a turn soon. */
void coordinator_wake(struct coordinator *co);

/* There are new events: tell those who follow them. */
void coordinator_tell(struct coordinator *co);

#endif
