/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/board.h - where the main loop posts its reports and the SNMP thread
 * reads them.  A posted report never changes; whoever took it may read it
 * without a lock until it is given back.
 */
#ifndef AGENT_BOARD_H
#define AGENT_BOARD_H

#include <stdint.h>

#include "snmp-mib/node_report.h"
#include "snmp-mib/voice.h"

struct board;

struct posted {
	const struct node_report *report;
	int64_t made_ms; /* monotonic */
};

struct board *board_new(void);
void board_free(struct board *board); /* nothing is taken any more */

/* The report becomes the board's. */
void board_post(struct board *board, struct node_report *report,
		int64_t made_ms);

/* The latest report; NULL before the first.  Give it back soon: it is all
 * that keeps an old report in memory. */
const struct posted *board_take(struct board *board);
void board_give_back(struct board *board, const struct posted *posted);

/* The board as what a voice answers from. */
struct voice_source board_source(struct board *board);

#endif
