/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/board.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/alloc.h"

struct entry {
	struct posted posted; /* first: what is handed out */
	struct node_report *report;
	unsigned users; /* under the lock; the board itself is one */
};

struct board {
	pthread_mutex_t lock;
	struct entry *latest;
};

struct board *
board_new(void)
{
	struct board *board = xcalloc(1, sizeof(*board));

	pthread_mutex_init(&board->lock, NULL);
	return board;
}

/* Returns the entry if nobody uses it any more, to be freed without the
 * lock. */
static struct entry *
release(struct entry *entry)
{
	return entry != NULL && --entry->users == 0 ? entry : NULL;
}

static void
entry_free(struct entry *entry)
{
	if (entry == NULL)
		return;
	node_report_free(entry->report);
	free(entry);
}

void
board_free(struct board *board)
{
	if (board == NULL)
		return;
	entry_free(release(board->latest));
	pthread_mutex_destroy(&board->lock);
	free(board);
}

void
board_post(struct board *board, struct node_report *report, int64_t made_ms)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	*entry = (struct entry){ .posted = { report, made_ms },
				 .report = report,
				 .users = 1 };
	pthread_mutex_lock(&board->lock);
	struct entry *old = release(board->latest);
	board->latest = entry;
	pthread_mutex_unlock(&board->lock);
	entry_free(old);
}

const struct posted *
board_take(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	struct entry *entry = board->latest;
	if (entry != NULL)
		entry->users++;
	pthread_mutex_unlock(&board->lock);
	return entry != NULL ? &entry->posted : NULL;
}

void
board_give_back(struct board *board, const struct posted *posted)
{
	pthread_mutex_lock(&board->lock);
	struct entry *old = release((struct entry *)posted);
	pthread_mutex_unlock(&board->lock);
	entry_free(old);
}

static const void *
take_parts(void *arg, struct codec_parts *ret_parts, int64_t *ret_made_ms)
{
	const struct posted *posted = board_take(arg);

	if (posted == NULL)
		return NULL;
	*ret_parts = codec_parts_of(posted->report);
	*ret_made_ms = posted->made_ms;
	return posted;
}

static void
give_parts_back(void *arg, const void *taken)
{
	board_give_back(arg, taken);
}

struct voice_source
board_source(struct board *board)
{
	return (struct voice_source){ .trees = codec_node_trees,
				      .take = take_parts,
				      .give_back = give_parts_back,
				      .arg = board };
}
