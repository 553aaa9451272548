/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration file, and showing what came out of it. */
#include "common/config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/config_own.h"
#include "common/file.h"

static struct config *
load(const char *path, const struct config_option *options, bool secret)
{
	struct config *config = xcalloc(1, sizeof(*config));
	struct err err = { "" };

	config->path = xstrdup(path);
	config->secret = secret;
	int rc = (secret ? file_read_secret : file_read)(path, CONFIG_BYTES_MAX,
							 &config->text,
							 &config->len, &err);
	if (rc < 0) {
		size_t head = strlen(path) + 2; /* "path: " is put before */

		config_add_error(config, 0, "%s",
				 strlen(err.text) > head ? err.text + head
							 : strerror(-rc));
		config->root = config_section_new(options);
		return config;
	}
	config_scan(config);
	config_parse(config, options);
	config_judge(config);
	return config;
}

struct config *
config_load(const char *path, const struct config_option *options)
{
	return load(path, options, false);
}

struct config *
config_load_secret(const char *path, const struct config_option *options)
{
	return load(path, options, true);
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	config_section_free(config->root);
	for (size_t i = 0; i < config->n_errors; i++)
		free(config->errors[i].text);
	if (config->secret && config->text != NULL)
		explicit_bzero(config->text, config->len);
	if (config->secret && config->pool != NULL)
		explicit_bzero(config->pool, config->pool_size);
	free(config->errors);
	free(config->tokens);
	free(config->pool);
	free(config->text);
	free(config->path);
	free(config);
}

static unsigned
line_of(const struct config *config, const struct config_section *section,
	const char *name)
{
	for (size_t i = 0; name != NULL && section->options[i].name != NULL;
	     i++) {
		const struct config_slot *slot = &section->slots[i];

		if (strcmp(section->options[i].name, name) != 0)
			continue;
		if (slot->token != CONFIG_NO_TOKEN)
			return config->tokens[slot->token].line;
		if (slot->n_blocks > 0)
			return slot->blocks[0]->line;
	}
	return section->line;
}

void
config_complain(struct config *config, const struct config_section *section,
		const char *option, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	config_add_error_va(config, line_of(config, section, option), fmt, ap);
	va_end(ap);
}

const struct config_section *
config_root(const struct config *config)
{
	return config->root;
}

/* --- the effective configuration ----------------------------------------- */

static void
print_quoted(const char *text, FILE *to)
{
	fputc('"', to);
	for (; *text != '\0'; text++) {
		const char *escape = strchr("\\\"\n\t$", *text);

		if (escape == NULL)
			fputc(*text, to);
		else
			fprintf(to, "\\%c",
				*text == '\n'   ? 'n'
				: *text == '\t' ? 't'
						: *text);
	}
	fputc('"', to);
}

static void print_section(const struct config *config,
			  const struct config_section *section, int depth,
			  FILE *to);

static void
indent(int depth, FILE *to)
{
	while (depth-- > 0)
		fputc('\t', to);
}

static void
print_value(const struct config *config, const struct config_option *option,
	    const struct config_slot *slot, FILE *to)
{
	fprintf(to, "%s = ", option->name);
	if (option->type == CONFIG_TEXT && config->secret)
		fputs("\"(hidden)\"", to);
	else if (option->type == CONFIG_TEXT)
		print_quoted(slot->text, to);
	else
		fputs(slot->text, to);
	fputc('\n', to);
}

static void
print_texts(const struct config *config, const struct config_option *option,
	    const struct config_slot *slot, FILE *to)
{
	fprintf(to, "%s = {", option->name);
	for (size_t i = 0; i < slot->n_items; i++) {
		fputs(i > 0 ? ", " : "", to);
		if (config->secret)
			fputs("\"(hidden)\"", to);
		else
			print_quoted(slot->items[i]->text, to);
	}
	fputs("}\n", to);
}

static void
print_block(const struct config *config, const struct config_option *option,
	    const struct config_section *section, int depth, FILE *to)
{
	indent(depth, to);
	fprintf(to, "%s ", option->name);
	if (section->title != NULL) {
		print_quoted(section->title, to);
		fputc(' ', to);
	}
	fputs("{\n", to);
	print_section(config, section, depth + 1, to);
	indent(depth, to);
	fputs("}\n", to);
}

static void
print_section(const struct config *config, const struct config_section *section,
	      int depth, FILE *to)
{
	for (size_t i = 0; section->options[i].name != NULL; i++) {
		const struct config_option *option = &section->options[i];
		const struct config_slot *slot = &section->slots[i];

		for (size_t j = 0; j < slot->n_blocks; j++)
			print_block(config, option, slot->blocks[j], depth, to);
		if (slot->n_items > 0) {
			indent(depth, to);
			print_texts(config, option, slot, to);
		}
		if (slot->text == NULL)
			continue;
		indent(depth, to);
		print_value(config, option, slot, to);
	}
}

void
config_print_effective(const struct config *config, FILE *to)
{
	print_section(config, config->root, 0, to);
}
