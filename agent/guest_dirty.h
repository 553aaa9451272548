/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guest_dirty.h - measuring on demand how fast the memory of VMs changes.
 * It costs a guest some time, so it is asked for, VM by VM, and few at a time.
 * No clock, no libvirt: times are given.
 *
 *	asked		waits for its turn: GUEST_DIRTY_AT_ONCE at a time
 *	its turn	a worker has libvirt start it, for GUEST_DIRTY_S
 *	GUEST_DIRTY_STEP_MS later	read with all else of the guests
 *	GUEST_DIRTY_MAX_MS later	nothing came of it
 *
 * The last measurement stays, whoever asked for it, until the VM is off.
 */
#ifndef AGENT_GUEST_DIRTY_H
#define AGENT_GUEST_DIRTY_H

#include "agent/guest_table.h"

enum {
	GUEST_DIRTY_AT_ONCE = 4,
	GUEST_DIRTY_S = 1,
	GUEST_DIRTY_STEP_MS = 1500,
	GUEST_DIRTY_MAX_MS = 15000
};

/* A VM's turn is to come; false: there is no such VM that runs. */
bool guest_dirty_ask(struct guest_table *table, uint32_t index, int64_t now_ms);

/* Those whose turn it is, which are taken to be started now. */
size_t guest_dirty_start(struct guest_table *table, int64_t now_ms,
			 struct guest *ret_guests[GUEST_DIRTY_AT_ONCE]);
/* It could not be. */
void guest_dirty_fail(struct guest_table *table, uint32_t index,
		      const char *why);

/* What came of them, after a reading.  True: some are not done. */
bool guest_dirty_look(struct guest_table *table, int64_t now_ms);

/* Rows of ihVmDirtyTable. */
void guest_dirty_fill(const struct guest_table *table, int64_t now_ms,
		      struct node_detail *detail);

#endif
