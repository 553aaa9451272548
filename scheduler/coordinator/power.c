/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/power.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/evidence.h"
#include "scheduler/coordinator/execute.h"
#include "scheduler/coordinator/guard.h"
#include "scheduler/coordinator/stagger.h"

struct line {
	struct coordinator *co;
	size_t host;
	struct bmc *bmc; /* NULL: none configured */
	struct readiness *readiness;
	uint64_t probe;  /* operation under way, or 0 */
	int64_t command; /* of the fence under way */

	/* A power-on that waits for its feed and rack; fn NULL: none. */
	power_fn on_fn;
	void *on_arg;
	struct loop_timer *on_timer;
};

struct power {
	struct ipmi_env *env;
	struct line *lines; /* by host */
	struct stagger *stagger;
};

static int
open_line(struct power *power, const struct host_settings *conf,
	  struct line *line, struct err *err)
{
	const struct bmc_target target = {
		.address = conf->bmc,
		.cipher_suite = conf->cipher_suite,
		.privilege = IPMI_OPERATOR,
	};

	if (!conf->has_bmc)
		return 0;
	line->bmc = bmc_new_lan(power->env, &target, conf->ipmi, err);
	if (line->bmc == NULL)
		return err_prefix(err, -1, "host %s", conf->name);
	line->readiness = readiness_new(line->co->loop, line->bmc, line->host);
	return 0;
}

int
power_open(struct coordinator *co, struct err *err)
{
	struct power *power = xcalloc(1, sizeof(*power));

	co->power = power;
	power->env = ipmi_env_new(co->loop, err);
	if (power->env == NULL)
		return -1;
	power->stagger = stagger_new(co->settings->power_on_per_second,
				     co->settings->power_on_burst);
	power->lines = xcalloc(co->reg.n_hosts, sizeof(*power->lines));
	for (size_t i = 0; i < co->reg.n_hosts; i++) {
		power->lines[i].co = co;
		power->lines[i].host = i;
		int rc = open_line(power, co->reg.hosts[i].conf,
				   &power->lines[i], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- power-on, a few at a time ------------------------------------------- */

static void
give_up_on(struct line *line, const char *why)
{
	struct power_result result = { .rc = IPMI_CANCELLED, .rtt_ms = -1 };
	power_fn fn = line->on_fn;

	if (fn == NULL)
		return;
	line->on_fn = NULL;
	loop_timer_stop(line->on_timer);
	snprintf(result.text, sizeof(result.text), "cancelled: %s", why);
	fn(line->on_arg, &result);
}

static void
try_on(void *arg)
{
	struct line *line = arg;
	const struct host_settings *conf = line->co->reg.hosts[line->host].conf;
	int64_t wait_ms = stagger_take(line->co->power->stagger, conf->feed,
				       conf->rack, clock_mono_ms());
	power_fn fn = line->on_fn;

	if (wait_ms > 0) {
		loop_timer_start(line->on_timer, wait_ms);
		return;
	}
	if (power_turn_on(line->bmc, 0, fn, line->on_arg) == 0)
		give_up_on(line, "too much is waiting for its BMC");
	line->on_fn = NULL;
}

void
power_cancel_on(struct coordinator *co, size_t host)
{
	give_up_on(&co->power->lines[host], "a power-off has precedence");
}

bool
power_order_on(struct coordinator *co, size_t host, power_fn fn, void *arg)
{
	struct line *line = &co->power->lines[host];

	if (line->on_fn != NULL)
		return false;
	if (line->on_timer == NULL)
		line->on_timer = loop_timer_new(co->loop, try_on, line);
	line->on_fn = fn;
	line->on_arg = arg;
	/* From a clean stack: nobody is called back before this returns. */
	loop_timer_start(line->on_timer, 0);
	return true;
}

void
power_close(struct coordinator *co)
{
	struct power *power = co->power;

	if (power == NULL)
		return;
	co->power = NULL; /* results of the closing are nobody's news */
	for (size_t i = 0; power->lines != NULL && i < co->reg.n_hosts; i++) {
		give_up_on(&power->lines[i], "the coordinator is stopping");
		loop_timer_free(power->lines[i].on_timer);
		readiness_free(power->lines[i].readiness);
		bmc_free(power->lines[i].bmc);
	}
	ipmi_env_free(power->env);
	stagger_free(power->stagger);
	free(power->lines);
	free(power);
}

struct bmc *
power_bmc(const struct coordinator *co, size_t host)
{
	return co->power->lines[host].bmc;
}

bool
power_guard(const struct coordinator *co, size_t host, struct err *err)
{
	const struct reg_host *h = &co->reg.hosts[host];
	struct bmc_health health;

	bmc_get_health(power_bmc(co, host), &health);
	struct guard guard = {
		.configured = h->conf->guid,
		.in_band = h->report != NULL ? h->report->bmc.guid : NULL,
		.has_guid = health.has_guid,
	};
	memcpy(guard.guid, health.guid, sizeof(guard.guid));
	return guard_allows(&guard, err);
}

const struct readiness_state *
power_readiness(const struct coordinator *co, size_t host)
{
	const struct line *line = &co->power->lines[host];

	return line->readiness != NULL ? readiness_get(line->readiness) : NULL;
}

void
power_take(struct coordinator *co, size_t host,
	   const struct power_result *result)
{
	struct reg_host *h = &co->reg.hosts[host];

	struct err err;

	if (result->rc == IPMI_CANCELLED)
		return;
	if (!power_guard(co, host, &err)) {
		/* Whatever it says is of another host. */
		h->power = POWER_UNKNOWN;
		h->power_ms = result->done_ms;
		h->off_reads = 0;
		snprintf(h->power_text, sizeof(h->power_text), "%.200s",
			 err.text);
		coordinator_wake(co);
		return;
	}
	h->power = result->rc == IPMI_OK && result->power == IPMI_POWER_OFF
			   ? POWER_OFF
		   : result->power == IPMI_POWER_ON ? POWER_ON
						    : POWER_UNKNOWN;
	h->power_ms = result->last_read_ms != 0 ? result->last_read_ms
						: result->done_ms;
	h->off_reads = h->power == POWER_OFF && result->verified ? 2
		       : h->power == POWER_OFF                   ? 1
								 : 0;
	h->off_since_ms =
		h->off_reads == 2 ? result->first_read_ms : h->power_ms;
	snprintf(h->power_text, sizeof(h->power_text), "%s", result->text);
	coordinator_wake(co);
}

static void
probed(void *arg, const struct power_result *result)
{
	struct line *line = arg;

	line->probe = 0;
	if (line->co->power != NULL)
		power_take(line->co, line->host, result);
}

void
power_probe(struct coordinator *co, size_t host)
{
	struct line *line = &co->power->lines[host];

	if (line->bmc == NULL || line->probe != 0)
		return;
	line->probe =
		power_prove_off(line->bmc, PROBE_TIMEOUT_MS, probed, line);
}

/* A fence that has ended, while the rest of its evidence is asked for. */
struct ended {
	struct line *line;
	struct power_result result;
};

static void
fence_told(struct ended *ended, const struct evidence_extra *extra)
{
	struct line *line = ended->line;
	const struct power_result *result = &ended->result;
	char by[64];
	struct err err;
	bool right = power_guard(line->co, line->host, &err);

	snprintf(by, sizeof(by), "decision, command %" PRId64, line->command);
	cleanup_free char *text = evidence_text(line->bmc, result, extra, by);
	outcome_fence(line->co, line->host, line->command,
		      result->rc == IPMI_OK && result->verified && right &&
			      result->power == IPMI_POWER_OFF,
		      right ? result->text : err.text, text);
}

static void
evidence_came(void *arg, const struct evidence_extra *extra)
{
	cleanup_free struct ended *ended = arg;

	if (ended->line->co->power != NULL)
		fence_told(ended, extra);
}

static void
fenced(void *arg, const struct power_result *result)
{
	struct line *line = arg;
	struct ended *ended;

	if (line->co->power == NULL)
		return; /* shutting down: the record stays open */
	power_take(line->co, line->host, result);
	ended = xcalloc(1, sizeof(*ended));
	*ended = (struct ended){ line, *result };
	if (result->rc == IPMI_OK &&
	    evidence_ask(line->bmc, evidence_came, ended))
		return;
	fence_told(ended, NULL);
	free(ended);
}

/* A refusal comes back through a timer: outcomes never come from inside. */
struct refusal {
	struct line *line;
	char text[ERR_MAX];
	struct loop_timer *timer;
};

static void
refused(void *arg)
{
	struct refusal *refusal = arg;
	struct line *line = refusal->line;

	loop_timer_free(refusal->timer);
	outcome_fence(line->co, line->host, line->command, false, refusal->text,
		      NULL);
	free(refusal);
}

static void
refuse(struct line *line, const char *text)
{
	struct refusal *refusal = xcalloc(1, sizeof(*refusal));

	refusal->line = line;
	snprintf(refusal->text, sizeof(refusal->text), "%s", text);
	refusal->timer = loop_timer_new(line->co->loop, refused, refusal);
	loop_timer_start(refusal->timer, 0);
}

void
power_fence(struct coordinator *co, size_t host, int64_t command)
{
	struct line *line = &co->power->lines[host];

	struct err err;

	line->command = command;
	power_cancel_on(co, host);
	if (!power_guard(co, host, &err))
		refuse(line, err.text);
	else if (power_turn_off(line->bmc, FENCE_DEADLINE_MS, fenced, line) ==
		 0)
		refuse(line, "too much is waiting for its BMC");
}

static const char *
trouble_of(const struct bmc_health *health)
{
	switch (health->state) {
	case BMC_UP:
	case BMC_SLOW:
	case BMC_UNKNOWN:
		return NULL;
	case BMC_SILENT:
		return "its BMC does not answer";
	case BMC_REFUSED:
		return "its BMC gives no session";
	case BMC_AUTH_FAILED:
		return "its BMC does not take our user or password";
	case BMC_QUARANTINED:
		return "its BMC refused our password three times; it is left "
		       "alone so that the account is not locked: mend the "
		       "credentials and restart the coordinator";
	}
	return "its BMC is in an unknown state";
}

/* What stands in the way of a fence, worst first; "": nothing. */
static void
find_trouble(const struct coordinator *co, size_t host,
	     char ret_text[REPORT_TEXT_LEN])
{
	const struct readiness_state *ready = power_readiness(co, host);
	struct bmc_health health;
	struct err err;

	bmc_get_health(power_bmc(co, host), &health);
	const char *trouble = trouble_of(&health);
	if (trouble != NULL)
		snprintf(ret_text, REPORT_TEXT_LEN, "%s%s%s", trouble,
			 health.error[0] != '\0' ? ": " : "", health.error);
	else if (!power_guard(co, host, &err) && health.has_guid)
		snprintf(ret_text, REPORT_TEXT_LEN, "%.200s", err.text);
	else if (ready->known && !ready->ready)
		snprintf(ret_text, REPORT_TEXT_LEN, "a fence would fail: %s",
			 ready->text);
}

void
power_check_health(struct coordinator *co)
{
	for (size_t i = 0; i < co->reg.n_hosts; i++) {
		struct reg_host *h = &co->reg.hosts[i];

		h->bmc_trouble[0] = '\0';
		if (power_bmc(co, i) != NULL)
			find_trouble(co, i, h->bmc_trouble);
	}
}
