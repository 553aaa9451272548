/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hexadecimal text both ways.
 */
#include "snmp-mib/hex.h"

/* Where the hyphens of a UUID stand, in octets before them. */
static bool
hyphen_at(size_t octet, bool uuid)
{
	return uuid && (octet == 4 || octet == 6 || octet == 8 || octet == 10);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
parse(const char *text, bool uuid, uint8_t *ret_octets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (hyphen_at(i, uuid) && *text++ != '-')
			return false;
		int high = digit(text[0]);
		int low = high < 0 ? -1 : digit(text[1]);
		if (low < 0)
			return false;
		ret_octets[i] = (uint8_t)(high * 16 + low);
		text += 2;
	}
	return *text == '\0';
}

static void
print(const uint8_t *octets, bool uuid, size_t n, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		if (hyphen_at(i, uuid))
			*text++ = '-';
		*text++ = digits[octets[i] >> 4];
		*text++ = digits[octets[i] & 15];
	}
	*text = '\0';
}

bool
hex_parse(const char *text, uint8_t *ret_octets, size_t n)
{
	return parse(text, false, ret_octets, n);
}

bool
hex_parse_uuid(const char *text, uint8_t ret_octets[HEX_UUID_OCTETS])
{
	return parse(text, true, ret_octets, HEX_UUID_OCTETS);
}

void
hex_print(const uint8_t *octets, size_t n, char *ret_text)
{
	print(octets, false, n, ret_text);
}

void
hex_print_uuid(const uint8_t octets[HEX_UUID_OCTETS], char *ret_text)
{
	print(octets, true, HEX_UUID_OCTETS, ret_text);
}
