/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/truth.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/policy/timeouts.h"
#include "scheduler/sim/sim_time.h"

enum {
	TEXT_LEN = 256,
	/* A fault excuses a fence that long after its end: the evidence that
	 * was gathered under it has to grow old first. */
	EXCUSE_MS = 60000,
	/* Between a reading and the word of it the truth may change. */
	WORD_MS = 100,
	FENCES_KEPT = FENCES_PER_HOUR + 1
};
#define HOUR_MS INT64_C(3600000)
#define NEVER   INT64_MIN

struct truth_vm {
	size_t lost_on; /* WORLD_NONE: it was not lost with a host */
	int64_t lost_ms;
	bool wanted;
	bool known_off; /* and the coordinator has said that it is */
	/* He has started it, and the coordinator has not said so yet. */
	bool unseen;
	/* A start is under way at that boot of that host. */
	bool command;
	size_t command_host;
	unsigned command_boot;
};

struct truth_host {
	int64_t proof_ms; /* last claim of its being clean */
	int64_t fault_ms; /* last time that something was wrong */
	int64_t on_ms;    /* it got power */
	int64_t fences[FENCES_KEPT];
	size_t n_fences;
};

struct truth {
	struct world *world;
	struct truth_vm *vms;
	struct truth_host *hosts;
	bool quiet;
	unsigned counts[INVARIANTS];
	char first[TEXT_LEN];
	struct truth_counts seen;
};

const char *
invariant_name(enum invariant invariant)
{
	static const char *const names[INVARIANTS] = {
		[S1] = "S1",   [S2] = "S2",   [S3] = "S3",   [S7] = "S7",
		[S10] = "S10", [S11] = "S11", [S12] = "S12", [S15] = "S15",
		[S16] = "S16", [L6] = "L6",
	};

	return names[invariant];
}

static void violate(struct truth *truth, enum invariant what, const char *fmt,
		    ...) __attribute__((format(printf, 3, 4)));

static void
violate(struct truth *truth, enum invariant what, const char *fmt, ...)
{
	va_list ap;

	if (truth->counts[what]++ > 0 || truth->first[0] != '\0')
		return;
	int n = snprintf(truth->first, sizeof(truth->first),
			 "%.3f s: %s: ", (double)sim_now_ms() / 1000,
			 invariant_name(what));
	va_start(ap, fmt);
	vsnprintf(truth->first + n, sizeof(truth->first) - (size_t)n, fmt, ap);
	va_end(ap);
}

struct truth *
truth_new(struct world *world)
{
	struct truth *truth = xcalloc(1, sizeof(*truth));

	truth->world = world;
	truth->vms = xcalloc(world->n_vms, sizeof(*truth->vms));
	truth->hosts = xcalloc(world->n_hosts, sizeof(*truth->hosts));
	for (size_t i = 0; i < world->n_hosts; i++)
		truth->hosts[i].proof_ms = truth->hosts[i].fault_ms = NEVER;
	for (size_t i = 0; i < world->n_vms; i++)
		truth->vms[i] = (struct truth_vm){ .lost_on = WORLD_NONE,
						   .wanted = true };
	return truth;
}

void
truth_free(struct truth *truth)
{
	if (truth == NULL)
		return;
	free(truth->vms);
	free(truth->hosts);
	free(truth);
}

void
truth_note_fault(struct truth *truth, size_t host)
{
	for (size_t i = 0; i < truth->world->n_hosts; i++)
		if (host == WORLD_NONE || host == i)
			truth->hosts[i].fault_ms = sim_now_ms();
}

void
truth_note_wish(struct truth *truth, size_t vm, bool on)
{
	truth->vms[vm].wanted = truth->vms[vm].unseen = on;
	truth->vms[vm].known_off = false;
}

void
truth_set_quiet(struct truth *truth, bool quiet)
{
	truth->quiet = quiet;
}

/* --- events --------------------------------------------------------------- */

static void
host_power(struct truth *truth, size_t host, bool on)
{
	truth_note_fault(truth, host);
	if (on) {
		truth->hosts[host].on_ms = sim_now_ms();
		return;
	}
	/* The copies are gone already; the trace told them before. */
	for (size_t vm = 0; vm < truth->world->n_vms; vm++) {
		size_t other;

		if (truth->vms[vm].lost_on == WORLD_NONE &&
		    world_runs_on(truth->world, vm, &other) == 0 &&
		    truth->world->vms[vm].last == host) {
			truth->vms[vm].lost_on = host;
			truth->vms[vm].lost_ms = sim_now_ms();
			/* His word died with the host: he has to repeat it. */
			truth->vms[vm].wanted &= !truth->vms[vm].unseen;
			truth->seen.losses++;
		}
	}
}

static void
vm_runs(struct truth *truth, size_t vm, size_t host, bool by_start)
{
	struct truth_vm *v = &truth->vms[vm];
	const char *name = truth->world->vms[vm].name;
	const char *at = truth->world->hosts[host].name;
	size_t first = WORLD_NONE;

	if (world_runs_on(truth->world, vm, &first) > 1)
		violate(truth, S1, "%s runs on %s and elsewhere", name, at);
	if (by_start && v->lost_on != WORLD_NONE && v->lost_on != host &&
	    truth->hosts[v->lost_on].proof_ms < v->lost_ms)
		violate(truth, S2, "%s starts on %s without a proof about %s",
			name, at, truth->world->hosts[v->lost_on].name);
	v->lost_on = WORLD_NONE;
	truth->seen.starts += by_start;
	truth->seen.moves += !by_start;
	if (truth->quiet)
		violate(truth, S15, "%s starts on %s in quiet times", name, at);
}

/* A command to a host that lost power since is void. */
static bool
can_arrive(const struct truth *truth, const struct truth_vm *v)
{
	const struct host *host = &truth->world->hosts[v->command_host];

	return host->on && host->boot == v->command_boot;
}

static void
start_command(struct truth *truth, size_t vm, size_t host)
{
	struct truth_vm *v = &truth->vms[vm];
	const char *name = truth->world->vms[vm].name;

	if (v->known_off)
		violate(truth, S7, "%s is started, its user wants it off",
			name);
	v->wanted = true; /* his word died with the host; he has to repeat it */
	if (v->command && can_arrive(truth, v))
		violate(truth, S12, "a second command for %s", name);
	v->command = true;
	v->command_host = host;
	v->command_boot = truth->world->hosts[host].boot;
}

/* Living hosts that the coordinator cannot hear: is it the network? */
static bool
is_mass_silence(const struct world *world)
{
	size_t living = 0, silent = 0;

	for (size_t h = 0; h < world->n_hosts; h++) {
		if (!world_is_up(world, h))
			continue;
		living++;
		silent += !world_reaches(world, h, PLANE_MGMT, BOTH_WAYS);
	}
	return silent > 1 && silent * 2 >= living;
}

static void
fence_request(struct truth *truth, size_t host)
{
	struct truth_host *h = &truth->hosts[host];
	const char *name = truth->world->hosts[host].name;
	int64_t now_ms = sim_now_ms();

	truth->seen.fences++;
	if (truth->quiet)
		violate(truth, S15, "%s is fenced in quiet times", name);
	if (is_mass_silence(truth->world))
		violate(truth, S10, "%s is fenced in a mass silence", name);
	if (!world_is_faulty(truth->world, host) &&
	    (h->fault_ms == NEVER || now_ms - h->fault_ms > EXCUSE_MS))
		violate(truth, S16, "%s is fenced without a fault", name);
	if (h->n_fences >= FENCES_PER_HOUR &&
	    now_ms - h->fences[(h->n_fences - FENCES_PER_HOUR) % FENCES_KEPT] <
		    HOUR_MS)
		violate(truth, S11, "%s is fenced too often", name);
	h->fences[h->n_fences++ % FENCES_KEPT] = now_ms;
}

static void
fence_done(struct truth *truth, size_t host, const char *how)
{
	truth->hosts[host].proof_ms = sim_now_ms();
	if (truth->world->hosts[host].on &&
	    sim_now_ms() - truth->hosts[host].on_ms > WORD_MS && how != NULL &&
	    strcmp(how, "bmc") == 0)
		violate(truth, S3, "%s is called off and has power",
			truth->world->hosts[host].name);
}

static bool
is(const struct trace_event *e, const char *event)
{
	return strcmp(e->event, event) == 0;
}

static void
hear_of_host(struct truth *truth, const struct trace_event *e, size_t host)
{
	if (is(e, "host_power"))
		host_power(truth, host, e->is_set);
	else if (is(e, "fence_req"))
		fence_request(truth, host);
	else if (is(e, "fence_ok"))
		fence_done(truth, host, e->how);
	else if (is(e, "joined"))
		truth->hosts[host].proof_ms = sim_now_ms();
}

static void
vm_state(struct truth_vm *vm, const char *state)
{
	vm->known_off = !vm->wanted && strcmp(state, "stopped") == 0;
	if (strcmp(state, "running") == 0)
		vm->unseen = false;
}

/* What it waited for is gone with it. */
static void
coordinator_gone(struct truth *truth)
{
	for (size_t vm = 0; vm < truth->world->n_vms; vm++)
		truth->vms[vm].command = false;
}

void
truth_hear(void *arg, const struct trace_event *e)
{
	struct truth *truth = arg;
	size_t host = e->host != NULL ? world_find_host(truth->world, e->host)
				      : WORLD_NONE;
	size_t vm =
		e->vm != NULL ? world_find_vm(truth->world, e->vm) : WORLD_NONE;

	if (vm == WORLD_NONE && host != WORLD_NONE)
		hear_of_host(truth, e, host);
	else if (is(e, "coordinator_gone"))
		coordinator_gone(truth);
	else if (vm == WORLD_NONE)
		return;
	else if (is(e, "vm_run"))
		vm_runs(truth, vm, host, strcmp(e->why, "start") == 0);
	else if (is(e, "start_cmd"))
		start_command(truth, vm, host);
	else if (is(e, "vm_state"))
		vm_state(&truth->vms[vm], e->state);
	else if (is(e, "start_done"))
		truth->vms[vm].command = false;
	else if (is(e, "vm_halt") && truth->quiet)
		violate(truth, S15, "%s ends in quiet times", e->vm);
}

/* --- the end -------------------------------------------------------------- */

bool
truth_is_well(const struct truth *truth, char *ret_why, size_t size)
{
	for (size_t vm = 0; vm < truth->world->n_vms; vm++) {
		size_t host = WORLD_NONE;
		size_t n = world_runs_on(truth->world, vm, &host);

		if (n == (truth->vms[vm].wanted ? 1 : 0))
			continue;
		snprintf(ret_why, size, "%s runs %zu times and is wanted %s",
			 truth->world->vms[vm].name, n,
			 truth->vms[vm].wanted ? "on" : "off");
		return false;
	}
	return true;
}

bool
truth_is_wanted(const struct truth *truth, size_t vm)
{
	return truth->vms[vm].wanted;
}

void
truth_unrest(struct truth *truth)
{
	violate(truth, L6, "the coordinator is not at rest");
}

void
truth_check_well(struct truth *truth)
{
	char why[TEXT_LEN];

	if (!truth_is_well(truth, why, sizeof(why)))
		violate(truth, L6, "%s", why);
}

unsigned
truth_violations(const struct truth *truth, unsigned ret_counts[INVARIANTS])
{
	unsigned all = 0;

	for (int i = 0; i < INVARIANTS; i++) {
		ret_counts[i] = truth->counts[i];
		all += truth->counts[i];
	}
	return all;
}

const char *
truth_first(const struct truth *truth)
{
	return truth->first;
}

struct truth_counts
truth_counts(const struct truth *truth)
{
	return truth->seen;
}
