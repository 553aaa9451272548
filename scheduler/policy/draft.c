/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/draft.h"

#include <stdlib.h>
#include <string.h>

static void *
zeroed(size_t n, size_t size)
{
	void *list = calloc(n ? n : 1, size);

	if (list == NULL)
		abort(); /* out of memory ends the process */
	return list;
}

/* At its owner it counts when it runs or is meant to run. */
static bool
counts_at_owner(const struct draft *draft, size_t vm)
{
	const struct draft_vm *d = &draft->vms[vm];

	return d->owner != NO_HOST && d->phase != VM_LOST &&
	       (d->intent == INTENT_RUN ||
		snapshot_shows_active(draft->snap, vm, d->owner));
}

/* Elsewhere when a host that can be believed shows it. */
static bool
counts_where_seen(const struct draft *draft, const struct snap_sighting *seen)
{
	const struct snap_host *host = &draft->snap->hosts[seen->host];

	return vm_state_is_active(seen->state) && host->state != HOST_DEAD &&
	       host_vms_are_fresh(host);
}

bool
draft_occupies(const struct draft *draft, size_t vm, size_t host)
{
	if (draft->vms[vm].owner == host && counts_at_owner(draft, vm))
		return true;
	for (size_t i = draft->seen_from[vm]; i < draft->seen_from[vm + 1]; i++)
		if (draft->snap->sightings[i].host == host)
			return counts_where_seen(draft,
						 &draft->snap->sightings[i]);
	return false;
}

static void
occupy(struct draft *draft, size_t vm, size_t host, int sign)
{
	uint64_t kib = draft->snap->vms[vm].memory_kib;

	draft->used_kib[host] += sign > 0 ? kib : -kib;
	rulebook_count(draft->rules, vm, host, sign);
}

/* Once on each host that it occupies. */
static void
account(struct draft *draft, size_t vm, int sign)
{
	const struct snapshot *snap = draft->snap;
	size_t owner = draft->vms[vm].owner;
	bool at_owner = counts_at_owner(draft, vm);

	if (at_owner)
		occupy(draft, vm, owner, sign);
	for (size_t i = draft->seen_from[vm]; i < draft->seen_from[vm + 1]; i++)
		if ((!at_owner || snap->sightings[i].host != owner) &&
		    counts_where_seen(draft, &snap->sightings[i]))
			occupy(draft, vm, snap->sightings[i].host, sign);
}

uint64_t
draft_free_kib(const struct draft *draft, size_t host)
{
	uint64_t all = draft->snap->hosts[host].memory_kib;
	uint64_t used = draft->used_kib[host] + draft->held_kib[host];

	return used < all ? all - used : 0;
}

static void
index_sightings(struct draft *draft)
{
	const struct snapshot *snap = draft->snap;
	size_t i = 0;

	draft->seen_from = zeroed(snap->n_vms + 1, sizeof(*draft->seen_from));
	for (size_t vm = 0; vm < snap->n_vms; vm++) {
		draft->seen_from[vm] = i;
		while (i < snap->n_sightings && snap->sightings[i].vm <= vm)
			i++;
	}
	draft->seen_from[snap->n_vms] = i;
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
		.held_kib = zeroed(snap->n_hosts, sizeof(*draft->held_kib)),
		.rules = rulebook_new(snap),
	};
	index_sightings(draft);
	for (size_t i = 0; i < snap->n_hosts; i++) {
		draft->states[i] = snap->hosts[i].state;
		draft->mass[i] = snap->hosts[i].mass;
	}
	for (size_t i = 0; i < snap->n_vms; i++) {
		const struct snap_vm *vm = &snap->vms[i];

		draft->vms[i] = (struct draft_vm){ vm->owner, vm->intent,
						   vm->phase, vm->recovered };
		account(draft, i, 1);
		if (vm->owner != NO_HOST && vm->starting &&
		    vm->phase == VM_STARTING)
			draft->starts[vm->owner]++;
	}
}

static void *
copied(const void *list, size_t n, size_t size)
{
	void *copy = zeroed(n, size);

	if (n > 0)
		memcpy(copy, list, n * size);
	return copy;
}

void
draft_clone(struct draft *draft, const struct draft *of)
{
	size_t hosts = of->snap->n_hosts, vms = of->snap->n_vms;

	*draft = (struct draft){
		.snap = of->snap,
		.states = copied(of->states, hosts, sizeof(*of->states)),
		.vms = copied(of->vms, vms, sizeof(*of->vms)),
		.starts = copied(of->starts, hosts, sizeof(*of->starts)),
		.used_kib = copied(of->used_kib, hosts, sizeof(*of->used_kib)),
		.held_kib = copied(of->held_kib, hosts, sizeof(*of->held_kib)),
		.seen_from =
			copied(of->seen_from, vms + 1, sizeof(*of->seen_from)),
		.rules = rulebook_clone(of->rules),
	};
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
	free(draft->held_kib);
	free(draft->seen_from);
	rulebook_free(draft->rules);
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

void
draft_set(struct draft *draft, size_t vm, const struct draft_vm *want)
{
	account(draft, vm, -1);
	draft->vms[vm] = *want;
	account(draft, vm, 1);
}

struct plan_vm_change *
draft_vm(struct draft *draft, size_t vm, const struct draft_vm *want)
{
	struct plan_vm_change *change = plan_add_vm_change(draft->plan);

	draft_set(draft, vm, want);
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
