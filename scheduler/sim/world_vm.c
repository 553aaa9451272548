/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt and QEMU do with VMs. */
#include <errno.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "scheduler/sim/sim_time.h"
#include "scheduler/sim/world.h"

/* Something that ends later; the host's boot tells whether it still can. */
struct errand {
	struct world *world;
	size_t host, vm;
	unsigned boot;
	world_fn fn;
	void *arg;
};

static struct errand *
errand_new(struct world *world, size_t host, size_t vm, world_fn fn, void *arg)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));

	*errand = (struct errand){ world, host, vm, world->hosts[host].boot,
				   fn,    arg };
	world->errands++;
	return errand;
}

static void
errand_end(struct errand *errand, int rc)
{
	errand->world->errands--;
	if (errand->fn != NULL)
		errand->fn(errand->arg, rc);
	free(errand);
}

static void
say_run(struct world *world, size_t host, size_t vm, const char *why)
{
	trace_put(world->trace,
		  &(struct trace_event){ .event = "vm_run",
					 .vm = world->vms[vm].name,
					 .host = world->hosts[host].name,
					 .why = why });
}

static void
say_halt(struct world *world, size_t host, size_t vm, bool moved)
{
	trace_put(world->trace,
		  &(struct trace_event){ .event = "vm_halt",
					 .vm = world->vms[vm].name,
					 .host = world->hosts[host].name,
					 .flag = moved ? "moved" : NULL,
					 .is_set = true });
}

size_t
world_runs_on(const struct world *world, size_t vm, size_t *ret_first)
{
	size_t n = 0;

	for (size_t h = 0; h < world->n_hosts; h++)
		if (world->hosts[h].on &&
		    world->hosts[h].copies[vm].state == COPY_RUNNING &&
		    n++ == 0)
			*ret_first = h;
	return n;
}

/* --- start ---------------------------------------------------------------- */

static bool
fails_to_start(struct world *world, size_t host, size_t vm)
{
	struct vm_faults *faults = &world->vms[vm].faults;

	if (faults->start_times == 0 ||
	    (faults->start_hosts != 0 &&
	     (faults->start_hosts & UINT64_C(1) << host) == 0))
		return false;
	faults->start_times--;
	return true;
}

static void
crash_later(void *arg)
{
	struct errand *errand = arg;
	struct world *world = errand->world;

	if (world->hosts[errand->host].boot == errand->boot &&
	    world->hosts[errand->host].copies[errand->vm].state == COPY_RUNNING)
		world_crash(world, errand->vm);
	errand_end(errand, 0);
}

static void
run(struct world *world, size_t host, size_t vm, const char *why)
{
	struct copy *copy = &world->hosts[host].copies[vm];

	copy->state = COPY_RUNNING;
	copy->reason = VM_REASON_NONE;
	copy->event = VM_EVENT_STARTED;
	copy->event_ms = sim_now_ms();
	world->vms[vm].silent = false;
	world->vms[vm].last = host;
	world_touch(world, host);
	say_run(world, host, vm, why);
	if (world->vms[vm].faults.crash_after_ms != 0)
		sim_after(world->vms[vm].faults.crash_after_ms, crash_later,
			  errand_new(world, host, vm, NULL, NULL));
	if (world->vms[vm].faults.kills_host)
		world_power_off(world, host);
}

static void
start_ends(void *arg)
{
	struct errand *errand = arg;
	struct world *world = errand->world;
	struct copy *copy = &world->hosts[errand->host].copies[errand->vm];

	if (!world->hosts[errand->host].on ||
	    world->hosts[errand->host].boot != errand->boot ||
	    copy->state != COPY_STARTING) {
		errand_end(errand, -ENODEV);
		return;
	}
	if (fails_to_start(world, errand->host, errand->vm) ||
	    !world_has_paths(world, errand->host, errand->vm)) {
		copy->state = COPY_OFF;
		copy->reason = VM_REASON_FAILED;
		world_touch(world, errand->host);
		errand_end(errand, -EIO);
		return;
	}
	run(world, errand->host, errand->vm, "start");
	errand_end(errand, 0);
}

int
world_start(struct world *world, size_t host, size_t vm, world_fn fn, void *arg)
{
	struct copy *copy = &world->hosts[host].copies[vm];

	if (copy->state != COPY_OFF)
		return -EEXIST;
	copy->defined = true;
	copy->state = COPY_STARTING;
	world_touch(world, host);
	sim_after(world->vms[vm].start_ms, start_ends,
		  errand_new(world, host, vm, fn, arg));
	return 0;
}

/* --- ends ----------------------------------------------------------------- */

int
world_destroy(struct world *world, size_t host, size_t vm,
	      enum report_vm_reason reason)
{
	struct copy *copy = &world->hosts[host].copies[vm];
	bool ran = copy->state == COPY_RUNNING;

	if (copy->state == COPY_OFF)
		return 0;
	if (world->vms[vm].faults.stop)
		return -EBUSY;
	copy->state = COPY_OFF;
	copy->reason = reason;
	copy->event = VM_EVENT_STOPPED;
	copy->event_ms = sim_now_ms();
	world_touch(world, host);
	if (ran)
		say_halt(world, host, vm, false);
	return 0;
}

bool
world_resume(struct world *world, size_t host, size_t vm)
{
	struct copy *copy = &world->hosts[host].copies[vm];

	if (copy->state != COPY_PAUSED)
		return false;
	copy->state = COPY_RUNNING;
	copy->event = VM_EVENT_RESUMED;
	copy->event_ms = sim_now_ms();
	world_touch(world, host);
	say_run(world, host, vm, "adopt");
	return true;
}

void
world_crash(struct world *world, size_t vm)
{
	size_t host = WORLD_NONE;

	if (world_runs_on(world, vm, &host) == 0)
		return;
	struct copy *copy = &world->hosts[host].copies[vm];
	copy->state = COPY_CRASHED;
	copy->reason = VM_REASON_CRASHED;
	copy->event = VM_EVENT_PANICKED;
	copy->event_ms = sim_now_ms();
	world_touch(world, host);
	say_halt(world, host, vm, false);
}

/* --- migrations ----------------------------------------------------------- */

static bool
can_go_on(const struct world *world, size_t host)
{
	return world_is_up(world, host) &&
	       world_reaches(world, host, PLANE_MIGRATE, BOTH_WAYS);
}

static void
arrive(struct world *world, size_t vm, size_t from, size_t to)
{
	struct copy *source = &world->hosts[from].copies[vm];
	struct copy *target = &world->hosts[to].copies[vm];

	source->state = COPY_OFF;
	source->reason = VM_REASON_MIGRATED;
	source->defined = false;
	say_halt(world, from, vm, true);
	*target = (struct copy){ .defined = true,
				 .autostart = source->autostart,
				 .state = COPY_RUNNING,
				 .reason = VM_REASON_NONE,
				 .event = VM_EVENT_RESUMED,
				 .event_ms = sim_now_ms() };
	world->vms[vm].last = to;
	say_run(world, to, vm, "migrate");
	world_touch(world, from);
	world_touch(world, to);
}

static void
migration_ends(void *arg)
{
	struct errand *errand = arg;
	struct world *world = errand->world;
	struct vm *vm = &world->vms[errand->vm];
	size_t from = errand->host, to = vm->to;

	if (to == WORLD_NONE) { /* the target died; its copy with it */
		errand_end(errand, -ENODEV);
		return;
	}
	vm->to = WORLD_NONE;
	struct copy *target = &world->hosts[to].copies[errand->vm];
	bool lives =
		world->hosts[from].on &&
		world->hosts[from].boot == errand->boot &&
		world->hosts[from].copies[errand->vm].state == COPY_RUNNING &&
		target->state == COPY_INCOMING;
	if (lives && vm->faults.migrate_times == 0 && can_go_on(world, from) &&
	    can_go_on(world, to)) {
		arrive(world, errand->vm, from, to);
	} else {
		vm->faults.migrate_times -= vm->faults.migrate_times > 0;
		if (target->state == COPY_INCOMING)
			target->state = COPY_OFF;
		world_touch(world, to);
		lives = false;
	}
	errand_end(errand, lives ? 0 : -EIO);
}

int
world_migrate(struct world *world, size_t vm, size_t to)
{
	size_t from = WORLD_NONE;

	if (world_runs_on(world, vm, &from) != 1 || from == to ||
	    world->vms[vm].to != WORLD_NONE || !world->vms[vm].movable ||
	    !can_go_on(world, from) || !can_go_on(world, to) ||
	    world->hosts[to].copies[vm].state != COPY_OFF ||
	    !world_has_paths(world, to, vm))
		return -EINVAL;
	world->vms[vm].to = to;
	world->hosts[to].copies[vm].state = COPY_INCOMING;
	world_touch(world, to);
	trace_put(world->trace,
		  &(struct trace_event){ .event = "migrate_begin",
					 .vm = world->vms[vm].name,
					 .from = world->hosts[from].name,
					 .to = world->hosts[to].name });
	sim_after(world->vms[vm].migrate_ms, migration_ends,
		  errand_new(world, from, vm, NULL, NULL));
	return 0;
}
