/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/board.h - where a program posts what its voice is to say, and the
 * thread of the voice reads it.  A thing that was posted never changes;
 * whoever took it may read it without a lock until it is given back.
 */
#ifndef SNMP_MIB_BOARD_H
#define SNMP_MIB_BOARD_H

#include <stdint.h>

#include "snmp-mib/voice.h"

struct board;

/* What is posted on a board. */
struct board_kind {
	const struct codec_tree *const *trees;
	struct codec_parts (*parts)(const void *thing);
	void (*free)(void *thing);
};

/* A node's struct node_report; a coordinator's struct cluster_view. */
extern const struct board_kind board_of_reports, board_of_views;

struct posted {
	const void *thing;
	int64_t made_ms; /* monotonic */
};

struct board *board_new(const struct board_kind *kind);
void board_free(struct board *board); /* nothing is taken any more */

/* The thing becomes the board's. */
void board_post(struct board *board, void *thing, int64_t made_ms);

/* The latest thing; NULL before the first.  Give it back soon: it is all
 * that keeps an old one in memory. */
const struct posted *board_take(struct board *board);
void board_give_back(struct board *board, const struct posted *posted);

/* The board as what a voice answers from. */
struct voice_source board_source(struct board *board);

#endif
