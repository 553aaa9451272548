/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/entity_key.h - by what a part of the machine is known over restarts
 * (agent/index.h): its place or its name.
 */
#ifndef AGENT_ENTITY_KEY_H
#define AGENT_ENTITY_KEY_H

#include <stdbool.h>

#include "snmp-mib/node_report.h"

/* Short enough for the index: of a long one the beginning and a hash of the
 * whole.  Control characters become '?'. */
void entity_key(char ret_key[REPORT_NAME_LEN], const char *text);

/* "package 3" with the prefix "package ": the number behind it, if that is
 * all. */
bool entity_number(const char *text, const char *prefix, uint32_t *ret_number);

#endif
