/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/credentials.h - the SNMPv3 accounts of the credentials file.
 *
 *	snmp "agents" {
 *		user = "ironherd"
 *		auth-password = "..."		# 8 characters or more
 *		priv-password = "..."		# 8 characters or more
 *		auth = "SHA-256"		# SHA SHA-224 SHA-256 SHA-384
 *SHA-512 priv = "AES"
 *	}
 *
 * Every program reads the whole file with one table:
 *
 *	static const struct config_option table[] = {
 *		SNMP_ACCOUNTS_OPTION, IPMI_ACCOUNTS_OPTION, { .name = NULL }
 *	};
 *	config = config_load_secret(path, table);
 *	(mistakes: print them and end)
 *	accounts = snmp_accounts_new(config_root(config), &n);
 *	config_free(config);
 */
#ifndef SNMP_MIB_CREDENTIALS_H
#define SNMP_MIB_CREDENTIALS_H

#include <stddef.h>

#include "common/config.h"

enum {
	SNMP_ACCOUNT_NAME_LEN = 64, /* lengths with the NUL */
	SNMP_USER_LEN = 33,         /* usmUserName: 32 */
	SNMP_PASSWORD_MIN = 8,      /* RFC 3414, 11.2 */
	SNMP_PASSWORD_LEN = 129
};

struct snmp_account {
	char name[SNMP_ACCOUNT_NAME_LEN];
	char user[SNMP_USER_LEN];
	char auth_password[SNMP_PASSWORD_LEN];
	char priv_password[SNMP_PASSWORD_LEN];
	const char *auth; /* net-snmp's words: "SHA-256", "AES" */
	const char *priv;
};

extern const struct config_option snmp_account_options[];
int snmp_account_check_name(const char *name, struct err *err);

#define SNMP_ACCOUNTS_OPTION                         \
	{                                            \
		.name = "snmp", .type = CONFIG_LIST, \
		.sections = snmp_account_options,    \
		.check = snmp_account_check_name     \
	}

/* The accounts of a file without mistakes, in its order, as an array in
 * locked memory that snmp_accounts_free() wipes. */
struct snmp_account *snmp_accounts_new(const struct config_section *root,
				       size_t *ret_n);
void snmp_accounts_free(struct snmp_account *accounts, size_t n);

/* NULL when there is none of that name. */
const struct snmp_account *
snmp_accounts_find(const struct snmp_account *accounts, size_t n,
		   const char *name);

#endif
