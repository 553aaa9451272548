/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/sim/scratch.h - a folder in memory for the coordinator's state. */
#ifndef SCHEDULER_SIM_SCRATCH_H
#define SCHEDULER_SIM_SCRATCH_H

/* The path, to be freed; ends the process when there can be none. */
char *scratch_new(void);
void scratch_empty(const char *path);
void scratch_remove(const char *path);

#endif
