/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/agent.h - the agent as a whole: collectors, the report made of them,
 * the voice that answers with it, the notices.
 *
 * A report is posted when something changed, but not within AGENT_POST_MIN_MS
 * of the last, and at least every AGENT_POST_MAX_MS: its growing sample number
 * tells the coordinator that the main loop lives, not only the SNMP thread.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/settings.h"
#include "common/err.h"
#include "common/loop.h"

enum {
	AGENT_POST_MIN_MS = 250,
	AGENT_POST_MAX_MS = 1000,
	AGENT_STOP_WAIT_MS = 2000 /* for the last inform */
};

struct agent;

/* Settings are kept.  Errors are those that no waiting mends: no identity, the
 * SNMP port in use, no state folder. */
int agent_new(struct loop *loop, const struct settings *settings,
	      struct agent **ret_agent, struct err *err);
void agent_free(struct agent *agent);

/* Say that we are stopping, wait for the inform's delivery, stop the loop; the
 * second call stops it at once. */
void agent_stop(struct agent *agent);

#endif
