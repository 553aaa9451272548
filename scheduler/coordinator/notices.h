/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/notices.h - what agents tell unasked: received,
 * recorded, followed up by a reading of the host.
 *
 * A notice is never proof; it makes us look.  What comes within
 * NOTICES_BATCH_MS is recorded in one transaction, so that a thousand hosts
 * that lose one datastore cost one write to the disk and not a thousand.
 */
#ifndef SCHEDULER_COORDINATOR_NOTICES_H
#define SCHEDULER_COORDINATOR_NOTICES_H

#include <jansson.h>

#include "scheduler/coordinator/coordinator.h"
#include "snmp-mib/notice.h"

enum { NOTICES_BATCH_MS = 20, NOTICES_BATCH_MAX = 1024 };

/* After snmp_engine_start(); nothing is received without inform-listen. */
int notices_open(struct coordinator *co, struct err *err);
void notices_close(struct coordinator *co);

/* How many, of which kinds; null when none are received. */
json_t *notices_to_json(const struct coordinator *co);

/* For tests: as if one had been received. */
void notices_take(void *arg, const struct node_notice *notice);

#endif
