/* SPDX-License-Identifier: Apache-2.0 */
/* A notice as a message to the worker that sends it, and back. */
#include <string.h>

#include "agent/notifier.h"
#include "agent/text.h"

/* Texts and numbers of a notice, in no order that matters. */
static const struct {
	const char *key;
	size_t offset, room;
} texts[] = {
#define TEXT(member)                                              \
	{                                                         \
#member, offsetof(struct node_notice, member),    \
			sizeof(((struct node_notice *)0)->member) \
	}
	TEXT(host_name), TEXT(host_uuid),      TEXT(boot_id),
	TEXT(subject),   TEXT(text),           TEXT(vm_uuid),
	TEXT(vm_name),   TEXT(datastore_name), TEXT(alarm),
#undef TEXT
};

static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
#define NUMBER(member)                                        \
	{                                                     \
#member, offsetof(struct node_notice, member) \
	}
	NUMBER(kind),       NUMBER(condition), NUMBER(sequence),
	NUMBER(severity),   NUMBER(vm_index),  NUMBER(datastore_index),
	NUMBER(suppressed),
#undef NUMBER
};

_Static_assert(sizeof(enum notice_kind) == sizeof(uint32_t) &&
		       sizeof(enum notice_severity) == sizeof(uint32_t),
	       "enums travel as 32-bit numbers");

json_t *
notice_to_message(const struct node_notice *notice)
{
	json_t *message = json_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_object_set_new(message, texts[i].key,
				    message_string((const char *)notice +
						   texts[i].offset));
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint32_t number;

		memcpy(&number, (const char *)notice + numbers[i].offset,
		       sizeof(number));
		json_object_set_new(message, numbers[i].key,
				    json_integer(number));
	}
	return message;
}

void
notice_from_message(const json_t *message, struct node_notice *ret_notice)
{
	memset(ret_notice, 0, sizeof(*ret_notice));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		text_copy((char *)ret_notice + texts[i].offset, texts[i].room,
			  message_text(message, texts[i].key));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint32_t number =
			(uint32_t)message_number(message, numbers[i].key,
						 UINT32_MAX);

		memcpy((char *)ret_notice + numbers[i].offset, &number,
		       sizeof(number));
	}
}
