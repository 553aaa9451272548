/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/site.h - a coordinator in a world: the daemon's own parts,
 * configured by a file, with a store on a disk, and killed as processes are.
 *
 * What is left out is what no decision hangs on: the API's socket, the view for
 * monitoring, the BMCs' logs and traps.
 */
#ifndef SCHEDULER_SIM_SITE_H
#define SCHEDULER_SIM_SITE_H

#include "common/err.h"
#include "scheduler/coordinator/coordinator.h"
#include "scheduler/sim/world.h"

struct site;

/* `folder` gets the configuration and the store, and is made anew. */
struct site *site_new(struct world *world, const char *folder);
void site_free(struct site *site);

/* The text of ironherd-coordinator.conf, hosts and accounts aside.  Before the
 * first start. */
void site_configure(struct site *site, const char *text);

int site_start(struct site *site, struct err *err);

/* As kill -9: what it wrote is on its disk, what it sent is on its way, and
 * nothing else is left. */
void site_kill(struct site *site);

/* It dies in the midst of a turn: after so many more commands were sent, 0:
 * before the first.  What was recorded of the others is never sent. */
void site_doom(struct site *site, unsigned commands);

/* It need not die any more. */
void site_spare(struct site *site);

bool site_runs(const struct site *site);

/* What it claims is to be said anew. */
void site_repeat_claims(struct site *site);

/* NULL when it does not run. */
struct coordinator *site_coordinator(struct site *site);

#endif
