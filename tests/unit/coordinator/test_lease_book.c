/* SPDX-License-Identifier: Apache-2.0 */
/* When a host whose watchdog is armed is surely dead, and when nobody knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>

#include "common/alloc.h"
#include "common/log.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/lease_book.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/policy/judge.h"

enum {
	START = 1000000, /* of the coordinator, ms */
	CONTACT = START + 50000,
	BOUND = 30000
};
#define FULL ((int64_t)BOUND + LEASE_MARGIN_MS)

static struct cluster_settings cluster = { .name = "c1",
					   .ha = true,
					   .lease = true };
static struct host_settings hosts_conf[] = { { .name = "lost" },
					     { .name = "other" },
					     { .name = "third" } };
static const struct settings settings = {
	.clusters = &cluster, .n_clusters = 1, .hosts = hosts_conf, .n_hosts = 3
};

static char folder[64];
static struct store *store;
static struct registry reg;
static struct reg_host *lost;

/* --- a world ------------------------------------------------------------- */

static void
begin_life(int64_t now_ms)
{
	registry_init(&reg, &settings, now_ms, 0);
	lost = &reg.hosts[0];
	assert_int_equal(store_open(folder, &store, NULL), 0);
	assert_int_equal(record_load(&reg, store, now_ms, 0, NULL), 0);
}

static void
end_life(void)
{
	registry_done(&reg);
	store_close(store);
}

static struct node_report *
report_with(const char *const *datastores)
{
	struct node_report *report = node_report_new();

	snprintf(report->host.boot_id, REPORT_UUID_LEN, "boot-1");
	report->host.sample_seq = 7;
	report->datastores = xcalloc(4, sizeof(*report->datastores));
	for (; *datastores != NULL; datastores++) {
		struct report_datastore *row =
			&report->datastores[report->n_datastores];

		row->index = (uint32_t)++report->n_datastores;
		row->state = DATASTORE_OK;
		snprintf(row->name, sizeof(row->name), "%s", *datastores);
	}
	return report;
}

static void
answers(int64_t at_ms)
{
	lost->link = LINK_OK;
	lost->heard_ms = at_ms;
	snprintf(lost->pulse.uuid, REPORT_UUID_LEN, "uuid-0");
	snprintf(lost->pulse.boot_id, REPORT_UUID_LEN, "boot-1");
	lost->pulse.sample_seq = 7;
}

static const char *const one[] = { "ds1", NULL };
static const char *const two[] = { "ds1", "ds2", NULL };
static const char *const none[] = { NULL };

/* It was renewed and armed, and fell silent. */
static void
lose(const char *const *datastores)
{
	answers(CONTACT);
	registry_take_report(&reg, 0, report_with(datastores), CONTACT);
	lease_book_sent(&reg, 0);
	lease_book_answered(&reg, 0, CONTACT);
	lease_book_told(&reg, store, 0, BOUND);
	lost->link = LINK_SILENT;
	lost->libvirt = (struct reg_witness){ WITNESS_SILENT, CONTACT + 2000 };
}

/* A host reads the slots of `lost` on these datastores, `now`. */
static void
witness(size_t host, const char *const *datastores, int64_t still_ms,
	int64_t now_ms)
{
	struct node_report *report = report_with(datastores);

	report->heartbeats = xcalloc(4, sizeof(*report->heartbeats));
	for (size_t i = 0; i < report->n_datastores; i++) {
		struct report_heartbeat *slot = &report->heartbeats[i];

		slot->datastore = report->datastores[i].index;
		snprintf(slot->host_uuid, REPORT_UUID_LEN, "uuid-0");
		slot->age_ms = (uint32_t)still_ms;
	}
	report->n_heartbeats = report->n_datastores;
	reg.hosts[host].link = LINK_OK;
	reg.hosts[host].heard_ms = now_ms;
	registry_take_report(&reg, host, report, now_ms);
}

static struct snap_host
look_at(int64_t now_ms)
{
	struct snap_host out = { .name = "" };

	lease_book_look(&reg, store, now_ms, 0);
	freeze_host(&reg, 0, now_ms, &out);
	return out;
}

static int
begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_lease_book.XXXXXX");
	assert_non_null(mkdtemp(folder));
	cluster.lease = true;
	begin_life(START);
	return 0;
}

static int
drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
finish(void **state)
{
	(void)state;
	end_life();
	return nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- the bound ----------------------------------------------------------- */

static void
without_datastores_it_ends_a_bound_after_the_answer(void **state)
{
	(void)state;
	lose(none);
	struct snap_host out = look_at(CONTACT + 1000);
	assert_true(out.lease_armed);
	assert_int_equal(out.lease_left_ms, FULL - 1000);
	assert_int_equal(out.lease_renewed_ms, 1000);
	assert_false(host_is_proved_off(&out));
	out = look_at(CONTACT + FULL);
	assert_int_equal(out.lease_left_ms, 0);
	assert_true(host_is_dead_by_lease(&out));
}

static void
one_that_was_not_answered_may_come_until_it_is_dead(void **state)
{
	(void)state;
	lose(none);
	lease_book_sent(&reg, 0);
	assert_int_equal(look_at(CONTACT + FULL).lease_left_ms, FULL);
	struct snap_host out = look_at(CONTACT + 2 * FULL);
	assert_true(host_is_dead_by_lease(&out));
}

static void
its_slot_has_to_stand_still_for_all_that_time(void **state)
{
	int64_t now_ms = CONTACT + 40000;

	(void)state;
	lose(one);
	/* Seen to change 29 s ago: it was written after our last renewal. */
	witness(1, one, 29000, now_ms);
	assert_int_equal(look_at(now_ms).lease_left_ms, FULL - 29000 + 1);
	witness(1, one, FULL, now_ms);
	assert_int_equal(look_at(now_ms).lease_left_ms, 1);
	witness(1, one, FULL + 1, now_ms);
	struct snap_host out = look_at(now_ms);
	assert_true(host_is_dead_by_lease(&out));
}

static void
a_witness_counts_up_to_the_beginning_of_its_last_reading(void **state)
{
	int64_t now_ms = CONTACT + 40000;

	(void)state;
	lose(one);
	witness(1, one, FULL + 1, now_ms);
	reg.hosts[1].report->datastores[0].age_ms = 1200;
	assert_int_equal(look_at(now_ms).lease_left_ms, 1200);
	reg.hosts[1].report->datastores[0].probe_us = 300000;
	assert_int_equal(look_at(now_ms).lease_left_ms, 1500);
	reg.hosts[1].report_took_ms = 40;
	assert_int_equal(look_at(now_ms).lease_left_ms, 1540);
	/* Its report does not grow older evidence. */
	assert_int_equal(look_at(now_ms + 3000).lease_left_ms, 1540);
}

static void
of_two_witnesses_the_one_that_saw_it_change_later_counts(void **state)
{
	int64_t now_ms = CONTACT + 40000;

	(void)state;
	lose(one);
	witness(1, one, FULL + 5000, now_ms);
	witness(2, one, 20000, now_ms);
	assert_int_equal(look_at(now_ms).lease_left_ms, FULL - 20000 + 1);
}

static void
a_datastore_that_nobody_else_reads_leaves_it_open(void **state)
{
	int64_t now_ms = CONTACT + 3600000;

	(void)state;
	lose(two);
	witness(1, one, 3600000, now_ms);
	struct snap_host out = look_at(now_ms);
	assert_true(out.lease_armed);
	assert_int_equal(out.lease_left_ms, AGE_NEVER);
	assert_false(host_is_proved_off(&out));
	witness(2, two, 3600000, now_ms);
	out = look_at(now_ms);
	assert_true(host_is_dead_by_lease(&out));
}

static void
a_witness_that_is_blind_or_never_saw_it_change_is_none(void **state)
{
	int64_t now_ms = CONTACT + 3600000;

	(void)state;
	lose(one);
	witness(1, one, 3600000, now_ms);
	reg.hosts[1].report->datastores[0].state = DATASTORE_STALE;
	assert_int_equal(look_at(now_ms).lease_left_ms, AGE_NEVER);
	witness(1, one, 3600000, now_ms);
	reg.hosts[1].report->datastores[0].age_ms = REPORT_AGE_NEVER;
	assert_int_equal(look_at(now_ms).lease_left_ms, AGE_NEVER);
	witness(1, one, REPORT_AGE_NEVER, now_ms);
	assert_int_equal(look_at(now_ms).lease_left_ms, AGE_NEVER);
	witness(1, one, 3600000, now_ms);
	reg.hosts[1].link = LINK_SILENT;
	assert_int_equal(look_at(now_ms).lease_left_ms, AGE_NEVER);
	/* Another host's slot. */
	witness(1, one, 3600000, now_ms);
	reg.hosts[1].report->heartbeats[0].host_uuid[0] = 'x';
	assert_int_equal(look_at(now_ms).lease_left_ms, AGE_NEVER);
}

static void
once_dead_it_stays_so_without_a_witness(void **state)
{
	int64_t now_ms = CONTACT + 40000;

	(void)state;
	lose(one);
	witness(1, one, FULL + 1, now_ms);
	assert_int_equal(look_at(now_ms).lease_left_ms, 0);
	witness(1, one, REPORT_AGE_NEVER, now_ms + 5000); /* restarted */
	assert_int_equal(look_at(now_ms + 5000).lease_left_ms, -5000);
}

/* --- armed, or not ------------------------------------------------------- */

static bool
is_stored(void)
{
	struct store_state *state;

	assert_int_equal(store_load(store, 0, &state, NULL), 0);
	size_t n = state->n_leases;
	store_state_free(state);
	return n > 0;
}

static void
is_struck_out(void)
{
	struct snap_host out = look_at(CONTACT + 3600000);

	assert_false(out.lease_armed);
	assert_false(host_is_proved_off(&out));
	assert_false(is_stored());
}

static void
a_lease_that_is_not_held_is_struck_out(void **state)
{
	(void)state;
	lose(none);
	assert_true(is_stored());
	lease_book_told(&reg, store, 0, 0);
	is_struck_out();
}

static void
its_libvirt_answers_without_its_agent(void **state)
{
	(void)state;
	lose(none);
	lost->libvirt.says = WITNESS_ALIVE;
	(void)look_at(CONTACT + 3000);
	lost->libvirt.says = WITNESS_SILENT;
	is_struck_out();
}

static void
its_snmp_master_answers_without_its_agent(void **state)
{
	(void)state;
	lose(none);
	lost->link = LINK_NO_AGENT;
	(void)look_at(CONTACT + 3000);
	lost->link = LINK_SILENT;
	is_struck_out();
}

static void
it_was_restarted_since(void **state)
{
	(void)state;
	lose(none);
	answers(CONTACT + 90000);
	snprintf(lost->pulse.boot_id, REPORT_UUID_LEN, "boot-2");
	(void)look_at(CONTACT + 90000);
	lost->link = LINK_SILENT;
	is_struck_out();
}

static void
another_agent_answers_since(void **state)
{
	(void)state;
	lose(none);
	answers(CONTACT + 3000);
	lost->pulse.sample_seq = 1;
	(void)look_at(CONTACT + 3000);
	lost->link = LINK_SILENT;
	is_struck_out();
}

static void
it_has_other_datastores_since(void **state)
{
	(void)state;
	lose(one);
	answers(CONTACT + 3000);
	registry_take_report(&reg, 0, report_with(two), CONTACT + 3000);
	(void)look_at(CONTACT + 3000);
	lost->link = LINK_SILENT;
	is_struck_out();
}

static void
it_answers_after_its_end(void **state)
{
	struct snap_host out;

	(void)state;
	lose(none);
	out = look_at(CONTACT + FULL + 100);
	assert_true(host_is_dead_by_lease(&out));
	answers(CONTACT + FULL + 1);
	(void)look_at(CONTACT + FULL + 100);
	lost->link = LINK_SILENT;
	is_struck_out();
}

static void
its_cluster_has_leases_off(void **state)
{
	(void)state;
	lose(none);
	cluster.lease = false;
	is_struck_out();
}

static void
too_many_datastores_are_not_promised_for(void **state)
{
	static const char long_name[] = "a-datastore-with-a-name-of-sixty-"
					"three-characters-as-many-as-fit";
	char names[9][REPORT_NAME_LEN];
	const char *list[10] = { NULL };

	(void)state;
	lose(none);
	struct node_report *report = report_with(none);
	free(report->datastores);
	report->datastores = xcalloc(9, sizeof(*report->datastores));
	for (size_t i = 0; i < 9; i++) {
		snprintf(names[i], sizeof(names[i]), "%.*s",
			 REPORT_NAME_LEN - 1, long_name);
		list[i] = names[i];
		memcpy(report->datastores[i].name, list[i], REPORT_NAME_LEN);
	}
	report->n_datastores = 9;
	answers(CONTACT + 1000);
	registry_take_report(&reg, 0, report, CONTACT + 1000);
	lease_book_told(&reg, store, 0, BOUND);
	lost->link = LINK_SILENT;
	is_struck_out();
}

/* --- over a restart of the coordinator ----------------------------------- */

static void
set_state(enum host_state host_state)
{
	struct store_host row = { .name = "lost", .state = host_state };

	store_begin(store);
	store_put_host(store, &row);
	assert_int_equal(store_commit(store, NULL), 0);
}

static void
the_next_coordinator_counts_from_its_own_start(void **state)
{
	int64_t again = CONTACT + 10000;

	(void)state;
	lose(one);
	set_state(HOST_SUSPECT);
	end_life();
	begin_life(again);
	lost->link = LINK_SILENT;
	lost->asked_ms = again;
	lost->libvirt = (struct reg_witness){ WITNESS_SILENT, again + 2000 };
	witness(1, one, 3 * FULL, again + 1000);
	assert_int_equal(look_at(again + 1000).lease_left_ms, 2 * FULL - 1000);
	witness(1, one, REPORT_AGE_NEVER, again + 2 * FULL);
	assert_int_equal(look_at(again + 2 * FULL).lease_left_ms, AGE_NEVER);
	witness(1, one, 2 * FULL, again + 2 * FULL);
	assert_int_equal(look_at(again + 2 * FULL).lease_left_ms, 1);
	witness(1, one, 2 * FULL + 1, again + 2 * FULL);
	struct snap_host out = look_at(again + 2 * FULL);
	assert_true(host_is_dead_by_lease(&out));
}

static void
what_was_well_when_the_last_one_ended_has_to_tell_anew(void **state)
{
	int64_t again = CONTACT + 10000;

	(void)state;
	lose(none);
	set_state(HOST_UP);
	end_life();
	begin_life(again);
	lost->link = LINK_SILENT;
	lost->asked_ms = again;
	lost->libvirt = (struct reg_witness){ WITNESS_SILENT, again + 2000 };
	assert_false(look_at(again + 10 * FULL).lease_armed);
	assert_true(is_stored());
	lose(none);
	assert_true(look_at(CONTACT + 1000).lease_armed);
}

static void
a_backup_has_no_leases(void **state)
{
	char from[96], to[96];

	(void)state;
	lose(none);
	set_state(HOST_SUSPECT);
	end_life();
	begin_life(START); /* makes one */
	assert_true(is_stored());
	end_life();
	snprintf(from, sizeof(from), "%s/ironherd.db.bak", folder);
	snprintf(to, sizeof(to), "%s/ironherd.db", folder);
	assert_int_equal(rename(from, to), 0);
	begin_life(START);
	assert_int_equal(lost->state, HOST_SUSPECT);
	assert_false(is_stored());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_datastores_it_ends_a_bound_after_the_answer),
		TEST(one_that_was_not_answered_may_come_until_it_is_dead),
		TEST(its_slot_has_to_stand_still_for_all_that_time),
		TEST(a_witness_counts_up_to_the_beginning_of_its_last_reading),
		TEST(of_two_witnesses_the_one_that_saw_it_change_later_counts),
		TEST(a_datastore_that_nobody_else_reads_leaves_it_open),
		TEST(a_witness_that_is_blind_or_never_saw_it_change_is_none),
		TEST(once_dead_it_stays_so_without_a_witness),
		TEST(a_lease_that_is_not_held_is_struck_out),
		TEST(its_libvirt_answers_without_its_agent),
		TEST(its_snmp_master_answers_without_its_agent),
		TEST(it_was_restarted_since),
		TEST(another_agent_answers_since),
		TEST(it_has_other_datastores_since),
		TEST(it_answers_after_its_end),
		TEST(its_cluster_has_leases_off),
		TEST(too_many_datastores_are_not_promised_for),
		TEST(the_next_coordinator_counts_from_its_own_start),
		TEST(what_was_well_when_the_last_one_ended_has_to_tell_anew),
		TEST(a_backup_has_no_leases),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
