/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/hash.h - the hash of a VM's definition.
 */
#ifndef AGENT_HASH_H
#define AGENT_HASH_H

#include "snmp-mib/node_report.h"

/* SHA-256 of a text in hexadecimal digits; "" if it cannot be had. */
void hash_print(const char *text, char ret_hex[REPORT_HASH_LEN]);

#endif
