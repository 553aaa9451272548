/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/draft.h - a plan in the making.
 *
 * Later parts of a decision must see what earlier parts wanted: a host just
 * declared dead, memory just promised to a VM.  The draft holds the wanted
 * state of every host and VM beside the frozen snapshot.
 */
#ifndef SCHEDULER_POLICY_DRAFT_H
#define SCHEDULER_POLICY_DRAFT_H

#include "scheduler/policy/plan.h"
#include "scheduler/policy/rules.h"
#include "scheduler/policy/snapshot.h"

struct draft_vm {
	size_t owner;
	enum vm_intent intent;
	enum vm_phase phase;
	bool recovered;
};

struct draft {
	const struct snapshot *snap;
	struct plan *plan;
	enum host_state *states; /* by host */
	enum mass_verdict *mass; /* by host, */
	bool *failed;            /* of a failure of this decision */
	struct draft_vm *vms;    /* by VM */
	unsigned *starts;        /* by host: in flight and wanted */
	uint64_t *used_kib;      /* by host: memory of its VMs */
	uint64_t *held_kib;      /* by host: kept for VMs that wait */
	size_t *seen_from;       /* by VM: its first sighting; n_vms + 1 */
	struct rulebook *rules;
};

void draft_init(struct draft *draft, const struct snapshot *snap);
/* To try things out: a copy without a plan.  The snapshot and the draft it was
 * made of must live as long. */
void draft_clone(struct draft *draft, const struct draft *of);
void draft_done(struct draft *draft); /* the plan stays */

/* As draft_vm, without an entry in the plan. */
void draft_set(struct draft *draft, size_t vm, const struct draft_vm *want);

/* The host's memory is taken by the VM: it belongs there and runs or is meant
 * to, or a report shows it there, on its way or not yet ended. */
bool draft_occupies(const struct draft *draft, size_t vm, size_t host);

uint64_t draft_free_kib(const struct draft *draft, size_t host);

/* Want another state of a host; the entry's reason is the caller's to fill. */
struct plan_host_change *draft_host(struct draft *draft, size_t host,
				    enum host_state to);

/* Want a VM changed; the entry's reason is the caller's to fill. */
struct plan_vm_change *draft_vm(struct draft *draft, size_t vm,
				const struct draft_vm *want);

struct plan_step *draft_step(struct draft *draft, enum step_kind kind,
			     size_t host, size_t vm);

/* The parts of a decision, in order. */
void observe_vms(struct draft *draft);  /* observe.c: believe sightings */
void obey_orders(struct draft *draft);  /* obey.c: what operators want */
void judge_hosts(struct draft *draft);  /* hosts.c: who lives, who is dead */
void tend_guests(struct draft *draft);  /* guest.c: guests that failed */
void tend_paths(struct draft *draft);   /* paths.c: storage that is gone */
void settle_stops(struct draft *draft); /* stops.c: are they off? */
void recover_vms(struct draft *draft);  /* recover.c: start what was lost */
void raise_alarms(struct draft *draft); /* alarms.c: what needs a person */

#endif
