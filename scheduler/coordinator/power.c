/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/power.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "scheduler/coordinator/guard.h"
#include "scheduler/coordinator/inspect.h"
#include "scheduler/coordinator/poll.h"
#include "scheduler/coordinator/power_internal.h"
#include "scheduler/coordinator/soft.h"
#include "scheduler/coordinator/stagger.h"

/* --- open and close ------------------------------------------------------ */

static int
open_pdus(struct coordinator *co, struct err *err)
{
	const struct settings *s = co->settings;

	co->power->pdus = xcalloc(s->n_pdus, sizeof(struct pdu *));
	for (size_t i = 0; i < s->n_pdus; i++) {
		const struct pdu_settings *conf = &s->pdus[i];

		co->power->pdus[i] =
			pdu_new(co->loop, poll_poller(co), conf->address,
				conf->snmp->name, &conf->kind, err);
		if (co->power->pdus[i] == NULL)
			return err_prefix(err, -1, "pdu %s", conf->name);
	}
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
	int rc = open_pdus(co, err);
	power->lines = xcalloc(co->reg.n_hosts, sizeof(*power->lines));
	for (size_t i = 0; rc == 0 && i < co->reg.n_hosts; i++) {
		power->lines[i].co = co;
		power->lines[i].host = i;
		rc = devices_open(&power->lines[i], err);
	}
	return rc;
}

static void
close_line(struct line *line)
{
	line_give_up_on(line, "the coordinator is stopping");
	loop_timer_free(line->on_timer);
	devices_close(line);
	fence_free(line->fence);
}

void
power_close(struct coordinator *co)
{
	struct power *power = co->power;

	if (power == NULL)
		return;
	co->power = NULL; /* results of the closing are nobody's news */
	soft_close(co);
	inspect_close(co);
	for (size_t i = 0; power->lines != NULL && i < co->reg.n_hosts; i++)
		if (power->lines[i].co != NULL)
			close_line(&power->lines[i]);
	for (size_t i = 0; power->pdus != NULL && i < co->settings->n_pdus; i++)
		pdu_free(power->pdus[i]);
	ipmi_env_free(power->env);
	stagger_free(power->stagger);
	free(power->pdus);
	free(power->lines);
	free(power);
}

/* --- levels -------------------------------------------------------------- */

const char *
line_level_name(const struct line *line, unsigned level)
{
	const struct host_settings *conf = line->co->reg.hosts[line->host].conf;

	return level == 0 ? "BMC" : conf->levels[level - 1].name;
}

unsigned
line_levels(const struct line *line)
{
	return 1 + (unsigned)line->co->reg.hosts[line->host].conf->n_levels;
}

enum { DEVICES_MAX = 1 + SETTINGS_LEVELS_MAX * (1 + SETTINGS_OUTLETS_MAX) };

void
line_combine(struct line *line, struct levels_word *ret_word)
{
	struct reg_host *h = &line->co->reg.hosts[line->host];
	struct level_device devices[DEVICES_MAX];

	for (size_t i = 0; i < line->n_devices; i++) {
		const struct device *device = &line->devices[i];

		devices[i] = (struct level_device){ device->name, device->level,
						    device->bmc != NULL,
						    &device->word };
	}
	levels_combine(devices, line->n_devices, ret_word);
	h->power = ret_word->word.power;
	if (h->power == POWER_ON)
		registry_void_word(h);
	h->fed = ret_word->fed;
	h->power_ms = ret_word->word.read_ms;
	h->off_reads = ret_word->word.off_reads;
	h->off_since_ms = ret_word->word.off_since_ms;
	snprintf(h->power_text, sizeof(h->power_text), "%s",
		 ret_word->word.text);
}

/* --- the door ------------------------------------------------------------ */

struct bmc *
power_bmc(const struct coordinator *co, size_t host)
{
	const struct device *own = device_own(&co->power->lines[host]);

	return own != NULL ? own->bmc : NULL;
}

bool
power_guard(const struct coordinator *co, size_t host, struct err *err)
{
	return device_guard(device_own(&co->power->lines[host]), err);
}

const char *
power_bmc_state(const struct coordinator *co, size_t host)
{
	const struct bmc *bmc = power_bmc(co, host);
	struct bmc_health health;
	struct err err;

	if (bmc == NULL)
		return "none";
	bmc_get_health(bmc, &health);
	if ((health.state == BMC_UP || health.state == BMC_SLOW) &&
	    health.has_guid && guard_is_told(health.guid) &&
	    !power_guard(co, host, &err))
		return "wrong-host";
	return bmc_state_name(health.state);
}

static enum power_state
of_ipmi(enum ipmi_power power)
{
	return power == IPMI_POWER_OFF  ? POWER_OFF
	       : power == IPMI_POWER_ON ? POWER_ON
					: POWER_UNKNOWN;
}

enum power_state
power_last(const struct coordinator *co, size_t host, int64_t now_ms,
	   int64_t *ret_age_ms)
{
	const struct reg_host *h = &co->reg.hosts[host];
	struct bmc *bmc = power_bmc(co, host);
	struct bmc_health health = { .power_age_ms = -1 };
	struct err err;

	*ret_age_ms = h->power_ms == 0 ? -1 : now_ms - h->power_ms;
	if (bmc == NULL)
		return h->power;
	bmc_get_health(bmc, &health);
	if (!power_guard(co, host, &err))
		return POWER_UNKNOWN; /* whatever was read is another's */
	if (health.power_age_ms < 0)
		return h->power;
	*ret_age_ms = health.power_age_ms; /* the keep-alive reads it, too */
	return of_ipmi(health.power);
}

const struct readiness_state *
power_readiness(const struct coordinator *co, size_t host)
{
	const struct device *own = device_own(&co->power->lines[host]);

	return own != NULL ? readiness_get(own->readiness) : NULL;
}

bool
power_device(const struct coordinator *co, size_t host, size_t i,
	     struct power_device *ret_device)
{
	const struct line *line = &co->power->lines[host];

	if (i >= line->n_devices)
		return false;
	const struct device *device = &line->devices[i];
	*ret_device = (struct power_device){
		.level = line_level_name(line, device->level),
		.name = device->name,
		.is_bmc = device->bmc != NULL,
		.power = device->word.power,
		.read_ms = device->word.read_ms,
		.text = device->word.text,
		.readiness = readiness_get(device->readiness),
	};
	return true;
}

void
power_take(struct coordinator *co, size_t host,
	   const struct power_result *result)
{
	device_take(device_own(&co->power->lines[host]), result);
}

void
power_probe(struct coordinator *co, size_t host)
{
	struct line *line = &co->power->lines[host];

	for (size_t i = 0; i < line->n_devices; i++)
		device_probe(&line->devices[i]);
}

void
power_fence(struct coordinator *co, size_t host, int64_t command)
{
	power_cancel_on(co, host);
	soft_cancel(co, host);
	fence_start(&co->power->lines[host], command);
}

/* The first level that would fail is told. */
void
power_check_health(struct coordinator *co)
{
	for (size_t i = 0; i < co->reg.n_hosts; i++) {
		const struct line *line = &co->power->lines[i];
		struct reg_host *h = &co->reg.hosts[i];

		h->bmc_trouble[0] = '\0';
		h->bmc_is_foreign = false;
		for (size_t k = 0;
		     k < line->n_devices && h->bmc_trouble[0] == '\0'; k++) {
			struct err err;

			device_trouble(&line->devices[k], h->bmc_trouble);
			h->bmc_is_foreign =
				h->bmc_trouble[0] != '\0' &&
				!device_guard(&line->devices[k], &err);
		}
	}
}
