/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to the function of struct api_ops that answers it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "scheduler/coordinator/api_call.h"

struct route {
	enum evhttp_cmd_type method;
	const char *pattern;
	void (*answer)(struct call *call);
	const struct field *fields; /* of a POST's body */
};

/* --- functions of the routes --------------------------------------------- */

static void
answer_status(struct call *call)
{
	if (call_has_no_query(call))
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

	if (call_read_query(call, params, values))
		api_waits_add(call->api->waits, call->reply, values[0],
			      (unsigned)values[1], values[2]);
}

static bool
read_number(struct call *call, int64_t *ret_number)
{
	if (num_parse_i64(call->name, 1, INT64_MAX, ret_number) == 0)
		return call_has_no_query(call);
	call_refuse(call->reply, 400, SEE_MANUAL,
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
	if (call_has_no_query(call))
		call->api->ops->power_get(call->api->arg, call->name,
					  call->reply);
}

static void
answer_power_set(struct call *call)
{
	const char *want =
		json_string_value(json_object_get(call->body, "want"));
	struct api_order order = {
		.force = call_is_set(call, "force"),
		.then_off_s = call_number(call, "then_off_s"),
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
		call_refuse(call->reply, 400,
			    "write \"on\", \"off\" or \"soft\"",
			    "want: \"%.64s\" is no power state", want);
	else if (order.then_off_s != 0 && i != API_POWER_SOFT)
		call_refuse(call->reply, 400, SEE_MANUAL,
			    "then_off_s goes with \"soft\" only");
	else if (call_has_no_query(call)) {
		order.want = (enum api_power)i;
		call->api->ops->power_set(call->api->arg, call->name, &order,
					  call->reply);
	}
}

static void
answer_watts(struct call *call)
{
	if (call_has_no_query(call))
		call->api->ops->watts(call->api->arg, call->name, call->reply);
}

static void
answer_sensors(struct call *call)
{
	if (call_has_no_query(call))
		call->api->ops->sensors(call->api->arg, call->name,
					call->reply);
}

static void
answer_sel(struct call *call)
{
	static const struct param params[] = {
		{ "n", API_SEL, 1, API_SEL_MAX },
		{ .name = NULL },
	};
	int64_t n;

	if (call_read_query(call, params, &n))
		call->api->ops->sel(call->api->arg, call->name, (unsigned)n,
				    call->reply);
}

static void
answer_identify(struct call *call)
{
	bool on = call_is_set(call, "on");
	struct api_lamp lamp = {
		.forever = call_is_set(call, "forever"),
		.seconds = call_number(call, "seconds"),
	};

	if ((lamp.forever || lamp.seconds != 0) && !on)
		call_refuse(call->reply, 400, SEE_MANUAL,
			    "a lamp that is out has no time");
	else if (lamp.forever && lamp.seconds != 0)
		call_refuse(call->reply, 400, SEE_MANUAL,
			    "\"seconds\" and \"forever\" exclude each other");
	else if (call_has_no_query(call)) {
		if (on && !lamp.forever && lamp.seconds == 0)
			lamp.seconds = API_LAMP_S;
		call->api->ops->identify(call->api->arg, call->name, &lamp,
					 call->reply);
	}
}

static void
answer_confirm_off(struct call *call)
{
	if (!call_has_no_query(call))
		return;
	if (!call_is_set(call, "off"))
		api_reply_error(call->reply, 400, "\"off\" is not true",
				"it says what was seen: {\"off\": true}");
	else
		call->api->ops->confirm_off(call->api->arg, call->name,
					    call->reply);
}

static void
answer_ha_set(struct call *call)
{
	if (call_has_no_query(call))
		call->api->ops->ha_set(call->api->arg, call->name,
				       call_is_set(call, "enabled"),
				       call->reply);
}

static void
answer_arm_set(struct call *call)
{
	if (call_has_no_query(call))
		call->api->ops->arm_set(call->api->arg, call->name,
					call_is_set(call, "armed"),
					call->reply);
}

static void
answer_maintenance_set(struct call *call)
{
	if (call_has_no_query(call))
		call->api->ops->maintenance_set(call->api->arg, call->name,
						call_is_set(call, "on"),
						call->reply);
}

static void
answer_set_aside(struct call *call)
{
	if (!call_has_no_query(call))
		return;
	if (call_is_set(call, "on"))
		api_reply_error(call->reply, 400,
				"only failures set a host aside",
				"maintenance keeps VMs away from it, too");
	else
		call->api->ops->release(call->api->arg, call->name,
					call->reply);
}

static void
answer_vm_set(struct call *call)
{
	const char *want =
		json_string_value(json_object_get(call->body, "want"));
	bool run = strcmp(want, "run") == 0;

	if (!run && strcmp(want, "off") != 0)
		call_refuse(call->reply, 400, "write \"run\" or \"off\"",
			    "want: \"%.64s\" is nothing that a VM can be",
			    want);
	else if (call_has_no_query(call))
		call->api->ops->vm_set(call->api->arg, call->name, run,
				       call->reply);
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
static const struct field confirm_fields[] = {
	{ "off", FIELD_BOOL, true, 0 },
	{ "by", FIELD_TEXT, false, 0 },
	{ .name = NULL },
};
static const struct field ha_fields[] = {
	{ "enabled", FIELD_BOOL, true, 0 },
	{ "by", FIELD_TEXT, false, 0 },
	{ .name = NULL },
};

static const struct field arm_fields[] = {
	{ "armed", FIELD_BOOL, true, 0 },
	{ "by", FIELD_TEXT, false, 0 },
	{ .name = NULL },
};
static const struct field switch_fields[] = {
	{ "on", FIELD_BOOL, true, 0 },
	{ "by", FIELD_TEXT, false, 0 },
	{ .name = NULL },
};
static const struct field vm_fields[] = {
	{ "want", FIELD_TEXT, true, 0 },
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
	{ EVHTTP_REQ_GET, "/v1/hosts/*/sensors", answer_sensors, NULL },
	{ EVHTTP_REQ_GET, "/v1/hosts/*/sel", answer_sel, NULL },
	{ EVHTTP_REQ_POST, "/v1/hosts/*/identify", answer_identify,
	  identify_fields },
	{ EVHTTP_REQ_POST, "/v1/hosts/*/confirm-off", answer_confirm_off,
	  confirm_fields },
	{ EVHTTP_REQ_POST, "/v1/hosts/*/maintenance", answer_maintenance_set,
	  switch_fields },
	{ EVHTTP_REQ_POST, "/v1/hosts/*/set-aside", answer_set_aside,
	  switch_fields },
	{ EVHTTP_REQ_POST, "/v1/vms/*/order", answer_vm_set, vm_fields },
	{ EVHTTP_REQ_POST, "/v1/clusters/*/ha", answer_ha_set, ha_fields },
	{ EVHTTP_REQ_POST, "/v1/clusters/*/armed", answer_arm_set, arm_fields },
};

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
		call_refuse(call->reply, 405, SEE_MANUAL,
			    "this cannot be done with %.64s", path);
	else if (route == NULL)
		call_refuse(call->reply, 404, SEE_MANUAL, "there is no %.64s",
			    path);
	else if (query != NULL &&
		 evhttp_parse_query_str(query, &call->query) < 0)
		call_refuse(call->reply, 400, SEE_MANUAL,
			    "what follows the \"?\" cannot be read");
	else if (route->fields != NULL && !may_change_things(call->reply))
		call_refuse(call->reply, 403, "try again as root, with sudo",
			    "%s may only look", call->reply->caller);
	else if (route->fields == NULL || call_read_body(call, route->fields))
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
		call_refuse(reply, 400, SEE_MANUAL, "no path was given");
	else
		follow(&call, path, evhttp_uri_get_query(uri));
	/* The reply may be answered and gone by here. */
	json_decref(call.body);
	evhttp_clear_headers(&call.query);
}
