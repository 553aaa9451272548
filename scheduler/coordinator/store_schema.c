/* SPDX-License-Identifier: Apache-2.0 */
/* The store's tables, the way to them from older ones, checks and backup. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/store_internal.h"

#define APPLICATION_ID 1230129220 /* "IRHD" */

/*
 * Each text brings the file from the version of its index to the next; texts
 * that were released are never changed.  Versions are counted in SQLite's
 * user_version.
 *
 * Definitions are apart from VMs: they are large and change seldom.  Owners
 * are checked at commit, so that the order of writing does not matter.
 */
static const char *const migrations[] = {
	"CREATE TABLE hosts ("
	" name TEXT PRIMARY KEY,"
	" state TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL,"
	" trusted_boot TEXT,"
	" reason TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE fences ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time_ms INTEGER NOT NULL,"
	" host TEXT NOT NULL,"
	" outcome TEXT NOT NULL,"
	" evidence TEXT"
	") STRICT;"
	"CREATE INDEX fences_by_time ON fences (time_ms);"

	"CREATE TABLE vms ("
	" uuid TEXT PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" owner TEXT REFERENCES hosts (name)"
	"  DEFERRABLE INITIALLY DEFERRED,"
	" intent TEXT NOT NULL,"
	" phase TEXT NOT NULL,"
	" recovered INTEGER NOT NULL CHECK (recovered IN (0, 1)),"
	" memory_kib INTEGER NOT NULL,"
	" vcpus INTEGER NOT NULL,"
	" shared_storage INTEGER NOT NULL CHECK (shared_storage IN (0, 1)),"
	" start_failures INTEGER NOT NULL,"
	" failed_on TEXT REFERENCES hosts (name) ON DELETE SET NULL"
	"  DEFERRABLE INITIALLY DEFERRED"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX vms_by_owner ON vms (owner);"
	"CREATE INDEX vms_by_failed_on ON vms (failed_on);"

	"CREATE TABLE definitions ("
	" uuid TEXT PRIMARY KEY REFERENCES vms (uuid) ON DELETE CASCADE"
	"  DEFERRABLE INITIALLY DEFERRED,"
	" hash TEXT NOT NULL,"
	" time_ms INTEGER NOT NULL,"
	" xml TEXT NOT NULL"
	") STRICT;"

	"CREATE TABLE clusters ("
	" name TEXT PRIMARY KEY,"
	" ha INTEGER NOT NULL CHECK (ha IN (0, 1)),"
	" set_by TEXT NOT NULL,"
	" set_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE commands ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" kind TEXT NOT NULL,"
	" host TEXT NOT NULL,"
	" vm TEXT,"
	" snapshot INTEGER NOT NULL,"
	" reason TEXT NOT NULL,"
	" recorded_ms INTEGER NOT NULL,"
	" ended_ms INTEGER,"
	" outcome TEXT NOT NULL,"
	" text TEXT"
	") STRICT;"

	"CREATE TABLE events ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time_ms INTEGER NOT NULL,"
	" severity TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" cluster TEXT,"
	" host TEXT,"
	" vm TEXT,"
	" text TEXT NOT NULL,"
	" detail TEXT"
	") STRICT;"

	/* The id has no gaps, the number may: pruning counts by the id. */
	"CREATE TABLE snapshots ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" number INTEGER NOT NULL UNIQUE,"
	" time_ms INTEGER NOT NULL,"
	" snapshot TEXT NOT NULL,"
	" plan TEXT"
	") STRICT;",

	"CREATE TABLE bmc_logs ("
	" host TEXT PRIMARY KEY,"
	" guid TEXT,"
	" erased_s INTEGER NOT NULL,"
	" entry INTEGER NOT NULL,"
	" record TEXT,"
	" overflow INTEGER NOT NULL CHECK (overflow IN (0, 1))"
	") STRICT, WITHOUT ROWID;",

	"ALTER TABLE commands ADD COLUMN from_host TEXT;"
	"CREATE TABLE numbers ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" kind TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" UNIQUE (kind, name)"
	") STRICT;",

	"CREATE TABLE leases ("
	" host TEXT PRIMARY KEY,"
	" uuid TEXT NOT NULL,"
	" boot TEXT NOT NULL,"
	" bound_ms INTEGER NOT NULL CHECK (bound_ms > 0),"
	" datastores TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;",

	"ALTER TABLE hosts ADD COLUMN set_aside_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE hosts ADD COLUMN maintenance INTEGER NOT NULL DEFAULT 0"
	" CHECK (maintenance IN (0, 1));"
	"ALTER TABLE hosts ADD COLUMN mass TEXT NOT NULL DEFAULT 'none';"
	"ALTER TABLE hosts ADD COLUMN mass_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE vms ADD COLUMN ordered TEXT NOT NULL DEFAULT 'unknown';"

	"CREATE TABLE failures ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time_ms INTEGER NOT NULL,"
	" host TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX failures_by_time ON failures (time_ms);"

	"CREATE TABLE restarts ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time_ms INTEGER NOT NULL,"
	" vm TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX restarts_by_time ON restarts (time_ms);"

	"CREATE TABLE disarmed ("
	" cluster TEXT PRIMARY KEY,"
	" set_by TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;",
};

#define VERSION ((int64_t)(sizeof(migrations) / sizeof(*migrations)))

/* --- checks -------------------------------------------------------------- */

static int
check_identity(struct store *store, struct err *err)
{
	int64_t id = 0, version = 0, tables = 0;
	int rc = store_ask_number(store, "PRAGMA application_id", &id, err);

	if (rc == 0)
		rc = store_ask_number(store, "PRAGMA user_version", &version,
				      err);
	if (rc == 0)
		rc = store_ask_number(store,
				      "SELECT count(*) FROM sqlite_schema",
				      &tables, err);
	if (rc < 0)
		return rc;
	if (id != APPLICATION_ID && (tables > 0 || version != 0))
		return err_set(err, -EPROTO,
			       "store %s: an SQLite file, but not of Ironherd; "
			       "move it away or choose another state-dir",
			       store->path);
	if (version > VERSION || version < 0)
		return err_set(err, -EPROTO,
			       "store %s: written by a newer coordinator "
			       "(store version %lld, known here are up to "
			       "%lld); install that version again",
			       store->path, (long long)version,
			       (long long)VERSION);
	return 0;
}

int
store_check(struct store *store, struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc =
		store_exec(store, "PRAGMA cell_size_check = ON", NO_CELLS, err);

	if (rc == 0)
		rc = check_identity(store, err);
	if (rc == 0)
		rc = store_prepare(store, "PRAGMA quick_check(1)", NO_CELLS,
				   &stmt, err);
	if (rc < 0)
		return rc;
	int code = sqlite3_step(stmt);
	if (code != SQLITE_ROW)
		return store_explain(store, code, err);
	const char *verdict = (const char *)sqlite3_column_text(stmt, 0);
	if (verdict != NULL && strcmp(verdict, "ok") == 0)
		return 0;
	store_explain(store, SQLITE_CORRUPT, err);
	return -EBADMSG;
}

/* --- migration ----------------------------------------------------------- */

static int
run_script(struct store *store, const char *script, struct err *err)
{
	int code = sqlite3_exec(store->db, script, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : store_explain(store, code, err);
}

/* Also run when there is nothing to migrate: setting the version writes, and
 * so proves now that the disk takes writes. */
static int
migrate_in_transaction(struct store *store, struct err *err)
{
	char stamp[128];
	int64_t version = 0;
	int rc = store_ask_number(store, "PRAGMA user_version", &version, err);

	for (int64_t v = version; rc == 0 && v < VERSION; v++)
		rc = run_script(store, migrations[v], err);
	if (rc < 0)
		return rc;
	snprintf(stamp, sizeof(stamp),
		 "PRAGMA application_id = %d; PRAGMA user_version = %lld",
		 APPLICATION_ID, (long long)VERSION);
	return run_script(store, stamp, err);
}

static int
build_tables(struct store *store, struct err *err)
{
	int rc = run_script(store, "BEGIN IMMEDIATE", err);

	if (rc < 0)
		return rc;
	rc = migrate_in_transaction(store, err);
	if (rc == 0)
		rc = run_script(store, "COMMIT", err);
	if (rc < 0)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* SQLite answers with the mode it is in: some file systems (network ones)
 * cannot do WAL, and silence about it would be a loss of durability. */
static int
switch_to_wal(struct store *store, struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(store, "PRAGMA journal_mode = WAL", NO_CELLS,
			       &stmt, err);

	if (rc < 0)
		return rc;
	int code = sqlite3_step(stmt);
	if (code != SQLITE_ROW)
		return store_explain(store, code, err);
	const char *mode = (const char *)sqlite3_column_text(stmt, 0);
	if (mode != NULL && strcmp(mode, "wal") == 0)
		return 0;
	return err_set(err, -ENOTSUP,
		       "store %s: its file system cannot hold a write-ahead "
		       "log; choose a state-dir on a local disk",
		       store->path);
}

int
store_migrate(struct store *store, struct err *err)
{
	int rc = switch_to_wal(store, err);

	if (rc == 0)
		rc = run_script(store,
				"PRAGMA synchronous = FULL;"
				"PRAGMA foreign_keys = ON;"
				"PRAGMA journal_size_limit = 67108864;",
				err);
	return rc < 0 ? rc : build_tables(store, err);
}

/* --- backup -------------------------------------------------------------- */

/* Not events and snapshots: they are the bulk, and nothing resumes by them.
 * Not leases: a watchdog that was armed when a backup was made proves nothing
 * when it is put back. */
static const char copy_script[] =
	"BEGIN;"
	"INSERT INTO hosts SELECT * FROM live.hosts;"
	"INSERT INTO vms SELECT * FROM live.vms;"
	"INSERT INTO definitions SELECT * FROM live.definitions;"
	"INSERT INTO clusters SELECT * FROM live.clusters;"
	"INSERT INTO bmc_logs SELECT * FROM live.bmc_logs;"
	"INSERT INTO numbers SELECT * FROM live.numbers;"
	"INSERT INTO fences SELECT * FROM live.fences;"
	"INSERT INTO failures SELECT * FROM live.failures;"
	"INSERT INTO restarts SELECT * FROM live.restarts;"
	"INSERT INTO disarmed SELECT * FROM live.disarmed;"
	"INSERT INTO commands SELECT * FROM live.commands"
	" WHERE outcome = 'open';"
	/* Ids go on where they were: an event's number is never used twice. */
	"DELETE FROM sqlite_sequence;"
	"INSERT INTO sqlite_sequence SELECT * FROM live.sqlite_sequence;"
	"COMMIT;";

/* In the rollback journal mode of a new file: one file, synced by COMMIT. */
static int
fill_copy(struct store *copy, const struct store *live, struct err *err)
{
	int code = sqlite3_open_v2(copy->path, &copy->db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				   NULL);

	if (code != SQLITE_OK)
		return store_explain(copy, code, err);
	int rc = run_script(copy, "PRAGMA synchronous = FULL", err);
	if (rc == 0)
		rc = build_tables(copy, err);
	if (rc == 0)
		rc = store_exec(copy, "ATTACH ? AS live",
				CELLS(TEXT(live->path)), err);
	if (rc == 0)
		rc = run_script(copy, copy_script, err);
	return rc;
}

static int
make_copy(struct store *copy, const struct store *live, struct err *err)
{
	unlink(copy->path);
	cleanup_close int fd =
		open(copy->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, -errno, "%s", copy->path);
	int rc = fill_copy(copy, live, err);
	if (sqlite3_close(copy->db) != SQLITE_OK && rc == 0)
		rc = err_set(err, -EIO, "%s: not closed", copy->path);
	copy->db = NULL;
	return rc;
}

int
store_backup(struct store *store, struct err *err)
{
	cleanup_free char *final = xasprintf("%s.bak", store->path);
	cleanup_free char *older = xasprintf("%s.bak.1", store->path);
	cleanup_free char *temp = xasprintf("%s.bak.new", store->path);
	struct store copy = { .folder = store->folder, .path = temp };
	int64_t hosts = 0;
	int rc = store_ask_number(store, "SELECT count(*) FROM hosts", &hosts,
				  err);

	/* An empty store must not push out the backup of a full one. */
	if (rc < 0 || hosts == 0)
		return rc;
	rc = make_copy(&copy, store, err);
	if (rc == 0 && rename(final, older) < 0 && errno != ENOENT)
		rc = err_errno(err, -errno, "%s", older);
	if (rc == 0 && rename(temp, final) < 0)
		rc = err_errno(err, -errno, "%s", final);
	if (rc < 0)
		unlink(temp);
	return rc;
}
