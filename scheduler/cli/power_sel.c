/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd power sel`: the last entries of the event logs of BMCs, the newest
 * last.
 */
#include "common/cleanup.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/power_own.h"

enum { SEL_HOST, SEL_ENTRY, SEL_TIME, SEL_GRADE, SEL_TEXT };

const struct table_column sel_columns[] = {
	[SEL_HOST] = { "HOST", TABLE_TRUNC, 1 },
	[SEL_ENTRY] = { "ENTRY", TABLE_RIGHT, 0 },
	[SEL_TIME] = { "TIME", 0, 0 },
	[SEL_GRADE] = { "GRADE", 0, 0 },
	[SEL_TEXT] = { "WHAT", TABLE_TEXT, 0 },
	{ NULL, 0, 0 },
};

/* "?" without a time, as when the BMC's clock was not set. */
static const char *
time_text(char buf[TEXT_LEN], const json_t *entry, int64_t now_ms)
{
	int64_t time_s = field_number(entry, "time_s");

	return text_time(buf, time_s < INT64_MAX / 1000 ? time_s * 1000 : -1,
			 now_ms);
}

/* In hex, as other tools name it. */
static void
set_id(struct table *table, struct libscols_line *row, const json_t *entry)
{
	int64_t id = field_number(entry, "id");
	char text[TEXT_LEN] = "?";

	if (id >= 0)
		snprintf(text, sizeof(text), "0x%llx", (long long)id);
	table_set(table, row, SEL_ENTRY, TONE_PLAIN, text);
}

static void
add_entry(const struct power_many *many, struct table *table, const char *host,
	  const json_t *entry)
{
	struct libscols_line *row = table_add(table, NULL);
	struct word grade = word_grade(field_text(entry, "grade"));
	const char *told = field_text(entry, "text");
	cleanup_free char *word = text_safe(grade.text);
	cleanup_free char *text = text_safe(told[0] != '\0' ? told : "?");
	char time[TEXT_LEN];

	table_set(table, row, SEL_HOST, TONE_PLAIN, host);
	set_id(table, row, entry);
	table_set(table, row, SEL_TIME, TONE_PLAIN,
		  time_text(time, entry, many->cli->io.now_ms()));
	table_set(table, row, SEL_GRADE, grade.tone, word);
	table_set(table, row, SEL_TEXT, TONE_PLAIN, text);
}

static void
show_remarks(const struct power_many *many, size_t i)
{
	const json_t *answer = many->calls[i].answer;
	const char *host = many->hosts.names[i];
	size_t n = json_array_size(json_object_get(answer, "entries"));
	int64_t total = field_number(answer, "total");
	FILE *out = many->cli->io.out;

	if (total == 0)
		fprintf(out, "%s: its log is empty\n", host);
	else if (total > 0 && (uint64_t)total > n)
		fprintf(out, "%s: the last %zu of %lld entries\n", host, n,
			(long long)total);
	if (!field_true(answer, "overflow"))
		return;
	fprintf(out, "%s: ", host);
	cli_print(many->cli, TONE_WARN, "its log is FULL and loses events");
	fputc('\n', out);
}

void
sel_show(const struct power_many *many)
{
	struct table *table = table_new(sel_columns, &many->cli->io);

	for (size_t i = 0; i < many->hosts.n; i++) {
		const json_t *list =
			json_object_get(many->calls[i].answer, "entries");
		const json_t *entry;
		size_t k;

		json_array_foreach (list, k, entry)
			add_entry(many, table, power_row_host(many, i), entry);
	}
	table_print(table);
	table_free(table);
	for (size_t i = 0; i < many->hosts.n; i++)
		show_remarks(many, i);
}
