/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/settings_internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/config.h"
#include "common/num.h"
#include "snmp-mib/detail_lease.h"

#define NAME_MAX_BYTES 63

/* --- what a single value must look like --------------------------------- */

int
settings_check_name(const char *value, struct err *err)
{
	size_t len = strlen(value);

	if (len == 0 || len > NAME_MAX_BYTES || !isalnum((unsigned char)*value))
		return err_set(err, -EINVAL,
			       "a name has 1 to %d characters and begins with "
			       "a letter or digit",
			       NAME_MAX_BYTES);
	for (const char *c = value; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL)
			return err_set(err, -EINVAL,
				       "a name has letters, digits, '-', '_' "
				       "and '.' only");
	return 0;
}

/* 192.0.2.1:161 or [2001:db8::1]:161; never a name: nothing here may wait for
 * a name server. */
int
settings_check_address(const char *value, struct err *err)
{
	char host[INET6_ADDRSTRLEN + 2];
	unsigned char raw[16];
	uint64_t port;
	const char *colon = strrchr(value, ':');
	size_t len = colon != NULL ? (size_t)(colon - value) : 0;
	int family = AF_INET;

	if (len == 0 || len >= sizeof(host))
		return err_set(err, -EINVAL, "not of the form ADDRESS:PORT");
	memcpy(host, value, len);
	host[len] = '\0';
	if (host[0] == '[' && host[len - 1] == ']') {
		memmove(host, host + 1, len);
		host[len - 2] = '\0';
		family = AF_INET6;
	}
	if (inet_pton(family, host, raw) != 1)
		return err_set(err, -EINVAL,
			       "\"%s\" is no numeric address (names are not "
			       "looked up)",
			       host);
	if (num_parse_u64(colon + 1, 65535, &port) < 0 || port == 0)
		return err_set(err, -EINVAL, "\"%s\" is no port", colon + 1);
	return 0;
}

static int
check_listen(const char *value, struct err *err)
{
	return settings_check_address(strncmp(value, "udp:", 4) == 0 ? value + 4
								     : value,
				      err);
}

int
settings_check_path(const char *value, struct err *err)
{
	if (value[0] != '/')
		return err_set(err, -EINVAL, "not an absolute path");
	return 0;
}

static int
check_uri(const char *value, struct err *err)
{
	if (strstr(value, "://") == NULL)
		return err_set(err, -EINVAL,
			       "not a libvirt URI such as "
			       "qemu+tls://192.0.2.1/system");
	return 0;
}

/* --- the grammar -------------------------------------------------------- */

static const struct config_option cluster_options[] = {
	{ .name = "ha", .type = CONFIG_BOOL, .preset = "on" },
	{ .name = "fence-isolated", .type = CONFIG_BOOL, .preset = "off" },
	{ .name = "watchdog-lease", .type = CONFIG_BOOL, .preset = "off" },
	{ .name = "watchdog-lease-ms",
	  .type = CONFIG_INT,
	  .preset = "20000",
	  .min = LEASE_MS_MIN,
	  .max = LEASE_MS_MAX },
	SETTINGS_POLICY,
	{ .name = NULL },
};

static const struct config_option datastore_options[] = {
	{ .name = "cluster", .type = CONFIG_TEXT, .required = true },
	{ .name = NULL },
};

static const struct config_option host_options[] = {
	{ .name = "cluster", .type = CONFIG_TEXT, .required = true },
	{ .name = "agent",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = settings_check_address },
	{ .name = "snmp-account", .type = CONFIG_TEXT, .required = true },
	{ .name = "write-account", .type = CONFIG_TEXT },
	{ .name = "libvirt",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_uri },
	{ .name = "bmc",
	  .type = CONFIG_SECTION,
	  .sections = settings_bmc_options },
	{ .name = "level",
	  .type = CONFIG_LIST,
	  .sections = settings_level_options,
	  .check = settings_check_name },
	{ .name = "feed", .type = CONFIG_TEXT, .check = settings_check_name },
	{ .name = "rack", .type = CONFIG_TEXT, .check = settings_check_name },
	{ .name = NULL },
};

static const struct config_option options[] = {
	{ .name = "site",
	  .type = CONFIG_TEXT,
	  .preset = "site",
	  .check = settings_check_name },
	{ .name = "state-dir",
	  .type = CONFIG_TEXT,
	  .preset = "/var/lib/ironherd",
	  .check = settings_check_path },
	{ .name = "api-socket",
	  .type = CONFIG_TEXT,
	  .preset = "/run/ironherd/api.sock",
	  .check = settings_check_path },
	{ .name = "credentials",
	  .type = CONFIG_TEXT,
	  .preset = "/etc/ironherd/credentials",
	  .check = settings_check_path },
	{ .name = "power-on-per-second",
	  .type = CONFIG_INT,
	  .preset = "4",
	  .min = 1,
	  .max = 1000 },
	{ .name = "power-on-burst",
	  .type = CONFIG_INT,
	  .preset = "8",
	  .min = 1,
	  .max = 4096 },
	{ .name = "inform-listen", .type = CONFIG_TEXT, .check = check_listen },
	{ .name = "snmp",
	  .type = CONFIG_SECTION,
	  .sections = settings_snmp_options },
	{ .name = "cluster",
	  .type = CONFIG_LIST,
	  .sections = cluster_options,
	  .check = settings_check_name },
	{ .name = "vms",
	  .type = CONFIG_LIST,
	  .sections = settings_vms_options,
	  .check = settings_check_name },
	{ .name = "vm",
	  .type = CONFIG_LIST,
	  .sections = settings_vm_options,
	  .check = settings_check_vm_name },
	{ .name = "datastore",
	  .type = CONFIG_LIST,
	  .sections = datastore_options,
	  .check = settings_check_name },
	{ .name = "rule",
	  .type = CONFIG_LIST,
	  .sections = settings_rule_options,
	  .check = settings_check_name },
	{ .name = "pdu",
	  .type = CONFIG_LIST,
	  .sections = settings_pdu_options,
	  .check = settings_check_name },
	{ .name = "host",
	  .type = CONFIG_LIST,
	  .sections = host_options,
	  .check = settings_check_name },
	{ .name = NULL },
};

const struct config_option settings_secret_options[] = {
	SNMP_ACCOUNTS_OPTION,
	IPMI_ACCOUNTS_OPTION,
	{ .name = NULL },
};

/* --- from the file to the struct ---------------------------------------- */

static void
read_clusters(struct settings *s, const struct config_section *root)
{
	s->n_clusters = config_list_len(root, "cluster");
	s->clusters = xcalloc(s->n_clusters, sizeof(*s->clusters));
	for (size_t i = 0; i < s->n_clusters; i++) {
		const struct config_section *sec =
			config_list_at(root, "cluster", i);

		s->clusters[i] = (struct cluster_settings){
			.name = config_title(sec),
			.ha = config_bool(sec, "ha"),
			.fence_isolated = config_bool(sec, "fence-isolated"),
			.lease = config_bool(sec, "watchdog-lease"),
			.lease_ms = config_int(sec, "watchdog-lease-ms"),
		};
		settings_read_policy(s, sec, &s->clusters[i].policy);
	}
	if (s->n_clusters > SETTINGS_CLUSTERS_MAX)
		config_complain(s->config, root, NULL, "more than %d clusters",
				SETTINGS_CLUSTERS_MAX);
}

size_t
settings_find_cluster(struct settings *s, const struct config_section *sec)
{
	const char *name = config_text(sec, "cluster");

	if (name == NULL)
		return 0; /* reported as missing already */
	for (size_t i = 0; i < s->n_clusters; i++)
		if (strcmp(s->clusters[i].name, name) == 0)
			return i;
	config_complain(s->config, sec, "cluster",
			"there is no cluster \"%s\" in this file", name);
	return 0;
}

static void
read_datastores(struct settings *s, const struct config_section *root)
{
	s->n_datastores = config_list_len(root, "datastore");
	s->datastores = xcalloc(s->n_datastores, sizeof(*s->datastores));
	for (size_t i = 0; i < s->n_datastores; i++) {
		const struct config_section *sec =
			config_list_at(root, "datastore", i);

		s->datastores[i] = (struct datastore_settings){
			.name = config_title(sec),
			.cluster = settings_find_cluster(s, sec),
		};
	}
}

/* --- hosts --------------------------------------------------------------- */

static void
read_host(struct settings *s, const struct config_section *sec,
	  struct host_settings *host)
{
	host->name = config_title(sec);
	host->cluster = settings_find_cluster(s, sec);
	host->agent = config_text(sec, "agent");
	host->libvirt = config_text(sec, "libvirt");
	host->feed = config_text(sec, "feed");
	host->rack = config_text(sec, "rack");
	host->snmp = settings_find_snmp(s, sec, "snmp-account");
	host->write_snmp = settings_find_snmp(s, sec, "write-account");
	if (config_text(sec, "write-account") == NULL && s->n_clusters > 0 &&
	    s->clusters[host->cluster].lease)
		config_complain(s->config, sec, NULL,
				"write-account is missing: the watchdog lease "
				"of its cluster is on");
	settings_read_levels(s, sec, host);
}

/* Two hosts behind one address are one host: a fence would hit the wrong. */
static void
refuse_same(struct settings *s, const struct config_section *root, size_t i,
	    const struct host_settings *host, const struct host_settings *other)
{
	const struct config_section *sec = config_list_at(root, "host", i);

	if (host->agent != NULL && other->agent != NULL &&
	    strcmp(host->agent, other->agent) == 0)
		config_complain(s->config, sec, "agent",
				"%s is the agent of host \"%s\" already",
				host->agent, other->name);
	if (host->libvirt != NULL && other->libvirt != NULL &&
	    strcmp(host->libvirt, other->libvirt) == 0)
		config_complain(s->config, sec, "libvirt",
				"%s is the libvirt of host \"%s\" already",
				host->libvirt, other->name);
}

static int
compare_hosts(const void *left, const void *right)
{
	const struct host_settings *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static void
read_hosts(struct settings *s, const struct config_section *root)
{
	s->n_hosts = config_list_len(root, "host");
	if (s->n_hosts > SETTINGS_HOSTS_MAX) {
		config_complain(s->config, root, NULL, "more than %d hosts",
				SETTINGS_HOSTS_MAX);
		s->n_hosts = SETTINGS_HOSTS_MAX;
	}
	s->hosts = xcalloc(s->n_hosts, sizeof(*s->hosts));
	for (size_t i = 0; i < s->n_hosts; i++) {
		read_host(s, config_list_at(root, "host", i), &s->hosts[i]);
		for (size_t k = 0; k < i; k++)
			refuse_same(s, root, i, &s->hosts[i], &s->hosts[k]);
	}
	if (s->n_hosts == 0)
		config_complain(s->config, root, NULL, "there is no host");
	settings_refuse_same_devices(s, root);
	qsort(s->hosts, s->n_hosts, sizeof(*s->hosts), compare_hosts);
}

static void
read_secrets(struct settings *s)
{
	s->secrets =
		config_load_secret(s->credentials, settings_secret_options);
	if (config_count_errors(s->secrets) > 0)
		return;
	s->snmp = snmp_accounts_new(config_root(s->secrets), &s->n_snmp);
	s->ipmi = ipmi_accounts_new(config_root(s->secrets), &s->n_ipmi);
}

static void
read_root(struct settings *s)
{
	const struct config_section *root = config_root(s->config);

	s->site = config_text(root, "site");
	s->state_dir = config_text(root, "state-dir");
	s->api_socket = config_text(root, "api-socket");
	s->credentials = config_text(root, "credentials");
	s->power_on_per_second =
		(unsigned)config_int(root, "power-on-per-second");
	s->power_on_burst = (unsigned)config_int(root, "power-on-burst");
	s->inform_listen = config_text(root, "inform-listen");
	read_secrets(s);
	settings_read_snmp(s, root);
	read_clusters(s, root);
	settings_read_vms(s, root);
	read_datastores(s, root);
	settings_read_pdus(s, root);
	read_hosts(s, root);
	settings_read_rules(s, root);
}

struct settings *
settings_load(const char *path, FILE *errors)
{
	struct settings *s = xcalloc(1, sizeof(*s));

	s->config = config_load(path, options);
	read_root(s);
	if (config_count_errors(s->config) == 0 &&
	    config_count_errors(s->secrets) == 0)
		return s;
	config_print_errors(s->config, errors);
	config_print_errors(s->secrets, errors);
	settings_free(s);
	return NULL;
}

void
settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	free(s->clusters);
	free(s->vms);
	free(s->datastores);
	settings_free_rules(s);
	for (size_t i = 0; i < s->n_hosts; i++)
		free(s->hosts[i].levels);
	free(s->hosts);
	free(s->pdus);
	snmp_accounts_free(s->snmp, s->n_snmp);
	ipmi_accounts_free(s->ipmi, s->n_ipmi);
	config_free(s->secrets);
	config_free(s->config);
	free(s);
}

void
settings_print_effective(const struct settings *s, FILE *to)
{
	config_print_effective(s->config, to);
}
