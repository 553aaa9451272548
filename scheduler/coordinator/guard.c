/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/guard.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static int
digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* 32 hex digits with dashes anywhere between them. */
static bool
parse(const char *text, uint8_t ret_guid[16])
{
	size_t n = 0;

	memset(ret_guid, 0, 16);
	for (; *text != '\0'; text++) {
		if (*text == '-')
			continue;
		if (!isxdigit((unsigned char)*text) || n == 32)
			return false;
		ret_guid[n / 2] =
			(uint8_t)(ret_guid[n / 2] << 4 | digit(*text));
		n++;
	}
	return n == 32;
}

static bool
is_none(const uint8_t guid[16])
{
	for (unsigned i = 1; i < 16; i++)
		if (guid[i] != guid[0])
			return false;
	return guid[0] == 0 || guid[0] == 0xff;
}

/* The order in which SMBIOS writes the first three fields. */
static void
swap_fields(const uint8_t guid[16], uint8_t ret_guid[16])
{
	static const uint8_t from[16] = { 3, 2, 1,  0,  5,  4,  7,  6,
					  8, 9, 10, 11, 12, 13, 14, 15 };

	for (unsigned i = 0; i < 16; i++)
		ret_guid[i] = guid[from[i]];
}

/* As a whole backwards: some BMCs send the last byte first. */
static void
turn_round(const uint8_t guid[16], uint8_t ret_guid[16])
{
	for (unsigned i = 0; i < 16; i++)
		ret_guid[i] = guid[15 - i];
}

static bool
same(const uint8_t a[16], const uint8_t b[16])
{
	uint8_t swapped[16], turned[16];

	swap_fields(a, swapped);
	turn_round(a, turned);
	return memcmp(a, b, 16) == 0 || memcmp(swapped, b, 16) == 0 ||
	       memcmp(turned, b, 16) == 0;
}

bool
guard_same_guid(const uint8_t a[16], const uint8_t b[16])
{
	return !is_none(a) && !is_none(b) && same(a, b);
}

bool
guard_is_told(const uint8_t guid[16])
{
	return !is_none(guid);
}

bool
guard_allows(const struct guard *guard, struct err *err)
{
	uint8_t own[16];
	bool told = guard->has_guid && !is_none(guard->guid);

	if (guard->configured != NULL && !told) {
		err_set(err, -EAGAIN,
			"its BMC has not told its GUID, and one is "
			"configured");
		return false;
	}
	if (!told)
		return true;
	if (guard->configured != NULL && parse(guard->configured, own) &&
	    !same(own, guard->guid)) {
		err_set(err, -EXDEV,
			"this BMC is another host's: its GUID is not the "
			"configured one");
		return false;
	}
	if (guard->in_band != NULL && parse(guard->in_band, own) &&
	    !is_none(own) && !same(own, guard->guid)) {
		err_set(err, -EXDEV,
			"this BMC is another host's: the host's own BMC has "
			"the GUID %.36s",
			guard->in_band);
		return false;
	}
	return true;
}

int
guard_check(const char *guid, struct err *err)
{
	uint8_t parsed[16];

	if (!parse(guid, parsed) || is_none(parsed))
		return err_set(err, -EINVAL,
			       "not a GUID of 32 hexadecimal digits; 'ipmitool "
			       "mc guid' tells it");
	return 0;
}
