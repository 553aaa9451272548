/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder for one test program, and its end.
 */
#ifndef TESTS_TEMP_FOLDER_H
#define TESTS_TEMP_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static int
temp_folder_drop(const char *path, const struct stat *st, int type,
		 struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* 0 when it is gone with all that was in it. */
static inline int
temp_folder_remove(const char *path)
{
	return nftw(path, temp_folder_drop, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
