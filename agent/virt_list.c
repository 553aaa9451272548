/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of VMs.  A reading costs one call for all of them, for their states
 * alone: this asks no QEMU monitor, so a hung QEMU does not hang it.
 * Definitions, autostart and the like are asked for when an event says that
 * they changed, and each VIRT_DETAIL_MS in case one was missed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/hash.h"
#include "agent/source.h"
#include "agent/text.h"
#include "agent/virt_own.h"
#include "agent/virt_worker.h"
#include "agent/virt_xml.h"
#include "common/alloc.h"
#include "common/clock.h"

static int
by_uuid(const void *a, const void *b)
{
	const struct virt_vm *one = a, *other = b;

	return memcmp(one->uuid, other->uuid, VIR_UUID_BUFLEN);
}

struct virt_vm *
virt_find_vm(const struct virt *virt, virDomainPtr dom)
{
	struct virt_vm key = { .dirty = false };

	if (virt->n_vms == 0 || virt_lib.virDomainGetUUID(dom, key.uuid) < 0)
		return NULL;
	return bsearch(&key, virt->vms, virt->n_vms, sizeof(key), by_uuid);
}

void
virt_list_done(struct virt *virt)
{
	for (size_t i = 0; i < virt->n_vms; i++)
		json_decref(virt->vms[i].about);
	free(virt->vms);
	virt->vms = NULL;
	virt->n_vms = 0;
}

/* --- one VM --------------------------------------------------------------- */

/* Why it cannot move, if the definition alone does not say. */
static void
add_blocker(const struct virt_vm *vm, virDomainPtr dom, json_t *about)
{
	const char *why = NULL;

	if (json_object_get(about, "blocker") != NULL)
		return;
	if (!vm->shared)
		why = "a disk that other hosts do not reach";
	else if (virt_lib.virDomainSnapshotNum(dom, 0) > 0)
		why = "snapshots, which libvirt does not move";
	if (why != NULL)
		json_object_set_new(about, "blocker", json_string(why));
}

/* Told when it is news: most of the time it is what it was. */
static void
tell_about(struct virt_vm *vm, virDomainPtr dom, const char *xml)
{
	char hash[REPORT_HASH_LEN];

	hash_print(xml, hash);
	if (strcmp(hash, vm->told) == 0)
		return;
	json_t *about = virt_xml_describe(xml);
	if (about == NULL)
		return;
	add_blocker(vm, dom, about);
	json_decref(vm->about);
	vm->about = about;
	memcpy(vm->told, hash, sizeof(hash));
}

/* What runs may be another definition than the one that is kept. */
static void
tell_live(struct virt_vm *vm, virDomainPtr dom)
{
	char *xml = virt_lib.virDomainGetXMLDesc(dom, 0);

	if (xml != NULL)
		tell_about(vm, dom, xml);
	free(xml);
}

static pid_t
find_process(const struct virt *virt, const struct virt_vm *vm,
	     virDomainPtr dom, int state)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	pid_t pid = 0;

	if (state != VIR_DOMAIN_SHUTOFF &&
	    virt_lib.virDomainGetUUIDString(dom, uuid) == 0)
		vm_process_find(virt->root, vm->name, uuid, &pid);
	return pid;
}

/* A VM that went away meanwhile fails here; it keeps what is known and is
 * gone from the next list. */
static void
read_detail(struct virt *virt, struct virt_vm *vm, virDomainPtr dom)
{
	virDomainInfo info;
	int autostart = 0;

	if (virt_lib.virDomainGetInfo(dom, &info) < 0)
		return;
	vm->vcpus = info.nrVirtCpu;
	vm->memory_kib = info.maxMem;
	vm->memory_now_kib = info.memory;
	vm->pid = find_process(virt, vm, dom, info.state);
	vm->persistent = virt_lib.virDomainIsPersistent(dom) == 1;
	vm->autostart = virt_lib.virDomainGetAutostart(dom, &autostart) == 0 &&
			autostart != 0;
	char *xml = virt_lib.virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE);
	if (xml == NULL)
		return;
	hash_print(xml, vm->hash);
	vm->shared = disks_are_shared(xml, &virt->rules);
	vm->saved = info.state == VIR_DOMAIN_SHUTOFF &&
		    virt_lib.virDomainHasManagedSaveImage(dom, 0) == 1;
	if (info.state == VIR_DOMAIN_SHUTOFF)
		tell_about(vm, dom, xml);
	else
		tell_live(vm, dom);
	free(xml);
	vm->dirty = false;
	vm->detail_ms = clock_mono_ms();
}

static void
update_vm(struct virt *virt, struct virt_vm *vm, virDomainPtr dom)
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

/* By the kernel: libvirt's statistics of CPUs ask the QEMU monitor (since
 * 8.6), and one call for each VM is dearer than one file. */
static uint64_t
cpu_time_of(const struct virt *virt, const struct virt_vm *vm, virDomainPtr dom)
{
	virDomainInfo info;
	uint64_t ns;

	if (vm_process_cpu(virt->root, vm->pid, &ns) == 0)
		return ns;
	return virt_lib.virDomainGetInfo(dom, &info) == 0 ? info.cpuTime : 0;
}

/* No event tells of a migration that failed: it is over when the VM has no
 * job.  libvirt knows that without asking the QEMU. */
static void
end_migration(struct virt_vm *vm, virDomainPtr dom)
{
	virDomainControlInfo info;

	if (vm->migrating &&
	    (virt_lib.virDomainGetControlInfo(dom, &info, 0) < 0 ||
	     info.state != VIR_DOMAIN_CONTROL_JOB))
		vm->migrating = false;
}

static void
add_phase(struct virt_vm *vm, virDomainPtr dom, int state, int reason,
	  json_t *message)
{
	end_migration(vm, dom);
	vm->phase = virt_phase_of(state, reason, vm);
	if (vm->phase != 0)
		json_object_set_new(message, "phase",
				    json_integer((json_int_t)vm->phase));
}

static json_t *
describe_vm(const struct virt *virt, struct virt_vm *vm,
	    virDomainStatsRecordPtr stats)
{
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	int state = -1, reason = 0;

	virt_lib.virTypedParamsGetInt(stats->params, stats->nparams,
				      "state.state", &state);
	virt_lib.virTypedParamsGetInt(stats->params, stats->nparams,
				      "state.reason", &reason);
	virt_lib.virDomainGetUUIDString(stats->dom, uuid);
	bool known = state >= 0 && state <= VIR_DOMAIN_PMSUSPENDED;
	bool active = known && state != VIR_DOMAIN_SHUTOFF &&
		      state != VIR_DOMAIN_CRASHED;
	uint64_t cpu_ns = active ? cpu_time_of(virt, vm, stats->dom) : 0;
	json_t *message = json_pack(
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

	add_phase(vm, stats->dom, state, reason, message);
	if (vm->about != NULL)
		json_object_set_new(message, "about", vm->about);
	vm->about = NULL;
	return message;
}

/* --- all of them ---------------------------------------------------------- */

static json_t *
describe_all(struct virt *virt, virDomainStatsRecordPtr *stats, size_t n)
{
	struct virt_vm *vms = xcalloc(n + 1, sizeof(*vms));
	json_t *list = json_array();

	virt->details = VIRT_DETAILS_AT_ONCE;
	for (size_t i = 0; i < n; i++) {
		struct virt_vm *old = virt_find_vm(virt, stats[i]->dom);
		struct virt_vm *vm = &vms[i];

		if (old != NULL) {
			*vm = *old;
			old->about = NULL;
		} else {
			vm->detail_ms = -1;
		}
		virt_lib.virDomainGetUUID(stats[i]->dom, vm->uuid);
		text_copy(vm->name, sizeof(vm->name),
			  virt_lib.virDomainGetName(stats[i]->dom));
		update_vm(virt, vm, stats[i]->dom);
		json_array_append_new(list, describe_vm(virt, vm, stats[i]));
	}
	qsort(vms, n, sizeof(*vms), by_uuid);
	virt_list_done(virt);
	virt->vms = vms;
	virt->n_vms = n;
	return list;
}

json_t *
virt_list(struct virt *virt, const json_t *request)
{
	virDomainStatsRecordPtr *stats = NULL;
	unsigned long version = 0;
	int n = virt_lib.virConnectGetAllDomainStats(
		virt->conn, VIR_DOMAIN_STATS_STATE, &stats,
		VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);

	if (n < 0)
		return NULL;
	virt->root = message_text(request, "root");
	disks_rules_load(&virt->rules, json_object_get(request, "disks"),
			 virt->root);
	json_t *vms = describe_all(virt, stats, (size_t)n);
	virt_lib.virDomainStatsRecordListFree(stats);
	disks_rules_done(&virt->rules);
	virt_lib.virConnectGetVersion(virt->conn, &version);
	return json_pack("{s:o, s:I, s:o, s:I}", "vms", vms, "at_us",
			 (json_int_t)source_clock_us(), "hypervisor",
			 message_string(virt_lib.virConnectGetType(virt->conn)),
			 "version", (json_int_t)version);
}
