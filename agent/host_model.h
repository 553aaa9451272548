/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/host_model.h - the CPU that libvirt would give a guest by itself, out
 * of its XML.  Pure; the calls are made by agent/virt_worker.c.
 */
#ifndef AGENT_HOST_MODEL_H
#define AGENT_HOST_MODEL_H

#include <jansson.h>

/* The inside of <mode name='host-model' supported='yes' ...> of domain
 * capabilities, as the <cpu> that the baseline call takes.  The caller's;
 * NULL when there is none. */
char *host_model_extract(const char *capabilities);

/* Out of a <cpu> that has all its features named:
 * { "features": [names of the required ones], "model", "virt_type" };
 * NULL when it is no such XML: half a list would be taken for a poor CPU. */
json_t *host_model_describe(const char *cpu, const char *virt_type);

#endif
