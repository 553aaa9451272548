/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vm_changes.h"

#include <stdlib.h>
#include <string.h>

#include "agent/source.h"
#include "common/alloc.h"
#include "snmp-mib/node_detail.h"

struct seen {
	uint32_t index;
	enum detail_vm_oper oper; /* the last one that was known */
	bool persistent;
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];
};

struct vm_changes {
	struct seen *vms; /* sorted by index */
	size_t n;
	bool begun;
};

typedef void (*tell_fn)(void *arg, const struct vm_notice *notice);

struct vm_changes *
vm_changes_new(void)
{
	return xcalloc(1, sizeof(struct vm_changes));
}

void
vm_changes_free(struct vm_changes *changes)
{
	if (changes == NULL)
		return;
	free(changes->vms);
	free(changes);
}

/* By vmOperState; 0: none of VM-MIB's. */
static const enum vm_change changes_to[] = {
	[VM_OPER_UNKNOWN] = 0,
	[VM_OPER_OTHER] = 0,
	[VM_OPER_PREPARING] = 0,
	[VM_OPER_RUNNING] = VM_CHANGE_RUNNING,
	[VM_OPER_SUSPENDING] = VM_CHANGE_SUSPENDING,
	[VM_OPER_SUSPENDED] = VM_CHANGE_SUSPENDED,
	[VM_OPER_RESUMING] = VM_CHANGE_RESUMING,
	[VM_OPER_PAUSED] = VM_CHANGE_PAUSED,
	[VM_OPER_MIGRATING] = VM_CHANGE_MIGRATING,
	[VM_OPER_SHUTTING_DOWN] = VM_CHANGE_SHUTTING_DOWN,
	[VM_OPER_SHUTDOWN] = VM_CHANGE_SHUTDOWN,
	[VM_OPER_CRASHED] = VM_CHANGE_CRASHED,
};

static void
tell_change(const struct seen *vm, enum vm_change change,
	    enum detail_vm_oper before, tell_fn tell, void *arg)
{
	struct vm_notice notice = { .change = change,
				    .before = before,
				    .index = vm->index,
				    .persistent = vm->persistent };

	memcpy(notice.uuid, vm->uuid, sizeof(notice.uuid));
	memcpy(notice.name, vm->name, sizeof(notice.name));
	tell(arg, &notice);
}

static struct seen
see(const struct detail_vm *vm, const struct seen *before)
{
	struct seen now = { .index = vm->index,
			    .oper = vm->oper,
			    .persistent = vm->persistent ==
					  VM_PERSISTENT_PERSISTENT };

	memcpy(now.uuid, vm->uuid, sizeof(now.uuid));
	memcpy(now.name, vm->name, sizeof(now.name));
	if (before != NULL && vm->oper == VM_OPER_UNKNOWN)
		now.oper = before->oper;
	return now;
}

static void
compare(const struct seen *now, const struct seen *before, tell_fn tell,
	void *arg)
{
	enum detail_vm_oper was =
		before != NULL ? before->oper : VM_OPER_UNKNOWN;
	enum vm_change to = changes_to[now->oper];

	/* One that was defined and never ran has not shut down. */
	if (to == 0 || now->oper == was ||
	    (before == NULL &&
	     (to == VM_CHANGE_SHUTDOWN || to == VM_CHANGE_SUSPENDED)))
		return;
	tell_change(now, to, was, tell, arg);
}

/* Rows that come with the first good reading were there before us. */
static bool
was_read(const struct node_report *report)
{
	for (size_t i = 0; i < report->n_sources; i++)
		if (report->sources[i].index == SOURCE_LIBVIRT)
			return report->sources[i].age_ms != REPORT_AGE_NEVER;
	return false;
}

static void
ignore(void *arg, const struct vm_notice *notice)
{
	(void)arg;
	(void)notice;
}

void
vm_changes_look(struct vm_changes *changes, const struct node_report *report,
		tell_fn tell, void *arg)
{
	const struct detail_vm *vms = report->detail->vms;
	const size_t n_vms = report->detail->n_vms;
	struct seen *next = xcalloc(n_vms + 1, sizeof(*next));
	size_t old = 0;

	if (!changes->begun)
		tell = ignore;
	changes->begun = changes->begun || was_read(report);
	for (size_t i = 0; i < n_vms; i++) {
		const struct seen *before = NULL;

		for (; old < changes->n &&
		       changes->vms[old].index <= vms[i].index;
		     old++) {
			before = &changes->vms[old];
			if (before->index == vms[i].index)
				continue;
			tell_change(before, VM_CHANGE_DELETED, before->oper,
				    tell, arg);
			before = NULL;
		}
		next[i] = see(&vms[i], before);
		compare(&next[i], before, tell, arg);
	}
	for (; old < changes->n; old++)
		tell_change(&changes->vms[old], VM_CHANGE_DELETED,
			    changes->vms[old].oper, tell, arg);
	free(changes->vms);
	changes->vms = next;
	changes->n = n_vms;
}
