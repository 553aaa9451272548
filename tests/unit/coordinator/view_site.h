/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A site of four hosts without fence devices, and the view that is made of it.
 */
#ifndef TESTS_UNIT_COORDINATOR_VIEW_SITE_H
#define TESTS_UNIT_COORDINATOR_VIEW_SITE_H

#include <errno.h>

#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/view.h"
#include "snmp-mib/cluster_message.h"
#include "tests/unit/coordinator/farm_world.h"

#define UUID_1 "00000000-0000-4000-8000-000000000001"
#define UUID_2 "00000000-0000-4000-8000-000000000002"
#define BOOT   "00000000-0000-4000-8000-00000000b001"

enum { N_HOSTS = 4, START_MS = 1000, NOW_MS = 1000000 };
#define WALL_MS INT64_C(1700000000000)

static struct cluster_settings clusters[] = {
	{ .name = "c2" },
	{ .name = "c1", .ha = true, .fence_isolated = true },
};
static struct host_settings hosts[N_HOSTS] = {
	{ .name = "h1", .cluster = 1, .agent = "192.0.2.1:161" },
	{ .name = "h2", .cluster = 1, .agent = "192.0.2.2:161" },
	{ .name = "h3", .cluster = 1, .agent = "192.0.2.3:161" },
	{ .name = "h4", .cluster = 0, .agent = "192.0.2.4:161" },
};

static struct site {
	struct settings settings;
	struct coordinator co;
	struct view_maker *maker;
	struct cluster_view *view;
	char dir[64];
} site;

static inline void
start_site(void)
{
	struct err err = { "" };

	site.co = (struct coordinator){ .settings = &site.settings,
					.ops = &ops_real };
	registry_init(&site.co.reg, &site.settings, START_MS, WALL_MS);
	if (store_open(site.dir, &site.co.store, &err) < 0 ||
	    view_maker_new(&site.co, &site.maker, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void
stop_site(void)
{
	cluster_view_free(site.view);
	site.view = NULL;
	view_maker_free(site.maker);
	store_close(site.co.store);
	registry_done(&site.co.reg);
}

static inline int
set_up(void **state)
{
	(void)state;
	site = (struct site){ .dir = "/tmp/ironherd-view-XXXXXX" };
	assert_non_null(mkdtemp(site.dir));
	site.settings = (struct settings){ .site = "berlin",
					   .clusters = clusters,
					   .n_clusters = 2,
					   .hosts = hosts,
					   .n_hosts = N_HOSTS };
	start_site();
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	stop_site();
	return temp_folder_remove(site.dir);
}

/* As anything is sent: through a message, whose rules hold for all of it. */
static const struct cluster_view *
look_at(struct view_maker *maker, int64_t now_ms)
{
	struct cluster_view *made = view_make(maker, now_ms);
	json_t *message = cluster_message_pack(made);
	struct err err = { "" };

	cluster_view_free(site.view);
	site.view = NULL;
	if (cluster_message_unpack(message, &site.view, &err) < 0)
		fail_msg("%s", err.text);
	json_decref(message);
	cluster_view_free(made);
	return site.view;
}

static const struct cluster_view *
look(void)
{
	return look_at(site.maker, NOW_MS);
}

static const struct view_member *
member(const char *name)
{
	for (size_t i = 0; i < site.view->n_members; i++)
		if (strcmp(site.view->members[i].name, name) == 0)
			return &site.view->members[i];
	fail_msg("no %s", name);
	abort(); /* it does not come back */
}

static const struct view_cluster *
cluster(const char *name)
{
	for (size_t i = 0; i < site.view->n_clusters; i++)
		if (strcmp(site.view->clusters[i].name, name) == 0)
			return &site.view->clusters[i];
	fail_msg("no %s", name);
	abort(); /* it does not come back */
}

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

static inline void
own_vm(const char *uuid, size_t owner, enum vm_intent intent)
{
	struct reg_vm *vm = registry_find_vm(&site.co.reg, uuid);

	if (vm == NULL)
		vm = registry_add_vm(&site.co.reg, uuid, "vm");
	vm->owner = owner;
	vm->intent = intent;
	vm->memory_kib = 1024;
}

#endif
