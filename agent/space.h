/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/space.h - what a datastore lies on, as it said when it answered last,
 * and the paths to it, which are looked at also while it does not answer.
 */
#ifndef AGENT_SPACE_H
#define AGENT_SPACE_H

#include <jansson.h>

#include "agent/paths.h"
#include "snmp-mib/node_report.h"

enum { SPACE_PATHS_MS = 2000 };

struct space {
	enum report_datastore_type type;
	uint64_t capacity_kib, free_kib;
	uint32_t major, minor;
	struct paths paths;
	int64_t paths_due_ms;
};

void space_init(struct space *space);

/* The members "type", "capacity", "free", "major", "minor" of a reply of the
 * worker "storage", if it has them. */
void space_take(struct space *space, const json_t *reply);

/* Count paths, if it is time; does not block. */
void space_look(struct space *space, const char *root,
		enum report_datastore_state state, int64_t now_ms);

void space_fill(const struct space *space, struct report_datastore *row);

#endif
