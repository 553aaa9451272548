/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements among the tokens: where one begins and where reading can go on
 * behind a bad one, so that one mistake costs one statement.
 */
#include <string.h>

#include "common/config_own.h"

const struct config_token *
config_token_at(const struct config_reading *reading, size_t position)
{
	return &reading->config->tokens[reading->live[position]];
}

bool
config_is_kind(const struct config_reading *reading, size_t position,
	       enum config_token_kind kind)
{
	return position < reading->n_live &&
	       config_token_at(reading, position)->kind == kind;
}

static bool
is_value(const struct config_reading *reading, size_t position)
{
	return position > 0 &&
	       config_is_kind(reading, position - 1, TOKEN_EQUALS) &&
	       (config_is_kind(reading, position, TOKEN_WORD) ||
		config_is_kind(reading, position, TOKEN_STRING));
}

/* Does a statement end with this token? */
static bool
is_last(const struct config_reading *reading, size_t position)
{
	return config_is_kind(reading, position, TOKEN_OPEN) ||
	       config_is_kind(reading, position, TOKEN_CLOSE) ||
	       config_is_kind(reading, position, TOKEN_LIST_CLOSE) ||
	       is_value(reading, position);
}

bool
config_is_plain_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return strlen(text) < CONFIG_NAME_MAX && strspn(text, letters) > 0 &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-_")] == '\0';
}

bool
config_is_name(const struct config_reading *reading, size_t position)
{
	bool title = config_is_kind(reading, position + 1, TOKEN_OPEN) &&
		     position > 0 && !is_last(reading, position - 1);

	return config_is_kind(reading, position, TOKEN_WORD) && !title &&
	       !is_value(reading, position) &&
	       config_is_plain_name(config_token_at(reading, position)->text);
}

size_t
config_statement_start(const struct config_reading *reading, size_t position)
{
	while (position > 0 && !is_last(reading, position - 1))
		position--;
	return position;
}

/* Where reading can go on: behind the value or block of the statement, at a
 * new line, before the end of the block around it, or at a "name =". */
size_t
config_statement_end(const struct config_reading *reading, size_t from)
{
	for (size_t i = from; i < reading->n_live; i++) {
		const struct config_token *token = config_token_at(reading, i);

		if (i > from &&
		    (is_value(reading, i - 1) ||
		     config_is_kind(reading, i - 1, TOKEN_LIST_CLOSE)))
			return i;
		if (token->kind == TOKEN_CLOSE)
			return i;
		if (token->kind == TOKEN_OPEN) {
			while (reading->live[i] != token->match)
				i++;
			return i + 1;
		}
		if (i == from || config_is_kind(reading, i - 1, TOKEN_EQUALS))
			continue;
		if (token->kind == TOKEN_WORD &&
		    (token->line > config_token_at(reading, i - 1)->line ||
		     config_is_kind(reading, i + 1, TOKEN_EQUALS)))
			return i;
	}
	return reading->n_live;
}

/* "name =" with nothing behind it takes the next line's name for its value,
 * and only the token behind that looks odd. */
bool
config_lacks_value(const struct config_reading *reading, size_t at)
{
	return at >= 3 && at <= reading->n_live &&
	       config_is_kind(reading, at - 2, TOKEN_EQUALS) &&
	       config_is_kind(reading, at - 1, TOKEN_WORD) &&
	       config_token_at(reading, at - 1)->line >
		       config_token_at(reading, at - 2)->line;
}

size_t
config_block_around(const struct config_reading *reading, size_t position)
{
	size_t depth = 0;

	while (position-- > 0) {
		if (config_is_kind(reading, position, TOKEN_CLOSE))
			depth++;
		else if (config_is_kind(reading, position, TOKEN_OPEN) &&
			 depth-- == 0)
			return reading->live[position];
	}
	return CONFIG_NO_TOKEN;
}

size_t
config_line_end(const struct config_reading *reading, size_t from)
{
	unsigned line = config_token_at(reading, from)->line;
	size_t end = from;

	while (end < reading->n_live &&
	       !config_is_kind(reading, end, TOKEN_CLOSE) &&
	       config_token_at(reading, end)->line == line) {
		size_t next = config_statement_end(reading, end);

		end = next > end ? next : end + 1;
	}
	return end;
}
