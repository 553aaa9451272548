/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/coordinator.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "scheduler/coordinator/bmc_log.h"
#include "scheduler/coordinator/herald.h"
#include "scheduler/coordinator/learn.h"
#include "scheduler/coordinator/lease.h"
#include "scheduler/coordinator/lease_book.h"
#include "scheduler/coordinator/notices.h"
#include "scheduler/coordinator/pet.h"
#include "scheduler/coordinator/poll.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/serve.h"
#include "scheduler/coordinator/turn.h"

static void
take_turn(void *arg)
{
	struct coordinator *co = arg;

	loop_timer_start(co->turn, TURN_PERIOD_MS);
	power_check_health(co);
	turn_take(co, clock_mono_ms());
}

void
coordinator_wake(struct coordinator *co)
{
	if (co->turn != NULL)
		loop_timer_start(co->turn, TURN_SOON_MS);
}

void
coordinator_tell(struct coordinator *co)
{
	if (co->api != NULL)
		api_wake(co->api);
}

/* A dry run keeps a store of its own: what it only pretends to do must never
 * be taken for a fact. */
static int
open_store(struct coordinator *co, struct err *err)
{
	cleanup_free char *dir =
		xasprintf("%s%s", co->settings->state_dir,
			  co->ops == &ops_dry ? "/dry-run" : "");
	int rc = file_mkdirs(dir, 0700, err);

	return rc < 0 ? rc : store_open(dir, &co->store, err);
}

/* --- the watchdog leases ------------------------------------------------- */

static int64_t
lease_heard_ms(void *arg, size_t host)
{
	const struct coordinator *co = arg;
	const struct reg_host *h = &co->reg.hosts[host];

	return h->link == LINK_OK ? clock_mono_ms() - h->heard_ms : -1;
}

static bool
lease_strike(void *arg, size_t host)
{
	struct coordinator *co = arg;

	return lease_book_strike(&co->reg, co->store, host);
}

static void
lease_sent(void *arg, size_t host)
{
	struct coordinator *co = arg;

	lease_book_sent(&co->reg, host);
}

static void
lease_answered(void *arg, size_t host, int64_t at_ms)
{
	struct coordinator *co = arg;

	lease_book_answered(&co->reg, host, at_ms);
}

static void
lease_told(void *arg, size_t host, int64_t bound_ms)
{
	struct coordinator *co = arg;

	lease_book_told(&co->reg, co->store, host, bound_ms);
}

static void
lease_trouble(void *arg, size_t host, const char *text)
{
	struct coordinator *co = arg;
	const char *name = co->reg.hosts[host].conf->name;
	char said[REASON_LEN];

	snprintf(said, sizeof(said), "%s: the watchdog lease is %s%s", name,
		 text[0] != '\0' ? "not renewed: " : "renewed again", text);
	record_event(&co->reg, co->store,
		     text[0] != '\0' ? SEVERITY_WARNING : SEVERITY_INFO,
		     "watchdog-lease", host, "", said, clock_wall_ms());
	coordinator_tell(co);
}

static int
open_leases(struct coordinator *co, struct err *err)
{
	const struct leases_options options = { .settings = co->settings,
						.poller = poll_poller(co),
						.heard_ms = lease_heard_ms,
						.strike = lease_strike,
						.sent = lease_sent,
						.answered = lease_answered,
						.told = lease_told,
						.trouble = lease_trouble,
						.arg = co };

	if (co->ops == &ops_dry)
		return 0;
	return leases_new(co->loop, &options, &co->leases, err);
}

/* ------------------------------------------------------------------------- */

static int
open_parts(struct coordinator *co, struct err *err)
{
	int rc = open_store(co, err);

	if (rc < 0)
		return rc;
	rc = record_load(&co->reg, co->store, clock_mono_ms(), clock_wall_ms(),
			 err);
	if (rc < 0)
		return rc;
	learn_stored(co);
	co->virt = virt_new(co->loop);
	rc = serve_start(co, err);
	if (rc < 0)
		return rc;
	rc = poll_open(co, err);
	if (rc == 0)
		rc = notices_open(co, err);
	if (rc < 0)
		return rc;
	rc = power_open(co, err);
	if (rc == 0)
		rc = open_leases(co, err);
	if (rc < 0)
		return rc;
	pet_open(co);
	bmc_log_open(co);
	rc = herald_open(co, err);
	if (rc < 0)
		return rc;
	co->turn = loop_timer_new(co->loop, take_turn, co);
	loop_timer_start(co->turn, 0);
	return 0;
}

int
coordinator_open(const struct settings *settings, struct loop *loop,
		 const struct ops *ops, struct coordinator **ret_co,
		 struct err *err)
{
	struct coordinator *co = xcalloc(1, sizeof(*co));

	co->settings = settings;
	co->loop = loop;
	co->ops = ops;
	registry_init(&co->reg, settings, clock_mono_ms(), clock_wall_ms());
	int rc = open_parts(co, err);
	if (rc < 0) {
		coordinator_close(co);
		return rc;
	}
	*ret_co = co;
	return 0;
}

/* The mirror of open_parts(). */
void
coordinator_close(struct coordinator *co)
{
	if (co == NULL)
		return;
	loop_timer_free(co->turn);
	co->turn = NULL;
	herald_close(co);
	bmc_log_close(co);
	leases_free(co->leases);
	power_close(co);
	pet_close(co);
	notices_close(co);
	poll_close(co);
	api_stop(co->api);
	virt_free(co->virt);
	store_close(co->store);
	registry_done(&co->reg);
	free(co);
}
