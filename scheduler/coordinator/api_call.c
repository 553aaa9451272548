/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/api_call.h"

#include <event2/buffer.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"

void
call_refuse(struct api_reply *reply, int code, const char *hint,
	    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *error = xvasprintf(fmt, ap);
	va_end(ap);
	api_reply_error(reply, code, error, hint);
}

/* --- query --------------------------------------------------------------- */

static const struct param *
find_param(const struct param *params, const char *name)
{
	for (; params->name != NULL; params++)
		if (strcmp(params->name, name) == 0)
			return params;
	return NULL;
}

bool
call_read_query(struct call *call, const struct param *params,
		int64_t *ret_values)
{
	const struct evkeyval *pair;

	for (size_t i = 0; params[i].name != NULL; i++)
		ret_values[i] = params[i].preset;
	TAILQ_FOREACH(pair, &call->query, next)
	{
		const struct param *param = find_param(params, pair->key);

		if (param == NULL) {
			call_refuse(call->reply, 400, SEE_MANUAL,
				    "unknown parameter \"%.64s\"", pair->key);
			return false;
		}
		if (num_parse_i64(pair->value, param->min, param->max,
				  &ret_values[param - params]) < 0) {
			call_refuse(
				call->reply, 400,
				"give a whole number in that range",
				"%s: \"%.64s\" is not a number from %lld to "
				"%lld",
				param->name, pair->value, (long long)param->min,
				(long long)param->max);
			return false;
		}
	}
	return true;
}

bool
call_has_no_query(struct call *call)
{
	static const struct param none[] = { { .name = NULL } };
	int64_t unused[1];

	return call_read_query(call, none, unused);
}

/* --- body ---------------------------------------------------------------- */

static const struct field *
find_field(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

/* False when the request was refused. */
static bool
has_good_value(struct call *call, const struct field *field,
	       const json_t *value)
{
	bool good = field->type == FIELD_TEXT   ? json_is_string(value)
		    : field->type == FIELD_BOOL ? json_is_boolean(value)
						: json_is_integer(value);

	if (field->type == FIELD_NUMBER) {
		good = good && json_integer_value(value) >= 1 &&
		       json_integer_value(value) <= field->max;
		if (!good)
			call_refuse(call->reply, 400, SEE_MANUAL,
				    "%s: not a whole number from 1 to %lld",
				    field->name, (long long)field->max);
	} else if (!good) {
		call_refuse(call->reply, 400, SEE_MANUAL, "%s: not a %s",
			    field->name,
			    field->type == FIELD_TEXT ? "text"
						      : "true or false");
	}
	return good;
}

static bool
has_good_fields(struct call *call, const struct field *fields)
{
	const char *name;
	json_t *value;

	json_object_foreach (call->body, name, value) {
		const struct field *field = find_field(fields, name);

		if (field == NULL) {
			call_refuse(call->reply, 400, SEE_MANUAL,
				    "unknown field \"%.64s\"", name);
			return false;
		}
		if (!has_good_value(call, field, value))
			return false;
	}
	for (; fields->name != NULL; fields++)
		if (fields->required &&
		    json_object_get(call->body, fields->name) == NULL) {
			call_refuse(call->reply, 400, SEE_MANUAL,
				    "the field \"%s\" is missing",
				    fields->name);
			return false;
		}
	return true;
}

bool
call_read_body(struct call *call, const struct field *fields)
{
	struct evbuffer *in =
		evhttp_request_get_input_buffer(call->reply->request);
	size_t len = evbuffer_get_length(in);
	json_error_t why;

	if (len > API_BODY_MAX) {
		call_refuse(call->reply, 413, SEE_MANUAL,
			    "the body has more than %u bytes", API_BODY_MAX);
		return false;
	}
	const char *text = len > 0 ? (const char *)evbuffer_pullup(in, -1) : "";
	call->body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(call->body)) {
		call_refuse(call->reply, 400, "send one JSON object",
			    "the body is no JSON object: %s",
			    call->body ? "something else" : why.text);
		return false;
	}
	return has_good_fields(call, fields);
}

bool
call_is_set(const struct call *call, const char *field)
{
	return json_is_true(json_object_get(call->body, field));
}

unsigned
call_number(const struct call *call, const char *field)
{
	return (unsigned)json_integer_value(json_object_get(call->body, field));
}
