/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/interrupt.h - Ctrl-C while something is waited for.
 *
 * The first one is noted, so that what is known so far can be told; a second
 * one ends the process at once, as it always does.
 */
#ifndef SCHEDULER_CLI_INTERRUPT_H
#define SCHEDULER_CLI_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

struct interrupt {
	struct sigaction before;
};

/* One at a time. */
void interrupt_watch(struct interrupt *interrupt);
void interrupt_unwatch(const struct interrupt *interrupt);

/* Since it was watched for. */
bool interrupt_came(void);

#endif
