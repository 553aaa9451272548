/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/draft.h"

#include <stdlib.h>

static void *
zeroed(size_t n, size_t size)
{
	void *list = calloc(n ? n : 1, size);

	if (list == NULL)
		abort(); /* out of memory ends the process */
	return list;
}

/* Memory counts for what runs or is meant to run, at its one owner. */
static uint64_t
need_kib(const struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	const struct draft_vm *d = &draft->vms[vm];

	if (d->owner == NO_HOST || d->phase == VM_LOST)
		return 0;
	const struct snap_sighting *seen =
		snapshot_sighting(snap, vm, d->owner);
	if (d->intent != INTENT_RUN &&
	    (seen == NULL || !vm_state_is_active(seen->state)))
		return 0;
	return snap->vms[vm].memory_kib;
}

void
draft_init(struct draft *draft, const struct snapshot *snap)
{
	*draft = (struct draft){
		.snap = snap,
		.plan = zeroed(1, sizeof(*draft->plan)),
		.states = zeroed(snap->n_hosts, sizeof(*draft->states)),
		.mass = zeroed(snap->n_hosts, sizeof(*draft->mass)),
		.failed = zeroed(snap->n_hosts, sizeof(*draft->failed)),
		.vms = zeroed(snap->n_vms, sizeof(*draft->vms)),
		.starts = zeroed(snap->n_hosts, sizeof(*draft->starts)),
		.used_kib = zeroed(snap->n_hosts, sizeof(*draft->used_kib)),
	};
	for (size_t i = 0; i < snap->n_hosts; i++) {
		draft->states[i] = snap->hosts[i].state;
		draft->mass[i] = snap->hosts[i].mass;
	}
	for (size_t i = 0; i < snap->n_vms; i++) {
		const struct snap_vm *vm = &snap->vms[i];

		draft->vms[i] = (struct draft_vm){ vm->owner, vm->intent,
						   vm->phase, vm->recovered };
		if (vm->owner == NO_HOST)
			continue;
		draft->used_kib[vm->owner] += need_kib(draft, i);
		if (vm->starting && vm->phase == VM_STARTING)
			draft->starts[vm->owner]++;
	}
}

void
draft_done(struct draft *draft)
{
	free(draft->states);
	free(draft->mass);
	free(draft->failed);
	free(draft->vms);
	free(draft->starts);
	free(draft->used_kib);
}

struct plan_host_change *
draft_host(struct draft *draft, size_t host, enum host_state to)
{
	struct plan_host_change *change = plan_add_host_change(draft->plan);

	draft->states[host] = to;
	change->host = host;
	change->to = to;
	return change;
}

struct plan_vm_change *
draft_vm(struct draft *draft, size_t vm, const struct draft_vm *want)
{
	struct plan_vm_change *change = plan_add_vm_change(draft->plan);

	if (draft->vms[vm].owner != NO_HOST)
		draft->used_kib[draft->vms[vm].owner] -= need_kib(draft, vm);
	draft->vms[vm] = *want;
	if (want->owner != NO_HOST)
		draft->used_kib[want->owner] += need_kib(draft, vm);
	change->vm = vm;
	change->owner = want->owner;
	change->intent = want->intent;
	change->phase = want->phase;
	change->recovered = want->recovered;
	return change;
}

struct plan_step *
draft_step(struct draft *draft, enum step_kind kind, size_t host, size_t vm)
{
	struct plan_step *step = plan_add_step(draft->plan, kind);

	step->host = host;
	step->vm = vm;
	return step;
}
