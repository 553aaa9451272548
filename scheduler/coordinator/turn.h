/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/turn.h - one turn: freeze, decide, record, execute.
 */
#ifndef SCHEDULER_COORDINATOR_TURN_H
#define SCHEDULER_COORDINATOR_TURN_H

#include "scheduler/coordinator/coordinator.h"

void turn_take(struct coordinator *co, int64_t now_ms);

#endif
