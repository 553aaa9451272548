/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/virt.h"

#include <stdlib.h>
#include <string.h>

#include "agent/guests.h"
#include "agent/text.h"
#include "agent/uuid.h"
#include "agent/virt_worker.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

#define CRASHES_MAX 64 /* told between two readings */

struct virt_source {
	struct loop *loop;
	struct virt_options options;

	struct worker *reader;
	struct loop_timer *timer;
	struct source source;
	struct virt_reading reading;
	uint32_t revision;
	bool event_came;   /* since the reading under way was asked for */
	bool event_before; /* before that: its news are in that reading */
	int64_t asked_us;
	/* VMs whose end was an accident, by events; looked at with the next
	 * reading, which may or may not still have them. */
	struct report_vm crashes[CRASHES_MAX];
	size_t n_crashes;

	struct worker *asker; /* of capabilities, while one lives */
	struct loop_timer *ask_timer;
	struct source capabilities;
	int64_t caps_asked_us;
	json_t *features;
	json_t *models;                   /* with features */
	char host_model[REPORT_NAME_LEN]; /* with features */
};

static bool
is_active(enum report_vm_state state)
{
	return state == VM_STATE_RUNNING || state == VM_STATE_BLOCKED ||
	       state == VM_STATE_PAUSED || state == VM_STATE_SHUTTING_DOWN ||
	       state == VM_STATE_PM_SUSPENDED;
}

/* --- crashes -------------------------------------------------------------- */

static void
tell_crash(struct virt_source *virt, const struct report_vm *vm)
{
	log_warn("virt", "VM %s (%s) crashed", vm->name, vm->uuid);
	virt->options.crashed(virt->options.arg, vm);
}

/* An event can overtake the reading: what the VM was by then tells whether a
 * running one ended, or one could not even start. */
static void
note_failure(struct virt_source *virt, const json_t *event)
{
	struct report_vm vm = { 0 };

	if (virt->n_crashes == CRASHES_MAX ||
	    uuid_parse(message_text(event, "uuid"), vm.uuid) < 0)
		return;
	vm.index = index_of(virt->options.index, INDEX_VM, vm.uuid);
	text_copy(vm.name, sizeof(vm.name), message_text(event, "name"));
	for (size_t i = 0; i < virt->n_crashes; i++)
		if (virt->crashes[i].index == vm.index)
			return;
	virt->crashes[virt->n_crashes++] = vm;
}

/* By event, for VMs that are gone from the list or off with a reason of
 * accident; a start that failed is somebody's error message, not a crash. */
static bool
was_crash(const struct virt_reading *now, const struct report_vm *failed)
{
	const struct report_vm *vm = virt_find(now, failed->index);

	return vm == NULL || vm->reason == VM_REASON_CRASHED;
}

static void
tell_crashes(struct virt_source *virt, const struct virt_reading *now)
{
	const struct virt_reading *before = &virt->reading;

	for (size_t i = 0; i < virt->n_crashes; i++)
		if (was_crash(now, &virt->crashes[i]))
			tell_crash(virt, &virt->crashes[i]);
	/* Events are lost with a connection: compare, too. */
	for (size_t i = 0; i < now->n; i++) {
		const struct report_vm *vm = &now->vms[i];
		const struct report_vm *old = virt_find(before, vm->index);
		bool told = false;

		for (size_t j = 0; j < virt->n_crashes; j++)
			told |= virt->crashes[j].index == vm->index;
		if (!told && old != NULL && is_active(old->state) &&
		    vm->reason == VM_REASON_CRASHED)
			tell_crash(virt, vm);
	}
	virt->n_crashes = 0;
}

/* --- reading VMs ---------------------------------------------------------- */

/* The revision moves with the data it announces, never before: whoever sees it
 * move and reads the VMs must find the news. */
static void
take_reading(struct virt_source *virt, const json_t *reply,
	     const struct virt_reading *now)
{
	bool news =
		virt->event_before || virt_lives_differ(&virt->reading, now);

	virt->event_before = false;
	guests_take_list(virt->options.guests, reply, now);
	tell_crashes(virt, now);
	free(virt->reading.vms);
	virt->reading = *now;
	if (news)
		virt->revision++;
	virt->options.changed(virt->options.arg);
}

static void
take_reply(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct virt_source *virt = arg;
	const struct settings *settings = virt->options.settings;
	const char *why = rc < 0 ? err->text : message_text(reply, "error");
	int64_t now_us = source_clock_us();
	struct virt_reading now;

	if (why[0] == '\0' &&
	    virt_parse(reply, virt->options.index, &virt->reading, &now) < 0)
		why = "the worker's answer makes no sense";
	if (why[0] != '\0') {
		source_fail(&virt->source, why);
		loop_timer_start(virt->timer, VIRT_RETRY_MS);
		return;
	}
	/* The age counts from when libvirt was asked, not from when we heard
	 * the answer. */
	source_succeed(&virt->source, virt->asked_us / 1000,
		       (uint64_t)(now_us - virt->asked_us));
	loop_timer_start(virt->timer, virt->event_came
					      ? VIRT_EVENT_MS
					      : settings->virt_period_ms);
	take_reading(virt, reply, &now);
}

static json_t *
list_folders(const struct settings *settings)
{
	json_t *folders = json_array();

	for (size_t i = 0; i < settings->n_datastores; i++)
		if (settings->datastores[i].disks != NULL)
			json_array_append_new(
				folders,
				json_string(settings->datastores[i].disks));
	return folders;
}

static void
read_vms(void *arg)
{
	struct virt_source *virt = arg;
	const struct settings *settings = virt->options.settings;

	if (worker_is_busy(virt->reader))
		return;
	json_t *request = json_pack("{s:s, s:s, s:o, s:s}", "ask", "read",
				    "uri", settings->virt_uri, "disks",
				    list_folders(settings), "root", "/");
	virt->asked_us = source_clock_us();
	virt->event_before = virt->event_before || virt->event_came;
	virt->event_came = false;
	int rc = worker_ask(virt->reader, request, settings->virt_deadline_ms,
			    take_reply, virt);
	json_decref(request);
	if (rc < 0) {
		source_fail(&virt->source, "cannot start a worker");
		loop_timer_start(virt->timer, VIRT_RETRY_MS);
	}
}

static void
note_event(struct virt_source *virt, const json_t *event)
{
	char uuid[REPORT_UUID_LEN];

	if (uuid_parse(message_text(event, "uuid"), uuid) < 0)
		return;
	guests_take_event(virt->options.guests,
			  index_of(virt->options.index, INDEX_VM, uuid),
			  (enum report_vm_event)message_number(
				  event, "kind", VM_EVENT_JOB_DONE));
}

static void
take_event(void *arg, const json_t *event)
{
	struct virt_source *virt = arg;

	if (strcmp(message_text(event, "event"), "closed") == 0) {
		source_fail(&virt->source, "libvirt closed the connection");
		if (!worker_is_busy(virt->reader))
			loop_timer_start(virt->timer, VIRT_RETRY_MS);
		return;
	}
	note_event(virt, event);
	if (message_bool(event, "failed"))
		note_failure(virt, event);
	/* The first of many starts the clock: were it started anew by each, a
	 * storm of them would keep us from reading at all. */
	if (!virt->event_came && !worker_is_busy(virt->reader))
		loop_timer_start(virt->timer, VIRT_EVENT_MS);
	virt->event_came = true;
}

/* --- what guests may use -------------------------------------------------- */

static void
replace(json_t **kept, json_t *now)
{
	if (json_equal(*kept, now))
		return;
	json_decref(*kept);
	*kept = json_incref(now);
}

static void
keep_capabilities(struct virt_source *virt, const json_t *reply)
{
	json_t *features = json_object_get(reply, "features");

	if (virt->features != NULL && !json_equal(virt->features, features))
		log_warn("virt", "the CPU features that guests may use "
				 "have changed");
	replace(&virt->features, features);
	replace(&virt->models, json_object_get(reply, "models"));
	text_copy(virt->host_model, sizeof(virt->host_model),
		  message_text(reply, "model"));
}

static void
take_capabilities(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct virt_source *virt = arg;
	const char *why = rc < 0 ? err->text : message_text(reply, "error");
	int64_t now_us = source_clock_us();

	if (why[0] == '\0' &&
	    !json_is_array(json_object_get(reply, "features")))
		why = "the worker's answer makes no sense";
	if (why[0] != '\0') {
		source_fail(&virt->capabilities, why);
		loop_timer_start(virt->ask_timer, VIRT_CAPABILITIES_RETRY_MS);
	} else {
		keep_capabilities(virt, reply);
		source_succeed(&virt->capabilities, now_us / 1000,
			       (uint64_t)(now_us - virt->caps_asked_us));
		loop_timer_start(virt->ask_timer, VIRT_CAPABILITIES_PERIOD_MS);
	}
	worker_free(virt->asker);
	virt->asker = NULL;
	virt->options.changed(virt->options.arg);
}

static void
ask_capabilities(void *arg)
{
	struct virt_source *virt = arg;
	const struct settings *settings = virt->options.settings;

	/* Not before libvirt answers at all: one complaint is enough. */
	if (virt->source.good_ms < 0 || virt->source.failing) {
		loop_timer_start(virt->ask_timer, VIRT_RETRY_MS);
		return;
	}
	json_t *request =
		json_pack("{s:s, s:s, s:s}", "ask", "capabilities", "uri",
			  settings->virt_uri, "virt_type", settings->virt_type);
	virt->asker = worker_new(virt->loop, "virt", NULL, NULL);
	virt->caps_asked_us = source_clock_us();
	int rc = worker_ask(virt->asker, request, VIRT_CAPABILITIES_DEADLINE_MS,
			    take_capabilities, virt);
	json_decref(request);
	if (rc < 0) {
		worker_free(virt->asker);
		virt->asker = NULL;
		source_fail(&virt->capabilities, "cannot start a worker");
		loop_timer_start(virt->ask_timer, VIRT_CAPABILITIES_RETRY_MS);
	}
}

/* --- the whole ------------------------------------------------------------ */

struct virt_source *
virt_new(struct loop *loop, const struct virt_options *options)
{
	struct virt_source *virt = xcalloc(1, sizeof(*virt));

	virt->loop = loop;
	virt->options = *options;
	/* Another number after each start of the agent: nobody takes the VMs
	 * of before for those of now. */
	virt->revision = (uint32_t)(clock_wall_ms() / 1000);
	source_init(&virt->source, SOURCE_LIBVIRT, "libvirt",
		    2 * options->settings->virt_period_ms);
	source_init(&virt->capabilities, SOURCE_CAPABILITIES, "capabilities",
		    INT64_C(2) * VIRT_CAPABILITIES_PERIOD_MS);
	virt->reader = worker_new(loop, "virt", take_event, virt);
	virt->timer = loop_timer_new(loop, read_vms, virt);
	virt->ask_timer = loop_timer_new(loop, ask_capabilities, virt);
	loop_timer_start(virt->timer, 0);
	loop_timer_start(virt->ask_timer, VIRT_RETRY_MS);
	return virt;
}

void
virt_free(struct virt_source *virt)
{
	if (virt == NULL)
		return;
	worker_free(virt->reader);
	worker_free(virt->asker);
	loop_timer_free(virt->timer);
	loop_timer_free(virt->ask_timer);
	free(virt->reading.vms);
	json_decref(virt->features);
	json_decref(virt->models);
	free(virt);
}

void
virt_fill(const struct virt_source *virt, struct node_report *report)
{
	size_t n = virt->reading.n;

	report->vms = xcalloc(n + 1, sizeof(*report->vms));
	if (n > 0)
		memcpy(report->vms, virt->reading.vms,
		       n * sizeof(*report->vms));
	report->n_vms = n;
	report->host.vm_revision = virt->revision;
}

uint32_t
virt_revision(const struct virt_source *virt)
{
	return virt->revision;
}

const json_t *
virt_features(const struct virt_source *virt)
{
	return virt->features;
}

const json_t *
virt_models(const struct virt_source *virt)
{
	return virt->models;
}

const char *
virt_host_model(const struct virt_source *virt)
{
	return virt->host_model;
}

const struct source *
virt_vm_source(const struct virt_source *virt)
{
	return &virt->source;
}

const struct source *
virt_capabilities_source(const struct virt_source *virt)
{
	return &virt->capabilities;
}

int
virt_pid(const struct virt_source *virt)
{
	return worker_pid(virt->reader);
}
