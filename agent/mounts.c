/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

enum { FIRST_DISK = 31 }; /* as net-snmp */

struct mounts {
	struct loop *loop;
	struct loop_timer *timer;
	struct worker *worker; /* while it reads */
	int64_t good_ms;       /* -1: never */
	bool failing;
	int32_t memory_kib;
	struct detail_storage rows[DETAIL_STORAGES_MAX];
	size_t n;
	struct detail_disk *disks;
	size_t n_disks;
	/* Numbers of file systems, for as long as we run. */
	char *paths[DETAIL_STORAGES_MAX];
	size_t n_paths;
};

/* 0: there are too many. */
static uint32_t
index_of_path(struct mounts *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->n_paths; i++)
		if (strcmp(mounts->paths[i], path) == 0)
			return (uint32_t)(FIRST_DISK + i);
	if (mounts->n_paths == DETAIL_STORAGES_MAX)
		return 0;
	mounts->paths[mounts->n_paths] = xstrdup(path);
	return (uint32_t)(FIRST_DISK + mounts->n_paths++);
}

static bool
take_row(struct mounts *mounts, const json_t *from,
	 struct detail_storage *ret_row)
{
	const char *descr = message_text(from, "descr");
	uint64_t type = message_number(from, "type", STORAGE_FIXED_DISK);
	uint64_t index = message_number(from, "index", FIRST_DISK - 1);

	if (type < STORAGE_OTHER)
		return false;
	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->type = detail_storage_type((enum detail_storage_type)type);
	text_copy(ret_row->descr, sizeof(ret_row->descr), descr);
	ret_row->index =
		index > 0 ? (uint32_t)index : index_of_path(mounts, descr);
	mounts_scale(message_number(from, "unit", INT64_MAX),
		     message_number(from, "size", INT64_MAX),
		     message_number(from, "used", INT64_MAX), ret_row);
	return ret_row->index > 0;
}

static int
by_index(const void *a, const void *b)
{
	const struct detail_storage *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

/* File systems; numbers of dskTable begin at 1. */
static void
take_disk(struct mounts *mounts, const json_t *from)
{
	const char *path = message_text(from, "descr");
	const uint64_t used = message_number(from, "used", INT64_MAX);
	struct mounts_space space = {
		.unit = message_number(from, "unit", INT64_MAX),
		.size = message_number(from, "size", INT64_MAX),
		.avail = message_number(from, "avail", INT64_MAX),
		.files = message_number(from, "files", INT64_MAX),
		.files_free = message_number(from, "files_free", INT64_MAX),
	};
	uint32_t index = index_of_path(mounts, path);

	if (json_object_get(from, "device") == NULL || index == 0)
		return;
	space.unused = space.size > used ? space.size - used : 0;
	struct detail_disk *disk = &mounts->disks[mounts->n_disks++];
	mounts_disk(path, message_text(from, "device"), &space, disk);
	disk->index = (int32_t)(index - FIRST_DISK + 1);
}

static int
by_disk(const void *a, const void *b)
{
	const struct detail_disk *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

static void
take_disks(struct mounts *mounts, const json_t *list)
{
	size_t kept = 0;

	free(mounts->disks);
	mounts->disks =
		xcalloc(json_array_size(list) + 1, sizeof(*mounts->disks));
	mounts->n_disks = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		take_disk(mounts, json_array_get(list, i));
	qsort(mounts->disks, mounts->n_disks, sizeof(*mounts->disks), by_disk);
	for (size_t i = 0; i < mounts->n_disks; i++)
		if (kept == 0 ||
		    mounts->disks[kept - 1].index < mounts->disks[i].index)
			mounts->disks[kept++] = mounts->disks[i];
	mounts->n_disks = kept;
}

/* Whatever the worker says. */
static void
drop_doubles(struct mounts *mounts)
{
	size_t kept = 0;

	for (size_t i = 0; i < mounts->n; i++)
		if (kept == 0 ||
		    mounts->rows[kept - 1].index < mounts->rows[i].index)
			mounts->rows[kept++] = mounts->rows[i];
	mounts->n = kept;
}

static void
take_rows(struct mounts *mounts, const json_t *reply)
{
	const json_t *list = json_object_get(reply, "rows");

	mounts->n = 0;
	mounts->memory_kib =
		(int32_t)message_number(reply, "memory_kib", INT32_MAX);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (mounts->n < DETAIL_STORAGES_MAX &&
		    take_row(mounts, json_array_get(list, i),
			     &mounts->rows[mounts->n]))
			mounts->n++;
	qsort(mounts->rows, mounts->n, sizeof(*mounts->rows), by_index);
	drop_doubles(mounts);
	take_disks(mounts, list);
}

static void
replied(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct mounts *mounts = arg;

	if (rc == 0) {
		mounts->good_ms = clock_mono_ms();
		take_rows(mounts, reply);
	} else if (!mounts->failing) {
		log_warn("mounts", "file systems: %s", err->text);
	}
	mounts->failing = rc < 0;
	worker_free(mounts->worker);
	mounts->worker = NULL;
}

static void
ask(void *arg)
{
	struct mounts *mounts = arg;

	loop_timer_start(mounts->timer, MOUNTS_PERIOD_MS);
	if (mounts->worker != NULL)
		return;
	json_t *request = json_object();
	mounts->worker = worker_new(mounts->loop, "mounts", NULL, NULL);
	int rc = worker_ask(mounts->worker, request, MOUNTS_DEADLINE_MS,
			    replied, mounts);
	json_decref(request);
	if (rc < 0) {
		worker_free(mounts->worker);
		mounts->worker = NULL;
	}
}

struct mounts *
mounts_new(struct loop *loop)
{
	struct mounts *mounts = xcalloc(1, sizeof(*mounts));

	mounts->loop = loop;
	mounts->good_ms = -1;
	mounts->timer = loop_timer_new(loop, ask, mounts);
	loop_timer_start(mounts->timer, 0);
	return mounts;
}

void
mounts_free(struct mounts *mounts)
{
	if (mounts == NULL)
		return;
	worker_free(mounts->worker);
	loop_timer_free(mounts->timer);
	for (size_t i = 0; i < mounts->n_paths; i++)
		free(mounts->paths[i]);
	free(mounts->disks);
	free(mounts);
}

void
mounts_fill(const struct mounts *mounts, struct node_detail *detail)
{
	if (mounts->good_ms < 0 ||
	    clock_mono_ms() - mounts->good_ms > MOUNTS_STALE_MS)
		return;
	detail->memory_size_kib = mounts->memory_kib;
	detail->storages = xcalloc(mounts->n + 1, sizeof(*detail->storages));
	detail->n_storages = mounts->n;
	memcpy(detail->storages, mounts->rows,
	       mounts->n * sizeof(*detail->storages));
	detail->disks = xcalloc(mounts->n_disks + 1, sizeof(*detail->disks));
	detail->n_disks = mounts->n_disks;
	if (mounts->n_disks > 0)
		memcpy(detail->disks, mounts->disks,
		       mounts->n_disks * sizeof(*detail->disks));
}
