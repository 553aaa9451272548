/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/datastore.h - the state of one datastore from the times of its probes.
 * Pure: time is an argument.
 *
 * A probe (write the own slot, read the others') starts each second.  What
 * happens when storage goes away right after a good probe, and comes back:
 *
 *	0.0 s	last good probe ends			ok
 *	1.0 s	the next one starts and hangs
 *	1.5 s	DATASTORE_SLOW_MS			slow
 *	2.5 s	DATASTORE_STALE_MS without a good one	stale
 *	5.0 s	lost-ms without a good one		lost; inform is sent
 *	6.0 s	lost-ms after its start the probe is given up: its process
 *		is killed, but stays in the kernel until storage returns
 *	7 s...	another try every DATASTORE_RETRY_MS; at most
 *		WORKER_STUCK_MAX hang at a time
 *	back	the next try succeeds			ok; inform is sent
 */
#ifndef AGENT_DATASTORE_H
#define AGENT_DATASTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "snmp-mib/node_report.h"

enum {
	DATASTORE_PERIOD_MS = 1000,
	DATASTORE_SLOW_MS = 500,
	DATASTORE_STALE_MS = 2500,
	DATASTORE_RETRY_MS = 1000
};

struct datastore_times {
	int64_t lost_ms;    /* configured */
	int64_t started_ms; /* when we began to look */
	int64_t good_ms;    /* end of the last good probe; -1: never */
	int64_t asked_ms;   /* start of the probe under way; -1: none */
	int64_t took_ms;    /* of the last good one */
	bool read_only;     /* the last attempt to write said so */
};

enum report_datastore_state datastore_state(const struct datastore_times *times,
					    int64_t now_ms);

#endif
