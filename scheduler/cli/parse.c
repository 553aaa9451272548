/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments: options may stand anywhere, "--" ends them.  getopt_long() is
 * not used because it cannot say which option was meant.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "scheduler/cli/cli.h"

enum { NAME_MAX_LEN = 64, TIMEOUT_MAX_S = 3600 };

/* Edits from `a` to `b` (Levenshtein): insert, delete, replace. */
static size_t
distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t row[NAME_MAX_LEN + 1];

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t cost = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[lb];
}

const char *
cli_nearest(const char *name, const char *(*next)(const void *list, size_t i),
	    const void *list)
{
	/* A third of the letters may be wrong, at least one or two. */
	size_t best = strlen(name) / 3 + 2;
	const char *nearest = NULL, *candidate;

	for (size_t i = 0; (candidate = next(list, i)) != NULL; i++) {
		size_t d = distance(name, candidate);
		size_t len = strlen(name);
		if (len >= 2 && strncmp(name, candidate, len) == 0)
			d = 1; /* only begun */
		if (d < best && d < strlen(candidate)) {
			best = d;
			nearest = candidate;
		}
	}
	return nearest;
}

static const char *
command_name(const void *list, size_t i)
{
	return ((const struct command *)list)[i].name;
}

static const char *
option_name(const void *list, size_t i)
{
	return i < OPTIONS ? ((const struct option_word *)list)[i].name : NULL;
}

const struct command *
cli_find_command(const char *name)
{
	for (const struct command *c = cli_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

int
cli_complain_command(const struct cli *cli, const char *name)
{
	const char *nearest = cli_nearest(name, command_name, cli_commands);

	if (nearest != NULL)
		return cli_complain(cli, CLI_USAGE,
				    "unknown command \"%.64s\"\n"
				    "did you mean `ironherd %s`?",
				    name, nearest);
	return cli_complain(cli, CLI_USAGE,
			    "unknown command \"%.64s\"\n"
			    "`ironherd help` lists the commands",
			    name);
}

static int
complain_option(const struct cli *cli, const char *word)
{
	const char *nearest = NULL;

	if (word[0] == '-' && word[1] == '-')
		nearest = cli_nearest(word + 2, option_name, cli_options);
	if (nearest != NULL)
		return cli_complain(cli, CLI_USAGE,
				    "unknown option \"%.64s\"\n"
				    "did you mean --%s?",
				    word, nearest);
	return cli_complain(cli, CLI_USAGE,
			    "unknown option \"%.64s\"\n"
			    "`ironherd help COMMAND` lists its options",
			    word);
}

/* The option a word stands for; `len` is the name's length in the word. */
static size_t
find_option(const char *word, size_t len)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_word *o = &cli_options[i];
		if (word[1] == '-' && strlen(o->name) == len - 2 &&
		    strncmp(o->name, word + 2, len - 2) == 0)
			return i;
		if (word[1] != '-' && len == 2 && o->letter == word[1])
			return i;
	}
	return OPTIONS;
}

/*
 * Take argv[*at] as an option: --name, --name=value, --name value, -n5, -n 5.
 * Leaves *at at the last argument used.
 */
static int
take_option(struct cli *cli, int argc, char *const argv[], int *at)
{
	const char *word = argv[*at];
	bool is_long = word[1] == '-';
	size_t len = is_long ? strcspn(word, "=") : 2;
	const char *joined = word[len] != '\0' ? word + len + is_long : NULL;
	size_t i = find_option(word, len);

	if (i == OPTIONS)
		return complain_option(cli, word);
	cli->given[i] = true;
	if (cli_options[i].value == NULL && joined != NULL)
		return cli_complain(cli, CLI_USAGE,
				    "--%s takes no value (\"%.64s\")",
				    cli_options[i].name, joined);
	if (cli_options[i].value == NULL)
		return CLI_OK;
	cli->values[i] = joined; /* the last one counts */
	if (cli_options[i].optional)
		return CLI_OK;
	if (joined == NULL && *at + 1 < argc)
		joined = argv[++*at];
	if (joined == NULL)
		return cli_complain(cli, CLI_USAGE, "--%s needs a value: %s",
				    cli_options[i].name, cli_options[i].value);
	cli->values[i] = joined;
	return CLI_OK;
}

/* Who names so many things one by one wants ranges. */
static int
complain_too_many(const struct cli *cli, const char *word)
{
	if (cli->command->max_args < CLI_ARGS_MAX)
		return cli_complain(cli, CLI_USAGE,
				    "too many arguments: \"%.64s\"", word);
	return cli_complain(cli, CLI_USAGE,
			    "more than %d hosts: \"%.64s\"\nwrite ranges such "
			    "as rack2-[01-16], @CLUSTER or @all",
			    CLI_ARGS_MAX - 1, word);
}

static int
take_word(struct cli *cli, const char *word)
{
	if (cli->command == NULL) {
		cli->command = cli_find_command(word);
		return cli->command != NULL ? CLI_OK
					    : cli_complain_command(cli, word);
	}
	if (cli->n_args == CLI_ARGS_MAX)
		return complain_too_many(cli, word);
	cli->args[cli->n_args++] = word;
	return CLI_OK;
}

/* Is what was given what the command takes? */
static int
check_usage(const struct cli *cli)
{
	const struct command *command = cli->command;

	if (command == NULL || cli->given[OPTION_HELP] ||
	    cli->given[OPTION_VERSION])
		return CLI_OK;
	for (size_t i = 0; i < OPTIONS; i++)
		if (cli->given[i] && !(command->options & (1u << i)))
			return cli_complain(cli, CLI_USAGE,
					    "`ironherd %s` has no option --%s\n"
					    "see `ironherd help %s`",
					    command->name, cli_options[i].name,
					    command->name);
	if (cli->n_args < command->min_args)
		return cli_complain(cli, CLI_USAGE,
				    "missing arguments\nusage: ironherd %s %s",
				    command->name, command->args);
	if (cli->n_args > command->max_args)
		return cli_complain(cli, CLI_USAGE,
				    "too many arguments: \"%.64s\"\n"
				    "usage: ironherd %s %s",
				    cli->args[command->max_args], command->name,
				    command->args);
	return CLI_OK;
}

static int
read_timeout(struct cli *cli)
{
	const char *text = cli->values[OPTION_TIMEOUT];
	char *end;

	if (text == NULL)
		return CLI_OK;
	errno = 0;
	double seconds = strtod(text, &end);
	/* Written so that "nan" fails, too. */
	if (errno != 0 || end == text || *end != '\0' ||
	    !(seconds >= 0.001 && seconds <= TIMEOUT_MAX_S))
		return cli_complain(cli, CLI_USAGE,
				    "--timeout: \"%.64s\" is not a number of "
				    "seconds from 0.001 to %d",
				    text, TIMEOUT_MAX_S);
	cli->timeout_ms = (int64_t)(seconds * 1000);
	return CLI_OK;
}

int
cli_parse(struct cli *cli, int argc, char *const argv[])
{
	bool words_only = false;
	int status = CLI_OK;

	for (int i = 1; i < argc && status == CLI_OK; i++) {
		if (!words_only && strcmp(argv[i], "--") == 0)
			words_only = true;
		else if (!words_only && argv[i][0] == '-' && argv[i][1] != '\0')
			status = take_option(cli, argc, argv, &i);
		else
			status = take_word(cli, argv[i]);
	}
	if (status == CLI_OK)
		status = check_usage(cli);
	if (status == CLI_OK)
		status = read_timeout(cli);
	return status;
}
