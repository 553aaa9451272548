/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/sim_time.h - virtual time: the clock and the loop of everything
 * that runs in a simulation.
 *
 * sim_time.c takes the place of common/clock.c and common/loop.c.  There is one
 * queue of timers, the world's and the product's alike, in the order of time
 * and then of their starting; the clock stands still but for the jumps from one
 * to the next.  So a run hangs on nothing but its inputs.
 */
#ifndef SCHEDULER_SIM_SIM_TIME_H
#define SCHEDULER_SIM_SIM_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"

/* Begin anew: time 0 of the simulation; earlier timers must be gone. */
void sim_time_reset(void);

/* ms since sim_time_reset(). */
int64_t sim_now_ms(void);

/* Move everybody's wall clock, or one's view of it; no timer moves. */
void sim_wall_jump(int64_t by_ms);

/* Call fn(arg) once, later; the function frees arg.  What is still to come at
 * the reset is dropped, and its arg given to free(). */
void sim_after(int64_t delay_ms, loop_fn fn, void *arg);

/* The product's process stands still for so long; the world goes on. */
void sim_pause(int64_t for_ms);

/* Let the next timer run, unless it is later than that.  False: nothing was
 * left to do, and the clock shows end_ms. */
bool sim_step(int64_t end_ms);

/* Timers that have run since the reset. */
uint64_t sim_steps(void);

#endif
