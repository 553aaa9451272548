/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/file. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"

static char folder[] = "/tmp/test-file-XXXXXX";

static int
enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int
remove_folder(void **state)
{
	(void)state;
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

static void
put_file(const char *path, const char *text, mode_t mode)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
reads_the_whole_file_with_a_nul(void **state)
{
	char *text = NULL;
	size_t len = 0;

	(void)state;
	put_file("a", "12345", 0644);
	assert_int_equal(file_read("a", 5, &text, &len, NULL), 0);
	assert_string_equal(text, "12345");
	assert_int_equal(len, 5);
	free(text);
	put_file("a", "", 0644);
	assert_int_equal(file_read("a", 5, &text, NULL, NULL), 0);
	assert_string_equal(text, "");
	free(text);
	unlink("a");
}

static void
reads_files_whose_size_the_system_does_not_know(void **state)
{
	char *text = NULL;
	size_t len = 0;
	uint64_t value = 0;

	(void)state;
	assert_int_equal(file_read("/proc/self/maps", 1 << 20, &text, &len,
				   NULL),
			 0);
	assert_true(len > 100);
	assert_int_equal(strlen(text), len);
	free(text);
	assert_int_equal(file_read_u64("/proc/sys/kernel/pid_max", &value), 0);
	assert_true(value > 100);
}

static void
one_byte_too_many_is_refused(void **state)
{
	char *text = NULL;
	struct err err;

	(void)state;
	put_file("a", "123456", 0644);
	assert_int_equal(file_read("a", 5, &text, NULL, &err), -EFBIG);
	assert_string_equal(err.text, "a: larger than 5 bytes");
	assert_null(text);
	unlink("a");
	assert_int_equal(file_read("/dev/zero", 100000, &text, NULL, &err),
			 -EFBIG);
	assert_null(text);
}

static void
missing_files_and_folders_are_errors(void **state)
{
	char *text = NULL;
	struct err err;

	(void)state;
	assert_int_equal(file_read("none", 5, &text, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "none: No such file or directory");
	assert_int_equal(file_read("/", 5, &text, NULL, &err), -EISDIR);
	assert_null(text);
}

static void
secrets_are_read_from_private_files_only(void **state)
{
	static const mode_t open_modes[] = { 0640, 0604, 0660, 0601, 0644 };
	char *text = NULL;
	struct err err;

	(void)state;
	put_file("s", "hush", 0600);
	assert_int_equal(file_read_secret("s", 9, &text, NULL, &err), 0);
	assert_string_equal(text, "hush");
	free(text);
	text = NULL;
	put_file("s", "hush", 0400);
	assert_int_equal(file_read_secret("s", 9, &text, NULL, &err), 0);
	free(text);
	text = NULL;
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(mode_t); i++) {
		put_file("s", "hush", open_modes[i]);
		assert_int_equal(file_read_secret("s", 9, &text, NULL, &err),
				 -EPERM);
		assert_non_null(strstr(err.text, "chmod 600 s"));
		assert_null(strstr(err.text, "hush"));
	}
	assert_null(text);
	unlink("s");
}

static void
secrets_of_another_user_are_refused(void **state)
{
	char *text = NULL;
	struct err err;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files away */
	put_file("s", "hush", 0600);
	assert_int_equal(chown("s", 12345, (gid_t)-1), 0);
	assert_int_equal(file_read_secret("s", 9, &text, NULL, &err), -EPERM);
	assert_non_null(strstr(err.text, "owned by user 12345"));
	assert_null(text);
	unlink("s");
}

static void
secrets_behind_links_and_pipes_are_refused(void **state)
{
	char *text = NULL;
	struct err err;

	(void)state;
	put_file("s", "hush", 0600);
	assert_int_equal(symlink("s", "link"), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(file_read_secret("link", 9, &text, NULL, &err),
			 -EPERM);
	assert_non_null(strstr(err.text, "symbolic link"));
	assert_int_equal(file_read_secret("pipe", 9, &text, NULL, &err),
			 -EPERM);
	assert_int_equal(file_read_secret(".", 9, &text, NULL, &err), -EPERM);
	assert_null(text);
	unlink("s");
	unlink("link");
	unlink("pipe");
}

static void
a_write_replaces_the_file_and_its_mode(void **state)
{
	char *text = NULL;
	struct stat st;

	(void)state;
	put_file("w", "old", 0644);
	put_file("w.new", "left by a crash", 0666);
	assert_int_equal(file_write_atomic("w", 0600, "new!", 4, NULL), 0);
	assert_int_equal(file_read("w", 9, &text, NULL, NULL), 0);
	assert_string_equal(text, "new!");
	free(text);
	assert_int_equal(stat("w", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access("w.new", F_OK), -1);
	unlink("w");
}

static void
a_cache_is_replaced_in_the_same_way(void **state)
{
	char *text = NULL;
	struct stat st;

	(void)state;
	put_file("w", "old", 0644);
	put_file("w.new", "left by a crash", 0666);
	assert_int_equal(file_write_cache("w", 0600, "new!", 4, NULL), 0);
	assert_int_equal(file_read("w", 9, &text, NULL, NULL), 0);
	assert_string_equal(text, "new!");
	free(text);
	assert_int_equal(stat("w", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access("w.new", F_OK), -1);
	unlink("w");
}

static void
a_write_that_fails_leaves_nothing_behind(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(file_write_atomic("none/w", 0600, "x", 1, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "none/w"));
	assert_int_equal(mkdir("w", 0700), 0);
	assert_true(file_write_atomic("w", 0600, "x", 1, &err) < 0);
	assert_int_equal(access("w.new", F_OK), -1);
	rmdir("w");
}

static void
a_write_does_not_follow_a_planted_link(void **state)
{
	char *text = NULL;

	(void)state;
	put_file("w", "old", 0600);
	put_file("victim", "untouched", 0600);
	assert_int_equal(symlink("victim", "w.new"), 0);
	assert_int_equal(file_write_atomic("w", 0600, "new", 3, NULL), 0);
	assert_int_equal(file_read("w", 9, &text, NULL, NULL), 0);
	assert_string_equal(text, "new");
	free(text);
	assert_int_equal(file_read("victim", 9, &text, NULL, NULL), 0);
	assert_string_equal(text, "untouched");
	free(text);
	unlink("w");
	unlink("victim");
}

static void
folders_are_made_with_their_parents(void **state)
{
	struct err err;
	struct stat st;

	(void)state;
	assert_int_equal(file_mkdirs("a/b//c/", 0700, &err), 0);
	assert_int_equal(file_mkdirs("a/b/c", 0700, &err), 0);
	assert_int_equal(stat("a/b/c", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	put_file("a/f", "", 0600);
	assert_int_equal(file_mkdirs("a/f", 0700, &err), -ENOTDIR);
	assert_int_equal(file_mkdirs("a/f/g", 0700, &err), -ENOTDIR);
	unlink("a/f");
	rmdir("a/b/c");
	rmdir("a/b");
	rmdir("a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_whole_file_with_a_nul),
		cmocka_unit_test(
			reads_files_whose_size_the_system_does_not_know),
		cmocka_unit_test(one_byte_too_many_is_refused),
		cmocka_unit_test(missing_files_and_folders_are_errors),
		cmocka_unit_test(secrets_are_read_from_private_files_only),
		cmocka_unit_test(secrets_of_another_user_are_refused),
		cmocka_unit_test(secrets_behind_links_and_pipes_are_refused),
		cmocka_unit_test(a_write_replaces_the_file_and_its_mode),
		cmocka_unit_test(a_cache_is_replaced_in_the_same_way),
		cmocka_unit_test(a_write_that_fails_leaves_nothing_behind),
		cmocka_unit_test(a_write_does_not_follow_a_planted_link),
		cmocka_unit_test(folders_are_made_with_their_parents),
	};

	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
