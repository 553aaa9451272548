/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration file as tokens.
 *
 * libconfuse has a scanner of its own, which is kept away from the file for
 * five reasons: it counts a line too many for each comment, puts environment
 * variables into texts, lets a text run on over lines to the end of the file,
 * takes the end of the file for a closing brace, and keeps copies of secrets.
 * See config_parse.c for what it is given instead.
 */
#include <string.h>

#include "common/alloc.h"
#include "common/config_own.h"

struct scan {
	struct config *config;
	const char *at, *end;
	char *pool; /* next free byte */
	unsigned line;
	size_t room; /* tokens */
	size_t open[CONFIG_DEPTH_MAX];
	size_t depth, n_blocks;
	bool stop;
};

static struct config_token *
add_token(struct scan *scan, enum config_token_kind kind)
{
	struct config *config = scan->config;

	if (config->n_tokens == scan->room) {
		scan->room = scan->room ? scan->room * 2 : 256;
		config->tokens = xrealloc(config->tokens, scan->room,
					  sizeof(*config->tokens));
	}
	struct config_token *token = &config->tokens[config->n_tokens++];
	*token = (struct config_token){ .kind = kind,
					.line = scan->line,
					.match = CONFIG_NO_TOKEN,
					.text = scan->pool };
	return token;
}

static void
put_char(struct scan *scan, char c)
{
	*scan->pool++ = c;
}

/* Length of the UTF-8 character at `at`, 0 when it is none.  Control
 * characters are none either; overlong forms are left to pass. */
static size_t
text_char_len(const char *at, const char *end)
{
	unsigned char c = (unsigned char)*at;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 127)
		return 0;
	if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || len > (size_t)(end - at))
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)at[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* One message for the first odd byte of each line. */
static void
check_bytes(struct config *config)
{
	const char *at = config->text, *end = at + config->len;
	unsigned line = 1, told = 0;

	while (at < end && !config->cut) {
		size_t len = text_char_len(at, end);

		if (len == 0 && told != line) {
			config_add_error(config, line,
					 "byte 0x%02x is not text in UTF-8",
					 (unsigned)(unsigned char)*at);
			told = line;
		}
		if (*at == '\n')
			line++;
		at += len ? len : 1;
	}
}

static void
skip_line_comment(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		scan->at++;
}

static void
skip_block_comment(struct scan *scan)
{
	unsigned first = scan->line;

	for (scan->at += 2; scan->end - scan->at >= 2; scan->at++) {
		if (scan->at[0] == '*' && scan->at[1] == '/') {
			scan->at += 2;
			return;
		}
		if (*scan->at == '\n')
			scan->line++;
	}
	scan->at = scan->end;
	config_add_error(scan->config, first,
			 "comment without end: write */ behind it");
	scan->stop = true; /* its braces are gone, too */
}

static void
complain_once(struct scan *scan, struct config_token *token, const char *text)
{
	if (!token->bad)
		config_add_error(scan->config, scan->line, "%s", text);
	token->bad = true;
}

static void
check_dollar(struct scan *scan, struct config_token *token)
{
	if (scan->end - scan->at >= 2 && scan->at[0] == '$' &&
	    scan->at[1] == '{')
		complain_once(scan, token,
			      "${...}: the environment is not read; write "
			      "\\${ inside \"\" for the plain characters");
}

static void
scan_escape(struct scan *scan, struct config_token *token, char quote)
{
	static const char known[] = "\\\"'$nt", meant[] = "\\\"'$\n\t";
	char c = scan->end - scan->at >= 2 ? scan->at[1] : '\n';
	const char *found = memchr(known, c, sizeof(known) - 1);

	if (quote == '\'' && c != '\'' && c != '\\') {
		put_char(scan, *scan->at++); /* just a backslash */
		return;
	}
	if (found == NULL) {
		complain_once(scan, token,
			      "unknown \\ in a text; write \\\\ for a "
			      "backslash");
		scan->at++;
		return;
	}
	put_char(scan, meant[found - known]);
	scan->at += 2;
}

static void
scan_string(struct scan *scan)
{
	struct config_token *token = add_token(scan, TOKEN_STRING);
	char quote = *scan->at++;
	const char *start = scan->at;

	while (scan->at < scan->end && *scan->at != '\n') {
		if (*scan->at == quote) {
			scan->at++;
			put_char(scan, '\0');
			return;
		}
		if (*scan->at == '\\') {
			scan_escape(scan, token, quote);
			continue;
		}
		if (quote == '"')
			check_dollar(scan, token);
		put_char(scan, *scan->at++);
	}
	/* Take the first word for the text, so that a } behind it counts. */
	scan->pool = token->text;
	scan->at = start;
	while (scan->at < scan->end &&
	       memchr(" \t\r\n{}", *scan->at, 6) == NULL)
		put_char(scan, *scan->at++);
	put_char(scan, '\0');
	complain_once(scan, token,
		      "text without end: the closing quote is missing");
}

static bool
is_comment(const struct scan *scan)
{
	return *scan->at == '#' ||
	       (scan->end - scan->at >= 2 && scan->at[0] == '/' &&
		(scan->at[1] == '/' || scan->at[1] == '*'));
}

static void
scan_word(struct scan *scan)
{
	static const char ends[] = " \t\r\n\"'={}()+,*";
	struct config_token *token = add_token(scan, TOKEN_WORD);

	while (scan->at < scan->end && !is_comment(scan) &&
	       memchr(ends, *scan->at, sizeof(ends) - 1) == NULL) {
		check_dollar(scan, token);
		put_char(scan, *scan->at ? *scan->at : '?');
		scan->at++;
	}
	put_char(scan, '\0');
	if (token->bad) { /* ${...} outside of quotes: with its braces */
		while (scan->at < scan->end && *scan->at != '\n' &&
		       *scan->at != '}')
			scan->at++;
		if (scan->at < scan->end && *scan->at == '}')
			scan->at++;
	}
}

/* A token of one character. */
static struct config_token *
add_mark(struct scan *scan, enum config_token_kind kind)
{
	struct config_token *token = add_token(scan, kind);

	put_char(scan, *scan->at++);
	put_char(scan, '\0');
	return token;
}

/* Space and comments; false when there is something else. */
static bool
skip_blank(struct scan *scan)
{
	char c = *scan->at;

	if (c == '\n')
		scan->line++;
	if (memchr(" \t\r\n", c, 4) != NULL)
		scan->at++;
	else if (is_comment(scan) && c == '/' && scan->at[1] == '*')
		skip_block_comment(scan);
	else if (is_comment(scan))
		skip_line_comment(scan);
	else
		return false;
	return true;
}

static void
scan_open(struct scan *scan)
{
	if (scan->depth == CONFIG_DEPTH_MAX ||
	    scan->n_blocks == CONFIG_BLOCKS_MAX) {
		config_add_error(scan->config, scan->line,
				 "more than %d blocks, or %d in each other",
				 CONFIG_BLOCKS_MAX, CONFIG_DEPTH_MAX);
		scan->stop = true;
		return;
	}
	add_mark(scan, TOKEN_OPEN);
	scan->open[scan->depth++] = scan->config->n_tokens - 1;
	scan->n_blocks++;
}

static void
scan_close(struct scan *scan)
{
	if (scan->depth == 0) {
		scan->at++;
		config_add_error(scan->config, scan->line,
				 "} closes nothing: one too many, or a { is "
				 "missing above");
		return;
	}
	size_t open = scan->open[--scan->depth];
	add_mark(scan, TOKEN_CLOSE)->match = open;
	scan->config->tokens[open].match = scan->config->n_tokens - 1;
}

/* What belongs in a list; its texts are no names and no values by themselves.
 */
static bool
scan_in_list(struct scan *scan)
{
	char c = *scan->at;

	if (c == '"' || c == '\'')
		scan_string(scan);
	else if (c == ',')
		add_mark(scan, TOKEN_COMMA);
	else if (memchr("(){=+*", c, 6) == NULL)
		scan_word(scan);
	else
		return false;
	struct config_token *token =
		&scan->config->tokens[scan->config->n_tokens - 1];
	if (token->kind != TOKEN_COMMA)
		token->kind = TOKEN_ITEM;
	return true;
}

/* From { behind = to its }.  What does not belong there most likely follows a
 * list that was not closed: then nothing can be said of the rest. */
static void
scan_list(struct scan *scan)
{
	unsigned first = scan->line;

	add_mark(scan, TOKEN_LIST_OPEN);
	while (scan->at < scan->end && !scan->stop && *scan->at != '}')
		if (!skip_blank(scan) && !scan_in_list(scan))
			break;
	if (scan->at < scan->end && *scan->at == '}') {
		add_mark(scan, TOKEN_LIST_CLOSE);
		return;
	}
	if (!scan->stop)
		config_add_error(scan->config, first,
				 "= { is never closed: a list is {a, b}; what "
				 "follows was not checked");
	scan->stop = true;
}

static bool
is_behind_equals(const struct scan *scan)
{
	const struct config *config = scan->config;

	return config->n_tokens > 0 &&
	       config->tokens[config->n_tokens - 1].kind == TOKEN_EQUALS;
}

static void
scan_next(struct scan *scan)
{
	char c = *scan->at;

	if (skip_blank(scan))
		return;
	if (c == '"' || c == '\'')
		scan_string(scan);
	else if (c == '{' && is_behind_equals(scan))
		scan_list(scan);
	else if (c == '{')
		scan_open(scan);
	else if (c == '}')
		scan_close(scan);
	else if (c == '=')
		add_mark(scan, TOKEN_EQUALS);
	else if (memchr("()+,*", c, 5) != NULL)
		add_mark(scan, TOKEN_OTHER);
	else
		scan_word(scan);
}

/* A block that never ends swallows what was meant to follow it: judging that
 * would only give echoes, so it is cut off. */
static void
cut_open_block(struct scan *scan)
{
	struct config *config = scan->config;
	size_t open = scan->open[0];

	if (!scan->stop)
		config_add_error(config, config->tokens[open].line,
				 "{ is never closed: what follows was not "
				 "checked");
	config->n_tokens = open;
	while (config->n_tokens > 0) { /* its name and title */
		const struct config_token *last =
			&config->tokens[config->n_tokens - 1];

		if (last->kind != TOKEN_WORD && last->kind != TOKEN_STRING)
			break;
		if (config->n_tokens >= 2 && last[-1].kind == TOKEN_EQUALS)
			break; /* a value: end of the statement before */
		config->n_tokens--;
	}
}

void
config_scan(struct config *config)
{
	struct scan scan = { .config = config, .line = 1 };

	check_bytes(config);
	config->pool_size = 2 * config->len + 1; /* each text and its NUL */
	config->pool = xcalloc(1, config->pool_size);
	scan.pool = config->pool;
	scan.at = config->text;
	scan.end = config->text + config->len;
	if (config->len >= 3 && memcmp(scan.at, "\xef\xbb\xbf", 3) == 0)
		scan.at += 3; /* the byte order mark of some editors */
	while (scan.at < scan.end && !scan.stop && !config->cut)
		scan_next(&scan);
	config->torn = scan.stop || scan.depth > 0;
	if (scan.depth > 0)
		cut_open_block(&scan);
	config->n_scan_errors = config->n_errors;
}
