/* SPDX-License-Identifier: Apache-2.0 */
/* The dice of a storm. */
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"
#include "scheduler/sim/driver.h"
#include "scheduler/sim/sim_time.h"
#include "scheduler/sim/storm.h"

enum {
	DRAW_MS = 1000,
	FAULT_ONE_IN = 25, /* draws */
	END_ONE_IN = 20,   /* of each host's faults, in a draw */
};

const char *
storm_fault_name(enum storm_fault fault)
{
	static const char *const names[FAULTS] = {
		[FAULT_POWER] = "power lost",
		[FAULT_POWER_BMC] = "power lost, BMC too",
		[FAULT_REBOOT] = "fast reboot",
		[FAULT_HANG] = "host hangs",
		[FAULT_AGENT_DEAD] = "agent dies",
		[FAULT_AGENT_HUNG] = "agent hangs",
		[FAULT_LIBVIRT_HUNG] = "libvirtd hangs",
		[FAULT_MGMT_CUT] = "management cut",
		[FAULT_MGMT_CUT_ONE_WAY] = "management cut one way",
		[FAULT_MGMT_CUT_ALL] = "management cut for all",
		[FAULT_STORAGE_CUT] = "storage cut",
		[FAULT_BMC_SILENT] = "BMC silent",
		[FAULT_BMC_LOSSY] = "BMC lossy",
		[FAULT_BMC_SLOW_OFF] = "BMC slow to switch",
		[FAULT_BMC_GLITCHES] = "BMC says off by mistake",
		[FAULT_REPLIES_LOST] = "libvirt's answers lost",
		[FAULT_LOSSY] = "heartbeats lost",
		[FAULT_LATE] = "heartbeats late",
		[FAULT_BUTTON] = "power button",
		[FAULT_START_FAILS] = "start fails",
		[FAULT_COORDINATOR_KILLED] = "coordinator killed",
		[FAULT_COORDINATOR_DOOMED] = "coordinator killed in a turn",
		[FAULT_USER_STOP] = "user stops a VM",
		[FAULT_USER_START] = "user starts a VM",
		[FAULT_USER_MOVE] = "user moves a VM",
	};

	return names[fault];
}

/* --- later ---------------------------------------------------------------- */

/* A storm's own delayed act; the host's boot says whether it is still meant. */
struct delayed {
	struct storm *storm;
	size_t host;
	unsigned boot;
	void (*fn)(struct storm *storm, size_t host);
};

static void
delayed_runs(void *arg)
{
	struct delayed *d = arg;

	if (d->storm->raging && d->storm->world->hosts[d->host].boot == d->boot)
		d->fn(d->storm, d->host);
	free(d);
}

static void
later(struct storm *storm, int64_t delay_ms, size_t host,
      void (*fn)(struct storm *storm, size_t host))
{
	struct delayed *d = xcalloc(1, sizeof(*d));

	*d = (struct delayed){ storm, host, storm->world->hosts[host].boot,
			       fn };
	sim_after(delay_ms, delayed_runs, d);
}

/* --- hosts ---------------------------------------------------------------- */

static void
feed(struct storm *storm, size_t host)
{
	for (size_t b = 0; b < WORLD_BMCS_MAX; b++)
		storm->world->hosts[host].bmc[b].no_feed = false;
	world_power_on(storm->world, host);
}

static void
lose_power(struct storm *storm, size_t host)
{
	world_power_off(storm->world, host);
	later(storm, 20000 + (int64_t)world_draw(storm->world, 300000), host,
	      feed);
}

static void
lose_power_and_bmc(struct storm *storm, size_t host)
{
	storm->world->hosts[host].bmc[0].no_feed = true;
	lose_power(storm, host);
}

static void
reboot(struct storm *storm, size_t host)
{
	world_power_off(storm->world, host);
	later(storm, 1000 + (int64_t)world_draw(storm->world, 4000), host,
	      feed);
}

static void
hang(struct storm *storm, size_t host)
{
	struct world *world = storm->world;

	world_note_slot(world, host);
	world->hosts[host].hung = world->hosts[host].on;
}

static void
agent_dies(struct storm *storm, size_t host)
{
	world_note_slot(storm->world, host);
	storm->world->hosts[host].agent_dead = true;
}

static void
agent_hangs(struct storm *storm, size_t host)
{
	world_note_slot(storm->world, host);
	storm->world->hosts[host].agent_hung = true;
}

static void
libvirt_hangs(struct storm *storm, size_t host)
{
	storm->world->hosts[host].libvirt_hung = true;
}

static void
cut_mgmt(struct storm *storm, size_t host)
{
	storm->world->hosts[host].cut[PLANE_MGMT] = BOTH_WAYS;
}

static void
cut_mgmt_one_way(struct storm *storm, size_t host)
{
	storm->world->hosts[host].cut[PLANE_MGMT] =
		world_draw(storm->world, 2) ? TO_HOST : FROM_HOST;
}

static void
cut_mgmt_all(struct storm *storm, size_t host)
{
	(void)host;
	for (size_t h = 0; h < storm->world->n_hosts; h++)
		cut_mgmt(storm, h);
	truth_note_fault(storm->truth, WORLD_NONE);
}

static void
cut_storage(struct storm *storm, size_t host)
{
	world_note_slot(storm->world, host);
	storm->world->hosts[host].cut[PLANE_STORAGE] = BOTH_WAYS;
}

static void
lose_heartbeats(struct storm *storm, size_t host)
{
	storm->world->hosts[host].loss_pm =
		50 + (unsigned)world_draw(storm->world, 400);
}

static void
delay_heartbeats(struct storm *storm, size_t host)
{
	storm->world->hosts[host].reply_delay_ms =
		100 + (int64_t)world_draw(storm->world, 3000);
}

/* --- BMCs ----------------------------------------------------------------- */

static void
silence_bmc(struct storm *storm, size_t host)
{
	storm->world->hosts[host].bmc[0].unreachable = true;
}

static void
lossy_bmc(struct storm *storm, size_t host)
{
	storm->world->hosts[host].bmc[0].drops_pm =
		100 + (unsigned)world_draw(storm->world, 500);
}

static void
slow_bmc(struct storm *storm, size_t host)
{
	storm->world->hosts[host].bmc[0].off_delay_ms =
		500 + (int64_t)world_draw(storm->world, 8000);
}

static void
glitchy_bmc(struct storm *storm, size_t host)
{
	storm->world->hosts[host].bmc[0].glitches = true;
}

static void
lose_replies(struct storm *storm, size_t host)
{
	storm->world->hosts[host].replies_lost = true;
}

static void
press_button(struct storm *storm, size_t host)
{
	if (storm->world->hosts[host].on)
		world_power_off(storm->world, host);
	else
		feed(storm, host);
}

/* --- the coordinator ------------------------------------------------------ */

static void
start_coordinator(void *arg)
{
	struct delayed *d = arg;
	struct err err;

	if (!site_runs(d->storm->site) && site_start(d->storm->site, &err) < 0)
		log_error("sim", "%s", err.text);
	free(d);
}

/* Somebody restarts it, also when it dies some turns later. */
static void
start_later(struct storm *storm)
{
	struct delayed *d = xcalloc(1, sizeof(*d));

	d->storm = storm;
	sim_after(2000 + (int64_t)world_draw(storm->world, 60000),
		  start_coordinator, d);
}

static void
kill_coordinator(struct storm *storm, size_t host)
{
	(void)host;
	site_kill(storm->site);
	start_later(storm);
}

static void
doom_coordinator(struct storm *storm, size_t host)
{
	(void)host;
	site_doom(storm->site, (unsigned)world_draw(storm->world, 3));
}

/* --- users ---------------------------------------------------------------- */

static bool
is_idle(const struct world *world, size_t vm)
{
	for (size_t h = 0; h < world->n_hosts; h++)
		if (world->hosts[h].copies[vm].state == COPY_STARTING ||
		    world->hosts[h].copies[vm].state == COPY_INCOMING)
			return false;
	return true;
}

static void
start_fails(struct storm *storm, size_t host)
{
	(void)host;
	storm->world->vms[world_draw(storm->world, storm->world->n_vms)]
		.faults.start_times = 1 + (unsigned)world_draw(storm->world, 3);
}

static void
stop_vm(struct storm *storm, size_t host)
{
	struct world *world = storm->world;
	size_t vm = world_draw(world, world->n_vms), at;

	(void)host;
	if (world_runs_on(world, vm, &at) != 1 || !world_is_up(world, at) ||
	    !is_idle(world, vm))
		return;
	truth_note_wish(storm->truth, vm, false);
	world_destroy(world, at, vm, VM_REASON_SHUTDOWN);
}

struct wish {
	struct storm *storm;
	size_t vm;
};

/* When it fails he sees that, and leaves it. */
static void
start_ended(void *arg, int rc)
{
	struct wish *wish = arg;

	if (rc == 0 && wish->storm->truth != NULL)
		truth_note_wish(wish->storm->truth, wish->vm, true);
	free(wish);
}

/* Where he left it; and only what he has stopped himself. */
static void
start_vm(struct storm *storm, size_t host)
{
	struct world *world = storm->world;
	size_t vm = world_draw(world, world->n_vms), any;
	size_t last = world->vms[vm].last;

	(void)host;
	if (truth_is_wanted(storm->truth, vm) ||
	    world_runs_on(world, vm, &any) > 0 || !is_idle(world, vm) ||
	    !world_is_up(world, last) || !world->hosts[last].copies[vm].defined)
		return;
	struct wish *wish = xcalloc(1, sizeof(*wish));
	wish->storm = storm;
	wish->vm = vm;
	if (world_start(world, last, vm, start_ended, wish) < 0)
		free(wish);
}

/* Between hosts that are well, while the coordinator looks. */
static void
move_vm(struct storm *storm, size_t to)
{
	struct world *world = storm->world;
	size_t vm = world_draw(world, world->n_vms), from;

	if (world_runs_on(world, vm, &from) == 1 && is_idle(world, vm) &&
	    !world_is_faulty(world, from) && !world_is_faulty(world, to))
		world_migrate(world, vm, to);
}

/* --- the dice ------------------------------------------------------------- */

static const struct {
	void (*strike)(struct storm *storm, size_t host);
	unsigned weight, late; /* in all, in PROFILE_LATE */
} dice[FAULTS] = {
	[FAULT_POWER] = { lose_power, 6, 0 },
	[FAULT_POWER_BMC] = { lose_power_and_bmc, 2, 0 },
	[FAULT_REBOOT] = { reboot, 3, 0 },
	[FAULT_HANG] = { hang, 3, 0 },
	[FAULT_AGENT_DEAD] = { agent_dies, 3, 0 },
	[FAULT_AGENT_HUNG] = { agent_hangs, 2, 0 },
	[FAULT_LIBVIRT_HUNG] = { libvirt_hangs, 3, 0 },
	[FAULT_MGMT_CUT] = { cut_mgmt, 4, 0 },
	[FAULT_MGMT_CUT_ONE_WAY] = { cut_mgmt_one_way, 2, 0 },
	[FAULT_MGMT_CUT_ALL] = { cut_mgmt_all, 1, 0 },
	[FAULT_STORAGE_CUT] = { cut_storage, 3, 0 },
	[FAULT_BMC_SILENT] = { silence_bmc, 3, 2 },
	[FAULT_BMC_LOSSY] = { lossy_bmc, 2, 2 },
	[FAULT_BMC_SLOW_OFF] = { slow_bmc, 2, 0 },
	[FAULT_BMC_GLITCHES] = { glitchy_bmc, 3, 2 },
	[FAULT_REPLIES_LOST] = { lose_replies, 4, 0 },
	[FAULT_LOSSY] = { lose_heartbeats, 2, 10 },
	[FAULT_LATE] = { delay_heartbeats, 2, 10 },
	[FAULT_BUTTON] = { press_button, 3, 0 },
	[FAULT_START_FAILS] = { start_fails, 2, 0 },
	[FAULT_COORDINATOR_KILLED] = { kill_coordinator, 3, 1 },
	[FAULT_COORDINATOR_DOOMED] = { doom_coordinator, 3, 0 },
	[FAULT_USER_STOP] = { stop_vm, 4, 2 },
	[FAULT_USER_START] = { start_vm, 8, 4 },
	[FAULT_USER_MOVE] = { move_vm, 6, 4 },
};

static unsigned
weight(const struct storm *storm, size_t i)
{
	return storm->profile == PROFILE_LATE ? dice[i].late : dice[i].weight;
}

static bool
is_any_faulty(const struct world *world)
{
	for (size_t h = 0; h < world->n_hosts; h++)
		if (world_is_faulty(world, h) ||
		    world->hosts[h].bmc[0].unreachable)
			return true;
	return false;
}

static void
draw_fault(struct storm *storm)
{
	unsigned all = 0;

	if (storm->profile == PROFILE_SINGLE && is_any_faulty(storm->world))
		return;
	for (size_t i = 0; i < FAULTS; i++)
		all += weight(storm, i);
	unsigned die = (unsigned)world_draw(storm->world, all);
	size_t i = 0;
	while (die >= weight(storm, i))
		die -= weight(storm, i++);
	size_t host = world_draw(storm->world, storm->world->n_hosts);
	storm->counts[i]++;
	trace_put(storm->world->trace,
		  &(struct trace_event){
			  .event = "fault",
			  .what = storm_fault_name((enum storm_fault)i),
			  .host = storm->world->hosts[host].name });
	truth_note_fault(storm->truth, host);
	dice[i].strike(storm, host);
}

static void
draw_ends(struct storm *storm, size_t index)
{
	struct host *host = &storm->world->hosts[index];
	uint64_t die = world_draw(storm->world, (uint64_t)14 * END_ONE_IN);
	bool was = world_is_faulty(storm->world, index);

	switch (die) {
	case 0:
		host->agent_dead = false;
		break;
	case 1:
		host->agent_hung = false;
		break;
	case 2:
		host->libvirt_hung = false;
		break;
	case 3:
	case 4:
	case 5:
		host->cut[PLANE_MGMT] = 0;
		break;
	case 6:
		host->cut[PLANE_STORAGE] = 0;
		break;
	case 7:
		host->bmc[0].unreachable = false;
		break;
	case 8:
		host->bmc[0].drops_pm = 0;
		break;
	case 9:
		host->bmc[0].off_delay_ms = 0;
		break;
	case 10:
		host->loss_pm = 0;
		break;
	case 11:
		host->reply_delay_ms = 0;
		break;
	case 12:
		host->bmc[0].glitches = false;
		break;
	case 13:
		host->replies_lost = false;
		break;
	default:
		return;
	}
	if (was)
		truth_note_fault(storm->truth, index);
}

static void
draw(void *arg)
{
	struct storm **handle = arg;
	struct storm *storm = *handle;

	if (!storm->raging) {
		free(handle);
		return;
	}
	for (size_t h = 0; h < storm->world->n_hosts; h++)
		draw_ends(storm, h);
	if (!site_runs(storm->site) && world_draw(storm->world, 10) == 0)
		start_later(storm); /* it died in a turn */
	if (world_draw(storm->world, FAULT_ONE_IN) == 0)
		draw_fault(storm);
	sim_after(DRAW_MS, draw, handle);
}

void
storm_begin(struct storm *storm)
{
	struct storm **handle = xcalloc(1, sizeof(struct storm *));

	storm->raging = true;
	*handle = storm;
	sim_after(DRAW_MS, draw, handle);
}

static void
heal_host(struct storm *storm, size_t index)
{
	struct host *host = &storm->world->hosts[index];

	host->agent_dead = host->agent_hung = host->libvirt_hung = false;
	host->replies_lost = false;
	memset(host->cut, 0, sizeof(host->cut));
	host->loss_pm = 0;
	host->reply_delay_ms = 0;
	for (size_t b = 0; b < WORLD_BMCS_MAX; b++) {
		host->bmc[b].unreachable = host->bmc[b].no_feed = false;
		host->bmc[b].drops_pm = 0;
		host->bmc[b].off_delay_ms = 0;
		host->bmc[b].glitches = false;
	}
	if (host->hung) /* somebody presses its button */
		world_power_off(storm->world, index);
	world_power_on(storm->world, index);
}

void
storm_heal(struct storm *storm)
{
	struct err err;

	storm->raging = false;
	for (size_t h = 0; h < storm->world->n_hosts; h++)
		heal_host(storm, h);
	for (size_t vm = 0; vm < storm->world->n_vms; vm++)
		storm->world->vms[vm].faults.start_times = 0;
	truth_note_fault(storm->truth, WORLD_NONE);
	site_spare(storm->site);
	if (!site_runs(storm->site) && site_start(storm->site, &err) < 0)
		log_error("sim", "%s", err.text);
}
