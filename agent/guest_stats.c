/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest_stats.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"

/* libvirt's own; anything else is not done. */
enum { DIRTY_RATE_MEASURED = 2 };

/* Places in a row of the message. */
enum { ROW_NUMBER, ROW_NAME, ROW_VALUES };

void
guest_stats_init(struct guest_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->rss_kib = stats->swapped_kib = stats->age_ms = stats->ready_ns =
		GUEST_UNKNOWN;
	stats->available_kib = stats->unused_kib = stats->usable_kib =
		GUEST_UNKNOWN;
	stats->swap_in_kib = stats->swap_out_kib = stats->major_faults =
		stats->minor_faults = GUEST_UNKNOWN;
	stats->dirty_mib_s = REPORT_UNMEASURED;
	stats->dirty_at_ms = -1;
}

static uint64_t
number_of(const json_t *value)
{
	json_int_t number =
		json_is_integer(value) ? json_integer_value(value) : -1;

	return number < 0 ? GUEST_UNKNOWN : (uint64_t)number;
}

static uint64_t
member(const json_t *message, const char *key)
{
	return number_of(json_object_get(message, key));
}

static uint64_t
cell(const json_t *row, size_t value)
{
	return number_of(json_array_get(row, ROW_VALUES + value));
}

static void
copy_name(const json_t *row, char *to, size_t room)
{
	text_copy(to, room, json_string_value(json_array_get(row, ROW_NAME)));
}

static size_t
size_of(const json_t *list, size_t max)
{
	size_t n = json_array_size(list);

	return n < max ? n : max;
}

static void
parse_numa(const json_t *list, struct guest_stats *stats)
{
	size_t n = size_of(list, REPORT_NUMA_MAX);

	stats->has_numa = json_is_array(list);
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(list, i);
		uint64_t node = number_of(json_array_get(row, 0));
		uint64_t kib = number_of(json_array_get(row, 1));

		if (node < REPORT_NUMA_MAX && kib != GUEST_UNKNOWN)
			stats->numa.kib[node] = kib;
	}
}

/* libvirt counts upwards; a row without a time is a vCPU that is not there. */
static void
parse_cpus(const json_t *list, struct guest_stats *stats)
{
	size_t n = size_of(list, REPORT_CPUS_MAX);

	stats->cpus = xcalloc(n + 1, sizeof(*stats->cpus));
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(list, i);
		uint64_t number = number_of(json_array_get(row, ROW_NUMBER));
		struct guest_cpu *cpu = &stats->cpus[stats->n_cpus];

		if (number >= REPORT_CPUS_MAX ||
		    cell(row, 1) == GUEST_UNKNOWN ||
		    (stats->n_cpus > 0 && cpu[-1].number >= number))
			continue;
		cpu->number = (uint32_t)number;
		cpu->time_ns = cell(row, 1);
		stats->n_cpus++;
	}
}

static void
parse_disks(const json_t *list, struct guest_stats *stats)
{
	size_t n = size_of(list, VIRT_DISKS_MAX);

	stats->disks = xcalloc(n + 1, sizeof(*stats->disks));
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(list, i);
		struct guest_disk *disk = &stats->disks[stats->n_disks++];

		copy_name(row, disk->target, sizeof(disk->target));
		disk->reads = cell(row, 0);
		disk->read_bytes = cell(row, 1);
		disk->read_ns = cell(row, 2);
		disk->writes = cell(row, 3);
		disk->write_bytes = cell(row, 4);
		disk->write_ns = cell(row, 5);
		disk->capacity = cell(row, 7);
		disk->allocation = cell(row, 8);
		disk->physical = cell(row, 9);
	}
}

static int32_t
interface_of(uint64_t number)
{
	return number <= INT32_MAX ? (int32_t)number : 0;
}

static void
parse_nics(const json_t *list, struct guest_stats *stats)
{
	size_t n = size_of(list, VIRT_NICS_MAX);

	stats->nics = xcalloc(n + 1, sizeof(*stats->nics));
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(list, i);
		struct guest_nic *nic = &stats->nics[stats->n_nics++];

		copy_name(row, nic->dev, sizeof(nic->dev));
		nic->rx_bytes = cell(row, 0);
		nic->rx_packets = cell(row, 1);
		nic->tx_bytes = cell(row, 2);
		nic->tx_packets = cell(row, 3);
		nic->if_index = interface_of(cell(row, 4));
		nic->parent = interface_of(cell(row, 5));
	}
}

/* QEMU counts seconds by the host's monotonic clock. */
static void
parse_dirty(const json_t *message, struct guest_stats *stats)
{
	uint64_t rate = member(message, "dirty_mib_s");
	uint64_t start_s = member(message, "dirty_start_s");
	uint64_t period_s = member(message, "dirty_period_s");

	if (member(message, "dirty_status") != DIRTY_RATE_MEASURED ||
	    rate >= REPORT_UNMEASURED)
		return;
	stats->dirty_mib_s = (uint32_t)rate;
	if (start_s > UINT32_MAX || period_s > UINT16_MAX)
		return;
	stats->dirty_at_ms = (int64_t)(start_s + period_s) * 1000;
	stats->dirty_period_s = (uint32_t)period_s;
}

void
guest_stats_parse(const json_t *message, struct guest_stats *ret_stats)
{
	struct guest_stats stats;
	uint64_t stamp = member(message, "stamp");

	guest_stats_init(&stats);
	stats.rss_kib = member(message, "rss_kib");
	stats.swapped_kib = member(message, "swapped_kib");
	stats.age_ms = member(message, "age_ms");
	stats.ready_ns = member(message, "ready_ns");
	stats.stamp = stamp == GUEST_UNKNOWN ? 0 : stamp;
	stats.available_kib = member(message, "available_kib");
	stats.unused_kib = member(message, "unused_kib");
	stats.usable_kib = member(message, "usable_kib");
	stats.swap_in_kib = member(message, "swap_in_kib");
	stats.swap_out_kib = member(message, "swap_out_kib");
	stats.major_faults = member(message, "major");
	stats.minor_faults = member(message, "minor");
	parse_dirty(message, &stats);
	parse_numa(json_object_get(message, "numa"), &stats);
	parse_cpus(json_object_get(message, "cpus"), &stats);
	parse_disks(json_object_get(message, "disks"), &stats);
	parse_nics(json_object_get(message, "nics"), &stats);
	*ret_stats = stats;
}

void
guest_stats_done(struct guest_stats *stats)
{
	free(stats->cpus);
	free(stats->disks);
	free(stats->nics);
	guest_stats_init(stats);
}

/* --- sums ----------------------------------------------------------------- */

uint64_t
guest_stats_cpu_ns(const struct guest_stats *stats)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < stats->n_cpus; i++)
		sum += stats->cpus[i].time_ns;
	return sum;
}

uint64_t
guest_stats_busiest_ns(const struct guest_stats *stats,
		       const struct guest_stats *before)
{
	uint64_t most = 0;
	size_t j = 0;

	for (size_t i = 0; i < stats->n_cpus; i++) {
		const struct guest_cpu *cpu = &stats->cpus[i];

		while (j < before->n_cpus &&
		       before->cpus[j].number < cpu->number)
			j++;
		if (j == before->n_cpus ||
		    before->cpus[j].number != cpu->number ||
		    before->cpus[j].time_ns > cpu->time_ns)
			continue;
		uint64_t ran = cpu->time_ns - before->cpus[j].time_ns;
		most = ran > most ? ran : most;
	}
	return most;
}

static bool
add_known(uint64_t number, uint64_t *sum)
{
	if (number == GUEST_UNKNOWN)
		return false;
	*sum += number; /* only whether it moves matters: may wrap */
	return true;
}

bool
guest_stats_io(const struct guest_stats *stats, uint64_t *ret_io)
{
	bool known = false;
	uint64_t io = 0;

	for (size_t i = 0; i < stats->n_disks; i++) {
		known = add_known(stats->disks[i].reads, &io) || known;
		known = add_known(stats->disks[i].writes, &io) || known;
	}
	/* What comes in from the network moves without the guest. */
	for (size_t i = 0; i < stats->n_nics; i++)
		known = add_known(stats->nics[i].tx_packets, &io) || known;
	*ret_io = io;
	return known;
}

const struct guest_disk *
guest_stats_disk(const struct guest_stats *stats, const char *target)
{
	for (size_t i = 0; i < stats->n_disks; i++)
		if (strcmp(stats->disks[i].target, target) == 0)
			return &stats->disks[i];
	return NULL;
}
