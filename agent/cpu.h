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

#include "agent/cpu_features.h"
#include "agent/packages.h"
#include "common/err.h"

/*
 * { "vendor", "model_name", "family", "model", "stepping", "microcode",
 *   "uniform", "online", "features": [names], "packages" (agent/packages.h),
 *   "trouble" }
 * "trouble" is there when some CPU could not be read: then "uniform" is
 * false, since nothing is known of that one.
 */
json_t *cpu_read(const char *root, struct err *err);

/* The same out of the text of a /proc/cpuinfo; -EINVAL and NULL when no
 * processor is in it. */
json_t *cpu_parse_info(const char *text, struct err *err);

/* Out of the same text, for samples that have none yet. */
void cpu_add_microcode(const char *text, struct cpu_sample *samples, size_t n);

/* --- pure ----------------------------------------------------------------- */

/* With room for marks; zeroes. */
struct cpu_sample *cpu_samples_new(size_t n);
void cpu_samples_free(struct cpu_sample *samples);

/* The answer of cpu_read() out of one CPU or more. */
json_t *cpu_describe(const struct cpu_sample *samples, size_t n);

/* Registers of a leaf of CPUID; those of an unknown leaf stay zero. */
typedef void (*cpu_leaf_fn)(void *arg, uint32_t leaf, uint32_t subleaf,
			    uint32_t ret_regs[CPU_REGISTERS]);
void cpu_mark_features(cpu_leaf_fn ask, void *arg, bool *ret_marks);

/* Family, model and stepping out of EAX of leaf 1. */
void cpu_decode_signature(uint32_t eax, struct cpu_sample *sample);

/* Names of the marked ones of cpu_features[], as an array. */
json_t *cpu_name_features(const bool *marks);

/* "0-3,8" into a list of at most `room` numbers; how many, or -EINVAL. */
int cpu_parse_list(const char *text, unsigned *ret_cpus, size_t room);

#endif
