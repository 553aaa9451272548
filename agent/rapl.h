/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/rapl.h - watts out of the CPUs' energy counters below
 * /sys/class/powercap.  Runs in the worker "metal": a read asks the package,
 * which may sleep.
 *
 * A power is the growth of a counter between two reads, so that the first
 * read tells none.  Counters start anew at max_energy_range_uj; one that went
 * round twice is not seen, which at 1 kW takes minutes.  The files are root's
 * since 2020 (they leak what is computed): for others the sensors are there,
 * unavailable, and say why.
 */
#ifndef AGENT_RAPL_H
#define AGENT_RAPL_H

#include <jansson.h>
#include <stdint.h>

enum {
	RAPL_ZONES_MAX = 64,
	RAPL_ZONE_MAX_MW = 10000000, /* more is no reading */
	RAPL_AGE_MAX_MS = 60000      /* between two reads */
};

struct rapl_zone {
	char id[48]; /* "intel-rapl:0:1" */
	uint64_t uj;
	int64_t at_us; /* monotonic */
};

struct rapl {
	struct rapl_zone zones[RAPL_ZONES_MAX];
	size_t n;
};

/* Appends sensors as agent/hwmon.h does, and to `powers` one
 * { "package", "mw" } for each package.  `rapl` begins as zeroes. */
void rapl_read(struct rapl *rapl, const char *root, int64_t now_us,
	       json_t *sensors, json_t *powers);

/* Pure: milliwatts, or -1 when there is nothing to be told. */
int64_t rapl_power(uint64_t before_uj, uint64_t now_uj, uint64_t range_uj,
		   int64_t elapsed_us);

#endif
