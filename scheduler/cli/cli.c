/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands share: asking the coordinator, complaining, JSON.
 */
#include "scheduler/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/client.h"
#include "scheduler/cli/text.h"

enum { HANGING = 10 }; /* columns of "ironherd: " */

const char *
cli_socket(const struct cli *cli)
{
	const char *path = cli->values[OPTION_SOCKET];

	if (path == NULL)
		path = getenv(CLI_SOCKET_ENV);
	return path != NULL && path[0] != '\0' ? path : CLI_SOCKET;
}

/* A copy with every text, keys as well, made harmless.  The recursion is
 * bounded: the parser refuses nesting beyond 2048. */
static json_t *
make_safe(const json_t *value)
{
	const char *key;
	json_t *item, *copy;
	size_t i;

	if (json_is_string(value)) {
		cleanup_free char *safe = text_safe(json_string_value(value));
		return json_string_nocheck(safe);
	}
	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach (value, i, item)
			json_array_append_new(copy, make_safe(item));
		return copy;
	}
	if (!json_is_object(value))
		return json_copy((json_t *)value);

	copy = json_object();
	json_object_foreach ((json_t *)value, key, item) {
		cleanup_free char *safe = text_safe(key);
		json_object_set_new_nocheck(copy, safe, make_safe(item));
	}
	return copy;
}

int
cli_ask(struct cli *cli, const char *path, const json_t *body,
	int64_t timeout_ms, json_t **ret_answer, struct err *err)
{
	json_t *answer;

	if (cli->client == NULL)
		cli->client = client_new(cli_socket(cli));
	int rc = client_call(cli->client, path, body, timeout_ms, &answer, err);
	if (rc < 0)
		return rc;
	if (!cli->given[OPTION_JSON]) {
		json_t *safe = make_safe(answer);
		json_decref(answer);
		answer = safe;
	}
	*ret_answer = answer;
	return 0;
}

int
cli_get(struct cli *cli, const char *path, json_t **ret_answer)
{
	struct err err = { "" };
	int rc = cli_ask(cli, path, NULL, cli->timeout_ms, ret_answer, &err);

	return rc < 0 ? cli_fail(cli, cli_status_of(rc), &err) : CLI_OK;
}

char *
cli_path(struct cli *cli, const char *before, const char *name,
	 const char *after)
{
	if (cli->client == NULL)
		cli->client = client_new(cli_socket(cli));
	cleanup_free char *escaped = client_escape(cli->client, name);

	return xasprintf("%s%s%s", before, escaped, after);
}

/* Jansson escapes all but DEL. */
static void
print_json(const struct cli *cli, const json_t *value, size_t flags)
{
	cleanup_free char *text =
		json_dumps(value, flags | JSON_SORT_KEYS | JSON_ENSURE_ASCII);

	for (const char *c = text; c != NULL && *c != '\0'; c++) {
		if (*c == 0x7f)
			fputs("\\u007f", cli->io.out);
		else
			fputc(*c, cli->io.out);
	}
	fputc('\n', cli->io.out);
}

void
cli_print_json(const struct cli *cli, const json_t *value)
{
	print_json(cli, value, JSON_INDENT(2));
}

void
cli_print_json_line(const struct cli *cli, const json_t *value)
{
	print_json(cli, value, JSON_COMPACT);
}

int
cli_status_of(int rc)
{
	static const struct {
		int rc, status;
	} statuses[] = {
		{ 0, CLI_OK },
		{ -ENOTCONN, CLI_UNREACHABLE },
		{ -ENOENT, CLI_NOT_FOUND },
		{ -ETIMEDOUT, CLI_UNANSWERED },
		{ -ECONNRESET, CLI_UNANSWERED },
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i].rc == rc)
			return statuses[i].status;
	return CLI_FAILED;
}

/* A paragraph that hangs below "ironherd: ". */
static void
print_hanging(const struct cli *cli, const char *lead, const char *text)
{
	size_t width = cli->io.width > (size_t)2 * HANGING
			       ? cli->io.width - HANGING
			       : 0;
	cleanup_free char *safe = text_safe(text);
	cleanup_free char *wrapped = text_wrap(safe, width);
	char *save = NULL;

	for (char *line = strtok_r(wrapped, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		fprintf(cli->io.err, "%-*s%s\n", HANGING, lead, line);
		lead = "";
	}
}

/* What went wrong, and after a line end what to do. */
int
cli_fail(const struct cli *cli, int status, const struct err *err)
{
	const char *hint = strchr(err->text, '\n');
	char what[ERR_MAX];

	snprintf(what, sizeof(what), "%.*s", (int)strcspn(err->text, "\n"),
		 err->text);
	fflush(cli->io.out); /* in the order it happened */
	print_hanging(cli, "ironherd: ", what);
	if (hint != NULL)
		print_hanging(cli, "", hint + 1);
	return status;
}

int
cli_complain(const struct cli *cli, int status, const char *fmt, ...)
{
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	return cli_fail(cli, status, &err);
}

void
cli_print(const struct cli *cli, enum tone tone, const char *fmt, ...)
{
	va_list ap;

	if (cli->io.color)
		fputs(tone_sequence(tone), cli->io.out);
	va_start(ap, fmt);
	vfprintf(cli->io.out, fmt, ap);
	va_end(ap);
	if (cli->io.color && tone != TONE_PLAIN)
		fputs(TONE_END, cli->io.out);
}

int
cli_run(const struct cli_io *io, int argc, char *const argv[])
{
	struct cli cli = { .io = *io, .timeout_ms = CLI_TIMEOUT_MS };
	int status = cli_parse(&cli, argc, argv);

	if (status != CLI_OK)
		return status;
	if (cli.given[OPTION_VERSION])
		status = cmd_version(&cli);
	else if (cli.given[OPTION_HELP] || cli.command == NULL)
		status = cmd_help(&cli);
	else
		status = cli.command->run(&cli);
	client_free(cli.client);

	/* A full disk behind a pipe must not pass for success. */
	if ((fflush(io->out) != 0 || ferror(io->out)) && status == CLI_OK)
		return cli_complain(&cli, CLI_FAILED,
				    "the output could not be written: %s",
				    strerror(errno));
	return status;
}
