/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/execute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/bmc_log.h"
#include "scheduler/coordinator/record.h"

/* All cleanings of one host are one call: the first step takes the rest. */
static void
execute_clean(struct coordinator *co, const struct plan *plan,
	      const int64_t *commands, size_t first)
{
	size_t host = plan->steps[first].host, n = 0;
	cleanup_free struct ops_stale *stale =
		xcalloc(plan->n_steps, sizeof(*stale));

	if (co->reg.hosts[host].cleaning)
		return; /* taken by an earlier step */
	for (size_t i = first; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_CLEAN &&
		    plan->steps[i].host == host && n < VIRT_CLEAN_MAX)
			stale[n++] = (struct ops_stale){
				plan->steps[i].vm, plan->steps[i].ends_running
			};
	co->reg.hosts[host].cleaning = true;
	co->ops->clean(co, host, stale, n, commands[first]);
}

static void
execute_probe(struct coordinator *co, size_t host)
{
	struct reg_host *h = &co->reg.hosts[host];
	int64_t now_ms = clock_mono_ms();

	if (h->probed_ms != 0 && now_ms - h->probed_ms < PROBE_PERIOD_MS)
		return;
	h->probed_ms = now_ms;
	co->ops->probe(co, host);
}

static void
count_fence(struct reg_host *host)
{
	host->fencing = true;
	host->fences_ms[host->n_fences++ % FENCES_PER_HOUR] = clock_mono_ms();
}

static void
execute_step(struct coordinator *co, const struct plan *plan,
	     const int64_t *commands, size_t i)
{
	const struct plan_step *step = &plan->steps[i];

	switch (step->kind) {
	case STEP_PROBE:
		execute_probe(co, step->host);
		break;
	case STEP_FENCE:
		count_fence(&co->reg.hosts[step->host]);
		co->ops->fence(co, step->host, commands[i]);
		break;
	case STEP_CLEAN:
		execute_clean(co, plan, commands, i);
		break;
	case STEP_START:
		co->reg.vms[step->vm].starting = true;
		co->reg.vms[step->vm].command = commands[i];
		co->ops->start(co, step->host, step->vm, commands[i]);
		break;
	case STEP_STOP:
		co->reg.vms[step->vm].stopping = true;
		co->reg.vms[step->vm].command = commands[i];
		co->ops->stop(co, step->host, step->vm, !step->ends_running,
			      commands[i]);
		break;
	case STEP_RESUME:
		co->reg.vms[step->vm].resuming = true;
		co->reg.vms[step->vm].command = commands[i];
		co->ops->resume(co, step->host, step->vm, commands[i]);
		break;
	case STEP_KINDS:
		break;
	}
}

void
execute(struct coordinator *co, const struct plan *plan,
	const int64_t *commands)
{
	for (size_t i = 0; i < plan->n_host_changes; i++)
		if (plan->host_changes[i].to == HOST_DEAD)
			co->ops->forget(co, plan->host_changes[i].host);
	for (size_t i = 0; i < plan->n_steps; i++)
		execute_step(co, plan, commands, i);
}

/* --- how it ended ------------------------------------------------------- */

static void
end(struct coordinator *co, const struct record_end *record)
{
	struct err err;

	if (record_end(&co->reg, co->store, record, clock_wall_ms(), &err) < 0)
		log_error("store",
			  "the end of command %lld is not recorded: "
			  "%s",
			  (long long)record->command, err.text);
	coordinator_wake(co);
}

void
outcome_fence(struct coordinator *co, size_t host, int64_t command,
	      bool proved_off, const char *text, const char *detail)
{
	struct reg_host *h = &co->reg.hosts[host];
	char line[REASON_LEN];

	h->fencing = false;
	h->fence_ended_ms = clock_mono_ms();
	bmc_log_hint(co, host);
	snprintf(line, sizeof(line), "power off %s: %s", h->conf->name, text);
	end(co,
	    &(struct record_end){
		    .command = command,
		    .outcome = proved_off ? OUTCOME_DONE : OUTCOME_IN_DOUBT,
		    .kind = proved_off ? "fence-done" : "fence-failed",
		    .severity = proved_off ? SEVERITY_INFO : SEVERITY_CRITICAL,
		    .host = host,
		    .text = line,
		    .detail = detail,
	    });
}

void
outcome_clean(struct coordinator *co, size_t host, int64_t command,
	      bool all_gone, const char *text, const char *detail)
{
	struct reg_host *h = &co->reg.hosts[host];
	char line[REASON_LEN];

	h->cleaning = false;
	h->clean_ended_ms = clock_mono_ms();
	snprintf(line, sizeof(line), "clean %s: %s", h->conf->name, text);
	end(co, &(struct record_end){
			.command = command,
			.outcome = all_gone ? OUTCOME_DONE : OUTCOME_IN_DOUBT,
			.kind = all_gone ? "clean-done" : "clean-failed",
			.severity = all_gone ? SEVERITY_INFO : SEVERITY_WARNING,
			.host = host,
			.text = line,
			.detail = detail,
		});
}

static void
settle_start(struct reg_vm *vm, size_t host, enum virt_start_result result)
{
	switch (result) {
	case VIRT_START_DONE:
	case VIRT_START_ALREADY:
		vm->phase = VM_SETTLED;
		if (vm->order == INTENT_RUN)
			vm->order = INTENT_UNKNOWN; /* carried out */
		vm->seen_ms = clock_mono_ms();
		vm->start_failures = 0;
		vm->failed_on = NO_HOST;
		break;
	case VIRT_START_ABSENT:
		vm->phase = VM_LOST;
		vm->start_failures++;
		vm->failed_on = host;
		break;
	case VIRT_START_IN_DOUBT:
		break; /* it may run there and nowhere else: look again */
	}
}

/* Only the start that the VM waits for counts: its host may have died, and
 * the VM been given to another, since the command was sent. */
void
outcome_start(struct coordinator *co, size_t host, const char *vm_uuid,
	      int64_t command, enum virt_start_result result, const char *text)
{
	static const enum store_outcome outcomes[] = {
		[VIRT_START_IN_DOUBT] = OUTCOME_IN_DOUBT,
		[VIRT_START_DONE] = OUTCOME_DONE,
		[VIRT_START_ALREADY] = OUTCOME_DONE,
		[VIRT_START_ABSENT] = OUTCOME_FAILED,
	};
	struct reg_vm *vm = registry_find_vm(&co->reg, vm_uuid);
	const char *name = vm != NULL ? vm->name : vm_uuid;
	char line[REASON_LEN];
	bool done = outcomes[result] == OUTCOME_DONE;
	bool own = vm != NULL && vm->command == command;
	bool counts = own && vm->owner == host && vm->phase == VM_STARTING;

	if (own)
		vm->starting = false;
	if (counts) {
		vm->command_ended_ms = clock_mono_ms();
		settle_start(vm, host, result);
	}
	snprintf(line, sizeof(line), "%s %s %s%s%s", name,
		 done ? "runs on" : "did not start on",
		 co->reg.hosts[host].conf->name, text[0] ? ": " : "", text);
	end(co, &(struct record_end){
			.command = command,
			.outcome = outcomes[result],
			.kind = done ? "vm-started" : "vm-start-failed",
			.severity = done ? SEVERITY_INFO : SEVERITY_WARNING,
			.host = host,
			.vm = counts ? vm : NULL,
			.text = line,
		});
}

/* Off by our own hand, and `failed_on` says so for as long as it stays off: the
 * mind must not take that for its user's wish. */
static void
settle_stop(struct reg_vm *vm, size_t host, enum virt_stop_result result)
{
	switch (result) {
	case VIRT_STOP_DONE:
	case VIRT_STOP_ABSENT:
		vm->phase = vm->intent == INTENT_RUN ? VM_LOST : VM_SETTLED;
		vm->failed_on = host;
		break;
	case VIRT_STOP_SPARED:
		vm->phase = VM_SETTLED; /* somebody started it again */
		vm->intent = INTENT_RUN;
		vm->seen_ms = clock_mono_ms();
		vm->failed_on = NO_HOST;
		break;
	case VIRT_STOP_IN_DOUBT:
		break; /* it may run there yet: look again */
	}
	if (result != VIRT_STOP_IN_DOUBT)
		vm->record_ms = clock_mono_ms();
}

void
outcome_stop(struct coordinator *co, size_t host, const char *vm_uuid,
	     int64_t command, enum virt_stop_result result, const char *text)
{
	static const struct {
		enum store_outcome outcome;
		const char *what;
	} ends[] = {
		[VIRT_STOP_IN_DOUBT] = { OUTCOME_IN_DOUBT,
					 "is not proved to be off on" },
		[VIRT_STOP_DONE] = { OUTCOME_DONE, "was forced off on" },
		[VIRT_STOP_ABSENT] = { OUTCOME_DONE, "is off on" },
		[VIRT_STOP_SPARED] = { OUTCOME_FAILED,
				       "runs again and is left alone on" },
	};
	struct reg_vm *vm = registry_find_vm(&co->reg, vm_uuid);
	bool counts = vm != NULL && vm->stopping && vm->command == command;
	char line[REASON_LEN];

	if (counts) {
		vm->stopping = false;
		vm->command_ended_ms = clock_mono_ms();
		counts = vm->owner == host && vm->phase == VM_STOPPING;
	}
	if (counts)
		settle_stop(vm, host, result);
	snprintf(line, sizeof(line), "%s %s %s%s%s",
		 vm != NULL ? vm->name : vm_uuid, ends[result].what,
		 co->reg.hosts[host].conf->name, text[0] ? ": " : "", text);
	end(co,
	    &(struct record_end){
		    .command = command,
		    .outcome = ends[result].outcome,
		    .kind = result == VIRT_STOP_IN_DOUBT ? "vm-stop-failed"
							 : "vm-stopped",
		    .severity = result == VIRT_STOP_IN_DOUBT ? SEVERITY_WARNING
							     : SEVERITY_INFO,
		    .host = host,
		    .vm = counts ? vm : NULL,
		    .text = line,
	    });
}

void
outcome_resume(struct coordinator *co, size_t host, const char *vm_uuid,
	       int64_t command, enum virt_resume_result result,
	       const char *text)
{
	static const enum store_outcome outcomes[] = {
		[VIRT_RESUME_IN_DOUBT] = OUTCOME_IN_DOUBT,
		[VIRT_RESUME_DONE] = OUTCOME_DONE,
		[VIRT_RESUME_REFUSED] = OUTCOME_FAILED,
	};
	struct reg_vm *vm = registry_find_vm(&co->reg, vm_uuid);
	bool done = result == VIRT_RESUME_DONE;
	char line[REASON_LEN];

	if (vm != NULL && vm->resuming && vm->command == command) {
		vm->resuming = false;
		vm->command_ended_ms = clock_mono_ms();
	}
	snprintf(line, sizeof(line), "%s %s %s%s%s",
		 vm != NULL ? vm->name : vm_uuid,
		 done ? "goes on, on" : "does not go on, on",
		 co->reg.hosts[host].conf->name, text[0] ? ": " : "", text);
	end(co, &(struct record_end){
			.command = command,
			.outcome = outcomes[result],
			.kind = done ? "vm-resumed" : "vm-resume-failed",
			.severity = done ? SEVERITY_INFO : SEVERITY_WARNING,
			.host = host,
			.text = line,
		});
}
