/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of hrStorage and dskTable: which mounts are asked, and what becomes of
 * sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/mounts.h"
#include "agent/roles.h"
#include "agent/text.h"
#include "common/log.h"
#include "tests/unit/agent/tree.h"

static bool
asks(const char *mountinfo, const char *path)
{
	json_t *list = mounts_parse(mountinfo);
	bool found = false;

	for (size_t i = 0; i < json_array_size(list); i++)
		found |= strcmp(message_text(json_array_get(list, i), "path"),
				path) == 0;
	json_decref(list);
	return found;
}

static const char usual[] =
	"20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"21 20 0:5 / /dev rw,nosuid - devtmpfs udev rw\n"
	"22 21 0:22 / /dev/shm rw shared:3 - tmpfs tmpfs rw\n"
	"23 20 0:40 / /srv/nfs rw shared:9 - nfs4 10.0.0.1:/x rw,hard\n"
	"24 23 8:17 / /srv/nfs/local rw - xfs /dev/sdb1 rw\n"
	"25 20 8:33 / /srv/my\\040disk rw - xfs /dev/sdc1 rw\n"
	"26 20 8:33 /sub /mnt/bind rw - xfs /dev/sdc1 rw\n"
	"27 20 0:50 / /home rw - autofs auto.home rw\n"
	"28 20 8:49 / /vm rw - ext4 /dev/sdd1 rw\n"
	"29 28 0:60 / /vm rw - fuse.glusterfs host:/v rw\n"
	"30 20 8:65 / /srv/nfs2 rw - ext4 /dev/sde1 rw\n"
	"31 20 0:61 / /srv/ceph rw - ceph 10.0.0.2:/ rw\n"
	"32 20 0:62 / /proc rw - proc proc rw\n";

static void
only_local_disks_are_asked(void **state)
{
	(void)state;
	assert_true(asks(usual, "/"));
	assert_true(asks(usual, "/dev/shm"));
	assert_true(asks(usual, "/srv/my disk"));
	/* Its name only begins as that of an NFS mount. */
	assert_true(asks(usual, "/srv/nfs2"));
	assert_false(asks(usual, "/srv/nfs"));
	assert_false(asks(usual, "/srv/ceph"));
	assert_false(asks(usual, "/home"));
	assert_false(asks(usual, "/proc"));
	assert_false(asks(usual, "/dev"));
}

static void
nothing_is_asked_by_way_of_what_may_hang(void **state)
{
	(void)state;
	assert_false(asks(usual, "/srv/nfs/local"));
	/* Something else was mounted over it. */
	assert_false(asks(usual, "/vm"));
	assert_false(asks("1 0 0:9 / / rw - nfs4 10.0.0.1:/root rw\n"
			  "2 1 8:1 / /var rw - ext4 /dev/sda1 rw\n",
			  "/var"));
}

static void
a_device_is_asked_once(void **state)
{
	(void)state;
	assert_false(asks(usual, "/mnt/bind"));
}

static void
odd_lines_are_left_out(void **state)
{
	static const char odd[] =
		"\n\n - \nx\n1 2 8:1 / relative rw - ext4 a b\n"
		"1 2 8:1 / /a rw ext4 a b\n"
		"1 2 8:1 / /b rw -\n1 2 8:1 / /c\\0 rw - ext4";
	char long_line[5000];
	json_t *list = mounts_parse(odd);

	(void)state;
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	list = mounts_parse(long_line);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

static void
sizes_fit_into_31_bits(void **state)
{
	struct detail_storage row;

	(void)state;
	mounts_scale(4096, 1000, 10, &row);
	assert_int_equal(row.unit_bytes, 4096);
	assert_int_equal(row.size, 1000);
	assert_int_equal(row.used, 10);
	/* 64 TiB in units of 4096. */
	mounts_scale(4096, UINT64_C(1) << 34, UINT64_C(1) << 33, &row);
	assert_int_equal(row.unit_bytes, 65536);
	assert_int_equal(row.size, 1 << 30);
	assert_int_equal(row.used, 1 << 29);
	mounts_scale(UINT64_MAX / 2, UINT64_MAX, UINT64_MAX, &row);
	assert_int_equal(row.size, INT32_MAX);
}

static void
a_device_comes_with_its_path(void **state)
{
	json_t *list = mounts_parse(usual);
	const json_t *disk = json_array_get(list, 2);

	(void)state;
	assert_string_equal(message_text(disk, "path"), "/srv/my disk");
	assert_string_equal(message_text(disk, "device"), "/dev/sdc1");
	json_decref(list);
}

static void
a_disk_is_told_as_net_snmp_does(void **state)
{
	struct mounts_space space = { .unit = 4096,
				      .size = 1000000,
				      .unused = 400000,
				      .avail = 200000,
				      .files = 1000,
				      .files_free = 995 };
	struct detail_disk disk;

	(void)state;
	mounts_disk("/srv", "/dev/sda1", &space, &disk);
	assert_int_equal(disk.total, 4000000);
	assert_int_equal(disk.avail, 800000);
	assert_int_equal(disk.used, 2400000);
	assert_int_equal(disk.percent, 75); /* of what users may have */
	assert_int_equal(disk.percent_nodes, 1);
	assert_int_equal(disk.error, 0);
	assert_string_equal(disk.message, "");
	space.avail = 24999;
	mounts_disk("/srv", "/dev/sda1", &space, &disk);
	assert_int_equal(disk.error, 1);
	assert_string_equal(disk.message,
			    "/srv: less than 100000 free (= 99996)");
}

static void
large_disks_are_told_in_halves(void **state)
{
	/* 16 TiB and 4 KiB, half a KiB each. */
	struct mounts_space space = { .unit = 512,
				      .size = (UINT64_C(1) << 35) + 8,
				      .unused = 8,
				      .avail = 8 };
	struct detail_disk disk;

	(void)state;
	mounts_disk("/", "x", &space, &disk);
	assert_int_equal(disk.total, INT32_MAX);
	assert_int_equal(disk.total_high, 4);
	assert_int_equal(disk.total_low, 4);
	assert_int_equal(disk.used_high, 4);
	assert_int_equal(disk.used_low, 0);
	assert_int_equal(disk.percent, 100);
	space = (struct mounts_space){ UINT64_MAX, UINT64_MAX, 0,
				       UINT64_MAX, UINT64_MAX, 0 };
	mounts_disk("/", "x", &space, &disk);
	assert_int_equal(disk.total, INT32_MAX);
	assert_int_equal(disk.percent_nodes, 100);
	space = (struct mounts_space){ 0 };
	mounts_disk("/", "x", &space, &disk);
	assert_int_equal(disk.percent, 0);
	assert_int_equal(disk.percent_nodes, 0);
}

static bool
has_rows(void *arg)
{
	struct node_detail *detail = node_detail_new();

	mounts_fill(arg, detail);
	bool has = detail->n_storages > 0;
	node_detail_free(detail);
	return has;
}

static void
this_host_has_memory_and_a_root(void **state)
{
	struct node_detail *detail = node_detail_new();
	struct loop *loop = loop_new();
	struct mounts *mounts = mounts_new(loop);

	(void)state;
	mounts_fill(mounts, detail);
	assert_int_equal(detail->n_storages, 0);
	assert_true(run_until(loop, has_rows, mounts, 8000));
	mounts_fill(mounts, detail);
	assert_true(detail->memory_size_kib > 0);
	assert_int_equal(detail->storages[0].index, 1);
	assert_string_equal(detail->storages[0].descr, "Physical memory");
	for (size_t i = 0; i < detail->n_storages; i++) {
		const struct detail_storage *row = &detail->storages[i];

		assert_true(i == 0 || row[-1].index < row->index);
		assert_in_range(row->used, 0, row->size);
		assert_true(row->unit_bytes > 0);
	}
	/* The same file systems, by their numbers from 1. */
	size_t n = 0;
	for (size_t i = 0; i < detail->n_storages; i++) {
		const struct detail_storage *row = &detail->storages[i];

		if (row->index < 31)
			continue;
		assert_true(n < detail->n_disks);
		assert_int_equal(detail->disks[n].index, row->index - 30);
		assert_string_equal(detail->disks[n].path, row->descr);
		assert_in_range(detail->disks[n].percent, 0, 100);
		n++;
	}
	assert_int_equal(n, detail->n_disks);
	node_detail_free(detail);
	mounts_free(mounts);
	loop_free(loop);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_local_disks_are_asked),
		cmocka_unit_test(nothing_is_asked_by_way_of_what_may_hang),
		cmocka_unit_test(a_device_is_asked_once),
		cmocka_unit_test(odd_lines_are_left_out),
		cmocka_unit_test(sizes_fit_into_31_bits),
		cmocka_unit_test(a_device_comes_with_its_path),
		cmocka_unit_test(a_disk_is_told_as_net_snmp_does),
		cmocka_unit_test(large_disks_are_told_in_halves),
		cmocka_unit_test(this_host_has_memory_and_a_root),
	};
	int rc = roles_main(argc, argv);

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
