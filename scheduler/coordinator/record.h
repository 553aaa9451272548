/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/record.h - between registry and store: what is decided
 * is written first, then believed, then done.
 */
#ifndef SCHEDULER_COORDINATOR_RECORD_H
#define SCHEDULER_COORDINATOR_RECORD_H

#include "common/err.h"
#include "scheduler/coordinator/registry.h"
#include "scheduler/coordinator/store.h"

/* Fill the recorded part of the registry.  Hosts that are no longer
 * configured are kept in the store and reported by a log line. */
int record_load(struct registry *reg, struct store *store, int64_t now_ms,
		int64_t wall_ms, struct err *err);

/*
 * Write a plan: changes, events, commands, the snapshot itself, in one
 * transaction; then take the changes over into the registry.  ret_commands
 * gets the id of each step's command, 0 for a probe (room for n_steps).
 * On failure nothing has changed anywhere and no step may be carried out.
 */
int record_plan(struct registry *reg, struct store *store,
		const struct snapshot *snap, const struct plan *plan,
		int64_t wall_ms, int64_t *ret_commands, struct err *err);

/* The end of a command, with what it means for a VM or host, as one event. */
struct record_end {
	int64_t command;
	enum store_outcome outcome;
	const char *kind; /* of the event */
	enum severity severity;
	size_t host;             /* NO_HOST: none */
	const struct reg_vm *vm; /* written anew when given; NULL: none */
	const char *text;
	const char *detail; /* JSON or NULL */
};

int record_end(struct registry *reg, struct store *store,
	       const struct record_end *end, int64_t wall_ms, struct err *err);

/* The same without a command, in a transaction that the caller has begun and
 * that ends with this: what an operator ordered, as one event. */
int record_ordered(struct registry *reg, struct store *store,
		   const struct record_end *order, int64_t wall_ms,
		   struct err *err);

/* An event without a command: an alarm that came or went, a notice. */
int record_event(struct registry *reg, struct store *store,
		 enum severity severity, const char *kind, size_t host,
		 const char *vm, const char *text, int64_t wall_ms);

/* Many of these at once; on failure they are lost and the log says so. */
struct record_note {
	enum severity severity;
	size_t host; /* NO_HOST: none */
	char kind[STORE_KIND_LEN];
	char vm[REPORT_NAME_LEN]; /* "" */
	char text[REASON_LEN];
};

int record_notes(struct registry *reg, struct store *store,
		 const struct record_note *notes, size_t n, int64_t wall_ms);

struct record_news {
	enum severity severity;
	char text[REASON_LEN];
};

/* How far a BMC's log was read, and what it told: both or nothing. */
int record_bmc_log(struct registry *reg, struct store *store, size_t host,
		   const struct store_bmc_log *row,
		   const struct record_news *news, size_t n, int64_t wall_ms,
		   struct err *err);

/* The store's rows of a host, of a VM. */
void record_fill_host(const struct reg_host *host, struct store_host *ret_row);
void record_fill_vm(const struct registry *reg, const struct reg_vm *vm,
		    struct store_vm *ret_row);

#endif
