/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/virt.h over a world.
 *
 * As in the daemon each host has a lane for acts, one after another, and others
 * for probes and reads.  What has reached a libvirt is done there, whether or
 * not anybody still waits for it; so an operation lives until both sides are
 * done with it.
 */
#include "scheduler/coordinator/virt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/policy/timeouts.h"
#include "scheduler/sim/driver.h"
#include "scheduler/sim/node.h"

enum { WAY_MS = 3 };

enum op_kind { OP_PROBE, OP_READ, OP_START, OP_CLEAN, OP_STOP, OP_RESUME };

struct op {
	struct virt *virt; /* NULL: nobody waits for it any more */
	struct op *next;   /* of virt's list */
	struct loop_timer *timer;
	enum op_kind kind;
	size_t host;
	bool begun, sent;
	bool at_host; /* a libvirt works on it */
	bool had_definition;
	bool spare; /* OP_STOP: a copy that runs */
	char uuid[REPORT_UUID_LEN];
	struct virt_stale *stale; /* with texts of its own */
	size_t n_stale;
	union {
		virt_probe_fn probe;
		virt_definition_fn read;
		virt_start_fn start;
		virt_clean_fn clean;
		virt_stop_fn stop;
		virt_resume_fn resume;
	} fn;
	void *arg;
};

struct virt {
	struct loop *loop;
	struct op *ops; /* oldest first */
};

static void begin_next(struct virt *virt, size_t host);

/* --- life of an operation ------------------------------------------------- */

static void
op_free(struct op *op)
{
	for (size_t i = 0; i < op->n_stale; i++)
		free((char *)op->stale[i].uuid);
	free(op->stale);
	free(op);
}

/* Nobody waits for it any more. */
static void
op_leave(struct op *op)
{
	struct op **link = &op->virt->ops;

	while (*link != op)
		link = &(*link)->next;
	*link = op->next;
	loop_timer_free(op->timer);
	op->timer = NULL;
	op->virt = NULL;
	if (!op->at_host)
		op_free(op);
}

static bool
is_act(const struct op *op)
{
	return op->kind != OP_PROBE && op->kind != OP_READ;
}

static void step(void *arg);

static void
op_begin(struct op *op)
{
	op->begun = true;
	loop_timer_start(op->timer, WAY_MS);
}

static struct op *
op_new(struct virt *virt, enum op_kind kind, const char *uri, void *arg)
{
	struct op *op = xcalloc(1, sizeof(*op)), **link = &virt->ops;

	op->virt = virt;
	op->kind = kind;
	op->host = driver_find_virt(uri);
	op->arg = arg;
	op->timer = loop_timer_new(virt->loop, step, op);
	while (*link != NULL)
		link = &(*link)->next;
	*link = op;
	return op;
}

static void
op_start(struct op *op)
{
	if (is_act(op))
		begin_next(op->virt, op->host);
	else
		op_begin(op);
}

static void
begin_next(struct virt *virt, size_t host)
{
	struct op *first = NULL;

	for (struct op *op = virt->ops; op != NULL; op = op->next) {
		if (op->host != host || !is_act(op))
			continue;
		if (op->begun)
			return;
		if (first == NULL)
			first = op;
	}
	if (first != NULL)
		op_begin(first);
}

/* --- answers -------------------------------------------------------------- */

static void
answer_start(struct op *op, enum virt_start_result result, const char *text)
{
	struct virt *virt = op->virt;
	virt_start_fn fn = op->fn.start;
	void *arg = op->arg;
	size_t host = op->host;

	op_leave(op);
	fn(arg, result, text);
	begin_next(virt, host);
}

static void
answer_stop(struct op *op, enum virt_stop_result result, const char *text)
{
	struct virt *virt = op->virt;
	virt_stop_fn fn = op->fn.stop;
	void *arg = op->arg;
	size_t host = op->host;

	op_leave(op);
	fn(arg, result, text);
	begin_next(virt, host);
}

static void
answer_resume(struct op *op, enum virt_resume_result result, const char *text)
{
	struct virt *virt = op->virt;
	virt_resume_fn fn = op->fn.resume;
	void *arg = op->arg;
	size_t host = op->host;

	op_leave(op);
	fn(arg, result, text);
	begin_next(virt, host);
}

static void
answer_clean(struct op *op, const struct virt_clean_result *results, size_t n,
	     const char *text)
{
	struct virt *virt = op->virt;
	virt_clean_fn fn = op->fn.clean;
	void *arg = op->arg;
	size_t host = op->host;

	op_leave(op);
	fn(arg, results, n, text);
	begin_next(virt, host);
}

static void
answer_probe(struct op *op, enum virt_answer answer)
{
	virt_probe_fn fn = op->fn.probe;
	void *arg = op->arg;

	op_leave(op);
	fn(arg, answer, answer == VIRT_SILENT ? "no answer" : "");
}

static void
answer_read(struct op *op, int rc, const struct virt_definition *definition)
{
	virt_definition_fn fn = op->fn.read;
	void *arg = op->arg;

	op_leave(op);
	fn(arg, rc, definition, rc < 0 ? "not read" : "");
}

static void
nothing_cleaned(struct op *op, const char *text)
{
	cleanup_free struct virt_clean_result *results =
		xcalloc(op->n_stale, sizeof(*results));

	for (size_t i = 0; i < op->n_stale; i++)
		snprintf(results[i].uuid, sizeof(results[i].uuid), "%s",
			 op->stale[i].uuid);
	answer_clean(op, results, op->n_stale, text);
}

/* No answer in time. */
static void
give_up(struct op *op)
{
	switch (op->kind) {
	case OP_PROBE:
		answer_probe(op, VIRT_SILENT);
		break;
	case OP_READ:
		answer_read(op, -ETIMEDOUT, NULL);
		break;
	case OP_START:
		answer_start(op, VIRT_START_IN_DOUBT, "no answer in time");
		break;
	case OP_CLEAN:
		nothing_cleaned(op, "no answer in time");
		break;
	case OP_STOP:
		answer_stop(op, VIRT_STOP_IN_DOUBT, "no answer in time");
		break;
	case OP_RESUME:
		answer_resume(op, VIRT_RESUME_IN_DOUBT, "no answer in time");
		break;
	}
}

static int64_t
deadline_ms(enum op_kind kind)
{
	static const int64_t deadlines[] = {
		[OP_PROBE] = PROBE_TIMEOUT_MS,
		[OP_READ] = VIRT_READ_DEADLINE_MS,
		[OP_START] = START_DEADLINE_MS,
		[OP_CLEAN] = CLEAN_DEADLINE_MS,
		[OP_STOP] = STOP_DEADLINE_MS,
		[OP_RESUME] = RESUME_DEADLINE_MS,
	};

	return deadlines[kind];
}

/* --- at the host ---------------------------------------------------------- */

static bool
arrives(const struct op *op, unsigned ways)
{
	const struct world *world = driver_world();

	return !driver_is_cut() && world_is_up(world, op->host) &&
	       !world->hosts[op->host].libvirt_hung &&
	       world_reaches(world, op->host, PLANE_MGMT, ways);
}

static void
read_definition(struct op *op)
{
	const struct world *world = driver_world();
	size_t vm = world_find_uuid(world, op->uuid);
	char hash[REPORT_HASH_LEN];

	if (vm == WORLD_NONE || !world->hosts[op->host].copies[vm].defined) {
		answer_read(op, -ENOENT, NULL);
		return;
	}
	node_definition_hash(world, vm, hash);
	cleanup_free char *xml = NULL;
	char *disks = xstrdup("");
	for (size_t s = 0; s < world->n_stores; s++) {
		if ((world->vms[vm].stores & UINT64_C(1) << s) == 0)
			continue;
		char *more = xasprintf(
			"%s<disk type='file'><source file='/stores/%s/%s.img'/>"
			"<target dev='vd%c'/></disk>",
			disks, world->stores[s], world->vms[vm].name,
			(int)('a' + s));
		free(disks);
		disks = more;
	}
	xml = xasprintf("<domain type='kvm'><name>%s</name><uuid>%s</uuid>"
			"<memory unit='KiB'>%llu</memory><devices>%s</devices>"
			"</domain>",
			world->vms[vm].name, op->uuid,
			(unsigned long long)world->vms[vm].memory_kib, disks);
	free(disks);
	const struct virt_definition definition = { op->uuid,
						    world->vms[vm].name, hash,
						    xml };
	answer_read(op, 0, &definition);
}

/* The libvirt is done with it; its answer may find nobody. */
static void
start_came(void *arg, int rc)
{
	struct op *op = arg;
	struct world *world = driver_world();
	size_t vm = world_find_uuid(world, op->uuid);

	op->at_host = false;
	if (rc != 0 && rc != -ENODEV && !op->had_definition)
		world->hosts[op->host].copies[vm].defined = false;
	if (op->virt == NULL) {
		op_free(op);
		return;
	}
	if (rc == -ENODEV || !arrives(op, FROM_HOST) ||
	    world->hosts[op->host].replies_lost)
		return; /* the deadline ends it */
	answer_start(op, rc == 0 ? VIRT_START_DONE : VIRT_START_ABSENT,
		     rc == 0 ? "" : "it could not be started");
}

static void
start(struct op *op)
{
	struct world *world = driver_world();
	size_t vm = world_find_uuid(world, op->uuid);

	op->had_definition = world->hosts[op->host].copies[vm].defined;
	op->at_host = true;
	int rc = world_start(world, op->host, vm, start_came, op);
	if (rc == 0) {
		world->hosts[op->host].copies[vm].autostart = false;
		return;
	}
	op->at_host = false;
	answer_start(op, VIRT_START_ALREADY, "it runs already");
}

static void
clean(struct op *op)
{
	struct world *world = driver_world();
	cleanup_free struct virt_clean_result *results =
		xcalloc(op->n_stale, sizeof(*results));

	for (size_t i = 0; i < op->n_stale; i++) {
		const struct virt_stale *stale = &op->stale[i];
		size_t vm = world_find_uuid(world, stale->uuid);
		struct copy *copy = &world->hosts[op->host].copies[vm];

		snprintf(results[i].uuid, sizeof(results[i].uuid), "%s",
			 stale->uuid);
		if (copy->state != COPY_OFF) {
			if (!stale->end_running ||
			    world_destroy(world, op->host, vm,
					  VM_REASON_DESTROYED) < 0)
				continue;
			results[i].was_active = true;
		}
		copy->defined = copy->autostart = false;
		results[i].gone = true;
		world_touch(world, op->host);
	}
	answer_clean(op, results, op->n_stale, "");
}

static void
stop(struct op *op)
{
	struct world *world = driver_world();
	size_t vm = world_find_uuid(world, op->uuid);
	const struct copy *copy = &world->hosts[op->host].copies[vm];

	if (copy->state == COPY_OFF) {
		answer_stop(op, VIRT_STOP_ABSENT, "");
	} else if (op->spare && copy->state == COPY_RUNNING) {
		answer_stop(op, VIRT_STOP_SPARED, "it runs");
	} else if (world_destroy(world, op->host, vm, VM_REASON_DESTROYED) ==
		   0) {
		world->hosts[op->host].copies[vm].autostart = false;
		answer_stop(op, VIRT_STOP_DONE, "");
	} else {
		answer_stop(op, VIRT_STOP_IN_DOUBT, "its process does not end");
	}
}

static void
resume(struct op *op)
{
	struct world *world = driver_world();
	size_t vm = world_find_uuid(world, op->uuid);

	if (world_resume(world, op->host, vm))
		answer_resume(op, VIRT_RESUME_DONE, "");
	else
		answer_resume(op, VIRT_RESUME_REFUSED, "it is not paused");
}

/* Its message arrives, or its time is over. */
static void
step(void *arg)
{
	struct op *op = arg;

	if (op->sent) {
		give_up(op);
		return;
	}
	op->sent = true;
	loop_timer_start(op->timer, deadline_ms(op->kind) - WAY_MS);
	if (!arrives(op, op->kind == OP_START ? TO_HOST : BOTH_WAYS))
		return;
	switch (op->kind) {
	case OP_PROBE:
		answer_probe(op, VIRT_ALIVE);
		break;
	case OP_READ:
		read_definition(op);
		break;
	case OP_START:
		start(op);
		break;
	case OP_CLEAN:
		clean(op);
		break;
	case OP_STOP:
		stop(op);
		break;
	case OP_RESUME:
		resume(op);
		break;
	}
}

/* --- the door ------------------------------------------------------------- */

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
	while (virt->ops != NULL)
		op_leave(virt->ops);
	free(virt);
}

void
virt_probe(struct virt *virt, const char *uri, virt_probe_fn fn, void *arg)
{
	struct op *op = op_new(virt, OP_PROBE, uri, arg);

	op->fn.probe = fn;
	op_start(op);
}

void
virt_read_definition(struct virt *virt, const char *uri, const char *uuid,
		     virt_definition_fn fn, void *arg)
{
	struct op *op = op_new(virt, OP_READ, uri, arg);

	snprintf(op->uuid, sizeof(op->uuid), "%s", uuid);
	op->fn.read = fn;
	op_start(op);
}

void
virt_start(struct virt *virt, const char *uri, const char *uuid,
	   const char *xml, virt_start_fn fn, void *arg)
{
	struct op *op = op_new(virt, OP_START, uri, arg);

	(void)xml;
	snprintf(op->uuid, sizeof(op->uuid), "%s", uuid);
	op->fn.start = fn;
	op_start(op);
}

void
virt_stop(struct virt *virt, const char *uri, const char *uuid, bool spare,
	  virt_stop_fn fn, void *arg)
{
	struct op *op = op_new(virt, OP_STOP, uri, arg);

	snprintf(op->uuid, sizeof(op->uuid), "%s", uuid);
	op->spare = spare;
	op->fn.stop = fn;
	op_start(op);
}

void
virt_resume(struct virt *virt, const char *uri, const char *uuid,
	    virt_resume_fn fn, void *arg)
{
	struct op *op = op_new(virt, OP_RESUME, uri, arg);

	snprintf(op->uuid, sizeof(op->uuid), "%s", uuid);
	op->fn.resume = fn;
	op_start(op);
}

void
virt_clean(struct virt *virt, const char *uri, const struct virt_stale *stale,
	   size_t n, virt_clean_fn fn, void *arg)
{
	struct op *op = op_new(virt, OP_CLEAN, uri, arg);

	op->stale = xcalloc(n, sizeof(*op->stale));
	op->n_stale = n;
	for (size_t i = 0; i < n; i++)
		op->stale[i] = (struct virt_stale){ xstrdup(stale[i].uuid),
						    stale[i].end_running };
	op->fn.clean = fn;
	op_start(op);
}

void
virt_cancel(struct virt *virt, const char *uri)
{
	size_t host = driver_find_virt(uri);

	for (struct op *op = virt->ops; op != NULL; op = op->next) {
		if (op->host != host || op->kind == OP_PROBE)
			continue;
		op->begun = op->sent = true;
		loop_timer_start(op->timer, 0);
	}
}

const char *
virt_answer_name(enum virt_answer answer)
{
	static const char *const names[] = { "unknown", "alive", "refused",
					     "silent" };

	return names[answer];
}

const char *
virt_start_result_name(enum virt_start_result result)
{
	static const char *const names[] = { "in doubt", "done", "already",
					     "absent" };

	return names[result];
}

const char *
virt_stop_result_name(enum virt_stop_result result)
{
	static const char *const names[] = { "in doubt", "done", "absent",
					     "spared" };

	return names[result];
}

const char *
virt_resume_result_name(enum virt_resume_result result)
{
	static const char *const names[] = { "in doubt", "done", "refused" };

	return names[result];
}
