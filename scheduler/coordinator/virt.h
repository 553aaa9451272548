/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/virt.h - what the coordinator does to the hosts'
 * libvirt.
 *
 * Every libvirt call may hang, so all of them run in worker processes
 * (virt_worker.c, the only file here that knows libvirt).  Each host has three
 * lanes, each a worker of its own that is started when needed and ended when
 * idle: probes never wait behind reads, reads never behind starts.  Within a
 * lane operations run one after the other; an operation's deadline counts from
 * its own start, and ends in the kill of the worker.
 *
 * Callbacks are called exactly once, always from the loop, never from inside
 * the function that was given them; not after virt_free().  What a callback is
 * given is valid during the call only.  Texts are libvirt's first line, or our
 * own words, never NULL; "" after success.
 */
#ifndef SCHEDULER_COORDINATOR_VIRT_H
#define SCHEDULER_COORDINATOR_VIRT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"
#include "snmp-mib/node_report.h"

#define VIRT_ROLE             "virt"
#define VIRT_READ_DEADLINE_MS 10000
#define VIRT_XML_MAX          (4u << 20)
#define VIRT_CLEAN_MAX        1024 /* VMs of one virt_clean() */
#define VIRT_QUEUE_MAX        4096 /* waiting operations of one lane */

struct virt;

/* For the table of worker_main(): { VIRT_ROLE, virt_serve }. */
int virt_serve(int fd);

struct virt *virt_new(struct loop *loop);
void virt_free(struct virt *virt);

/* --- is it there? ------------------------------------------------------- */

enum virt_answer {
	VIRT_UNKNOWN, /* we could not ask, or make nothing of the answer */
	VIRT_ALIVE,   /* libvirtd answered, if only to turn us away */
	VIRT_REFUSED, /* the host's kernel refused: it lives, libvirtd not */
	VIRT_SILENT   /* nothing came back in PROBE_TIMEOUT_MS */
};

const char *virt_answer_name(enum virt_answer answer);

typedef void (*virt_probe_fn)(void *arg, enum virt_answer answer,
			      const char *text);
void virt_probe(struct virt *virt, const char *uri, virt_probe_fn fn,
		void *arg);

/* --- read --------------------------------------------------------------- */

struct virt_definition {
	const char *uuid, *name;
	/* SHA-256 of the inactive XML without secrets, the one that agents
	 * publish as the VM's definition hash. */
	const char *hash;
	const char *xml; /* inactive, with secrets: keep it from others */
};

/* rc 0, or -ENOENT (the host does not know the VM; proved), -ETIMEDOUT, other
 * negative errno: definition is NULL and text says why. */
typedef void (*virt_definition_fn)(void *arg, int rc,
				   const struct virt_definition *definition,
				   const char *text);
void virt_read_definition(struct virt *virt, const char *uri, const char *uuid,
			  virt_definition_fn fn, void *arg);

struct virt_domain {
	char uuid[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];
	enum report_vm_state state;
	bool active;
};

typedef void (*virt_list_fn)(void *arg, int rc,
			     const struct virt_domain *domains, size_t n,
			     const char *text);
void virt_list(struct virt *virt, const char *uri, virt_list_fn fn, void *arg);

/* --- act ---------------------------------------------------------------- */

enum virt_start_result {
	VIRT_START_IN_DOUBT, /* it may run there, now or a little later */
	VIRT_START_DONE,
	VIRT_START_ALREADY, /* it ran before we came */
	VIRT_START_ABSENT   /* proved: it is not active there, nor will be */
};

const char *virt_start_result_name(enum virt_start_result result);

/*
 * Define and start a VM.  Idempotent: of one that runs nothing is changed.
 * The XML's own UUID must be `uuid`; another VM of the same name, or a saved
 * memory image, is a refusal.  Autostart is switched off.  A definition that
 * was not there before is removed again when the start failed.
 */
typedef void (*virt_start_fn)(void *arg, enum virt_start_result result,
			      const char *text);
void virt_start(struct virt *virt, const char *uri, const char *uuid,
		const char *xml, virt_start_fn fn, void *arg);

struct virt_clean_result {
	char uuid[REPORT_UUID_LEN];
	bool gone;       /* seen: neither running nor defined there */
	bool was_active; /* a second copy ran, and was destroyed */
	char text[REPORT_TEXT_LEN];
};

/*
 * Remove what is left of VMs that moved: autostart off, undefine; disks, NVRAM
 * and TPM state are kept.  The caller has decided that a copy there is stale;
 * one that runs is destroyed only with `end_running`, else it is left alone
 * and not gone.  One result for each of the n, in their order.
 */
struct virt_stale {
	const char *uuid;
	bool end_running;
};
typedef void (*virt_clean_fn)(void *arg,
			      const struct virt_clean_result *results, size_t n,
			      const char *text);
void virt_clean(struct virt *virt, const char *uri,
		const struct virt_stale *stale, size_t n, virt_clean_fn fn,
		void *arg);

enum virt_stop_result {
	VIRT_STOP_IN_DOUBT, /* it may run there, now or a little later */
	VIRT_STOP_DONE,   /* it was active, and is proved not to be any more */
	VIRT_STOP_ABSENT, /* proved: it was not active there */
	VIRT_STOP_SPARED  /* it runs, and was to be spared then */
};

const char *virt_stop_result_name(enum virt_stop_result result);

/*
 * Force one VM off and prove that it is not active; its definition stays, with
 * autostart off.  Idempotent.  With `spare` a copy whose guest runs is left
 * alone: it was dead when that was decided, and somebody started it since.
 */
typedef void (*virt_stop_fn)(void *arg, enum virt_stop_result result,
			     const char *text);
void virt_stop(struct virt *virt, const char *uri, const char *uuid, bool spare,
	       virt_stop_fn fn, void *arg);

enum virt_resume_result {
	VIRT_RESUME_IN_DOUBT,
	VIRT_RESUME_DONE,   /* it runs */
	VIRT_RESUME_REFUSED /* not paused by an I/O error: left as it is */
};

const char *virt_resume_result_name(enum virt_resume_result result);

typedef void (*virt_resume_fn)(void *arg, enum virt_resume_result result,
			       const char *text);
void virt_resume(struct virt *virt, const char *uri, const char *uuid,
		 virt_resume_fn fn, void *arg);

/*
 * The host is without power: end what is under way in its act and read lanes
 * and what waits there.  Starts end as VIRT_START_IN_DOUBT (also those never
 * sent: an earlier one may have been), stops and resumes in doubt, too, reads
 * with -ECANCELED, cleans with nothing gone.  What is asked later is done as
 * ever.
 */
void virt_cancel(struct virt *virt, const char *uri);

#endif
