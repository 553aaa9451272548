/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/cpu_speed.h - how fast the CPU packages run, and how often they were
 * throttled by heat.  Runs in the worker "metal": to tell a frequency the
 * kernel wakes the CPU, and on many cores that takes a while.
 */
#ifndef AGENT_CPU_SPEED_H
#define AGENT_CPU_SPEED_H

#include <jansson.h>

enum { CPU_SPEED_SAMPLES = 16 }; /* CPUs of a package asked for frequency */

/*
 * Appends { "package", "mhz", "max_mhz", "throttles" } for each package with
 * CPUs online.  mhz is the mean of some of its cores; what the machine does
 * not tell is 0.  A core counts once, by the first of its threads.
 */
void cpu_speed_read(const char *root, json_t *packages);

#endif
