/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/uplinks.h - the links by which the host hangs at its networks.
 *
 *	a link changes			the kernel says so; read within
 *					UPLINKS_SETTLE_MS
 *	nothing changes			read every UPLINKS_PERIOD_MS
 *	the kernel does not answer	the worker is killed after
 *					UPLINKS_DEADLINE_MS, rows stay, the
 *					source grows old
 *	lldpd runs			asked every UPLINKS_LLDP_MS and after
 *					a change; LLDP_DEADLINE_MS at most
 *
 * A message of the kernel says only when to look: what there is comes out of
 * one dump, so a message that was lost costs nothing.
 */
#ifndef AGENT_UPLINKS_H
#define AGENT_UPLINKS_H

#include <jansson.h>

#include "agent/lldp.h"
#include "agent/settings.h"
#include "agent/source.h"
#include "common/loop.h"
#include "snmp-mib/node_detail.h"

enum {
	UPLINKS_PERIOD_MS = 5000,
	UPLINKS_SETTLE_MS = 200,
	UPLINKS_DEADLINE_MS = 4000,
	UPLINKS_LLDP_MS = 60000,
	UPLINKS_RATE_MIN_MS = 1000 /* shorter times give no rate */
};

struct uplinks;

/* Settings are kept; `changed`: rows came, went, or are not as they were. */
struct uplinks *uplinks_new(struct loop *loop, const struct settings *settings,
			    loop_fn changed, void *arg);
void uplinks_free(struct uplinks *uplinks);

void uplinks_fill(const struct uplinks *uplinks, struct node_detail *detail);
const struct source *uplinks_source(const struct uplinks *uplinks);

/* --- pure: rows out of links ------------------------------------------------
 */

/* What is kept of a row for the next reading. */
struct uplink_count {
	uint32_t index;
	uint64_t rx_bytes, tx_bytes;
	int64_t at_us;
	int32_t in_pm, out_pm;
};

struct uplink_table {
	struct detail_uplink *rows;
	size_t n;
	struct uplink_count *counts; /* one for each row */
};

void uplink_table_done(struct uplink_table *table);

/* Rows out of a reply of the worker "network"; `before` gives the counters of
 * earlier.  A link is a row if it is hardware (but no virtual function), a
 * bond or a team, if it is configured, if it carries the management, or if it
 * is a port of a bridge that carries VMs; taps and loopback never are. */
void uplink_table_make(const json_t *reply, const struct settings *settings,
		       const struct uplink_table *before,
		       struct uplink_table *ret_table);

/* Who is at the other end. */
void uplink_table_tell(struct uplink_table *table,
		       const struct lldp_neighbour *neighbours, size_t n);

/* The same but for what counts and measures. */
bool uplink_table_same(const struct uplink_table *a,
		       const struct uplink_table *b);

/* Per mille of a speed; UPLINK_UNKNOWN when it cannot be told. */
int32_t uplink_use(uint64_t before, uint64_t now, int64_t us,
		   int32_t speed_mbit);

#endif
