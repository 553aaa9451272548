/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/sysroot.h - small files of the machine below a root, so that a
 * recorded tree can be read in place of the machine.
 */
#ifndef AGENT_SYSROOT_H
#define AGENT_SYSROOT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Read the beginning of root/path, at most room - 1 bytes, NUL-terminated.
 * Returns the length or a negative errno.  Longer files are cut: whoever
 * needs a later part gives more room. */
ssize_t sysroot_read(const char *root, const char *path, char *buf,
		     size_t room);

/* The first line without its newline. */
ssize_t sysroot_read_line(const char *root, const char *path, char *buf,
			  size_t room);

/* The first line as a whole number in range; -EINVAL for all else. */
int sysroot_read_number(const char *root, const char *path, int64_t min,
			int64_t max, int64_t *ret_number);

/* The last part of where a link leads, "" when it is none. */
void sysroot_link_name(const char *root, const char *path, char *ret_name,
		       size_t room);

enum { SYSROOT_NAME_MAX = 64 };

/* Names in the folder that begin with `prefix`, in the order of the numbers
 * in them; longer ones are left out.  At most `max`; the caller frees. */
struct sysroot_names {
	char (*names)[SYSROOT_NAME_MAX];
	size_t n;
};
void sysroot_list(const char *root, const char *path, const char *prefix,
		  size_t max, struct sysroot_names *ret_names);

/* "root/path", without a double slash for "/"; the caller's to free. */
char *sysroot_path(const char *root, const char *path);

#endif
