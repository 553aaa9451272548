/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd events`: the past, and with --follow the present.
 *
 * Following outlives the coordinator: when the line breaks it says so on
 * standard error, tries again until it is back, and goes on after the last
 * event shown, so that nothing is missed or shown twice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "scheduler/cli/cells.h"
#include "scheduler/cli/cli.h"
#include "scheduler/cli/site.h"
#include "scheduler/cli/text.h"

enum {
	EVENTS_MAX = 100000, /* -n */
	EVENTS_PAGE = 1000,  /* of one answer */
	EVENTS_PRESET = 20,
	FOLLOW_PRESET = 10,
	FOLLOW_WAIT_MS = 20000, /* the coordinator answers then, empty or not */
	RETRY_FIRST_MS = 250,   /* doubles */
	RETRY_MAX_MS = 2000
};

/* --- the table -------------------------------------------------------- */

enum {
	EVENT_ID,
	EVENT_TIME,
	EVENT_SEVERITY,
	EVENT_WHERE,
	EVENT_KIND,
	EVENT_TEXT
};

struct table *
events_table_new(const struct cli *cli, bool brief)
{
	static const struct table_column full[] = {
		[EVENT_ID] = { "EVENT", TABLE_RIGHT, 0 },
		[EVENT_TIME] = { "TIME", 0, 0 },
		[EVENT_SEVERITY] = { "SEVERITY", 0, 0 },
		[EVENT_WHERE] = { "WHERE", TABLE_TRUNC, 1 },
		[EVENT_KIND] = { "KIND", 0, 2 },
		[EVENT_TEXT] = { "WHAT", TABLE_TEXT, 0 },
		{ NULL, 0, 0 },
	};
	static const struct table_column lines[] = {
		[EVENT_ID] = { "EVENT", TABLE_RIGHT, 0 },
		[EVENT_TIME] = { "TIME", 0, 0 },
		[EVENT_SEVERITY] = { "SEVERITY", 0, 0 },
		[EVENT_WHERE] = { "WHERE", TABLE_TRUNC, 1 },
		[EVENT_KIND] = { "KIND", TABLE_HIDDEN, 1 },
		[EVENT_TEXT] = { "WHAT", TABLE_TEXT | TABLE_LINE, 0 },
		{ NULL, 0, 0 },
	};

	return table_new(brief ? lines : full, &cli->io);
}

void
events_table_add(const struct cli *cli, struct table *table,
		 const json_t *event)
{
	struct libscols_line *row = table_add(table, NULL);
	const char *where = "cluster";
	char time[TEXT_LEN];

	if (json_is_string(json_object_get(event, "vm")))
		where = "vm";
	else if (json_is_string(json_object_get(event, "host")))
		where = "host";
	text_time(time, field_number(event, "time_ms"), cli->io.now_ms());
	cell_count((struct cell){ table, row, EVENT_ID }, event, "id");
	table_set(table, row, EVENT_TIME, TONE_PLAIN, time);
	cell_word((struct cell){ table, row, EVENT_SEVERITY },
		  word_severity(field_text(event, "severity")));
	cell_text((struct cell){ table, row, EVENT_WHERE }, event, where);
	cell_text((struct cell){ table, row, EVENT_KIND }, event, "kind");
	cell_text((struct cell){ table, row, EVENT_TEXT }, event, "text");
}

/* --- reading ---------------------------------------------------------- */

struct reading {
	struct cli *cli;
	struct table *table; /* NULL with --json */
	int64_t after;       /* the last event shown */
	bool connected;
};

static int
fetch(struct reading *reading, int64_t after, int64_t limit, int64_t wait_ms,
      json_t **ret_answer, struct err *err)
{
	cleanup_free char *path =
		xasprintf("/v1/events?after=%lld&limit=%lld&wait_ms=%lld",
			  (long long)after, (long long)limit,
			  (long long)wait_ms);
	json_t *answer;
	int rc = cli_ask(reading->cli, path, NULL,
			 reading->cli->timeout_ms + wait_ms, &answer, err);

	if (rc < 0)
		return rc;
	if (!json_is_array(json_object_get(answer, "events"))) {
		json_decref(answer);
		return err_set(err, -EPROTO,
			       "the coordinator's answer has no events\nis it "
			       "of another version than this command?");
	}
	*ret_answer = answer;
	return 0;
}

/* The number of the newest event in an answer, or `otherwise`. */
static int64_t
newest(const json_t *answer, int64_t otherwise)
{
	int64_t id = otherwise;
	json_t *event;
	size_t i;

	json_array_foreach (json_object_get(answer, "events"), i, event)
		if (field_number(event, "id") > id)
			id = field_number(event, "id");
	return id;
}

static void
show(struct reading *reading, const json_t *answer)
{
	const struct cli *cli = reading->cli;
	json_t *event;
	size_t i;

	json_array_foreach (json_object_get(answer, "events"), i, event) {
		if (reading->table != NULL)
			events_table_add(cli, reading->table, event);
		else
			cli_print_json_line(cli, event);
	}
	if (reading->table != NULL && table_count_rows(reading->table) > 0) {
		table_print(reading->table);
		table_continue(reading->table);
	}
	fflush(cli->io.out);
}

/* The number of the newest event there is, 0 when there is none. */
static int
find_end(struct reading *reading, int64_t *ret_id, struct err *err)
{
	json_t *answer = NULL;
	int rc = fetch(reading, -1, 1, 0, &answer, err);

	if (rc < 0)
		return rc;
	*ret_id = newest(answer, 0);
	json_decref(answer);
	return 0;
}

/* More than one answer holds: count back from the newest, then read on. */
static int
collect_pages(struct reading *reading, int64_t count, json_t *events,
	      struct err *err)
{
	json_t *answer = NULL;
	int64_t end = 0;
	int rc = find_end(reading, &end, err);
	int64_t after = end > count ? end - count : 0;

	while (rc == 0 && after < end) {
		rc = fetch(reading, after, EVENTS_PAGE, 0, &answer, err);
		if (rc < 0)
			break;
		int64_t next = newest(answer, after);
		json_array_extend(events, json_object_get(answer, "events"));
		json_decref(answer);
		if (next == after)
			break;
		after = next;
	}
	return rc;
}

/* Append the last `count` events to a list. */
static int
collect(struct reading *reading, int64_t count, json_t *events, struct err *err)
{
	json_t *answer;

	if (count > EVENTS_PAGE)
		return collect_pages(reading, count, events, err);
	if (count == 0)
		return 0;
	int rc = fetch(reading, -count, count, 0, &answer, err);
	if (rc < 0)
		return rc;
	json_array_extend(events, json_object_get(answer, "events"));
	json_decref(answer);
	return 0;
}

static int
show_past(struct reading *reading, int64_t count, struct err *err)
{
	const struct cli *cli = reading->cli;
	bool following = cli->given[OPTION_FOLLOW];
	json_t *events = json_array(), *answer = json_object();
	int rc = collect(reading, count, events, err);

	json_object_set(answer, "events", events);
	reading->after = newest(answer, reading->after);
	json_object_set_new(answer, "last", json_integer(reading->after));
	if (rc == 0 && reading->table == NULL && !following)
		cli_print_json(cli, answer);
	else if (rc == 0 && json_array_size(events) == 0 && !following)
		fputs("No events.\n", cli->io.out);
	else if (rc == 0)
		show(reading, answer);
	json_decref(answer);
	json_decref(events);
	return rc;
}

/* --- following -------------------------------------------------------- */

static void
say(const struct reading *reading, const char *what)
{
	const struct cli *cli = reading->cli;
	int64_t now_ms = cli->io.now_ms();
	char now[TEXT_LEN];

	fprintf(cli->io.err, "ironherd: %s %s\n",
		text_time(now, now_ms, now_ms), what);
	fflush(cli->io.err);
}

static void
pause_ms(int64_t ms)
{
	struct timespec time = { .tv_sec = ms / 1000,
				 .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* Trying again helps: it is not there, hangs, broke off or is busy. */
static bool
will_pass(int rc)
{
	return rc == -ENOTCONN || rc == -ECONNRESET || rc == -ETIMEDOUT ||
	       rc == -EAGAIN;
}

/* It is back; did it keep its record? */
static int
reconnect(struct reading *reading, struct err *err)
{
	int64_t end;
	int rc = find_end(reading, &end, err);

	if (rc < 0)
		return rc;
	reading->connected = true;
	say(reading, "the coordinator is back");
	if (end < reading->after) {
		say(reading, "its record of events is a new one: numbers begin "
			     "again");
		reading->after = 0;
	}
	return 0;
}

/* One round: wait for events and show them. */
static int
follow_once(struct reading *reading, struct err *err)
{
	json_t *answer;

	if (!reading->connected)
		return reconnect(reading, err);
	int rc = fetch(reading, reading->after, EVENTS_PAGE, FOLLOW_WAIT_MS,
		       &answer, err);
	if (rc < 0)
		return rc;
	show(reading, answer);
	reading->after = newest(answer, reading->after);
	json_decref(answer);
	return 0;
}

/* Until it is stopped by a signal, or an error that stays. */
static int
follow(struct reading *reading, struct err *err)
{
	int64_t retry_ms = RETRY_FIRST_MS;

	for (;;) {
		int rc = follow_once(reading, err);
		if (rc < 0 && !will_pass(rc))
			return rc;
		if (ferror(reading->cli->io.out))
			return err_set(err, -EIO,
				       "the output could not be written");
		if (rc == 0) {
			retry_ms = RETRY_FIRST_MS;
			continue;
		}
		if (reading->connected)
			say(reading, "the coordinator does not answer; trying "
				     "until it is back (end with Ctrl-C)");
		reading->connected = false;
		pause_ms(retry_ms);
		retry_ms = 2 * retry_ms < RETRY_MAX_MS ? 2 * retry_ms
						       : RETRY_MAX_MS;
	}
}

int
cmd_events(struct cli *cli)
{
	bool following = cli->given[OPTION_FOLLOW];
	uint64_t count = following ? FOLLOW_PRESET : EVENTS_PRESET;
	const char *number = cli->values[OPTION_COUNT];
	struct reading reading = { .cli = cli, .connected = true };
	struct err err = { "" };

	if (number != NULL && num_parse_u64(number, EVENTS_MAX, &count) < 0)
		return cli_complain(
			cli, CLI_USAGE,
			"-n: \"%.64s\" is not a number from 0 to %d", number,
			EVENTS_MAX);
	if (!cli->given[OPTION_JSON])
		reading.table = events_table_new(cli, false);
	/* With -n 0 nothing of the past is shown, but its end must be known. */
	int rc = following && count == 0
			 ? find_end(&reading, &reading.after, &err)
			 : show_past(&reading, (int64_t)count, &err);
	if (rc == 0 && following)
		rc = follow(&reading, &err);
	table_free(reading.table);
	return rc < 0 ? cli_fail(cli, cli_status_of(rc), &err) : CLI_OK;
}
