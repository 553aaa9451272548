/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/mass.h"

#include "scheduler/policy/judge.h"
#include "scheduler/policy/timeouts.h"

/* Got power again after it was off, and has not answered since. */
static bool
is_booting(const struct snap_host *host)
{
	return host->state == HOST_REJOINING && host->link != LINK_OK &&
	       host->silent_ms > host->state_age_ms;
}

/* When a frozen network thaws its hosts do not answer all at once: for as long
 * as one host may be silent, those that are back count as silent, too. */
static bool
is_back_just_now(const struct snap_host *host)
{
	if (host->state == HOST_REJOINING)
		return false; /* it was off: no network's silence */
	return host->state != HOST_UP || host->state_age_ms < FENCE_AFTER_MS;
}

/* Of two hosts one may be silent, but never the only one: nothing could be
 * started elsewhere. */
bool
mass_is_silent(const struct snapshot *snap, size_t cluster,
	       struct mass_silence *ret_count)
{
	struct mass_silence n = { 0, 0 };
	size_t back = 0;
	unsigned guard_pct = snap->clusters[cluster].policy.guard_pct;

	for (size_t i = 0; i < snap->n_hosts; i++) {
		const struct snap_host *host = &snap->hosts[i];

		if (host->cluster != cluster || host->state == HOST_NEW ||
		    host->state == HOST_DEAD || host_is_proved_off(host) ||
		    is_booting(host))
			continue;
		if (host->link == LINK_OK && is_back_just_now(host))
			back++;
		else if (host->link == LINK_OK)
			n.heard++;
		else if (host->silent_ms >= SUSPECT_AFTER_MS)
			n.silent++;
	}
	if (n.silent > 0)
		n.silent += back;
	else
		n.heard += back;
	if (ret_count != NULL)
		*ret_count = n;
	return guard_pct > 0 && n.silent > 0 &&
	       n.silent * 100 >= guard_pct * (n.silent + n.heard) &&
	       (n.silent != 1 || n.heard == 0);
}

bool
mass_has_vms(const struct draft *draft, size_t host)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++)
		if (draft->vms[vm].owner == host)
			return true;
	return false;
}

static bool
has_lost_vms(const struct draft *draft, size_t host)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++)
		if (draft->vms[vm].owner == host &&
		    draft->vms[vm].phase == VM_LOST)
			return true;
	return false;
}

static bool
holds_place(const struct draft *draft, size_t index)
{
	const struct snap_host *host = &draft->snap->hosts[index];
	const struct cluster_policy *policy =
		&draft->snap->clusters[host->cluster].policy;

	return draft->mass[index] == MASS_RECOVER &&
	       (draft->failed[index] ||
		host->mass_age_ms < policy->mass_window_ms ||
		has_lost_vms(draft, index));
}

/* Of two that are being powered off the first one has the place. */
static unsigned
count_places(const struct draft *draft, size_t but, bool with_fencing)
{
	const struct snapshot *snap = draft->snap;
	unsigned n = 0;

	for (size_t i = 0; i < snap->n_hosts; i++)
		if (i != but &&
		    snap->hosts[i].cluster == snap->hosts[but].cluster)
			n += holds_place(draft, i) ||
			     (with_fencing &&
			      draft->states[i] == HOST_FENCING &&
			      (draft->states[but] != HOST_FENCING || i < but) &&
			      mass_has_vms(draft, i));
	return n;
}

static bool
has_place(const struct draft *draft, size_t host, bool with_fencing)
{
	size_t cluster = draft->snap->hosts[host].cluster;
	unsigned limit = draft->snap->clusters[cluster].policy.mass_hosts;

	return limit == 0 || holds_place(draft, host) ||
	       count_places(draft, host, with_fencing) < limit;
}

bool
mass_will_have_place(const struct draft *draft, size_t host)
{
	return has_place(draft, host, true);
}

enum mass_verdict
mass_judge(const struct draft *draft, size_t host)
{
	return has_place(draft, host, false) ? MASS_RECOVER : MASS_WAIT;
}
