/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/chassis.h - the lamp that shows which machine it is, and why a system
 * started last (IPMI 2.0, 28.5 and 28.11).
 */
#ifndef IPMI_CHASSIS_H
#define IPMI_CHASSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/request.h"

enum { CHASSIS_IDENTIFY_MAX_S = 255 };

/* `seconds` 0 puts the lamp out.  The reply has no data. */
uint64_t chassis_identify(struct bmc *bmc, uint8_t seconds, int64_t deadline_ms,
			  request_fn fn, void *arg);

struct chassis_lamp {
	enum ipmi_rc rc;
	bool forever; /* else for `seconds` */
	unsigned seconds;
	char text[BMC_TEXT_MAX]; /* why not; "" with IPMI_OK */
};

typedef void (*chassis_lamp_fn)(void *arg, const struct chassis_lamp *lamp);

/* Until it is put out.  A BMC that knows no such thing (it came with IPMI 2.0)
 * refuses the second byte: then for CHASSIS_IDENTIFY_MAX_S, and the answer
 * says so.  The deadline is one for both. */
uint64_t chassis_identify_forever(struct bmc *bmc, int64_t deadline_ms,
				  chassis_lamp_fn fn, void *arg);

/* data[0] & 0xf of the reply is the cause, for chassis_cause_name(). */
uint64_t chassis_restart_cause(struct bmc *bmc, int64_t deadline_ms,
			       request_fn fn, void *arg);

/* Pure: that data; false: there is none. */
bool chassis_parse_cause(const uint8_t *data, size_t len, unsigned *ret_cause);

const char *chassis_cause_name(unsigned cause); /* "watchdog" */

#endif
