/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of virt.h: what the worker is asked, and what its reply, or
 * its silence, means.  Whatever is not plainly said is unknown or in doubt.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/coordinator/virt_internal.h"
#include "scheduler/coordinator/virt_xml.h"
#include "scheduler/policy/timeouts.h"

static const char *
get_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* A number from 0 to max; `preset` when it is none. */
static int
get_choice(const json_t *object, const char *key, int max, int preset)
{
	const json_t *number = json_object_get(object, key);
	json_int_t value = json_integer_value(number);

	return json_is_integer(number) && value >= 0 && value <= max
		       ? (int)value
		       : preset;
}

static struct virt_op *
op_new(json_t *request, int64_t deadline_ms, virt_deliver_fn deliver, void *arg)
{
	struct virt_op *op = xcalloc(1, sizeof(*op));

	op->request = request != NULL ? request : json_object();
	op->cancelled = request == NULL; /* not UTF-8: never sent */
	op->deadline_ms = deadline_ms;
	op->deliver = deliver;
	op->arg = arg;
	return op;
}

/* What is wrong with the reply: rc of the way, else rc of the operation. */
static int
check_reply(int rc, const json_t *reply, const char **text)
{
	if (rc < 0)
		return rc;
	const json_t *code = json_object_get(reply, "rc");
	*text = get_string(reply, "text");
	if (!json_is_integer(code))
		return -EPROTO;
	json_int_t value = json_integer_value(code);
	return value < 0 && value > -4096 ? (int)value : value == 0 ? 0 : -EIO;
}

/* --- probe --------------------------------------------------------------- */

static const char *const answers[] = {
	[VIRT_UNKNOWN] = "unknown",
	[VIRT_ALIVE] = "alive",
	[VIRT_REFUSED] = "refused",
	[VIRT_SILENT] = "silent",
};

const char *
virt_answer_name(enum virt_answer answer)
{
	return (unsigned)answer <= VIRT_SILENT ? answers[answer] : "unknown";
}

/* Only the deadline is silence; a worker that broke tells nothing. */
static void
deliver_probe(const struct virt_op *op, int rc, const json_t *reply,
	      const char *text)
{
	enum virt_answer answer = VIRT_UNKNOWN;
	char silence[64];

	if (rc == -ETIMEDOUT) {
		answer = VIRT_SILENT;
		snprintf(silence, sizeof(silence),
			 "libvirt: no answer in %d ms", PROBE_TIMEOUT_MS);
		text = silence;
	} else if (rc == 0) {
		answer =
			(enum virt_answer)get_choice(reply, "answer",
						     VIRT_SILENT, VIRT_UNKNOWN);
		text = get_string(reply, "text");
	}
	op->fn.probe(op->arg, answer, text);
}

void
virt_probe(struct virt *virt, const char *uri, virt_probe_fn fn, void *arg)
{
	struct virt_op *op = op_new(json_pack("{s:s}", "op", "probe"),
				    PROBE_TIMEOUT_MS, deliver_probe, arg);

	op->fn.probe = fn;
	virt_enqueue(virt, uri, LANE_PROBE, op);
}

/* --- read ---------------------------------------------------------------- */

static void
deliver_definition(const struct virt_op *op, int rc, const json_t *reply,
		   const char *text)
{
	rc = check_reply(rc, reply, &text);
	const struct virt_definition definition = {
		.uuid = get_string(op->request, "uuid"),
		.name = get_string(reply, "name"),
		.hash = get_string(reply, "hash"),
		.xml = get_string(reply, "xml"),
	};

	if (rc == 0 && (strlen(definition.hash) != REPORT_HASH_LEN - 1 ||
			definition.xml[0] == '\0'))
		rc = -EPROTO;
	op->fn.definition(op->arg, rc, rc < 0 ? NULL : &definition, text);
}

void
virt_read_definition(struct virt *virt, const char *uri, const char *uuid,
		     virt_definition_fn fn, void *arg)
{
	struct virt_op *op =
		op_new(json_pack("{s:s, s:s}", "op", "definition", "uuid",
				 uuid),
		       VIRT_READ_DEADLINE_MS, deliver_definition, arg);

	op->fn.definition = fn;
	virt_enqueue(virt, uri, LANE_READ, op);
}

static int
read_domain(const json_t *from, struct virt_domain *ret_domain)
{
	const char *uuid = get_string(from, "uuid");

	if (!virt_uuid_is_valid(uuid))
		return -EPROTO;
	snprintf(ret_domain->uuid, sizeof(ret_domain->uuid), "%s", uuid);
	snprintf(ret_domain->name, sizeof(ret_domain->name), "%s",
		 get_string(from, "name"));
	ret_domain->state =
		(enum report_vm_state)get_choice(from, "state",
						 VM_STATE_PM_SUSPENDED,
						 VM_STATE_UNKNOWN);
	ret_domain->active = json_is_true(json_object_get(from, "active"));
	return 0;
}

static void
deliver_list(const struct virt_op *op, int rc, const json_t *reply,
	     const char *text)
{
	const json_t *from = json_object_get(reply, "domains");
	size_t n = json_array_size(from);

	rc = check_reply(rc, reply, &text);
	if (rc == 0 && !json_is_array(from))
		rc = -EPROTO;
	cleanup_free struct virt_domain *domains =
		xcalloc(n + 1, sizeof(*domains));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_domain(json_array_get(from, i), &domains[i]);
	op->fn.list(op->arg, rc, rc < 0 ? NULL : domains, rc < 0 ? 0 : n, text);
}

void
virt_list(struct virt *virt, const char *uri, virt_list_fn fn, void *arg)
{
	struct virt_op *op = op_new(json_pack("{s:s}", "op", "list"),
				    VIRT_READ_DEADLINE_MS, deliver_list, arg);

	op->fn.list = fn;
	virt_enqueue(virt, uri, LANE_READ, op);
}

/* --- start --------------------------------------------------------------- */

static const char *const start_results[] = {
	[VIRT_START_IN_DOUBT] = "in doubt",
	[VIRT_START_DONE] = "started",
	[VIRT_START_ALREADY] = "already running",
	[VIRT_START_ABSENT] = "not started",
};

const char *
virt_start_result_name(enum virt_start_result result)
{
	return (unsigned)result <= VIRT_START_ABSENT ? start_results[result]
						     : "in doubt";
}

static void
deliver_start(const struct virt_op *op, int rc, const json_t *reply,
	      const char *text)
{
	enum virt_start_result result = VIRT_START_IN_DOUBT;

	if (rc == 0) {
		result =
			(enum virt_start_result)get_choice(reply, "result",
							   VIRT_START_ABSENT,
							   VIRT_START_IN_DOUBT);
		text = get_string(reply, "text");
	}
	op->fn.start(op->arg, result, text);
}

/* The definition is ours, so one that is no good is never sent; that nothing
 * runs there is not proved by that. */
static void
deliver_bad_start(const struct virt_op *op, int rc, const json_t *reply,
		  const char *text)
{
	(void)rc;
	(void)reply;
	(void)text;
	op->fn.start(op->arg, VIRT_START_IN_DOUBT,
		     "not sent: the definition held here is not this VM's, or "
		     "is damaged");
}

static bool
definition_is_of(const char *uuid, const char *xml)
{
	char found[REPORT_UUID_LEN];

	return virt_uuid_is_valid(uuid) && strlen(xml) <= VIRT_XML_MAX &&
	       virt_xml_read_uuid(xml, found) == 0 &&
	       strcasecmp(uuid, found) == 0;
}

void
virt_start(struct virt *virt, const char *uri, const char *uuid,
	   const char *xml, virt_start_fn fn, void *arg)
{
	json_t *request = definition_is_of(uuid, xml)
				  ? json_pack("{s:s, s:s, s:s}", "op", "start",
					      "uuid", uuid, "xml", xml)
				  : NULL;
	struct virt_op *op =
		op_new(request, START_DEADLINE_MS, deliver_start, arg);

	op->fn.start = fn;
	if (request == NULL)
		op->deliver = deliver_bad_start;
	virt_enqueue(virt, uri, LANE_ACT, op);
}

/* --- clean --------------------------------------------------------------- */

static void
deliver_clean(const struct virt_op *op, int rc, const json_t *reply,
	      const char *text)
{
	const json_t *uuids = json_object_get(op->request, "uuids");
	const json_t *from = json_object_get(reply, "results");
	size_t n = json_array_size(uuids);
	cleanup_free struct virt_clean_result *results =
		xcalloc(n + 1, sizeof(*results));

	rc = check_reply(rc, reply, &text);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(from, i);

		snprintf(results[i].uuid, sizeof(results[i].uuid), "%s",
			 json_string_value(json_array_get(uuids, i)));
		results[i].gone =
			rc == 0 && json_is_true(json_object_get(one, "gone"));
		results[i].was_active =
			json_is_true(json_object_get(one, "active"));
		snprintf(results[i].text, sizeof(results[i].text), "%s",
			 rc == 0 ? get_string(one, "text") : text);
	}
	op->fn.clean(op->arg, results, n, rc < 0 ? text : "");
}

void
virt_clean(struct virt *virt, const char *uri, const struct virt_stale *stale,
	   size_t n, virt_clean_fn fn, void *arg)
{
	json_t *list = json_array(), *ends = json_array();

	assert(n <= VIRT_CLEAN_MAX);
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, json_string(stale[i].uuid));
		json_array_append_new(ends, json_boolean(stale[i].end_running));
	}
	struct virt_op *op = op_new(json_pack("{s:s, s:o, s:o}", "op", "clean",
					      "uuids", list, "ends", ends),
				    CLEAN_DEADLINE_MS, deliver_clean, arg);

	op->fn.clean = fn;
	virt_enqueue(virt, uri, LANE_ACT, op);
}

/* --- stop and resume ----------------------------------------------------- */

static const char *const stop_results[] = {
	[VIRT_STOP_IN_DOUBT] = "in doubt",
	[VIRT_STOP_DONE] = "stopped",
	[VIRT_STOP_ABSENT] = "not active",
	[VIRT_STOP_SPARED] = "left alone",
};

const char *
virt_stop_result_name(enum virt_stop_result result)
{
	return (unsigned)result <= VIRT_STOP_SPARED ? stop_results[result]
						    : "in doubt";
}

/* A request for one VM; NULL, which is never sent, for what is no UUID. */
static json_t *
pack_for_vm(const char *op, const char *uuid)
{
	return virt_uuid_is_valid(uuid)
		       ? json_pack("{s:s, s:s}", "op", op, "uuid", uuid)
		       : NULL;
}

static void
deliver_stop(const struct virt_op *op, int rc, const json_t *reply,
	     const char *text)
{
	enum virt_stop_result result = VIRT_STOP_IN_DOUBT;

	if (rc == 0) {
		result = (enum virt_stop_result)get_choice(reply, "result",
							   VIRT_STOP_SPARED,
							   VIRT_STOP_IN_DOUBT);
		text = get_string(reply, "text");
	}
	op->fn.stop(op->arg, result, text);
}

void
virt_stop(struct virt *virt, const char *uri, const char *uuid, bool spare,
	  virt_stop_fn fn, void *arg)
{
	json_t *request = pack_for_vm("stop", uuid);

	if (request != NULL)
		json_object_set_new(request, "spare", json_boolean(spare));
	struct virt_op *op =
		op_new(request, STOP_DEADLINE_MS, deliver_stop, arg);

	op->fn.stop = fn;
	virt_enqueue(virt, uri, LANE_ACT, op);
}

static const char *const resume_results[] = {
	[VIRT_RESUME_IN_DOUBT] = "in doubt",
	[VIRT_RESUME_DONE] = "runs",
	[VIRT_RESUME_REFUSED] = "left as it is",
};

const char *
virt_resume_result_name(enum virt_resume_result result)
{
	return (unsigned)result <= VIRT_RESUME_REFUSED ? resume_results[result]
						       : "in doubt";
}

static void
deliver_resume(const struct virt_op *op, int rc, const json_t *reply,
	       const char *text)
{
	enum virt_resume_result result = VIRT_RESUME_IN_DOUBT;

	if (rc == 0) {
		result = (enum virt_resume_result)
			get_choice(reply, "result", VIRT_RESUME_REFUSED,
				   VIRT_RESUME_IN_DOUBT);
		text = get_string(reply, "text");
	}
	op->fn.resume(op->arg, result, text);
}

void
virt_resume(struct virt *virt, const char *uri, const char *uuid,
	    virt_resume_fn fn, void *arg)
{
	struct virt_op *op = op_new(pack_for_vm("resume", uuid),
				    RESUME_DEADLINE_MS, deliver_resume, arg);

	op->fn.resume = fn;
	virt_enqueue(virt, uri, LANE_ACT, op);
}
