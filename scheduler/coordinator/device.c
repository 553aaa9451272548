/* SPDX-License-Identifier: Apache-2.0 */
/* One thing that can take a host's power: its BMC, another one, an outlet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "scheduler/coordinator/evidence.h"
#include "scheduler/coordinator/guard.h"
#include "scheduler/coordinator/power_internal.h"

/* --- open and close ------------------------------------------------------ */

static size_t
count_devices(const struct host_settings *conf)
{
	size_t n = conf->has_bmc;

	for (size_t i = 0; i < conf->n_levels; i++)
		n += conf->levels[i].has_bmc + conf->levels[i].n_outlets;
	return n;
}

/* Spreads the readiness of all devices over its period. */
static size_t
number_of(const struct device *device)
{
	return device->line->host * 7 +
	       (size_t)(device - device->line->devices);
}

/* Fits bmc_guard_fn. */
static bool
is_meant(void *arg, const uint8_t *guid, struct err *err)
{
	const struct device *device = arg;
	const struct reg_host *h =
		&device->line->co->reg.hosts[device->line->host];
	struct guard guard = {
		.configured = device->conf->guid,
		/* The agent reads the host's own BMC, no other. */
		.in_band = device->level == 0 && h->report != NULL
				   ? h->report->bmc.guid
				   : NULL,
		.has_guid = guid != NULL,
	};

	if (guid != NULL)
		memcpy(guard.guid, guid, sizeof(guard.guid));
	return guard_allows(&guard, err);
}

static int
open_bmc(struct line *line, const struct bmc_settings *conf, unsigned level,
	 struct err *err)
{
	struct device *device = &line->devices[line->n_devices];
	const struct bmc_target target = {
		.address = conf->address,
		.cipher_suite = conf->cipher_suite,
		.privilege = IPMI_OPERATOR,
	};

	*device = (struct device){ .line = line, .level = level };
	snprintf(device->name, sizeof(device->name), "%s",
		 line_level_name(line, level));
	device->conf = conf;
	device->bmc =
		bmc_new_lan(line->co->power->env, &target, conf->ipmi, err);
	if (device->bmc == NULL)
		return -1;
	bmc_set_guard(device->bmc, is_meant, device);
	bmc_set_verify_gap(device->bmc, conf->off_settle_ms);
	device->settle_ms = conf->off_settle_ms - POWER_VERIFY_GAP_MS;
	device->readiness =
		readiness_new(line->co->loop, device->bmc, number_of(device));
	line->n_devices++;
	return 0;
}

static void
open_outlet(struct line *line, const struct outlet_settings *conf,
	    unsigned level)
{
	struct device *device = &line->devices[line->n_devices++];

	*device = (struct device){ .line = line, .level = level };
	snprintf(device->name, sizeof(device->name), "%s/%s",
		 line_level_name(line, level), conf->name);
	device->outlet =
		outlet_new(line->co->loop, line->co->power->pdus[conf->pdu],
			   conf->number);
	device->readiness = readiness_new_outlet(line->co->loop, device->outlet,
						 number_of(device));
}

static int
open_level(struct line *line, unsigned level, struct err *err)
{
	const struct host_settings *host = line->co->reg.hosts[line->host].conf;
	const struct level_settings *conf = &host->levels[level - 1];
	int rc = conf->has_bmc ? open_bmc(line, &conf->bmc, level, err) : 0;

	for (size_t i = 0; rc == 0 && i < conf->n_outlets; i++)
		open_outlet(line, &conf->outlets[i], level);
	return rc;
}

int
devices_open(struct line *line, struct err *err)
{
	const struct host_settings *conf = line->co->reg.hosts[line->host].conf;
	int rc = 0;

	line->devices = xcalloc(count_devices(conf), sizeof(*line->devices));
	if (conf->has_bmc)
		rc = open_bmc(line, &conf->bmc, 0, err);
	for (unsigned i = 1; rc == 0 && i <= conf->n_levels; i++)
		rc = open_level(line, i, err);
	return rc < 0 ? err_prefix(err, rc, "host %s", conf->name) : 0;
}

void
devices_close(struct line *line)
{
	for (size_t i = 0; i < line->n_devices; i++) {
		struct device *device = &line->devices[i];

		outlet_free(device->outlet);
		readiness_free(device->readiness);
		bmc_free(device->bmc);
	}
	free(line->devices);
	line->devices = NULL;
	line->n_devices = 0;
}

struct device *
device_own(const struct line *line)
{
	return line->n_devices > 0 && line->devices[0].level == 0
		       ? &line->devices[0]
		       : NULL;
}

/* --- what it says -------------------------------------------------------- */

bool
device_guard(const struct device *device, struct err *err)
{
	struct bmc_health health;

	if (device->bmc == NULL)
		return true;
	bmc_get_health(device->bmc, &health);
	return !health.has_guid || is_meant((void *)device, health.guid, err);
}

/* Why power went last, and what happens when it returns; NULL: nobody knows. */
static void
take_causes(const struct device *device, const struct power_result *result)
{
	struct reg_host *h = &device->line->co->reg.hosts[device->line->host];

	if (result->rc == IPMI_WRONG_HOST) {
		h->restore_policy = h->power_event = NULL;
	} else if (result->reads > 0) {
		h->restore_policy = evidence_policy(result);
		h->power_event = evidence_event(result);
	}
}

void
device_take(struct device *device, const struct power_result *result)
{
	struct levels_word unused;

	if (result->rc == IPMI_CANCELLED)
		return;
	device_word_take(&device->word, result);
	if (device->bmc != NULL && device->level == 0)
		take_causes(device, result);
	line_combine(device->line, &unused);
	coordinator_wake(device->line->co);
}

static void
probed(void *arg, const struct power_result *result)
{
	struct device *device = arg;

	device->probing = false;
	if (device->line->co->power != NULL)
		device_take(device, result);
}

void
device_probe(struct device *device)
{
	if (!device->probing)
		device->probing = device_prove_off(device, PROBE_TIMEOUT_MS,
						   probed, device);
}

bool
device_turn_off(struct device *device, int64_t deadline_ms, power_fn fn,
		void *arg)
{
	return device->bmc != NULL
		       ? power_turn_off(device->bmc,
					deadline_ms + device->settle_ms, fn,
					arg) != 0
		       : outlet_turn_off(device->outlet, deadline_ms, fn, arg);
}

bool
device_prove_off(struct device *device, int64_t deadline_ms, power_fn fn,
		 void *arg)
{
	return device->bmc != NULL
		       ? power_prove_off(device->bmc,
					 deadline_ms + device->settle_ms, fn,
					 arg) != 0
		       : outlet_prove_off(device->outlet, deadline_ms, fn, arg);
}

/* --- would it work ------------------------------------------------------- */

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

bool
device_is_silent(const struct device *device)
{
	struct bmc_health health;
	const struct readiness_state *ready = readiness_get(device->readiness);

	if (device->bmc == NULL)
		return ready->known && !ready->ready;
	bmc_get_health(device->bmc, &health);
	return !health.session || trouble_of(&health) != NULL;
}

static void
bmc_trouble(const struct device *device, const struct readiness_state *ready,
	    char ret_text[REPORT_TEXT_LEN])
{
	struct bmc_health health;
	struct err err;

	bmc_get_health(device->bmc, &health);
	const char *trouble = trouble_of(&health);
	if (!device_guard(device, &err))
		snprintf(ret_text, REPORT_TEXT_LEN, "%.200s", err.text);
	else if (trouble != NULL)
		snprintf(ret_text, REPORT_TEXT_LEN, "%s%s%s", trouble,
			 health.error[0] != '\0' ? ": " : "", health.error);
	else if (ready->known && !ready->ready)
		snprintf(ret_text, REPORT_TEXT_LEN, "a fence would fail: %s",
			 ready->text);
}

/* A host that lives has all its outlets on.  One that is not is another's, of
 * another kind than was configured, or a supply that is missing: in each case
 * better known before it is needed as a proof. */
static void
outlet_trouble(const struct device *device, const struct readiness_state *ready,
	       char ret_text[REPORT_TEXT_LEN])
{
	const struct reg_host *h =
		&device->line->co->reg.hosts[device->line->host];

	if (ready->known && !ready->ready)
		snprintf(ret_text, REPORT_TEXT_LEN,
			 "a fence by %.60s would fail: %.160s", device->name,
			 ready->text);
	else if (ready->known && ready->power == IPMI_POWER_OFF &&
		 h->link == LINK_OK && h->heard_ms > ready->checked_ms)
		snprintf(ret_text, REPORT_TEXT_LEN,
			 "%.60s says off while the host answers: it is another "
			 "host's outlet, a PDU of another kind, or a supply "
			 "without power",
			 device->name);
}

void
device_trouble(const struct device *device, char ret_text[REPORT_TEXT_LEN])
{
	const struct readiness_state *ready = readiness_get(device->readiness);
	char text[REPORT_TEXT_LEN] = "";

	if (device->bmc == NULL)
		outlet_trouble(device, ready, text);
	else
		bmc_trouble(device, ready, text);
	if (device->bmc != NULL && device->level > 0 && text[0] != '\0')
		snprintf(ret_text, REPORT_TEXT_LEN, "%.60s: %.180s",
			 device->name, text);
	else
		snprintf(ret_text, REPORT_TEXT_LEN, "%s", text);
}
