/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/store.h - what must survive a kill -9, in SQLite.
 *
 * One writer, one file, one rule: a command is sent only after the record of
 * it is on disk.  All writing is done between store_begin() and store_commit();
 * the first failure in between is kept and told by the commit, which then has
 * stored nothing at all:
 *
 *	store_begin(store);
 *	store_put_host(store, &host);
 *	command.id = store_add_command(store, &command);
 *	if (store_commit(store, &err) < 0)
 *		... send nothing
 *
 * Enums are stored as words, so that a person can read the file with
 * sqlite3(1) while the coordinator runs.  Calls may block for as long as the
 * local disk takes.
 */
#ifndef SCHEDULER_COORDINATOR_STORE_H
#define SCHEDULER_COORDINATOR_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "scheduler/policy/plan.h"
#include "scheduler/policy/snapshot.h"

#define STORE_EVENTS_KEPT    100000
#define STORE_SNAPSHOTS_KEPT 2000
#define STORE_COMMANDS_KEPT  10000 /* ended ones; open ones all stay */
#define STORE_FENCES_KEPT    10000
#define STORE_FAILURES_KEPT  20000
#define STORE_RESTARTS_KEPT  200000
#define STORE_KIND_LEN       32
#define LEASE_DATASTORES_LEN 512        /* names; with more nothing is proved */
#define STORE_XML_MAX        (4u << 20) /* a VM's definition */
#define STORE_JSON_MAX       (32u << 20) /* a snapshot, a plan, a detail */

struct store;

/* All times are wall clock, ms since 1970; 0 means never. */

struct store_host {
	char name[REPORT_NAME_LEN];
	enum host_state state;
	int64_t since_ms;
	char trusted_boot[REPORT_UUID_LEN]; /* "" when none */
	char reason[REASON_LEN];
	int64_t set_aside_ms; /* it takes no VM until then */
	bool maintenance;
	enum mass_verdict mass; /* of its last failure, */
	int64_t mass_ms;        /* and when that was */
};

/* The definition's XML is apart: store_put_definition(). */
struct store_vm {
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];
	char owner[REPORT_NAME_LEN]; /* "" when none */
	enum vm_intent intent;
	enum vm_phase phase;
	bool recovered;
	uint64_t memory_kib;
	uint32_t vcpus;
	bool shared_storage;
	uint32_t start_failures;
	char failed_on[REPORT_NAME_LEN];       /* "" when none */
	enum vm_intent order;                  /* an operator's */
	char definition_hash[REPORT_HASH_LEN]; /* "" when no definition; */
	int64_t definition_ms;                 /* these two are read only */
};

/* A host whose watchdog is known to be armed: lease_book.h. */
struct store_lease {
	char host[REPORT_NAME_LEN];
	char uuid[REPORT_UUID_LEN]; /* in its heartbeat slots */
	char boot[REPORT_UUID_LEN];
	int64_t bound_ms;                      /* more than 0 */
	char datastores[LEASE_DATASTORES_LEN]; /* with its slots, a line each */
};

/* What an operator set over the configuration. */
struct store_cluster {
	char name[REPORT_NAME_LEN];
	bool ha;
	char by[REPORT_NAME_LEN];
	int64_t set_ms;
};

/* HA of a cluster is laid down, until an operator takes it up again. */
struct store_disarmed {
	char cluster[REPORT_NAME_LEN];
	char by[REPORT_NAME_LEN];
	int64_t since_ms;
};

/* How far the event log of a host's BMC was read. */
struct store_bmc_log {
	char host[REPORT_NAME_LEN];
	char guid[33];     /* of the BMC, hex; "" when it told none */
	uint32_t erased_s; /* the last erasure, by the BMC's clock */
	uint16_t entry;    /* the last one read, */
	char record[33];   /* and its bytes, hex; "": there was none */
	bool overflow;     /* it was told that the log is full */
};

enum store_command_kind {
	COMMAND_FENCE,
	COMMAND_CLEAN,
	COMMAND_START,
	COMMAND_POWER_ON, /* these two are an operator's */
	COMMAND_POWER_OFF,
	COMMAND_STOP,
	COMMAND_RESUME,
	COMMAND_KINDS
};

enum store_outcome {
	OUTCOME_OPEN, /* recorded; perhaps sent, perhaps not */
	OUTCOME_DONE,
	OUTCOME_FAILED,   /* proved to have had no effect */
	OUTCOME_IN_DOUBT, /* ended without proof of either */
	OUTCOMES
};

struct store_command {
	int64_t id; /* given by store_add_command() */
	enum store_command_kind kind;
	char host[REPORT_NAME_LEN];
	char vm[REPORT_UUID_LEN];   /* "" when it is about the host */
	char from[REPORT_NAME_LEN]; /* owner of the VM before; or "" */
	uint64_t snapshot;          /* number of the one it was decided on */
	char reason[REASON_LEN];
	int64_t recorded_ms;
	int64_t ended_ms;
	enum store_outcome outcome;
	char text[REASON_LEN]; /* how it ended */
};

struct store_fence {
	int64_t time_ms;
	char host[REPORT_NAME_LEN];
	enum store_outcome outcome; /* OUTCOME_DONE: off is proved */
};

/* A host was found dead, or a VM was started again after its guest failed. */
struct store_failure {
	int64_t time_ms;
	char what[REPORT_NAME_LEN]; /* the host's name, the VM's uuid; among
				       failures the uuid of a VM with which a
				       host died, soon after its start there */
};

struct store_event {
	int64_t id; /* given by store_add_event(), rising */
	int64_t time_ms;
	enum severity severity;
	char kind[STORE_KIND_LEN];
	char cluster[REPORT_NAME_LEN]; /* "" when it is about none; so below */
	char host[REPORT_NAME_LEN];
	char vm[REPORT_NAME_LEN];
	char text[REASON_LEN];
};

/* All that a start needs, each array sorted by its key. */
struct store_state {
	struct store_host *hosts;
	size_t n_hosts;
	struct store_vm *vms;
	size_t n_vms;
	struct store_cluster *clusters;
	size_t n_clusters;
	struct store_command *open_commands; /* outcome OUTCOME_OPEN */
	size_t n_open_commands;
	struct store_lease *leases;
	size_t n_leases;
	struct store_fence *fences; /* of the hour before now_ms */
	size_t n_fences;
	struct store_failure *failures; /* of hosts, of that hour */
	size_t n_failures;
	struct store_failure *restarts; /* of VMs, of the week before now_ms */
	size_t n_restarts;
	struct store_disarmed *disarmed;
	size_t n_disarmed;
	uint64_t last_snapshot; /* number; 0 when none is stored */
	int64_t last_event;     /* id; 0 when none was ever stored */
};

/* --- open and close ----------------------------------------------------- */

/*
 * Open or create state_dir/ironherd.db.  Checks that nobody else uses it, that
 * it is whole, ours and not newer than we are; brings an older one up to date;
 * keeps a copy of what HA needs in ironherd.db.bak.  A file that fails a check
 * is never touched; err says what to do with it.
 * -EBUSY: another coordinator; -EBADMSG: corrupt; -EPROTO: newer, or not ours.
 */
int store_open(const char *state_dir, struct store **ret_store,
	       struct err *err);
void store_close(struct store *store);

/* "ok", or what is wrong since the last try to write.  While it is not "ok"
 * no command may be sent; the next commit that works makes it "ok" again. */
const char *store_health(const struct store *store);
bool store_is_ok(const struct store *store);

/* --- read --------------------------------------------------------------- */

/* -EBADMSG when a row makes no sense; err names it. */
int store_load(struct store *store, int64_t now_ms,
	       struct store_state **ret_state, struct err *err);
void store_state_free(struct store_state *state);

/* -ENOENT when there is none.  The caller frees *ret_xml. */
int store_load_definition(struct store *store, const char *uuid, char **ret_xml,
			  struct err *err);

/* -ENOENT when there is none. */
int store_load_bmc_log(struct store *store, const char *host,
		       struct store_bmc_log *ret_log, struct err *err);

/* Events with an id above `after`, oldest first, at most `limit`; `after` -N
 * means the last N.  The caller frees the array; none is n 0 and no error. */
int store_load_events(struct store *store, int64_t after, unsigned limit,
		      struct store_event **ret_events, size_t *ret_n,
		      struct err *err);

/* One event and its detail (JSON text; NULL when it has none; the caller
 * frees it).  -ENOENT: never was, or pruned. */
int store_load_event(struct store *store, int64_t id,
		     struct store_event *ret_event, char **ret_detail,
		     struct err *err);

/* JSON texts, freed by the caller; the plan may be NULL.  -ENOENT as above. */
int store_load_snapshot(struct store *store, uint64_t number,
			char **ret_snapshot, char **ret_plan, struct err *err);

/* The last ones, at most `limit`, oldest first; otherwise as events. */
int store_load_commands(struct store *store, unsigned limit,
			struct store_command **ret_commands, size_t *ret_n,
			struct err *err);

/* The number that a thing of that kind has for ever; -ENOENT: none yet. */
int store_load_number(struct store *store, const char *kind, const char *name,
		      uint32_t *ret_number, struct err *err);

/* Another one when anything was written since. */
int64_t store_revision(const struct store *store);

/* --- write, between begin and commit ------------------------------------ */

void store_begin(struct store *store);

/* Returns when everything is on the disk.  On a negative return nothing of it
 * counts: no command of it may be sent. */
int store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store);

/* Insert or replace by key. */
void store_put_host(struct store *store, const struct store_host *host);
void store_put_vm(struct store *store, const struct store_vm *vm);
void store_put_cluster(struct store *store,
		       const struct store_cluster *cluster);
void store_put_bmc_log(struct store *store, const struct store_bmc_log *log);
void store_put_lease(struct store *store, const struct store_lease *lease);
void store_put_disarmed(struct store *store,
			const struct store_disarmed *disarmed);

/* Gives the thing a number, if it has none, that no other ever had. */
void store_put_number(struct store *store, const char *kind, const char *name);

/* Of a VM that is stored; written only when the hash is another. */
void store_put_definition(struct store *store, const char *uuid,
			  const char *hash, const char *xml, int64_t now_ms);

void store_delete_vm(struct store *store, const char *uuid);
/* The commit fails while a VM has the host as its owner. */
void store_delete_host(struct store *store, const char *name);
void store_delete_lease(struct store *store, const char *host);
/* Back to what the configuration says. */
void store_delete_cluster(struct store *store, const char *name);
void store_delete_disarmed(struct store *store, const char *cluster);

/* Return the id, 0 after a failure; id and outcome of the argument are
 * ignored: a command begins as OUTCOME_OPEN. */
int64_t store_add_command(struct store *store,
			  const struct store_command *command);
void store_end_command(struct store *store, int64_t id,
		       enum store_outcome outcome, const char *text,
		       int64_t now_ms);
/* `detail` is JSON text, NULL for none. */
int64_t store_add_event(struct store *store, const struct store_event *event,
			const char *detail);
void store_add_fence(struct store *store, const struct store_fence *fence,
		     const char *evidence);
void store_add_failure(struct store *store,
		       const struct store_failure *failure);
void store_add_restart(struct store *store,
		       const struct store_failure *restart);
void store_add_snapshot(struct store *store, uint64_t number, int64_t now_ms,
			const char *snapshot, const char *plan);

const char *store_command_kind_name(enum store_command_kind kind);
const char *store_outcome_name(enum store_outcome outcome);

#endif
