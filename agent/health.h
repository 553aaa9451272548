/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/health.h - how well a host is, by subsystem and in all.  Pure.
 *
 * Each rule of the table says how bad one thing is for one subsystem.  A
 * subsystem is as bad as the worst of its rules, the host as the worst
 * subsystem; what is not known does not count, unless nothing is known.  The
 * text names what is behind the worst ones.
 *
 * How bad the host is when a source of data fails: without libvirt or its own
 * load it cannot be judged; without the others it works on.
 */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include "snmp-mib/node_detail.h"

enum {
	/* Of memory: available, per mille of the total. */
	HEALTH_MEMORY_LOW_PM = 60,
	HEALTH_MEMORY_LEAST_PM = 30,
	HEALTH_STALL_PM = 100, /* full memory stall, 10 s */
	/* Corrected memory errors: a few come from cosmic rays. */
	HEALTH_ECC_MANY = 24, /* a day */
	HEALTH_LOG_FULL_PERCENT = 90
};

/* Fills report->detail->health, if there is a detail; returns the total. */
enum report_health health_judge(const struct node_report *report,
				struct detail_health *ret_health);

#endif
