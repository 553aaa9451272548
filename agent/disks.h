/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/disks.h - can other hosts reach every disk of a VM?
 *
 * Decided from the definition alone and from the list of mounts: a look at
 * the files themselves would hang with dead storage.  What is not known to be
 * shared is not: a VM is rather left alone than started without its disk.
 */
#ifndef AGENT_DISKS_H
#define AGENT_DISKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct disks_rules {
	const char **shared_folders; /* of datastores in our config */
	size_t n_shared_folders;
	char *mountinfo; /* text of /proc/self/mountinfo */
};

/* `folders` is an array of texts and must outlive the rules; mounts are read
 * as they are now. */
void disks_rules_load(struct disks_rules *rules, const json_t *folders,
		      const char *root);
void disks_rules_done(struct disks_rules *rules);

/*
 * True when each source of each disk (backing files and mirrors, too) is
 *	- a network disk that is not served from this very host,
 *	- a file or block device in a folder of a datastore,
 *	- a file on a network file system (NFS, CephFS, GlusterFS, ...).
 * Drives without a medium do not count.  A definition that cannot be read is
 * not shared.
 */
bool disks_are_shared(const char *xml, const struct disks_rules *rules);

#endif
