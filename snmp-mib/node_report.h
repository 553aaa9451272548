/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/node_report.h - all that a node says about itself, as plain data.
 *
 * The agent's collectors fill it, the codec turns it into SNMP values and
 * back, the coordinator copies it into its snapshot.  Strings are bounded
 * buffers, tables are arrays with a count, so that a report can be copied,
 * compared and freed without thought.  A report never changes once published.
 *
 * Zero never means "unknown" where a decision hangs on it: there is an enum
 * with UNKNOWN, an `age_ms` of REPORT_AGE_NEVER, or a source that says so.
 */
#ifndef SNMP_MIB_NODE_REPORT_H
#define SNMP_MIB_NODE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REPORT_NAME_LEN = 64,  /* names, with the NUL */
	REPORT_WHY_LEN = 128,  /* reasons, with the NUL */
	REPORT_TEXT_LEN = 256, /* sentences, with the NUL */
	REPORT_UUID_LEN = 37,  /* 8-4-4-4-12 and the NUL */
	REPORT_HASH_LEN = 65,  /* SHA-256 in hex and the NUL */

	REPORT_NUMA_MAX = 64,
	REPORT_CPUS_MAX = 4096,
	REPORT_FEATURES_MAX = 1024,
	REPORT_VMS_MAX = 4096,
	REPORT_DATASTORES_MAX = 64,
	REPORT_HEARTBEATS_MAX = 2048,
	REPORT_SOURCES_MAX = 16
};

#define REPORT_AGE_NEVER UINT32_MAX /* ms; "never seen", also the ceiling */
/* Gauges that may not have been measured. */
#define REPORT_UNMEASURED     UINT32_MAX
#define REPORT_KIB_UNMEASURED UINT64_MAX

#define REPORT_SIZE_UNKNOWN UINT64_MAX /* where 0 would be a size */

enum report_health {
	HEALTH_UNKNOWN = 1,
	HEALTH_OK,
	HEALTH_DEGRADED,
	HEALTH_CRITICAL,
	HEALTH_FAILED
};

/* As virDomainState, moved by one so that unknown comes first (SMI enums
 * start at 1). */
enum report_vm_state {
	VM_STATE_UNKNOWN = 1,
	VM_STATE_NO_STATE,
	VM_STATE_RUNNING,
	VM_STATE_BLOCKED,
	VM_STATE_PAUSED,
	VM_STATE_SHUTTING_DOWN,
	VM_STATE_SHUT_OFF,
	VM_STATE_CRASHED,
	VM_STATE_PM_SUSPENDED
};

/* Why a VM is off: the difference between intent and accident. */
enum report_vm_reason {
	VM_REASON_UNKNOWN = 1,
	VM_REASON_NONE,      /* it runs */
	VM_REASON_SHUTDOWN,  /* the guest or its user shut it down */
	VM_REASON_DESTROYED, /* a user pulled its plug */
	VM_REASON_CRASHED,   /* guest panic, or QEMU died */
	VM_REASON_FAILED,    /* it could not start */
	VM_REASON_MIGRATED,  /* it runs elsewhere now */
	VM_REASON_OTHER      /* saved, from snapshot, daemon, ... */
};

enum report_guest_agent {
	GUEST_AGENT_UNKNOWN = 1, /* the VM is off, or has not been looked at */
	GUEST_AGENT_NONE,        /* it has no channel for an agent */
	GUEST_AGENT_DISCONNECTED,
	GUEST_AGENT_CONNECTED
};

/* Does the guest work, by what is seen of it from outside? */
enum report_liveness {
	LIVENESS_UNKNOWN = 1,
	LIVENESS_ALIVE,
	LIVENESS_SUSPECT, /* one signal against it */
	LIVENESS_DEAD     /* two or more, and none for it */
};

/* What libvirt told last of a VM. */
enum report_vm_event {
	VM_EVENT_NONE = 1, /* nothing yet */
	VM_EVENT_DEFINED,  /* or undefined */
	VM_EVENT_STARTED,
	VM_EVENT_PAUSED,
	VM_EVENT_RESUMED,
	VM_EVENT_SHUTTING_DOWN,
	VM_EVENT_STOPPED,
	VM_EVENT_PM_SUSPENDED,
	VM_EVENT_CRASHED,
	VM_EVENT_PANICKED, /* the guest's kernel said so */
	VM_EVENT_REBOOTED,
	VM_EVENT_WATCHDOG, /* the guest's watchdog ran out */
	VM_EVENT_IO_ERROR,
	VM_EVENT_NO_SPACE, /* an I/O error for want of space */
	VM_EVENT_AGENT_CONNECTED,
	VM_EVENT_AGENT_LOST,
	VM_EVENT_MEMORY_FAILURE,
	VM_EVENT_JOB_DONE /* a migration, dump or save ended */
};

enum report_datastore_state {
	DATASTORE_UNKNOWN = 1,
	DATASTORE_OK,
	DATASTORE_SLOW,
	DATASTORE_READ_ONLY,
	DATASTORE_STALE, /* the last probe hangs; too early to call it lost */
	DATASTORE_LOST
};

enum report_datastore_type {
	DATASTORE_TYPE_UNKNOWN = 1,
	DATASTORE_FILE_SYSTEM,
	DATASTORE_BLOCK
};

enum report_power {
	REPORT_POWER_UNKNOWN = 1,
	REPORT_POWER_ON,
	REPORT_POWER_OFF
};

enum report_feature_set { FEATURES_HARDWARE = 1, FEATURES_USABLE = 2 };

/* One NUMA node; distances are a separate table (from, to). */
struct report_numa {
	uint32_t node;              /* the kernel's number: may have gaps */
	char cpus[REPORT_TEXT_LEN]; /* list format of cpuset(7): "0-3,8" */
	uint32_t cpu_count;
	uint64_t mem_total_kib;
	uint64_t mem_free_kib;
};

struct report_distance {
	uint32_t from, to, value; /* ACPI SLIT: 10 is local */
};

/* A CPU feature by name ("avx2"), with where it is: on every online CPU's
 * CPUID (hardware), in what libvirt offers to guests (usable). */
struct report_feature {
	char name[REPORT_NAME_LEN];
	bool hardware;
	bool usable;
};

struct report_vm {
	uint32_t index; /* kept for the UUID over restarts, never reused */
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];
	enum report_vm_state state;
	enum report_vm_reason reason;
	uint32_t vcpus;
	uint64_t memory_kib;     /* configured maximum */
	uint64_t memory_now_kib; /* balloon; 0 when off */
	uint64_t cpu_time_ms;
	uint32_t cpu_use_pm; /* of one CPU, per mille, over the last period */
	char definition_hash[REPORT_HASH_LEN]; /* SHA-256 of inactive XML */
	bool persistent;
	bool autostart;
	bool shared_storage; /* every disk is reachable from other hosts */

	/* Time that its vCPUs were ready and waited for a CPU, per mille of
	 * one CPU; REPORT_UNMEASURED, as for all that follow. */
	uint32_t cpu_ready_pm;
	uint64_t rss_kib, swapped_kib;    /* of its process */
	char numa_nodes[REPORT_NAME_LEN]; /* with memory of it: "0,1" */
	uint32_t numa_local_pm; /* of that memory on the node with the most */
	enum report_guest_agent guest_agent;
	uint32_t dirty_mib_s;
	char cpu_model[REPORT_NAME_LEN];
	bool migration_blocked;
	char migration_blocker[REPORT_WHY_LEN]; /* "": nothing */
	enum report_liveness liveness;
	uint32_t stats_age_ms;      /* of the balloon's statistics */
	uint64_t memory_usable_kib; /* as the guest sees it */
	uint64_t events;            /* told of it since the agent started */
	enum report_vm_event last_event;
	uint32_t last_event_age_ms;
};

struct report_datastore {
	uint32_t index; /* as for VMs */
	char name[REPORT_NAME_LEN];
	char path[REPORT_TEXT_LEN];
	enum report_datastore_state state;
	uint32_t slot;
	uint32_t probe_us; /* last full write + read */
	uint32_t age_ms;   /* since our own last good heartbeat write */
	uint64_t writes, errors;
	enum report_datastore_type type;
	/* REPORT_SIZE_UNKNOWN; a block device has no free space to tell. */
	uint64_t capacity_kib, free_kib;
	uint32_t paths, paths_up; /* 0 of 0: unknown */
};

/* Another node's heartbeat slot as seen from here.  `age_ms` counts from the
 * moment *this* node last saw the sequence change: no clock is compared. */
struct report_heartbeat {
	uint32_t datastore; /* index of the datastore */
	uint32_t slot;
	char host_uuid[REPORT_UUID_LEN];
	char boot_id[REPORT_UUID_LEN];
	uint64_t sequence;
	uint32_t age_ms;
};

/* A place data comes from ("host", "libvirt", "storage", "bmc", ...). */
struct report_source {
	uint32_t index;
	char name[REPORT_NAME_LEN];
	enum report_health status;
	uint32_t age_ms;  /* since the last good reading; at report time */
	uint32_t read_us; /* how long it took */
	uint64_t failures;
	char last_error[REPORT_TEXT_LEN]; /* "" when there was none */
};

struct report_bmc {
	bool present;
	bool reachable;
	char device[REPORT_NAME_LEN]; /* "/dev/ipmi0" */
	char firmware[REPORT_NAME_LEN];
	char guid[REPORT_UUID_LEN];
	enum report_power power;
};

struct report_host {
	char name[REPORT_NAME_LEN];
	char uuid[REPORT_UUID_LEN];
	char boot_id[REPORT_UUID_LEN];
	char agent_version[REPORT_NAME_LEN];
	uint64_t agent_start_s;   /* wall clock, seconds since 1970 */
	uint32_t sample_seq;      /* one more with each published report */
	uint32_t sample_age_ms;   /* filled when it is read */
	uint32_t layout_revision; /* changes when rows come or go */
	uint32_t vm_revision;     /* changes with each VM's life-cycle event */
	bool stopping;            /* an orderly shutdown is under way */
	uint32_t uptime_s;
	enum report_health health;
};

struct report_cpu {
	char vendor[REPORT_NAME_LEN];
	char model_name[REPORT_NAME_LEN];
	uint32_t family, model, stepping;
	char microcode[REPORT_NAME_LEN];
	bool uniform; /* every online CPU gave the same features, microcode */
	uint32_t online;
};

struct report_load {
	uint32_t cpu_use_pm; /* of all CPUs, per mille */
	uint32_t psi_cpu_some_pm, psi_mem_full_pm, psi_io_full_pm; /* avg10 */
	bool psi_present;
	uint64_t mem_total_kib, mem_free_kib, mem_available_kib;
	uint64_t swap_used_kib;
};

/* What VMs may use here: configured, else the whole machine. */
struct report_capacity {
	uint32_t cpus;
	uint64_t memory_kib;
};

struct node_detail; /* node_detail.h */

struct node_report {
	struct report_host host;
	struct report_cpu cpu;
	struct report_load load;
	struct report_capacity capacity;
	struct report_bmc bmc;

	struct report_numa *numa;
	size_t n_numa;
	struct report_distance *distances;
	size_t n_distances;
	struct report_feature *features;
	size_t n_features;
	struct report_vm *vms; /* sorted by index, as every table here */
	size_t n_vms;
	struct report_datastore *datastores;
	size_t n_datastores;
	struct report_heartbeat *heartbeats;
	size_t n_heartbeats;
	struct report_source *sources;
	size_t n_sources;

	/* At the node alone; NULL in a report that was read or copied. */
	struct node_detail *detail;
};

/* The heartbeat: what the coordinator asks each second in one GET. */
struct node_pulse {
	char uuid[REPORT_UUID_LEN];
	char boot_id[REPORT_UUID_LEN];
	uint32_t sample_seq;
	uint32_t sample_age_ms;
	uint32_t layout_revision;
	uint32_t vm_revision;
	bool stopping;
	enum report_health health;
};

struct node_report *node_report_new(void);
struct node_report *node_report_copy(const struct node_report *report);
void node_report_free(struct node_report *report);

/* A printable word for each enum, never NULL ("unknown" for odd values). */
const char *report_health_name(enum report_health health);
const char *report_vm_state_name(enum report_vm_state state);
const char *report_vm_reason_name(enum report_vm_reason reason);
const char *report_datastore_state_name(enum report_datastore_state state);
const char *report_vm_event_name(enum report_vm_event event);
const char *report_liveness_name(enum report_liveness liveness);

/* A VM of which nothing is known or measured yet. */
void report_vm_init(struct report_vm *vm);

#endif
