/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/paths.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/sysroot.h"
#include "common/cleanup.h"

enum { DEPTH_MAX = 8, ENTRIES_MAX = 256, PATH_ROOM = 512 };

/* --- folders
 * ------------------------------------------------------------------ */

static void
close_dir(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static DIR *
open_dir(const char *root, const char *path)
{
	cleanup_free char *full = sysroot_path(root, path);

	return opendir(full);
}

/* The next name but "." and "..", NULL at the end; `left` bounds it. */
static const char *
next_name(DIR *dir, unsigned *left)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL && (*left)-- > 0)
		if (entry->d_name[0] != '.')
			return entry->d_name;
	return NULL;
}

static bool
exists(const char *root, const char *path)
{
	cleanup_free char *full = sysroot_path(root, path);

	return access(full, F_OK) == 0;
}

/* --- one disk
 * ------------------------------------------------------------------ */

/* Disks that have no state cannot be said to be down. */
static bool
state_is_good(const char *root, const char *path)
{
	char text[32];

	if (sysroot_read_line(root, path, text, sizeof(text)) < 0)
		return true;
	return strcmp(text, "running") == 0 || strcmp(text, "live") == 0 ||
	       strcmp(text, "created") == 0;
}

/* "nvme3", not "nvme3n1". */
static bool
is_controller(const char *name)
{
	if (strncmp(name, "nvme", 4) != 0 || !isdigit((unsigned char)name[4]))
		return false;
	return name[4 + strspn(name + 4, "0123456789")] == '\0';
}

static struct paths
count_controllers(const char *root, const char *device)
{
	DIR *dir cleanup(close_dir) = open_dir(root, device);
	unsigned left = ENTRIES_MAX;
	struct paths paths = { 0 };
	char path[PATH_ROOM + 264];
	const char *name;

	while (dir != NULL && (name = next_name(dir, &left)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s/state", device, name);
		if (!is_controller(name) || !exists(root, path))
			continue;
		paths.total++;
		paths.up += state_is_good(root, path);
	}
	return paths;
}

static struct paths
count_disk(const char *root, const char *block)
{
	char device[PATH_ROOM], state[PATH_ROOM + 8];

	snprintf(device, sizeof(device), "%s/device", block);
	struct paths paths = count_controllers(root, device);
	if (paths.total > 0)
		return paths;
	snprintf(state, sizeof(state), "%s/state", device);
	return (struct paths){ 1, state_is_good(root, state) };
}

/* --- devices on others
 * ----------------------------------------------------------- */

static bool
is_multipath(const char *root, const char *block)
{
	char path[PATH_ROOM + 16], uuid[64];

	snprintf(path, sizeof(path), "%s/dm/uuid", block);
	return sysroot_read_line(root, path, uuid, sizeof(uuid)) >= 0 &&
	       strncmp(uuid, "mpath-", 6) == 0;
}

static bool
is_worse(const struct paths *a, const struct paths *b)
{
	return a->up < b->up || (a->up == b->up && a->total > b->total);
}

static struct paths count_block(const char *root, const char *block, int depth);

/* Zero when nothing lies under it. */
static struct paths
count_slaves(const char *root, const char *block, int depth)
{
	char path[PATH_ROOM + 16];
	bool all = is_multipath(root, block);
	unsigned left = ENTRIES_MAX;
	struct paths paths = { 0 };
	const char *name;

	snprintf(path, sizeof(path), "%s/slaves", block);
	DIR *dir cleanup(close_dir) = open_dir(root, path);
	while (dir != NULL && (name = next_name(dir, &left)) != NULL) {
		char slave[PATH_ROOM];

		snprintf(slave, sizeof(slave), "/sys/class/block/%s", name);
		struct paths one = count_block(root, slave, depth + 1);
		if (all) {
			paths.total += one.total;
			paths.up += one.up;
		} else if (paths.total == 0 || is_worse(&one, &paths)) {
			paths = one;
		}
	}
	return paths;
}

static struct paths
count_block(const char *root, const char *block, int depth)
{
	char path[PATH_ROOM + 16], whole[PATH_ROOM];
	struct paths paths = { 0 };

	if (depth < DEPTH_MAX)
		paths = count_slaves(root, block, depth);
	if (paths.total > 0)
		return paths;
	/* A partition lies in the folder of its disk. */
	snprintf(path, sizeof(path), "%s/partition", block);
	snprintf(whole, sizeof(whole), "%s/..", block);
	if (depth < DEPTH_MAX && exists(root, path))
		return count_block(root, whole, depth + 1);
	return count_disk(root, block);
}

bool
paths_count(const char *root, uint32_t major, uint32_t minor,
	    struct paths *ret_paths)
{
	char block[PATH_ROOM];

	snprintf(block, sizeof(block), "/sys/dev/block/%u:%u", major, minor);
	if (!exists(root, block))
		return false;
	*ret_paths = count_block(root, block, 0);
	return true;
}
