/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/named_models.h - the CPU models that libvirt has names for, and whether
 * guests may have them here, out of its XML.  Pure; the calls are made by
 * agent/virt_worker.c.
 */
#ifndef AGENT_NAMED_MODELS_H
#define AGENT_NAMED_MODELS_H

#include <jansson.h>
#include <stdbool.h>

enum {
	NAMED_MODELS_MAX = 254,
	NAMED_WORDS_MAX = 8192 /* names of one model's features, with blanks */
};

/* Out of domain capabilities:
 * [ { "name", "usable": true | false, "blockers": "avx2 bmi1 ..." } ], as
 * "blockers" only where libvirt names them, as newer ones do.  Models of which
 * it does not know whether they are usable are left out.  Empty when there are
 * none or it is no such XML.  *ret_expand: is this a machine whose
 * models have features with names? */
json_t *named_models_read(const char *capabilities, bool *ret_expand);

/* The <cpu> that the baseline call takes.  The caller's. */
char *named_model_cpu(const json_t *model);

/* Adds "features": "apic clflush ..." out of a <cpu> that has all features
 * named; nothing when it is no such XML or too long: half a list would be
 * taken for another model. */
void named_model_describe(const char *cpu, json_t *model);

#endif
