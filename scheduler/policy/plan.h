/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/plan.h - what a decision wants, as data.
 *
 * Changes are recorded first, all in one transaction, then the steps are
 * carried out.  Every entry carries its reason: the one text that log, CLI and
 * ledger show.  A plan never outlives its snapshot.
 */
#ifndef SCHEDULER_POLICY_PLAN_H
#define SCHEDULER_POLICY_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "scheduler/policy/snapshot.h"

enum step_kind {
	STEP_PROBE,  /* ask BMC and libvirt about a silent host */
	STEP_FENCE,  /* power off, verified */
	STEP_CLEAN,  /* remove from a host what is left of a VM that moved */
	STEP_START,  /* define and start a VM */
	STEP_STOP,   /* force the VM's copy at its host off, proved */
	STEP_RESUME, /* let one go on that an I/O error paused */
	STEP_KINDS
};

struct plan_step {
	enum step_kind kind;
	size_t host;
	size_t vm;         /* all but STEP_PROBE, STEP_FENCE */
	bool ends_running; /* STEP_CLEAN, STEP_STOP: a copy that runs is ended,
			      too; else it is left alone: CLEAN removes only
			      one that is off at that moment */
	char reason[REASON_LEN];
};

struct plan_host_change {
	size_t host;
	enum host_state to;
	bool trust_boot; /* its present boot id becomes the trusted one */
	bool failed;     /* it counts as a failure of the host, */
	bool set_aside;  /* which are too many: it takes no VM for a time */
	/* What becomes of its VMs; MASS_NONE: as recorded. */
	enum mass_verdict mass;
	char reason[REASON_LEN];
};

struct plan_vm_change {
	size_t vm;
	size_t owner;
	enum vm_intent intent;
	enum vm_phase phase;
	bool recovered;
	bool order_done; /* the operator's order is carried out */
	bool took_down;  /* its host died soon after HA had started it there */
	bool silent;  /* recorded, but no event: nothing a person must know */
	bool restart; /* counts as a restart after a failure of the guest */
	char reason[REASON_LEN];
};

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

/* A condition that needs a person, as long as it stands.  The whole list is
 * made anew by each decision; who shows them compares. */
struct plan_alarm {
	char kind[32];                 /* "fence-failed", ... */
	char subject[REPORT_NAME_LEN]; /* a host's or VM's name */
	enum severity severity;
	int64_t hold_ms;  /* it must stand that long before it is told */
	int64_t clear_ms; /* and be away that long before that is told */
	char text[REASON_LEN];
};

struct plan {
	struct plan_host_change *host_changes;
	size_t n_host_changes;
	struct plan_vm_change *vm_changes;
	size_t n_vm_changes;
	struct plan_step *steps;
	size_t n_steps;
	struct plan_alarm *alarms;
	size_t n_alarms;
};

void plan_free(struct plan *plan);

/* Append; the entry returned is the caller's to fill, until the next append. */
struct plan_host_change *plan_add_host_change(struct plan *plan);
struct plan_vm_change *plan_add_vm_change(struct plan *plan);
struct plan_step *plan_add_step(struct plan *plan, enum step_kind kind);
struct plan_alarm *plan_add_alarm(struct plan *plan, enum severity severity,
				  const char *kind, const char *subject);

/* printf into a reason, cut at its end. */
void reason_set(char reason[REASON_LEN], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void reason_add(char reason[REASON_LEN], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

const char *step_kind_name(enum step_kind kind);
const char *severity_name(enum severity severity);

#endif
