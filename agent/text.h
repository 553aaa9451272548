/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/text.h - foreign text into the bounded buffers of a report, and
 * members out of messages of worker processes.
 */
#ifndef AGENT_TEXT_H
#define AGENT_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies what fits, never half of a UTF-8 character; control characters
 * become '?'.  NULL counts as "". */
void text_copy(char *to, size_t room, const char *from);

/* A member of a message, or "", 0, false when it is not there, of another
 * type or out of range.  Workers are our own code, but what they pass on is
 * not, and a worker may be of another version during an upgrade. */
const char *message_text(const json_t *object, const char *key);
uint64_t message_number(const json_t *object, const char *key, uint64_t max);
bool message_bool(const json_t *object, const char *key);

/* Foreign text as a member: at most MESSAGE_TEXT_MAX bytes of it, "?" when it
 * is no UTF-8. */
enum { MESSAGE_TEXT_MAX = 255 };
json_t *message_string(const char *text);

#endif
