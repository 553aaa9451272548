/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cpu_speed.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/cpu.h"
#include "agent/sysroot.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "snmp-mib/detail_hw.h"

#define FOLDER    "/sys/devices/system/cpu"
#define KHZ_MAX   INT64_C(100000000)
#define COUNT_MAX (INT64_C(1) << 53)

struct speed {
	int64_t package;
	uint64_t khz, samples, max_khz, throttles;
	bool counted; /* the package's own throttle counter */
	bool counts;  /* anybody counts */
};

static bool
read_of(const char *root, unsigned cpu, const char *file, int64_t max,
	int64_t *ret_number)
{
	char path[128];

	snprintf(path, sizeof(path), FOLDER "/cpu%u/%s", cpu, file);
	return sysroot_read_number(root, path, 0, max, ret_number) == 0;
}

/* "0,64": is this CPU the first of its core? */
static bool
is_first_thread(const char *root, unsigned cpu)
{
	char path[128], text[64];

	snprintf(path, sizeof(path),
		 FOLDER "/cpu%u/topology/thread_siblings_list", cpu);
	if (sysroot_read_line(root, path, text, sizeof(text)) <= 0)
		return true;
	return strtoul(text, NULL, 10) == cpu;
}

static struct speed *
speed_of(struct speed *speeds, size_t *n, int64_t package)
{
	for (size_t i = 0; i < *n; i++)
		if (speeds[i].package == package)
			return &speeds[i];
	if (*n == DETAIL_PACKAGES_MAX)
		return NULL;
	speeds[*n] = (struct speed){ .package = package };
	return &speeds[(*n)++];
}

static void
sample(const char *root, unsigned cpu, struct speed *speed)
{
	int64_t number;

	if (!speed->counted &&
	    read_of(root, cpu, "thermal_throttle/package_throttle_count",
		    COUNT_MAX, &number)) {
		speed->counted = speed->counts = true;
		speed->throttles += (uint64_t)number;
	}
	if (read_of(root, cpu, "thermal_throttle/core_throttle_count",
		    COUNT_MAX, &number)) {
		speed->counts = true;
		speed->throttles += (uint64_t)number;
	}
	if (speed->samples >= CPU_SPEED_SAMPLES)
		return;
	if (read_of(root, cpu, "cpufreq/cpuinfo_max_freq", KHZ_MAX, &number) &&
	    (uint64_t)number > speed->max_khz)
		speed->max_khz = (uint64_t)number;
	if (read_of(root, cpu, "cpufreq/scaling_cur_freq", KHZ_MAX, &number)) {
		speed->khz += (uint64_t)number;
		speed->samples++;
	}
}

static void
put(const struct speed *speed, json_t *packages)
{
	uint64_t mean = speed->samples > 0 ? speed->khz / speed->samples : 0;

	json_t *to = json_pack("{s:I, s:I, s:I}", "package",
			       (json_int_t)speed->package, "mhz",
			       (json_int_t)(mean / 1000), "max_mhz",
			       (json_int_t)(speed->max_khz / 1000));

	if (speed->counts)
		json_object_set_new(to, "throttles",
				    json_integer((json_int_t)speed->throttles));
	json_array_append_new(packages, to);
}

void
cpu_speed_read(const char *root, json_t *packages)
{
	cleanup_free unsigned *cpus = xcalloc(REPORT_CPUS_MAX, sizeof(*cpus));
	cleanup_free struct speed *speeds =
		xcalloc(DETAIL_PACKAGES_MAX, sizeof(*speeds));
	size_t n_speeds = 0;
	char list[4096];

	if (sysroot_read_line(root, FOLDER "/online", list, sizeof(list)) <= 0)
		return;
	int n = cpu_parse_list(list, cpus, REPORT_CPUS_MAX);
	for (int i = 0; i < n; i++) {
		int64_t package = 0;

		/* Some machines say -1: then there is one package. */
		read_of(root, cpus[i], "topology/physical_package_id",
			UINT16_MAX, &package);
		struct speed *speed = speed_of(speeds, &n_speeds, package);
		if (speed != NULL && is_first_thread(root, cpus[i]))
			sample(root, cpus[i], speed);
	}
	for (size_t i = 0; i < n_speeds; i++)
		put(&speeds[i], packages);
}
