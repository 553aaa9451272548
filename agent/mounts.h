/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/mounts.h - memory and local file systems as hrStorageTable has them,
 * and the latter as dskTable does, for an agent that stands alone.
 *
 * Asked by a worker, every MOUNTS_PERIOD_MS, that lives for one answer.  Only
 * file systems on local disks are asked, and none that lies on the way through
 * another: statvfs() on NFS hangs with its server.
 */
#ifndef AGENT_MOUNTS_H
#define AGENT_MOUNTS_H

#include <jansson.h>

#include "common/loop.h"
#include "snmp-mib/node_detail.h"

enum {
	MOUNTS_PERIOD_MS = 30000,
	MOUNTS_DEADLINE_MS = 3000,
	MOUNTS_STALE_MS = 120000, /* older rows are not shown */
	MOUNTS_TEXT_MAX = 1 << 20
};

struct mounts;

struct mounts *mounts_new(struct loop *loop);
void mounts_free(struct mounts *mounts);
void mounts_fill(const struct mounts *mounts, struct node_detail *detail);

/* --- pure --------------------------------------------------------------------
 */

/* The mount points in the text of /proc/self/mountinfo that may be asked, as
 * an array of { "path", "device" }; each device and each path once. */
json_t *mounts_parse(const char *mountinfo);

/* As statvfs() says it, in blocks of `unit` bytes. */
struct mounts_space {
	uint64_t unit, size, unused;
	uint64_t avail; /* of `unused`, without what is kept for root */
	uint64_t files, files_free;
};

void mounts_disk(const char *path, const char *device,
		 const struct mounts_space *space,
		 struct detail_disk *ret_disk);

/* Bytes as a row has them: in units that let the size fit into 31 bits. */
void mounts_scale(uint64_t unit, uint64_t size, uint64_t used,
		  struct detail_storage *ret_row);

#endif
