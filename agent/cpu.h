/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/cpu.h - the processors: identity, microcode, and the features that
 * every online CPU has.  Runs in the worker "machine".
 *
 * On the machine itself the CPUID instruction is executed on each online CPU
 * (hybrid parts and a socket with older microcode differ), and the sets are
 * intersected.  CPUID rather than /proc/cpuinfo: the latter has names of its
 * own for a part of the bits only and drops what the kernel switched off for
 * itself, though guests may have it; what guests really get is libvirt's
 * answer, the set "usable".  Of a recorded tree there is only cpuinfo.
 */
#ifndef AGENT_CPU_H
#define AGENT_CPU_H

#include <jansson.h>
#include <stdbool.h>

#include "common/err.h"

/*
 * { "vendor", "model_name", "family", "model", "stepping", "microcode",
 *   "uniform", "online", "features": [names], "trouble" }
 * "trouble" is there when some CPU could not be read: then "uniform" is
 * false, since nothing is known of that one.
 */
json_t *cpu_read(const char *root, struct err *err);

/* The same out of the text of a /proc/cpuinfo; -EINVAL and NULL when no
 * processor is in it. */
json_t *cpu_parse_info(const char *text, struct err *err);

/* Names of the marked ones of cpu_features[], as an array. */
json_t *cpu_name_features(const bool *marks);

/* "0-3,8" into a list of at most `room` numbers; how many, or -EINVAL. */
int cpu_parse_list(const char *text, unsigned *ret_cpus, size_t room);

#endif
