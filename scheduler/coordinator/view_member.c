/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts of a cluster view. */
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/view_internal.h"

_Static_assert((int)VIEW_MEMBER_NEW == (int)HOST_NEW + 1 &&
		       (int)VIEW_MEMBER_REJOINING == (int)HOST_REJOINING + 1 &&
		       (int)VIEW_LINK_UNKNOWN == (int)LINK_UNKNOWN + 1 &&
		       (int)VIEW_LINK_REFUSED == (int)LINK_REFUSED + 1 &&
		       (int)REPORT_POWER_ON == (int)POWER_ON + 1 &&
		       (int)REPORT_POWER_OFF == (int)POWER_OFF + 1,
	       "the MIB's enums are the mind's, moved by one");

static uint32_t
add_ages(uint32_t age_ms, uint32_t late_ms)
{
	uint64_t sum_ms = (uint64_t)age_ms + late_ms;

	return sum_ms < REPORT_AGE_NEVER ? (uint32_t)sum_ms : REPORT_AGE_NEVER;
}

/* By its own word; and, while that is not heard, by the others'. */
static uint32_t
datastore_age(const struct registry *reg, size_t index, uint32_t report_ms,
	      int64_t now_ms)
{
	const struct reg_host *host = &reg->hosts[index];
	const struct node_report *report = host->report;
	uint32_t youngest_ms = REPORT_AGE_NEVER;
	struct snap_host seen = { .cluster = 0 };

	for (size_t i = 0; report != NULL && i < report->n_datastores; i++) {
		uint32_t age_ms =
			add_ages(report->datastores[i].age_ms, report_ms);

		if (age_ms < youngest_ms)
			youngest_ms = age_ms;
	}
	if (host->link == LINK_OK)
		return youngest_ms;
	freeze_host(reg, index, now_ms, &seen);
	return seen.datastore_age_ms < youngest_ms
		       ? (uint32_t)seen.datastore_age_ms
		       : youngest_ms;
}

static void
fill_line(const struct registry *reg, size_t index, int64_t now_ms,
	  struct view_member *out)
{
	const struct reg_host *host = &reg->hosts[index];

	out->link = (enum view_link)(host->link + 1);
	out->reachable = host->link == LINK_OK;
	PUT_TEXT(out->link_text, host->link_text);
	out->health = out->reachable ? host->pulse.health : HEALTH_UNKNOWN;
	PUT_TEXT(out->uuid, host->pulse.uuid);
	PUT_TEXT(out->boot_id, host->pulse.boot_id);
	out->round_trip_us = host->round_trip_us;
	out->heartbeat_ms = view_age(host->heard_ms, now_ms);
	out->report_ms = host->report != NULL
				 ? view_age(host->report_ms, now_ms)
				 : REPORT_AGE_NEVER;
	out->datastore_ms = datastore_age(reg, index, out->report_ms, now_ms);
	out->seen_ms = out->heartbeat_ms < out->datastore_ms
			       ? out->heartbeat_ms
			       : out->datastore_ms;
}

static void
fill_report(const struct reg_host *host, struct view_member *out)
{
	const struct node_report *report = host->report;

	if (report == NULL)
		return;
	out->cpus = report->capacity.cpus;
	out->cpu_use_pm = report->load.cpu_use_pm;
	out->memory_kib = report->capacity.memory_kib;
	for (size_t i = 0; out->reachable && i < report->n_vms; i++)
		out->vms_running += vm_state_is_active(report->vms[i].state);
}

/* --- power and fence ------------------------------------------------------ */

static void
fill_power(const struct coordinator *co, size_t index, int64_t now_ms,
	   struct view_member *out)
{
	const struct reg_host *host = &co->reg.hosts[index];
	int64_t age_ms = -1;
	enum power_state power = POWER_UNKNOWN;

	if (host->conf->has_bmc || host->conf->n_levels > 0)
		power = power_last(co, index, now_ms, &age_ms);
	out->power = (enum report_power)(power + 1);
	out->power_ms = age_ms < 0 || age_ms > REPORT_AGE_NEVER
				? REPORT_AGE_NEVER
				: (uint32_t)age_ms;
}

/* Was any of its devices asked to the end, and when the last of them. */
static int64_t
fence_tried_ms(const struct coordinator *co, size_t index)
{
	struct power_device device;
	int64_t tried_ms = 0;

	for (size_t i = 0; power_device(co, index, i, &device); i++)
		if (device.readiness->known &&
		    device.readiness->checked_ms > tried_ms)
			tried_ms = device.readiness->checked_ms;
	return tried_ms;
}

static void
fill_fence(const struct coordinator *co, size_t index, int64_t now_ms,
	   struct view_member *out)
{
	const struct reg_host *host = &co->reg.hosts[index];

	out->fence_ms = REPORT_AGE_NEVER;
	if (!host->conf->has_bmc && host->conf->n_levels == 0) {
		out->fence = VIEW_FENCE_NOT_CONFIGURED;
		return;
	}
	int64_t tried_ms = fence_tried_ms(co, index);
	out->fence_ms = view_age(tried_ms, now_ms);
	PUT_TEXT(out->fence_text, host->bmc_trouble);
	out->fence = host->bmc_is_foreign           ? VIEW_FENCE_WRONG_HOST
		     : host->bmc_trouble[0] != '\0' ? VIEW_FENCE_NOT_READY
		     : tried_ms != 0                ? VIEW_FENCE_READY
						    : VIEW_FENCE_UNKNOWN;
}

/* --- all of them ---------------------------------------------------------- */

static void
count_vms(const struct registry *reg, struct view_member *members)
{
	for (size_t i = 0; i < reg->n_vms; i++) {
		const struct reg_vm *vm = &reg->vms[i];

		if (vm->owner == NO_HOST)
			continue;
		members[vm->owner].vms++;
		if (vm->intent == INTENT_RUN)
			members[vm->owner].memory_used_kib += vm->memory_kib;
	}
}

void
view_fill_members(const struct view_maker *maker, struct cluster_view *view,
		  int64_t now_ms)
{
	const struct coordinator *co = maker->co;
	const struct registry *reg = &co->reg;

	view->n_members = reg->n_hosts;
	view->members = xcalloc(reg->n_hosts, sizeof(*view->members));
	for (size_t i = 0; i < reg->n_hosts; i++) {
		const struct reg_host *host = &reg->hosts[i];
		struct view_member *out = &view->members[i];

		out->index = maker->hosts[i];
		out->cluster = maker->clusters[host->conf->cluster];
		PUT_TEXT(out->name, host->conf->name);
		PUT_TEXT(out->address, host->conf->agent);
		out->state = (enum view_member_state)(host->state + 1);
		out->state_since_s = view_seconds(host->state_wall_ms);
		PUT_TEXT(out->state_text, host->state_reason);
		out->maintenance = host->maintenance ? VIEW_MAINTENANCE_YES
						     : VIEW_MAINTENANCE_NO;
		fill_line(reg, i, now_ms, out);
		fill_report(host, out);
		fill_power(co, i, now_ms, out);
		fill_fence(co, i, now_ms, out);
	}
	count_vms(reg, view->members);
}
