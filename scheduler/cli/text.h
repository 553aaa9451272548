/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/text.h - text for a person at a terminal: harmless, measured,
 * wrapped, and numbers with units.
 */
#ifndef SCHEDULER_CLI_TEXT_H
#define SCHEDULER_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum {
	TEXT_LEN = 64,           /* a time, an age, a size, with the NUL */
	TEXT_SAFE_MAX = 16 << 10 /* longest text shown; more is cut */
};

/*
 * A copy that cannot harm a terminal: control characters, broken UTF-8 and
 * characters that turn the direction of writing become '?', line ends and
 * tabs blanks.  The caller frees it.
 */
char *text_safe(const char *text);

/* Columns on the screen. */
size_t text_width(const char *text);

/* A copy with line ends between words so that no line is wider than `width`
 * (0: as it is).  Words that are wider are cut.  The caller frees it. */
char *text_wrap(const char *text, size_t width);

/* A copy no wider than `width`, ".." at its end when it was.  The caller frees
 * it. */
char *text_cut(const char *text, size_t width);

/* All return `buf`.  Negative values show as "?". */
const char *text_age(char buf[TEXT_LEN], int64_t ms); /* 3 s, 2 min, 5 h */
const char *text_memory(char buf[TEXT_LEN], int64_t kib);
const char *text_memory_use(char buf[TEXT_LEN], int64_t used_kib,
			    int64_t total_kib);
const char *text_share(char buf[TEXT_LEN], int64_t per_mille);

/* Millionths as a number: "12.345", "-0.5", "5400"; three digits behind the
 * point from 1 on, and no zeros at the end. */
const char *text_micro(char buf[TEXT_LEN], int64_t micro);

/* Local time with seconds; with the date unless it is the day of `now_ms`. */
const char *text_time(char buf[TEXT_LEN], int64_t wall_ms, int64_t now_ms);
/* Date and time with ms. */
const char *text_time_exact(char buf[TEXT_LEN], int64_t wall_ms);

#endif
