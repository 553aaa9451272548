/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and texts come from hosts, guests and BMCs: whoever can name a VM
 * could otherwise move the cursor of the operator's terminal or hide a line.
 */
#include "scheduler/cli/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "common/alloc.h"

#define BAD_BYTE ((size_t)-2) /* mbrtowc: this and above is no character */

/* Printable to the C library, yet they reorder or hide what stands around. */
static const struct {
	wchar_t first, last;
} treacherous[] = {
	{ 0x00ad, 0x00ad }, { 0x061c, 0x061c }, { 0x180e, 0x180e },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
};

static bool
is_harmless(wchar_t c)
{
	if (!iswprint((wint_t)c) || wcwidth(c) < 0)
		return false;
	for (size_t i = 0; i < sizeof(treacherous) / sizeof(*treacherous); i++)
		if (c >= treacherous[i].first && c <= treacherous[i].last)
			return false;
	return true;
}

/* Length in bytes and the character at `text`; 1 and '?' for a broken one. */
static size_t
next_char(const char *text, wchar_t *ret_char)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t len = mbrtowc(&c, text, MB_CUR_MAX, &state);

	if (len >= BAD_BYTE || len == 0) {
		*ret_char = L'\0'; /* not printable: becomes '?' */
		return 1;
	}
	*ret_char = c;
	return len;
}

char *
text_safe(const char *text)
{
	size_t len = strlen(text), at = 0, put = 0;
	char *safe =
		xcalloc(TEXT_SAFE_MAX < len ? TEXT_SAFE_MAX + 8 : len + 8, 1);

	while (at < len && put < TEXT_SAFE_MAX) {
		wchar_t c;
		size_t n = next_char(text + at, &c);

		if (c == L'\n' || c == L'\t' || c == L'\r')
			safe[put++] = ' ';
		else if (!is_harmless(c))
			safe[put++] = '?';
		else
			for (size_t i = 0; i < n; i++)
				safe[put++] = text[at + i];
		at += n;
	}
	if (at < len) /* 8 spare bytes: 5 and these */
		safe[put] = safe[put + 1] = '.';
	return safe;
}

size_t
text_width(const char *text)
{
	size_t width = 0;

	while (*text != '\0') {
		wchar_t c;
		size_t n = next_char(text, &c);
		int columns = c == L'\0' ? 1 : wcwidth(c);

		width += columns > 0 ? (size_t)columns : 0;
		text += n;
	}
	return width;
}

char *
text_cut(const char *text, size_t width)
{
	char *copy = xstrdup(text);
	size_t at = 0, columns = 0;

	if (text_width(text) <= width || width < 2)
		return copy;
	for (;;) {
		wchar_t c;
		size_t n = next_char(text + at, &c);
		int w = c == L'\0' ? 1 : wcwidth(c);

		columns += w > 0 ? (size_t)w : 0;
		if (columns > width - 2)
			break;
		at += n;
	}
	/* What was cut off is at least two columns, not always two bytes. */
	copy = xrealloc(copy, at + 3, 1);
	memcpy(copy + at, "..", 3);
	return copy;
}

/* Where the open line of a wrapped text stands. */
struct wrapping {
	char *out;
	size_t len;   /* bytes written */
	size_t blank; /* the last blank of the line, or SIZE_MAX */
	size_t column;
};

static void
wrap_new_line(struct wrapping *wrap)
{
	wrap->out[wrap->len++] = '\n';
	wrap->blank = SIZE_MAX;
	wrap->column = 0;
}

/* The line is full: break it at its last blank, or here within a word. */
static void
wrap_break(struct wrapping *wrap)
{
	if (wrap->blank == SIZE_MAX) {
		wrap_new_line(wrap);
		return;
	}
	wrap->out[wrap->blank] = '\n';
	wrap->out[wrap->len] = '\0';
	wrap->column = text_width(wrap->out + wrap->blank + 1);
	wrap->blank = SIZE_MAX;
}

char *
text_wrap(const char *text, size_t width)
{
	if (width == 0)
		return xstrdup(text);

	/* At worst one line end for each character. */
	struct wrapping wrap = { .out = xcalloc(2 * strlen(text) + 1, 1),
				 .blank = SIZE_MAX };
	for (size_t n; *text != '\0'; text += n) {
		wchar_t c;
		n = next_char(text, &c);
		int w = c == L'\0' ? 1 : wcwidth(c);
		size_t columns = w > 0 ? (size_t)w : 0;
		bool is_full = wrap.column > 0 && wrap.column + columns > width;

		if (is_full && c == L' ') {
			wrap_new_line(&wrap); /* in place of the blank */
			continue;
		}
		if (is_full)
			wrap_break(&wrap);
		if (c == L' ')
			wrap.blank = wrap.len;
		memcpy(wrap.out + wrap.len, text, n);
		wrap.len += n;
		wrap.column += columns;
	}
	wrap.out[wrap.len] = '\0';
	return wrap.out;
}

const char *
text_age(char buf[TEXT_LEN], int64_t ms)
{
	/* Two of a unit before the next one: 90 s say more than 1 min. */
	static const struct {
		int64_t below_ms, unit_ms;
		const char *unit;
	} units[] = {
		{ 1000, 1, "ms" },
		{ INT64_C(120000), 1000, "s" },
		{ INT64_C(120) * 60000, 60000, "min" },
		{ INT64_C(48) * 3600000, 3600000, "h" },
		{ INT64_MAX, 86400000, "d" },
	};
	size_t i = 0;

	while (ms >= units[i].below_ms && units[i].below_ms != INT64_MAX)
		i++;
	if (ms < 0)
		snprintf(buf, TEXT_LEN, "?");
	else
		snprintf(buf, TEXT_LEN, "%lld %s",
			 (long long)ms / units[i].unit_ms, units[i].unit);
	return buf;
}

static const struct {
	int64_t kib;
	const char *name;
	int digits;
} memory_units[] = {
	{ INT64_C(1) << 30, "TiB", 1 },
	{ INT64_C(1) << 20, "GiB", 1 },
	{ INT64_C(1) << 10, "MiB", 0 },
	{ 1, "KiB", 0 },
};

static size_t
memory_unit(int64_t kib)
{
	size_t i = 0;

	while (memory_units[i].kib > 1 && kib < memory_units[i].kib)
		i++;
	return i;
}

const char *
text_memory(char buf[TEXT_LEN], int64_t kib)
{
	size_t u = memory_unit(kib);

	if (kib < 0)
		snprintf(buf, TEXT_LEN, "?");
	else
		snprintf(buf, TEXT_LEN, "%.*f %s", memory_units[u].digits,
			 (double)kib / (double)memory_units[u].kib,
			 memory_units[u].name);
	return buf;
}

const char *
text_memory_use(char buf[TEXT_LEN], int64_t used_kib, int64_t total_kib)
{
	char total[TEXT_LEN];
	size_t u = memory_unit(total_kib);

	text_memory(total, total_kib);
	if (used_kib < 0 || total_kib < 0)
		snprintf(buf, TEXT_LEN, "%c/%.32s", used_kib < 0 ? '?' : '-',
			 total);
	else
		snprintf(buf, TEXT_LEN, "%.*f/%.32s", memory_units[u].digits,
			 (double)used_kib / (double)memory_units[u].kib, total);
	return buf;
}

const char *
text_share(char buf[TEXT_LEN], int64_t per_mille)
{
	if (per_mille < 0)
		snprintf(buf, TEXT_LEN, "?");
	else
		snprintf(buf, TEXT_LEN, "%lld%%",
			 (long long)per_mille / 10 + (per_mille % 10 >= 5));
	return buf;
}

const char *
text_micro(char buf[TEXT_LEN], int64_t micro)
{
	uint64_t n = micro < 0 ? -(uint64_t)micro : (uint64_t)micro;
	uint64_t scale = n < 1000000 ? 1000000 : 1000;
	int digits = n < 1000000 ? 6 : 3;

	n = n < 1000000 ? n : n / 1000 + (n % 1000 >= 500);
	int len = snprintf(buf, TEXT_LEN, "%s%llu.%0*llu", micro < 0 ? "-" : "",
			   (unsigned long long)(n / scale), digits,
			   (unsigned long long)(n % scale));
	while (buf[len - 1] == '0')
		buf[--len] = '\0';
	if (buf[len - 1] == '.')
		buf[len - 1] = '\0';
	return buf;
}

#define YEAR_10000_MS INT64_C(253402300800000)

static bool
local_time(int64_t wall_ms, struct tm *ret_tm)
{
	time_t seconds = (time_t)(wall_ms / 1000);

	return wall_ms >= 0 && wall_ms < YEAR_10000_MS &&
	       localtime_r(&seconds, ret_tm) != NULL;
}

const char *
text_time(char buf[TEXT_LEN], int64_t wall_ms, int64_t now_ms)
{
	struct tm then, now;

	if (!local_time(wall_ms, &then) || !local_time(now_ms, &now)) {
		snprintf(buf, TEXT_LEN, "?");
		return buf;
	}
	bool today = then.tm_year == now.tm_year && then.tm_yday == now.tm_yday;
	if (strftime(buf, TEXT_LEN, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S",
		     &then) == 0)
		snprintf(buf, TEXT_LEN, "?");
	return buf;
}

const char *
text_time_exact(char buf[TEXT_LEN], int64_t wall_ms)
{
	char date[TEXT_LEN - 8];
	struct tm then;

	if (!local_time(wall_ms, &then) ||
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &then) == 0)
		snprintf(buf, TEXT_LEN, "?");
	else
		snprintf(buf, TEXT_LEN, "%s.%03d", date, (int)(wall_ms % 1000));
	return buf;
}
