/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/poll.h - the eyes: heartbeats and reports.
 *
 * Each host has its own phase in the period, from a hash of its name, so that
 * a thousand hosts are asked evenly and not in one burst.
 */
#ifndef SCHEDULER_COORDINATOR_POLL_H
#define SCHEDULER_COORDINATOR_POLL_H

#include "scheduler/coordinator/coordinator.h"

int poll_open(struct coordinator *co, struct err *err);
/* For others that ask by SNMP; it lives until poll_close(). */
struct poller *poll_poller(const struct coordinator *co);
void poll_close(struct coordinator *co);

/* Read the whole report of a host now (or once the present one is in). */
void poll_report_soon(struct coordinator *co, size_t host);

/* A host fell silent: have the others say how old its datastore heartbeat is,
 * and which VMs came to them. */
void poll_witnesses(struct coordinator *co, size_t host);

#endif
