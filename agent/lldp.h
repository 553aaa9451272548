/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/lldp.h - what lldpd knows about the neighbours of the host, by its
 * command lldpcli in a worker.  What neighbours say of themselves is anybody's
 * text.
 */
#ifndef AGENT_LLDP_H
#define AGENT_LLDP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "snmp-mib/detail_net.h"

enum {
	LLDP_DEADLINE_MS = 5000,
	LLDP_BYTES_MAX = 1 << 20,
	LLDP_NEIGHBOURS_MAX = DETAIL_UPLINKS_MAX
};

struct lldp_neighbour {
	char link[UPLINK_NAME_LEN]; /* ours */
	char name[REPORT_NAME_LEN]; /* the system, else its chassis */
	char port[REPORT_NAME_LEN]; /* its port */
};

/* The full path of lldpcli below the root, NULL when there is none. */
const char *lldp_command(void);

/* Out of "lldpcli -f json show neighbors"; the first neighbour of each link.
 * Returns how many; the caller frees. */
size_t lldp_parse(const json_t *answer, struct lldp_neighbour **ret_list);

#endif
