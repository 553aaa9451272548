/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a configuration: texts judged by the table, and handed out. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/config_own.h"
#include "common/num.h"

#define QUOTED_MAX 60 /* bytes of a value shown in a message */

struct config_section *
config_section_new(const struct config_option *options)
{
	struct config_section *section = xcalloc(1, sizeof(*section));
	size_t n = 0;

	while (options[n].name != NULL)
		n++;
	section->options = options;
	section->open = CONFIG_NO_TOKEN;
	section->slots = xcalloc(n, sizeof(*section->slots));
	for (size_t i = 0; i < n; i++)
		section->slots[i].token = CONFIG_NO_TOKEN;
	return section;
}

void
config_section_free(struct config_section *section)
{
	if (section == NULL)
		return;
	for (size_t i = 0; section->options[i].name != NULL; i++) {
		struct config_slot *slot = &section->slots[i];

		for (size_t j = 0; j < slot->n_blocks; j++)
			config_section_free(slot->blocks[j]);
		free(slot->blocks);
		free(slot->items);
	}
	free(section->slots);
	free(section);
}

/* --- judging ------------------------------------------------------------- */

/* 0, or -EINVAL and what is wrong, to be read behind the value. */
typedef int (*judge_fn)(const struct config_option *option, const char *text,
			int64_t *ret_number, struct err *err);

static int
judge_text(const struct config_option *option, const char *text,
	   int64_t *ret_number, struct err *err)
{
	(void)ret_number;
	return option->check != NULL ? option->check(text, err) : 0;
}

static int
judge_int(const struct config_option *option, const char *text,
	  int64_t *ret_number, struct err *err)
{
	int64_t number;

	if (num_parse_i64(text, INT64_MIN, INT64_MAX, &number) < 0)
		return err_set(err, -1, "is not a whole number");
	bool bounded = option->min != 0 || option->max != 0;
	if (bounded && (number < option->min || number > option->max))
		return err_set(err, -1,
			       "is out of range: %" PRId64 " to %" PRId64,
			       option->min, option->max);
	*ret_number = number;
	return 0;
}

static int
judge_bool(const struct config_option *option, const char *text,
	   int64_t *ret_number, struct err *err)
{
	bool value;

	(void)option;
	if (num_parse_bool(text, &value) < 0)
		return err_set(err, -1, "is neither on nor off");
	*ret_number = value;
	return 0;
}

static void
append(struct err *err, const char *text)
{
	strncat(err->text, text, sizeof(err->text) - strlen(err->text) - 1);
}

static int
judge_word(const struct config_option *option, const char *text,
	   int64_t *ret_number, struct err *err)
{
	for (size_t i = 0; option->words[i] != NULL; i++)
		if (strcmp(option->words[i], text) == 0) {
			*ret_number = (int64_t)i;
			return 0;
		}
	err_set(err, -1, "is not one of");
	for (size_t i = 0; option->words[i] != NULL; i++) {
		append(err, i == 0 ? " " : ", ");
		append(err, option->words[i]);
	}
	return -1;
}

static const judge_fn judges[] = {
	[CONFIG_TEXT] = judge_text,
	[CONFIG_INT] = judge_int,
	[CONFIG_BOOL] = judge_bool,
	[CONFIG_WORD] = judge_word,
};

static bool
is_block(const struct config_option *option)
{
	return option->type == CONFIG_SECTION || option->type == CONFIG_LIST;
}

static bool
was_lost(const struct config *config, const struct config_section *section,
	 const char *name)
{
	if (config->torn && section->open == CONFIG_NO_TOKEN)
		return true;
	for (size_t i = 0; i < config->n_lost; i++)
		if (config->lost[i].open == section->open &&
		    strcmp(config->lost[i].name, name) == 0)
			return true;
	return false;
}

static void
judge_missing(struct config *config, const struct config_section *section,
	      const struct config_option *option)
{
	if (!option->required || was_lost(config, section, option->name))
		return;
	if (section->title != NULL)
		config_add_error(config, section->line,
				 "\"%s\" lacks the option %s", section->title,
				 option->name);
	else
		config_add_error(config, section->line,
				 "the option %s is missing", option->name);
}

/* The same value is judged whether given or preset; a preset that does not
 * pass is our own mistake. */
static void
judge_value(struct config *config, const struct config_section *section,
	    size_t i)
{
	const struct config_option *option = &section->options[i];
	struct config_slot *slot = &section->slots[i];
	struct err err = { "" };

	if (slot->token == CONFIG_NO_TOKEN) {
		if (option->preset == NULL) {
			judge_missing(config, section, option);
			return;
		}
		slot->text = option->preset;
	}
	if (slot->token != CONFIG_NO_TOKEN && config->tokens[slot->token].bad)
		return;
	int rc = judges[option->type](option, slot->text, &slot->number, &err);
	if (rc == 0)
		return;
	assert(slot->token != CONFIG_NO_TOKEN);
	unsigned line = config->tokens[slot->token].line;
	if (config->secret)
		config_add_error(config, line, "%s %s", option->name, err.text);
	else
		config_add_error(config, line, "%s: \"%.*s\" %s", option->name,
				 QUOTED_MAX, slot->text, err.text);
}

static void
judge_texts(struct config *config, const struct config_section *section,
	    size_t i)
{
	const struct config_option *option = &section->options[i];
	const struct config_slot *slot = &section->slots[i];

	if (slot->n_items == 0)
		judge_missing(config, section, option);
	for (size_t k = 0; k < slot->n_items; k++) {
		const struct config_token *token = slot->items[k];
		struct err err = { "" };

		if (token->bad || option->check == NULL ||
		    option->check(token->text, &err) == 0)
			continue;
		if (config->secret)
			config_add_error(config, token->line, "%s %s",
					 option->name, err.text);
		else
			config_add_error(config, token->line, "%s: \"%.*s\" %s",
					 option->name, QUOTED_MAX, token->text,
					 err.text);
	}
}

static int
compare_titles(const void *left, const void *right)
{
	const struct config_section *a =
		*(const struct config_section *const *)left;
	const struct config_section *b =
		*(const struct config_section *const *)right;
	int order = strcmp(a->title, b->title);

	if (order != 0)
		return order;
	return a->open < b->open ? -1 : a->open > b->open;
}

static void
judge_titles(struct config *config, const struct config_option *option,
	     const struct config_slot *slot)
{
	size_t size = sizeof(struct config_section *);
	cleanup_free struct config_section **sorted =
		xcalloc(slot->n_blocks, size);
	struct err err = { "" };

	for (size_t i = 0; i < slot->n_blocks; i++) {
		sorted[i] = slot->blocks[i];
		if (option->check != NULL &&
		    option->check(sorted[i]->title, &err) < 0)
			config_add_error(config, sorted[i]->line,
					 "%s \"%.*s\" %s", option->name,
					 QUOTED_MAX, sorted[i]->title,
					 err.text);
	}
	qsort(sorted, slot->n_blocks, size, compare_titles);
	for (size_t i = 1; i < slot->n_blocks; i++)
		if (strcmp(sorted[i]->title, sorted[i - 1]->title) == 0)
			config_add_error(config, sorted[i]->line,
					 "%s \"%.*s\": given twice, also in "
					 "line %u",
					 option->name, QUOTED_MAX,
					 sorted[i]->title, sorted[i - 1]->line);
}

static void
judge_section(struct config *config, const struct config_section *section)
{
	for (size_t i = 0; section->options[i].name != NULL; i++) {
		const struct config_option *option = &section->options[i];
		const struct config_slot *slot = &section->slots[i];

		if (option->type == CONFIG_TEXTS) {
			judge_texts(config, section, i);
			continue;
		}
		if (!is_block(option)) {
			judge_value(config, section, i);
			continue;
		}
		if (slot->n_blocks == 0)
			judge_missing(config, section, option);
		if (option->type == CONFIG_LIST)
			judge_titles(config, option, slot);
		else if (slot->n_blocks > 1)
			config_add_error(config, slot->blocks[1]->line,
					 "%s: given twice, first in line %u",
					 option->name, slot->blocks[0]->line);
		for (size_t j = 0; j < slot->n_blocks; j++)
			judge_section(config, slot->blocks[j]);
	}
}

void
config_judge(struct config *config)
{
	judge_section(config, config->root);
}

/* --- handing out --------------------------------------------------------- */

static const struct config_slot *
find_slot(const struct config_section *section, const char *name,
	  const struct config_option **ret_option)
{
	for (size_t i = 0; section->options[i].name != NULL; i++)
		if (strcmp(section->options[i].name, name) == 0) {
			*ret_option = &section->options[i];
			return &section->slots[i];
		}
	assert(!"option in the table");
	abort();
}

static const struct config_slot *
find_typed(const struct config_section *section, const char *name,
	   enum config_type type)
{
	const struct config_option *option;
	const struct config_slot *slot = find_slot(section, name, &option);

	assert(option->type == type);
	(void)type;
	return slot;
}

bool
config_is_set(const struct config_section *section, const char *name)
{
	const struct config_option *option;
	const struct config_slot *slot = find_slot(section, name, &option);

	return slot->token != CONFIG_NO_TOKEN || slot->n_blocks > 0;
}

const char *
config_text(const struct config_section *section, const char *name)
{
	return find_typed(section, name, CONFIG_TEXT)->text;
}

int64_t
config_int(const struct config_section *section, const char *name)
{
	return find_typed(section, name, CONFIG_INT)->number;
}

bool
config_bool(const struct config_section *section, const char *name)
{
	return find_typed(section, name, CONFIG_BOOL)->number != 0;
}

unsigned
config_word(const struct config_section *section, const char *name)
{
	return (unsigned)find_typed(section, name, CONFIG_WORD)->number;
}

size_t
config_texts_len(const struct config_section *section, const char *name)
{
	return find_typed(section, name, CONFIG_TEXTS)->n_items;
}

const char *
config_texts_at(const struct config_section *section, const char *name,
		size_t i)
{
	const struct config_slot *slot =
		find_typed(section, name, CONFIG_TEXTS);

	assert(i < slot->n_items);
	return slot->items[i]->text;
}

const struct config_section *
config_sub(const struct config_section *section, const char *name)
{
	const struct config_slot *slot =
		find_typed(section, name, CONFIG_SECTION);

	return slot->n_blocks > 0 ? slot->blocks[0] : NULL;
}

size_t
config_list_len(const struct config_section *section, const char *name)
{
	return find_typed(section, name, CONFIG_LIST)->n_blocks;
}

const struct config_section *
config_list_at(const struct config_section *section, const char *name, size_t i)
{
	const struct config_slot *slot = find_typed(section, name, CONFIG_LIST);

	assert(i < slot->n_blocks);
	return slot->blocks[i];
}

const char *
config_title(const struct config_section *section)
{
	return section->title;
}
