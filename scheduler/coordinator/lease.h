/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/lease.h - turns the watchdog leases of hosts on or off
 * as their clusters have it, and renews those that are on.
 *
 *	host reached	its number of the last renewal is read, the lease-ms
 *			and the lease itself; what differs is set
 *	then, each third of the lease
 *			the number is raised by one
 *	no answer	the next number is raised once more: a copy of this one
 *			may still come, and be no contact then
 *	refused		(somebody else raised it) read again
 *	cluster has it off
 *			read once, and turned off where it is on
 *
 * Hosts take their turns evenly over the period.  Nothing is concluded from
 * any of it: that a host is dead is not proved here.
 */
#ifndef SCHEDULER_COORDINATOR_LEASE_H
#define SCHEDULER_COORDINATOR_LEASE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"
#include "scheduler/coordinator/settings.h"
#include "snmp-mib/poller.h"

enum { LEASE_OFF_PERIOD_MS = 10000 }; /* until it was seen to be off */

struct leases_options {
	const struct settings *settings; /* kept */
	struct poller *poller;           /* has the accounts */
	/* Its agent answers just now. */
	bool (*reached)(void *arg, size_t host);
	/* What is wrong with the renewing, "": nothing any more. */
	void (*trouble)(void *arg, size_t host, const char *text);
	void *arg;
};

struct leases;

/* 0, or the reason why a host cannot be asked. */
int leases_new(struct loop *loop, const struct leases_options *options,
	       struct leases **ret_leases, struct err *err);
void leases_free(struct leases *leases);

#endif
