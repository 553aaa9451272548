/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/lease_book.h - when a host whose watchdog is armed is
 * surely dead.
 *
 * What its agent does (agent/lease.h): it sets the watchdog upon a contact, and
 * never later than bound_ms after the moment of that contact; it publishes
 * bound_ms.  A contact is a heartbeat it wrote to a datastore, which counts
 * from before the writing began, or a renewal of ours, which counts from when
 * the agent read it.  So the host is dead bound_ms after its last contact, and
 * the question is how late that can have been:
 *
 *	renewal		a number that is raised; the same again is no contact.
 *			One that was answered was a contact before its answer
 *			came, and no copy of it is one later.  One that was
 *			sent and not answered may lie in a queue, or before an
 *			agent that does not run just now, for any time; but
 *			only a host that lives can read it, that is bound_ms
 *			after all other contacts at the latest, so the host is
 *			dead after twice that.  Never is a higher number sent
 *			while one is not answered: there is one at most.
 *			lease.c sends right behind a heartbeat's answer, so
 *			that this is seldom the case
 *	our own start	what an earlier coordinator sent is not known: it may
 *			have been answered when we started, and one may be out
 *	heartbeat	it was on the datastore when it was a contact, and began
 *			before it was there.  Who reads the slot sees it change
 *			later than that; if at the beginning of its last reading
 *			the slot had stood still for bound_ms, no contact was
 *			made in this time.  Asked of each datastore where the
 *			host has a slot, by its name: one that nobody else
 *			reads may renew the lease unseen, and nothing is proved
 *
 * The later of these moments counts, and LEASE_MARGIN_MS for clocks.  Once it
 * has passed the host stays dead until something of it is heard; so that needs
 * no witness any more.
 *
 * "Armed" is recorded when the agent says that it holds the lease, and struck
 * out, on disk, before anything is sent that may change it, and when
 *
 *	it answers with another boot, or another agent does
 *	its libvirt or the SNMP master answers, and the agent does not: it may
 *	have been ended in good order without VMs, and that disarms
 *	it has other datastores than were recorded
 *	it answers after the moment at which it must have been dead
 *	its cluster has leases off
 *
 * What an earlier coordinator recorded of a host counts only if that one lost
 * it from sight: nobody knows what was done to the others while nobody looked.
 * It counts again when the agent says so.
 *
 * What it cannot see: somebody else who holds the account for writing, or who
 * disarms the watchdog at the console, within a third of the lease before the
 * end; a host that is suspended, whose watchdog, if it is not a BMC's, stands
 * still (agent/lease.h); a watchdog that does not obey.  A sign of life
 * outranks all of this (policy/judge.h).
 */
#ifndef SCHEDULER_COORDINATOR_LEASE_BOOK_H
#define SCHEDULER_COORDINATOR_LEASE_BOOK_H

#include "scheduler/coordinator/registry.h"
#include "scheduler/coordinator/store.h"

enum { LEASE_MARGIN_MS = 500 };

/* Fill the recorded part; reg->started_ms is when we began to ask. */
void lease_book_load(struct registry *reg, const struct store_lease *rows,
		     size_t n);

/* What lease.c tells: a renewal goes out; all that went out was answered. */
void lease_book_sent(struct registry *reg, size_t host);
void lease_book_answered(struct registry *reg, size_t host, int64_t at_ms);

/* Its agent says that it holds the lease, and the bound; 0: it does not. */
void lease_book_told(struct registry *reg, struct store *store, size_t host,
		     int64_t bound_ms);

/* It is not known to be armed any more.  False: it could not be written. */
bool lease_book_strike(struct registry *reg, struct store *store, size_t host);

/* Before each turn: strike out what is contradicted, note who is dead. */
void lease_book_look(struct registry *reg, struct store *store, int64_t now_ms,
		     int64_t wall_ms);

void lease_book_freeze(const struct registry *reg, size_t host, int64_t now_ms,
		       struct snap_host *out);

#endif
