/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/cluster_view.h - what a coordinator says to monitoring about its
 * site, as plain data: the tree that it registers beside a node's.
 *
 * As with a node's report: rows are sorted by their index, ages are those of
 * the moment when the view was made, and a view never changes once posted.
 * Enums begin at 1, as SMI wants it.
 */
#ifndef SNMP_MIB_CLUSTER_VIEW_H
#define SNMP_MIB_CLUSTER_VIEW_H

#include "snmp-mib/node_report.h"

enum {
	VIEW_CLUSTERS_MAX = 256,
	VIEW_MEMBERS_MAX = 4096,
	VIEW_DECISIONS_MAX = 256, /* the last ones */
	VIEW_ALARMS_MAX = 4096
};

enum view_mode { VIEW_MODE_UNKNOWN = 1, VIEW_MODE_LIVE, VIEW_MODE_DRY_RUN };
enum view_store { VIEW_STORE_UNKNOWN = 1, VIEW_STORE_OK, VIEW_STORE_FAILING };

struct view_site {
	char name[REPORT_NAME_LEN];
	char version[REPORT_NAME_LEN];
	enum view_mode mode;
	uint64_t start_s; /* wall clock, seconds since 1970 */
	uint32_t uptime_s;
	uint32_t age_ms; /* of the view: 0 when it is made */
	enum view_store store;
	char store_text[REPORT_TEXT_LEN]; /* "" when it is well */
	uint32_t clusters, hosts, hosts_up, vms, vms_running;
	uint32_t alarms_critical, alarms_warning, alarms_info;
	/* The oldest report of a host that answers: in so long all of them
	 * were read once. */
	uint32_t poll_round_ms;
	uint64_t poll_late; /* heartbeats that were sent late or not at all */
	uint64_t snapshot, decision; /* numbers of the last ones */
};

enum view_ha {
	VIEW_HA_UNKNOWN = 1,
	VIEW_HA_OFF,
	VIEW_HA_STARTING, /* the quiet period after a start or a pause */
	VIEW_HA_ARMED,
	VIEW_HA_BLOCKED /* on, but it could not act now */
};

enum view_admission {
	VIEW_ADMISSION_NOT_CONFIGURED = 1,
	VIEW_ADMISSION_OK,
	VIEW_ADMISSION_SHORT
};

/* Of DRS and DPM. */
enum view_automation {
	VIEW_AUTOMATION_NOT_CONFIGURED = 1,
	VIEW_AUTOMATION_OFF,
	VIEW_AUTOMATION_MANUAL,
	VIEW_AUTOMATION_AUTOMATIC
};

enum view_imc { VIEW_IMC_NOT_CONFIGURED = 1, VIEW_IMC_OFF, VIEW_IMC_ENFORCED };

struct view_cluster {
	uint32_t index; /* kept for the name over restarts, never reused */
	char name[REPORT_NAME_LEN];
	uint32_t hosts, hosts_up;
	uint32_t hosts_ready; /* a fence would work now */
	uint32_t vms, vms_running;
	uint64_t memory_kib;      /* for VMs, of the hosts that are up */
	uint64_t memory_used_kib; /* by VMs that are meant to run */
	enum view_ha ha;
	char ha_text[REPORT_TEXT_LEN]; /* why it is not armed; or "" */
	bool fence_isolated;
	enum view_admission admission;
	enum view_automation drs, dpm;
	enum view_imc imc;
	uint32_t alarms; /* about its members */
};

/* The order is that of enum host_state, see scheduler/policy/snapshot.h. */
enum view_member_state {
	VIEW_MEMBER_NEW = 1,
	VIEW_MEMBER_UP,
	VIEW_MEMBER_SUSPECT,
	VIEW_MEMBER_NO_AGENT,
	VIEW_MEMBER_ISOLATED,
	VIEW_MEMBER_FENCING,
	VIEW_MEMBER_DEAD,
	VIEW_MEMBER_REJOINING
};

/* That of enum link_state. */
enum view_link {
	VIEW_LINK_UNKNOWN = 1,
	VIEW_LINK_OK,
	VIEW_LINK_SILENT,
	VIEW_LINK_NO_AGENT,
	VIEW_LINK_REFUSED
};

enum view_fence {
	VIEW_FENCE_UNKNOWN = 1, /* not asked to the end yet */
	VIEW_FENCE_NOT_CONFIGURED,
	VIEW_FENCE_READY,
	VIEW_FENCE_NOT_READY,
	VIEW_FENCE_WRONG_HOST
};

enum view_maintenance {
	VIEW_MAINTENANCE_NOT_CONFIGURED = 1,
	VIEW_MAINTENANCE_NO,
	VIEW_MAINTENANCE_ENTERING,
	VIEW_MAINTENANCE_YES
};

struct view_member {
	uint32_t index; /* as for clusters */
	char name[REPORT_NAME_LEN];
	uint32_t cluster; /* its index */
	char uuid[REPORT_UUID_LEN];
	char address[REPORT_NAME_LEN];
	enum view_member_state state;
	uint64_t state_since_s;
	char state_text[REPORT_TEXT_LEN];
	bool reachable;
	enum view_link link;
	char link_text[REPORT_TEXT_LEN];
	enum report_health health;
	uint32_t seen_ms; /* the youngest of the two that follow */
	uint32_t heartbeat_ms, datastore_ms;
	uint32_t report_ms;
	uint32_t round_trip_us;
	/* Of the last report; 0 when report_ms is never. */
	uint32_t cpus, cpu_use_pm;
	uint64_t memory_kib, memory_used_kib;
	uint32_t vms, vms_running;
	enum report_power power;
	uint32_t power_ms;
	enum view_fence fence;
	char fence_text[REPORT_TEXT_LEN];
	uint32_t fence_ms; /* since it was tried */
	enum view_maintenance maintenance;
	char boot_id[REPORT_UUID_LEN];
	uint32_t alarms;
};

/* The order is that of enum store_command_kind. */
enum view_decision_kind {
	VIEW_DECISION_FENCE = 1,
	VIEW_DECISION_CLEAN,
	VIEW_DECISION_START,
	VIEW_DECISION_POWER_ON,
	VIEW_DECISION_POWER_OFF
};

/* That of enum store_outcome. */
enum view_decision_state {
	VIEW_DECISION_OPEN = 1,
	VIEW_DECISION_DONE,
	VIEW_DECISION_FAILED,
	VIEW_DECISION_IN_DOUBT
};

struct view_decision {
	uint32_t number;
	uint64_t time_s, end_s; /* 0: not ended */
	enum view_decision_kind kind;
	enum view_decision_state state;
	char host[REPORT_NAME_LEN];
	char vm_uuid[REPORT_UUID_LEN], vm_name[REPORT_NAME_LEN];
	char from[REPORT_NAME_LEN], to[REPORT_NAME_LEN]; /* of a VM */
	char reason[REPORT_TEXT_LEN], result[REPORT_TEXT_LEN];
	uint64_t snapshot;
};

enum view_severity {
	VIEW_SEVERITY_INFO = 1,
	VIEW_SEVERITY_WARNING,
	VIEW_SEVERITY_CRITICAL
};

struct view_alarm {
	uint32_t index; /* kept for kind and subject until the next start */
	enum view_severity severity;
	char kind[REPORT_NAME_LEN], subject[REPORT_NAME_LEN];
	char text[REPORT_TEXT_LEN];
	uint64_t since_s;
	uint32_t count; /* how often it came up since the start */
};

struct cluster_view {
	struct view_site site;
	struct view_cluster *clusters;
	size_t n_clusters;
	struct view_member *members;
	size_t n_members;
	struct view_decision *decisions;
	size_t n_decisions;
	struct view_alarm *alarms;
	size_t n_alarms;
};

struct cluster_view *cluster_view_new(void);
void cluster_view_free(struct cluster_view *view);

#endif
