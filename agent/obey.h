/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/obey.h - does what is set over SNMP, and keeps it in the state folder.
 */
#ifndef AGENT_OBEY_H
#define AGENT_OBEY_H

#include <jansson.h>

#include "agent/settings.h"
#include "agent/source.h"
#include "common/loop.h"
#include "snmp-mib/detail_lease.h"
#include "snmp-mib/voice.h"

struct obey;

struct obey_options {
	const struct settings *settings; /* kept */
	const char *boot_id;             /* kept */
	void (*changed)(void *arg);      /* something for the next report */
	/* A VM's dirty rate is to be measured; NULL: nobody can. */
	void (*measure)(void *arg, uint32_t vm);
	void *arg;
};

/* The file "control" of the state folder, which is there. */
struct obey *obey_new(struct loop *loop, const struct obey_options *options);
void obey_free(struct obey *obey); /* the voice does not run any more */

/* For the voice. */
const struct voice_writer *obey_writer(struct obey *obey);

/* The CPU models that libvirt knows here (agent/named_models.h), NULL: not
 * known; for each report. */
void obey_models(struct obey *obey, const json_t *models);

/* Our heartbeat is on a datastore; at_ms is CLOCK_BOOTTIME. */
void obey_heartbeat(struct obey *obey, int64_t at_ms);

/* Call back when the agent may end, see watchdog.h. */
void obey_end(struct obey *obey, bool vms_run, loop_fn fn, void *arg);

/* What is set by now. */
const struct detail_control *obey_set(const struct obey *obey);
void obey_fill(const struct obey *obey, struct detail_lease *ret_lease);
/* Of the lease; NULL while it is off. */
const struct source *obey_source(const struct obey *obey);

#endif
