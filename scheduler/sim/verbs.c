/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens at a moment of a scenario: faults of the world, acts of its
 * users and operators.
 */
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"
#include "scheduler/sim/scenario.h"
#include "scheduler/sim/sim_time.h"
#include "scheduler/sim/verbs_own.h"

enum { SHUTDOWN_MS = 5000, AGENT_RESTART_MS = 2000 };

struct world *
verb_world(const struct moment *moment)
{
	return &moment->scenario->world;
}

const char *
verb_text(const struct moment *moment, const char *key)
{
	const char *value =
		json_string_value(json_object_get(moment->what, key));

	if (value != NULL && strcmp(value, "@start_host") == 0)
		return moment->scenario->start_host;
	return value != NULL ? value : "";
}

static int64_t
time_of(const struct moment *moment, const char *key)
{
	return (int64_t)(json_number_value(json_object_get(moment->what, key)) *
			 1000);
}

static struct host *
host_of(const struct moment *moment)
{
	size_t i =
		world_find_host(verb_world(moment), verb_text(moment, "host"));

	return i != WORLD_NONE ? &verb_world(moment)->hosts[i] : NULL;
}

static size_t
index_of(const struct moment *moment)
{
	return world_find_host(verb_world(moment), verb_text(moment, "host"));
}

/* --- later ---------------------------------------------------------------- */

/* What ends or goes on by itself. */
struct later {
	struct moment *moment;
	void (*fn)(struct moment *moment);
};

static void
run_later(void *arg)
{
	struct later *later = arg;

	later->fn(later->moment);
	free(later);
}

static void
after(struct moment *moment, int64_t delay_ms, void (*fn)(struct moment *))
{
	struct later *later = xcalloc(1, sizeof(*later));

	later->moment = moment;
	later->fn = fn;
	sim_after(delay_ms, run_later, later);
}

/* --- power and hosts ------------------------------------------------------ */

static void
power_cut(struct moment *moment)
{
	struct host *host = host_of(moment);

	for (size_t b = 0; b < WORLD_BMCS_MAX; b++)
		host->bmc[b].no_feed =
			json_is_true(json_object_get(moment->what, "with_bmc"));
	world_power_off(verb_world(moment), index_of(moment));
}

static void
power_on(struct moment *moment)
{
	struct host *host = host_of(moment);

	for (size_t b = 0; b < WORLD_BMCS_MAX; b++)
		host->bmc[b].no_feed = false;
	world_power_on(verb_world(moment), index_of(moment));
}

static void
host_hang(struct moment *moment)
{
	struct world *world = verb_world(moment);
	struct host *host = host_of(moment);

	world_note_slot(world, index_of(moment));
	host->hung = true;
	for (size_t vm = 0; vm < world->n_vms; vm++) { /* guests stand still */
		if (host->copies[vm].state != COPY_RUNNING)
			continue;
		host->copies[vm].state = COPY_PAUSED;
		trace_put(world->trace,
			  &(struct trace_event){ .event = "vm_halt",
						 .vm = world->vms[vm].name,
						 .host = host->name });
	}
}

/* The system ends its guests first, and says so. */
static void
shutdown_ends(struct moment *moment)
{
	struct world *world = verb_world(moment);
	struct host *host = host_of(moment);

	if (!host->on || !host->stopping)
		return;
	for (size_t vm = 0; vm < world->n_vms; vm++)
		world_destroy(world, index_of(moment), vm, VM_REASON_SHUTDOWN);
	world_power_off(world, index_of(moment));
}

static void
clean_shutdown(struct moment *moment)
{
	struct host *host = host_of(moment);

	if (!host->on)
		return;
	host->stopping = true;
	after(moment, SHUTDOWN_MS, shutdown_ends);
}

static void
come_back(struct moment *moment)
{
	world_power_on(verb_world(moment), index_of(moment));
}

static void
clean_reboot(struct moment *moment)
{
	clean_shutdown(moment);
	after(moment, SHUTDOWN_MS + 5000, come_back);
}

/* --- agents --------------------------------------------------------------- */

static void
agent_kill(struct moment *moment)
{
	world_note_slot(verb_world(moment), index_of(moment));
	host_of(moment)->agent_dead = true;
}

static void
agent_start(struct moment *moment)
{
	host_of(moment)->agent_dead = host_of(moment)->agent_hung = false;
}

static void
agent_restart(struct moment *moment)
{
	agent_kill(moment);
	after(moment, AGENT_RESTART_MS, agent_start);
}

static void
agent_hang(struct moment *moment)
{
	world_note_slot(verb_world(moment), index_of(moment));
	host_of(moment)->agent_hung = true;
	after(moment, time_of(moment, "seconds"), agent_start);
}

static void
hb_delay_ends(struct moment *moment)
{
	host_of(moment)->reply_delay_ms = 0;
}

/* Drawn anew each second: half below p50, one in a hundred up to p99. */
static void
hb_delay_goes_on(struct moment *moment)
{
	struct host *host = host_of(moment);
	int64_t p50 = time_of(moment, "p50_s"), p99 = time_of(moment, "p99_s");
	uint64_t die = world_draw(verb_world(moment), 100);

	if (moment->scenario->over || host->reply_delay_ms == 0)
		return;
	host->reply_delay_ms =
		1 + (die < 50 ? p50 * (int64_t)die / 50
			      : p50 + (p99 - p50) * (int64_t)(die - 50) / 50);
	after(moment, 1000, hb_delay_goes_on);
}

static void
hb_delay(struct moment *moment)
{
	host_of(moment)->reply_delay_ms = 1;
	after(moment, time_of(moment, "seconds"), hb_delay_ends);
	hb_delay_goes_on(moment);
}

/* --- networks ------------------------------------------------------------- */

static unsigned
direction_of(const struct moment *moment)
{
	const char *word = verb_text(moment, "direction");

	return strcmp(word, "to_host") == 0     ? TO_HOST
	       : strcmp(word, "from_host") == 0 ? FROM_HOST
						: BOTH_WAYS;
}

static void
set_cuts(struct moment *moment, size_t index, unsigned ways)
{
	static const char *const names[PLANES] = { "mgmt", "bmc", "storage",
						   "migrate", "peer" };
	const json_t *planes = json_object_get(moment->what, "planes");
	const json_t *plane;
	size_t i;

	world_note_slot(verb_world(moment), index);
	if (!json_is_array(planes)) {
		for (size_t p = 0; p < PLANES; p++)
			verb_world(moment)->hosts[index].cut[p] = ways;
		return;
	}
	json_array_foreach (planes, i, plane)
		for (size_t p = 0; p < PLANES; p++)
			if (strcmp(names[p], json_string_value(plane)) == 0)
				verb_world(moment)->hosts[index].cut[p] = ways;
}

static void
net_cut(struct moment *moment)
{
	host_of(moment)->sticky_cut =
		json_is_true(json_object_get(moment->what, "sticky"));
	set_cuts(moment, index_of(moment), direction_of(moment));
}

static void
net_heal(struct moment *moment)
{
	set_cuts(moment, index_of(moment), 0);
}

static void
net_heal_all(struct moment *moment)
{
	for (size_t h = 0; h < verb_world(moment)->n_hosts; h++)
		set_cuts(moment, h, 0);
}

/* The two sides do not see each other; the coordinator sees both. */
static void
net_split(struct moment *moment)
{
	const json_t *name;
	size_t i;

	json_array_foreach (json_object_get(moment->what, "a"), i, name) {
		size_t h = world_find_host(verb_world(moment),
					   json_string_value(name));

		if (h != WORLD_NONE)
			verb_world(moment)->hosts[h].cut[PLANE_MIGRATE] =
				BOTH_WAYS;
	}
}

static void flap_down(struct moment *moment);

static void
flap_up(struct moment *moment)
{
	set_cuts(moment, index_of(moment), 0);
	after(moment, time_of(moment, "period_s") - time_of(moment, "down_s"),
	      flap_down);
}

static void
flap_down(struct moment *moment)
{
	int64_t begun_ms =
		moment->scenario->trace.base_ms + time_of(moment, "t");

	if (sim_now_ms() >= begun_ms + time_of(moment, "seconds"))
		return;
	set_cuts(moment, index_of(moment), BOTH_WAYS);
	after(moment, time_of(moment, "down_s"), flap_up);
}

/* --- the coordinator ------------------------------------------------------ */

static void
coord_kill(struct moment *moment)
{
	site_kill(moment->scenario->site);
}

static void
coord_start(struct moment *moment)
{
	struct err err;

	if (!site_runs(moment->scenario->site) &&
	    site_start(moment->scenario->site, &err) < 0)
		log_error("sim", "%s", err.text);
}

static void
coord_restart(struct moment *moment)
{
	coord_kill(moment);
	after(moment, 3000, coord_start);
}

static void
coord_isolate(struct moment *moment)
{
	for (size_t h = 0; h < verb_world(moment)->n_hosts; h++) {
		verb_world(moment)->hosts[h].cut[PLANE_MGMT] = BOTH_WAYS;
		verb_world(moment)->hosts[h].cut[PLANE_BMC] = BOTH_WAYS;
	}
}

static void
coord_heal(struct moment *moment)
{
	for (size_t h = 0; h < verb_world(moment)->n_hosts; h++)
		verb_world(moment)->hosts[h].cut[PLANE_MGMT] =
			verb_world(moment)->hosts[h].cut[PLANE_BMC] = 0;
}

static void
replies_come(struct moment *moment)
{
	verb_world(moment)->hosts[moment->host].replies_lost = false;
}

static void
coord_pause(struct moment *moment)
{
	sim_pause(time_of(moment, "seconds"));
}

/* What that host's libvirt answers to commands is lost for a while. */
static void
drop_replies(struct moment *moment)
{
	size_t i = index_of(moment);

	moment->host = i;
	verb_world(moment)->hosts[i].replies_lost = true;
	after(moment, time_of(moment, "seconds"), replies_come);
}

/* There is no door for other systems' opinions. */
static void
external_notice(struct moment *moment)
{
	(void)moment;
}

static void
clock_jump(struct moment *moment)
{
	if (strcmp(verb_text(moment, "where"), "coord") == 0)
		sim_wall_jump(time_of(moment, "seconds"));
}

/* --- datastores ----------------------------------------------------------- */

static void
set_store(struct moment *moment, enum report_datastore_state state)
{
	struct world *world = verb_world(moment);
	const char *name = verb_text(moment, "store");

	for (size_t s = 0; s < world->n_stores; s++)
		if (name[0] == '\0' || strcmp(world->stores[s], name) == 0)
			world_set_path(world, index_of(moment), s, state);
}

static void
store_lost(struct moment *moment)
{
	set_store(moment, DATASTORE_LOST);
}

static void
store_back(struct moment *moment)
{
	set_store(moment, DATASTORE_OK);
}

/* --- the table ------------------------------------------------------------ */

static const struct {
	const char *name;
	void (*fn)(struct moment *moment);
} verbs[] = {
	{ "power_cut", power_cut },
	{ "power_on", power_on },
	{ "host_hang", host_hang },
	{ "clean_shutdown", clean_shutdown },
	{ "clean_reboot", clean_reboot },
	{ "agent_kill", agent_kill },
	{ "agent_start", agent_start },
	{ "agent_restart", agent_restart },
	{ "agent_hang", agent_hang },
	{ "hb_delay", hb_delay },
	{ "net_cut", net_cut },
	{ "net_heal", net_heal },
	{ "net_heal_all", net_heal_all },
	{ "net_split", net_split },
	{ "net_flap", flap_down },
	{ "coord_kill", coord_kill },
	{ "coord_start", coord_start },
	{ "coord_restart", coord_restart },
	{ "coord_isolate", coord_isolate },
	{ "coord_heal", coord_heal },
	{ "coord_pause", coord_pause },
	{ "drop_replies", drop_replies },
	{ "external_notice", external_notice },
	{ "ha_pause", verb_ha_pause },
	{ "ha_resume", verb_ha_resume },
	{ "clock_jump", clock_jump },
	{ "store_lost", store_lost },
	{ "store_back", store_back },
	{ "guest_shutdown", verb_guest_shutdown },
	{ "qemu_kill", verb_qemu_kill },
	{ "guest_crash", verb_guest_crash },
	{ "guest_silent", verb_guest_silent },
	{ "external_move", verb_external_move },
	{ "vm_cmd", verb_vm_cmd },
};

static size_t
find(const json_t *what)
{
	const char *name = json_string_value(json_object_get(what, "do"));
	size_t i = 0;

	while (i < sizeof(verbs) / sizeof(*verbs) &&
	       (name == NULL || strcmp(verbs[i].name, name) != 0))
		i++;
	return i;
}

bool
verb_is_known(const json_t *what)
{
	return find(what) < sizeof(verbs) / sizeof(*verbs);
}

bool
verb_do(struct moment *moment)
{
	const char *host = verb_text(moment, "host");

	trace_put(verb_world(moment)->trace,
		  &(struct trace_event){ .event = "fault",
					 .what = verb_text(moment, "do"),
					 .host = host[0] != '\0' ? host
								 : NULL });
	if (!verb_is_known(moment->what) ||
	    (host[0] != '\0' && index_of(moment) == WORLD_NONE))
		return false;
	verbs[find(moment->what)].fn(moment);
	return true;
}
