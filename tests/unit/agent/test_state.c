/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of row numbers over restarts, and of the autostart marks held. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "agent/autostart.h"
#include "agent/index.h"
#include "agent/roles.h"
#include "agent/state.h"
#include "common/log.h"
#include "tests/unit/agent/tree.h"

#define UUID_1 "11111111-1111-4111-8111-111111111112"
#define UUID_2 "22222222-2222-4222-8222-222222222223"

static struct tree tree;

static int
make_tree(void **state)
{
	(void)state;
	tree_make(&tree);
	return 0;
}

static int
remove_tree(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static void
save(struct index *index)
{
	size_t len;
	char *text = index_print(index, &len);

	assert_int_equal(strlen(text), len);
	tree_write(&tree, "index", text);
	free(text);
}

static void
numbers_outlive_a_restart_and_are_not_given_twice(void **state)
{
	struct index *index = index_load(tree_path(&tree, "index"), 1000);

	(void)state;
	assert_int_equal(index_of(index, INDEX_VM, UUID_1), 1);
	assert_int_equal(index_of(index, INDEX_DATASTORE, "ds1"), 2);
	assert_int_equal(index_of(index, INDEX_VM, UUID_1), 1);
	assert_true(index_is_dirty(index));
	save(index);
	assert_false(index_is_dirty(index));
	index_free(index);
	index = index_load(tree_path(&tree, "index"), 1000);
	assert_int_equal(index_of(index, INDEX_VM, UUID_2), 3);
	assert_int_equal(index_of(index, INDEX_DATASTORE, "ds1"), 2);
	/* The same key of another kind is another thing. */
	assert_int_equal(index_of(index, INDEX_VM, "ds1"), 4);
	index_free(index);
}

static void
models_never_get_the_numbers_of_the_hosts_own(void **state)
{
	struct index *index = index_load(tree_path(&tree, "index"), 1000);

	(void)state;
	assert_int_equal(index_of(index, INDEX_MODEL, "Haswell"), 3);
	assert_int_equal(index_of(index, INDEX_VM, "Haswell"), 4);
	save(index);
	index_free(index);
	index = index_load(tree_path(&tree, "index"), 1000);
	assert_int_equal(index_of(index, INDEX_MODEL, "Skylake"), 5);
	assert_int_equal(index_of(index, INDEX_MODEL, "Haswell"), 3);
	index_free(index);
}

static void
a_damaged_file_starts_anew_with_other_numbers(void **state)
{
	static const char *const texts[] = {
		"",
		"rubbish",
		"ironherd-index 1\n",
		"ironherd-index 1\nnext 5\nvm " UUID_1 " 4\n", /* no end */
		"ironherd-index 1\nnext 5\nvm " UUID_1 " 5\nend\n",
		"ironherd-index 1\nnext 5\nvm " UUID_1 " 0\nend\n",
		"ironherd-index 1\nnext 5\nvm " UUID_1 " x\nend\n",
		"ironherd-index 1\nnext 5\nvm a 4\nvm b 4\nend\n",
		"ironherd-index 1\nnext 5\nvm a 3\nvm a 4\nend\n",
		"ironherd-index 1\nnext 5\ncow a 3\nend\n",
		"ironherd-index 1\nnext 5\nmodel a 2\nend\n",
		"ironherd-index 1\nnext 0\nend\n",
		"ironherd-index 1\nnext 99999999999\nend\n",
		"ironherd-index 1\nnext 5\nvm\nend\n",
		"ironherd-index 1\nnext 5\nend\nvm a 3\n",
		"ironherd-index 2\nnext 5\nend\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		tree_write(&tree, "index", texts[i]);
		struct index *index =
			index_load(tree_path(&tree, "index"), 1000);
		assert_int_equal(index_of(index, INDEX_VM, UUID_1), 1000);
		index_free(index);
	}
}

static void
the_store_is_bounded_and_still_never_repeats(void **state)
{
	struct index *index = index_load(tree_path(&tree, "none"), 1000);
	char key[32];

	(void)state;
	for (uint32_t i = 0; i < INDEX_ENTRIES_MAX + 10; i++) {
		snprintf(key, sizeof(key), "vm-%u", i);
		assert_int_equal(index_of(index, INDEX_VM, key), i + 1);
	}
	/* The first was forgotten; it gets a new number. */
	assert_int_equal(index_of(index, INDEX_VM, "vm-0"),
			 INDEX_ENTRIES_MAX + 11);
	index_free(index);
}

static bool
is_written(void *arg)
{
	return access(arg, F_OK) == 0;
}

static void
the_file_is_written_by_a_worker(void **state)
{
	struct loop *loop = loop_new();
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s", tree_path(&tree, "file"));
	struct state *file = state_new(loop, path);
	state_put(file, "one\n", 4);
	state_put(file, "two\n", 4);
	assert_true(run_until(loop, is_written, path, 5000));
	run_until(loop, until_never, NULL, 300);
	char *text;
	assert_int_equal(file_read(path, 100, &text, NULL, NULL), 0);
	assert_string_equal(text, "two\n");
	free(text);
	state_free(file);
	loop_free(loop);
}

/* --- autostart ------------------------------------------------------------ */

#define MARKS "etc/libvirt/qemu/autostart"

static void
make_mark(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), MARKS "/%s.xml", name);
	assert_int_equal(symlink("../some.xml", tree_path(&tree, path)), 0);
}

static void
marks_are_removed_and_recorded_and_nothing_else_is(void **state)
{
	struct err err;
	char *text;

	(void)state;
	tree_write(&tree, MARKS "/README", "");
	tree_write(&tree, MARKS "/regular.xml", "");
	assert_int_equal(symlink("x", tree_path(&tree, MARKS "/link")), 0);
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vm%d", i);
		make_mark(name);
	}
	make_mark("odd name");
	assert_int_equal(autostart_hold(tree.root, tree_path(&tree, "state"),
					&err),
			 301);
	assert_int_equal(access(tree_path(&tree, MARKS "/vm1.xml"), F_OK), -1);
	assert_int_equal(access(tree_path(&tree, MARKS "/README"), F_OK), 0);
	assert_int_equal(access(tree_path(&tree, MARKS "/regular.xml"), F_OK),
			 0);
	struct stat st;
	assert_int_equal(lstat(tree_path(&tree, MARKS "/link"), &st), 0);
	assert_int_equal(file_read(tree_path(&tree, "state/held-autostart"),
				   1 << 20, &text, NULL, NULL),
			 0);
	assert_non_null(strstr(text, "vm299\n"));
	assert_non_null(strstr(text, "odd name\n"));
	free(text);
}

static void
names_are_recorded_once_over_several_boots(void **state)
{
	struct err err;
	char *text;

	(void)state;
	tree_write(&tree, MARKS "/README", "");
	tree_write(&tree, "state/held-autostart", "vm10\n");
	make_mark("vm1");
	make_mark("vm10");
	assert_int_equal(autostart_hold(tree.root, tree_path(&tree, "state"),
					&err),
			 2);
	assert_int_equal(file_read(tree_path(&tree, "state/held-autostart"),
				   1 << 20, &text, NULL, NULL),
			 0);
	assert_string_equal(text, "vm10\nvm1\n");
	free(text);
}

static void
no_folder_is_nothing_to_do_and_no_record_is_no_obstacle(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(autostart_hold(tree.root, tree_path(&tree, "state"),
					&err),
			 0);
	tree_write(&tree, MARKS "/README", "");
	tree_write(&tree, "file", "");
	make_mark("vm1");
	assert_int_equal(autostart_hold(tree.root,
					tree_path(&tree, "file/state"), &err),
			 1);
	assert_int_equal(access(tree_path(&tree, MARKS "/vm1.xml"), F_OK), -1);
}

static void
a_folder_that_cannot_be_read_is_an_error(void **state)
{
	struct err err;

	(void)state;
	tree_write(&tree, MARKS, "");
	assert_true(autostart_hold(tree.root, tree_path(&tree, "state"), &err) <
		    0);
	assert_non_null(strstr(err.text, "autostart"));
}

int
main(int argc, char *argv[])
{
	int rc = roles_main(argc, argv);

#define IN_TREE(test) \
	cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)
	const struct CMUnitTest tests[] = {
		IN_TREE(numbers_outlive_a_restart_and_are_not_given_twice),
		IN_TREE(models_never_get_the_numbers_of_the_hosts_own),
		IN_TREE(a_damaged_file_starts_anew_with_other_numbers),
		IN_TREE(the_store_is_bounded_and_still_never_repeats),
		IN_TREE(the_file_is_written_by_a_worker),
		IN_TREE(marks_are_removed_and_recorded_and_nothing_else_is),
		IN_TREE(names_are_recorded_once_over_several_boots),
		IN_TREE(no_folder_is_nothing_to_do_and_no_record_is_no_obstacle),
		IN_TREE(a_folder_that_cannot_be_read_is_an_error),
	};

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_ERROR); /* 300 marks are 300 lines */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
