/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/packages.h - the CPU packages (sockets) of a machine, and in what
 * they differ: a part of another stepping, older microcode on one socket,
 * features switched off on some CPUs.  Any of it makes live migration and
 * guests that are moved from CPU to CPU go wrong.  Pure.
 */
#ifndef AGENT_PACKAGES_H
#define AGENT_PACKAGES_H

#include <jansson.h>

#include "snmp-mib/node_detail.h"

/* One online CPU, as the worker "machine" has seen it. */
struct cpu_sample {
	uint32_t cpu, package, core;
	char vendor[REPORT_NAME_LEN], model_name[REPORT_NAME_LEN];
	uint32_t family, model, stepping;
	char microcode[REPORT_NAME_LEN]; /* "0x2000065", "" */
	bool *marks; /* one for each of cpu_features[]; the owner's */
};

/*
 * [ { "package", "vendor", "model_name", "family", "model", "stepping",
 *     "microcode", "cores", "threads", "cpus": [numbers], "text" } ... ]
 * sorted by package.  "text" is "" where nothing differs, else in what this
 * package stands behind: an older microcode than another CPU of the same
 * signature has, features that some CPU of the machine has and one of these
 * has not, another signature than the first package has.  The microcode is
 * the oldest one of the package.
 */
json_t *packages_describe(const struct cpu_sample *samples, size_t n);

/* Rows but for what changes (agent/metal.h) and the index; at most
 * DETAIL_PACKAGES_MAX.  The caller frees *ret_rows. */
size_t packages_to_rows(const json_t *packages,
			struct detail_package **ret_rows);

#endif
