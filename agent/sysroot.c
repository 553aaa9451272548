/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sysroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"

char *
sysroot_path(const char *root, const char *path)
{
	while (*path == '/')
		path++;
	size_t len = strlen(root);
	while (len > 0 && root[len - 1] == '/')
		len--;
	return xasprintf("%.*s/%s", (int)len, root, path);
}

ssize_t
sysroot_read(const char *root, const char *path, char *buf, size_t room)
{
	cleanup_free char *full = sysroot_path(root, path);
	cleanup_close int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < room - 1) {
		ssize_t n = read(fd, buf + len, room - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

ssize_t
sysroot_read_line(const char *root, const char *path, char *buf, size_t room)
{
	ssize_t len = sysroot_read(root, path, buf, room);

	if (len < 0)
		return len;
	buf[strcspn(buf, "\n")] = '\0';
	return (ssize_t)strlen(buf);
}

int
sysroot_read_number(const char *root, const char *path, int64_t min,
		    int64_t max, int64_t *ret_number)
{
	char text[32];
	ssize_t len = sysroot_read_line(root, path, text, sizeof(text));

	if (len < 0)
		return (int)len;
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	return num_parse_i64(text, min, max, ret_number);
}

void
sysroot_link_name(const char *root, const char *path, char *ret_name,
		  size_t room)
{
	cleanup_free char *full = sysroot_path(root, path);
	char target[PATH_MAX];
	ssize_t len = readlink(full, target, sizeof(target) - 1);

	target[len > 0 ? len : 0] = '\0';
	const char *last = strrchr(target, '/');
	snprintf(ret_name, room, "%s", last != NULL ? last + 1 : target);
}

static int
by_version(const void *a, const void *b)
{
	return strverscmp(a, b);
}

static void
take_names(DIR *dir, const char *prefix, size_t max,
	   struct sysroot_names *names)
{
	const struct dirent *entry;
	size_t room = 0;

	while (names->n < max && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || len >= SYSROOT_NAME_MAX ||
		    strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		if (names->n == room) {
			room = room * 2 + 16;
			names->names = xrealloc(names->names, room,
						sizeof(*names->names));
		}
		memcpy(names->names[names->n++], entry->d_name, len + 1);
	}
}

void
sysroot_list(const char *root, const char *path, const char *prefix, size_t max,
	     struct sysroot_names *ret_names)
{
	cleanup_free char *full = sysroot_path(root, path);
	DIR *dir = opendir(full);

	*ret_names = (struct sysroot_names){ NULL, 0 };
	if (dir == NULL)
		return;
	take_names(dir, prefix, max, ret_names);
	closedir(dir);
	if (ret_names->n > 1)
		qsort(ret_names->names, ret_names->n, sizeof(*ret_names->names),
		      by_version);
}
