/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/admission.h - would the loss of hosts leave room for all?
 *
 * Not by arithmetic: the VMs with HA of the lost hosts are placed on the
 * others, the biggest first, each on the first host that may take it, with all
 * rules and all that is taken, on its way and kept there.  One or two lost
 * hosts are tried in every combination; more only among those that are worst
 * to lose.
 */
#ifndef SCHEDULER_POLICY_ADMISSION_H
#define SCHEDULER_POLICY_ADMISSION_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

enum { ADMISSION_HOSTS_MAX = 64 }; /* lost together */

struct admission {
	bool survives;
	size_t lost[ADMISSION_HOSTS_MAX], n_lost; /* the hosts tried last */
	size_t vm; /* the first without a place, or NO_HOST */
};

/* After the loss of any `hosts` of the cluster's hosts. */
struct admission admission_try(const struct draft *draft, size_t cluster,
			       unsigned hosts);

/* True when one more start, of this VM on that host, would leave the cluster
 * unable to survive what it has to; `why` says so.  Recovery does not ask: the
 * room is kept for it. */
bool admission_refuses(const struct draft *draft, size_t vm, size_t host,
		       char why[REASON_LEN]);

/* The same for an operator's order, before it is recorded: wherever the VM
 * would be started.  Also true when no host could take it.  What is meant to
 * run already is not refused, nor is anything where no loss has to be survived.
 */
bool admission_refuses_order(const struct snapshot *snap, size_t vm,
			     char why[REASON_LEN]);

/* Alarms of the clusters that would not survive just now. */
void raise_admission(struct draft *draft);

#endif
