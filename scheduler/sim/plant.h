/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/plant.h - bugs put around the mind on purpose: a storm that
 * does not find them proves nothing.
 *
 * Each is one of those that such products have had: a check left out, an old
 * fact taken for a new one, an end taken for another.  The mind itself is not
 * touched: what it sees is bent before, or what it wants after.
 */
#ifndef SCHEDULER_SIM_PLANT_H
#define SCHEDULER_SIM_PLANT_H

#include <stdbool.h>
#include <stdio.h>

/* From now on; NULL: none.  False: there is no such bug. */
bool plant_choose(const char *name);

/* Before each round. */
void plant_reset(void);

void plant_list(FILE *to);

#endif
