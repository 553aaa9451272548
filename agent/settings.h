/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/settings.h - the agent's configuration file as plain data.
 * The grammar is in ironherd-agent.conf(5).
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "snmp-mib/detail_net.h"
#include "snmp-mib/node_report.h"

#define SETTINGS_PATH "/etc/ironherd/agent.conf"

enum { SETTINGS_SLOTS_MAX = REPORT_HEARTBEATS_MAX };

enum settings_mode { MODE_AGENTX, MODE_STANDALONE };

/* Texts belong to the settings. */
struct settings_datastore {
	const char *name;
	const char *path;  /* of the heartbeat slots */
	const char *disks; /* folder whose files lie on it; NULL: none */
	uint32_t slot;
	int64_t lost_ms;
};

struct settings_uplink {
	const char *name;
	enum detail_uplink_role role;
};

struct settings {
	const char *name;    /* NULL: the host's own */
	const char *uuid;    /* NULL: from the firmware */
	uint64_t memory_mib; /* 0: all there is */
	uint32_t cpus;       /* 0: all there are */
	const char *system_root;
	const char *state_dir;
	const char *credentials;

	enum settings_mode mode;
	const char *agentx_socket;
	const char *listen;
	const char *account;
	bool host_mibs;    /* alone: what snmpd would say of any host, too */
	bool notify_snmpd; /* notices go to its trap sinks, too */
	const char *write_account; /* NULL: nobody may set anything */
	bool vm_affinity;          /* rows of vmCpuAffinityTable */

	const char *virt_uri;
	const char *virt_type; /* "auto", "kvm", "qemu" */
	int64_t virt_period_ms, virt_deadline_ms, guests_period_ms;

	struct settings_datastore *datastores;
	size_t n_datastores;

	struct settings_uplink *uplinks;
	size_t n_uplinks;

	bool has_bmc;
	uint32_t bmc_device;

	bool watchdog_is_bmc;
	char watchdog_device[REPORT_NAME_LEN];
	uint32_t watchdog_action; /* of a BMC: enum watchdog_action */

	const char *inform_target; /* NULL: informs are sent to nobody */
	const char *inform_account;
	int64_t inform_interval_ms; /* between news of one condition */

	struct config *config;
};

/* Every mistake of the file, and of the credentials file as far as it is
 * needed, goes to `errors`; NULL when there is any. */
struct settings *settings_load(const char *path, FILE *errors);
void settings_print(const struct settings *settings, FILE *to);
void settings_free(struct settings *settings);

#endif
