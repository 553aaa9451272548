/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd explain` and `ironherd snapshot`: why, from the record.
 */
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "scheduler/cli/cli.h"
#include "scheduler/cli/detail.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/text.h"

enum { REASONS_MAX = 30 };

/* A number of the command line as part of a path, "#412" as well. */
static int
get_numbered(struct cli *cli, const char *before, const char *what,
	     json_t **ret_answer)
{
	const char *text = cli->args[0];
	uint64_t number;
	char path[64];

	if (num_parse_u64(text + (text[0] == '#'), INT64_MAX, &number) < 0)
		return cli_complain(cli, CLI_USAGE,
				    "\"%.64s\" is not the number of %s\n"
				    "`ironherd events` shows numbers",
				    text, what);
	snprintf(path, sizeof(path), "%s%llu", before,
		 (unsigned long long)number);
	return cli_get(cli, path, ret_answer);
}

/* "h2 in c1", "vm3 on h2 in c1" */
static void
print_where(const struct cli *cli, const json_t *event)
{
	static const char *const keys[] = { "vm", "host", "cluster" };
	static const char *const links[] = { "", " on ", " in " };
	bool any = false;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *name = field_text(event, keys[i]);
		if (name[0] == '\0')
			continue;
		fprintf(cli->io.out, "%s%s", any ? links[i] : "", name);
		any = true;
	}
	if (any)
		fputs(", ", cli->io.out);
}

/* A reason is what follows, then its grounds, parted by ";". */
static void
print_reason(const struct cli *cli, const char *reason)
{
	size_t width = cli->io.width > 8 ? cli->io.width - 4 : 0;
	cleanup_free char *copy = xstrdup(reason);
	const char *mark = "", *indent = "  ";
	char *save = NULL;

	for (char *part = strtok_r(copy, ";", &save); part != NULL;
	     part = strtok_r(NULL, ";", &save)) {
		cleanup_free char *wrapped =
			text_wrap(part + strspn(part, " "), width);
		char *line_save = NULL;
		char *line = strtok_r(wrapped, "\n", &line_save);
		for (const char *lead = mark; line != NULL; lead = indent) {
			fprintf(cli->io.out, "%s%s\n", lead, line);
			line = strtok_r(NULL, "\n", &line_save);
		}
		mark = "  - ";
		indent = "    ";
	}
}

static void
print_head(const struct cli *cli, const json_t *event)
{
	struct word severity = word_severity(field_text(event, "severity"));
	int64_t time_ms = field_number(event, "time_ms");
	int64_t now_ms = cli->io.now_ms();
	char time[TEXT_LEN], age[TEXT_LEN];

	cli_print(cli, TONE_BOLD, "Event %lld: %s",
		  (long long)field_number(event, "id"),
		  field_text(event, "kind"));
	fputs("  ", cli->io.out);
	cli_print(cli, severity.tone, "%s", severity.text);
	fputc('\n', cli->io.out);
	print_where(cli, event);
	fprintf(cli->io.out, "%s (%s ago)\n\n", text_time_exact(time, time_ms),
		text_age(age, time_ms < 0        ? -1
			      : time_ms < now_ms ? now_ms - time_ms
						 : 0));

	print_reason(cli, field_text(event, "text"));
}

/* --- the snapshot it was decided on ----------------------------------- */

/* The record names its snapshot beside or within the detail; -1: none. */
static int64_t
snapshot_of(const json_t *event)
{
	int64_t number = field_number(event, "snapshot");

	if (number < 0)
		number = field_number(json_object_get(event, "detail"),
				      "snapshot");
	return number;
}

/* The member of a list that has a name; NULL: none. */
static json_t *
find_named(const json_t *list, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (name[0] != '\0' &&
		    strcmp(field_text(item, "name"), name) == 0)
			return item;
	return NULL;
}

static void
print_seen(const struct cli *cli, const json_t *snapshot, const char *list,
	   const char *name)
{
	json_t *item = find_named(json_object_get(snapshot, list), name);
	cleanup_free char *title = xasprintf("What was known of %s", name);

	detail_print(cli, title, item);
}

/* All that was decided at once: a choice is judged by what went with it. */
static void
print_plan(const struct cli *cli, const json_t *plan, const json_t *own)
{
	static const char *const lists[] = { "changes", "steps" };
	json_t *reasons = json_array(), *item;
	size_t left = 0, i, k;

	for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++) {
		json_array_foreach (json_object_get(plan, lists[l]), i, item) {
			json_t *reason = json_object_get(item, "reason"), *old;
			bool known = json_equal(own, reason);

			json_array_foreach (reasons, k, old)
				known |= json_equal(old, reason);
			if (known || !json_is_string(reason))
				continue;
			if (json_array_size(reasons) < REASONS_MAX)
				json_array_append(reasons, reason);
			else
				left++;
		}
	}
	if (left > 0)
		json_array_append_new(
			reasons,
			json_sprintf("and %zu more: --json shows all", left));
	if (json_array_size(reasons) > 0)
		detail_print(cli, "Decided together", reasons);
	json_decref(reasons);
}

static void
print_snapshot(struct cli *cli, const json_t *event)
{
	int64_t number = snapshot_of(event);
	cleanup_free char *path =
		xasprintf("/v1/snapshots/%lld", (long long)number);
	json_t *answer;
	struct err err = { "" };

	if (number < 0)
		return;
	int rc = cli_ask(cli, path, NULL, cli->timeout_ms, &answer, &err);
	if (rc < 0) {
		/* Old ones are dropped; the event stands by itself. */
		fprintf(cli->io.out, "\nSnapshot %lld: %.*s\n",
			(long long)number, (int)strcspn(err.text, "\n"),
			err.text);
		return;
	}
	const json_t *snapshot = json_object_get(answer, "snapshot");
	print_seen(cli, snapshot, "hosts", field_text(event, "host"));
	print_seen(cli, snapshot, "vms", field_text(event, "vm"));
	print_plan(cli, json_object_get(answer, "plan"),
		   json_object_get(event, "text"));
	json_decref(answer);

	cleanup_free char *text = xasprintf(
		"Snapshot %lld is all the coordinator knew when it decided "
		"this, saved with the plan it made: `ironherd snapshot %lld`",
		(long long)number, (long long)number);
	cleanup_free char *wrapped = text_wrap(text, cli->io.width);
	fprintf(cli->io.out, "\n%s\n", wrapped);
}

/* What else the record holds, but for the snapshot's number. */
static void
print_detail(const struct cli *cli, const json_t *event)
{
	json_t *detail = json_copy(json_object_get(event, "detail"));

	json_object_del(detail, "snapshot");
	if (json_object_size(detail) > 0 || json_array_size(detail) > 0 ||
	    json_is_string(detail))
		detail_print(cli, "Evidence", detail);
	json_decref(detail);
}

int
cmd_explain(struct cli *cli)
{
	json_t *event = NULL;
	int status = get_numbered(cli, "/v1/events/", "an event", &event);

	if (status != CLI_OK)
		return status;
	if (cli->given[OPTION_JSON]) {
		cli_print_json(cli, event);
	} else {
		print_head(cli, event);
		print_detail(cli, event);
		print_snapshot(cli, event);
	}
	json_decref(event);
	return CLI_OK;
}

int
cmd_snapshot(struct cli *cli)
{
	json_t *snapshot = NULL;
	int status =
		get_numbered(cli, "/v1/snapshots/", "a snapshot", &snapshot);

	if (status != CLI_OK)
		return status;
	if (cli->given[OPTION_JSON])
		cli_print_json(cli, snapshot);
	else
		detail_print(cli, "", snapshot);
	json_decref(snapshot);
	return CLI_OK;
}
