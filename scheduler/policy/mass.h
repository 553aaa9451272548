/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/mass.h - many hosts at once: is it our own network, and how
 * many of those that failed are recovered.
 */
#ifndef SCHEDULER_POLICY_MASS_H
#define SCHEDULER_POLICY_MASS_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

/* Hosts of a cluster that may be silent or not; those proved off count for
 * neither. */
struct mass_silence {
	size_t silent, heard;
};

/* So many per cent of the cluster are silent together, without proof: more
 * likely it is our own network, and nobody is fenced. */
bool mass_is_silent(const struct snapshot *snap, size_t cluster,
		    struct mass_silence *ret_count);

/*
 * The verdict on a host that fails in this decision.  In each window only so
 * many failed hosts are recovered: a host has a place as long as its failure is
 * younger than the window, or VMs of it wait still; one that fails again keeps
 * its place.
 */
enum mass_verdict mass_judge(const struct draft *draft, size_t host);

/* Would it be recovered if it were powered off now?  Those that are being
 * powered off take a place, too. */
bool mass_will_have_place(const struct draft *draft, size_t host);

/* VMs that belong to the host, whatever they do. */
bool mass_has_vms(const struct draft *draft, size_t host);

#endif
