/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail_lease.h - the watchdog lease of a node, and what may be set
 * from outside, as plain data.
 */
#ifndef SNMP_MIB_DETAIL_LEASE_H
#define SNMP_MIB_DETAIL_LEASE_H

#include "snmp-mib/node_report.h"

enum detail_switch { SWITCH_OFF = 1, SWITCH_ON };

enum { LEASE_MS_MIN = 8000, LEASE_MS_MAX = 600000, LEASE_MS_PRESET = 20000 };

enum detail_lease_state {
	LEASE_STATE_OFF = 1,
	LEASE_STATE_WAITING, /* on, and not armed yet: no contact so far */
	LEASE_STATE_HELD,
	LEASE_STATE_LOST, /* the watchdog is about to fire */
	LEASE_STATE_NO_DEVICE,
	LEASE_STATE_FAILED /* the device does not do what it is told */
};

struct detail_lease {
	enum detail_switch mode;
	enum detail_lease_state state;
	char device[REPORT_NAME_LEN];
	uint32_t timeout_ms; /* so long a contact counts */
	uint32_t bound_ms; /* dead so long after the last one; 0: no promise */
	uint32_t left_ms;  /* until it fires; 0: not armed */
	uint32_t datastore_age_ms, coordinator_age_ms;
	uint32_t times_armed;
	uint32_t times_fired;
	char text[REPORT_TEXT_LEN]; /* what is wrong; "" when nothing is */
};

/* What may be written; kept over restarts.  A part of its own (PART_CONTROL):
 * it is read as it is, not as it was in the last report. */
struct detail_control {
	enum detail_switch maintenance;
	enum detail_switch overcommit;
	enum detail_switch lease;
	uint32_t lease_ms;
	uint32_t renew; /* number of the coordinator's last renewal */
	/* vmPerVMNotificationsEnabled and vmBulkNotificationsEnabled: not kept,
	 * by RFC 7666. */
	bool vm_notices, vm_bulk_notices;
	/* A VM whose dirty rate is to be measured; an order rather than a
	 * value: 0 when it is read. */
	uint32_t measure_vm;
	/* libvirt's name of the CPU model that a cluster agreed upon. */
	char cpu_baseline[REPORT_NAME_LEN];
};

#endif
