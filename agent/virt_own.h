/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/virt_own.h - what the files of the worker "virt" share.
 *
 *	virt_worker.c  the connection, requests
 *	virt_list.c    "read": all VMs
 *	virt_stats.c   "guests": what asks the QEMU of each VM
 *	virt_events.c  what libvirt tells unasked
 *	virt_phase.c   what a VM is in the middle of
 *	virt_lib.c     libvirt itself
 */
#ifndef AGENT_VIRT_OWN_H
#define AGENT_VIRT_OWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/disks.h"
#include "agent/virt_lib.h"
#include "agent/vm_process.h"
#include "snmp-mib/detail_vm.h"
#include "snmp-mib/node_report.h"

#define VIRT_NAME_ROOM 256
#define VIRT_MODELS_MS 20000 /* for all named CPU models */

/* What is remembered of a VM between two readings. */
struct virt_vm {
	unsigned char uuid[VIR_UUID_BUFLEN];
	char name[VIRT_NAME_ROOM];
	bool dirty;
	pid_t pid;         /* of its QEMU; 0: not found */
	int64_t io_ms;     /* when an I/O error was told last */
	int64_t detail_ms; /* when the rest was read; -1: never */
	unsigned vcpus;
	uint64_t memory_kib, memory_now_kib;
	char hash[REPORT_HASH_LEN];
	bool persistent, autostart, shared;
	bool saved;                 /* its memory is in a file of libvirt's */
	bool migrating;             /* from here, told by an event */
	enum detail_vm_oper phase;  /* of the last list; 0: none */
	char told[REPORT_HASH_LEN]; /* hash of what was told about it */
	json_t *about;              /* to be told with the next answer */
};

/* And of its process, by the other kind of request. */
struct virt_guest {
	unsigned char uuid[VIR_UUID_BUFLEN];
	struct vm_process process;
};

struct virt {
	int fd;
	virConnectPtr conn;
	bool closed; /* the connection broke; drop it before the next call */
	bool watching;
	bool ended; /* the parent has gone */
	json_t *request;

	struct virt_vm *vms; /* sorted by UUID */
	size_t n_vms;
	unsigned details; /* still allowed in this reading */
	struct disks_rules rules;
	const char *root; /* of the request under way */

	struct virt_guest *guests; /* sorted by UUID */
	size_t n_guests;
};

/* virt_worker.c */
json_t *virt_error_reply(const char *what);

/* virt_list.c: an answer to "read", or NULL with libvirt's error set. */
json_t *virt_list(struct virt *virt, const json_t *request);
struct virt_vm *virt_find_vm(const struct virt *virt, virDomainPtr dom);
void virt_list_done(struct virt *virt);

/* virt_stats.c: the same to "guests". */
json_t *virt_stats(struct virt *virt, const json_t *request);
void virt_stats_done(struct virt *virt);

/* virt_phase.c: vmOperState where it says more than the state; 0: it does not.
 */
enum detail_vm_oper virt_phase_of(int state, int reason,
				  const struct virt_vm *vm);

/* virt_events.c: 0, or -ENOTCONN when libvirt does not even tell of lives. */
int virt_events_register(struct virt *virt);

#endif
