/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/scratch.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"

char *
scratch_new(void)
{
	const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char *path = xasprintf("%s/ironherd-sim.XXXXXX", root);

	if (mkdtemp(path) == NULL) {
		perror(path);
		exit(2);
	}
	return path;
}

/* What is in it, and with `itself` the folder, too. */
static void
empty(const char *path, int itself)
{
	char *const roots[] = { (char *)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *at;

	while (tree != NULL && (at = fts_read(tree)) != NULL) {
		if (at->fts_info == FTS_D)
			continue;
		if (at->fts_level == 0 && !itself)
			continue;
		remove(at->fts_accpath);
	}
	if (tree != NULL)
		fts_close(tree);
}

void
scratch_empty(const char *path)
{
	empty(path, 0);
}

void
scratch_remove(const char *path)
{
	empty(path, 1);
}
