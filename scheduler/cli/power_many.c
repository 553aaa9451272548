/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd power` for many hosts at once: all are asked side by side, and one
 * that does not answer costs only itself.
 */
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/hosts_pick.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/power_own.h"

enum { NAMED_MAX = 8 }; /* hosts named in a question */

static bool
is_told(const struct power_many *many, const json_t *answer)
{
	(void)many;
	return power_is_read(answer);
}

static bool
is_switched(const struct power_many *many, const json_t *answer)
{
	return power_is_done(answer, many->verb->want);
}

static bool
is_ok(const struct power_many *many, const json_t *answer)
{
	(void)many;
	return strcmp(field_text(answer, "rc"), "ok") == 0;
}

/* A BMC that cannot do it for ever does it for a time. */
static bool
is_lit(const struct power_many *many, const json_t *answer)
{
	return is_ok(many, answer) && (!many->cli->given[OPTION_FOREVER] ||
				       field_true(answer, "forever"));
}

static bool
has_list(const struct power_many *many, const json_t *answer)
{
	const char *key = many->verb->counts ? "entries" : "sensors";

	return is_ok(many, answer) &&
	       json_is_array(json_object_get(answer, key));
}

static const struct power_verb verbs[] = {
	{ .name = "status",
	  .path = "/power",
	  .summary = "told their power",
	  .is_good = is_told,
	  .columns = power_columns,
	  .set = power_set_row },
	{ .name = "on",
	  .path = "/power",
	  .want = "on",
	  .summary = "are on, verified",
	  .orders = true,
	  .is_good = is_switched },
	{ .name = "off",
	  .path = "/power",
	  .want = "off",
	  .summary = "are off, verified",
	  .cuts = true,
	  .orders = true,
	  .is_good = is_switched },
	{ .name = "soft",
	  .path = "/power",
	  .want = "off",
	  .summary = "are off, verified",
	  .cuts = true,
	  .orders = true,
	  .is_good = is_switched },
	{ .name = "identify",
	  .path = "/identify",
	  .orders = true,
	  .is_good = is_lit },
	{ .name = "watts",
	  .path = "/watts",
	  .summary = "told what they draw",
	  .is_good = is_ok,
	  .columns = watts_columns,
	  .set = watts_set_row },
	{ .name = "sensors",
	  .path = "/sensors",
	  .summary = "told their sensors",
	  .is_good = has_list,
	  .columns = sensors_columns,
	  .show = sensors_show,
	  .timeout_ms = LOOK_TIMEOUT_MS },
	{ .name = "sel",
	  .path = "/sel",
	  .summary = "told their event log",
	  .is_good = has_list,
	  .columns = sel_columns,
	  .show = sel_show,
	  .counts = true,
	  .timeout_ms = LOOK_TIMEOUT_MS },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

const struct power_verb *
power_find_verb(const char *name)
{
	for (size_t v = 0; v < VERBS; v++)
		if (strcmp(verbs[v].name, name) == 0)
			return &verbs[v];
	return NULL;
}

static const char *
verb_name(const void *list, size_t i)
{
	return i < VERBS ? ((const struct power_verb *)list)[i].name : NULL;
}

int
power_complain_verb(const struct cli *cli)
{
	const char *near = cli_nearest(cli->args[0], verb_name, verbs);

	if (near != NULL)
		return cli_complain(cli, CLI_USAGE,
				    "unknown word \"%.64s\"\ndid you mean %s?",
				    cli->args[0], near);
	return cli_complain(cli, CLI_USAGE,
			    "unknown word \"%.64s\"\nusage: %s %s",
			    cli->args[0], cli->command->name,
			    cli->command->args);
}

bool
power_is_good(const struct power_many *many, const struct client_one *one)
{
	return one->rc == 0 && many->verb->is_good(many, one->answer);
}

/* --- asking before ------------------------------------------------------- */

static bool
some_has_vms(const struct power_many *many)
{
	for (size_t i = 0; i < many->hosts.n; i++)
		if (field_number(json_object_get(many->index,
						 many->hosts.names[i]),
				 "vms") > 0)
			return true;
	return false;
}

static void
print_question(const struct power_many *many)
{
	FILE *err = many->cli->io.err;
	unsigned then_off_s = power_then_off_s(many->cli);

	fprintf(err, "Power %s", many->verb->name);
	if (then_off_s != 0)
		fprintf(err, ", and off after %u s,", then_off_s);
	fprintf(err, " for %zu hosts", many->hosts.n);
	for (size_t i = 0; i < many->hosts.n && i < NAMED_MAX; i++)
		fprintf(err, "%s%s", i == 0 ? ": " : ", ",
			many->hosts.names[i]);
	fprintf(err, "%s%s? [y/N] ", many->hosts.n > NAMED_MAX ? ", ..." : "",
		some_has_vms(many) ? " (VMs run there)" : "");
	fflush(err);
}

static int
confirm(const struct power_many *many)
{
	const struct cli *cli = many->cli;
	char answer[16] = "";

	if (!many->verb->cuts || cli->given[OPTION_YES])
		return CLI_OK;
	if (!cli->io.can_ask)
		return cli_complain(cli, CLI_USAGE,
				    "power %s asks first, and there is no "
				    "terminal to ask at\nadd --yes",
				    many->verb->name);
	print_question(many);
	if (fgets(answer, sizeof(answer), cli->io.in) == NULL)
		fputc('\n', cli->io.err);
	if (power_is_yes(answer))
		return CLI_OK;
	return cli_complain(cli, CLI_FAILED, "nothing was done");
}

/* --- doing --------------------------------------------------------------- */

static void
show_progress(void *arg, const struct client_one *one, size_t done, size_t n)
{
	struct power_many *many = arg;

	many->n_failed += !power_is_good(many, one);
	if (!many->cli->io.can_ask || many->cli->given[OPTION_JSON])
		return;
	fprintf(many->cli->io.err, "\r%zu of %zu done, %zu failed", done, n,
		many->n_failed);
	if (done == n)
		fputs("\r\033[K", many->cli->io.err);
	fflush(many->cli->io.err);
}

static json_t *
new_body(const struct power_many *many)
{
	if (!many->verb->orders)
		return NULL;
	return many->verb->want != NULL
		       ? power_body(many->cli, many->verb->name)
		       : power_lamp_body(many->cli);
}

static int64_t
timeout_of(const struct power_many *many)
{
	const struct power_verb *verb = many->verb;

	if (verb->want != NULL)
		return power_timeout_ms(many->cli, verb->name);
	return verb->timeout_ms != 0 && !many->cli->given[OPTION_TIMEOUT]
		       ? verb->timeout_ms
		       : many->cli->timeout_ms;
}

/* What follows the name of a host in a path. */
static char *
path_after(const struct power_many *many)
{
	return many->verb->counts ? xasprintf("%s?n=%u", many->verb->path,
					      power_count(many->cli))
				  : xstrdup(many->verb->path);
}

static void
call_all(struct power_many *many)
{
	struct cli *cli = many->cli;
	cleanup_free char *after = path_after(many);
	json_t *body = new_body(many);
	struct client_many calls = {
		.n = many->hosts.n,
		.body = body,
		.timeout_ms = timeout_of(many),
		.is_over = interrupt_came,
		.progress = show_progress,
		.arg = many,
	};
	struct interrupt interrupt;

	many->calls = xcalloc(many->hosts.n, sizeof(*many->calls));
	for (size_t i = 0; i < many->hosts.n; i++)
		many->calls[i].path = cli_path(cli, "/v1/hosts/",
					       many->hosts.names[i], after);
	calls.calls = many->calls;
	interrupt_watch(&interrupt);
	many->interrupted = !client_call_many(cli_socket(cli), &calls);
	interrupt_unwatch(&interrupt);
	if (many->interrupted && cli->io.can_ask && !cli->given[OPTION_JSON])
		fputs("\r\033[K", cli->io.err);
	json_decref(body);
}

/* --- all of it ----------------------------------------------------------- */

static int
run(struct power_many *many)
{
	int status =
		hosts_pick(many->cli, many->site, many->index, &many->hosts);

	if (status == CLI_OK)
		status = confirm(many);
	if (status != CLI_OK)
		return status;
	call_all(many);
	return power_show(many);
}

int
power_many(struct cli *cli)
{
	struct power_many many = {
		.cli = cli,
		.verb = power_find_verb(cli->args[0]),
	};

	if (many.verb == NULL)
		return power_complain_verb(cli);
	int status = cli_get(cli, "/v1/status", &many.site);
	if (status != CLI_OK)
		return status;
	many.index = hosts_index(many.site);
	status = run(&many);
	for (size_t i = 0; many.calls != NULL && i < many.hosts.n; i++) {
		free(many.calls[i].path);
		json_decref(many.calls[i].answer);
	}
	free(many.calls);
	hosts_arg_done(&many.hosts);
	json_decref(many.index);
	json_decref(many.site);
	return status;
}
