/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/agent/tree.h - a folder for one test, with files in it, that is
 * removed again; and a loop that runs until something is true.
 */
#ifndef TESTS_UNIT_AGENT_TREE_H
#define TESTS_UNIT_AGENT_TREE_H

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/loop.h"

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

struct tree {
	char root[64];
};

static inline void
tree_make(struct tree *tree)
{
	SET(tree->root, "/tmp/agent-test-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
}

static inline int
tree_drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void
tree_remove(struct tree *tree)
{
	nftw(tree->root, tree_drop, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file of the tree; good until the fourth call after. */
static inline const char *
tree_path(const struct tree *tree, const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", tree->root, name);
	return path;
}

static inline void
tree_write(const struct tree *tree, const char *name, const char *text)
{
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", tree_path(tree, name));
	*strrchr(folder, '/') = '\0';
	assert_int_equal(file_mkdirs(folder, 0700, NULL), 0);
	FILE *file = fopen(tree_path(tree, name), "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* --- running until -------------------------------------------------------- */

struct until {
	struct loop *loop;
	struct loop_timer *timer;
	bool (*done)(void *arg);
	void *arg;
	int64_t end_ms;
	bool came;
};

static inline void
until_look(void *arg)
{
	struct until *until = arg;

	until->came = until->done(until->arg);
	if (until->came || clock_mono_ms() >= until->end_ms)
		loop_stop(until->loop);
	else
		loop_timer_start(until->timer, 20);
}

/* Did it become true within the time? */
static inline bool
run_until(struct loop *loop, bool (*done)(void *arg), void *arg, int64_t ms)
{
	struct until until = { .loop = loop, .done = done, .arg = arg };

	until.end_ms = clock_mono_ms() + ms;
	until.timer = loop_timer_new(loop, until_look, &until);
	loop_timer_start(until.timer, 0);
	loop_run(loop);
	loop_timer_free(until.timer);
	return until.came;
}

static inline bool
until_never(void *arg)
{
	(void)arg;
	return false;
}

#endif
