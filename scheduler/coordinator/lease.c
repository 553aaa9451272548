/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/policy/timeouts.h"
#include "snmp-mib/detail_lease.h"

enum {
	FIRST_MS = 500, /* until the first heartbeats have come */
	WAIT_MIN_MS = 20
};

/* What is asked, in this order; it begins again when something went wrong. */
enum step {
	READ_RENEW,
	READ_MS,
	SET_MS,
	READ_LEASE,
	SET_LEASE,
	RENEW,
	READ_STATE,
	READ_BOUND,
	STEPS
};

struct keeper {
	struct leases *leases;
	size_t host;
	struct poller_host *target; /* NULL: nothing may be set there */
	struct loop_timer *timer;
	enum step step;
	uint32_t renew;   /* the number to be sent next */
	uint32_t sent;    /* the highest that was */
	int64_t bound_ms; /* as it told last; 0: not since the beginning */
	bool done;        /* off, and that was all */
	bool troubled;
};

struct leases {
	struct leases_options options;
	struct keeper *keepers; /* by host */
	struct codec_oid names[STEPS];
};

static const char *const objects[STEPS] = {
	[READ_RENEW] = "ihLeaseRenew",  [READ_MS] = "ihControlLeaseMs",
	[SET_MS] = "ihControlLeaseMs",  [READ_LEASE] = "ihControlLease",
	[SET_LEASE] = "ihControlLease", [RENEW] = "ihLeaseRenew",
	[READ_STATE] = "ihLeaseState",  [READ_BOUND] = "ihLeaseBound",
};

static const struct cluster_settings *
cluster_of(const struct keeper *keeper)
{
	const struct settings *s = keeper->leases->options.settings;

	return &s->clusters[s->hosts[keeper->host].cluster];
}

static int64_t
period_of(const struct keeper *keeper)
{
	const struct cluster_settings *cluster = cluster_of(keeper);

	return cluster->lease ? cluster->lease_ms / 3 : LEASE_OFF_PERIOD_MS;
}

static int64_t
wanted(const struct keeper *keeper)
{
	const struct cluster_settings *cluster = cluster_of(keeper);

	switch (keeper->step) {
	case SET_MS:
		return cluster->lease_ms;
	case SET_LEASE:
		return cluster->lease ? SWITCH_ON : SWITCH_OFF;
	default:
		return keeper->renew;
	}
}

/* --- what came -------------------------------------------------------------
 */

static void ask(void *arg);

static void
tell(struct keeper *keeper, const char *text)
{
	const struct leases_options *options = &keeper->leases->options;
	bool troubled = text[0] != '\0';

	if (troubled != keeper->troubled)
		options->trouble(options->arg, keeper->host, text);
	keeper->troubled = troubled;
}

static void
begin_anew(struct keeper *keeper)
{
	keeper->step = cluster_of(keeper)->lease ? READ_RENEW : READ_LEASE;
	keeper->bound_ms = 0;
}

/* What was sent has come, or is refused for the higher number. */
static void
take_number(struct keeper *keeper, int64_t number, int64_t at_ms)
{
	const struct leases_options *options = &keeper->leases->options;

	if (number < keeper->sent) {
		keeper->renew = keeper->sent;
		return;
	}
	options->answered(options->arg, keeper->host, at_ms);
	keeper->renew = (uint32_t)number + 1;
}

static void
tell_bound(struct keeper *keeper, int64_t bound_ms)
{
	const struct leases_options *options = &keeper->leases->options;

	keeper->bound_ms = bound_ms;
	keeper->step = RENEW;
	options->told(options->arg, keeper->host, bound_ms);
	if (bound_ms == 0)
		begin_anew(keeper);
}

/* Whether there is anything to ask behind this one, before the next period. */
static bool
go_on_held(struct keeper *keeper, int64_t number)
{
	if (keeper->step == READ_BOUND) {
		tell_bound(keeper, number);
		return false;
	}
	if (number == LEASE_STATE_HELD && keeper->bound_ms == 0) {
		keeper->step = READ_BOUND;
		return true;
	}
	tell_bound(keeper, number == LEASE_STATE_HELD ? keeper->bound_ms : 0);
	return false;
}

static bool
go_on(struct keeper *keeper, int64_t number, int64_t at_ms)
{
	const struct cluster_settings *cluster = cluster_of(keeper);
	int64_t on = cluster->lease ? SWITCH_ON : SWITCH_OFF;

	switch (keeper->step) {
	case READ_RENEW:
		take_number(keeper, number, at_ms);
		keeper->step = READ_MS;
		return true;
	case READ_MS:
		keeper->step =
			number == cluster->lease_ms ? READ_LEASE : SET_MS;
		return true;
	case SET_MS:
		keeper->step = READ_LEASE;
		return true;
	case READ_LEASE:
		keeper->step = number == on ? RENEW : SET_LEASE;
		keeper->done = !cluster->lease && number == on;
		return !keeper->done;
	case SET_LEASE:
		keeper->step = RENEW;
		keeper->done = !cluster->lease;
		return !keeper->done;
	case RENEW:
		take_number(keeper, number, at_ms);
		keeper->step = READ_STATE;
		return true;
	default:
		return go_on_held(keeper, number);
	}
}

static void
came(void *arg, const struct poller_answer *answer, int64_t number)
{
	struct keeper *keeper = arg;

	if (answer->code != 0) {
		tell(keeper, answer->text);
		begin_anew(keeper);
		return;
	}
	tell(keeper, "");
	if (go_on(keeper, number, answer->at_ms))
		loop_timer_start(keeper->timer, 0);
	else if (keeper->done)
		loop_timer_stop(keeper->timer);
}

/* --- asking ----------------------------------------------------------------
 */

static void
send_ask(struct keeper *keeper)
{
	const struct leases_options *options = &keeper->leases->options;
	bool set = keeper->step == SET_MS || keeper->step == SET_LEASE ||
		   keeper->step == RENEW;
	const struct poller_ask what = {
		.name = &keeper->leases->names[keeper->step],
		.set = set,
		.is_unsigned = keeper->step != SET_LEASE,
		.value = set ? wanted(keeper) : 0,
	};

	/* The record is off the disk before what it says may change. */
	if (set && keeper->step != RENEW &&
	    !options->strike(options->arg, keeper->host))
		return;
	/* -EBUSY: the last one is still being waited for. */
	if (poller_number(keeper->target, &what, 0, came, keeper) < 0 ||
	    keeper->step != RENEW)
		return;
	if (keeper->renew > keeper->sent)
		keeper->sent = keeper->renew;
	options->sent(options->arg, keeper->host);
}

/* How long until a heartbeat has just come; 0: that is now. */
static int64_t
wait_ms(const struct keeper *keeper, int64_t heard_ms)
{
	int64_t left_ms = HEARTBEAT_PERIOD_MS + WAIT_MIN_MS - heard_ms;

	if (keeper->step != RENEW || heard_ms <= LEASE_NEAR_MS)
		return 0;
	return left_ms > WAIT_MIN_MS ? left_ms : WAIT_MIN_MS;
}

static void
ask(void *arg)
{
	struct keeper *keeper = arg;
	const struct leases_options *options = &keeper->leases->options;
	int64_t heard_ms = options->heard_ms(options->arg, keeper->host);

	if (heard_ms >= 0 && wait_ms(keeper, heard_ms) > 0) {
		loop_timer_start(keeper->timer, wait_ms(keeper, heard_ms));
		return;
	}
	loop_timer_start(keeper->timer, period_of(keeper));
	if (heard_ms >= 0)
		send_ask(keeper);
	else /* it may come back as another boot, or another agent */
		begin_anew(keeper);
}

/* --- open and close --------------------------------------------------------
 */

static int
open_keeper(struct loop *loop, struct leases *leases, size_t i, struct err *err)
{
	const struct settings *s = leases->options.settings;
	const struct host_settings *host = &s->hosts[i];
	struct keeper *keeper = &leases->keepers[i];

	keeper->leases = leases;
	keeper->host = i;
	if (host->write_snmp == NULL)
		return 0;
	int rc = poller_host_new(leases->options.poller, host->agent,
				 host->write_snmp->name, &keeper->target, err);
	if (rc < 0)
		return err_prefix(err, rc, "host %s", host->name);
	begin_anew(keeper);
	keeper->timer = loop_timer_new(loop, ask, keeper);
	loop_timer_start(keeper->timer, FIRST_MS + period_of(keeper) *
							   (int64_t)i /
							   (int64_t)s->n_hosts);
	return 0;
}

int
leases_new(struct loop *loop, const struct leases_options *options,
	   struct leases **ret_leases, struct err *err)
{
	struct leases *leases = xcalloc(1, sizeof(*leases));
	int rc = 0;

	leases->options = *options;
	leases->keepers =
		xcalloc(options->settings->n_hosts, sizeof(struct keeper));
	for (size_t i = 0; i < STEPS; i++)
		codec_scalar_oid(objects[i], &leases->names[i]);
	for (size_t i = 0; rc == 0 && i < options->settings->n_hosts; i++)
		rc = open_keeper(loop, leases, i, err);
	if (rc < 0) {
		leases_free(leases);
		return rc;
	}
	*ret_leases = leases;
	return 0;
}

void
leases_free(struct leases *leases)
{
	if (leases == NULL)
		return;
	for (size_t i = 0; i < leases->options.settings->n_hosts; i++) {
		if (leases->keepers[i].target != NULL)
			poller_host_free(leases->keepers[i].target);
		loop_timer_free(leases->keepers[i].timer);
	}
	free(leases->keepers);
	free(leases);
}
