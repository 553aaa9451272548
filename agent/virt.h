/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/virt.h - the VMs of this host as libvirt knows them.
 *
 * A worker process speaks to libvirt.  When it does not answer in time it is
 * killed and started anew; the VMs shown stay those of the last good reading,
 * and the source's age says how old they are.
 *
 *	every period-ms, and VIRT_EVENT_MS after an event	read
 *	deadline-ms without an answer			kill, source fails
 *	VIRT_RETRY_MS later				next try
 *
 * What guests may use of the CPU, and which named models, is asked for by a
 * second worker of the same kind that lives for that answer only: the first
 * such question after an installation makes libvirt probe QEMU for seconds.
 */
#ifndef AGENT_VIRT_H
#define AGENT_VIRT_H

#include <jansson.h>

#include "agent/index.h"
#include "agent/settings.h"
#include "agent/source.h"
#include "common/loop.h"

enum {
	VIRT_EVENT_MS = 20,
	VIRT_RETRY_MS = 500,
	VIRT_CAPABILITIES_PERIOD_MS = 3600000,
	VIRT_CAPABILITIES_RETRY_MS = 15000,
	VIRT_CAPABILITIES_DEADLINE_MS = 60000
};

struct virt_source;
struct guests;

struct virt_options {
	const struct settings *settings; /* kept */
	struct index *index;             /* kept */
	struct guests *guests;           /* kept; told of VMs and events */
	loop_fn changed;                 /* a reading brought news */
	/* A VM died that nobody stopped. */
	void (*crashed)(void *arg, const struct report_vm *vm);
	void *arg;
};

struct virt_source *virt_new(struct loop *loop,
			     const struct virt_options *options);
void virt_free(struct virt_source *virt);

/* VMs, and the number that grows whenever one of them changed its life. */
void virt_fill(const struct virt_source *virt, struct node_report *report);
uint32_t virt_revision(const struct virt_source *virt);
/* Names of the features that guests may use, NULL as long as unknown. */
const json_t *virt_features(const struct virt_source *virt);
/* Its named models, as agent/named_models.h has them; NULL as long as unknown.
 * The same object as long as nothing changes in them; so are the features. */
const json_t *virt_models(const struct virt_source *virt);
/* libvirt's name of the model nearest to these; "" when not known. */
const char *virt_host_model(const struct virt_source *virt);
const struct source *virt_vm_source(const struct virt_source *virt);
const struct source *virt_capabilities_source(const struct virt_source *virt);
/* Process id of the worker, 0 for none. */
int virt_pid(const struct virt_source *virt);

/* --- the worker's message as rows; pure but for the index ----------------- */

struct virt_reading {
	struct report_vm *vms; /* sorted by index */
	size_t n;
	int64_t at_us;
};

/* -EPROTO when it is no list of VMs; VMs without a UUID are left out. */
int virt_parse(const json_t *reply, struct index *index,
	       const struct virt_reading *before,
	       struct virt_reading *ret_reading);
/* Did a VM come, go, start, stop or get another definition? */
bool virt_lives_differ(const struct virt_reading *a,
		       const struct virt_reading *b);
const struct report_vm *virt_find(const struct virt_reading *reading,
				  uint32_t index);

#endif
