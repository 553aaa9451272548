/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"

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
