/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/sysroot.h - small files of the machine below a root, so that a
 * recorded tree can be read in place of the machine.
 */
#ifndef AGENT_SYSROOT_H
#define AGENT_SYSROOT_H

#include <stddef.h>
#include <sys/types.h>

/* Read the beginning of root/path, at most room - 1 bytes, NUL-terminated.
 * Returns the length or a negative errno.  Longer files are cut: whoever
 * needs a later part gives more room. */
ssize_t sysroot_read(const char *root, const char *path, char *buf,
		     size_t room);

/* The first line without its newline. */
ssize_t sysroot_read_line(const char *root, const char *path, char *buf,
			  size_t room);

/* "root/path", without a double slash for "/"; the caller's to free. */
char *sysroot_path(const char *root, const char *path);

#endif
