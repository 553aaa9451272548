/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/site.h - the answer of /v1/status, and tables that `status`
 * shares with `alarms` and `events`.
 */
#ifndef SCHEDULER_CLI_SITE_H
#define SCHEDULER_CLI_SITE_H

#include "scheduler/cli/cli.h"
#include "scheduler/cli/table.h"

/* Read /v1/status and see that it has clusters and alarms: 0 or an exit
 * status, with the complaint made. */
int site_load(struct cli *cli, json_t **ret_site);

/* All hosts or VMs of all clusters as one array; each object is a copy with
 * its "cluster".  The caller frees it. */
json_t *site_collect(const json_t *site, const char *key);

/* The loudest of hosts, VMs, alarms and the store. */
enum tone site_tone(const json_t *site);

/* How often which word occurs, the loudest first: "1 DEAD, 2 up"; a line each
 * for hosts, VMs and alarms. */
void site_print_summary(const struct cli *cli, const json_t *site);

/* Some alarm is about it: a host or a VM. */
bool site_has_alarm(const json_t *site, const char *subject);

void alarms_print(const struct cli *cli, const json_t *alarms);

/* Events as a table that can be continued; `brief` gives each one line. */
struct table *events_table_new(const struct cli *cli, bool brief);
void events_table_add(const struct cli *cli, struct table *table,
		      const json_t *event);

#endif
