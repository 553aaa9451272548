/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/features.h - the two sets of CPU features as rows of a report.
 */
#ifndef AGENT_FEATURES_H
#define AGENT_FEATURES_H

#include <jansson.h>

#include "snmp-mib/node_report.h"

/* Union of two arrays of names (NULL: nothing known), sorted by name.  What
 * is no name is left out.  The caller frees *ret_rows. */
size_t features_merge(const json_t *hardware, const json_t *usable,
		      struct report_feature **ret_rows);

#endif
