/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->host_changes);
	free(plan->vm_changes);
	free(plan->steps);
	free(plan->alarms);
	free(plan);
}

/* Room for one more zeroed entry; doubles at each power of two. */
static void *
append(void *list, size_t *n, size_t size)
{
	char *bytes = list;

	if ((*n & (*n - 1)) == 0) {
		bytes = realloc(list, (*n ? 2 * *n : 1) * size);
		if (bytes == NULL)
			abort(); /* out of memory ends the process */
	}
	memset(bytes + *n * size, 0, size);
	++*n;
	return bytes;
}

struct plan_host_change *
plan_add_host_change(struct plan *plan)
{
	plan->host_changes = append(plan->host_changes, &plan->n_host_changes,
				    sizeof(*plan->host_changes));
	return &plan->host_changes[plan->n_host_changes - 1];
}

struct plan_vm_change *
plan_add_vm_change(struct plan *plan)
{
	plan->vm_changes = append(plan->vm_changes, &plan->n_vm_changes,
				  sizeof(*plan->vm_changes));
	return &plan->vm_changes[plan->n_vm_changes - 1];
}

struct plan_step *
plan_add_step(struct plan *plan, enum step_kind kind)
{
	plan->steps = append(plan->steps, &plan->n_steps, sizeof(*plan->steps));

	struct plan_step *step = &plan->steps[plan->n_steps - 1];
	step->kind = kind;
	return step;
}

struct plan_alarm *
plan_add_alarm(struct plan *plan, enum severity severity, const char *kind,
	       const char *subject)
{
	plan->alarms =
		append(plan->alarms, &plan->n_alarms, sizeof(*plan->alarms));

	struct plan_alarm *alarm = &plan->alarms[plan->n_alarms - 1];
	alarm->severity = severity;
	snprintf(alarm->kind, sizeof(alarm->kind), "%s", kind);
	snprintf(alarm->subject, sizeof(alarm->subject), "%s", subject);
	return alarm;
}

void
reason_set(char reason[REASON_LEN], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, REASON_LEN, fmt, ap);
	va_end(ap);
}

void
reason_add(char reason[REASON_LEN], const char *fmt, ...)
{
	size_t len = strlen(reason);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason + len, REASON_LEN - len, fmt, ap);
	va_end(ap);
}

const char *
step_kind_name(enum step_kind kind)
{
	static const char *const names[STEP_KINDS] = {
		[STEP_PROBE] = "probe", [STEP_FENCE] = "fence",
		[STEP_CLEAN] = "clean", [STEP_START] = "start",
		[STEP_STOP] = "stop",   [STEP_RESUME] = "resume",
	};

	return (unsigned)kind < STEP_KINDS ? names[kind] : "unknown";
}

const char *
severity_name(enum severity severity)
{
	return severity == SEVERITY_CRITICAL  ? "critical"
	       : severity == SEVERITY_WARNING ? "warning"
					      : "info";
}
