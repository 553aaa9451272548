/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/tell.h - what the agent tells unasked: alarms out of each report and
 * events, under limits (alarms.h), by informs (notifier.h) and, if so
 * configured, through snmpd (voice.h).
 */
#ifndef AGENT_TELL_H
#define AGENT_TELL_H

#include "agent/alarms.h"
#include "agent/notifier.h"
#include "agent/settings.h"
#include "agent/vm_tell.h"
#include "common/loop.h"
#include "snmp-mib/node_detail.h"
#include "snmp-mib/voice.h"

struct tell;

/* Settings and self are kept. */
struct tell *tell_new(struct loop *loop, const struct settings *settings,
		      const struct report_host *self);
void tell_free(struct tell *tell);

/* The agent has started: the first notice.  Nothing is told before.  `voice`
 * is kept; it goes before us. */
void tell_start(struct tell *tell, struct voice *voice);

/* A new report: what of it is an alarm, and which VMs are in another state;
 * `vms` says how to tell that. */
void tell_look(struct tell *tell, const struct node_report *report,
	       struct vm_tell_modes vms);

void tell_vm_crash(struct tell *tell, const struct report_vm *vm);

/* The last notice; fn(arg) is called as by notifier_send_last(). */
void tell_stop(struct tell *tell, int64_t wait_ms, loop_fn fn, void *arg);

const struct notifier *tell_notifier(const struct tell *tell);
/* The alarms that are raised, and what became of notices. */
void tell_fill(const struct tell *tell, struct node_detail *detail);

#endif
