/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of hrStorage: which mounts are asked, and what becomes of sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/mounts.h"
#include "agent/roles.h"
#include "common/log.h"
#include "tests/unit/agent/tree.h"

static bool
asks(const char *mountinfo, const char *path)
{
	json_t *list = mounts_parse(mountinfo);
	bool found = false;

	for (size_t i = 0; i < json_array_size(list); i++)
		found |= strcmp(json_string_value(json_array_get(list, i)),
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
		cmocka_unit_test(this_host_has_memory_and_a_root),
	};
	int rc = roles_main(argc, argv);

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
