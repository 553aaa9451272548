/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/inform.h - receives the notices of agents: SNMPv3 informs (which
 * it acknowledges) with authentication and privacy.
 *
 * Informs carry the receiver's engine, so an agent needs no setting but
 * address and account.  Traps are taken from no one: they could not be
 * authenticated without knowing each sender's engine, and can be lost.
 *
 * With one exception, for who asks for it: the platform event traps that BMCs
 * send as SNMPv1, for they know no other way.  Anybody can forge them and send
 * as many as the wire takes, so they are handed on apart, as octets, and no
 * more than INFORM_PETS_PER_S of them.
 */
#ifndef SNMP_MIB_INFORM_H
#define SNMP_MIB_INFORM_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "snmp-mib/engine.h"
#include "snmp-mib/notice.h"

struct inform;

/* On the loop; the notice lives during the call, inform_close() waits until
 * after it.  A notice may come twice (the acknowledgement was lost):
 * (host_uuid, boot_id, sequence) tells. */
typedef void (*inform_fn)(void *arg, const struct node_notice *notice);

enum { INFORM_PETS_PER_S = 50 };

/*
 * An SNMPv1 trap with the enterprise 1.3.6.1.4.1.3183.1.1 and the generic
 * number 6 (enterprise specific).  `from` is the sender's address as the
 * datagram has it, numeric, without a port.  Nothing here is authentic.
 */
typedef void (*inform_pet_fn)(void *arg, const char *from, int32_t specific,
			      const uint8_t *octets, size_t len);

struct inform_options {
	const char *listen; /* "udp:10.90.0.254:162" or "10.90.0.254:162" */
	const struct snmp_account *accounts;
	size_t n_accounts;
	inform_fn fn;
	inform_pet_fn pet; /* NULL: such traps are refused as all others */
	void *arg;         /* of both */
};

/* snmp_engine_start() first, with a state file.  -EADDRINUSE, -EACCES,
 * -EADDRNOTAVAIL and others name the address. */
int inform_open(struct loop *loop, const struct inform_options *options,
		struct inform **ret_inform, struct err *err);
void inform_close(struct inform *inform);

struct inform_counts {
	uint64_t accepted;     /* given to the callback */
	uint64_t foreign;      /* notifications that are not ours */
	uint64_t malformed;    /* ours, but nonsense */
	uint64_t insecure;     /* not SNMPv3 with authentication and privacy */
	uint64_t pets;         /* given to the other callback */
	uint64_t pets_dropped; /* too many in one second */
	int buffer;            /* of the socket, in bytes */
};

void inform_counts(const struct inform *inform,
		   struct inform_counts *ret_counts);

#endif
