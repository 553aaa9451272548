/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd power` and `ironherd ha`: the commands that change something.
 *
 * An answer that does not come is an outcome that is not known, and is said
 * to be: a person may be about to believe that a host is off.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/cli.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/hosts_arg.h"
#include "scheduler/cli/hosts_pick.h"
#include "scheduler/cli/order.h"
#include "scheduler/cli/power_own.h"

const char *
power_user(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *entry = getpwuid(getuid());

	if (sudo != NULL && sudo[0] != '\0')
		return sudo;
	return entry != NULL ? entry->pw_name : "unknown";
}

int
cli_post(struct cli *cli, const char *path, json_t *body, int64_t timeout_ms,
	 json_t **ret_answer)
{
	struct err err = { "" };

	if (cli->given[OPTION_TIMEOUT])
		timeout_ms = cli->timeout_ms;
	json_object_set_new(body, "by", json_string(power_user()));
	int rc = cli_ask(cli, path, body, timeout_ms, ret_answer, &err);
	if (rc == 0)
		return CLI_OK;

	int status = cli_fail(cli, cli_status_of(rc), &err);
	if (status == CLI_UNANSWERED)
		fputs("          WHETHER IT WAS DONE IS NOT KNOWN: look before "
		      "you rely on it\n",
		      cli->io.err);
	return status;
}

/* --- power ------------------------------------------------------------ */

const char *
power_show_rtt(char buf[TEXT_LEN], int64_t ms)
{
	if (ms < 1000)
		return text_age(buf, ms);
	snprintf(buf, TEXT_LEN, "%lld.%02lld s", (long long)(ms / 1000),
		 (long long)(ms % 1000 / 10));
	return buf;
}

bool
power_is_read(const json_t *answer)
{
	const json_t *rc = json_object_get(answer, "rc");
	bool is_good = strcmp(field_text(answer, "rc"), "ok") == 0 ||
		       (json_is_integer(rc) && json_integer_value(rc) == 0);

	return is_good &&
	       word_power(field_text(answer, "power")).tone < TONE_WARN;
}

/* A power that was read, or a reading that failed. */
static int
show_power(const struct cli *cli, const json_t *answer)
{
	const char *host = field_text(answer, "host");
	const char *text = field_text(answer, "text");
	const char *state = field_text(answer, "bmc_state");
	const char *bmc = state[0] != '\0' ? word_bmc(state).text : "";
	struct word power = word_power(field_text(answer, "power"));
	char rtt[TEXT_LEN];

	fprintf(cli->io.out, "%s: ", host);
	if (!power_is_read(answer)) {
		cli_print(cli, TONE_WARN, "power unknown");
		fprintf(cli->io.out, ": %s%s%s\n",
			text[0] != '\0' ? text : "the BMC gave no answer",
			bmc[0] != '\0' ? "; its BMC: " : "", bmc);
		return CLI_FAILED;
	}
	cli_print(cli, TONE_BOLD, "%s", power.text);
	if (field_number(answer, "rtt_ms") >= 0)
		fprintf(cli->io.out, " (its BMC answered in %s)",
			power_show_rtt(rtt, field_number(answer, "rtt_ms")));
	fputc('\n', cli->io.out);
	return CLI_OK;
}

static int
power_status(struct cli *cli, const char *path, const char *host)
{
	json_t *answer;
	int status = cli_get(cli, path, &answer);

	(void)host;
	if (status != CLI_OK)
		return status;
	if (cli->given[OPTION_JSON]) {
		cli_print_json(cli, answer);
		status = power_is_read(answer) ? CLI_OK : CLI_FAILED;
	} else {
		status = show_power(cli, answer);
	}
	json_decref(answer);
	return status;
}

bool
power_is_done(const json_t *answer, const char *want)
{
	return field_true(answer, "verified") &&
	       strcmp(field_text(answer, "power"), want) == 0;
}

static int
show_switch(const struct cli *cli, const json_t *answer, const char *want)
{
	const char *power = field_text(answer, "power");
	const char *text = field_text(answer, "text");
	bool done = power_is_done(answer, want);
	char rtt[TEXT_LEN];

	if (cli->given[OPTION_JSON]) {
		cli_print_json(cli, answer);
		return done ? CLI_OK : CLI_FAILED;
	}
	fprintf(cli->io.out, "%s: ", field_text(answer, "host"));
	if (done) {
		cli_print(cli, TONE_BOLD, "%s", want);
		fputs(", verified", cli->io.out);
		if (field_number(answer, "rtt_ms") >= 0)
			fprintf(cli->io.out, " after %s",
				power_show_rtt(rtt,
					       field_number(answer, "rtt_ms")));
		fputc('\n', cli->io.out);
		return CLI_OK;
	}
	cli_print(cli, TONE_BAD, "NOT verified %s", want);
	fprintf(cli->io.out, ", power %s%s%s\n", power[0] != '\0' ? power : "?",
		text[0] != '\0' ? ": " : "", text);
	return CLI_FAILED;
}

static int
power_switch(struct cli *cli, const char *path, const char *want)
{
	bool soft = strcmp(want, "soft") == 0;
	json_t *answer, *body = power_body(cli, want);
	int status =
		cli_post(cli, path, body, power_timeout_ms(cli, want), &answer);

	json_decref(body);
	if (status != CLI_OK)
		return status;
	status = show_switch(cli, answer, soft ? "off" : want);
	json_decref(answer);
	return status;
}

static int
power_on(struct cli *cli, const char *path, const char *host)
{
	(void)host;
	return power_switch(cli, path, "on");
}

/* What would be lost, for the question; says nothing when it is not known. */
static void
print_stake(struct cli *cli, const char *host)
{
	json_t *site, *clusters, *cluster, *item;
	struct err err;
	size_t c, i;

	if (cli_ask(cli, "/v1/status", NULL, cli->timeout_ms, &site, &err) < 0)
		return;
	clusters = json_object_get(site, "clusters");
	json_array_foreach (clusters, c, cluster) {
		json_array_foreach (json_object_get(cluster, "hosts"), i,
				    item) {
			if (strcmp(field_text(item, "name"), host) != 0)
				continue;
			fprintf(cli->io.err, " (%s, %lld VMs)",
				word_host_state(item).text,
				(long long)field_number(item, "vms"));
		}
	}
	json_decref(site);
}

bool
power_is_yes(char *answer)
{
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 ||
	       strcmp(answer, "yes") == 0;
}

static bool
confirm(struct cli *cli, const char *what, const char *host)
{
	cleanup_free char *safe = text_safe(host);
	char answer[16] = "";

	fprintf(cli->io.err, "%s %s", what, safe);
	print_stake(cli, host);
	fputs("? [y/N] ", cli->io.err);
	fflush(cli->io.err);
	if (fgets(answer, sizeof(answer), cli->io.in) == NULL)
		fputc('\n', cli->io.err);
	return power_is_yes(answer);
}

static int
switch_after_asking(struct cli *cli, const char *path, const char *host,
		    const char *want, const char *what)
{
	if (!cli->given[OPTION_YES] && !cli->io.can_ask)
		return cli_complain(cli, CLI_USAGE,
				    "power %s asks first, and there is no "
				    "terminal to ask at\nadd --yes",
				    want);
	if (!cli->given[OPTION_YES] && !confirm(cli, what, host))
		return cli_complain(cli, CLI_FAILED, "nothing was done");
	return power_switch(cli, path, want);
}

static int
power_off(struct cli *cli, const char *path, const char *host)
{
	return switch_after_asking(cli, path, host, "off", "Cut the power of");
}

static int
power_soft(struct cli *cli, const char *path, const char *host)
{
	unsigned then_off_s = power_then_off_s(cli);
	cleanup_free char *what =
		then_off_s == 0
			? xstrdup("Shut down the system of")
			: xasprintf("Shut down the system, and after %u s cut "
				    "the power, of",
				    then_off_s);

	return switch_after_asking(cli, path, host, "soft", what);
}

/* --- words after a command -------------------------------------------- */

struct verb {
	const char *name;           /* NULL ends a table */
	const char *before, *after; /* of the path */
	int (*run)(struct cli *cli, const char *path, const char *name);
};

static const char *
verb_name(const void *list, size_t i)
{
	return ((const struct verb *)list)[i].name;
}

static int
run_verb(struct cli *cli, const struct verb *verbs, const char *what)
{
	const char *word = cli->args[0], *name = cli->args[1];
	const struct verb *verb = verbs;

	while (verb->name != NULL && strcmp(verb->name, word) != 0)
		verb++;
	if (verb->name == NULL) {
		const char *near = cli_nearest(word, verb_name, verbs);
		return cli_complain(cli, CLI_USAGE,
				    "unknown word \"%.64s\"\n%s%s%s%s", word,
				    near != NULL ? "did you mean " : "usage: ",
				    near != NULL ? near : cli->command->name,
				    near != NULL ? "" : " ",
				    near != NULL ? "?" : cli->command->args);
	}
	if (name[0] == '\0')
		return cli_complain(cli, CLI_USAGE, "the %s has no name", what);
	cleanup_free char *path =
		cli_path(cli, verb->before, name, verb->after);
	return verb->run(cli, path, name);
}

/* Below the complaint that there is no such host. */
static void
suggest_host(struct cli *cli, const char *name)
{
	json_t *site;
	struct err err;

	if (cli_ask(cli, "/v1/status", NULL, cli->timeout_ms, &site, &err) < 0)
		return;
	json_t *index = hosts_index(site);
	const char *near = hosts_nearest(index, name);
	if (near != NULL) {
		cleanup_free char *safe = text_safe(near);
		fprintf(cli->io.err, "          did you mean %s?\n", safe);
	}
	json_decref(index);
	json_decref(site);
}

int
cmd_power(struct cli *cli)
{
	static const struct verb verbs[] = {
		{ "status", "/v1/hosts/", "/power", power_status },
		{ "on", "/v1/hosts/", "/power", power_on },
		{ "off", "/v1/hosts/", "/power", power_off },
		{ "soft", "/v1/hosts/", "/power", power_soft },
		{ NULL, NULL, NULL, NULL },
	};

	size_t v = 0;
	int status = power_check_options(cli);

	if (status != CLI_OK)
		return status;
	while (verbs[v].name != NULL &&
	       strcmp(verbs[v].name, cli->args[0]) != 0)
		v++;
	if (cli->n_args > 2 || hosts_arg_is_list(cli->args[1]) ||
	    verbs[v].name == NULL)
		return power_many(cli);
	status = run_verb(cli, verbs, "host");
	if (status == CLI_NOT_FOUND)
		suggest_host(cli, cli->args[1]);
	return status;
}

/* --- a person's word ---------------------------------------------------- */

/* Not a letter that fingers type by themselves: the name of the host. */
static bool
types_name(struct cli *cli, const char *host)
{
	cleanup_free char *safe = text_safe(host);
	char answer[128] = "";

	fprintf(cli->io.err,
		"If %s runs after all, its VMs will run twice and destroy "
		"their disks.\nYou have been there, and it has no power.  Type "
		"its name: ",
		safe);
	fflush(cli->io.err);
	if (fgets(answer, sizeof(answer), cli->io.in) == NULL)
		fputc('\n', cli->io.err);
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, host) == 0;
}

static int
send_word(struct cli *cli, const char *host)
{
	cleanup_free char *path =
		cli_path(cli, "/v1/hosts/", host, "/confirm-off");
	json_t *answer, *body = json_pack("{s:b}", "off", 1);
	int status = cli_post(cli, path, body, SWITCH_TIMEOUT_MS, &answer);

	json_decref(body);
	if (status != CLI_OK)
		return status;
	if (cli->given[OPTION_JSON])
		cli_print_json(cli, answer);
	else
		fprintf(cli->io.out,
			"%s: taken for off, on the word of %s, until it shows "
			"life\n",
			field_text(answer, "host"), field_text(answer, "by"));
	json_decref(answer);
	return CLI_OK;
}

int
cmd_confirm_off(struct cli *cli)
{
	const char *host = cli->args[0];

	if (host[0] == '\0')
		return cli_complain(cli, CLI_USAGE, "the host has no name");
	if (!cli->given[OPTION_YES] && !cli->io.can_ask)
		return cli_complain(cli, CLI_USAGE,
				    "confirm-off asks first, and there is no "
				    "terminal to ask at\nadd --yes");
	if (!cli->given[OPTION_YES] && !types_name(cli, host))
		return cli_complain(cli, CLI_FAILED, "nothing was done");
	return send_word(cli, host);
}

/* --- ha --------------------------------------------------------------- */

static int
switch_ha(struct cli *cli, const char *path, bool enabled)
{
	json_t *answer, *body = json_pack("{s:b}", "enabled", (int)enabled);
	int status = cli_post(cli, path, body, SWITCH_TIMEOUT_MS, &answer);

	json_decref(body);
	if (status != CLI_OK)
		return status;
	if (cli->given[OPTION_JSON]) {
		cli_print_json(cli, answer);
	} else {
		bool ha = field_true(answer, "ha");
		fprintf(cli->io.out, "%s: ", field_text(answer, "cluster"));
		cli_print(cli, ha ? TONE_BOLD : TONE_WARN, "HA %s",
			  ha ? "on" : "OFF");
		fputs(ha ? "\n" : ": a lost host's VMs stay down\n",
		      cli->io.out);
	}
	if (field_true(answer, "ha") != enabled)
		status = CLI_FAILED;
	json_decref(answer);
	return status;
}

static int
ha_enable(struct cli *cli, const char *path, const char *name)
{
	(void)name;
	return switch_ha(cli, path, true);
}

static int
ha_disable(struct cli *cli, const char *path, const char *name)
{
	(void)name;
	return switch_ha(cli, path, false);
}

int
cmd_ha(struct cli *cli)
{
	static const struct verb verbs[] = {
		{ "enable", "/v1/clusters/", "/ha", ha_enable },
		{ "disable", "/v1/clusters/", "/ha", ha_disable },
		{ NULL, NULL, NULL, NULL },
	};

	if (order_is_arms(cli->args[0]))
		return order_arms(cli);
	if (cli->n_args < 2)
		return cli_complain(cli, CLI_USAGE,
				    "of which cluster?\n'ironherd help ha' "
				    "tells more");
	return run_verb(cli, verbs, "cluster");
}
