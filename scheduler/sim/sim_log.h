/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/sim_log.h - the product's log in virtual time, in the place of
 * common/log.c.
 */
#ifndef SCHEDULER_SIM_SIM_LOG_H
#define SCHEDULER_SIM_SIM_LOG_H

#include <stdint.h>
#include <stdio.h>

/* NULL (preset): nothing is written. */
void sim_log_to(FILE *to);
/* The time that its lines begin with counts from there. */
void sim_log_from(int64_t base_ms);

#endif
