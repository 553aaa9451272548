/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/order.h - what the commands that order something share.
 */
#ifndef SCHEDULER_CLI_ORDER_H
#define SCHEDULER_CLI_ORDER_H

#include "scheduler/cli/cli.h"

#define CLI_SWITCH_MS 10000

/* POST the body, with the user's name added: 0, or an exit status with the
 * complaint made. */
int cli_post(struct cli *cli, const char *path, json_t *body,
	     int64_t timeout_ms, json_t **ret_answer);

/* `ha arm`, `ha disarm`, of one cluster or of all. */
bool order_is_arms(const char *word);
int order_arms(struct cli *cli);

#endif
