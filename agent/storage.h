/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/storage.h - the datastores: one worker process for each, so that a
 * dead one costs nothing else.  The timeline is in agent/datastore.h.
 */
#ifndef AGENT_STORAGE_H
#define AGENT_STORAGE_H

#include "agent/settings.h"
#include "agent/source.h"
#include "common/loop.h"

struct storage;

struct storage_options {
	const struct settings *settings; /* kept */
	const struct report_host *self;  /* kept: uuid, boot_id, name */
	/* Row number of a datastore, for ever. */
	uint32_t (*index_of)(void *arg, const char *name);
	/* Its state is not what it was at the last call. */
	void (*changed)(void *arg, const char *name, uint32_t index,
			enum report_datastore_state state);
	/* Our heartbeat was written; the writing began then, by
	 * CLOCK_BOOTTIME.  May be NULL. */
	void (*written)(void *arg, int64_t began_ms);
	void *arg;
};

struct storage *storage_new(struct loop *loop,
			    const struct storage_options *options);
void storage_free(struct storage *storage);

/* Datastores and heartbeats. */
void storage_fill(const struct storage *storage, int64_t now_ms,
		  struct node_report *report);

/* The worst of all; false when no datastore is configured. */
bool storage_describe(const struct storage *storage, int64_t now_ms,
		      struct report_source *ret_row);

#endif
