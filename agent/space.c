/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/space.h"

#include <string.h>

#include "agent/text.h"

void
space_init(struct space *space)
{
	*space = (struct space){
		.type = DATASTORE_TYPE_UNKNOWN,
		.capacity_kib = REPORT_SIZE_UNKNOWN,
		.free_kib = REPORT_SIZE_UNKNOWN,
	};
}

static uint64_t
size_of(const json_t *reply, const char *key)
{
	const json_t *value = json_object_get(reply, key);

	return json_is_integer(value) && json_integer_value(value) >= 0
		       ? (uint64_t)json_integer_value(value)
		       : REPORT_SIZE_UNKNOWN;
}

void
space_take(struct space *space, const json_t *reply)
{
	const char *type = message_text(reply, "type");

	if (type[0] == '\0')
		return;
	space->type = strcmp(type, "block") == 0 ? DATASTORE_BLOCK
						 : DATASTORE_FILE_SYSTEM;
	space->capacity_kib = size_of(reply, "capacity");
	space->free_kib = size_of(reply, "free");
	space->major = (uint32_t)message_number(reply, "major", UINT32_MAX);
	space->minor = (uint32_t)message_number(reply, "minor", UINT32_MAX);
}

void
space_look(struct space *space, const char *root,
	   enum report_datastore_state state, int64_t now_ms)
{
	if (space->type == DATASTORE_TYPE_UNKNOWN ||
	    now_ms < space->paths_due_ms)
		return;
	space->paths_due_ms = now_ms + SPACE_PATHS_MS;
	/* A network file system is one path, which is down when it is lost. */
	if (!paths_count(root, space->major, space->minor, &space->paths))
		space->paths =
			(struct paths){ 1, state != DATASTORE_LOST ? 1 : 0 };
}

void
space_fill(const struct space *space, struct report_datastore *row)
{
	row->type = space->type;
	row->capacity_kib = space->capacity_kib;
	row->free_kib = space->free_kib;
	row->paths = space->paths.total;
	row->paths_up = space->paths.up;
}
