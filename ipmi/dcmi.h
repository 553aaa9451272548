/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/dcmi.h - the power that a host draws, and a limit to it (DCMI 1.5,
 * 6.6).  Most server BMCs have it; the others answer with IPMI_CC, 0xc1.
 *
 * Callbacks follow the rules of ipmi/power.h.  Each call returns the number of
 * its request, 0 when refused.
 */
#ifndef IPMI_DCMI_H
#define IPMI_DCMI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/bmc.h"

struct dcmi_capabilities {
	enum ipmi_rc rc;
	uint8_t major, minor;    /* of the DCMI it does */
	bool power;              /* it measures and limits power */
	char text[BMC_TEXT_MAX]; /* why not; "" with IPMI_OK */
};

typedef void (*dcmi_capabilities_fn)(void *arg,
				     const struct dcmi_capabilities *can);

uint64_t dcmi_get_capabilities(struct bmc *bmc, int64_t deadline_ms,
			       dcmi_capabilities_fn fn, void *arg);

struct dcmi_power {
	enum ipmi_rc rc;
	bool active; /* it measures; else the figures are of the past */
	uint16_t now_w, min_w, max_w, average_w;
	uint32_t period_ms;      /* that min, max and average are of */
	uint32_t time_s;         /* the BMC's clock */
	char text[BMC_TEXT_MAX]; /* why not; "" with IPMI_OK */
};

typedef void (*dcmi_power_fn)(void *arg, const struct dcmi_power *power);

uint64_t dcmi_read_power(struct bmc *bmc, int64_t deadline_ms, dcmi_power_fn fn,
			 void *arg);

/* What the BMC does when a limit is passed for longer than correction_ms. */
enum dcmi_action { DCMI_NOTHING = 0, DCMI_POWER_OFF = 1, DCMI_LOG = 0x11 };

struct dcmi_limit {
	enum ipmi_rc rc;
	bool active; /* false, too, when none was ever set */
	enum dcmi_action action;
	uint16_t watts;
	uint32_t correction_ms;
	uint16_t sampling_s;
	char text[BMC_TEXT_MAX];
};

typedef void (*dcmi_limit_fn)(void *arg, const struct dcmi_limit *limit);

uint64_t dcmi_get_limit(struct bmc *bmc, int64_t deadline_ms, dcmi_limit_fn fn,
			void *arg);

/*
 * Of `limit` counts what the BMC is to do: action, watts, correction_ms,
 * sampling_s.  It is in force once activated.  Both are sent once, for a copy
 * that comes late must not undo the next; in the answer only rc and text tell.
 * IPMI_CC: the BMC cannot do so much, so little or so fast; the text says
 * which.
 */
uint64_t dcmi_set_limit(struct bmc *bmc, const struct dcmi_limit *limit,
			int64_t deadline_ms, dcmi_limit_fn fn, void *arg);
uint64_t dcmi_activate_limit(struct bmc *bmc, bool active, int64_t deadline_ms,
			     dcmi_limit_fn fn, void *arg);

/* Pure: the data behind the completion code; false: it makes no sense. */
bool dcmi_parse_capabilities(const uint8_t *data, size_t len,
			     struct dcmi_capabilities *ret_can);
bool dcmi_parse_power(const uint8_t *data, size_t len,
		      struct dcmi_power *ret_power);
bool dcmi_parse_limit(const uint8_t *data, size_t len,
		      struct dcmi_limit *ret_limit);

#endif
