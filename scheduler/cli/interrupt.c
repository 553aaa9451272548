/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cli/interrupt.h"

#include <stddef.h>

static volatile sig_atomic_t came;

static void
note(int number)
{
	(void)number;
	came = 1;
}

void
interrupt_watch(struct interrupt *interrupt)
{
	struct sigaction action = { .sa_handler = note,
				    .sa_flags = (int)SA_RESETHAND };

	came = 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, NULL, &interrupt->before);
	/* Who started us in the background wants us to go on. */
	if (interrupt->before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}

void
interrupt_unwatch(const struct interrupt *interrupt)
{
	sigaction(SIGINT, &interrupt->before, NULL);
}

bool
interrupt_came(void)
{
	return came != 0;
}
