/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/ipmi_sim.h - a real ipmi_sim on loopback, in a folder of its
 * own that goes with it.  User "admin", password "secret".
 *
 * Needs libc only: it is linked into every unit test.
 */
#ifndef TESTS_SUPPORT_IPMI_SIM_H
#define TESTS_SUPPORT_IPMI_SIM_H

#include <stdbool.h>
#include <sys/types.h>

struct ipmi_sim {
	char dir[64];
	char address[32]; /* "127.0.91.1:40123" */
	unsigned port;
	pid_t pid; /* 0: not running */
};

/* NULL, or why there can be no ipmi_sim here. */
const char *ipmi_sim_missing(void);

/* Both end the test process when they cannot. */
void ipmi_sim_init(struct ipmi_sim *sim);
void ipmi_sim_start(struct ipmi_sim *sim); /* returns when it listens */

void ipmi_sim_kill(struct ipmi_sim *sim);
void ipmi_sim_done(struct ipmi_sim *sim); /* kills it, removes the folder */

/* The chassis: its state, how long an off takes, whether it obeys. */
bool ipmi_sim_is_on(const struct ipmi_sim *sim);
void ipmi_sim_set(const struct ipmi_sim *sim, bool on);
void ipmi_sim_set_delay(const struct ipmi_sim *sim, const char *seconds);
void ipmi_sim_set_stuck(const struct ipmi_sim *sim, bool stuck);

#endif
