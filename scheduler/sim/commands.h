/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/sim/commands.h - the commands of ironherd-sim; each returns its
 * exit status. */
#ifndef SCHEDULER_SIM_COMMANDS_H
#define SCHEDULER_SIM_COMMANDS_H

int sim_cases(int argc, char *argv[]);
int sim_storm(int argc, char *argv[]);

#endif
