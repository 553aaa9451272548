/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/registry.h - what the coordinator knows just now.
 *
 * Three kinds of facts stand side by side and never mix: *recorded* ones are
 * in the store and change only with it (record.h); *seen* ones come from polls
 * and probes and die with the process; *in flight* ones mark commands of this
 * process that have not ended.  freeze.h copies all of it into a snapshot.
 *
 * Times are monotonic ms; 0 means never.
 */
#ifndef SCHEDULER_COORDINATOR_REGISTRY_H
#define SCHEDULER_COORDINATOR_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scheduler/coordinator/settings.h"
#include "scheduler/coordinator/store.h"
#include "scheduler/policy/plan.h"
#include "scheduler/policy/snapshot.h"
#include "scheduler/policy/timeouts.h"
#include "snmp-mib/node_report.h"

enum {
	REGISTRY_VMS_MAX = 65536,
	REGISTRY_ALARMS_MAX = 4096,
	REGISTRY_RESTARTS = 16 /* of a VM, that are counted */
};

/* What a second channel said, and when it was asked. */
struct reg_witness {
	enum witness says;
	int64_t asked_ms; /* of the answer that counts */
};

/* What is known of a host's watchdog lease: lease_book.h. */
struct reg_lease {
	/* recorded */
	bool stored;      /* there is a row */
	int64_t bound_ms; /* 0: not known to be armed */
	char uuid[REPORT_UUID_LEN], boot[REPORT_UUID_LEN];
	char datastores[LEASE_DATASTORES_LEN]; /* each with a newline */
	/* seen */
	bool counts;        /* told in this life, or silent before it */
	int64_t contact_ms; /* a renewal that was answered, the latest */
	bool unanswered;    /* one may come still */
	int64_t dead_ms;    /* it must have fired by then; 0: not so far */
};

struct reg_host {
	const struct host_settings *conf;

	/* recorded */
	enum host_state state;
	int64_t state_ms, state_wall_ms;
	char trusted_boot[REPORT_UUID_LEN];
	char state_reason[REASON_LEN];
	int64_t fences_ms[FENCES_PER_HOUR]; /* ends of the last ones; a ring */
	unsigned n_fences;                  /* since the start */
	int64_t failures_ms[FAILURES_PER_HOUR]; /* found dead; a ring */
	unsigned n_failures;
	int64_t set_aside_ms, set_aside_wall_ms; /* until then; 0: never was */
	bool maintenance;
	enum mass_verdict mass; /* of its last failure */
	int64_t mass_ms, mass_wall_ms;

	/* in flight */
	bool fencing, cleaning;
	int64_t fence_ended_ms, clean_ended_ms, probed_ms;

	/* seen: heartbeat */
	enum link_state link;
	int64_t asked_ms;       /* first heartbeat sent by this process */
	int64_t heard_ms;       /* last good answer */
	uint32_t round_trip_us; /* of that answer */
	struct node_pulse pulse;
	char link_text[REPORT_TEXT_LEN]; /* what went wrong last; or "" */

	/* seen: second channels */
	struct reg_witness libvirt;
	enum power_state power; /* levels.h: all its fence devices together */
	bool fed;
	int64_t power_ms;
	unsigned off_reads;   /* one after another, 250 ms apart */
	int64_t off_since_ms; /* of the first of them */
	char power_text[REPORT_TEXT_LEN];
	char bmc_trouble[REPORT_TEXT_LEN];
	bool bmc_is_foreign; /* and that is the trouble */
	int64_t word_ms;     /* somebody said that it is off; 0: nobody */
	char word_of[REPORT_NAME_LEN];
	/* As last read, of a static table; NULL: never. */
	const char *restore_policy, *power_event;

	/* seen: full report */
	struct node_report *report; /* NULL: none yet */
	int64_t report_ms;
	int64_t vms_read_ms;     /* when its agent read libvirt for it */
	uint32_t report_took_ms; /* ages in it may be older by that */

	struct reg_lease lease;
};

struct reg_cluster {
	bool ha; /* the configuration's, or the operator's */
	bool disarmed;
	int64_t switch_ms; /* disarmed, or armed in this life; 0: neither */
	int64_t disarmed_wall_ms;
	char disarmed_by[REPORT_NAME_LEN];
};

struct reg_vm {
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];

	/* recorded */
	size_t owner; /* NO_HOST: none */
	enum vm_intent intent;
	enum vm_phase phase;
	bool recovered;
	uint64_t memory_kib;
	uint32_t vcpus;
	bool shared_storage;
	unsigned start_failures;
	size_t failed_on;
	char definition_hash[REPORT_HASH_LEN];  /* of the stored XML; or "" */
	enum vm_intent order;                   /* an operator's */
	int64_t restarts_ms[REGISTRY_RESTARTS]; /* after failures; a ring */
	unsigned n_restarts;
	int64_t took_down_ms[POISON_HOSTS]; /* hosts that died; a ring */
	unsigned n_took_down;
	char reason[REASON_LEN];
	int64_t record_ms; /* owner, intent or phase changed */

	/* in flight */
	bool starting, stopping, resuming, learning;
	int64_t command; /* of the start, stop or resume under way */
	int64_t command_ended_ms, learn_ended_ms;

	/* seen, see snapshot.h */
	unsigned absences;
	int64_t seen_ms; /* last reading that showed it at its owner */
	char **paths;    /* of its disks, up to a NULL; NULL: not known */
	/* What its owner's report says of its guest, and since when. */
	enum report_liveness liveness;
	int64_t liveness_ms;
};

/* How long a host has been with one of the datastores of the settings. */
struct reg_path {
	enum report_datastore_state state; /* STALE stands for LOST, too */
	int64_t since_ms;
};

struct reg_alarm {
	struct plan_alarm alarm;
	int64_t since_ms, since_wall_ms;
	bool told;       /* it stood for its hold_ms */
	int64_t gone_ms; /* told, and away since then; 0: it stands */
};

struct registry {
	const struct settings *settings;
	int64_t started_ms, started_wall_ms;
	int64_t awake_ms;    /* taking turns without a gap since then */
	int64_t turn_ms;     /* of the last turn */
	uint64_t snapshot;   /* number of the last one */
	uint64_t polls_late; /* heartbeats not sent when they were due */

	struct reg_cluster *clusters; /* in the order of settings */
	struct reg_host *hosts;       /* in the order of settings */
	size_t n_hosts;
	struct reg_path *paths; /* by datastore, then host */
	struct reg_vm *vms;     /* sorted by uuid */
	size_t n_vms;
	struct reg_alarm *alarms;
	size_t n_alarms;
	char store_trouble[REPORT_TEXT_LEN]; /* "": the store is well */
};

void registry_init(struct registry *reg, const struct settings *settings,
		   int64_t now_ms, int64_t wall_ms);
void registry_done(struct registry *reg);

/* NO_HOST, SIZE_MAX when there is none of that name. */
size_t registry_find_host(const struct registry *reg, const char *name);
size_t registry_find_cluster(const struct registry *reg, const char *name);
struct reg_vm *registry_find_vm(struct registry *reg, const char *uuid);

/* Adds an unknown VM without owner; indices behind it move.  NULL when there
 * are too many. */
struct reg_vm *registry_add_vm(struct registry *reg, const char *uuid,
			       const char *name);

/* Take in a full report: replaces the host's last one (the report is the
 * registry's now), adds VMs that were never seen, counts absences. */
void registry_take_report(struct registry *reg, size_t host,
			  struct node_report *report, int64_t now_ms);

/* The host's last report and the records disagree on where a VM is: it runs
 * here and belongs elsewhere, or belongs here, is meant to run, and does not.
 */
bool registry_disagrees(struct registry *reg, size_t host);

/* The VM has a new owner because that host's report shows it: what the report
 * says of it counts now. */
void registry_adopted(struct registry *reg, struct reg_vm *vm);

/* Age of the source "libvirt" of a host's report now, AGE_NEVER if unknown. */
int64_t registry_vms_age_ms(const struct reg_host *host, int64_t now_ms);

/* A host was found dead, a VM was started again: counted. */
void registry_count_failure(struct reg_host *host, int64_t then_ms);
void registry_count_restart(struct reg_vm *vm, int64_t then_ms);
void registry_count_took_down(struct reg_vm *vm, int64_t then_ms);

/* It shows life: what somebody said of it is void. */
void registry_void_word(struct reg_host *host);

/* ms since `then_ms`, AGE_NEVER when that is 0. */
int64_t registry_age(int64_t then_ms, int64_t now_ms);

#endif
