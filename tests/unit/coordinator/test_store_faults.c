/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store when all goes wrong: kill -9, full, read-only and forbidden disks,
 * files that are damaged, foreign, newer or in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scheduler/coordinator/store_internal.h"

#define UUID_A "11111111-1111-1111-1111-111111111111"
#define NOBODY 65534

struct fixture {
	char folder[64];
	char db[96];
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

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/ironherd-store-XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	snprintf(f->db, sizeof(f->db), "%s/ironherd.db", f->folder);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	umount2(f->folder, MNT_DETACH); /* when a test failed with it on */
	nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static struct store *
open_store(const struct fixture *f)
{
	struct store *store = NULL;
	struct err err = { "" };

	if (store_open(f->folder, &store, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

/* It must fail so, with these words, and return nothing. */
static void
expect_refusal(const char *folder, int rc, const char *words)
{
	struct store *store = NULL;
	struct err err = { "" };

	assert_int_equal(store_open(folder, &store, &err), rc);
	assert_null(store);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static int64_t
write_command(struct store *store, struct err *err)
{
	struct store_command command = { .kind = COMMAND_START,
					 .host = "h1",
					 .vm = UUID_A };

	store_begin(store);
	int64_t id = store_add_command(store, &command);
	int rc = store_commit(store, err);
	return rc < 0 ? rc : id;
}

static size_t
count_open_commands(const struct fixture *f)
{
	struct store *store = open_store(f);
	struct store_state *all = NULL;
	struct err err = { "" };

	if (store_load(store, 0, &all, &err) < 0)
		fail_msg("%s", err.text);
	size_t n = all->n_open_commands;
	store_state_free(all);
	store_close(store);
	return n;
}

static void
run_sql(const struct fixture *f, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int
run_child(void (*fn)(const struct fixture *f), const struct fixture *f)
{
	int status = 0;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		fn(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* --- kill -9 -------------------------------------------------------------- */

/* Writes commands for ever, and says each that it was told is on disk. */
static _Noreturn void
write_until_killed(const struct fixture *f, int out)
{
	struct store *store = open_store(f);

	for (;;) {
		int64_t id = write_command(store, NULL);

		if (write(out, &id, sizeof(id)) != sizeof(id))
			_exit(1);
	}
}

static void
a_committed_command_survives_kill_9(void **state)
{
	const struct fixture *f = *state;
	int64_t last = 0, id, told = 0;

	for (unsigned round = 0; round < 10; round++) {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		pid_t pid = fork();
		if (pid == 0)
			write_until_killed(f, ends[1]);
		close(ends[1]);
		for (unsigned i = 0; i < 5 + round * 3; i++)
			assert_int_equal(read(ends[0], &id, sizeof(id)),
					 sizeof(id));
		usleep(round * 700); /* not always at the same step */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		do {
			assert_true(id > last);
			last = id;
			told++;
		} while (read(ends[0], &id, sizeof(id)) == sizeof(id));
		close(ends[0]);
		/* One more may be there: committed, and killed before it
		 * was told. */
		assert_true(count_open_commands(f) >= (size_t)told);
		assert_true(count_open_commands(f) <= (size_t)last + 1);
	}
}

static void
stop_before_commit(const struct fixture *f)
{
	struct store *store = open_store(f);
	struct store_command command = { .kind = COMMAND_START };

	write_command(store, NULL);
	store_begin(store);
	store_add_command(store, &command);
	kill(getpid(), SIGKILL);
}

static void
an_uncommitted_command_does_not_survive_kill_9(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(run_child(stop_before_commit, f), -SIGKILL);
	assert_int_equal(count_open_commands(f), 1);
}

/* --- disks ---------------------------------------------------------------- */

/* Every write beyond a size fails, for each size: whatever SQLite writes
 * there, what was committed stays and what failed is told. */
static void
write_against_a_limit(const struct fixture *f)
{
	struct err err = { "" };
	struct store *store = NULL;
	int64_t good = 0, bad = 0;

	signal(SIGXFSZ, SIG_IGN);
	store = open_store(f);
	for (rlim_t limit = 200000; limit > 0; limit -= 2000) {
		const struct rlimit full = { limit, RLIM_INFINITY };

		setrlimit(RLIMIT_FSIZE, &full);
		for (unsigned i = 0; i < 3; i++) {
			bool is_good = write_command(store, &err) > 0;

			good += is_good;
			bad += !is_good;
			if (is_good != store_is_ok(store))
				_exit(3);
		}
	}
	if (good == 0 || bad == 0 || strstr(err.text, "ulimit -f") == NULL)
		_exit(4);

	const struct rlimit free_again = { RLIM_INFINITY, RLIM_INFINITY };
	setrlimit(RLIMIT_FSIZE, &free_again);
	if (write_command(store, &err) < 0 || !store_is_ok(store))
		_exit(5);
	good++;
	store_close(store);
	_exit(count_open_commands(f) == (size_t)good ? 0 : 6);
}

static void
writes_that_fail_are_told_and_lose_nothing(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(run_child(write_against_a_limit, f), 0);
}

static bool
mount_tmpfs(const struct fixture *f, const char *options)
{
	return mount("none", f->folder, "tmpfs", MS_NOSUID, options) == 0;
}

static void
fill_up(const char *folder)
{
	cleanup_free char *path = xasprintf("%s/ballast", folder);
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT, 0600);
	static const char block[4096];

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
}

static void
a_full_disk_is_told_and_mended_by_room(void **state)
{
	const struct fixture *f = *state;
	struct err err = { "" };

	if (!mount_tmpfs(f, "size=1m"))
		skip(); /* needs root */
	struct store *store = open_store(f);
	assert_true(write_command(store, &err) > 0);
	fill_up(f->folder);
	int64_t rc = 1, good = 0;
	for (unsigned i = 0; i < 200 && rc > 0; i++) {
		rc = write_command(store, &err);
		good += rc > 0;
	}
	assert_int_equal(rc, -ENOSPC);
	assert_non_null(strstr(err.text, "full"));
	assert_string_equal(store_health(store), err.text);

	cleanup_free char *ballast = xasprintf("%s/ballast", f->folder);
	unlink(ballast);
	assert_true(write_command(store, &err) > 0);
	assert_true(store_is_ok(store));
	store_close(store);
	assert_int_equal(count_open_commands(f), good + 2);
	umount(f->folder);
}

static void
a_disk_that_is_full_from_the_start_is_told(void **state)
{
	const struct fixture *f = *state;

	if (!mount_tmpfs(f, "size=1m"))
		skip();
	fill_up(f->folder);
	expect_refusal(f->folder, -ENOSPC, "full");
	umount(f->folder);
}

static void
a_read_only_disk_is_told(void **state)
{
	const struct fixture *f = *state;

	if (!mount_tmpfs(f, "size=4m"))
		skip();
	store_close(open_store(f));
	mount("none", f->folder, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=4m");
	expect_refusal(f->folder, -EROFS, "Read-only");
	umount(f->folder);
}

static void
open_as_nobody(const struct fixture *f)
{
	struct store *store = NULL;
	struct err err = { "" };

	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		_exit(77);
	int rc = store_open(f->folder, &store, &err);
	_exit(rc == -EACCES && strstr(err.text, f->folder) != NULL ? 0 : 1);
}

static void
a_folder_of_somebody_else_is_told(void **state)
{
	const struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	chmod(f->folder, 0755);
	assert_int_equal(run_child(open_as_nobody, f), 0);
	store_close(open_store(f));
	chmod(f->folder, 0755);
	assert_int_equal(run_child(open_as_nobody, f), 0);
}

/* --- files ---------------------------------------------------------------- */

static void
make_full_store(const struct fixture *f)
{
	struct store *store = open_store(f);
	struct store_host host = { .name = "h1", .state = HOST_UP };
	struct err err = { "" };

	store_begin(store);
	store_put_host(store, &host);
	if (store_commit(store, &err) < 0)
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < 300; i++)
		assert_true(write_command(store, NULL) > 0);
	store_close(store);
}

/* The file before and after a refusal: nothing may have touched it. */
static void
expect_untouched_refusal(const struct fixture *f, int rc, const char *words)
{
	struct stat before, after;

	assert_int_equal(stat(f->db, &before), 0);
	expect_refusal(f->folder, rc, words);
	assert_int_equal(stat(f->db, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
overwrite(const struct fixture *f, off_t from, size_t len)
{
	cleanup_close int fd = open(f->db, O_WRONLY);
	cleanup_free char *junk = xcalloc(1, len);

	memset(junk, 0xa5, len);
	assert_int_equal(pwrite(fd, junk, len, from), len);
}

static void
a_damaged_file_is_told_and_left_alone(void **state)
{
	const struct fixture *f = *state;

	make_full_store(f);
	overwrite(f, 8192, 32768);
	expect_untouched_refusal(f, -EBADMSG, "mv ");
	expect_untouched_refusal(f, -EBADMSG, f->db);
	overwrite(f, 0, 100); /* the header */
	expect_untouched_refusal(f, -EBADMSG, "damaged");
}

static void
a_truncated_file_is_told_and_left_alone(void **state)
{
	const struct fixture *f = *state;
	struct stat st;

	make_full_store(f);
	store_close(open_store(f)); /* the backup is made at open */
	assert_int_equal(stat(f->db, &st), 0);
	assert_int_equal(truncate(f->db, st.st_size / 2), 0);
	expect_untouched_refusal(f, -EBADMSG, "damaged");
	assert_int_equal(truncate(f->db, 50), 0);
	expect_untouched_refusal(f, -EBADMSG, "damaged");
	assert_int_equal(truncate(f->db, 0), 0);
	expect_untouched_refusal(f, -EBADMSG, "empty");
}

static void
the_way_back_from_a_damaged_file_works_as_it_is_told(void **state)
{
	const struct fixture *f = *state;
	struct err err = { "" };
	struct store *store = NULL;

	make_full_store(f);
	store_close(open_store(f)); /* the backup is made at open */
	overwrite(f, 0, 4096);
	assert_int_equal(store_open(f->folder, &store, &err), -EBADMSG);

	/* Run the two commands between the quotes, as a person would. */
	char *mv = strchr(err.text, '\'') + 1;
	char *end = strchr(mv, '\'');
	char *cp = strchr(end + 1, '\'') + 1;
	*end = '\0';
	*strchr(cp, '\'') = '\0';
	cleanup_free char *lenient = xasprintf("touch %s-wal; %s", f->db, mv);
	assert_int_equal(system(lenient), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(system(cp), 0);      /* NOLINT(cert-env33-c) */
	assert_int_equal(count_open_commands(f), 300);
}

static void
an_empty_store_does_not_push_out_a_backup(void **state)
{
	const struct fixture *f = *state;
	cleanup_free char *backup = xasprintf("%s.bak", f->db);
	struct stat before, after;

	make_full_store(f);
	store_close(open_store(f));
	assert_int_equal(stat(backup, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	unlink(f->db);
	assert_int_equal(count_open_commands(f), 0);
	assert_int_equal(stat(backup, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
others_cannot_read_the_store(void **state)
{
	const struct fixture *f = *state;
	cleanup_free char *wal = xasprintf("%s-wal", f->db);
	struct stat st;
	struct store *store = open_store(f);

	assert_true(write_command(store, NULL) > 0);
	assert_int_equal(stat(f->db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(store);
}

static void
a_newer_and_a_foreign_file_are_told_and_left_alone(void **state)
{
	const struct fixture *f = *state;

	make_full_store(f);
	run_sql(f, "PRAGMA user_version = 1000");
	expect_untouched_refusal(f, -EPROTO, "newer coordinator");
	unlink(f->db);
	run_sql(f, "CREATE TABLE recipes (name TEXT)");
	expect_untouched_refusal(f, -EPROTO, "not of Ironherd");
}

static void
a_row_edited_into_nonsense_is_named(void **state)
{
	static const struct {
		const char *sql, *words;
	} edits[] = {
		{ "UPDATE hosts SET state = 'upp'",
		  "table hosts, row h1, column state" },
		{ "UPDATE hosts SET state = 'up', name = printf('%.99c', 'x')",
		  "column name: is too long" },
		{ "UPDATE hosts SET name = 'h1' || char(0) || 'x'",
		  "column name: has a NUL" },
		{ "UPDATE hosts SET name = 'h1'; UPDATE commands SET"
		  " outcome = 'opened' WHERE id = 5",
		  "table commands, row 5, column outcome" },
		{ "UPDATE commands SET outcome = 'open', snapshot = -1",
		  "column snapshot: is out of range" },
	};
	const struct fixture *f = *state;

	make_full_store(f);
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		struct store_state *all = NULL;
		struct err err = { "" };

		run_sql(f, edits[i].sql);
		struct store *store = open_store(f);
		assert_int_equal(store_load(store, 0, &all, &err), -EBADMSG);
		assert_null(all);
		if (strstr(err.text, edits[i].words) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.text,
				 edits[i].words);
		store_close(store);
	}
}

/* --- in use --------------------------------------------------------------- */

static void
two_coordinators_cannot_share_a_store(void **state)
{
	const struct fixture *f = *state;
	struct store *store = open_store(f);
	char pid[32];

	snprintf(pid, sizeof(pid), "process %d,", (int)getpid());
	expect_refusal(f->folder, -EBUSY, pid);
	store_close(store);
	store_close(open_store(f));
}

static void
a_store_that_a_person_holds_locked_is_told(void **state)
{
	const struct fixture *f = *state;
	struct store *store = open_store(f);
	struct err err = { "" };
	sqlite3 *db = NULL;

	sqlite3_busy_timeout(store->db, 50);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	assert_int_equal(write_command(store, &err), -EBUSY);
	assert_false(store_is_ok(store));
	sqlite3_close(db);
	assert_true(write_command(store, &err) > 0);
	store_close(store);
}

int
main(void)
{
	log_start("test_store_faults", LOG_LEVEL_ERROR + 1);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_committed_command_survives_kill_9),
		CASE(an_uncommitted_command_does_not_survive_kill_9),
		CASE(writes_that_fail_are_told_and_lose_nothing),
		CASE(a_full_disk_is_told_and_mended_by_room),
		CASE(a_disk_that_is_full_from_the_start_is_told),
		CASE(a_read_only_disk_is_told),
		CASE(a_folder_of_somebody_else_is_told),
		CASE(a_damaged_file_is_told_and_left_alone),
		CASE(a_truncated_file_is_told_and_left_alone),
		CASE(the_way_back_from_a_damaged_file_works_as_it_is_told),
		CASE(an_empty_store_does_not_push_out_a_backup),
		CASE(others_cannot_read_the_store),
		CASE(a_newer_and_a_foreign_file_are_told_and_left_alone),
		CASE(a_row_edited_into_nonsense_is_named),
		CASE(two_coordinators_cannot_share_a_store),
		CASE(a_store_that_a_person_holds_locked_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
