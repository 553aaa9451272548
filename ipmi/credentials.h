/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/credentials.h - accounts of BMCs out of the credentials file:
 *
 *	bmc "NAME" { user = "..." password = "..." }
 *
 * The program composes its table of the file (IPMI_ACCOUNTS_OPTION) and reads
 * it with config_load_secret().
 */
#ifndef IPMI_CREDENTIALS_H
#define IPMI_CREDENTIALS_H

#include <stddef.h>

#include "common/config.h"

enum {
	IPMI_ACCOUNT_NAME_LEN = 64, /* lengths with the NUL */
	IPMI_USER_LEN = 17,         /* IPMI 2.0: 16 bytes */
	IPMI_PASSWORD_LEN = 21      /* IPMI 2.0: 20 bytes */
};

struct ipmi_account {
	char name[IPMI_ACCOUNT_NAME_LEN];
	char user[IPMI_USER_LEN];
	char password[IPMI_PASSWORD_LEN];
};

extern const struct config_option ipmi_account_options[];
int ipmi_account_check_name(const char *name, struct err *err);

/* The line of the program's table. */
#define IPMI_ACCOUNTS_OPTION                        \
	{                                           \
		.name = "bmc", .type = CONFIG_LIST, \
		.sections = ipmi_account_options,   \
		.check = ipmi_account_check_name    \
	}

/* All accounts of a file without mistakes, in locked memory where the system
 * allows; ipmi_accounts_free() wipes it. */
struct ipmi_account *ipmi_accounts_new(const struct config_section *root,
				       size_t *ret_n);
void ipmi_accounts_free(struct ipmi_account *accounts, size_t n);

/* NULL when there is none of that name. */
const struct ipmi_account *
ipmi_accounts_find(const struct ipmi_account *accounts, size_t n,
		   const char *name);

#endif
