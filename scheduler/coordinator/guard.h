/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/guard.h - is it the right host that this BMC would
 * power off?  Cables and addresses get mixed up.
 *
 * The GUID that the BMC tells over the network must be the configured one and
 * the one that the host's agent reads through its own driver, as far as these
 * are known.  A GUID of zeros or ones is none: many BMCs are shipped so.
 * SMBIOS and IPMI write the first three fields of a UUID in different byte
 * orders; both count as equal.
 */
#ifndef SCHEDULER_COORDINATOR_GUARD_H
#define SCHEDULER_COORDINATOR_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct guard {
	const char *configured; /* hex digits, dashes allowed; NULL: none */
	const char *in_band;    /* as the agent reads it; NULL or "": unknown */
	bool has_guid;          /* over the network */
	uint8_t guid[16];
};

/* False: its word proves nothing and it must not be fenced; err says why. */
bool guard_allows(const struct guard *guard, struct err *err);

/* Is that a GUID, and not one of zeros or ones? */
bool guard_is_told(const uint8_t guid[16]);

/* As they came from BMCs, in any of the byte orders; "none" equals nothing. */
bool guard_same_guid(const uint8_t a[16], const uint8_t b[16]);

/* 0, or -EINVAL.  Fits config_option.check. */
int guard_check(const char *guid, struct err *err);

#endif
