/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/view.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/view_internal.h"

/* --- words for all of it -------------------------------------------------- */

void
view_put_text(char *to, size_t room, const char *from)
{
	size_t len = strlen(from);

	if (len >= room)
		for (len = room - 1;
		     len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80;)
			len--;
	memcpy(to, from, len);
	to[len] = '\0';
}

uint64_t
view_seconds(int64_t wall_ms)
{
	return wall_ms > 0 ? (uint64_t)wall_ms / 1000 : 0;
}

uint32_t
view_age(int64_t then_ms, int64_t now_ms)
{
	if (then_ms == 0 || now_ms - then_ms >= REPORT_AGE_NEVER)
		return REPORT_AGE_NEVER;
	return now_ms > then_ms ? (uint32_t)(now_ms - then_ms) : 0;
}

/* --- clusters ------------------------------------------------------------- */

/* Nothing is decided before the quiet period is over (timeouts.h), and nothing
 * is carried out that cannot be recorded. */
static enum view_ha
ha_of(const struct coordinator *co, size_t cluster, int64_t now_ms,
      const char **ret_why)
{
	const struct registry *reg = &co->reg;

	*ret_why = "";
	if (!reg->clusters[cluster].ha)
		return VIEW_HA_OFF;
	if (reg->clusters[cluster].disarmed) {
		*ret_why = "an operator has laid it down";
		return VIEW_HA_BLOCKED;
	}
	if (reg->store_trouble[0] != '\0') {
		*ret_why = reg->store_trouble;
		return VIEW_HA_BLOCKED;
	}
	if (co->ops == &ops_dry) {
		*ret_why = "a dry run changes nothing";
		return VIEW_HA_BLOCKED;
	}
	if (now_ms - reg->awake_ms < QUIET_MS) {
		*ret_why = "the coordinator has just started";
		return VIEW_HA_STARTING;
	}
	return VIEW_HA_ARMED;
}

static void
begin_cluster(const struct view_maker *maker, size_t index, int64_t now_ms,
	      struct view_cluster *out)
{
	const struct cluster_settings *conf =
		&maker->co->settings->clusters[index];
	const char *why;

	*out = (struct view_cluster){
		.index = maker->clusters[index],
		.ha = ha_of(maker->co, index, now_ms, &why),
		.fence_isolated = conf->fence_isolated,
		.admission = VIEW_ADMISSION_NOT_CONFIGURED,
		.drs = VIEW_AUTOMATION_NOT_CONFIGURED,
		.dpm = VIEW_AUTOMATION_NOT_CONFIGURED,
		.imc = VIEW_IMC_NOT_CONFIGURED,
	};
	PUT_TEXT(out->name, conf->name);
	PUT_TEXT(out->ha_text, why);
}

static void
add_member(struct view_cluster *cluster, const struct view_member *member)
{
	bool up = member->state == VIEW_MEMBER_UP;

	cluster->hosts++;
	cluster->hosts_up += up;
	cluster->hosts_ready += member->fence == VIEW_FENCE_READY;
	cluster->vms += member->vms;
	cluster->vms_running += member->vms_running;
	cluster->memory_kib += up ? member->memory_kib : 0;
	cluster->memory_used_kib += member->memory_used_kib;
	cluster->alarms += member->alarms;
}

/* Members are in the order of the registry still. */
static void
fill_clusters(const struct view_maker *maker, struct cluster_view *view,
	      int64_t now_ms)
{
	const struct registry *reg = &maker->co->reg;

	view->n_clusters = maker->co->settings->n_clusters;
	view->clusters = xcalloc(view->n_clusters, sizeof(*view->clusters));
	for (size_t i = 0; i < view->n_clusters; i++)
		begin_cluster(maker, i, now_ms, &view->clusters[i]);
	for (size_t i = 0; i < view->n_members; i++)
		add_member(&view->clusters[reg->hosts[i].conf->cluster],
			   &view->members[i]);
}

/* --- the site ------------------------------------------------------------- */

static void
add_cluster(struct view_site *site, const struct view_cluster *cluster)
{
	site->hosts += cluster->hosts;
	site->hosts_up += cluster->hosts_up;
	site->vms_running += cluster->vms_running;
}

static void
count_alarm(struct view_site *site, const struct view_alarm *alarm)
{
	site->alarms_info += alarm->severity == VIEW_SEVERITY_INFO;
	site->alarms_warning += alarm->severity == VIEW_SEVERITY_WARNING;
	site->alarms_critical += alarm->severity == VIEW_SEVERITY_CRITICAL;
}

static uint32_t
oldest_report(const struct cluster_view *view)
{
	uint32_t oldest_ms = 0;

	for (size_t i = 0; i < view->n_members; i++) {
		const struct view_member *member = &view->members[i];

		if (member->reachable && member->report_ms > oldest_ms &&
		    member->report_ms != REPORT_AGE_NEVER)
			oldest_ms = member->report_ms;
	}
	return oldest_ms;
}

static void
fill_site(const struct coordinator *co, struct cluster_view *view,
	  int64_t now_ms)
{
	const struct registry *reg = &co->reg;
	struct view_site *site = &view->site;

	PUT_TEXT(site->name, co->settings->site);
	PUT_TEXT(site->version, IRONHERD_VERSION);
	site->mode = co->ops == &ops_dry ? VIEW_MODE_DRY_RUN : VIEW_MODE_LIVE;
	site->start_s = view_seconds(reg->started_wall_ms);
	site->uptime_s = view_age(reg->started_ms, now_ms) / 1000;
	site->store =
		store_is_ok(co->store) ? VIEW_STORE_OK : VIEW_STORE_FAILING;
	if (!store_is_ok(co->store))
		PUT_TEXT(site->store_text, store_health(co->store));
	site->clusters = (uint32_t)view->n_clusters;
	site->vms = (uint32_t)reg->n_vms;
	for (size_t i = 0; i < view->n_clusters; i++)
		add_cluster(site, &view->clusters[i]);
	for (size_t i = 0; i < view->n_alarms; i++)
		count_alarm(site, &view->alarms[i]);
	site->poll_round_ms = oldest_report(view);
	site->poll_late = reg->polls_late;
	site->snapshot = reg->snapshot;
	if (view->n_decisions > 0)
		site->decision = view->decisions[view->n_decisions - 1].number;
}

/* --- numbers -------------------------------------------------------------- */

static int
number_all(struct view_maker *maker, struct err *err)
{
	const struct settings *s = maker->co->settings;
	struct store *store = maker->co->store;

	store_begin(store);
	for (size_t i = 0; i < s->n_clusters; i++)
		store_put_number(store, "cluster", s->clusters[i].name);
	for (size_t i = 0; i < s->n_hosts; i++)
		store_put_number(store, "host", s->hosts[i].name);
	int rc = store_commit(store, err);
	for (size_t i = 0; rc == 0 && i < s->n_clusters; i++)
		rc = store_load_number(store, "cluster", s->clusters[i].name,
				       &maker->clusters[i], err);
	for (size_t i = 0; rc == 0 && i < s->n_hosts; i++)
		rc = store_load_number(store, "host", s->hosts[i].name,
				       &maker->hosts[i], err);
	return rc;
}

/* All of these rows begin with their index. */
static int
by_index(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

_Static_assert(offsetof(struct view_cluster, index) == 0 &&
		       offsetof(struct view_member, index) == 0 &&
		       offsetof(struct view_alarm, index) == 0,
	       "rows are compared by what they begin with");

static void
sort(void *rows, size_t n, size_t size)
{
	if (n > 0)
		qsort(rows, n, size, by_index);
}

/* --- the door ------------------------------------------------------------- */

int
view_maker_new(const struct coordinator *co, struct view_maker **ret_maker,
	       struct err *err)
{
	struct view_maker *maker = xcalloc(1, sizeof(*maker));

	maker->co = co;
	maker->clusters = xcalloc(co->settings->n_clusters, sizeof(uint32_t));
	maker->hosts = xcalloc(co->settings->n_hosts, sizeof(uint32_t));
	int rc = number_all(maker, err);
	if (rc < 0) {
		view_maker_free(maker);
		return rc;
	}
	*ret_maker = maker;
	return 0;
}

void
view_maker_free(struct view_maker *maker)
{
	if (maker == NULL)
		return;
	free(maker->clusters);
	free(maker->hosts);
	free(maker->alarms);
	free(maker->commands);
	free(maker);
}

struct cluster_view *
view_make(struct view_maker *maker, int64_t now_ms)
{
	struct cluster_view *view = cluster_view_new();

	maker->views++;
	view_fill_members(maker, view, now_ms);
	view_fill_decisions(maker, view);
	view_fill_alarms(maker, view);
	fill_clusters(maker, view, now_ms);
	fill_site(maker->co, view, now_ms);
	sort(view->clusters, view->n_clusters, sizeof(*view->clusters));
	sort(view->members, view->n_members, sizeof(*view->members));
	sort(view->alarms, view->n_alarms, sizeof(*view->alarms));
	return view;
}
