/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/ipmi_farm.h - tests/farm in a process of its own: BMCs on
 * 127.0.92.1 and up, user "admin", password "secret".
 *
 * Needs libc only: it is linked into every unit test of ipmi/.
 */
#ifndef TESTS_SUPPORT_IPMI_FARM_H
#define TESTS_SUPPORT_IPMI_FARM_H

#include <sys/types.h>

struct ipmi_farm {
	char dir[64];
	char control[80];
	unsigned port;
	pid_t pid;
};

/* Both end the test process when they cannot. */
void ipmi_farm_start(struct ipmi_farm *farm, unsigned count);
/* A line of tests/farm/README.md; the answer is good until the next call. */
const char *ipmi_farm_tell(const struct ipmi_farm *farm, const char *line);

void ipmi_farm_stop(struct ipmi_farm *farm);

#endif
