/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a coordinator: the sections of struct cluster_view, below an arc
 * of its own, so that a node and a coordinator can be behind one snmpd.
 */
#include "snmp-mib/cluster_view.h"
#include "snmp-mib/codec_define.h"

const struct codec_oid codec_site_objects = {
	.len = sizeof((uint32_t[]){ IRONHERD_ARC }) / sizeof(uint32_t) + 7,
	.ids = { 1, 3, 6, 1, 4, 1, IRONHERD_ARC, 3 }
};

#define SITE_TABLE(what, array, type, field, max) \
	TABLE_OF(PART_SITE, what, cluster_view, array, type, field, max)
#define AT_SITE(arc) \
	.under = &codec_site_objects, .path = { (arc) }, .n_path = 1
#define INDEX(label, type, field)                                    \
	.n_index = 1, .index = { { label, IN(type, field), .min = 1, \
				   .max = MIB_INDEX_MAX } }

static const struct codec_column site_columns[] = {
	{ 1, "ihSiteName", CELL_TEXT, SIZED(view_site, name) },
	{ 2, "ihSiteVersion", CELL_TEXT, SIZED(view_site, version) },
	{ 3, "ihSiteMode", CELL_ENUM, IN(view_site, mode),
	  .min = VIEW_MODE_UNKNOWN, .max = VIEW_MODE_DRY_RUN },
	{ 4, "ihSiteStart", CELL_DATE, IN(view_site, start_s) },
	{ 5, "ihSiteUptime", CELL_U32, IN(view_site, uptime_s) },
	{ 6, "ihSiteViewAge", CELL_AGE, IN(view_site, age_ms) },
	{ 7, "ihSiteStore", CELL_ENUM, IN(view_site, store),
	  .min = VIEW_STORE_UNKNOWN, .max = VIEW_STORE_FAILING },
	{ 8, "ihSiteStoreText", CELL_TEXT, SIZED(view_site, store_text) },
	{ 9, "ihSiteClusters", CELL_U32, IN(view_site, clusters) },
	{ 10, "ihSiteHosts", CELL_U32, IN(view_site, hosts) },
	{ 11, "ihSiteHostsUp", CELL_U32, IN(view_site, hosts_up) },
	{ 12, "ihSiteVms", CELL_U32, IN(view_site, vms) },
	{ 13, "ihSiteVmsRunning", CELL_U32, IN(view_site, vms_running) },
	{ 14, "ihSiteAlarmsCritical", CELL_U32,
	  IN(view_site, alarms_critical) },
	{ 15, "ihSiteAlarmsWarning", CELL_U32, IN(view_site, alarms_warning) },
	{ 16, "ihSiteAlarmsInfo", CELL_U32, IN(view_site, alarms_info) },
	{ 17, "ihSitePollRound", CELL_U32, IN(view_site, poll_round_ms) },
	{ 18, "ihSitePollLate", CELL_COUNTER, IN(view_site, poll_late) },
	{ 19, "ihSiteSnapshot", CELL_U64, IN(view_site, snapshot) },
	{ 20, "ihSiteDecision", CELL_U64, IN(view_site, decision) },
};

static const struct codec_column clusters_columns[] = {
	{ 2, "ihClusterName", CELL_TEXT, SIZED(view_cluster, name),
	  .required = true },
	{ 3, "ihClusterHosts", CELL_U32, IN(view_cluster, hosts) },
	{ 4, "ihClusterHostsUp", CELL_U32, IN(view_cluster, hosts_up) },
	{ 5, "ihClusterHostsReady", CELL_U32, IN(view_cluster, hosts_ready) },
	{ 6, "ihClusterVms", CELL_U32, IN(view_cluster, vms) },
	{ 7, "ihClusterVmsRunning", CELL_U32, IN(view_cluster, vms_running) },
	{ 8, "ihClusterMemory", CELL_U64, IN(view_cluster, memory_kib) },
	{ 9, "ihClusterMemoryUsed", CELL_U64,
	  IN(view_cluster, memory_used_kib) },
	{ 10, "ihClusterHa", CELL_ENUM, IN(view_cluster, ha),
	  .min = VIEW_HA_UNKNOWN, .max = VIEW_HA_BLOCKED },
	{ 11, "ihClusterHaText", CELL_TEXT, SIZED(view_cluster, ha_text) },
	{ 12, "ihClusterFenceIsolated", CELL_BOOL,
	  IN(view_cluster, fence_isolated) },
	{ 13, "ihClusterAdmission", CELL_ENUM, IN(view_cluster, admission),
	  .min = VIEW_ADMISSION_NOT_CONFIGURED, .max = VIEW_ADMISSION_SHORT },
	{ 14, "ihClusterDrs", CELL_ENUM, IN(view_cluster, drs),
	  .min = VIEW_AUTOMATION_NOT_CONFIGURED,
	  .max = VIEW_AUTOMATION_AUTOMATIC },
	{ 15, "ihClusterDpm", CELL_ENUM, IN(view_cluster, dpm),
	  .min = VIEW_AUTOMATION_NOT_CONFIGURED,
	  .max = VIEW_AUTOMATION_AUTOMATIC },
	{ 16, "ihClusterImc", CELL_ENUM, IN(view_cluster, imc),
	  .min = VIEW_IMC_NOT_CONFIGURED, .max = VIEW_IMC_ENFORCED },
	{ 17, "ihClusterAlarms", CELL_U32, IN(view_cluster, alarms) },
};

static const struct codec_column members_columns[] = {
	{ 2, "ihMemberName", CELL_TEXT, SIZED(view_member, name),
	  .required = true },
	{ 3, "ihMemberCluster", CELL_U32, IN(view_member, cluster) },
	{ 4, "ihMemberUuid", CELL_UUID, IN(view_member, uuid) },
	{ 5, "ihMemberAddress", CELL_TEXT, SIZED(view_member, address) },
	{ 6, "ihMemberState", CELL_ENUM, IN(view_member, state),
	  .min = VIEW_MEMBER_NEW, .max = VIEW_MEMBER_REJOINING },
	{ 7, "ihMemberStateSince", CELL_DATE, IN(view_member, state_since_s) },
	{ 8, "ihMemberStateText", CELL_TEXT, SIZED(view_member, state_text) },
	{ 9, "ihMemberReachable", CELL_BOOL, IN(view_member, reachable) },
	{ 10, "ihMemberLink", CELL_ENUM, IN(view_member, link),
	  .min = VIEW_LINK_UNKNOWN, .max = VIEW_LINK_REFUSED },
	{ 11, "ihMemberLinkText", CELL_TEXT, SIZED(view_member, link_text) },
	{ 12, "ihMemberHealth", CELL_ENUM, IN(view_member, health),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
	{ 13, "ihMemberSeenAge", CELL_AGE, IN(view_member, seen_ms) },
	{ 14, "ihMemberHeartbeatAge", CELL_AGE, IN(view_member, heartbeat_ms) },
	{ 15, "ihMemberDatastoreAge", CELL_AGE, IN(view_member, datastore_ms) },
	{ 16, "ihMemberReportAge", CELL_AGE, IN(view_member, report_ms) },
	{ 17, "ihMemberRoundTrip", CELL_U32, IN(view_member, round_trip_us) },
	{ 18, "ihMemberCpus", CELL_U32, IN(view_member, cpus) },
	{ 19, "ihMemberCpuUse", CELL_U32, IN(view_member, cpu_use_pm),
	  .max = 1000 },
	{ 20, "ihMemberMemory", CELL_U64, IN(view_member, memory_kib) },
	{ 21, "ihMemberMemoryUsed", CELL_U64,
	  IN(view_member, memory_used_kib) },
	{ 22, "ihMemberVms", CELL_U32, IN(view_member, vms) },
	{ 23, "ihMemberVmsRunning", CELL_U32, IN(view_member, vms_running) },
	{ 24, "ihMemberPower", CELL_ENUM, IN(view_member, power),
	  .min = REPORT_POWER_UNKNOWN, .max = REPORT_POWER_OFF },
	{ 25, "ihMemberPowerAge", CELL_AGE, IN(view_member, power_ms) },
	{ 26, "ihMemberFence", CELL_ENUM, IN(view_member, fence),
	  .min = VIEW_FENCE_UNKNOWN, .max = VIEW_FENCE_WRONG_HOST },
	{ 27, "ihMemberFenceText", CELL_TEXT, SIZED(view_member, fence_text) },
	{ 28, "ihMemberFenceAge", CELL_AGE, IN(view_member, fence_ms) },
	{ 29, "ihMemberMaintenance", CELL_ENUM, IN(view_member, maintenance),
	  .min = VIEW_MAINTENANCE_NOT_CONFIGURED, .max = VIEW_MAINTENANCE_YES },
	{ 30, "ihMemberBootId", CELL_UUID, IN(view_member, boot_id) },
	{ 31, "ihMemberAlarms", CELL_U32, IN(view_member, alarms) },
};

static const struct codec_column decisions_columns[] = {
	{ 2, "ihDecisionTime", CELL_DATE, IN(view_decision, time_s) },
	{ 3, "ihDecisionEnd", CELL_DATE, IN(view_decision, end_s) },
	{ 4, "ihDecisionKind", CELL_ENUM, IN(view_decision, kind),
	  .min = VIEW_DECISION_FENCE, .max = VIEW_DECISION_POWER_OFF },
	{ 5, "ihDecisionState", CELL_ENUM, IN(view_decision, state),
	  .min = VIEW_DECISION_OPEN, .max = VIEW_DECISION_IN_DOUBT },
	{ 6, "ihDecisionHost", CELL_TEXT, SIZED(view_decision, host) },
	{ 7, "ihDecisionVmUuid", CELL_UUID, IN(view_decision, vm_uuid) },
	{ 8, "ihDecisionVmName", CELL_TEXT, SIZED(view_decision, vm_name) },
	{ 9, "ihDecisionFrom", CELL_TEXT, SIZED(view_decision, from) },
	{ 10, "ihDecisionTo", CELL_TEXT, SIZED(view_decision, to) },
	{ 11, "ihDecisionReason", CELL_TEXT, SIZED(view_decision, reason) },
	{ 12, "ihDecisionResult", CELL_TEXT, SIZED(view_decision, result) },
	{ 13, "ihDecisionSnapshot", CELL_U64, IN(view_decision, snapshot) },
};

static const struct codec_column alarms_columns[] = {
	{ 2, "ihSiteAlarmSeverity", CELL_ENUM, IN(view_alarm, severity),
	  .min = VIEW_SEVERITY_INFO, .max = VIEW_SEVERITY_CRITICAL },
	{ 3, "ihSiteAlarmKind", CELL_TEXT, SIZED(view_alarm, kind) },
	{ 4, "ihSiteAlarmSubject", CELL_TEXT, SIZED(view_alarm, subject) },
	{ 5, "ihSiteAlarmText", CELL_TEXT, SIZED(view_alarm, text) },
	{ 6, "ihSiteAlarmSince", CELL_DATE, IN(view_alarm, since_s) },
	{ 7, "ihSiteAlarmCount", CELL_U32, IN(view_alarm, count) },
};

static const struct codec_section site_sections[] = {
	{ SCALARS_OF(PART_SITE, "ihSite", cluster_view, site, site_columns),
	  AT_SITE(1) },
	{ SITE_TABLE("ihClusterTable", clusters_columns, view_cluster, clusters,
		     VIEW_CLUSTERS_MAX),
	  AT_SITE(2), INDEX("ihClusterIndex", view_cluster, index) },
	{ SITE_TABLE("ihMemberTable", members_columns, view_member, members,
		     VIEW_MEMBERS_MAX),
	  AT_SITE(3), INDEX("ihMemberIndex", view_member, index) },
	{ SITE_TABLE("ihDecisionTable", decisions_columns, view_decision,
		     decisions, VIEW_DECISIONS_MAX),
	  AT_SITE(4), INDEX("ihDecisionNumber", view_decision, number) },
	{ SITE_TABLE("ihSiteAlarmTable", alarms_columns, view_alarm, alarms,
		     VIEW_ALARMS_MAX),
	  AT_SITE(5), INDEX("ihSiteAlarmIndex", view_alarm, index) },
};

static const struct codec_section *const site_list[] = {
	&site_sections[0], &site_sections[1], &site_sections[2],
	&site_sections[3], &site_sections[4],
};

static const struct codec_tree site_tree = {
	.module = "IRONHERD-MIB",
	.root = &codec_site_objects,
	.under = &codec_site_objects,
	.sections = site_list,
	.n_sections = CODEC_LEN(site_list),
};

const struct codec_tree *const codec_site_trees[] = { &site_tree, NULL };
