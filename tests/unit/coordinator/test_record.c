/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision says of failures survives the coordinator. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/record.h"

#define VM_UUID "00000000-0000-4000-8000-000000000001"

enum { N_HOSTS = 2 };

#define NOW  INT64_C(900000000)
#define WALL INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

static struct host_settings hosts_conf[N_HOSTS] = {
	{ .name = "h1" },
	{ .name = "h2" },
};
static struct cluster_settings clusters_conf[] = { { .name = "c1",
						     .ha = true } };
static const struct settings settings = {
	.site = "test",
	.clusters = clusters_conf,
	.n_clusters = 1,
	.hosts = hosts_conf,
	.n_hosts = N_HOSTS,
};

static char state_dir[64];
static struct store *store;
static struct registry reg;

static void
begin_life(int64_t now_ms, int64_t wall_ms)
{
	struct err err = { "" };

	if (store_open(state_dir, &store, &err) < 0)
		fail_msg("%s", err.text);
	registry_init(&reg, &settings, now_ms, wall_ms);
	if (record_load(&reg, store, now_ms, wall_ms, &err) < 0)
		fail_msg("%s", err.text);
}

static void
end_life(void)
{
	registry_done(&reg);
	store_close(store);
}

static int
set_up(void **state)
{
	(void)state;
	log_start("record", LOG_LEVEL_ERROR);
	cluster_policy_init(&clusters_conf[0].policy);
	strcpy(state_dir, "/tmp/ironherd-record-XXXXXX");
	if (mkdtemp(state_dir) == NULL)
		return -1;
	begin_life(NOW, WALL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	end_life();
	DIR *dir = opendir(state_dir);
	for (struct dirent *e = dir ? readdir(dir) : NULL; e != NULL;
	     e = readdir(dir)) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", state_dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	if (dir != NULL)
		closedir(dir);
	return rmdir(state_dir);
}

/* One change of h1, recorded. */
static void
record(const struct plan_host_change *change, int64_t now_ms, int64_t wall_ms)
{
	struct snapshot *snap = freeze(&reg, now_ms);
	struct plan plan = { .n_host_changes = 0 };
	struct err err = { "" };

	*plan_add_host_change(&plan) = *change;
	if (record_plan(&reg, store, snap, &plan, wall_ms, NULL, &err) < 0)
		fail_msg("%s", err.text);
	free(plan.host_changes);
	snapshot_free(snap);
}

static struct snap_host
frozen(int64_t now_ms)
{
	struct snapshot *snap = freeze(&reg, now_ms);
	struct snap_host host = snap->hosts[0];

	snapshot_free(snap);
	return host;
}

static const struct plan_host_change third_failure = {
	.to = HOST_DEAD,
	.failed = true,
	.set_aside = true,
	.mass = MASS_WAIT,
};

static void
failures_and_their_verdict_survive_a_restart(void **state)
{
	(void)state;
	record(&third_failure, NOW, WALL);
	for (int life = 0; life < 2; life++) {
		struct snap_host host = frozen(NOW + 1000);

		assert_int_equal(host.failures_last_hour, 1);
		assert_true(host.set_aside);
		assert_int_equal(host.mass, MASS_WAIT);
		assert_int_equal(host.mass_age_ms, 1000);
		assert_int_equal(host.state_age_ms, 1000);
		end_life();
		begin_life(NOW + 1000, WALL + 1000);
	}
}

static void
they_are_over_in_time(void **state)
{
	(void)state;
	record(&third_failure, NOW, WALL);
	assert_int_equal(frozen(NOW + HOUR - 1).failures_last_hour, 1);
	assert_int_equal(frozen(NOW + HOUR).failures_last_hour, 0);
	assert_true(frozen(NOW + SET_ASIDE_MS - 1).set_aside);
	assert_false(frozen(NOW + SET_ASIDE_MS).set_aside);
	end_life();
	begin_life(NOW, WALL + SET_ASIDE_MS);
	assert_false(frozen(NOW).set_aside);
	assert_int_equal(frozen(NOW).failures_last_hour, 0);
	assert_int_equal(frozen(NOW).mass_age_ms, SET_ASIDE_MS);
}

static void
a_wall_clock_that_was_set_back_sets_no_host_aside_for_longer(void **state)
{
	(void)state;
	record(&third_failure, NOW, WALL);
	end_life();
	begin_life(NOW, WALL - 100 * HOUR);
	assert_true(frozen(NOW + SET_ASIDE_MS - 1).set_aside);
	assert_false(frozen(NOW + SET_ASIDE_MS).set_aside);
	assert_int_equal(frozen(NOW).mass_age_ms, 0);
}

static void
a_change_without_a_verdict_keeps_the_recorded_one(void **state)
{
	const struct plan_host_change back = { .to = HOST_UP };

	(void)state;
	record(&third_failure, NOW, WALL);
	record(&back, NOW + 5000, WALL + 5000);
	end_life();
	begin_life(NOW + 6000, WALL + 6000);
	assert_int_equal(frozen(NOW + 6000).state, HOST_UP);
	assert_int_equal(frozen(NOW + 6000).mass, MASS_WAIT);
	assert_int_equal(frozen(NOW + 6000).mass_age_ms, 6000);
	assert_int_equal(frozen(NOW + 6000).failures_last_hour, 1);
}

static void
an_order_stands_until_the_plan_says_that_it_is_done(void **state)
{
	struct plan_vm_change change = { .owner = 0,
					 .intent = INTENT_OFF,
					 .silent = true };
	struct err err = { "" };

	(void)state;
	registry_add_vm(&reg, VM_UUID, "vm")->order = INTENT_OFF;
	for (int done = 0; done < 2; done++) {
		struct snapshot *snap = freeze(&reg, NOW);
		struct plan plan = { .n_vm_changes = 0 };

		change.order_done = done;
		*plan_add_vm_change(&plan) = change;
		if (record_plan(&reg, store, snap, &plan, WALL, NULL, &err) < 0)
			fail_msg("%s", err.text);
		free(plan.vm_changes);
		snapshot_free(snap);
		end_life();
		begin_life(NOW, WALL);
		assert_int_equal(reg.vms[0].order,
				 done ? INTENT_UNKNOWN : INTENT_OFF);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(failures_and_their_verdict_survive_a_restart),
		CASE(they_are_over_in_time),
		CASE(a_wall_clock_that_was_set_back_sets_no_host_aside_for_longer),
		CASE(a_change_without_a_verdict_keeps_the_recorded_one),
		CASE(an_order_stands_until_the_plan_says_that_it_is_done),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
