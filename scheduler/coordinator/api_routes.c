/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to the function of struct api_ops that answers it. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "scheduler/coordinator/api_internal.h"

#define SEE_MANUAL "see ironherd-coordinator(8) for what can be asked"

/* A request on its way; functions below answer by its reply. */
struct call {
	struct api *api;
	struct api_reply *reply;
	char name[API_NAME_LEN]; /* what "*" of the route stands for */
	struct evkeyvalq query;
	json_t *body; /* of a POST, an object */
};

struct param {
	const char *name;
	int64_t preset, min, max;
};

struct field {
	const char *name;
	enum { FIELD_BOOL, FIELD_TEXT, FIELD_NUMBER } type;
	bool required;
	int64_t max; /* of a number; the least is 1 */
};

struct route {
	enum evhttp_cmd_type method;
	const char *pattern;
	void (*answer)(struct call *call);
	const struct field *fields; /* of a POST's body */
};

/* --- refusals ------------------------------------------------------------ */

static void refuse(struct api_reply *reply, int code, const char *hint,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
refuse(struct api_reply *reply, int code, const char *hint, const char *fmt,
       ...)
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

/* Values in the order of the table; false when the request was refused. */
static bool
read_query(struct call *call, const struct param *params, int64_t *ret_values)
{
	const struct evkeyval *pair;

	for (size_t i = 0; params[i].name != NULL; i++)
		ret_values[i] = params[i].preset;
	TAILQ_FOREACH(pair, &call->query, next)
	{
		const struct param *param = find_param(params, pair->key);

		if (param == NULL) {
			refuse(call->reply, 400, SEE_MANUAL,
			       "unknown parameter \"%.64s\"", pair->key);
			return false;
		}
		if (num_parse_i64(pair->value, param->min, param->max,
				  &ret_values[param - params]) < 0) {
			refuse(call->reply, 400,
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

/* For routes that take none. */
static bool
has_no_query(struct call *call)
{
	static const struct param none[] = { { .name = NULL } };
	int64_t unused[1];

	return read_query(call, none, unused);
}

/* --- functions of the routes --------------------------------------------- */

static void
answer_status(struct call *call)
{
	if (has_no_query(call))
		call->api->ops->status(call->api->arg, call->reply);
}

static void
answer_events(struct call *call)
{
	static const struct param params[] = {
		{ "after", 0, INT64_MIN, INT64_MAX },
		{ "limit", 100, 1, API_EVENTS_MAX },
		{ "wait_ms", 0, 0, API_WAIT_MAX_MS },
		{ .name = NULL },
	};
	int64_t values[3];

	if (read_query(call, params, values))
		api_waits_add(call->api->waits, call->reply, values[0],
			      (unsigned)values[1], values[2]);
}

static bool
read_number(struct call *call, int64_t *ret_number)
{
	if (num_parse_i64(call->name, 1, INT64_MAX, ret_number) == 0)
		return has_no_query(call);
	refuse(call->reply, 400, SEE_MANUAL,
	       "\"%s\" is not the number of anything", call->name);
	return false;
}

static void
answer_event(struct call *call)
{
	int64_t id;

	if (read_number(call, &id))
		call->api->ops->event(call->api->arg, id, call->reply);
}

static void
answer_snapshot(struct call *call)
{
	int64_t number;

	if (read_number(call, &number))
		call->api->ops->snapshot(call->api->arg, (uint64_t)number,
					 call->reply);
}

static void
answer_power_get(struct call *call)
{
	if (has_no_query(call))
		call->api->ops->power_get(call->api->arg, call->name,
					  call->reply);
}

static bool
is_set(const struct call *call, const char *field)
{
	return json_is_true(json_object_get(call->body, field));
}

/* 0 when it was not given. */
static unsigned
number_in(const struct call *call, const char *field)
{
	return (unsigned)json_integer_value(json_object_get(call->body, field));
}

static void
answer_power_set(struct call *call)
{
	const char *want =
		json_string_value(json_object_get(call->body, "want"));
	struct api_order order = {
		.force = is_set(call, "force"),
		.then_off_s = number_in(call, "then_off_s"),
	};
	static const char *const words[] = {
		[API_POWER_OFF] = "off",
		[API_POWER_ON] = "on",
		[API_POWER_SOFT] = "soft",
	};
	size_t i = 0, n = sizeof(words) / sizeof(words[0]);

	while (i < n && strcmp(words[i], want) != 0)
		i++;
	if (i == n)
		refuse(call->reply, 400, "write \"on\", \"off\" or \"soft\"",
		       "want: \"%.64s\" is no power state", want);
	else if (order.then_off_s != 0 && i != API_POWER_SOFT)
		refuse(call->reply, 400, SEE_MANUAL,
		       "then_off_s goes with \"soft\" only");
	else if (has_no_query(call)) {
		order.want = (enum api_power)i;
		call->api->ops->power_set(call->api->arg, call->name, &order,
					  call->reply);
	}
}

static void
answer_watts(struct call *call)
{
	if (has_no_query(call))
		call->api->ops->watts(call->api->arg, call->name, call->reply);
}

static void
answer_identify(struct call *call)
{
	bool on = is_set(call, "on");
	struct api_lamp lamp = {
		.forever = is_set(call, "forever"),
		.seconds = number_in(call, "seconds"),
	};

	if ((lamp.forever || lamp.seconds != 0) && !on)
		refuse(call->reply, 400, SEE_MANUAL,
		       "a lamp that is out has no time");
	else if (lamp.forever && lamp.seconds != 0)
		refuse(call->reply, 400, SEE_MANUAL,
		       "\"seconds\" and \"forever\" exclude each other");
	else if (has_no_query(call)) {
		if (on && !lamp.forever && lamp.seconds == 0)
			lamp.seconds = API_LAMP_S;
		call->api->ops->identify(call->api->arg, call->name, &lamp,
					 call->reply);
	}
}

static void
answer_ha_set(struct call *call)
{
	if (has_no_query(call))
		call->api->ops->ha_set(call->api->arg, call->name,
				       is_set(call, "enabled"), call->reply);
}

/* "by" is taken for the sake of older clients, and not believed: the kernel
 * says who it is. */
static const struct field power_fields[] = {
	{ "want", FIELD_TEXT, true, 0 },
	{ "force", FIELD_BOOL, false, 0 },
	{ "then_off_s", FIELD_NUMBER, false, API_THEN_OFF_MAX_S },
	{ "by", FIELD_TEXT, false, 0 },
	{ .name = NULL },
};
static const struct field identify_fields[] = {
	{ "on", FIELD_BOOL, true, 0 },
	{ "seconds", FIELD_NUMBER, false, API_LAMP_MAX_S },
	{ "forever", FIELD_BOOL, false, 0 },
	{ "by", FIELD_TEXT, false, 0 },
	{ .name = NULL },
};
static const struct field ha_fields[] = {
	{ "enabled", FIELD_BOOL, true, 0 },
	{ "by", FIELD_TEXT, false, 0 },
	{ .name = NULL },
};

static const struct route routes[] = {
	{ EVHTTP_REQ_GET, "/v1/status", answer_status, NULL },
	{ EVHTTP_REQ_GET, "/v1/events", answer_events, NULL },
	{ EVHTTP_REQ_GET, "/v1/events/*", answer_event, NULL },
	{ EVHTTP_REQ_GET, "/v1/snapshots/*", answer_snapshot, NULL },
	{ EVHTTP_REQ_GET, "/v1/hosts/*/power", answer_power_get, NULL },
	{ EVHTTP_REQ_POST, "/v1/hosts/*/power", answer_power_set,
	  power_fields },
	{ EVHTTP_REQ_GET, "/v1/hosts/*/watts", answer_watts, NULL },
	{ EVHTTP_REQ_POST, "/v1/hosts/*/identify", answer_identify,
	  identify_fields },
	{ EVHTTP_REQ_POST, "/v1/clusters/*/ha", answer_ha_set, ha_fields },
};

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
			refuse(call->reply, 400, SEE_MANUAL,
			       "%s: not a whole number from 1 to %lld",
			       field->name, (long long)field->max);
	} else if (!good) {
		refuse(call->reply, 400, SEE_MANUAL, "%s: not a %s",
		       field->name,
		       field->type == FIELD_TEXT ? "text" : "true or false");
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
			refuse(call->reply, 400, SEE_MANUAL,
			       "unknown field \"%.64s\"", name);
			return false;
		}
		if (!has_good_value(call, field, value))
			return false;
	}
	for (; fields->name != NULL; fields++)
		if (fields->required &&
		    json_object_get(call->body, fields->name) == NULL) {
			refuse(call->reply, 400, SEE_MANUAL,
			       "the field \"%s\" is missing", fields->name);
			return false;
		}
	return true;
}

/* False when the request was refused. */
static bool
read_body(struct call *call, const struct field *fields)
{
	struct evbuffer *in =
		evhttp_request_get_input_buffer(call->reply->request);
	size_t len = evbuffer_get_length(in);
	json_error_t why;

	if (len > API_BODY_MAX) {
		refuse(call->reply, 413, SEE_MANUAL,
		       "the body has more than %u bytes", API_BODY_MAX);
		return false;
	}
	const char *text = len > 0 ? (const char *)evbuffer_pullup(in, -1) : "";
	call->body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(call->body)) {
		refuse(call->reply, 400, "send one JSON object",
		       "the body is no JSON object: %s",
		       call->body ? "something else" : why.text);
		return false;
	}
	return has_good_fields(call, fields);
}

static bool
may_change_things(const struct api_reply *reply)
{
	return reply->uid == 0 || reply->uid == geteuid();
}

/* --- dispatch ------------------------------------------------------------ */

/* One piece of a path, decoded: 0, or -EINVAL when it is no name. */
static int
decode_name(const char *from, size_t len, char ret_name[API_NAME_LEN])
{
	cleanup_free char *raw = xasprintf("%.*s", (int)len, from);
	size_t decoded_len = 0;
	cleanup_free char *decoded = evhttp_uridecode(raw, 0, &decoded_len);

	if (decoded == NULL || decoded_len == 0 ||
	    decoded_len >= API_NAME_LEN || strlen(decoded) != decoded_len)
		return -EINVAL;
	for (const char *c = decoded; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return -EINVAL;
	memcpy(ret_name, decoded, decoded_len + 1);
	return 0;
}

/* "*" of a pattern stands for one piece between slashes. */
static bool
path_matches(const char *pattern, const char *path, char name[API_NAME_LEN])
{
	const char *star = strchr(pattern, '*');

	if (star == NULL)
		return strcmp(pattern, path) == 0;
	size_t head = (size_t)(star - pattern);
	if (strncmp(pattern, path, head) != 0)
		return false;
	size_t len = strcspn(path + head, "/");
	return strcmp(path + head + len, star + 1) == 0 &&
	       decode_name(path + head, len, name) == 0;
}

static const struct route *
find_route(struct call *call, const char *path, bool *ret_other_method)
{
	const struct evhttp_request *request = call->reply->request;

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (!path_matches(routes[i].pattern, path, call->name))
			continue;
		if (evhttp_request_get_command(request) == routes[i].method)
			return &routes[i];
		*ret_other_method = true;
	}
	return NULL;
}

/* Answers when it refuses; the functions of routes answer otherwise. */
static void
follow(struct call *call, const char *path, const char *query)
{
	bool other_method = false;
	const struct route *route = find_route(call, path, &other_method);

	if (route == NULL && other_method)
		refuse(call->reply, 405, SEE_MANUAL,
		       "this cannot be done with %.64s", path);
	else if (route == NULL)
		refuse(call->reply, 404, SEE_MANUAL, "there is no %.64s", path);
	else if (query != NULL &&
		 evhttp_parse_query_str(query, &call->query) < 0)
		refuse(call->reply, 400, SEE_MANUAL,
		       "what follows the \"?\" cannot be read");
	else if (route->fields != NULL && !may_change_things(call->reply))
		refuse(call->reply, 403, "try again as root, with sudo",
		       "%s may only look", call->reply->caller);
	else if (route->fields == NULL || read_body(call, route->fields))
		route->answer(call);
}

void
api_route(struct api *api, struct api_reply *reply)
{
	struct call call = { .api = api, .reply = reply };
	const struct evhttp_uri *uri =
		evhttp_request_get_evhttp_uri(reply->request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	TAILQ_INIT(&call.query);
	if (path == NULL)
		refuse(reply, 400, SEE_MANUAL, "no path was given");
	else
		follow(&call, path, evhttp_uri_get_query(uri));
	/* The reply may be answered and gone by here. */
	json_decref(call.body);
	evhttp_clear_headers(&call.query);
}
