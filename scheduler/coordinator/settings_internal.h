/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/settings_internal.h - what the files of settings
 * share: settings.c the file as a whole, settings_fence.c what powers a host
 * off, settings_policy.c what becomes of VMs when something fails,
 * settings_rules.c and settings_conflicts.c the rules of places and order,
 * settings_snmp.c how monitoring reads the coordinator.
 */
#ifndef SCHEDULER_COORDINATOR_SETTINGS_INTERNAL_H
#define SCHEDULER_COORDINATOR_SETTINGS_INTERNAL_H

#include "common/config.h"
#include "scheduler/coordinator/settings.h"

/* Fit config_option.check. */
int settings_check_name(const char *value, struct err *err);
int settings_check_address(const char *value, struct err *err);
int settings_check_path(const char *value, struct err *err);
int settings_check_vm_name(const char *value, struct err *err);

/* By a section's option "cluster"; 0 when that was complained of. */
size_t settings_find_cluster(struct settings *settings,
			     const struct config_section *sec);

/* By a section's option "cluster"; 0 when that was complained of. */
size_t settings_find_cluster(struct settings *settings,
			     const struct config_section *sec);

/* By an option of a section; NULL: it is not given, or was complained of. */
const struct snmp_account *settings_find_snmp(struct settings *settings,
					      const struct config_section *sec,
					      const char *option);

/* Words in the order of their enums. */
extern const char *const settings_host_fails[],
	*const settings_store_fails[], *const settings_vm_fails[];

/* clang-format off */
#define SETTINGS_VM_POLICY(host, store, vm, rank, hang)                    \
	{ .name = "host-failure", .type = CONFIG_WORD,                     \
	  .words = settings_host_fails, .preset = (host) },                \
	{ .name = "storage-failure", .type = CONFIG_WORD,                  \
	  .words = settings_store_fails, .preset = (store) },              \
	{ .name = "vm-failure", .type = CONFIG_WORD,                       \
	  .words = settings_vm_fails, .preset = (vm) },                    \
	{ .name = "priority", .type = CONFIG_INT, .preset = (rank),        \
	  .min = 0, .max = PRIORITY_MAX },                                 \
	{ .name = "hang-ms", .type = CONFIG_INT, .preset = (hang),         \
	  .min = 0, .max = 3600000 }

/* Of a cluster. */
#define SETTINGS_POLICY                                                    \
	SETTINGS_VM_POLICY("recover", "none", "none", "100", "0"),         \
	{ .name = "guard-percent", .type = CONFIG_INT, .preset = "50",     \
	  .min = 0, .max = 100 },                                          \
	{ .name = "mass-hosts", .type = CONFIG_INT, .preset = "0",         \
	  .min = 0, .max = SETTINGS_HOSTS_MAX },                           \
	{ .name = "mass-window", .type = CONFIG_INT, .preset = "7200",     \
	  .min = 60, .max = 604800 },                                      \
	{ .name = "survive-hosts", .type = CONFIG_INT, .preset = "0",      \
	  .min = 0, .max = 64 },                                           \
	{ .name = "fence-stuck", .type = CONFIG_BOOL, .preset = "off" },   \
	{ .name = "set-aside-hosts", .type = CONFIG_BOOL, .preset = "on" }, \
	{ .name = "set-aside-vms", .type = CONFIG_BOOL, .preset = "on" },  \
	{ .name = "path-lost", .type = CONFIG_INT, .preset = "140",        \
	  .min = 10, .max = 3600 },                                        \
	{ .name = "path-delay", .type = CONFIG_INT, .preset = "180",       \
	  .min = 0, .max = 3600 },                                         \
	{ .name = "starts-per-host", .type = CONFIG_INT, .preset = "4",    \
	  .min = 1, .max = 64 },                                           \
	{ .name = "starts", .type = CONFIG_INT, .preset = "0",             \
	  .min = 0, .max = 4096 }
/* clang-format on */

extern const struct config_option settings_vm_options[];
extern const struct config_option settings_vms_options[];
extern const struct config_option settings_bmc_options[];
extern const struct config_option settings_level_options[];
extern const struct config_option settings_pdu_options[];
extern const struct config_option settings_rule_options[];
extern const struct config_option settings_snmp_options[];
/* The whole credentials file. */
extern const struct config_option settings_secret_options[];

void settings_read_pdus(struct settings *settings,
			const struct config_section *root);
void settings_read_levels(struct settings *settings,
			  const struct config_section *sec,
			  struct host_settings *host);

void settings_read_policy(struct settings *settings,
			  const struct config_section *sec,
			  struct cluster_policy *policy);
/* When clusters were read. */
void settings_read_vms(struct settings *settings,
		       const struct config_section *root);

void settings_read_snmp(struct settings *settings,
			const struct config_section *root);

/* When hosts are sorted. */
void settings_read_rules(struct settings *settings,
			 const struct config_section *root);
void settings_refuse_conflicts(struct settings *settings);
void settings_free_rules(struct settings *settings);

/* One device that would power off two hosts.  Before hosts are sorted. */
void settings_refuse_same_devices(struct settings *settings,
				  const struct config_section *root);

#endif
