/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/assemble.h - one report out of what the collectors have.
 */
#ifndef AGENT_ASSEMBLE_H
#define AGENT_ASSEMBLE_H

#include "agent/collect_bmc.h"
#include "agent/collect_host.h"
#include "agent/cpu_models.h"
#include "agent/entities.h"
#include "agent/guests.h"
#include "agent/machine.h"
#include "agent/memory_use.h"
#include "agent/metal.h"
#include "agent/mounts.h"
#include "agent/notifier.h"
#include "agent/obey.h"
#include "agent/power_states.h"
#include "agent/settings.h"
#include "agent/storage.h"
#include "agent/uplinks.h"
#include "agent/virt.h"

/* Collectors that are not there (no BMC, no datastore) are NULL. */
struct parts {
	const struct settings *settings;
	const struct collect_host *host;
	const struct machine *machine;
	const struct virt_source *virt;
	const struct guests *guests;
	const struct storage *storage;
	const struct collect_bmc *bmc;
	const struct uplinks *uplinks;
	const struct mounts *mounts;
	const struct notifier *notifier;
	const struct metal *metal;
	const struct memory_use *memory;
	struct entities *entities; /* remembers from report to report */
	struct cpu_models *models; /* remembers, too */
	struct power_states *power;
	const struct obey *obey;
};

/* What goes on from report to report. */
struct assembly {
	struct report_host self; /* identity, revisions, sequence, stopping */
	uint64_t layout; /* hash of all row numbers of the last report */
};

/* A new report; sample_seq is one more than before, and layout_revision if
 * rows came or went. */
struct node_report *assemble(struct assembly *assembly,
			     const struct parts *parts, int64_t now_ms);

/* A number that differs when rows differ in their indexes. */
uint64_t assemble_layout(const struct node_report *report);

#endif
