/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/config.h - configuration files: libconfuse behind tables.
 *
 * A program describes its file as tables of options; reading reports *every*
 * mistake at once, each as
 *
 *	coordinator.conf:12: period-ms: "3 s" is not a whole number
 *	    |     period-ms = "3 s"
 *
 * and gives typed values only for a file without any.
 *
 * The grammar is libconfuse's, made a little narrower: name = value,
 * name = {a, b}, name { ... }, name "title" { ... }, comments as in C and in
 * the shell.  A text in "" knows \\ \" \' \$ \n \t, one in '' only \' and \\;
 *both end on their line.  ${...} and include() are mistakes.
 *
 * libconfuse has one lexer for the process: read from one thread.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"

#define CONFIG_BYTES_MAX  (4u << 20)
#define CONFIG_ERRORS_MAX 100

enum config_type {
	CONFIG_TEXT,
	CONFIG_INT,
	CONFIG_BOOL,
	CONFIG_WORD,    /* one of `words` */
	CONFIG_TEXTS,   /* any number: name = {a, b}, or just one */
	CONFIG_SECTION, /* at most one: name { } */
	CONFIG_LIST     /* any number, titled: name "title" { } */
};

struct config_option {
	const char *name; /* NULL ends a table */
	enum config_type type;
	const char *preset; /* NULL: none */
	bool required;
	int64_t min, max;                     /* CONFIG_INT; 0, 0: any */
	const char *const *words;             /* CONFIG_WORD, ends with NULL */
	const struct config_option *sections; /* CONFIG_SECTION, CONFIG_LIST */
	/* Further judgement of a CONFIG_TEXT, each of CONFIG_TEXTS, or the
	 * titles of a
	 * CONFIG_LIST, may be NULL: 0, or -EINVAL and in err what is to be
	 * read behind the value ("is not an address"); it must not repeat
	 * the value, which may be a secret. */
	int (*check)(const char *value, struct err *err);
};

struct config;         /* a file that was read */
struct config_section; /* a part of it; the file itself is one */

/*
 * Read a file by its table.  Never fails as a whole: mistakes, also that the
 * file cannot be read, are collected in the result.
 */
struct config *config_load(const char *path,
			   const struct config_option *options);

/* As config_load, for secrets: refuses what file_read_secret() refuses, and
 * never shows the text of a line in a message. */
struct config *config_load_secret(const char *path,
				  const struct config_option *options);
void config_free(struct config *config);

/* Add a mistake found by the program (unknown cluster, duplicate address) at
 * an option of a section; `option` NULL means the section itself.  Works on a
 * file that has mistakes already: a value that did not pass reads as given
 * (text) or as 0. */
void config_complain(struct config *config,
		     const struct config_section *section, const char *option,
		     const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

size_t config_count_errors(const struct config *config);
void config_print_errors(const struct config *config, FILE *to);
void config_print_effective(const struct config *config, FILE *to);

/* --- values; the option must be in the table ---------------------------- */

const struct config_section *config_root(const struct config *config);
bool config_is_set(const struct config_section *section, const char *name);
/* NULL when not set and without preset. */
const char *config_text(const struct config_section *section, const char *name);
int64_t config_int(const struct config_section *section, const char *name);
bool config_bool(const struct config_section *section, const char *name);
/* Index into `words`. */
unsigned config_word(const struct config_section *section, const char *name);

/* CONFIG_TEXTS, in the order given; an empty list is one that is not set. */
size_t config_texts_len(const struct config_section *section, const char *name);
const char *config_texts_at(const struct config_section *section,
			    const char *name, size_t i);

/* NULL when absent. */
const struct config_section *config_sub(const struct config_section *section,
					const char *name);
size_t config_list_len(const struct config_section *section, const char *name);
const struct config_section *
config_list_at(const struct config_section *section, const char *name,
	       size_t i);
const char *config_title(const struct config_section *section);

#endif
