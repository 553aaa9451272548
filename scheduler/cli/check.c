/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd check`: the daemon itself reads the file, so that what passes
 * here passes there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/cli.h"

enum { PATH_LEN = 4096 };

struct checker {
	const char *program, *preset;
};

static const struct checker coordinator = { "ironherd-coordinator",
					    "/etc/ironherd/coordinator.conf" };
static const struct checker agent = { "ironherd-agent",
				      "/etc/ironherd/agent.conf" };

/* The folder this very program lies in; "" when it cannot be told. */
static void
own_folder(char folder[PATH_LEN])
{
	ssize_t len = readlink("/proc/self/exe", folder, PATH_LEN - 1);

	folder[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
}

/* Returns only when no program could be started. */
static void
become(const struct checker *checker, const char *config)
{
	char folder[PATH_LEN], *const argv[] = {
		(char *)checker->program,
		(char *)"--check",
		(char *)"-c",
		(char *)config,
		NULL,
	};

	own_folder(folder);
	if (folder[0] != '\0') {
		cleanup_free char *beside =
			xasprintf("%s/%s", folder, checker->program);
		execv(beside, argv);
		cleanup_free char *sbin =
			xasprintf("%s/../sbin/%s", folder, checker->program);
		execv(sbin, argv);
	}
	execvp(checker->program, argv);
}

static bool
is_agents(const char *config)
{
	const char *slash = strrchr(config, '/');

	return strcmp(slash != NULL ? slash + 1 : config, "agent.conf") == 0;
}

int
cmd_check(struct cli *cli)
{
	const char *config = cli->n_args > 0 ? cli->args[0] : NULL;
	const struct checker *checker = &coordinator;

	if (cli->given[OPTION_AGENT] || (config != NULL && is_agents(config)))
		checker = &agent;
	fflush(cli->io.out);
	become(checker, config != NULL ? config : checker->preset);
	return cli_complain(cli, CLI_FAILED,
			    "%s is not to be found (%s)\nit checks its own "
			    "configuration: install it, or put its folder "
			    "into PATH",
			    checker->program, strerror(errno));
}
