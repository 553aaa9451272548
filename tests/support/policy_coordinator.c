/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coordinator that keeps its contract: polls, freezes, records, acts.  What
 * it has recorded survives coordinator_kill(), nothing else does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/policy_world.h"

#define KILLED_HERE_1_IN 400 /* chance of a kill between two moves */

static struct co_host *
co_host(struct world *w, size_t host)
{
	return &w->co.hosts[host];
}

/* --- life ----------------------------------------------------------------- */

static void
forget_seen(struct world *w)
{
	for (size_t h = 0; h < w->n_hosts; h++) {
		struct co_host *host = co_host(w, h), kept = *host;

		*host = (struct co_host){ .state = kept.state,
					  .state_ms = kept.state_ms,
					  .trusted_boot = kept.trusted_boot,
					  .n_fences = kept.n_fences };
		memcpy(host->fences_ms, kept.fences_ms,
		       sizeof(host->fences_ms));
	}
	for (size_t v = 0; v < w->n_vms; v++) {
		struct co_vm *vm = &w->co.vms[v];

		vm->starting = false;
		vm->came_from = NO_HOST;
		vm->seen_ms = vm->command_ended_ms = vm->counted_ms = 0;
		vm->record_ms = 0;
		vm->absences = 0;
	}
}

static void
come_up(struct world *w)
{
	w->co.alive = true;
	w->co.life++;
	w->co.started_ms = w->now_ms;
	w->co.back_ms = 0;
	forget_seen(w);
	for (size_t h = 0; h < w->n_hosts; h++)
		co_host(w, h)->report_due_ms =
			w->now_ms + (int64_t)world_draw(w, 40) * 250;
	world_say(w, "coordinator starts, life %u", w->co.life);
}

void
coordinator_start(struct world *w)
{
	for (size_t v = 0; v < w->n_vms; v++)
		w->co.vms[v] = (struct co_vm){ .owner = NO_HOST,
					       .failed_on = NO_HOST };
	for (size_t h = 0; h < w->n_hosts; h++)
		co_host(w, h)->state_ms = w->now_ms;
	come_up(w);
}

/* What a host's libvirt or BMC already has is carried out, what is still at
 * the coordinator is not; unless orphans live on and try again. */
void
coordinator_kill(struct world *w, int64_t for_ms)
{
	if (!w->co.alive)
		return;
	world_say(w, "coordinator is killed for %lld ms", (long long)for_ms);
	w->co.alive = false;
	w->co.back_ms = w->now_ms + for_ms;
	w->count.kills++;
	for (size_t v = 0; v < w->n_vms; v++)
		w->vms[v].off_seen_ms = 0; /* what it had no time to note */
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++) {
		struct world_command *c = &w->commands[i];

		if (c->kind == STEP_KINDS)
			continue;
		if (w->sabotage & SABOTAGE_ORPHANS && c->kind == STEP_START) {
			c->boot = 0;
			c->due_ms = w->now_ms + 20000;
			c->deadline_ms = w->now_ms + START_DEADLINE_MS;
			c->arrives = true;
		} else if (c->kind == STEP_CLEAN && c->due_ms > w->now_ms) {
			c->due_ms = w->now_ms; /* at libvirt, or never */
			c->arrives &= world_draw(w, 2) != 0;
		} else if (c->kind == STEP_FENCE && world_draw(w, 2)) {
			c->kind = STEP_KINDS;
		}
	}
}

/* --- the ends of commands ------------------------------------------------- */

static void
hear_start_end(struct world *w, const struct world_command *c, int result)
{
	struct co_vm *vm = &w->co.vms[c->vm];

	if (vm->serial != c->serial)
		return; /* an older one */
	vm->starting = false;
	if (vm->owner != c->host || vm->phase != VM_STARTING)
		return;
	vm->command_ended_ms = w->now_ms;
	co_host(w, c->host)->report_due_ms = w->now_ms + 250;
	if (result == RESULT_DOUBT)
		return;
	vm->phase = result == RESULT_DONE ? VM_SETTLED : VM_LOST;
	vm->seen_ms = result == RESULT_DONE ? w->now_ms : 0;
	vm->record_ms = w->now_ms;
	vm->start_failures = result == RESULT_DONE ? 0 : vm->start_failures + 1;
	vm->failed_on = result == RESULT_DONE ? NO_HOST : c->host;
}

void
coordinator_hear_end(struct world *w, const struct world_command *c, int result)
{
	struct co_host *host = co_host(w, c->host);

	switch (c->kind) {
	case STEP_START:
		hear_start_end(w, c, result);
		break;
	case STEP_CLEAN:
		host->cleaning = false;
		host->clean_ended_ms = w->now_ms;
		host->report_due_ms = w->now_ms + 250;
		break;
	default:
		host->fencing = false;
		host->fence_ended_ms = w->now_ms;
		if (w->sabotage & SABOTAGE_ENDED_FENCE)
			host->fences_ms[host->n_fences++ % FENCES_PER_HOUR] =
				w->now_ms;
		host->power = result == RESULT_DONE ? POWER_OFF : POWER_UNKNOWN;
		host->off_twice = result == RESULT_DONE;
		host->power_ms = w->now_ms;
		break;
	}
}

/* --- steps ---------------------------------------------------------------- */

static void
send_fence(struct world *w, size_t h)
{
	struct world_command *c = world_send(w, STEP_FENCE, h);

	co_host(w, h)->fencing = true;
	c->due_ms = w->now_ms + 500 + (int64_t)world_draw(w, 4) * 250;
	c->deadline_ms = w->now_ms + FENCE_DEADLINE_MS;
	w->hosts[h].fences++;
	w->count.fences++;
}

static void
send_start(struct world *w, const struct plan_step *step)
{
	struct world_command *c = world_send(w, STEP_START, step->host);

	w->co.vms[step->vm].starting = true;
	w->co.vms[step->vm].serial = c->serial;
	c->vm = step->vm;
	c->due_ms = w->now_ms + 250 + (int64_t)world_draw(w, 8) * 250;
	c->deadline_ms = w->now_ms + START_DEADLINE_MS;
	c->arrives = world_reaches(w, step->host);
	c->answer_lost = !c->arrives || (w->storm && world_draw(w, 12) == 0);
	w->count.starts++;
}

static void
add_cleaning(const struct world *w, struct world_command *c,
	     const struct plan_step *step)
{
	c->vms |= 1u << step->vm;
	if (step->ends_running || w->sabotage & SABOTAGE_CLEAN_HARD)
		c->ends |= 1u << step->vm;
}

/* All cleanings of a host in one plan are one command. */
static void
send_clean(struct world *w, const struct plan *plan, size_t first)
{
	size_t h = plan->steps[first].host;

	if (co_host(w, h)->cleaning)
		return;
	struct world_command *c = world_send(w, STEP_CLEAN, h);
	for (size_t i = first; i < plan->n_steps; i++)
		if (plan->steps[i].kind == STEP_CLEAN &&
		    plan->steps[i].host == h)
			add_cleaning(w, c, &plan->steps[i]);
	co_host(w, h)->cleaning = true;
	c->due_ms = w->now_ms + 250 + (int64_t)world_draw(w, 3) * 250;
	if (w->storm && world_draw(w, 6) == 0)
		c->due_ms += (int64_t)world_draw(w, 40) * 250;
	c->deadline_ms = w->now_ms + CLEAN_DEADLINE_MS;
	c->arrives = world_reaches(w, h);
	c->answer_lost = !c->arrives;
	w->count.cleans++;
}

static bool
dies_here(struct world *w)
{
	if (w->storm && world_draw(w, KILLED_HERE_1_IN) == 0)
		coordinator_kill(w, 250 + (int64_t)world_draw(w, 20) * 250);
	return !w->co.alive;
}

/* Returns false when the coordinator died in between. */
static bool
execute(struct world *w, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (step->kind != STEP_PROBE) {
			world_say(w, "step: %s", step->reason);
			truth_check_step(w, step);
		}
		if (step->kind == STEP_PROBE)
			coordinator_probe(w, step->host);
		else if (step->kind == STEP_FENCE)
			send_fence(w, step->host);
		else if (step->kind == STEP_CLEAN)
			send_clean(w, plan, i);
		else if (step->kind == STEP_START)
			send_start(w, step);
		else
			world_violate(w, "S15 a %s, of a guest that is well",
				      step_kind_name(step->kind));
		if (step->kind != STEP_PROBE && dies_here(w))
			return false;
	}
	return true;
}

/* --- record --------------------------------------------------------------- */

static void
record_vm(struct world *w, const struct plan_vm_change *change)
{
	struct co_vm *vm = &w->co.vms[change->vm];

	world_say(w, "record: %s", change->reason);
	if (vm->owner != change->owner ||
	    (vm->phase == VM_SETTLED &&
	     w->now_ms - vm->seen_ms >= SEEN_THERE_MS))
		vm->seen_ms = 0;
	if (change->phase == VM_LOST) {
		vm->starting = false;
		w->count.lost++;
	}
	vm->came_from = vm->owner != change->owner ? vm->owner : NO_HOST;
	vm->owner = change->owner;
	vm->intent = change->intent;
	vm->phase = change->phase;
	vm->recovered = change->recovered;
	vm->absences = 0;
	vm->record_ms = w->now_ms;
	if (change->phase == VM_SETTLED) {
		vm->start_failures = 0;
		vm->failed_on = NO_HOST;
	}
}

static void
record(struct world *w, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_host_changes; i++) {
		const struct plan_host_change *change = &plan->host_changes[i];
		struct co_host *host = co_host(w, change->host);

		world_say(w, "record: %s", change->reason);
		host->state = change->to;
		host->state_ms = w->now_ms;
		if (change->trust_boot)
			host->trusted_boot = host->boot;
	}
	for (size_t i = 0; i < plan->n_vm_changes; i++)
		record_vm(w, &plan->vm_changes[i]);
	for (size_t i = 0; i < plan->n_steps; i++) {
		struct co_host *host = co_host(w, plan->steps[i].host);

		if (plan->steps[i].kind == STEP_FENCE &&
		    !(w->sabotage & SABOTAGE_ENDED_FENCE))
			host->fences_ms[host->n_fences++ % FENCES_PER_HOUR] =
				w->now_ms;
	}
	/* The user's wish is known once a whole turn was recorded with it. */
	for (size_t v = 0; v < w->n_vms; v++) {
		struct world_vm *vm = &w->vms[v];

		if (vm->off_seen_ms != 0 && w->now_ms - vm->off_seen_ms >= 500)
			vm->known_off = true;
	}
}

/* --- the turn ------------------------------------------------------------- */

static struct plan *
decide(struct world *w)
{
	struct snap_cluster clusters[1] = { { .name = "c1" } };
	struct snap_host hosts[WORLD_HOSTS_MAX] = { 0 };
	struct snap_vm vms[WORLD_VMS_MAX] = { 0 };
	struct snap_sighting sightings[WORLD_HOSTS_MAX * WORLD_VMS_MAX];
	struct snapshot snap = { .clusters = clusters,
				 .hosts = hosts,
				 .vms = vms,
				 .sightings = sightings };

	coordinator_freeze(w, &snap);
	w->count.decisions++;
	/* A plan keeps nothing of its snapshot. */
	/* cppcheck-suppress returnDanglingLifetime */
	return w->mind.decide(&snap);
}

static void
note_alarms(struct world *w, const struct plan *plan)
{
	char text[sizeof(w->alarms)] = "";

	for (size_t i = 0; w->transcript != NULL && i < plan->n_alarms; i++) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, " %s(%s)",
			 plan->alarms[i].kind, plan->alarms[i].subject);
	}
	if (strcmp(text, w->alarms) != 0)
		world_say(w, "alarms:%s", text[0] != '\0' ? text : " none");
	memcpy(w->alarms, text, sizeof(text));
	w->two_copies = 0;
	for (size_t i = 0; i < plan->n_alarms; i++)
		if (strcmp(plan->alarms[i].kind, "two-copies") == 0)
			w->two_copies |=
				1u << strtoul(plan->alarms[i].subject + 2, NULL,
					      10);
}

static void
turn(struct world *w)
{
	struct plan *plan = decide(w);

	if (w->sabotage & SABOTAGE_ACT_FIRST) {
		if (execute(w, plan) && !dies_here(w))
			record(w, plan);
	} else if (!(plan->n_vm_changes + plan->n_host_changes &&
		     dies_here(w))) {
		record(w, plan);
		if (!(plan->n_vm_changes && dies_here(w)))
			(void)execute(w, plan);
	}
	note_alarms(w, plan);
	w->mind.plan_free(plan);
}

void
coordinator_step(struct world *w)
{
	if (!w->co.alive && w->now_ms >= w->co.back_ms)
		come_up(w);
	if (!w->co.alive)
		return;
	coordinator_poll(w);
	turn(w);
}
