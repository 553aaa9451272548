/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of datastores with real worker processes on a real file; a storage
 * that hangs is a worker that is stopped. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>

#include "agent/roles.h"
#include "agent/slot.h"
#include "agent/storage.h"
#include "common/log.h"
#include "tests/unit/agent/tree.h"

#define UUID_1 "11111111-1111-4111-8111-111111111112"
#define UUID_2 "22222222-2222-4222-8222-222222222223"
#define BOOT_A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaab"
#define BOOT_B "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbc"

static struct tree tree;
static struct loop *loop;
static char path[128];

struct node {
	struct settings settings;
	struct settings_datastore store;
	struct report_host self;
	struct storage *storage;
	struct node_report *report;
	enum report_datastore_state told;
	unsigned lost_told;
	unsigned written_told;
	int64_t began_ms; /* of the last write */
};

static uint32_t
index_of_store(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 7;
}

static void
state_changed(void *arg, const char *name, uint32_t index,
	      enum report_datastore_state state)
{
	struct node *node = arg;

	assert_string_equal(name, "ds1");
	assert_int_equal(index, 7);
	node->told = state;
	node->lost_told += state == DATASTORE_LOST;
}

static void
beat_written(void *arg, int64_t began_ms)
{
	struct node *node = arg;

	/* Before the worker was asked, and each time later. */
	assert_true(began_ms > node->began_ms);
	assert_true(began_ms <= clock_boot_ms());
	node->began_ms = began_ms;
	node->written_told++;
}

static void
start(struct node *node, const char *uuid, uint32_t slot)
{
	memset(node, 0, sizeof(*node));
	node->store = (struct settings_datastore){
		.name = "ds1", .path = path, .slot = slot, .lost_ms = 3000
	};
	node->settings.datastores = &node->store;
	node->settings.n_datastores = 1;
	node->settings.system_root = "/";
	SET(node->self.uuid, uuid);
	SET(node->self.boot_id, BOOT_A);
	SET(node->self.name, "h");
	const struct storage_options options = { .settings = &node->settings,
						 .self = &node->self,
						 .index_of = index_of_store,
						 .changed = state_changed,
						 .written = beat_written,
						 .arg = node };
	node->storage = storage_new(loop, &options);
	node->report = NULL;
}

static void
stop(struct node *node)
{
	storage_free(node->storage);
	node_report_free(node->report);
}

static const struct node_report *
look(struct node *node)
{
	node_report_free(node->report);
	node->report = node_report_new();
	storage_fill(node->storage, clock_mono_ms(), node->report);
	return node->report;
}

static int
setup(void **state)
{
	(void)state;
	tree_make(&tree);
	loop = loop_new();
	snprintf(path, sizeof(path), "%s", tree_path(&tree, "slots"));
	tree_write(&tree, "slots", "");
	assert_int_equal(truncate(path, (off_t)64 * SLOT_SIZE), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	loop_free(loop);
	tree_remove(&tree);
	return 0;
}

static int
read_slot(uint32_t number, struct slot *ret_slot)
{
	uint8_t bytes[SLOT_SIZE];
	int fd = open(path, O_RDONLY);

	assert_int_equal(pread(fd, bytes, SLOT_SIZE, (off_t)number * SLOT_SIZE),
			 SLOT_SIZE);
	close(fd);
	return slot_decode(bytes, number, ret_slot);
}

static void
write_slot(uint32_t number, const char *uuid, uint64_t sequence)
{
	struct slot slot = { .number = number, .sequence = sequence };
	uint8_t bytes[SLOT_SIZE];
	int fd = open(path, O_WRONLY);

	SET(slot.host_uuid, uuid);
	SET(slot.boot_id, BOOT_B);
	slot_encode(&slot, bytes);
	assert_int_equal(pwrite(fd, bytes, SLOT_SIZE,
				(off_t)number * SLOT_SIZE),
			 SLOT_SIZE);
	close(fd);
}

/* The worker is the only child of this process. */
static pid_t
worker(void)
{
	char text[64] = "";
	FILE *file = fopen("/proc/thread-self/children", "r");

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

static bool
has_written_twice(void *arg)
{
	return look(arg)->datastores[0].writes >= 2;
}

static bool
is_ok(void *arg)
{
	return look(arg)->datastores[0].state == DATASTORE_OK;
}

static bool
is_lost(void *arg)
{
	return look(arg)->datastores[0].state == DATASTORE_LOST;
}

static void
two_hosts_see_each_others_hearts_beat(void **state)
{
	struct node one, two;
	struct slot slot;

	(void)state;
	start(&one, UUID_1, 1);
	start(&two, UUID_2, 40);
	assert_true(run_until(loop, has_written_twice, &one, 8000));
	assert_true(run_until(loop, has_written_twice, &two, 8000));
	run_until(loop, until_never, NULL, 6500); /* until the next scan */
	assert_int_equal(look(&one)->n_heartbeats, 1);
	assert_string_equal(one.report->heartbeats[0].host_uuid, UUID_2);
	assert_int_equal(one.report->heartbeats[0].slot, 40);
	assert_int_equal(one.report->heartbeats[0].datastore, 7);
	assert_in_range(one.report->heartbeats[0].age_ms, 0, 2500);
	assert_int_equal(look(&two)->n_heartbeats, 1);
	assert_string_equal(two.report->heartbeats[0].host_uuid, UUID_1);
	assert_int_equal(one.report->datastores[0].state, DATASTORE_OK);
	assert_in_range(one.report->datastores[0].age_ms, 0, 2500);
	assert_int_equal(one.written_told, one.report->datastores[0].writes);
	assert_int_equal(read_slot(1, &slot), 0);
	assert_string_equal(slot.host_uuid, UUID_1);
	assert_string_equal(slot.boot_id, BOOT_A);
	stop(&one);
	stop(&two);
}

static bool
knows_its_space(void *arg)
{
	return look(arg)->datastores[0].type != DATASTORE_TYPE_UNKNOWN &&
	       look(arg)->datastores[0].paths > 0;
}

static void
a_file_says_how_large_its_file_system_is(void **state)
{
	const struct report_datastore *row;
	struct statvfs vfs;
	struct node node;

	(void)state;
	start(&node, UUID_1, 1);
	row = &look(&node)->datastores[0];
	assert_int_equal(row->type, DATASTORE_TYPE_UNKNOWN);
	assert_true(row->free_kib == REPORT_SIZE_UNKNOWN);
	assert_true(run_until(loop, knows_its_space, &node, 8000));
	assert_int_equal(statvfs(path, &vfs), 0);
	row = &look(&node)->datastores[0];
	assert_int_equal(row->type, DATASTORE_FILE_SYSTEM);
	assert_int_equal(row->capacity_kib, vfs.f_blocks * vfs.f_frsize / 1024);
	assert_in_range(row->free_kib, 1, row->capacity_kib);
	assert_true(row->paths_up >= 1);
	stop(&node);
}

static void
a_storage_that_hangs_is_lost_and_comes_back(void **state)
{
	struct node node;
	struct report_source source;

	(void)state;
	start(&node, UUID_1, 1);
	assert_true(run_until(loop, has_written_twice, &node, 8000));
	kill(worker(), SIGSTOP);
	int64_t stopped_ms = clock_mono_ms();
	assert_true(run_until(loop, is_lost, &node, 8000));
	assert_in_range(clock_mono_ms() - stopped_ms, 1900, 4500);
	assert_in_range(node.report->datastores[0].age_ms, 2900, 4500);
	assert_true(storage_describe(node.storage, clock_mono_ms(), &source));
	assert_true(source.status >= HEALTH_DEGRADED);
	/* The one that hangs is killed at its deadline; the next one works. */
	assert_true(run_until(loop, is_ok, &node, 8000));
	run_until(loop, until_never, NULL, 300);
	assert_int_equal(node.told, DATASTORE_OK);
	assert_int_equal(node.lost_told, 1);
	assert_true(node.report->datastores[0].errors >= 1);
	stop(&node);
}

static bool
source_fails(void *arg)
{
	struct node *node = arg;
	struct report_source source;

	return storage_describe(node->storage, clock_mono_ms(), &source) &&
	       source.failures > 0;
}

static void
a_living_hosts_slot_is_not_written(void **state)
{
	struct node node;
	struct report_source source;
	struct slot slot;

	(void)state;
	write_slot(1, UUID_2, 1);
	start(&node, UUID_1, 1);
	for (uint64_t beat = 2; beat < 14; beat++) {
		run_until(loop, until_never, NULL, 500);
		write_slot(1, UUID_2, beat);
	}
	assert_true(run_until(loop, source_fails, &node, 3000));
	storage_describe(node.storage, clock_mono_ms(), &source);
	assert_non_null(strstr(source.last_error, "slot 1"));
	assert_non_null(strstr(source.last_error, UUID_2));
	assert_int_equal(look(&node)->datastores[0].writes, 0);
	assert_int_equal(node.written_told, 0); /* no contact for a lease */
	assert_int_equal(node.report->datastores[0].age_ms, REPORT_AGE_NEVER);
	assert_int_equal(node.report->datastores[0].state, DATASTORE_OK);
	assert_int_equal(node.report->n_heartbeats, 1);
	assert_int_equal(read_slot(1, &slot), 0);
	assert_string_equal(slot.host_uuid, UUID_2);
	stop(&node);
}

static void
the_beat_goes_on_over_a_restart(void **state)
{
	struct node node;
	struct slot slot;

	(void)state;
	write_slot(1, UUID_1, 1000);
	start(&node, UUID_1, 1);
	assert_true(run_until(loop, has_written_twice, &node, 8000));
	assert_int_equal(read_slot(1, &slot), 0);
	assert_in_range(slot.sequence, 1001, 1010);
	stop(&node);
}

static void
a_file_that_is_too_small_is_never_made_larger(void **state)
{
	struct node node;
	struct report_source source;

	(void)state;
	assert_int_equal(truncate(path, SLOT_SIZE), 0);
	start(&node, UUID_1, 1);
	assert_true(run_until(loop, source_fails, &node, 5000));
	storage_describe(node.storage, clock_mono_ms(), &source);
	assert_non_null(strstr(source.last_error, "room for 1 slots"));
	FILE *file = fopen(path, "r");
	fseek(file, 0, SEEK_END);
	assert_int_equal(ftell(file), SLOT_SIZE);
	fclose(file);
	stop(&node);
}

static void
a_missing_file_is_not_made(void **state)
{
	struct node node;

	(void)state;
	assert_int_equal(unlink(path), 0);
	start(&node, UUID_1, 1);
	assert_true(run_until(loop, source_fails, &node, 5000));
	assert_int_equal(access(path, F_OK), -1);
	/* What is mounted later is found. */
	tree_write(&tree, "slots", "");
	assert_int_equal(truncate(path, (off_t)64 * SLOT_SIZE), 0);
	assert_true(run_until(loop, is_ok, &node, 8000));
	stop(&node);
}

int
main(int argc, char *argv[])
{
	int rc = roles_main(argc, argv);
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_TREE(two_hosts_see_each_others_hearts_beat),
		IN_TREE(a_file_says_how_large_its_file_system_is),
		IN_TREE(a_storage_that_hangs_is_lost_and_comes_back),
		IN_TREE(a_living_hosts_slot_is_not_written),
		IN_TREE(the_beat_goes_on_over_a_restart),
		IN_TREE(a_file_that_is_too_small_is_never_made_larger),
		IN_TREE(a_missing_file_is_not_made),
	};

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
