/* SPDX-License-Identifier: Apache-2.0 */
/* The mistakes of a configuration file: collected, sorted, shown. */
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/config_own.h"

#define SHOWN_MAX 160 /* bytes of an offending line */

void
config_add_error_va(struct config *config, unsigned line, const char *fmt,
		    va_list ap)
{
	if (config->n_errors == CONFIG_ERRORS_MAX) {
		config->cut = true;
		return;
	}
	config->errors = xrealloc(config->errors, config->n_errors + 1,
				  sizeof(*config->errors));
	config->errors[config->n_errors++] = (struct config_error){
		.line = line,
		.text = xvasprintf(fmt, ap),
	};
}

void
config_add_error(struct config *config, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	config_add_error_va(config, line, fmt, ap);
	va_end(ap);
}

size_t
config_count_errors(const struct config *config)
{
	return config->n_errors;
}

/* By line; mistakes of one line stay in the order they were found: an error
 * lies in its array behind the ones found before it. */
static int
compare_errors(const void *left, const void *right)
{
	const struct config_error *a =
		*(const struct config_error *const *)left;
	const struct config_error *b =
		*(const struct config_error *const *)right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void
show_line(const struct config *config, unsigned line, FILE *to)
{
	const char *at = config->text;
	size_t left = config->len;

	for (unsigned i = 1; i < line; i++) {
		const char *end = memchr(at, '\n', left);

		if (end == NULL)
			return;
		left -= (size_t)(end + 1 - at);
		at = end + 1;
	}
	const char *end = memchr(at, '\n', left);
	size_t len = end != NULL ? (size_t)(end - at) : left;
	if (len > SHOWN_MAX)
		len = SHOWN_MAX;

	fputs("    | ", to);
	for (size_t i = 0; i < len; i++) { /* nothing may reach the terminal */
		unsigned char c = (unsigned char)at[i];

		fputc((c < ' ' && c != '\t') || c == 127 ? '?' : c, to);
	}
	fputc('\n', to);
}

void
config_print_errors(const struct config *config, FILE *to)
{
	const struct config_error **sorted =
		xcalloc(config->n_errors, sizeof(*sorted));

	for (size_t i = 0; i < config->n_errors; i++)
		sorted[i] = &config->errors[i];
	qsort(sorted, config->n_errors, sizeof(*sorted), compare_errors);
	for (size_t i = 0; i < config->n_errors; i++) {
		if (sorted[i]->line == 0) {
			fprintf(to, "%s: %s\n", config->path, sorted[i]->text);
			continue;
		}
		fprintf(to, "%s:%u: %s\n", config->path, sorted[i]->line,
			sorted[i]->text);
		if (!config->secret)
			show_line(config, sorted[i]->line, to);
	}
	if (config->cut)
		fprintf(to, "%s: more mistakes than the %d shown\n",
			config->path, CONFIG_ERRORS_MAX);
	free(sorted);
}

/* Edits between two short words: letters put in, left out, or changed. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[CONFIG_NAME_MAX];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

const char *
config_nearest(const char *typed,
	       const char *(*name_at)(const void *names, size_t i),
	       const void *names)
{
	const char *nearest = NULL, *name;
	size_t len = strlen(typed);
	size_t least =
		len / 3 + 2; /* "nmae" is near "name", "x" near nothing */

	if (len < 2 || len >= CONFIG_NAME_MAX)
		return NULL;
	for (size_t i = 0; (name = name_at(names, i)) != NULL; i++) {
		if (strlen(name) >= CONFIG_NAME_MAX)
			continue;
		size_t far = distance(typed, name);
		if (far < least && far < len) {
			least = far;
			nearest = name;
		}
	}
	return nearest;
}
