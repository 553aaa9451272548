/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/coordinator/inspect.h - what an operator asks of a BMC besides
 * power: how much it draws, and where it stands. */
#ifndef SCHEDULER_COORDINATOR_INSPECT_H
#define SCHEDULER_COORDINATOR_INSPECT_H

#include "scheduler/coordinator/api.h"

/* Of struct api_ops; `arg` is the coordinator. */
void inspect_watts(void *arg, const char *host, struct api_reply *reply);
void inspect_identify(void *arg, const char *host, const struct api_lamp *lamp,
		      struct api_reply *reply);

#endif
