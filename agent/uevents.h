/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/uevents.h - the kernel tells when hardware comes, goes, is switched on
 * or off (NETLINK_KOBJECT_UEVENT), so that nobody has to look each minute.
 *
 *	the first message		read again UEVENTS_SETTLE_MS later: one
 *					change is many messages
 *	more of them			UEVENTS_APART_MS between two readings
 *	so many that some are lost	all is read again
 *
 * A message says only when to look.  What VMs bring along (taps, loop devices,
 * device mappers) is nothing that is built in, and what root sends by hand is
 * not the kernel's word.
 */
#ifndef AGENT_UEVENTS_H
#define AGENT_UEVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/loop.h"

enum {
	UEVENTS_SETTLE_MS = 1000,
	UEVENTS_APART_MS = 10000,
	UEVENTS_BYTES = 8192 /* the kernel's own limit is 2 KiB */
};

/* What is to be read again. */
enum {
	UEVENT_MACHINE = 1, /* CPUs, memory, nodes, disks, NICs */
	UEVENT_METAL = 2,   /* sensors, memory controllers */
	UEVENT_ALL = UEVENT_MACHINE | UEVENT_METAL
};

struct uevents;

/* NULL, and a line in the log, where the kernel does not tell: periods have to
 * do. */
struct uevents *uevents_new(struct loop *loop,
			    void (*due)(void *arg, unsigned what), void *arg);
void uevents_free(struct uevents *uevents);

/* One message came, or -ENOBUFS: some were lost. */
void uevents_take(struct uevents *uevents, const char *message, ssize_t len);

/* --- the parts -------------------------------------------------------------
 */

/* Pure: what a message makes due, 0 for nothing. */
unsigned uevents_due(const char *message, size_t len);
/* Pure: the value of "NAME=" in a message, NULL. */
const char *uevents_find(const char *message, size_t len, const char *name);

int uevents_open(struct err *err);
/* The next message of the kernel's, terminated; 0: nothing more; -ENOBUFS.
 * Those of others are passed over. */
ssize_t uevents_receive(int fd, char ret_message[UEVENTS_BYTES]);

#endif
