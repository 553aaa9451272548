/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens into a tree of sections: libconfuse judges the grammar.
 *
 * libconfuse gives up at the first mistake and knows lines only.  So it gets
 * the tokens one on a line, names as they are, each text and title as the
 * index of its token: a line number of libconfuse is then the position of a
 * token, and a value leads back to its place in the file.  After a mistake
 * the statement it is in is left out and all is read again, until nothing
 * more is found.
 */
#include <assert.h>
#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/config_own.h"

/* libconfuse has one lexer for the whole process and hands nothing of ours to
 * its callbacks: one file is read at a time, by one thread. */
static struct config_reading *now;

static char *
render(const struct config_reading *reading)
{
	static const char *const marks[] = {
		[TOKEN_EQUALS] = "=", [TOKEN_OPEN] = "{",
		[TOKEN_CLOSE] = "}",  [TOKEN_LIST_OPEN] = "{",
		[TOKEN_COMMA] = ",",  [TOKEN_LIST_CLOSE] = "}",
		[TOKEN_OTHER] = ","
	};
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (to == NULL)
		abort(); /* out of memory */
	for (size_t i = 0; i < reading->n_live; i++) {
		const struct config_token *token = config_token_at(reading, i);

		if (config_is_name(reading, i))
			fprintf(to, "%s\n", token->text);
		else if (token->kind == TOKEN_WORD ||
			 token->kind == TOKEN_ITEM ||
			 token->kind == TOKEN_STRING)
			fprintf(to, "%zu\n", reading->live[i]);
		else
			fprintf(to, "%s\n", marks[token->kind]);
	}
	fclose(to);
	return text;
}

/* --- mistakes ----------------------------------------------------------- */

static const char *
option_name_at(const void *names, size_t i)
{
	const cfg_opt_t *options = names;

	return options[i].name;
}

/* What the file says may be a secret that lost its quotes: never shown from
 * a file of secrets. */
static void
explain_unknown(struct config_reading *reading, const cfg_t *cfg,
		const struct config_token *token)
{
	const char *near =
		config_nearest(token->text, option_name_at, cfg->opts);
	size_t size = sizeof(reading->message);
	int len;

	if (reading->config->secret)
		len = snprintf(reading->message, size, "unknown option");
	else
		len = snprintf(reading->message, size,
			       "unknown option \"%.*s\"", CONFIG_NAME_MAX,
			       token->text);
	if (near == NULL)
		return;
	snprintf(reading->message + len, size - (size_t)len,
		 "; did you mean \"%s\"?", near);
	snprintf(reading->lost, sizeof(reading->lost), "%s", near);
}

static void
explain_unexpected(struct config_reading *reading,
		   const struct config_token *token)
{
	bool word = token->kind == TOKEN_WORD || token->kind == TOKEN_STRING;

	if (word && reading->config->secret)
		snprintf(reading->message, sizeof(reading->message),
			 "unexpected text here");
	else
		snprintf(reading->message, sizeof(reading->message),
			 "unexpected \"%.*s\" here", CONFIG_NAME_MAX,
			 token->text);
}

static void
set_extent(struct config_reading *reading, size_t at)
{
	reading->failed = true;
	reading->at = at < reading->n_live ? at : reading->n_live - 1;
	reading->from = config_statement_start(reading, at);
	reading->to = config_statement_end(reading, reading->from);
	if (config_is_name(reading, reading->from))
		snprintf(reading->lost, sizeof(reading->lost), "%s",
			 config_token_at(reading, reading->from)->text);
}

/* libconfuse found a mistake at line cfg->line, the token at that position;
 * its words are kept where they are good. */
static void
mistake_found(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct config_reading *reading = now;
	size_t at = (size_t)cfg->line - 1;

	if (reading->failed || reading->n_live == 0)
		return;
	set_extent(reading, at);
	if (config_lacks_value(reading, at)) {
		set_extent(reading, at - 3);
		reading->to = at - 1;
		snprintf(reading->message, sizeof(reading->message),
			 "%s: the value is missing", reading->lost);
	} else if (at >= reading->n_live) {
		snprintf(reading->message, sizeof(reading->message),
			 "the file ends in the middle of this");
	} else if (strncmp(fmt, "no such option", 14) == 0) {
		explain_unknown(reading, cfg, config_token_at(reading, at));
	} else if (strncmp(fmt, "unexpected token", 16) == 0) {
		explain_unexpected(reading, config_token_at(reading, at));
	} else {
		vsnprintf(reading->message, sizeof(reading->message), fmt, ap);
		if (strncmp(fmt, "missing opening brace", 21) == 0)
			reading->to = config_line_end(reading, reading->from);
	}
}

/* Called for each value, also in a list.  An option of texts does not use
 * def.number; it remembers the first statement with it, else the last would
 * win silently. */
static int
value_found(cfg_t *cfg, cfg_opt_t *opt)
{
	struct config_reading *reading = now;
	size_t start = config_statement_start(reading, (size_t)cfg->line - 1);

	if (opt->def.number == 0 || (size_t)opt->def.number == start + 1) {
		opt->def.number = (long)start + 1;
		return 0;
	}
	unsigned first =
		config_token_at(reading, (size_t)opt->def.number - 1)->line;
	set_extent(reading, start);
	snprintf(reading->message, sizeof(reading->message),
		 "%s: given twice, first in line %u", opt->name, first);
	return -1;
}

/* A line that had odd characters is not complained about again. */
static bool
is_echo(const struct config *config, unsigned line)
{
	for (size_t i = 0; i < config->n_scan_errors; i++)
		if (config->errors[i].line == line)
			return true;
	return false;
}

static void
drop_statement(struct config_reading *reading)
{
	struct config *config = reading->config;
	unsigned line = config_token_at(reading, reading->at)->line;

	if (!is_echo(config, line))
		config_add_error(config, line, "%s", reading->message);
	if (config->n_lost < CONFIG_ERRORS_MAX) {
		struct config_lost *lost = &config->lost[config->n_lost++];

		lost->open = config_block_around(reading, reading->from);
		memcpy(lost->name, reading->lost, sizeof(lost->name));
	}
	for (size_t i = reading->from; i < reading->to; i++)
		config->tokens[reading->live[i]].dropped = true;
}

/* --- from libconfuse's tree to ours -------------------------------------- */

static cfg_opt_t *
options_new(const struct config_option *options)
{
	size_t n = 0;

	while (options[n].name != NULL)
		n++;
	cfg_opt_t *made = xcalloc(n + 1, sizeof(*made));
	for (size_t i = 0; i < n; i++) {
		bool block = options[i].type == CONFIG_SECTION ||
			     options[i].type == CONFIG_LIST;

		assert(config_is_plain_name(options[i].name));
		made[i].name = options[i].name;
		made[i].type = block ? CFGT_SEC : CFGT_STR;
		made[i].flags = block ? CFGF_MULTI : CFGF_NODEFAULT;
		if (block)
			made[i].subopts = options_new(options[i].sections);
		else
			made[i].validcb = value_found;
		if (options[i].type == CONFIG_LIST)
			made[i].flags |= CFGF_TITLE;
		if (options[i].type == CONFIG_TEXTS)
			made[i].flags |= CFGF_LIST;
	}
	return made;
}

static void
options_free(cfg_opt_t *made)
{
	for (size_t i = 0; made[i].name != NULL; i++)
		if (made[i].subopts != NULL)
			options_free(made[i].subopts);
	free(made);
}

static size_t
token_of(const char *digits)
{
	return (size_t)strtoull(digits, NULL, 10);
}

static struct config_section *take_section(struct config_reading *reading,
					   const struct config_option *options,
					   cfg_t *cfg);

static struct config_section *
take_block(struct config_reading *reading, const struct config_option *option,
	   cfg_t *cfg)
{
	const struct config *config = reading->config;
	struct config_section *section =
		take_section(reading, option->sections, cfg);
	/* A section that was read stands on the line of its } */
	size_t close = reading->live[cfg->line - 1];

	section->open = config->tokens[close].match;
	section->line = config->tokens[section->open].line;
	if (cfg->title != NULL) {
		const struct config_token *title =
			&config->tokens[token_of(cfg->title)];

		section->title = title->text;
		section->line = title->line;
	}
	return section;
}

static void
take_texts(const struct config_reading *reading, cfg_opt_t *opt,
	   struct config_slot *slot)
{
	unsigned n = cfg_opt_size(opt);

	slot->items = xcalloc(n, sizeof(struct config_token *));
	for (unsigned i = 0; i < n; i++)
		slot->items[slot->n_items++] =
			&reading->config
				 ->tokens[token_of(cfg_opt_getnstr(opt, i))];
	if (n > 0)
		slot->token = token_of(cfg_opt_getnstr(opt, 0));
}

static struct config_section *
take_section(struct config_reading *reading,
	     const struct config_option *options, cfg_t *cfg)
{
	struct config_section *section = config_section_new(options);

	for (size_t i = 0; options[i].name != NULL; i++) {
		cfg_opt_t *opt = cfg_getnopt(cfg, (unsigned)i);
		struct config_slot *slot = &section->slots[i];
		unsigned n = cfg_opt_size(opt);

		if (options[i].type == CONFIG_TEXTS) {
			take_texts(reading, opt, slot);
			continue;
		}
		if (opt->type == CFGT_STR && n > 0) {
			slot->token = token_of(cfg_opt_getnstr(opt, 0));
			slot->text = reading->config->tokens[slot->token].text;
		}
		if (opt->type != CFGT_SEC || n == 0)
			continue;
		slot->blocks = xcalloc(n, sizeof(struct config_section *));
		for (unsigned j = 0; j < n; j++)
			slot->blocks[slot->n_blocks++] =
				take_block(reading, &options[i],
					   cfg_opt_getnsec(opt, j));
	}
	return section;
}

/* --- the rounds ---------------------------------------------------------- */

static void
collect_live(struct config_reading *reading)
{
	const struct config *config = reading->config;

	reading->n_live = 0;
	for (size_t i = 0; i < config->n_tokens; i++)
		if (!config->tokens[i].dropped)
			reading->live[reading->n_live++] = i;
	reading->failed = false;
	reading->lost[0] = '\0';
}

/* True when nothing more can be found. */
static bool
read_once(struct config_reading *reading, cfg_opt_t *made,
	  const struct config_option *options)
{
	struct config *config = reading->config;

	collect_live(reading);
	cleanup_free char *text = render(reading);
	cfg_t *cfg = cfg_init(made, CFGF_NONE);
	if (cfg == NULL)
		abort(); /* out of memory */

	cfg_set_error_function(cfg, mistake_found);
	int rc = cfg_parse_buf(cfg, text);
	if (rc == CFG_SUCCESS && !reading->failed)
		config->root = take_section(reading, options, cfg);
	cfg_free(cfg); /* also resets the lexer */
	if (config->root != NULL)
		return true;
	if (!reading->failed) {
		config_add_error(config, 0, "cannot be read");
		return true;
	}
	drop_statement(reading);
	return config->cut || reading->to <= reading->from;
}

void
config_parse(struct config *config, const struct config_option *options)
{
	struct config_reading reading = { .config = config };
	cfg_opt_t *made = options_new(options);

	assert(now == NULL);
	reading.live = xcalloc(config->n_tokens, sizeof(*reading.live));
	now = &reading;
	while (!read_once(&reading, made, options))
		;
	now = NULL;
	free(reading.live);
	options_free(made);
	if (config->root == NULL)
		config->root = config_section_new(options);
}
