/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/cpu_models.h - the CPU models that matter to this host, as sets of the
 * rows of the feature table: what all of its CPUs have, what libvirt gives a
 * guest that asks for the host's model, and the models that libvirt has names
 * for, with what keeps guests from having them here.
 */
#ifndef AGENT_CPU_MODELS_H
#define AGENT_CPU_MODELS_H

#include <jansson.h>

#include "agent/index.h"
#include "snmp-mib/node_detail.h"

/* Remembers the rows of the named ones: they are computed anew only when the
 * parts below are other objects than the last time. */
struct cpu_models;

struct cpu_models_parts {
	const char *host_model; /* libvirt's name of it, "" when not known */
	const json_t *hardware, *usable; /* what report->features is made of */
	const json_t *named;  /* agent/named_models.h; NULL: not known */
	const char *baseline; /* the name of one of them; "" for none */
};

struct cpu_models *cpu_models_new(struct index *index); /* kept */
void cpu_models_free(struct cpu_models *models);

/* Rows of report->detail out of report->features, which is sorted by name.
 * What is not known has no row. */
void cpu_models_fill(struct cpu_models *models,
		     const struct cpu_models_parts *parts,
		     struct node_report *report);

#endif
