/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storage that some hosts have lost and others have.
 *
 * A VM is moved off a path only when that path is lost for long, another host
 * has path and room, and the storage itself lives: what most hosts have lost is
 * trouble of the array, and to stop, fence or move anybody for it only adds a
 * wave of restarts to it.  The old copy is proved to be off before the VM
 * starts elsewhere: I/O that hangs may be written when the path returns.
 *
 *	  0	last good write of the host to the datastore
 *	  2.5	stale
 *	140	path_lost_ms: the path counts as lost (all paths down)
 *	320	+ path_delay_ms: the VM is stopped there, proved, and started
 *		where the path lives
 *
 * Where the VM itself was paused by an I/O error and its host calls the
 * datastore lost, the storage answers, and says no: nothing is waited for.
 */
#include "scheduler/policy/paths.h"

#include <stdlib.h>

#include "scheduler/policy/placement.h"
#include "scheduler/policy/stops.h"
#include "scheduler/policy/timeouts.h"

#define STOPS_AT_ONCE 8 /* in a cluster, for paths: rooms are counted anew */

static int
compare_paths(const void *left, const void *right)
{
	const struct snap_path *a = left, *b = right;

	if (a->store != b->store)
		return a->store < b->store ? -1 : 1;
	return a->host < b->host ? -1 : a->host > b->host;
}

static const struct snap_path *
find_path(const struct snapshot *snap, size_t store, size_t host)
{
	const struct snap_path key = { .store = store, .host = host };

	if (snap->n_paths == 0)
		return NULL;
	return bsearch(&key, snap->paths, snap->n_paths, sizeof(key),
		       compare_paths);
}

static bool
is_good(const struct snap_path *path)
{
	return path != NULL &&
	       (path->state == DATASTORE_OK || path->state == DATASTORE_SLOW);
}

static bool
is_bad(const struct snap_path *path)
{
	return path != NULL && (path->state == DATASTORE_STALE ||
				path->state == DATASTORE_LOST);
}

static bool
needs(const struct draft *draft, size_t vm, size_t store)
{
	return (draft->snap->vms[vm].stores >> store & 1) != 0;
}

const char *
paths_refuse(const struct draft *draft, size_t vm, size_t host)
{
	const struct snapshot *snap = draft->snap;

	if (snap->vms[vm].stores == 0)
		return snap->hosts[host].storage_trouble[0] != '\0'
			       ? "has lost a datastore"
			       : NULL;
	for (size_t s = 0; s < snap->n_stores; s++) {
		const struct snap_path *path = find_path(snap, s, host);

		if (!needs(draft, vm, s) || is_good(path))
			continue;
		return is_bad(path) ? "has lost its datastore"
		       : path != NULL && path->state == DATASTORE_READ_ONLY
			       ? "can only read its datastore"
			       : "is not known to reach its datastore";
	}
	return NULL;
}

bool
paths_are_lost(const struct draft *draft, size_t vm, size_t host)
{
	for (size_t s = 0; s < draft->snap->n_stores; s++)
		if (needs(draft, vm, s) &&
		    is_bad(find_path(draft->snap, s, host)))
			return true;
	return false;
}

/* --- host or storage? ---------------------------------------------------- */

struct poll {
	size_t good, bad, hosts; /* hosts: all that could say something */
};

static struct poll
ask_all(const struct snapshot *snap, size_t store)
{
	struct poll poll = { 0 };

	for (size_t h = 0; h < snap->n_hosts; h++) {
		const struct snap_path *path = find_path(snap, store, h);

		if (path == NULL || snap->hosts[h].state == HOST_NEW ||
		    snap->hosts[h].state == HOST_DEAD)
			continue;
		poll.hosts++;
		poll.good += is_good(path);
		poll.bad += is_bad(path);
	}
	return poll;
}

/* More than half of those who know have lost it. */
static bool
is_fault(const struct snapshot *snap, size_t store)
{
	const struct poll poll = ask_all(snap, store);

	return poll.bad > poll.good;
}

/* Too many are silent to tell what the trouble is. */
static bool
is_unclear(const struct snapshot *snap, size_t store)
{
	const struct poll poll = ask_all(snap, store);

	return snap->uptime_ms < QUIET_MS ||
	       2 * (poll.good + poll.bad) <= poll.hosts;
}

bool
paths_show_fault(const struct draft *draft, size_t host)
{
	const struct snapshot *snap = draft->snap;
	bool fault = false;

	for (size_t s = 0; s < snap->n_stores; s++) {
		const struct snap_path *path = find_path(snap, s, host);

		if (path == NULL || is_good(path))
			continue;
		if (!is_bad(path) || !is_fault(snap, s))
			return false;
		fault = true;
	}
	return fault;
}

static void
raise_fault(struct draft *draft, size_t store)
{
	const struct snap_store *s = &draft->snap->stores[store];
	const struct poll poll = ask_all(draft->snap, store);

	if (poll.bad <= poll.good)
		return;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "storage-fault",
			       s->name);
	alarm->hold_ms = PROBE_PERIOD_MS;
	reason_set(alarm->text,
		   "datastore %s is lost to %zu of %zu hosts: its storage "
		   "failed; VMs on it are left where they are",
		   s->name, poll.bad, poll.hosts);
}

/* --- a VM whose path is gone ---------------------------------------------- */

static bool
is_refused_io(const struct draft *draft, size_t vm)
{
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, draft->vms[vm].owner);

	return seen != NULL && seen->state == VM_STATE_PAUSED &&
	       seen->event == VM_EVENT_IO_ERROR;
}

static bool
is_lost_for_good(const struct draft *draft, size_t vm,
		 const struct snap_path *path)
{
	const struct cluster_policy *policy =
		&draft->snap->clusters[draft->snap->hosts[path->host].cluster]
			 .policy;

	if (path->state == DATASTORE_LOST && is_refused_io(draft, vm))
		return true;
	return path->state_age_ms >=
	       policy->path_lost_ms + policy->path_delay_ms;
}

/* The datastore whose loss at its owner moves the VM now, or NULL. */
static const struct snap_path *
find_loss(const struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	const struct snap_path *loss = NULL;

	for (size_t s = 0; s < snap->n_stores; s++) {
		const struct snap_path *path =
			find_path(snap, s, draft->vms[vm].owner);

		if (!needs(draft, vm, s) || !is_bad(path))
			continue;
		if (is_fault(snap, s) || is_unclear(snap, s))
			return NULL; /* then no other host helps */
		if (loss == NULL && is_lost_for_good(draft, vm, path))
			loss = path;
	}
	return loss;
}

static void
raise_no_way(struct draft *draft, size_t vm, const struct snap_path *loss,
	     const char *why)
{
	const struct snapshot *snap = draft->snap;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "vm-path-lost",
			       snap->vms[vm].name);

	reason_set(alarm->text,
		   "%s has lost datastore %s on %s and is left there: %s",
		   snap->vms[vm].name, snap->stores[loss->store].name,
		   snap->hosts[loss->host].name, why);
}

static size_t
count_moving(const struct draft *draft, size_t cluster)
{
	size_t n = 0;

	for (size_t vm = 0; vm < draft->snap->n_vms; vm++) {
		const struct draft_vm *d = &draft->vms[vm];

		n += d->owner != NO_HOST && d->intent == INTENT_RUN &&
		     (d->phase == VM_STOPPING || d->phase == VM_LOST) &&
		     draft->snap->hosts[d->owner].cluster == cluster;
	}
	return n;
}

static void
leave_path(struct draft *draft, size_t vm, const struct snap_path *loss)
{
	static const struct stop_order order = { .intent = INTENT_RUN,
						 .ends_running = true };
	const struct snapshot *snap = draft->snap;
	char why[REASON_LEN];
	size_t host = place_vm(draft, vm, why);

	if (host == NO_HOST || host == loss->host) {
		raise_no_way(draft, vm, loss, why);
		return;
	}
	if (count_moving(draft, snap->hosts[loss->host].cluster) >=
	    STOPS_AT_ONCE)
		return;
	char text[REASON_LEN];
	reason_set(text,
		   "stop %s on %s, which has not reached datastore %s for "
		   "%lld s; %s",
		   snap->vms[vm].name, snap->hosts[loss->host].name,
		   snap->stores[loss->store].name,
		   (long long)(loss->state_age_ms / 1000), why);
	stop_vm(draft, vm, &order, text);
	/* Nobody else is promised that room in this decision. */
	draft->used_kib[host] += snap->vms[vm].memory_kib;
}

/* --- a VM whose path is back ---------------------------------------------- */

static bool
has_good_paths(const struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;

	for (size_t s = 0; s < snap->n_stores; s++) {
		const struct snap_path *path =
			find_path(snap, s, draft->vms[vm].owner);

		if (needs(draft, vm, s) &&
		    (!is_good(path) || path->state_age_ms < RESUME_AFTER_MS))
			return false;
	}
	return snap->vms[vm].stores != 0;
}

static void
go_on(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (!is_refused_io(draft, vm) || !has_good_paths(draft, vm) ||
	    v->command_age_ms < RESUME_RETRY_MS)
		return;
	struct plan_step *step =
		draft_step(draft, STEP_RESUME, draft->vms[vm].owner, vm);
	reason_set(step->reason,
		   "let %s go on, on %s: an I/O error paused it, and its "
		   "datastores are reached again",
		   v->name, draft->snap->hosts[step->host].name);
}

static void
tend(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (v->stores == 0 || draft->vms[vm].owner == NO_HOST ||
	    v->policy.store_fail != STORE_FAIL_RECOVER)
		return;
	const struct snap_path *loss = find_loss(draft, vm);
	if ((loss == NULL && !is_refused_io(draft, vm)) ||
	    !is_tended(draft, vm))
		return;
	if (loss == NULL)
		go_on(draft, vm);
	else if (v->has_definition && v->shared_storage)
		leave_path(draft, vm, loss);
}

void
tend_paths(struct draft *draft)
{
	for (size_t s = 0; s < draft->snap->n_stores; s++)
		raise_fault(draft, s);
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++)
		tend(draft, vm);
}
