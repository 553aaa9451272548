/* SPDX-License-Identifier: Apache-2.0 */
/* The worker "mounts": memory and local file systems.  statvfs() may hang. */
#include <string.h>
#include <sys/statvfs.h>

#include "agent/mounts.h"
#include "agent/roles.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/worker.h"

static uint64_t
memory_kib(const char *meminfo, const char *key)
{
	const size_t len = strlen(key);

	for (const char *at = meminfo; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, len) == 0 && at[len] == ':')
			return strtoull(at + len + 1, NULL, 10);
	}
	return 0;
}

static void
put_row(json_t *list, unsigned index, enum detail_storage_type type,
	const char *descr, const uint64_t unit_size_used[3])
{
	const uint64_t *n = unit_size_used;

	json_array_append_new(list,
			      json_pack("{s:i, s:i, s:o, s:I, s:I, s:I}",
					"index", (int)index, "type", (int)type,
					"descr", message_string(descr), "unit",
					(json_int_t)n[0], "size",
					(json_int_t)n[1], "used",
					(json_int_t)n[2]));
}

/* Numbers and words as net-snmp has them: templates know them. */
static void
put_memory(json_t *list, const char *meminfo)
{
	uint64_t total = memory_kib(meminfo, "MemTotal");
	uint64_t ram_free = memory_kib(meminfo, "MemFree");
	uint64_t swap = memory_kib(meminfo, "SwapTotal");
	uint64_t swap_free = memory_kib(meminfo, "SwapFree");
	uint64_t buffers = memory_kib(meminfo, "Buffers");
	uint64_t cached = memory_kib(meminfo, "Cached");
	const struct {
		unsigned index;
		enum detail_storage_type type;
		const char *descr;
		uint64_t size, used;
	} rows[] = {
		{ 1, STORAGE_RAM, "Physical memory", total, total - ram_free },
		{ 3, STORAGE_VIRTUAL_MEMORY, "Virtual memory", total + swap,
		  total + swap - ram_free - swap_free },
		{ 6, STORAGE_OTHER, "Memory buffers", total, buffers },
		{ 7, STORAGE_OTHER, "Cached memory", cached, cached },
		{ 10, STORAGE_VIRTUAL_MEMORY, "Swap space", swap,
		  swap - swap_free },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].size > 0 && rows[i].used <= rows[i].size)
			put_row(list, rows[i].index, rows[i].type,
				rows[i].descr,
				(uint64_t[]){ 1024, rows[i].size,
					      rows[i].used });
}

/* What dskTable says, too. */
static void
add_disk(json_t *row, const json_t *mount, const struct statvfs *vfs)
{
	json_object_set(row, "device", json_object_get(mount, "device"));
	json_object_set_new(row, "avail",
			    json_integer((json_int_t)vfs->f_bavail));
	json_object_set_new(row, "files",
			    json_integer((json_int_t)vfs->f_files));
	json_object_set_new(row, "files_free",
			    json_integer((json_int_t)vfs->f_ffree));
}

static void
put_file_systems(json_t *list, const json_t *mounts)
{
	for (size_t i = 0; i < json_array_size(mounts); i++) {
		const json_t *mount = json_array_get(mounts, i);
		const char *path = message_text(mount, "path");
		struct statvfs vfs;

		if (statvfs(path, &vfs) < 0 || vfs.f_blocks == 0 ||
		    vfs.f_bfree > vfs.f_blocks)
			continue;
		put_row(list, 0, STORAGE_FIXED_DISK, path,
			(uint64_t[]){ vfs.f_frsize, vfs.f_blocks,
				      vfs.f_blocks - vfs.f_bfree });
		add_disk(json_array_get(list, json_array_size(list) - 1), mount,
			 &vfs);
	}
}

/* {} -> { "memory_kib", "rows": [...] }; file systems have index 0. */
static json_t *
read_mounts(void *state, const json_t *request)
{
	cleanup_free char *text = xcalloc(1, MOUNTS_TEXT_MAX);
	json_t *list = json_array();
	json_int_t memory = 0;

	(void)state;
	(void)request;
	if (sysroot_read("/", "/proc/meminfo", text, MOUNTS_TEXT_MAX) > 0) {
		put_memory(list, text);
		memory = (json_int_t)memory_kib(text, "MemTotal");
	}
	if (sysroot_read("/", "/proc/self/mountinfo", text, MOUNTS_TEXT_MAX) >
	    0) {
		json_t *mounts = mounts_parse(text);

		put_file_systems(list, mounts);
		json_decref(mounts);
	}
	return json_pack("{s:o, s:I}", "rows", list, "memory_kib", memory);
}

int
mounts_worker_serve(int fd)
{
	return worker_serve_requests(fd, read_mounts, NULL);
}
