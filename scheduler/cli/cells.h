/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/cells.h - fields of the API as cells of a table.
 */
#ifndef SCHEDULER_CLI_CELLS_H
#define SCHEDULER_CLI_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "scheduler/cli/field.h"
#include "scheduler/cli/table.h"

/* A cell to be filled. */
struct cell {
	struct table *table;
	struct libscols_line *row;
	size_t column;
};

void cell_text(struct cell cell, const json_t *object, const char *key);
void cell_word(struct cell cell, struct word word);
void cell_count(struct cell cell, const json_t *object, const char *key);
/* A field with an age in ms; null is "never". */
void cell_age(struct cell cell, const json_t *object, const char *key);
/* The time since a field with a moment of the wall clock. */
void cell_since(struct cell cell, const json_t *object, const char *key,
		int64_t now_ms);
/* Load of a host; "-" where the figure is of the past. */
void cell_host_cpu(struct cell cell, const json_t *host);
void cell_host_memory(struct cell cell, const json_t *host);
void cell_vm_cpu(struct cell cell, const json_t *vm);
void cell_vm_memory(struct cell cell, const json_t *vm);
/* The state of the BMC's line, quiet when it is good. */
void cell_bmc(struct cell cell, const json_t *host);

#endif
