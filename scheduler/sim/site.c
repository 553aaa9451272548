/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "scheduler/coordinator/poll.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/settings.h"
#include "scheduler/coordinator/turn.h"
#include "scheduler/sim/claims.h"
#include "scheduler/sim/driver.h"

struct site {
	struct world *world;
	char *folder;
	struct settings *settings;
	struct loop *loop;
	struct coordinator *co; /* NULL: it does not run */
	struct claims *claims;
	struct ops ops; /* the real ones, watched */
	bool doomed;    /* to die in the midst of a turn */
	bool dying;     /* it has died in this one */
	unsigned left;  /* commands that it still sends before */
};

/* The daemon's have no room for us. */
static struct site *running;

/* --- configuration -------------------------------------------------------- */

static void
write_host(const struct world *world, size_t i, FILE *to)
{
	char agent[DRIVER_ADDRESS_LEN], uri[DRIVER_ADDRESS_LEN];
	char bmc[DRIVER_ADDRESS_LEN];
	const struct host *host = &world->hosts[i];

	driver_agent_address(i, agent);
	driver_virt_uri(i, uri);
	fprintf(to,
		"host \"%s\" {\n\tcluster = \"c1\"\n\tagent = \"%s\"\n"
		"\tsnmp-account = \"agents\"\n\tlibvirt = \"%s\"\n",
		host->name, agent, uri);
	for (size_t b = 0; b < host->bmcs; b++) {
		driver_bmc_address(i, b, bmc);
		if (b == 0)
			fprintf(to,
				"\tbmc { address = \"%s\" account = \"bmcs\" "
				"}\n",
				bmc);
		else
			fprintf(to,
				"\tlevel \"second\" { bmc { address = \"%s\" "
				"account = \"bmcs\" } }\n",
				bmc);
	}
	fputs("}\n", to);
}

static const char accounts[] =
	"snmp \"agents\" { user = \"ironherd\" auth-password = \"simulated-1\" "
	"priv-password = \"simulated-2\" }\n"
	"bmc \"bmcs\" { user = \"ironherd\" password = \"simulated-3\" }\n";

static FILE *
create(const struct site *site, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s", site->folder, name);
	FILE *file = fopen(path, "we");

	if (file == NULL) {
		perror(path);
		exit(2);
	}
	return file;
}

void
site_configure(struct site *site, const char *text)
{
	cleanup_free char *secrets = xasprintf("%s/credentials", site->folder);
	FILE *to = create(site, "coordinator.conf");

	fprintf(to,
		"site = \"sim\"\nstate-dir = \"%s/state\"\n"
		"api-socket = \"%s/api.sock\"\ncredentials = \"%s\"\n%s",
		site->folder, site->folder, secrets, text);
	for (size_t i = 0; i < site->world->n_hosts; i++)
		write_host(site->world, i, to);
	fclose(to);
	to = create(site, "credentials");
	fputs(accounts, to);
	fclose(to);
	chmod(secrets, 0600);
}

/* --- ops, watched --------------------------------------------------------- */

/* Is it still there to send another command? */
static bool
sends(struct site *site)
{
	if (!site->dying && site->doomed && site->left-- == 0) {
		site->dying = true;
		driver_cut(true);
	}
	return !site->dying;
}

static void
watched_probe(struct coordinator *co, size_t host)
{
	if (!running->dying)
		ops_real.probe(co, host);
}

static void
watched_fence(struct coordinator *co, size_t host, int64_t command)
{
	if (!sends(running))
		return;
	claims_fence(running->claims, co, host);
	ops_real.fence(co, host, command);
}

static void
watched_clean(struct coordinator *co, size_t host,
	      const struct ops_stale *stale, size_t n, int64_t command)
{
	if (sends(running))
		ops_real.clean(co, host, stale, n, command);
}

static void
watched_start(struct coordinator *co, size_t host, size_t vm, int64_t command)
{
	if (!sends(running))
		return;
	claims_start(running->claims, co, host, vm);
	ops_real.start(co, host, vm, command);
}

static void
watched_stop(struct coordinator *co, size_t host, size_t vm, bool spare,
	     int64_t command)
{
	if (sends(running))
		ops_real.stop(co, host, vm, spare, command);
}

static void
watched_resume(struct coordinator *co, size_t host, size_t vm, int64_t command)
{
	if (sends(running))
		ops_real.resume(co, host, vm, command);
}

static void
watched_forget(struct coordinator *co, size_t host)
{
	if (!running->dying)
		ops_real.forget(co, host);
}

/* --- life ----------------------------------------------------------------- */

struct site *
site_new(struct world *world, const char *folder)
{
	struct site *site = xcalloc(1, sizeof(*site));

	site->world = world;
	site->folder = xstrdup(folder);
	site->loop = loop_new();
	site->claims = claims_new(world);
	site->ops = ops_real;
	site->ops.name = "simulated";
	site->ops.probe = watched_probe;
	site->ops.fence = watched_fence;
	site->ops.clean = watched_clean;
	site->ops.start = watched_start;
	site->ops.stop = watched_stop;
	site->ops.resume = watched_resume;
	site->ops.forget = watched_forget;
	return site;
}

void
site_free(struct site *site)
{
	if (site == NULL)
		return;
	site_kill(site);
	settings_free(site->settings);
	claims_free(site->claims);
	loop_free(site->loop);
	free(site->folder);
	free(site);
}

void
site_doom(struct site *site, unsigned commands)
{
	site->doomed = site->co != NULL;
	site->left = commands;
}

void
site_spare(struct site *site)
{
	site->doomed = false;
}

bool
site_runs(const struct site *site)
{
	return site->co != NULL;
}

struct coordinator *
site_coordinator(struct site *site)
{
	return site->co;
}

void
site_repeat_claims(struct site *site)
{
	claims_forget(site->claims);
}

static void
take_turn(void *arg)
{
	struct site *site = arg;
	struct coordinator *co = site->co;

	loop_timer_start(co->turn, TURN_PERIOD_MS);
	power_check_health(co);
	claims_look(site->claims, co); /* what ended since the last turn */
	turn_take(co, clock_mono_ms());
	claims_look(site->claims, co);
	if (site->dying)
		site_kill(site);
}

void
coordinator_wake(struct coordinator *co)
{
	if (co->turn != NULL)
		loop_timer_start(co->turn, TURN_SOON_MS);
}

/* Nobody follows the events here. */
void
coordinator_tell(struct coordinator *co)
{
	(void)co;
}

static int
load_settings(struct site *site, struct err *err)
{
	cleanup_free char *path =
		xasprintf("%s/coordinator.conf", site->folder);

	if (site->settings == NULL)
		site->settings = settings_load(path, stderr);
	return site->settings != NULL
		       ? 0
		       : err_set(err, -EINVAL, "%s: not fit for use", path);
}

static int
open_parts(struct coordinator *co, struct err *err)
{
	int rc = file_mkdirs(co->settings->state_dir, 0700, err);

	if (rc == 0)
		rc = store_open(co->settings->state_dir, &co->store, err);
	if (rc == 0)
		rc = record_load(&co->reg, co->store, clock_mono_ms(),
				 clock_wall_ms(), err);
	if (rc < 0)
		return rc;
	co->virt = virt_new(co->loop);
	rc = poll_open(co, err);
	if (rc == 0)
		rc = power_open(co, err);
	return rc;
}

static void
close_parts(struct coordinator *co)
{
	loop_timer_free(co->turn);
	co->turn = NULL;
	power_close(co);
	poll_close(co);
	virt_free(co->virt);
	store_close(co->store);
	registry_done(&co->reg);
	free(co);
}

int
site_start(struct site *site, struct err *err)
{
	int rc = load_settings(site, err);

	if (rc < 0)
		return rc;
	struct coordinator *co = xcalloc(1, sizeof(*co));
	co->settings = site->settings;
	co->loop = site->loop;
	co->ops = &site->ops;
	running = site;
	registry_init(&co->reg, site->settings, clock_mono_ms(),
		      clock_wall_ms());
	rc = open_parts(co, err);
	if (rc < 0) {
		close_parts(co);
		return rc;
	}
	site->co = co;
	co->turn = loop_timer_new(co->loop, take_turn, site);
	loop_timer_start(co->turn, 0);
	return 0;
}

/* A process that is gone says no farewells. */
void
site_kill(struct site *site)
{
	struct coordinator *co = site->co;

	if (co == NULL)
		return;
	trace_put(site->world->trace,
		  &(struct trace_event){ .event = "coordinator_gone" });
	site->co = NULL;
	site->dying = site->doomed = false;
	driver_cut(true);
	close_parts(co);
	driver_cut(false);
}
