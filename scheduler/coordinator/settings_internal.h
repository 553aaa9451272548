/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/settings_internal.h - what the files of settings
 * share: settings.c the file as a whole, settings_fence.c what powers a host
 * off, settings_snmp.c how monitoring reads the coordinator.
 */
#ifndef SCHEDULER_COORDINATOR_SETTINGS_INTERNAL_H
#define SCHEDULER_COORDINATOR_SETTINGS_INTERNAL_H

#include "common/config.h"
#include "scheduler/coordinator/settings.h"

/* Fit config_option.check. */
int settings_check_name(const char *value, struct err *err);
int settings_check_address(const char *value, struct err *err);
int settings_check_path(const char *value, struct err *err);

/* By an option of a section; NULL: it is not given, or was complained of. */
const struct snmp_account *settings_find_snmp(struct settings *settings,
					      const struct config_section *sec,
					      const char *option);

extern const struct config_option settings_bmc_options[];
extern const struct config_option settings_level_options[];
extern const struct config_option settings_pdu_options[];
extern const struct config_option settings_snmp_options[];
/* The whole credentials file. */
extern const struct config_option settings_secret_options[];

void settings_read_pdus(struct settings *settings,
			const struct config_section *root);
void settings_read_levels(struct settings *settings,
			  const struct config_section *sec,
			  struct host_settings *host);

void settings_read_snmp(struct settings *settings,
			const struct config_section *root);

/* One device that would power off two hosts.  Before hosts are sorted. */
void settings_refuse_same_devices(struct settings *settings,
				  const struct config_section *root);

#endif
