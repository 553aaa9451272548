/* SPDX-License-Identifier: Apache-2.0 */
/* Who reaches which datastore, for how long, and which VM needs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/virt_xml.h"

#define UUID "11111111-1111-1111-1111-111111111111"

enum { N_HOSTS = 3 };

static struct host_settings hosts_conf[N_HOSTS] = {
	{ .name = "h0", .cluster = 0 },
	{ .name = "h1", .cluster = 0 },
	{ .name = "x0", .cluster = 1 },
};
static struct cluster_settings clusters_conf[] = {
	{ .name = "c1", .ha = true }, { .name = "c2", .ha = true }
};
static struct datastore_settings stores_conf[] = { { "ds1", 0 },
						   { "ds2", 0 },
						   { "ds3", 1 } };
static const struct settings settings = {
	.clusters = clusters_conf,
	.n_clusters = 2,
	.datastores = stores_conf,
	.n_datastores = 3,
	.hosts = hosts_conf,
	.n_hosts = N_HOSTS,
};

static struct registry reg;
static struct snapshot *snap;
static int64_t now_ms;

/* ds1 at /ds1 and ds2 at /mnt/ds2; ds1 as told. */
static void
report(size_t h, enum report_datastore_state state, uint32_t age_ms,
       enum report_liveness liveness)
{
	struct node_report *report = node_report_new();
	struct reg_host *host = &reg.hosts[h];

	host->link = LINK_OK;
	host->heard_ms = now_ms;
	snprintf(host->pulse.boot_id, REPORT_UUID_LEN, "boot");
	snprintf(report->host.boot_id, REPORT_UUID_LEN, "boot");
	report->sources = xcalloc(1, sizeof(*report->sources));
	report->n_sources = 1;
	snprintf(report->sources[0].name, REPORT_NAME_LEN, "libvirt");
	report->datastores = xcalloc(2, sizeof(*report->datastores));
	report->n_datastores = 2;
	report->datastores[0] = (struct report_datastore){
		.name = "ds1", .path = "/ds1/", .state = state, .age_ms = age_ms
	};
	report->datastores[1] = (struct report_datastore){
		.name = "ds2", .path = "/mnt/ds2", .state = DATASTORE_OK
	};
	report->vms = xcalloc(1, sizeof(*report->vms));
	report->n_vms = h == 0;
	report->vms[0] = (struct report_vm){ .uuid = UUID,
					     .name = "vm1",
					     .state = VM_STATE_RUNNING,
					     .last_event = VM_EVENT_STARTED,
					     .last_event_age_ms = 400,
					     .liveness = liveness };
	registry_take_report(&reg, h, report, now_ms);
}

static void
freeze_now(void)
{
	snapshot_free(snap);
	snap = freeze(&reg, now_ms);
}

static const struct snap_path *
path(size_t store, size_t host)
{
	for (size_t i = 0; i < snap->n_paths; i++)
		if (snap->paths[i].store == store &&
		    snap->paths[i].host == host)
			return &snap->paths[i];
	return NULL;
}

static int
begin(void **state)
{
	(void)state;
	now_ms = 1000000;
	registry_init(&reg, &settings, now_ms, 0);
	registry_add_vm(&reg, UUID, "vm1")->owner = 0;
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	registry_done(&reg);
	snapshot_free(snap);
	snap = NULL;
	return 0;
}

static uint64_t
needs(const char *disks)
{
	char xml[512];
	struct reg_vm *vm = &reg.vms[0];

	snprintf(xml, sizeof(xml), "<domain><devices>%s</devices></domain>",
		 disks);
	virt_xml_free_paths(vm->paths);
	vm->paths = virt_xml_read_paths(xml);
	freeze_now();
	return snap->vms[0].stores;
}

static void
a_vm_needs_the_datastores_that_its_disks_are_below(void **state)
{
	(void)state;
	report(0, DATASTORE_OK, 100, LIVENESS_UNKNOWN);
	assert_int_equal(needs("<disk><source file='/ds1/a'/></disk>"), 1);
	assert_int_equal(needs("<disk><source file='/ds1/a'/></disk>"
			       "<disk><source file='/mnt/ds2/b/c'/></disk>"),
			 3);
	assert_int_equal(needs("<disk><source file='/ds10/a'/></disk>"
			       "<disk><source file='/ds1/../b'/></disk>"),
			 0);
	assert_int_equal(
		needs("<disk><source protocol='nbd' name='a'/></disk>"), 0);
	reg.vms[0].owner = NO_HOST;
	assert_int_equal(needs("<disk><source file='/ds1/a'/></disk>"), 0);
	/* Its host was not read yet: another one knows the place. */
	reg.vms[0].owner = 1;
	assert_int_equal(needs("<disk><source file='/ds1/a'/></disk>"), 1);
}

static void
only_hosts_of_its_cluster_that_have_it_are_paths(void **state)
{
	(void)state;
	report(0, DATASTORE_OK, 100, LIVENESS_UNKNOWN);
	report(2, DATASTORE_OK, 100, LIVENESS_UNKNOWN);
	freeze_now();
	assert_int_equal(snap->n_stores, 3);
	assert_int_equal(snap->n_paths, 2); /* h1 was not read, x0 has no ds3 */
	assert_int_equal(path(0, 0)->state, DATASTORE_OK);
	assert_non_null(path(1, 0));
}

static void
a_loss_counts_from_the_last_good_write(void **state)
{
	(void)state;
	report(0, DATASTORE_OK, 100, LIVENESS_UNKNOWN);
	freeze_now();
	now_ms += 9000;
	report(0, DATASTORE_STALE, 6000, LIVENESS_UNKNOWN);
	freeze_now();
	assert_int_equal(path(0, 0)->state, DATASTORE_STALE);
	assert_int_equal(path(0, 0)->state_age_ms, 6000);
	now_ms += 10000;
	report(0, DATASTORE_LOST, 16000, LIVENESS_UNKNOWN);
	now_ms += 500;
	freeze_now();
	assert_int_equal(path(0, 0)->state, DATASTORE_LOST);
	assert_int_equal(path(0, 0)->state_age_ms, 16500);
	/* Its agent was restarted, and has never written. */
	report(0, DATASTORE_LOST, REPORT_AGE_NEVER, LIVENESS_UNKNOWN);
	freeze_now();
	assert_int_equal(path(0, 0)->state_age_ms, 10500);
	report(0, DATASTORE_OK, 100, LIVENESS_UNKNOWN);
	freeze_now();
	assert_int_equal(path(0, 0)->state_age_ms, 0);
}

static void
a_host_that_is_not_heard_says_nothing_and_its_count_begins_anew(void **state)
{
	(void)state;
	report(0, DATASTORE_LOST, REPORT_AGE_NEVER, LIVENESS_UNKNOWN);
	freeze_now();
	now_ms += 5000;
	reg.hosts[0].link = LINK_SILENT;
	freeze_now();
	assert_int_equal(path(0, 0)->state, DATASTORE_UNKNOWN);
	now_ms += 5000;
	report(0, DATASTORE_LOST, REPORT_AGE_NEVER, LIVENESS_UNKNOWN);
	freeze_now();
	assert_int_equal(path(0, 0)->state_age_ms, 0);
}

static void
a_hang_counts_from_the_report_that_told_it_first(void **state)
{
	(void)state;
	report(0, DATASTORE_OK, 100, LIVENESS_ALIVE);
	freeze_now();
	now_ms += 20000;
	report(0, DATASTORE_OK, 100, LIVENESS_DEAD);
	now_ms += 300;
	freeze_now();
	assert_int_equal(snap->sightings[0].liveness_age_ms, 300);
	assert_int_equal(snap->sightings[0].event_age_ms, 700);
	now_ms += 9000;
	report(0, DATASTORE_OK, 100, LIVENESS_DEAD);
	freeze_now();
	assert_int_equal(snap->sightings[0].liveness_age_ms, 9300);
	report(0, DATASTORE_OK, 100, LIVENESS_ALIVE);
	freeze_now();
	report(0, DATASTORE_OK, 100, LIVENESS_DEAD);
	freeze_now();
	assert_int_equal(snap->sightings[0].liveness_age_ms, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(a_vm_needs_the_datastores_that_its_disks_are_below),
		TEST(only_hosts_of_its_cluster_that_have_it_are_paths),
		TEST(a_loss_counts_from_the_last_good_write),
		TEST(a_host_that_is_not_heard_says_nothing_and_its_count_begins_anew),
		TEST(a_hang_counts_from_the_report_that_told_it_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
