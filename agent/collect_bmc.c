/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect_bmc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/bmc_more.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "ipmi/power.h"
#include "snmp-mib/hex.h"

struct collect_bmc {
	struct loop *loop;
	struct loop_timer *timer;
	unsigned device;
	struct ipmi_env *env; /* NULL until a device was found */
	struct bmc *bmc;
	struct bmc_more *more; /* with bmc */
	struct source source;
	struct report_bmc row;
	int64_t asked_us;
};

static const enum report_power powers[] = {
	[IPMI_POWER_UNKNOWN] = REPORT_POWER_UNKNOWN,
	[IPMI_POWER_OFF] = REPORT_POWER_OFF,
	[IPMI_POWER_ON] = REPORT_POWER_ON,
};

/* IPMI 2.0, 20.1: the minor revision is BCD. */
void
bmc_print_firmware(const uint8_t device[15], char *ret_text, size_t room)
{
	snprintf(ret_text, room, "%u.%02x", device[2] & 0x7fu,
		 (unsigned)device[3]);
}

void
bmc_fill_row(const struct bmc_health *health, struct report_bmc *row)
{
	row->present = true;
	row->reachable = health->state == BMC_UP || health->state == BMC_SLOW;
	if (health->has_device)
		bmc_print_firmware(health->device, row->firmware,
				   sizeof(row->firmware));
	if (health->has_guid)
		hex_print_uuid(health->guid, row->guid);
}

static void
take_health(struct collect_bmc *bmc)
{
	struct bmc_health health;

	bmc_get_health(bmc->bmc, &health);
	bmc_fill_row(&health, &bmc->row);
}

static void
power_was_read(void *arg, const struct power_result *result)
{
	struct collect_bmc *bmc = arg;
	int64_t now_us = source_clock_us();

	if (result->rc == IPMI_CANCELLED)
		return; /* we are going away */
	take_health(bmc);
	bmc->row.power = powers[result->power];
	if (result->rc == IPMI_OK) {
		source_succeed(&bmc->source, now_us / 1000,
			       (uint64_t)(now_us - bmc->asked_us));
		bmc_more_ask(bmc->more, now_us / 1000);
	} else {
		source_fail(&bmc->source, result->text);
		bmc_more_doubt(bmc->more, result->text);
	}
	loop_timer_start(bmc->timer, COLLECT_BMC_PERIOD_MS);
}

/* The device node may come late (a module) or never. */
static bool
open_device(struct collect_bmc *bmc)
{
	struct err err = { "" };

	if (bmc->env == NULL)
		bmc->env = ipmi_env_new(bmc->loop, &err);
	if (bmc->env != NULL && bmc->bmc == NULL)
		bmc->bmc = bmc_new_local(bmc->env, bmc->device, &err);
	if (bmc->bmc != NULL && bmc->more == NULL)
		bmc->more = bmc_more_new(bmc->bmc);
	if (bmc->bmc != NULL)
		return true;
	source_fail(&bmc->source, err.text);
	return false;
}

static void
read_bmc(void *arg)
{
	struct collect_bmc *bmc = arg;

	if (!open_device(bmc)) {
		loop_timer_start(bmc->timer, COLLECT_BMC_RETRY_MS);
		return;
	}
	bmc->asked_us = source_clock_us();
	if (power_read(bmc->bmc, 0, power_was_read, bmc) == 0) {
		source_fail(&bmc->source, "the BMC's queue is full");
		loop_timer_start(bmc->timer, COLLECT_BMC_PERIOD_MS);
	}
}

struct collect_bmc *
collect_bmc_new(struct loop *loop, unsigned device)
{
	struct collect_bmc *bmc = xcalloc(1, sizeof(*bmc));

	bmc->loop = loop;
	bmc->device = device;
	bmc->row.power = REPORT_POWER_UNKNOWN;
	snprintf(bmc->row.device, sizeof(bmc->row.device), "/dev/ipmi%u",
		 device);
	source_init(&bmc->source, SOURCE_BMC, "bmc",
		    INT64_C(2) * COLLECT_BMC_PERIOD_MS);
	bmc->timer = loop_timer_new(loop, read_bmc, bmc);
	loop_timer_start(bmc->timer, 0);
	return bmc;
}

void
collect_bmc_free(struct collect_bmc *bmc)
{
	if (bmc == NULL)
		return;
	bmc_free(bmc->bmc);
	bmc_more_free(bmc->more);
	ipmi_env_free(bmc->env);
	loop_timer_free(bmc->timer);
	free(bmc);
}

void
collect_bmc_fill(const struct collect_bmc *bmc, struct report_bmc *ret_bmc)
{
	*ret_bmc = bmc->row;
}

const struct bmc_more *
collect_bmc_more(const struct collect_bmc *bmc)
{
	return bmc->more;
}

const struct source *
collect_bmc_source(const struct collect_bmc *bmc)
{
	return &bmc->source;
}
