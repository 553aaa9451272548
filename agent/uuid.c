/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define DIGITS 32

static bool
is_dash_place(size_t place)
{
	return place == 8 || place == 13 || place == 18 || place == 23;
}

/* Collect the digits; anything behind the last one but a newline is wrong. */
static bool
take_digits(const char *text, char digits[DIGITS])
{
	const bool dashed = strchr(text, '-') != NULL;
	size_t n = 0, place = 0;

	for (; n < DIGITS; place++, text++) {
		if (dashed && is_dash_place(place)) {
			if (*text != '-')
				return false;
			continue;
		}
		if (!isxdigit((unsigned char)*text))
			return false;
		digits[n++] = (char)tolower((unsigned char)*text);
	}
	return *text == '\0' || strcmp(text, "\n") == 0;
}

int
uuid_parse(const char *text, char ret_uuid[REPORT_UUID_LEN])
{
	char digits[DIGITS];
	size_t n = 0;

	if (!take_digits(text, digits))
		return -EINVAL;
	if ((digits[0] == '0' || digits[0] == 'f') &&
	    memcmp(digits, digits + 1, DIGITS - 1) == 0)
		return -EINVAL;
	for (size_t place = 0; place < REPORT_UUID_LEN - 1; place++)
		ret_uuid[place] = is_dash_place(place) ? '-' : digits[n++];
	ret_uuid[REPORT_UUID_LEN - 1] = '\0';
	return 0;
}

bool
uuid_is_valid(const char *text)
{
	char uuid[REPORT_UUID_LEN];

	return uuid_parse(text, uuid) == 0 && strcmp(text, uuid) == 0;
}
