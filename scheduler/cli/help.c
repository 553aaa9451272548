/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd help` and `version`, from the tables.
 */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/cli.h"

static void
print_options(const struct cli *cli, unsigned options)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_word *o = &cli_options[i];
		char letter[8] = "    ";

		if (!(options & (1u << i)))
			continue;
		if (o->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		cleanup_free char *word =
			xasprintf("%s--%s%s%s%s", letter, o->name,
				  o->value == NULL ? ""
				  : o->optional    ? "[="
						   : " ",
				  o->value != NULL ? o->value : "",
				  o->optional ? "]" : "");
		fprintf(cli->io.out, "  %-24s %s\n", word, o->help);
	}
}

static int
help_command(const struct cli *cli, const struct command *command)
{
	fprintf(cli->io.out, "usage: ironherd %s%s%s%s\n\n%s\n", command->name,
		command->args[0] != '\0' ? " " : "", command->args,
		command->options != 0 ? " [options]" : "", command->help);
	if (command->more != NULL)
		fprintf(cli->io.out, "\n%s\n", command->more);
	if (command->options != 0) {
		fputs("\noptions:\n", cli->io.out);
		print_options(cli, command->options);
	}
	return CLI_OK;
}

static void
help_all(const struct cli *cli)
{
	fputs("usage: ironherd COMMAND [ARGUMENTS] [OPTIONS]\n\n", cli->io.out);
	for (const struct command *c = cli_commands; c->name != NULL; c++) {
		cleanup_free char *usage = xasprintf("%s %s", c->name, c->args);
		fprintf(cli->io.out, "  %-25s %s\n", usage, c->help);
	}
	fputs("\nIt asks the coordinator on " CLI_SOCKET
	      ", on --socket PATH or "
	      "\non $" CLI_SOCKET_ENV ".  `ironherd help COMMAND` tells more; "
	      "see also ironherd(1).\n",
	      cli->io.out);
}

int
cmd_help(struct cli *cli)
{
	/* "ironherd power --help" and "ironherd help power" alike. */
	if (cli->given[OPTION_HELP] && cli->command != NULL)
		return help_command(cli, cli->command);
	if (cli->n_args == 0) {
		bool asked = cli->command != NULL || cli->given[OPTION_HELP];
		help_all(cli);
		return asked ? CLI_OK : CLI_USAGE;
	}
	const struct command *command = cli_find_command(cli->args[0]);
	if (command != NULL)
		return help_command(cli, command);
	return cli_complain_command(cli, cli->args[0]);
}

int
cmd_version(struct cli *cli)
{
	fputs("ironherd " IRONHERD_VERSION "\n", cli->io.out);
	return CLI_OK;
}
