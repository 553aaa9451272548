/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster view: what registry, store and fence devices know comes out of
 * it, numbers last, and what nobody knows is not made up.
 */
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

/* --- a site without fence devices ----------------------------------------- */

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

static void
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

static void
stop_site(void)
{
	cluster_view_free(site.view);
	site.view = NULL;
	view_maker_free(site.maker);
	store_close(site.co.store);
	registry_done(&site.co.reg);
}

static int
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

static int
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
	return NULL;
}

static const struct view_cluster *
cluster(const char *name)
{
	for (size_t i = 0; i < site.view->n_clusters; i++)
		if (strcmp(site.view->clusters[i].name, name) == 0)
			return &site.view->clusters[i];
	fail_msg("no %s", name);
	return NULL;
}

/* --- what happens in it --------------------------------------------------- */

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

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
own_vm(const char *uuid, size_t owner, enum vm_intent intent)
{
	struct reg_vm *vm = registry_find_vm(&site.co.reg, uuid);

	if (vm == NULL)
		vm = registry_add_vm(&site.co.reg, uuid, "vm");
	vm->owner = owner;
	vm->intent = intent;
	vm->memory_kib = 1024;
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
	assert_int_equal(member("h1")->maintenance,
			 VIEW_MAINTENANCE_NOT_CONFIGURED);
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
	site.co.reg.cluster_ha[1] = false; /* an operator's word */
	look();
	assert_int_equal(cluster("c1")->ha, VIEW_HA_OFF);
	site.co.reg.cluster_ha[1] = true;
	SET(site.co.reg.store_trouble, "disk full");
	look();
	assert_int_equal(cluster("c1")->ha, VIEW_HA_BLOCKED);
	assert_string_equal(cluster("c1")->ha_text, "disk full");
	site.co.reg.store_trouble[0] = '\0';
	site.co.ops = &ops_dry;
	assert_int_equal(look()->site.mode, VIEW_MODE_DRY_RUN);
	assert_int_equal(cluster("c1")->ha, VIEW_HA_BLOCKED);
}

/* --- numbers, decisions, alarms ------------------------------------------- */

static void
numbers_stay_with_their_names(void **state)
{
	struct host_settings fewer[2] = { hosts[3], hosts[1] };
	char h2[16];

	(void)state;
	look();
	for (size_t i = 1; i < site.view->n_members; i++)
		assert_true(site.view->members[i - 1].index <
			    site.view->members[i].index);
	uint32_t h2_index = member("h2")->index, h4 = member("h4")->index;
	uint32_t c1 = cluster("c1")->index;

	/* A host is new, others are gone, the order is another. */
	stop_site();
	SET(h2, "a0");
	fewer[0].name = h2;
	fewer[0].cluster = 0;
	site.settings.hosts = fewer;
	site.settings.n_hosts = 2;
	start_site();
	look();
	assert_int_equal(member("h2")->index, h2_index);
	assert_true(member("a0")->index > h4);
	assert_int_equal(cluster("c1")->index, c1);
	assert_ptr_equal(member("a0"), &site.view->members[1]);
}

static int64_t
decide(enum store_command_kind kind, const char *vm, const char *from)
{
	struct store_command command = { .kind = kind,
					 .host = "h2",
					 .snapshot = 77,
					 .reason = "h1 is proved off",
					 .recorded_ms = WALL_MS + 1000 };

	SET(command.vm, vm);
	SET(command.from, from);
	store_begin(site.co.store);
	int64_t id = store_add_command(site.co.store, &command);
	assert_int_equal(store_commit(site.co.store, NULL), 0);
	return id;
}

static void
a_decision_is_there_from_record_to_end(void **state)
{
	(void)state;
	own_vm(UUID_1, 0, INTENT_RUN);
	decide(COMMAND_FENCE, "", "");
	int64_t id = decide(COMMAND_START, UUID_1, "h1");
	const struct cluster_view *view = look();
	assert_int_equal(view->n_decisions, 2);
	assert_int_equal(view->site.decision, id);
	assert_int_equal(view->decisions[0].kind, VIEW_DECISION_FENCE);
	assert_string_equal(view->decisions[0].to, "");
	const struct view_decision *d = &view->decisions[1];
	assert_int_equal(d->number, id);
	assert_int_equal(d->kind, VIEW_DECISION_START);
	assert_int_equal(d->state, VIEW_DECISION_OPEN);
	assert_int_equal(d->time_s, WALL_MS / 1000 + 1);
	assert_int_equal(d->end_s, 0);
	assert_string_equal(d->host, "h2");
	assert_string_equal(d->from, "h1");
	assert_string_equal(d->to, "h2");
	assert_string_equal(d->vm_uuid, UUID_1);
	assert_string_equal(d->vm_name, "vm");
	assert_string_equal(d->reason, "h1 is proved off");
	assert_int_equal(d->snapshot, 77);

	store_begin(site.co.store);
	store_end_command(site.co.store, id, OUTCOME_IN_DOUBT, "no answer",
			  WALL_MS + 5000);
	assert_int_equal(store_commit(site.co.store, NULL), 0);
	d = &look()->decisions[1];
	assert_int_equal(d->state, VIEW_DECISION_IN_DOUBT);
	assert_int_equal(d->end_s, WALL_MS / 1000 + 5);
	assert_string_equal(d->result, "no answer");
}

static void
only_the_last_decisions_are_told(void **state)
{
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < VIEW_DECISIONS_MAX + 20; i++)
		last = decide(COMMAND_FENCE, "", "");
	const struct cluster_view *view = look();
	assert_int_equal(view->n_decisions, VIEW_DECISIONS_MAX);
	assert_int_equal(view->decisions[VIEW_DECISIONS_MAX - 1].number, last);
	assert_int_equal(view->decisions[0].number,
			 last - VIEW_DECISIONS_MAX + 1);
}

static void
set_alarms(const struct reg_alarm *alarms, size_t n)
{
	struct registry *reg = &site.co.reg;

	free(reg->alarms);
	reg->alarms = xcalloc(n, sizeof(*alarms));
	memcpy(reg->alarms, alarms, n * sizeof(*alarms));
	reg->n_alarms = n;
}

static void
an_alarm_keeps_its_number_and_is_counted(void **state)
{
	struct reg_alarm all[] = {
		{ { "fence-failed", "h2", SEVERITY_CRITICAL, 0, 0, "a" },
		  .since_ms = 10,
		  .since_wall_ms = WALL_MS,
		  .told = true },
		{ { "two-copies", "vm1", SEVERITY_CRITICAL, 0, 0, "b" },
		  .since_ms = 11 }, /* not told yet */
		{ { "bmc-trouble", "h2", SEVERITY_WARNING, 0, 0, "c" },
		  .since_ms = 12,
		  .told = true },
		{ { "bmc-trouble", "h2", SEVERITY_WARNING, 0, 0, "once more" },
		  .since_ms = 12,
		  .told = true },
	};

	(void)state;
	set_alarms(all, 4);
	const struct cluster_view *view = look();
	assert_int_equal(view->n_alarms, 2);
	assert_int_equal(view->site.alarms_critical, 1);
	assert_int_equal(view->site.alarms_warning, 1);
	assert_int_equal(view->site.alarms_info, 0);
	assert_int_equal(member("h2")->alarms, 2);
	assert_int_equal(cluster("c1")->alarms, 2);
	assert_int_equal(member("h1")->alarms, 0);
	assert_string_equal(view->alarms[1].kind, "fence-failed");
	assert_string_equal(view->alarms[1].subject, "h2");
	assert_string_equal(view->alarms[1].text, "a");
	assert_int_equal(view->alarms[1].severity, VIEW_SEVERITY_CRITICAL);
	assert_int_equal(view->alarms[1].since_s, WALL_MS / 1000);
	assert_int_equal(view->alarms[1].count, 1);
	uint32_t first = view->alarms[1].index;

	set_alarms(all + 2, 1); /* it is over */
	assert_int_equal(look()->n_alarms, 1);
	all[0].since_ms = 500; /* and comes again */
	set_alarms(all, 1);
	view = look();
	assert_int_equal(view->n_alarms, 1);
	assert_int_equal(view->alarms[0].index, first);
	assert_int_equal(view->alarms[0].count, 2);
	assert_int_equal(look()->alarms[0].count, 2);
}

static void
more_alarms_than_are_remembered_do_no_harm(void **state)
{
	enum { N = VIEW_ALARMS_MAX };
	struct reg_alarm *all = xcalloc(N, sizeof(*all));

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < N; i++) {
			all[i] = (struct reg_alarm){ .since_ms = 1,
						     .told = true };
			SET(all[i].alarm.kind, "vm-off");
			snprintf(all[i].alarm.subject, REPORT_NAME_LEN,
				 "vm%d-%d", round, i);
		}
		set_alarms(all, N);
		assert_int_equal(look()->n_alarms, N);
		uint32_t first = site.view->alarms[0].index;
		assert_int_equal(look()->alarms[0].index, first);
	}
	free(all);
}

static void
text_is_cut_between_characters(void **state)
{
	struct reg_host *h1 = &site.co.reg.hosts[0];

	(void)state;
	snprintf(h1->state_reason, sizeof(h1->state_reason), "%0254d%s", 0,
		 "\xc3\xa4\xc3\xa4");
	look();
	assert_int_equal(strlen(member("h1")->state_text), 254);
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
		CASE(ha_is_armed_only_when_it_could_act),
		CASE(numbers_stay_with_their_names),
		CASE(a_decision_is_there_from_record_to_end),
		CASE(only_the_last_decisions_are_told),
		CASE(an_alarm_keeps_its_number_and_is_counted),
		CASE(more_alarms_than_are_remembered_do_no_harm),
		CASE(text_is_cut_between_characters),
		cmocka_unit_test_setup_teardown(
			a_fence_is_ready_once_it_was_tried, world_set_up,
			world_tear_down),
	};

	log_start("test_view", LOG_LEVEL_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
