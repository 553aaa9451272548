/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster view: what registry, store and fence devices know comes out of
 * it, and what nobody knows is not made up.
 */
#include "tests/unit/coordinator/view_site.h"

/* --- what happens in it --------------------------------------------------- */

static struct node_report *
report_with_vms(size_t n, uint64_t memory_kib)
{
	struct node_report *report = node_report_new();

	report->capacity.memory_kib = memory_kib;
	report->capacity.cpus = 8;
	report->load.cpu_use_pm = 250;
	report->vms = xcalloc(n, sizeof(*report->vms));
	report->n_vms = n;
	for (size_t i = 0; i < n; i++) {
		report->vms[i].state =
			i == 0 ? VM_STATE_RUNNING : VM_STATE_SHUT_OFF;
		SET(report->vms[i].uuid, i == 0 ? UUID_1 : UUID_2);
		report->vms[i].memory_kib = 1024;
		SET(report->vms[i].name, i == 0 ? "vm1" : "vm2");
	}
	report->datastores = xcalloc(1, sizeof(*report->datastores));
	report->n_datastores = 1;
	report->datastores[0].index = 1;
	report->datastores[0].state = DATASTORE_OK;
	report->datastores[0].age_ms = 400;
	return report;
}

static void
hear(size_t host, int64_t ms_ago)
{
	struct reg_host *h = &site.co.reg.hosts[host];

	h->state = HOST_UP;
	h->state_wall_ms = WALL_MS;
	SET(h->state_reason, "it answers");
	h->link = LINK_OK;
	h->heard_ms = NOW_MS - ms_ago;
	h->round_trip_us = 321;
	h->pulse.health = HEALTH_DEGRADED;
	SET(h->pulse.uuid, BOOT);
	SET(h->pulse.boot_id, BOOT);
	registry_take_report(&site.co.reg, host, report_with_vms(2, 4096),
			     NOW_MS - 5000);
}

static void
a_site_that_heard_nothing_says_so(void **state)
{
	const struct cluster_view *view = look();

	(void)state;
	assert_string_equal(view->site.name, "berlin");
	assert_string_equal(view->site.version, IRONHERD_VERSION);
	assert_int_equal(view->site.mode, VIEW_MODE_LIVE);
	assert_int_equal(view->site.start_s, WALL_MS / 1000);
	assert_int_equal(view->site.uptime_s, (NOW_MS - START_MS) / 1000);
	assert_int_equal(view->site.store, VIEW_STORE_OK);
	assert_int_equal(view->site.hosts, N_HOSTS);
	assert_int_equal(view->site.hosts_up, 0);
	assert_int_equal(view->site.decision, 0);
	assert_int_equal(view->site.poll_round_ms, 0);
	assert_int_equal(view->n_clusters, 2);
	assert_int_equal(view->n_members, N_HOSTS);
	const struct view_member *h1 = member("h1");
	assert_int_equal(h1->state, VIEW_MEMBER_NEW);
	assert_int_equal(h1->link, VIEW_LINK_UNKNOWN);
	assert_int_equal(h1->health, HEALTH_UNKNOWN);
	assert_false(h1->reachable);
	assert_int_equal(h1->seen_ms, REPORT_AGE_NEVER);
	assert_int_equal(h1->heartbeat_ms, REPORT_AGE_NEVER);
	assert_int_equal(h1->datastore_ms, REPORT_AGE_NEVER);
	assert_int_equal(h1->report_ms, REPORT_AGE_NEVER);
	assert_int_equal(h1->power, REPORT_POWER_UNKNOWN);
	assert_int_equal(h1->power_ms, REPORT_AGE_NEVER);
	assert_int_equal(h1->fence, VIEW_FENCE_NOT_CONFIGURED);
	assert_string_equal(h1->uuid, "");
	assert_string_equal(h1->boot_id, "");
}

static void
a_host_that_answers_is_told_in_full(void **state)
{
	(void)state;
	hear(0, 700);
	own_vm(UUID_1, 0, INTENT_RUN);
	own_vm(UUID_2, 0, INTENT_OFF);
	look();
	const struct view_member *h1 = member("h1");
	assert_int_equal(h1->state, VIEW_MEMBER_UP);
	assert_int_equal(h1->state_since_s, WALL_MS / 1000);
	assert_string_equal(h1->state_text, "it answers");
	assert_true(h1->reachable);
	assert_int_equal(h1->link, VIEW_LINK_OK);
	assert_int_equal(h1->health, HEALTH_DEGRADED);
	assert_string_equal(h1->uuid, BOOT);
	assert_string_equal(h1->boot_id, BOOT);
	assert_string_equal(h1->address, "192.0.2.1:161");
	assert_int_equal(h1->heartbeat_ms, 700);
	assert_int_equal(h1->datastore_ms, 5400);
	assert_int_equal(h1->seen_ms, 700);
	assert_int_equal(h1->report_ms, 5000);
	assert_int_equal(h1->round_trip_us, 321);
	assert_int_equal(h1->cpus, 8);
	assert_int_equal(h1->cpu_use_pm, 250);
	assert_int_equal(h1->memory_kib, 4096);
	assert_int_equal(h1->memory_used_kib, 1024);
	assert_int_equal(h1->vms, 2);
	assert_int_equal(h1->vms_running, 1);
	assert_int_equal(h1->cluster, cluster("c1")->index);
}

/* Never "running" on the word of a host that does not answer. */
static void
of_a_silent_host_nothing_is_running(void **state)
{
	struct reg_host *h1 = &site.co.reg.hosts[0];

	(void)state;
	hear(0, 20000);
	own_vm(UUID_1, 0, INTENT_RUN);
	h1->state = HOST_SUSPECT;
	h1->link = LINK_SILENT;
	SET(h1->link_text, "no answer in 900 ms");
	look();
	assert_int_equal(member("h1")->state, VIEW_MEMBER_SUSPECT);
	assert_int_equal(member("h1")->health, HEALTH_UNKNOWN);
	assert_int_equal(member("h1")->vms, 1);
	assert_int_equal(member("h1")->vms_running, 0);
	assert_string_equal(member("h1")->link_text, "no answer in 900 ms");
	assert_int_equal(cluster("c1")->vms, 1);
	assert_int_equal(cluster("c1")->vms_running, 0);
	assert_int_equal(cluster("c1")->memory_kib, 0); /* it is not up */
}

/* h1 does not answer, but h2 saw its slot move. */
static void
a_silent_hosts_datastore_heartbeat_is_seen_by_another(void **state)
{
	struct node_report *report;

	(void)state;
	hear(0, 20000);
	site.co.reg.hosts[0].link = LINK_SILENT;
	hear(1, 100);
	report = site.co.reg.hosts[1].report;
	site.co.reg.hosts[1].report_ms = NOW_MS - 1000;
	SET(site.co.reg.hosts[1].pulse.uuid, UUID_2);
	SET(site.co.reg.hosts[0].report->host.uuid, UUID_1);
	report->heartbeats = xcalloc(1, sizeof(*report->heartbeats));
	report->n_heartbeats = 1;
	report->heartbeats[0].datastore = 1;
	report->heartbeats[0].age_ms = 250;
	SET(report->heartbeats[0].host_uuid, UUID_1);
	look();
	assert_int_equal(member("h1")->heartbeat_ms, 20000);
	assert_int_equal(member("h1")->datastore_ms, 1250);
	assert_int_equal(member("h1")->seen_ms, 1250);
}

static void
clusters_sum_their_hosts_up(void **state)
{
	(void)state;
	hear(0, 100);
	hear(1, 100);
	hear(3, 100);
	site.co.reg.hosts[3].report_ms = NOW_MS - 7000;
	own_vm(UUID_1, 0, INTENT_RUN);
	own_vm(UUID_2, 3, INTENT_RUN);
	const struct cluster_view *view = look();
	assert_int_equal(cluster("c1")->hosts, 3);
	assert_int_equal(cluster("c1")->hosts_up, 2);
	assert_int_equal(cluster("c1")->hosts_ready, 0);
	assert_int_equal(cluster("c1")->memory_kib, 8192);
	assert_int_equal(cluster("c1")->memory_used_kib, 1024);
	assert_int_equal(cluster("c2")->hosts, 1);
	assert_int_equal(cluster("c2")->vms, 1);
	assert_int_equal(view->site.hosts_up, 3);
	assert_int_equal(view->site.vms, 2);
	assert_int_equal(view->site.vms_running, 3); /* as the hosts say */
	assert_int_equal(view->site.poll_round_ms, 7000);
}

static void
what_the_coordinator_does_not_do_is_not_configured(void **state)
{
	(void)state;
	look();
	for (size_t i = 0; i < site.view->n_clusters; i++) {
		const struct view_cluster *c = &site.view->clusters[i];

		assert_int_equal(c->admission, VIEW_ADMISSION_NOT_CONFIGURED);
		assert_int_equal(c->drs, VIEW_AUTOMATION_NOT_CONFIGURED);
		assert_int_equal(c->dpm, VIEW_AUTOMATION_NOT_CONFIGURED);
		assert_int_equal(c->imc, VIEW_IMC_NOT_CONFIGURED);
	}
}

static void
maintenance_is_told(void **state)
{
	(void)state;
	look();
	assert_int_equal(member("h1")->maintenance, VIEW_MAINTENANCE_NO);
	site.co.reg.hosts[registry_find_host(&site.co.reg, "h1")].maintenance =
		true;
	look();
	assert_int_equal(member("h1")->maintenance, VIEW_MAINTENANCE_YES);
}

static void
ha_is_armed_only_when_it_could_act(void **state)
{
	(void)state;
	look_at(site.maker, START_MS + QUIET_MS - 1);
	assert_int_equal(cluster("c1")->ha, VIEW_HA_STARTING);
	assert_int_equal(cluster("c2")->ha, VIEW_HA_OFF);
	look_at(site.maker, START_MS + QUIET_MS);
	assert_int_equal(cluster("c1")->ha, VIEW_HA_ARMED);
	assert_string_equal(cluster("c1")->ha_text, "");
	assert_true(cluster("c1")->fence_isolated);
	site.co.reg.clusters[1].ha = false; /* an operator's word */
	look();
	assert_int_equal(cluster("c1")->ha, VIEW_HA_OFF);
	site.co.reg.clusters[1].ha = true;
	site.co.reg.clusters[1].disarmed = true;
	look();
	assert_int_equal(cluster("c1")->ha, VIEW_HA_BLOCKED);
	assert_string_equal(cluster("c1")->ha_text,
			    "an operator has laid it down");
	site.co.reg.clusters[1].disarmed = false;
	SET(site.co.reg.store_trouble, "disk full");
	look();
	assert_int_equal(cluster("c1")->ha, VIEW_HA_BLOCKED);
	assert_string_equal(cluster("c1")->ha_text, "disk full");
	site.co.reg.store_trouble[0] = '\0';
	site.co.ops = &ops_dry;
	assert_int_equal(look()->site.mode, VIEW_MODE_DRY_RUN);
	assert_int_equal(cluster("c1")->ha, VIEW_HA_BLOCKED);
}

/* --- with a BMC ----------------------------------------------------------- */

static void
a_fence_is_ready_once_it_was_tried(void **state)
{
	struct view_maker *maker = NULL;
	struct reg_host *h1 = &world.co.reg.hosts[0];
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	(void)state;
	assert_int_equal(view_maker_new(&world.co, &maker, NULL), 0);
	look_at(maker, clock_mono_ms());
	assert_int_equal(member("h1")->fence, VIEW_FENCE_UNKNOWN);
	assert_int_equal(member("h1")->fence_ms, REPORT_AGE_NEVER);
	while (member("h1")->fence == VIEW_FENCE_UNKNOWN &&
	       clock_mono_ms() < end_ms) {
		run_for(100);
		look_at(maker, clock_mono_ms());
	}
	assert_int_equal(member("h1")->fence, VIEW_FENCE_READY);
	assert_string_equal(member("h1")->fence_text, "");
	assert_in_range(member("h1")->fence_ms, 0, 60000);
	assert_int_equal(member("h1")->power, REPORT_POWER_ON);
	assert_int_not_equal(member("h1")->power_ms, REPORT_AGE_NEVER);
	assert_int_equal(cluster("c1")->hosts_ready, 1);

	SET(h1->bmc_trouble, "it refuses");
	look_at(maker, clock_mono_ms());
	assert_int_equal(member("h1")->fence, VIEW_FENCE_NOT_READY);
	assert_string_equal(member("h1")->fence_text, "it refuses");
	h1->bmc_is_foreign = true;
	become_anothers();
	look_at(maker, clock_mono_ms());
	assert_int_equal(member("h1")->fence, VIEW_FENCE_WRONG_HOST);
	assert_int_equal(member("h1")->power, REPORT_POWER_UNKNOWN);
	cluster_view_free(site.view);
	site.view = NULL;
	view_maker_free(maker);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_site_that_heard_nothing_says_so),
		CASE(a_host_that_answers_is_told_in_full),
		CASE(of_a_silent_host_nothing_is_running),
		CASE(a_silent_hosts_datastore_heartbeat_is_seen_by_another),
		CASE(clusters_sum_their_hosts_up),
		CASE(what_the_coordinator_does_not_do_is_not_configured),
		CASE(maintenance_is_told),
		CASE(ha_is_armed_only_when_it_could_act),
		cmocka_unit_test_setup_teardown(
			a_fence_is_ready_once_it_was_tried, world_set_up,
			world_tear_down),
	};

	log_start("test_view", LOG_LEVEL_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
