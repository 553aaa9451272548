/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/detail.h - evidence of any shape, readable.
 *
 * What a decision records grows with what it looks at; the command shows all
 * of it without knowing it.  Units come from the names: _ms, _kib, _pm.
 */
#ifndef SCHEDULER_CLI_DETAIL_H
#define SCHEDULER_CLI_DETAIL_H

#include <jansson.h>

#include "scheduler/cli/cli.h"

/* Single values first, then a headed section for each list and object in it.
 * Nothing for NULL and what is empty. */
void detail_print(const struct cli *cli, const char *title,
		  const json_t *value);

#endif
