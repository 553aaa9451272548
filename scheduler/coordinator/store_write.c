/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store writes, all of it inside a transaction.
 *
 * The first failure of a transaction is kept; everything after it is skipped,
 * and the commit tells.  When the disk fails in the very moment of a commit,
 * its pages may be found whole after a crash though we said that it failed: a
 * record too much, of a command that was never sent.  That is the safe side,
 * and why open commands are looked into after a restart.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "scheduler/coordinator/store_internal.h"

#define PRUNE_STEP "16" /* rows, so that no single write takes long */

static const char too_large[] = "{\"error\": \"too large to be stored\"}";

/* --- transactions -------------------------------------------------------- */

static void
keep_failure(struct store *store, int rc, const struct err *err)
{
	if (store->failure != 0)
		return;
	store->failure = rc;
	store->failure_err = *err;
}

void
store_run(struct store *store, const char *sql, const struct cell *cells,
	  size_t n)
{
	struct err err;

	if (store->failure != 0)
		return;
	int rc = store->begun ? store_exec(store, sql, cells, n, &err)
			      : err_set(&err, -EINVAL,
					"store %s: write outside of a "
					"transaction; this is a bug",
					store->path);
	if (rc < 0)
		keep_failure(store, rc, &err);
}

void
store_begin(struct store *store)
{
	struct err err;

	store->failure = 0;
	store->begun = true;
	store->changes = sqlite3_total_changes64(store->db);
	int rc = store_exec(store, "BEGIN IMMEDIATE", NO_CELLS, &err);
	if (rc < 0)
		keep_failure(store, rc, &err);
}

void
store_rollback(struct store *store)
{
	/* SQLite may have rolled back by itself already. */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->begun = false;
	store->failure = 0;
}

/* A transaction that wrote nothing proves nothing. */
static void
set_health(struct store *store, int rc, const struct err *err)
{
	if (rc == 0 &&
	    (store->ok || sqlite3_total_changes64(store->db) == store->changes))
		return;
	if (rc == 0)
		log_info("store", "%s takes writes again", store->path);
	if (rc < 0 && store->ok)
		log_error("store", "%s; no command is sent until it is mended",
			  err->text);
	store->ok = rc == 0;
	if (rc < 0)
		store->trouble = *err;
}

int
store_commit(struct store *store, struct err *err)
{
	store_run(store, "COMMIT", NO_CELLS);
	int rc = store->failure;
	struct err why = store->failure_err;
	if (rc < 0)
		store_rollback(store);
	store->begun = false;
	store->failure = 0;
	set_health(store, rc, &why);
	if (rc < 0 && err != NULL)
		*err = why;
	return rc;
}

/* --- by key --------------------------------------------------------------
 * "ON CONFLICT DO UPDATE" and never "OR REPLACE": that deletes the old row
 * first, and with a VM's row its definition. */

void
store_put_host(struct store *store, const struct store_host *host)
{
	store_run(store,
		  "INSERT INTO hosts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
		  " ON CONFLICT (name) DO UPDATE SET state = excluded.state,"
		  " since_ms = excluded.since_ms,"
		  " trusted_boot = excluded.trusted_boot,"
		  " reason = excluded.reason,"
		  " set_aside_ms = excluded.set_aside_ms,"
		  " maintenance = excluded.maintenance,"
		  " mass = excluded.mass, mass_ms = excluded.mass_ms",
		  CELLS(TEXT(host->name), TEXT(host_state_name(host->state)),
			NUM(host->since_ms), OPT(host->trusted_boot),
			TEXT(host->reason), NUM(host->set_aside_ms),
			NUM(host->maintenance),
			TEXT(mass_verdict_name(host->mass)),
			NUM(host->mass_ms)));
}

void
store_put_vm(struct store *store, const struct store_vm *vm)
{
	store_run(store,
		  "INSERT INTO vms"
		  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		  " ON CONFLICT (uuid) DO UPDATE SET name = excluded.name,"
		  " owner = excluded.owner, intent = excluded.intent,"
		  " phase = excluded.phase, recovered = excluded.recovered,"
		  " memory_kib = excluded.memory_kib, vcpus = excluded.vcpus,"
		  " shared_storage = excluded.shared_storage,"
		  " start_failures = excluded.start_failures,"
		  " failed_on = excluded.failed_on,"
		  " ordered = excluded.ordered",
		  CELLS(TEXT(vm->uuid), TEXT(vm->name), OPT(vm->owner),
			TEXT(vm_intent_name(vm->intent)),
			TEXT(vm_phase_name(vm->phase)), NUM(vm->recovered),
			NUM(vm->memory_kib), NUM(vm->vcpus),
			NUM(vm->shared_storage), NUM(vm->start_failures),
			OPT(vm->failed_on), TEXT(vm_intent_name(vm->order))));
}

void
store_put_definition(struct store *store, const char *uuid, const char *hash,
		     const char *xml, int64_t now_ms)
{
	struct err err;

	if (strlen(xml) > STORE_XML_MAX) {
		keep_failure(store,
			     err_set(&err, -EFBIG,
				     "VM %s: its definition is larger than "
				     "%u bytes",
				     uuid, STORE_XML_MAX),
			     &err);
		return;
	}
	store_run(store,
		  "INSERT INTO definitions VALUES (?, ?, ?, ?)"
		  " ON CONFLICT (uuid) DO UPDATE SET hash = excluded.hash,"
		  " time_ms = excluded.time_ms, xml = excluded.xml"
		  " WHERE hash <> excluded.hash",
		  CELLS(TEXT(uuid), TEXT(hash), NUM(now_ms), TEXT(xml)));
}

void
store_put_cluster(struct store *store, const struct store_cluster *cluster)
{
	store_run(store,
		  "INSERT INTO clusters VALUES (?, ?, ?, ?)"
		  " ON CONFLICT (name) DO UPDATE SET ha = excluded.ha,"
		  " set_by = excluded.set_by, set_ms = excluded.set_ms",
		  CELLS(TEXT(cluster->name), NUM(cluster->ha),
			TEXT(cluster->by), NUM(cluster->set_ms)));
}

void
store_put_bmc_log(struct store *store, const struct store_bmc_log *log)
{
	store_run(store,
		  "INSERT INTO bmc_logs VALUES (?, ?, ?, ?, ?, ?)"
		  " ON CONFLICT (host) DO UPDATE SET guid = excluded.guid,"
		  " erased_s = excluded.erased_s, entry = excluded.entry,"
		  " record = excluded.record, overflow = excluded.overflow",
		  CELLS(TEXT(log->host), OPT(log->guid), NUM(log->erased_s),
			NUM(log->entry), OPT(log->record), NUM(log->overflow)));
}

void
store_put_lease(struct store *store, const struct store_lease *lease)
{
	store_run(store,
		  "INSERT INTO leases VALUES (?, ?, ?, ?, ?)"
		  " ON CONFLICT (host) DO UPDATE SET uuid = excluded.uuid,"
		  " boot = excluded.boot, bound_ms = excluded.bound_ms,"
		  " datastores = excluded.datastores",
		  CELLS(TEXT(lease->host), TEXT(lease->uuid), TEXT(lease->boot),
			NUM(lease->bound_ms), TEXT(lease->datastores)));
}

void
store_delete_lease(struct store *store, const char *host)
{
	store_run(store, "DELETE FROM leases WHERE host = ?",
		  CELLS(TEXT(host)));
}

void
store_put_disarmed(struct store *store, const struct store_disarmed *disarmed)
{
	store_run(store,
		  "INSERT INTO disarmed VALUES (?, ?, ?)"
		  " ON CONFLICT (cluster) DO NOTHING",
		  CELLS(TEXT(disarmed->cluster), TEXT(disarmed->by),
			NUM(disarmed->since_ms)));
}

void
store_delete_vm(struct store *store, const char *uuid)
{
	store_run(store, "DELETE FROM vms WHERE uuid = ?", CELLS(TEXT(uuid)));
}

void
store_delete_host(struct store *store, const char *name)
{
	store_run(store, "DELETE FROM hosts WHERE name = ?", CELLS(TEXT(name)));
}

void
store_delete_cluster(struct store *store, const char *name)
{
	store_run(store, "DELETE FROM clusters WHERE name = ?",
		  CELLS(TEXT(name)));
}

void
store_delete_disarmed(struct store *store, const char *cluster)
{
	store_run(store, "DELETE FROM disarmed WHERE cluster = ?",
		  CELLS(TEXT(cluster)));
}

/* --- journals ------------------------------------------------------------ */

static int64_t
last_id(const struct store *store)
{
	return store->failure ? 0 : sqlite3_last_insert_rowid(store->db);
}

int64_t
store_add_command(struct store *store, const struct store_command *command)
{
	store_run(store,
		  "INSERT INTO commands (kind, host, vm, snapshot, reason,"
		  " recorded_ms, outcome, from_host)"
		  " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		  CELLS(TEXT(store_command_kind_name(command->kind)),
			TEXT(command->host), OPT(command->vm),
			NUM(command->snapshot), TEXT(command->reason),
			NUM(command->recorded_ms),
			TEXT(store_outcome_name(OUTCOME_OPEN)),
			OPT(command->from)));
	int64_t id = last_id(store);
	store_run(store,
		  "DELETE FROM commands WHERE id IN (SELECT id FROM commands"
		  " WHERE id <= ? AND outcome <> 'open' ORDER BY id"
		  " LIMIT " PRUNE_STEP ")",
		  CELLS(NUM(id - store->commands_kept)));
	return id;
}

void
store_end_command(struct store *store, int64_t id, enum store_outcome outcome,
		  const char *text, int64_t now_ms)
{
	store_run(store,
		  "UPDATE commands SET outcome = ?, text = ?, ended_ms = ?"
		  " WHERE id = ?",
		  CELLS(TEXT(store_outcome_name(outcome)), TEXT(text),
			NUM(now_ms), NUM(id)));
}

/* What is only for people must never keep a command from being recorded. */
static const char *
bound_json(const char *text)
{
	return text != NULL && strlen(text) > STORE_JSON_MAX ? too_large : text;
}

int64_t
store_add_event(struct store *store, const struct store_event *event,
		const char *detail)
{
	store_run(store,
		  "INSERT INTO events (time_ms, severity, kind, cluster, host, "
		  "vm,"
		  " text, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		  CELLS(NUM(event->time_ms),
			TEXT(severity_name(event->severity)), TEXT(event->kind),
			OPT(event->cluster), OPT(event->host), OPT(event->vm),
			TEXT(event->text), TEXT(bound_json(detail))));
	int64_t id = last_id(store);
	store_run(store,
		  "DELETE FROM events WHERE id IN (SELECT id FROM events"
		  " WHERE id <= ? ORDER BY id LIMIT " PRUNE_STEP ")",
		  CELLS(NUM(id - store->events_kept)));
	return id;
}

void
store_add_fence(struct store *store, const struct store_fence *fence,
		const char *evidence)
{
	store_run(store,
		  "INSERT INTO fences (time_ms, host, outcome, evidence)"
		  " VALUES (?, ?, ?, ?)",
		  CELLS(NUM(fence->time_ms), TEXT(fence->host),
			TEXT(store_outcome_name(fence->outcome)),
			TEXT(bound_json(evidence))));
	store_run(store,
		  "DELETE FROM fences WHERE id IN (SELECT id FROM fences"
		  " WHERE id <= ? ORDER BY id LIMIT " PRUNE_STEP ")",
		  CELLS(NUM(last_id(store) - store->fences_kept)));
}

void
store_add_failure(struct store *store, const struct store_failure *failure)
{
	store_run(store, "INSERT INTO failures (time_ms, host) VALUES (?, ?)",
		  CELLS(NUM(failure->time_ms), TEXT(failure->what)));
	store_run(store,
		  "DELETE FROM failures WHERE id IN (SELECT id FROM failures"
		  " WHERE id <= ? ORDER BY id LIMIT " PRUNE_STEP ")",
		  CELLS(NUM(last_id(store) - store->failures_kept)));
}

void
store_add_restart(struct store *store, const struct store_failure *restart)
{
	store_run(store, "INSERT INTO restarts (time_ms, vm) VALUES (?, ?)",
		  CELLS(NUM(restart->time_ms), TEXT(restart->what)));
	store_run(store,
		  "DELETE FROM restarts WHERE id IN (SELECT id FROM restarts"
		  " WHERE id <= ? ORDER BY id LIMIT " PRUNE_STEP ")",
		  CELLS(NUM(last_id(store) - store->restarts_kept)));
}

void
store_add_snapshot(struct store *store, uint64_t number, int64_t now_ms,
		   const char *snapshot, const char *plan)
{
	store_run(store,
		  "INSERT INTO snapshots (number, time_ms, snapshot, plan)"
		  " VALUES (?, ?, ?, ?)",
		  CELLS(NUM(number), NUM(now_ms), TEXT(bound_json(snapshot)),
			TEXT(bound_json(plan))));
	store_run(store,
		  "DELETE FROM snapshots WHERE id IN (SELECT id FROM snapshots"
		  " WHERE id <= ? ORDER BY id LIMIT " PRUNE_STEP ")",
		  CELLS(NUM(last_id(store) - store->snapshots_kept)));
}
