/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/cli/power_own.h - between power.c (one host) and power_many.c. */
#ifndef SCHEDULER_CLI_POWER_OWN_H
#define SCHEDULER_CLI_POWER_OWN_H

#include "scheduler/cli/cli.h"
#include "scheduler/cli/text.h"

enum {
	/* A verified switch takes tens of seconds on real machines, a system
	 * that shuts itself down minutes. */
	SWITCH_TIMEOUT_MS = 90000,
	SOFT_TIMEOUT_MS = 180000
};

/* Only a reading that went well tells: not an old state beside an error. */
bool power_is_read(const json_t *answer);

/* Was the wanted state read twice?  Anything else is no success. */
bool power_is_done(const json_t *answer, const char *want);

/* A line that a person answered; changed. */
bool power_is_yes(char *answer);

/* "2.31 s", "23 ms" */
const char *power_show_rtt(char buf[TEXT_LEN], int64_t ms);

/* What is sent to have it switched; the caller's. */
json_t *power_body(const struct cli *cli, const char *want);

/* `ironherd power VERB LIST...` */
int power_many(struct cli *cli);

/* A verb that has no short form for one host. */
bool power_is_for_many(const char *verb);

#endif
