/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/proof.h"

#include "scheduler/policy/judge.h"
#include "scheduler/policy/timeouts.h"

/*
 * A reading counts when it was made after the VM's last command ended.  Of a
 * command of an earlier life of the coordinator nobody knows the end, but its
 * deadline.
 */
static bool
is_read_after_command(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const struct snap_host *owner =
		&draft->snap->hosts[draft->vms[vm].owner];

	if ((v->phase == VM_STARTING || v->phase == VM_STOPPING) &&
	    v->command_age_ms == AGE_NEVER)
		return draft->snap->uptime_ms >= START_DEADLINE_MS;
	return owner->vms_age_ms < v->command_age_ms;
}

const char *
proof_of_absence(const struct draft *draft, size_t vm)
{
	size_t index = draft->vms[vm].owner;
	const struct snap_host *owner = &draft->snap->hosts[index];

	if (draft->states[index] == HOST_DEAD)
		return host_proof(owner);
	if ((owner->state != HOST_UP && owner->state != HOST_REJOINING) ||
	    !host_vms_are_fresh(owner) ||
	    snapshot_shows_active(draft->snap, vm, index) ||
	    !is_read_after_command(draft, vm))
		return NULL;
	return owner->state == HOST_REJOINING
		       ? "was restarted and does not run it"
		       : "does not run it";
}

bool
came_after_boot(const struct draft *draft, size_t vm)
{
	const struct snap_host *owner =
		&draft->snap->hosts[draft->vms[vm].owner];

	return owner->state == HOST_REJOINING &&
	       draft->snap->vms[vm].record_age_ms < owner->state_age_ms;
}

/* --- elsewhere ---------------------------------------------------------- */

/* Its record was confirmed in this life of the coordinator; a start that was
 * given to its owner in this life counts, too. */
static bool
was_there(const struct snap_vm *v)
{
	return v->seen_there ||
	       (v->phase != VM_SETTLED &&
		(v->starting || v->command_age_ms != AGE_NEVER));
}

static bool
can_have_vms(const struct draft *draft, size_t vm, size_t index)
{
	const struct snapshot *snap = draft->snap;
	const struct snap_host *host = &snap->hosts[index];
	size_t owner = draft->vms[vm].owner;

	if (index == owner)
		return false;
	if (draft->states[index] == HOST_DEAD &&
	    (was_there(&snap->vms[vm]) || host_is_proved_off(host)))
		return false;
	if (owner != NO_HOST && host->cluster != snap->hosts[owner].cluster)
		return false;
	return host->state != HOST_NEW || host->boot[0] != '\0';
}

bool
is_shown_elsewhere(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	for (size_t h = 0; h < draft->snap->n_hosts; h++) {
		if (!can_have_vms(draft, vm, h) ||
		    !host_vms_are_fresh(&draft->snap->hosts[h]) ||
		    !snapshot_shows_active(draft->snap, vm, h))
			continue;
		reason_set(why, "%s shows a copy of it",
			   draft->snap->hosts[h].name);
		return true;
	}
	return false;
}

/*
 * How old another host's reading may be to say that the VM did not come there.
 * A host cut from power was alive for less than a period after its last
 * heartbeat; one that came back left at the latest when it was seen again.
 */
static int64_t
oldest_reading_ms(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (draft->vms[vm].owner == NO_HOST)
		return v->record_age_ms < draft->snap->uptime_ms
			       ? v->record_age_ms
			       : draft->snap->uptime_ms;
	const struct snap_host *owner =
		&draft->snap->hosts[draft->vms[vm].owner];
	if (draft->states[draft->vms[vm].owner] != HOST_DEAD)
		return was_there(v) ? VMS_FRESH_MS : owner->state_age_ms;
	int64_t oldest_ms = owner->silent_ms - HEARTBEAT_PERIOD_MS;

	/* One slow host must not hold up the others for ever. */
	if (was_there(v) && owner->silent_ms >= FENCE_AFTER_MS)
		oldest_ms = VMS_FRESH_MS;
	/* Its lease let it live on, out of sight. */
	if (host_is_dead_by_lease(owner) && -owner->lease_left_ms < oldest_ms)
		oldest_ms = -owner->lease_left_ms;
	return oldest_ms;
}

static bool
is_shown_shut(const struct draft *draft, size_t vm, size_t host)
{
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, host);

	return host != draft->vms[vm].owner && seen != NULL &&
	       !vm_state_is_active(seen->state) &&
	       (seen->reason == VM_REASON_SHUTDOWN ||
		seen->reason == VM_REASON_DESTROYED);
}

bool
may_be_elsewhere(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	int64_t oldest_ms = oldest_reading_ms(draft, vm);

	if (is_shown_elsewhere(draft, vm, why))
		return true;
	for (size_t h = 0; h < draft->snap->n_hosts; h++) {
		const struct snap_host *host = &draft->snap->hosts[h];
		bool fresh = host_vms_are_fresh(host);

		if (fresh && !was_there(&draft->snap->vms[vm]) &&
		    is_shown_shut(draft, vm, h)) {
			reason_set(why,
				   "%s has it, too, shut down by its user: "
				   "start it, or undefine it where it is stale",
				   host->name);
			return true;
		}
		if (!can_have_vms(draft, vm, h) ||
		    (fresh && host->vms_age_ms <= oldest_ms) ||
		    (!fresh && was_there(&draft->snap->vms[vm])))
			continue;
		reason_set(why, "it may have been moved to %s, whose VMs %s",
			   host->name,
			   fresh ? "were not read since"
				 : "cannot be read just now");
		return true;
	}
	return false;
}
