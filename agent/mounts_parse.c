/* SPDX-License-Identifier: Apache-2.0 */
/* Which mounts may be asked for their size.  Pure. */
#include <string.h>

#include "agent/mounts.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"

enum { MOUNTS_MAX = 4096, FIELD_MAX = 256, DEVICE_MAX = 128 };

struct mount {
	char path[FIELD_MAX], number[32], type[32], device[DEVICE_MAX];
};

static bool
is_in(const char *const *list, const char *word)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

/* On disks of this host, or in its memory. */
static bool
is_local(const char *type)
{
	static const char *const types[] = {
		"ext2", "ext3",     "ext4", "xfs",   "btrfs", "f2fs",   "jfs",
		"zfs",  "bcachefs", "vfat", "exfat", "tmpfs", "nilfs2", NULL
	};

	return is_in(types, type);
}

/* The kernel's own: what is mounted below them can be reached. */
static bool
is_pseudo(const char *type)
{
	static const char *const types[] = {
		"proc",    "sysfs",      "devtmpfs", "devpts",    "cgroup",
		"cgroup2", "securityfs", "debugfs",  "tracefs",   "configfs",
		"pstore",  "bpf",        "mqueue",   "hugetlbfs", "efivarfs",
		"overlay", "squashfs",   "iso9660",  NULL
	};

	return is_in(types, type);
}

/* Blanks and the like are \ooo in mountinfo. */
static void
unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0';) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
		    from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
		    from[3] <= '7') {
			*to++ = (char)((from[1] - '0') * 64 +
				       (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /root /mount/point rw,noatime shared:1 - ext3 /dev/sda1 rw" */
static bool
parse_line(const char *line, size_t len, struct mount *ret_mount)
{
	char text[2048];

	if (len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	const char *behind = strstr(text, " - ");
	if (behind == NULL ||
	    sscanf(text, "%*s %*s %31s %*s %255s", ret_mount->number,
		   ret_mount->path) != 2 ||
	    sscanf(behind + 3, "%31s %127s", ret_mount->type,
		   ret_mount->device) < 1 ||
	    strlen(ret_mount->path) == FIELD_MAX - 1)
		return false;
	unescape(ret_mount->path);
	unescape(ret_mount->device);
	return ret_mount->path[0] == '/';
}

static size_t
parse_all(const char *text, struct mount *mounts)
{
	size_t n = 0;

	while (*text != '\0' && n < MOUNTS_MAX) {
		size_t len = strcspn(text, "\n");

		n += parse_line(text, len, &mounts[n]);
		text += len + (text[len] == '\n');
	}
	return n;
}

/* Its path leads through `other`, or ends at it. */
static bool
leads_through(const struct mount *mount, const struct mount *other)
{
	size_t len = strlen(other->path);

	if (len > 1 && other->path[len - 1] == '/')
		len--;
	return strncmp(mount->path, other->path, len) == 0 &&
	       (len == 1 || mount->path[len] == '/' ||
		mount->path[len] == '\0');
}

static bool
may_be_asked(const struct mount *mounts, size_t n, size_t which)
{
	const struct mount *mount = &mounts[which];

	if (!is_local(mount->type))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_local(mounts[i].type) && !is_pseudo(mounts[i].type) &&
		    leads_through(mount, &mounts[i]))
			return false;
	for (size_t i = 0; i < which; i++)
		if (strcmp(mounts[i].number, mount->number) == 0 ||
		    strcmp(mounts[i].path, mount->path) == 0)
			return false;
	return true;
}

/* What is no UTF-8 could not be shown either. */
static void
put_mount(json_t *list, const struct mount *mount)
{
	json_t *path = json_string(mount->path);

	if (path != NULL)
		json_array_append_new(list,
				      json_pack("{s:o, s:o}", "path", path,
						"device",
						message_string(mount->device)));
}

json_t *
mounts_parse(const char *mountinfo)
{
	cleanup_free struct mount *mounts =
		xcalloc(MOUNTS_MAX, sizeof(*mounts));
	size_t n = parse_all(mountinfo, mounts);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (json_array_size(list) == DETAIL_STORAGES_MAX / 2)
			break;
		if (may_be_asked(mounts, n, i))
			put_mount(list, &mounts[i]);
	}
	return list;
}

void
mounts_scale(uint64_t unit, uint64_t size, uint64_t used,
	     struct detail_storage *ret_row)
{
	while (size > INT32_MAX && unit <= INT32_MAX / 2) {
		unit *= 2;
		size /= 2;
		used /= 2;
	}
	ret_row->unit_bytes = unit > INT32_MAX ? INT32_MAX : (int32_t)unit;
	ret_row->size = size > INT32_MAX ? INT32_MAX : (int32_t)size;
	ret_row->used = used > INT32_MAX ? INT32_MAX : (int32_t)used;
}
