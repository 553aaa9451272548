/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cli/detail.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/table.h"
#include "scheduler/cli/text.h"

enum {
	DEPTH_MAX = 8, /* deeper is shown as JSON */
	GRID_MAX = 6,  /* columns; objects with more keys get a block each */
	SENTENCE_LEN = 16, /* a text of this length belongs at the end */
	LABEL_LEN = 64
};

/* From here a number of ms is a moment, below a span (2001 and 31 years). */
#define EPOCH_MS INT64_C(1000000000000)

/* --- names and values ------------------------------------------------- */

static const char *
text_raw_ms(char buf[TEXT_LEN], int64_t value)
{
	snprintf(buf, TEXT_LEN, "%lld ms", (long long)value);
	return buf;
}

static const char *
text_milli(char buf[TEXT_LEN], int64_t value)
{
	snprintf(buf, TEXT_LEN, "%lld.%03lld", (long long)(value / 1000),
		 (long long)(value % 1000));
	return buf;
}

static const struct unit {
	const char *suffix;
	const char *(*show)(char buf[TEXT_LEN], int64_t value);
} units[] = {
	{ "_mono_ms", text_raw_ms }, /* a moment of the monotonic clock */
	{ "_ms", text_age },         { "_kib", text_memory },
	{ "_milli", text_milli },    { "_pm", text_share },
};

static const struct unit *
find_unit(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t n = strlen(units[i].suffix);
		if (len > n && strcmp(key + len - n, units[i].suffix) == 0)
			return &units[i];
	}
	return NULL;
}

static const char *
label(char buf[LABEL_LEN], const char *key)
{
	const struct unit *unit = find_unit(key);

	snprintf(buf, LABEL_LEN, "%s", key);
	if (unit != NULL && strlen(key) < LABEL_LEN)
		buf[strlen(key) - strlen(unit->suffix)] = '\0';
	for (char *c = buf; *c != '\0'; c++)
		if (*c == '_' || *c == '-')
			*c = ' ';
	return buf;
}

static char *
show_number(const char *key, int64_t number)
{
	const struct unit *unit = find_unit(key);
	char buf[TEXT_LEN];

	if (unit == NULL || number < 0)
		return xasprintf("%lld", (long long)number);
	if (unit->show == text_age && number >= EPOCH_MS)
		return xstrdup(text_time_exact(buf, number));
	return xstrdup(unit->show(buf, number));
}

/* Spans that prove something are worth their ms. */
static char *
show_span(int64_t ms)
{
	if (ms >= 1000 && ms < 120000)
		return xasprintf("%lld.%03lld s", (long long)(ms / 1000),
				 (long long)(ms % 1000));
	char buf[TEXT_LEN];
	return xstrdup(text_age(buf, ms));
}

static bool
is_single(const json_t *value)
{
	return !json_is_array(value) && !json_is_object(value);
}

/* Any value on one line; the caller frees it. */
static char *
show_value(const char *key, const json_t *value)
{
	if (json_is_string(value) && json_string_length(value) > 0)
		return xstrdup(json_string_value(value));
	if (json_is_null(value) || json_is_string(value))
		return xstrdup("-");
	if (json_is_integer(value)) {
		int64_t number = json_integer_value(value);
		const struct unit *unit = find_unit(key);
		bool is_span = unit != NULL && unit->show == text_age;
		return is_span && number >= 0 && number < EPOCH_MS
			       ? show_span(number)
			       : show_number(key, number);
	}
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "yes" : "no");
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	return text != NULL ? text : xstrdup("?");
}

/* --- shapes ----------------------------------------------------------- */

static void
print_title(const struct cli *cli, const char *title)
{
	fputc('\n', cli->io.out);
	cli_print(cli, TONE_BOLD, "%s", title);
	fputc('\n', cli->io.out);
}

static char *
below(const char *title, const char *key)
{
	char buf[LABEL_LEN];

	label(buf, key);
	if (title[0] != '\0')
		return xasprintf("%s, %s", title, buf);
	if (buf[0] >= 'a' && buf[0] <= 'z')
		buf[0] = (char)(buf[0] - 'a' + 'A');
	return xstrdup(buf);
}

/* The single values of an object: name and value. */
static void
print_facts(const struct cli *cli, const char *title, const json_t *object)
{
	static const struct table_column columns[] = {
		{ "FACT", 0, 0 },
		{ "VALUE", TABLE_TEXT, 0 },
		{ NULL, 0, 0 },
	};
	struct table *table = table_new(columns, &cli->io);
	const char *key;
	json_t *value;

	table_continue(table); /* without headings */
	json_object_foreach ((json_t *)object, key, value) {
		char name[LABEL_LEN];
		if (!is_single(value))
			continue;
		cleanup_free char *text = show_value(key, value);
		struct libscols_line *row = table_add(table, NULL);
		table_set(table, row, 0, TONE_PLAIN, label(name, key));
		table_set(table, row, 1, TONE_PLAIN, text);
	}
	if (table_count_rows(table) > 0 && title[0] != '\0')
		print_title(cli, title);
	table_print(table);
	table_free(table);
}

static void
print_lines(const struct cli *cli, const char *title, const json_t *list)
{
	size_t width = cli->io.width > 4 ? cli->io.width - 2 : 0, i;
	json_t *item;

	print_title(cli, title);
	json_array_foreach (list, i, item) {
		cleanup_free char *text = show_value("", item);
		cleanup_free char *wrapped = text_wrap(text, width);
		const char *mark = "- ";
		for (char *line = wrapped; line != NULL; mark = "  ") {
			char *end = strchr(line, '\n');
			if (end != NULL)
				*end = '\0';
			fprintf(cli->io.out, "%s%s\n", mark, line);
			line = end != NULL ? end + 1 : NULL;
		}
	}
}

/* The keys of a list's objects in order of appearance, the longest text
 * last; 0 when it is no list of small flat objects. */
static size_t
grid_keys(const json_t *list, const char *keys[GRID_MAX])
{
	size_t widest[GRID_MAX] = { 0 }, n = 0, i, longest = 0;
	json_t *item, *value;
	const char *key;

	json_array_foreach (list, i, item) {
		if (!json_is_object(item))
			return 0;
		json_object_foreach (item, key, value) {
			size_t at = 0;
			while (at < n && strcmp(keys[at], key) != 0)
				at++;
			if (at == GRID_MAX || !is_single(value))
				return 0;
			if (at == n)
				keys[n++] = key;
			size_t len = json_string_length(value);
			widest[at] = len > widest[at] ? len : widest[at];
		}
	}
	for (i = 1; i < n; i++)
		longest = widest[i] >= widest[longest] ? i : longest;
	if (n > 0 && widest[longest] >= SENTENCE_LEN) {
		const char *text = keys[longest];
		memmove(&keys[longest], &keys[longest + 1],
			(n - longest - 1) * sizeof(*keys));
		keys[n - 1] = text;
	}
	return n;
}

static void
print_grid(const struct cli *cli, const char *title, const json_t *list,
	   const char *const keys[], size_t n)
{
	char names[GRID_MAX][LABEL_LEN];
	struct table_column columns[GRID_MAX + 1] = { { NULL, 0, 0 } };
	json_t *item;
	size_t i;

	for (i = 0; i < n; i++) {
		label(names[i], keys[i]);
		for (char *c = names[i]; *c != '\0'; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		columns[i].name = names[i];
		columns[i].flags = i == n - 1 ? TABLE_TEXT : TABLE_TRUNC;
	}
	struct table *table = table_new(columns, &cli->io);
	json_array_foreach (list, i, item) {
		struct libscols_line *row = table_add(table, NULL);
		for (size_t k = 0; k < n; k++) {
			json_t *value = json_object_get(item, keys[k]);
			if (value == NULL)
				continue;
			cleanup_free char *text = show_value(keys[k], value);
			table_set(table, row, k, TONE_PLAIN, text);
		}
	}
	print_title(cli, title);
	table_print(table);
	table_free(table);
}

static void print_any(const struct cli *cli, const char *title,
		      const json_t *value, int depth);

static void
print_list(const struct cli *cli, const char *title, const json_t *list,
	   int depth)
{
	const char *keys[GRID_MAX];
	size_t n = grid_keys(list, keys), i;
	json_t *item;
	bool nested = false;

	if (n > 0) {
		print_grid(cli, title, list, keys, n);
		return;
	}
	json_array_foreach (list, i, item)
		nested |= json_is_object(item);
	if (!nested) {
		if (json_array_size(list) > 0)
			print_lines(cli, title, list);
		return;
	}
	json_array_foreach (list, i, item) {
		const char *name = field_text(item, "name");
		cleanup_free char *head =
			name[0] != '\0' ? xasprintf("%s, %s", title, name)
					: xasprintf("%s, %zu", title, i + 1);
		print_any(cli, head, item, depth + 1);
	}
}

static void
print_any(const struct cli *cli, const char *title, const json_t *value,
	  int depth)
{
	const char *key;
	json_t *item;

	if (is_single(value) || depth > DEPTH_MAX) {
		cleanup_free char *text = show_value("", value);
		print_title(cli, title);
		fprintf(cli->io.out, "%s\n", text);
		return;
	}
	if (json_is_array(value)) {
		print_list(cli, title, value, depth);
		return;
	}
	print_facts(cli, title, value);
	json_object_foreach ((json_t *)value, key, item) {
		if (is_single(item))
			continue;
		cleanup_free char *head = below(title, key);
		print_any(cli, head, item, depth + 1);
	}
}

void
detail_print(const struct cli *cli, const char *title, const json_t *value)
{
	if (value != NULL && !json_is_null(value))
		print_any(cli, title, value, 0);
}
