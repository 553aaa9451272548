/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/inspect.h - what an operator asks of a BMC besides
 * power: how much it draws, where it stands, what its sensors and its log say.
 *
 * Sensors and logs take many requests, each of which queues anew at the BMC: a
 * fence goes before any of them.  Of each host one reading of either kind is
 * under way; whoever asks meanwhile gets the same answer, so that no number of
 * operators fills the queue of a BMC.
 */
#ifndef SCHEDULER_COORDINATOR_INSPECT_H
#define SCHEDULER_COORDINATOR_INSPECT_H

#include "ipmi/sel.h"
#include "ipmi/sensors.h"
#include "scheduler/coordinator/api.h"

struct coordinator;

enum {
	/* The command waits 15 s longer. */
	INSPECT_DEADLINE_MS = 60000,
	INSPECT_LEAST_MS = 2000,
	INSPECT_SILENT_MS = 5000 /* of a BMC without a session */
};

/* Of struct api_ops; `arg` is the coordinator. */
void inspect_watts(void *arg, const char *host, struct api_reply *reply);
void inspect_sensors(void *arg, const char *host, struct api_reply *reply);
void inspect_sel(void *arg, const char *host, unsigned n,
		 struct api_reply *reply);
void inspect_identify(void *arg, const char *host, const struct api_lamp *lamp,
		      struct api_reply *reply);

/* Ends what is under way; before the BMCs go. */
void inspect_close(struct coordinator *co);

/* --- pure (inspect_json.c) ----------------------------------------------- */

/* What is not known is null or left away, never 0 or "ok". */
json_t *inspect_sensors_json(const char *host,
			     const struct sensors_result *result);
/* The last `n` entries of it. */
json_t *inspect_sel_json(const char *host, const struct sel_result *result,
			 size_t n);

#endif
