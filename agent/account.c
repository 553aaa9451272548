/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account.h"

#include <errno.h>

#include "common/secret.h"
#include "ipmi/credentials.h"

const struct config_option account_options[] = {
	SNMP_ACCOUNTS_OPTION,
	IPMI_ACCOUNTS_OPTION,
	{ .name = NULL },
};

int
account_load(const char *path, const char *name,
	     struct snmp_account **ret_account, struct err *err)
{
	struct config *config = config_load_secret(path, account_options);
	size_t n = 0;

	if (config_count_errors(config) > 0) {
		config_free(config);
		return err_set(err, -EINVAL,
			       "%s has mistakes: --check shows them", path);
	}
	struct snmp_account *accounts =
		snmp_accounts_new(config_root(config), &n);
	config_free(config);
	const struct snmp_account *found =
		snmp_accounts_find(accounts, n, name);
	if (found != NULL) {
		*ret_account = secret_new(sizeof(*found));
		**ret_account = *found;
	}
	snmp_accounts_free(accounts, n);
	return found != NULL
		       ? 0
		       : err_set(err, -ENOENT, "there is no snmp \"%s\" in %s",
				 name, path);
}

void
account_free(struct snmp_account *account)
{
	if (account != NULL)
		secret_free(account, sizeof(*account));
}
