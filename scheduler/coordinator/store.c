/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's life: lock, open, health, close; and how its files run a
 * statement.  See store_schema.c, store_write.c and store_read.c for the rest.
 */
#include "scheduler/coordinator/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/file.h"
#include "common/log.h"
#include "scheduler/coordinator/store_internal.h"

#define BUSY_TIMEOUT_MS 2000 /* somebody reads along with sqlite3(1) */

/* --- errors and statements ----------------------------------------------- */

static const struct {
	int code;
	int rc;
	const char *hint;
} meanings[] = {
	{ SQLITE_FULL, -ENOSPC, "free some space on its file system" },
	{ SQLITE_READONLY, -EROFS,
	  "make the file and its file system writable" },
	{ SQLITE_IOERR, -EIO,
	  "see the kernel's log for the disk, and ulimit -f" },
	{ SQLITE_CANTOPEN, -EACCES, "see who may write in its folder" },
	{ SQLITE_PERM, -EACCES, "see who may write in its folder" },
	{ SQLITE_BUSY, -EBUSY, "another program has it locked; end that one" },
	{ SQLITE_CONSTRAINT, -EINVAL, "this is a bug; please report it" },
	{ SQLITE_CORRUPT, -EBADMSG, NULL },
	{ SQLITE_NOTADB, -EBADMSG, NULL },
};

/* Moving the -wal along matters: replayed into another file it would do
 * damage. */
static int
explain_corrupt(const struct store *store, const char *what, struct err *err)
{
	return err_set(err, -EBADMSG,
		       "store %s is damaged (%s); it was left as it is. Move "
		       "it aside: 'mkdir %s/broken && mv %s %s-* %s/broken', "
		       "then 'cp -p %s.bak %s', or start with an empty one",
		       store->path, what, store->folder, store->path,
		       store->path, store->folder, store->path, store->path);
}

int
store_explain(const struct store *store, int code, struct err *err)
{
	const char *what =
		store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (meanings[i].code != (code & 0xff))
			continue;
		if (meanings[i].hint == NULL)
			return explain_corrupt(store, what, err);
		return err_set(err, meanings[i].rc, "store %s: %s; %s",
			       store->path, what, meanings[i].hint);
	}
	return err_set(err, -EIO, "store %s: %s", store->path, what);
}

int
store_prepare(struct store *store, const char *sql, const struct cell *cells,
	      size_t n, sqlite3_stmt **ret_stmt, struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

	/* SQLITE_STATIC: the cells outlive the statement. */
	for (size_t i = 0; code == SQLITE_OK && i < n; i++)
		code = cells[i].is_text ? sqlite3_bind_text(stmt, (int)i + 1,
							    cells[i].text, -1,
							    SQLITE_STATIC)
					: sqlite3_bind_int64(stmt, (int)i + 1,
							     cells[i].number);
	if (code != SQLITE_OK)
		return store_explain(store, code, err);
	*ret_stmt = stmt;
	stmt = NULL;
	return 0;
}

int
store_exec(struct store *store, const char *sql, const struct cell *cells,
	   size_t n, struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(store, sql, cells, n, &stmt, err);
	int code;

	if (rc < 0)
		return rc;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		;
	return code == SQLITE_DONE ? 0 : store_explain(store, code, err);
}

int
store_ask_number(struct store *store, const char *sql, int64_t *ret_number,
		 struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(store, sql, NO_CELLS, &stmt, err);

	if (rc < 0)
		return rc;
	int code = sqlite3_step(stmt);
	if (code != SQLITE_ROW)
		return store_explain(store, code, err);
	*ret_number = sqlite3_column_int64(stmt, 0);
	return 0;
}

/* --- lock ---------------------------------------------------------------- */

static int
explain_locked(const struct store *store, struct err *err)
{
	char pid[16] = { 0 };

	if (pread(store->lock_fd, pid, sizeof(pid) - 1, 0) <= 0)
		strcpy(pid, "?");
	pid[strcspn(pid, "\n")] = '\0';
	return err_set(err, -EBUSY,
		       "%s: another coordinator, process %s, uses this store; "
		       "stop it first, or give this one its own state-dir",
		       store->folder, pid);
}

/* flock() and not a pid file: the kernel lets go of it with the process. */
static int
lock_folder(struct store *store, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/lock", store->folder);

	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		return err_errno(err, -errno,
				 "%s: the store's folder must be writable",
				 path);
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? explain_locked(store, err)
			       : err_errno(err, -errno, "%s: lock", path);
	/* For the message above only: a full disk may leave it empty. */
	if (ftruncate(store->lock_fd, 0) == 0)
		(void)!dprintf(store->lock_fd, "%d\n", (int)getpid());
	return 0;
}

/* --- open ---------------------------------------------------------------- */

/*
 * Make the file ourselves, with its mode: SQLite would take the umask's, and
 * definitions hold console passwords.  An empty file beside a backup is no new
 * store: something has emptied it.
 */
static int
create_file(struct store *store, struct err *err)
{
	cleanup_free char *backup = xasprintf("%s.bak", store->path);
	bool had_backup = access(backup, F_OK) == 0;
	cleanup_close int fd =
		open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (fd >= 0) {
		if (had_backup)
			log_warn("store",
				 "%s is missing; starting with an empty one. "
				 "To use the backup: stop, 'cp -p %s %s', "
				 "start",
				 store->path, backup, store->path);
		return 0;
	}
	if (errno != EEXIST)
		return err_errno(err, -errno, "store %s", store->path);
	if (stat(store->path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "store %s: not a regular file",
			       store->path);
	if (st.st_size == 0 && had_backup)
		return explain_corrupt(store, "it is empty", err);
	return 0;
}

static void
sync_folder(const struct store *store)
{
	cleanup_close int fd =
		open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)fsync(fd); /* some file systems refuse */
}

/* Nothing is written before all checks have passed, not even by closing: the
 * last one out would merge the -wal into a file that is damaged. */
static int
open_database(struct store *store, struct err *err)
{
	int code = sqlite3_open_v2(store->path, &store->db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				   NULL);

	if (code != SQLITE_OK)
		return store_explain(store, code, err);
	sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	int rc = store_check(store, err);
	if (rc == 0)
		rc = store_migrate(store, err);
	if (rc < 0)
		return rc;
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	sync_folder(store);
	return 0;
}

static void
back_up(struct store *store)
{
	struct err err;

	if (store_backup(store, &err) < 0)
		log_warn("store", "no backup this time: %s", err.text);
}

int
store_open(const char *state_dir, struct store **ret_store, struct err *err)
{
	struct store *store = xcalloc(1, sizeof(*store));

	*store = (struct store){
		.folder = xstrdup(state_dir),
		.path = xasprintf("%s/ironherd.db", state_dir),
		.lock_fd = -1,
		.ok = true,
		.events_kept = STORE_EVENTS_KEPT,
		.snapshots_kept = STORE_SNAPSHOTS_KEPT,
		.commands_kept = STORE_COMMANDS_KEPT,
		.fences_kept = STORE_FENCES_KEPT,
		.failures_kept = STORE_FAILURES_KEPT,
		.restarts_kept = STORE_RESTARTS_KEPT,
	};
	int rc = file_mkdirs(state_dir, 0700, err);
	if (rc == 0)
		rc = lock_folder(store, err);
	if (rc == 0)
		rc = create_file(store, err);
	if (rc == 0)
		rc = open_database(store, err);
	if (rc < 0) {
		store_close(store);
		return rc;
	}
	back_up(store);
	*ret_store = store;
	return 0;
}

/* The lock file stays: who unlinks it may unlink another one's. */
void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->begun)
		store_rollback(store);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store->folder);
	free(store->path);
	free(store);
}

const char *
store_health(const struct store *store)
{
	return store->ok ? "ok" : store->trouble.text;
}

int64_t
store_revision(const struct store *store)
{
	return sqlite3_total_changes64(store->db);
}

bool
store_is_ok(const struct store *store)
{
	return store->ok;
}
