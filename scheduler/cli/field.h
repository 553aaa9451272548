/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/field.h - fields of a JSON object that may not be there or be
 * of another type than promised.
 */
#ifndef SCHEDULER_CLI_FIELD_H
#define SCHEDULER_CLI_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline const char *
field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* -1 when there is no whole number of 0 or more. */
static inline int64_t
field_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	return json_integer_value(value);
}

static inline bool
field_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

#endif
