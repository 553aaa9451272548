/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/storm.h - faults at random, and what became of them.
 *
 * A round is one data centre: it settles, is left alone (quiet), suffers faults
 * (storm), is mended (heal), must be well (verify), and is left alone again.
 * All luck of a round comes from one seed.
 */
#ifndef SCHEDULER_SIM_STORM_H
#define SCHEDULER_SIM_STORM_H

#include "scheduler/sim/site.h"
#include "scheduler/sim/truth.h"

enum storm_fault {
	FAULT_POWER,     /* lost, and back later */
	FAULT_POWER_BMC, /* with its BMC */
	FAULT_REBOOT,    /* fast */
	FAULT_HANG,
	FAULT_AGENT_DEAD,
	FAULT_AGENT_HUNG,
	FAULT_LIBVIRT_HUNG,
	FAULT_MGMT_CUT,
	FAULT_MGMT_CUT_ONE_WAY,
	FAULT_MGMT_CUT_ALL, /* a switch */
	FAULT_STORAGE_CUT,
	FAULT_BMC_SILENT,
	FAULT_BMC_LOSSY,
	FAULT_BMC_SLOW_OFF,
	FAULT_BMC_GLITCHES, /* it says off by mistake, now and then */
	FAULT_REPLIES_LOST, /* of a libvirt, to commands */
	FAULT_LOSSY, /* heartbeats are lost */
	FAULT_LATE,  /* or late */
	FAULT_BUTTON,
	FAULT_START_FAILS,
	FAULT_COORDINATOR_KILLED,
	FAULT_COORDINATOR_DOOMED, /* killed between record and commands */
	FAULT_USER_STOP,
	FAULT_USER_START,
	FAULT_USER_MOVE,
	FAULTS
};

const char *storm_fault_name(enum storm_fault fault);

enum storm_profile {
	PROFILE_ALL,
	PROFILE_SINGLE, /* never two faults at a time */
	PROFILE_LATE,   /* heartbeats late, lost and flapping; all hosts live */
	PROFILES
};

struct storm {
	struct world *world;
	struct site *site;
	struct truth *truth;
	enum storm_profile profile;
	bool raging;
	unsigned counts[FAULTS];
};

/* Draw what happens in this second, and again each second while it rages. */
void storm_begin(struct storm *storm);
/* End all faults; whoever is off gets power. */
void storm_heal(struct storm *storm);

#endif
