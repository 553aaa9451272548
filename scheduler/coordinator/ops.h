/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/ops.h - what the executor can do to the world.
 *
 * One walker, several worlds: the real one (ops_real.c) and the dry run
 * (ops_dry.c) differ only here.  Each call returns at once; what became of it
 * comes back by the outcome_ functions of execute.h, exactly once for each
 * call of fence, clean, start, stop and resume, and never from inside the call.
 */
#ifndef SCHEDULER_COORDINATOR_OPS_H
#define SCHEDULER_COORDINATOR_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coordinator;

struct ops_stale {
	size_t vm;
	bool ends_running; /* a copy that runs is ended, too */
};

struct ops {
	const char *name;

	/* Ask the BMC, libvirt and the datastore witnesses of a silent host. */
	void (*probe)(struct coordinator *co, size_t host);

	/* Power off, verified. */
	void (*fence)(struct coordinator *co, size_t host, int64_t command);

	/* Remove what is left of VMs that moved. */
	void (*clean)(struct coordinator *co, size_t host,
		      const struct ops_stale *stale, size_t n, int64_t command);

	void (*start)(struct coordinator *co, size_t host, size_t vm,
		      int64_t command);

	/* Force off the copy at a host, verified; with `spare` only where it
	 * does not run. */
	void (*stop)(struct coordinator *co, size_t host, size_t vm, bool spare,
		     int64_t command);

	/* Let one go on that was paused by an I/O error. */
	void (*resume)(struct coordinator *co, size_t host, size_t vm,
		       int64_t command);

	/* The host is without power: nothing sent to it can arrive. */
	void (*forget)(struct coordinator *co, size_t host);
};

extern const struct ops ops_real;
extern const struct ops ops_dry;

#endif
