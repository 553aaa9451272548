/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/vm_changes.h"
#include "common/alloc.h"
#include "common/clock.h"

struct tell {
	const struct settings *settings;
	const struct report_host *self;
	struct alarms *alarms;
	struct notifier *notifier;
	struct vm_changes *vms;
	struct vm_tell *vm_tell;
	struct vm_tell_modes vm_modes;
	struct voice *voice;
	struct loop_timer *timer;
	uint32_t trap_sequence;
	bool started;
};

/* Traps are numbered apart: other receivers, other gaps. */
static void
tell_snmpd(struct tell *tell, const struct node_notice *notice)
{
	struct node_notice trap = *notice;

	if (!tell->settings->notify_snmpd || tell->voice == NULL)
		return;
	notice_sign(tell->self, &trap);
	trap.sequence = ++tell->trap_sequence;
	voice_notify(tell->voice, &trap);
}

static void
send(struct tell *tell, struct node_notice *notice)
{
	if (notice->subject[0] == '\0')
		text_copy(notice->subject, sizeof(notice->subject),
			  tell->self->name);
	notifier_send(tell->notifier, notice);
	tell_snmpd(tell, notice);
}

/* VM-MIB's own, which go no other way. */
static void
send_vms(struct tell *tell, int64_t now_ms)
{
	struct vm_told told;

	while (vm_tell_take(tell->vm_tell, tell->vm_modes, now_ms, &told))
		if (tell->voice == NULL)
			continue;
		else if (told.many.change != 0)
			voice_notify_vms(tell->voice, &told.many);
		else
			voice_notify_vm(tell->voice, &told.one);
}

static int64_t
sooner(int64_t a_ms, int64_t b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

static void
send_what_may_go(void *arg)
{
	struct tell *tell = arg;
	int64_t now_ms = clock_mono_ms();
	struct node_notice notice;

	if (!tell->started)
		return;
	while (alarms_take_notice(tell->alarms, now_ms, &notice))
		send(tell, &notice);
	send_vms(tell, now_ms);
	int64_t wait_ms =
		sooner(alarms_wait_ms(tell->alarms, now_ms),
		       vm_tell_wait_ms(tell->vm_tell, tell->vm_modes, now_ms));
	if (wait_ms >= 0)
		loop_timer_start(tell->timer, wait_ms);
}

struct tell *
tell_new(struct loop *loop, const struct settings *settings,
	 const struct report_host *self)
{
	struct tell *tell = xcalloc(1, sizeof(*tell));

	tell->settings = settings;
	tell->self = self;
	tell->alarms = alarms_new(settings->inform_interval_ms);
	tell->notifier = notifier_new(loop, settings, self);
	tell->vms = vm_changes_new();
	tell->vm_tell = vm_tell_new();
	tell->timer = loop_timer_new(loop, send_what_may_go, tell);
	tell->trap_sequence = (uint32_t)(clock_wall_ms() / 1000);
	return tell;
}

void
tell_free(struct tell *tell)
{
	if (tell == NULL)
		return;
	loop_timer_free(tell->timer);
	notifier_free(tell->notifier);
	vm_tell_free(tell->vm_tell);
	vm_changes_free(tell->vms);
	alarms_free(tell->alarms);
	free(tell);
}

void
tell_start(struct tell *tell, struct voice *voice)
{
	struct node_notice notice = { .kind = NOTICE_AGENT_START,
				      .severity = NOTICE_INFO };

	snprintf(notice.text, sizeof(notice.text), "agent %s has started",
		 IRONHERD_VERSION);
	tell->voice = voice;
	send(tell, &notice);
	tell->started = true;
	send_what_may_go(tell);
}

static void
tell_vm(void *arg, const struct vm_notice *notice)
{
	struct tell *tell = arg;

	vm_tell_add(tell->vm_tell, notice, clock_mono_ms());
}

void
tell_look(struct tell *tell, const struct node_report *report,
	  struct vm_tell_modes vms)
{
	tell->vm_modes = vms;
	alarms_look(tell->alarms, report, clock_mono_ms(),
		    (uint64_t)clock_wall_ms() / 1000);
	vm_changes_look(tell->vms, report, tell_vm, tell);
	send_what_may_go(tell);
}

void
tell_vm_crash(struct tell *tell, const struct report_vm *vm)
{
	struct node_notice notice = { .kind = NOTICE_VM_CRASH,
				      .severity = NOTICE_MAJOR,
				      .vm_index = vm->index };

	text_copy(notice.subject, sizeof(notice.subject), vm->name);
	snprintf(notice.text, sizeof(notice.text), "VM %s has crashed",
		 vm->name);
	memcpy(notice.vm_uuid, vm->uuid, sizeof(notice.vm_uuid));
	memcpy(notice.vm_name, vm->name, sizeof(notice.vm_name));
	alarms_add_event(tell->alarms, ALARM_VM_CRASH, vm->index, &notice,
			 clock_mono_ms());
	send_what_may_go(tell);
}

void
tell_stop(struct tell *tell, int64_t wait_ms, loop_fn fn, void *arg)
{
	struct node_notice notice = {
		.kind = NOTICE_AGENT_STOP,
		.severity = NOTICE_WARNING,
		.text = "the agent is being stopped in good order"
	};

	text_copy(notice.subject, sizeof(notice.subject), tell->self->name);
	tell_snmpd(tell, &notice);
	notifier_send_last(tell->notifier, &notice, wait_ms, fn, arg);
}

const struct notifier *
tell_notifier(const struct tell *tell)
{
	return tell->notifier;
}

void
tell_fill(const struct tell *tell, struct node_detail *detail)
{
	size_t n = alarms_count(tell->alarms);

	detail->alarms = xcalloc(n + 1, sizeof(*detail->alarms));
	detail->n_alarms = alarms_list(tell->alarms, detail->alarms, n);
	notifier_count(tell->notifier, &detail->notify);
	detail->notify.suppressed += alarms_suppressed(tell->alarms);
	detail->notify.dropped += vm_tell_dropped(tell->vm_tell);
}
