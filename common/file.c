/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"

/* The whole file at once where its size is known: a buffer that grows would
 * leave copies of secrets behind. */
static size_t
first_room(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return 4096; /* /proc and /sys know no sizes */
	return (size_t)st.st_size + 1;
}

static int
read_fd(int fd, const char *path, size_t max, char **ret_text, size_t *ret_len,
	struct err *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0, room = first_room(fd);

	for (;;) {
		if (len == room || text == NULL) {
			room = text != NULL ? room * 2 : room;
			if (room > max + 1)
				room = max + 1;
			text = xrealloc(text, room + 1, 1);
		}
		ssize_t n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, -errno, "%s", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return err_set(err, -EFBIG, "%s: larger than %zu bytes",
				       path, max);
	}
	text[len] = '\0';
	*ret_text = text;
	text = NULL;
	if (ret_len != NULL)
		*ret_len = len;
	return 0;
}

int
file_read(const char *path, size_t max, char **ret_text, size_t *ret_len,
	  struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	return read_fd(fd, path, max, ret_text, ret_len, err);
}

int
file_read_secret(const char *path, size_t max, char **ret_text, size_t *ret_len,
		 struct err *err)
{
	cleanup_close int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		return err_set(err, -EPERM,
			       "%s: is a symbolic link; name the file itself",
			       path);
	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EPERM, "%s: not a regular file", path);
	if (st.st_uid != geteuid())
		return err_set(err, -EPERM,
			       "%s: owned by user %u; run 'chown %u %s'", path,
			       (unsigned)st.st_uid, (unsigned)geteuid(), path);
	if ((st.st_mode & 077) != 0)
		return err_set(err, -EPERM,
			       "%s: mode %04o lets others read the passwords; "
			       "run 'chmod 600 %s'",
			       path, (unsigned)(st.st_mode & 07777), path);
	return read_fd(fd, path, max, ret_text, ret_len, err);
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static void
sync_folder_of(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s",
		 slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	cleanup_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd); /* best effort: some file systems refuse */
}

static int
replace(const char *path, unsigned mode, const void *data, size_t len,
	bool synced, struct err *err)
{
	cleanup_free char *temp = xasprintf("%s.new", path);

	(void)unlink(temp); /* of a crash; its mode may be a wider one */
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(err, -errno, "%s", temp);
	int rc = write_all(fd, data, len);
	if (rc == 0 && synced && fsync(fd) < 0)
		rc = -errno;
	close(fd);
	if (rc == 0 && rename(temp, path) < 0)
		rc = -errno;
	if (rc < 0) {
		unlink(temp);
		return err_errno(err, rc, "%s", path);
	}
	if (synced)
		sync_folder_of(path);
	return 0;
}

int
file_write_atomic(const char *path, unsigned mode, const void *data, size_t len,
		  struct err *err)
{
	return replace(path, mode, data, len, true, err);
}

int
file_write_cache(const char *path, unsigned mode, const void *data, size_t len,
		 struct err *err)
{
	return replace(path, mode, data, len, false, err);
}

int
file_read_u64(const char *path, uint64_t *ret_value)
{
	cleanup_free char *text = NULL;
	int rc = file_read(path, 4096, &text, NULL, NULL);

	if (rc < 0)
		return rc;
	assert(text != NULL);
	text[strcspn(text, " \n")] = '\0';
	return num_parse_u64(text, UINT64_MAX, ret_value);
}

int
file_mkdirs(const char *path, unsigned mode, struct err *err)
{
	cleanup_free char *copy = xstrdup(path);
	struct stat st;

	assert(path[0] != '\0');
	for (char *p = copy + 1;; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char old = *p;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_errno(err, -errno, "%s", copy);
		*p = old;
		if (old == '\0')
			break;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_errno(err, -ENOTDIR, "%s", path);
	return 0;
}
