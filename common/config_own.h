/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/config_own.h - what the files of common/config share; nobody else
 * includes it.
 *
 * A file goes through four stages, each of which may add mistakes:
 *
 *	text --config_scan()--> tokens --config_parse()--> tree of sections
 *	     --config_judge()--> typed values      config_error.c: the mistakes
 */
#ifndef COMMON_CONFIG_OWN_H
#define COMMON_CONFIG_OWN_H

#include <stdarg.h>

#include "common/config.h"

#define CONFIG_BLOCKS_MAX  8192 /* blocks { } in one file */
#define CONFIG_DEPTH_MAX   16
#define CONFIG_NAME_MAX    64 /* of an option, with the NUL */
#define CONFIG_MESSAGE_MAX 256

#define CONFIG_NO_TOKEN SIZE_MAX

enum config_token_kind {
	TOKEN_WORD,   /* bare: a name, or a value without quotes */
	TOKEN_STRING, /* quoted */
	TOKEN_EQUALS,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_LIST_OPEN,
	TOKEN_ITEM, /* a text in a list */
	TOKEN_COMMA,
	TOKEN_LIST_CLOSE,
	TOKEN_OTHER /* a character that means nothing here */
};

struct config_token {
	enum config_token_kind kind;
	unsigned line;
	bool bad;     /* complained about; its value is not judged again */
	bool dropped; /* part of a statement that was complained about */
	size_t match; /* of a brace: the index of the other one */
	char *text;   /* without quotes and escapes; in config->pool */
};

struct config_error {
	unsigned line; /* 0: the file as a whole */
	char *text;
};

/* An option that would have been there but for a mistake: a second message
 * "is missing" would be an echo. */
struct config_lost {
	size_t open; /* token that opens the block, CONFIG_NO_TOKEN: the file */
	char name[CONFIG_NAME_MAX];
};

struct config_slot {
	size_t token;     /* of the value; CONFIG_NO_TOKEN: not given */
	const char *text; /* given or preset; NULL: neither */
	int64_t number;   /* CONFIG_INT, CONFIG_BOOL, CONFIG_WORD */
	/* CONFIG_TEXTS; `token` is the first of them. */
	const struct config_token **items;
	size_t n_items;
	struct config_section **blocks;
	size_t n_blocks;
};

struct config_section {
	const struct config_option *options;
	struct config_slot *slots; /* one for each option */
	const char *title;
	unsigned line;
	size_t open; /* as in config_lost */
};

struct config {
	char *path;
	bool secret;
	char *text; /* as it was read: the lines shown */
	size_t len;
	char *pool; /* texts of the tokens */
	size_t pool_size;
	struct config_token *tokens;
	size_t n_tokens;
	struct config_error *errors;
	size_t n_errors;
	size_t n_scan_errors; /* the first of them: found by config_scan() */
	bool cut;             /* there were more than CONFIG_ERRORS_MAX */
	bool torn;            /* the end of the file was not looked at */
	struct config_lost lost[CONFIG_ERRORS_MAX];
	size_t n_lost;
	struct config_section *root;
};

/* One round over the tokens that are not dropped, by position. */
struct config_reading {
	struct config *config;
	size_t *live; /* position to index of the token */
	size_t n_live;
	bool failed;     /* a mistake was found: */
	size_t at;       /* the position to show */
	size_t from, to; /* the statement to leave out */
	char lost[CONFIG_NAME_MAX];
	char message[CONFIG_MESSAGE_MAX];
};

void config_scan(struct config *config);
void config_parse(struct config *config, const struct config_option *options);
void config_judge(struct config *config);

/* --- config_statement.c: positions among the tokens ---------------------- */

const struct config_token *config_token_at(const struct config_reading *reading,
					   size_t position);
bool config_is_kind(const struct config_reading *reading, size_t position,
		    enum config_token_kind kind);
/* A word where a name belongs, and which could be one. */
bool config_is_name(const struct config_reading *reading, size_t position);
bool config_is_plain_name(const char *text);
size_t config_statement_start(const struct config_reading *reading,
			      size_t position);
size_t config_statement_end(const struct config_reading *reading, size_t from);
/* As config_statement_end, but not before the line or the block ends. */
size_t config_line_end(const struct config_reading *reading, size_t from);
bool config_lacks_value(const struct config_reading *reading, size_t at);
/* The token that opens the block around, CONFIG_NO_TOKEN in none. */
size_t config_block_around(const struct config_reading *reading,
			   size_t position);

/* --- config_value.c and config_error.c ----------------------------------- */

struct config_section *config_section_new(const struct config_option *options);
void config_section_free(struct config_section *section);

void config_add_error(struct config *config, unsigned line, const char *fmt,
		      ...) __attribute__((format(printf, 3, 4)));
void config_add_error_va(struct config *config, unsigned line, const char *fmt,
			 va_list ap) __attribute__((format(printf, 3, 0)));

/* The name that comes nearest to a mistyped one, NULL when none is near.
 * `name_at` gives the i-th known name, NULL behind the last. */
const char *config_nearest(const char *typed,
			   const char *(*name_at)(const void *names, size_t i),
			   const void *names);

#endif
