/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/file.h - small files: read whole with a bound, write whole or not.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Read at most `max` bytes; -EFBIG when there is more.  The text is
 * NUL-terminated; the caller frees *ret_text.  ret_len may be NULL. */
int file_read(const char *path, size_t max, char **ret_text, size_t *ret_len,
	      struct err *err);

/* As file_read, but refuses (-EPERM) a file that is not a regular file of
 * this user with mode 0600 or less: secrets live there. */
int file_read_secret(const char *path, size_t max, char **ret_text,
		     size_t *ret_len, struct err *err);

/* Replace the file by write, fsync, rename, fsync of the folder: after a
 * crash there is the old or the new text, never a half. */
int file_write_atomic(const char *path, unsigned mode, const void *data,
		      size_t len, struct err *err);

/* The same without waiting for the disk, for what can be made anew: after a
 * crash of the machine the file may be torn, and its reader has to see that. */
int file_write_cache(const char *path, unsigned mode, const void *data,
		     size_t len, struct err *err);

/* First line as a number, for /sys and /proc. */
int file_read_u64(const char *path, uint64_t *ret_value);

/* mkdir -p; existing folders are left alone. */
int file_mkdirs(const char *path, unsigned mode, struct err *err);

#endif
