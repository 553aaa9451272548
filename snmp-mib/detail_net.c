/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uplinks of a node.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_column uplink_columns[] = {
	{ 2, "ihUplinkName", CELL_TEXT, SIZED(detail_uplink, name),
	  .required = true },
	{ 3, "ihUplinkPhysAddress", CELL_OCTETS, SIZED(detail_uplink, mac) },
	{ 4, "ihUplinkRole", CELL_ENUM, IN(detail_uplink, role),
	  .min = UPLINK_ROLE_UNKNOWN, .max = UPLINK_ROLE_OTHER },
	{ 5, "ihUplinkBridge", CELL_TEXT, SIZED(detail_uplink, bridge) },
	{ 6, "ihUplinkBond", CELL_TEXT, SIZED(detail_uplink, bond) },
	{ 7, "ihUplinkSlaves", CELL_U32, IN(detail_uplink, slaves) },
	{ 8, "ihUplinkSlavesUp", CELL_U32, IN(detail_uplink, slaves_up) },
	{ 9, "ihUplinkState", CELL_ENUM, IN(detail_uplink, state),
	  .min = UPLINK_STATE_UNKNOWN, .max = UPLINK_STATE_UP },
	{ 10, "ihUplinkCarrier", CELL_ENUM, IN(detail_uplink, carrier),
	  .min = UPLINK_CARRIER_UNKNOWN, .max = UPLINK_CARRIER_OFF },
	{ 11, "ihUplinkCarrierChanges", CELL_COUNTER,
	  IN(detail_uplink, carrier_changes) },
	{ 12, "ihUplinkSpeed", CELL_I32, IN(detail_uplink, speed_mbit) },
	{ 13, "ihUplinkInUse", CELL_I32, IN(detail_uplink, in_pm) },
	{ 14, "ihUplinkOutUse", CELL_I32, IN(detail_uplink, out_pm) },
	{ 15, "ihUplinkVfs", CELL_I32, IN(detail_uplink, vfs) },
	{ 16, "ihUplinkVfsFree", CELL_I32, IN(detail_uplink, vfs_free) },
	{ 17, "ihUplinkPeer", CELL_TEXT, SIZED(detail_uplink, peer) },
	{ 18, "ihUplinkPeerPort", CELL_TEXT, SIZED(detail_uplink, peer_port) },
	{ 19, "ihUplinkHealth", CELL_ENUM, IN(detail_uplink, health),
	  .min = HEALTH_UNKNOWN, .max = HEALTH_FAILED },
};

const struct codec_section detail_uplinks = {
	DETAIL_TABLE("ihUplinkTable", uplink_columns, detail_uplink, uplinks,
		     DETAIL_UPLINKS_MAX),
	AT(32), .n_index = 1,
	.index = { { "ihUplinkIndex", IN(detail_uplink, index), .min = 1,
		     .max = MIB_INDEX_MAX } }
};
