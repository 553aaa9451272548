/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of paths to block devices, over trees of sysfs made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "agent/paths.h"
#include "agent/space.h"
#include "tests/unit/agent/tree.h"

static struct tree tree;

static int
setup(void **state)
{
	(void)state;
	tree_make(&tree);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static void
expect(uint32_t minor, uint32_t total, uint32_t up)
{
	struct paths paths = { 99, 99 };

	assert_true(paths_count(tree.root, 253, minor, &paths));
	assert_int_equal(paths.total, total);
	assert_int_equal(paths.up, up);
}

static void
put_disk(const char *name, const char *disk_state)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/class/block/%s/device/state", name);
	tree_write(&tree, path, disk_state);
}

static void
put_multipath(void)
{
	put_disk("sda", "running\n");
	put_disk("sdb", "offline\n");
	put_disk("sdc", "running\n");
	put_disk("sdd", "transport-offline\n");
	tree_write(&tree, "sys/dev/block/253:0/dm/uuid", "mpath-3600a\n");
	tree_write(&tree, "sys/dev/block/253:0/slaves/sda", "");
	tree_write(&tree, "sys/dev/block/253:0/slaves/sdb", "");
	tree_write(&tree, "sys/dev/block/253:0/slaves/sdc", "");
	tree_write(&tree, "sys/dev/block/253:0/slaves/sdd", "");
}

static void
disks_of_a_multipath_device_are_its_paths(void **state)
{
	(void)state;
	put_multipath();
	expect(0, 4, 2);
	put_disk("sda", "blocked\n");
	put_disk("sdc", "offline\n");
	expect(0, 4, 0);
}

static void
a_volume_on_others_is_as_good_as_the_worst_of_them(void **state)
{
	(void)state;
	put_multipath();
	assert_int_equal(symlink("../../dev/block/253:0",
				 tree_path(&tree, "sys/class/block/dm-0")),
			 0);
	tree_write(&tree, "sys/dev/block/253:1/dm/uuid", "LVM-abc\n");
	tree_write(&tree, "sys/dev/block/253:1/slaves/dm-0", "");
	expect(1, 4, 2);
	tree_write(&tree, "sys/dev/block/253:1/slaves/sdb", "");
	expect(1, 1, 0);
}

static void
a_partition_is_its_disk(void **state)
{
	(void)state;
	tree_write(&tree, "sys/class/block/sde/device/state", "offline\n");
	tree_write(&tree, "sys/class/block/sde/sde1/partition", "1\n");
	tree_write(&tree, "sys/dev/block/none", "");
	assert_int_equal(symlink("../../class/block/sde/sde1",
				 tree_path(&tree, "sys/dev/block/253:7")),
			 0);
	expect(7, 1, 0);
	put_disk("sde", "running\n");
	expect(7, 1, 1);
}

static void
controllers_of_an_nvme_subsystem_are_paths(void **state)
{
	(void)state;
	tree_write(&tree, "sys/dev/block/253:3/device/nvme0/state", "live\n");
	tree_write(&tree, "sys/dev/block/253:3/device/nvme1/state",
		   "connecting\n");
	tree_write(&tree, "sys/dev/block/253:3/device/nvme0n1/size", "7\n");
	expect(3, 2, 1);
}

static void
a_disk_without_state_is_one_path(void **state)
{
	struct paths paths;

	(void)state;
	tree_write(&tree, "sys/dev/block/253:4/size", "7\n");
	expect(4, 1, 1);
	assert_false(paths_count(tree.root, 0, 44, &paths));
}

static void
devices_that_lie_on_themselves_end(void **state)
{
	(void)state;
	tree_write(&tree, "sys/dev/block/253:5/slaves/dm-5", "");
	tree_write(&tree, "sys/class/block/none", "");
	assert_int_equal(symlink("../../dev/block/253:5",
				 tree_path(&tree, "sys/class/block/dm-5")),
			 0);
	expect(5, 1, 1);
}

static struct report_datastore
row_of(const struct space *space)
{
	struct report_datastore row = { 0 };

	space_fill(space, &row);
	return row;
}

static void
unknown_is_told_and_never_zero(void **state)
{
	struct space space;

	(void)state;
	space_init(&space);
	space_look(&space, tree.root, DATASTORE_OK, 1);
	struct report_datastore row = row_of(&space);
	assert_int_equal(row.type, DATASTORE_TYPE_UNKNOWN);
	assert_true(row.capacity_kib == REPORT_SIZE_UNKNOWN);
	assert_true(row.free_kib == REPORT_SIZE_UNKNOWN);
	assert_int_equal(row.paths, 0);
}

static void
a_network_file_system_is_one_path(void **state)
{
	struct space space;
	json_t *reply =
		json_pack("{s:s, s:i, s:i, s:i, s:i}", "type", "file system",
			  "capacity", 1000, "free", 0, "major", 0, "minor", 55);

	(void)state;
	space_init(&space);
	space_take(&space, reply);
	space_look(&space, tree.root, DATASTORE_SLOW, 1);
	struct report_datastore row = row_of(&space);
	assert_int_equal(row.type, DATASTORE_FILE_SYSTEM);
	assert_int_equal(row.capacity_kib, 1000);
	assert_int_equal(row.free_kib, 0);
	assert_int_equal(row.paths, 1);
	assert_int_equal(row.paths_up, 1);
	space_look(&space, tree.root, DATASTORE_LOST, 1 + SPACE_PATHS_MS);
	row = row_of(&space);
	assert_int_equal(row.paths_up, 0);
	json_decref(reply);
}

static void
a_device_has_no_free_space(void **state)
{
	struct space space;
	json_t *reply = json_pack("{s:s, s:i, s:i, s:i}", "type", "block",
				  "capacity", 77, "major", 253, "minor", 0);
	json_t *odd = json_pack("{s:i, s:s}", "type", 7, "capacity", "much");

	(void)state;
	put_multipath();
	space_init(&space);
	space_take(&space, reply);
	space_take(&space, odd);
	space_look(&space, tree.root, DATASTORE_OK, 1);
	struct report_datastore row = row_of(&space);
	assert_int_equal(row.type, DATASTORE_BLOCK);
	assert_int_equal(row.capacity_kib, 77);
	assert_true(row.free_kib == REPORT_SIZE_UNKNOWN);
	assert_int_equal(row.paths, 4);
	assert_int_equal(row.paths_up, 2);
	json_decref(reply);
	json_decref(odd);
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_TREE(disks_of_a_multipath_device_are_its_paths),
		IN_TREE(a_volume_on_others_is_as_good_as_the_worst_of_them),
		IN_TREE(a_partition_is_its_disk),
		IN_TREE(controllers_of_an_nvme_subsystem_are_paths),
		IN_TREE(a_disk_without_state_is_one_path),
		IN_TREE(devices_that_lie_on_themselves_end),
		IN_TREE(unknown_is_told_and_never_zero),
		IN_TREE(a_network_file_system_is_one_path),
		IN_TREE(a_device_has_no_free_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
