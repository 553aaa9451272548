/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vm_changes.h"

#include <stdlib.h>
#include <string.h>

#include "agent/source.h"
#include "common/alloc.h"

struct seen {
	uint32_t index;
	enum report_vm_state state; /* the last one that was known */
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

/* 0: none of VM-MIB's. */
static enum vm_change
change_to(enum report_vm_state state)
{
	switch (state) {
	case VM_STATE_RUNNING:
	case VM_STATE_BLOCKED:
		return VM_CHANGE_RUNNING;
	case VM_STATE_PAUSED:
	case VM_STATE_PM_SUSPENDED:
		return VM_CHANGE_PAUSED;
	case VM_STATE_SHUTTING_DOWN:
		return VM_CHANGE_SHUTTING_DOWN;
	case VM_STATE_SHUT_OFF:
		return VM_CHANGE_SHUTDOWN;
	case VM_STATE_CRASHED:
		return VM_CHANGE_CRASHED;
	case VM_STATE_UNKNOWN:
	case VM_STATE_NO_STATE:
		break;
	}
	return 0;
}

static void
tell_change(const struct seen *vm, enum vm_change change,
	    enum report_vm_state before, tell_fn tell, void *arg)
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
see(const struct report_vm *vm, const struct seen *before)
{
	struct seen now = { .index = vm->index,
			    .state = vm->state,
			    .persistent = vm->persistent };

	memcpy(now.uuid, vm->uuid, sizeof(now.uuid));
	memcpy(now.name, vm->name, sizeof(now.name));
	if (before != NULL && vm->state == VM_STATE_UNKNOWN)
		now.state = before->state;
	return now;
}

static void
compare(const struct seen *now, const struct seen *before, tell_fn tell,
	void *arg)
{
	enum report_vm_state was =
		before != NULL ? before->state : VM_STATE_UNKNOWN;
	enum vm_change to = change_to(now->state);

	/* One that was defined and never ran has not shut down. */
	if (to == 0 || to == change_to(was) ||
	    (before == NULL && to == VM_CHANGE_SHUTDOWN))
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
	struct seen *next = xcalloc(report->n_vms + 1, sizeof(*next));
	size_t old = 0;

	if (!changes->begun)
		tell = ignore;
	changes->begun = changes->begun || was_read(report);
	for (size_t i = 0; i < report->n_vms; i++) {
		const struct seen *before = NULL;

		for (; old < changes->n &&
		       changes->vms[old].index <= report->vms[i].index;
		     old++) {
			before = &changes->vms[old];
			if (before->index == report->vms[i].index)
				continue;
			tell_change(before, VM_CHANGE_DELETED, before->state,
				    tell, arg);
			before = NULL;
		}
		next[i] = see(&report->vms[i], before);
		compare(&next[i], before, tell, arg);
	}
	for (; old < changes->n; old++)
		tell_change(&changes->vms[old], VM_CHANGE_DELETED,
			    changes->vms[old].state, tell, arg);
	free(changes->vms);
	changes->vms = next;
	changes->n = report->n_vms;
}
