/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/snapshot.h - everything a decision may look at, frozen.
 *
 * The coordinator copies its registry (what it has recorded) and the last
 * reports (what it has seen) into one of these; decide() reads it and nothing
 * else.  Ages are in ms before `now_ms`; AGE_NEVER means "not since the
 * coordinator started".  Unknown is a value of its own in every enum, and zero.
 */
#ifndef SCHEDULER_POLICY_SNAPSHOT_H
#define SCHEDULER_POLICY_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scheduler/policy/policy.h"
#include "snmp-mib/node_report.h"

#define AGE_NEVER  INT64_MAX
#define NO_HOST    SIZE_MAX
#define REASON_LEN 512 /* a reason, with the NUL */

enum { SNAP_STORES_MAX = 64 };

/* What the coordinator holds a host for; recorded, survives a restart. */
enum host_state {
	HOST_NEW,       /* configured, never heard */
	HOST_UP,        /* trusted: VMs may be started there */
	HOST_SUSPECT,   /* silent, being asked about */
	HOST_NO_AGENT,  /* lives, but its agent does not answer */
	HOST_ISOLATED,  /* lives by its datastore heartbeat only */
	HOST_FENCING,   /* being powered off */
	HOST_DEAD,      /* proved off */
	HOST_REJOINING, /* back with a new boot, being cleaned of stale VMs */
	HOST_STATES
};

enum vm_intent { INTENT_UNKNOWN, INTENT_RUN, INTENT_OFF };

enum vm_phase {
	VM_SETTLED,  /* at its owner; nothing to do */
	VM_LOST,     /* its copy is proved dead; to be started */
	VM_STARTING, /* a start was recorded; it may run at its owner */
	VM_STOPPING, /* a stop was recorded; it may yet run at its owner.  With
			INTENT_RUN it is to be started again */
	VM_PHASES
};

/* The heartbeat line to a host's agent. */
enum link_state {
	LINK_UNKNOWN,
	LINK_OK,
	LINK_SILENT,   /* nothing comes back */
	LINK_NO_AGENT, /* the SNMP master answers, our tree is not there */
	LINK_REFUSED   /* it answers, but not to our account */
};

enum witness { WITNESS_UNKNOWN, WITNESS_ALIVE, WITNESS_SILENT };

enum power_state { POWER_UNKNOWN, POWER_ON, POWER_OFF };

struct snap_cluster {
	char name[REPORT_NAME_LEN];
	bool ha;
	bool fence_isolated; /* fence also what the datastore shows alive */
	/* recorded: HA is laid down for work on the network: nothing is fenced
	 * or started; what is under way ends. */
	bool disarmed;
	int64_t switch_age_ms; /* since it was laid down or taken up again */
	struct cluster_policy policy;
};

/* Does a failed host count against the limit of a mass failure? */
enum mass_verdict {
	MASS_NONE,    /* it has not failed */
	MASS_RECOVER, /* within the limit: its VMs are started elsewhere */
	MASS_WAIT,    /* beyond it: they wait for their host */
	MASS_VERDICTS
};

struct snap_host {
	char name[REPORT_NAME_LEN];
	size_t cluster;

	/* recorded */
	enum host_state state;
	int64_t state_age_ms;
	char trusted_boot[REPORT_UUID_LEN]; /* boot it was last UP with */
	unsigned fences_last_hour;
	unsigned failures_last_hour; /* times it was found dead */
	bool set_aside;   /* failed too often: takes no VM for SET_ASIDE_MS */
	bool maintenance; /* by an operator: takes no VM */
	enum mass_verdict mass;
	int64_t mass_age_ms;  /* since that was recorded */
	int64_t fence_age_ms; /* since the last attempt ended */
	int64_t clean_age_ms;

	/* in flight just now */
	bool fencing, cleaning;

	/* seen: heartbeat */
	enum link_state link;
	int64_t silent_ms; /* since the last answer, or since we began to ask */
	char boot[REPORT_UUID_LEN]; /* of the last answer */
	bool stopping;              /* says it is being shut down */

	/* seen: second channels, asked since the silence began */
	enum witness libvirt;
	enum witness datastore;
	int64_t datastore_age_ms; /* of its slot as the witness sees it */
	char datastore_witness[REPORT_NAME_LEN];

	/* seen: its fence devices (BMCs, outlets), asked since the silence
	 * began */
	bool can_fence; /* there is one */
	enum power_state power;
	bool fed;        /* no BMC says anything, but an outlet is on */
	bool off_proved; /* two off reads, 250 ms apart, none on since, the last
			    younger than OFF_PROOF_MS */
	int64_t off_age_ms;               /* of that last one; 0 without one */
	char power_text[REPORT_TEXT_LEN]; /* what was read, or why not */
	/* A person who went there says that it is off; "" or his name.  Holds
	 * until something of it is heard. */
	char word_of[REPORT_NAME_LEN];
	char bmc_trouble[REPORT_TEXT_LEN]; /* a fence would fail now; or "" */
	bool bmc_is_foreign; /* because its BMC is another host's */

	/* recorded and seen: its watchdog lease, coordinator/lease_book.h */
	bool lease_armed; /* it was, and nothing says since that it is not */
	/* Of a silent host: until the watchdog has fired for sure, or longer; 0
	 * and below: since then.  AGE_NEVER: nobody can tell. */
	int64_t lease_left_ms;
	int64_t lease_renewed_ms; /* since we can have renewed it last */

	/* seen: full report */
	int64_t report_age_ms;
	int64_t vms_age_ms; /* since its agent read the VMs from libvirt */
	char report_boot[REPORT_UUID_LEN];
	uint64_t memory_kib, cpu_milli; /* capacity; thousandths of a CPU */
	uint64_t cpu_used_milli;
	char storage_trouble[REPORT_TEXT_LEN]; /* of its datastores; or "" */
};

/* A datastore that a cluster shares, as one of its hosts has it. */
struct snap_path {
	size_t store, host;
	enum report_datastore_state state; /* unknown: nobody can say */
	int64_t state_age_ms;              /* since it came to that */
};

struct snap_store {
	char name[REPORT_NAME_LEN];
	size_t cluster;
};

struct snap_vm {
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];

	/* recorded */
	size_t owner; /* the one host where a copy may exist, or NO_HOST */
	enum vm_intent intent;
	enum vm_phase phase;
	bool recovered; /* HA moved it: copies of it elsewhere are stale */
	bool has_definition;
	uint64_t memory_kib;
	uint32_t vcpus;
	bool shared_storage;
	unsigned start_failures;
	/* Last host that failed it, or where we stopped it ourselves (off
	 * there is no wish of its user then); NO_HOST: none. */
	size_t failed_on;
	int64_t command_age_ms; /* since its last command ended, or never */
	unsigned absences;      /* owner's complete reports without it */

	/* seen: its owner's newest reading under the trusted boot showed it
	 * active, or a start there ended well; since the coordinator began */
	bool seen_there;
	int64_t record_age_ms; /* since owner, intent or phase changed; never
				  when not in this life of the coordinator */

	/* in flight just now */
	bool starting;
	bool stopping;

	struct vm_policy policy; /* its own, or its cluster's */
	uint64_t stores;         /* bit i: it has a disk on stores[i] */

	/* recorded: an operator's order to stop or start it, which counts more
	 * than what is seen of it; INTENT_UNKNOWN: none. */
	enum vm_intent order;
	/* recorded: restarts after failures of the guest. */
	unsigned restarts_1h, restarts_24h, restarts_7d;
	unsigned hosts_lost_1h; /* that died soon after HA had started it there
				 */
};

/* What the operator demands of places and order. */
struct snap_rule {
	char name[REPORT_NAME_LEN];
	size_t cluster;
	enum rule_kind kind;
	enum rule_force force;
	size_t *vms, n_vms;         /* ascending */
	size_t *first, n_first;     /* RULE_AFTER: those that start before */
	size_t *hosts, n_hosts;     /* RULE_HOSTS, ascending */
	int64_t delay_ms, limit_ms; /* RULE_AFTER: between them; at most */
	bool wait_agent; /* RULE_AFTER: until the guest agents are connected */
};

/* One VM as one host's last report shows it. */
struct snap_sighting {
	size_t vm, host;
	enum report_vm_state state;
	enum report_vm_reason reason;
	enum report_vm_event event; /* the last one told of it there */
	int64_t event_age_ms;
	enum report_liveness liveness;
	int64_t liveness_age_ms; /* since it came to that */
	enum report_guest_agent guest_agent;
};

struct snapshot {
	uint64_t number;
	int64_t now_ms;    /* monotonic */
	int64_t uptime_ms; /* of the coordinator */

	struct snap_cluster *clusters;
	size_t n_clusters;
	struct snap_host *hosts; /* sorted by name */
	size_t n_hosts;
	struct snap_vm *vms; /* sorted by uuid */
	size_t n_vms;
	struct snap_sighting *sightings; /* sorted by vm, host */
	size_t n_sightings;
	struct snap_store *stores; /* at most SNAP_STORES_MAX */
	size_t n_stores;
	struct snap_path *paths; /* sorted by store, host */
	size_t n_paths;
	struct snap_rule *rules; /* in the order of the configuration */
	size_t n_rules;
};

void snapshot_free(struct snapshot *snap); /* and all its arrays */

const char *host_state_name(enum host_state state);
const char *vm_phase_name(enum vm_phase phase);
const char *vm_intent_name(enum vm_intent intent);
const char *mass_verdict_name(enum mass_verdict verdict);
const char *power_state_name(enum power_state power);

/* Running, blocked, paused, shutting down, suspended: it holds a QEMU. */
bool vm_state_is_active(enum report_vm_state state);

/* The report is of this boot and young enough to be believed. */
bool host_report_is_fresh(const struct snap_host *host);

/* The VMs of the report are: libvirt was read a short time ago. */
bool host_vms_are_fresh(const struct snap_host *host);

/* NULL when the host's last report does not show the VM. */
const struct snap_sighting *snapshot_sighting(const struct snapshot *snap,
					      size_t vm, size_t host);

/* The host's last report, of whatever age, shows the VM active. */
bool snapshot_shows_active(const struct snapshot *snap, size_t vm, size_t host);

#endif
