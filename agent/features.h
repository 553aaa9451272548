/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/features.h - the two sets of CPU features as rows of a report.
 */
#ifndef AGENT_FEATURES_H
#define AGENT_FEATURES_H

#include <jansson.h>
#include <stdbool.h>

#include "snmp-mib/node_report.h"

/* Is it a name as libvirt gives features and models?  NULL is none. */
bool features_is_name(const char *text);

/* Union of two arrays of names (NULL: nothing known), sorted by name.  What
 * is no name is left out.  The caller frees *ret_rows. */
size_t features_merge(const json_t *hardware, const json_t *usable,
		      struct report_feature **ret_rows);

#endif
