/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/settings.h - the configuration of the coordinator.
 *
 * ironherd-coordinator.conf(5) is its manual.  Accounts come from a separate
 * file that only the daemon's user can read.
 */
#ifndef SCHEDULER_COORDINATOR_SETTINGS_H
#define SCHEDULER_COORDINATOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ipmi/credentials.h"
#include "snmp-mib/credentials.h"

enum { SETTINGS_CLUSTERS_MAX = 256, SETTINGS_HOSTS_MAX = 4096 };

struct cluster_settings {
	const char *name;
	bool ha;
	bool fence_isolated;
};

struct datastore_settings {
	const char *name;
	size_t cluster;
};

struct host_settings {
	const char *name;
	size_t cluster;
	const char *agent; /* ADDRESS:PORT, UDP */
	const struct snmp_account *snmp;
	const char *libvirt; /* URI */
	bool has_bmc;
	const char *bmc; /* ADDRESS:PORT, UDP */
	const struct ipmi_account *ipmi;
	int cipher_suite;
	const char *guid;        /* the BMC's; NULL: not configured */
	const char *feed, *rack; /* NULL: none */
};

struct settings {
	struct config *config; /* owns the texts */
	struct config *secrets;
	const char *site;
	const char *state_dir;
	const char *api_socket;
	const char *credentials;
	unsigned power_on_per_second, power_on_burst; /* of a feed or rack */
	const char *inform_listen; /* NULL: no informs are received */

	struct cluster_settings *clusters;
	size_t n_clusters;
	struct datastore_settings *datastores;
	size_t n_datastores;
	struct host_settings *hosts; /* sorted by name */
	size_t n_hosts;
	struct snmp_account *snmp;
	size_t n_snmp;
	struct ipmi_account *ipmi;
	size_t n_ipmi;
};

/* NULL, with every mistake printed to `errors`, when the files are not fit
 * for use. */
struct settings *settings_load(const char *path, FILE *errors);
void settings_free(struct settings *settings);

void settings_print_effective(const struct settings *settings, FILE *to);

#endif
