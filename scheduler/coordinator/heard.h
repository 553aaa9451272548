/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/heard.h - which notices of one host have come: what a
 * lost acknowledgement makes come twice, and what is missing.  Pure.
 *
 * An agent numbers notices as it sends them, one after the other, and keeps
 * counting upwards over its restarts within a boot of its node.
 */
#ifndef SCHEDULER_COORDINATOR_HEARD_H
#define SCHEDULER_COORDINATOR_HEARD_H

#include "snmp-mib/notice.h"

/* Zeroed: nothing has come. */
struct heard {
	char boot_id[REPORT_UUID_LEN];
	uint32_t last;
	uint64_t came; /* bit n: last - n */
};

enum heard_as {
	HEARD_FIRST = 1, /* of this host, to us */
	HEARD_NEXT,
	HEARD_AGAIN,  /* known: drop it */
	HEARD_GAP,    /* others before it are missing */
	HEARD_RESTART /* of the agent or its node: nothing holds of before */
};

/* ret_missing: how many, with HEARD_GAP. */
enum heard_as heard_take(struct heard *heard, const struct node_notice *notice,
			 uint32_t *ret_missing);

#endif
