/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/view_internal.h - what the files of the view share:
 * view.c the site and its clusters, view_member.c the hosts, view_ledger.c
 * decisions and alarms.
 */
#ifndef SCHEDULER_COORDINATOR_VIEW_INTERNAL_H
#define SCHEDULER_COORDINATOR_VIEW_INTERNAL_H

#include "scheduler/coordinator/view.h"

enum { ALARM_BOOK_MAX = 2 * VIEW_ALARMS_MAX };

/* An alarm that stands or stood. */
struct known_alarm {
	char kind[32], subject[REPORT_NAME_LEN];
	uint32_t number, count;
	int64_t since_ms; /* of the time that was counted last */
	uint64_t view;    /* the last one that showed it */
};

struct view_maker {
	const struct coordinator *co;
	uint32_t *clusters, *hosts; /* their numbers */
	uint64_t views;             /* made so far */

	struct known_alarm *alarms; /* sorted by kind and subject */
	size_t n_alarms;
	uint32_t last_alarm;

	/* The last commands, and the store's revision then. */
	struct store_command *commands;
	size_t n_commands;
	int64_t revision;
	bool read;
};

/* Cuts at the end of a UTF-8 character. */
void view_put_text(char *to, size_t room, const char *from);
#define PUT_TEXT(to, from) view_put_text(to, sizeof(to), from)

/* Wall clock ms to seconds; monotonic ms to an age. */
uint64_t view_seconds(int64_t wall_ms);
uint32_t view_age(int64_t then_ms, int64_t now_ms);

/* In the order of the registry. */
void view_fill_members(const struct view_maker *maker,
		       struct cluster_view *view, int64_t now_ms);
void view_fill_decisions(struct view_maker *maker, struct cluster_view *view);
/* Also counts them at the members. */
void view_fill_alarms(struct view_maker *maker, struct cluster_view *view);

#endif
