/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/power.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scheduler/coordinator/execute.h"

struct line {
	struct coordinator *co;
	size_t host;
	struct bmc *bmc; /* NULL: none configured */
	uint64_t probe;  /* operation under way, or 0 */
	int64_t command; /* of the fence under way */
};

struct power {
	struct ipmi_env *env;
	struct line *lines; /* by host */
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
	return line->bmc != NULL ? 0
				 : err_prefix(err, -1, "host %s", conf->name);
}

int
power_open(struct coordinator *co, struct err *err)
{
	struct power *power = xcalloc(1, sizeof(*power));

	co->power = power;
	power->env = ipmi_env_new(co->loop, err);
	if (power->env == NULL)
		return -1;
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

void
power_close(struct coordinator *co)
{
	struct power *power = co->power;

	if (power == NULL)
		return;
	co->power = NULL; /* results of the closing are nobody's news */
	for (size_t i = 0; power->lines != NULL && i < co->reg.n_hosts; i++)
		bmc_free(power->lines[i].bmc);
	ipmi_env_free(power->env);
	free(power->lines);
	free(power);
}

struct bmc *
power_bmc(const struct coordinator *co, size_t host)
{
	return co->power->lines[host].bmc;
}

void
power_take(struct coordinator *co, size_t host,
	   const struct power_result *result)
{
	struct reg_host *h = &co->reg.hosts[host];

	if (result->rc == IPMI_CANCELLED)
		return;
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

char *
power_evidence(const struct bmc *bmc, const struct power_result *result)
{
	struct bmc_health health;
	char guid[BMC_GUID_TEXT] = "";

	bmc_get_health(bmc, &health);
	if (health.has_guid)
		bmc_format_guid(health.guid, guid);
	json_t *json = json_pack(
		"{s:s, s:s, s:s, s:b, s:i, s:i, s:I, s:I, s:I, s:I, s:i}",
		"bmc", bmc_name(bmc), "bmc_guid", guid, "result",
		ipmi_rc_name(result->rc), "verified", result->verified, "reads",
		(int)result->reads, "commands_sent", (int)result->commands_sent,
		"first_read_mono_ms", (json_int_t)result->first_read_ms,
		"last_read_mono_ms", (json_int_t)result->last_read_ms,
		"last_read_wall_ms", (json_int_t)result->last_read_wall_ms,
		"took_ms", (json_int_t)(result->done_ms - result->asked_ms),
		"last_power_event", (int)result->last_event);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static void
fenced(void *arg, const struct power_result *result)
{
	struct line *line = arg;
	struct coordinator *co = line->co;

	if (co->power == NULL)
		return; /* shutting down: the record stays open */
	power_take(co, line->host, result);
	cleanup_free char *text = power_evidence(line->bmc, result);
	outcome_fence(co, line->host, line->command,
		      result->rc == IPMI_OK && result->verified &&
			      result->power == IPMI_POWER_OFF,
		      result->text, text);
}

/* A refusal comes back through a timer: outcomes never come from inside. */
struct refusal {
	struct line *line;
	struct loop_timer *timer;
};

static void
refused(void *arg)
{
	struct refusal *refusal = arg;
	struct line *line = refusal->line;

	loop_timer_free(refusal->timer);
	free(refusal);
	outcome_fence(line->co, line->host, line->command, false,
		      "too much is waiting for its BMC", NULL);
}

void
power_fence(struct coordinator *co, size_t host, int64_t command)
{
	struct line *line = &co->power->lines[host];

	line->command = command;
	if (power_turn_off(line->bmc, FENCE_DEADLINE_MS, fenced, line) != 0)
		return;
	struct refusal *refusal = xcalloc(1, sizeof(*refusal));
	refusal->line = line;
	refusal->timer = loop_timer_new(co->loop, refused, refusal);
	loop_timer_start(refusal->timer, 0);
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

void
power_check_health(struct coordinator *co)
{
	for (size_t i = 0; i < co->reg.n_hosts; i++) {
		struct reg_host *h = &co->reg.hosts[i];
		struct bmc_health health;

		h->bmc_trouble[0] = '\0';
		if (power_bmc(co, i) == NULL)
			continue;
		bmc_get_health(power_bmc(co, i), &health);
		const char *trouble = trouble_of(&health);
		if (trouble != NULL)
			snprintf(h->bmc_trouble, sizeof(h->bmc_trouble),
				 "%s%s%s", trouble,
				 health.error[0] != '\0' ? ": " : "",
				 health.error);
	}
}
