/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/hosts_pick.h - the hosts that a command's arguments mean, out
 * of those that the site has.
 */
#ifndef SCHEDULER_CLI_HOSTS_PICK_H
#define SCHEDULER_CLI_HOSTS_PICK_H

#include "scheduler/cli/cli.h"
#include "scheduler/cli/hosts_arg.h"

/* Calls fn for each host of /v1/status until it returns other than 0. */
int hosts_each(const json_t *site,
	       int (*fn)(void *arg, const char *cluster, const json_t *host),
	       void *arg);

/*
 * Arguments from the second on, "@CLUSTER" and "@all" included.  CLI_OK, or an
 * exit status with the complaint made: all hosts that are not configured are
 * told at once.
 */
int hosts_pick(struct cli *cli, const json_t *site,
	       struct hosts_arg *ret_hosts);

#endif
