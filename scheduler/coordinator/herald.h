/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/herald.h - tells monitoring, by SNMP, what the
 * coordinator knows.
 *
 * net-snmp's state is global and the coordinator's own process is a manager,
 * so the agent's side lives in a worker ("voice").  It gets a whole view each
 * HERALD_PERIOD_MS and answers from the last one:
 *
 *	coordinator killed		the worker dies with it
 *	coordinator stuck or stopped	no view for HERALD_SILENCE_S: the worker
 *					ends, rather than to tell old things
 *	worker killed or hanging	a new one with the next view
 */
#ifndef SCHEDULER_COORDINATOR_HERALD_H
#define SCHEDULER_COORDINATOR_HERALD_H

#include <jansson.h>

#include "scheduler/coordinator/coordinator.h"

#define HERALD_ROLE "voice"

enum {
	HERALD_PERIOD_MS = 1000, /* and one more for each host */
	HERALD_DEADLINE_MS = 5000,
	HERALD_RETRY_MS = 10000, /* after a failure */
	HERALD_SILENCE_S = 15
};

/* Nothing when the configuration says off. */
int herald_open(struct coordinator *co, struct err *err);
void herald_close(struct coordinator *co);

/* The worker: {made_ms, silence_s, how: {agentx | listen, account,
 * credentials, engine}, view} -> {} or {error}. */
int herald_serve(int fd);

/* How to serve, for that message. */
json_t *herald_how(const struct settings *settings);

#endif
