/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/control.h - what others have set here, in a file over restarts; along
 * with what the lease has to remember.
 *
 *	ironherd-control 1
 *	maintenance off
 *	overcommit off
 *	lease on
 *	lease-ms 20000
 *	renew 1732790000
 *	fired 1
 *	looked-boot 3f2a...
 *	cpu-baseline EPYC-Rome
 *	end
 *
 * The last but one is there only when it is set: agents of before do not know
 * it.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include <stddef.h>

#include "snmp-mib/detail_lease.h"

struct control {
	struct detail_control set;
	uint32_t times_fired;
	/* The boot in which the watchdog was asked whether it had fired; "":
	 * none. */
	char looked_boot[REPORT_UUID_LEN];
};

void control_preset(struct control *control);

/* All lines in this order; -EINVAL: damaged, nothing is changed. */
int control_parse(const char *text, struct control *ret_control);
/* The caller's. */
char *control_print(const struct control *control, size_t *ret_len);

/* A missing file gives presets; a damaged one, too, with a warning: all of
 * them are off. */
void control_load(const char *path, struct control *ret_control);

#endif
