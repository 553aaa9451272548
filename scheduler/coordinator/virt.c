/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's half of virt.h: hosts, lanes and queues.
 *
 * A lane does one thing per turn of its timer: end a cancelled operation, send
 * the next one, or end its idle worker.  So a callback is always the last thing
 * of a turn, and may do what it likes, virt_free() included.
 */
#include "scheduler/coordinator/virt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/err.h"
#include "common/worker.h"
#include "scheduler/coordinator/virt_internal.h"
#include "scheduler/policy/timeouts.h"

#define IDLE_MS 30000 /* a worker without work is ended */

/* How many lanes of a kind work at once, over all hosts: each is a process. */
static const unsigned lane_limits[LANES] = {
	[LANE_PROBE] = 64,
	[LANE_READ] = 8,
	[LANE_ACT] = 64,
};

struct lane {
	struct virt *virt;
	struct virt_host *host;
	enum lane_kind kind;
	struct worker *worker; /* NULL when idle for long */
	struct virt_op *running;
	struct virt_op *first, **end;
	size_t waiting;
	struct loop_timer *turn;
};

struct virt_host {
	char *uri;
	struct lane lanes[LANES];
};

struct virt {
	struct loop *loop;
	struct virt_host **hosts;
	size_t n_hosts;
	unsigned working[LANES];
};

/* --- a lane's turn ------------------------------------------------------- */

static void
finish(struct virt_op *op, int rc, const json_t *reply, const char *text)
{
	op->deliver(op, rc, reply, text);
	virt_op_free(op);
}

/* One place in the limit is free: let the next lane that waits have it, in
 * turn from this host on. */
static void
pass_on(const struct lane *lane)
{
	const struct virt *virt = lane->virt;
	size_t from = 0;

	for (size_t i = 0; i < virt->n_hosts; i++)
		if (virt->hosts[i] == lane->host)
			from = i;
	for (size_t i = 1; i <= virt->n_hosts; i++) {
		struct virt_host *host =
			virt->hosts[(from + i) % virt->n_hosts];
		struct lane *next = &host->lanes[lane->kind];

		if (next->running == NULL && next->first != NULL) {
			loop_timer_start(next->turn, 0);
			return;
		}
	}
}

/* Take the running operation off its lane, which goes on by itself. */
static struct virt_op *
release(struct lane *lane)
{
	struct virt_op *op = lane->running;

	lane->running = NULL;
	lane->virt->working[lane->kind]--;
	pass_on(lane);
	loop_timer_start(lane->turn, lane->first != NULL ? 0 : IDLE_MS);
	return op;
}

static void
worker_replied(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct virt_op *op = release(arg);

	finish(op, rc, reply, err != NULL ? err->text : "");
}

static struct virt_op *
pop(struct lane *lane)
{
	struct virt_op *op = lane->first;

	lane->first = op->next;
	if (lane->first == NULL)
		lane->end = &lane->first;
	lane->waiting--;
	return op;
}

static void
send_next(struct lane *lane)
{
	struct virt *virt = lane->virt;
	struct virt_op *op = pop(lane);

	if (op->cancelled) {
		pass_on(lane); /* this turn was not needed */
		loop_timer_start(lane->turn, 0);
		finish(op, -ECANCELED, NULL,
		       "not sent: given up, too many wait, or no UTF-8");
		return;
	}
	if (lane->worker == NULL)
		lane->worker = worker_new(virt->loop, VIRT_ROLE, NULL, NULL);
	lane->running = op;
	virt->working[lane->kind]++;
	int rc = worker_ask(lane->worker, op->request, op->deadline_ms,
			    worker_replied, lane);
	if (rc < 0) {
		release(lane);
		finish(op, rc, NULL, "not sent: no worker could be started");
	}
}

/* The worker is in the midst of it: only its end ends that. */
static void
end_cancelled(struct lane *lane)
{
	worker_free(lane->worker);
	lane->worker = NULL;
	finish(release(lane), -ECANCELED, NULL, "given up half-way");
}

static void
take_turn(void *arg)
{
	struct lane *lane = arg;

	if (lane->running != NULL) {
		if (lane->running->cancelled)
			end_cancelled(lane);
	} else if (lane->first == NULL) {
		worker_free(lane->worker);
		lane->worker = NULL;
	} else if (lane->first->cancelled ||
		   lane->virt->working[lane->kind] < lane_limits[lane->kind]) {
		send_next(lane);
	}
}

/* --- hosts --------------------------------------------------------------- */

static void
start_lane(struct virt *virt, struct virt_host *host, enum lane_kind kind)
{
	struct lane *lane = &host->lanes[kind];

	lane->virt = virt;
	lane->host = host;
	lane->kind = kind;
	lane->end = &lane->first;
	lane->turn = loop_timer_new(virt->loop, take_turn, lane);
}

static void
stop_lane(struct lane *lane)
{
	worker_free(lane->worker);
	loop_timer_free(lane->turn);
	virt_op_free(lane->running);
	while (lane->first != NULL)
		virt_op_free(pop(lane));
}

static struct virt_host *
find_host(const struct virt *virt, const char *uri)
{
	for (size_t i = 0; i < virt->n_hosts; i++)
		if (strcmp(virt->hosts[i]->uri, uri) == 0)
			return virt->hosts[i];
	return NULL;
}

static struct virt_host *
add_host(struct virt *virt, const char *uri)
{
	struct virt_host *host = xcalloc(1, sizeof(*host));

	host->uri = xstrdup(uri);
	for (int kind = 0; kind < LANES; kind++)
		start_lane(virt, host, (enum lane_kind)kind);
	virt->hosts = xrealloc(virt->hosts, virt->n_hosts + 1,
			       sizeof(struct virt_host *));
	virt->hosts[virt->n_hosts++] = host;
	return host;
}

/* --- queues -------------------------------------------------------------- */

void
virt_op_free(struct virt_op *op)
{
	if (op == NULL)
		return;
	json_decref(op->request);
	free(op);
}

/* What cannot be done is put in as cancelled: its caller is told from the loop,
 * as ever. */
void
virt_enqueue(struct virt *virt, const char *uri, enum lane_kind kind,
	     struct virt_op *op)
{
	struct virt_host *host = find_host(virt, uri);

	if (host == NULL)
		host = add_host(virt, uri);
	struct lane *lane = &host->lanes[kind];
	if (lane->waiting >= VIRT_QUEUE_MAX || uri[0] == '\0' ||
	    json_object_set_new(op->request, "uri", json_string(uri)) < 0)
		op->cancelled = true;
	*lane->end = op;
	lane->end = &op->next;
	lane->waiting++;
	if (lane->running == NULL)
		loop_timer_start(lane->turn, 0);
}

static void
cancel_lane(struct lane *lane)
{
	if (lane->running != NULL)
		lane->running->cancelled = true;
	for (struct virt_op *op = lane->first; op != NULL; op = op->next)
		op->cancelled = true;
	if (lane->running != NULL || lane->first != NULL)
		loop_timer_start(lane->turn, 0);
}

void
virt_cancel(struct virt *virt, const char *uri)
{
	struct virt_host *host = find_host(virt, uri);

	if (host == NULL)
		return;
	cancel_lane(&host->lanes[LANE_READ]);
	cancel_lane(&host->lanes[LANE_ACT]);
}

struct virt *
virt_new(struct loop *loop)
{
	struct virt *virt = xcalloc(1, sizeof(*virt));

	virt->loop = loop;
	return virt;
}

void
virt_free(struct virt *virt)
{
	if (virt == NULL)
		return;
	for (size_t i = 0; i < virt->n_hosts; i++) {
		struct virt_host *host = virt->hosts[i];

		for (size_t kind = 0; kind < LANES; kind++)
			stop_lane(&host->lanes[kind]);
		free(host->uri);
		free(host);
	}
	free(virt->hosts);
	free(virt);
}
