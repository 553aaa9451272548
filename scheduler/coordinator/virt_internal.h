/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/virt_internal.h - between the queues (virt.c) and the
 * operations that wait in them (virt_calls.c).
 */
#ifndef SCHEDULER_COORDINATOR_VIRT_INTERNAL_H
#define SCHEDULER_COORDINATOR_VIRT_INTERNAL_H

#include <jansson.h>
#include <stdint.h>

#include "scheduler/coordinator/virt.h"

enum lane_kind { LANE_PROBE, LANE_READ, LANE_ACT, LANES };

struct virt_op;

/* Translates the worker's reply, or rc < 0 and why, for the caller's
 * function.  Called once. */
typedef void (*virt_deliver_fn)(const struct virt_op *op, int rc,
				const json_t *reply, const char *text);

struct virt_op {
	struct virt_op *next;
	json_t *request;
	int64_t deadline_ms;
	bool cancelled;

	virt_deliver_fn deliver;
	union {
		virt_probe_fn probe;
		virt_definition_fn definition;
		virt_list_fn list;
		virt_start_fn start;
		virt_clean_fn clean;
		virt_stop_fn stop;
		virt_resume_fn resume;
	} fn;
	void *arg;
};

/* Takes the operation over. */
void virt_enqueue(struct virt *virt, const char *uri, enum lane_kind kind,
		  struct virt_op *op);
void virt_op_free(struct virt_op *op);

#endif
