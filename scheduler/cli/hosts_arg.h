/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/hosts_arg.h - lists of hosts as people write them:
 *
 *	h1  h1,h7  rack2-[01-16,20]  node[8-11]-b  @c1  @all
 *
 * Numbers keep their width (01 to 16).  Names stay in the order written, each
 * once.  "@NAME" is left as it is: the caller knows the clusters.
 */
#ifndef SCHEDULER_CLI_HOSTS_ARG_H
#define SCHEDULER_CLI_HOSTS_ARG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

enum { HOSTS_ARG_MAX = 4096, HOSTS_ARG_NAME_LEN = 64 };

struct hosts_arg {
	char (*names)[HOSTS_ARG_NAME_LEN];
	size_t n;
};

/* More than the name of one host? */
bool hosts_arg_is_list(const char *arg);

/* Adds what `arg` stands for; 0, or -EINVAL and what is wrong where. */
int hosts_arg_add(struct hosts_arg *hosts, const char *arg, struct err *err);

/* Adds one name unless it is there; -E2BIG. */
int hosts_arg_add_name(struct hosts_arg *hosts, const char *name,
		       struct err *err);
void hosts_arg_done(struct hosts_arg *hosts);

#endif
