/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/pdu_sim.h - a PDU: a real snmpd with the outlets of
 * tests/support/pdu, on a port of 127.0.0.1, kind apc-rpdu2.
 *
 * Needs libc only.
 */
#ifndef TESTS_SUPPORT_PDU_SIM_H
#define TESTS_SUPPORT_PDU_SIM_H

#include <stdbool.h>
#include <sys/types.h>

#define PDU_SIM_USER "pdus"
#define PDU_SIM_AUTH "pdu-auth-password"
#define PDU_SIM_PRIV "pdu-priv-password"

struct pdu_sim {
	char dir[64];
	char address[32]; /* "127.0.0.1:40001" */
	pid_t pid;
};

/* Outlets 1 to `outlets`, all on.  Waits until it listens; false: there is no
 * snmpd here.  All else ends the test process. */
bool pdu_sim_start(struct pdu_sim *sim, unsigned outlets);
void pdu_sim_stop(struct pdu_sim *sim);

void pdu_sim_set(const struct pdu_sim *sim, unsigned outlet, const char *state);
bool pdu_sim_is(const struct pdu_sim *sim, unsigned outlet, const char *state);
unsigned pdu_sim_switches(const struct pdu_sim *sim, unsigned outlet);

/* "stuck.1", "foolish" */
void pdu_sim_spoil(const struct pdu_sim *sim, const char *how, bool on);

/* It neither answers nor loses what comes. */
void pdu_sim_freeze(const struct pdu_sim *sim, bool on);

#endif
