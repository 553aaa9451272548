/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system as dskTable of UCD-SNMP-MIB has it: what net-snmp would say of
 * it with "includeAllDisks" and its own preset of a minimum.  Pure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/mounts.h"
#include "agent/text.h"

enum { MINIMUM_KB = 100000 };

static int32_t
latched(uint64_t number)
{
	return number < INT32_MAX ? (int32_t)number : INT32_MAX;
}

static void
split(uint64_t number, uint32_t *ret_low, uint32_t *ret_high)
{
	*ret_low = (uint32_t)number;
	*ret_high = (uint32_t)(number >> 32);
}

/* Rounded; 0 of nothing. */
static int32_t
percent_of(uint64_t part, uint64_t whole)
{
	while (whole > UINT64_MAX / 200) {
		part /= 2;
		whole /= 2;
	}
	return whole == 0 ? 0 : (int32_t)((part * 200 / whole + 1) / 2);
}

static uint64_t
kb_of(const struct mounts_space *space, uint64_t blocks)
{
	uint64_t unit = space->unit;

	/* Units are powers of two from 512 on. */
	return unit >= 1024 ? (blocks > UINT64_MAX / (unit / 1024)
				       ? UINT64_MAX
				       : blocks * (unit / 1024))
			    : blocks / 2;
}

void
mounts_disk(const char *path, const char *device,
	    const struct mounts_space *space, struct detail_disk *ret_disk)
{
	uint64_t used =
		space->size > space->unused ? space->size - space->unused : 0;
	uint64_t avail_kb = kb_of(space, space->avail);

	memset(ret_disk, 0, sizeof(*ret_disk));
	text_copy(ret_disk->path, sizeof(ret_disk->path), path);
	text_copy(ret_disk->device, sizeof(ret_disk->device), device);
	ret_disk->minimum_kb = MINIMUM_KB;
	ret_disk->minimum_percent = -1;
	ret_disk->total = latched(kb_of(space, space->size));
	ret_disk->avail = latched(avail_kb);
	ret_disk->used = latched(kb_of(space, used));
	/* What is kept for root counts as neither. */
	if (used <= UINT64_MAX - space->avail)
		ret_disk->percent = percent_of(used, used + space->avail);
	if (space->files >= space->files_free)
		ret_disk->percent_nodes =
			percent_of(space->files - space->files_free,
				   space->files);
	split(kb_of(space, space->size), &ret_disk->total_low,
	      &ret_disk->total_high);
	split(avail_kb, &ret_disk->avail_low, &ret_disk->avail_high);
	split(kb_of(space, used), &ret_disk->used_low, &ret_disk->used_high);
	ret_disk->error = avail_kb < MINIMUM_KB;
	if (ret_disk->error)
		snprintf(ret_disk->message, sizeof(ret_disk->message),
			 "%s: less than %d free (= %" PRIu64 ")",
			 ret_disk->path, MINIMUM_KB, avail_kb);
}
