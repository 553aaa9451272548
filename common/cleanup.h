/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/cleanup.h - resources that end with their scope (as nbdkit does).
 *
 *	cleanup_free char *text = xstrdup("...");
 *
 * The variable must be initialised before any return.
 */
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void
cleanup_free_ptr(void *ptr)
{
	free(*(void **)ptr);
}

static inline void
cleanup_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void
cleanup_fclose_file(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}

#define cleanup(fn)    __attribute__((cleanup(fn)))
#define cleanup_free   cleanup(cleanup_free_ptr)
#define cleanup_close  cleanup(cleanup_close_fd)
#define cleanup_fclose cleanup(cleanup_fclose_file)

#endif
