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

static int64_t
age(const struct world *w, int64_t then_ms)
{
	return then_ms == 0 ? AGE_NEVER : w->now_ms - then_ms;
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

		vm->starting = vm->seen_there = false;
		vm->command_ended_ms = vm->counted_ms = 0;
		vm->record_ms = w->now_ms;
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
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++) {
		struct world_command *c = &w->commands[i];

		if (c->kind == STEP_KINDS)
			continue;
		if (w->sabotage & SABOTAGE_ORPHANS && c->kind == STEP_START) {
			c->boot = 0;
			c->due_ms = w->now_ms + 20000;
			c->deadline_ms = w->now_ms + START_DEADLINE_MS;
			c->arrives = true;
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

	if (vm->owner == c->host)
		vm->starting = false;
	if (vm->owner != c->host || vm->phase != VM_STARTING)
		return;
	vm->command_ended_ms = w->now_ms;
	co_host(w, c->host)->report_due_ms = w->now_ms + 250;
	if (result == RESULT_DOUBT)
		return;
	vm->phase = result == RESULT_DONE ? VM_SETTLED : VM_LOST;
	vm->seen_there = result == RESULT_DONE;
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

/* --- polls ---------------------------------------------------------------- */

static void
take_pulse(struct world *w, size_t h)
{
	struct co_host *host = co_host(w, h);
	const struct world_host *real = &w->hosts[h];
	bool late = w->storm && world_draw(w, 60) == 0;

	if (!world_reaches(w, h) || real->agent_dead || late) {
		if (host->missed_ms == 0)
			host->missed_ms = w->now_ms + 1000;
		if (world_reaches(w, h) && real->agent_dead && w->agentx)
			host->link = LINK_NO_AGENT;
		return;
	}
	if (host->link != LINK_OK || host->boot != real->boot ||
	    host->revision != real->reading.revision)
		host->report_due_ms = w->now_ms + 250;
	host->link = LINK_OK;
	host->missed_ms = 0;
	host->heard_ms = w->now_ms;
	host->boot = real->boot;
	host->revision = real->reading.revision;
}

static bool
is_listed(const struct world_copy *copy)
{
	return copy->defined || copy->state != COPY_OFF;
}

/* What a reading says of one VM, for the record of the coordinator. */
static void
take_vm(struct world *w, size_t h, size_t v)
{
	struct co_host *host = co_host(w, h);
	struct co_vm *vm = &w->co.vms[v];
	const struct world_copy *copy = &host->report.copies[v];

	if (vm->owner != h || vm->phase != VM_SETTLED || vm->starting ||
	    host->report.at_ms <= vm->counted_ms ||
	    host->report.at_ms <= vm->command_ended_ms)
		return;
	vm->counted_ms = host->report.at_ms;
	if (host->report.boot == host->trusted_boot)
		vm->seen_there = copy->state != COPY_OFF;
	vm->absences = is_listed(copy) ? 0 : vm->absences + 1;
	if (copy->defined)
		vm->has_definition = true;
}

static void
note_wish(struct world *w, size_t h, size_t v)
{
	const struct world_copy *copy = &co_host(w, h)->report.copies[v];
	struct world_vm *vm = &w->vms[v];

	if (vm->home == h && !vm->wants_run && vm->off_seen_ms == 0 &&
	    copy->defined && copy->state == COPY_OFF &&
	    w->hosts[h].copies[v].state == COPY_OFF &&
	    (copy->reason == VM_REASON_SHUTDOWN ||
	     copy->reason == VM_REASON_DESTROYED) &&
	    !w->co.vms[v].starting)
		vm->off_seen_ms = w->now_ms;
}

static void
take_report(struct world *w, size_t h)
{
	struct co_host *host = co_host(w, h);
	const struct world_host *real = &w->hosts[h];

	if (w->now_ms < host->report_due_ms || host->link != LINK_OK)
		return;
	host->report_due_ms = w->now_ms + FULL_POLL_PERIOD_MS;
	if (!world_reaches(w, h) || real->agent_dead ||
	    (w->storm && world_draw(w, 20) == 0))
		return;
	host->report_ms = w->now_ms;
	host->report = real->reading;
	if (real->reading.at_ms == 0)
		host->report.boot = real->boot;
	for (size_t i = 0; i < w->n_hosts; i++)
		host->slot_ages[i] = real->storage_cut || !w->hosts[i].slot_ms
					     ? AGE_NEVER
					     : w->now_ms - w->hosts[i].slot_ms;
	for (size_t v = 0; v < w->n_vms; v++) {
		take_vm(w, h, v);
		note_wish(w, h, v);
	}
}

static void
take_probe(struct world *w, size_t h)
{
	struct co_host *host = co_host(w, h);

	if (host->probe_due_ms != 0 && w->now_ms >= host->probe_due_ms) {
		enum power_state second = world_read_bmc(w, h);

		host->off_twice = second == POWER_OFF &&
				  host->first_read == POWER_OFF;
		host->power = second;
		host->power_ms = w->now_ms;
		host->probe_due_ms = 0;
	}
	if (host->libvirt_due_ms != 0 && w->now_ms >= host->libvirt_due_ms) {
		host->libvirt = WITNESS_SILENT;
		host->libvirt_due_ms = 0;
	}
}

static void
poll(struct world *w)
{
	for (size_t h = 0; h < w->n_hosts; h++) {
		struct co_host *host = co_host(w, h);

		if ((w->now_ms / WORLD_STEP_MS + (int64_t)h) % 4 == 0)
			take_pulse(w, h);
		if (host->missed_ms != 0 && w->now_ms >= host->missed_ms &&
		    host->link != LINK_NO_AGENT)
			host->link = LINK_SILENT;
		take_report(w, h);
		take_probe(w, h);
	}
}

/* --- steps ---------------------------------------------------------------- */

static void
probe(struct world *w, size_t h)
{
	struct co_host *host = co_host(w, h);

	if (host->probed_ms != 0 &&
	    w->now_ms - host->probed_ms < PROBE_PERIOD_MS)
		return;
	host->probed_ms = w->now_ms;
	host->first_read = world_read_bmc(w, h);
	host->probe_due_ms = w->now_ms + 250;
	if (host->libvirt_due_ms == 0) {
		host->libvirt_asked_ms = w->now_ms;
		host->libvirt_due_ms = w->now_ms + PROBE_TIMEOUT_MS;
		if (world_reaches(w, h) && !w->hosts[h].libvirt_hung) {
			host->libvirt = WITNESS_ALIVE;
			host->libvirt_due_ms = 0;
		}
	}
	for (size_t i = 0; i < w->n_hosts; i++)
		if (i != h && co_host(w, i)->link == LINK_OK)
			co_host(w, i)->report_due_ms = w->now_ms;
}

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
	c->vm = step->vm;
	c->due_ms = w->now_ms + 250 + (int64_t)world_draw(w, 8) * 250;
	c->deadline_ms = w->now_ms + START_DEADLINE_MS;
	c->arrives = world_reaches(w, step->host);
	c->answer_lost = !c->arrives || (w->storm && world_draw(w, 12) == 0);
	w->count.starts++;
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
			c->vms |= 1u << plan->steps[i].vm;
	co_host(w, h)->cleaning = true;
	c->destroys = co_host(w, h)->state == HOST_REJOINING ||
		      w->sabotage & SABOTAGE_CLEAN_HARD;
	c->due_ms = w->now_ms + 250 + (int64_t)world_draw(w, 3) * 250;
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
			probe(w, step->host);
		else if (step->kind == STEP_FENCE)
			send_fence(w, step->host);
		else if (step->kind == STEP_CLEAN)
			send_clean(w, plan, i);
		else
			send_start(w, step);
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
	if (vm->owner != change->owner || change->phase != VM_SETTLED)
		vm->seen_there = false;
	if (change->phase == VM_LOST) {
		vm->starting = false;
		w->count.lost++;
	}
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

/* --- freeze --------------------------------------------------------------- */

static void
set_boot(char boot[REPORT_UUID_LEN], unsigned number)
{
	if (number != 0)
		snprintf(boot, REPORT_UUID_LEN, "boot-%u", number);
}

static void
freeze_datastore(const struct world *w, size_t index, struct snap_host *out)
{
	out->datastore_age_ms = AGE_NEVER;
	for (size_t i = 0; i < w->n_hosts; i++) {
		const struct co_host *witness = &w->co.hosts[i];
		int64_t poll_ms = w->now_ms - witness->report_ms;

		if (i == index || witness->report_ms == 0 ||
		    witness->link != LINK_OK || poll_ms > 4000 ||
		    witness->slot_ages[index] == AGE_NEVER ||
		    poll_ms + witness->slot_ages[index] >=
			    out->datastore_age_ms)
			continue;
		out->datastore_age_ms = poll_ms + witness->slot_ages[index];
	}
	if (out->datastore_age_ms == AGE_NEVER)
		return;
	if (out->datastore_age_ms >= DATASTORE_SILENT_MS)
		out->datastore = WITNESS_SILENT;
	else if (out->datastore_age_ms <= DATASTORE_ALIVE_MS &&
		 out->datastore_age_ms + 1500 <= out->silent_ms)
		out->datastore = WITNESS_ALIVE;
}

static void
freeze_host(const struct world *w, size_t index, struct snap_host *out)
{
	const struct co_host *host = &w->co.hosts[index];
	int64_t heard_ms = host->heard_ms;
	unsigned fences = 0;

	snprintf(out->name, sizeof(out->name), "h%zu", index);
	out->state = host->state;
	out->state_age_ms = w->now_ms - host->state_ms;
	set_boot(out->trusted_boot, host->trusted_boot);
	for (size_t i = 0; i < FENCES_PER_HOUR; i++)
		fences += host->fences_ms[i] != 0 &&
			  w->now_ms - host->fences_ms[i] < 3600 * 1000;
	out->fences_last_hour = fences;
	out->fence_age_ms = age(w, host->fence_ended_ms);
	out->clean_age_ms = age(w, host->clean_ended_ms);
	out->fencing = host->fencing;
	out->cleaning = host->cleaning;
	out->link = host->link;
	out->silent_ms = w->now_ms - (heard_ms ? heard_ms : w->co.started_ms);
	set_boot(out->boot, host->boot);
	out->has_bmc = true;
	if (host->libvirt_asked_ms > heard_ms)
		out->libvirt = host->libvirt;
	if (host->power_ms > heard_ms) {
		out->power = host->power;
		/* The first of the two reads came after the last answer. */
		out->off_proved =
			host->off_twice && host->power_ms - 250 > heard_ms &&
			(w->now_ms - host->power_ms < OFF_PROOF_MS ||
			 w->sabotage & SABOTAGE_OLD_PROOF);
	}
	freeze_datastore(w, index, out);
	out->report_age_ms = age(w, host->report_ms);
	out->vms_age_ms = age(w, host->report.at_ms);
	set_boot(out->report_boot, host->report.boot);
	out->memory_kib = 16 << 20;
	out->cpu_milli = 8000;
}

static void
freeze_vm(const struct world *w, size_t index, struct snap_vm *out)
{
	const struct co_vm *vm = &w->co.vms[index];

	snprintf(out->uuid, sizeof(out->uuid), "uuid-%02zu", index);
	snprintf(out->name, sizeof(out->name), "vm%zu", index);
	out->owner = vm->owner;
	out->intent = vm->intent;
	out->phase = vm->phase;
	out->recovered = vm->recovered;
	out->has_definition = vm->has_definition;
	out->memory_kib = 1 << 20;
	out->vcpus = 1;
	out->shared_storage = true;
	out->start_failures = vm->start_failures;
	out->failed_on = vm->failed_on;
	out->command_age_ms = age(w, vm->command_ended_ms);
	out->absences = vm->absences;
	out->seen_there =
		vm->seen_there || w->sabotage & SABOTAGE_SEEN_THERE;
	out->record_age_ms = w->now_ms - vm->record_ms;
	out->starting = vm->starting;
}

static void
freeze_sighting(const struct world *w, size_t v, size_t h,
		struct snapshot *snap)
{
	static const enum report_vm_state states[] = {
		[COPY_OFF] = VM_STATE_SHUT_OFF,
		[COPY_INCOMING] = VM_STATE_PAUSED,
		[COPY_RUNNING] = VM_STATE_RUNNING,
	};
	const struct co_host *host = &w->co.hosts[h];
	const struct world_copy *copy = &host->report.copies[v];

	if (host->report.at_ms == 0 || !is_listed(copy))
		return;
	snap->sightings[snap->n_sightings++] = (struct snap_sighting){
		.vm = v,
		.host = h,
		.state = states[copy->state],
		.reason = copy->reason ? copy->reason : VM_REASON_UNKNOWN,
	};
}

/* The arrays are the caller's, zeroed and large enough. */
void
coordinator_freeze(struct world *w, struct snapshot *snap)
{
	snap->number = w->count.decisions;
	snap->now_ms = w->now_ms;
	snap->uptime_ms = w->now_ms - w->co.started_ms;
	snap->n_clusters = 1;
	snap->clusters[0].ha = true;
	snap->n_hosts = w->n_hosts;
	for (size_t h = 0; h < w->n_hosts; h++)
		freeze_host(w, h, &snap->hosts[h]);
	snap->n_vms = w->n_vms;
	for (size_t v = 0; v < w->n_vms; v++) {
		freeze_vm(w, v, &snap->vms[v]);
		for (size_t h = 0; h < w->n_hosts; h++)
			freeze_sighting(w, v, h, snap);
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
	return w->mind.decide(&snap);
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
	w->mind.plan_free(plan);
}

void
coordinator_step(struct world *w)
{
	if (!w->co.alive && w->now_ms >= w->co.back_ms)
		come_up(w);
	if (!w->co.alive)
		return;
	poll(w);
	turn(w);
}
