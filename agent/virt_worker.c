/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "virt": its connection to libvirt and the requests.  Any call may
 * hang as long as libvirtd does; the parent counts the time and kills.
 */
#include "agent/virt_worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host_model.h"
#include "agent/named_models.h"
#include "agent/roles.h"
#include "agent/text.h"
#include "agent/virt_own.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/worker.h"

/* --- the connection ------------------------------------------------------- */

static void
be_silent(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static void
connection_closed(virConnectPtr conn, int reason, void *opaque)
{
	struct virt *virt = opaque;
	json_t *message = json_pack("{s:s}", "event", "closed");

	(void)conn;
	(void)reason;
	virt->closed = true;
	worker_send(virt->fd, message);
	json_decref(message);
}

json_t *
virt_error_reply(const char *what)
{
	const char *why = virt_lib.virGetLastErrorMessage();
	cleanup_free char *text =
		xasprintf("%s: %s", what, why != NULL ? why : "failed");

	return json_pack("{s:o}", "error", message_string(text));
}

static void
disconnect(struct virt *virt)
{
	if (virt->conn != NULL)
		virt_lib.virConnectClose(virt->conn);
	virt->conn = NULL;
	virt->closed = virt->watching = false;
	virt_list_done(virt);
	virt_stats_done(virt);
}

static int
connect_to(struct virt *virt, const char *uri)
{
	if (virt->closed)
		disconnect(virt);
	if (virt->conn != NULL)
		return 0;
	virt->conn = virt_lib.virConnectOpen(uri);
	if (virt->conn == NULL)
		return -ENOTCONN;
	virt_lib.virConnectRegisterCloseCallback(virt->conn, connection_closed,
						 virt, NULL);
	/* Not all drivers have it; the parent's deadline is what counts. */
	virt_lib.virConnectSetKeepAlive(virt->conn, 5, 3);
	return 0;
}

/* --- requests ------------------------------------------------------------- */

/* Events first, then the first list: nothing falls between. */
static int
watch_events(struct virt *virt)
{
	int rc = virt->watching ? 0 : virt_events_register(virt);

	virt->watching = rc == 0;
	return rc;
}

static json_t *
answer(struct virt *virt, const json_t *request, bool watch,
       json_t *(*ask)(struct virt *virt, const json_t *request))
{
	json_t *reply = NULL;

	if (connect_to(virt, message_text(request, "uri")) < 0 ||
	    (watch && watch_events(virt) < 0)) {
		reply = virt_error_reply("cannot connect to libvirt");
		disconnect(virt);
		return reply;
	}
	reply = ask(virt, request);
	if (reply != NULL)
		return reply;
	virt->closed = true;
	return virt_error_reply("libvirt does not list its VMs");
}

static json_t *
read_vms(struct virt *virt, const json_t *request)
{
	return answer(virt, request, true, virt_list);
}

static json_t *
read_guests(struct virt *virt, const json_t *request)
{
	return answer(virt, request, false, virt_stats);
}

/* --- how fast memory changes -----------------------------------------------
 */

/* libvirt waits for a VM that is busy: this worker is for nothing else. */
static json_t *
start_measuring(const struct virt *virt, const char *uuid, int seconds)
{
	virDomainPtr dom =
		virt_lib.virDomainLookupByUUIDString(virt->conn, uuid);
	int rc = dom == NULL ? -1
			     : virt_lib.virDomainStartDirtyRateCalc(dom,
								    seconds, 0);
	const char *why = rc < 0 ? virt_lib.virGetLastErrorMessage() : "";

	if (dom != NULL)
		virt_lib.virDomainFree(dom);
	return message_string(
		rc < 0 && (why == NULL || why[0] == '\0') ? "failed" : why);
}

static json_t *
measure_vms(struct virt *virt, const json_t *request)
{
	const json_t *vms = json_object_get(request, "vms"), *vm;
	int seconds = (int)message_number(request, "seconds", 60);
	json_t *errors;
	size_t i;

	if (connect_to(virt, message_text(request, "uri")) < 0)
		return virt_error_reply("cannot connect to libvirt");
	errors = json_array();
	json_array_foreach (vms, i, vm)
		json_array_append_new(errors,
				      start_measuring(virt,
						      json_string_value(vm),
						      seconds));
	return json_pack("{s:o}", "errors", errors);
}

/* --- what guests may use: the host-model of the domain capabilities ------- */

/* One model alone, as the baseline call takes and completes it.  A model that
 * it does not know is told without features. */
static void
expand_model(const struct virt *virt, json_t *model)
{
	cleanup_free char *cpu = named_model_cpu(model);
	const char *cpus[] = { cpu };
	char *full = virt_lib.virConnectBaselineCPU(
		virt->conn, cpus, 1, VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES);

	if (full != NULL)
		named_model_describe(full, model);
	free(full);
}

/* A millisecond each; were libvirt much slower, the rest goes without. */
static json_t *
models_of(const struct virt *virt, const char *capabilities)
{
	const int64_t until_ms = clock_mono_ms() + VIRT_MODELS_MS;
	bool expand = false;
	json_t *models = named_models_read(capabilities, &expand);

	for (size_t i = 0; expand && i < json_array_size(models); i++)
		if (clock_mono_ms() < until_ms)
			expand_model(virt, json_array_get(models, i));
	return models;
}

/* libvirt names the host-model as the nearest named model with differences;
 * its baseline call, given that one CPU alone, spells out all features. */
static json_t *
capabilities_of(const struct virt *virt, const char *type)
{
	char *capabilities =
		virt_lib.virConnectGetDomainCapabilities(virt->conn, NULL, NULL,
							 NULL, type, 0);
	if (capabilities == NULL)
		return NULL;

	cleanup_free char *cpu = host_model_extract(capabilities);
	const char *cpus[] = { cpu };
	char *full =
		cpu == NULL
			? NULL
			: virt_lib.virConnectBaselineHypervisorCPU(
				  virt->conn, NULL, NULL, NULL, type, cpus, 1,
				  VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES);
	json_t *reply = full != NULL ? host_model_describe(full, type) : NULL;
	free(full);
	if (reply != NULL)
		json_object_set_new(reply, "models",
				    models_of(virt, capabilities));
	free(capabilities);
	return reply;
}

static json_t *
read_capabilities(struct virt *virt, const json_t *request)
{
	const char *wanted = message_text(request, "virt_type");
	const bool any = strcmp(wanted, "auto") == 0;
	json_t *reply = NULL;

	if (connect_to(virt, message_text(request, "uri")) == 0) {
		if (any || strcmp(wanted, "kvm") == 0)
			reply = capabilities_of(virt, "kvm");
		if (reply == NULL && (any || strcmp(wanted, "qemu") == 0))
			reply = capabilities_of(virt, "qemu");
	}
	if (reply == NULL) {
		reply = virt_error_reply(
			"libvirt does not tell its host-model CPU");
		disconnect(virt);
	}
	return reply;
}

/* --- the worker ----------------------------------------------------------- */

static void
take_request(int watch, int fd, int events, void *opaque)
{
	struct virt *virt = opaque;

	(void)watch;
	(void)events;
	virt->request = worker_receive(fd);
	virt->ended = virt->request == NULL;
}

static const struct {
	const char *ask;
	json_t *(*serve)(struct virt *virt, const json_t *request);
} requests[] = {
	{ "read", read_vms },
	{ "guests", read_guests },
	{ "measure", measure_vms },
	{ "capabilities", read_capabilities },
};

static json_t *
refuse_request(struct virt *virt, const json_t *request)
{
	(void)virt;
	(void)request;
	return json_pack("{s:s}", "error", "an unknown request");
}

/* Outside of all callbacks, so that no call is made within another. */
static void
serve_request(struct virt *virt)
{
	const char *ask = message_text(virt->request, "ask");
	json_t *(*serve)(struct virt * virt, const json_t *request) =
		refuse_request;

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (strcmp(ask, requests[i].ask) == 0)
			serve = requests[i].serve;
	json_t *reply = serve(virt, virt->request);

	json_decref(virt->request);
	virt->request = NULL;
	virt->ended = worker_send(virt->fd, reply) < 0;
	json_decref(reply);
}

static json_t *
refuse(void *state, const json_t *request)
{
	(void)state;
	(void)request;
	return json_pack("{s:s}", "error",
			 "cannot load " VIRT_LIBRARY ": is libvirt installed?");
}

int
virt_worker_serve(int fd)
{
	struct virt virt = { .fd = fd };

	if (virt_lib_load() < 0)
		return worker_serve_requests(fd, refuse, NULL);
	virt_lib.virSetErrorFunc(NULL, be_silent);
	if (virt_lib.virEventRegisterDefaultImpl() < 0 ||
	    virt_lib.virEventAddHandle(fd,
				       VIR_EVENT_HANDLE_READABLE |
					       VIR_EVENT_HANDLE_HANGUP,
				       take_request, &virt, NULL) < 0)
		return EXIT_FAILURE;
	while (!virt.ended) {
		if (virt_lib.virEventRunDefaultImpl() < 0)
			break;
		if (virt.request != NULL)
			serve_request(&virt);
	}
	disconnect(&virt);
	return EXIT_SUCCESS;
}
