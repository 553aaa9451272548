/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/record.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/lease_book.h"

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

/* --- store -> registry -------------------------------------------------- */

/* A wall time of the past, told by the monotonic clock; one that is not past
 * by our wall clock counts from now on. */
static int64_t
mono_of(int64_t then_wall_ms, int64_t now_ms, int64_t wall_ms)
{
	return now_ms - (wall_ms > then_wall_ms ? wall_ms - then_wall_ms : 0);
}

static void
load_marks(struct reg_host *host, const struct store_host *row, int64_t now_ms,
	   int64_t wall_ms)
{
	int64_t left_ms = row->set_aside_ms - wall_ms;

	host->maintenance = row->maintenance;
	host->mass = row->mass;
	host->mass_wall_ms = row->mass_ms;
	if (row->mass_ms != 0)
		host->mass_ms = mono_of(row->mass_ms, now_ms, wall_ms);
	if (row->set_aside_ms == 0 || left_ms <= 0)
		return;
	host->set_aside_wall_ms = row->set_aside_ms;
	host->set_aside_ms =
		now_ms + (left_ms < SET_ASIDE_MS ? left_ms : SET_ASIDE_MS);
}

static void
load_hosts(struct registry *reg, const struct store_state *state,
	   int64_t now_ms, int64_t wall_ms)
{
	for (size_t i = 0; i < state->n_hosts; i++) {
		const struct store_host *row = &state->hosts[i];
		size_t index = registry_find_host(reg, row->name);

		if (index == NO_HOST) {
			log_warn("record",
				 "host %s is recorded but not configured any "
				 "more; its VMs are not looked after",
				 row->name);
			continue;
		}
		struct reg_host *host = &reg->hosts[index];
		host->state = row->state;
		host->state_wall_ms = row->since_ms;
		host->state_ms = mono_of(row->since_ms, now_ms, wall_ms);
		COPY(host->trusted_boot, row->trusted_boot);
		COPY(host->state_reason, row->reason);
		load_marks(host, row, now_ms, wall_ms);
	}
}

static void
load_fences(struct registry *reg, const struct store_state *state,
	    int64_t now_ms, int64_t wall_ms)
{
	for (size_t i = 0; i < state->n_fences; i++) {
		size_t index = registry_find_host(reg, state->fences[i].host);
		int64_t ago_ms = wall_ms - state->fences[i].time_ms;

		if (index == NO_HOST || ago_ms < 0)
			continue;
		struct reg_host *host = &reg->hosts[index];
		host->fences_ms[host->n_fences++ % FENCES_PER_HOUR] =
			now_ms - ago_ms;
	}
}

static void
load_failures(struct registry *reg, const struct store_state *state,
	      int64_t now_ms, int64_t wall_ms)
{
	for (size_t i = 0; i < state->n_failures; i++) {
		const struct store_failure *row = &state->failures[i];
		size_t index = registry_find_host(reg, row->what);
		struct reg_vm *vm = registry_find_vm(reg, row->what);
		int64_t then_ms = mono_of(row->time_ms, now_ms, wall_ms);

		if (index != NO_HOST)
			registry_count_failure(&reg->hosts[index], then_ms);
		else if (vm != NULL) /* with which a host died */
			registry_count_took_down(vm, then_ms);
	}
	for (size_t i = 0; i < state->n_restarts; i++) {
		const struct store_failure *row = &state->restarts[i];
		struct reg_vm *vm = registry_find_vm(reg, row->what);

		if (vm != NULL)
			registry_count_restart(vm, mono_of(row->time_ms, now_ms,
							   wall_ms));
	}
}

static void
load_clusters(struct registry *reg, const struct store_state *state,
	      int64_t now_ms, int64_t wall_ms)
{
	for (size_t i = 0; i < state->n_clusters; i++) {
		size_t c = registry_find_cluster(reg, state->clusters[i].name);

		if (c != SIZE_MAX)
			reg->clusters[c].ha = state->clusters[i].ha;
	}
	for (size_t i = 0; i < state->n_disarmed; i++) {
		const struct store_disarmed *row = &state->disarmed[i];
		size_t c = registry_find_cluster(reg, row->cluster);

		if (c == SIZE_MAX)
			continue;
		reg->clusters[c].disarmed = true;
		reg->clusters[c].switch_ms =
			mono_of(row->since_ms, now_ms, wall_ms);
		reg->clusters[c].disarmed_wall_ms = row->since_ms;
		COPY(reg->clusters[c].disarmed_by, row->by);
	}
}

static int
load_vm(struct registry *reg, const struct store_vm *row, int64_t now_ms)
{
	struct reg_vm *vm = registry_add_vm(reg, row->uuid, row->name);

	if (vm == NULL)
		return -1;
	vm->owner = registry_find_host(reg, row->owner);
	vm->intent = row->intent;
	vm->phase = row->phase;
	if (vm->owner == NO_HOST)
		vm->phase = VM_SETTLED; /* its host was taken out of service */
	vm->recovered = row->recovered;
	vm->memory_kib = row->memory_kib;
	vm->vcpus = row->vcpus;
	vm->shared_storage = row->shared_storage;
	vm->start_failures = row->start_failures;
	vm->failed_on = registry_find_host(reg, row->failed_on);
	vm->order = row->order;
	vm->record_ms = now_ms;
	COPY(vm->definition_hash, row->definition_hash);
	return 0;
}

void
record_fill_host(const struct reg_host *host, struct store_host *row)
{
	*row = (struct store_host){
		.state = host->state,
		.since_ms = host->state_wall_ms,
		.set_aside_ms = host->set_aside_wall_ms,
		.maintenance = host->maintenance,
		.mass = host->mass,
		.mass_ms = host->mass_wall_ms,
	};
	COPY(row->name, host->conf->name);
	COPY(row->trusted_boot, host->trusted_boot);
	COPY(row->reason, host->state_reason);
}

/* Every configured host has its row: VMs refer to it. */
static int
write_new_hosts(const struct registry *reg, struct store *store,
		int64_t wall_ms, struct err *err)
{
	store_begin(store);
	for (size_t i = 0; i < reg->n_hosts; i++) {
		struct store_host row;

		if (reg->hosts[i].state != HOST_NEW)
			continue;
		record_fill_host(&reg->hosts[i], &row);
		row.since_ms = wall_ms;
		store_put_host(store, &row);
	}
	return store_commit(store, err);
}

int
record_load(struct registry *reg, struct store *store, int64_t now_ms,
	    int64_t wall_ms, struct err *err)
{
	struct store_state *state;
	int rc = store_load(store, wall_ms, &state, err);

	if (rc < 0)
		return rc;
	load_hosts(reg, state, now_ms, wall_ms);
	load_fences(reg, state, now_ms, wall_ms);
	for (size_t i = 0; i < state->n_vms; i++)
		if (load_vm(reg, &state->vms[i], now_ms) < 0)
			break;
	load_clusters(reg, state, now_ms, wall_ms);
	load_failures(reg, state, now_ms, wall_ms);
	for (size_t i = 0; i < state->n_open_commands; i++)
		log_warn("record", "the end of command %lld is not known: %s",
			 (long long)state->open_commands[i].id,
			 state->open_commands[i].reason);
	lease_book_load(reg, state->leases, state->n_leases);
	reg->snapshot = state->last_snapshot;
	store_state_free(state);
	return write_new_hosts(reg, store, wall_ms, err);
}

/* --- registry -> store -------------------------------------------------- */

static const char *
name_of(const struct registry *reg, size_t host)
{
	return host == NO_HOST ? "" : reg->hosts[host].conf->name;
}

static const char *
cluster_of(const struct registry *reg, size_t host)
{
	return host == NO_HOST
		       ? ""
		       : reg->settings->clusters[reg->hosts[host].conf->cluster]
				 .name;
}

void
record_fill_vm(const struct registry *reg, const struct reg_vm *vm,
	       struct store_vm *row)
{
	*row = (struct store_vm){
		.intent = vm->intent,
		.phase = vm->phase,
		.recovered = vm->recovered,
		.memory_kib = vm->memory_kib,
		.vcpus = vm->vcpus,
		.shared_storage = vm->shared_storage,
		.start_failures = vm->start_failures,
		.order = vm->order,
	};
	COPY(row->uuid, vm->uuid);
	COPY(row->name, vm->name);
	COPY(row->owner, name_of(reg, vm->owner));
	COPY(row->failed_on, name_of(reg, vm->failed_on));
}

static void
add_event(const struct registry *reg, struct store *store,
	  enum severity severity, const char *kind, size_t host, const char *vm,
	  const char *text, const char *detail, int64_t wall_ms)
{
	struct store_event event = { .time_ms = wall_ms, .severity = severity };

	COPY(event.kind, kind);
	COPY(event.cluster, cluster_of(reg, host));
	COPY(event.host, name_of(reg, host));
	COPY(event.vm, vm);
	COPY(event.text, text);
	store_add_event(store, &event, detail);
	log_at(severity == SEVERITY_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
	       kind, "%s", text);
}

static enum severity
severity_of(enum host_state to)
{
	switch (to) {
	case HOST_DEAD:
	case HOST_FENCING:
		return SEVERITY_CRITICAL;
	case HOST_SUSPECT:
	case HOST_NO_AGENT:
	case HOST_ISOLATED:
		return SEVERITY_WARNING;
	default:
		return SEVERITY_INFO;
	}
}

static void
apply_to_host(struct reg_host *host, const struct snapshot *snap,
	      const struct plan_host_change *change, int64_t wall_ms)
{
	int64_t now_ms = snap->now_ms;

	host->state = change->to;
	host->state_ms = now_ms;
	host->state_wall_ms = wall_ms;
	COPY(host->state_reason, change->reason);
	if (change->trust_boot)
		COPY(host->trusted_boot, snap->hosts[change->host].boot);
	if (change->failed)
		registry_count_failure(host, now_ms);
	if (change->set_aside) {
		host->set_aside_ms = now_ms + SET_ASIDE_MS;
		host->set_aside_wall_ms = wall_ms + SET_ASIDE_MS;
	}
	if (change->mass != MASS_NONE) {
		host->mass = change->mass;
		host->mass_ms = now_ms;
		host->mass_wall_ms = wall_ms;
	}
}

static void
write_failure(struct store *store, const char *host, int64_t wall_ms)
{
	struct store_failure failure = { .time_ms = wall_ms };

	COPY(failure.what, host);
	store_add_failure(store, &failure);
}

static void
write_host_changes(const struct registry *reg, struct store *store,
		   const struct snapshot *snap, const struct plan *plan,
		   const char *detail, int64_t wall_ms)
{
	for (size_t i = 0; i < plan->n_host_changes; i++) {
		const struct plan_host_change *change = &plan->host_changes[i];
		struct reg_host after = reg->hosts[change->host];
		struct store_host row;
		char kind[STORE_KIND_LEN];

		apply_to_host(&after, snap, change, wall_ms);
		record_fill_host(&after, &row);
		store_put_host(store, &row);
		if (change->failed)
			write_failure(store, row.name, wall_ms);
		snprintf(kind, sizeof(kind), "host-%s",
			 host_state_name(change->to));
		add_event(reg, store, severity_of(change->to), kind,
			  change->host, "", change->reason, detail, wall_ms);
	}
}

static void
apply_to_vm(struct reg_vm *vm, const struct plan_vm_change *change,
	    int64_t now_ms)
{
	bool ended = change->phase == VM_STOPPING ||
		     (vm->phase == VM_STOPPING && change->intent == INTENT_OFF);

	if (vm->owner != change->owner ||
	    (vm->phase == VM_SETTLED && change->phase != VM_SETTLED &&
	     now_ms - vm->seen_ms >= SEEN_THERE_MS))
		vm->seen_ms = 0; /* too old to say where it was at its end */
	if (vm->owner != change->owner || vm->intent != change->intent ||
	    vm->phase != change->phase)
		vm->record_ms = now_ms;
	vm->owner = change->owner;
	vm->intent = change->intent;
	vm->phase = change->phase;
	vm->recovered = change->recovered;
	vm->absences = 0;
	if (change->order_done)
		vm->order = INTENT_UNKNOWN;
	if (ended)
		vm->failed_on = change->owner; /* by us */
	else if (change->phase == VM_SETTLED)
		vm->failed_on = NO_HOST;
	if (change->phase == VM_SETTLED)
		vm->start_failures = 0;
	COPY(vm->reason, change->reason);
}

static const char *
vm_event_kind(const struct plan_vm_change *change)
{
	return change->phase == VM_LOST       ? "vm-lost"
	       : change->phase == VM_STARTING ? "vm-start"
	       : change->phase == VM_STOPPING ? "vm-stop"
	       : change->intent == INTENT_OFF ? "vm-off"
					      : "vm-running";
}

static void
write_counts(struct store *store, const struct plan_vm_change *change,
	     const char *uuid, int64_t wall_ms)
{
	struct store_failure row = { .time_ms = wall_ms };

	COPY(row.what, uuid);
	if (change->restart)
		store_add_restart(store, &row);
	if (change->took_down)
		store_add_failure(store, &row);
}

static void
write_vm_changes(const struct registry *reg, struct store *store,
		 const struct plan *plan, const char *detail, int64_t wall_ms)
{
	for (size_t i = 0; i < plan->n_vm_changes; i++) {
		const struct plan_vm_change *change = &plan->vm_changes[i];
		struct reg_vm after = reg->vms[change->vm];
		struct store_vm row;

		apply_to_vm(&after, change, 0);
		record_fill_vm(reg, &after, &row);
		store_put_vm(store, &row);
		write_counts(store, change, after.uuid, wall_ms);
		if (!change->silent)
			add_event(reg, store,
				  change->phase == VM_LOST ||
						  change->phase == VM_STOPPING
					  ? SEVERITY_WARNING
					  : SEVERITY_INFO,
				  vm_event_kind(change), change->owner,
				  after.name, change->reason, detail, wall_ms);
	}
}

/* All cleanings of one host are one command, see execute.c. */
static bool
is_later_clean(const struct plan *plan, size_t i)
{
	if (plan->steps[i].kind != STEP_CLEAN)
		return false;
	for (size_t k = 0; k < i; k++)
		if (plan->steps[k].kind == STEP_CLEAN &&
		    plan->steps[k].host == plan->steps[i].host)
			return true;
	return false;
}

/* Counted when it is recorded: a coordinator that is killed during each fence
 * must not fence for ever. */
static void
write_fence(struct store *store, const struct store_command *command)
{
	struct store_fence fence = { .time_ms = command->recorded_ms,
				     .outcome = OUTCOME_OPEN };

	COPY(fence.host, command->host);
	store_add_fence(store, &fence, NULL);
}

static void
write_commands(const struct registry *reg, struct store *store,
	       const struct snapshot *snap, const struct plan *plan,
	       int64_t wall_ms, int64_t *ret_commands)
{
	static const enum store_command_kind kinds[STEP_KINDS] = {
		[STEP_FENCE] = COMMAND_FENCE,   [STEP_CLEAN] = COMMAND_CLEAN,
		[STEP_START] = COMMAND_START,   [STEP_STOP] = COMMAND_STOP,
		[STEP_RESUME] = COMMAND_RESUME,
	};

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];
		struct store_command command = { .kind = kinds[step->kind],
						 .snapshot = snap->number,
						 .recorded_ms = wall_ms };

		ret_commands[i] = 0;
		if (step->kind == STEP_PROBE || is_later_clean(plan, i))
			continue;
		COPY(command.host, name_of(reg, step->host));
		if (step->kind == STEP_START || step->kind == STEP_STOP ||
		    step->kind == STEP_RESUME)
			COPY(command.vm, reg->vms[step->vm].uuid);
		if (step->kind == STEP_START)
			COPY(command.from,
			     name_of(reg, reg->vms[step->vm].owner));
		COPY(command.reason, step->reason);
		ret_commands[i] = store_add_command(store, &command);
		if (step->kind == STEP_FENCE)
			write_fence(store, &command);
	}
}

static bool
is_worth_recording(const struct plan *plan)
{
	if (plan->n_host_changes > 0 || plan->n_vm_changes > 0)
		return true;
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind != STEP_PROBE)
			return true;
	return false;
}

static void
take_vm_change(struct registry *reg, const struct plan_vm_change *change,
	       int64_t now_ms)
{
	struct reg_vm *vm = &reg->vms[change->vm];
	bool adopted = vm->owner != change->owner && change->owner != NO_HOST &&
		       change->phase == VM_SETTLED;

	apply_to_vm(vm, change, now_ms);
	if (change->restart)
		registry_count_restart(vm, now_ms);
	if (change->took_down)
		registry_count_took_down(vm, now_ms);
	if (adopted)
		registry_adopted(reg, vm);
}

static void
apply_plan(struct registry *reg, const struct snapshot *snap,
	   const struct plan *plan, int64_t wall_ms)
{
	for (size_t i = 0; i < plan->n_host_changes; i++) {
		const struct plan_host_change *change = &plan->host_changes[i];

		apply_to_host(&reg->hosts[change->host], snap, change, wall_ms);
	}
	for (size_t i = 0; i < plan->n_vm_changes; i++)
		take_vm_change(reg, &plan->vm_changes[i], snap->now_ms);
}

int
record_plan(struct registry *reg, struct store *store,
	    const struct snapshot *snap, const struct plan *plan,
	    int64_t wall_ms, int64_t *ret_commands, struct err *err)
{
	char detail[64];

	for (size_t i = 0; i < plan->n_steps; i++)
		ret_commands[i] = 0;
	if (!is_worth_recording(plan))
		return 0;

	json_t *snap_json = snapshot_to_json(snap);
	json_t *plan_json = plan_to_json(snap, plan);
	cleanup_free char *snap_text = json_dumps(snap_json, JSON_COMPACT);
	cleanup_free char *plan_text = json_dumps(plan_json, JSON_COMPACT);
	json_decref(snap_json);
	json_decref(plan_json);
	snprintf(detail, sizeof(detail), "{\"snapshot\":%llu}",
		 (unsigned long long)snap->number);

	store_begin(store);
	write_host_changes(reg, store, snap, plan, detail, wall_ms);
	write_vm_changes(reg, store, plan, detail, wall_ms);
	write_commands(reg, store, snap, plan, wall_ms, ret_commands);
	store_add_snapshot(store, snap->number, wall_ms, snap_text, plan_text);
	int rc = store_commit(store, err);
	if (rc == 0)
		apply_plan(reg, snap, plan, wall_ms);
	return rc;
}

int
record_ordered(struct registry *reg, struct store *store,
	       const struct record_end *order, int64_t wall_ms, struct err *err)
{
	if (order->vm != NULL) {
		struct store_vm row;

		record_fill_vm(reg, order->vm, &row);
		store_put_vm(store, &row);
	}
	add_event(reg, store, order->severity, order->kind, order->host,
		  order->vm != NULL ? order->vm->name : "", order->text,
		  order->detail, wall_ms);
	return store_commit(store, err);
}

int
record_end(struct registry *reg, struct store *store,
	   const struct record_end *end, int64_t wall_ms, struct err *err)
{
	store_begin(store);
	if (end->command != 0)
		store_end_command(store, end->command, end->outcome, end->text,
				  wall_ms);
	return record_ordered(reg, store, end, wall_ms, err);
}

int
record_event(struct registry *reg, struct store *store, enum severity severity,
	     const char *kind, size_t host, const char *vm, const char *text,
	     int64_t wall_ms)
{
	struct err err;

	store_begin(store);
	add_event(reg, store, severity, kind, host, vm, text, NULL, wall_ms);
	int rc = store_commit(store, &err);
	if (rc < 0)
		log_error("record", "%s", err.text);
	return rc;
}

int
record_notes(struct registry *reg, struct store *store,
	     const struct record_note *notes, size_t n, int64_t wall_ms)
{
	struct err err;

	store_begin(store);
	for (size_t i = 0; i < n; i++)
		add_event(reg, store, notes[i].severity, notes[i].kind,
			  notes[i].host, notes[i].vm, notes[i].text, NULL,
			  wall_ms);
	int rc = store_commit(store, &err);
	if (rc < 0)
		log_error("record", "%s", err.text);
	return rc;
}

int
record_bmc_log(struct registry *reg, struct store *store, size_t host,
	       const struct store_bmc_log *row, const struct record_news *news,
	       size_t n, int64_t wall_ms, struct err *err)
{
	store_begin(store);
	store_put_bmc_log(store, row);
	for (size_t i = 0; i < n; i++)
		add_event(reg, store, news[i].severity, "bmc-event", host, "",
			  news[i].text, NULL, wall_ms);
	return store_commit(store, err);
}
