/* SPDX-License-Identifier: Apache-2.0 */
/* Judgement over several values of agent.conf, and over the accounts that it
 * names. */
#include <string.h>

#include "agent/account.h"
#include "agent/settings_own.h"

static void
judge_datastores(struct config *config)
{
	const struct config_section *root = config_root(config);
	size_t n = config_list_len(root, "datastore");

	if (n > REPORT_DATASTORES_MAX)
		config_complain(config, root, NULL, "more than %d datastores",
				REPORT_DATASTORES_MAX);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct config_section *a, *b;

			a = config_list_at(root, "datastore", j);
			b = config_list_at(root, "datastore", i);
			const char *path_a = config_text(a, "path");
			const char *path_b = config_text(b, "path");
			if (path_a != NULL && path_b != NULL &&
			    strcmp(path_a, path_b) == 0)
				config_complain(config, b, "path",
						"is the path of datastore "
						"\"%s\", too",
						config_title(a));
		}
}

static void
judge_uplinks(struct config *config)
{
	const struct config_section *root = config_root(config);

	if (config_list_len(root, "uplink") > DETAIL_UPLINKS_MAX)
		config_complain(config, root, NULL, "more than %d uplinks",
				DETAIL_UPLINKS_MAX);
}

static void
judge_snmp(struct settings *settings)
{
	const struct config_section *snmp =
		config_sub(config_root(settings->config), "snmp");

	if (settings->notify_snmpd && settings->mode != MODE_AGENTX)
		config_complain(settings->config, snmp, "notify-snmpd",
				"goes with mode = agentx only");
}

static bool
needs_account(const struct settings *settings)
{
	return settings->mode == MODE_STANDALONE ||
	       settings->inform_target != NULL;
}

static const struct config_section *
find_account(const struct config *credentials, const char *name)
{
	const struct config_section *root = config_root(credentials);

	for (size_t i = 0; i < config_list_len(root, "snmp"); i++) {
		const struct config_section *account =
			config_list_at(root, "snmp", i);

		if (strcmp(config_title(account), name) == 0)
			return account;
	}
	return NULL;
}

static void
judge_account(struct settings *settings, const struct config_section *section,
	      const char *option, const struct config *credentials,
	      const char *name)
{
	if (find_account(credentials, name) != NULL)
		return;
	config_complain(settings->config, section,
			section != config_root(settings->config) ? option
								 : NULL,
			"there is no snmp \"%s\" in %s", name,
			settings->credentials);
}

/* SNMP knows the two by their users only. */
static void
judge_write_account(struct settings *settings,
		    const struct config_section *snmp,
		    const struct config *credentials)
{
	const struct config_section *read, *write;

	if (settings->write_account == NULL)
		return;
	judge_account(settings, snmp, "write-account", credentials,
		      settings->write_account);
	read = find_account(credentials, settings->account);
	write = find_account(credentials, settings->write_account);
	if (read != NULL && write != NULL &&
	    strcmp(config_text(read, "user"), config_text(write, "user")) == 0)
		config_complain(settings->config, snmp, "write-account",
				"has the same user as the account that reads");
}

static void
judge_standalone(struct settings *settings, const struct config *credentials)
{
	const struct config_section *root = config_root(settings->config);
	const struct config_section *snmp = config_sub(root, "snmp");

	if (snmp == NULL)
		snmp = root;
	judge_account(settings, snmp, "account", credentials,
		      settings->account);
	judge_write_account(settings, snmp, credentials);
}

/* The agent itself keeps no password: the worker that sends informs reads
 * the file again, the standalone voice too, and both wipe it. */
static size_t
judge_credentials(struct settings *settings, FILE *errors)
{
	if (!needs_account(settings))
		return 0;

	struct config *credentials =
		config_load_secret(settings->credentials, account_options);
	const struct config_section *root = config_root(settings->config);
	size_t n = config_count_errors(credentials);

	config_print_errors(credentials, errors);
	if (n == 0 && settings->mode == MODE_STANDALONE)
		judge_standalone(settings, credentials);
	if (n == 0 && settings->inform_target != NULL)
		judge_account(settings, config_sub(root, "inform"), "account",
			      credentials, settings->inform_account);
	config_free(credentials);
	return n;
}

size_t
settings_judge(struct settings *settings, FILE *errors)
{
	judge_datastores(settings->config);
	judge_uplinks(settings->config);
	judge_snmp(settings);
	return judge_credentials(settings, errors);
}
