/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/lease_book.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "scheduler/coordinator/record.h"

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

/* --- the record ---------------------------------------------------------- */

static bool
is_armed(const struct reg_host *host)
{
	return host->lease.bound_ms != 0 && host->lease.counts;
}

/* It was lost from sight in an earlier life, with what is recorded. */
static bool
was_lost_before(const struct reg_host *host)
{
	return host->state == HOST_SUSPECT || host->state == HOST_FENCING ||
	       host->state == HOST_DEAD;
}

static void
take_row(struct reg_lease *lease, const struct store_lease *row)
{
	lease->stored = true;
	lease->bound_ms = row->bound_ms;
	COPY(lease->uuid, row->uuid);
	COPY(lease->boot, row->boot);
	COPY(lease->datastores, row->datastores);
}

void
lease_book_load(struct registry *reg, const struct store_lease *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t index = registry_find_host(reg, rows[i].host);

		if (index == NO_HOST)
			continue;
		struct reg_host *host = &reg->hosts[index];
		take_row(&host->lease, &rows[i]);
		host->lease.counts = was_lost_before(host);
	}
}

bool
lease_book_strike(struct registry *reg, struct store *store, size_t index)
{
	struct reg_lease *lease = &reg->hosts[index].lease;
	struct err err;

	lease->bound_ms = 0;
	lease->dead_ms = 0;
	lease->counts = false;
	if (!lease->stored)
		return true;
	store_begin(store);
	store_delete_lease(store, reg->hosts[index].conf->name);
	int rc = store_commit(store, &err);
	if (rc < 0)
		log_debug("lease", "%s", err.text);
	lease->stored = rc < 0; /* tried again in each turn */
	return rc == 0;
}

static void
put(struct registry *reg, struct store *store, size_t index,
    const struct store_lease *row)
{
	struct reg_lease *lease = &reg->hosts[index].lease;
	struct err err;

	store_begin(store);
	store_put_lease(store, row);
	if (store_commit(store, &err) < 0) {
		log_debug("lease", "%s", err.text);
		return; /* what is there still holds, if anything is */
	}
	take_row(lease, row);
	lease->dead_ms = 0;
	lease->counts = true;
}

/* Each on a line; false: they are too many. */
static bool
list_datastores(const struct node_report *report, char *ret_list, size_t size)
{
	size_t len = 0;

	ret_list[0] = '\0';
	for (size_t i = 0; i < report->n_datastores; i++) {
		int n = snprintf(ret_list + len, size - len, "%s\n",
				 report->datastores[i].name);

		if (n < 0 || (size_t)n >= size - len)
			return false;
		len += (size_t)n;
	}
	return true;
}

/* Its last report is of the boot and the agent that answer now: an agent counts
 * its reports from one. */
static bool
report_is_its_own(const struct reg_host *host)
{
	return host->report != NULL &&
	       strcmp(host->report->host.boot_id, host->pulse.boot_id) == 0 &&
	       (host->heard_ms < host->report_ms ||
		host->report->host.sample_seq <= host->pulse.sample_seq);
}

void
lease_book_told(struct registry *reg, struct store *store, size_t index,
		int64_t bound_ms)
{
	const struct reg_host *host = &reg->hosts[index];
	struct reg_lease *lease = &reg->hosts[index].lease;
	struct store_lease row = { .bound_ms = bound_ms };

	if (bound_ms <= 0 || !report_is_its_own(host) ||
	    !list_datastores(host->report, row.datastores,
			     sizeof(row.datastores))) {
		(void)lease_book_strike(reg, store, index);
		return;
	}
	COPY(row.host, host->conf->name);
	COPY(row.uuid, host->pulse.uuid);
	COPY(row.boot, host->pulse.boot_id);
	if (lease->bound_ms != bound_ms || strcmp(lease->uuid, row.uuid) != 0 ||
	    strcmp(lease->boot, row.boot) != 0 ||
	    strcmp(lease->datastores, row.datastores) != 0)
		put(reg, store, index, &row);
	else
		lease->counts = true;
}

/* --- when it is dead ----------------------------------------------------- */

void
lease_book_sent(struct registry *reg, size_t index)
{
	reg->hosts[index].lease.unanswered = true;
}

void
lease_book_answered(struct registry *reg, size_t index, int64_t at_ms)
{
	struct reg_lease *lease = &reg->hosts[index].lease;

	lease->unanswered = false;
	if (at_ms > lease->contact_ms)
		lease->contact_ms = at_ms;
}

/* From the last contact, whatever it was. */
static int64_t
span_ms(const struct reg_lease *lease)
{
	int64_t once_ms = lease->bound_ms + LEASE_MARGIN_MS;

	return lease->unanswered || lease->contact_ms == 0 ? 2 * once_ms
							   : once_ms;
}

static int64_t
renewed_at_ms(const struct registry *reg, const struct reg_lease *lease)
{
	return lease->contact_ms != 0 ? lease->contact_ms : reg->started_ms;
}

/*
 * How long the slot stood still when that witness began to read it last; -1:
 * it cannot tell.  It writes its own slot first, so its last reading began
 * within probe_us before its last heartbeat was finished.  Ages are that old or
 * older: of the slot the least counts, of the reading the most.
 */
static int64_t
stood_still_ms(const struct reg_host *witness,
	       const struct report_datastore *store, const char *uuid)
{
	const struct node_report *report = witness->report;

	if ((store->state != DATASTORE_OK && store->state != DATASTORE_SLOW) ||
	    store->age_ms == REPORT_AGE_NEVER)
		return -1;
	for (size_t i = 0; i < report->n_heartbeats; i++) {
		const struct report_heartbeat *slot = &report->heartbeats[i];

		if (slot->datastore != store->index ||
		    slot->age_ms == REPORT_AGE_NEVER ||
		    strcmp(slot->host_uuid, uuid) != 0)
			continue;
		int64_t ms = (int64_t)slot->age_ms - store->age_ms -
			     store->probe_us / 1000 - 1 -
			     witness->report_took_ms;
		return ms > 0 ? ms : 0;
	}
	return -1;
}

/* The least of all witnesses; -1: there is none. */
static int64_t
stands_still_ms(const struct registry *reg, size_t index, const char *name,
		size_t len)
{
	int64_t least_ms = -1;

	for (size_t w = 0; w < reg->n_hosts; w++) {
		const struct reg_host *witness = &reg->hosts[w];
		const struct node_report *report = witness->report;

		if (w == index || report == NULL || witness->link != LINK_OK)
			continue;
		for (size_t i = 0; i < report->n_datastores; i++) {
			const struct report_datastore *store =
				&report->datastores[i];

			if (strlen(store->name) != len ||
			    memcmp(store->name, name, len) != 0)
				continue;
			int64_t ms =
				stood_still_ms(witness, store,
					       reg->hosts[index].lease.uuid);
			if (ms >= 0 && (least_ms < 0 || ms < least_ms))
				least_ms = ms;
		}
	}
	return least_ms;
}

/* The slots are looked at when nothing else holds it any more. */
static int64_t
left_ms(const struct registry *reg, size_t index, int64_t now_ms)
{
	const struct reg_lease *lease = &reg->hosts[index].lease;
	int64_t left_ms = renewed_at_ms(reg, lease) + span_ms(lease) - now_ms;
	const char *name = lease->datastores;

	if (left_ms > 0)
		return left_ms;
	for (const char *end; (end = strchr(name, '\n')) != NULL;
	     name = end + 1) {
		int64_t still_ms =
			stands_still_ms(reg, index, name, (size_t)(end - name));

		if (still_ms < 0)
			return AGE_NEVER;
		if (span_ms(lease) - still_ms > left_ms)
			left_ms = span_ms(lease) - still_ms;
	}
	return left_ms;
}

/* --- what contradicts ---------------------------------------------------- */

static bool
has_other_datastores(const struct reg_host *host)
{
	char list[LEASE_DATASTORES_LEN];

	return !report_is_its_own(host) ||
	       !list_datastores(host->report, list, sizeof(list)) ||
	       strcmp(list, host->lease.datastores) != 0;
}

/* NULL, or why nobody may count on its watchdog any more. */
static const char *
contradiction(const struct registry *reg, const struct reg_host *host)
{
	const struct reg_lease *lease = &host->lease;

	if (!reg->settings->clusters[host->conf->cluster].lease)
		return "its cluster has leases off";
	if (host->link == LINK_NO_AGENT || host->link == LINK_REFUSED)
		return "it lives without its agent";
	if (host->link == LINK_SILENT && host->libvirt.says == WITNESS_ALIVE &&
	    host->libvirt.asked_ms > host->heard_ms)
		return "its libvirt answers without its agent";
	if (host->link != LINK_OK)
		return NULL;
	if (strcmp(host->pulse.boot_id, lease->boot) != 0)
		return "it was restarted";
	/* No report yet: our own start. */
	if (host->report != NULL && has_other_datastores(host))
		return "another agent answers, or it has other datastores";
	return NULL;
}

static void
tell_outlived(struct registry *reg, struct store *store, size_t index,
	      int64_t wall_ms)
{
	const struct reg_host *host = &reg->hosts[index];
	int64_t ms = host->heard_ms - host->lease.dead_ms;
	char text[REASON_LEN];

	snprintf(text, sizeof(text),
		 "%s answers %lld.%lld s after its watchdog must have fired: "
		 "the watchdog does not work, nothing is proved by it",
		 host->conf->name, (long long)(ms / 1000),
		 (long long)(ms % 1000 / 100));
	(void)record_event(reg, store, SEVERITY_CRITICAL, "watchdog-lease",
			   index, "", text, wall_ms);
}

static void
look(struct registry *reg, struct store *store, size_t index, int64_t now_ms,
     int64_t wall_ms)
{
	struct reg_host *host = &reg->hosts[index];
	struct reg_lease *lease = &host->lease;
	const char *why = contradiction(reg, host);

	if (why == NULL && lease->dead_ms != 0 &&
	    host->heard_ms > lease->dead_ms) {
		tell_outlived(reg, store, index, wall_ms);
		why = "it answers after its end";
	}
	if (why != NULL) {
		log_info("lease", "%s: the watchdog is not counted on: %s",
			 host->conf->name, why);
		(void)lease_book_strike(reg, store, index);
		return;
	}
	if (!lease->counts || lease->dead_ms != 0 || host->link != LINK_SILENT)
		return;
	int64_t left = left_ms(reg, index, now_ms);
	if (left <= 0)
		lease->dead_ms = now_ms + left;
}

void
lease_book_look(struct registry *reg, struct store *store, int64_t now_ms,
		int64_t wall_ms)
{
	for (size_t i = 0; i < reg->n_hosts; i++) {
		if (reg->hosts[i].lease.bound_ms != 0)
			look(reg, store, i, now_ms, wall_ms);
		else if (reg->hosts[i].lease.stored)
			(void)lease_book_strike(reg, store, i);
	}
}

void
lease_book_freeze(const struct registry *reg, size_t index, int64_t now_ms,
		  struct snap_host *out)
{
	const struct reg_lease *lease = &reg->hosts[index].lease;

	out->lease_armed = is_armed(&reg->hosts[index]);
	out->lease_left_ms = AGE_NEVER;
	out->lease_renewed_ms = AGE_NEVER;
	if (!out->lease_armed || reg->hosts[index].link == LINK_OK)
		return;
	out->lease_renewed_ms = now_ms - renewed_at_ms(reg, lease);
	out->lease_left_ms = lease->dead_ms != 0 ? lease->dead_ms - now_ms
						 : left_ms(reg, index, now_ms);
}
