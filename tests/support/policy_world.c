/* SPDX-License-Identifier: Apache-2.0 */
/* The physics: power, boots, libvirt, commands on their way. */
#include "tests/support/policy_world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint64_t
world_draw(struct world *w, uint64_t n)
{
	/* xorshift64*; its state is never 0 */
	w->luck ^= w->luck >> 12;
	w->luck ^= w->luck << 25;
	w->luck ^= w->luck >> 27;
	return n ? (w->luck * 2685821657736338717ull >> 33) % n : 0;
}

void
world_say(const struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->transcript == NULL)
		return;
	va_start(ap, fmt);
	fprintf(w->transcript, "%6.2f  ",
		(double)(w->now_ms - w->begun_ms) / 1000);
	vfprintf(w->transcript, fmt, ap);
	fputc('\n', w->transcript);
	va_end(ap);
}

void
world_violate(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->violation[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(w->violation, sizeof(w->violation), fmt, ap);
	va_end(ap);
	world_say(w, "VIOLATION %s", w->violation);
}

bool
world_is_up(const struct world *w, size_t host)
{
	const struct world_host *h = &w->hosts[host];

	return h->on && !h->hung && w->now_ms >= h->ready_ms;
}

bool
world_reaches(const struct world *w, size_t host)
{
	return world_is_up(w, host) && !w->hosts[host].mgmt_cut;
}

size_t
world_running_on(const struct world *w, size_t vm, size_t *ret_first)
{
	size_t n = 0;

	for (size_t h = 0; h < w->n_hosts; h++)
		if (w->hosts[h].on &&
		    w->hosts[h].copies[vm].state == COPY_RUNNING && n++ == 0)
			*ret_first = h;
	return n;
}

/* --- power --------------------------------------------------------------- */

void
world_power_off(struct world *w, size_t host)
{
	struct world_host *h = &w->hosts[host];

	if (!h->on)
		return;
	world_say(w, "h%zu loses power", host);
	h->on = h->hung = h->libvirt_hung = h->agent_dead = false;
	h->off_ms = h->switched_ms = w->now_ms;
	for (size_t vm = 0; vm < w->n_vms; vm++) {
		struct world_copy *copy = &h->copies[vm];

		/* The user's last word may have died with the host. */
		if (w->vms[vm].home == host && w->vms[vm].unsettled)
			w->vms[vm].excused = true;
		copy->state = COPY_OFF;
		copy->reason = VM_REASON_UNKNOWN;
	}
}

void
world_power_on(struct world *w, size_t host, int64_t boot_ms)
{
	struct world_host *h = &w->hosts[host];

	h->back_ms = 0;
	if (h->on)
		return;
	world_say(w, "h%zu gets power, boots in %lld ms", host,
		  (long long)boot_ms);
	h->on = true;
	h->switched_ms = w->now_ms;
	h->boot++;
	h->ready_ms = w->now_ms + boot_ms;
	h->reading.at_ms = 0;
}

static void
finish_boot(struct world *w, struct world_host *h)
{
	h->revision++;
	for (size_t vm = 0; !w->hold && vm < w->n_vms; vm++) {
		struct world_copy *copy = &h->copies[vm];

		if (!copy->defined || !copy->autostart)
			continue;
		copy->state = COPY_RUNNING;
		copy->reason = VM_REASON_NONE;
		/* Nobody can keep it from that but the hold. */
		w->vms[vm].autostart_ms = w->now_ms;
		w->vms[vm].wants_run = true;
		w->vms[vm].known_off = false;
		w->vms[vm].off_seen_ms = 0;
		world_say(w, "vm%zu is autostarted", vm);
	}
}

/* --- migrations, by others ------------------------------------------------ */

static bool
can_move(const struct world *w, size_t host)
{
	return world_is_up(w, host) && !w->hosts[host].libvirt_hung;
}

static void
end_move(struct world *w, size_t index, bool done)
{
	struct world_vm *vm = &w->vms[index];
	struct world_host *from = &w->hosts[vm->home], *to = &w->hosts[vm->to];
	struct world_copy *source = &from->copies[index];
	struct world_copy *target = &to->copies[index];

	world_say(w, "vm%zu: migration h%zu -> h%zu %s", index, vm->home,
		  vm->to, done ? "done" : "failed");
	from->revision++;
	to->revision++;
	target->state = done ? COPY_RUNNING : COPY_OFF;
	if (done) {
		*target = (struct world_copy){ true, source->autostart,
					       COPY_RUNNING, VM_REASON_NONE };
		source->state = COPY_OFF;
		source->reason = VM_REASON_MIGRATED;
		source->defined = vm->keeps_definition;
		vm->home = vm->to;
		vm->unsettled = true;
		w->count.moves++;
	}
	vm->to = NO_HOST;
}

static void
step_move(struct world *w, size_t index)
{
	struct world_vm *vm = &w->vms[index];

	if (vm->to == NO_HOST)
		return;
	const struct world_host *from = &w->hosts[vm->home];
	const struct world_host *to = &w->hosts[vm->to];
	bool alive = from->on && to->on &&
		     from->copies[index].state == COPY_RUNNING &&
		     to->copies[index].state == COPY_INCOMING;

	if (!alive) {
		w->hosts[vm->to].copies[index].state = COPY_OFF;
		w->hosts[vm->to].revision++;
		vm->to = NO_HOST;
	} else if (w->now_ms >= vm->move_ends_ms && can_move(w, vm->home) &&
		   can_move(w, vm->to)) {
		end_move(w, index, world_draw(w, 8) != 0);
	}
}

/* --- agents --------------------------------------------------------------- */

static void
step_agent(struct world *w, size_t host)
{
	struct world_host *h = &w->hosts[host];

	if (!world_is_up(w, host) || h->agent_dead)
		return;
	if (!h->storage_cut && w->now_ms - h->slot_ms >= 1000)
		h->slot_ms = w->now_ms;
	if (!h->libvirt_hung &&
	    (h->reading.at_ms == 0 || w->now_ms - h->reading.at_ms >= 2000 ||
	     h->reading.revision != h->revision)) {
		h->reading.at_ms = w->now_ms;
		h->reading.boot = h->boot;
		h->reading.revision = h->revision;
		memcpy(h->reading.copies, h->copies, sizeof(h->copies));
	}
}

/* --- the BMC -------------------------------------------------------------- */

/* One that lags tells what was a second ago; any may tell off once by mistake,
 * but never twice in a second. */
enum power_state
world_read_bmc(struct world *w, size_t host)
{
	struct world_host *h = &w->hosts[host];

	if (h->bmc_cut)
		return POWER_UNKNOWN;
	if (w->storm && h->on && w->now_ms - h->glitch_ms > 1000 &&
	    world_draw(w, 40) == 0) {
		h->glitch_ms = w->now_ms;
		return POWER_OFF;
	}
	bool lags = h->bmc_lags && w->now_ms - h->switched_ms < 1000;
	return h->on != lags ? POWER_ON : POWER_OFF;
}

/* --- all of it ------------------------------------------------------------ */

static void
add_vm(struct world *w, size_t vm, size_t home)
{
	w->vms[vm] = (struct world_vm){ .wants_run = true,
					.home = home,
					.to = NO_HOST };
	w->hosts[home].copies[vm] =
		(struct world_copy){ true, world_draw(w, 2) != 0, COPY_RUNNING,
				     VM_REASON_NONE };
}

static void
init_hosts(struct world *w, size_t n)
{
	w->n_hosts = n;
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++)
		w->commands[i].kind = STEP_KINDS;
	for (size_t h = 0; h < n; h++) {
		w->hosts[h].on = true;
		w->hosts[h].boot = 1;
		w->hosts[h].silent_ms = w->hosts[h].mute_ms =
			w->hosts[h].idle_ms = w->now_ms;
	}
}

void
world_init(struct world *w, uint64_t seed, struct mind mind)
{
	*w = (struct world){ .seed = seed, .mind = mind, .now_ms = 1000000 };
	/* Seeds that follow each other give worlds that do not. */
	w->luck = (seed + 1) * 0x9e3779b97f4a7c15ull;
	w->luck ^= w->luck >> 31;
	for (int i = 0; i < 8; i++)
		(void)world_draw(w, 1);
	w->begun_ms = w->now_ms;
	init_hosts(w, 2 + world_draw(w, WORLD_HOSTS_MAX - 1));
	w->n_vms = 1 + world_draw(w, WORLD_VMS_MAX);
	w->hold = world_draw(w, 4) != 0;
	w->single = world_draw(w, 3) == 0;
	w->agentx = world_draw(w, 2) != 0;
	for (size_t vm = 0; vm < w->n_vms; vm++)
		add_vm(w, vm, world_draw(w, w->n_hosts));
	coordinator_start(w);
}

void
world_init_plain(struct world *w, struct mind mind)
{
	*w = (struct world){ .luck = 1, .mind = mind, .now_ms = 1000000 };
	w->begun_ms = w->now_ms;
	init_hosts(w, 3);
	w->n_vms = 6;
	w->hold = true;
	for (size_t vm = 0; vm < w->n_vms; vm++)
		add_vm(w, vm, vm % w->n_hosts);
	coordinator_start(w);
}

void
world_step(struct world *w)
{
	w->now_ms += WORLD_STEP_MS;
	if (w->storm)
		world_draw_faults(w);
	for (size_t h = 0; h < w->n_hosts; h++) {
		struct world_host *host = &w->hosts[h];

		if (host->back_ms != 0 && w->now_ms >= host->back_ms)
			world_power_on(w, h,
				       1500 + (int64_t)world_draw(w, 20) *
						       1000);
		if (host->on && host->boot > 1 &&
		    w->now_ms - WORLD_STEP_MS < host->ready_ms &&
		    w->now_ms >= host->ready_ms)
			finish_boot(w, host);
	}
	for (size_t vm = 0; vm < w->n_vms; vm++)
		step_move(w, vm);
	world_carry_out(w);
	for (size_t h = 0; h < w->n_hosts; h++)
		step_agent(w, h);
	coordinator_step(w);
	truth_check(w);
}

void
world_run(struct world *w, int64_t ms)
{
	for (int64_t end_ms = w->now_ms + ms;
	     w->now_ms < end_ms && w->violation[0] == '\0';)
		world_step(w);
}

void
world_heal(struct world *w, int64_t limit_ms)
{
	int64_t end_ms = w->now_ms + limit_ms;
	char why[WORLD_TEXT_LEN] = "";

	w->storm = false;
	world_say(w, "everything is healed");
	w->healed_ms = w->now_ms;
	world_end_faults(w);
	while (w->violation[0] == '\0' && !truth_is_well(w, why)) {
		if (w->now_ms >= end_ms) {
			world_violate(w, "L6 not healed: %s", why);
			return;
		}
		for (size_t h = 0; h < w->n_hosts; h++)
			world_power_on(w, h, 2000);
		world_run(w, 1000);
	}
	/* And it stays so. */
	unsigned acts = w->count.starts + w->count.fences;
	bool is_held = false;
	for (size_t v = 0; v < w->n_vms; v++)
		is_held |= w->co.vms[v].phase != VM_SETTLED;
	world_run(w, 30000);
	if (w->violation[0] == '\0' && !truth_is_well(w, why))
		world_violate(w, "L6 did not stay well: %s", why);
	else if (acts != w->count.starts + w->count.fences && !is_held)
		world_violate(w, "S15 it acts though all is well");
}
