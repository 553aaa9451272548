/* SPDX-License-Identifier: Apache-2.0 */
/* The model coordinator's senses: heartbeats, reports, probes. */
#include <string.h>

#include "tests/support/policy_world.h"

static struct co_host *
co_host(struct world *w, size_t host)
{
	return &w->co.hosts[host];
}

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

bool
coordinator_is_listed(const struct world_copy *copy)
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
		vm->seen_ms = copy->state != COPY_OFF ? host->report.at_ms : 0;
	vm->absences = coordinator_is_listed(copy) ? 0 : vm->absences + 1;
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
	    w->now_ms - co_host(w, h)->report.at_ms < VMS_FRESH_MS - 1000 &&
	    w->co.vms[v].owner == h && !w->co.vms[v].starting)
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
	host->storage_lost = real->storage_cut;
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

	if (host->off_twice && w->sabotage & SABOTAGE_OLD_PROOF)
		host->probe_due_ms = 0;
	if (host->probe_due_ms != 0 && w->now_ms >= host->probe_due_ms) {
		enum power_state second = world_read_bmc(w, h);

		host->off_twice =
			second == POWER_OFF && host->first_read == POWER_OFF;
		host->power = second;
		host->power_ms = w->now_ms;
		host->probe_due_ms = 0;
	}
	if (host->libvirt_due_ms != 0 && w->now_ms >= host->libvirt_due_ms) {
		host->libvirt = WITNESS_SILENT;
		host->libvirt_asked_ms =
			host->libvirt_due_ms - PROBE_TIMEOUT_MS;
		host->libvirt_due_ms = 0;
	}
}

void
coordinator_poll(struct world *w)
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

/* What was asked comes back later, by take_probe(). */
void
coordinator_probe(struct world *w, size_t h)
{
	struct co_host *host = co_host(w, h);

	if (host->probed_ms != 0 &&
	    w->now_ms - host->probed_ms < PROBE_PERIOD_MS)
		return;
	host->probed_ms = w->now_ms;
	host->first_read = world_read_bmc(w, h);
	host->probe_due_ms = w->now_ms + 250;
	if (host->libvirt_due_ms == 0) {
		host->libvirt_due_ms = w->now_ms + PROBE_TIMEOUT_MS;
		if (world_reaches(w, h) && !w->hosts[h].libvirt_hung) {
			host->libvirt = WITNESS_ALIVE;
			host->libvirt_asked_ms = w->now_ms;
			host->libvirt_due_ms = 0;
		}
	}
	/* Not those that are being cleaned, for one of their kind: to judge
	 * what runs there, others must be read later than they. */
	for (size_t i = 0; i < w->n_hosts; i++)
		if (i != h && co_host(w, i)->link == LINK_OK &&
		    (co_host(w, i)->state != HOST_REJOINING ||
		     host->state != HOST_REJOINING))
			co_host(w, i)->report_due_ms = w->now_ms;
}
