/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guests.h - what the VMs of this host do: their use of it, their
 * guests, their events.
 *
 * A second worker of the kind "virt" asks for what libvirt has to ask each
 * QEMU for.  A QEMU that hangs holds that worker and not the list of VMs:
 *
 *	every guests-period-ms		read
 *	deadline-ms without an answer	kill, source fails
 *	GUESTS_RETRY_MS later		next try, which passes that QEMU over
 *
 * Measurements on demand (agent/guest_dirty.h) are begun by a third one, that
 * lives as long as this takes: libvirt waits for a VM that is busy.
 */
#ifndef AGENT_GUESTS_H
#define AGENT_GUESTS_H

#include "agent/guest_table.h"
#include "agent/index.h"
#include "agent/settings.h"
#include "agent/source.h"
#include "common/loop.h"

enum { GUESTS_FIRST_MS = 1000, GUESTS_RETRY_MS = 2000, GUESTS_START_MS = 5000 };

struct guests;

/* Settings and index are kept; `changed`: a reading brought news. */
struct guests *guests_new(struct loop *loop, const struct settings *settings,
			  struct index *index, loop_fn changed, void *arg);
void guests_free(struct guests *guests);

/* By whoever reads the list of VMs. */
void guests_take_list(struct guests *guests, const json_t *reply,
		      const struct virt_reading *reading);
void guests_take_event(struct guests *guests, uint32_t index,
		       enum report_vm_event kind);

/* Measure how fast the memory of a VM changes, when it is its turn. */
void guests_measure(struct guests *guests, uint32_t index);

/* The columns of VMs that are known here; after virt_fill(). */
void guests_fill(const struct guests *guests, int64_t now_ms,
		 struct node_report *report);
const struct guest_table *guests_table(const struct guests *guests);
const struct source *guests_source(const struct guests *guests);

#endif
