/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store reads.  The file may have been edited by hand: a word, number
 * or text that makes no sense is an error that names table, row and column,
 * and is never taken for something likely.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/store_internal.h"

#define HOUR_MS INT64_C(3600000)
#define WEEK_MS (168 * HOUR_MS)

/* --- one row -------------------------------------------------------------- */

/* The first failure is kept, as in a transaction. */
struct row {
	const struct store *store;
	sqlite3_stmt *stmt;
	const char *table;
	int rc;
	struct err *err;
};

static const char *
raw_text(const struct row *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row->stmt, column);

	return text != NULL ? text : "";
}

static void
complain(struct row *row, int column, const char *what)
{
	if (row->rc == 0)
		row->rc =
			err_set(row->err, -EBADMSG,
				"store %s: table %s, row %.80s, column %s: "
				"%s; mend it with sqlite3",
				row->store->path, row->table, raw_text(row, 0),
				sqlite3_column_name(row->stmt, column), what);
}

static void
take_text(struct row *row, int column, char *ret_text, size_t size)
{
	const char *text = raw_text(row, column);
	size_t len = strlen(text);

	if (len != (size_t)sqlite3_column_bytes(row->stmt, column))
		complain(row, column, "has a NUL inside");
	else if (len >= size)
		complain(row, column, "is too long");
	else
		memcpy(ret_text, text, len + 1);
}

#define TAKE_TEXT(row, column, buffer) \
	take_text(row, column, buffer, sizeof(buffer))

static int64_t
take_number(struct row *row, int column, int64_t max)
{
	int64_t value = sqlite3_column_int64(row->stmt, column);

	if (value >= 0 && value <= max)
		return value;
	complain(row, column, "is out of range");
	return 0;
}

static unsigned
take_word(struct row *row, int column, const struct store_words *words)
{
	const char *text = raw_text(row, column);

	for (unsigned i = 0; i < words->n; i++)
		if (strcmp(text, words->name(i)) == 0)
			return i;
	complain(row, column, "is no word known here");
	return 0;
}

/* --- many rows ------------------------------------------------------------ */

struct query {
	const char *table, *sql;
	const struct cell *cells;
	size_t n_cells;
	void (*take)(struct row *row, void *item);
	size_t item_size;
};

/* All rows as one array; the caller frees it, also when it is empty. */
static int
load_rows(struct store *store, const struct query *query, void **ret_items,
	  size_t *ret_n, struct err *err)
{
	struct row row = { .store = store, .table = query->table, .err = err };
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	cleanup_free char *items = NULL;
	size_t n = 0, room = 0;
	int rc = store_prepare(store, query->sql, query->cells, query->n_cells,
			       &stmt, err);
	int code;

	if (rc < 0)
		return rc;
	row.stmt = stmt;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && row.rc == 0) {
		if (n == room) {
			room = room ? room * 2 : 64;
			items = xrealloc(items, room, query->item_size);
		}
		memset(items + n * query->item_size, 0, query->item_size);
		query->take(&row, items + n++ * query->item_size);
	}
	if (row.rc < 0)
		return row.rc;
	if (code != SQLITE_DONE)
		return store_explain(store, code, err);
	*ret_items = items;
	*ret_n = n;
	items = NULL;
	return 0;
}

static void
take_host(struct row *row, void *item)
{
	struct store_host *host = item;

	TAKE_TEXT(row, 0, host->name);
	host->state = (enum host_state)take_word(row, 1, &store_state_words);
	host->since_ms = take_number(row, 2, INT64_MAX);
	TAKE_TEXT(row, 3, host->trusted_boot);
	TAKE_TEXT(row, 4, host->reason);
	host->set_aside_ms = take_number(row, 5, INT64_MAX);
	host->maintenance = take_number(row, 6, 1) != 0;
	host->mass = (enum mass_verdict)take_word(row, 7, &store_mass_words);
	host->mass_ms = take_number(row, 8, INT64_MAX);
}

static void
take_vm(struct row *row, void *item)
{
	struct store_vm *vm = item;

	TAKE_TEXT(row, 0, vm->uuid);
	TAKE_TEXT(row, 1, vm->name);
	TAKE_TEXT(row, 2, vm->owner);
	vm->intent = (enum vm_intent)take_word(row, 3, &store_intent_words);
	vm->phase = (enum vm_phase)take_word(row, 4, &store_phase_words);
	vm->recovered = take_number(row, 5, 1) != 0;
	vm->memory_kib = (uint64_t)take_number(row, 6, INT64_MAX);
	vm->vcpus = (uint32_t)take_number(row, 7, UINT32_MAX);
	vm->shared_storage = take_number(row, 8, 1) != 0;
	vm->start_failures = (uint32_t)take_number(row, 9, UINT32_MAX);
	TAKE_TEXT(row, 10, vm->failed_on);
	vm->order = (enum vm_intent)take_word(row, 11, &store_intent_words);
	TAKE_TEXT(row, 12, vm->definition_hash);
	vm->definition_ms = take_number(row, 13, INT64_MAX);
}

static void
take_cluster(struct row *row, void *item)
{
	struct store_cluster *cluster = item;

	TAKE_TEXT(row, 0, cluster->name);
	cluster->ha = take_number(row, 1, 1) != 0;
	TAKE_TEXT(row, 2, cluster->by);
	cluster->set_ms = take_number(row, 3, INT64_MAX);
}

static void
take_command(struct row *row, void *item)
{
	struct store_command *command = item;

	command->id = take_number(row, 0, INT64_MAX);
	command->kind =
		(enum store_command_kind)take_word(row, 1, &store_kind_words);
	TAKE_TEXT(row, 2, command->host);
	TAKE_TEXT(row, 3, command->vm);
	command->snapshot = (uint64_t)take_number(row, 4, INT64_MAX);
	TAKE_TEXT(row, 5, command->reason);
	command->recorded_ms = take_number(row, 6, INT64_MAX);
	command->ended_ms = take_number(row, 7, INT64_MAX);
	command->outcome =
		(enum store_outcome)take_word(row, 8, &store_outcome_words);
	TAKE_TEXT(row, 9, command->text);
	TAKE_TEXT(row, 10, command->from);
}

static void
take_fence(struct row *row, void *item)
{
	struct store_fence *fence = item;

	fence->time_ms = take_number(row, 1, INT64_MAX);
	TAKE_TEXT(row, 2, fence->host);
	fence->outcome =
		(enum store_outcome)take_word(row, 3, &store_outcome_words);
}

static void
take_lease(struct row *row, void *item)
{
	struct store_lease *lease = item;

	TAKE_TEXT(row, 0, lease->host);
	TAKE_TEXT(row, 1, lease->uuid);
	TAKE_TEXT(row, 2, lease->boot);
	lease->bound_ms = take_number(row, 3, UINT32_MAX);
	TAKE_TEXT(row, 4, lease->datastores);
}

static void
take_failure(struct row *row, void *item)
{
	struct store_failure *failure = item;

	failure->time_ms = take_number(row, 1, INT64_MAX);
	TAKE_TEXT(row, 2, failure->what);
}

static void
take_disarmed(struct row *row, void *item)
{
	struct store_disarmed *disarmed = item;

	TAKE_TEXT(row, 0, disarmed->cluster);
	TAKE_TEXT(row, 1, disarmed->by);
	disarmed->since_ms = take_number(row, 2, INT64_MAX);
}

static void
take_event(struct row *row, void *item)
{
	struct store_event *event = item;

	event->id = take_number(row, 0, INT64_MAX);
	event->time_ms = take_number(row, 1, INT64_MAX);
	event->severity =
		(enum severity)take_word(row, 2, &store_severity_words);
	TAKE_TEXT(row, 3, event->kind);
	TAKE_TEXT(row, 4, event->cluster);
	TAKE_TEXT(row, 5, event->host);
	TAKE_TEXT(row, 6, event->vm);
	TAKE_TEXT(row, 7, event->text);
}

/* --- the state at start --------------------------------------------------- */

static const struct query hosts_query = {
	.table = "hosts",
	.sql = "SELECT * FROM hosts ORDER BY name",
	.take = take_host,
	.item_size = sizeof(struct store_host),
};
static const struct query vms_query = {
	.table = "vms",
	.sql = "SELECT vms.*, hash, time_ms FROM vms"
	       " LEFT JOIN definitions USING (uuid) ORDER BY uuid",
	.take = take_vm,
	.item_size = sizeof(struct store_vm),
};
static const struct query clusters_query = {
	.table = "clusters",
	.sql = "SELECT * FROM clusters ORDER BY name",
	.take = take_cluster,
	.item_size = sizeof(struct store_cluster),
};
static const struct query leases_query = {
	.table = "leases",
	.sql = "SELECT * FROM leases ORDER BY host",
	.take = take_lease,
	.item_size = sizeof(struct store_lease),
};
/* NOT IN and not = 'open': a word that was spoilt must be found, not
 * overlooked. */
static const struct query commands_query = {
	.table = "commands",
	.sql = "SELECT * FROM commands WHERE outcome NOT IN"
	       " ('done', 'failed', 'in doubt') ORDER BY id",
	.take = take_command,
	.item_size = sizeof(struct store_command),
};

static const struct query disarmed_query = {
	.table = "disarmed",
	.sql = "SELECT * FROM disarmed ORDER BY cluster",
	.take = take_disarmed,
	.item_size = sizeof(struct store_disarmed),
};

static int
load_fences(struct store *store, int64_t now_ms, struct store_state *state,
	    struct err *err)
{
	const struct cell since[] = { NUM(now_ms - HOUR_MS) };
	const struct query query = {
		.table = "fences",
		.sql = "SELECT id, time_ms, host, outcome FROM fences"
		       " WHERE time_ms > ? ORDER BY id",
		.cells = since,
		.n_cells = 1,
		.take = take_fence,
		.item_size = sizeof(struct store_fence),
	};

	return load_rows(store, &query, (void **)&state->fences,
			 &state->n_fences, err);
}

static int
load_failures(struct store *store, int64_t now_ms, struct store_state *state,
	      struct err *err)
{
	const struct cell since_hour[] = { NUM(now_ms - HOUR_MS) };
	const struct cell since_week[] = { NUM(now_ms - WEEK_MS) };
	struct query query = {
		.table = "failures",
		.sql = "SELECT * FROM failures WHERE time_ms > ? ORDER BY id",
		.cells = since_hour,
		.n_cells = 1,
		.take = take_failure,
		.item_size = sizeof(struct store_failure),
	};
	int rc = load_rows(store, &query, (void **)&state->failures,
			   &state->n_failures, err);

	query.table = "restarts";
	query.sql = "SELECT * FROM restarts WHERE time_ms > ? ORDER BY id";
	query.cells = since_week;
	return rc < 0 ? rc
		      : load_rows(store, &query, (void **)&state->restarts,
				  &state->n_restarts, err);
}

/* What journals say of the time before now. */
static int
load_journals(struct store *store, int64_t now_ms, struct store_state *state,
	      struct err *err)
{
	int rc = load_rows(store, &commands_query,
			   (void **)&state->open_commands,
			   &state->n_open_commands, err);

	if (rc == 0)
		rc = load_rows(store, &leases_query, (void **)&state->leases,
			       &state->n_leases, err);
	if (rc == 0)
		rc = load_fences(store, now_ms, state, err);
	return rc < 0 ? rc : load_failures(store, now_ms, state, err);
}

static int
load_last_numbers(struct store *store, struct store_state *state,
		  struct err *err)
{
	int64_t snapshot = 0;
	int rc = store_ask_number(store,
				  "SELECT ifnull(max(number), 0)"
				  " FROM snapshots",
				  &snapshot, err);

	state->last_snapshot = (uint64_t)snapshot;
	if (rc < 0)
		return rc;
	return store_ask_number(store,
				"SELECT ifnull(max(seq), 0)"
				" FROM sqlite_sequence WHERE name = 'events'",
				&state->last_event, err);
}

int
store_load(struct store *store, int64_t now_ms, struct store_state **ret_state,
	   struct err *err)
{
	struct store_state *state = xcalloc(1, sizeof(*state));
	int rc = load_rows(store, &hosts_query, (void **)&state->hosts,
			   &state->n_hosts, err);

	if (rc == 0)
		rc = load_rows(store, &vms_query, (void **)&state->vms,
			       &state->n_vms, err);
	if (rc == 0)
		rc = load_rows(store, &clusters_query,
			       (void **)&state->clusters, &state->n_clusters,
			       err);
	if (rc == 0)
		rc = load_rows(store, &disarmed_query,
			       (void **)&state->disarmed, &state->n_disarmed,
			       err);
	if (rc == 0)
		rc = load_journals(store, now_ms, state, err);
	if (rc == 0)
		rc = load_last_numbers(store, state, err);
	if (rc < 0) {
		store_state_free(state);
		return rc;
	}
	*ret_state = state;
	return 0;
}

void
store_state_free(struct store_state *state)
{
	if (state == NULL)
		return;
	free(state->hosts);
	free(state->vms);
	free(state->clusters);
	free(state->open_commands);
	free(state->leases);
	free(state->fences);
	free(state->failures);
	free(state->restarts);
	free(state->disarmed);
	free(state);
}

/* --- single things -------------------------------------------------------- */

/* Step to the only row; -ENOENT when there is none. */
static int
find_row(struct store *store, sqlite3_stmt *stmt, const char *what,
	 struct err *err)
{
	int code = sqlite3_step(stmt);

	if (code == SQLITE_ROW)
		return 0;
	if (code != SQLITE_DONE)
		return store_explain(store, code, err);
	return err_set(err, -ENOENT, "the store has no %s", what);
}

static char *
copy_column(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text != NULL ? xstrdup(text) : NULL;
}

int
store_load_definition(struct store *store, const char *uuid, char **ret_xml,
		      struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(store,
			       "SELECT xml FROM definitions WHERE uuid = ?",
			       CELLS(TEXT(uuid)), &stmt, err);

	if (rc == 0)
		rc = find_row(store, stmt, "definition of that VM", err);
	if (rc == 0)
		*ret_xml = copy_column(stmt, 0);
	return rc;
}

static void
take_bmc_log(struct row *row, void *item)
{
	struct store_bmc_log *log = item;

	TAKE_TEXT(row, 0, log->host);
	TAKE_TEXT(row, 1, log->guid);
	log->erased_s = (uint32_t)take_number(row, 2, UINT32_MAX);
	log->entry = (uint16_t)take_number(row, 3, UINT16_MAX);
	TAKE_TEXT(row, 4, log->record);
	log->overflow = take_number(row, 5, 1) != 0;
}

int
store_load_bmc_log(struct store *store, const char *host,
		   struct store_bmc_log *ret_log, struct err *err)
{
	struct row row = { .store = store, .table = "bmc_logs", .err = err };
	struct store_bmc_log log = { .erased_s = 0 };
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(store, "SELECT * FROM bmc_logs WHERE host = ?",
			       CELLS(TEXT(host)), &stmt, err);

	if (rc == 0)
		rc = find_row(store, stmt, "log of that host's BMC", err);
	if (rc < 0)
		return rc;
	row.stmt = stmt;
	take_bmc_log(&row, &log);
	if (row.rc == 0)
		*ret_log = log;
	return row.rc;
}

int
store_load_events(struct store *store, int64_t after, unsigned limit,
		  struct store_event **ret_events, size_t *ret_n,
		  struct err *err)
{
	const struct cell cells[] = { NUM(after), NUM(limit) };
	/* The last N: found from the end, given in order; when more were
	 * asked for than allowed, the newest of them. */
	const int64_t last = after < -(int64_t)limit ? limit : -after;
	const struct cell last_cells[] = { NUM(last) };
	const struct query query = {
		.table = "events",
		.sql = after < 0 ? "SELECT * FROM (SELECT * FROM events"
				   " ORDER BY id DESC LIMIT ?) ORDER BY id"
				 : "SELECT * FROM events WHERE id > ?"
				   " ORDER BY id LIMIT ?",
		.cells = after < 0 ? last_cells : cells,
		.n_cells = after < 0 ? 1 : 2,
		.take = take_event,
		.item_size = sizeof(struct store_event),
	};

	return load_rows(store, &query, (void **)ret_events, ret_n, err);
}

int
store_load_commands(struct store *store, unsigned limit,
		    struct store_command **ret_commands, size_t *ret_n,
		    struct err *err)
{
	const struct cell cells[] = { NUM(limit) };
	const struct query query = {
		.table = "commands",
		.sql = "SELECT * FROM (SELECT * FROM commands"
		       " ORDER BY id DESC LIMIT ?) ORDER BY id",
		.cells = cells,
		.n_cells = 1,
		.take = take_command,
		.item_size = sizeof(struct store_command),
	};

	return load_rows(store, &query, (void **)ret_commands, ret_n, err);
}

int
store_load_event(struct store *store, int64_t id, struct store_event *ret_event,
		 char **ret_detail, struct err *err)
{
	struct row row = { .store = store, .table = "events", .err = err };
	struct store_event event = { 0 };
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(store, "SELECT * FROM events WHERE id = ?",
			       CELLS(NUM(id)), &stmt, err);

	if (rc == 0)
		rc = find_row(store, stmt, "event of that number", err);
	if (rc < 0)
		return rc;
	row.stmt = stmt;
	take_event(&row, &event);
	if (row.rc < 0)
		return row.rc;
	*ret_event = event;
	*ret_detail = copy_column(stmt, 8);
	return 0;
}

int
store_load_snapshot(struct store *store, uint64_t number, char **ret_snapshot,
		    char **ret_plan, struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(
		store, "SELECT snapshot, plan FROM snapshots WHERE number = ?",
		CELLS(NUM(number)), &stmt, err);

	if (rc == 0)
		rc = find_row(store, stmt, "snapshot of that number", err);
	if (rc < 0)
		return rc;
	*ret_snapshot = copy_column(stmt, 0);
	*ret_plan = copy_column(stmt, 1);
	return 0;
}
