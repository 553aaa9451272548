/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/freeze_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"

/* --- sightings ----------------------------------------------------------- */

static int
compare_sightings(const void *left, const void *right)
{
	const struct snap_sighting *a = left, *b = right;

	if (a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	return a->host < b->host ? -1 : a->host > b->host;
}

static int64_t
event_age_ms(const struct reg_host *host, const struct report_vm *seen,
	     int64_t now_ms)
{
	if (seen->last_event_age_ms == REPORT_AGE_NEVER)
		return AGE_NEVER;
	return now_ms - host->report_ms + seen->last_event_age_ms;
}

/* Counted at the owner alone, from the report that told it first. */
static int64_t
liveness_age_ms(const struct registry *reg, size_t host,
		const struct report_vm *seen, struct reg_vm *vm, int64_t now_ms)
{
	if (vm->owner != host)
		return 0;
	if (vm->liveness != seen->liveness) {
		vm->liveness = seen->liveness;
		vm->liveness_ms = reg->hosts[host].report_ms;
	}
	return now_ms - vm->liveness_ms;
}

static void
freeze_sighting(struct registry *reg, size_t host, const struct report_vm *seen,
		struct snapshot *snap, int64_t now_ms)
{
	struct reg_vm *vm = registry_find_vm(reg, seen->uuid);

	if (vm == NULL)
		return;
	snap->sightings[snap->n_sightings++] = (struct snap_sighting){
		.vm = (size_t)(vm - reg->vms),
		.host = host,
		.state = seen->state,
		.reason = seen->reason,
		.event = seen->last_event,
		.event_age_ms = event_age_ms(&reg->hosts[host], seen, now_ms),
		.liveness = seen->liveness,
		.liveness_age_ms = liveness_age_ms(reg, host, seen, vm, now_ms),
		.guest_agent = seen->guest_agent,
	};
}

void
freeze_sightings(struct registry *reg, struct snapshot *snap, int64_t now_ms)
{
	size_t n = 0;

	for (size_t h = 0; h < reg->n_hosts; h++)
		if (reg->hosts[h].report != NULL)
			n += reg->hosts[h].report->n_vms;
	snap->sightings = xcalloc(n, sizeof(*snap->sightings));
	for (size_t h = 0; h < reg->n_hosts; h++) {
		const struct node_report *report = reg->hosts[h].report;

		for (size_t i = 0; report != NULL && i < report->n_vms; i++)
			freeze_sighting(reg, h, &report->vms[i], snap, now_ms);
	}
	qsort(snap->sightings, snap->n_sightings, sizeof(*snap->sightings),
	      compare_sightings);
}

/* --- datastores ---------------------------------------------------------- */

static const struct report_datastore *
find_datastore(const struct reg_host *host, const char *name)
{
	const struct node_report *report = host->report;

	for (size_t i = 0; report != NULL && i < report->n_datastores; i++)
		if (strcmp(report->datastores[i].name, name) == 0)
			return &report->datastores[i];
	return NULL;
}

/* The tracker's word for it: what hangs is stale first and lost later, and that
 * is one loss. */
static enum report_datastore_state
state_since(enum report_datastore_state state)
{
	return state == DATASTORE_LOST   ? DATASTORE_STALE
	       : state == DATASTORE_SLOW ? DATASTORE_OK
					 : state;
}

/*
 * How long it is so.  A loss counts from the host's own last good write, where
 * it knows one: its agent may have told it late.  A host that is not heard says
 * nothing, and its count begins anew.
 */
static int64_t
path_age_ms(const struct reg_host *host, const struct report_datastore *ds,
	    struct reg_path *path, enum report_datastore_state state,
	    int64_t now_ms)
{
	if (path->state != state_since(state)) {
		path->state = state_since(state);
		path->since_ms = now_ms;
	}
	int64_t age_ms = now_ms - path->since_ms;
	if (path->state != DATASTORE_STALE || ds->age_ms == REPORT_AGE_NEVER)
		return age_ms;
	int64_t written_ms = now_ms - host->report_ms + ds->age_ms;
	return written_ms > age_ms ? written_ms : age_ms;
}

static void
freeze_path(struct registry *reg, size_t d, size_t h, struct snapshot *snap,
	    int64_t now_ms)
{
	const struct reg_host *host = &reg->hosts[h];
	const struct report_datastore *ds =
		find_datastore(host, reg->settings->datastores[d].name);
	enum report_datastore_state state = DATASTORE_UNKNOWN;

	if (ds == NULL)
		return; /* not configured in its agent: no path at all */
	if (host_report_is_fresh(&snap->hosts[h]))
		state = ds->state;
	snap->paths[snap->n_paths++] = (struct snap_path){
		.store = snap->n_stores - 1,
		.host = h,
		.state = state,
		.state_age_ms =
			path_age_ms(host, ds, &reg->paths[d * reg->n_hosts + h],
				    state, now_ms),
	};
}

/* --- which VM needs which ------------------------------------------------ */

/* By whole components, and without a way out by "..". */
static bool
is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return len > 0 && strncmp(path, folder, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0') &&
	       strstr(path + len, "/../") == NULL;
}

/* Where the datastore is at the VM's owner, else at any host. */
static const char *
folder_of(const struct registry *reg, const char *name, size_t cluster,
	  size_t owner)
{
	const struct report_datastore *ds =
		find_datastore(&reg->hosts[owner], name);

	for (size_t h = 0; ds == NULL && h < reg->n_hosts; h++)
		if (reg->hosts[h].conf->cluster == cluster)
			ds = find_datastore(&reg->hosts[h], name);
	return ds != NULL ? ds->path : "";
}

static void
mark_needs(const struct registry *reg, size_t vm, struct snapshot *snap)
{
	const struct reg_vm *v = &reg->vms[vm];

	if (v->paths == NULL || v->paths[0] == NULL || v->owner == NO_HOST)
		return;
	size_t cluster = reg->hosts[v->owner].conf->cluster;
	for (size_t s = 0; s < snap->n_stores; s++) {
		if (snap->stores[s].cluster != cluster)
			continue;
		const char *folder =
			folder_of(reg, snap->stores[s].name, cluster, v->owner);
		for (char *const *path = v->paths; *path != NULL; path++)
			if (is_below(*path, folder))
				snap->vms[vm].stores |= UINT64_C(1) << s;
	}
}

void
freeze_paths(struct registry *reg, struct snapshot *snap, int64_t now_ms)
{
	const struct settings *settings = reg->settings;
	size_t n = settings->n_datastores < SNAP_STORES_MAX
			   ? settings->n_datastores
			   : SNAP_STORES_MAX;

	if (reg->paths == NULL)
		reg->paths = xcalloc(n * reg->n_hosts, sizeof(*reg->paths));
	snap->stores = xcalloc(n, sizeof(*snap->stores));
	snap->paths = xcalloc(n * reg->n_hosts, sizeof(*snap->paths));
	for (size_t d = 0; d < n; d++) {
		struct snap_store *store = &snap->stores[snap->n_stores++];

		snprintf(store->name, sizeof(store->name), "%s",
			 settings->datastores[d].name);
		store->cluster = settings->datastores[d].cluster;
		for (size_t h = 0; h < reg->n_hosts; h++)
			if (reg->hosts[h].conf->cluster == store->cluster)
				freeze_path(reg, d, h, snap, now_ms);
	}
	for (size_t vm = 0; vm < reg->n_vms; vm++)
		mark_needs(reg, vm, snap);
}
