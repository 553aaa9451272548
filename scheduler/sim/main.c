/* SPDX-License-Identifier: Apache-2.0 */
/* ironherd-sim: a data centre in one process. */
#include <stdio.h>
#include <string.h>

#include "scheduler/sim/commands.h"
#include "scheduler/sim/sim_log.h"

static const struct {
	const char *name;
	int (*run)(int argc, char *argv[]);
	const char *usage;
} commands[] = {
	{ "cases", sim_cases, "cases [--trace DIR] [--only ID] FILE..." },
	{ "storm", sim_storm,
	  "storm [--seed N] [--hours H] [--hosts N] [--vms N] "
	  "[--profile all|single|late] "
	  "[--plant BUG] [--stop] [--trace FILE]" },
};

static int
usage(FILE *to, int status)
{
	fputs("usage:", to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "\tironherd-sim %s\n", commands[i].usage);
	fputs("\tironherd-sim --log COMMAND ...\tand the product's log\n", to);
	return status;
}

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("ironherd-sim %s\n", IRONHERD_VERSION);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--log") == 0) {
		sim_log_to(stderr);
		argc--;
		argv++;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands);
	     i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return usage(stderr, 2);
}
