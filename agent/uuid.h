/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/uuid.h - identifiers as text: 8-4-4-4-12 hexadecimal digits.
 */
#ifndef AGENT_UUID_H
#define AGENT_UUID_H

#include <stdbool.h>

#include "snmp-mib/node_report.h"

/* Takes upper and lower case and, as in machine-id, no dashes at all; gives
 * lower case with dashes.  -EINVAL for anything else, and for the nil and
 * all-ones UUIDs that lazy firmware has. */
int uuid_parse(const char *text, char ret_uuid[REPORT_UUID_LEN]);

/* Exactly what uuid_parse() gives. */
bool uuid_is_valid(const char *text);

#endif
