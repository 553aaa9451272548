/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/paths.h - the ways to a block device, by sysfs: disks under a device
 * mapper of multipathd, controllers of an NVMe subsystem.  These reads do not
 * wait for a disk, not even for one that is lost.
 */
#ifndef AGENT_PATHS_H
#define AGENT_PATHS_H

#include <stdbool.h>
#include <stdint.h>

struct paths {
	uint32_t total, up;
};

/* Of a device on others (LVM, RAID, a partition): those of the worst of them.
 * False when there is no such device: a network file system has none. */
bool paths_count(const char *root, uint32_t major, uint32_t minor,
		 struct paths *ret_paths);

#endif
