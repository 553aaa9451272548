/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/text.h"

#include <string.h>

/* Do not end inside a character: take away its first bytes again. */
static size_t
cut_whole(const char *text, size_t len)
{
	if (((unsigned char)text[len] & 0xc0) != 0x80)
		return len;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void
text_copy(char *to, size_t room, const char *from)
{
	size_t len = from != NULL ? strnlen(from, room) : 0;

	if (len >= room)
		len = cut_whole(from, room - 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)from[i];

		to[i] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	to[len] = '\0';
}

const char *
message_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

uint64_t
message_number(const json_t *object, const char *key, uint64_t max)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 || (uint64_t)value > max ? 0 : (uint64_t)value;
}

bool
message_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

json_t *
message_string(const char *text)
{
	char copy[MESSAGE_TEXT_MAX + 1];

	text_copy(copy, sizeof(copy), text);
	json_t *string = json_string(copy);
	return string != NULL ? string : json_string("?");
}
