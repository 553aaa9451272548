/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guest_table.h - all that is known of each VM besides the list: what
 * it is made of, what was measured, what happened to it, whether its guest
 * works.  No clock, no libvirt: readings and times are given.
 */
#ifndef AGENT_GUEST_TABLE_H
#define AGENT_GUEST_TABLE_H

#include <jansson.h>

#include "agent/guest.h"
#include "agent/guest_stats.h"
#include "agent/index.h"
#include "agent/virt.h"
#include "agent/virt_xml.h"
#include "snmp-mib/detail_vm.h"

/* A measurement that was asked for, agent/guest_dirty.h. */
struct guest_dirty {
	enum detail_dirty_state state; /* 0: none, or it is done */
	int64_t since_ms;
	char why[REPORT_WHY_LEN]; /* it failed */
};

struct guest {
	uint32_t index; /* of the VM */
	char uuid[REPORT_UUID_LEN];
	bool listed; /* else it is known by an event so far */
	bool active, running;
	enum detail_vm_oper phase; /* 0: what the state says */
	uint64_t cpu_ns;
	struct vm_about about;

	bool measured; /* since it was last off */
	int64_t measured_ms, measured_us;
	struct guest_stats stats;
	uint32_t ready_pm;
	struct guest_dirty dirty;

	uint64_t events;
	enum report_vm_event last_event;
	int64_t event_ms;
	uint32_t boot;
	bool panicked;

	struct guest_watch watch;
	enum report_liveness liveness;
};

struct guest_table {
	struct guest *guests; /* sorted by index */
	size_t n;
	/* The hypervisor, by the list's word. */
	char hypervisor[REPORT_NAME_LEN];
	uint64_t version;
	int64_t changed_ms; /* when a VM came or went; -1: never */
};

void guest_table_init(struct guest_table *table);
void guest_table_done(struct guest_table *table);

/* Which VMs there are now, and what is told about them. */
void guest_table_list(struct guest_table *table, const json_t *reply,
		      struct index *index, const struct virt_reading *reading,
		      int64_t now_ms);
/* What was measured of those that run; -EPROTO. */
int guest_table_measure(struct guest_table *table, const json_t *reply,
			struct index *index, int64_t now_ms);
void guest_table_event(struct guest_table *table, uint32_t index,
		       enum report_vm_event kind, int64_t now_ms);

const struct guest *guest_table_find(const struct guest_table *table,
				     uint32_t index);
/* The columns of the VM table that are known here. */
void guest_table_fill(const struct guest_table *table, int64_t now_ms,
		      struct node_report *report);

#endif
