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
#include "scheduler/coordinator/pdu.h"
#include "scheduler/policy/policy.h"
#include "snmp-mib/credentials.h"

enum {
	SETTINGS_CLUSTERS_MAX = 256,
	SETTINGS_HOSTS_MAX = 4096,
	SETTINGS_VMS_MAX = 16384, /* with a policy of their own */
	SETTINGS_PDUS_MAX = 1024,
	SETTINGS_LEVELS_MAX = 4, /* of one host, besides its BMC */
	SETTINGS_OUTLETS_MAX = 8 /* of one level */
};

struct cluster_settings {
	const char *name;
	bool ha;
	bool fence_isolated;
	struct cluster_policy policy;
	bool lease; /* lease.h */
	int64_t lease_ms;
};

struct config_section;

/* VMs by name: they need not exist yet. */
struct rule_settings {
	const char *name;
	const struct config_section *section;
	size_t cluster;
	enum rule_kind kind;
	enum rule_force force;
	const char **vms, **first; /* sorted, each once */
	size_t n_vms, n_first;
	size_t *hosts, n_hosts; /* ascending */
	int64_t delay_ms, limit_ms;
	bool wait_agent;
};

/* A VM that is treated otherwise than its cluster says; it need not exist. */
struct vm_settings {
	const char *name;
	size_t cluster;
	struct vm_policy policy;
};

struct datastore_settings {
	const char *name;
	size_t cluster;
};

struct pdu_settings {
	const char *name;
	const char *address; /* ADDRESS:PORT, UDP */
	const struct snmp_account *snmp;
	struct pdu_kind kind;
};

struct bmc_settings {
	const char *address; /* ADDRESS:PORT, UDP */
	const struct ipmi_account *ipmi;
	int cipher_suite;
	const char *guid; /* NULL: not configured */
	int64_t off_settle_ms;
};

struct outlet_settings {
	const char *name;
	size_t pdu;
	const char *number;
};

/* Off when all of it says off. */
struct level_settings {
	const char *name;
	bool has_bmc;
	struct bmc_settings bmc;
	struct outlet_settings outlets[SETTINGS_OUTLETS_MAX];
	size_t n_outlets;
};

struct host_settings {
	const char *name;
	size_t cluster;
	const char *agent; /* ADDRESS:PORT, UDP */
	const struct snmp_account *snmp;
	const struct snmp_account *write_snmp; /* NULL: nothing is set there */
	const char *libvirt;                   /* URI */
	bool has_bmc;                          /* its own, the first level */
	struct bmc_settings bmc;
	struct level_settings *levels; /* the others, in their order */
	size_t n_levels;
	const char *feed, *rack; /* NULL: none */
};

enum serve_how { SERVE_OFF, SERVE_AGENTX, SERVE_STANDALONE };

/* How monitoring reads the coordinator itself. */
struct serve_settings {
	enum serve_how how;
	const char *agentx_socket; /* of the host's snmpd */
	const char *listen;        /* "udp:ADDRESS:PORT" */
	const char *account;       /* one of the credentials, by name */
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
	struct serve_settings serve;

	struct cluster_settings *clusters;
	size_t n_clusters;
	struct vm_settings *vms; /* sorted by cluster, name */
	size_t n_vms;
	struct datastore_settings *datastores;
	size_t n_datastores;
	struct pdu_settings *pdus;
	size_t n_pdus;
	struct host_settings *hosts; /* sorted by name */
	size_t n_hosts;
	struct rule_settings *rules;
	size_t n_rules;
	struct snmp_account *snmp;
	size_t n_snmp;
	struct ipmi_account *ipmi;
	size_t n_ipmi;
};

/* NULL, with every mistake printed to `errors`, when the files are not fit
 * for use. */
struct settings *settings_load(const char *path, FILE *errors);
void settings_free(struct settings *settings);

bool rule_settings_has(const char *const *names, size_t n, const char *name);

/* What holds for a VM of a cluster. */
const struct vm_policy *settings_vm_policy(const struct settings *settings,
					   size_t cluster, const char *name);

void settings_print_effective(const struct settings *settings, FILE *to);

#endif
