/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "virt": the only file that knows libvirt.  Any call may hang as
 * long as libvirtd does; the parent counts the time and kills.
 *
 * libvirt is loaded when the worker starts rather than linked: with what it
 * pulls in it takes 9 MB that the agent itself can do without.
 *
 * A reading costs one call for all VMs (state and CPU time; these two ask no
 * QEMU monitor, so a hung QEMU does not hang it).  Definitions, autostart
 * and the like are asked for when an event says that they changed, and each
 * VIRT_DETAIL_MS in case one was missed.
 */
#include "agent/virt_worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "agent/disks.h"
#include "agent/hash.h"
#include "agent/host_model.h"
#include "agent/roles.h"
#include "agent/source.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/worker.h"

#define LIBRARY "libvirt.so.0"

#define NAME_ROOM 256

/* clang-format off */
#define FUNCTIONS(X) \
	X(virConnectBaselineHypervisorCPU) X(virConnectClose) \
	X(virConnectDomainEventRegisterAny) \
	X(virConnectGetAllDomainStats) \
	X(virConnectGetDomainCapabilities) X(virConnectOpen) \
	X(virConnectRegisterCloseCallback) X(virConnectSetKeepAlive) \
	X(virDomainGetAutostart) X(virDomainGetInfo) \
	X(virDomainGetName) X(virDomainGetUUID) \
	X(virDomainGetUUIDString) X(virDomainGetXMLDesc) \
	X(virDomainIsPersistent) X(virDomainStatsRecordListFree) \
	X(virEventAddHandle) X(virEventRegisterDefaultImpl) \
	X(virEventRunDefaultImpl) X(virGetLastErrorMessage) \
	X(virSetErrorFunc) X(virTypedParamsGetInt) \
	X(virTypedParamsGetULLong)
/* clang-format on */

static struct {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member */
#define POINTER(name) __typeof__(name) *name;
	FUNCTIONS(POINTER)
#undef POINTER
} lib;

/* What is remembered of a VM between two readings. */
struct vm {
	unsigned char uuid[VIR_UUID_BUFLEN];
	char name[NAME_ROOM];
	bool dirty;
	int64_t detail_ms; /* when the rest was read; -1: never */
	unsigned vcpus;
	uint64_t memory_kib, memory_now_kib;
	char hash[REPORT_HASH_LEN];
	bool persistent, autostart, shared;
};

struct virt {
	int fd;
	virConnectPtr conn;
	bool closed; /* the connection broke; drop it before the next call */
	bool ended;  /* the parent has gone */
	json_t *request;
	struct vm *vms; /* sorted by UUID */
	size_t n_vms;
	unsigned details; /* still allowed in this reading */
	struct disks_rules rules;
};

static int
library_load(void)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return -ENOENT;
#define LOAD(name)                                    \
	*(void **)(&lib.name) = dlsym(handle, #name); \
	if (lib.name == NULL)                         \
		return -ENOSYS;
	FUNCTIONS(LOAD)
#undef LOAD
	return 0;
}

/* --- events --------------------------------------------------------------- */

static void
be_silent(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static int
by_uuid(const void *a, const void *b)
{
	const struct vm *one = a, *other = b;

	return memcmp(one->uuid, other->uuid, VIR_UUID_BUFLEN);
}

static struct vm *
find_vm(const struct virt *virt, virDomainPtr dom)
{
	struct vm key = { .dirty = false };

	if (virt->n_vms == 0 || lib.virDomainGetUUID(dom, key.uuid) < 0)
		return NULL;
	return bsearch(&key, virt->vms, virt->n_vms, sizeof(key), by_uuid);
}

static void
mark_dirty(struct virt *virt, virDomainPtr dom)
{
	struct vm *vm = find_vm(virt, dom);

	if (vm != NULL)
		vm->dirty = true;
}

static int
vm_event(virConnectPtr conn, virDomainPtr dom, int event, int detail,
	 void *opaque)
{
	struct virt *virt = opaque;
	char uuid[VIR_UUID_STRING_BUFLEN];
	bool failed = event == VIR_DOMAIN_EVENT_CRASHED ||
		      (event == VIR_DOMAIN_EVENT_STOPPED &&
		       (detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
			detail == VIR_DOMAIN_EVENT_STOPPED_FAILED));

	(void)conn;
	mark_dirty(virt, dom);
	if (lib.virDomainGetUUIDString(dom, uuid) < 0)
		return 0;
	json_t *message =
		json_pack("{s:s, s:s, s:o, s:b}", "event", "vm", "uuid", uuid,
			  "name", message_string(lib.virDomainGetName(dom)),
			  "failed", failed);
	worker_send(virt->fd, message);
	json_decref(message);
	return 0;
}

static void
balloon_event(virConnectPtr conn, virDomainPtr dom, unsigned long long actual,
	      void *opaque)
{
	struct vm *vm = find_vm(opaque, dom);

	(void)conn;
	if (vm != NULL)
		vm->memory_now_kib = actual;
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

/* --- the connection ------------------------------------------------------- */

static json_t *
error_reply(const char *what)
{
	const char *why = lib.virGetLastErrorMessage();
	cleanup_free char *text =
		xasprintf("%s: %s", what, why != NULL ? why : "failed");

	return json_pack("{s:o}", "error", message_string(text));
}

static void
disconnect(struct virt *virt)
{
	if (virt->conn != NULL)
		lib.virConnectClose(virt->conn);
	virt->conn = NULL;
	virt->closed = false;
	free(virt->vms);
	virt->vms = NULL;
	virt->n_vms = 0;
}

/* Events first, then the first list: nothing falls between. */
static int
connect_to(struct virt *virt, const char *uri)
{
	if (virt->closed)
		disconnect(virt);
	if (virt->conn != NULL)
		return 0;
	virt->conn = lib.virConnectOpen(uri);
	if (virt->conn == NULL)
		return -ENOTCONN;
	lib.virConnectRegisterCloseCallback(virt->conn, connection_closed, virt,
					    NULL);
	/* Not all drivers have it; the parent's deadline is what counts. */
	lib.virConnectSetKeepAlive(virt->conn, 5, 3);
	if (lib.virConnectDomainEventRegisterAny(
		    virt->conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		    VIR_DOMAIN_EVENT_CALLBACK(vm_event), virt, NULL) < 0)
		return -ENOTCONN;
	lib.virConnectDomainEventRegisterAny(
		virt->conn, NULL, VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,
		VIR_DOMAIN_EVENT_CALLBACK(balloon_event), virt, NULL);
	return 0;
}

/* --- one VM --------------------------------------------------------------- */

/* A VM that went away meanwhile fails here; it keeps what is known and is
 * gone from the next list. */
static void
read_detail(struct virt *virt, struct vm *vm, virDomainPtr dom)
{
	virDomainInfo info;
	int autostart = 0;

	if (lib.virDomainGetInfo(dom, &info) < 0)
		return;
	vm->vcpus = info.nrVirtCpu;
	vm->memory_kib = info.maxMem;
	vm->memory_now_kib = info.memory;
	vm->persistent = lib.virDomainIsPersistent(dom) == 1;
	vm->autostart = lib.virDomainGetAutostart(dom, &autostart) == 0 &&
			autostart != 0;
	char *xml = lib.virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE);
	if (xml == NULL)
		return;
	hash_print(xml, vm->hash);
	vm->shared = disks_are_shared(xml, &virt->rules);
	free(xml);
	vm->dirty = false;
	vm->detail_ms = clock_mono_ms();
}

static void
update_vm(struct virt *virt, struct vm *vm, virDomainPtr dom)
{
	bool old = clock_mono_ms() - vm->detail_ms >= VIRT_DETAIL_MS;

	if (vm->detail_ms < 0 || vm->dirty || (old && virt->details > 0)) {
		if (old && virt->details > 0)
			virt->details--;
		read_detail(virt, vm, dom);
	}
}

/* enum report_vm_reason of each virDomainShutoffReason; a newer libvirt's
 * reasons count as other. */
static const enum report_vm_reason off_reasons[] = {
	[VIR_DOMAIN_SHUTOFF_UNKNOWN] = VM_REASON_UNKNOWN,
	[VIR_DOMAIN_SHUTOFF_SHUTDOWN] = VM_REASON_SHUTDOWN,
	[VIR_DOMAIN_SHUTOFF_DESTROYED] = VM_REASON_DESTROYED,
	[VIR_DOMAIN_SHUTOFF_CRASHED] = VM_REASON_CRASHED,
	[VIR_DOMAIN_SHUTOFF_MIGRATED] = VM_REASON_MIGRATED,
	[VIR_DOMAIN_SHUTOFF_SAVED] = VM_REASON_OTHER,
	[VIR_DOMAIN_SHUTOFF_FAILED] = VM_REASON_FAILED,
	[VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT] = VM_REASON_OTHER,
	[VIR_DOMAIN_SHUTOFF_DAEMON] = VM_REASON_OTHER,
};

static enum report_vm_reason
reason_of(int state, int reason)
{
	const size_t n = sizeof(off_reasons) / sizeof(*off_reasons);

	if (state == VIR_DOMAIN_CRASHED)
		return VM_REASON_CRASHED;
	if (state == VIR_DOMAIN_SHUTOFF)
		return reason >= 0 && (size_t)reason < n ? off_reasons[reason]
							 : VM_REASON_OTHER;
	return state == VIR_DOMAIN_NOSTATE ? VM_REASON_UNKNOWN : VM_REASON_NONE;
}

static json_t *
describe_vm(const struct vm *vm, virDomainStatsRecordPtr stats)
{
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	int state = -1, reason = 0;
	unsigned long long cpu_ns = 0;

	lib.virTypedParamsGetInt(stats->params, stats->nparams, "state.state",
				 &state);
	lib.virTypedParamsGetInt(stats->params, stats->nparams, "state.reason",
				 &reason);
	lib.virTypedParamsGetULLong(stats->params, stats->nparams, "cpu.time",
				    &cpu_ns);
	lib.virDomainGetUUIDString(stats->dom, uuid);
	bool known = state >= 0 && state <= VIR_DOMAIN_PMSUSPENDED;
	bool active = known && state != VIR_DOMAIN_SHUTOFF &&
		      state != VIR_DOMAIN_CRASHED;
	return json_pack(
		"{s:s, s:o, s:i, s:i, s:i, s:I, s:I, s:I, s:s, s:b, s:b, s:b}",
		"uuid", uuid, "name", message_string(vm->name), "state",
		known ? state + VM_STATE_NO_STATE : VM_STATE_UNKNOWN, "reason",
		known ? (int)reason_of(state, reason) : VM_REASON_UNKNOWN,
		"vcpus", (int)vm->vcpus, "memory_kib",
		(json_int_t)vm->memory_kib, "memory_now_kib",
		active ? (json_int_t)vm->memory_now_kib : 0, "cpu_ns",
		(json_int_t)(cpu_ns <= INT64_MAX ? cpu_ns : 0), "hash",
		vm->hash, "persistent", vm->persistent, "autostart",
		vm->autostart, "shared", vm->shared);
}

/* --- requests ------------------------------------------------------------- */

static json_t *
describe_all(struct virt *virt, virDomainStatsRecordPtr *stats, size_t n)
{
	struct vm *vms = xcalloc(n + 1, sizeof(*vms));
	json_t *list = json_array();

	virt->details = VIRT_DETAILS_AT_ONCE;
	for (size_t i = 0; i < n; i++) {
		const struct vm *old = find_vm(virt, stats[i]->dom);
		struct vm *vm = &vms[i];

		if (old != NULL)
			*vm = *old;
		else
			vm->detail_ms = -1;
		lib.virDomainGetUUID(stats[i]->dom, vm->uuid);
		text_copy(vm->name, sizeof(vm->name),
			  lib.virDomainGetName(stats[i]->dom));
		update_vm(virt, vm, stats[i]->dom);
		json_array_append_new(list, describe_vm(vm, stats[i]));
	}
	qsort(vms, n, sizeof(*vms), by_uuid);
	free(virt->vms);
	virt->vms = vms;
	virt->n_vms = n;
	return list;
}

static json_t *
read_vms(struct virt *virt, const json_t *request)
{
	virDomainStatsRecordPtr *stats = NULL;
	const unsigned what =
		VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL;

	if (connect_to(virt, message_text(request, "uri")) < 0) {
		json_t *reply = error_reply("cannot connect to libvirt");

		disconnect(virt);
		return reply;
	}
	int n = lib.virConnectGetAllDomainStats(
		virt->conn, what, &stats,
		VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
	if (n < 0) {
		virt->closed = true;
		return error_reply("libvirt does not list its VMs");
	}
	disks_rules_load(&virt->rules, json_object_get(request, "disks"),
			 message_text(request, "root"));
	json_t *vms = describe_all(virt, stats, (size_t)n);
	lib.virDomainStatsRecordListFree(stats);
	disks_rules_done(&virt->rules);
	return json_pack("{s:o, s:I}", "vms", vms, "at_us",
			 (json_int_t)source_clock_us());
}

/* --- what guests may use: the host-model of the domain capabilities ------- */

/* libvirt names the host-model as the nearest named model with differences;
 * its baseline call, given that one CPU alone, spells out all features. */
static json_t *
capabilities_of(const struct virt *virt, const char *type)
{
	char *capabilities =
		lib.virConnectGetDomainCapabilities(virt->conn, NULL, NULL,
						    NULL, type, 0);
	if (capabilities == NULL)
		return NULL;

	cleanup_free char *cpu = host_model_extract(capabilities);
	const char *cpus[] = { cpu };
	free(capabilities);
	if (cpu == NULL)
		return NULL;
	char *full = lib.virConnectBaselineHypervisorCPU(
		virt->conn, NULL, NULL, NULL, type, cpus, 1,
		VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES);
	json_t *reply = full != NULL ? host_model_describe(full, type) : NULL;
	free(full);
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
		reply = error_reply("libvirt does not tell its host-model CPU");
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

/* Outside of all callbacks, so that no call is made within another. */
static void
serve_request(struct virt *virt)
{
	bool read = strcmp(message_text(virt->request, "ask"), "read") == 0;
	json_t *reply = read ? read_vms(virt, virt->request)
			     : read_capabilities(virt, virt->request);

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
			 "cannot load " LIBRARY ": is libvirt installed?");
}

int
virt_worker_serve(int fd)
{
	struct virt virt = { .fd = fd };

	if (library_load() < 0)
		return worker_serve_requests(fd, refuse, NULL);
	lib.virSetErrorFunc(NULL, be_silent);
	if (lib.virEventRegisterDefaultImpl() < 0 ||
	    lib.virEventAddHandle(fd,
				  VIR_EVENT_HANDLE_READABLE |
					  VIR_EVENT_HANDLE_HANGUP,
				  take_request, &virt, NULL) < 0)
		return EXIT_FAILURE;
	while (!virt.ended) {
		if (lib.virEventRunDefaultImpl() < 0)
			break;
		if (virt.request != NULL)
			serve_request(&virt);
	}
	disconnect(&virt);
	return EXIT_SUCCESS;
}
