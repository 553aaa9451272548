/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/pet.h - platform event traps (PET format 1.0): what a BMC calls out to
 * the network by itself, as SNMPv1 traps.
 *
 * Anybody can send one, in anybody's name.  A trap is never proof of anything:
 * it is a reason to look at once, by a session of ours.  Nor is its absence
 * proof: it is one datagram, repeated a few times at best.
 *
 * The trap has to have the enterprise 1.3.6.1.4.1.3183.1.1 and the generic
 * number 6, which who receives it checks (snmp-mib/inform.h); the rest is in
 * the specific number and in one binding of octets.
 *
 * About the GUID: the trap carries it in network byte order, as RFC 4122
 * writes it; Get System GUID (bmc_health.guid) sends the last byte first; BMCs
 * do either in both places, or the order of SMBIOS.  Compare with all of them.
 */
#ifndef IPMI_PET_H
#define IPMI_PET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/event.h"
#include "ipmi/request.h"

enum { PET_LEN = 46 }; /* then come the maker's own fields */

struct pet {
	uint8_t guid[16];
	/* The BMC's cookie: the same with each copy of one event.  Some use 0
	 * always. */
	uint16_t sequence;
	uint32_t local_s; /* since 1998, of the BMC's wall clock; 0: unknown */
	int64_t time_s;   /* Unix time, as if UTC where the BMC told no zone;
			     -1: unknown */
	uint8_t trap_source, event_source, sensor_device;
	uint8_t entity, entity_instance;
	struct ipmi_event event;
	uint8_t data[8];       /* its first three bytes are event.data */
	enum ipmi_grade grade; /* as the BMC rates it; where it does not, we */
	char text[IPMI_EVENT_TEXT_MAX];
};

/* Pure; false: it makes no sense, and nothing was written. */
bool pet_parse(int32_t specific, const uint8_t *octets, size_t len,
	       struct pet *ret_pet);

/* Two copies of one trap.  Pure. */
bool pet_is_same(const struct pet *a, const struct pet *b);

/* PET Acknowledge (IPMI 2.0, 30.8), over a session of ours with the BMC that
 * sent it: else it sends its copies.  The reply has no data. */
uint64_t pet_acknowledge(struct bmc *bmc, const struct pet *pet,
			 int64_t deadline_ms, request_fn fn, void *arg);

#endif
