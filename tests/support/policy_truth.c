/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be true, whatever the coordinator believes.  The names S1, L6 and
 * so on are those of the list of invariants in scheduler/policy/README.md.
 */
#include <stdio.h>

#include "tests/support/policy_world.h"

enum {
	AUTOSTART_EXCUSE_MS = 120000, /* a boot without the hold */
	LIBVIRT_SEEN_MS = 5000,       /* so long it answers: it is seen */
	SLOT_SEEN_MS = 15000,
	MASS_SETTLES_MS = 3000,
	HELD_MS = 60000,
	PROOF_LASTS_MS = OFF_PROOF_MS + 1500 /* and a BMC may lag */
};

static bool
is_excused(const struct world *w, size_t vm)
{
	return w->vms[vm].autostart_ms != 0;
}

/* --- after each step ------------------------------------------------------ */

static void
check_copies(struct world *w, size_t vm)
{
	size_t first, n = world_running_on(w, vm, &first);

	if (n > 1 && !is_excused(w, vm))
		world_violate(w, "S1 vm%zu runs %zu times, first on h%zu", vm,
			      n, first);
	if (n <= 1 &&
	    w->now_ms - w->vms[vm].autostart_ms >= AUTOSTART_EXCUSE_MS)
		w->vms[vm].autostart_ms = 0;
}

/* The record agrees with what its user and its movers did. */
static void
settle(struct world *w, size_t v)
{
	const struct co_vm *recorded = &w->co.vms[v];
	struct world_vm *vm = &w->vms[v];

	if (recorded->phase != VM_SETTLED || recorded->owner != vm->home ||
	    recorded->intent != (vm->wants_run ? INTENT_RUN : INTENT_OFF))
		return;
	vm->unsettled = vm->excused = false;
}

static bool
has_witness(const struct world *w, size_t host)
{
	for (size_t i = 0; i < w->n_hosts; i++)
		if (i != host && world_reaches(w, i) &&
		    !w->hosts[i].agent_dead && !w->hosts[i].storage_cut)
			return true;
	return false;
}

static void
watch_channels(struct world *w, size_t index)
{
	struct world_host *h = &w->hosts[index];

	if (world_reaches(w, index) && !h->agent_dead)
		h->silent_ms = w->now_ms;
	if (!world_reaches(w, index) || h->libvirt_hung)
		h->mute_ms = w->now_ms;
	if (!world_is_up(w, index) || h->agent_dead || h->storage_cut ||
	    !has_witness(w, index))
		h->idle_ms = w->now_ms;
	if (!w->co.alive)
		h->mute_ms = h->idle_ms = w->now_ms;
}

void
truth_check(struct world *w)
{
	for (size_t vm = 0; vm < w->n_vms; vm++) {
		check_copies(w, vm);
		settle(w, vm);
	}
	for (size_t h = 0; h < w->n_hosts; h++)
		watch_channels(w, h);
}

/* --- when a command is given ---------------------------------------------- */

/* Entitled is who has a proof; that nothing ran there by luck does not count.
 */
static void
check_proof(struct world *w, const struct plan_step *step)
{
	size_t from = w->co.vms[step->vm].came_from;

	w->co.vms[step->vm].came_from = NO_HOST;
	if (from == NO_HOST || from == step->host || !w->hosts[from].on ||
	    w->co.hosts[from].link == LINK_OK ||
	    w->now_ms - w->hosts[from].switched_ms <= PROOF_LASTS_MS)
		return;
	world_violate(w,
		      "S2 vm%zu is started on h%zu without a proof that h%zu "
		      "is off",
		      step->vm, step->host, from);
}

static void
check_start(struct world *w, const struct plan_step *step)
{
	check_proof(w, step);
	if (w->vms[step->vm].known_off)
		world_violate(w,
			      "S7 vm%zu was shut down by its user and is "
			      "started",
			      step->vm);
	for (size_t h = 0; h < w->n_hosts; h++)
		if (h != step->host && w->hosts[h].on && w->hold &&
		    w->hosts[h].copies[step->vm].state == COPY_RUNNING)
			world_violate(w,
				      "S2 vm%zu is started on h%zu, but "
				      "runs on h%zu",
				      step->vm, step->host, h);
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++) {
		const struct world_command *c = &w->commands[i];

		if (c->kind == STEP_START && c->vm == step->vm &&
		    c->life == w->co.life && w->hosts[c->host].on &&
		    w->hosts[c->host].boot == c->boot)
			world_violate(w,
				      "S12 vm%zu has two starts open, on "
				      "h%zu and h%zu",
				      step->vm, c->host, step->host);
	}
}

static void
check_fence(struct world *w, size_t host)
{
	const struct world_host *h = &w->hosts[host];
	size_t silent = 0, heard = 0;

	for (size_t i = 0; i < w->n_hosts; i++) {
		const struct world_host *other = &w->hosts[i];

		if (w->now_ms - other->silent_ms < MASS_SETTLES_MS ||
		    (world_reaches(w, i) && !other->agent_dead))
			heard++;
		/* One that was dead and is not back yet says nothing. */
		else if (other->on && w->now_ms >= other->ready_ms &&
			 w->co.hosts[i].state != HOST_DEAD &&
			 w->co.hosts[i].state != HOST_REJOINING)
			silent++;
	}
	if (silent > 1 && silent >= heard)
		world_violate(w,
			      "S10 h%zu is fenced, %zu are silent and %zu not",
			      host, silent, heard);
	if (h->fences >= FENCES_PER_HOUR)
		world_violate(w, "S11 h%zu is fenced for the %uth time", host,
			      h->fences + 1);
	if (w->now_ms - h->mute_ms >= LIBVIRT_SEEN_MS)
		world_violate(w, "S16 h%zu is fenced, its libvirt answers",
			      host);
	if (w->now_ms - h->idle_ms >= SLOT_SEEN_MS)
		world_violate(w, "S16 h%zu is fenced, it writes its slot",
			      host);
}

void
truth_check_step(struct world *w, const struct plan_step *step)
{
	if (step->kind == STEP_START)
		check_start(w, step);
	else if (step->kind == STEP_FENCE)
		check_fence(w, step->host);
}

/* --- at the end ----------------------------------------------------------- */

static bool
is_host_well(const struct world *w, size_t h, char why[WORLD_TEXT_LEN])
{
	if (world_is_up(w, h) && w->co.hosts[h].state == HOST_UP)
		return true;
	snprintf(why, WORLD_TEXT_LEN, "h%zu is in state %d", h,
		 (int)w->co.hosts[h].state);
	return false;
}

static bool
is_vm_well(const struct world *w, size_t v, char why[WORLD_TEXT_LEN])
{
	const struct co_vm *recorded = &w->co.vms[v];
	const struct world_vm *vm = &w->vms[v];
	size_t host = NO_HOST, n = world_running_on(w, v, &host);

	if (vm->excused && n <= 1 && recorded->phase == VM_SETTLED &&
	    w->now_ms - w->healed_ms >= HELD_MS)
		return true;
	if (n == (vm->wants_run ? 1 : 0) && recorded->phase == VM_SETTLED &&
	    (n == 0 || recorded->owner == host) && !recorded->starting &&
	    recorded->intent == (n ? INTENT_RUN : INTENT_OFF))
		return true;
	/* Without the hold two copies may stand, but never unsaid. */
	if (n > 1 && is_excused(w, v) && w->two_copies & 1u << v)
		return true;
	/* Held for a person: it was moved and shut down while nobody looked. */
	if (!vm->wants_run && vm->unsettled && n == 0 && !recorded->starting &&
	    w->now_ms - w->healed_ms >= HELD_MS)
		return true;
	snprintf(why, WORLD_TEXT_LEN,
		 "vm%zu runs %zu times on h%zd, wanted %d; record: owner "
		 "h%zd, intent %d, phase %d, starting %d",
		 v, n, (ssize_t)host, vm->wants_run, (ssize_t)recorded->owner,
		 (int)recorded->intent, (int)recorded->phase,
		 recorded->starting);
	return false;
}

bool
truth_is_well(const struct world *w, char why[WORLD_TEXT_LEN])
{
	if (!w->co.alive) {
		snprintf(why, WORLD_TEXT_LEN, "the coordinator is down");
		return false;
	}
	for (size_t h = 0; h < w->n_hosts; h++)
		if (!is_host_well(w, h, why))
			return false;
	for (size_t v = 0; v < w->n_vms; v++)
		if (!is_vm_well(w, v, why))
			return false;
	return true;
}
