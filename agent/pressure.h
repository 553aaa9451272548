/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/pressure.h - the kernel wakes us when tasks wait for a resource,
 * rather than we it with questions.
 *
 * One PSI trigger for each of CPU, memory and I/O: when some task waited for
 * PRESSURE_STALL_US within a window of PRESSURE_WINDOW_US, `woken` is called,
 * at most once in a window.  Windows that are multiples of 2 s need no
 * privilege.  Kernel: Documentation/accounting/psi.rst, "Monitoring for
 * pressure thresholds".
 */
#ifndef AGENT_PRESSURE_H
#define AGENT_PRESSURE_H

#include "common/loop.h"

enum { PRESSURE_STALL_US = 200000, PRESSURE_WINDOW_US = 2000000 };

struct pressure;

/* NULL where the kernel has no triggers (no PSI, or `root` is a recorded
 * tree): the numbers are read by time alone then. */
struct pressure *pressure_new(struct loop *loop, const char *root,
			      loop_fn woken, void *arg);
void pressure_free(struct pressure *pressure);

#endif
