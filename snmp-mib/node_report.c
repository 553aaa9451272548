/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports as a whole: made, copied, freed; and the words for their enums.
 */
#include "snmp-mib/node_report.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "snmp-mib/node_detail.h"

/* A report in which nothing is known: no enum of it is a lie. */
struct node_report *
node_report_new(void)
{
	struct node_report *report = xcalloc(1, sizeof(*report));

	report->host.health = HEALTH_UNKNOWN;
	report->bmc.power = REPORT_POWER_UNKNOWN;
	return report;
}

static void *
copy_array(const void *from, size_t n, size_t size)
{
	if (n == 0)
		return NULL;

	void *to = xcalloc(n, size);
	memcpy(to, from, n * size);
	return to;
}

struct node_report *
node_report_copy(const struct node_report *report)
{
	struct node_report *copy = node_report_new();

	*copy = *report;
#define COPY(field)                                                \
	copy->field = copy_array(report->field, report->n_##field, \
				 sizeof(*report->field))
	COPY(numa);
	COPY(distances);
	COPY(features);
	COPY(vms);
	COPY(datastores);
	COPY(heartbeats);
	COPY(sources);
#undef COPY
	copy->detail = NULL;
	return copy;
}

void
node_report_free(struct node_report *report)
{
	if (report == NULL)
		return;
	free(report->numa);
	free(report->distances);
	free(report->features);
	free(report->vms);
	free(report->datastores);
	free(report->heartbeats);
	free(report->sources);
	node_detail_free(report->detail);
	free(report);
}

/* Enums start at 1, "unknown" first. */
static const char *
name_of(const char *const *names, size_t n, unsigned value)
{
	return value >= 1 && value <= n ? names[value - 1] : "unknown";
}

#define NAME_OF(names, value) \
	name_of(names, sizeof(names) / sizeof((names)[0]), (unsigned)(value))

const char *
report_health_name(enum report_health health)
{
	static const char *const names[] = { "unknown", "ok", "degraded",
					     "critical", "failed" };

	return NAME_OF(names, health);
}

const char *
report_vm_state_name(enum report_vm_state state)
{
	static const char *const names[] = {
		"unknown",       "no state", "running", "blocked",  "paused",
		"shutting down", "shut off", "crashed", "suspended"
	};

	return NAME_OF(names, state);
}

const char *
report_vm_reason_name(enum report_vm_reason reason)
{
	static const char *const names[] = { "unknown",   "none",
					     "shut down", "destroyed",
					     "crashed",   "failed",
					     "migrated",  "other" };

	return NAME_OF(names, reason);
}

const char *
report_datastore_state_name(enum report_datastore_state state)
{
	static const char *const names[] = { "unknown",   "ok",    "slow",
					     "read-only", "stale", "lost" };

	return NAME_OF(names, state);
}

const char *
report_vm_event_name(enum report_vm_event event)
{
	static const char *const names[] = {
		"none",       "defined",        "started",
		"paused",     "resumed",        "shutting down",
		"stopped",    "suspended",      "crashed",
		"panicked",   "rebooted",       "watchdog",
		"I/O error",  "no space",       "agent connected",
		"agent lost", "memory failure", "job done"
	};

	return NAME_OF(names, event);
}

const char *
report_liveness_name(enum report_liveness liveness)
{
	static const char *const names[] = { "unknown", "alive", "suspect",
					     "dead" };

	return NAME_OF(names, liveness);
}

void
report_vm_init(struct report_vm *vm)
{
	memset(vm, 0, sizeof(*vm));
	vm->state = VM_STATE_UNKNOWN;
	vm->reason = VM_REASON_UNKNOWN;
	vm->cpu_ready_pm = REPORT_UNMEASURED;
	vm->rss_kib = REPORT_KIB_UNMEASURED;
	vm->swapped_kib = REPORT_KIB_UNMEASURED;
	vm->numa_local_pm = REPORT_UNMEASURED;
	vm->guest_agent = GUEST_AGENT_UNKNOWN;
	vm->dirty_mib_s = REPORT_UNMEASURED;
	vm->liveness = LIVENESS_UNKNOWN;
	vm->stats_age_ms = REPORT_AGE_NEVER;
	vm->memory_usable_kib = REPORT_KIB_UNMEASURED;
	vm->last_event = VM_EVENT_NONE;
	vm->last_event_age_ms = REPORT_AGE_NEVER;
}
