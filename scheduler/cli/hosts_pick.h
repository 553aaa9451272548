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

/* Its hosts by name; the caller's. */
json_t *hosts_index(const json_t *site);

/* The host that was nearly named, or NULL: one with other numbers in its name
 * is another host and no slip of the finger. */
const char *hosts_nearest(const json_t *index, const char *name);

/*
 * Arguments from the second on, "@CLUSTER" and "@all" included.  CLI_OK, or an
 * exit status with the complaint made: all hosts that are not configured are
 * told at once.
 */
int hosts_pick(struct cli *cli, const json_t *site, const json_t *index,
	       struct hosts_arg *ret_hosts);

#endif
