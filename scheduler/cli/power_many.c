/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd power` for many hosts at once: all are asked side by side, one
 * that does not answer costs only itself, and a summary tells who failed and
 * why.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/client.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/hosts_pick.h"
#include "scheduler/cli/power_own.h"
#include "scheduler/cli/table.h"

enum { NAMED_MAX = 8 }; /* hosts named in a question */

struct verb;

static bool is_told(const struct verb *verb, const json_t *answer);
static bool is_switched(const struct verb *verb, const json_t *answer);
static bool is_ok(const struct verb *verb, const json_t *answer);
static json_t *switch_body(const struct cli *cli, const struct verb *verb);
static json_t *lamp_body(const struct cli *cli, const struct verb *verb);
static void set_power(struct table *table, struct libscols_line *row,
		      const json_t *answer);
static void set_watts(struct table *table, struct libscols_line *row,
		      const json_t *answer);

/* The first column is the host, the second what is asked, the last a remark. */
static const struct table_column power_columns[] = {
	{ "HOST", 0, 0 },
	{ "POWER", 0, 0 },
	{ "ROUND TRIP", TABLE_RIGHT, 3 },
	{ "LAST EVENT", 0, 4 },
	{ "", TABLE_TEXT, 2 },
	{ NULL, 0, 0 },
};
static const struct table_column watts_columns[] = {
	{ "HOST", 0, 0 },
	{ "WATTS", TABLE_RIGHT, 0 },
	{ "AVERAGE", TABLE_RIGHT, 3 },
	{ "MAXIMUM", TABLE_RIGHT, 4 },
	{ "", TABLE_TEXT, 2 },
	{ NULL, 0, 0 },
};

enum { COLUMN_HOST, COLUMN_ASKED, COLUMN_2, COLUMN_3, COLUMN_REMARK };

static const struct verb {
	const char *name, *path;
	const char *want;    /* the state of power, of a switch */
	const char *summary; /* "12 of 16 ..." */
	bool cuts;           /* asks before */
	int64_t timeout_ms;  /* 0: as all commands */
	json_t *(*body)(const struct cli *cli, const struct verb *verb);
	bool (*is_good)(const struct verb *verb, const json_t *answer);
	const struct table_column *columns; /* NULL: only a summary */
	void (*set)(struct table *table, struct libscols_line *row,
		    const json_t *answer);
} verbs[] = {
	{ "status", "/power", NULL, "told their power", false, 0, NULL, is_told,
	  power_columns, set_power },
	{ "on", "/power", "on", "are on, verified", false, SWITCH_TIMEOUT_MS,
	  switch_body, is_switched, NULL, NULL },
	{ "off", "/power", "off", "are off, verified", true, SWITCH_TIMEOUT_MS,
	  switch_body, is_switched, NULL, NULL },
	{ "soft", "/power", "off", "are off, verified", true, SOFT_TIMEOUT_MS,
	  switch_body, is_switched, NULL, NULL },
	{ "identify", "/identify", NULL, "blink for a minute", false, 0,
	  lamp_body, is_ok, NULL, NULL },
	{ "watts", "/watts", NULL, "told what they draw", false, 0, NULL, is_ok,
	  watts_columns, set_watts },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

struct many {
	struct cli *cli;
	const struct verb *verb;
	struct hosts_arg hosts;
	json_t *site;
	struct client_one *calls;
};

/* --- asking before ------------------------------------------------------- */

static int
count_vms(void *arg, const char *cluster, const json_t *host)
{
	struct many *many = arg;

	(void)cluster;
	for (size_t i = 0; i < many->hosts.n; i++)
		if (strcmp(many->hosts.names[i], field_text(host, "name")) ==
			    0 &&
		    field_number(host, "vms") > 0)
			return 1; /* some */
	return 0;
}

static int
confirm(struct many *many)
{
	struct cli *cli = many->cli;
	char answer[16] = "";

	if (!many->verb->cuts || cli->given[OPTION_YES])
		return CLI_OK;
	if (!cli->io.can_ask)
		return cli_complain(cli, CLI_USAGE,
				    "power %s asks first, and there is no "
				    "terminal to ask at\nadd --yes",
				    many->verb->name);
	fprintf(cli->io.err, "Power %s for %zu hosts", many->verb->name,
		many->hosts.n);
	for (size_t i = 0; i < many->hosts.n && i < NAMED_MAX; i++)
		fprintf(cli->io.err, "%s%s", i == 0 ? ": " : ", ",
			many->hosts.names[i]);
	fprintf(cli->io.err, "%s%s? [y/N] ",
		many->hosts.n > NAMED_MAX ? ", ..." : "",
		hosts_each(many->site, count_vms, many) ? " (VMs run there)"
							: "");
	fflush(cli->io.err);
	if (fgets(answer, sizeof(answer), cli->io.in) == NULL)
		fputc('\n', cli->io.err);
	if (power_is_yes(answer))
		return CLI_OK;
	return cli_complain(cli, CLI_FAILED, "nothing was done");
}

/* --- doing --------------------------------------------------------------- */

static void
show_progress(void *arg, size_t done, size_t n)
{
	const struct many *many = arg;

	if (!many->cli->io.can_ask || many->cli->given[OPTION_JSON])
		return;
	fprintf(many->cli->io.err, "\r%zu of %zu%s", done, n,
		done == n ? "\r\033[K" : "");
	fflush(many->cli->io.err);
}

static void
call_all(struct many *many)
{
	struct cli *cli = many->cli;
	const struct verb *verb = many->verb;
	json_t *body = verb->body != NULL ? verb->body(cli, verb) : NULL;
	struct client_many calls = {
		.n = many->hosts.n,
		.body = body,
		.timeout_ms =
			verb->timeout_ms == 0 || cli->given[OPTION_TIMEOUT]
				? cli->timeout_ms
				: verb->timeout_ms,
		.progress = show_progress,
		.arg = many,
	};

	many->calls = xcalloc(many->hosts.n, sizeof(*many->calls));
	for (size_t i = 0; i < many->hosts.n; i++)
		many->calls[i].path =
			cli_path(cli, "/v1/hosts/", many->hosts.names[i],
				 verb->path);
	calls.calls = many->calls;
	client_call_many(cli_socket(cli), &calls);
	json_decref(body);
}

static json_t *
switch_body(const struct cli *cli, const struct verb *verb)
{
	return power_body(cli, verb->name);
}

static json_t *
lamp_body(const struct cli *cli, const struct verb *verb)
{
	(void)cli;
	(void)verb;
	return json_pack("{s:b}", "on", 1);
}

static bool
is_told(const struct verb *verb, const json_t *answer)
{
	(void)verb;
	return power_is_read(answer);
}

static bool
is_switched(const struct verb *verb, const json_t *answer)
{
	return power_is_done(answer, verb->want);
}

static bool
is_ok(const struct verb *verb, const json_t *answer)
{
	(void)verb;
	return strcmp(field_text(answer, "rc"), "ok") == 0;
}

static bool
is_good(const struct many *many, const struct client_one *one)
{
	return one->rc == 0 && many->verb->is_good(many->verb, one->answer);
}

/* Nobody knows what became of it. */
static bool
is_unanswered(const struct client_one *one)
{
	return one->rc == -ETIMEDOUT || one->rc == -ECONNRESET;
}

/* Why it failed, harmless to a terminal; the caller's. */
static char *
reason(const struct many *many, const struct client_one *one)
{
	const char *text =
		one->rc < 0 ? one->err.text : field_text(one->answer, "text");
	char *safe;

	if (is_unanswered(one))
		return xasprintf("no answer of the coordinator%s",
				 many->verb->body != NULL
					 ? ": WHETHER IT WAS DONE IS NOT KNOWN"
					 : "");
	safe = text_safe(text[0] != '\0' ? text : "no reason was told");
	return safe;
}

/* --- showing ------------------------------------------------------------- */

static void
set_power(struct table *table, struct libscols_line *row, const json_t *answer)
{
	cleanup_free char *event = text_safe(field_text(answer, "last_event"));
	char rtt[TEXT_LEN];

	table_set(table, row, COLUMN_ASKED, TONE_BOLD,
		  word_power(field_text(answer, "power")).text);
	if (field_number(answer, "rtt_ms") >= 0)
		table_set(table, row, COLUMN_2, TONE_PLAIN,
			  power_show_rtt(rtt, field_number(answer, "rtt_ms")));
	table_set(table, row, COLUMN_3, TONE_PLAIN, event);
}

static void
set_number(struct table *table, struct libscols_line *row, size_t column,
	   const json_t *answer, const char *key)
{
	char text[TEXT_LEN] = "?";

	if (field_number(answer, key) >= 0)
		snprintf(text, sizeof(text), "%lld",
			 (long long)field_number(answer, key));
	table_set(table, row, column, TONE_PLAIN, text);
}

static void
set_watts(struct table *table, struct libscols_line *row, const json_t *answer)
{
	set_number(table, row, COLUMN_ASKED, answer, "watts");
	set_number(table, row, COLUMN_2, answer, "average_watts");
	set_number(table, row, COLUMN_3, answer, "max_watts");
	if (!field_true(answer, "active"))
		table_set(table, row, COLUMN_REMARK, TONE_WARN,
			  "it does not measure just now");
}

static void
add_row(const struct many *many, struct table *table, size_t i)
{
	const struct client_one *one = &many->calls[i];
	struct libscols_line *row = table_add(table, NULL);

	table_set(table, row, COLUMN_HOST, TONE_PLAIN, many->hosts.names[i]);
	if (is_good(many, one))
		many->verb->set(table, row, one->answer);
	else
		table_set(table, row, COLUMN_ASKED, TONE_WARN, "unknown");
}

static void
show_table(const struct many *many)
{
	struct table *table = table_new(many->verb->columns, &many->cli->io);

	for (size_t i = 0; i < many->hosts.n; i++)
		add_row(many, table, i);
	table_print(table);
	table_free(table);
}

static void
show_json(const struct many *many)
{
	json_t *list = json_array();

	for (size_t i = 0; i < many->hosts.n; i++) {
		const struct client_one *one = &many->calls[i];
		json_t *item = one->rc == 0 ? json_incref(one->answer)
					    : json_pack("{s:s, s:s}", "power",
							"unknown", "error",
							one->err.text);

		json_object_set_new(item, "host",
				    json_string(many->hosts.names[i]));
		json_array_append_new(list, item);
	}
	cli_print_json(many->cli, list);
	json_decref(list);
}

/* A line for each reason, with all hosts that have it. */
static void
show_failures(const struct many *many)
{
	bool *told = xcalloc(many->hosts.n, sizeof(*told));

	for (size_t i = 0; i < many->hosts.n; i++) {
		if (told[i] || is_good(many, &many->calls[i]))
			continue;
		cleanup_free char *why = reason(many, &many->calls[i]);

		fprintf(many->cli->io.out, "  %s", many->hosts.names[i]);
		for (size_t k = i + 1; k < many->hosts.n; k++) {
			if (is_good(many, &many->calls[k]))
				continue;
			cleanup_free char *other =
				reason(many, &many->calls[k]);

			if (strcmp(why, other) != 0)
				continue;
			fprintf(many->cli->io.out, ", %s",
				many->hosts.names[k]);
			told[k] = true;
		}
		fprintf(many->cli->io.out, ": %s\n", why);
	}
	free(told);
}

static int
show(const struct many *many)
{
	const struct cli *cli = many->cli;
	size_t good = 0, n = many->hosts.n;
	int failed = CLI_FAILED;

	for (size_t i = 0; i < n; i++) {
		good += is_good(many, &many->calls[i]);
		if (is_unanswered(&many->calls[i]))
			failed = CLI_UNANSWERED;
	}
	if (cli->given[OPTION_JSON]) {
		show_json(many);
		return good == n ? CLI_OK : failed;
	}
	if (many->verb->columns != NULL)
		show_table(many);
	fprintf(cli->io.out, "%zu of %zu %s%s\n", good, n, many->verb->summary,
		good < n ? "; failed:" : "");
	show_failures(many);
	return good == n ? CLI_OK : failed;
}

/* --- all of it ----------------------------------------------------------- */

static int
run(struct many *many)
{
	int status = hosts_pick(many->cli, many->site, &many->hosts);

	if (status == CLI_OK)
		status = confirm(many);
	if (status != CLI_OK)
		return status;
	call_all(many);
	return show(many);
}

bool
power_is_for_many(const char *verb)
{
	for (size_t v = 0; v < VERBS; v++)
		if (strcmp(verbs[v].name, verb) == 0)
			return strcmp(verbs[v].path, "/power") != 0;
	return false;
}

int
power_many(struct cli *cli)
{
	struct many many = { .cli = cli };
	size_t v = 0;

	while (v < VERBS && strcmp(verbs[v].name, cli->args[0]) != 0)
		v++;
	if (v == VERBS)
		return cli_complain(cli, CLI_USAGE,
				    "unknown word \"%.64s\"\nusage: %s %s",
				    cli->args[0], cli->command->name,
				    cli->command->args);
	many.verb = &verbs[v];
	int status = cli_get(cli, "/v1/status", &many.site);
	if (status != CLI_OK)
		return status;
	status = run(&many);
	for (size_t i = 0; many.calls != NULL && i < many.hosts.n; i++) {
		free(many.calls[i].path);
		json_decref(many.calls[i].answer);
	}
	free(many.calls);
	hosts_arg_done(&many.hosts);
	json_decref(many.site);
	return status;
}
