/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/serve.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "scheduler/coordinator/inspect.h"

static void
serve_status(void *arg, struct api_reply *reply)
{
	api_reply_json(reply, status_to_json(arg));
}

/* "" stands for none in the store, null in the API. */
static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static json_t *
event_to_json(const struct store_event *event)
{
	return json_pack("{s:I, s:I, s:s, s:s, s:s?, s:s?, s:s?, s:s}", "id",
			 (json_int_t)event->id, "time_ms",
			 (json_int_t)event->time_ms, "severity",
			 severity_name(event->severity), "kind", event->kind,
			 "cluster", or_null(event->cluster), "host",
			 or_null(event->host), "vm", or_null(event->vm), "text",
			 event->text);
}

static json_t *
serve_events(void *arg, int64_t after, unsigned limit, struct err *err)
{
	const struct coordinator *co = arg;
	struct store_event *events;
	size_t n;

	if (store_load_events(co->store, after, limit, &events, &n, err) < 0)
		return NULL;
	json_t *list = json_array();
	int64_t last = after > 0 ? after : 0;
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, event_to_json(&events[i]));
		last = events[i].id;
	}
	free(events);
	return json_pack("{s:o, s:I}", "events", list, "last",
			 (json_int_t)last);
}

static void
reply_load_error(struct api_reply *reply, int rc, const struct err *err,
		 const char *hint)
{
	if (rc == -ENOENT)
		api_reply_error(reply, 404, err->text, hint);
	else
		api_reply_error(reply, 500, err->text,
				"see the coordinator's log");
}

static void
serve_event(void *arg, int64_t id, struct api_reply *reply)
{
	const struct coordinator *co = arg;
	struct store_event event;
	char *detail = NULL;
	struct err err;
	int rc = store_load_event(co->store, id, &event, &detail, &err);

	if (rc < 0) {
		reply_load_error(reply, rc, &err,
				 "'ironherd events' lists the last ones");
		return;
	}
	json_t *body = event_to_json(&event);
	json_t *parsed = detail ? json_loads(detail, 0, NULL) : NULL;
	json_object_set_new(body, "detail", parsed ? parsed : json_object());
	free(detail);
	api_reply_json(reply, body);
}

static void
serve_snapshot(void *arg, uint64_t number, struct api_reply *reply)
{
	const struct coordinator *co = arg;
	cleanup_free char *snap = NULL;
	cleanup_free char *plan = NULL;
	struct err err;
	int rc = store_load_snapshot(co->store, number, &snap, &plan, &err);

	if (rc < 0) {
		reply_load_error(reply, rc, &err,
				 "only snapshots that led to a change are "
				 "kept");
		return;
	}
	json_t *snap_json = json_loads(snap, 0, NULL);
	json_t *plan_json = plan ? json_loads(plan, 0, NULL) : json_null();
	api_reply_json(reply, json_pack("{s:o?, s:o?}", "snapshot", snap_json,
					"plan", plan_json));
}

static const struct api_ops ops = {
	.status = serve_status,
	.events = serve_events,
	.event = serve_event,
	.snapshot = serve_snapshot,
	.power_get = operate_power_get,
	.power_set = operate_power_set,
	.watts = inspect_watts,
	.sensors = inspect_sensors,
	.sel = inspect_sel,
	.identify = inspect_identify,
	.confirm_off = operate_confirm_off,
	.ha_set = operate_ha_set,
	.arm_set = operate_arm_set,
	.maintenance_set = operate_maintenance_set,
	.release = operate_release,
	.vm_set = operate_vm_set,
};

int
serve_start(struct coordinator *co, struct err *err)
{
	return api_start(co->loop, co->settings->api_socket, &ops, co, &co->api,
			 err);
}
