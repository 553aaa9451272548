/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/chassis.h - the lamp that shows which machine it is, and why a system
 * started last (IPMI 2.0, 28.5 and 28.11).
 */
#ifndef IPMI_CHASSIS_H
#define IPMI_CHASSIS_H

#include <stdint.h>

#include "ipmi/request.h"

enum { CHASSIS_IDENTIFY_MAX_S = 255 };

/* `seconds` 0 puts the lamp out.  The reply has no data. */
uint64_t chassis_identify(struct bmc *bmc, uint8_t seconds, int64_t deadline_ms,
			  request_fn fn, void *arg);

/* data[0] & 0xf of the reply is the cause, for chassis_cause_name(). */
uint64_t chassis_restart_cause(struct bmc *bmc, int64_t deadline_ms,
			       request_fn fn, void *arg);

const char *chassis_cause_name(unsigned cause); /* "watchdog" */

#endif
