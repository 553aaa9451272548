/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/lease.h - turns the watchdog leases of hosts on or off
 * as their clusters have it, and renews those that are on.
 *
 *	host reached	its number of the last renewal is read, the lease-ms
 *			and the lease itself; what differs is set
 *	then, each third of the lease
 *			the number is raised by one, right behind a heartbeat:
 *			a host that dies is then seldom owed an answer
 *	answered	is it armed, and by when must it have fired?  That is
 *			told to lease_book.h
 *	no answer	read again: where the number is as it was, the same one
 *			is sent again, for a copy may still come.  Never is a
 *			higher one sent before
 *	refused		(somebody else raised it) read again
 *	cluster has it off
 *			read once, and turned off where it is on
 *
 * Hosts take their turns evenly over the period.  Nothing is concluded from
 * any of it here: what it proves is in lease_book.h.
 */
#ifndef SCHEDULER_COORDINATOR_LEASE_H
#define SCHEDULER_COORDINATOR_LEASE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"
#include "scheduler/coordinator/settings.h"
#include "snmp-mib/poller.h"

enum {
	LEASE_OFF_PERIOD_MS = 10000, /* until it was seen to be off */
	LEASE_NEAR_MS = 200          /* so young the last heartbeat is */
};

struct leases_options {
	const struct settings *settings; /* kept */
	struct poller *poller;           /* has the accounts */
	/* Since its agent's last heartbeat; -1: it does not answer now. */
	int64_t (*heard_ms)(void *arg, size_t host);
	/* What it is known to promise may not hold any more; false: that could
	 * not be noted, do not change it now. */
	bool (*strike)(void *arg, size_t host);
	/* A renewal goes out; none is out any more. */
	void (*sent)(void *arg, size_t host);
	void (*answered)(void *arg, size_t host, int64_t at_ms);
	/* So long after the last contact it has fired; 0: it is not armed. */
	void (*told)(void *arg, size_t host, int64_t bound_ms);
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
