/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/collect_bmc.h - this machine's own BMC, by its local device.
 * Presence, firmware, identity and power, every COLLECT_BMC_PERIOD_MS.
 */
#ifndef AGENT_COLLECT_BMC_H
#define AGENT_COLLECT_BMC_H

#include "agent/source.h"
#include "common/loop.h"
#include "ipmi/bmc.h"

enum { COLLECT_BMC_PERIOD_MS = 10000, COLLECT_BMC_RETRY_MS = 60000 };

struct collect_bmc;

/* `device` is the N of /dev/ipmiN, which need not be there yet. */
struct collect_bmc *collect_bmc_new(struct loop *loop, unsigned device);
void collect_bmc_free(struct collect_bmc *bmc);

void collect_bmc_fill(const struct collect_bmc *bmc,
		      struct report_bmc *ret_bmc);
/* Sensors and the like; NULL before the device was found. */
struct bmc_more;
const struct bmc_more *collect_bmc_more(const struct collect_bmc *bmc);
const struct source *collect_bmc_source(const struct collect_bmc *bmc);

/* "2.17": firmware revision out of the answer to Get Device ID. */
void bmc_print_firmware(const uint8_t device[15], char *ret_text, size_t room);

/* All but the power, which is news of its own.  What the BMC has not told yet
 * stays as it was. */
void bmc_fill_row(const struct bmc_health *health, struct report_bmc *row);

#endif
