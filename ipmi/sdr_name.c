/* SPDX-License-Identifier: Apache-2.0 */
/* ipmi/sdr_name.c - names as BMCs write them, made fit for people. */
#include <string.h>

#include "ipmi/bytes.h"
#include "ipmi/sdr.h"

enum { LEN_MASK = 0x1f };

struct writer {
	char *text;
	size_t len;
};

/* Turns text around, or is invisible: nobody's name, but good for a forgery. */
static bool
is_tricky(uint32_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0x061c || c == 0xfeff ||
	       (c >= 0xfff0 && c <= 0xffff);
}

static bool
is_printable(uint32_t c)
{
	bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad;
	bool surrogate = c >= 0xd800 && c <= 0xdfff;

	return !control && !surrogate && !is_tricky(c);
}

/* One character of the lower 16 bits of Unicode. */
static void
put(struct writer *to, uint32_t c)
{
	char *at = to->text + to->len;

	if (to->len + 4 > SDR_NAME_MAX)
		return;
	if (!is_printable(c))
		c = '?';
	if (c < 0x80) {
		at[0] = (char)c;
		to->len += 1;
	} else if (c < 0x800) {
		at[0] = (char)(0xc0 | c >> 6);
		at[1] = (char)(0x80 | (c & 0x3f));
		to->len += 2;
	} else {
		at[0] = (char)(0xe0 | c >> 12);
		at[1] = (char)(0x80 | (c >> 6 & 0x3f));
		at[2] = (char)(0x80 | (c & 0x3f));
		to->len += 3;
	}
}

static void
put_unicode(struct writer *to, const uint8_t *at, size_t n)
{
	for (size_t i = 0; i + 1 < n && get_u16(at + i) != 0; i += 2)
		put(to, get_u16(at + i));
}

/* The order of the halves is not written down; this is ipmitool's. */
static void
put_bcd(struct writer *to, const uint8_t *at, size_t n)
{
	static const char digits[] = "0123456789 -.:,_";

	for (size_t i = 0; i < n; i++) {
		put(to, (uint8_t)digits[at[i] >> 4]);
		put(to, (uint8_t)digits[at[i] & 0xf]);
	}
}

/* Four characters in three bytes, from the lowest bits up. */
static void
put_packed(struct writer *to, const uint8_t *at, size_t n)
{
	for (size_t bit = 0; bit + 6 <= n * 8; bit += 6) {
		unsigned pair = at[bit / 8];

		if (bit / 8 + 1 < n)
			pair |= (unsigned)at[bit / 8 + 1] << 8;
		put(to, 0x20 + (pair >> bit % 8 & 0x3f));
	}
}

static void
put_latin1(struct writer *to, const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n && at[i] != 0; i++)
		put(to, at[i]);
}

void
sdr_parse_name(const uint8_t *at, const uint8_t *end,
	       char ret_name[SDR_NAME_MAX])
{
	static void (*const decoders[])(struct writer * to, const uint8_t *at,
					size_t n) = { put_unicode, put_bcd,
						      put_packed, put_latin1 };
	struct writer to = { ret_name, 0 };

	if (at < end) {
		size_t n = *at & LEN_MASK;
		size_t there = (size_t)(end - at) - 1;

		decoders[*at >> 6](&to, at + 1, n < there ? n : there);
	}
	ret_name[to.len] = '\0';
}
