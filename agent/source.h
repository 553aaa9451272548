/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/source.h - how fresh and how healthy one place is that data comes
 * from.
 *
 *	unknown --good--> ok --a failure, or older than fresh_ms--> degraded
 *	never good and a failure, or older than LATE * fresh_ms: failed
 *
 * Data of a failed source is still shown, with its age: the reader judges.
 */
#ifndef AGENT_SOURCE_H
#define AGENT_SOURCE_H

#include <stdint.h>

#include "snmp-mib/node_report.h"

/* Rows of the source table; numbers are kept for ever. */
enum source_index {
	SOURCE_HOST = 1,
	SOURCE_MACHINE, /* topology and CPUs */
	SOURCE_LIBVIRT,
	SOURCE_CAPABILITIES, /* CPU features usable by guests */
	SOURCE_STORAGE,
	SOURCE_BMC,
	SOURCE_INFORM,
	SOURCE_SENSORS, /* the kernel's, and what else agent/metal.h reads */
	SOURCE_MEMORY,  /* huge pages, KSM, swap */
	SOURCE_NETWORK,
	SOURCE_GUESTS, /* the QEMU processes */
	SOURCE_LEASE
};

enum { SOURCE_LATE = 5 };

struct source {
	enum source_index index;
	const char *name;
	int64_t fresh_ms; /* a reading this old is still good */
	int64_t good_ms;  /* monotonic; -1: never */
	uint32_t read_us;
	uint64_t failures;
	bool failing; /* the last attempt failed */
	char last_error[REPORT_TEXT_LEN];
};

void source_init(struct source *source, enum source_index index,
		 const char *name, int64_t fresh_ms);
void source_succeed(struct source *source, int64_t now_ms, uint64_t read_us);
void source_fail(struct source *source, const char *text);
enum report_health source_health(const struct source *source, int64_t now_ms);
void source_describe(const struct source *source, int64_t now_ms,
		     struct report_source *ret_row);

/* Milliseconds from `then` (-1: never) to now, as reports have it. */
uint32_t source_age(int64_t then_ms, int64_t now_ms);

/* The monotonic clock, for the time a reading takes. */
int64_t source_clock_us(void);

#endif
