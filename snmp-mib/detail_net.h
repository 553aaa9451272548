/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail_net.h - what monitoring reads about the network of a node:
 * its uplinks.
 *
 * Zero never means "unknown": there is an enum with UNKNOWN, or a number of -1
 * (UPLINK_UNKNOWN).
 */
#ifndef SNMP_MIB_DETAIL_NET_H
#define SNMP_MIB_DETAIL_NET_H

#include <stdint.h>

#include "snmp-mib/node_report.h"

enum {
	UPLINK_NAME_LEN = 16, /* IFNAMSIZ, with the NUL */
	UPLINK_MAC_MAX = 32,  /* InfiniBand has 20 */
	UPLINK_UNKNOWN = -1,
	DETAIL_UPLINKS_MAX = 256
};

/* What it is for, the most important use where there are more. */
enum detail_uplink_role {
	UPLINK_ROLE_UNKNOWN = 1,
	UPLINK_ROLE_MANAGEMENT,
	UPLINK_ROLE_MIGRATION,
	UPLINK_ROLE_STORAGE,
	UPLINK_ROLE_VM,
	UPLINK_ROLE_HEARTBEAT,
	UPLINK_ROLE_OTHER
};

/* The kernel's states of RFC 2863, moved by one. */
enum detail_uplink_state {
	UPLINK_STATE_UNKNOWN = 1,
	UPLINK_STATE_NOT_PRESENT,
	UPLINK_STATE_DOWN,
	UPLINK_STATE_LOWER_LAYER_DOWN,
	UPLINK_STATE_TESTING,
	UPLINK_STATE_DORMANT,
	UPLINK_STATE_UP
};

enum detail_uplink_carrier {
	UPLINK_CARRIER_UNKNOWN = 1, /* it is switched off: nobody looks */
	UPLINK_CARRIER_ON,
	UPLINK_CARRIER_OFF
};

struct detail_uplink {
	uint32_t index; /* ifIndex */
	char name[UPLINK_NAME_LEN];
	uint8_t mac[1 + UPLINK_MAC_MAX]; /* the length first */
	enum detail_uplink_role role;
	char bridge[UPLINK_NAME_LEN]; /* "" when there is none */
	char bond[UPLINK_NAME_LEN];
	uint32_t slaves_up, slaves; /* of a bond; 0: it is none */
	enum detail_uplink_state state;
	enum detail_uplink_carrier carrier;
	uint64_t carrier_changes;
	int32_t speed_mbit; /* UPLINK_UNKNOWN, as the next two */
	int32_t in_pm, out_pm;
	int32_t vfs, vfs_free;      /* UPLINK_UNKNOWN: knows no SR-IOV */
	char peer[REPORT_NAME_LEN]; /* by LLDP; "" when nobody said */
	char peer_port[REPORT_NAME_LEN];
	enum report_health health;
};

#endif
