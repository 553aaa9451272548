/* SPDX-License-Identifier: Apache-2.0 */
/* The store gives back what it was given, in whole transactions, bounded. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scheduler/coordinator/store_internal.h"

#define UUID_A "11111111-1111-1111-1111-111111111111"
#define UUID_B "22222222-2222-2222-2222-222222222222"
#define HASH_1 \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_2 \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NOW 1700000000000

/* As long as the buffers allow, and all that SQL could stumble over. */
static const char nasty[] = "O'Brien\"; DROP TABLE vms; -- \\ \n\t %s \xff\xfe";

struct fixture {
	char folder[64];
	struct store *store;
};

static int
remove_entry(const char *path, const struct stat *st, int type,
	     struct FTW *level)
{
	(void)st;
	(void)type;
	(void)level;
	return remove(path);
}

static void
open_store(struct fixture *f)
{
	struct err err = { "" };

	if (store_open(f->folder, &f->store, &err) < 0)
		fail_msg("%s", err.text);
}

static void
reopen_store(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
	open_store(f);
}

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/ironherd-store-XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	open_store(f);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static void
commit(struct store *store)
{
	struct err err = { "" };

	if (store_commit(store, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(store_is_ok(store));
	assert_string_equal(store_health(store), "ok");
}

static struct store_state *
load(struct fixture *f)
{
	struct store_state *state = NULL;
	struct err err = { "" };

	if (store_load(f->store, NOW, &state, &err) < 0)
		fail_msg("%s", err.text);
	return state;
}

static void
put_host(struct store *store, const char *name, enum host_state state)
{
	struct store_host host = { .state = state, .since_ms = NOW };

	snprintf(host.name, sizeof(host.name), "%s", name);
	store_put_host(store, &host);
}

static void
put_vm(struct store *store, const char *uuid, const char *owner)
{
	struct store_vm vm = { .name = "vm", .intent = INTENT_RUN };

	snprintf(vm.uuid, sizeof(vm.uuid), "%s", uuid);
	snprintf(vm.owner, sizeof(vm.owner), "%s", owner);
	store_put_vm(store, &vm);
}

/* --- round trips --------------------------------------------------------- */

static void
hosts_come_back_in_every_state(void **state)
{
	struct fixture *f = *state;
	struct store_host host = {
		.since_ms = NOW,
		.trusted_boot = UUID_B,
	};

	snprintf(host.reason, sizeof(host.reason), "%s", nasty);
	store_begin(f->store);
	for (int i = 0; i < HOST_STATES; i++) {
		snprintf(host.name, sizeof(host.name), "h%d", i);
		host.state = (enum host_state)i;
		store_put_host(f->store, &host);
	}
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_int_equal(all->n_hosts, HOST_STATES);
	for (unsigned i = 0; i < HOST_STATES; i++) {
		assert_int_equal(all->hosts[i].state, i);
		assert_int_equal(all->hosts[i].since_ms, NOW);
		assert_string_equal(all->hosts[i].trusted_boot, UUID_B);
		assert_string_equal(all->hosts[i].reason, nasty);
	}
	store_state_free(all);
}

static void
vms_come_back_whole(void **state)
{
	struct fixture *f = *state;
	static struct store_vm vm = {
		/* static: its padding is zero */
		.uuid = UUID_A,       .owner = "h1",
		.intent = INTENT_OFF, .phase = VM_STARTING,
		.recovered = true,    .memory_kib = INT64_MAX,
		.vcpus = UINT32_MAX,  .shared_storage = true,
		.start_failures = 7,  .failed_on = "h2",
	};

	snprintf(vm.name, sizeof(vm.name), "%s", nasty);
	store_begin(f->store);
	store_put_vm(f->store, &vm); /* before its owner: checked at commit */
	put_host(f->store, "h1", HOST_UP);
	put_host(f->store, "h2", HOST_UP);
	put_vm(f->store, UUID_B, "");
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_int_equal(all->n_vms, 2);
	assert_memory_equal(&all->vms[0], &vm, sizeof(vm));
	assert_string_equal(all->vms[1].owner, "");
	assert_int_equal(all->vms[1].intent, INTENT_RUN);
	assert_int_equal(all->vms[1].phase, VM_SETTLED);
	store_state_free(all);
}

static void
a_definition_of_1_mb_comes_back(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *xml = xcalloc(1, (1 << 20) + 1);
	cleanup_free char *back = NULL;

	memset(xml, 'x', 1 << 20);
	for (size_t i = 0; nasty[i] != '\0'; i++)
		xml[i] = nasty[i];
	store_begin(f->store);
	put_vm(f->store, UUID_A, "");
	store_put_definition(f->store, UUID_A, HASH_1, xml, NOW);
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_string_equal(all->vms[0].definition_hash, HASH_1);
	assert_int_equal(all->vms[0].definition_ms, NOW);
	store_state_free(all);
	assert_int_equal(store_load_definition(f->store, UUID_A, &back, NULL),
			 0);
	assert_string_equal(back, xml);
}

static void
a_definition_is_written_only_when_its_hash_changed(void **state)
{
	struct fixture *f = *state;
	char *xml = NULL;

	store_begin(f->store);
	put_vm(f->store, UUID_A, "");
	store_put_definition(f->store, UUID_A, HASH_1, "<one/>", NOW);
	store_put_definition(f->store, UUID_A, HASH_1, "<two/>", NOW + 1);
	commit(f->store);
	store_load_definition(f->store, UUID_A, &xml, NULL);
	assert_string_equal(xml, "<one/>");
	free(xml);

	store_begin(f->store);
	store_put_definition(f->store, UUID_A, HASH_2, "<two/>", NOW + 1);
	put_vm(f->store, UUID_A, ""); /* must not take it away */
	commit(f->store);
	store_load_definition(f->store, UUID_A, &xml, NULL);
	assert_string_equal(xml, "<two/>");
	free(xml);

	store_begin(f->store);
	store_delete_vm(f->store, UUID_A);
	commit(f->store);
	assert_int_equal(store_load_definition(f->store, UUID_A, &xml, NULL),
			 -ENOENT);
}

static void
an_operators_word_about_a_cluster_comes_back_until_taken_back(void **state)
{
	struct fixture *f = *state;
	static struct store_cluster cluster = {
		.name = "c1", .ha = false, .by = "root", .set_ms = NOW
	};

	store_begin(f->store);
	store_put_cluster(f->store, &cluster);
	cluster.ha = true;
	store_put_cluster(f->store, &cluster);
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_int_equal(all->n_clusters, 1);
	assert_memory_equal(&all->clusters[0], &cluster, sizeof(cluster));
	store_state_free(all);

	store_begin(f->store);
	store_delete_cluster(f->store, "c1");
	commit(f->store);
	all = load(f);
	assert_int_equal(all->n_clusters, 0);
	store_state_free(all);
}

static void
only_open_commands_are_loaded(void **state)
{
	struct fixture *f = *state;
	static struct store_command command = {
		.host = "h1",
		.vm = UUID_A,
		.from = "h0",
		.snapshot = 42,
		.reason = "h0 is dead",
		.recorded_ms = NOW,
	};
	int64_t ids[COMMAND_KINDS];

	store_begin(f->store);
	for (int i = 0; i < COMMAND_KINDS; i++) {
		command.kind = (enum store_command_kind)i;
		ids[i] = store_add_command(f->store, &command);
		assert_true(ids[i] > 0);
	}
	store_end_command(f->store, ids[0], OUTCOME_DONE, "off", NOW + 1);
	store_end_command(f->store, ids[1], OUTCOME_FAILED, "no", NOW + 1);
	store_end_command(f->store, ids[2], OUTCOME_IN_DOUBT, "?", NOW + 1);
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_int_equal(all->n_open_commands, COMMAND_KINDS - 3);
	for (size_t i = 0; i < all->n_open_commands; i++) {
		const struct store_command *back = &all->open_commands[i];

		command.id = ids[i + 3];
		command.kind = (enum store_command_kind)(i + 3);
		assert_memory_equal(back, &command, sizeof(command));
	}
	store_state_free(all);
}

static void
the_last_commands_come_back_however_they_ended(void **state)
{
	struct fixture *f = *state;
	struct store_command command = { .kind = COMMAND_START,
					 .host = "h1",
					 .from = "h0" };
	struct store_command *back = NULL;
	struct err err = { "" };
	int64_t ids[5], before = store_revision(f->store);
	size_t n = 0;

	store_begin(f->store);
	for (int i = 0; i < 5; i++)
		ids[i] = store_add_command(f->store, &command);
	store_end_command(f->store, ids[3], OUTCOME_DONE, "runs", NOW + 1);
	commit(f->store);
	assert_int_not_equal(store_revision(f->store), before);
	if (store_load_commands(f->store, 3, &back, &n, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(n, 3);
	assert_int_equal(back[0].id, ids[2]);
	assert_int_equal(back[1].outcome, OUTCOME_DONE);
	assert_string_equal(back[1].text, "runs");
	assert_int_equal(back[1].ended_ms, NOW + 1);
	assert_int_equal(back[2].outcome, OUTCOME_OPEN);
	assert_string_equal(back[2].from, "h0");
	free(back);
}

static uint32_t
number_of(struct fixture *f, const char *kind, const char *name)
{
	uint32_t number = 0;
	struct err err = { "" };

	if (store_load_number(f->store, kind, name, &number, &err) < 0)
		fail_msg("%s", err.text);
	return number;
}

static void
a_thing_keeps_its_number_for_ever(void **state)
{
	struct fixture *f = *state;
	uint32_t number = 0;

	store_begin(f->store);
	store_put_number(f->store, "host", "h1");
	store_put_number(f->store, "host", "h1");
	store_put_number(f->store, "cluster", "h1");
	store_put_number(f->store, "host", nasty);
	commit(f->store);
	uint32_t h1 = number_of(f, "host", "h1");
	assert_int_equal(number_of(f, "cluster", "h1"), h1 + 1);
	assert_int_equal(number_of(f, "host", nasty), h1 + 2);
	reopen_store(f);
	assert_int_equal(number_of(f, "host", "h1"), h1);
	assert_int_equal(store_load_number(f->store, "host", "h2", &number,
					   NULL),
			 -ENOENT);
}

static void
a_store_of_version_2_is_brought_up_to_date(void **state)
{
	static const char *const back[] = {
		"DROP TABLE leases",
		"DROP TABLE numbers",
		"ALTER TABLE hosts DROP COLUMN set_aside_ms",
		"ALTER TABLE hosts DROP COLUMN maintenance",
		"ALTER TABLE hosts DROP COLUMN mass",
		"ALTER TABLE hosts DROP COLUMN mass_ms",
		"ALTER TABLE vms DROP COLUMN ordered",
		"DROP TABLE failures",
		"DROP TABLE restarts",
		"DROP TABLE disarmed",
		"ALTER TABLE commands DROP COLUMN from_host",
		"PRAGMA user_version = 2",
	};
	struct fixture *f = *state;
	struct store_command command = { .kind = COMMAND_FENCE, .host = "h1" };
	struct store_command *all = NULL;
	struct err err = { "" };
	size_t n = 0;

	store_begin(f->store);
	store_add_command(f->store, &command);
	put_host(f->store, "h1", HOST_UP);
	put_vm(f->store, UUID_A, "h1");
	commit(f->store);
	for (size_t i = 0; i < sizeof(back) / sizeof(*back); i++)
		if (store_exec(f->store, back[i], NO_CELLS, &err) < 0)
			fail_msg("%s", err.text);
	reopen_store(f);
	assert_int_equal(store_load_commands(f->store, 9, &all, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(all[0].from, "");
	free(all);
	store_begin(f->store);
	store_put_number(f->store, "host", "h1");
	commit(f->store);
	assert_int_equal(number_of(f, "host", "h1"), 1);

	struct store_state *rows = load(f);
	assert_int_equal(rows->n_hosts, 1);
	assert_int_equal(rows->hosts[0].mass, MASS_NONE);
	assert_int_equal(rows->hosts[0].set_aside_ms, 0);
	assert_false(rows->hosts[0].maintenance);
	assert_int_equal(rows->vms[0].order, INTENT_UNKNOWN);
	store_state_free(rows);
}

static void
a_lease_comes_back_and_goes(void **state)
{
	struct fixture *f = *state;
	struct store_lease lease = { .host = "h1",
				     .uuid = "u-1",
				     .boot = "b-1",
				     .bound_ms = 30000,
				     .datastores = "ds1\nds two\n" };

	store_begin(f->store);
	store_put_lease(f->store, &lease);
	lease.bound_ms = 35500;
	store_put_lease(f->store, &lease);
	commit(f->store);
	struct store_state *all = load(f);
	assert_int_equal(all->n_leases, 1);
	assert_memory_equal(&all->leases[0], &lease, sizeof(lease));
	store_state_free(all);
	store_begin(f->store);
	store_delete_lease(f->store, "h1");
	commit(f->store);
	all = load(f);
	assert_int_equal(all->n_leases, 0);
	store_state_free(all);
}

static void
what_is_known_of_failures_comes_back(void **state)
{
	struct fixture *f = *state;
	struct store_host host = { .name = "h1",
				   .set_aside_ms = NOW + 7200000,
				   .maintenance = true,
				   .mass = MASS_WAIT,
				   .mass_ms = NOW };
	struct store_failure old = { .time_ms = NOW - 3600001, .what = "h1" };
	struct store_failure young = { .time_ms = NOW - 3599000, .what = "h1" };
	struct store_failure restart = { .time_ms = NOW - 604799000,
					 .what = UUID_A };

	store_begin(f->store);
	store_put_host(f->store, &host);
	store_add_failure(f->store, &old);
	store_add_failure(f->store, &young);
	store_add_restart(f->store, &restart);
	restart.time_ms = NOW - 604800001;
	store_add_restart(f->store, &restart);
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_int_equal(all->hosts[0].set_aside_ms, NOW + 7200000);
	assert_true(all->hosts[0].maintenance);
	assert_int_equal(all->hosts[0].mass, MASS_WAIT);
	assert_int_equal(all->hosts[0].mass_ms, NOW);
	assert_int_equal(all->n_failures, 1);
	assert_string_equal(all->failures[0].what, "h1");
	assert_int_equal(all->failures[0].time_ms, NOW - 3599000);
	assert_int_equal(all->n_restarts, 1);
	assert_string_equal(all->restarts[0].what, UUID_A);
	store_state_free(all);
}

static void
a_cluster_stays_disarmed_since_the_first_time(void **state)
{
	struct fixture *f = *state;
	struct store_disarmed disarmed = { .cluster = "c1",
					   .by = "anna",
					   .since_ms = NOW };

	store_begin(f->store);
	store_put_disarmed(f->store, &disarmed);
	disarmed.since_ms++;
	store_put_disarmed(f->store, &disarmed);
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_int_equal(all->n_disarmed, 1);
	assert_string_equal(all->disarmed[0].by, "anna");
	assert_int_equal(all->disarmed[0].since_ms, NOW);
	store_state_free(all);
	store_begin(f->store);
	store_delete_disarmed(f->store, "c1");
	commit(f->store);
	all = load(f);
	assert_int_equal(all->n_disarmed, 0);
	store_state_free(all);
}

static void
fences_of_the_last_hour_are_loaded(void **state)
{
	struct fixture *f = *state;
	struct store_fence fence = { .host = "h1",
				     .time_ms = NOW - 3600001,
				     .outcome = OUTCOME_DONE };

	store_begin(f->store);
	store_add_fence(f->store, &fence, NULL);
	fence.time_ms = NOW - 3599000;
	fence.outcome = OUTCOME_FAILED;
	store_add_fence(f->store, &fence, "{\"reads\": [\"on\", \"on\"]}");
	commit(f->store);

	struct store_state *all = load(f);
	assert_int_equal(all->n_fences, 1);
	assert_string_equal(all->fences[0].host, "h1");
	assert_int_equal(all->fences[0].time_ms, NOW - 3599000);
	assert_int_equal(all->fences[0].outcome, OUTCOME_FAILED);
	store_state_free(all);
}

static void
snapshots_come_back_and_their_numbers_go_on(void **state)
{
	struct fixture *f = *state;
	char *snapshot = NULL, *plan = NULL;

	store_begin(f->store);
	store_add_snapshot(f->store, 7, NOW, "{\"a\": 1}", NULL);
	store_add_snapshot(f->store, 9, NOW, "{}", "{\"steps\": []}");
	commit(f->store);
	reopen_store(f);

	struct store_state *all = load(f);
	assert_int_equal(all->last_snapshot, 9);
	store_state_free(all);
	assert_int_equal(store_load_snapshot(f->store, 7, &snapshot, &plan,
					     NULL),
			 0);
	assert_string_equal(snapshot, "{\"a\": 1}");
	assert_null(plan);
	free(snapshot);
	assert_int_equal(store_load_snapshot(f->store, 9, &snapshot, &plan,
					     NULL),
			 0);
	assert_string_equal(plan, "{\"steps\": []}");
	free(snapshot);
	free(plan);
	assert_int_equal(store_load_snapshot(f->store, 8, &snapshot, &plan,
					     NULL),
			 -ENOENT);
}

/* --- events -------------------------------------------------------------- */

static void
add_events(struct store *store, unsigned n)
{
	struct store_event event = { .time_ms = NOW,
				     .severity = SEVERITY_WARNING,
				     .kind = "host",
				     .host = "h1" };

	store_begin(store);
	for (unsigned i = 1; i <= n; i++) {
		snprintf(event.text, sizeof(event.text), "event %u", i);
		store_add_event(store, &event, NULL);
	}
	commit(store);
}

static void
expect_events(struct store *store, int64_t after, unsigned limit, int64_t first,
	      size_t n)
{
	cleanup_free struct store_event *events = NULL;
	struct err err = { "" };
	size_t got = 0;

	if (store_load_events(store, after, limit, &events, &got, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(got, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(events[i].id, first + (int64_t)i);
}

static void
events_are_read_after_an_id_and_from_the_end(void **state)
{
	struct fixture *f = *state;

	add_events(f->store, 10);
	expect_events(f->store, 0, 100, 1, 10);
	expect_events(f->store, 4, 3, 5, 3);
	expect_events(f->store, 10, 100, 0, 0);
	expect_events(f->store, -3, 100, 8, 3);
	expect_events(f->store, -100, 4, 7, 4);
	expect_events(f->store, INT64_MIN, 4, 7, 4);
	expect_events(f->store, INT64_MAX, 4, 0, 0);

	struct store_state *all = load(f);
	assert_int_equal(all->last_event, 10);
	store_state_free(all);
}

static void
an_event_comes_back_with_its_detail(void **state)
{
	struct fixture *f = *state;
	static struct store_event event = { .time_ms = NOW,
					    .severity = SEVERITY_CRITICAL,
					    .kind = "fence-failed",
					    .cluster = "c1",
					    .host = "h1",
					    .vm = "vm1" };
	struct store_event back;
	cleanup_free char *detail = NULL;

	snprintf(event.text, sizeof(event.text), "%s", nasty);
	store_begin(f->store);
	event.id = store_add_event(f->store, &event, "{\"why\": \"\\u0000\"}");
	commit(f->store);
	memset(&back, 0, sizeof(back));
	assert_int_equal(store_load_event(f->store, event.id, &back, &detail,
					  NULL),
			 0);
	assert_memory_equal(&back, &event, sizeof(event));
	assert_string_equal(detail, "{\"why\": \"\\u0000\"}");
	assert_int_equal(store_load_event(f->store, 99, &back, &detail, NULL),
			 -ENOENT);
}

static void
the_newest_are_kept_and_ids_are_never_used_again(void **state)
{
	struct fixture *f = *state;
	struct store_command command = { .kind = COMMAND_START, .host = "h1" };

	f->store->events_kept = 50;
	f->store->snapshots_kept = 5;
	f->store->commands_kept = 10;
	add_events(f->store, 200);
	expect_events(f->store, 0, 1000, 151, 50);

	store_begin(f->store);
	int64_t open = store_add_command(f->store, &command);
	for (unsigned i = 1; i <= 50; i++) {
		int64_t id = store_add_command(f->store, &command);

		store_end_command(f->store, id, OUTCOME_DONE, "", NOW);
		store_add_snapshot(f->store, 10 * (uint64_t)i, NOW, "{}", NULL);
	}
	commit(f->store);
	int64_t n = 0;
	store_ask_number(f->store, "SELECT count(*) FROM snapshots", &n, NULL);
	assert_int_equal(n, 5);
	store_ask_number(f->store, "SELECT count(*) FROM commands", &n, NULL);
	assert_int_equal(n, 11);
	struct store_state *all = load(f);
	assert_int_equal(all->n_open_commands, 1);
	assert_int_equal(all->open_commands[0].id, open);
	store_state_free(all);

	store_exec(f->store, "DELETE FROM events", NO_CELLS, NULL);
	add_events(f->store, 1);
	expect_events(f->store, 0, 10, 201, 1);
}

/* --- transactions -------------------------------------------------------- */

static void
a_transaction_is_stored_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct err err = { "" };

	store_begin(f->store);
	put_host(f->store, "h1", HOST_UP);
	store_rollback(f->store);

	store_begin(f->store);
	put_host(f->store, "h1", HOST_UP);
	put_vm(f->store, UUID_A, "nobody"); /* no such owner */
	assert_int_equal(store_commit(f->store, &err), -EINVAL);
	assert_non_null(strstr(err.text, "FOREIGN KEY"));
	assert_false(store_is_ok(f->store));

	struct store_state *all = load(f);
	assert_int_equal(all->n_hosts, 0);
	assert_int_equal(all->n_vms, 0);
	store_state_free(all);

	store_begin(f->store); /* proves nothing */
	assert_int_equal(store_commit(f->store, &err), 0);
	assert_false(store_is_ok(f->store));
	store_begin(f->store);
	put_host(f->store, "h1", HOST_UP);
	commit(f->store);
}

static void
a_host_that_owns_vms_cannot_be_deleted(void **state)
{
	struct fixture *f = *state;

	store_begin(f->store);
	put_host(f->store, "h1", HOST_UP);
	put_vm(f->store, UUID_A, "h1");
	commit(f->store);
	store_begin(f->store);
	store_delete_host(f->store, "h1");
	assert_int_equal(store_commit(f->store, NULL), -EINVAL);
	store_begin(f->store);
	put_vm(f->store, UUID_A, "");
	store_delete_host(f->store, "h1");
	commit(f->store);
}

static void
writing_outside_of_a_transaction_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = { "" };

	put_host(f->store, "h1", HOST_UP);
	assert_int_equal(store_commit(f->store, &err), -EINVAL);
	struct store_state *all = load(f);
	assert_int_equal(all->n_hosts, 0);
	store_state_free(all);
}

static void
too_large_a_definition_fails_too_large_a_snapshot_does_not(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *huge = xcalloc(1, STORE_JSON_MAX + 2);
	cleanup_free char *snapshot = NULL, *plan = NULL;
	struct err err = { "" };

	memset(huge, 'x', STORE_JSON_MAX + 1);
	store_begin(f->store);
	put_vm(f->store, UUID_A, "");
	store_put_definition(f->store, UUID_A, HASH_1, huge, NOW);
	assert_int_equal(store_commit(f->store, &err), -EFBIG);
	assert_non_null(strstr(err.text, UUID_A));

	store_begin(f->store);
	store_add_snapshot(f->store, 1, NOW, huge, huge);
	commit(f->store);
	store_load_snapshot(f->store, 1, &snapshot, &plan, NULL);
	assert_non_null(strstr(snapshot, "too large"));
}

int
main(void)
{
	log_start("test_store", LOG_LEVEL_ERROR + 1);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(hosts_come_back_in_every_state),
		CASE(vms_come_back_whole),
		CASE(a_definition_of_1_mb_comes_back),
		CASE(a_definition_is_written_only_when_its_hash_changed),
		CASE(an_operators_word_about_a_cluster_comes_back_until_taken_back),
		CASE(only_open_commands_are_loaded),
		CASE(the_last_commands_come_back_however_they_ended),
		CASE(a_thing_keeps_its_number_for_ever),
		CASE(a_store_of_version_2_is_brought_up_to_date),
		CASE(a_lease_comes_back_and_goes),
		CASE(what_is_known_of_failures_comes_back),
		CASE(a_cluster_stays_disarmed_since_the_first_time),
		CASE(fences_of_the_last_hour_are_loaded),
		CASE(snapshots_come_back_and_their_numbers_go_on),
		CASE(events_are_read_after_an_id_and_from_the_end),
		CASE(an_event_comes_back_with_its_detail),
		CASE(the_newest_are_kept_and_ids_are_never_used_again),
		CASE(a_transaction_is_stored_whole_or_not_at_all),
		CASE(a_host_that_owns_vms_cannot_be_deleted),
		CASE(writing_outside_of_a_transaction_is_refused),
		CASE(too_large_a_definition_fails_too_large_a_snapshot_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
