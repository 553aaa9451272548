/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/account.h"
#include "agent/assemble.h"
#include "agent/identity.h"
#include "agent/index.h"
#include "agent/obey.h"
#include "agent/state.h"
#include "agent/tell.h"
#include "agent/uevents.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "snmp-mib/board.h"
#include "snmp-mib/voice.h"

struct agent {
	struct loop *loop;
	const struct settings *settings;
	struct assembly assembly;

	struct index *index;
	struct state *index_file;
	struct tell *tell;
	struct collect_host *host;
	struct machine *machine;
	struct guests *guests;
	struct virt_source *virt;
	struct storage *storage;
	struct metal *metal;
	struct memory_use *memory;
	struct entities *entities;
	struct cpu_models *models;
	struct power_states power;
	struct collect_bmc *bmc; /* NULL: not configured */
	struct uplinks *uplinks; /* NULL: a recorded machine */
	struct mounts *mounts;   /* NULL: snmpd says that */
	struct uevents *uevents; /* NULL: a recorded machine, or none */

	struct obey *obey;
	struct board *board;
	struct voice *voice;
	struct loop_timer *timer;
	int64_t posted_ms;
	bool stopping;
};

/* --- reports -------------------------------------------------------------- */

static void
save_index(struct agent *agent)
{
	size_t len;

	if (!index_is_dirty(agent->index))
		return;
	cleanup_free char *text = index_print(agent->index, &len);
	state_put(agent->index_file, text, len);
}

static void
post_report(void *arg)
{
	struct agent *agent = arg;
	int64_t now_ms = clock_mono_ms();
	const struct parts parts = {
		.settings = agent->settings,
		.host = agent->host,
		.machine = agent->machine,
		.virt = agent->virt,
		.guests = agent->guests,
		.storage = agent->storage,
		.bmc = agent->bmc,
		.uplinks = agent->uplinks,
		.mounts = agent->mounts,
		.metal = agent->metal,
		.memory = agent->memory,
		.entities = agent->entities,
		.models = agent->models,
		.power = &agent->power,
		.notifier = tell_notifier(agent->tell),
		.obey = agent->obey,
	};

	struct node_report *report = assemble(&agent->assembly, &parts, now_ms);

	const struct detail_control *set = obey_set(agent->obey);

	obey_models(agent->obey, virt_models(agent->virt));
	tell_look(agent->tell, report,
		  (struct vm_tell_modes){ set->vm_notices,
					  set->vm_bulk_notices });
	tell_fill(agent->tell, report->detail);
	board_post(agent->board, report, now_ms);
	save_index(agent);
	agent->posted_ms = now_ms;
	loop_timer_start(agent->timer, AGENT_POST_MAX_MS);
}

static void
post_soon(void *arg)
{
	struct agent *agent = arg;
	int64_t since_ms = clock_mono_ms() - agent->posted_ms;

	loop_timer_start(agent->timer, since_ms >= AGENT_POST_MIN_MS
					       ? 0
					       : AGENT_POST_MIN_MS - since_ms);
}

/* --- news ----------------------------------------------------------------- */

static void
vm_crashed(void *arg, const struct report_vm *vm)
{
	struct agent *agent = arg;

	tell_vm_crash(agent->tell, vm);
}

static void
datastore_changed(void *arg, const char *name, uint32_t index,
		  enum report_datastore_state state)
{
	(void)name;
	(void)index;
	(void)state;
	post_soon(arg);
}

static void
measure(void *arg, uint32_t vm)
{
	struct agent *agent = arg;

	guests_measure(agent->guests, vm);
}

static void
hardware_changed(void *arg, unsigned what)
{
	struct agent *agent = arg;

	if (what & UEVENT_MACHINE)
		machine_look(agent->machine);
	if (what & UEVENT_METAL)
		metal_look(agent->metal);
}

/* --- start and stop, in mirrored order ------------------------------------ */

static uint32_t
index_of_datastore(void *arg, const char *name)
{
	struct agent *agent = arg;

	return index_of(agent->index, INDEX_DATASTORE, name);
}

static void
heartbeat_written(void *arg, int64_t began_ms)
{
	struct agent *agent = arg;

	obey_heartbeat(agent->obey, began_ms);
}

static int
open_state(struct agent *agent, struct err *err)
{
	const struct settings *settings = agent->settings;
	cleanup_free char *path = xasprintf("%s/index", settings->state_dir);
	uint32_t now_s = (uint32_t)(clock_wall_ms() / 1000);

	int rc = file_mkdirs(settings->state_dir, 0700, err);
	if (rc < 0)
		return err_prefix(err, rc, "state folder");
	/* The time leaves a wide gap to numbers of before and moves on from
	 * start to start, as long as rows come slower than seconds. */
	agent->index = index_load(path, now_s / 2);
	agent->index_file = state_new(agent->loop, path);
	agent->assembly.self.layout_revision = now_s;
	return 0;
}

static void
start_collectors(struct agent *agent)
{
	const struct settings *settings = agent->settings;

	struct virt_options virt = { .settings = settings,
				     .index = agent->index,
				     .changed = post_soon,
				     .crashed = vm_crashed,
				     .arg = agent };
	const struct storage_options storage = { .settings = settings,
						 .self = &agent->assembly.self,
						 .index_of = index_of_datastore,
						 .changed = datastore_changed,
						 .written = heartbeat_written,
						 .arg = agent };
	const struct obey_options obey = { .settings = settings,
					   .boot_id =
						   agent->assembly.self.boot_id,
					   .changed = post_soon,
					   .measure = measure,
					   .arg = agent };

	agent->obey = obey_new(agent->loop, &obey);
	agent->tell = tell_new(agent->loop, settings, &agent->assembly.self);
	agent->host = collect_host_new(agent->loop, settings->system_root,
				       post_soon, agent);
	agent->machine = machine_new(agent->loop, settings->system_root,
				     post_soon, agent);
	agent->guests = guests_new(agent->loop, settings, agent->index,
				   post_soon, agent);
	virt.guests = agent->guests;
	agent->virt = virt_new(agent->loop, &virt);
	agent->storage = storage_new(agent->loop, &storage);
	agent->metal = metal_new(agent->loop, settings->system_root);
	agent->memory = memory_use_new(agent->loop, settings->system_root);
	agent->entities = entities_new(agent->index, clock_mono_ms());
	agent->models = cpu_models_new(agent->index);
	power_states_init(&agent->power, clock_mono_ms(),
			  power_states_clocks());
	if (settings->has_bmc)
		agent->bmc = collect_bmc_new(agent->loop, settings->bmc_device);
	/* The kernel knows the links and file systems of this machine only,
	 * and what happens to it. */
	if (strcmp(settings->system_root, "/") != 0)
		return;
	agent->uplinks = uplinks_new(agent->loop, settings, post_soon, agent);
	if (settings->mode == MODE_STANDALONE && settings->host_mibs)
		agent->mounts = mounts_new(agent->loop);
	agent->uevents = uevents_new(agent->loop, hardware_changed, agent);
}

static int
start_alone(struct agent *agent, struct voice_options *options, struct err *err)
{
	const struct settings *settings = agent->settings;
	cleanup_free char *engine =
		xasprintf("%s/snmp-engine", settings->state_dir);
	struct snmp_account *account, *write = NULL;
	int rc = account_load(settings->credentials, settings->account,
			      &account, err);

	if (rc < 0)
		return rc;
	if (settings->write_account != NULL)
		rc = account_load(settings->credentials,
				  settings->write_account, &write, err);
	prctl(PR_SET_DUMPABLE, 0); /* keys stay in our memory from here on */
	options->listen = settings->listen;
	options->account = account;
	options->write_account = write;
	options->engine_file = engine;
	options->host_mibs = settings->host_mibs;
	if (rc == 0)
		rc = voice_start(options, &agent->voice, err);
	account_free(account);
	account_free(write);
	return rc;
}

static int
start_voice(struct agent *agent, struct err *err)
{
	struct voice_options options = { .source = board_source(agent->board) };

	options.source.writer = obey_writer(agent->obey);
	if (agent->settings->mode == MODE_STANDALONE)
		return start_alone(agent, &options, err);
	options.agentx_socket = agent->settings->agentx_socket;
	return voice_start(&options, &agent->voice, err);
}

int
agent_new(struct loop *loop, const struct settings *settings,
	  struct agent **ret_agent, struct err *err)
{
	struct agent *agent = xcalloc(1, sizeof(*agent));

	agent->loop = loop;
	agent->settings = settings;
	agent->timer = loop_timer_new(loop, post_report, agent);
	agent->board = board_new(&board_of_reports);
	int rc = identity_read(settings, &agent->assembly.self, err);
	if (rc == 0)
		rc = open_state(agent, err);
	if (rc == 0) {
		start_collectors(agent);
		/* A first report before the first question. */
		post_report(agent);
		rc = start_voice(agent, err);
	}
	if (rc < 0) {
		agent_free(agent);
		return rc;
	}
	tell_start(agent->tell, agent->voice);
	*ret_agent = agent;
	return 0;
}

void
agent_free(struct agent *agent)
{
	if (agent == NULL)
		return;
	bool hangs = !voice_stop(agent->voice);
	uevents_free(agent->uevents);
	mounts_free(agent->mounts);
	uplinks_free(agent->uplinks);
	collect_bmc_free(agent->bmc);
	cpu_models_free(agent->models);
	entities_free(agent->entities);
	memory_use_free(agent->memory);
	metal_free(agent->metal);
	storage_free(agent->storage);
	virt_free(agent->virt);
	guests_free(agent->guests);
	machine_free(agent->machine);
	collect_host_free(agent->host);
	tell_free(agent->tell);
	state_free(agent->index_file);
	index_free(agent->index);
	/* A thread that hangs in snmpd may still look at the board, and at
	 * what can be set. */
	if (!hangs) {
		obey_free(agent->obey);
		board_free(agent->board);
	}
	loop_timer_free(agent->timer);
	free(agent);
}

static void
stop_loop(void *arg)
{
	struct agent *agent = arg;

	loop_stop(agent->loop);
}

/* Only libvirt can say that none does. */
static bool
vms_run(const struct agent *agent)
{
	const struct source *source = virt_vm_source(agent->virt);
	struct node_report *report = node_report_new();
	bool some = source_health(source, clock_mono_ms()) != HEALTH_OK;

	virt_fill(agent->virt, report);
	for (size_t i = 0; i < report->n_vms && !some; i++)
		some = report->vms[i].state != VM_STATE_SHUT_OFF &&
		       report->vms[i].state != VM_STATE_CRASHED;
	node_report_free(report);
	return some;
}

static void
end_lease(void *arg)
{
	struct agent *agent = arg;

	obey_end(agent->obey, vms_run(agent), stop_loop, agent);
}

void
agent_stop(struct agent *agent)
{
	if (agent->stopping) {
		loop_stop(agent->loop);
		return;
	}
	log_info("agent", "stopping");
	agent->stopping = true;
	agent->assembly.self.stopping = true;
	post_report(agent);
	tell_stop(agent->tell, AGENT_STOP_WAIT_MS, end_lease, agent);
}
