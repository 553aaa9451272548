/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guest.h - does the guest of a VM work?  Judged from outside, without
 * a word of the guest's agent.  Pure: samples in, a judgement out; time is an
 * argument.
 *
 * Four lines of evidence that do not hang on each other:
 *
 *	            for                       against
 *	balloon     its driver told its       it did tell, and does not any
 *	            statistics in time        more
 *	work        a disk or network         these counters are still, and its
 *	            counter moved             vCPUs all stand or one spins alone
 *	agent       (an open channel says     it was connected, and went without
 *	            nothing: it stays open    a reboot
 *	            when a kernel hangs)
 *	panic                                 its kernel said so
 *
 * Still counters and an odd pattern of vCPUs are one line, not two: whoever
 * stands has no I/O either.  A guest that only computes has no I/O for hours,
 * and one that idles without a tick stands: neither alone is a dead one.
 *
 *	any line for                  alive
 *	none for, one against         suspect
 *	none for, two or more against dead
 *	else                          unknown
 *
 * Timeline of a guest whose kernel hangs at 0 s, statistics each 10 s:
 *
 *	 0 s  last statistics, last I/O
 *	30 s  balloon against; its work of the last minute still counts for it
 *	60 s  work counts no more: suspect
 *	120 s counters still and vCPUs odd: dead
 */
#ifndef AGENT_GUEST_H
#define AGENT_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "snmp-mib/node_report.h"

enum {
	GUEST_STATS_MISSED = 3, /* periods */
	GUEST_STATS_LEAST_MS = 30000,
	GUEST_WORKED_MS = 60000, /* a counter that moved counts so long */
	GUEST_STILL_MS = 120000, /* counters still, and vCPUs odd */
	GUEST_SPIN_PM = 950,     /* of one CPU: ran, or waited for it */
	GUEST_RAN_PM = 100,      /* and ran; else it is starved */
	GUEST_STAND_PM = 1       /* all vCPUs together, at most */
};

struct guest_sample {
	int64_t at_ms; /* any steady clock */
	bool running;
	uint32_t boot; /* differs after a start or a reboot */

	uint32_t stats_period_s; /* 0: the balloon is not asked */
	uint64_t stats_stamp;    /* of the last statistics; 0: none */

	bool has_counters;
	uint64_t io; /* sum of what only a living guest moves */

	bool has_vcpus;
	uint32_t n_vcpus;
	uint64_t cpu_ns;     /* of all vCPUs */
	uint64_t busiest_ns; /* of the one that has run most since last time */
	uint64_t waited_ns;  /* of all, for a CPU, since last time */

	enum report_guest_agent agent;
	bool panicked;
};

struct guest_watch {
	bool begun;
	struct guest_sample last;
	uint64_t stamp;
	int64_t stats_ms; /* when the stamp was seen to change; -1: never */
	int64_t worked_ms;
	int64_t still_ms; /* since when counters are still */
	int64_t odd_ms;   /* since when vCPUs are odd; -1: they are not */
	bool agent_seen, agent_lost;
};

/* Take the next sample; earlier ones than the last are ignored. */
enum report_liveness guest_judge(struct guest_watch *watch,
				 const struct guest_sample *sample);
/* Since the guest sent statistics, REPORT_AGE_NEVER. */
uint32_t guest_stats_age(const struct guest_watch *watch, int64_t now_ms);

#endif
