/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/cpu_models.h - the CPU models that matter to this host, as sets of the
 * rows of the feature table: what all of its CPUs have, and what libvirt gives
 * a guest that asks for the host's model.
 */
#ifndef AGENT_CPU_MODELS_H
#define AGENT_CPU_MODELS_H

#include "snmp-mib/node_detail.h"

/* Rows of report->detail out of report->features.  `host_model` is libvirt's
 * name of what is nearest, "" when it is not known; then, and before the CPUs
 * were read, the row is missing. */
void cpu_models_fill(const char *host_model, struct node_report *report);

#endif
