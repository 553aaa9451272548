/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/policy.h - what the operator chose, as data.
 *
 * The configuration fills it, the snapshot carries it, the mind obeys it.  The
 * zero of each enum is what happens when nobody chose.
 */
#ifndef SCHEDULER_POLICY_POLICY_H
#define SCHEDULER_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snmp-mib/node_report.h"

/* A host failed: what becomes of its VMs. */
enum host_fail {
	HOST_FAIL_RECOVER, /* started elsewhere, once it is proved dead */
	HOST_FAIL_WAIT,    /* started on their own host, when it returns */
	HOST_FAILS
};

/* One host lost the way to a datastore that others still have. */
enum store_fail {
	STORE_FAIL_NONE,    /* an alarm; nothing is stopped */
	STORE_FAIL_RECOVER, /* stopped there, proved, started where it is */
	STORE_FAILS
};

/* The guest failed: panic, watchdog, hang, the end of its QEMU. */
enum vm_fail {
	VM_FAIL_NONE,      /* an alarm */
	VM_FAIL_RESTART,   /* again on its host */
	VM_FAIL_ELSEWHERE, /* again, on another host if there is one */
	VM_FAIL_OFF,       /* what is left of it is powered off */
	VM_FAILS
};

enum { PRIORITY_PRESET = 100, PRIORITY_MAX = 1000 };

struct vm_policy {
	bool ha; /* false: HA does not touch it */
	enum host_fail host_fail;
	enum store_fail store_fail;
	enum vm_fail vm_fail;
	unsigned priority; /* higher ones are started first */
	int64_t hang_ms;   /* silence that counts as a hang; 0: none does */
};

struct cluster_policy {
	struct vm_policy vm; /* of a VM that has nothing of its own */

	/* When so many per cent of the hosts go silent together, none is
	 * fenced; 0: no guard. */
	unsigned guard_pct;
	/* In each window only so many failed hosts are recovered, the VMs of
	 * the others wait for their host; 0 hosts: no limit. */
	unsigned mass_hosts;
	int64_t mass_window_ms;
	/* The loss of so many hosts must leave room for all VMs; 0: off. */
	unsigned survive_hosts;
	/* A copy that cannot be stopped: power its host off. */
	bool fence_stuck;
	/* A host that fails too often takes no VM for a while; nor is a VM
	 * started for a while after which too many hosts died. */
	bool set_aside_hosts, set_aside_vms;
	/* Path lost without a word (APD): so long until it counts, and so
	 * long until something is done about it. */
	int64_t path_lost_ms, path_delay_ms;
	unsigned starts_per_host; /* at a time */
	unsigned starts;          /* in the cluster, at a time; 0: no limit */
};

/* --- rules ---------------------------------------------------------------- */

enum rule_kind {
	RULE_TOGETHER, /* its VMs on one host */
	RULE_APART,    /* no two of its VMs on one host */
	RULE_HOSTS,    /* its VMs on its hosts, or not on them */
	RULE_AFTER,    /* its VMs start after those of `first` run */
	RULE_KINDS
};

enum rule_force {
	RULE_MUST,
	RULE_SHOULD,
	RULE_MUST_NOT,   /* RULE_HOSTS only */
	RULE_SHOULD_NOT, /* RULE_HOSTS only */
	RULE_FORCES
};

enum { RULES_MAX = 20, RULE_MEMBERS_MAX = 1024 }; /* of a cluster, of a rule */

const char *host_fail_name(enum host_fail what);
const char *store_fail_name(enum store_fail what);
const char *vm_fail_name(enum vm_fail what);
const char *rule_kind_name(enum rule_kind kind);
const char *rule_force_name(enum rule_force force);

/* What holds when nothing is configured. */
void cluster_policy_init(struct cluster_policy *policy);

#endif
