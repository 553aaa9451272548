/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/slot.h - one heartbeat slot of a datastore as bytes.
 *
 *	0	"IRONHB01"		8
 *	8	slot number		4	little-endian, as all numbers
 *	12	length of a slot	4	4096
 *	16	sequence		8	one more with each beat
 *	24	host UUID		40	text, NUL-padded
 *	64	boot id			40	text, NUL-padded
 *	104	host name		64	text, NUL-padded, for people
 *	4092	CRC-32 of all before	4	IEEE 802.3
 *
 * A slot is a page, the unit of direct I/O; the checksum over all of it finds
 * a torn write on devices with smaller sectors.
 */
#ifndef AGENT_SLOT_H
#define AGENT_SLOT_H

#include <stdint.h>

#include "snmp-mib/node_report.h"

enum { SLOT_SIZE = 4096 };

struct slot {
	uint32_t number;
	uint64_t sequence;
	char host_uuid[REPORT_UUID_LEN];
	char boot_id[REPORT_UUID_LEN];
	char name[REPORT_NAME_LEN];
};

void slot_encode(const struct slot *slot, uint8_t ret_bytes[SLOT_SIZE]);

/* 0; -ENOENT: all zero, never used; -EBADMSG: torn, damaged, another slot's
 * or not ours at all. */
int slot_decode(const uint8_t bytes[SLOT_SIZE], uint32_t number,
		struct slot *ret_slot);

#endif
