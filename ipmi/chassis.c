/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/chassis.h"

uint64_t
chassis_identify(struct bmc *bmc, uint8_t seconds, int64_t deadline_ms,
		 request_fn fn, void *arg)
{
	const struct ipmi_request request = { 0x00, 0x04, &seconds, 1, false };

	return bmc_request(bmc, &request, deadline_ms, fn, arg);
}

uint64_t
chassis_restart_cause(struct bmc *bmc, int64_t deadline_ms, request_fn fn,
		      void *arg)
{
	static const struct ipmi_request request = { 0x00, 0x07, NULL, 0,
						     false };

	return bmc_request(bmc, &request, deadline_ms, fn, arg);
}

const char *
chassis_cause_name(unsigned cause)
{
	static const char *const names[] = {
		"unknown",
		"chassis command",
		"reset button",
		"power button",
		"watchdog",
		"OEM",
		"restored after AC loss: always",
		"restored after AC loss: as before",
		"reset by an event filter",
		"power cycle by an event filter",
		"soft reset",
		"real-time clock",
	};

	return cause < sizeof(names) / sizeof(names[0]) ? names[cause]
							: names[0];
}
