/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/bmc_more.h - what this machine's BMC knows beyond its power: sensors,
 * watts and their limit, how full its event log is, its watchdog.
 *
 * One question after another, asynchronous, each BMC_MORE_PERIOD_MS: a local
 * BMC is slow (5 to 20 ms for each of some dozens of questions) and costs the
 * kernel CPU while it is talked to.  What a BMC does not have is absent.
 */
#ifndef AGENT_BMC_MORE_H
#define AGENT_BMC_MORE_H

#include "agent/sensors.h"
#include "ipmi/bmc.h"

enum { BMC_MORE_PERIOD_MS = 30000 };

struct bmc_more;

struct bmc_more *bmc_more_new(struct bmc *bmc);
/* Behind bmc_free(), which ends what is under way. */
void bmc_more_free(struct bmc_more *more);

/* The BMC answers: ask it if it is time. */
void bmc_more_ask(struct bmc_more *more, int64_t now_ms);
/* It does not: what it said does not hold any more. */
void bmc_more_doubt(struct bmc_more *more, const char *why);

const struct sensor_list *bmc_more_sensors(const struct bmc_more *more);
const struct detail_bmc *bmc_more_row(const struct bmc_more *more);

/* Pure: Get SEL Info behind its completion code, into the row. */
void bmc_more_take_log(const uint8_t *data, size_t len, struct detail_bmc *row);

#endif
