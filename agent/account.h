/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/account.h - one SNMP account out of the credentials file, for as long
 * as it takes to make keys of its passwords.
 */
#ifndef AGENT_ACCOUNT_H
#define AGENT_ACCOUNT_H

#include "common/config.h"
#include "common/err.h"
#include "snmp-mib/credentials.h"

/* The whole grammar of the file. */
extern const struct config_option account_options[];

/* In locked memory that account_free() wipes.  -EINVAL: mistakes in the file;
 * -ENOENT: no such account. */
int account_load(const char *path, const char *name,
		 struct snmp_account **ret_account, struct err *err);
void account_free(struct snmp_account *account);

#endif
