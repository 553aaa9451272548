/* SPDX-License-Identifier: Apache-2.0 */
#include "snmp-mib/board.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "snmp-mib/cluster_view.h"

struct entry {
	struct posted posted; /* first: what is handed out */
	void *thing;
	unsigned users; /* under the lock; the board itself is one */
};

struct board {
	const struct board_kind *kind;
	pthread_mutex_t lock;
	struct entry *latest;
};

struct board *
board_new(const struct board_kind *kind)
{
	struct board *board = xcalloc(1, sizeof(*board));

	board->kind = kind;
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
entry_free(const struct board *board, struct entry *entry)
{
	if (entry == NULL)
		return;
	board->kind->free(entry->thing);
	free(entry);
}

void
board_free(struct board *board)
{
	if (board == NULL)
		return;
	entry_free(board, release(board->latest));
	pthread_mutex_destroy(&board->lock);
	free(board);
}

void
board_post(struct board *board, void *thing, int64_t made_ms)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	*entry = (struct entry){ .posted = { thing, made_ms },
				 .thing = thing,
				 .users = 1 };
	pthread_mutex_lock(&board->lock);
	struct entry *old = release(board->latest);
	board->latest = entry;
	pthread_mutex_unlock(&board->lock);
	entry_free(board, old);
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
	entry_free(board, old);
}

/* --- for a voice --------------------------------------------------------- */

static const void *
take_parts(void *arg, struct codec_parts *ret_parts, int64_t *ret_made_ms)
{
	struct board *board = arg;
	const struct posted *posted = board_take(board);

	if (posted == NULL)
		return NULL;
	*ret_parts = board->kind->parts(posted->thing);
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
	return (struct voice_source){ .trees = board->kind->trees,
				      .take = take_parts,
				      .give_back = give_parts_back,
				      .arg = board };
}

/* --- kinds --------------------------------------------------------------- */

static struct codec_parts
parts_of_report(const void *thing)
{
	return codec_parts_of(thing);
}

static void
free_report(void *thing)
{
	node_report_free(thing);
}

const struct board_kind board_of_reports = { codec_node_trees, parts_of_report,
					     free_report };

static struct codec_parts
parts_of_view(const void *thing)
{
	return (struct codec_parts){ { [PART_SITE] = thing } };
}

static void
free_view(void *thing)
{
	cluster_view_free(thing);
}

const struct board_kind board_of_views = { codec_site_trees, parts_of_view,
					   free_view };
