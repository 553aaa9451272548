/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/autostart.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sysroot.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"

#define RECORD_BYTES_MAX (4u << 20)

static void
cleanup_closedir(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static bool
is_mark(int dir_fd, const char *name)
{
	size_t len = strlen(name);
	struct stat st;

	return len > 4 && strcmp(name + len - 4, ".xml") == 0 &&
	       fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISLNK(st.st_mode);
}

/* Is `line` one of the lines of `text`? */
static bool
has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = strstr(text, line); at != NULL;
	     at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') &&
		    (at[len] == '\n' || at[len] == '\0'))
			return true;
	return false;
}

/* Names of before stay: a host may come back twice before anybody looks. */
static char *
add_names(const char *old, char *const *files, size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (to == NULL)
		log_fatal("autostart", "out of memory");
	fputs(old, to);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *name =
			xasprintf("%.*s", (int)strlen(files[i]) - 4, files[i]);

		if (!has_line(old, name))
			fprintf(to, "%s\n", name);
	}
	if (fclose(to) != 0)
		log_fatal("autostart", "out of memory");
	return text;
}

static void
record(const char *state_dir, char *const *files, size_t n)
{
	cleanup_free char *path =
		xasprintf("%s/%s", state_dir, AUTOSTART_RECORD);
	cleanup_free char *old = NULL;
	struct err err = { "" };

	int rc = file_mkdirs(state_dir, 0700, &err);
	if (rc == 0)
		rc = file_read(path, RECORD_BYTES_MAX, &old, NULL, &err);
	if (rc == 0 || rc == -ENOENT) {
		cleanup_free char *text =
			add_names(old != NULL ? old : "", files, n);

		rc = file_write_atomic(path, 0600, text, strlen(text), &err);
	}
	if (rc < 0)
		log_error("autostart", "names are not recorded: %s", err.text);
}

static size_t
list_marks(DIR *dir, char ***ret_files)
{
	const struct dirent *entry;
	char **files = NULL;
	size_t n = 0;

	while ((entry = readdir(dir)) != NULL) {
		if (!is_mark(dirfd(dir), entry->d_name))
			continue;
		files = xrealloc(files, n + 1, sizeof(*files));
		files[n++] = xstrdup(entry->d_name);
	}
	*ret_files = files;
	return n;
}

static int
remove_mark(int dir_fd, const char *file, struct err *err)
{
	if (unlinkat(dir_fd, file, 0) < 0 && errno != ENOENT)
		return err_errno(err, -errno, "cannot remove %s/%s",
				 AUTOSTART_FOLDER, file);
	log_info("autostart", "%s: libvirtd will not start it on its own",
		 file);
	return 0;
}

/* Recorded first: a power cut in between costs nothing but a second look. */
static int
remove_marks(DIR *dir, char *const *files, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = remove_mark(dirfd(dir), files[i], err);

		if (rc < 0)
			return rc;
	}
	/* The removal must outlive another power cut. */
	if (n > 0 && fsync(dirfd(dir)) < 0)
		return err_errno(err, -errno, "%s", AUTOSTART_FOLDER);
	return (int)n;
}

int
autostart_hold(const char *root, const char *state_dir, struct err *err)
{
	cleanup_free char *path = sysroot_path(root, AUTOSTART_FOLDER);
	cleanup(cleanup_closedir) DIR *dir = opendir(path);
	char **files;

	if (dir == NULL)
		return errno == ENOENT ? 0 : err_errno(err, -errno, "%s", path);
	size_t n = list_marks(dir, &files);
	if (n > 0)
		record(state_dir, files, n);
	int rc = remove_marks(dir, files, n, err);
	for (size_t i = 0; i < n; i++)
		free(files[i]);
	free(files);
	return rc;
}
