/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/levels.h - what the fence devices of one host say,
 * taken together.
 *
 * A host has levels of devices in an order: its own BMC first, then what its
 * configuration names, each a BMC, outlets of PDUs, or several of these.
 *
 *	off	all devices of one level say off, each proved by two reads and
 *		all of them at one time, and no BMC says on
 *	on	a BMC says on: then no outlet's word counts, for it is
 *		another host's, or not all of what feeds this one
 *	fed	no BMC says anything, but an outlet is on: the host may run,
 *		and can be turned off there
 *
 * An outlet that is on denies no other level: a chassis that is off is fed all
 * the same.  Pure.
 */
#ifndef SCHEDULER_COORDINATOR_LEVELS_H
#define SCHEDULER_COORDINATOR_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/power.h"
#include "scheduler/policy/snapshot.h"

/* What was read of one device last; times are monotonic, 0: never. */
struct device_word {
	enum power_state power;
	unsigned off_reads; /* 2: verified */
	int64_t read_ms;
	int64_t off_since_ms; /* of the first of those reads */
	char text[REPORT_TEXT_LEN];
};

/* Takes a result over; cancelled ones leave it as it is. */
void device_word_take(struct device_word *word,
		      const struct power_result *result);

struct level_device {
	const char *name; /* "BMC", "outlet left" */
	unsigned level;
	bool is_bmc;
	const struct device_word *word;
};

struct levels_word {
	struct device_word word; /* of the host as a whole */
	bool fed;
	unsigned level; /* that proves it off; with off_reads 2 */
};

/* Devices in the order of their levels. */
void levels_combine(const struct level_device *devices, size_t n,
		    struct levels_word *ret_word);

#endif
