/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/cpu_features.h - which bit of CPUID has which name.
 */
#ifndef AGENT_CPU_FEATURES_H
#define AGENT_CPU_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cpu_register { CPU_EAX, CPU_EBX, CPU_ECX, CPU_EDX, CPU_REGISTERS };

struct cpu_feature {
	const char *name;
	const char *aliases; /* separated by blanks, "" for none */
	uint32_t leaf, subleaf;
	enum cpu_register reg;
	unsigned bit;
};

extern const struct cpu_feature cpu_features[];
extern const size_t n_cpu_features;

/* By name or alias; NULL for a name that is no CPUID bit. */
const struct cpu_feature *cpu_feature_find(const char *name);

#endif
