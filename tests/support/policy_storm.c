/* SPDX-License-Identifier: Apache-2.0 */
/* Luck: what goes wrong, what users do, and how it ends. */
#include <string.h>

#include "tests/support/policy_world.h"

static bool
is_faulty(const struct world *w)
{
	if (!w->co.alive)
		return true;
	for (size_t h = 0; h < w->n_hosts; h++) {
		const struct world_host *host = &w->hosts[h];

		if (!world_is_up(w, h) || host->mgmt_cut || host->storage_cut ||
		    host->bmc_cut || host->agent_dead || host->libvirt_hung)
			return true;
	}
	return false;
}

/* --- faults of hosts ------------------------------------------------------ */

static void
cut_power(struct world *w, size_t h)
{
	world_power_off(w, h);
	w->hosts[h].bmc_cut |= world_draw(w, 4) == 0;
	w->hosts[h].back_ms =
		w->now_ms + 4000 + (int64_t)world_draw(w, 80) * 500;
}

static void
reboot_fast(struct world *w, size_t h)
{
	world_power_off(w, h);
	world_power_on(w, h, 1000 + (int64_t)world_draw(w, 20) * 250);
}

static void
hang(struct world *w, size_t h)
{
	w->hosts[h].hung = w->hosts[h].on;
}

static void
kill_agent(struct world *w, size_t h)
{
	w->hosts[h].agent_dead = true;
}

static void
hang_libvirt(struct world *w, size_t h)
{
	w->hosts[h].libvirt_hung = true;
}

static void
cut_management(struct world *w, size_t h)
{
	w->hosts[h].mgmt_cut = true;
}

/* The rest of that race: what came here was not seen yet. */
static bool
is_moved_to(const struct world *w, size_t h)
{
	for (size_t v = 0; v < w->n_vms; v++)
		if (w->vms[v].to == h ||
		    (w->vms[v].home == h && w->vms[v].unsettled &&
		     w->vms[v].wants_run))
			return true;
	return false;
}

static void
cut_all_management(struct world *w, size_t h)
{
	(void)h;
	for (size_t i = 0; i < w->n_hosts; i++)
		w->hosts[i].mgmt_cut |= !is_moved_to(w, i);
}

static void
cut_storage(struct world *w, size_t h)
{
	w->hosts[h].storage_cut = true;
}

static void
cut_bmc(struct world *w, size_t h)
{
	w->hosts[h].bmc_cut = true;
}

static void
lag_bmc(struct world *w, size_t h)
{
	w->hosts[h].bmc_lags = true;
}

static void
press_power_button(struct world *w, size_t h)
{
	if (!w->hosts[h].on)
		world_power_on(w, h, 1500 + (int64_t)world_draw(w, 40) * 500);
}

static void
kill_coordinator(struct world *w, size_t h)
{
	(void)h;
	coordinator_kill(w, world_draw(w, 3) == 0
				    ? 250
				    : (int64_t)world_draw(w, 80) * 500);
}

/* --- users ---------------------------------------------------------------- */

static bool
can_be_used(const struct world *w, size_t h)
{
	return world_is_up(w, h) && !w->hosts[h].libvirt_hung;
}

static bool
has_command(const struct world *w, size_t vm)
{
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++)
		if (w->commands[i].kind == STEP_START &&
		    w->commands[i].vm == vm)
			return true;
	return false;
}

static void
stop_vm(struct world *w, size_t v)
{
	struct world_vm *vm = &w->vms[v];
	struct world_host *h = &w->hosts[vm->home];
	struct world_copy *copy = &h->copies[v];

	if (!can_be_used(w, vm->home) || copy->state != COPY_RUNNING ||
	    vm->to != NO_HOST || has_command(w, v) || vm->autostart_ms != 0 ||
	    (vm->unsettled && w->co.vms[v].owner != vm->home))
		return;
	world_say(w, "vm%zu is shut down by its user on h%zu", v, vm->home);
	copy->state = COPY_OFF;
	copy->reason =
		world_draw(w, 2) ? VM_REASON_SHUTDOWN : VM_REASON_DESTROYED;
	copy->defined = world_draw(w, 4) != 0;
	/* Started, ended and removed before anybody saw it. */
	if ((!copy->defined && (w->co.vms[v].phase != VM_SETTLED ||
				w->co.vms[v].owner != vm->home)) ||
	    w->co.hosts[vm->home].trusted_boot != h->boot)
		vm->excused = true;
	h->revision++;
	vm->wants_run = false;
	vm->unsettled = true;
}

/* A user may start what he shut down, at its host, as long as nobody else is
 * about to: that race cannot be won by anybody. */
static void
run_vm(struct world *w, size_t v)
{
	struct world_vm *vm = &w->vms[v];
	struct world_host *h = &w->hosts[vm->home];
	struct world_copy *copy = &h->copies[v];
	size_t first;

	if (!can_be_used(w, vm->home) || !copy->defined || vm->wants_run ||
	    copy->state != COPY_OFF || has_command(w, v) ||
	    world_running_on(w, v, &first) > 0 || h->storage_cut ||
	    w->co.vms[v].phase != VM_SETTLED || w->co.vms[v].owner != vm->home)
		return;
	world_say(w, "vm%zu is started by its user on h%zu", v, vm->home);
	copy->state = COPY_RUNNING;
	copy->reason = VM_REASON_NONE;
	h->revision++;
	vm->wants_run = vm->unsettled = true;
	vm->known_off = false;
	vm->off_seen_ms = 0;
}

/* With a coordinator that looks, nobody moves a VM between hosts that it cannot
 * see: that is the one race that is left, see the room's README. */
static bool
is_seen(const struct world *w, size_t h)
{
	return (!w->co.alive && w->co.back_ms > w->now_ms + 5000) ||
	       (world_reaches(w, h) && !w->hosts[h].agent_dead &&
		w->co.hosts[h].link == LINK_OK);
}

static void
move_vm(struct world *w, size_t v)
{
	struct world_vm *vm = &w->vms[v];
	size_t to = world_draw(w, w->n_hosts);

	if (to == vm->home || vm->to != NO_HOST || has_command(w, v) ||
	    vm->unsettled || !can_be_used(w, vm->home) || !can_be_used(w, to) ||
	    !is_seen(w, vm->home) || !is_seen(w, to) ||
	    w->hosts[vm->home].copies[v].state != COPY_RUNNING ||
	    w->hosts[to].copies[v].state != COPY_OFF ||
	    w->hosts[vm->home].storage_cut || w->hosts[to].storage_cut)
		return;
	world_say(w, "vm%zu: somebody migrates it h%zu -> h%zu", v, vm->home,
		  to);
	vm->to = to;
	vm->keeps_definition = world_draw(w, 2) != 0;
	vm->move_ends_ms = w->now_ms + 1000 + (int64_t)world_draw(w, 8) * 250;
	w->hosts[to].copies[v].state = COPY_INCOMING;
	w->hosts[to].revision++;
}

/* --- the dice ------------------------------------------------------------- */

static void
draw_end(struct world *w, struct world_host *h)
{
	bool *const flags[] = { &h->mgmt_cut, &h->storage_cut, &h->bmc_cut,
				&h->bmc_lags, &h->agent_dead,  &h->libvirt_hung,
				&h->hung };
	bool *flag = flags[world_draw(w, sizeof(flags) / sizeof(*flags))];

	if (world_draw(w, 12) == 0)
		*flag = false;
}

static void
draw_host_fault(struct world *w)
{
	static const struct {
		const char *name;
		void (*strike)(struct world *w, size_t host);
		unsigned weight;
	} faults[] = {
		{ "power cut", cut_power, 5 },
		{ "fast reboot", reboot_fast, 2 },
		{ "hang", hang, 3 },
		{ "agent dies", kill_agent, 2 },
		{ "libvirt hangs", hang_libvirt, 2 },
		{ "management cut", cut_management, 2 },
		{ "all management cut", cut_all_management, 1 },
		{ "storage cut", cut_storage, 2 },
		{ "BMC silent", cut_bmc, 2 },
		{ "BMC lags", lag_bmc, 1 },
		{ "power button", press_power_button, 4 },
		{ "coordinator killed", kill_coordinator, 3 },
	};
	size_t host = world_draw(w, w->n_hosts);

	if (w->co.alive && is_moved_to(w, host))
		return;
	unsigned die = (unsigned)world_draw(w, 29);
	size_t i = 0;

	while (die >= faults[i].weight)
		die -= faults[i++].weight;
	world_say(w, "fault: %s (h%zu)", faults[i].name, host);
	w->count.faults++;
	faults[i].strike(w, host);
}

void
world_draw_faults(struct world *w)
{
	static void (*const acts[])(struct world *, size_t) = { stop_vm, run_vm,
								move_vm };

	for (size_t h = 0; h < w->n_hosts; h++)
		if (world_draw(w, 4) == 0)
			draw_end(w, &w->hosts[h]);
	if (world_draw(w, 24) == 0 && (!w->single || !is_faulty(w)))
		draw_host_fault(w);
	if (world_draw(w, 12) == 0)
		acts[world_draw(w, 3)](w, world_draw(w, w->n_vms));
}

void
world_end_faults(struct world *w)
{
	for (size_t i = 0; i < w->n_hosts; i++) {
		struct world_host *h = &w->hosts[i];

		h->mgmt_cut = h->storage_cut = h->bmc_cut = h->bmc_lags =
			h->agent_dead = h->libvirt_hung = h->hung = false;
		h->back_ms = 0;
	}
	if (!w->co.alive)
		w->co.back_ms = w->now_ms;
}
