/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/credentials.c - accounts of BMCs out of the credentials file.
 */
#include "ipmi/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"

static int
check_len(const char *value, size_t size, struct err *err)
{
	if (value[0] == '\0' || strlen(value) >= size)
		return err_set(err, -EINVAL, "must have 1 to %zu bytes",
			       size - 1);
	return 0;
}

int
ipmi_account_check_name(const char *name, struct err *err)
{
	return check_len(name, IPMI_ACCOUNT_NAME_LEN, err);
}

static int
check_user(const char *user, struct err *err)
{
	return check_len(user, IPMI_USER_LEN, err);
}

static int
check_password(const char *password, struct err *err)
{
	return check_len(password, IPMI_PASSWORD_LEN, err);
}

const struct config_option ipmi_account_options[] = {
	{ .name = "user",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_user },
	{ .name = "password",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_password },
	{ .name = NULL }
};

struct ipmi_account *
ipmi_accounts_new(const struct config_section *root, size_t *ret_n)
{
	size_t n = config_list_len(root, "bmc");
	struct ipmi_account *accounts = secret_new(n * sizeof(*accounts));

	for (size_t i = 0; i < n; i++) {
		const struct config_section *section =
			config_list_at(root, "bmc", i);
		struct ipmi_account *a = &accounts[i];

		snprintf(a->name, sizeof(a->name), "%s", config_title(section));
		snprintf(a->user, sizeof(a->user), "%s",
			 config_text(section, "user"));
		snprintf(a->password, sizeof(a->password), "%s",
			 config_text(section, "password"));
	}
	*ret_n = n;
	return accounts;
}

void
ipmi_accounts_free(struct ipmi_account *accounts, size_t n)
{
	secret_free(accounts, n * sizeof(*accounts));
}

const struct ipmi_account *
ipmi_accounts_find(const struct ipmi_account *accounts, size_t n,
		   const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(accounts[i].name, name) == 0)
			return &accounts[i];
	return NULL;
}
