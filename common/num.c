/* SPDX-License-Identifier: Apache-2.0 */
#include "common/num.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

int
num_parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL; /* strtoull would take blanks and a minus */
	errno = 0;
	int base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
	unsigned long long value = strtoull(text, &end, base);
	if (errno != 0 || *end != '\0' || value > max)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

int
num_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return -EINVAL;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < min || value > max)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

int
num_parse_bool(const char *text, bool *ret_value)
{
	static const char *const words[2][4] = {
		{ "off", "no", "false", "0" },
		{ "on", "yes", "true", "1" },
	};

	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 4; i++)
			if (strcasecmp(text, words[value][i]) == 0) {
				*ret_value = value != 0;
				return 0;
			}
	return -EINVAL;
}
