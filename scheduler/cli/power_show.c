/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ironherd power` tells of many hosts: a table, a summary, who failed
 * and why.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/power_own.h"

/* --- tables -------------------------------------------------------------- */

enum {
	POWER_HOST,
	POWER_POWER,
	POWER_BMC,
	POWER_EVENT,
	POWER_POLICY,
	POWER_RTT
};

const struct table_column power_columns[] = {
	{ "HOST", 0, 0 },
	{ "POWER", 0, 0 },
	{ "BMC", 0, 0 },
	{ "LAST EVENT", 0, 3 },
	{ "AFTER AC LOSS", 0, 4 },
	{ "ROUND TRIP", TABLE_RIGHT, 5 },
	{ NULL, 0, 0 },
};

enum { WATTS_HOST, WATTS_NOW, WATTS_AVERAGE, WATTS_MAX, WATTS_REMARK };

const struct table_column watts_columns[] = {
	{ "HOST", 0, 0 },
	{ "WATTS", TABLE_RIGHT, 0 },
	{ "AVERAGE", TABLE_RIGHT, 3 },
	{ "MAXIMUM", TABLE_RIGHT, 4 },
	{ "", TABLE_TEXT, 2 },
	{ NULL, 0, 0 },
};

/* As the BMC says it now, else as the coordinator last knew; "?". */
static const char *
fact(const json_t *answer, const char *key, const json_t *host,
     const char *host_key)
{
	const char *now = field_text(answer, key);
	const char *known = field_text(host, host_key);

	if (now[0] != '\0' && strcmp(now, "unknown") != 0)
		return now;
	return known[0] != '\0' ? known : "?";
}

void
power_set_row(const struct power_many *many, struct table *table,
	      struct libscols_line *row, size_t i)
{
	const struct client_one *one = &many->calls[i];
	const json_t *host = json_object_get(many->index, many->hosts.names[i]);
	bool good = power_is_good(many, one);
	const char *power = good ? field_text(one->answer, "power") : "unknown";
	struct word bmc =
		word_bmc(fact(one->answer, "bmc_state", host, "bmc_state"));
	cleanup_free char *event =
		text_safe(fact(one->answer, "last_event", NULL, ""));
	cleanup_free char *policy = text_safe(
		fact(one->answer, "restore_policy", host, "restore_policy"));
	cleanup_free char *state = text_safe(bmc.text);
	char rtt[TEXT_LEN];

	table_set(table, row, POWER_POWER, good ? TONE_BOLD : TONE_WARN,
		  word_power(power).text);
	table_set(table, row, POWER_BMC, bmc.tone, state);
	table_set(table, row, POWER_EVENT, TONE_PLAIN, event);
	table_set(table, row, POWER_POLICY, TONE_PLAIN, policy);
	if (good && field_number(one->answer, "rtt_ms") >= 0)
		table_set(table, row, POWER_RTT, TONE_PLAIN,
			  power_show_rtt(rtt,
					 field_number(one->answer, "rtt_ms")));
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

void
watts_set_row(const struct power_many *many, struct table *table,
	      struct libscols_line *row, size_t i)
{
	const struct client_one *one = &many->calls[i];

	if (!power_is_good(many, one)) {
		table_set(table, row, WATTS_NOW, TONE_WARN, "unknown");
		return;
	}
	set_number(table, row, WATTS_NOW, one->answer, "watts");
	set_number(table, row, WATTS_AVERAGE, one->answer, "average_watts");
	set_number(table, row, WATTS_MAX, one->answer, "max_watts");
	if (!field_true(one->answer, "active"))
		table_set(table, row, WATTS_REMARK, TONE_WARN,
			  "it does not measure just now");
}

const char *
power_row_host(const struct power_many *many, size_t i)
{
	return many->hosts.n > 1 ? many->hosts.names[i] : "";
}

static void
show_table(const struct power_many *many)
{
	struct table *table = table_new(many->verb->columns, &many->cli->io);

	for (size_t i = 0; i < many->hosts.n; i++) {
		struct libscols_line *row = table_add(table, NULL);

		table_set(table, row, POWER_HOST, TONE_PLAIN,
			  many->hosts.names[i]);
		many->verb->set(many, table, row, i);
	}
	table_print(table);
	table_free(table);
}

/* --- reasons ------------------------------------------------------------- */

/* Nobody knows what became of it. */
static bool
is_unanswered(const struct client_one *one)
{
	return one->rc == -ETIMEDOUT || one->rc == -ECONNRESET;
}

/* Of a call that went well, and of which the answer is not what was wanted. */
static char *
reason_of_answer(const json_t *answer)
{
	const char *text = field_text(answer, "text");

	if (text[0] != '\0')
		return text_safe(text);
	if (field_number(answer, "seconds") > 0)
		return xasprintf("it blinks for %lld s, its BMC cannot do more",
				 (long long)field_number(answer, "seconds"));
	return xstrdup("no reason was told");
}

/* Why it failed, harmless to a terminal; the caller's. */
static char *
reason(const struct power_many *many, const struct client_one *one)
{
	bool orders = many->verb->orders;

	if (is_unanswered(one))
		return xasprintf("no answer of the coordinator%s",
				 orders ? ": WHETHER IT WAS DONE IS NOT KNOWN"
					: "");
	if (one->rc == -EINTR)
		return xstrdup(orders ? "the order was given and goes on; HOW "
					"IT ENDS IS NOT KNOWN"
				      : "it had not answered yet");
	if (one->rc == -ECANCELED)
		return xstrdup(orders ? "no order was given"
				      : "it was not asked");
	return one->rc < 0 ? text_safe(one->err.text)
			   : reason_of_answer(one->answer);
}

/* A line for each reason, with all hosts that have it. */
static void
show_failures(const struct power_many *many)
{
	bool *told = xcalloc(many->hosts.n, sizeof(*told));

	for (size_t i = 0; i < many->hosts.n; i++) {
		if (told[i] || power_is_good(many, &many->calls[i]))
			continue;
		cleanup_free char *why = reason(many, &many->calls[i]);

		fprintf(many->cli->io.out, "  %s", many->hosts.names[i]);
		for (size_t k = i + 1; k < many->hosts.n; k++) {
			if (told[k] || power_is_good(many, &many->calls[k]))
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

/* Who has got what was wanted, for those who were interrupted. */
static void
show_done(const struct power_many *many)
{
	size_t n = 0;

	for (size_t i = 0; i < many->hosts.n; i++)
		if (power_is_good(many, &many->calls[i]))
			fprintf(many->cli->io.out, "%s%s",
				n++ == 0 ? "  " : ", ", many->hosts.names[i]);
	if (n > 0)
		fputs(": done\n", many->cli->io.out);
}

/* --- all of it ----------------------------------------------------------- */

static json_t *
one_to_json(const struct client_one *one)
{
	if (one->rc == 0)
		return json_incref(one->answer);
	json_t *item = json_pack("{s:s, s:s}", "power", "unknown", "error",
				 one->err.text);
	if (one->rc == -EINTR || one->rc == -ECANCELED)
		json_object_set_new(item, "sent",
				    json_boolean(one->rc == -EINTR));
	return item;
}

static void
show_json(const struct power_many *many)
{
	json_t *list = json_array();

	for (size_t i = 0; i < many->hosts.n; i++) {
		json_t *item = one_to_json(&many->calls[i]);

		json_object_set_new(item, "host",
				    json_string(many->hosts.names[i]));
		json_array_append_new(list, item);
	}
	cli_print_json(many->cli, list);
	json_decref(list);
}

static void
show_summary(const struct power_many *many, size_t good)
{
	FILE *out = many->cli->io.out;
	const char *summary = many->verb->summary;
	size_t n = many->hosts.n;
	char buf[TEXT_LEN];

	if (summary == NULL)
		summary = power_lamp_words(many->cli, buf);
	fprintf(out, "%zu of %zu %s", good, n, summary);
	if (many->interrupted)
		fputs("; interrupted:\n", out);
	else if (good < n)
		fprintf(out, "; %zu failed:\n", n - good);
	else
		fputc('\n', out);
	if (many->interrupted && many->verb->columns == NULL)
		show_done(many);
	show_failures(many);
}

int
power_show(const struct power_many *many)
{
	size_t good = 0, n = many->hosts.n;
	int failed = CLI_FAILED;

	for (size_t i = 0; i < n; i++) {
		good += power_is_good(many, &many->calls[i]);
		if (is_unanswered(&many->calls[i]))
			failed = CLI_UNANSWERED;
	}
	if (many->interrupted)
		failed = CLI_INTERRUPTED;
	if (many->cli->given[OPTION_JSON]) {
		show_json(many);
		return good == n ? CLI_OK : failed;
	}
	if (many->verb->show != NULL)
		many->verb->show(many);
	else if (many->verb->columns != NULL)
		show_table(many);
	show_summary(many, good);
	return good == n ? CLI_OK : failed;
}
