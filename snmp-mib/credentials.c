/* SPDX-License-Identifier: Apache-2.0 */
#include "snmp-mib/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"

/* MD5 and DES are left out on purpose: they keep no secret any more. */
static const char *const auth_words[] = { "SHA",     "SHA-224", "SHA-256",
					  "SHA-384", "SHA-512", NULL };
static const char *const priv_words[] = { "AES", NULL };

int
snmp_account_check_name(const char *name, struct err *err)
{
	if (name[0] == '\0' || strlen(name) >= SNMP_ACCOUNT_NAME_LEN)
		return err_set(err, -EINVAL, "must have 1 to %d bytes",
			       SNMP_ACCOUNT_NAME_LEN - 1);
	return 0;
}

static int
check_user(const char *user, struct err *err)
{
	if (user[0] == '\0' || strlen(user) >= SNMP_USER_LEN)
		return err_set(err, -EINVAL, "must have 1 to %d bytes",
			       SNMP_USER_LEN - 1);
	return 0;
}

static int
check_password(const char *password, struct err *err)
{
	size_t len = strlen(password);

	if (len < SNMP_PASSWORD_MIN)
		return err_set(err, -EINVAL,
			       "is too short: SNMPv3 wants %d bytes or more",
			       SNMP_PASSWORD_MIN);
	if (len >= SNMP_PASSWORD_LEN)
		return err_set(err, -EINVAL, "is longer than %d bytes",
			       SNMP_PASSWORD_LEN - 1);
	return 0;
}

const struct config_option snmp_account_options[] = {
	{ .name = "user",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_user },
	{ .name = "auth-password",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_password },
	{ .name = "priv-password",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_password },
	{ .name = "auth",
	  .type = CONFIG_WORD,
	  .preset = "SHA-256",
	  .words = auth_words },
	{ .name = "priv",
	  .type = CONFIG_WORD,
	  .preset = "AES",
	  .words = priv_words },
	{ .name = NULL }
};

static void
fill(struct snmp_account *account, const struct config_section *section)
{
	snprintf(account->name, sizeof(account->name), "%s",
		 config_title(section));
	snprintf(account->user, sizeof(account->user), "%s",
		 config_text(section, "user"));
	snprintf(account->auth_password, sizeof(account->auth_password), "%s",
		 config_text(section, "auth-password"));
	snprintf(account->priv_password, sizeof(account->priv_password), "%s",
		 config_text(section, "priv-password"));
	account->auth = auth_words[config_word(section, "auth")];
	account->priv = priv_words[config_word(section, "priv")];
}

struct snmp_account *
snmp_accounts_new(const struct config_section *root, size_t *ret_n)
{
	size_t n = config_list_len(root, "snmp");
	struct snmp_account *accounts = secret_new(n * sizeof(*accounts));

	for (size_t i = 0; i < n; i++)
		fill(&accounts[i], config_list_at(root, "snmp", i));
	*ret_n = n;
	return accounts;
}

void
snmp_accounts_free(struct snmp_account *accounts, size_t n)
{
	secret_free(accounts, n * sizeof(*accounts));
}

const struct snmp_account *
snmp_accounts_find(const struct snmp_account *accounts, size_t n,
		   const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(accounts[i].name, name) == 0)
			return &accounts[i];
	return NULL;
}
