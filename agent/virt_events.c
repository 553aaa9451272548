/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libvirt tells unasked, as messages to the agent.  The agent reads the
 * VMs again; a message says no more than which one, what kind, and whether a
 * VM died of an accident.
 */
#include <errno.h>
#include <string.h>

#include "agent/text.h"
#include "agent/virt_own.h"
#include "agent/virt_worker.h"
#include "common/clock.h"
#include "common/worker.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void
tell(struct virt *virt, virDomainPtr dom, enum report_vm_event kind,
     bool failed)
{
	struct virt_vm *vm = virt_find_vm(virt, dom);
	char uuid[VIR_UUID_STRING_BUFLEN];

	if (vm != NULL)
		vm->dirty = true;
	if (virt_lib.virDomainGetUUIDString(dom, uuid) < 0)
		return;
	json_t *message =
		json_pack("{s:s, s:s, s:o, s:i, s:b}", "event", "vm", "uuid",
			  uuid, "name",
			  message_string(virt_lib.virDomainGetName(dom)),
			  "kind", (int)kind, "failed", failed);
	worker_send(virt->fd, message);
	json_decref(message);
}

/* --- its life ------------------------------------------------------------- */

/* By virDomainEventType; events of a newer libvirt are "defined": something
 * is not as it was. */
static const enum report_vm_event lives[] = {
	[VIR_DOMAIN_EVENT_DEFINED] = VM_EVENT_DEFINED,
	[VIR_DOMAIN_EVENT_UNDEFINED] = VM_EVENT_DEFINED,
	[VIR_DOMAIN_EVENT_STARTED] = VM_EVENT_STARTED,
	[VIR_DOMAIN_EVENT_SUSPENDED] = VM_EVENT_PAUSED,
	[VIR_DOMAIN_EVENT_RESUMED] = VM_EVENT_RESUMED,
	[VIR_DOMAIN_EVENT_STOPPED] = VM_EVENT_STOPPED,
	[VIR_DOMAIN_EVENT_SHUTDOWN] = VM_EVENT_SHUTTING_DOWN,
	[VIR_DOMAIN_EVENT_PMSUSPENDED] = VM_EVENT_PM_SUSPENDED,
	[VIR_DOMAIN_EVENT_CRASHED] = VM_EVENT_CRASHED,
};

static int
life_event(virConnectPtr conn, virDomainPtr dom, int event, int detail,
	   void *opaque)
{
	enum report_vm_event kind = event >= 0 && (size_t)event < COUNT(lives)
					    ? lives[event]
					    : VM_EVENT_DEFINED;
	bool failed = event == VIR_DOMAIN_EVENT_CRASHED ||
		      (event == VIR_DOMAIN_EVENT_STOPPED &&
		       (detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
			detail == VIR_DOMAIN_EVENT_STOPPED_FAILED));

	(void)conn;
	if (event == VIR_DOMAIN_EVENT_CRASHED &&
	    detail == VIR_DOMAIN_EVENT_CRASHED_PANICKED)
		kind = VM_EVENT_PANICKED;
	else if (failed)
		kind = VM_EVENT_CRASHED;
	tell(opaque, dom, kind, failed);
	return 0;
}

static void
reboot_event(virConnectPtr conn, virDomainPtr dom, void *opaque)
{
	(void)conn;
	tell(opaque, dom, VM_EVENT_REBOOTED, false);
}

/* --- its devices ---------------------------------------------------------- */

static void
watchdog_event(virConnectPtr conn, virDomainPtr dom, int action, void *opaque)
{
	(void)conn;
	(void)action;
	tell(opaque, dom, VM_EVENT_WATCHDOG, false);
}

static void
io_event(virConnectPtr conn, virDomainPtr dom, const char *path,
	 const char *alias, int action, const char *reason, void *opaque)
{
	bool full = reason != NULL && strcmp(reason, "enospc") == 0;
	struct virt_vm *vm = virt_find_vm(opaque, dom);
	int64_t now_ms = clock_mono_ms();

	(void)conn;
	(void)path;
	(void)alias;
	(void)action;
	/* A disk that fails does so with each request. */
	if (vm != NULL && now_ms - vm->io_ms < VIRT_IO_EVENT_MS)
		return;
	if (vm != NULL)
		vm->io_ms = now_ms;
	tell(opaque, dom, full ? VM_EVENT_NO_SPACE : VM_EVENT_IO_ERROR, false);
}

static void
agent_event(virConnectPtr conn, virDomainPtr dom, int state, int reason,
	    void *opaque)
{
	(void)conn;
	(void)reason;
	tell(opaque, dom,
	     state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED
		     ? VM_EVENT_AGENT_CONNECTED
		     : VM_EVENT_AGENT_LOST,
	     false);
}

static void
memory_event(virConnectPtr conn, virDomainPtr dom, int recipient, int action,
	     unsigned flags, void *opaque)
{
	(void)conn;
	(void)recipient;
	(void)action;
	(void)flags;
	tell(opaque, dom, VM_EVENT_MEMORY_FAILURE, false);
}

static void
job_event(virConnectPtr conn, virDomainPtr dom, virTypedParameterPtr params,
	  int n, void *opaque)
{
	(void)conn;
	(void)params;
	(void)n;
	tell(opaque, dom, VM_EVENT_JOB_DONE, false);
}

/* It has begun to copy memory, once more perhaps: no event of a life, but a
 * state of VM-MIB. */
static void
migration_event(virConnectPtr conn, virDomainPtr dom, int iteration,
		void *opaque)
{
	struct virt_vm *vm = virt_find_vm(opaque, dom);

	(void)conn;
	(void)iteration;
	if (vm == NULL || vm->migrating)
		return;
	vm->migrating = true;
	tell(opaque, dom, VM_EVENT_NONE, false);
}

/* A balloon that moves is no event of a life: the number is kept. */
static void
balloon_event(virConnectPtr conn, virDomainPtr dom, unsigned long long actual,
	      void *opaque)
{
	struct virt_vm *vm = virt_find_vm(opaque, dom);

	(void)conn;
	if (vm != NULL)
		vm->memory_now_kib = actual;
}

/* --- all of them ---------------------------------------------------------- */

static const struct {
	int id;
	virConnectDomainEventGenericCallback call;
} events[] = {
	{ VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,
	  VIR_DOMAIN_EVENT_CALLBACK(balloon_event) },
	{ VIR_DOMAIN_EVENT_ID_REBOOT, reboot_event },
	{ VIR_DOMAIN_EVENT_ID_WATCHDOG,
	  VIR_DOMAIN_EVENT_CALLBACK(watchdog_event) },
	{ VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON,
	  VIR_DOMAIN_EVENT_CALLBACK(io_event) },
	{ VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
	  VIR_DOMAIN_EVENT_CALLBACK(agent_event) },
	{ VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE,
	  VIR_DOMAIN_EVENT_CALLBACK(memory_event) },
	{ VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
	  VIR_DOMAIN_EVENT_CALLBACK(migration_event) },
	{ VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
	  VIR_DOMAIN_EVENT_CALLBACK(job_event) },
};

/* An older libvirtd may lack some; without lives there is no watching. */
int
virt_events_register(struct virt *virt)
{
	if (virt_lib.virConnectDomainEventRegisterAny(
		    virt->conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		    VIR_DOMAIN_EVENT_CALLBACK(life_event), virt, NULL) < 0)
		return -ENOTCONN;
	for (size_t i = 0; i < COUNT(events); i++)
		virt_lib.virConnectDomainEventRegisterAny(virt->conn, NULL,
							  events[i].id,
							  events[i].call, virt,
							  NULL);
	return 0;
}
